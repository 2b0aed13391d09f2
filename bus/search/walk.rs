//! Reads the texts of a journal's line, one after the other, without keeping any.

use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What a text in a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The message's own id.
    OwnId,
    /// The id of its thread.
    Thread,
    /// The id of what it answers.
    OtherId,
    /// Whom it is from and for.
    Repo,
    /// A repo that it was routed to.
    Recipient,
    /// The message's type.
    Type,
    /// What a message is about.
    Main,
    /// Whatever else it says, and why it was refused.
    Text,
    /// The bus's bookkeeping.
    Other,
}

/// A text, and where it stands in its line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'f> {
    pub place: Place,
    /// Its path: `payload.benefits[0]`; empty where nobody asked for it.
    pub path: &'f str,
    pub text: &'f str,
    /// Whether the text is a part of the line itself, because nothing in it was escaped.
    pub is_raw: bool,
}

/// The fields of payloads that say what the message is about.
const MAIN: [&str; 7] =
    ["summary", "question", "answer", "proposal", "counter_proposal", "description", "findings"];

/// What is to be told of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Wish {
    /// The bus's bookkeeping, too.
    pub all: bool,
    /// The repos that a message was routed to.
    pub recipients: bool,
    /// Where texts stand.
    pub paths: bool,
}

/// Tells `each` the texts and whole numbers of a line.
///
/// # Errors
/// The line is not JSON, or no object.
pub(super) fn walk(line: &[u8], wish: Wish, each: impl FnMut(Field<'_>)) -> serde_json::Result<()> {
    read(line, Step::Root, wish, each)
}

/// The same for the message of a line alone.
pub(super) fn walk_message(message: &[u8], each: impl FnMut(Field<'_>)) -> serde_json::Result<()> {
    read(message, Step::Message, Wish::default(), each)
}

fn read(json: &[u8], step: Step, wish: Wish, each: impl FnMut(Field<'_>)) -> serde_json::Result<()> {
    // It is looked at once whether it is UTF-8, rather than in every text.
    let json = std::str::from_utf8(json).map_err(serde::de::Error::custom)?;
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let mut walk = Walk { wish, path: String::new(), each };
    Node { walk: &mut walk, step }.deserialize(&mut deserializer)?;
    deserializer.end()
}

struct Walk<F> {
    wish: Wish,
    path: String,
    each: F,
}

impl<F> Walk<F> {
    fn enter(&mut self, name: &str) {
        if self.wish.paths {
            if !self.path.is_empty() {
                self.path.push('.');
            }
            self.path.push_str(name);
        }
    }

    fn enter_item(&mut self, index: usize) {
        if self.wish.paths {
            // Writing to a `String` does not fail.
            let _ = write!(self.path, "[{index}]");
        }
    }
}

/// Where in a line a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Root,
    Message,
    /// Who sends, or who gets it.
    Party,
    Routing,
    Payload,
    /// Everything below is of one kind.
    Leaf(Place),
}

impl Step {
    /// The member `name`; `None` where it is not looked at.
    fn member(self, name: &str, wish: Wish) -> Option<Self> {
        let other = wish.all.then_some(Self::Leaf(Place::Other));
        let place = match self {
            Self::Leaf(place) => place,
            Self::Payload if MAIN.contains(&name) => Place::Main,
            Self::Payload => Place::Text,
            Self::Party | Self::Routing if name != "repo" => return other,
            Self::Party => Place::Repo,
            Self::Routing => Place::Recipient,
            Self::Root => match name {
                "seq" | "at" | "chain" => return None,
                "message" => return Some(Self::Message),
                "recipients" => return (wish.all || wish.recipients).then_some(Self::Routing),
                "to" => return Some(Self::Party),
                "id" => Place::OwnId,
                "thread" => Place::Thread,
                "reason" => Place::Text,
                "repo" => Place::Repo,
                _ => return other,
            },
            Self::Message => match name {
                "payload" => return Some(Self::Payload),
                "from" | "to" => return Some(Self::Party),
                "id" => Place::OwnId,
                "reply_to" => Place::OtherId,
                "type" => Place::Type,
                _ => return other,
            },
        };
        Some(Self::Leaf(place))
    }

    /// What a text is that stands here itself.
    fn place(self) -> Place {
        match self {
            Self::Leaf(place) => place,
            Self::Message => Place::OtherId,
            Self::Root | Self::Party | Self::Routing | Self::Payload => Place::Other,
        }
    }
}

struct Node<'w, F> {
    walk: &'w mut Walk<F>,
    step: Step,
}

impl<F: FnMut(Field<'_>)> Node<'_, F> {
    /// A line is an object, and no text.
    fn checked<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.step == Step::Root { Err(E::custom("expected an object")) } else { Ok(self) }
    }

    fn tell(self, text: &str, is_raw: bool) {
        let Walk { wish, path, each } = self.walk;
        let place = self.step.place();
        if wish.all || place != Place::Other {
            // Some events name a message where others hold one.
            let path = if path.is_empty() { "message" } else { path.as_str() };
            each(Field { place, path, text, is_raw });
        }
    }
}

impl<'de, F: FnMut(Field<'_>)> DeserializeSeed<'de> for Node<'_, F> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Field<'_>)> Visitor<'de> for Node<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a line of a journal")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.checked()?.tell(text, false);
        Ok(())
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<(), E> {
        self.checked()?.tell(text, true);
        Ok(())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<(), E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<(), E> {
        self.visit_str(&number.to_string())
    }

    // JSON may write one such number in many ways, so that nobody could tell under which it is found.
    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let length = self.walk.path.len();
        let mut index = 0_usize;
        loop {
            self.walk.enter_item(index);
            let next = items.next_element_seed(Node { walk: &mut *self.walk, step: self.step })?;
            self.walk.path.truncate(length);
            if next.is_none() {
                return Ok(());
            }
            index += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { walk, step } = self;
        let length = walk.path.len();
        while let Some(step) = members.next_key_seed(Name { walk, step })? {
            match step {
                Some(step) => members.next_value_seed(Node { walk: &mut *walk, step })?,
                None => members.next_value::<IgnoredAny>().map(drop)?,
            }
            walk.path.truncate(length);
        }
        Ok(())
    }
}

/// The name of a member, which becomes a part of the path.
struct Name<'w, F> {
    walk: &'w mut Walk<F>,
    step: Step,
}

impl<'de, F: FnMut(Field<'_>)> DeserializeSeed<'de> for Name<'_, F> {
    type Value = Option<Step>;
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Option<Step>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<F: FnMut(Field<'_>)> Visitor<'_> for Name<'_, F> {
    type Value = Option<Step>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Option<Step>, E> {
        let Self { walk, step } = self;
        let next = step.member(name, walk.wish);
        // A message's own members are told by the names that its sender knows.
        if next.is_some() && !(step == Step::Root && name == "message") {
            walk.enter(name);
        }
        if let Step::Leaf(place @ (Place::Main | Place::Text)) = step {
            // Names below a field are what the sender chose: the repos of a task's parts.
            (walk.each)(Field { place, path: &walk.path, text: name, is_raw: false });
        }
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str, all: bool) -> Vec<String> {
        let mut told = Vec::new();
        walk(line.as_bytes(), Wish { all, recipients: true, paths: true }, |field| {
            told.push(format!("{:?} {}={}", field.place, field.path, field.text));
        })
        .unwrap();
        told
    }

    #[test]
    fn a_message_is_told_field_by_field() {
        let line = r#"{"seq":1,"at":2,"event":"accepted","by":"i","thread":"t","recipients":[{"repo":"B"}],
            "message":{"id":"m","from":{"repo":"A","path":"/a"},"to":{"repo":"*"},"type":"Task","payload":
            {"description":"d\u00e9","subtasks":{"B":"x"},"n":[1,1.5,true,null,"y"]}},"chain":"c"}"#;
        assert_eq!(
            told(line, false),
            [
                "Thread thread=t",
                "Recipient recipients[0].repo=B",
                "OwnId id=m",
                "Repo from.repo=A",
                "Repo to.repo=*",
                "Type type=Task",
                "Main payload.description=dé",
                "Text payload.subtasks.B=B",
                "Text payload.subtasks.B=x",
                "Text payload.n[0]=1",
                "Text payload.n[4]=y",
            ]
        );
        let all = told(line, true);
        assert!(
            all.contains(&"Other from.path=/a".to_owned())
                && all.contains(&"Other event=accepted".to_owned())
        );
        assert!(!all.iter().any(|field| field.contains("chain")));
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        for line in ["", "[]x", "\"a\"", "{\"a\":", "{} {}", "{\"reason\":\"\u{1}\"}"] {
            assert!(walk(line.as_bytes(), Wish::default(), |_| ()).is_err(), "{line}");
        }
    }
}
