//! How a message is said again: as it was, but for what belongs to the first time.

use std::collections::BTreeMap;

use serde_json::value::{RawValue, to_raw_value};
use veda_bus_core::message::Message;
use veda_bus_core::name::MessageId;
use veda_bus_core::payload::{Form, Outcome, Payload};

/// What belongs to the first time: the bus fills it in anew, or says who changed a message that is the sender's now.
const FIRST_TIME: [&str; 5] = ["id", "from", "timestamp", "reply_to", "amended_by"];

/// What is said instead of a message of the journal.
pub(super) enum Again {
    /// This envelope; whether what it answered is left out of it.
    Envelope { json: String, stands_alone: bool },
    /// Nothing, and why.
    Nothing(String),
}

/// How `message` is said again as `new`; what it answered is `parent` now, where that was said again.
pub(super) fn again(message: &Message, new: &MessageId, parent: Option<&MessageId>) -> Again {
    if let Some(why) = never_again(message) {
        return Again::Nothing(why.to_owned());
    }
    let stands_alone = message.reply_to.is_some() && parent.is_none();
    if let Some(old) = message.reply_to.as_ref().filter(|_| stands_alone && message.payload.is_answer()) {
        return Again::Nothing(format!("it answers {old}, which was not played"));
    }
    match envelope(message.json(), new, parent) {
        Ok(json) => Again::Envelope { json, stands_alone },
        Err(error) => Again::Nothing(format!("it can not be read: {error}")),
    }
}

/// Why no instance may say `message`, whatever was said before.
pub(super) fn never_again(message: &Message) -> Option<&'static str> {
    if message.from.repo.is_bus() {
        return Some("the bus itself said it");
    }
    is_decision(&message.payload).then_some("only the operator and the bus say how a negotiation ends")
}

/// Whether it says how a negotiation ended, which an agent does not.
fn is_decision(payload: &Payload) -> bool {
    match payload {
        Payload::Negotiate(Form::Answer(answer)) => {
            answer.outcome.is_some_and(|outcome| outcome != Outcome::Withdrawn)
        }
        _ => false,
    }
}

/// The envelope with another id, and another message that it answers. All other members stay as they were written.
fn envelope(json: &str, new: &MessageId, parent: Option<&MessageId>) -> serde_json::Result<String> {
    let mut members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(json)?;
    members.retain(|name, _| !FIRST_TIME.contains(&name.as_str()));
    members.insert("id".to_owned(), to_raw_value(new)?);
    if let Some(parent) = parent {
        members.insert("reply_to".to_owned(), to_raw_value(parent)?);
    }
    serde_json::to_string(&members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(more: &str) -> Message {
        let json = format!(
            r#"{{"id":"old","from":{{"repo":"Flagship"}},"to":{{"repo":"LensSDK"}},"timestamp":1,{more}}}"#
        );
        Message::parse(&json, None).unwrap()
    }

    fn said(message: &Message, parent: Option<&str>) -> Result<(String, bool), String> {
        let parent = parent.map(|id| id.parse().unwrap());
        match again(message, &"new".parse().unwrap(), parent.as_ref()) {
            Again::Envelope { json, stands_alone } => Ok((json, stands_alone)),
            Again::Nothing(why) => Err(why),
        }
    }

    #[test]
    fn everything_but_what_belongs_to_the_first_time_stays_as_it_was_written() {
        let payload = r#"{"question": "why",  "extra":1.000000000000000000001}"#;
        let more = format!(
            r#""type":"Query","ttl":60,"priority":"high","mine":[1e3],"payload":{payload},"amended_by":"operator""#
        );
        let expected = format!(
            r#"{{"id":"new","mine":[1e3],"payload":{payload},"priority":"high","to":{{"repo":"LensSDK"}},"ttl":60,"type":"Query"}}"#
        );
        assert_eq!(said(&message(&more), None), Ok((expected, false)));
    }

    #[test]
    fn an_answer_needs_what_it_answers_and_a_question_does_not() {
        let answer = message(r#""type":"Query","reply_to":"before","payload":{"answer":"so"}"#);
        assert!(said(&answer, Some("then")).unwrap().0.contains(r#""reply_to":"then""#));
        assert_eq!(said(&answer, None), Err("it answers before, which was not played".to_owned()));
        let question = message(r#""type":"Query","reply_to":"before","payload":{"question":"why"}"#);
        let (json, stands_alone) = said(&question, None).unwrap();
        assert!(stands_alone && !json.contains("reply_to"), "{json}");
    }

    #[test]
    fn only_a_withdrawal_ends_a_negotiation_again() {
        for (outcome, is_said) in
            [("withdrawn", true), ("approved", false), ("rejected", false), ("expired", false)]
        {
            let more =
                format!(r#""type":"Negotiate","reply_to":"before","payload":{{"outcome":"{outcome}"}}"#);
            assert_eq!(said(&message(&more), Some("then")).is_ok(), is_said, "{outcome}");
        }
    }
}
