//! What a running bus takes of a changed configuration, and what a bus in another process is given.

use super::super::*;
use super::Machine;

#[test]
fn rules_are_taken_at_once_and_the_rest_waits() {
    let mut machine = Machine::new().global("[bus]\nlog_keep = 3\n");
    let old = machine.load().bus;
    assert_eq!(
        reload(&machine.sources, &old).unwrap(),
        Reloaded { rules: old.rules.clone(), waiting: vec![] }
    );
    machine = machine.global("[bus]\nlog_keep = 4\napproval.check_origin = false\nlimits.loop_answers = 2\n");
    let reloaded = reload(&machine.sources, &old).unwrap();
    assert_eq!(reloaded.waiting, ["bus.log_keep", "bus.approval.check_origin"]);
    assert_eq!(reloaded.rules.limits.loop_answers, 2);
    machine = machine.global("[bus.approval]\nhold = ['from = 1']\n");
    let error = reload(&machine.sources, &old).unwrap_err().to_string();
    assert!(error.contains("bus.toml:2:15: bus.approval.hold: "), "{error}");
}

#[test]
fn every_other_key_of_a_bus_waits() {
    for key in KEYS.iter().filter(|key| key.name.starts_with("bus.")) {
        let value = match key.kind {
            Kind::Path => "'/elsewhere'".to_owned(),
            Kind::Integer { .. } => "1500".into(),
            Kind::Boolean => "false".into(),
            Kind::Choice(words) => format!("'{}'", words.last().unwrap()),
            Kind::Filters => "['true']".into(),
            Kind::AllowRules => "[{ from = 'A', to = 'B' }]".into(),
            _ => "['X']".into(),
        };
        let machine = Machine::new();
        let old = machine.load().bus;
        let machine = machine.global(&format!("{} = {value}\n", key.name));
        let reloaded = reload(&machine.sources, &old).unwrap();
        assert_eq!(reloaded.rules != old.rules, key.is_live(), "{}", key.name);
        // It is for who would start a bus, and nothing to one that runs.
        let is_told = !key.is_live() && key.name != "bus.autostart";
        assert_eq!(reloaded.waiting, if is_told { vec![key.name] } else { vec![] });
    }
}

#[test]
fn a_mistake_in_a_repository_keeps_no_rule_back() {
    let machine = Machine::new().repo("bus.socket_path = \"here.sock\"\n");
    let old = machine.load().bus;
    let machine = machine.repo("nonsense = \n").global("bus.approval.negotiations = 'never'\n");
    let reloaded = reload(&machine.sources, &old).unwrap();
    assert_eq!((reloaded.rules.negotiations, reloaded.waiting), (Approval::Never, vec![]));
}

#[test]
fn a_bus_in_another_process_reads_its_rules_from_the_file() {
    let machine = Machine::new()
        .global("[bus]\napproval.agent_marks = []\nlimits.loop_answers = 3\napproval.hold = ['true']\nlog_keep = 2\n")
        .env("VEDA_BUS_LIMITS_THREAD_DEPTH", "7");
    let config = machine.load();
    let names: Vec<_> = config.bus_environment.iter().map(|(name, _)| *name).collect();
    assert!(
        names.contains(&"VEDA_BUS_LOG_KEEP") && names.contains(&"VEDA_BUS_LIMITS_THREAD_DEPTH"),
        "{names:?}"
    );
    assert!(!names.contains(&"VEDA_BUS_LIMITS_LOOP_ANSWERS"), "a variable would overrule every later change");
    let mut other = Machine::new();
    other.sources.config = machine.load().bus.config_path;
    other
        .sources
        .environment
        .extend(config.bus_environment.iter().map(|(name, value)| ((*name).into(), value.clone())));
    assert_eq!(other.load().bus, config.bus);
}
