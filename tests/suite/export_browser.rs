//! Exported HTML in a real browser, with messages in it that would take the page over: nothing runs, nothing is asked for,
//! and nothing breaks the layout.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::foreign::{json as printed, script};
use super::harness::{Bus, Process, Wire, message, query, text, with};

/// Every element that a document may have.
const TAGS: &str = "a article bdi body code dd details div dl dt h1 h2 head header html li main meta nav ol p pre section \
                    small span style summary time title ul";

/// Every attribute that one may have.
const ATTRIBUTES: [&str; 9] =
    ["lang", "charset", "http-equiv", "content", "name", "id", "class", "href", "datetime"];

/// What a script would do, and a look would find.
const OWNED: &str = "document.title='owned';document.body.append(document.createElement('owned'))";

/// Texts that are more than text where they are not taken for one.
fn hostile() -> Vec<String> {
    let plain = [
        format!("<script>{OWNED}</script>"),
        format!("</style><style>*{{display:none}}</style><script>{OWNED}</script>"),
        format!("<img src=x onerror=\"{OWNED}\">"),
        format!("\" onmouseover=\"{OWNED}\" x='"),
        format!("<svg/onload={OWNED}><iframe srcdoc=\"<script>{OWNED}</script>\">"),
        format!("[x](javascript:{OWNED}) javascript:{OWNED}"),
        "</p></div></article></section></main></body></html>".to_owned(),
        "]]> <![CDATA[ <!-- --> --!> <?php ?> &lt;b&gt; &#60;b&#62; &amp;".to_owned(),
        "{{constructor.constructor('alert(1)')()}} ${alert(1)} {% raw %}".to_owned(),
        "<a href=//example.com/>x</a><link rel=stylesheet href=//example.com/><base href=//example.com/>"
            .to_owned(),
        "<form action=//example.com/><input autofocus onfocus=alert(1)><meta http-equiv=refresh content=0>"
            .to_owned(),
        "```\n</pre><b>out</b>\n```\n~~~\n</code>\n~~~".to_owned(),
        "W".repeat(100_000),
        "\u{202e}txt.exe\u{202c} \u{2066}\u{200b}\u{feff} السلام שלום \u{1b}[2J\u{7f}".to_owned(),
        "👩‍👩‍👧‍👦🏳️‍🌈👍🏽".repeat(300),
        "e\u{301}".repeat(50) + &"\u{301}".repeat(2000),
        "a line\n".repeat(1000),
        " ".repeat(5000) + "far to the right",
        "\t".repeat(200) + "x",
        "|".repeat(3000),
    ];
    plain.into_iter().collect()
}

/// A bus on which all of it was said, from names and under ids that are not better.
fn said() -> (Bus, usize) {
    let bus = Bus::unlimited("");
    let _lens = bus.instance("LensSDK");
    let bad_name = "\"><img src=x onerror=document.title='owned'>";
    let mut wire = bus.instance(bad_name);
    let mut count = 0;
    let mut say = |wire: &mut Wire, message: &Value| {
        wire.sends(message);
        count += 1;
    };
    for (number, text) in hostile().iter().enumerate() {
        say(
            &mut wire,
            &with(
                query(&format!("q{number}"), "LensSDK"),
                "payload",
                json!({ "question": text, "context": text, text: text }),
            ),
        );
    }
    let ids = ["a\" onclick=\"document.title='owned'", "<b>id</b>", "#top", "javascript:alert(1)"];
    for id in ids {
        say(&mut wire, &query(id, "LensSDK"));
    }
    let code = json!({ "summary": "</summary>", "suggested_implementation": "</pre>\n<script>x</script>\n", "urgency": "<i>" });
    say(&mut wire, &message("code", "LensSDK", "RequestChange", code));
    let task = json!({ "task_type": "<b>", "description": "</p>", "subtasks": { "LensSDK": "<script>" } });
    say(&mut wire, &message("task", "LensSDK", "Task", task));
    let mut parent = "q0".to_owned();
    for depth in 1..=60 {
        let id = format!("deep-{depth}");
        let answer = message(
            &id,
            "LensSDK",
            "Query",
            json!({ "comment": format!("depth {depth} {}", "w".repeat(200)) }),
        );
        say(&mut wire, &with(answer, "reply_to", json!(parent)));
        parent = id;
    }
    (bus, count)
}

/// What a browser finds in a file on a screen of this width.
fn look(bus: &Bus, file: &Path, width: &str, scheme: &str) -> Value {
    let mut command = bus.command("python3");
    command.arg(script("browser.py")).arg(file).args([width, scheme]);
    printed(Process::start(command))
}

fn is_ours(attribute: &Value) -> bool {
    let (tag, name, value) = (text_at(attribute, 0), text_at(attribute, 1), text_at(attribute, 2));
    let place = |value: &str| value.starts_with("m-") || value.starts_with("thread-m-");
    let plain = |value: &str| value.chars().all(|c| c.is_ascii_alphanumeric() || "-_. ".contains(c));
    match name {
        "id" => place(value) && plain(value),
        "href" => tag == "a" && value.strip_prefix('#').is_some_and(|value| place(value) && plain(value)),
        "class" => plain(value),
        "aria-label" => ["Conversations", "Delivery"].contains(&value),
        name => ATTRIBUTES.contains(&name),
    }
}

fn text_at(list: &Value, place: usize) -> &str {
    list[place].as_str().unwrap()
}

#[test]
fn hostile_messages_neither_run_nor_break_the_layout() {
    let (bus, count) = said();
    let file = bus.work().join("all.html");
    bus.run(&["export", "--all", "--output", "all.html"]).exits(0);
    for (width, scheme) in [("360", "dark"), ("1280", "light")] {
        let found = look(&bus, &file, width, scheme);
        let conversations = hostile().len() + 6;
        assert_eq!(found["title"], format!("veda-bus: {conversations} conversations, {count} messages"));
        assert_eq!((&found["asked"], &found["events"]), (&json!([]), &json!([])));

        let ours: BTreeSet<_> = TAGS.split_whitespace().collect();
        let strange: Vec<_> = found["tags"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|tag| !ours.contains(tag.as_str().unwrap()))
            .collect();
        assert!(strange.is_empty(), "elements that are not ours: {strange:?}");
        let attributes = found["attributes"].as_array().unwrap();
        let strange: Vec<_> = attributes.iter().filter(|one| !is_ours(one)).collect();
        assert!(attributes.len() > count && strange.is_empty(), "attributes that are not ours: {strange:?}");

        // Every message stands where it should, and what it says is there.
        assert_eq!((&found["messages"], &found["articles"]), (&json!(count), &json!(count)));
        let says = text(&found, "text");
        assert!(says.contains("</p></div></article></section></main></body></html>"));
        assert!(says.contains(&"W".repeat(100_000)) && says.contains("depth 60"));
        assert!(
            says.contains("\\u{202e}txt.exe")
                && !says.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{1b}'])
        );

        // Nothing is wider than the screen, and what stands far inside can still be read.
        assert_eq!((&found["scrolls"], &found["beyond"]), (&found["width"], &json!([])));
        assert!(found["narrowest"].as_f64().unwrap() >= 240.0, "{}", found["narrowest"]);
    }
}

#[test]
fn the_document_is_light_or_dark_and_can_be_read_in_both() {
    let bus = Bus::start();
    let (mut lens, mut wire) = (bus.instance("LensSDK"), bus.instance("Flagship"));
    wire.sends(&with(query("q", "LensSDK"), "priority", json!("high")));
    lens.receive();
    lens.ack("read", &["q"]);
    bus.run(&["export", "--thread", "q", "--output", "q.html"]).exits(0);
    let file = bus.work().join("q.html");
    let grounds = ["light", "dark"].map(|scheme| {
        let found = look(&bus, &file, "360", scheme);
        assert!(found["contrast"].as_f64().unwrap() >= 4.5, "{scheme}: {}", found["contrast"]);
        found["ground"].clone()
    });
    assert_ne!(grounds[0], grounds[1]);
}
