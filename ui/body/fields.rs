//! The fields of each type and form in the order of the protocol, then those that no type knows.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use veda_bus_core::message::Message;
use veda_bus_core::name::RepoName;
use veda_bus_core::payload::{
    Decision, Form, Negotiate, NegotiateAnswer, Notify, NotifyAnswer, Outcome, Payload, Query, QueryAnswer,
    RequestChange, RequestChangeAnswer, Task, TaskAnswer, TaskStatus, Text, Vote,
};

use super::page::Page;
use super::{json, prose};
use crate::row::Row;
use crate::theme::Role;

/// How many columns what belongs to a field is indented by.
const INDENT: usize = 2;

/// Adds everything that a message says.
pub(super) fn show(page: &mut Page, message: &Message) {
    let mut fields = Fields { page, message, known: Vec::with_capacity(6) };
    match &message.payload {
        Payload::RequestChange(Form::Opening(form)) => request_change(&mut fields, form),
        Payload::RequestChange(Form::Answer(form)) => request_change_answer(&mut fields, form),
        Payload::Query(Form::Opening(form)) => query(&mut fields, form),
        Payload::Query(Form::Answer(form)) => query_answer(&mut fields, form),
        Payload::Notify(Form::Opening(form)) => notify(&mut fields, form),
        Payload::Notify(Form::Answer(form)) => notify_answer(&mut fields, form),
        Payload::Negotiate(Form::Opening(form)) => negotiate(&mut fields, form),
        Payload::Negotiate(Form::Answer(form)) => negotiate_answer(&mut fields, form),
        Payload::Task(Form::Opening(form)) => task(&mut fields, form),
        Payload::Task(Form::Answer(form)) => task_answer(&mut fields, form),
    }
    let Fields { page, known, .. } = fields;
    // The bytes of a message are only looked at when they can be shown: they may be many.
    if !page.is_full() {
        others(page, message.payload_json(), &known);
    }
}

// Each form is taken apart field by field, so that a field that is new to the protocol can not be forgotten here.

fn request_change(fields: &mut Fields<'_>, form: &RequestChange) {
    let RequestChange { summary, reason, suggested_implementation, urgency } = form;
    fields.headline("summary", summary);
    fields.text("urgency", urgency.as_deref());
    fields.text("reason", reason.as_deref());
    fields.code("suggested_implementation", suggested_implementation.as_deref());
}

fn request_change_answer(fields: &mut Fields<'_>, form: &RequestChangeAnswer) {
    let RequestChangeAnswer { decision, counter_proposal, eta_seconds, comment } = form;
    fields.badge("decision", decision.map(decided));
    fields.words("eta_seconds", eta_seconds.map(|seconds| (Role::Time, eta(seconds))));
    fields.text("counter_proposal", as_str(counter_proposal.as_ref()));
    fields.text("comment", as_str(comment.as_ref()));
}

fn query(fields: &mut Fields<'_>, form: &Query) {
    let Query { question, context, response_format } = form;
    fields.headline("question", question);
    fields.text("response_format", response_format.as_deref());
    fields.text("context", context.as_deref());
}

fn query_answer(fields: &mut Fields<'_>, form: &QueryAnswer) {
    let QueryAnswer { answer, acknowledged, comment } = form;
    fields.acknowledged(*acknowledged);
    match answer {
        None => fields.text("answer", None),
        Some(Value::String(text)) => fields.text("answer", Some(text)),
        // As it was sent: a `Value` has lost the order of its members.
        Some(_) => fields.raw("answer"),
    }
    fields.text("comment", as_str(comment.as_ref()));
}

fn notify(fields: &mut Fields<'_>, form: &Notify) {
    let Notify { change_type, summary, migration_guide, effective_version } = form;
    fields.headline("summary", summary);
    fields.text("change_type", Some(change_type.as_str()));
    fields.text("effective_version", effective_version.as_deref());
    fields.text("migration_guide", migration_guide.as_deref());
}

fn notify_answer(fields: &mut Fields<'_>, form: &NotifyAnswer) {
    let NotifyAnswer { acknowledged, findings, comment } = form;
    fields.acknowledged(*acknowledged);
    fields.text("findings", as_str(findings.as_ref()));
    fields.text("comment", as_str(comment.as_ref()));
}

fn negotiate(fields: &mut Fields<'_>, form: &Negotiate) {
    let Negotiate { proposal, affected_repos, benefits, requires_consensus } = form;
    fields.headline("proposal", proposal);
    let rule = crate::words::policy(*requires_consensus);
    fields.words("requires_consensus", Some((Role::Text, rule.to_owned())));
    fields.list("affected_repos", Role::Repo, Some(affected_repos.iter().map(RepoName::as_str)));
    fields.list("benefits", Role::Text, benefits.as_ref().map(|list| list.iter().map(String::as_str)));
}

fn negotiate_answer(fields: &mut Fields<'_>, form: &NegotiateAnswer) {
    let NegotiateAnswer { vote, counter_proposal, outcome, acknowledged, comment } = form;
    fields.badge("outcome", outcome.map(ended));
    fields.badge("vote", vote.map(voted));
    fields.acknowledged(*acknowledged);
    fields.text("counter_proposal", as_str(counter_proposal.as_ref()));
    fields.text("comment", as_str(comment.as_ref()));
}

fn task(fields: &mut Fields<'_>, form: &Task) {
    let Task { task_type, description, subtasks } = form;
    fields.headline("description", description);
    fields.text("task_type", Some(task_type.as_str()));
    fields.parts("subtasks", subtasks.iter().map(|(repo, text)| (repo.as_str(), text.as_str())));
}

fn task_answer(fields: &mut Fields<'_>, form: &TaskAnswer) {
    let TaskAnswer { status, detail, acknowledged, comment } = form;
    fields.badge("status", status.map(stands));
    fields.acknowledged(*acknowledged);
    fields.text("detail", as_str(detail.as_ref()));
    fields.text("comment", as_str(comment.as_ref()));
}

fn as_str(text: Option<&Text>) -> Option<&str> {
    text.map(Text::as_str)
}

fn decided(decision: Decision) -> (Role, &'static str) {
    match decision {
        Decision::Acknowledged => (Role::Info, "acknowledged"),
        Decision::Accepted => (Role::Ok, "accepted"),
        Decision::Countered => (Role::Warn, "countered"),
        Decision::Rejected => (Role::Danger, "rejected"),
        Decision::Done => (Role::Ok, "done"),
    }
}

fn voted(vote: Vote) -> (Role, &'static str) {
    match vote {
        Vote::Accept => (Role::Ok, "accept"),
        Vote::Reject => (Role::Danger, "reject"),
        Vote::Abstain => (Role::Info, "abstain"),
        Vote::Counter => (Role::Warn, "counter"),
    }
}

fn ended(outcome: Outcome) -> (Role, &'static str) {
    match outcome {
        Outcome::Approved => (Role::Ok, "approved"),
        Outcome::Rejected => (Role::Danger, "rejected"),
        Outcome::Expired => (Role::Info, "expired"),
        Outcome::Withdrawn => (Role::Info, "withdrawn"),
    }
}

fn stands(status: TaskStatus) -> (Role, &'static str) {
    match status {
        TaskStatus::Accepted => (Role::Ok, "accepted"),
        TaskStatus::InProgress => (Role::Info, "in_progress"),
        TaskStatus::Blocked => (Role::Warn, "blocked"),
        TaskStatus::Done => (Role::Ok, "done"),
        TaskStatus::Failed => (Role::Danger, "failed"),
    }
}

/// `in 5 min (300 s)`.
fn eta(seconds: u64) -> String {
    let words = duration(seconds);
    let exact = format!("{seconds} s");
    if words == exact { format!("in {exact}") } else { format!("in {words} ({exact})") }
}

/// Seconds in their two largest units: `1 h 5 min`.
pub(super) fn duration(seconds: u64) -> String {
    let units =
        [(seconds / 86400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let first = units.iter().position(|&(count, _)| count > 0).unwrap_or(3);
    let some = units[first..].iter().take(2).filter(|&&(count, unit)| count > 0 || units[first].1 == unit);
    some.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

/// The page, and what was asked of the payload so far.
struct Fields<'p> {
    page: &'p mut Page,
    message: &'p Message,
    /// The fields that the type knows, whether they are there or not.
    known: Vec<&'static str>,
}

impl Fields<'_> {
    /// The field that says it all, without its name: its first line strong, the others as text.
    fn headline(&mut self, name: &'static str, text: &Text) {
        self.known.push(name);
        prose::headline(self.page, text.as_str());
    }

    fn text(&mut self, name: &'static str, text: Option<&str>) {
        self.known.push(name);
        if let Some(text) = text {
            value(self.page, name, text);
        }
    }

    /// A text that is code unless it is Markdown.
    fn code(&mut self, name: &'static str, text: Option<&str>) {
        self.known.push(name);
        let Some(text) = text else { return };
        let text = self.page.enough(text);
        if prose::has_fence(text) || text.trim().is_empty() {
            return value(self.page, name, text);
        }
        self.page.put(label(name), &Row::blank(INDENT));
        prose::code(self.page, INDENT, text.trim_matches(['\n', '\r']));
    }

    fn badge(&mut self, name: &'static str, word: Option<(Role, &str)>) {
        self.words(name, word.map(|(role, word)| (role, format!("[{word}]"))));
    }

    fn acknowledged(&mut self, yes: Option<bool>) {
        let word = |yes| if yes { (Role::Ok, "yes".to_owned()) } else { (Role::Warn, "no".to_owned()) };
        self.words("acknowledged", yes.map(word));
    }

    /// Words of ours.
    fn words(&mut self, name: &'static str, words: Option<(Role, String)>) {
        self.known.push(name);
        if let Some((role, words)) = words {
            let mut row = label(name);
            row.plain(" ").push(role, &words);
            self.page.put(row, &Row::blank(INDENT));
        }
    }

    fn list<'t>(&mut self, name: &'static str, role: Role, items: Option<impl Iterator<Item = &'t str>>) {
        self.known.push(name);
        if let Some(items) = items {
            list(self.page, name, role, items);
        }
    }

    fn parts<'t>(&mut self, name: &'static str, parts: impl Iterator<Item = (&'t str, &'t str)>) {
        self.known.push(name);
        parts_of(self.page, name, parts);
    }

    /// A field as JSON.
    fn raw(&mut self, name: &'static str) {
        self.known.push(name);
        let members = members(self.message.payload_json()).unwrap_or_default();
        for (_, value) in members.iter().filter(|(found, _)| found == name) {
            self.page.put(label(name), &Row::blank(INDENT));
            json::show(self.page, INDENT, value.get());
        }
    }
}

/// Every member of `object` but the `known` ones. Nothing that was sent is left out.
pub(super) fn others(page: &mut Page, object: &str, known: &[&str]) {
    let Ok(members) = members(object) else {
        // There is a name that can not be read.
        return json::show(page, 0, object);
    };
    for (name, value) in members {
        if !page.is_full() && !known.contains(&name.as_str()) {
            extra(page, &name, value.get());
        }
    }
}

/// A field that no type knows, by the kind of value that it has.
fn extra(page: &mut Page, name: &str, raw: &str) {
    match raw.bytes().next() {
        Some(b'"') => {
            let text = serde_json::from_str::<String>(raw);
            value(page, name, text.as_deref().unwrap_or(raw));
        }
        Some(b'{' | b'[') => {
            if let Ok(items) = serde_json::from_str::<Vec<String>>(raw) {
                return list(page, name, Role::Text, items.iter().map(String::as_str));
            }
            page.put(label(name), &Row::blank(INDENT));
            json::show(page, INDENT, raw);
        }
        _ => {
            let mut row = label(name);
            row.plain(" ").push(Role::Accent, raw);
            page.put(row, &Row::blank(INDENT));
        }
    }
}

/// The members of a JSON object in the order in which they were sent.
fn members(json: &str) -> serde_json::Result<Vec<(String, &RawValue)>> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    serde_json::Deserializer::from_str(json).deserialize_map(Members)
}

/// The name of a field, of which a long one is cut.
fn label(name: &str) -> Row {
    let mut row = Row::of(Role::Field, &crate::text::cut(name, 60));
    row.push(Role::Field, ":");
    row
}

/// A field whose value is a text: beside its name where it is a line, below it otherwise.
fn value(page: &mut Page, name: &str, text: &str) {
    let text = page.enough(text).trim_end();
    let mut row = label(name);
    if text.trim().is_empty() {
        row.plain(" ").push(Role::Dim, "(blank)");
        page.put(row, &Row::blank(INDENT));
    } else if !prose::is_block(text) {
        row.plain(" ");
        prose::paragraph(page, row, &Row::blank(INDENT), Role::Text, text.trim_start());
    } else {
        page.put(row, &Row::blank(INDENT));
        let text = text.trim_start_matches(['\n', '\r']);
        if prose::is_code(text) {
            prose::code(page, INDENT, text);
        } else {
            prose::show(page, INDENT, Role::Text, text);
        }
    }
}

pub(super) fn list<'t>(page: &mut Page, name: &str, role: Role, items: impl Iterator<Item = &'t str>) {
    heading(page, name, items, |page, item| {
        let row = bullet(page);
        below(page, row, role, item);
    });
}

/// A text for each repo.
fn parts_of<'t>(page: &mut Page, name: &str, parts: impl Iterator<Item = (&'t str, &'t str)>) {
    heading(page, name, parts, |page, (repo, text)| {
        let mut row = bullet(page);
        row.push(Role::Repo, repo).plain(": ");
        below(page, row, Role::Text, text);
    });
}

/// The name of a field, and below it what `show` makes of each of its items.
fn heading<T>(
    page: &mut Page,
    name: &str,
    items: impl Iterator<Item = T>,
    mut show: impl FnMut(&mut Page, T),
) {
    let mut items = items.peekable();
    let mut row = label(name);
    if items.peek().is_none() {
        row.plain(" ").push(Role::Dim, "(none)");
    }
    page.put(row, &Row::blank(INDENT));
    for item in items {
        if page.is_full() {
            return;
        }
        show(page, item);
    }
}

fn bullet(page: &Page) -> Row {
    let mut row = Row::blank(INDENT);
    row.push(Role::Accent, page.symbols.bullet).plain(" ");
    row
}

/// An item: its first line in `row`, the others below it.
fn below(page: &mut Page, row: Row, role: Role, text: &str) {
    let text = page.enough(text).trim();
    let hang = Row::blank(INDENT * 2);
    if text.starts_with("```") {
        page.put(row, &hang);
        return prose::show(page, INDENT * 2, role, text);
    }
    let first = crate::text::lines(text).next().unwrap_or_default();
    prose::paragraph(page, row, &hang, role, first);
    prose::show(page, INDENT * 2, role, text[first.len()..].trim_start_matches(['\n', '\r']));
}
