//! What the console costs: `cargo bench --bench console`, with `-- --quick` for a first impression, and `-- --json` for
//! programs.
//!
//! Nothing is stood in for: frames are those of [`veda_bus_ui::view`], and what concerns a process is measured on the real
//! binary, in a terminal, on a bus with a journal. `docs/performance.md` tells of the figures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark that can not go on says where; its figures have few digits"
)]

#[path = "../tests/suite/dialer.rs"]
#[expect(dead_code, reason = "the operator here is a process of its own")]
mod dialer;

mod console {
    pub(crate) mod frames;
    pub(crate) mod machine;
    pub(crate) mod process;
    pub(crate) mod stream;
    pub(crate) mod swarm;
    pub(crate) mod table;
    pub(crate) mod terminal;
    pub(crate) mod votes;
}

use console::table::Table;
use console::{frames, process};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// How many conversations of four messages there are.
    pub(crate) conversations: usize,
    /// Frames of each kind.
    pub(crate) frames: usize,
    /// Keys of each kind.
    pub(crate) keys: usize,
    /// Starts of each kind.
    pub(crate) starts: usize,
}

const WHOLE: Effort = Effort { conversations: 250_000, frames: 2_000, keys: 500, starts: 20 };
const QUICK: Effort = Effort { conversations: 10_000, frames: 300, keys: 100, starts: 5 };

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    // `cargo test --benches` runs it, too, and has no use for figures.
    if !has("--bench") {
        return;
    }
    let effort = if has("--quick") { QUICK } else { WHOLE };
    let mut table = Table::new(has("--json"));
    frames::measure(effort, &mut table);
    process::measure(effort, &mut table);
    table.end();
}
