//! The console without a terminal: events and keys go in, screens come out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that panics fails")]

mod actions;
mod console;
mod decisions;
mod lists;
mod needs;
mod past;
mod properties;
mod screens;
mod story;
mod styles;
mod swarm;
mod texts;
mod threads;
