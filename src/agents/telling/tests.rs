use serde_json::{Value, json};
use veda_bus_core::filter::Filter;
use veda_bus_core::name::RepoName;
use veda_bus_core::state::view::Listed;
use veda_bus_core::wire::InboxHead;

use super::*;
use crate::agents::envelope::length;

/// The longest text.
const PAGE: usize = 9_000;

const NOW: Millis = Millis(1_000_000);

/// What a hook finds, to be changed by a test.
struct Case {
    inbox: InboxAnswer,
    again: Vec<Incoming>,
    requests: HashMap<Seq, Message>,
    settings: HandlerSettings,
    memory: Memory,
    fresh: bool,
}

impl Case {
    fn new(messages: Vec<Incoming>) -> Self {
        let nothing = Listed { newest: Vec::new(), more: 0 };
        let head = InboxHead {
            repo: "LensSDK".parse().unwrap(),
            instance: None,
            host: None,
            seq: Seq(99),
            more: 0,
            owes: nothing.clone(),
            owed: nothing,
            expired: Vec::new(),
        };
        let filter = Some(Filter::compile("priority >= normal").unwrap());
        Self {
            inbox: InboxAnswer { head, messages },
            again: Vec::new(),
            requests: HashMap::new(),
            settings: HandlerSettings { filter, ..HandlerSettings::default() },
            memory: Memory::default(),
            fresh: false,
        }
    }

    /// The same, and the answer to `request` is owed, until a minute after now.
    fn owing(mut self, request: &Incoming) -> Self {
        let message = &request.message;
        self.inbox.head.owes.newest.push(ObligationView {
            id: message.id.clone(),
            seq: request.seq,
            thread: request.thread.clone(),
            kind: message.kind(),
            by: "LensSDK".parse().unwrap(),
            to: message.from.repo.clone(),
            since: request.at,
            due: NOW.plus(Duration::from_secs(60)),
            waiting: false,
            word: None,
            counters: None,
        });
        self.requests.insert(request.seq, message.clone());
        self
    }

    fn tell(&self, moment: Moment) -> Telling {
        self.tell_at(moment, NOW)
    }

    fn tell_at(&self, moment: Moment, now: Millis) -> Telling {
        let Self { inbox, again, requests, settings, memory, fresh } = self;
        tell(&Found { moment, fresh: *fresh, inbox, again, requests, settings, now }, memory)
    }

    /// Says what there is to say, and remembers it.
    fn said(&mut self, moment: Moment) -> Option<String> {
        let telling = self.tell(moment);
        self.inbox.messages.retain(|one| !telling.read.contains(&one.message.id));
        self.memory = telling.memory;
        telling.text
    }
}

fn incoming(id: &str, seq: u64, with: &Value) -> Incoming {
    let mut message = json!({
        "id": id, "from": { "repo": "Flagship" }, "to": { "repo": "LensSDK" }, "type": "Query", "timestamp": 1,
        "payload": { "question": format!("question {id}") },
    });
    for (name, value) in with.as_object().unwrap() {
        message[name] = value.clone();
    }
    Incoming {
        seq: Seq(seq),
        at: NOW.before(Duration::from_secs(10)),
        thread: "t-1".parse().unwrap(),
        expires_at: NOW.plus(Duration::from_secs(600)),
        message: Message::parse(&message.to_string(), None).unwrap(),
    }
}

fn query(id: &str, seq: u64) -> Incoming {
    incoming(id, seq, &json!({}))
}

fn urgent(id: &str, seq: u64) -> Incoming {
    incoming(id, seq, &json!({ "priority": "high" }))
}

fn acknowledgement(id: &str, seq: u64) -> Incoming {
    incoming(id, seq, &json!({ "reply_to": "q-9", "payload": { "acknowledged": true } }))
}

/// The lines of JSON in a text.
fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn nothing_new_is_nothing_said() {
    for moment in [Moment::Start, Moment::Prompt, Moment::Tool, Moment::Stop, Moment::Idle] {
        let telling = Case::new(Vec::new()).tell(moment);
        assert_eq!((telling.text, telling.read), (None, Vec::new()), "{moment:?}");
    }
}

#[test]
fn new_messages_are_shown_with_who_speaks_and_how_to_answer() {
    let mut case = Case::new(vec![query("q-1", 3), query("q-2", 4)]);
    let telling = case.tell(Moment::Tool);
    let text = telling.text.unwrap();
    assert!(
        text.starts_with("veda-bus: 2 new messages for LensSDK from agents of other repositories. "),
        "{text}"
    );
    assert!(text.contains("It is not from the user"), "{text}");
    assert!(text.ends_with("Tools: reply_to_message answers a request or a question."), "{text}");
    assert_eq!(lines(&text)[1]["body"]["question"], "question q-2");
    assert_eq!(telling.read, ["q-1".parse().unwrap(), "q-2".parse().unwrap()]);
    assert!(telling.memory.shown.contains_key(&"q-1".parse().unwrap()));
    case.said(Moment::Tool).unwrap();
    assert_eq!(case.said(Moment::Tool), None);
}

#[test]
fn what_was_printed_without_the_bus_hearing_of_it_is_not_shown_twice() {
    let mut case = Case::new(vec![query("q-1", 3)]);
    case.memory = case.tell(Moment::Tool).memory;
    let telling = case.tell(Moment::Tool);
    assert_eq!((telling.text, telling.read), (None, vec!["q-1".parse().unwrap()]));
}

#[test]
fn what_the_filter_and_its_age_hold_back_is_counted_once() {
    let old = Incoming { at: Millis(1), ..query("q-2", 4) };
    let mut case = Case::new(vec![incoming("q-1", 3, &json!({ "priority": "low" })), old]);
    assert_eq!(case.said(Moment::Tool), None);
    let text = case.said(Moment::Prompt).unwrap();
    assert_eq!(text, "veda-bus: 2 messages for LensSDK in the inbox: check_messages shows what waits there.");
    assert_eq!(case.said(Moment::Prompt), None);
    case.inbox.head.more = 1;
    case.inbox.messages.push(query("q-3", 5));
    assert!(case.said(Moment::Prompt).unwrap().contains("\n3 more in the inbox: check_messages.\n"));
}

#[test]
fn what_is_owed_is_told_at_the_start_at_a_prompt_and_when_it_is_overdue() {
    let asked = incoming("q-1", 3, &json!({ "payload": { "question": "</x>\u{202e} why?" } }));
    let mut case = Case::new(Vec::new()).owing(&asked);
    let text = case.said(Moment::Start).unwrap();
    assert!(text.starts_with("veda-bus: LensSDK owes an answer to 1 earlier request;"), "{text}");
    let line = &lines(&text)[0];
    assert_eq!(
        (&line["from"], &line["id"], &line["body"]),
        (&json!("Flagship"), &json!("q-1"), &json!("</x> why?"))
    );
    assert!(!text.contains("</x>"));
    assert_eq!(case.said(Moment::Prompt), None, "told in this conversation");
    let late = case.tell_at(Moment::Prompt, NOW.plus(Duration::from_secs(90)));
    assert!(late.text.unwrap().contains("\"due\":\"overdue"));
    case.memory = late.memory;
    assert_eq!(case.tell_at(Moment::Prompt, NOW.plus(Duration::from_secs(99))).text, None);
    let unread = Case::new(vec![asked.clone()]).owing(&asked);
    assert_eq!(lines(&unread.tell(Moment::Start).text.unwrap()).len(), 1, "the message says it all");
}

#[test]
fn an_agent_is_kept_going_three_times_in_a_row() {
    let mut case = Case::new(Vec::new());
    for seq in 1..=KEPT_GOING {
        case.inbox.messages = vec![query(&format!("q-{seq}"), seq.into())];
        assert!(case.said(Moment::Stop).is_some());
        assert!(!case.memory.idle);
    }
    case.inbox.messages = vec![query("q-9", 9)];
    assert_eq!(case.said(Moment::Stop), None);
    assert!(case.memory.idle);
    assert_eq!(case.said(Moment::Idle), None, "it would go on without end");
    case.fresh = true;
    assert!(case.said(Moment::Stop).is_some(), "another turn");
    case.memory.kept_going = KEPT_GOING;
    case.said(Moment::Prompt);
    assert_eq!(case.memory.kept_going, 0);
}

#[test]
fn an_acknowledgement_disturbs_nobody_and_comes_with_the_next_message() {
    let mut case = Case::new(vec![acknowledgement("a-1", 3)]);
    for moment in [Moment::Tool, Moment::Stop, Moment::Idle] {
        assert_eq!(case.said(moment), None);
    }
    case.inbox.messages.push(query("q-1", 4));
    let telling = case.tell(Moment::Stop);
    let text = telling.text.unwrap();
    let expected = json!({ "acknowledged_by": "Flagship", "verified": true, "ids": ["q-9"] });
    assert_eq!((lines(&text).len(), &lines(&text)[1]), (2, &expected), "{text}");
    assert!(text.contains("1 new message for") && text.contains("1 message from LensSDK arrived"), "{text}");
    assert_eq!(telling.read.len(), 2);
}

#[test]
fn an_acknowledgement_that_says_more_is_a_message() {
    let more = json!({ "reply_to": "q-9", "payload": { "acknowledged": true, "comment": "Tomorrow" } });
    let mut case = Case::new(vec![incoming("a-1", 3, &more), query("q-1", 4)]);
    let text = case.said(Moment::Tool).unwrap();
    assert!(text.contains("2 new messages") && text.contains("Tomorrow"), "{text}");
}

#[test]
fn an_urgent_request_without_a_word_keeps_an_agent_going_once_a_turn() {
    let mut case = Case::new(Vec::new()).owing(&urgent("q-1", 3)).owing(&query("q-2", 4));
    let text = case.said(Moment::Stop).unwrap();
    assert_eq!(lines(&text)[0]["id"], "q-1");
    assert_eq!(lines(&text).len(), 1);
    assert_eq!(case.said(Moment::Stop), None);
    case.fresh = true;
    assert!(case.said(Moment::Stop).is_some());
    case.inbox.head.owes.newest[0].word = Some(Word::InProgress);
    assert_eq!(case.said(Moment::Stop), None);
}

#[test]
fn what_was_shown_is_known_to_be_seen_when_the_turn_ends() {
    let mut case = Case::new(vec![query("q-1", 3)]);
    case.said(Moment::Prompt).unwrap();
    case.said(Moment::Tool);
    assert_eq!(case.memory.shown.len(), 1);
    case.said(Moment::Stop);
    assert!(case.memory.shown.is_empty());
}

#[test]
fn what_may_not_have_been_seen_is_shown_again() {
    let (answered, open, told) = (
        query("q-1", 3),
        query("q-2", 4),
        incoming(
            "n-1",
            5,
            &json!({
                "type": "Notify", "payload": { "change_type": "new_feature", "summary": "new" },
            }),
        ),
    );
    let mut case = Case::new(Vec::new()).owing(&open);
    case.again = vec![answered, open, told];
    case.memory.again = case.again.iter().map(|one| (one.message.id.clone(), Some(one.seq))).collect();
    let text = case.said(Moment::Start).unwrap();
    assert!(
        text.starts_with("veda-bus: 2 messages for LensSDK, shown before, to a conversation that ended"),
        "{text}"
    );
    let ids: Vec<_> = lines(&text).iter().map(|line| line["id"].clone()).collect();
    assert_eq!(ids, ["q-2", "n-1"], "what was answered was seen");
    assert!(case.memory.again.is_empty());
    assert_eq!(case.memory.shown.len(), 2);
}

#[test]
fn a_page_has_room_for_so_much_and_the_rest_comes_later() {
    let long = |id: &str, seq| incoming(id, seq, &json!({ "payload": { "question": "😀<".repeat(600) } }));
    let mut case = Case::new((1..=5).map(|seq| long(&format!("q-{seq}"), seq)).collect());
    let (mut shown, mut hooks) = (0, 0);
    while let Some(text) = case.said(Moment::Tool) {
        assert!(length(&text) <= PAGE, "{}", length(&text));
        shown += lines(&text).len();
        hooks += 1;
    }
    assert_eq!(shown, 5);
    assert!(hooks > 1);
}

#[test]
fn a_message_that_is_too_long_is_told_once_and_stays_unread() {
    let name: RepoName = "<".repeat(64).parse().unwrap();
    let from = json!({ "from": { "repo": name }, "payload": { "question": "x".repeat(1_000_000) } });
    let mut case = Case::new(vec![incoming("q-1", 3, &from), query("q-2", 4)]);
    let telling = case.tell(Moment::Tool);
    assert_eq!(telling.read, ["q-2".parse().unwrap()]);
    let text = case.said(Moment::Tool).unwrap();
    assert!(length(&text) <= PAGE);
    assert_eq!(lines(&text)[0]["body_characters"], 1_000_015);
    assert!(text.contains("get_thread gives it whole"), "{text}");
    assert_eq!(case.said(Moment::Tool), None);
    assert_eq!(case.inbox.messages.len(), 1);
}

#[test]
fn a_message_is_as_long_as_it_is_shown() {
    let asks = |text: &str| json!({ "payload": { "question": text } });
    let mut case = Case::new(vec![incoming("q-1", 3, &asks(&"<".repeat(2_000)))]);
    assert_eq!(lines(&case.said(Moment::Tool).unwrap())[0]["body_characters"], 12_015);
    assert_eq!(case.said(Moment::Tool), None, "told once");
    assert_eq!(case.said(Moment::Stop), None);
    let wide = incoming("q-2", 4, &asks(&"語".repeat(3_000)));
    case.inbox.messages = vec![wide];
    case.memory.told.insert("q-2".parse().unwrap(), NOW);
    let text = case.said(Moment::Tool).unwrap();
    assert!(lines(&text)[0]["body"].is_object(), "it is not too long, whatever it has in bytes: {text}");
}

#[test]
fn an_urgent_request_that_is_not_shown_is_told_at_a_stop() {
    let old = Incoming { at: Millis(1), ..urgent("q-1", 3) };
    let mut case = Case::new(vec![old.clone()]).owing(&old);
    let telling = case.tell(Moment::Stop);
    let text = telling.text.unwrap();
    assert!(text.contains("LensSDK owes an answer to 1 earlier request"), "{text}");
    assert_eq!(telling.read, [], "it stays unread");
    case.said(Moment::Stop);
    assert_eq!(case.said(Moment::Stop), None, "once a turn");
    case.settings.filter = Some(Filter::compile("type == \"Notify\"").unwrap());
    case.inbox.messages = vec![urgent("q-1", 3)];
    case.fresh = true;
    assert_eq!(lines(&case.said(Moment::Stop).unwrap())[0]["id"], "q-1");
}

#[test]
fn an_idle_agent_is_woken_by_messages() {
    let mut case = Case::new(vec![query("q-1", 3)]).owing(&urgent("q-7", 2));
    case.memory.idle = true;
    case.memory.woken = vec![Millis(1)];
    assert_eq!(lines(&case.said(Moment::Idle).unwrap()).len(), 1);
    assert!(!case.memory.idle);
    assert_eq!(case.memory.woken, [NOW]);
}
