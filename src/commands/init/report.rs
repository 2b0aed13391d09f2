//! What `init` says it has done, or would do.

use std::path::Path;

use serde_json::json;
use similar::TextDiff;

use super::found::Found;
use super::plan::Change;
use super::steps;
use crate::agents::host::Host;
use crate::context::Output;
use crate::failure::Failure;

/// What becomes of a file, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    Created,
    Changed,
    Unchanged,
    Restored,
    Removed,
}

impl Done {
    fn of(change: &Change) -> Self {
        match (&change.before, &change.after) {
            (before, after) if before == after => Self::Unchanged,
            (None, _) => Self::Created,
            (_, None) => Self::Removed,
            _ if change.is_restored => Self::Restored,
            _ => Self::Changed,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Restored => "restored",
            Self::Removed => "removed",
        }
    }
}

/// Says what was done: to a person, or to a script, for which there is an object for each file.
pub(super) struct Report {
    out: Output,
    json: bool,
    dry: bool,
}

impl Report {
    pub(super) fn new(json: bool, dry: bool) -> Self {
        Self { out: Output::new(), json, dry }
    }

    pub(super) fn folder(&mut self, folder: &Path) -> Result<(), Failure> {
        self.note(&format!("repository {}", folder.display()))
    }

    pub(super) fn found(&mut self, found: &Found) -> Result<(), Failure> {
        for line in found.lines() {
            self.note(&line)?;
        }
        if found.hosts().is_empty() {
            self.note("no agent was found; only the repository itself is set up")?;
        }
        Ok(())
    }

    pub(super) fn changes(&mut self, changes: &[Change]) -> Result<(), Failure> {
        // Of one that is gone already, only the record goes.
        let there = changes.iter().filter(|change| change.before.is_some() || change.after.is_some());
        there.into_iter().try_for_each(|change| self.change(change))
    }

    fn change(&mut self, change: &Change) -> Result<(), Failure> {
        let done = Done::of(change).word();
        let Change { host, file, .. } = change;
        let diff = self.dry.then(|| diff(change));
        if self.json {
            let host = host.map(Host::word);
            let mut line = json!({ "file": file, "host": host, "path": change.path, "done": done });
            if let Some(diff) = diff {
                line["dry_run"] = true.into();
                line["diff"] = diff.into();
            }
            return self.out.json(&line);
        }
        let would = if self.dry && !change.is_nothing() { "would be " } else { "" };
        let whose = host.map(|host| format!(" ({host})")).unwrap_or_default();
        self.out.line(&format!("{would}{done:9}  {file}{whose}"))?;
        diff.unwrap_or_default().lines().try_for_each(|line| self.out.line(line))
    }

    /// What a person has to do, and how to see whether it works.
    pub(super) fn steps(&mut self, hosts: &[Host], folder: &Path, changes: &[Change]) -> Result<(), Failure> {
        let steps = steps::steps(hosts, folder, changes);
        if !steps.is_empty() {
            self.note("")?;
            self.note("By hand:")?;
            for step in steps {
                self.note(&format!("  {step}"))?;
            }
        }
        self.note("")?;
        self.note("Whether it works: veda-bus doctor")
    }

    /// A line for a person.
    pub(super) fn note(&mut self, line: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { self.out.line(line) }
    }

    pub(super) fn end(mut self) -> Result<(), Failure> {
        self.out.flush()
    }
}

/// What would change, as `diff -u` shows it.
fn diff(change: &Change) -> String {
    if change.is_nothing() {
        return String::new();
    }
    let name = |side: &str, text: &Option<String>| match text {
        Some(_) => format!("{side}/{}", change.file),
        None => "/dev/null".to_owned(),
    };
    let (old, new) = (name("a", &change.before), name("b", &change.after));
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (before, after) = (text(&change.before), text(&change.after));
    TextDiff::from_lines(&before, &after).unified_diff().header(&old, &new).to_string()
}
