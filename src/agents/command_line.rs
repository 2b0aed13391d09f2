//! The line for a shell in which a host runs a hook of ours: `init` writes it, and `doctor` looks for it.
//!
//! Ours is `[NAME=VALUE…] PROGRAM hook --host WORD [--wake]`, and nothing else in the line. Whatever a person has made more
//! of it is that person's.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use super::host::Host;

/// The program whose hooks are ours, wherever it is.
const PROGRAM: &str = "veda-bus";

/// What every hook of ours has between its program and the name of its host.
const MARK: [&str; 2] = ["hook", "--host"];

/// What makes a hook wait for messages, and wake the session.
const WAKE: &str = "--wake";

/// The line of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HookLine {
    /// `NAME=VALUE`, as somebody has written them before the program.
    variables: Vec<String>,
    pub(crate) program: String,
    host: String,
    /// Whether it waits for messages, and wakes the session.
    pub(crate) wakes: bool,
}

impl HookLine {
    /// That of a program for a host.
    pub(crate) fn new(program: &str, host: Host, wakes: bool) -> Self {
        let (program, host) = (program.to_owned(), host.word().to_owned());
        Self { variables: Vec::new(), program, host, wakes }
    }

    /// What a line says that has the form of ours, whatever program it starts.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let words = words(line.trim())?;
        let first = words.iter().position(|word| !word.is_variable())?;
        let (variables, words) = words.split_at(first);
        let [program, hook, option, host, rest @ ..] = words else { return None };
        let wakes = match rest {
            [] => false,
            [wake] if wake.text == WAKE => true,
            _ => return None,
        };
        let variables = variables.iter().map(|word| word.written.to_owned()).collect();
        let is_hook = [&hook.text[..], &option.text[..]] == MARK;
        is_hook.then(|| Self { variables, program: program.text.clone(), host: host.text.clone(), wakes })
    }

    /// This line where `other` stands: the variables that a person has set there stay.
    pub(crate) fn in_place_of(&self, other: Self) -> Self {
        Self { variables: other.variables, ..self.clone() }
    }

    /// Whether it starts this program, or one that has our name.
    pub(crate) fn is_ours(&self, own: Option<&Path>) -> bool {
        let program = Path::new(&self.program);
        Some(program) == own || program.file_name().is_some_and(|name| name == PROGRAM)
    }
}

impl fmt::Display for HookLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for variable in &self.variables {
            write!(f, "{variable} ")?;
        }
        let [hook, option] = MARK;
        write!(f, "{} {hook} {option} {}", quoted(&self.program), quoted(&self.host))?;
        if self.wakes { write!(f, " {WAKE}") } else { Ok(()) }
    }
}

/// A text as one word of a shell.
fn quoted(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into();
    }
    format!("'{}'", text.replace('\'', r"'\''")).into()
}

/// A word of a line for a shell.
struct Word<'a> {
    written: &'a str,
    /// The same without what quotes it.
    text: String,
}

impl Word<'_> {
    fn is_variable(&self) -> bool {
        self.written.split_once('=').is_some_and(|(name, _)| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
    }
}

/// The words of a line that is one simple command; `None` where it does more than start a program.
fn words(line: &str) -> Option<Vec<Word<'_>>> {
    let (mut words, mut rest) = (Vec::new(), line);
    while !rest.is_empty() {
        let (length, text) = first_word(rest)?;
        let (written, behind) = rest.split_at(length);
        words.push(Word { written, text });
        rest = behind.trim_start_matches([' ', '\t']);
    }
    Some(words)
}

/// The length of the first word, and its text.
fn first_word(line: &str) -> Option<(usize, String)> {
    let (mut text, mut quote) = (String::new(), None);
    let mut chars = line.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        match (quote, char) {
            (None, ' ' | '\t') => return Some((at, text)),
            (None, '\'' | '"') => quote = Some(char),
            (Some(open), close) if open == close => quote = None,
            (Some('\''), _) => text.push(char),
            (None, ';' | '&' | '|' | '<' | '>' | '(' | ')' | '\n') | (_, '`') => return None,
            (_, '$') if chars.peek().is_some_and(|(_, next)| *next == '(') => return None,
            (_, '\\') => {
                let (_, next) = chars.next()?;
                if quote.is_some() && !"$`\"\\".contains(next) {
                    text.push('\\');
                }
                text.push(next);
            }
            _ => text.push(char),
        }
    }
    quote.is_none().then_some((line.len(), text))
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
            let hook = HookLine::new(program.to_str().unwrap(), Host::Claude, true);
            let output = Command::new("sh").args(["-c", &hook.to_string()]).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), "hook --host claude --wake\n", "{hook}");
            assert_eq!(HookLine::read(&hook.to_string()), Some(hook));
        }
    }

    #[test]
    fn the_program_of_a_hook_is_a_word_of_a_shell() {
        for (line, program) in [
            ("veda-bus hook --host codex", "veda-bus"),
            (" /usr/bin/veda-bus  hook\t--host codex --wake\n", "/usr/bin/veda-bus"),
            ("A=1 B='x y;z' '/it'\\''s/veda-bus' hook --host gemini --wake", "/it's/veda-bus"),
            ("VEDA_BUS_SOCKET=\"$HOME/a b\" '/a b/veda-bus' hook --host gemini", "/a b/veda-bus"),
            ("\"/a \\\"b\\c/veda-bus\" hook --host gemini", "/a \"b\\c/veda-bus"),
            ("/a\\ b/veda-bus hook --host gemini", "/a b/veda-bus"),
        ] {
            let hook = HookLine::read(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(hook.program, program, "{line}");
            assert!(hook.is_ours(None), "{line}");
            assert_eq!(HookLine::read(&hook.to_string()), Some(hook), "{line}");
        }
    }

    #[test]
    fn variables_stay_as_they_are_written() {
        let line = "A=1 B=\"$HOME/x y\" veda-bus hook --host claude --wake";
        assert_eq!(HookLine::read(line).unwrap().to_string(), line);
    }

    #[test]
    fn a_line_that_does_more_is_somebody_elses() {
        for line in [
            "",
            "A=1",
            "veda-bus status",
            "veda-bus hook --host",
            "veda-bus hook --host codex --wake --more",
            "veda-bus hook --host codex # why",
            "logger starting; veda-bus hook --host claude; my-own-check",
            "logger starting; veda-bus hook --host claude",
            "VEDA_BUS_SOCKET=/run/x veda-bus hook --host claude && notify-send done",
            "veda-bus hook --host claude || true",
            "veda-bus hook --host claude&",
            "veda-bus hook --host claude 2>/dev/null",
            "veda-bus hook --host claude;",
            "(veda-bus hook --host claude)",
            "true\nveda-bus hook --host claude",
            "A=$(date) veda-bus hook --host claude",
            "A=\"`date`\" veda-bus hook --host claude",
            "timeout 5 veda-bus hook --host claude",
            "sh -c 'veda-bus hook --host claude'",
            "'veda-bus hook --host claude",
        ] {
            assert_eq!(HookLine::read(line), None, "{line}");
        }
    }

    #[test]
    fn our_programs_are_this_one_and_those_of_our_name() {
        let own = Some(Path::new("/opt/other-name"));
        let is_ours = |line: &str| HookLine::read(line).unwrap().is_ours(own);
        assert!(is_ours("/opt/other-name hook --host codex"));
        assert!(is_ours("/usr/bin/veda-bus hook --host codex"));
        assert!(!is_ours("my-veda-bus hook --host codex"));
        assert!(!is_ours("/opt/third hook --host codex"));
    }
}
