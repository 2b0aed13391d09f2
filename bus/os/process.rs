//! Processes: which one a number means, whose child it is, what is set in its environment.

use serde::{Deserialize, Serialize};

/// A process. Numbers are given again to later processes; with the time of its start, it is the same one for as long as
/// the machine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// When it started, in clock ticks since the machine did.
    pub started: u64,
}

/// How many processes [`lineage`] gives at most. Nobody's shell is as deep as that.
pub const MAX_LINEAGE: usize = 1000;

/// The names of shells in which programs run the commands that they were given.
#[cfg(target_os = "linux")]
const SHELLS: [&str; 8] = ["sh", "bash", "dash", "zsh", "ash", "ksh", "fish", "busybox"];

/// How often a lineage is looked at anew because it changed meanwhile.
#[cfg(target_os = "linux")]
const ATTEMPTS: usize = 8;

/// The longest environment that is looked through, in bytes; what a usual system lets a program start with.
#[cfg(target_os = "linux")]
const MAX_ENVIRONMENT: u64 = 8 << 20;

/// What `/proc/PID/stat` says, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg(target_os = "linux")]
struct Stat {
    name: String,
    parent: i32,
    started: u64,
}

#[cfg(target_os = "linux")]
impl Stat {
    fn read(pid: i32) -> Option<Self> {
        // A name is a program's to choose, and may be anything.
        let text = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        Self::parse(&String::from_utf8_lossy(&text))
    }

    /// `PID (NAME) STATE PPID …`: a name may hold brackets and spaces, so it ends at the last bracket, and the members
    /// are counted from there. A process that has ended and that nobody has waited for is none any more.
    fn parse(text: &str) -> Option<Self> {
        let (before, rest) = text.rsplit_once(") ")?;
        let (_, name) = before.split_once(" (")?;
        let mut members = rest.split_ascii_whitespace();
        let state = members.next()?;
        if matches!(state, "Z" | "X" | "x") {
            return None;
        }
        let parent = members.next()?.parse().ok()?;
        // The parent is member 4 of the line, the start member 22.
        let started = members.nth(17)?.parse().ok()?;
        Some(Self { name: name.to_owned(), parent, started })
    }
}

/// The process of this number, if there is one; `None` where the operating system does not tell.
#[cfg(target_os = "linux")]
pub fn process(pid: i32) -> Option<Process> {
    Stat::read(pid).map(|stat| Process { pid, started: stat.started })
}

/// The process that started `pid`, or that took it over when that one ended. None is told where it was taken over by
/// whoever takes over everything (the first process, and the manager of a user's services): all that the user runs
/// descends from it. `None` as well where the operating system does not tell.
#[cfg(target_os = "linux")]
pub fn parent(pid: i32) -> Option<Process> {
    let child = Stat::read(pid)?;
    let pid = child.parent;
    let stat = Stat::read(pid)?;
    let takes_over_everything = pid == 1 || stat.name == "systemd";
    let is_it = !takes_over_everything && stat.started <= child.started;
    is_it.then_some(Process { pid, started: stat.started })
}

/// The process that had `pid` started: its parent or, where that is a shell, whoever started the shell, and so on. `None`
/// where there is none, or where the operating system does not tell.
#[cfg(target_os = "linux")]
pub fn starter(pid: i32) -> Option<Process> {
    let is_shell = |one: &Process| Stat::read(one.pid).is_some_and(|stat| SHELLS.contains(&&*stat.name));
    lineage(pid)?.into_iter().skip(1).find(|one| !is_shell(one))
}

/// The process and its ancestors, nearest first, as far as they can be seen; at most [`MAX_LINEAGE`]. Nothing when there
/// is no such process any more. `None` where the operating system does not tell.
#[cfg(target_os = "linux")]
pub fn lineage(pid: i32) -> Option<Vec<Process>> {
    // Processes end while they are looked at, and their children get another parent.
    Some((0..ATTEMPTS).find_map(|_| walk(pid)).unwrap_or_default())
}

/// The lineage, unless it changed on the way.
#[cfg(target_os = "linux")]
fn walk(pid: i32) -> Option<Vec<Process>> {
    let mut found: Vec<Process> = Vec::new();
    let mut next = pid;
    while next > 0 && found.len() < MAX_LINEAGE {
        let stat = Stat::read(next);
        match (stat, found.last()) {
            // A later process has got the parent's number.
            (Some(stat), Some(child)) if stat.started > child.started => return None,
            (Some(stat), _) => {
                found.push(Process { pid: next, started: stat.started });
                next = stat.parent;
            }
            // Another user's processes may be hidden: then the child still names this parent.
            (None, Some(child)) => {
                let still = Stat::read(child.pid).is_some_and(|stat| stat.parent == next);
                return still.then_some(found);
            }
            (None, None) => break,
        }
    }
    Some(found)
}

/// The first of `names` that is set in the environment with which process `pid` was started. `None` when none is, when
/// there is no such process, and where the operating system does not tell.
#[cfg(target_os = "linux")]
pub fn environment_has(pid: i32, names: &[String]) -> Option<String> {
    use std::io::Read;
    let file = std::fs::File::open(format!("/proc/{pid}/environ")).ok()?;
    let mut environment = Vec::new();
    file.take(MAX_ENVIRONMENT).read_to_end(&mut environment).ok()?;
    first_set(&environment, names)
}

/// The first of `names` that stands in `NAME=value` lines ended by NUL.
#[cfg(target_os = "linux")]
fn first_set(environment: &[u8], names: &[String]) -> Option<String> {
    let set = |name: &&String| {
        let is_it =
            |line: &[u8]| line.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="));
        environment.split(|&byte| byte == 0).any(is_it)
    };
    names.iter().find(set).cloned()
}

/// Nothing: this operating system does not tell.
#[cfg(not(target_os = "linux"))]
pub fn process(_: i32) -> Option<Process> {
    None
}

/// Nothing: this operating system does not tell.
#[cfg(not(target_os = "linux"))]
pub fn parent(_: i32) -> Option<Process> {
    None
}

/// Nothing: this operating system does not tell.
#[cfg(not(target_os = "linux"))]
pub fn starter(_: i32) -> Option<Process> {
    None
}

/// Nothing: this operating system does not tell.
#[cfg(not(target_os = "linux"))]
pub fn lineage(_: i32) -> Option<Vec<Process>> {
    None
}

/// Nothing: this operating system does not tell.
#[cfg(not(target_os = "linux"))]
pub fn environment_has(_: i32, _: &[String]) -> Option<String> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};

    use super::*;

    fn stat(name: &str) -> String {
        format!(
            "4242 ({name}) S 4100 4242 4100 34816 4242 4194304 100 0 0 0 1 2 0 0 20 0 1 0 987654 1000 50 \
             18446744073709551615 1 1 0 0\n"
        )
    }

    #[test]
    fn a_name_may_be_anything() {
        for name in ["sh", "a b", ")", "x) R 1 (y", "(sd-pam)", "a) S 7 7 7", ""] {
            let expected = Stat { name: name.to_owned(), parent: 4100, started: 987_654 };
            assert_eq!(Stat::parse(&stat(name)), Some(expected), "{name:?}");
        }
    }

    #[test]
    fn what_is_no_such_line_is_nothing() {
        let cut = stat("sh").split(" 987654").next().unwrap().to_owned();
        for text in
            ["", "4242 (sh", "4242 (sh) S", &cut, "4242 (sh) S four", &stat("sh").replace("987654", "soon")]
        {
            assert_eq!(Stat::parse(text), None, "{text:?}");
        }
        assert_eq!(Stat::parse(&stat("sh").replace(") S ", ") Z ")), None, "it has ended");
    }

    #[test]
    fn a_lineage_begins_with_the_process_and_ends_with_the_first() {
        let own = i32::try_from(std::process::id()).unwrap();
        let found = lineage(own).unwrap();
        assert_eq!(found[0], process(own).unwrap());
        assert!(found.is_sorted_by(|child, parent| child.started >= parent.started), "{found:?}");
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let of_child = lineage(pid).unwrap();
        let started = parent(pid);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(of_child[1..], found);
        assert_eq!(started, Some(found[0]));
        assert_eq!((lineage(pid), process(pid), parent(pid)), (Some(Vec::new()), None, None));
    }

    #[test]
    fn nobody_is_the_child_of_whoever_takes_over_everything() {
        // Whatever the first process of this machine is called, its children have no parent to tell of.
        let children = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let pid: i32 = entry.unwrap().file_name().to_str()?.parse().ok()?;
            Stat::read(pid).filter(|stat| stat.parent <= 1).map(|_| pid)
        });
        for pid in children {
            assert_eq!(parent(pid), None, "{pid}");
        }
    }

    #[test]
    fn the_environment_of_a_process_is_looked_through_for_whole_names() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let environment = b"PATH=/bin\0XCLAUDECODE=1\0CODEX_THREAD_ID=\0NOTE=a\nGEMINI_CLI=1\0";
        let found = |asked: &[&str]| first_set(environment, &names(asked));
        assert_eq!(found(&["CLAUDECODE", "PATH"]), Some("PATH".into()));
        assert_eq!(found(&["CODEX_THREAD_ID"]), Some("CODEX_THREAD_ID".into()), "set to nothing is set");
        assert_eq!(found(&["CLAUDECODE", "CLAUDE", "PAT", "GEMINI_CLI"]), None);
        let mut child = Command::new("cat");
        child.env_clear().env("CLAUDECODE", "1").env("PATH", "/usr/bin:/bin");
        let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // Once it answers, it is surely what it was started as.
        child.stdin.as_mut().unwrap().write_all(b"!").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let of_child = environment_has(pid, &names(&["CODEX_THREAD_ID", "CLAUDECODE"]));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(of_child, Some("CLAUDECODE".into()));
        assert_eq!(environment_has(pid, &names(&["CLAUDECODE"])), None);
    }
}
