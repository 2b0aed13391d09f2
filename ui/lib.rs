//! The operator console of veda-bus: watch a swarm of coding agents live, and write to it by hand.
//!
//! | module | what is in it |
//! |---|---|
//! | [`action`], [`keys`], [`settings`] | everything that an operator can do, the keys that call it, the operator's own settings |
//! | [`model`] | what is known of the swarm: the fold of events, and what the panes ask of it |
//! | [`app`] | everything that the console shows and remembers about showing it |
//! | [`mod@update`] | what happens, and what follows; pure |
//! | [`compose`] | writing by hand: forms, their check, drafts |
//! | [`view`] | draws it; pure |
//! | [`body`], [`words`], [`ago`], [`when`] | what messages say, what events tell, ages, moments as people write them |
//! | [`text`], [`row`] | makes text from agents harmless; cutting and wrapping; rows with roles |
//! | `diff` | what one wording says otherwise than another |
//! | [`theme`], [`look`] | what roles look like, on this terminal |
//! | [`link`] | the connection to the bus, on a thread of its own |
//! | [`search`] | a search through the whole journal |
//! | [`past`] | any moment of a journal, on a thread of its own |
//! | [`screen`], [`term`], [`pace`], `editor` | the terminal: what is on it, its modes, when to draw, `$EDITOR` |
//! | [`watch`] | tells when files change |
//! | [`mod@run`] | where all of it meets |
//!
//! A key becomes an action, an action changes the [`app::App`] and asks for effects, and what was changed is drawn. Events
//! of the bus take the same way. `docs/console.md` is the operator's guide.

pub mod action;
pub mod ago;
pub mod app;
pub mod body;
pub mod compose;
mod diff;
mod editor;
pub mod keys;
pub mod link;
pub mod look;
pub mod model;
pub mod pace;
pub mod past;
pub mod row;
pub mod run;
pub mod screen;
pub mod search;
pub mod settings;
pub mod term;
pub mod text;
pub mod theme;
pub mod update;
pub mod view;
pub mod watch;
pub mod when;
pub mod words;

pub use run::{ConsoleError, Start, run};
