use proptest::prelude::*;

use super::*;

const SERVER: [Step<'static>; 2] = [Step::Key("mcpServers"), Step::Key("veda-bus")];

fn server() -> Input {
    Input::Object(vec![
        ("command".into(), Input::String("/bin/veda-bus".into())),
        ("args".into(), Input::Array(vec![Input::String("mcp".into())])),
    ])
}

fn set(text: &str, path: &[Step<'_>]) -> String {
    let mut document = Document::parse(text, Dialect::Jsonc).unwrap();
    document.set(path, &server()).unwrap();
    document.into_text()
}

fn removed(text: &str, path: &[Step<'_>]) -> String {
    let mut document = Document::parse(text, Dialect::Jsonc).unwrap();
    document.remove(path).unwrap();
    document.into_text()
}

#[test]
fn an_empty_text_becomes_an_object() {
    let wanted = "{\n  \"mcpServers\": {\n    \"veda-bus\": {\n      \"command\": \"/bin/veda-bus\",\n      \
                  \"args\": [\"mcp\"]\n    }\n  }\n}\n";
    assert_eq!(set("", &SERVER), wanted);
    assert_eq!(set("{}\n", &SERVER), wanted);
}

#[test]
fn a_member_is_laid_out_as_the_others_are() {
    for (before, wanted) in [
        (
            "{\n\t\"mcpServers\": {\n\t\t\"a\": {} // of a\n\t}\n}",
            "{\n\t\"mcpServers\": {\n\t\t\"a\": {}, // of a\n\t\t\"veda-bus\": {\n\t\t\t\"command\": \
             \"/bin/veda-bus\",\n\t\t\t\"args\": [\"mcp\"]\n\t\t}\n\t}\n}",
        ),
        (
            "{ \"mcpServers\": { \"a\": 1 } }",
            "{ \"mcpServers\": { \"a\": 1, \"veda-bus\": { \"command\": \"/bin/veda-bus\", \"args\": [\"mcp\"] } } }",
        ),
        (
            "{\r\n  \"mcpServers\": {\r\n    \"a\": 1, // one\r\n  },\r\n}\r\n",
            "{\r\n  \"mcpServers\": {\r\n    \"a\": 1, // one\r\n    \"veda-bus\": {\r\n      \"command\": \
             \"/bin/veda-bus\",\r\n      \"args\": [\"mcp\"]\r\n    },\r\n  },\r\n}\r\n",
        ),
    ] {
        assert_eq!(set(before, &SERVER), wanted);
        assert_eq!(removed(wanted, &SERVER), before);
    }
}

#[test]
fn what_is_taken_out_takes_nothing_else_with_it() {
    let key = [Step::Key("x")];
    for (before, wanted) in [
        ("{ \"x\": 1 }", "{}"),
        ("{ \"x\": 1, \"b\": 2 }", "{ \"b\": 2 }"),
        ("{\n  \"a\": 1, // of a\n  \"x\": 2 // of x\n}", "{\n  \"a\": 1 // of a\n   // of x\n}"),
        ("{\n  // above\n  \"x\": 2,\n\n  \"b\": 3\n}", "{\n  // above\n\n  \"b\": 3\n}"),
        ("{\n  \"a\": 1, // of a\n  \"x\": 2 }", "{\n  \"a\": 1 // of a\n   }"),
        ("{\n  \"a\": 1,\n  \"x\": 2, \"b\": 3 }", "{\n  \"a\": 1,\n   \"b\": 3 }"),
        ("{ // why\n  \"x\": 1\n}", "{ // why\n}"),
        ("{ \"a\": 1 }", "{ \"a\": 1 }"),
    ] {
        assert_eq!(removed(before, &key), wanted);
    }
}

#[test]
fn a_value_is_replaced_where_it_stands() {
    let mut document = Document::parse("{ \"a\": 1, /* b */ \"b\": [1] }", Dialect::Jsonc).unwrap();
    document.set(&[Step::Key("b")], &Input::Bool(true)).unwrap();
    document.push(&[Step::Key("c")], &Input::Bool(false)).unwrap();
    document.push(&[Step::Key("c")], &Input::Null).unwrap();
    assert_eq!(document.into_text(), "{ \"a\": 1, /* b */ \"b\": true, \"c\": [false, null] }");
}

#[test]
fn a_program_gets_no_more_than_it_can_read() {
    for (text, strict, comments) in
        [("{ \"a\": 1 }", true, true), ("{ \"a\": 1 } // b", false, true), ("{ \"a\": 1, }", false, false)]
    {
        assert_eq!(Document::parse(text, Dialect::Strict).is_ok(), strict, "{text}");
        assert_eq!(Document::parse(text, Dialect::Comments).is_ok(), comments, "{text}");
        Document::parse(text, Dialect::Jsonc).unwrap();
    }
    for text in ["[]", "1", "{", "{} {}", "{ a: 1 }", "{ 'a': 1 }", "{ \"a\": 0x1 }", "{ \"a\" 1 }"] {
        assert!(Document::parse(text, Dialect::Jsonc).is_err(), "{text}");
    }
}

#[test]
fn what_is_something_else_is_not_written_over() {
    let mut document = Document::parse("{\n  \"mcpServers\": [] }", Dialect::Jsonc).unwrap();
    let fault = document.set(&SERVER, &server()).unwrap_err();
    assert_eq!(fault, Fault::at("{\n  \"mcpServers\": [] }", 18, "\"mcpServers\": expected an object"));
    assert!(document.push(&[Step::Key("a"), Step::Key("b")], &Input::Null).is_ok());
    assert!(document.push(&[Step::Key("a")], &Input::Null).is_err());
}

/// Blanks and comments.
fn trivia() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        " ",
        "\n",
        "\n\n  ",
        "\t",
        " /* c, { */ ",
        " // c } ,\n\t",
        "\r\n  ",
        "\n  // \"x\"\n  ",
    ])
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec!["1", "true", "null", "\"a\"", "\"// { \\\" ,\"", "-1.5e3"]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 24, 4, |inner| {
        let item = (trivia(), inner, trivia());
        let items = prop::collection::vec(item, 1..4);
        (items, prop::bool::ANY, prop::bool::ANY, trivia()).prop_map(|(items, comma, object, end)| {
            let member = |(at, (before, value, after)): (usize, (&str, String, &str))| {
                let key = if object { format!("\"k{at}\":") } else { String::new() };
                format!("{before}{key}{value}{after}")
            };
            let items: Vec<_> = items.into_iter().enumerate().map(member).collect();
            let comma = if comma { "," } else { "" };
            let (open, close) = if object { ('{', '}') } else { ('[', ']') };
            format!("{open}{}{comma}{end}{close}", items.join(","))
        })
    })
}

proptest! {
    /// Whatever a person has written, and however it is laid out.
    #[test]
    fn what_is_put_in_and_taken_out_leaves_nothing(
        inner in json(), before in trivia(), after in trivia(), trailing in prop::bool::ANY,
    ) {
        let comma = if trailing { "," } else { "" };
        let text = format!("{before}{{{after}\"hooks\": {inner}{before}{comma}{after}}}{before}");
        let value = Document::parse(&text, Dialect::Jsonc).unwrap().get(&[]).unwrap();
        let hooks = &value["hooks"];
        let paths: [&[Step<'_>]; 2] = [&SERVER, &[Step::Key("hooks"), Step::Key("ours")]];
        for path in paths.into_iter().filter(|path| path[0] != Step::Key("hooks") || hooks.is_object()) {
            let added = set(&text, path);
            let found = Document::parse(&added, Dialect::Jsonc).unwrap();
            prop_assert_eq!(found.get(path).unwrap(), serde_json::json!({ "command": "/bin/veda-bus", "args": ["mcp"] }));
            let top = if path[0] == SERVER[0] { &path[..1] } else { path };
            prop_assert_eq!(&removed(&added, top), &text, "{:?}", added);
        }
        if hooks.is_array() {
            let mut document = Document::parse(&text, Dialect::Jsonc).unwrap();
            document.push(&[Step::Key("hooks")], &server()).unwrap();
            let last = hooks.as_array().unwrap().len();
            document.remove(&[Step::Key("hooks"), Step::At(last)]).unwrap();
            prop_assert_eq!(&document.into_text(), &text);
        }
    }
}
