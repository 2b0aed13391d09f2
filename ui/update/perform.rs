//! Every action.

use veda_bus_core::message::MessageType;
use veda_bus_core::name::{RepoName, Seq};

use super::lists::{self, Step};
use super::{Effect, Leaving, availability, compose, decision, overlays, past, search, seen};
use crate::action::{Action, Invocation, Scope};
use crate::app::listing::Filtered;
use crate::app::overlay::{Confirmed, Detail, Menu, Overlay};
use crate::app::pane::{Division, Pane};
use crate::app::prompt::Prompt;
use crate::app::{App, Hosting};
use crate::compose::DraftKey;
use crate::link::Ask;
use crate::model::needs::Need;
use crate::model::texts::Text;
use crate::settings::Settings;

/// By how many percent a pane grows at a time.
const GROW: i16 = 4;

/// Does what was asked, or says why not.
pub(super) fn perform(app: &mut App, invocation: &Invocation) -> Vec<Effect> {
    let Invocation { action, argument } = invocation;
    let available = match argument {
        None => availability::of(app, *action),
        Some(_) => availability::in_time(app, *action),
    };
    if let Err(why) = available {
        app.complain(format!("{action}: {why}"));
        return Vec::new();
    }
    match argument {
        Some(argument) => with(app, *action, argument),
        None => plain(app, *action),
    }
}

/// An action that was given something.
fn with(app: &mut App, action: Action, argument: &str) -> Vec<Effect> {
    match action {
        Action::Theme => theme(app, argument),
        Action::Filter => filter(app, argument),
        Action::New | Action::Broadcast => match argument.parse::<MessageType>() {
            Ok(kind) => compose::begin(app, kind, action == Action::Broadcast),
            Err(expected) => app.complain(format!("{argument} is no type of message; {expected}")),
        },
        Action::Repo => {
            match RepoName::new(argument).ok().filter(|name| app.model.state.repo(name).is_some()) {
                Some(name) => app.overlay = Some(Overlay::Detail(Detail::Repo(name), 0)),
                None => app.complain(format!("this bus has never seen a repo \"{argument}\"")),
            }
        }
        Action::Show => match by_id(app, argument) {
            Ok(seq) => app.overlay = Some(Overlay::Detail(Detail::Message(seq), 0)),
            Err(why) => app.complain(why),
        },
        Action::Search => return search::begin(app, argument),
        Action::Goto | Action::Speed => return past::with(app, action, argument),
        action if decision::verb(action).is_some() => match (by_id(app, argument), decision::verb(action)) {
            (Ok(seq), Some(verb)) => decision::ask_about(app, verb, seq),
            (Err(why), _) => app.complain(why),
            (Ok(_), None) => {}
        },
        other => app.complain(format!("\"{other}\" takes nothing after its name")),
    }
    Vec::new()
}

/// The message with this id, or whose id begins so and no other's.
fn by_id(app: &App, text: &str) -> Result<Seq, String> {
    // A whole id can be the beginning of another one.
    let whole = text.parse().ok().and_then(|id| app.model.state.message(&id));
    let by_prefix = app.model.state.by_prefix(text).take(2);
    let found = whole.map_or_else(|| by_prefix.collect(), |record| vec![record]);
    match found.as_slice() {
        [] => Err(format!("no remembered message is \"{text}\"")),
        [record] => Ok(record.seq),
        _ => Err(format!("several messages begin with \"{text}\"")),
    }
}

fn plain(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Instances => focus(app, Pane::Instances),
        Action::Conversations => focus(app, Pane::Conversations),
        Action::Needs => focus(app, Pane::Needs),
        Action::Composer => composer(app),
        Action::Thread => focus(app, Pane::Thread),
        Action::Activity => focus(app, Pane::Activity),
        Action::NextPane => next_pane(app, 1),
        Action::PreviousPane => next_pane(app, Pane::ALL.len() - 1),
        Action::Zoom => app.zoomed = !app.zoomed,
        Action::Wider => resize(app, GROW, 0),
        Action::Narrower => resize(app, -GROW, 0),
        Action::Taller => resize(app, 0, GROW),
        Action::Shorter => resize(app, 0, -GROW),
        Action::New => app.overlay = Some(Overlay::Menu(Menu::kinds(false))),
        Action::Broadcast => app.overlay = Some(Overlay::Menu(Menu::kinds(true))),
        Action::Drafts => app.overlay = Some(Overlay::Menu(Menu::drafts(app))),
        Action::Filter => {
            let before = app.conversations.filtered.as_ref().map(|filtered| filtered.source.clone());
            app.overlay = Some(Overlay::Filter(Prompt::new(before.clone().unwrap_or_default()), before));
        }
        Action::ClearFilter => unfilter(app),
        Action::Older => return older(app),
        Action::MarkAllRead => {
            let question = format!("Mark {} unread conversations as read?", app.model.threads.unread());
            app.overlay = Some(Overlay::Confirm { question, then: Confirmed::MarkAllRead });
        }
        Action::Rules => app.overlay = Some(Overlay::Rules(0)),
        Action::TimeTravel => return past::travel(app),
        Action::Pause if app.shown_past().is_some() => return past::do_action(app, Action::Play),
        Action::Pause => {
            app.paused = if app.paused.is_some() { None } else { Some(app.now) };
        }
        Action::Help => app.overlay = Some(Overlay::Help(0)),
        Action::Search => app.overlay = Some(overlays::command_line(app, "search ")),
        Action::CommandLine => app.overlay = Some(overlays::command_line(app, "")),
        Action::Palette => app.overlay = Some(Overlay::Menu(Menu::palette(app))),
        Action::Theme => app.overlay = Some(Overlay::Menu(Menu::themes(app))),
        Action::Reload => return vec![Effect::Reload],
        Action::Mouse => {
            app.settings.mouse = !app.settings.mouse;
            let whose =
                if app.settings.mouse { "the console has the mouse" } else { "the terminal has the mouse" };
            app.say(whose);
            return vec![Effect::Mouse(app.settings.mouse)];
        }
        Action::Redraw => return vec![Effect::Redraw],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Quit => return app.in_live(quit),
        action if action.scope() == Scope::Past => return past::do_action(app, action),
        action => return in_a_pane(app, action),
    }
    Vec::new()
}

fn in_a_pane(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Down => lists::step(app, Step::By(1)),
        Action::Up => lists::step(app, Step::By(-1)),
        Action::PageDown => lists::step(app, Step::Pages(1)),
        Action::PageUp => lists::step(app, Step::Pages(-1)),
        Action::Top => lists::step(app, Step::Top),
        Action::Bottom | Action::Follow => lists::step(app, Step::Bottom),
        Action::Open => open(app),
        Action::Back => back(app),
        Action::Show => show(app),
        Action::Repo => {
            let repo = selected_repo(app);
            app.overlay = repo.map(|name| Overlay::Detail(Detail::Repo(name), 0));
        }
        Action::Copy => return copy(app),
        Action::CopyId => return copy_id(app),
        Action::Reply => compose::reply(app),
        Action::NextUnread => unread(app, false),
        Action::PreviousUnread => unread(app, true),
        Action::MarkRead => return mark_read(app),
        Action::Raw => {
            app.raw = !app.raw;
            app.thread.top = None;
            lists::reveal(app);
        }
        Action::Parent => {
            app.thread.selected = availability::parent(app).or(app.thread.selected);
            app.focus = Pane::Thread;
            lists::reveal(app);
        }
        Action::Fold => {
            if let Some(seq) = app.thread.selected
                && !app.thread.folded.remove(&seq)
            {
                app.thread.folded.insert(seq);
            }
        }
        Action::FoldAll => fold_all(app),
        Action::Dismiss => {
            if let Some(need) = app.selected_need() {
                app.model.needs.dismiss(need);
                app.chosen_need = None;
                app.is_unsaved = true;
            }
        }
        Action::Mark => decision::mark(app),
        Action::UnmarkAll => app.decisions.marked.clear(),
        action => match decision::verb(action) {
            Some(verb) => decision::ask(app, verb),
            None => return compose::perform(app, action),
        },
    }
    Vec::new()
}

fn focus(app: &mut App, pane: Pane) {
    app.focus = pane;
}

/// Goes on with what was being written, or begins something.
fn composer(app: &mut App) {
    let last = app.drafts.titles().pop();
    match (&app.writing, last) {
        (Some(_), _) => focus(app, Pane::Composer),
        (None, Some((key, _))) => write(app, key),
        (None, None) if Division::of(app.size) == Division::Narrow => focus(app, Pane::Composer),
        (None, None) => app.overlay = Some(Overlay::Menu(Menu::kinds(false))),
    }
}

fn next_pane(app: &mut App, by: usize) {
    let at = Pane::ALL.iter().position(|pane| *pane == app.focus).unwrap_or_default();
    let is_shown = |pane: Pane| {
        // The composer is there only while something is written, but in a narrow screen it has a tab.
        pane != Pane::Composer || app.writing.is_some() || Division::of(app.size) == Division::Narrow
    };
    let mut next = at;
    for _ in Pane::ALL {
        next = (next + by) % Pane::ALL.len();
        if is_shown(Pane::ALL[next]) {
            break;
        }
    }
    focus(app, Pane::ALL[next]);
}

fn resize(app: &mut App, wide: i16, tall: i16) {
    app.sizes.change(app.focus, Division::of(app.size), wide, tall);
    app.is_unsaved = true;
}

fn open(app: &mut App) {
    match app.focus {
        Pane::Conversations => {
            if app.conversations.selected.is_some() {
                app.focus = Pane::Thread;
            }
        }
        Pane::Thread => show(app),
        Pane::Needs => match app.selected_need() {
            Some(Need::Rules(_)) => app.overlay = Some(Overlay::Rules(0)),
            Some(_) if app.selected_message().is_none() => {
                app.complain("the message is not remembered any more");
            }
            Some(_) => go_to(app),
            None => {}
        },
        Pane::Activity => {
            if app.selected_message().is_some() {
                go_to(app);
            }
        }
        Pane::Instances => {
            let repo = selected_repo(app);
            app.overlay = repo.map(|name| Overlay::Detail(Detail::Repo(name), 0));
        }
        Pane::Composer => {}
    }
}

/// Shows the selected message in its conversation.
fn go_to(app: &mut App) {
    let Some(seq) = app.selected_message() else { return };
    if app.select_message(seq) {
        app.focus = Pane::Thread;
        lists::reveal_conversation(app);
    }
}

fn show(app: &mut App) {
    if app.focus == Pane::Instances {
        let repo = selected_repo(app);
        app.overlay = repo.map(|name| Overlay::Detail(Detail::Repo(name), 0));
    } else if let Some(seq) = app.selected_message() {
        app.overlay = Some(Overlay::Detail(Detail::Message(seq), 0));
    }
}

/// The selected repo, or the one that the selected message is from.
fn selected_repo(app: &App) -> Option<RepoName> {
    match app.focus {
        Pane::Instances => {
            let repos = app.repos();
            repos.get(app.repo_line(&repos)).map(|&name| name.clone())
        }
        _ => Some(app.model.state.record(app.selected_message()?)?.from.clone()),
    }
}

/// One step out: from the thread to the list, from a screen for one pane to all, from a filter to everything.
fn back(app: &mut App) {
    if app.zoomed {
        app.zoomed = false;
    } else if app.focus != Pane::Conversations {
        app.focus = Pane::Conversations;
    } else if app.conversations.filtered.is_some() {
        unfilter(app);
    }
}

fn copy(app: &mut App) -> Vec<Effect> {
    if app.focus == Pane::Instances {
        return copied(app, selected_repo(app).map(|name| name.to_string()));
    }
    let text = app.selected_message().and_then(|seq| match app.model.texts.get(&app.model.state, seq) {
        Text::Here(read) => Some(match (&read.message, app.raw) {
            (Some(message), false) => message.payload.headline(),
            _ => read.json.clone(),
        }),
        Text::Coming | Text::Gone => None,
    });
    copied(app, text)
}

fn copy_id(app: &mut App) -> Vec<Effect> {
    let id = match app.focus {
        Pane::Instances => selected_repo(app).map(|name| name.to_string()),
        _ => app
            .selected_message()
            .and_then(|seq| app.model.state.record(seq))
            .map(|record| record.id.to_string()),
    };
    copied(app, id)
}

fn copied(app: &mut App, text: Option<String>) -> Vec<Effect> {
    let Some(text) = text else {
        app.complain("its text is not at hand yet");
        return Vec::new();
    };
    app.say(format!("copied: {}", crate::text::cut(&text, 60)));
    vec![Effect::Copy(text)]
}

fn unread(app: &mut App, newer: bool) {
    let from = app.selected_last().unwrap_or(Seq(u64::MAX));
    let threads = &app.model.threads;
    // After the last one, it begins again at the other end.
    let found = threads.next_unread(from, newer).or_else(|| {
        let end = if newer { Seq(0) } else { Seq(u64::MAX) };
        threads.next_unread(end, newer)
    });
    let Some(last) = found else { return };
    let Some((_, thread)) = threads.from(last).next() else { return };
    let thread = thread.clone();
    app.select_thread(&thread);
    if app.focus != Pane::Thread {
        app.focus = Pane::Conversations;
    }
    lists::reveal_conversation(app);
}

fn mark_read(app: &mut App) -> Vec<Effect> {
    let (Some(thread), Some(last)) = (app.conversations.selected.clone(), app.selected_last()) else {
        return Vec::new();
    };
    if app.model.threads.saw(&app.model.state, &thread, last) {
        app.is_unsaved = true;
    }
    let messages = app.model.state.thread(&thread).map(|thread| thread.messages.iter().collect::<Vec<_>>());
    seen::tell_read(app, &messages.unwrap_or_default())
}

fn mark_all_read(app: &mut App) -> Vec<Effect> {
    let threads = app.model.threads.unread_ones().filter_map(|thread| app.model.state.thread(thread));
    let messages: Vec<_> = threads.flat_map(|thread| thread.messages.iter()).collect();
    app.model.threads.saw_all(app.model.state.last());
    app.is_unsaved = true;
    seen::tell_read(app, &messages)
}

fn fold_all(app: &mut App) {
    if app.thread.folded.is_empty() {
        let nodes = app.nodes();
        let next = nodes.iter().skip(1).map(Some).chain([None]);
        let with_answers =
            nodes.iter().zip(next).filter(|(node, next)| next.is_some_and(|next| next.level > node.level));
        app.thread.folded = with_answers.map(|(node, _)| node.seq).collect();
    } else {
        app.thread.folded.clear();
    }
    if let Some(selected) = app.thread.selected
        && !app.nodes().iter().any(|node| node.seq == selected)
    {
        app.thread.selected = app.nodes().first().map(|node| node.seq);
    }
    app.thread.top = None;
}

/// Lists only what matches.
pub(super) fn filter(app: &mut App, source: &str) {
    if source.trim().is_empty() {
        return unfilter(app);
    }
    match Filtered::new(source, &app.model) {
        Ok(filtered) => {
            app.conversations.filtered = Some(filtered);
            app.conversations.top = None;
        }
        Err(error) => app.complain(error.to_string()),
    }
}

pub(super) fn unfilter(app: &mut App) {
    app.conversations.filtered = None;
    app.conversations.top = None;
    lists::reveal_conversation(app);
}

fn older(app: &mut App) -> Vec<Effect> {
    let oldest = app.bus.as_ref().and_then(|bus| bus.oldest);
    oldest.map(|from| Effect::Ask(Ask::From(from))).into_iter().collect()
}

fn theme(app: &mut App, name: &str) {
    match app.look.wear(name) {
        Ok(()) => {
            app.say(format!("the theme is {name}"));
            app.chosen_theme = Some(name.to_owned());
            app.asked_theme = None;
            app.is_unsaved = true;
        }
        Err(error) => app.complain(error.to_string()),
    }
}

/// The settings were read anew.
pub(super) fn settings(app: &mut App, read: Result<Settings, String>) -> Vec<Effect> {
    let mut settings = match read {
        Ok(settings) => settings,
        Err(why) => {
            app.complain(why);
            return Vec::new();
        }
    };
    let took = settings.mouse != app.settings.mouse;
    // How much is remembered is decided when the console begins.
    settings.history = app.settings.history;
    app.settings = settings;
    app.look.set_ascii(app.settings.ascii);
    let wanted = app.wanted_theme().unwrap_or(&app.look.theme).to_owned();
    // A file that is wrong is told of, and what was on before stays on.
    let worn = app.look.wear(&wanted);
    match (worn, app.settings.warnings.first().cloned()) {
        (Err(error), _) => app.complain(error.to_string()),
        (Ok(()), Some(warning)) => app.complain(warning),
        (Ok(()), None) => app.say("settings and themes were read again"),
    }
    if took { vec![Effect::Mouse(app.settings.mouse)] } else { Vec::new() }
}

fn quit(app: &mut App) -> Vec<Effect> {
    // Who is behind may not know who is there.
    let is_behind = app.paused.is_some() || app.loading.is_some() || app.lag > 0;
    if app.hosting == Hosting::Here && (app.model.connected() > 0 || is_behind) {
        app.overlay = Some(Overlay::Menu(Menu::leave(app)));
        return Vec::new();
    }
    vec![Effect::Leave(Leaving::Quit)]
}

/// What was asked was confirmed.
pub(super) fn confirmed(app: &mut App, what: &Confirmed) -> Vec<Effect> {
    match what {
        Confirmed::Discard => {
            compose::discard(app);
            Vec::new()
        }
        Confirmed::MarkAllRead => mark_all_read(app),
    }
}

/// Puts a draft into the composer.
pub(super) fn write(app: &mut App, key: DraftKey) {
    app.writing = Some(key);
    app.preview = false;
    app.focus = Pane::Composer;
    compose::check(app);
}
