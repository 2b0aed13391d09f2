//! Whose socket it is, whose journal, and who may speak.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::harness::{Bus, Machine, Process, eventually, mode_of, query};
use super::machine::BINARY;

/// A user that owns nothing here.
const NOBODY: u32 = 65534;

/// Whether this process may act as another user. Where it may not, what it can not test is said.
fn is_root() -> bool {
    let root = mode_owner(Path::new("/proc/self")) == 0;
    if !root {
        eprintln!("NOT TESTED: what other users may do; only root can act as one of them");
    }
    root
}

fn mode_owner(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).unwrap().uid()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn chown(path: &Path, uid: u32) {
    std::os::unix::fs::lchown(path, Some(uid), Some(uid)).unwrap();
}

/// A command as [`NOBODY`].
fn as_nobody(machine: &Machine, program: &Path) -> Command {
    let mut command = machine.command("setpriv");
    let (uid, gid) = (format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"));
    command.args([&uid, &gid, "--clear-groups"]).arg(program).current_dir("/");
    command
}

/// A copy of the binary where everybody can run it.
fn public_binary(machine: &Machine) -> std::path::PathBuf {
    let copy = machine.root().join("veda-bus");
    fs::copy(BINARY, &copy).unwrap();
    set_mode(&copy, 0o755);
    set_mode(machine.root(), 0o755);
    copy
}

#[test]
fn every_file_is_the_users_own_whatever_the_mask_is() {
    let machine = Machine::new("log_path = \"~/new/folder/log\"\nlog_segment_bytes = 4096");
    let mut command = machine.command("sh");
    command.args(["-c", "umask 000; exec \"$0\" serve", BINARY]);
    let bus = Bus::started_by(machine, command);
    let mut wire = bus.instance("Flagship");
    bus.instance("LensSDK");
    for index in 0..50 {
        wire.sends(&query(&format!("q{index}"), "LensSDK"));
    }
    assert_eq!(mode_of(&bus.socket()), 0o600);
    assert_eq!(mode_of(&bus.root().join("bus.sock.lock")), 0o600);
    let folder = bus.home().join("new/folder");
    assert_eq!(mode_of(&folder), 0o700);
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() > 3, "the journal, its lock, and segments: {files:?}");
    for file in files {
        assert_eq!(mode_of(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn what_is_not_a_socket_of_ours_stays_where_it_is() {
    let machine = Machine::new("");
    let (socket, other) = (machine.socket(), machine.root().join("other"));
    let _live = UnixListener::bind(&other).unwrap();
    symlink(&other, &socket).unwrap();
    machine.run(&["serve"]).exits(1).complains("symbolic link");
    assert_eq!(fs::read_link(&socket).unwrap(), other);
    fs::remove_file(&socket).unwrap();
    symlink("nowhere", &socket).unwrap();
    machine.run(&["serve"]).exits(1).complains("symbolic link");
    fs::remove_file(&socket).unwrap();
    fs::write(&socket, "precious").unwrap();
    machine.run(&["serve"]).exits(1).complains("not a socket");
    assert_eq!(fs::read_to_string(&socket).unwrap(), "precious");
    fs::remove_file(&socket).unwrap();
    fs::create_dir(&socket).unwrap();
    machine.run(&["serve"]).exits(1).complains("not a socket");
    fs::remove_dir(&socket).unwrap();
    let _somebody = UnixListener::bind(&socket).unwrap();
    machine.run(&["serve"]).exits(1).complains("already serves");
    assert!(!machine.journal().exists(), "a bus that has no socket leaves the journal alone");
}

#[test]
fn the_journal_and_the_locks_are_never_links() {
    for file in ["home/.veda/coordination.log", "home/.veda/coordination.log.lock", "bus.sock.lock"] {
        let machine = Machine::new("");
        let target = machine.root().join("target");
        fs::write(&target, "precious").unwrap();
        symlink(&target, machine.root().join(file)).unwrap();
        machine.run(&["serve"]).exits(1).complains("symbolic link").complains(file);
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
        assert!(!machine.socket().exists(), "a bus that could not start leaves no socket");
    }
    // What is no journal is not made one.
    let machine = Machine::new("");
    fs::write(machine.journal(), "precious").unwrap();
    machine.run(&["serve"]).exits(1).complains("is not a journal");
    assert_eq!(fs::read_to_string(machine.journal()).unwrap(), "precious");
}

#[test]
fn a_stale_socket_is_replaced_and_a_clean_end_leaves_none() {
    let mut bus = Bus::start();
    bus.kill();
    assert!(bus.socket().exists(), "a killed bus can not clean up");
    bus.run(&["status"]).exits(3);
    bus.restart();
    for signal in ["TERM", "INT"] {
        bus.process().signal(signal);
        let status = bus.process().wait();
        assert!(status.success(), "{signal}: {status}");
        assert!(!bus.socket().exists(), "{signal}");
        bus.restart();
    }
    let mut wire = bus.instance("LensSDK");
    bus.terminate();
    let last = wire.rest();
    assert_eq!(last, [json!({ "op": "notice", "kind": "shutting_down" })]);
}

#[test]
fn a_second_bus_is_refused_and_the_first_goes_on() {
    let bus = Bus::start();
    let pid = format!("pid {}", bus.pid());
    bus.run(&["serve"]).exits(1).complains(&pid).complains("already serves");
    let other = bus.root().join("other.sock");
    let process = format!("process {}", bus.pid());
    bus.run(&["serve", "--socket", other.to_str().unwrap()]).exits(1).complains(&process);
    assert!(!other.exists(), "it takes its socket away again");
    bus.run(&["status"]).exits(0);
    assert!(bus.socket().exists());
    bus.run(&["log", "verify"]).exits(0);
}

#[test]
fn other_users_can_not_connect() {
    if !is_root() {
        return;
    }
    let bus = Bus::start();
    let binary = public_binary(&bus);
    let connect = || {
        let mut command = as_nobody(&bus, Path::new("socat"));
        command.args(["-t60", "-"]).arg(format!("UNIX-CONNECT:{}", bus.socket().display()));
        Process::start(command)
    };
    let mut kept_out = connect();
    assert!(!kept_out.wait().success());
    assert!(kept_out.stderr().contains("Permission denied"), "{}", kept_out.stderr());
    // Whoever opens the door by hand has not opened the bus.
    set_mode(&bus.socket(), 0o777);
    let mut sent_away = connect();
    let error = sent_away.json();
    sent_away.close_stdin();
    assert_eq!((&error["op"], &error["code"]), (&json!("error"), &json!("access_denied")));
    assert!(sent_away.wait().success(), "the bus hangs up: {}", sent_away.stderr());
    let mut cli = as_nobody(&bus, &binary);
    cli.args(["status", "--socket"]).arg(bus.socket()).env("HOME", "/nonexistent");
    let mut cli = Process::start(cli);
    assert_eq!(cli.wait().code(), Some(1));
    cli.says("belongs to user 0");
    assert!(!bus.run(&["log"]).exits(0).stdout.contains("registered"), "none of them was heard");
}

#[test]
fn a_client_does_not_talk_to_somebody_elses_bus() {
    if !is_root() {
        return;
    }
    let machine = Machine::new("");
    let binary = public_binary(&machine);
    let theirs = machine.root().join("theirs");
    fs::create_dir(&theirs).unwrap();
    chown(&theirs, NOBODY);
    let socket = theirs.join("bus.sock");
    let mut command = as_nobody(&machine, &binary);
    command.args(["serve", "--socket"]).arg(&socket).env("HOME", &theirs);
    let _bus = Process::start(command);
    eventually("their bus is there", || socket.exists().then_some(()));
    let socket = socket.to_str().unwrap();
    for arguments in [&["status", "--socket", socket][..], &["join", "--repo", "A", "--socket", socket]] {
        machine.run(arguments).exits(1).complains(&format!("belongs to user {NOBODY}"));
    }
}

#[test]
fn somebody_elses_files_are_not_touched() {
    if !is_root() {
        return;
    }
    let machine = Machine::new("");
    // Nobody listens on it any more.
    drop(UnixListener::bind(machine.socket()).unwrap());
    chown(&machine.socket(), NOBODY);
    machine.run(&["serve"]).exits(1).complains(&format!("belongs to user {NOBODY}"));
    assert!(machine.socket().exists());
    fs::remove_file(machine.socket()).unwrap();
    fs::write(machine.journal(), "").unwrap();
    chown(&machine.journal(), NOBODY);
    machine.run(&["serve"]).exits(1).complains(&format!("uid {NOBODY}"));
    assert_eq!(fs::read(machine.journal()).unwrap(), b"");
}

#[test]
fn the_identity_is_checked_on_every_send() {
    let bus = Bus::start();
    bus.instance("LensSDK");
    let mut wire = bus.instance("Flagship");
    wire.sends(&query("own", "LensSDK"));
    let mut forged = query("forged", "LensSDK");
    forged["from"] = json!({ "repo": "operator" });
    assert_eq!(wire.send(&forged)["code"], "identity_mismatch");
    let mut lens = bus.instance("LensSDK");
    let got = lens.receive();
    assert_eq!(
        (&got["id"], &got["from"]),
        (&json!("own"), &json!({ "repo": "Flagship", "instance_id": wire.instance }))
    );
    assert!(lens.all_now().is_empty());
    // The attempt is on record.
    let log = bus.run(&["log", "--json"]).exits(0).json_lines();
    let refused = log.iter().find(|line| line["event"] == "refused").unwrap();
    assert_eq!((&refused["repo"], &refused["code"]), (&json!("Flagship"), &json!("identity_mismatch")));
}
