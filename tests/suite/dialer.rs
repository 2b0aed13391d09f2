//! Processes that connect for the tests.
//!
//! The bus asks the kernel which process has connected, and nothing that the host of an agent has started may act as
//! the operator. All tests share one process, which starts every command: if it were the host of their agents, none of
//! those commands could be the operator's. So the agents' connections are made by one process and the operator's by
//! another, both without an environment, and handed over.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex};

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, SocketFlags, SocketType,
    recvmsg, send, socketpair,
};

/// Connects to each socket that it is told, and hands the connection over; ends with the tests.
const SCRIPT: &str = "
import socket
tests = socket.socket(fileno=0)
while path := tests.recv(4096):
    made = socket.socket(socket.AF_UNIX)
    try:
        made.connect(path)
        socket.send_fds(tests, [b'+'], [made.fileno()])
    except OSError:
        tests.send(b'-')
    made.close()
";

/// The host of all agents that are no processes of their own.
static AGENTS: LazyLock<Dialer> = LazyLock::new(Dialer::start);

/// The operator, where that is no process of its own.
static OPERATOR: LazyLock<Dialer> = LazyLock::new(Dialer::start);

struct Dialer(Mutex<OwnedFd>);

impl Dialer {
    #[expect(clippy::zombie_processes, reason = "it ends after the tests, when they close their side")]
    fn start() -> Self {
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut python = Command::new("python3");
        python.args(["-c", SCRIPT]).env_clear().env("PATH", path);
        python.stdin(theirs).stdout(Stdio::null()).spawn().expect("python3 (scripts/tools installs it)");
        Self(Mutex::new(ours))
    }

    fn connect(&self, socket: &Path) -> Option<UnixStream> {
        let control = self.0.lock().unwrap();
        send(&*control, socket.as_os_str().as_encoded_bytes(), SendFlags::empty()).unwrap();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut handed = RecvAncillaryBuffer::new(&mut space);
        let mut said = [0];
        recvmsg(&*control, &mut [IoSliceMut::new(&mut said)], &mut handed, RecvFlags::CMSG_CLOEXEC).unwrap();
        let made = handed.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut made) => made.next(),
            _ => None,
        });
        assert_eq!(said, if made.is_some() { *b"+" } else { *b"-" }, "the process that connects has ended");
        made.map(UnixStream::from)
    }
}

/// A connection of an agent, if somebody answers.
pub(crate) fn agent(socket: &Path) -> Option<UnixStream> {
    AGENTS.connect(socket)
}

/// A connection of the operator, if somebody answers.
pub(crate) fn operator(socket: &Path) -> Option<UnixStream> {
    OPERATOR.connect(socket)
}
