//! Hooks are lines for a shell.

use std::borrow::Cow;

use crate::agents::host::Host;

/// What every hook of ours has between its program and the name of its host.
const MARK: &str = " hook --host ";

/// The program whose hooks are ours, wherever it is.
const PROGRAM: &str = "veda-bus";

/// What makes a hook wait for messages, and wake the session.
const WAKE: &str = " --wake";

/// The line of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hook {
    pub(super) line: String,
}

impl Hook {
    /// That of a program for a host.
    pub(super) fn new(program: &str, host: Host, wakes: bool) -> Self {
        let wake = if wakes { WAKE } else { "" };
        Self { line: format!("{}{MARK}{}{wake}", word(program), host.word()) }
    }

    /// Whether a line is one of ours: of this program, or of one that has our name.
    pub(super) fn is_ours(&self, line: &str) -> bool {
        let program = |line: &'_ str| line.split_once(MARK).map(|(program, _)| program.to_owned());
        let Some(found) = program(line) else { return false };
        let name = found.trim_end_matches(['"', '\'']);
        let named = name
            .strip_suffix(PROGRAM)
            .is_some_and(|before| before.is_empty() || before.ends_with(['/', ' ', '"', '\'']));
        named || Some(found) == program(&self.line)
    }

    /// Whether a line of ours does what this one does, maybe of another program.
    pub(super) fn is_like(&self, line: &str) -> bool {
        self.line.ends_with(WAKE) == line.ends_with(WAKE)
    }
}

/// A text as one word of a shell.
fn word(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into();
    }
    format!("'{}'", text.replace('\'', r"'\''")).into()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_runs_the_program_whatever_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["veda-bus", "a b/veda-bus", "it's $HOME \"x\" `y` \\/veda-bus", "ü/veda-bus"] {
            let program = folder.path().join(name);
            std::fs::create_dir_all(program.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink("/bin/echo", &program).unwrap();
            let hook = Hook::new(program.to_str().unwrap(), Host::Claude, true);
            let output = Command::new("sh").args(["-c", &hook.line]).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), "hook --host claude --wake\n", "{hook:?}");
            assert!(Hook::new("/x/veda-bus", Host::Claude, false).is_ours(&hook.line), "{hook:?}");
        }
    }

    #[test]
    fn our_hooks_are_told_from_those_of_others() {
        let hook = Hook::new("/opt/other-name", Host::Codex, false);
        for ours in [
            "veda-bus hook --host codex",
            "/usr/bin/veda-bus hook --host codex --wake",
            "VEDA_BUS_SOCKET=/x '/a b/veda-bus' hook --host gemini",
            "\"/a b/veda-bus\" hook --host gemini",
            "/opt/other-name hook --host codex",
        ] {
            assert!(hook.is_ours(ours), "{ours}");
        }
        for foreign in
            ["", "veda-bus status", "my-veda-bus hook --host codex", "/opt/third hook --host codex"]
        {
            assert!(!hook.is_ours(foreign), "{foreign}");
        }
    }
}
