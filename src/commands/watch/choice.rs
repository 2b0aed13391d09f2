//! Which events are shown: those for which a CEL expression is true.

use std::io::Write as _;

use veda_bus_core::event::{Event, Recorded};
use veda_bus_core::filter::{Facts, Filter, FilterError};
use veda_bus_core::text;
use veda_bus_ui::words::about::{is_about_messages, narrowed};

use crate::failure::Failure;
use crate::show::memory::Memory;
use crate::show::width;

/// The longest line of an expression under which its fault is pointed at.
const POINTED_AT: usize = 200;

/// A filter, or everything.
pub(super) struct Choice {
    filter: Option<Filter>,
}

impl Choice {
    /// Compiles the expression, if there is one. A fault in it is pointed at on stderr.
    pub(super) fn new(source: Option<&str>) -> Result<Self, Failure> {
        let compile = |source: &str| {
            Filter::compile(source).map_err(|error| {
                if let Some(pointed) = pointed_at(source, &error) {
                    // The failure that follows says the place, too.
                    let _ = std::io::stderr().write_all(pointed.as_bytes());
                }
                Failure::Usage(format!("--filter: {error}"))
            })
        };
        Ok(Self { filter: source.map(compile).transpose()? })
    }

    /// Whether nothing is left out.
    pub(super) fn is_everything(&self) -> bool {
        self.filter.is_none()
    }

    /// The event as far as it is chosen. One about several messages is chosen for those of them for which the
    /// expression is true; an answer, when it is true for the answer or for what is answered.
    pub(super) fn of(&self, recorded: Recorded, memory: &Memory) -> Option<Recorded> {
        let Some(filter) = &self.filter else { return Some(recorded) };
        if !is_about_messages(&recorded.event) {
            return matches(filter, &Facts::of_event(&recorded)).then_some(recorded);
        }
        // What the event itself tells outlives its narrowing, so it is looked at in a copy.
        let whole = recorded.clone();
        let event = Facts::of_event(&whole);
        narrowed(recorded, |id| match memory.get(id) {
            Some(known) => matches(filter, &known.facts(id, &event)),
            None => matches(filter, &unknown(&whole.event, &event, id.to_string())),
        })
    }
}

/// The facts of an event about a message of which only the id is known.
fn unknown<'a>(event: &Event, facts: &Facts<'a>, id: String) -> Facts<'a> {
    let reply_to = match event {
        Event::Answered(answered) if answered.answer.to_string() == id => answered.id.to_string(),
        _ => String::new(),
    };
    Facts { id: id.into(), reply_to: reply_to.into(), ..facts.clone() }
}

/// To show an event too many is safer than to hide one, where the expression has no answer.
fn matches(filter: &Filter, facts: &Facts<'_>) -> bool {
    filter.matches(facts).unwrap_or(true)
}

/// The line of the expression that is at fault, with a caret under the place.
fn pointed_at(source: &str, error: &FilterError) -> Option<String> {
    let (line, column) = error.position()?;
    let line = source.lines().nth(line - 1)?;
    let before: String = line.chars().take(column - 1).collect();
    let (shown, indent) = (text::line(line), width(&before));
    (width(&shown) <= POINTED_AT).then(|| format!("  {shown}\n  {:indent$}^\n", ""))
}

#[cfg(test)]
mod tests {
    use veda_bus_core::event::{Answered, Moved};
    use veda_bus_core::name::Seq;
    use veda_bus_core::time::Millis;

    use super::*;
    use crate::show::tests::accepted;

    fn recorded(event: Event) -> Recorded {
        Recorded { seq: Seq(7), at: Millis(61_000), event }
    }

    /// Two messages, accepted a minute before.
    fn memory() -> Memory {
        let mut memory = Memory::new();
        memory.learn(Millis(1000), &accepted("one", "Flagship", "LensSDK", None));
        memory.learn(Millis(1000), &accepted("two", "UILib", "LensSDK", Some("one")));
        memory
    }

    fn delivered() -> Recorded {
        recorded(Event::Delivered(Moved {
            repo: "LensSDK".parse().unwrap(),
            instance: "i".parse().unwrap(),
            ids: ["one", "two", "never-seen"].map(|id| id.parse().unwrap()).to_vec(),
        }))
    }

    fn chosen(filter: &str, event: Recorded) -> Option<Vec<String>> {
        let choice = Choice::new(Some(filter)).ok().unwrap();
        choice.of(event, &memory()).map(|recorded| match recorded.event {
            Event::Delivered(moved) => moved.ids.iter().map(ToString::to_string).collect(),
            other => vec![other.name().to_owned()],
        })
    }

    #[test]
    fn an_event_is_narrowed_to_the_messages_that_match() {
        let ids = |ids: &[&str]| Some(ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>());
        assert_eq!(chosen("from == 'UILib'", delivered()), ids(&["two"]));
        assert_eq!(chosen("type == 'Query' && event == 'delivered'", delivered()), ids(&["one", "two"]));
        assert_eq!(chosen("thread == 'one' && age == 60 && seq == 7", delivered()), ids(&["one", "two"]));
        assert_eq!(chosen("repo == 'LensSDK'", delivered()), ids(&["one", "two", "never-seen"]));
        assert_eq!(chosen("id == 'never-seen'", delivered()), ids(&["never-seen"]));
        assert_eq!(chosen("from == 'Nobody'", delivered()), None);
        assert_eq!(chosen("1 / (seq - 7) == 1", delivered()), ids(&["one", "two", "never-seen"]));
    }

    #[test]
    fn an_answered_is_about_both_messages() {
        let answered = || {
            let (id, answer) = ("one".parse().unwrap(), "two".parse().unwrap());
            recorded(Event::Answered(Answered { id, repo: "UILib".parse().unwrap(), answer }))
        };
        for filter in ["id == 'one'", "id == 'two'", "reply_to == 'one'", "from == 'Flagship'"] {
            assert_eq!(chosen(filter, answered()), Some(vec!["answered".to_owned()]), "{filter}");
        }
        assert_eq!(chosen("id == 'three'", answered()), None);
    }

    #[test]
    fn an_accepted_message_has_its_own_facts() {
        let event = || recorded(Event::Accepted(Box::new(accepted("one", "Flagship", "LensSDK", None))));
        assert!(chosen("summary.contains('SessionManager')", event()).is_some());
        assert!(chosen("priority > normal", event()).is_none());
    }

    #[test]
    fn a_fault_is_pointed_at() {
        let source = "type == 'Query' &&\n'日' == prioriti";
        let error = Filter::compile(source).unwrap_err();
        let pointed = pointed_at(source, &error).unwrap();
        assert_eq!(pointed, "  '日' == prioriti\n          ^\n");
    }
}
