//! The selected conversation as a tree of messages, each with all that it says.
//!
//! Messages are of any height, and a thread can have very many. So nothing is ever measured but what is to be seen: the
//! place in it is a message and a number of lines above the pane.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;
use std::rc::Rc;

use ratatui::layout::Rect;
use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::state::record::Record;

use super::canvas::{Canvas, lines};
use super::conversations::{repo, who};
use super::{clock, kind_role, marks, notes};
use crate::app::App;
use crate::app::drawn::Target;
use crate::app::listing::badge;
use crate::app::pane::Pane;
use crate::app::tree::{LEVELS, Node};
use crate::body;
use crate::row::Row;
use crate::theme::Role;

/// How many lines of a message are shown here; `show` shows all of them.
const MOST: usize = 400;

/// How many messages are kept as rows.
const KEPT: usize = 500;

/// A message, the width that it has, and how it is shown.
pub(crate) type Key = (Seq, usize, body::Look);

/// The rows of messages that were drawn of late.
pub(crate) type Bodies = Kept<Key>;

/// Rows that were made of late.
#[derive(Debug)]
pub(crate) struct Kept<K>(RefCell<HashMap<K, Rc<Vec<Row>>>>);

impl<K> Default for Kept<K> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Hash + Eq> Kept<K> {
    pub(crate) fn get(&self, key: K, make: impl FnOnce() -> Vec<Row>) -> Rc<Vec<Row>> {
        let mut kept = self.0.borrow_mut();
        if kept.len() > KEPT {
            kept.clear();
        }
        Rc::clone(kept.entry(key).or_insert_with(|| Rc::new(make())))
    }
}

impl Bodies {
    /// A message says something else now.
    pub(crate) fn forget(&mut self, seq: Seq) {
        self.0.get_mut().retain(|(known, ..), _| *known != seq);
    }
}

/// The lines of one message: its head, what it says, and an empty one.
fn message_lines(app: &App, node: Node, width: usize) -> Vec<Row> {
    let Some(record) = app.model.state.record(node.seq) else { return Vec::new() };
    let mut lines = vec![head(app, record, node)];
    let is_folded = app.thread.folded.contains(&node.seq);
    let guide = guide(app, node);
    let room = width.saturating_sub(guide.width());
    let under = |row: &Row| {
        let mut line = guide.clone();
        line.append(row);
        line
    };
    if let Some(id) = lost_parent(app, record) {
        let what = format!("answers {}, which is not remembered here", id.short());
        lines.push(under(&Row::of(Role::Warn, &what)));
    }
    lines.extend(notes::above(app, record, room).iter().map(under));
    lines.extend(body_rows(app, record, room).iter().map(under));
    lines.extend(notes::below(app, record, room).iter().map(under));
    if is_folded && node.hidden > 0 {
        let what = format!(
            "{} {} folded away",
            app.look.symbols.folded,
            crate::words::counted(node.hidden, "answer")
        );
        lines.push(under(&Row::of(Role::Dim, &what)));
    }
    lines.push(guide);
    lines
}

/// How many lines a message has, without making them.
pub(crate) fn message_height(app: &App, node: Node, width: usize) -> usize {
    let Some(record) = app.model.state.record(node.seq) else { return 0 };
    let room = width.saturating_sub(guide(app, node).width());
    let is_folded = app.thread.folded.contains(&node.seq) && node.hidden > 0;
    let more = usize::from(lost_parent(app, record).is_some()) + usize::from(is_folded);
    let notes = notes::above(app, record, room).len() + notes::below(app, record, room).len();
    2 + more + notes + body_rows(app, record, room).len()
}

/// What a message answers, where that is not remembered here.
fn lost_parent<'a>(app: &'a App, record: &'a Record) -> Option<&'a MessageId> {
    let state = &app.model.state;
    let is_known = record.parent().is_some_and(|parent| state.record(parent).is_some());
    if is_known { None } else { state.reply_to(record) }
}

fn body_rows(app: &App, record: &Record, width: usize) -> Rc<Vec<Row>> {
    let look = body::Look { ascii: app.look.is_ascii, raw: app.raw, limit: Some(MOST) };
    match super::text(app, record.seq) {
        Ok(read) => app.bodies.get((record.seq, width, look), || match &read.message {
            Some(message) => body::lines(message, width, &look),
            None => body::lines_of_raw_bytes(read.json.as_bytes(), width, &look),
        }),
        Err(why) => Rc::new(vec![why]),
    }
}

/// What stands before the lines of a message: the levels above it, and those below that go on.
fn guide(app: &App, node: Node) -> Row {
    let mut row = levels(app, node);
    if node.level > 0 {
        row.push(Role::Tree, if node.is_last { "  " } else { app.look.symbols.vertical });
        row.pad_to(usize::try_from(node.level).unwrap_or_default() * 2);
    }
    row.push(Role::Text, "  ");
    row
}

fn levels(app: &App, node: Node) -> Row {
    let mut row = Row::default();
    for level in 1..node.level.min(LEVELS) {
        let goes_on = node.lines & (1 << level) != 0;
        row.push(Role::Tree, if goes_on { app.look.symbols.vertical } else { " " });
        row.plain(" ");
    }
    row
}

fn head(app: &App, record: &Record, node: Node) -> Row {
    let symbols = app.look.symbols;
    let mut row = levels(app, node);
    if node.level > 0 {
        row.push(Role::Tree, if node.is_last { symbols.last } else { symbols.branch });
        row.push(Role::Tree, symbols.horizontal);
    }
    let is_unread = record.seq > app.thread.seen && !record.from.is_operator();
    row.push(Role::Unread, if is_unread { symbols.unread } else { " " }).plain(" ");
    repo(&mut row, &record.from);
    row.push(Role::Dim, &format!(" {} ", symbols.arrow));
    let mut to = Row::default();
    for (place, delivery) in record.deliveries.iter().take(3).enumerate() {
        if place > 0 {
            to.push(Role::Dim, ", ");
        }
        repo(&mut to, &delivery.repo);
    }
    if record.deliveries.len() > 3 {
        to.push(Role::Dim, &format!(" and {} more", record.deliveries.len() - 3));
    }
    row.append(&to).plain(" ").push(kind_role(record.kind), badge(record.kind));
    super::priority(&mut row, record.priority);
    row.plain(" ").push(Role::Id, &record.id.short());
    row.plain(" ").push(Role::Time, &clock(record.at, app.moment())).plain(" ");
    row.append(&marks(symbols, record));
    row
}

/// The lines that are to be seen, each with its message, from `top` on.
fn window(
    app: &App,
    nodes: &[Node],
    top: (Seq, usize),
    width: usize,
    height: usize,
) -> Vec<(Seq, Row, bool)> {
    let mut shown = Vec::with_capacity(height);
    let first = nodes.iter().position(|node| node.seq == top.0).unwrap_or_default();
    let mut skip = top.1;
    for node in &nodes[first.min(nodes.len())..] {
        for (number, line) in message_lines(app, *node, width).into_iter().enumerate().skip(skip) {
            shown.push((node.seq, line, number == 0));
            if shown.len() == height {
                return shown;
            }
        }
        skip = 0;
    }
    shown
}

/// The place from which the last lines of a thread fill `height`.
pub(crate) fn top_of_end(app: &App, nodes: &[Node], width: usize, height: usize) -> Option<(Seq, usize)> {
    top_above(app, nodes, nodes.len(), width, height)
}

/// The place from which the lines before message number `end` fill `height`.
fn top_above(app: &App, nodes: &[Node], end: usize, width: usize, height: usize) -> Option<(Seq, usize)> {
    let mut left = height;
    for node in nodes[..end].iter().rev() {
        let lines = message_height(app, *node, width);
        if lines >= left {
            return Some((node.seq, lines - left));
        }
        left -= lines;
    }
    nodes.first().map(|node| (node.seq, 0))
}

/// The place some lines further down, or up.
pub(crate) fn scrolled(
    app: &App,
    nodes: &[Node],
    top: (Seq, usize),
    width: usize,
    by: isize,
) -> (Seq, usize) {
    let Some(mut at) = nodes.iter().position(|node| node.seq == top.0) else { return top };
    let mut line = top.1;
    let mut left = by.unsigned_abs();
    if by < 0 {
        while left > line && at > 0 {
            left -= line;
            at -= 1;
            line = message_height(app, nodes[at], width);
        }
        return (nodes[at].seq, line.saturating_sub(left));
    }
    loop {
        let lines = message_height(app, nodes[at], width);
        if line + left < lines || at + 1 == nodes.len() {
            return (nodes[at].seq, (line + left).min(lines.saturating_sub(1)));
        }
        left -= lines - line.min(lines);
        at += 1;
        line = 0;
    }
}

/// The place that shows a message as a whole if it fits, and else its beginning, moving no more than it must.
pub(crate) fn top_for(
    app: &App,
    nodes: &[Node],
    top: Option<(Seq, usize)>,
    seq: Seq,
    width: usize,
    height: usize,
) -> Option<(Seq, usize)> {
    let at = nodes.iter().position(|node| node.seq == seq)?;
    let place =
        |top: (Seq, usize)| nodes.iter().position(|node| node.seq == top.0).map(|place| (place, top.1));
    let lines = message_height(app, nodes[at], width);
    let Some((first, line)) = top.and_then(place) else {
        return top_above(app, nodes, at + 1, width, height).filter(|_| lines <= height).or(Some((seq, 0)));
    };
    if (at, 0) < (first, line) {
        return Some((seq, 0));
    }
    let lowest = if lines <= height { top_above(app, nodes, at + 1, width, height)? } else { (seq, 0) };
    let lowest_place = place(lowest)?;
    Some(if lowest_place > (first, line) { lowest } else { (nodes[first].seq, line) })
}

/// How much of a pane is there for lines.
pub(crate) fn room(area: Rect) -> (usize, usize) {
    (usize::from(area.width.saturating_sub(2)), usize::from(area.height.saturating_sub(2)))
}

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let app = canvas.app;
    if app.is_empty() {
        let inner = canvas.pane(Pane::Thread, area, &Row::default());
        super::welcome::draw(canvas, inner);
        return;
    }
    let nodes = app.nodes();
    let inner = canvas.pane(Pane::Thread, area, &title(canvas));
    if nodes.is_empty() {
        canvas.row(inner, &Row::of(Role::Dim, "no conversation is selected"));
        return;
    }
    let (width, height) = (usize::from(inner.width), usize::from(inner.height));
    let end = top_of_end(app, &nodes, width, height);
    let place = |top: (Seq, usize)| (nodes.iter().position(|node| node.seq == top.0), top.1);
    // It is never scrolled further than to its end.
    let Some(end) = end else { return };
    // A message that was gone to is shown, wherever it stands.
    let wanted = app
        .thread
        .top
        .or_else(|| top_for(app, &nodes, None, app.thread.selected?, width, height))
        .filter(|wanted| !app.thread.follow && place(*wanted) < place(end));
    let top = wanted.unwrap_or(end);
    let shown = window(app, &nodes, top, width, height);
    for (line, (seq, row, is_head)) in lines(inner).zip(&shown) {
        canvas.fit(line, row);
        canvas.target(line, Target::Message(*seq));
        if app.thread.selected == Some(*seq) {
            if *is_head {
                super::select(canvas, line, Pane::Thread);
            } else {
                mark(canvas, line);
            }
        }
        if *is_head {
            canvas.drawn.messages.push(*seq);
        }
    }
    for part in shown.chunk_by(|one, next| one.0 == next.0) {
        let record = part.first().and_then(|(seq, ..)| app.model.state.record(*seq));
        if let Some(at) = record.and_then(|record| notes::changes_at(app, record)) {
            canvas.changes_at(at);
        }
    }
    canvas.drawn.thread = Some((top.0, top.1, top == end));
    let last = shown.last().and_then(|(seq, ..)| nodes.iter().position(|node| node.seq == *seq));
    let first = place(top).0.unwrap_or_default();
    if top != end || first > 0 || top.1 > 0 {
        let part = |n: usize| super::share(n, nodes.len());
        canvas.scrollbar(inner, part(first), part(last.unwrap_or(first) + 1).min(0.999));
    }
}

/// The bar beside all lines of the selected message.
fn mark(canvas: &mut Canvas<'_>, line: Rect) {
    let role = if canvas.app.focus == Pane::Thread { Role::Accent } else { Role::Dim };
    let bar = Row::of(role, canvas.symbols().selected);
    canvas.row(Rect { x: line.x.saturating_sub(1), width: 1, ..line }, &bar);
}

fn title(canvas: &Canvas<'_>) -> Row {
    let app = canvas.app;
    let mut more = Row::default();
    let root = app.nodes().first().and_then(|node| app.model.state.record(node.seq));
    if let Some(root) = root {
        more.push(kind_role(root.kind), root.kind.as_str()).plain(" ").append(&who(canvas, root));
    }
    if app.raw {
        more.push(Role::Info, " JSON");
    }
    if app.thread.follow {
        more.push(Role::Live, " following");
    }
    more
}
