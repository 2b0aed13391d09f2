//! Whether a bus answers, and which.

use std::time::Duration;

use veda_bus_core::client::ClientError;
use veda_bus_core::client::blocking::Connection;
use veda_bus_core::state::view::{HostView, StateView};
use veda_bus_core::wire::Part;

use super::finding::Finding;
use super::within::within;
use crate::context::{Context, state};
use crate::failure::Failure;

const CHECK: &str = "bus";

/// How long a bus may take to tell its state.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was found at the socket.
pub(super) enum Found {
    /// A bus, in this state.
    State(Box<StateView>),
    /// Nothing that accepts connections.
    Nothing(String),
    /// Something that does not behave as our bus does.
    Strange(String),
}

impl Found {
    pub(super) fn state(&self) -> Option<&StateView> {
        match self {
            Self::State(state) => Some(state),
            _ => None,
        }
    }

    /// Whether anybody serves the socket.
    pub(super) fn is_served(&self) -> bool {
        !matches!(self, Self::Nothing(_))
    }
}

/// Asks the bus for its state.
pub(super) fn look(context: &Context) -> Found {
    let socket = context.socket().to_owned();
    let asked = within(PATIENCE, move || {
        let mut bus = Connection::open(&socket)?;
        state(&mut bus, &[Part::Obligations])
    });
    match asked {
        Some(Ok(state)) => Found::State(Box::new(state)),
        Some(Err(Failure::NoBus { error: error @ ClientError::NoBus { .. } })) => {
            Found::Nothing(error.to_string())
        }
        Some(Err(failure)) => Found::Strange(failure.to_string()),
        None => Found::Strange(format!(
            "nothing was said on {} within {} s",
            context.socket().display(),
            PATIENCE.as_secs()
        )),
    }
}

/// Whether it answers, and is of this version. With `autostart`, agents start one.
pub(super) fn check(found: &Found, autostart: bool) -> Finding {
    let state = match found {
        Found::State(state) => state,
        Found::Strange(what) => {
            return Finding::problem(CHECK, what, "veda-bus stop, then veda-bus serve --background");
        }
        Found::Nothing(error) if autostart => {
            return Finding::warning(
                CHECK,
                error,
                "an agent's MCP server starts one; so does veda-bus serve --background",
            );
        }
        Found::Nothing(error) => {
            return Finding::problem(CHECK, error, "start one: veda-bus serve --background");
        }
    };
    let Some(HostView { pid, version, .. }) = &state.host else {
        return Finding::ok(CHECK, "answers");
    };
    let answers = format!("process {pid} answers, version {version}");
    let own = env!("CARGO_PKG_VERSION");
    if version == own {
        return Finding::ok(CHECK, answers);
    }
    Finding::warning(
        CHECK,
        format!("{answers}; this program is {own}"),
        "start it again: veda-bus stop, veda-bus serve --background",
    )
}

#[cfg(test)]
mod tests {
    use veda_bus_core::time::Millis;

    use super::super::finding::Status;
    use super::*;

    #[test]
    fn an_older_bus_is_to_be_started_again() {
        let found = |version: &str| {
            let host = HostView { pid: 7, version: version.into(), since: Millis(1), running: true };
            Found::State(Box::new(StateView { host: Some(host), ..StateView::default() }))
        };
        assert_eq!(check(&found(env!("CARGO_PKG_VERSION")), true).status, Status::Ok);
        let older = check(&found("0.0.1"), true);
        assert_eq!(older.status, Status::Warning);
        assert!(
            older.what.contains("version 0.0.1")
                && older.todo.is_some_and(|todo| todo.contains("veda-bus stop"))
        );
    }

    #[test]
    fn that_none_answers_is_a_problem_where_nobody_starts_one() {
        let nothing = Found::Nothing("no bus answers".into());
        assert_eq!(
            [true, false].map(|autostart| check(&nothing, autostart).status),
            [Status::Warning, Status::Problem]
        );
        assert_eq!(check(&Found::Strange("?".into()), true).status, Status::Problem);
    }
}
