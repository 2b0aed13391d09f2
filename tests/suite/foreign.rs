//! Programs of others, which `scripts/clients` installs beside what cargo builds.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::harness::Process;

/// A file of what was installed.
pub(crate) fn installed(path: &str) -> String {
    let test = std::env::current_exe().unwrap();
    let found = test.ancestors().map(|folder| folder.join("clients").join(path)).find(|file| file.exists());
    let found =
        found.unwrap_or_else(|| panic!("{path} is not installed; use scripts/test, which does it first"));
    found.display().to_string()
}

/// A script that is one side of such a conversation.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

/// Runs it to its end, which has to be a good one, and gives what it printed.
pub(crate) fn output(mut process: Process) -> String {
    process.close_stdin();
    let status = process.wait();
    assert!(status.success(), "{status}: {}{}", process.stdout(), process.stderr());
    process.stdout()
}

/// The same for one that prints JSON.
pub(crate) fn json(process: Process) -> Value {
    let printed = output(process);
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}
