//! CSV as RFC 4180 has it: a heading, and a row for each message.
//!
//! What a spreadsheet would take for a formula begins with an apostrophe, by which spreadsheets mean text.

use std::io::{self, Write};

use veda_bus_core::state::record::Stage;
use veda_bus_core::state::view::LadderView;
use veda_bus_core::text;

use super::told::rfc3339;
use super::{Conversation, Exported, Told};

/// What the columns are called.
const COLUMNS: [&str; 15] = [
    "seq",
    "time",
    "id",
    "thread",
    "reply_to",
    "from",
    "to",
    "type",
    "form",
    "priority",
    "text",
    "delivery",
    "answered_after_seconds",
    "held",
    "changed",
];

/// Writes the messages as a table.
pub(crate) fn write(exported: &Exported, out: &mut dyn Write) -> io::Result<()> {
    row(out, &COLUMNS.map(str::to_owned))?;
    for conversation in &exported.conversations {
        for told in &conversation.messages {
            row(out, &cells(told, conversation))?;
        }
    }
    Ok(())
}

fn cells(told: &Told, conversation: &Conversation) -> [String; COLUMNS.len()] {
    let Told { record, message, sent, held, .. } = told;
    let ladder = |one: &LadderView| format!("{} {}", one.repo, one.stage.as_str());
    let yes = |is: bool| if is { "yes" } else { "" }.to_owned();
    [
        record.seq.0.to_string(),
        rfc3339(record.at),
        record.id.to_string(),
        conversation.thread.to_string(),
        message.reply_to.as_ref().map(ToString::to_string).unwrap_or_default(),
        message.from.repo.to_string(),
        message.to.repo.as_str().to_owned(),
        message.kind().to_string(),
        if message.payload.is_answer() { "answer" } else { "opening" }.to_owned(),
        message.priority.to_string(),
        message.payload.headline(),
        record.ladder.iter().map(ladder).collect::<Vec<_>>().join("; "),
        answered_after(told).unwrap_or_default(),
        yes(held.is_some()),
        yes(sent.is_some()),
    ]
}

/// Seconds from the acceptance of a message to its first answer.
fn answered_after(told: &Told) -> Option<String> {
    let steps = told.record.ladder.iter().flat_map(|ladder| &ladder.steps);
    let answered = steps.filter(|(stage, _)| *stage == Stage::Answered).map(|&(_, at)| at).min()?;
    let after = answered.since(told.record.at);
    Some(format!("{}.{:03}", after.as_secs(), after.subsec_millis()))
}

fn row(out: &mut dyn Write, cells: &[String]) -> io::Result<()> {
    let cells: Vec<_> = cells.iter().map(|cell| quoted(cell)).collect();
    write!(out, "{}\r\n", cells.join(","))
}

/// A cell with nothing hidden in it, that is text to a spreadsheet, in quotes where it needs them.
fn quoted(cell: &str) -> String {
    let harmless = harmless(cell);
    let shown = text::block(&harmless);
    if shown.contains([',', ';', '"', '\n', '\'']) || shown.trim() != shown {
        return format!("\"{}\"", shown.replace('"', "\"\""));
    }
    shown.into_owned()
}

/// The same with an apostrophe before what may be taken for a formula, also behind what another spreadsheet takes for the
/// end of a cell, quotes or not.
fn harmless(cell: &str) -> String {
    let parts = cell.split_inclusive([';', '\t', '\n', '\r']);
    parts.flat_map(|part| [if is_formula(part) { "'" } else { "" }, part]).collect()
}

/// Whether a spreadsheet may take the text for a formula; those of some languages take the wide signs, too.
fn is_formula(cell: &str) -> bool {
    // A quote that another spreadsheet takes for the beginning of a cell is not in the cell.
    let first = cell.trim_start_matches([' ', '\n', '\u{a0}', '"']).chars().next();
    first
        .is_some_and(|first| matches!(first, '=' | '+' | '-' | '@' | '\t' | '\r' | '＝' | '＋' | '－' | '＠'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_text_and_stays_in_its_place() {
        for (cell, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("two\r\nlines", "\"two\nlines\""),
            ("=1+1", "\"'=1+1\""),
            ("  @SUM(A1)", "\"'  @SUM(A1)\""),
            ("\t=x", "\"'    '=x\""),
            ("B;=1+1", "\"B;'=1+1\""),
            ("one\n +2;3", "\"one\n' +2;3\""),
            ("-2", "\"'-2\""),
            ("x;\"=1+1;y", "\"x;'\"\"=1+1;y\""),
            ("\"\" =1", "\"'\"\"\"\" =1\""),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("", ""),
        ] {
            assert_eq!(quoted(cell), expected, "{cell:?}");
        }
    }
}
