//! The names that an expression may use, and the kinds of values that they stand for.

use cel::common::ast::{LiteralValue, operators};

/// A name that an expression may use, with the kind of its value and what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// The name.
    pub name: &'static str,
    /// The kind of its value, in words.
    pub kind: &'static str,
    /// What it stands for.
    pub doc: &'static str,
}

const fn variable(name: &'static str, kind: Kind, doc: &'static str) -> Variable {
    Variable { name, kind: kind.words(), doc }
}

/// Every variable, in the order of the documentation.
pub const VARIABLES: [Variable; 16] = [
    variable("priority", Kind::Priority, "compare it with `low`, `normal` or `high`"),
    variable("type", Kind::Type, "RequestChange, Query, Notify, Negotiate or Task"),
    variable("from", Kind::Text, "the sender's repo"),
    variable("to", Kind::Text, "the recipient's repo, or `*`"),
    variable("age", Kind::Number, "seconds since the bus accepted the message"),
    variable("ttl", Kind::Number, "seconds that the message is good for, from its acceptance"),
    variable("capabilities", Kind::List, "what the message asks its recipient to be capable of"),
    variable("id", Kind::Text, "the message's id"),
    variable("thread", Kind::Text, "the id of the message that the thread began with"),
    variable("reply_to", Kind::Text, "the id of the message that this one answers"),
    variable("summary", Kind::Text, "what the message says, in one line"),
    variable("text", Kind::Text, "everything that the message says, a text a line, as far as it is there"),
    variable("event", Kind::Text, "the name of an event"),
    variable("repo", Kind::Text, "the repo that an event is about"),
    variable("seq", Kind::Number, "the number of an event"),
    variable("at", Kind::Number, "the time of an event, in milliseconds since the Unix epoch"),
];

/// What `priority` is compared with, in order.
pub const CONSTANTS: [&str; 3] = ["low", "normal", "high"];

/// Every function and macro; `&&`, `||`, `!`, `==`, `<`, `in`, `? :`, arithmetic and `[ ]` come on top.
///
/// CEL has more. What makes new text or lists (`map`, `+` of text) is left out, so that no filter needs much memory.
pub const FUNCTIONS: [&str; 13] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "int",
    "double",
    "string",
    "has",
    "all",
    "exists",
    "exists_one",
    "filter",
];

/// What the parser makes of signs; an environment has more, for syntax that is switched off.
pub(super) const OPERATORS: [&str; 19] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::INDEX,
    operators::NOT_STRICTLY_FALSE,
    operators::IN,
];

/// What is known of a value before there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Number,
    Text,
    /// Text that is one of the message types.
    Type,
    Priority,
    List,
    /// Known only when it is there.
    Any,
}

impl Kind {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "a string",
            Self::Type => "a message type",
            Self::Priority => "a priority",
            Self::List => "a list",
            Self::Any => "a value",
        }
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "type" => Self::Type,
            "priority" | "low" | "normal" | "high" => Self::Priority,
            "age" | "ttl" | "seq" | "at" => Self::Number,
            "capabilities" => Self::List,
            _ => VARIABLES.iter().any(|variable| variable.name == name).then_some(Self::Text)?,
        })
    }

    pub(super) fn of_literal(literal: &LiteralValue) -> Self {
        match literal {
            LiteralValue::Boolean(_) => Self::Bool,
            LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_) => Self::Number,
            LiteralValue::String(_) => Self::Text,
            LiteralValue::Bytes(_) | LiteralValue::Null => Self::Any,
        }
    }

    /// Whether a value of this kind may stand where `wanted` is asked for.
    pub(super) fn fits(self, wanted: Self) -> bool {
        let plain = |kind| if kind == Self::Type { Self::Text } else { kind };
        self == Self::Any || wanted == Self::Any || plain(self) == plain(wanted)
    }
}
