//! `veda-bus rules`: what waits for the operator, and what never does.

use veda_bus_ui::row::Row;
use veda_bus_ui::theme::Role;

use crate::context::{Context, Output, state, told};
use crate::failure::Failure;

pub(crate) fn run(context: &Context) -> Result<(), Failure> {
    let state = state(&mut context.connect()?, &[])?;
    let rules = told(state.configured, "its rules")?;
    let mut out = Output::new();
    if context.json {
        out.json(&rules)?;
        return out.flush();
    }
    let line = |name: &str, role: Role, text: &str| {
        let mut row = Row::of(Role::Field, &format!("{name:<13}"));
        row.push(role, text);
        row
    };
    out.row(&line("negotiations", Role::Text, &deciding(&rules.negotiations)))?;
    for rule in &rules.hold {
        out.row(&line("hold", Role::Held, rule))?;
    }
    for rule in &rules.allow {
        out.row(&line("allow", Role::Ok, &rule.to_string()))?;
    }
    let told = [("not taken", Role::Danger, &rules.problems), ("doubtful", Role::Warn, &rules.warnings)];
    for (name, role, texts) in told {
        texts.iter().try_for_each(|text| out.row(&line(name, role, text)))?;
    }
    for key in &rules.waiting {
        out.row(&line("next start", Role::Dim, key))?;
    }
    out.flush()
}

/// The word for who decides negotiations, and what it means.
fn deciding(word: &str) -> String {
    let meaning = match word {
        "always" => "all wait for you",
        "on_conflict" => "those whose voters do not agree wait for you",
        "never" => "the votes decide",
        _ => return word.to_owned(),
    };
    format!("{word}: {meaning}")
}
