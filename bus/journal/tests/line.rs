use proptest::prelude::*;

use super::*;
use crate::event::{
    AgentHost, Answered, Expired, InstanceRef, KnownRepo, Left, LeftReason, Noticed, Receive, Refused,
    Registered, Started,
};
use crate::journal::line::{Chain, LineError, check, decode, encode, seq_of};
use crate::message::Recipient;
use crate::name::{Capability, SessionId};
use crate::os::Process;
use crate::refusal::Code;

/// One of every kind, with `text` wherever any text may be.
fn every_kind(text: &str) -> Vec<Event> {
    let repo = RepoName::new("Lens \"SDK\"").unwrap();
    let instance = InstanceId::new("in\\stance").unwrap();
    let id = MessageId::random();
    let moved = Moved { repo: repo.clone(), instance: instance.clone(), ids: vec![id.clone(), id.clone()] };
    let reference = InstanceRef { instance: instance.clone(), repo: repo.clone() };
    let capabilities = vec![Capability::new("auth").unwrap()];
    let known = KnownRepo {
        repo: repo.clone(),
        last_seen: Millis(7),
        accept_requests_from: Some(vec!["*".into(), text.into()]),
        capabilities: vec![capabilities.clone(), Vec::new()],
    };
    let host = Process { pid: 11, started: u64::MAX };
    let registered = Registered {
        instance: instance.clone(),
        repo: repo.clone(),
        session: Some(SessionId::new("s").unwrap()),
        path: Some(text.into()),
        capabilities: capabilities.clone(),
        accept_requests_from: vec![text.into()],
        receive: Receive::Replies,
        client: Some(text.into()),
        pid: Some(12),
        host: Some(host),
    };
    let bare = Registered {
        session: None,
        path: None,
        capabilities: Vec::new(),
        client: None,
        pid: None,
        host: None,
        ..registered.clone()
    };
    let refused = Refused {
        repo: repo.clone(),
        id: Some(id.clone()),
        to: Some(Recipient { capabilities, ..Recipient::repo(repo.clone()) }),
        code: Code::UnknownRepo,
        reason: text.into(),
        pid: Some(13),
    };
    vec![
        Event::Started(Started { pid: 1, version: text.into() }),
        Event::Stopped(Stopped { pid: u32::MAX }),
        Event::Checkpoint(Checkpoint {
            configured: None,
            since: Seq(3),
            repos: vec![known],
            instances: Vec::new(),
            agent_hosts: vec![AgentHost { repo: repo.clone(), host }],
            previous: Chain::GENESIS.to_string(),
        }),
        Event::Registered(registered),
        Event::Registered(bare),
        Event::Left(Left { instance, repo: repo.clone(), reason: LeftReason::Replaced }),
        Event::Stuck(reference.clone()),
        Event::Resumed(reference),
        accepted(&format!("?{text}")),
        Event::Routed(moved.clone()),
        Event::Delivered(moved.clone()),
        Event::Read(moved),
        Event::Answered(Answered { id: id.clone(), repo: repo.clone(), answer: id.clone() }),
        Event::Expired(Expired { id: id.clone(), from: repo.clone(), unread_by: vec![repo.clone()] }),
        Event::Noticed(Noticed { repo: repo.clone(), ids: Vec::new() }),
        Event::Refused(Refused { id: None, to: None, pid: None, ..refused.clone() }),
        Event::Refused(refused),
    ]
}

proptest! {
    #[test]
    fn every_kind_of_event_comes_back_as_it_was(text in ".*", seq in any::<u64>(), at in any::<u64>()) {
        let mut previous = Chain::GENESIS;
        for event in every_kind(&text) {
            let recorded = Recorded { seq: Seq(seq), at: Millis(at), event };
            let mut out = b"before".to_vec();
            let chain = encode(&mut out, previous, &recorded);
            let line = std::str::from_utf8(&out[6..]).unwrap();
            prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
            let (found, own) = decode(line).unwrap();
            prop_assert_eq!(&found, &recorded);
            prop_assert_eq!(own, chain);
            prop_assert_eq!(decode(line.trim_end()).unwrap(), (found, own));
            prop_assert_eq!(check(previous, line.as_bytes()), Ok(chain));
            prop_assert_eq!(seq_of(line.as_bytes()), Some(Seq(seq)));
            prop_assert!(serde_json::from_str::<serde_json::Value>(line).is_ok());
            previous = chain;
        }
    }

    #[test]
    fn nothing_that_is_no_line_is_taken_and_nothing_panics(bytes in any::<Vec<u8>>(), text in ".*") {
        prop_assert!(check(Chain::GENESIS, &bytes).is_err());
        prop_assert!(decode(&text).is_err());
        let text = format!("{{\"seq\":1,\"at\":2,\"event\":\"left\"{text}");
        prop_assert!(decode(&text).is_err());
        seq_of(&bytes);
    }
}

#[test]
fn a_line_looks_as_documented() {
    let mut out = Vec::new();
    let event = Event::Stopped(Stopped { pid: 7 });
    let chain = encode(&mut out, Chain::GENESIS, &Recorded { seq: Seq(42), at: Millis(9), event });
    let expected = format!("{{\"seq\":42,\"at\":9,\"event\":\"stopped\",\"pid\":7,\"chain\":\"{chain}\"}}\n");
    assert_eq!(String::from_utf8(out.clone()).unwrap(), expected);
    let mut hashed = vec![0; 16];
    hashed.extend_from_slice(&out[..out.len() - 45]);
    let digest = blake3::hash(&hashed).to_hex();
    assert_eq!(chain.to_string(), digest.as_str()[..32]);
    assert_eq!(chain.to_string().parse(), Ok(chain));
    assert!("0".repeat(31).parse::<Chain>().is_err() && "G".repeat(32).parse::<Chain>().is_err());
}

#[test]
fn the_message_is_copied_byte_for_byte_and_stays_on_one_line() {
    let Event::Accepted(mut body) = accepted("a") else { panic!() };
    let raw = String::from_utf8(body.message.raw.to_vec()).unwrap();
    let line = |body: &Accepted| {
        let mut out = Vec::new();
        let event = Event::Accepted(Box::new(body.clone()));
        encode(&mut out, Chain::GENESIS, &Recorded { seq: Seq(1), at: Millis(1), event });
        String::from_utf8(out).unwrap()
    };
    assert!(line(&body).contains(&format!(",\"message\":{raw},\"chain\":")));
    body.message.raw = raw.replace(", ", ",\n").into();
    assert_eq!(line(&body).matches('\n').count(), 1);
    assert_eq!(decode(&line(&body)).unwrap().0.seq, Seq(1));
}

#[test]
fn errors_name_what_is_wrong() {
    let chain = Chain::GENESIS;
    let unknown = format!("{{\"seq\":1,\"at\":1,\"event\":\"danced\",\"chain\":\"{chain}\"}}");
    assert_eq!(decode(&unknown), Err(LineError::UnknownEvent("danced".into())));
    assert_eq!(check(chain, unknown.as_bytes()), Err(LineError::Chain));
    let lacking = unknown.replace("danced", "stopped");
    assert!(decode(&lacking).unwrap_err().to_string().contains("missing field `pid`"));
    assert!(matches!(decode("{}"), Err(LineError::Shape(_))));
}
