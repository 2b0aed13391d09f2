//! Moving in lists and threads.

use veda_bus_core::name::Seq;

use crate::app::App;
use crate::app::pane::Pane;
use crate::view::conversations::position;
use crate::view::needs;
use crate::view::thread::{message_height, room, scrolled, top_for};

/// How far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// So many lines or things; down is positive.
    By(isize),
    /// So many pages.
    Pages(isize),
    /// To the beginning.
    Top,
    /// To the end.
    Bottom,
}

/// Moves the selection of the pane that has the focus.
pub(super) fn step(app: &mut App, step: Step) {
    match app.focus {
        Pane::Conversations => conversations(app, step),
        Pane::Thread => thread(app, step),
        Pane::Instances => {
            let repos = app.repos();
            let (count, height) = (repos.len(), app.drawn.height(Pane::Instances));
            let line = moved(app.repo_line(&repos), step, count, height);
            app.chosen_repo = repos.get(line).map(|&name| name.clone());
            app.instances.selected = line;
            app.instances.clamp(count, height);
        }
        Pane::Needs => {
            let needs = app.needs_now();
            let height = (app.drawn.height(Pane::Needs) / needs::LINES).max(1);
            let line = moved(app.need_line(&needs), step, needs.len(), height);
            app.chosen_need = needs.get(line).copied();
            app.needs.selected = line;
            app.needs.clamp(needs.len(), height);
        }
        Pane::Activity => activity(app, step),
        Pane::Composer => {}
    }
}

fn moved(from: usize, step: Step, count: usize, height: usize) -> usize {
    let last = count.saturating_sub(1);
    let to = match step {
        Step::By(by) => from.saturating_add_signed(by),
        Step::Pages(pages) => from.saturating_add_signed(pages * isize::try_from(height).unwrap_or(1)),
        Step::Top => 0,
        Step::Bottom => last,
    };
    to.min(last)
}

fn activity(app: &mut App, step: Step) {
    let events = &app.model.activity;
    let (count, height) = (events.len(), app.drawn.height(Pane::Activity));
    let last = count.saturating_sub(1);
    let at = app.activity.selected.map_or(last, |seq| events.partition_point(|event| event.seq < seq));
    let to = moved(at, step, count, height);
    // At the end it follows again.
    app.activity.selected = if to >= last { None } else { events.get(to).map(|event| event.seq) };
}

fn conversations(app: &mut App, step: Step) {
    let listing = app.listing();
    let Some((newest, oldest)) = listing.ends() else { return };
    let height = app.drawn.conversations.max(1);
    let selected = position(listing, &app.model.state, app.conversations.selected.as_ref());
    let from = selected.unwrap_or(newest);
    let page = isize::try_from(height).unwrap_or(1);
    let by = match step {
        Step::By(by) => by,
        Step::Pages(pages) => pages * page,
        Step::Top | Step::Bottom => 0,
    };
    let count = by.unsigned_abs();
    let found = match step {
        Step::Top => listing.from(newest).next(),
        Step::Bottom => listing.from(oldest).next(),
        // What is not in the list any more gives its place to the first.
        _ if selected.is_none() => listing.from(newest).next(),
        _ if by >= 0 => listing.from(from).take(count + 1).last(),
        _ => listing.after(from).take(count).last().or_else(|| listing.from(from).next()),
    };
    let Some((last, thread)) = found else { return };
    let thread = thread.clone();
    // At the top, the newest is followed.
    let top = app.conversations.top.filter(|_| last != newest);
    let top = top_with(app, top.unwrap_or(newest), last, height);
    app.conversations.top = (top != newest).then_some(top);
    app.select_thread(&thread);
}

/// The topmost conversation with which `wanted` is among the `height` that are shown, moving no more than it must.
fn top_with(app: &App, top: Seq, wanted: Seq, height: usize) -> Seq {
    if wanted > top {
        return wanted;
    }
    let listing = app.listing();
    let lowest = listing.from(top).take(height).last().map_or(top, |(last, _)| last);
    if wanted >= lowest {
        return top;
    }
    listing.after(wanted).take(height - 1).last().map_or(wanted, |(last, _)| last)
}

/// Brings the selected conversation into sight.
pub(super) fn reveal_conversation(app: &mut App) {
    let listing = app.listing();
    let Some((newest, _)) = listing.ends() else { return };
    let Some(at) = position(listing, &app.model.state, app.conversations.selected.as_ref()) else { return };
    let height = app.drawn.conversations.max(1);
    let top = top_with(app, app.conversations.top.unwrap_or(newest), at, height);
    app.conversations.top = (top != newest).then_some(top);
}

fn thread(app: &mut App, step: Step) {
    let nodes = app.nodes();
    let Some(place) = app.drawn.places.pane(Pane::Thread) else { return };
    let (width, height) = room(place);
    let at = app.thread.selected.and_then(|seq| nodes.iter().position(|node| node.seq == seq));
    let Some(at) = at.or_else(|| nodes.len().checked_sub(1)) else { return };
    let top = app.drawn.thread.map(|(seq, line, _)| (seq, line));
    let is_end = app.drawn.thread.is_some_and(|(.., is_end)| is_end);
    let half = isize::try_from(height / 2).unwrap_or(1).max(1);
    let to = match step {
        Step::Top => 0,
        Step::Bottom => {
            app.thread.follow = true;
            app.thread.top = None;
            app.thread.selected = nodes.last().map(|node| node.seq);
            return;
        }
        Step::Pages(pages) => {
            let by = pages * isize::try_from(height.saturating_sub(1)).unwrap_or(1);
            return scroll(app, by);
        }
        // A message that is longer than the pane is gone through before the next one is.
        Step::By(1) if !is_end && is_cut(app, &nodes, at, top, width, height, true) => {
            return scroll(app, half);
        }
        Step::By(-1) if is_cut(app, &nodes, at, top, width, height, false) => return scroll(app, -half),
        Step::By(by) => at.saturating_add_signed(by).min(nodes.len().saturating_sub(1)),
    };
    app.thread.selected = Some(nodes[to].seq);
    reveal(app);
    app.thread.follow = to + 1 == nodes.len() && is_end;
}

/// Whether a message that does not fit goes on beyond the end, or the beginning, of the pane.
fn is_cut(
    app: &App,
    nodes: &[crate::app::tree::Node],
    at: usize,
    top: Option<(Seq, usize)>,
    width: usize,
    height: usize,
    below: bool,
) -> bool {
    let Some((_, line)) = top.filter(|(seq, _)| *seq == nodes[at].seq) else { return false };
    if below { message_height(app, nodes[at], width) > line + height } else { line > 0 }
}

/// Moves what is to be seen of the thread, and the selection with it.
pub(super) fn scroll(app: &mut App, by: isize) {
    let nodes = app.nodes();
    let (Some(place), Some((seq, line, _))) = (app.drawn.places.pane(Pane::Thread), app.drawn.thread) else {
        return;
    };
    let (width, height) = room(place);
    let top = scrolled(app, &nodes, (seq, line), width, by);
    app.thread.follow = false;
    app.thread.top = Some(top);
    let at = |seq: Seq| nodes.iter().position(|node| node.seq == seq);
    let Some(first) = at(top.0) else { return };
    // The selection stays in sight.
    let selected = app.thread.selected.and_then(at).unwrap_or(first);
    let mut lines = 0;
    let mut last = first;
    for (place, node) in nodes.iter().enumerate().skip(first) {
        last = place;
        lines += message_height(app, *node, width);
        if lines >= height + top.1 {
            break;
        }
    }
    let selected = if lines < height + top.1 { nodes.len() - 1 } else { selected.clamp(first, last) };
    app.thread.selected = Some(nodes[selected].seq);
    if lines < height + top.1 {
        app.thread.follow = true;
        app.thread.top = None;
    }
}

/// Brings the selected message into sight.
pub(super) fn reveal(app: &mut App) {
    let nodes = app.nodes();
    let (Some(place), Some(selected)) = (app.drawn.places.pane(Pane::Thread), app.thread.selected) else {
        return;
    };
    let (width, height) = room(place);
    let top = app.drawn.thread.map(|(seq, line, _)| (seq, line));
    app.thread.top = top_for(app, &nodes, top, selected, width, height);
    app.thread.follow = false;
}
