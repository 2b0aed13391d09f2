//! What the tests stand on.
//!
//! | module | what is in it |
//! |---|---|
//! | [`dialer`](super::dialer) | processes that connect for the tests, as agents or as the operator |
//! | [`machine`](super::machine) | a folder that is a machine: home, configuration, a bus, the command line |
//! | [`process`](super::process) | a child process that never outlives its test, and its output as it comes |
//! | [`screen`](super::screen) | a real terminal with a shell in it: what stands on it, and what it is told |
//! | [`wire`](super::wire) | a client that speaks to the socket as it likes |

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub(crate) use super::machine::{Bus, Machine};
pub(crate) use super::process::Process;
pub(crate) use super::screen::Screen;
pub(crate) use super::wire::Wire;

/// How long anything may take before a test gives it up. It is far beyond what a loaded machine needs: it only keeps a
/// test from hanging, and never passes one.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How often a condition that nobody announces is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Looks until there is something, which it gives.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    patiently(look, || what.to_owned())
}

/// The same, where what is said of a wait in vain is only known in the end.
#[track_caller]
pub(crate) fn patiently<T>(mut look: impl FnMut() -> Option<T>, what: impl FnOnce() -> String) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "waited in vain: {}", what());
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// The permission bits of what is at `path`, without following a link.
pub(crate) fn mode_of(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt;
    std::fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

/// A question as an envelope, without what the bus fills in.
pub(crate) fn query(id: &str, to: &str) -> Value {
    message(id, to, "Query", json!({ "question": format!("question {id}") }))
}

/// An announcement, to which nobody owes an answer.
pub(crate) fn notice(id: &str, to: &str) -> Value {
    message(id, to, "Notify", json!({ "change_type": "new_feature", "summary": format!("notice {id}") }))
}

/// An answer to the question `parent`.
pub(crate) fn answer(id: &str, to: &str, parent: &str, text: &str) -> Value {
    let message = message(id, to, "Query", json!({ "answer": text }));
    with(message, "reply_to", json!(parent))
}

/// An envelope, without what the bus fills in.
#[expect(clippy::needless_pass_by_value, reason = "payloads are written where they are used")]
pub(crate) fn message(id: &str, to: &str, kind: &str, payload: Value) -> Value {
    json!({ "id": id, "to": { "repo": to }, "type": kind, "payload": payload })
}

/// Flagship puts a proposal (`vote`) to the vote, LensSDK is against it (`no`), and the operator rejects it.
pub(crate) fn voted_down(bus: &Bus, flagship: &mut Wire, lens: &mut Wire) {
    let proposal = json!({ "proposal": "Move it", "affected_repos": ["Flagship", "LensSDK"], "requires_consensus": true });
    flagship.sends(&message("vote", "LensSDK", "Negotiate", proposal));
    let no = message("no", "Flagship", "Negotiate", json!({ "vote": "reject", "comment": "Not now" }));
    lens.sends(&with(no, "reply_to", json!("vote")));
    bus.run(&["reject", "vote", "--comment", "Later"]).exits(0);
}

/// The same object with a member set.
pub(crate) fn with(mut object: Value, member: &str, value: Value) -> Value {
    object[member] = value;
    object
}

/// A member as text; the test fails when it is none.
pub(crate) fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member].as_str().unwrap_or_else(|| panic!("no text {member:?} in {object}"))
}

/// Random numbers that are the same in every run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}
