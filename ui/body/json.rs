//! JSON as it was sent, in the order in which it was sent, one value a row.

use std::borrow::Cow;

use veda_bus_core::text;

use super::page::Page;
use crate::row::Row;
use crate::theme::Role;

/// How many columns each level is indented by.
const STEP: usize = 2;

/// Adds JSON, indented by `indent` columns. What is no JSON is shown too, in some way.
pub(super) fn show(page: &mut Page, indent: usize, json: &str) {
    let mut printer = Printer { page, indent, depth: 0, row: Row::blank(indent) };
    let mut rest = json.trim_start();
    while !rest.is_empty() && !printer.page.is_full() {
        rest = printer.token(rest).trim_start();
    }
    if printer.row.width() > indent {
        printer.end_row();
    }
}

struct Printer<'p> {
    page: &'p mut Page,
    indent: usize,
    depth: usize,
    row: Row,
}

impl Printer<'_> {
    /// Adds the token that `json` begins with, and gives what is after it.
    fn token<'j>(&mut self, json: &'j str) -> &'j str {
        let (mark, after) = json.split_at(json.chars().next().map_or(0, char::len_utf8));
        match mark {
            "{" | "[" => self.open(mark, after),
            "}" | "]" => {
                self.depth = self.depth.saturating_sub(1);
                self.end_row();
                self.row.push(Role::Dim, mark);
                after
            }
            "," => {
                self.row.push(Role::Dim, mark);
                self.end_row();
                after
            }
            ":" => {
                self.row.push(Role::Dim, ": ");
                after
            }
            "\"" => {
                let (string, rest) = json.split_at(1 + string_end(after));
                let is_key = rest.trim_start().starts_with(':');
                self.value(if is_key { Role::Field } else { Role::Text }, string);
                rest
            }
            _ => {
                let ends = |c: char| c.is_whitespace() || ",:{}[]\"".contains(c);
                let (word, rest) = json.split_at(json.find(ends).unwrap_or(json.len()));
                self.value(Role::Accent, word);
                rest
            }
        }
    }

    fn open<'j>(&mut self, mark: &str, after: &'j str) -> &'j str {
        self.row.push(Role::Dim, mark);
        let close = if mark == "{" { "}" } else { "]" };
        if let Some(rest) = after.trim_start().strip_prefix(close) {
            self.row.push(Role::Dim, close);
            return rest;
        }
        self.depth += 1;
        self.end_row();
        after
    }

    fn value(&mut self, role: Role, token: &str) {
        let token: Cow<'_, str> = text::json(self.page.enough(token));
        self.row.push(role, &token);
    }

    /// Puts the row on the page and begins another.
    fn end_row(&mut self) {
        let room = self.page.columns() / 2;
        let next = Row::blank((self.indent + self.depth.saturating_mul(STEP)).min(room));
        let row = std::mem::replace(&mut self.row, next);
        let lead = row.text().bytes().take_while(|&byte| byte == b' ').count();
        self.page.put_hard(row, &Row::blank(lead + STEP));
    }
}

/// Where the string ends that `inside` is the rest of, after its closing quote.
fn string_end(inside: &str) -> usize {
    let mut escaped = false;
    let quote = inside.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    quote.map_or(inside.len(), |at| at + 1)
}
