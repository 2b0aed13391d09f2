//! What the operating system knows of a connecting process.

use crate::hub::origin::Origin;
use crate::os::{self, Process};
use crate::wire::request::HostProcess;

/// Where the process comes from, and which of an agent's marks it bears.
pub(super) fn of(pid: Option<i32>, marks: &[String]) -> Origin {
    Origin {
        pid,
        // There is no process 0, so that one which the kernel does not name has no lineage.
        lineage: os::lineage(pid.unwrap_or_default()),
        mark: pid.and_then(|pid| os::environment_has(pid, marks)),
    }
}

/// The host of the agent for which the process connects. Where its parent is none to speak of, it is the process itself.
pub(super) fn host(pid: Option<i32>, which: HostProcess) -> Option<Process> {
    let pid = pid?;
    let parent = (which == HostProcess::Parent).then(|| os::parent(pid)).flatten();
    parent.or_else(|| os::process(pid))
}
