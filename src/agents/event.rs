//! What hosts tell a hook, and what they take from one: the only place that knows their words.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};

use super::host::Host;

/// The event with which hosts say that a conversation is over.
pub(crate) const END: &str = "SessionEnd";

/// The point in an agent's work at which a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The conversation begins, or goes on.
    Start,
    /// The user has said something.
    Prompt,
    /// Tools have run.
    Tool,
    /// The agent is about to stop.
    Stop,
    /// The agent has stopped, and waits for its user.
    Idle,
    /// The conversation is over.
    End,
}

/// An event that a host runs a hook for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) host: Host,
    /// The host's name for it.
    pub(crate) name: &'static str,
    pub(crate) moment: Moment,
    /// The host's name for the conversation.
    pub(crate) conversation: Option<String>,
    /// The folder that the agent is in.
    pub(crate) folder: Option<PathBuf>,
    /// Whether the turn that is about to end was begun by something else than a hook.
    pub(crate) fresh: bool,
}

/// What stands on standard input, as far as it matters.
#[derive(Debug, Deserialize)]
struct Input {
    hook_event_name: String,
    session_id: Option<String>,
    /// The same, of Cursor.
    conversation_id: Option<String>,
    cwd: Option<PathBuf>,
    /// Cursor's folders.
    #[serde(default)]
    workspace_roots: Vec<PathBuf>,
    /// The agent within the agent that runs the tool.
    agent_id: Option<String>,
    stop_hook_active: Option<bool>,
    /// How often Cursor was kept from stopping.
    loop_count: Option<u32>,
    /// Codex counts its turns.
    turn_id: Option<Value>,
}

/// The events of each host at which something is said or remembered.
const EVENTS: [(Host, &[(&str, Moment)]); 4] = [
    (
        Host::Claude,
        &[
            ("SessionStart", Moment::Start),
            ("UserPromptSubmit", Moment::Prompt),
            ("PostToolUse", Moment::Tool),
            ("PostToolBatch", Moment::Tool),
            ("Stop", Moment::Stop),
            (END, Moment::End),
        ],
    ),
    (
        Host::Codex,
        &[
            ("SessionStart", Moment::Start),
            ("UserPromptSubmit", Moment::Prompt),
            ("PreToolUse", Moment::Tool),
            ("PostToolUse", Moment::Tool),
            ("Stop", Moment::Stop),
        ],
    ),
    (
        Host::Gemini,
        &[
            ("SessionStart", Moment::Start),
            ("BeforeAgent", Moment::Prompt),
            ("AfterTool", Moment::Tool),
            ("AfterAgent", Moment::Stop),
            (END, Moment::End),
        ],
    ),
    (Host::Cursor, &[("stop", Moment::Stop), ("sessionEnd", Moment::End)]),
];

impl Event {
    /// The event that `input` tells, of the host that is `named`, or else that it or the environment (`is_set`) gives
    /// away. `None` for one at which there is nothing to do: messages are for the agent, not for those that it lets work
    /// for it.
    pub(crate) fn parse(
        input: &[u8],
        named: Option<Host>,
        is_set: impl Fn(&str) -> bool,
    ) -> serde_json::Result<Option<Self>> {
        let input: Input = serde_json::from_slice(input)?;
        let host = named.unwrap_or_else(|| detected(&input, is_set));
        let events = EVENTS.iter().find(|(of, _)| *of == host).map_or(&[][..], |(_, events)| events);
        let known = events.iter().find(|(name, _)| *name == input.hook_event_name);
        let Some((name, moment)) = known.filter(|_| input.agent_id.is_none()) else { return Ok(None) };
        Ok(Some(Self {
            host,
            name,
            moment: *moment,
            conversation: input.session_id.or(input.conversation_id),
            folder: input.cwd.or_else(|| input.workspace_roots.into_iter().next()),
            fresh: input.stop_hook_active == Some(false) || input.loop_count == Some(0),
        }))
    }

    /// What the host takes for `text`: a line of JSON.
    pub(crate) fn output(&self, text: &str) -> String {
        let answer = match (self.host, self.moment) {
            (Host::Cursor, _) => json!({ "followup_message": text }),
            (Host::Gemini, Moment::Stop) => json!({ "decision": "deny", "reason": text }),
            (_, Moment::Stop) => json!({ "decision": "block", "reason": text }),
            _ => {
                json!({ "hookSpecificOutput": { "hookEventName": self.name, "additionalContext": text } })
            }
        };
        answer.to_string()
    }
}

/// The host that runs the hook. Hosts run in the shells of others and inherit their environment, so that what the event
/// itself tells comes first; and some set the variables of Claude Code beside their own.
fn detected(input: &Input, is_set: impl Fn(&str) -> bool) -> Host {
    let only = |host: Host| {
        let has = |(of, events): &(Host, &[(&str, Moment)])| {
            (*of == host) == events.iter().any(|(name, _)| *name == input.hook_event_name)
        };
        EVENTS.iter().all(has)
    };
    if input.conversation_id.is_some() || only(Host::Cursor) {
        return Host::Cursor;
    }
    if input.turn_id.is_some() {
        return Host::Codex;
    }
    if let Some(host) = [Host::Gemini, Host::Claude, Host::Codex].into_iter().find(|host| only(*host)) {
        return host;
    }
    let variables = [
        (Host::Gemini, "GEMINI_PROJECT_DIR"),
        (Host::Claude, "CLAUDE_PID"),
        (Host::Codex, "CODEX_THREAD_ID"),
    ];
    variables.into_iter().find(|(_, name)| is_set(name)).map_or(Host::Claude, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(input: &Value) -> Option<Event> {
        Event::parse(input.to_string().as_bytes(), None, |_| false).unwrap()
    }

    #[test]
    fn each_host_is_known_by_what_it_tells() {
        let told = |input: &Value| event(input).map(|event| (event.host, event.moment));
        let claude = json!({ "hook_event_name": "PostToolBatch", "session_id": "s", "cwd": "/x" });
        assert_eq!(told(&claude), Some((Host::Claude, Moment::Tool)));
        let codex = json!({ "hook_event_name": "Stop", "session_id": "s", "turn_id": "1" });
        assert_eq!(told(&codex), Some((Host::Codex, Moment::Stop)));
        let gemini = json!({ "hook_event_name": "AfterAgent", "session_id": "s" });
        assert_eq!(told(&gemini), Some((Host::Gemini, Moment::Stop)));
        let cursor = json!({ "hook_event_name": "stop", "conversation_id": "c", "loop_count": 0 });
        assert_eq!(told(&cursor), Some((Host::Cursor, Moment::Stop)));
        let start = json!({ "hook_event_name": "SessionStart", "session_id": "s" }).to_string();
        for (variable, host) in [("GEMINI_PROJECT_DIR", Host::Gemini), ("CODEX_THREAD_ID", Host::Codex)] {
            let event = Event::parse(start.as_bytes(), None, |name| name == variable).unwrap().unwrap();
            assert_eq!(event.host, host);
        }
        assert_eq!(Event::parse(start.as_bytes(), Some(Host::Cursor), |_| true).unwrap(), None);
    }

    #[test]
    fn what_is_not_for_the_agent_itself_is_passed_over() {
        assert_eq!(event(&json!({ "hook_event_name": "Notification", "session_id": "s" })), None);
        let within = json!({ "hook_event_name": "PostToolUse", "session_id": "s", "agent_id": "a1" });
        assert_eq!(event(&within), None);
        assert!(Event::parse(b"{\"hook_event_name\": 3}", None, |_| false).is_err());
        assert!(Event::parse(b"", None, |_| false).is_err());
    }

    #[test]
    fn each_host_gets_the_members_that_it_takes() {
        let said = |input: &Value| -> Value {
            serde_json::from_str(&event(input).unwrap().output("a \"b\"\n</x>")).unwrap()
        };
        let text = "a \"b\"\n</x>";
        let start = json!({ "hook_event_name": "SessionStart" });
        let context = json!({ "hookEventName": "SessionStart", "additionalContext": text });
        assert_eq!(said(&start), json!({ "hookSpecificOutput": context }));
        assert_eq!(
            said(&json!({ "hook_event_name": "Stop" })),
            json!({ "decision": "block", "reason": text })
        );
        let gemini = json!({ "hook_event_name": "AfterAgent" });
        assert_eq!(said(&gemini), json!({ "decision": "deny", "reason": text }));
        assert_eq!(said(&json!({ "hook_event_name": "stop" })), json!({ "followup_message": text }));
    }
}
