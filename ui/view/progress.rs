//! How far a task is: a bar, in words, and a row for each part.

use veda_bus_core::payload::TaskStatus;
use veda_bus_core::state::task::{Subtask, Task};

use super::bar::bar;
use super::conversations::repo;
use super::{clock, put};
use crate::app::App;
use crate::row::Row;
use crate::text::width as columns;
use crate::theme::Role;
use crate::words::progress::{parts, status_words};
use crate::words::{counted, progress_words};

/// How many parts have a row.
const LISTED: usize = 12;

/// The most columns that the names of repos take.
const NAMES: usize = 24;

/// The columns of a status.
const STATUS: usize = 13;

/// Its lines, at most `width` wide.
pub(super) fn rows(app: &App, task: &Task, width: usize) -> Vec<Row> {
    let [done, begun, failed, silent] = app.look.symbols.bar;
    let count = |status| parts(task, Some(status));
    let all = [
        (Role::Ok, done, count(TaskStatus::Done)),
        (Role::Info, begun, count(TaskStatus::InProgress) + count(TaskStatus::Accepted)),
        (Role::Warn, begun, count(TaskStatus::Blocked)),
        (Role::Danger, failed, count(TaskStatus::Failed)),
        (Role::Placeholder, silent, parts(task, None)),
    ];
    let mut rows = vec![bar(&all, width)];
    rows.retain(|bar| !bar.is_empty());
    put(&mut rows, &Row::of(Role::Strong, &progress_words(task)), width, 2);
    let listed = &task.subtasks[..task.subtasks.len().min(LISTED)];
    let widest = listed.iter().map(|part| columns(part.repo.as_str())).max().unwrap_or_default();
    let names = widest.min(NAMES).min(width / 3);
    rows.extend(listed.iter().map(|part| row(app, part, names).cut(width)));
    if task.subtasks.len() > LISTED {
        let more = counted(task.subtasks.len() - LISTED, "more part");
        rows.push(Row::of(Role::Dim, &format!("and {more}")).cut(width));
    }
    rows
}

fn row(app: &App, part: &Subtask, names: usize) -> Row {
    let mut name = Row::default();
    repo(&mut name, &part.repo);
    let mut row = Row::blank(1);
    row.append(&name.cut(names)).pad_to(names + 3);
    match &part.report {
        Some(report) => {
            row.push(status_role(report.status), status_words(report.status)).pad_to(names + 3 + STATUS);
            row.push(Role::Time, &clock(report.at, app.moment()))
        }
        None => row.push(Role::Dim, "has said nothing"),
    };
    row
}

fn status_role(status: TaskStatus) -> Role {
    match status {
        TaskStatus::Accepted | TaskStatus::InProgress => Role::Info,
        TaskStatus::Blocked => Role::Warn,
        TaskStatus::Done => Role::Ok,
        TaskStatus::Failed => Role::Danger,
    }
}
