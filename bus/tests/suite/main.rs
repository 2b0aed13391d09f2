//! The bus crate through its public surface.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that panics fails")]

mod agreement;
mod bench;
mod client;
mod dialogues;
mod holds;
mod hub;
mod journal_state;
mod ledger;
mod limits;
mod negotiations;
mod obligations;
mod origin;
mod properties;
mod remembered;
mod script;
mod storm;
mod timeline;
mod validation;
