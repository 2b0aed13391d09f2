//! How far a task is, in words: `1 of 3 done, 1 in progress, 1 has said nothing`.

use veda_bus_core::payload::TaskStatus;
use veda_bus_core::state::task::Task;

/// How many parts of a task have that status; `None` is of those of whom nothing was heard.
pub(crate) fn parts(task: &Task, status: Option<TaskStatus>) -> usize {
    task.subtasks.iter().filter(|part| part.status() == status).count()
}

/// How far a task is.
pub fn progress_words(task: &Task) -> String {
    let done = parts(task, Some(TaskStatus::Done));
    let mut words = format!("{done} of {} done", task.subtasks.len());
    for status in [TaskStatus::Failed, TaskStatus::Blocked, TaskStatus::InProgress, TaskStatus::Accepted] {
        add(&mut words, parts(task, Some(status)), status_words(status));
    }
    let silent = parts(task, None);
    add(&mut words, silent, if silent == 1 { "has said nothing" } else { "have said nothing" });
    words
}

fn add(words: &mut String, count: usize, what: &str) {
    if count > 0 {
        words.push_str(", ");
        words.push_str(&count.to_string());
        words.push(' ');
        words.push_str(what);
    }
}

/// A status as it stands in a sentence.
pub(crate) fn status_words(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Accepted => "accepted",
        TaskStatus::InProgress => "in progress",
        TaskStatus::Blocked => "blocked",
        TaskStatus::Done => "done",
        TaskStatus::Failed => "failed",
    }
}
