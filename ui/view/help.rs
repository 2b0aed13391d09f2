//! Every key and command, made from the keys that are in force.

use crate::action::{Action, Scope};
use crate::app::App;
use crate::keys::Chord;
use crate::row::Row;
use crate::theme::Role;

/// The columns of the keys, and of the names.
const KEYS: usize = 22;
const NAMES: usize = 26;

/// The lines of the help.
pub(crate) fn rows(app: &App) -> Vec<Row> {
    let mut rows = Vec::new();
    // What means something else elsewhere comes first.
    let is_past = app.shown_past().is_some();
    let (here, rest): (Vec<_>, Vec<_>) =
        Scope::ALL.into_iter().partition(|scope| is_past && *scope == Scope::Past);
    for scope in here.into_iter().chain(rest) {
        if !rows.is_empty() {
            rows.push(Row::default());
        }
        rows.push(Row::of(Role::Title, scope.title()));
        for action in Action::ALL.iter().filter(|action| action.scope() == scope) {
            rows.push(action_row(app, *action));
        }
        rows.extend(extra(app, scope));
    }
    rows.push(Row::default());
    rows.extend(signs(app));
    rows
}

fn line(keys: &str, name: &str, doc: &str) -> Row {
    let mut row = Row::of(Role::Text, "  ");
    row.push(Role::Key, keys).pad_to(KEYS).push(Role::Strong, name).plain(" ").pad_to(KEYS + NAMES);
    row.push(Role::Text, doc);
    row
}

fn action_row(app: &App, action: Action) -> Row {
    let keys = app.settings.keys.keys_of(action).into_iter().filter(|chord| !is_hidden(app, action, *chord));
    let keys: Vec<_> = keys.map(|chord| chord.to_string()).collect();
    let name = format!(":{} {}", action.name(), action.argument().as_str());
    line(&keys.join(" "), name.trim_end(), action.doc())
}

/// Whether a key means something else in the past, which is shown.
fn is_hidden(app: &App, action: Action, chord: Chord) -> bool {
    let of_the_past = || Action::ALL.iter().filter(|other| other.scope() == Scope::Past);
    app.shown_past().is_some()
        && action.scope() != Scope::Past
        && of_the_past().any(|other| app.settings.keys.keys_of(*other).contains(&chord))
}

/// Keys of the operator's own that call an action with something after its name.
fn extra(app: &App, scope: Scope) -> Vec<Row> {
    let own = app.settings.keys.bindings().filter_map(|(at, chord, to)| {
        let argument = to.argument.as_deref().filter(|_| at == scope)?;
        Some(line(&chord.to_string(), &format!(":{} {argument}", to.action), to.action.doc()))
    });
    own.collect()
}

/// What the small signs mean.
fn signs(app: &App) -> Vec<Row> {
    let symbols = app.look.symbols;
    let signs = [
        (symbols.queued, Role::Queued, "queued: nobody of the repo is there to take it"),
        (symbols.routed, Role::Routed, "routed: on its way to an instance"),
        (symbols.delivered, Role::Delivered, "delivered: the instance's client has it"),
        (symbols.read, Role::Read, "read: the agent itself has seen it"),
        (symbols.answered, Role::Answered, "answered"),
        (symbols.expired, Role::Expired, "expired: its time was up before it was read"),
        (symbols.held, Role::Held, "held: kept back until you let it go"),
        (symbols.refused, Role::Refused, "refused: this recipient does not get it"),
    ];
    let mut rows = vec![Row::of(Role::Title, "The delivery ladder, a sign for each recipient")];
    rows.extend(signs.map(|(sign, role, what)| {
        let mut row = Row::of(Role::Text, "  ");
        row.push(role, sign).push(Role::Text, &format!("  {what}"));
        row
    }));
    rows
}
