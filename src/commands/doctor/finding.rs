//! What a check found.

use serde::Serialize;
use veda_bus_ui::row::Row;
use veda_bus_ui::theme::{Role, Symbols};

use crate::show::width;

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// As it should be.
    Ok,
    /// Something works, but maybe not as it is meant.
    Warning,
    /// Something does not work.
    Problem,
}

/// What was found, as a script gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What was looked at.
    pub(super) check: String,
    pub(super) status: Status,
    /// What was found.
    pub(super) what: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) todo: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: impl Into<String>, what: impl Into<String>) -> Self {
        Self { check: check.into(), status: Status::Ok, what: what.into(), todo: None }
    }

    pub(super) fn warning(
        check: impl Into<String>,
        what: impl Into<String>,
        todo: impl Into<String>,
    ) -> Self {
        Self { status: Status::Warning, todo: Some(todo.into()), ..Self::ok(check, what) }
    }

    pub(super) fn problem(
        check: impl Into<String>,
        what: impl Into<String>,
        todo: impl Into<String>,
    ) -> Self {
        Self { status: Status::Problem, todo: Some(todo.into()), ..Self::ok(check, what) }
    }
}

/// What stands before a line.
pub(super) struct Signs(Symbols);

impl Signs {
    /// Those that this terminal can show.
    pub(super) fn detect() -> Self {
        Self(Symbols::detect(&|name| std::env::var(name).ok()))
    }

    fn of(&self, status: Status) -> (&'static str, &'static str, Role) {
        match status {
            Status::Ok => (self.0.check, "ok", Role::Ok),
            Status::Warning => ("!", "warning", Role::Warn),
            Status::Problem => (self.0.cross, "problem", Role::Danger),
        }
    }
}

/// A line each: a sign and a word, what was looked at, what was found, what to do.
pub(super) fn rows(checks: &[Finding], signs: &Signs) -> Vec<Row> {
    let names = checks.iter().map(|check| width(&check.check)).max().unwrap_or_default();
    let row = |check: &Finding| {
        let (sign, word, role) = signs.of(check.status);
        let mut row = Row::of(role, &format!("{sign} {word:<7}  "));
        let end = row.width() + names;
        row.push(Role::Strong, &check.check).pad_to(end).plain("  ").plain(&check.what);
        if let Some(todo) = &check.todo {
            row.push(Role::Dim, "; ").push(role, todo);
        }
        row
    };
    checks.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_harmless_and_stands_in_a_line() {
        let checks = [
            Finding::ok("bus", "answers"),
            Finding::problem("claude mcp", "\u{1b}[2J\n\u{202e}evil", "mend it"),
        ];
        let lines: Vec<_> = rows(&checks, &Signs(Symbols::ASCII)).iter().map(Row::text).collect();
        assert!(lines[0].ends_with("ok       bus         answers"), "{lines:?}");
        assert!(
            lines[1].contains("problem  claude mcp  \\x1b[2J") && lines[1].ends_with("; mend it"),
            "{lines:?}"
        );
        assert!(!lines[1].contains(['\u{1b}', '\n', '\u{202e}']), "{lines:?}");
    }
}
