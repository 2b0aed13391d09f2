//! The formats, of small journals and of hostile ones.

use std::io;

use proptest::prelude::*;
use pulldown_cmark::{Event as Markdown, Options, Parser, Tag};
use serde_json::{Value, json};
use veda_bus_core::event::{Accepted, Event, Moved, Recorded, Routing};
use veda_bus_core::message::Message;

use super::*;
use crate::history::select::Wanted;

/// A day of 2023 in UTC.
const BEGIN: u64 = 1_700_000_000_000;

/// A message that was accepted, from whom, to `LensSDK`, under this id.
fn accepted(seq: u64, id: &str, from: &str, reply_to: Option<u64>, payload: &Value) -> Recorded {
    let reply = reply_to.map(|parent| format!("id-{parent}"));
    let json = json!({
        "id": id, "from": { "repo": from }, "to": { "repo": "LensSDK" }, "type": "Query", "timestamp": 1,
        "reply_to": reply, "payload": payload,
    });
    let message = Message::parse(&json.to_string(), None).unwrap();
    let routing = Routing { repo: "LensSDK".parse().unwrap(), instance: None, refused: None, held: false };
    let accepted = Accepted {
        parent: reply_to.map(Seq),
        by: "instance-1".parse().unwrap(),
        thread: if reply_to.is_some() { "id-1".parse().unwrap() } else { id.parse().unwrap() },
        expires_at: Millis(BEGIN + 3_600_000),
        recipients: vec![routing],
        held: None,
        message,
    };
    Recorded { seq: Seq(seq), at: Millis(BEGIN + seq * 1000), event: Event::Accepted(Box::new(accepted)) }
}

fn read(seq: u64, ids: &[&str]) -> Recorded {
    let ids = ids.iter().map(|id| id.parse().unwrap()).collect();
    let moved = Moved { repo: "LensSDK".parse().unwrap(), instance: "instance-2".parse().unwrap(), ids };
    Recorded { seq: Seq(seq), at: Millis(BEGIN + seq * 1000), event: Event::Read(moved) }
}

fn gathered(wanted: Wanted, events: impl IntoIterator<Item = Recorded>) -> Exported {
    let mut gathering = Gathering::new(wanted);
    events.into_iter().for_each(|recorded| gathering.take(recorded));
    gathering.finish(Millis(BEGIN + 60_000))
}

/// A question, its answer, and a question about something else.
fn small() -> Exported {
    let question =
        json!({ "question": "What is `SessionManager`?", "context": "For *2.0*:\n\n```rust\nfn it()\n```" });
    let events = [
        accepted(1, "id-1", "Flagship", None, &question),
        accepted(2, "id-2", "LensSDK", Some(1), &json!({ "answer": "=A trait, <b>\"two\"</b> methods" })),
        accepted(3, "id-3", "UILib", None, &json!({ "question": "And now?" })),
        read(4, &["id-1"]),
    ];
    gathered(Wanted::default(), events)
}

fn written(write: impl Fn(&Exported, &mut dyn io::Write) -> io::Result<()>, exported: &Exported) -> String {
    let mut out = Vec::new();
    write(exported, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The same wherever the machine's clock stands.
fn timeless(mut shown: String) -> String {
    for second in (0..=60).rev() {
        let at = Millis(BEGIN + second * 1000);
        shown = shown.replace(&told::rfc3339(at), &format!("UTC {second:02}s"));
        let moment = told::moment(at);
        let time = moment.split(' ').nth(1).unwrap().to_owned();
        shown = shown.replace(&moment, &format!("DAY {second:02}s")).replace(&time, &format!("{second:02}s"));
    }
    shown.replace(&told::zone(Millis(BEGIN)), "ZONE")
}

#[test]
fn markdown_of_a_small_journal() {
    insta::assert_snapshot!(timeless(written(markdown::write, &small())));
}

#[test]
fn html_of_a_small_journal() {
    let document = written(html::write, &small());
    let (head, body) = document.split_once("</head>").unwrap();
    assert!(head.contains("default-src 'none'") && head.contains("width=device-width"), "{head}");
    insta::assert_snapshot!(timeless(body.to_owned()));
}

#[test]
fn csv_of_a_small_journal() {
    insta::assert_snapshot!(written(csv::write, &small()).replace('\r', "␍"));
}

#[test]
fn json_has_the_bytes_that_were_sent() {
    let document = written(json::write, &small());
    let whole: Value = serde_json::from_str(&document).unwrap();
    assert_eq!((&whole["format"], &whole["conversations"][1]["thread"]), (&json!(1), &json!("id-3")));
    let messages = &whole["conversations"][0]["messages"];
    assert_eq!(messages[1]["message"]["payload"]["answer"], "=A trait, <b>\"two\"</b> methods");
    assert_eq!((&messages[1]["parent"], &messages[1]["depth"]), (&json!(1), &json!(1)));
    assert_eq!(messages[0]["ladder"][0]["stage"], "read");
    assert!(document.contains(r#""payload":{"context":"For *2.0*:\n\n```rust\nfn it()\n```""#), "{document}");
}

#[test]
fn what_was_not_asked_for_is_not_kept_and_what_became_of_the_rest_is() {
    let wanted = Wanted { until: Some(Millis(BEGIN + 1000)), ..Wanted::default() };
    let events = [
        accepted(1, "id-1", "Flagship", None, &json!({ "question": "one" })),
        accepted(2, "id-2", "Flagship", None, &json!({ "question": "two" })),
        read(3, &["id-1", "id-2"]),
        // The same id again, for another message.
        accepted(4, "id-1", "Flagship", None, &json!({ "question": "three" })),
    ];
    let exported = gathered(wanted, events);
    assert_eq!((exported.conversations.len(), exported.messages()), (1, 1));
    let told = &exported.conversations[0].messages[0];
    assert_eq!(told.message.payload.headline(), "one");
    assert_eq!(told.record.ladder[0].stage, veda_bus_core::state::record::Stage::Read);
}

/// Text in which nearly everything means something to somebody.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = [
        "`",
        "```",
        "````",
        "~~~",
        "\n",
        "\n\n",
        "\r\n",
        "\t",
        "    ",
        "# ",
        "- ",
        "1. ",
        "> ",
        "* ",
        "_",
        "**",
        "[a](b)",
        "![a](b)",
        "<b>",
        "</pre>",
        "</code>",
        "<script>",
        "<!--",
        "-->",
        "]]>",
        "&lt;",
        "&#60;",
        "\\",
        "|",
        "---",
        "===",
        "https://example.com",
        "www.example.com",
        "a@b.example",
        "@someone",
        "#1",
        "[^1]",
        "[x]: y",
        "$$",
        "'",
        "\"",
        "<",
        ">",
        "\u{202e}",
        "\u{200b}",
        "\u{0}",
        "\u{1b}",
        "x",
        "日本",
        " ",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 1..24).prop_map(|pieces| pieces.concat())
}

/// A name or an id, which holds no control characters and is not padded.
fn name() -> impl Strategy<Value = String> {
    let plain = |text: String| veda_bus_core::text::plain(&text).replace(['\n', '\t'], " ").trim().to_owned();
    let fits = |name: &String| veda_bus_core::name::check_name(name).is_ok();
    hostile().prop_map(plain).prop_filter("a name", fits)
}

fn journal(texts: &[String], from: &str, id: &str) -> Exported {
    let payload = |text: &String| json!({ "question": format!("?{text}"), "context": text, text: text });
    let events = texts.iter().zip(1..).map(|(text, seq)| {
        let (id, parent) =
            if seq == 1 { (id.to_owned(), None) } else { (format!("id-{seq}"), Some(seq - 1)) };
        accepted(seq, &id, from, parent, &payload(text))
    });
    gathered(Wanted::default(), events.collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn no_text_means_anything_in_markdown(
        texts in prop::collection::vec(hostile(), 1..9), from in name(), id in name(),
    ) {
        let exported = journal(&texts, &from, &id);
        let document = written(markdown::write, &exported);
        let (mut headings, mut blocks) = (0, 0);
        for event in Parser::new_ext(&document, Options::all()) {
            match event {
                Markdown::Start(Tag::Heading { .. }) => headings += 1,
                Markdown::Start(Tag::CodeBlock(_)) => blocks += 1,
                Markdown::Start(
                    Tag::Paragraph | Tag::List(_) | Tag::Item | Tag::Strong,
                ) | Markdown::End(_) | Markdown::Text(_) | Markdown::Code(_) | Markdown::SoftBreak => {}
                other => prop_assert!(false, "{other:?} in {document}"),
            }
        }
        prop_assert_eq!(headings, 1 + exported.conversations.len(), "{}", document);
        prop_assert_eq!(blocks, texts.len(), "{}", document);
    }

    #[test]
    fn no_text_is_markup_in_html(
        texts in prop::collection::vec(hostile(), 1..9), from in name(), id in name(),
    ) {
        let document = written(html::write, &journal(&texts, &from, &id));
        let body = document.split_once("<body>").unwrap().1;
        let ours = [
            "a", "article", "bdi", "body", "code", "dd", "details", "div", "dl", "dt", "h1", "h2", "header", "html", "li",
            "main", "nav", "ol", "p", "pre", "section", "small", "span", "summary", "time", "ul",
        ];
        let mut open: Vec<&str> = vec!["html", "body"];
        for tag in body.split('<').skip(1) {
            let (tag, text) = tag.split_once('>').unwrap();
            prop_assert!(!text.contains('>') && !text.chars().any(|c| c != '\n' && veda_bus_core::text::is_hostile(c)));
            let name = tag.trim_start_matches('/').split(' ').next().unwrap();
            prop_assert!(ours.contains(&name), "<{tag}>");
            if tag.starts_with('/') {
                prop_assert_eq!(open.pop(), Some(name));
            } else {
                open.push(name);
            }
        }
        prop_assert!(open.is_empty(), "{open:?}");
    }

    #[test]
    fn csv_is_read_as_it_was_written(texts in prop::collection::vec(hostile(), 1..6)) {
        let exported = journal(&texts, "Flagship", "id-1");
        let table = written(csv::write, &exported);
        let rows = rows_of(&table, ',');
        prop_assert_eq!(rows.len(), 1 + texts.len());
        prop_assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{:?}", rows);
        let messages = exported.conversations.iter().flat_map(|one| &one.messages);
        for (row, told) in rows[1..].iter().zip(messages) {
            prop_assert_eq!(&row[2], &told.record.id.to_string());
            // Apostrophes are added, and tabs are as wide as they are from there.
            let bare = |text: &str| text.replace(['\'', ' '], "");
            let said = told.message.payload.headline();
            prop_assert_eq!(bare(&row[10]), bare(&veda_bus_core::text::block(&said)));
        }
    }

    #[test]
    fn no_cell_of_csv_is_a_formula_however_it_is_cut(texts in prop::collection::vec(hostile(), 1..6)) {
        let table = written(csv::write, &journal(&texts, "Flagship", "id-1"));
        for separator in [',', ';', '\t'] {
            for cell in rows_of(&table, separator).concat() {
                prop_assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']), "{}: {:?}", separator, cell);
            }
        }
    }
}

/// The cells of a table as RFC 4180 reads them, with another separator if need be.
fn rows_of(table: &str, separator: char) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = table.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => quoted = !quoted,
            c if c == separator && !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && chars.next_if_eq(&'\n').is_some() => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    rows
}
