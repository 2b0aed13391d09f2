//! How far a message is with each of its recipients.

use veda_bus_core::state::record::Stage;
use veda_bus_core::state::view::LadderView;
use veda_bus_core::time::Millis;

use super::Look;
use super::page::Page;
use crate::row::Row;
use crate::text;
use crate::theme::Role;

/// The most columns that the names of the recipients take.
const NAMES: usize = 24;

/// A small mark for each step, of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the steps")]
pub struct Marks {
    pub held: &'static str,
    pub queued: &'static str,
    pub routed: &'static str,
    pub delivered: &'static str,
    pub read: &'static str,
    pub answered: &'static str,
    pub expired: &'static str,
    pub refused: &'static str,
}

/// The role of a step.
pub fn stage_role(stage: Stage) -> Role {
    match stage {
        Stage::Refused => Role::Refused,
        Stage::Held => Role::Held,
        Stage::Queued => Role::Queued,
        Stage::Routed => Role::Routed,
        Stage::Delivered => Role::Delivered,
        Stage::Expired => Role::Expired,
        Stage::Read => Role::Read,
        Stage::Answered => Role::Answered,
    }
}

/// A mark for each recipient: the step that was reached there.
pub fn marks(ladders: &[LadderView], marks: &Marks) -> Row {
    let mut row = Row::default();
    for ladder in ladders {
        let mark = match ladder.stage {
            Stage::Refused => marks.refused,
            Stage::Held => marks.held,
            Stage::Queued => marks.queued,
            Stage::Routed => marks.routed,
            Stage::Delivered => marks.delivered,
            Stage::Expired => marks.expired,
            Stage::Read => marks.read,
            Stage::Answered => marks.answered,
        };
        row.push(stage_role(ladder.stage), mark);
    }
    row
}

/// The steps of each recipient with their times: `LensSDK  queued 14:02:11 → read 14:02:20 (instance 3f2a1b2c)`.
pub fn ladder(ladders: &[LadderView], width: usize, look: &Look) -> Vec<Row> {
    let mut page = Page::new(width, look);
    let widest = ladders.iter().map(|ladder| text::width(ladder.repo.as_str())).max().unwrap_or_default();
    let names = widest.min(NAMES).min(page.columns() / 3);
    for ladder in ladders {
        if page.is_full() {
            break;
        }
        let mut row = Row::of(Role::Repo, &text::pad(ladder.repo.as_str(), names));
        row.plain("  ");
        steps(&mut row, ladder, page.symbols.then);
        page.put(row, &Row::blank(names + 2));
    }
    page.finish()
}

fn steps(row: &mut Row, ladder: &LadderView, then: &str) {
    let mut before = None;
    for &(stage, at) in &ladder.steps {
        if before.is_some() {
            row.push(Role::Dim, &format!(" {then} "));
        }
        row.push(stage_role(stage), stage.as_str());
        if let (Stage::Refused, Some(code)) = (stage, ladder.refused) {
            row.push(Role::Refused, &format!(": {code}"));
        }
        row.plain(" ").push(Role::Time, &time(at, before));
        before = Some(at);
    }
    if let Some(instance) = &ladder.instance {
        let short: String = instance.as_str().chars().take(8).collect();
        row.plain(" (instance ").push(Role::Id, &short).plain(")");
    }
}

/// The time of day; where another day began since the step before, the date too.
fn time(at: Millis, before: Option<Millis>) -> String {
    let Some(time) = at.local() else { return at.to_string() };
    let same_day =
        before.and_then(Millis::local).is_none_or(|before| before.date_naive() == time.date_naive());
    time.format(if same_day { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" }).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use veda_bus_core::refusal::Code;

    use super::*;

    fn ladders() -> [LadderView; 2] {
        let noon = Millis(1_700_000_000_000);
        let day = Millis(noon.0 + 86_400_000);
        let read = LadderView {
            repo: "LensSDK".parse().unwrap(),
            stage: Stage::Read,
            instance: Some("3f2a1b2c-0000-4000-8000-000000000000".parse().unwrap()),
            refused: None,
            steps: vec![(Stage::Queued, noon), (Stage::Read, day)],
        };
        let refused = LadderView {
            repo: "CI".parse().unwrap(),
            stage: Stage::Refused,
            instance: None,
            refused: Some(Code::AccessDenied),
            steps: vec![(Stage::Refused, noon)],
        };
        [read, refused]
    }

    #[test]
    fn steps_are_told_with_their_times() {
        let local = |millis, format| Millis(millis).local().unwrap().format(format).to_string();
        let clock = local(1_700_000_000_000, "%H:%M:%S");
        let later = local(1_700_086_400_000, "%Y-%m-%d %H:%M:%S");
        let rows = ladder(&ladders(), 100, &Look::default());
        assert_eq!(rows[0].text(), format!("LensSDK  queued {clock} → read {later} (instance 3f2a1b2c)"));
        assert_eq!(rows[1].text(), format!("CI       refused: access_denied {clock}"));
        let narrow = ladder(&ladders(), 30, &Look { ascii: true, ..Look::default() });
        assert_eq!(narrow[0].text(), format!("LensSDK  queued {clock} ->"));
        assert!(narrow.iter().all(|row| row.width() <= 30));
    }

    #[test]
    fn there_is_a_mark_for_each_recipient() {
        let signs = Marks {
            queued: "q",
            routed: "o",
            delivered: "d",
            read: "r",
            answered: "a",
            expired: "e",
            refused: "x",
            held: "h",
        };
        let row = marks(&ladders(), &signs);
        assert_eq!(row.pieces(), [(Role::Read, "r".into()), (Role::Refused, "x".into())]);
    }
}
