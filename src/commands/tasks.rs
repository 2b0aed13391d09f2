//! `veda-bus tasks`: how far tasks are.

use std::collections::HashMap;

use serde::Serialize;
use veda_bus_core::client::blocking::Connection;
use veda_bus_core::name::Seq;
use veda_bus_core::payload::{Form, Payload, TaskStatus};
use veda_bus_core::state::view::{Listed, SubtaskView, TaskView};
use veda_bus_core::time::Millis;
use veda_bus_core::wire::Part;
use veda_bus_ui::row::Row;
use veda_bus_ui::theme::Role;

use super::obligations::due;
use super::status::age;
use super::texts::messages;
use crate::arguments::Tasks;
use crate::context::{Context, Output, state, told};
use crate::failure::Failure;
use crate::show::table::cell;
use crate::show::width;

/// How many columns a bar takes.
const BAR: usize = 20;

/// The most columns that the name of a repo takes.
const NAME: usize = 28;

pub(crate) fn run(context: &Context, wanted: &Tasks) -> Result<(), Failure> {
    let mut bus = context.connect()?;
    let state = state(&mut bus, &[Part::Tasks])?;
    let Listed { newest, more } = told(state.tasks, "of tasks")?;
    let is_wanted = |task: &TaskView| !wanted.open || task.finished_at.is_none();
    let shown: Vec<_> = newest.into_iter().filter(is_wanted).collect();
    let texts = texts(&mut bus, &shown)?;
    let (mut out, now) = (Output::new(), Millis::now());
    for task in &shown {
        if context.json {
            out.json(&Told { task, description: texts.get(&task.seq).map(String::as_str) })?;
            continue;
        }
        for line in lines(task, &texts, now) {
            out.row(&line)?;
        }
    }
    if !context.json {
        match (more, shown.is_empty()) {
            (0, true) => out.line(if wanted.open { "no task is open" } else { "no task" })?,
            (0, false) => {}
            (more, _) => out.line(&format!("older ones that are not shown: {more}"))?,
        }
    }
    out.flush()
}

/// A task as a script gets it.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    task: &'a TaskView,
    /// What is to be done; `None` where the message's text is nowhere to be had any more.
    description: Option<&'a str>,
}

/// What tasks and reports say, by the events that accepted them.
fn texts(bus: &mut Connection, tasks: &[TaskView]) -> Result<HashMap<Seq, String>, Failure> {
    let reports = tasks.iter().flat_map(|task| task.subtasks.iter().filter_map(|part| part.seq));
    let wanted = tasks.iter().map(|task| task.seq).chain(reports).collect();
    let said = messages(bus, wanted)?.into_iter();
    Ok(said.filter_map(|(seq, message)| Some((seq, text(&message.payload)?))).collect())
}

/// What a task is about, or what a report says beside its status.
fn text(payload: &Payload) -> Option<String> {
    match payload {
        Payload::Task(Form::Opening(task)) => Some(task.description.as_str().to_owned()),
        Payload::Task(Form::Answer(answer)) => {
            answer.detail.as_ref().or(answer.comment.as_ref()).map(|text| text.as_str().to_owned())
        }
        _ => None,
    }
}

/// A task as a head, a bar, and a line for each part.
fn lines(task: &TaskView, texts: &HashMap<Seq, String>, now: Millis) -> Vec<Row> {
    let mut head = Row::of(Role::Id, &task.id.short());
    head.plain(" ").push(Role::Strong, texts.get(&task.seq).map_or("-", String::as_str));
    head.push(Role::Dim, " from ").push(Role::Repo, task.from.as_str());
    let names = task.subtasks.iter().map(|part| width(part.repo.as_str())).max().unwrap_or_default();
    let parts = task.subtasks.iter().map(|part| {
        let text = part.seq.and_then(|seq| texts.get(&seq)).map_or("", String::as_str);
        part_line(part, names.min(NAME), text, now)
    });
    [head, bar(task, now)].into_iter().chain(parts).collect()
}

fn bar(task: &TaskView, now: Millis) -> Row {
    let columns = |parts: usize| parts * BAR / task.all.max(1);
    let (done, failed) = (columns(task.done), columns(task.failed));
    let mut row = Row::of(Role::Text, "  ");
    row.push(Role::Ok, &"█".repeat(done)).push(Role::Danger, &"▓".repeat(failed));
    row.push(Role::Dim, &"░".repeat(BAR.saturating_sub(done + failed)));
    row.plain(&format!("  {} of {} done", task.done, task.all));
    if task.failed > 0 {
        row.plain(", ").push(Role::Danger, &format!("{} failed", task.failed));
    }
    match task.finished_at {
        Some(at) => row.push(Role::Dim, &format!(", finished {} ago", age(now.since(at)))),
        None if task.due <= now => row.plain(", ").push(Role::Danger, &due(task.due, now)),
        None => row.plain(&format!(", due {}", due(task.due, now))),
    };
    row
}

fn part_line(part: &SubtaskView, names: usize, text: &str, now: Millis) -> Row {
    let (role, status) = match part.status {
        None => (Role::Dim, "nothing said"),
        Some(TaskStatus::Accepted) => (Role::Info, "accepted"),
        Some(TaskStatus::InProgress) => (Role::Info, "in progress"),
        Some(TaskStatus::Blocked) => (Role::Warn, "blocked"),
        Some(TaskStatus::Done) => (Role::Ok, "done"),
        Some(TaskStatus::Failed) => (Role::Danger, "failed"),
    };
    let mut row = Row::of(Role::Text, "  ");
    row.push(Role::Repo, &cell(part.repo.as_str(), names)).plain("  ").push(role, status);
    if let Some(at) = part.at {
        row.push(Role::Dim, &format!(" {} ago", age(now.since(at))));
    }
    if !text.is_empty() {
        row.plain(": ").plain(text);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(repo: &str, status: Option<TaskStatus>) -> SubtaskView {
        let said = status.is_some();
        SubtaskView {
            repo: repo.parse().unwrap(),
            status,
            message: said.then(|| "report".parse().unwrap()),
            seq: said.then_some(Seq(9)),
            at: said.then_some(Millis(60_000)),
        }
    }

    #[test]
    fn a_task_is_a_bar_and_a_line_for_each_part() {
        let task = TaskView {
            id: "0123456789".parse().unwrap(),
            seq: Seq(1),
            thread: "0123456789".parse().unwrap(),
            from: "Flagship".parse().unwrap(),
            at: Millis(0),
            due: Millis(300_000),
            done: 1,
            failed: 1,
            all: 4,
            finished_at: None,
            subtasks: vec![
                part("LensSDK", Some(TaskStatus::Done)),
                part("UI", Some(TaskStatus::Failed)),
                part("Auth", Some(TaskStatus::InProgress)),
                part("Core", None),
            ],
        };
        let texts =
            HashMap::from([(Seq(1), "Test\u{1b}[2J 2.0".to_owned()), (Seq(9), "see\u{202e}".to_owned())]);
        let shown: Vec<_> = lines(&task, &texts, Millis(180_000)).iter().map(Row::text).collect();
        assert_eq!(
            shown,
            [
                "0123456789 Test\\x1b[2J 2.0 from Flagship",
                "  █████▓▓▓▓▓░░░░░░░░░░  1 of 4 done, 1 failed, due in 2m",
                "  LensSDK  done 2m ago: see\\u{202e}",
                "  UI       failed 2m ago: see\\u{202e}",
                "  Auth     in progress 2m ago: see\\u{202e}",
                "  Core     nothing said",
            ]
        );
        let late = bar(&task, Millis(360_000)).text();
        assert!(late.ends_with(", 1m late"), "{late}");
        let finished = bar(&TaskView { finished_at: Some(Millis(0)), ..task }, Millis(60_000)).text();
        assert!(finished.ends_with(", finished 1m ago"), "{finished}");
    }
}
