use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::event::{Accepted, Event, Moved, Recorded, Refused};
use crate::message::{Message, Priority};
use crate::name::{Capability, InstanceId, MessageId, RepoName, Seq};
use crate::refusal::Code;
use crate::time::Millis;

fn message() -> Message {
    let json = r#"{"id":"m2","from":{"repo":"Flagship"},"to":{"repo":"LensSDK","capabilities":["auth","ui"]},
        "type":"Query","priority":"high","payload":{"question":"What is the interface?"},"timestamp":1,
        "reply_to":"m1","ttl":300}"#;
    Message::parse(json, None).unwrap()
}

fn holds(source: &str, facts: &Facts<'_>) -> bool {
    Filter::compile(source).unwrap_or_else(|error| panic!("{source}: {error}")).matches(facts).unwrap()
}

#[test]
fn expressions_over_a_message() {
    let message = message();
    let facts = Facts::of_message(&message, Millis(12_900), Millis(2_000));
    for (source, expected) in [
        ("priority >= normal", true),
        ("priority == high", true),
        ("priority < high", false),
        ("low < normal && normal < high", true),
        ("priority in [normal, low]", false),
        ("type == \"Query\"", true),
        ("type != 'Query'", false),
        ("type in ['Task', 'Query']", true),
        (".type == 'Query'", true),
        ("from == \"Flagship\" && to == \"LensSDK\"", true),
        ("from.startsWith('Flag') && !to.endsWith('Core')", true),
        ("age == 10 && ttl == 300 && age < ttl", true),
        ("ttl - age > 250 && ttl / 2 == 150 && ttl % 7 == 6", true),
        ("-age == -10", true),
        ("'auth' in capabilities", true),
        ("'db' in capabilities", false),
        ("size(capabilities) == 2 && capabilities.size() == 2", true),
        ("capabilities.exists(c, c.startsWith('u'))", true),
        ("capabilities.all(type, type == 'auth')", false),
        ("capabilities.exists_one(c, c == 'ui')", true),
        ("capabilities.filter(c, c != 'ui') == ['auth']", true),
        ("['What', 'Why'].exists(word, summary.startsWith(word))", true),
        ("id == 'm2' && thread == 'm1' && reply_to == 'm1'", true),
        ("summary.contains('interface')", true),
        ("summary.matches('^What .* \\\\?$') || summary.matches(r'^What.*\\?$')", true),
        ("event == '' && repo == '' && seq == 0 && at == 0", true),
        ("priority == high ? age > 5 : age > 500", true),
        ("string(age) == '10' && int('3') == 3 && double(age) > 9.5", true),
        ("true // whatever comes", true),
    ] {
        assert_eq!(holds(source, &facts), expected, "{source}");
    }
    let started = facts.clone().in_thread(&MessageId::new("m0").unwrap());
    assert!(holds("thread == 'm0'", &started));
}

fn recorded(event: Event) -> Recorded {
    Recorded { seq: Seq(7), at: Millis(5_000), event }
}

#[test]
fn expressions_over_events() {
    let accepted = recorded(Event::Accepted(Box::new(Accepted {
        held: None,
        parent: None,
        by: InstanceId::new("i").unwrap(),
        thread: MessageId::new("m0").unwrap(),
        expires_at: Millis(65_000),
        recipients: Vec::new(),
        message: message(),
    })));
    let facts = Facts::of_event(&accepted);
    assert!(holds("event == 'accepted' && repo == 'Flagship' && seq == 7 && at == 5000", &facts));
    assert!(holds("type == 'Query' && thread == 'm0' && ttl == 60 && age == 0", &facts));
    let moved = Moved {
        repo: RepoName::new("UI").unwrap(),
        instance: InstanceId::new("i").unwrap(),
        ids: vec![MessageId::new("m1").unwrap()],
    };
    assert!(holds(
        "event == 'read' && repo == 'UI' && id == 'm1'",
        &Facts::of_event(&recorded(Event::Read(moved)))
    ));
    let refused = recorded(Event::Refused(Refused {
        repo: RepoName::new("UI").unwrap(),
        id: None,
        to: Some(message().to),
        code: Code::AccessDenied,
        reason: "no".into(),
        pid: None,
    }));
    assert!(holds(
        "from == 'UI' && to == 'LensSDK' && summary == 'no' && id == ''",
        &Facts::of_event(&refused)
    ));
}

#[test]
fn what_is_refused_and_how_it_is_said() {
    for (source, expected) in [
        ("", "line 1, column 1: unexpected end of the expression"),
        ("priority >=", "line 1, column 12: unexpected end of the expression"),
        ("priority >=\n  == low", "line 2, column 3: unexpected '=='"),
        ("from == \"x", "line 1, column 9: unexpected '\"x'"),
        ("'é' == from &&& true", "line 1, column 15: unexpected '&'"),
        ("priorty >= normal", "line 1, column 1: unknown variable `priorty`; did you mean `priority`?"),
        ("true &&\n 'é' == form", "line 2, column 9: unknown variable `form`; did you mean `from`?"),
        ("priority >= hihg", "line 1, column 13: unknown variable `hihg`; did you mean `high`?"),
        ("zzzzzzzz == 1", "line 1, column 1: unknown variable `zzzzzzzz`"),
        ("from.startWith('x')", "line 1, column 6: unknown function `startWith`; did you mean `startsWith`?"),
        ("siz(from) == 1", "line 1, column 1: unknown function `siz`; did you mean `size`?"),
        ("optional.of(1) == 1", "line 1, column 10: unknown function `of`"),
        ("Point{x: 1}.x == 1", "line 1, column 6: unknown type `Point`"),
        ("c == 'a' || capabilities.exists(c, true)", "line 1, column 1: unknown variable `c`"),
        ("capabilities.exists(c, d == 'a')", "line 1, column 24: unknown variable `d`; did you mean `id`?"),
        ("type == 'query'", "line 1, column 9: unknown message type `query`; did you mean `Query`?"),
        (
            "type in ['Task', 'Notfy']",
            "line 1, column 18: unknown message type `Notfy`; did you mean `Notify`?",
        ),
        (
            "priority == 'high'",
            "line 1, column 13: a priority can not be compared with a string; compare `priority` with low, normal or \
             high, without quotes",
        ),
        (
            "priority > 1",
            "line 1, column 12: a priority can not be compared with a number; compare `priority` with low, normal or \
             high, without quotes",
        ),
        ("age > '5'", "line 1, column 7: a number can not be compared with a string"),
        ("priority in capabilities", "line 1, column 1: a priority is never in a list of strings"),
        ("from.repo == 'x'", "line 1, column 5: a string has no field `repo`"),
        ("has(from.repo)", "line 1, column 4: a string has no field `repo`"),
        ("has(from)", "line 1, column 5: invalid argument to has() macro"),
        (
            "capabilities.contains('x')",
            "line 1, column 14: a list has no `contains`; write `\"x\" in capabilities`",
        ),
        ("size(1) == 1", "line 1, column 1: `size` can not be used like this, with a number"),
        ("size() == 1", "line 1, column 1: `size` can not be used like this, with nothing"),
        ("from && true", "line 1, column 1: expected true or false, found a string"),
        ("true ? 1 : 'a'", "line 1, column 12: expected a number, found a string"),
        ("from", "the expression must give true or false, and gives a string"),
        ("1 + 1", "the expression must give true or false, and gives a number"),
        ("[true]", "the expression must give true or false, and gives a list"),
        ("{'a': 1}.a", "the expression must give true or false, and gives a number"),
        ("null", "the expression must give true or false, and gives null"),
        ("summary.matches('(')", "line 1, column 17: not a regular expression: unclosed group"),
        (
            "false && summary.matches('a{2000}{2000}')",
            "line 1, column 26: not a regular expression: \
          Compiled regex exceeds size limit of 10485760 bytes.",
        ),
        ("summary.matches(from)", "line 1, column 17: the pattern of `matches` must be a string in quotes"),
        (
            "capabilities[0] == 'a'",
            "the expression can not be evaluated: an index is beyond the end of its list",
        ),
        ("1 / age > 0", "the expression can not be evaluated: a division by zero"),
        ("9223372036854775807 + 1 > age", "the expression can not be evaluated: a number is too large"),
        ("99999999999999999999 > age", "line 1, column 1: invalid int literal"),
        (
            "capabilities.all(a, capabilities.all(b, a == b))",
            "line 1, column 37: `exists`, `all` and `filter` can not be nested; use `in`",
        ),
        (
            "['a'].map(c, c + c).map(c, c + c) == []",
            "line 1, column 10: a filter makes no new lists: no `map`, and no `+` of lists",
        ),
        ("(from + '/') == to", "line 1, column 2: expected a number, found a string"),
        (
            "capabilities.exists(c, c.matches('a'))",
            "line 1, column 34: `matches` can not stand in a loop; use `startsWith` or `contains`",
        ),
        ("from == '\u{1b}[31m' && x\u{202e}", "line 1, column 21: unexpected '\\u{202e}'"),
    ] {
        let error = Filter::compile(source).expect_err(source);
        assert_eq!(error.to_string(), expected, "{source}");
    }
}

#[test]
fn an_error_tells_its_place_apart_from_its_message() {
    let error = Filter::compile("true && fron == 'x'").unwrap_err();
    assert_eq!(error.position(), Some((1, 9)));
    assert_eq!(error.message(), "unknown variable `fron`; did you mean `from`?");
    assert_eq!(Filter::compile("age").unwrap_err().position(), None);
}

#[test]
fn size_is_limited() {
    assert!(Filter::compile(&format!("true{}", " ".repeat(MAX_BYTES - 4))).is_ok());
    assert_eq!(
        Filter::compile(&" ".repeat(MAX_BYTES + 1)),
        Err(FilterError::TooLong { bytes: MAX_BYTES + 1 })
    );
    let pattern = |length: usize| Filter::compile(&format!("summary.matches('{}')", "a".repeat(length)));
    assert!(pattern(MAX_PATTERN).is_ok() && pattern(MAX_PATTERN + 1).is_err());
    let patterns = |count: usize| Filter::compile(&vec!["summary.matches('a')"; count].join(" || "));
    assert!(patterns(MAX_PATTERNS).is_ok() && patterns(MAX_PATTERNS + 1).is_err());
    let range =
        |length: usize| Filter::compile(&format!("[{}].exists(c, c == 1)", vec!["2"; length].join(",")));
    assert!(range(MAX_LOOP).is_ok() && range(MAX_LOOP + 1).is_err());
    let alternatives = vec!["from == 'a'"; 200].join(" || ");
    assert!(!holds(&alternatives, &Facts::default()));
    let names: Vec<String> = (0..400).map(|n| format!("'repo{n}'")).collect();
    assert!(!holds(&format!("from in [{}]", names.join(",")), &Facts::default()));
}

/// A test runs on a stack of 2 MiB, like a worker of tokio; what compiles must also evaluate there.
#[test]
fn depth_costs_an_error_and_not_the_stack() {
    let wrapped = |open: &str, n: usize, inner: &str, close: &str| open.repeat(n) + inner + &close.repeat(n);
    assert!(holds(&wrapped("(", 20, "true", ")"), &Facts::default()));
    assert!(holds(&(format!("0{} == 50", " + 1".repeat(50))), &Facts::default()));
    assert!(holds(&format!("{}true", "age > 5 ? false : ".repeat(20)), &Facts::default()));
    for source in [
        wrapped("(", 100, "true", ")"),
        "(".repeat(MAX_BYTES),
        "[".repeat(MAX_BYTES),
        "{1:".repeat(1000),
        "size(".repeat(800),
        format!("1{}", "+1".repeat(2047)),
        format!("1{}", "==1".repeat(1365)),
        format!("from{}", "[0]".repeat(1364)),
        format!("from{}", ".a".repeat(2046)),
        format!("from{}", ".size()".repeat(584)),
        format!("[1]{}", ".map(x,x)".repeat(450)),
        "[1].exists(x,".repeat(300),
        format!("{}true", "true?true:".repeat(400)),
    ] {
        assert!(Filter::compile(&source).is_err(), "{}", &source[..40]);
    }
}

#[test]
fn the_work_of_an_evaluation_is_bounded() {
    let name = Capability::new(&"c".repeat(100)).unwrap();
    let capabilities = vec![name; 64];
    let facts =
        Facts { capabilities: &capabilities, summary: "s".repeat(MAX_SUMMARY).into(), ..Facts::default() };
    let looks = vec!["!summary.contains(c)"; 160].join(" && ");
    let matches = [r"summary.matches(r'(\w{9}\w{9}|\pL{9}){3}x$')"; MAX_PATTERNS].join(" || ");
    for source in [format!("capabilities.all(c, {looks})"), format!("!({matches})")] {
        let filter = Filter::compile(&source).unwrap();
        let begin = Instant::now();
        assert!(filter.matches(&facts).unwrap());
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    }
}

#[test]
fn a_summary_is_cut_between_characters() {
    let json = r#"{"id":"m","from":{"repo":"A"},"to":{"repo":"B"},"type":"Query","timestamp":1,
        "payload":{"question":"Q"}}"#;
    let json = json.replace("\"Q\"", &format!("\"a{}\"", "é".repeat(4096)));
    let message = Message::parse(&json, None).unwrap();
    assert_eq!(Facts::of_message(&message, Millis(0), Millis(0)).summary.len(), MAX_SUMMARY - 1);
}

#[test]
fn facts_that_allow_no_answer_are_an_error() {
    let filter = Filter::compile("age == 0 || 10 / (age - 5) > 0").unwrap();
    assert_eq!(filter.matches(&Facts { age: Duration::from_secs(6), ..Facts::default() }), Ok(true));
    let error = filter.matches(&Facts { age: Duration::from_secs(5), ..Facts::default() }).unwrap_err();
    assert_eq!(error, FilterError::Evaluation("a division by zero".into()));
}

#[test]
fn huge_numbers_stay_numbers() {
    let facts = Facts { age: Duration::MAX, seq: Seq(u64::MAX), at: Millis(u64::MAX), ..Facts::default() };
    assert!(holds("age > 5 && seq > 5 && at > 5", &facts));
    let mut message = message();
    message.ttl = NonZeroU64::new(u64::MAX);
    assert!(holds("ttl > 5 && age == 0", &Facts::of_message(&message, Millis(0), Millis(9))));
}

#[test]
fn every_name_is_known_to_the_check_and_the_evaluation() {
    for name in VARIABLES.iter().map(|variable| variable.name).chain(CONSTANTS) {
        let compiled = Filter::compile(&format!("{name} == {name}")).unwrap();
        assert_eq!(compiled.matches(&Facts::default()), Ok(true), "{name}");
    }
    assert_eq!(Facts::default().priority, Priority::Normal);
}

#[test]
fn filters_are_compared_and_shown_by_their_source() {
    let filter: Filter = "priority >= normal".parse().unwrap();
    assert_eq!(filter, Filter::compile("priority >= normal").unwrap());
    assert_ne!(filter, Filter::compile("priority >= low").unwrap());
    assert_eq!(
        (filter.to_string(), format!("{filter:?}")),
        ("priority >= normal".into(), "Filter(\"priority >= normal\")".into())
    );
    assert_eq!(filter.clone().source(), "priority >= normal");
}

fn piece() -> impl Strategy<Value = String> {
    let words = [
        "priority",
        "low",
        "type",
        "from",
        "age",
        "capabilities",
        "summary",
        "x",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "'a'",
        "\"",
        "'",
        "r'",
        "b'a'",
        "1",
        "-1",
        "9223372036854775807",
        "1.5",
        "1u",
        "1e9",
        "+",
        "-",
        "*",
        "/",
        "%",
        "<",
        "<=",
        "==",
        "!=",
        "&&",
        "||",
        "!",
        "?",
        ":",
        ".",
        ",",
        " in ",
        "true",
        "null",
        "has(",
        "size(",
        ".exists(x,",
        ".all(x,",
        ".map(x,",
        ".filter(x,",
        ".matches('",
        ".contains(",
        "\\",
        "\n",
        " ",
        "é",
        "\0",
        "//",
        "`",
        "@",
        "😀",
    ];
    prop_oneof![9 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_input_makes_it_panic(pieces in proptest::collection::vec(piece(), 0..24)) {
        let source = pieces.concat();
        match Filter::compile(&source) {
            Ok(filter) => drop(filter.matches(&Facts { age: Duration::from_secs(3), ..Facts::default() })),
            Err(FilterError::Unavailable(reason)) => panic!("{reason}: {source:?}"),
            Err(error) => prop_assert!(!error.to_string().chars().any(crate::text::is_hostile), "{error:?}"),
        }
    }
}

#[test]
fn the_repos_that_an_expression_names() {
    let named = |source: &str| -> Vec<(String, (usize, usize))> {
        let found = Filter::compile(source).unwrap().repos();
        found.into_iter().map(|named| (named.repo, named.position)).collect()
    };
    let one = |repo: &str, line, column| (repo.to_owned(), (line, column));
    assert_eq!(named("from == 'A' && (age > 5 || !('é' != .to))"), [one("A", 1, 9), one("é", 1, 30)]);
    assert_eq!(
        named("repo in ['A',\n 'B'] ? from == to : to == \"C\""),
        [one("A", 1, 10), one("B", 2, 2), one("C", 2, 28)]
    );
    assert_eq!(named("['x'].all(from, from == 'x' && to == 'A')"), [one("A", 1, 38)]);
    assert_eq!(named("summary == 'A' || type == 'Task' || from.contains('B') || 'A' in capabilities"), []);
    assert_eq!(Filter::default().repos(), []);
}
