//! What is said about a configuration that is wrong.

use super::Machine;

#[test]
fn mistakes_in_the_global_file() {
    for (text, expected) in [
        (
            "[bus]\nmax_mesage_size = 1\n",
            "2:1: unknown key \"max_mesage_size\" in [bus]; did you mean \"max_message_size\"?",
        ),
        ("[bus]\nzzz = 1\n", "2:1: unknown key \"zzz\" in [bus]"),
        ("[buss]\nlog_keep = 1\n", "1:2: unknown table \"buss\"; did you mean \"bus\"?"),
        ("log_keep = 1\n", "1:1: unknown key \"log_keep\""),
        ("[bus.socket]\n", "1:6: unknown table \"socket\" in [bus]"),
        (
            "[coordination.filter]\n",
            "1:15: unknown table \"filter\" in [coordination]; did you mean \"filters\"?",
        ),
        (
            "[coordination.filters]\nclaude_filter = 1",
            "2:1: unknown key \"claude_filter\" in [coordination.filters]",
        ),
        ("bus = 3\n", "1:1: expected a table, found a value; write [bus]"),
        (
            "[bus]\n\nmax_message_size = \"1M\"\n",
            "3:20: bus.max_message_size: expected an integer (bytes), found a string",
        ),
        (
            "bus.max_message_size = 1023",
            "1:24: bus.max_message_size: expected an integer (bytes) from 1024 to 67108864, found 1023",
        ),
        (
            "bus.max_message_size = 0x4000001",
            "1:24: bus.max_message_size: expected an integer (bytes) from 1024 to 67108864, found 67108865",
        ),
        (
            "bus.default_ttl = -1",
            "1:19: bus.default_ttl: expected an integer (seconds) from 1 to 3155760000, found -1",
        ),
        (
            "bus.stuck_after = 999999999999999999999999999999999999999999",
            "1:19: bus.stuck_after: expected an integer (seconds) from 1 to 3155760000, \
             found 999999999999999999999999999999999999999999",
        ),
        ("bus.stuck_after = 1.5", "1:19: bus.stuck_after: expected an integer (seconds), found a float"),
        ("bus.enable_logging = 1", "1:22: bus.enable_logging: expected true or false, found an integer"),
        (
            "bus.durability = \"disk\"",
            "1:18: bus.durability: expected one of \"power\", \"process\", found \"disk\"",
        ),
        ("bus.log_path = \"\"", "1:16: bus.log_path: expected a path, found an empty string"),
        ("bus.log_path = [\"a\"]", "1:16: bus.log_path: expected a path, found an array"),
        ("bus.log_path = { a = 1 }", "1:16: bus.log_path: expected a path, found a table"),
        (
            "bus.log_keep = 1979-05-27",
            "1:16: bus.log_keep: expected an integer (files; 0 is all), found a date",
        ),
        (
            "[coordination]\nrepo_name = \"Flagship\"\n",
            "2:1: coordination.repo_name may not be set here; it belongs in a repository's own file, \
             .veda/coordination.toml",
        ),
        ("[bus]\nlog_keep = 1\nlog_keep = 2\n", "3:1: duplicate key"),
        ("# é\nbus.é = 1\n", "2:5: invalid unquoted key"),
        ("[bus\n", "1:5: unclosed table, expected `]`"),
    ] {
        let error = Machine::new().global(text).error();
        let error = error.strip_prefix("home/.veda/bus.toml:").unwrap_or(&error);
        assert!(error.starts_with(expected), "{text:?}: {error}");
        assert!(!expected.contains(": expected") || error == expected, "{text:?}: {error}");
    }
}

#[test]
fn mistakes_in_the_file_of_a_repository() {
    let many: Vec<String> = (0..65).map(|n| format!("\"c{n}\"")).collect();
    let many = format!("[coordination]\ncapabilities = [{}]", many.join(","));
    for (text, expected) in [
        (
            "[bus]\nlog_path = \"/etc/passwd\"\n",
            "2:1: bus.log_path may not be set here; it belongs in the global file, ~/.veda/bus.toml",
        ),
        (
            "coordination.repo_name = \"*\"",
            "1:26: coordination.repo_name: expected the name of a repo, found \"*\", which is everyone",
        ),
        (
            "coordination.repo_name = \" \"",
            "1:26: coordination.repo_name: expected the name of a repo, found an empty string",
        ),
        (
            "coordination.repo_name = \"a\\u202eb\"",
            "1:26: coordination.repo_name: expected the name of a repo, found a string with U+202E in it",
        ),
        (
            "coordination.capabilities = \"ui\"",
            "1:29: coordination.capabilities: expected an array of at most 64 capabilities, found a string",
        ),
        (&many, "2:16: coordination.capabilities: expected an array of at most 64 capabilities, found 65"),
        (
            "coordination.capabilities = [\n  \"ui\",\n  3,\n]",
            "3:3: coordination.capabilities: expected a string, found an integer",
        ),
        (
            "coordination.capabilities = [\"ui\", \"\"]",
            "1:36: coordination.capabilities: expected a capability, found an empty string",
        ),
        (
            "coordination.accept_requests_from = [\"*\", \" x\"]",
            "1:43: coordination.accept_requests_from: expected the name of a repo or \"*\", \
             found a string with white space at an end",
        ),
        (
            "[coordination.filters]\nclaude_message_filter = \"'é' != from && priorty >= low\"",
            "2:41: coordination.filters.claude_message_filter: line 1, column 16: unknown variable `priorty`; \
             did you mean `priority`?",
        ),
        (
            "[coordination.filters]\nclaude_message_filter = \"\"\"\npriority ==\n 'high'\"\"\"",
            "2:25: coordination.filters.claude_message_filter: line 2, column 2: a priority can not be compared with \
             a string; compare `priority` with low, normal or high, without quotes",
        ),
        (
            "coordination.filters.claude_message_filter = 'priority'",
            "1:46: coordination.filters.claude_message_filter: the expression must give true or false, and gives \
             a priority",
        ),
    ] {
        let expected = format!("home/repo/.veda/coordination.toml:{expected}");
        assert_eq!(Machine::new().repo(text).error(), expected, "{text:?}");
    }
}

#[test]
fn mistakes_in_the_environment_and_on_the_command_line() {
    for (name, value, expected) in [
        ("VEDA_BUS_LOG_KEEP", "many", "bus.log_keep: expected an integer (files; 0 is all), found \"many\""),
        (
            "VEDA_BUS_DEFAULT_TTL",
            "0",
            "bus.default_ttl: expected an integer (seconds) from 1 to 3155760000, found 0",
        ),
        (
            "VEDA_AUTO_ACKNOWLEDGE",
            "yes",
            "coordination.auto_acknowledge: expected true or false, found \"yes\"",
        ),
        (
            "VEDA_REPO_NAME",
            "*",
            "coordination.repo_name: expected the name of a repo, found \"*\", which is everyone",
        ),
        (
            "VEDA_CLAUDE_MESSAGE_FILTER",
            "priority >=",
            "coordination.filters.claude_message_filter: line 1, column 12: unexpected end of the expression",
        ),
    ] {
        let machine = Machine::new().env(name, value);
        assert_eq!(machine.error(), format!("environment variable {name}: {expected}"));
    }
    let machine = Machine::new().flag("bus.log_keep", "-1");
    assert_eq!(
        machine.error(),
        "command line: bus.log_keep: expected an integer (files; 0 is all) from 0 to 1000000000, found -1"
    );
    assert_eq!(
        Machine::new().flag("bux", "1").error(),
        "command line: unknown key \"bux\"; did you mean \"bus\"?"
    );
}
