//! The check of a parsed expression before it is ever evaluated.
//!
//! CEL is typed late: `priority == "high"` would be false for every message, and `from.repo` fails only once a message
//! is there. A filter that hides messages by mistake is found here instead.

use cel::Value;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, MapExpr, SelectExpr, SourceInfo, operators,
};
use cel::parser::Expression;

use super::fault::{FilterError, line_and_column, nearest};
use super::names::{CONSTANTS, FUNCTIONS, Kind, OPERATORS, VARIABLES};
use super::{Facts, MAX_CHAIN, MAX_LOOP, MAX_PATTERN, MAX_PATTERNS, evaluate};
use crate::message::MessageType;
use crate::text;

type Checked = Result<Kind, FilterError>;

/// Checks that an expression names only what there is, compares like with like, and gives true or false.
pub(super) fn check(source: &str, expression: &Expression, places: &SourceInfo) -> Result<(), FilterError> {
    let mut check = Check { source, places, locals: Vec::new(), depth: 0, in_loop: false, patterns: 0 };
    let kind = check.kind(expression)?;
    if kind.fits(Kind::Bool) { Ok(()) } else { Err(FilterError::NotBool { found: kind.words().into() }) }
}

struct Check<'a> {
    source: &'a str,
    places: &'a SourceInfo,
    /// The variables of the macros around, innermost last.
    locals: Vec<(&'a str, Kind)>,
    depth: usize,
    in_loop: bool,
    /// How many patterns there are so far.
    patterns: usize,
}

impl<'a> Check<'a> {
    fn kind(&mut self, at: &'a Expression) -> Checked {
        self.depth += 1;
        if self.depth > MAX_CHAIN {
            let message = format!("too long a chain (at most {MAX_CHAIN} levels)");
            return Err(self.senseless(at, &message));
        }
        let kind = match &at.expr {
            Expr::Literal(literal) => Ok(Kind::of_literal(literal)),
            Expr::Ident(name) => self.name(at, name),
            Expr::Call(call) => self.call(at, call),
            Expr::Comprehension(comprehension) => self.comprehension(at, comprehension),
            Expr::List(list) => {
                list.elements.iter().try_for_each(|each| self.kind(each).map(drop)).map(|()| Kind::List)
            }
            Expr::Map(map) => self.map(map),
            Expr::Select(select) => self.select(at, select),
            Expr::Struct(literal) => Err(self.unknown(at, "type", &literal.type_name, &[])),
            Expr::Unspecified => Err(self.senseless(at, "nothing is here")),
        };
        self.depth -= 1;
        kind
    }

    fn name(&self, at: &Expression, name: &str) -> Checked {
        let local = self.locals.iter().rev().find(|(local, _)| *local == name).map(|(_, kind)| *kind);
        let plain = name.strip_prefix('.').unwrap_or(name);
        local.or_else(|| Kind::of_name(plain)).ok_or_else(|| {
            let known: Vec<&str> = VARIABLES.iter().map(|variable| variable.name).chain(CONSTANTS).collect();
            self.unknown(at, "variable", plain, &known)
        })
    }

    fn call(&mut self, at: &'a Expression, call: &'a CallExpr) -> Checked {
        let known = FUNCTIONS.contains(&call.func_name.as_str());
        if !known && !OPERATORS.contains(&call.func_name.as_str()) {
            return Err(self.unknown(at, "function", &call.func_name, &FUNCTIONS));
        }
        let operands: Vec<&'a Expression> = call.target.as_deref().into_iter().chain(&call.args).collect();
        let kinds =
            operands.iter().map(|each| self.kind(each)).collect::<Result<Vec<Kind>, FilterError>>()?;
        if known {
            return self.function(at, &call.func_name, &operands, &kinds);
        }
        self.operator(at, &call.func_name, &operands, &kinds)
    }

    fn operator(&self, at: &Expression, name: &str, operands: &[&Expression], kinds: &[Kind]) -> Checked {
        match (name, kinds) {
            (
                operators::LOGICAL_AND
                | operators::LOGICAL_OR
                | operators::LOGICAL_NOT
                | operators::NOT_STRICTLY_FALSE,
                _,
            ) => {
                for (operand, kind) in operands.iter().zip(kinds) {
                    self.want(operand, *kind, Kind::Bool)?;
                }
                Ok(Kind::Bool)
            }
            (operators::CONDITIONAL, &[condition, yes, no]) => {
                self.want(operands[0], condition, Kind::Bool)?;
                self.want(operands[2], no, yes)?;
                Ok(if yes == Kind::Any { no } else { yes })
            }
            (
                operators::EQUALS
                | operators::NOT_EQUALS
                | operators::LESS
                | operators::LESS_EQUALS
                | operators::GREATER
                | operators::GREATER_EQUALS,
                &[left, right],
            ) => {
                self.comparable(operands[0], left, operands[1], right)?;
                Ok(Kind::Bool)
            }
            (operators::IN, &[left, right]) => {
                self.contained(operands[0], left, operands[1], right)?;
                Ok(Kind::Bool)
            }
            (operators::ADD, &[Kind::List, Kind::List]) => {
                if self.is_filter_step(operands) {
                    return Ok(Kind::List);
                }
                Err(self.senseless(at, "a filter makes no new lists: no `map`, and no `+` of lists"))
            }
            (operators::INDEX, &[list, _]) => {
                self.want(operands[0], list, Kind::List)?;
                Ok(Kind::Any)
            }
            (operators::NEGATE, _) | (_, &[_, _]) => {
                for (operand, kind) in operands.iter().zip(kinds) {
                    self.want(operand, *kind, Kind::Number)?;
                }
                Ok(Kind::Number)
            }
            _ => Err(self.senseless(at, "not an operator that a filter has")),
        }
    }

    /// Whether this is what `filter` adds to its result: the element as it is. `map` adds what it made of it, and a
    /// chain of those doubles its result with every link, until no memory is left.
    fn is_filter_step(&self, operands: &[&Expression]) -> bool {
        let element = self.locals.last().map(|(name, _)| *name);
        let [Expression { expr: Expr::Ident(result), .. }, Expression { expr: Expr::List(added), .. }] =
            operands
        else {
            return false;
        };
        let is_element =
            |each: &Expression| matches!(&each.expr, Expr::Ident(name) if Some(name.as_str()) == element);
        // No name that somebody writes begins with an at sign.
        result.starts_with('@') && added.elements.len() == 1 && added.elements.iter().all(is_element)
    }

    fn function(&mut self, at: &Expression, name: &str, operands: &[&Expression], kinds: &[Kind]) -> Checked {
        match (name, kinds) {
            ("size", &[kind]) if kind.fits(Kind::Text) || kind == Kind::List => Ok(Kind::Number),
            ("contains", &[Kind::List, _]) => {
                Err(self.senseless(at, "a list has no `contains`; write `\"x\" in capabilities`"))
            }
            ("contains" | "startsWith" | "endsWith" | "matches", &[text, part]) => {
                self.want(operands[0], text, Kind::Text)?;
                self.want(operands[1], part, Kind::Text)?;
                if name == "matches" { self.pattern(operands[1]) } else { Ok(Kind::Bool) }
            }
            ("int" | "double", &[Kind::Number | Kind::Text | Kind::Any]) => Ok(Kind::Number),
            ("string", &[Kind::Number | Kind::Text | Kind::Type | Kind::Bool | Kind::Any]) => Ok(Kind::Text),
            _ => {
                let found: Vec<&str> = kinds.iter().map(|kind| kind.words()).collect();
                let found = if found.is_empty() { "nothing".into() } else { found.join(" and ") };
                Err(self.senseless(at, &format!("`{name}` can not be used like this, with {found}")))
            }
        }
    }

    /// The pattern of `matches` must stand there as it is: then it is known to be a regular expression before a
    /// message ever meets it.
    ///
    /// An evaluation compiles it anew, so there may not be many, nor long ones, nor any in a loop.
    fn pattern(&mut self, at: &Expression) -> Checked {
        let Expr::Literal(LiteralValue::String(pattern)) = &at.expr else {
            return Err(self.senseless(at, "the pattern of `matches` must be a string in quotes"));
        };
        self.patterns += 1;
        if self.in_loop {
            return Err(
                self.senseless(at, "`matches` can not stand in a loop; use `startsWith` or `contains`")
            );
        }
        if self.patterns > MAX_PATTERNS || pattern.inner().len() > MAX_PATTERN {
            let message = format!("at most {MAX_PATTERNS} patterns, of at most {MAX_PATTERN} bytes");
            return Err(self.senseless(at, &message));
        }
        let nothing = Expression { id: 0, expr: Expr::Literal(LiteralValue::String("".into())) };
        let trial =
            CallExpr { target: Some(Box::new(nothing)), func_name: "matches".into(), args: vec![at.clone()] };
        match evaluate(&Expression { id: 0, expr: Expr::Call(trial) }, &Facts::default()) {
            Ok(Value::Bool(_)) => Ok(Kind::Bool),
            Ok(_) => Err(self.senseless(at, "not a regular expression")),
            Err(error) => {
                // The last line of the library's explanation is the reason; those before it draw a picture.
                let reason = error.to_string();
                let reason = reason.lines().next_back().unwrap_or_default().trim_start_matches("error: ");
                Err(self.senseless(at, &format!("not a regular expression: {reason}")))
            }
        }
    }

    /// `all`, `exists`, `exists_one` and `filter` are loops by now.
    fn comprehension(&mut self, at: &'a Expression, of: &'a ComprehensionExpr) -> Checked {
        if self.in_loop {
            // A loop in a loop in a loop would take hours for 4096 bytes of expression.
            return Err(self.senseless(at, "`exists`, `all` and `filter` can not be nested; use `in`"));
        }
        let range = self.kind(&of.iter_range)?;
        self.want(&of.iter_range, range, Kind::List)?;
        if matches!(&of.iter_range.expr, Expr::List(list) if list.elements.len() > MAX_LOOP) {
            return Err(self.senseless(at, &format!("a loop over more than {MAX_LOOP} elements; use `in`")));
        }
        let start = self.kind(&of.accu_init)?;
        let outer = self.locals.len();
        self.locals.push((&of.accu_var, start));
        self.in_loop = true;
        for name in [Some(&of.iter_var), of.iter_var2.as_ref()].into_iter().flatten() {
            self.locals.push((name, Kind::Any));
        }
        self.kind(&of.loop_cond)?;
        self.kind(&of.loop_step)?;
        self.locals.truncate(outer + 1);
        let result = self.kind(&of.result)?;
        self.locals.truncate(outer);
        self.in_loop = false;
        Ok(result)
    }

    fn map(&mut self, map: &'a MapExpr) -> Checked {
        for entry in &map.entries {
            match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.kind(&entry.key)?;
                    self.kind(&entry.value)?;
                }
                EntryExpr::StructField(field) => drop(self.kind(&field.value)?),
            }
        }
        Ok(Kind::Any)
    }

    fn select(&mut self, at: &'a Expression, select: &'a SelectExpr) -> Checked {
        match self.kind(&select.operand)? {
            Kind::Any => Ok(if select.test { Kind::Bool } else { Kind::Any }),
            kind => Err(self.senseless(at, &format!("{} has no field `{}`", kind.words(), select.field))),
        }
    }

    /// `left in right`: a list, whose elements are of the kind of `left` as far as that is known.
    fn contained(
        &self,
        left: &Expression,
        kind: Kind,
        right: &Expression,
        list: Kind,
    ) -> Result<(), FilterError> {
        self.want(right, list, Kind::List)?;
        match &right.expr {
            Expr::List(list) => list.elements.iter().try_for_each(|element| {
                let found = match &element.expr {
                    Expr::Literal(literal) => Kind::of_literal(literal),
                    Expr::Ident(name) => self.name(element, name)?,
                    _ => Kind::Any,
                };
                self.comparable(left, kind, element, found)
            }),
            Expr::Ident(_) if !kind.fits(Kind::Text) => {
                Err(self.senseless(left, &format!("{} is never in a list of strings", kind.words())))
            }
            _ => Ok(()),
        }
    }

    fn comparable(
        &self,
        left: &Expression,
        of: Kind,
        right: &Expression,
        with: Kind,
    ) -> Result<(), FilterError> {
        if !of.fits(with) {
            let priority = [of, with].contains(&Kind::Priority);
            let hint =
                if priority { "; compare `priority` with low, normal or high, without quotes" } else { "" };
            let message = format!("{} can not be compared with {}{hint}", of.words(), with.words());
            return Err(self.senseless(right, &message));
        }
        match (of, with) {
            (Kind::Type, _) => self.known_type(right),
            (_, Kind::Type) => self.known_type(left),
            _ => Ok(()),
        }
    }

    /// A misspelled type would silently never match. The empty string is what events that are no messages have.
    fn known_type(&self, at: &Expression) -> Result<(), FilterError> {
        let Expr::Literal(LiteralValue::String(name)) = &at.expr else { return Ok(()) };
        let names = MessageType::ALL.map(MessageType::as_str);
        if name.inner().is_empty() || names.contains(&name.inner()) {
            return Ok(());
        }
        Err(self.unknown(at, "message type", name.inner(), &names))
    }

    fn want(&self, at: &Expression, found: Kind, wanted: Kind) -> Result<(), FilterError> {
        if found.fits(wanted) {
            return Ok(());
        }
        Err(self.senseless(at, &format!("expected {}, found {}", wanted.words(), found.words())))
    }

    fn senseless(&self, at: &Expression, message: &str) -> FilterError {
        let (line, column) = self.place(at);
        FilterError::Senseless { line, column, message: text::line(message).into_owned() }
    }

    fn unknown(&self, at: &Expression, what: &'static str, name: &str, known: &[&str]) -> FilterError {
        let (line, column) = self.place(at);
        let nearest = nearest(name, known.iter().copied()).map(str::to_owned);
        FilterError::Unknown { line, column, what, name: text::line(name).into_owned(), nearest }
    }

    /// Line and column of an expression. The parser places a call at its parenthesis; its name stands before it.
    fn place(&self, at: &Expression) -> (usize, usize) {
        let offset = self.places.offset_for(at.id).map_or(0, |(start, _)| start as usize);
        let before = self.source.get(..offset).unwrap_or_default();
        let before = match &at.expr {
            Expr::Call(call) => before.strip_suffix(call.func_name.as_str()).unwrap_or(before),
            _ => before,
        };
        line_and_column(before)
    }
}
