//! Markdown that reads well where it is shown as such, and as it is.
//!
//! Everything that an agent chose, names included, stands in code: a fence or a span longer than any run of backticks in
//! it. There neither Markdown nor HTML means anything, and no address, mention or number becomes a link.

use std::io::{self, Write};

use veda_bus_core::text;
use veda_bus_ui::body::{self, Look};
use veda_bus_ui::row::Row;
use veda_bus_ui::words::counted;

use super::told::{self, clock, kind, marks, moment, whom, zone};
use super::{Conversation, Exported, Refusal, Told};

/// How many columns a line of a text takes at most.
const WIDTH: usize = 96;

/// How many levels of answers are told apart.
const LEVELS: usize = 5;

/// The longest beginning of a text that is a heading.
const HEADLINE: usize = 80;

/// Writes all of it as a document.
pub(crate) fn write(exported: &Exported, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# veda-bus: {}\n", told::title(exported))?;
    head(exported, out)?;
    for one in &exported.conversations {
        conversation(one, exported, out)?;
    }
    refusals(&exported.refusals, out)
}

fn head(exported: &Exported, out: &mut dyn Write) -> io::Result<()> {
    if let Some(span) = exported.span() {
        writeln!(out, "- **When:** {} ({})", told::span(span), zone(span.0))?;
        let names: Vec<_> = exported.participants().into_iter().map(|repo| code(repo.as_str())).collect();
        writeln!(out, "- **Who:** {}", names.join(", "))?;
    }
    writeln!(out, "- **Exported:** {}", moment(exported.made_at))
}

fn conversation(one: &Conversation, exported: &Exported, out: &mut dyn Write) -> io::Result<()> {
    let headline = veda_bus_ui::text::cut(&text::line(&one.headline()), HEADLINE);
    writeln!(out, "\n## {}\n", code(&headline))?;
    let span = one.span().map(told::span).unwrap_or_default();
    let count = counted(one.messages.len(), "message");
    writeln!(out, "Thread {}, {count}, {span}", code(&one.thread.to_string()))?;
    for negotiation in &one.negotiations {
        writeln!(out)?;
        for row in told::negotiation(negotiation, exported.made_at) {
            writeln!(out, "- {}", code(&row))?;
        }
    }
    if !one.halts.is_empty() {
        writeln!(out)?;
    }
    for halt in &one.halts {
        writeln!(out, "- {}", code(&told::halt(halt)))?;
    }
    one.messages.iter().try_for_each(|told| message(told, one, out))
}

/// A message as an item of a list, whose answers are items below it.
fn message(told: &Told, conversation: &Conversation, out: &mut dyn Write) -> io::Result<()> {
    let indent = "  ".repeat(told.depth.min(LEVELS));
    let (from, to) = (code(told.message.from.repo.as_str()), code(&whom(&told.message)));
    let marks: Vec<_> = marks(told).iter().map(|mark| format!(", **{mark}**")).collect();
    let marks = marks.concat();
    let id = code(&told.record.id.short());
    let (clock, kind) = (clock(told, conversation), kind(&told.message));
    writeln!(out, "\n{indent}- **{clock}** {from} → {to}: {kind}{marks} ({id}{})\n", reply(told))?;
    let indent = format!("{indent}  ");
    let width = WIDTH - indent.len();
    block(&body::lines(&told.message, width, &Look::default()), &indent, out)?;
    if let Some(sent) = &told.sent {
        writeln!(out, "\n{indent}As it was sent:\n")?;
        block(&body::lines(sent, width, &Look::default()), &indent, out)?;
    }
    writeln!(out)?;
    if let Some(hold) = told::hold(told) {
        writeln!(out, "{indent}- {}", code(&hold))?;
    }
    for ladder in &told.record.ladder {
        writeln!(out, "{indent}- {}", code(&told::ladder(ladder).text()))?;
    }
    Ok(())
}

/// What it answers, where that does not stand right above it.
fn reply(told: &Told) -> String {
    let is_plain = told.parent.is_some() && told.depth <= LEVELS;
    let parent = told.message.reply_to.as_ref().filter(|_| !is_plain);
    parent.map(|parent| format!(" answers {}", code(&parent.short()))).unwrap_or_default()
}

fn refusals(refusals: &[Refusal], out: &mut dyn Write) -> io::Result<()> {
    if refusals.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Refused by the bus\n")?;
    for Refusal { at, refused, .. } in refusals {
        let to = refused.to.as_ref().map(|to| format!(" → {}", code(to.repo.as_str())));
        let (from, to) = (code(refused.repo.as_str()), to.unwrap_or_default());
        let reason = code(&format!("{}: {}", refused.code, refused.reason));
        writeln!(out, "- **{}** {from}{to} {reason}", moment(*at))?;
    }
    Ok(())
}

/// Rows in a fence that none of them can end.
fn block(rows: &[Row], indent: &str, out: &mut dyn Write) -> io::Result<()> {
    let lines: Vec<_> = rows.iter().map(Row::text).collect();
    let fence = "`".repeat(lines.iter().map(|line| longest_run(line)).max().unwrap_or_default().max(2) + 1);
    writeln!(out, "{indent}{fence}text")?;
    for line in &lines {
        writeln!(out, "{}", format!("{indent}{line}").trim_end())?;
    }
    writeln!(out, "{indent}{fence}")
}

/// A text as code in a line. What stands in it means nothing.
fn code(text: &str) -> String {
    let text = text::line(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    // A space at both ends is taken away again, and lets the text begin or end with a backtick.
    let pad = if text.contains('`') || text.starts_with(' ') || text.trim().is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// How many backticks stand in a row at most.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_has_longer_marks_than_any_in_it() {
        for (text, expected) in [
            ("plain", "`plain`"),
            ("a`b", "`` a`b ``"),
            ("```", "```` ``` ````"),
            ("two\nlines", "`two⏎lines`"),
            ("<b>[x](y)", "`<b>[x](y)`"),
        ] {
            assert_eq!(code(text), expected);
        }
    }
}
