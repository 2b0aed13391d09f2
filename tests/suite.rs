//! The binary from outside: real processes, real sockets, real files, and clients of other languages.
//!
//! Every test has a machine of its own ([`harness`](suite::harness)): a temporary folder that is its home, with the
//! socket and the journal in it. Nothing waits for a fixed time where an event can be awaited, and no assertion is
//! about how long something took. `scripts/test` provides what the tests need beside cargo.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can not go on has failed, and says where"
)]

mod suite {
    pub(crate) mod dialer;
    pub(crate) mod foreign;
    pub(crate) mod harness;
    pub(crate) mod machine;
    pub(crate) mod process;
    pub(crate) mod screen;
    pub(crate) mod usecases;
    pub(crate) mod wire;

    mod agents_doc;
    mod answers;
    mod bad_connection;
    mod bad_envelope;
    mod bad_input;
    mod bad_payload;
    mod batch;
    mod claude;
    mod clients;
    mod console;
    mod console_doc;
    mod conversation;
    mod damage;
    mod declaring;
    mod demo;
    mod disk_full;
    mod doctor;
    mod example;
    mod exec;
    mod export;
    mod export_browser;
    mod flags;
    mod governance;
    mod handover;
    mod history;
    mod holding;
    mod hooks;
    mod hostile;
    mod inboxes;
    mod init;
    mod live;
    mod load;
    mod loop_guard;
    mod mcp;
    mod mcp_clients;
    mod named_files;
    mod obligations;
    mod origin;
    mod pictures;
    mod protocol_doc;
    mod regression;
    mod replay_equals_live;
    mod replay_print;
    mod restart;
    mod retention;
    mod rules_file;
    mod screen_itself;
    mod search;
    mod security;
    mod slow_reader;
    mod spec;
    mod stats;
    mod structure;
    mod stuck;
    mod torture;
}
