//! A real terminal with a shell in it: what stands on it, and what it is told.
//!
//! The terminal is tmux's, each on a server of its own that ends with the [`Screen`]. A program is run by a shell, so
//! that the prompt is there when it has ended, and shows how: whether the program left the terminal as it found it can
//! be seen then.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::harness::{Machine, eventually, patiently};
use super::machine::BINARY;

/// What the shell says when it is ready for a command: the exit code of the one before stands between the brackets.
const PROMPT: &str = "[$?]$ ";

/// What of the terminal a program may change, and has to change back, as far as tmux tells.
const FLAGS: [&str; 9] = [
    "alternate_on",
    "cursor_flag",
    "insert_flag",
    "keypad_cursor_flag",
    "keypad_flag",
    "mouse_any_flag",
    "mouse_sgr_flag",
    "origin_flag",
    "wrap_flag",
];

/// A terminal of a machine; dropped, it ends with all that runs in it.
pub(crate) struct Screen {
    /// tmux's socket, what the shell is to run, and what was recorded.
    folder: TempDir,
    /// tmux's own process.
    server: u32,
    /// The shell, which leads the session of all that runs in the terminal.
    shell: u32,
    /// Escape was sent, and nobody has looked yet at what came of it.
    escaping: Cell<bool>,
}

impl Screen {
    /// A terminal of so many cells with a shell that is ready, in the machine's working folder and with its home. The
    /// program under test is on its path as `veda-bus`.
    pub(crate) fn open(machine: &Machine, columns: u16, rows: u16) -> Self {
        Self::with(machine, columns, rows, &[])
    }

    /// The same, with more in its environment, or other values than the usual ones for `TERM` and `LANG`.
    pub(crate) fn with(machine: &Machine, columns: u16, rows: u16, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new().prefix("veda-screen-").tempdir().unwrap();
        let mut screen = Self { folder, server: 0, shell: 0, escaping: Cell::new(false) };
        let run = format!("unset ENV\nrun() {{ . {}; }}\n", quoted(&screen.file("command")));
        fs::write(screen.file("shell"), run).unwrap();
        let mut tmux = screen.command(&["set-option", "-s", "set-clipboard", "on", ";", "new-session", "-d"]);
        tmux.args(["-x", &columns.to_string(), "-y", &rows.to_string(), "env", "-i"]);
        tmux.args(variables(machine, environment)).arg(format!("ENV={}", screen.file("shell"))).arg("sh");
        tmux.env("HOME", machine.home()).current_dir(machine.work());
        output(&mut tmux);
        screen.server = screen.flag("pid").parse().unwrap();
        screen.shell = screen.flag("pane_pid").parse().unwrap();
        screen.ended();
        screen
    }

    /// Runs a command in the shell, whose prompt is there. All that is typed is `run`, so that nothing on the screen is
    /// taken for what the program says.
    #[track_caller]
    pub(crate) fn run(&self, command: &[&str]) {
        let line = command.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
        fs::write(self.file("command"), line).unwrap();
        self.literal("run");
        // The prompt is not alone in its line any more, so that it can not be taken for the next one.
        self.eventually("the shell shows what is typed", |text| text.trim_end().ends_with("]$ run"));
        self.keys(&["Enter"]);
    }

    /// Waits until the shell is ready, and gives the exit code of what ran: 128 and the signal for what one ended, or
    /// stopped.
    #[track_caller]
    pub(crate) fn ended(&self) -> i32 {
        let text = self.eventually("the shell is ready", |text| exit_code(text).is_some());
        exit_code(&text).unwrap()
    }

    /// The terminal goes away, as when its window is closed.
    pub(crate) fn hang_up(&self) {
        output(&mut self.command(&["kill-server"]));
    }

    /// Presses keys by tmux's names for them: `j`, `Enter`, `C-p`, `M-Enter`, `BTab`, `F1`.
    #[track_caller]
    pub(crate) fn keys(&self, keys: &[&str]) {
        assert!(
            !keys.contains(&"Escape"),
            "a program may take Escape and the next key for one: use escape()"
        );
        self.send(&[&["send-keys", "--"], keys].concat());
    }

    /// Presses Escape. What comes of it has to be waited for before anything else is sent, because Escape and a key in
    /// one read are Alt with that key.
    #[track_caller]
    pub(crate) fn escape(&self) {
        self.send(&["send-keys", "Escape"]);
        self.escaping.set(true);
    }

    /// Types text, a key after the other.
    #[track_caller]
    pub(crate) fn literal(&self, text: &str) {
        self.send(&["send-keys", "-l", "--", text]);
    }

    /// Sends bytes as they are, all ASCII: a report of the mouse (`ESC [<0;10;5M`) or of the focus (`ESC [O`).
    #[track_caller]
    pub(crate) fn report(&self, bytes: &str) {
        let codes: Vec<_> = bytes.bytes().map(|byte| format!("{byte:02x}")).collect();
        let codes: Vec<_> = codes.iter().map(String::as_str).collect();
        self.send(&[&["send-keys", "-H"], &codes[..]].concat());
    }

    /// Pastes text as a terminal does: in brackets when the program has asked for them, and line breaks as `\r`.
    #[track_caller]
    pub(crate) fn paste(&self, text: &str) {
        let mut load = self.command(&["load-buffer", "-b", "pasted", "-"]);
        let mut load = load.stdin(Stdio::piped()).spawn().unwrap();
        load.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(load.wait().unwrap().success());
        self.send(&["paste-buffer", "-p", "-d", "-b", "pasted"]);
    }

    /// What stands on the screen, a line a row, without the spaces at their ends.
    pub(crate) fn text(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// The same with the escape sequences for its colours, as `scripts/picture.py` takes it.
    pub(crate) fn coloured(&self) -> String {
        self.tmux(&["capture-pane", "-peN"])
    }

    /// Waits until `wanted` is on the screen, in one line.
    #[track_caller]
    pub(crate) fn sees(&self, wanted: &str) {
        self.eventually(&format!("{wanted:?} is on the screen"), |text| text.contains(wanted));
    }

    /// Waits until `unwanted` is on the screen no more.
    #[track_caller]
    pub(crate) fn sees_not(&self, unwanted: &str) {
        self.eventually(&format!("{unwanted:?} has left the screen"), |text| !text.contains(unwanted));
    }

    /// Waits until the screen is as `holds` wants it, and gives what is on it then.
    #[track_caller]
    pub(crate) fn eventually(&self, what: &str, mut holds: impl FnMut(&str) -> bool) -> String {
        let look = || Some(self.text()).filter(|text| holds(text));
        let text = patiently(look, || format!("{what}; on the screen is:\n{}", self.text()));
        self.escaping.set(false);
        text
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        self.tmux(&["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]);
    }

    /// What tmux knows of the terminal under a name: `alternate_on`, `pane_title`, `window_bell_flag`.
    pub(crate) fn flag(&self, name: &str) -> String {
        self.tmux(&["display-message", "-p", &format!("#{{{name}}}")]).trim_end().to_owned()
    }

    /// All that a program has to leave as it was: what tmux tells of the terminal, and the settings of the line. It
    /// tells nothing of bracketed paste and of focus reports; for them there is [`left_on`].
    pub(crate) fn manners(&self) -> String {
        let flags = FLAGS.map(|name| format!("{name} #{{{name}}}")).join(", ");
        let flags = self.tmux(&["display-message", "-p", &flags]);
        let line = output(Command::new("stty").args(["-a", "-F", &self.flag("pane_tty")]));
        flags + &line
    }

    /// What a program has copied last (OSC 52); nothing, if none has.
    pub(crate) fn clipboard(&self) -> String {
        // With nothing in it, tmux calls it an error.
        let shown = self.command(&["show-buffer"]).output().unwrap();
        String::from_utf8(shown.stdout).unwrap()
    }

    /// Waits until a program of this name runs in the terminal, and gives its process.
    pub(crate) fn pid_of(&self, program: &str) -> u32 {
        let look = || {
            let mut pgrep = Command::new("pgrep");
            let found = pgrep.args(["-s", &self.shell.to_string(), "-x", program]).output().unwrap();
            String::from_utf8(found.stdout).unwrap().trim_end().parse().ok()
        };
        patiently(look, || format!("{program} runs in the terminal; on the screen is:\n{}", self.text()))
    }

    /// Sends a program in the terminal a signal, as `kill -NAME` does.
    pub(crate) fn signal(&self, program: &str, name: &str) {
        let pid = self.pid_of(program);
        output(Command::new("kill").args([format!("-{name}"), pid.to_string()]));
    }

    /// Makes the terminal take nothing while `during` runs: whoever writes to it has to wait.
    pub(crate) fn frozen<T>(&self, during: impl FnOnce() -> T) -> T {
        let frozen = Frozen::new(self.server);
        let done = during();
        drop(frozen);
        done
    }

    /// Begins to record every byte that is written to the terminal.
    pub(crate) fn record(&self) {
        self.tmux(&["pipe-pane", &format!("cat >{}", quoted(&self.file("recording")))]);
    }

    /// What was recorded so far; what is on the screen may still be on its way.
    pub(crate) fn recording(&self) -> Vec<u8> {
        fs::read(self.file("recording")).unwrap_or_default()
    }

    /// All that was recorded; the shell's prompt is there.
    #[track_caller]
    pub(crate) fn recorded(&self) -> Vec<u8> {
        // The bytes come in their order: when these are there, so is all before.
        self.run(&["printf", "all is recorded"]);
        self.ended();
        eventually("the recording is whole", || {
            let recording = self.recording();
            contains(&recording, b"all is recorded").then_some(recording)
        })
    }

    /// The path of a file beside tmux's socket.
    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// A command of tmux that something is sent to the program with.
    #[track_caller]
    fn send(&self, arguments: &[&str]) {
        assert!(!self.escaping.get(), "wait for what Escape does, before anything else is sent");
        self.tmux(arguments);
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        // An argument that ends in a semicolon would end tmux's command.
        let plain: Vec<_> = arguments.iter().map(|argument| unseparated(argument)).collect();
        output(&mut self.command(&plain.iter().map(String::as_str).collect::<Vec<_>>()))
    }

    /// A command of tmux, on the server of this terminal.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).env("LANG", "C.UTF-8").args(["-u", "-f", "/dev/null", "-S"]);
        command.arg(self.file("tmux")).args(arguments);
        command
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.shell != 0 {
            // Also those that a hangup does not end.
            let _ = Command::new("pkill").args(["-KILL", "-s", &self.shell.to_string()]).status();
        }
        let _ = self.command(&["kill-server"]).output();
        let until = Instant::now() + Duration::from_secs(10);
        while is_running(self.server) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// A process that stands still until this is dropped.
struct Frozen(u32);

impl Frozen {
    fn new(pid: u32) -> Self {
        output(Command::new("kill").args(["-STOP", &pid.to_string()]));
        Self(pid)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-CONT", &self.0.to_string()]).status();
    }
}

/// The private modes of the terminal that are other than they were before the program that wrote `bytes`: 2004 is
/// bracketed paste, 1004 focus reports, 1000 to 1006 the mouse, 1049 the alternate screen, 25 the cursor.
pub(crate) fn left_on(bytes: &[u8]) -> Vec<u16> {
    let mut modes = BTreeMap::new();
    for sequence in String::from_utf8_lossy(bytes).split("\x1b[?").skip(1) {
        let end = sequence.find(|character: char| !character.is_ascii_digit() && character != ';');
        let Some(on) = end.and_then(|end| match &sequence[end..=end] {
            "h" => Some(true),
            "l" => Some(false),
            _ => None,
        }) else {
            continue;
        };
        modes.extend(sequence[..end.unwrap()].split(';').filter_map(|mode| Some((mode.parse().ok()?, on))));
    }
    // Wrapping and the cursor are on in a terminal that nobody has touched.
    modes.into_iter().filter(|(mode, on)| *on != matches!(mode, 7 | 25)).map(|(mode, _)| mode).collect()
}

/// The environment of the terminal: what a machine's command has, and what a terminal sets.
fn variables(machine: &Machine, more: &[(&str, &str)]) -> Vec<String> {
    let binaries = Path::new(BINARY).parent().unwrap().display();
    let path = std::env::var("PATH").unwrap_or_default();
    let home = machine.home().display().to_string();
    let path = format!("{binaries}:{path}");
    let usual =
        [("HOME", &*home), ("PATH", &*path), ("PS1", PROMPT), ("LANG", "C.UTF-8"), ("TERM", "tmux-256color")];
    // The last word of a name counts.
    usual.iter().chain(more).map(|(name, value)| format!("{name}={value}")).collect()
}

/// What the shell's prompt says of the command before, when it is the last thing on the screen.
fn exit_code(text: &str) -> Option<i32> {
    let (_, code) = text.trim_end().strip_suffix("]$")?.rsplit_once('[')?;
    code.parse().ok()
}

/// A word as the shell takes it.
fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=,".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// An argument that tmux does not take for the end of a command.
fn unseparated(argument: &str) -> String {
    argument.strip_suffix(';').map_or_else(|| argument.to_owned(), |before| format!(r"{before}\;"))
}

/// Whether `wanted` is somewhere in `bytes`.
pub(crate) fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// Whether there is such a process, and it has not ended.
pub(crate) fn is_running(pid: u32) -> bool {
    // One that has ended, and that nobody has waited for, has no arguments any more.
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|arguments| !arguments.is_empty())
}

/// Runs a command to its end; it has to succeed.
fn output(command: &mut Command) -> String {
    let name = format!("{command:?}");
    let output =
        command.output().unwrap_or_else(|error| panic!("{name}: {error} (scripts/tools installs it)"));
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
