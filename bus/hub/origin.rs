//! Who may be the operator: no process that an agent's host started, and none that bears an agent's marks.
//!
//! What this is worth, and what not, is told in `docs/security.md`.

use crate::event::{Event, Refused};
use crate::name::RepoName;
use crate::os::{MAX_LINEAGE, Process};
use crate::refusal::{Code, Refusal};

/// What agents set in the environment of the commands that they run.
const MARKS: [&str; 7] = [
    "CLAUDECODE",
    "CLAUDE_CODE_SESSION_ID",
    "CODEX_SANDBOX",
    "CODEX_THREAD_ID",
    "GEMINI_CLI",
    "CURSOR_AGENT",
    "OPENCODE",
];

/// What is asked of a process that wants to act as the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginPolicy {
    /// Whether it is asked where it comes from at all.
    pub check: bool,
    /// The names of the environment variables that tell an agent's command.
    pub marks: Vec<String>,
}

impl Default for OriginPolicy {
    fn default() -> Self {
        Self { check: true, marks: MARKS.map(str::to_owned).to_vec() }
    }
}

/// What is known of a connecting process; by default, nothing can be known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// Its number, where the kernel tells it.
    pub pid: Option<i32>,
    /// The process and its ancestors, nearest first; empty when there is no such process any more, or the kernel does
    /// not tell which it is. `None` where the operating system tells nothing of the kind.
    pub lineage: Option<Vec<Process>>,
    /// The first of an agent's marks that is set in its environment.
    pub mark: Option<String>,
}

/// Whether this process may act as the operator, if these are the hosts of agents, each with its repo.
///
/// # Errors
/// `operator_only` with why it may not, in plain words.
pub fn check<'a>(
    origin: &Origin,
    hosts: impl Iterator<Item = (Process, &'a RepoName)>,
    policy: &OriginPolicy,
) -> Result<(), Refusal> {
    if !policy.check {
        return Ok(());
    }
    match reason(origin, hosts) {
        None => Ok(()),
        Some((reason, hint)) => {
            let message = format!("this is not the operator: {reason}");
            Err(Refusal::new(Code::OperatorOnly, message).hint(hint))
        }
    }
}

/// The event of a refused attempt.
pub fn refused(origin: &Origin, refusal: &Refusal) -> Event {
    Event::Refused(Refused {
        repo: RepoName::operator(),
        id: None,
        to: None,
        code: refusal.code,
        reason: refusal.to_string(),
        pid: origin.pid,
    })
}

/// Why not, and what to do about it.
fn reason<'a>(
    origin: &Origin,
    hosts: impl Iterator<Item = (Process, &'a RepoName)>,
) -> Option<(String, &'static str)> {
    const OWN_SHELL: &str = "run it from a shell of your own; an agent speaks as its own repo";
    // Where the operating system tells nothing, nobody can be refused for it.
    let lineage = origin.lineage.as_ref()?;
    let Some(pid) = origin.pid else {
        let reason = "the kernel does not tell which process it is, as with one in a container of its own";
        return Some((reason.into(), "run it on the machine that the bus runs on"));
    };
    if lineage.is_empty() {
        return Some((format!("process {pid} has ended, and nobody can tell what started it"), OWN_SHELL));
    }
    let place = |host: Process| lineage.iter().position(|process| *process == host);
    let nearest =
        hosts.filter_map(|(host, repo)| Some((place(host)?, host, repo))).min_by_key(|found| found.0);
    let reason = match (nearest, &origin.mark) {
        (Some((0, _, repo)), _) => format!("process {pid} is the host of an instance of {repo}"),
        (Some((_, host, repo)), _) => {
            format!("process {pid} descends from process {}, the host of an instance of {repo}", host.pid)
        }
        (None, Some(mark)) => format!("the environment of process {pid} has {mark}"),
        (None, None) if lineage.len() >= MAX_LINEAGE => {
            format!("process {pid} has {MAX_LINEAGE} ancestors, more than are looked through")
        }
        (None, None) => return None,
    };
    Some((reason, OWN_SHELL))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is known, the hosts, and what is said.
    type Case<'a> = (&'a Origin, &'a [(i32, &'a str)], Option<&'a str>);

    fn process(pid: i32) -> Process {
        Process { pid, started: 1000 + u64::from(pid.unsigned_abs()) }
    }

    /// A process, its shell, a terminal, the first process.
    fn origin(lineage: &[i32]) -> Origin {
        let lineage: Vec<_> = lineage.iter().map(|&pid| process(pid)).collect();
        Origin { pid: Some(4242), lineage: Some(lineage), mark: None }
    }

    /// The message of the refusal; nothing where there is none.
    fn said(origin: &Origin, hosts: &[(i32, &str)], policy: &OriginPolicy) -> Option<String> {
        let hosts: Vec<_> = hosts.iter().map(|&(pid, repo)| (process(pid), repo.parse().unwrap())).collect();
        let refusal = check(origin, hosts.iter().map(|(process, repo)| (*process, repo)), policy).err()?;
        assert_eq!(refusal.code, Code::OperatorOnly);
        assert!(refusal.hint.is_some());
        Some(refusal.message.strip_prefix("this is not the operator: ").unwrap().to_owned())
    }

    #[test]
    fn whoever_an_agents_host_started_is_refused_and_told_why() {
        let tree = origin(&[4242, 4200, 4100, 1]);
        let deep = origin(&(0..1000).rev().map(|up| 4242 - up).collect::<Vec<_>>());
        let mark = Origin { mark: Some("CLAUDECODE".into()), ..tree.clone() };
        let gone = origin(&[]);
        let hidden = Origin { pid: None, ..gone.clone() };
        let table: [Case; 10] = [
            (&tree, &[], None),
            (&tree, &[(4300, "Flagship"), (2, "LensSDK")], None),
            (
                &tree,
                &[(4300, "LensSDK"), (4100, "Flagship")],
                Some("process 4242 descends from process 4100, the host of an instance of Flagship"),
            ),
            (
                &tree,
                &[(4100, "Flagship"), (4200, "LensSDK")],
                Some("process 4242 descends from process 4200, the host of an instance of LensSDK"),
            ),
            (&tree, &[(4242, "Flagship")], Some("process 4242 is the host of an instance of Flagship")),
            (&mark, &[], Some("the environment of process 4242 has CLAUDECODE")),
            (
                &mark,
                &[(4200, "LensSDK")],
                Some("process 4242 descends from process 4200, the host of an instance of LensSDK"),
            ),
            (&deep, &[], Some("process 4242 has 1000 ancestors, more than are looked through")),
            (&gone, &[], Some("process 4242 has ended, and nobody can tell what started it")),
            (
                &hidden,
                &[],
                Some("the kernel does not tell which process it is, as with one in a container of its own"),
            ),
        ];
        for (origin, hosts, expected) in table {
            let found = said(origin, hosts, &OriginPolicy::default());
            assert_eq!(found.as_deref(), expected, "{hosts:?}");
            let unchecked = OriginPolicy { check: false, ..OriginPolicy::default() };
            assert_eq!(said(origin, hosts, &unchecked), None);
        }
    }

    #[test]
    fn a_number_that_was_given_again_is_another_process() {
        let mut later = origin(&[4242, 4200, 4100, 1]);
        later.lineage.as_mut().unwrap()[2].started += 1;
        assert_eq!(said(&later, &[(4100, "Flagship")], &OriginPolicy::default()), None);
    }

    #[test]
    fn where_nothing_can_be_known_nobody_is_refused() {
        for pid in [None, Some(4242)] {
            let unknown = Origin { pid, ..Origin::default() };
            assert_eq!(said(&unknown, &[(4242, "Flagship")], &OriginPolicy::default()), None);
        }
    }
}
