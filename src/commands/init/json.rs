//! Edits of a JSON text that leave everything else in it as it is, to the byte.
//!
//! The parser says where things stand, and an edit cuts text out or puts text in there. Nothing is ever printed anew:
//! whatever a person has written, however it is laid out, is never touched by an edit of something else. To take out what
//! was put in gives the text that was there before.

mod layout;
mod place;

use jsonc_parser::ast::Value as Node;
use jsonc_parser::common::Ranged as _;
use jsonc_parser::cst::CstInputValue as Input;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::Value;

use self::layout::Style;
use self::place::{Container, Splice};
use super::fault::Fault;

/// What a program takes for JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// JSON as it is defined.
    Strict,
    /// With comments.
    Comments,
    /// With comments, and commas after the last element.
    Jsonc,
}

impl Dialect {
    fn options(self) -> ParseOptions {
        ParseOptions {
            allow_comments: self != Self::Strict,
            allow_trailing_commas: self == Self::Jsonc,
            allow_loose_object_property_names: false,
            allow_missing_commas: false,
            allow_single_quoted_strings: false,
            allow_hexadecimal_numbers: false,
            allow_unary_plus_numbers: false,
            allow_bare_decimal_point_numbers: false,
            allow_non_finite_numbers: false,
            allow_extended_string_escapes: false,
        }
    }
}

/// One step on the way from the root to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// The member of an object.
    Key(&'a str),
    /// The element of an array.
    At(usize),
}

/// A text whose root is an object.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    text: String,
    dialect: Dialect,
}

impl Document {
    /// Takes a text. One with nothing in it counts as an empty object.
    pub(crate) fn parse(text: &str, dialect: Dialect) -> Result<Self, Fault> {
        let mut document = Self { text: text.to_owned(), dialect };
        let root =
            document.with_root(|root| root.map(|root| (root.start(), matches!(root, Node::Object(_)))))?;
        match root {
            Some((_, true)) => {}
            Some((start, false)) => return Err(Fault::at(text, start, "expected an object")),
            None if text.is_empty() || text.ends_with('\n') => document.text.push_str("{}\n"),
            None => document.text.push_str("\n{}\n"),
        }
        Ok(document)
    }

    /// The text as it is now.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// The value at a path.
    pub(crate) fn get(&self, path: &[Step<'_>]) -> Option<Value> {
        self.with_root(|root| find(root?, path).cloned().map(Value::from)).ok().flatten()
    }

    /// Gives the member at a path a value, whether it is there already or not. Objects that are missing on the way are
    /// made.
    pub(crate) fn set(&mut self, path: &[Step<'_>], value: &Input) -> Result<(), Fault> {
        let style = self.style();
        let splices = self.with_root(|root| {
            let Some(root) = root else { return Ok(Vec::new()) };
            if let Some(old) = find(root, path) {
                let indent = place::indent_of_line(&self.text, old.start());
                return Ok(vec![Splice::new(old.start()..old.end(), style.render(value, indent))]);
            }
            let there =
                (0..path.len()).rev().find(|&steps| find(root, &path[..steps]).is_some()).unwrap_or(0);
            let (on, rest) = path.split_at(there);
            let parent = find(root, on).unwrap_or(root);
            match (parent, rest) {
                (Node::Object(_), [Step::Key(key), inner @ ..]) => {
                    let value = inner.iter().rev().fold(value.clone(), |value, step| wrapped(step, value));
                    Ok(self.insertion(parent, Some(key), &value, &style))
                }
                _ => Err(self.unexpected(parent, on, "an object")),
            }
        })??;
        self.apply(splices);
        Ok(())
    }

    /// Adds an element to the array at a path, which is made when it is not there.
    pub(crate) fn push(&mut self, path: &[Step<'_>], value: &Input) -> Result<(), Fault> {
        if self.get(path).is_none() {
            return self.set(path, &Input::Array(vec![value.clone()]));
        }
        let style = self.style();
        let splices = self.with_root(|root| match root.and_then(|root| find(root, path)) {
            Some(array @ Node::Array(_)) => Ok(self.insertion(array, None, value, &style)),
            Some(other) => Err(self.unexpected(other, path, "an array")),
            None => Ok(Vec::new()),
        })??;
        self.apply(splices);
        Ok(())
    }

    /// Takes a member or an element out, if it is there.
    pub(crate) fn remove(&mut self, path: &[Step<'_>]) -> Result<(), Fault> {
        let Some((last, on)) = path.split_last() else { return Ok(()) };
        let splices = self.with_root(|root| {
            let parent = root.and_then(|root| find(root, on))?;
            let index = match (parent, last) {
                (Node::Object(object), Step::Key(key)) => {
                    object.properties.iter().rposition(|property| property.name.as_str() == *key)?
                }
                (Node::Array(array), Step::At(index)) if *index < array.elements.len() => *index,
                _ => return None,
            };
            Some(place::removal(&self.text, &container(parent)?, index))
        })?;
        self.apply(splices.unwrap_or_default());
        Ok(())
    }

    fn with_root<T>(&self, look: impl FnOnce(Option<&Node<'_>>) -> T) -> Result<T, Fault> {
        let parsed = parse_to_ast(&self.text, &CollectOptions::default(), &self.dialect.options());
        let parsed = parsed
            .map_err(|error| Fault::at(&self.text, error.range().start, format!("{}", error.kind())))?;
        Ok(look(parsed.value.as_ref()))
    }

    fn style(&self) -> Style {
        let first = self.with_root(|root| match root {
            Some(Node::Object(object)) => object.properties.first().map(|first| first.range.start),
            _ => None,
        });
        Style::of(&self.text, first.ok().flatten())
    }

    fn insertion(&self, parent: &Node<'_>, key: Option<&str>, value: &Input, style: &Style) -> Vec<Splice> {
        let Some(container) = container(parent) else { return Vec::new() };
        let item = |indent: Option<&str>| style.item(key, value, indent);
        place::insertion(&self.text, &container, style, item)
    }

    fn unexpected(&self, found: &Node<'_>, path: &[Step<'_>], wanted: &str) -> Fault {
        let name = path.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(*key),
            Step::At(_) => None,
        });
        let subject = name.map(|name| format!("\"{name}\": ")).unwrap_or_default();
        Fault::at(&self.text, found.start(), format!("{subject}expected {wanted}"))
    }

    /// Splices come in the order of the text, and do not overlap.
    fn apply(&mut self, splices: Vec<Splice>) {
        for Splice { range, text } in splices.into_iter().rev() {
            self.text.replace_range(range, &text);
        }
    }
}

/// The value at a path. Of members with the same name the last one counts, as it does for everybody who reads JSON.
fn find<'n, 'a>(root: &'n Node<'a>, path: &[Step<'_>]) -> Option<&'n Node<'a>> {
    path.iter().try_fold(root, |node, step| match (node, step) {
        (Node::Object(object), Step::Key(key)) => {
            let named = object.properties.iter().rev().find(|property| property.name.as_str() == *key);
            named.map(|property| &property.value)
        }
        (Node::Array(array), Step::At(index)) => array.elements.get(*index),
        _ => None,
    })
}

fn wrapped(step: &Step<'_>, value: Input) -> Input {
    match step {
        Step::Key(key) => Input::Object(vec![((*key).to_owned(), value)]),
        Step::At(_) => Input::Array(vec![value]),
    }
}

fn container(node: &Node<'_>) -> Option<Container> {
    let range = |range: jsonc_parser::common::Range| range.start..range.end;
    let items = match node {
        Node::Object(object) => object.properties.iter().map(|property| range(property.range)).collect(),
        Node::Array(array) => array.elements.iter().map(|element| range(element.range())).collect(),
        _ => return None,
    };
    Some(Container { inside: node.start() + 1..node.end() - 1, items })
}

#[cfg(test)]
mod tests;
