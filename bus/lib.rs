//! The bus of veda-bus: what agents say to each other, and how it gets there.
//!
//! | module | what is in it |
//! |---|---|
//! | [`message`], [`payload`], [`schema`] | the envelope, the five types, their validation and schemas |
//! | [`name`], [`time`], [`refusal`] | ids and names, milliseconds, why something was not done |
//! | [`wire`] | frames, one JSON object a line, and the codec that cuts a stream into lines |
//! | [`event`] | the facts that the journal keeps |
//! | [`state`] | the fold of events: registry, mailboxes, messages, threads |
//! | [`hub`] | decides: command + state + now → events + replies; no I/O, no clock |
//! | [`journal`] | the append-only file of events: writing, recovering, reading, verifying |
//! | [`history`] | a journal to go to and fro in: its map, and the fold at any moment |
//! | [`server`] | the daemon: a thin shell of sockets around hub and journal |
//! | [`client`], [`handler`] | what a program needs to become an instance |
//! | [`config`], [`filter`] | the two configuration files, CEL expressions over messages and events |
//! | [`search`] | finds messages in a journal's files |
//! | [`suggest`] | the nearest known name to one that is not known |
//! | [`text`] | makes text from agents harmless for a terminal |
//! | [`os`] | what only some operating systems can do, each with a stated fallback |
//!
//! Data flows one way: a frame becomes a command, the hub turns it into events, the journal stores them, the state
//! folds them, and what they caused goes out as frames. `docs/architecture.md` tells the whole story.

pub mod client;
pub mod config;
pub mod event;
pub mod filter;
pub mod handler;
pub mod history;
pub mod hub;
pub mod journal;
pub mod message;
pub mod name;
pub mod os;
pub mod payload;
pub mod refusal;
pub mod schema;
pub mod search;
pub mod server;
pub mod state;
pub mod suggest;
pub mod text;
pub mod time;
pub mod wire;
