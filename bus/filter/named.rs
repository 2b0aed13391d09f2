//! The repos that an expression names.

use cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue, SourceInfo, operators};
use cel::parser::Expression;

use super::fault::line_and_column;

/// The variables whose values are repos.
const REPOS: [&str; 3] = ["from", "to", "repo"];

/// A repo that an expression compares `from`, `to` or `repo` with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The repo.
    pub repo: String,
    /// Line and column of the name, with its quotes, in the expression; both from 1.
    pub position: (usize, usize),
}

/// Every repo that stands on the other side of `==` or `!=`, or in the list of an `in`, in their order.
pub(super) fn named(source: &str, expression: &Expression, places: &SourceInfo) -> Vec<Named> {
    let mut walk = Walk { source, places, locals: Vec::new(), found: Vec::new() };
    walk.expression(expression);
    walk.found
}

struct Walk<'a> {
    source: &'a str,
    places: &'a SourceInfo,
    /// The variables of the macros around, which may have any name.
    locals: Vec<&'a str>,
    found: Vec<Named>,
}

impl<'a> Walk<'a> {
    fn expression(&mut self, at: &'a Expression) {
        match &at.expr {
            Expr::Call(call) => {
                self.comparison(call);
                call.target.as_deref().into_iter().chain(&call.args).for_each(|each| self.expression(each));
            }
            Expr::List(list) => list.elements.iter().for_each(|each| self.expression(each)),
            Expr::Select(select) => self.expression(&select.operand),
            Expr::Comprehension(of) => {
                self.expression(&of.iter_range);
                let outer = self.locals.len();
                self.locals.extend(
                    [Some(&of.iter_var), of.iter_var2.as_ref()].into_iter().flatten().map(String::as_str),
                );
                self.expression(&of.loop_step);
                self.locals.truncate(outer);
            }
            Expr::Map(map) => map.entries.iter().for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.expression(&entry.key);
                    self.expression(&entry.value);
                }
                EntryExpr::StructField(field) => self.expression(&field.value),
            }),
            Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => {}
        }
    }

    fn comparison(&mut self, call: &'a CallExpr) {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::EQUALS | operators::NOT_EQUALS, [left, right]) => {
                if self.is_repo(left) {
                    self.name(right);
                } else if self.is_repo(right) {
                    self.name(left);
                }
            }
            (operators::IN, [left, Expression { expr: Expr::List(list), .. }]) if self.is_repo(left) => {
                list.elements.iter().for_each(|each| self.name(each));
            }
            _ => {}
        }
    }

    fn is_repo(&self, at: &Expression) -> bool {
        let Expr::Ident(name) = &at.expr else { return false };
        REPOS.contains(&name.strip_prefix('.').unwrap_or(name)) && !self.locals.contains(&name.as_str())
    }

    fn name(&mut self, at: &Expression) {
        let Expr::Literal(LiteralValue::String(name)) = &at.expr else { return };
        let offset = self.places.offset_for(at.id).map_or(0, |(start, _)| start as usize);
        let position = line_and_column(self.source.get(..offset).unwrap_or_default());
        self.found.push(Named { repo: name.inner().to_owned(), position });
    }
}
