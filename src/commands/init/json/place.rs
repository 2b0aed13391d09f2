//! Where in a text an item goes, and what goes with it when it is taken out.

use std::ops::Range;

use super::layout::Style;

/// A piece of text in the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

impl Splice {
    pub(super) fn new(range: Range<usize>, text: impl Into<String>) -> Self {
        Self { range, text: text.into() }
    }
}

/// An object or an array.
#[derive(Debug)]
pub(super) struct Container {
    /// What stands between its brackets.
    pub(super) inside: Range<usize>,
    /// Its members or elements, without commas.
    pub(super) items: Vec<Range<usize>>,
}

/// What makes `item` the last one of a container; it is rendered for an indentation, or for a line of others.
pub(super) fn insertion(
    text: &str,
    container: &Container,
    style: &Style,
    item: impl FnOnce(Option<&str>) -> String,
) -> Vec<Splice> {
    let newline = style.newline;
    let outer = indent_of_line(text, container.inside.start - 1);
    let deeper = format!("{outer}{}", style.unit);
    let Some(last) = container.items.last() else {
        // Comments may stand there.
        let kept = container.inside.start + text[container.inside.clone()].trim_end().len();
        let item = format!("{newline}{deeper}{}{newline}{outer}", item(Some(&deeper)));
        return vec![Splice::new(kept..container.inside.end, item)];
    };
    let comma = comma_after(text, last.end);
    let (before, after) = if comma.is_some() { ("", ",") } else { (",", "") };
    let end = comma.map_or(last.end, |comma| comma + 1);
    if !text[container.inside.clone()].contains('\n') {
        return vec![Splice::new(end..end, format!("{before} {}{after}", item(None)))];
    }
    // A comment behind the last item is about that one.
    let anchor = end_of_remark(text, end);
    let indent =
        container.items.iter().rev().find_map(|item| own_indent(text, item.start)).unwrap_or(&deeper);
    let item = format!("{newline}{indent}{}{after}", item(Some(indent)));
    vec![Splice::new(end..end, before), Splice::new(anchor..anchor, item)]
}

/// What takes the item at `index` out of a container.
pub(super) fn removal(text: &str, container: &Container, index: usize) -> Vec<Splice> {
    let item = &container.items[index];
    let before = index.checked_sub(1).and_then(|before| container.items.get(before));
    let comma = comma_after(text, item.end);
    let mut cuts = Vec::new();
    if let (None, Some(before)) = (comma, before) {
        // The one before is the last now, and the last had no comma.
        cuts.extend(comma_after(text, before.end).map(|comma| comma..comma + 1));
    }
    let between = before.map_or(container.inside.start, |before| before.end);
    let end = comma.map_or(item.end, |comma| comma + 1);
    cuts.push(with_blanks(text, between, item.start..end, container));
    if kept(text, &container.inside, &cuts).trim().is_empty() {
        return vec![Splice::new(container.inside.clone(), "")];
    }
    cuts.into_iter().map(|cut| Splice::new(cut, "")).collect()
}

/// An item with the blanks before it, and with the line break before those, unless something else follows on the line.
fn with_blanks(text: &str, between: usize, item: Range<usize>, container: &Container) -> Range<usize> {
    let line = text[..item.start].trim_end_matches([' ', '\t']);
    let follows = text[item.end..].split('\n').next().unwrap_or_default();
    let blanks = follows.len() - follows.trim_start().len();
    let Some(before) = line.strip_suffix('\n') else {
        // The first of a line of items gives its place to the second.
        let is_first = line.len() == container.inside.start;
        return if is_first { item.start..item.end + blanks } else { line.len()..item.end };
    };
    let closes = item.end + blanks == container.inside.end;
    // What closes the container must not end up in a comment.
    if follows.trim().is_empty() || (closes && !ends_in_comment(&text[between..before.len()])) {
        before.strip_suffix('\r').unwrap_or(before).len()..item.end
    } else {
        item
    }
}

/// Whether what stands between two items ends in a comment that goes on to the end of the line.
fn ends_in_comment(mut between: &str) -> bool {
    while let Some(comment) = between.find('/') {
        between = &between[comment..];
        let end = if between.starts_with("//") { "\n" } else { "*/" };
        match between.find(end) {
            Some(at) => between = &between[at + end.len()..],
            None => return true,
        }
    }
    false
}

fn kept(text: &str, inside: &Range<usize>, cuts: &[Range<usize>]) -> String {
    let mut kept = String::new();
    let mut at = inside.start;
    for cut in cuts {
        kept.push_str(&text[at..cut.start]);
        at = cut.end;
    }
    kept.push_str(&text[at..inside.end]);
    kept
}

/// The comma that follows, whatever blanks and comments are in between.
fn comma_after(text: &str, mut at: usize) -> Option<usize> {
    loop {
        let rest = &text[at..];
        at += rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix("//") {
            at += 2 + comment.find('\n').unwrap_or(comment.len());
        } else if let Some(comment) = rest.strip_prefix("/*") {
            at += 2 + comment.find("*/").map_or(comment.len(), |end| end + 2);
        } else {
            return rest.starts_with(',').then_some(at);
        }
    }
}

/// The end of the comments that begin on the same line, or `at` when there are none.
fn end_of_remark(text: &str, mut at: usize) -> usize {
    loop {
        let rest = &text[at..];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let rest = &rest[blanks..];
        if let Some(comment) = rest.strip_prefix("//") {
            let line = comment.split('\n').next().unwrap_or_default();
            return at + blanks + 2 + line.strip_suffix('\r').unwrap_or(line).len();
        }
        let Some(comment) = rest.strip_prefix("/*") else { return at };
        at += blanks + 2 + comment.find("*/").map_or(comment.len(), |end| end + 2);
    }
}

/// The indentation of what begins a line at `at`.
pub(super) fn own_indent(text: &str, at: usize) -> Option<&str> {
    let begins = text[..at].rfind('\n')? + 1;
    Some(&text[begins..at]).filter(|indent| indent.chars().all(|c| c == ' ' || c == '\t'))
}

/// The indentation of the line in which `at` is.
pub(super) fn indent_of_line(text: &str, at: usize) -> &str {
    let begins = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = &text[begins..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}
