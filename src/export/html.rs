//! HTML: one file that is readable on a phone and on paper, in light and in dark, and in which nothing runs.
//!
//! Its elements and their attributes are ours; of what agents wrote, only the text between them, and in `id` and `href`
//! the ids of messages, of which letters, digits and `-` are left. Every text goes through [`escape::text`], or is a row,
//! which is harmless already and goes through [`escape::safe`]. A policy in the file itself forbids scripts and anything
//! from elsewhere.
//!
//! | module | what is in it |
//! |---|---|
//! | `escape` | text as HTML |
//! | `anchors` | what can be pointed at |
//! | `body` | what a message says |

mod anchors;
mod body;
mod escape;

use std::io::{self, Write};

use veda_bus_ui::words::counted;

use super::told::{self, clock, kind, marks, moment, rfc3339, whom, zone};
use super::{Conversation, Exported, Refusal, Told};
use anchors::Anchors;
use escape::text;

/// How the document looks.
const STYLE: &str = include_str!("html/style.css");

/// How many levels of answers are told apart by how far to the right they stand.
const LEVELS: usize = 8;

/// How much of a text is a heading.
const HEADLINE: usize = 120;

/// Writes all of it as a document.
pub(crate) fn write(exported: &Exported, out: &mut dyn Write) -> io::Result<()> {
    let title = format!("veda-bus: {}", told::title(exported));
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        text(&title),
    )?;
    let anchors = Anchors::of(exported);
    head(exported, out)?;
    contents(exported, &anchors, out)?;
    writeln!(out, "<main>")?;
    for one in &exported.conversations {
        conversation(one, exported, &anchors, out)?;
    }
    refusals(&exported.refusals, out)?;
    writeln!(out, "</main>\n</body>\n</html>")
}

fn head(exported: &Exported, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<header>\n<h1>{}</h1>\n<dl>", text(&told::title(exported)))?;
    if let Some(span) = exported.span() {
        let names: Vec<_> = exported.participants().into_iter().map(|repo| name(repo.as_str())).collect();
        writeln!(out, "<dt>When</dt><dd>{} ({})</dd>", text(&told::span(span)), text(&zone(span.0)))?;
        writeln!(out, "<dt>Who</dt><dd>{}</dd>", names.join(", "))?;
    }
    writeln!(out, "<dt>Exported</dt><dd>{}</dd>\n</dl>\n</header>", text(&moment(exported.made_at)))
}

/// Where each conversation begins, where there are several.
fn contents(exported: &Exported, anchors: &Anchors, out: &mut dyn Write) -> io::Result<()> {
    if exported.conversations.len() < 2 {
        return Ok(());
    }
    writeln!(out, "<nav aria-label=\"Conversations\">\n<ol>")?;
    for one in &exported.conversations {
        let count = counted(one.messages.len(), "message");
        let (to, headline) = (anchors.of_thread(one), headline(one));
        writeln!(out, "<li><a href=\"#{to}\">{headline}</a> <small>{count}</small></li>")?;
    }
    writeln!(out, "</ol>\n</nav>")
}

fn conversation(
    one: &Conversation,
    exported: &Exported,
    anchors: &Anchors,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "<section id=\"{}\">\n<h2>{}</h2>", anchors.of_thread(one), headline(one))?;
    let span = one.span().map(told::span).unwrap_or_default();
    let count = counted(one.messages.len(), "message");
    let id = text(&one.thread.to_string()).into_owned();
    writeln!(out, "<p class=\"about\">Thread <code>{id}</code>, {count}, {}</p>", text(&span))?;
    for negotiation in &one.negotiations {
        let rows = told::negotiation(negotiation, exported.made_at);
        let rows: Vec<_> = rows.iter().map(|row| format!("<li>{}</li>", text(row))).collect();
        writeln!(out, "<ul class=\"decision\">\n{}\n</ul>", rows.join("\n"))?;
    }
    for halt in &one.halts {
        writeln!(out, "<p class=\"hold\">{}</p>", text(&told::halt(halt)))?;
    }
    for told in &one.messages {
        message(told, one, anchors, out)?;
    }
    writeln!(out, "</section>")
}

fn message(
    told: &Told,
    conversation: &Conversation,
    anchors: &Anchors,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (anchor, level) = (anchors.of_message(told), told.depth.min(LEVELS));
    let kind_class = told.message.kind().as_str();
    writeln!(out, "<article id=\"{anchor}\" class=\"level-{level} {kind_class}\">\n<header>")?;
    let (from, to) = (name(told.message.from.repo.as_str()), name(&whom(&told.message)));
    writeln!(out, "<p class=\"who\">{from} <span class=\"to\">→</span> {to}</p>\n<p class=\"what\">")?;
    writeln!(out, "<span class=\"kind\">{}</span>", kind(&told.message))?;
    for mark in marks(told) {
        writeln!(out, "<span class=\"mark\">{mark}</span>")?;
    }
    let (at, clock) = (rfc3339(told.record.at), clock(told, conversation));
    let short = text(&told.record.id.short()).into_owned();
    writeln!(out, "<a href=\"#{anchor}\"><time datetime=\"{at}\">{}</time></a>", text(&clock))?;
    writeln!(out, "<code>{short}</code></p>")?;
    reply(told, anchors, out)?;
    writeln!(out, "</header>")?;
    body::message(&told.message, out)?;
    if let Some(sent) = &told.sent {
        writeln!(out, "<p class=\"label\">As it was sent, before the operator changed it</p>")?;
        writeln!(out, "<div class=\"before\">")?;
        body::message(sent, out)?;
        writeln!(out, "</div>")?;
    }
    if let Some(hold) = told::hold(told) {
        writeln!(out, "<p class=\"hold\">{}</p>", text(&hold))?;
    }
    ladder(told, out)?;
    writeln!(out, "<details><summary>JSON</summary>")?;
    body::json(&told.message, out)?;
    writeln!(out, "</details>\n</article>")
}

/// What it answers: a way there, where that is in the document.
fn reply(told: &Told, anchors: &Anchors, out: &mut dyn Write) -> io::Result<()> {
    let Some(parent) = &told.message.reply_to else { return Ok(()) };
    let id = text(&parent.short()).into_owned();
    match told.parent.and_then(|parent| anchors.of_seq(parent)) {
        Some(anchor) => writeln!(out, "<p class=\"reply\">↳ answers <a href=\"#{anchor}\">{id}</a></p>"),
        None => writeln!(out, "<p class=\"reply\">↳ answers {id}, which is not in this document</p>"),
    }
}

fn ladder(told: &Told, out: &mut dyn Write) -> io::Result<()> {
    if told.record.ladder.is_empty() {
        return Ok(());
    }
    writeln!(out, "<ul class=\"ladder\" aria-label=\"Delivery\">")?;
    for one in &told.record.ladder {
        writeln!(out, "<li>{}</li>", body::row(&told::ladder(one)))?;
    }
    writeln!(out, "</ul>")
}

fn refusals(refusals: &[Refusal], out: &mut dyn Write) -> io::Result<()> {
    if refusals.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section>\n<h2>Refused by the bus</h2>\n<ul class=\"refused\">")?;
    for Refusal { at, refused, .. } in refusals {
        let to = refused.to.as_ref().map(|to| format!(" → {}", name(to.repo.as_str())));
        let (from, to) = (name(refused.repo.as_str()), to.unwrap_or_default());
        let (at, reason) = (moment(*at), format!("{}: {}", refused.code, refused.reason));
        writeln!(out, "<li>{} {from}{to} <bdi>{}</bdi></li>", text(&at), text(&reason))?;
    }
    writeln!(out, "</ul>\n</section>")
}

/// A name, whose direction is its own.
fn name(name: &str) -> String {
    format!("<bdi class=\"repo\">{}</bdi>", text(name))
}

fn headline(one: &Conversation) -> String {
    let headline = veda_bus_ui::text::cut(&one.headline(), HEADLINE);
    let headline = if headline.trim().is_empty() { one.thread.short() } else { headline };
    format!("<bdi>{}</bdi>", text(&headline))
}
