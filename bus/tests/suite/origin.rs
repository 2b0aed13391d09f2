//! Who may be the operator, by the rules of the hub.

use veda_bus_core::event::Event;
use veda_bus_core::hub::origin::{Origin, OriginPolicy};
use veda_bus_core::hub::{Command, Hub, Policy};
use veda_bus_core::name::InstanceId;
use veda_bus_core::os::Process;
use veda_bus_core::refusal::{Code, Refusal};
use veda_bus_core::wire::request::Register;

use crate::bench::{Bench, repo};

/// How many hosts are remembered.
const HOSTS: i32 = 1000;

fn process(pid: i32) -> Process {
    Process { pid, started: 7 }
}

fn register(bench: &mut Bench, name: &str, origin: Origin, host: Option<i32>) -> Result<InstanceId, Refusal> {
    let fresh = InstanceId::new(&format!("{name}-{}", bench.hub.last())).unwrap();
    let (register, host) = (Register::new(repo(name)), host.map(process));
    let command = Command::Register { register, current: None, origin, host, fresh: fresh.clone() };
    bench.command(command).map(|_| fresh)
}

fn agent(bench: &mut Bench, name: &str, host: i32) -> InstanceId {
    register(bench, name, Origin::default(), Some(host)).unwrap()
}

/// An attempt of process 4242 with these ancestors.
fn operator(bench: &mut Bench, ancestors: &[i32]) -> Result<InstanceId, Refusal> {
    let lineage = [4242].iter().chain(ancestors).map(|&pid| process(pid)).collect();
    register(bench, "operator", Origin { pid: Some(4242), lineage: Some(lineage), mark: None }, None)
}

fn hosts(hub: &Hub) -> Vec<(i32, String)> {
    hub.state().agent_hosts().map(|(host, repo)| (host.pid, repo.to_string())).collect()
}

#[test]
fn a_refused_attempt_is_one_event_and_nothing_else() {
    let mut bench = Bench::new();
    agent(&mut bench, "Flagship", 4100);
    let before = bench.names().len();
    let refusal = operator(&mut bench, &[4200, 4100, 1]).unwrap_err();
    assert_eq!(refusal.code, Code::OperatorOnly);
    let why = "this is not the operator: process 4242 descends from process 4100, the host of an instance of Flagship";
    assert_eq!(refusal.message, why);
    assert_eq!(
        refusal.hint.as_deref(),
        Some("run it from a shell of your own; an agent speaks as its own repo")
    );
    assert_eq!(bench.names()[before..], ["refused"]);
    let Event::Refused(refused) = bench.last_event() else { panic!("no refusal") };
    assert!(refused.repo.is_operator());
    assert_eq!((refused.code, refused.pid), (Code::OperatorOnly, Some(4242)));
    assert_eq!(refused.reason, refusal.to_string());
    assert_eq!((&refused.id, &refused.to), (&None, &None));
    assert!(bench.hub.state().instances().all(|instance| !instance.repo.is_operator()));
    assert!(operator(&mut bench, &[4201, 1]).is_ok(), "from another shell");
}

#[test]
fn once_an_agents_host_always_one() {
    let mut bench = Bench::new();
    let first = agent(&mut bench, "Flagship", 4100);
    bench.command(Command::Leave { instance: first }).unwrap();
    assert_eq!(operator(&mut bench, &[4100]).unwrap_err().code, Code::OperatorOnly);
    // The operator's own processes are nobody's host.
    let me = operator(&mut bench, &[4300]).unwrap();
    bench.command(Command::Leave { instance: me }).unwrap();
    assert_eq!(hosts(&bench.hub), [(4100, "Flagship".into())]);
    // A checkpoint tells a fold that knows nothing of what came before.
    bench.command(Command::Checkpoint { previous: String::new() }).unwrap();
    let mut later = Hub::new(Policy::default());
    later.recover(bench.events.last().unwrap());
    assert_eq!(hosts(&later), hosts(&bench.hub));
}

#[test]
fn the_latest_hosts_are_remembered_and_those_of_the_connected() {
    let mut bench = Bench::new();
    agent(&mut bench, "Stays", 1);
    let again = agent(&mut bench, "Again", 2);
    bench.command(Command::Leave { instance: again }).unwrap();
    for pid in 10..10 + HOSTS {
        let instance = agent(&mut bench, "Passing", pid);
        bench.command(Command::Leave { instance }).unwrap();
    }
    assert!(operator(&mut bench, &[1]).is_err(), "it is connected");
    assert!(operator(&mut bench, &[2]).is_ok(), "1,000 others came after it");
    assert!(operator(&mut bench, &[10]).is_err() && operator(&mut bench, &[9 + HOSTS]).is_err());
    let found = hosts(&bench.hub);
    let passing = (10..10 + HOSTS).map(|pid| (pid, "Passing".to_owned()));
    assert_eq!(found, [(1, "Stays".to_owned())].into_iter().chain(passing).collect::<Vec<_>>());
}

#[test]
fn nobody_is_asked_where_the_check_is_off() {
    let origin = OriginPolicy { check: false, ..OriginPolicy::default() };
    let mut bench = Bench::with(Policy { origin, ..Policy::default() });
    agent(&mut bench, "Flagship", 4100);
    assert!(operator(&mut bench, &[4100]).is_ok());
}
