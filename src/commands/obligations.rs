//! `veda-bus obligations`: who owes whom an answer.

use std::collections::BTreeMap;

use veda_bus_core::name::RepoName;
use veda_bus_core::state::view::{Listed, ObligationView};
use veda_bus_core::time::Millis;
use veda_bus_core::wire::Part;
use veda_bus_ui::row::Row;
use veda_bus_ui::theme::Role;
use veda_bus_ui::words::counted;

use super::status::age;
use crate::arguments::Obligations;
use crate::context::{Context, Output, state, told};
use crate::failure::Failure;
use crate::show::table::table;

/// The columns, each with the most that it takes of a line.
const COLUMNS: [(&str, usize); 7] =
    [("REPO", 28), ("OWES", 28), ("TYPE", 13), ("SINCE", 8), ("DUE", 40), ("SAID", 12), ("ID", 36)];

pub(crate) fn run(context: &Context, wanted: &Obligations) -> Result<(), Failure> {
    let state = state(&mut context.connect()?, &[Part::Obligations])?;
    let Listed { newest, more } = told(state.obligations, "of obligations")?;
    let now = Millis::now();
    let shown: Vec<_> = newest.iter().filter(|one| is_wanted(one, wanted, now)).collect();
    let mut out = Output::new();
    if context.json {
        for one in shown {
            out.json(one)?;
        }
        return out.flush();
    }
    if !shown.is_empty() {
        let rows: Vec<_> = shown.iter().map(|one| (role(one, now), cells(one, now))).collect();
        for line in table(&COLUMNS, &rows) {
            out.row(&line)?;
        }
    }
    for line in sums(&shown, now) {
        out.row(&line)?;
    }
    if more > 0 {
        out.line(&format!("{} not looked at: only the newest {} are", older(more), newest.len()))?;
    } else if shown.is_empty() {
        out.line(&nothing(wanted))?;
    }
    out.flush()
}

/// That there is nothing of what was asked for.
fn nothing(wanted: &Obligations) -> String {
    match (&wanted.repo, wanted.overdue) {
        (None, false) => "nobody owes an answer".to_owned(),
        (None, true) => "nobody is late".to_owned(),
        (Some(repo), false) => format!("{repo} owes no answer, and is owed none"),
        (Some(repo), true) => format!("{repo} is not late, and nobody is late with {repo}"),
    }
}

fn older(more: usize) -> String {
    format!("{more} older {}", if more == 1 { "one is" } else { "ones are" })
}

fn is_wanted(one: &ObligationView, wanted: &Obligations, now: Millis) -> bool {
    let is_of = |repo: &RepoName| one.by == *repo || one.to == *repo;
    wanted.repo.as_ref().is_none_or(is_of) && (!wanted.overdue || one.is_overdue(now))
}

fn role(one: &ObligationView, now: Millis) -> Role {
    match one {
        _ if one.waiting => Role::Dim,
        _ if one.is_overdue(now) => Role::Danger,
        _ => Role::Text,
    }
}

fn cells(one: &ObligationView, now: Millis) -> [String; COLUMNS.len()] {
    let due = if one.waiting { format!("when {} has answered", one.to) } else { due(one.due, now) };
    let said = one.word.map_or_else(|| "-".to_owned(), |word| word.as_str().replace('_', " "));
    let kind = if one.counters.is_some() { "counter" } else { one.kind.as_str() };
    [
        one.by.to_string(),
        one.to.to_string(),
        kind.to_owned(),
        age(now.since(one.since)),
        due,
        said,
        one.id.to_string(),
    ]
}

/// How long there is until `deadline`, or how long it has been over: `in 5m`, `3m late`.
pub(crate) fn due(deadline: Millis, now: Millis) -> String {
    if now < deadline {
        return format!("in {}", age(deadline.since(now)));
    }
    format!("{} late", age(now.since(deadline)))
}

/// How much each owes another, where it is its turn.
fn sums(shown: &[&ObligationView], now: Millis) -> Vec<Row> {
    let mut pairs: BTreeMap<_, (usize, usize)> = BTreeMap::new();
    for one in shown.iter().filter(|one| !one.waiting) {
        let (owes, late) = pairs.entry((&one.by, &one.to)).or_default();
        *owes += 1;
        *late += usize::from(one.is_overdue(now));
    }
    let line = |((by, to), (owes, late)): ((&RepoName, &RepoName), (usize, usize))| {
        let mut row = Row::of(Role::Repo, by.as_str());
        row.plain(" owes ").push(Role::Repo, to.as_str()).plain(&format!(" {}", counted(owes, "answer")));
        if late > 0 {
            row.plain(", ").push(Role::Danger, &format!("{late} late"));
        }
        row
    };
    pairs.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use veda_bus_core::message::MessageType;
    use veda_bus_core::name::Seq;
    use veda_bus_core::state::obligation::Word;

    use super::*;

    fn one(id: &str, by: &str, due: u64) -> ObligationView {
        ObligationView {
            id: id.parse().unwrap(),
            seq: Seq(1),
            thread: id.parse().unwrap(),
            kind: MessageType::RequestChange,
            by: by.parse().unwrap(),
            to: "Flagship".parse().unwrap(),
            since: Millis(0),
            due: Millis(due),
            waiting: false,
            word: None,
            counters: None,
        }
    }

    #[test]
    fn the_table_says_who_is_late_and_whose_turn_it_is() {
        let now = Millis(240_000);
        let late = ObligationView { word: Some(Word::InProgress), ..one("a", "LensSDK", 60_000) };
        let waiting = ObligationView { waiting: true, ..one("b", "LensSDK", 60_000) };
        let all = [late, waiting, one("c", "UI", 250_000), one("d", "LensSDK", 250_000)];
        let rows: Vec<_> = all.iter().map(|one| (role(one, now), cells(one, now))).collect();
        assert_eq!(
            rows.iter().map(|(role, _)| *role).collect::<Vec<_>>(),
            [Role::Danger, Role::Dim, Role::Text, Role::Text]
        );
        let lines: Vec<_> = table(&COLUMNS, &rows).iter().map(Row::text).collect();
        assert_eq!(
            lines[..4],
            [
                "REPO     OWES      TYPE           SINCE  DUE                         SAID         ID",
                "LensSDK  Flagship  RequestChange  4m     3m late                     in progress  a",
                "LensSDK  Flagship  RequestChange  4m     when Flagship has answered  -            b",
                "UI       Flagship  RequestChange  4m     in 10s                      -            c",
            ]
        );
        let sums: Vec<_> = sums(&all.iter().collect::<Vec<_>>(), now).iter().map(Row::text).collect();
        assert_eq!(sums, ["LensSDK owes Flagship 2 answers, 1 late", "UI owes Flagship 1 answer"]);
    }

    #[test]
    fn a_repo_is_on_either_side() {
        let (late, now) = (one("a", "LensSDK", 0), Millis(1));
        let wanted = |repo: &str, overdue| Obligations { repo: Some(repo.parse().unwrap()), overdue };
        assert!(is_wanted(&late, &wanted("LensSDK", true), now));
        assert!(is_wanted(&late, &wanted("Flagship", false), now));
        assert!(!is_wanted(&late, &wanted("UI", false), now));
        assert!(!is_wanted(&ObligationView { waiting: true, ..late }, &wanted("LensSDK", true), now));
    }
}
