//! Everything that an operator can do. Keys, the command line, the palette, the footer and the help all speak of these
//! actions and of nothing else.

use std::fmt;
use std::str::FromStr;

use veda_bus_core::suggest::nearest;

/// Where an action means something, and so where its keys are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// While the past is shown, before all others.
    Past,
    /// Everywhere but where text is typed.
    Anywhere,
    /// In panes 1, 3 and 5, in the list of conversations and in a thread.
    Lists,
    /// In the list of conversations and in a thread.
    Conversations,
    /// In a thread.
    Thread,
    /// In the pane of what needs the operator.
    Needs,
    /// In the composer, where plain keys are text.
    Composer,
}

impl Scope {
    /// All of them, in the order of the help.
    pub const ALL: [Self; 7] = [
        Self::Anywhere,
        Self::Lists,
        Self::Conversations,
        Self::Thread,
        Self::Needs,
        Self::Composer,
        Self::Past,
    ];

    /// The name as it stands in the settings: `[keys.thread]`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Past => "past",
            Self::Anywhere => "anywhere",
            Self::Lists => "lists",
            Self::Conversations => "conversations",
            Self::Thread => "thread",
            Self::Needs => "needs",
            Self::Composer => "composer",
        }
    }

    /// The heading in the help.
    pub fn title(self) -> &'static str {
        match self {
            Self::Past => "In the past",
            Self::Anywhere => "Anywhere",
            Self::Lists => "In any list",
            Self::Conversations => "Conversations and threads",
            Self::Thread => "In a thread",
            Self::Needs => "Needs you",
            Self::Composer => "In the composer",
        }
    }
}

/// What an action takes after its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// Nothing.
    None,
    /// A theme's name; without one, it is asked for.
    Theme,
    /// A type of message; without one, it is asked for.
    Kind,
    /// A text for fuzzy matching, or `=` and a CEL expression; without one, it is asked for.
    Filter,
    /// A repo's name; without one, the selected one.
    Repo,
    /// The id of a message, or the beginning of it.
    Message,
    /// A place of the past; without one, it is asked for.
    Place,
    /// A speed; without one, that at which it happened.
    Speed,
    /// What to look for in the journal; without it, it is asked for.
    Search,
}

impl Argument {
    /// How it stands in the help.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Theme => "[NAME]",
            Self::Kind => "[TYPE]",
            Self::Filter => "[TEXT or =CEL]",
            Self::Repo => "[REPO]",
            Self::Message => "ID",
            Self::Place => "[PLACE]",
            Self::Speed => "[N or max]",
            Self::Search => "[WORDS, /REGEX or =CEL]",
        }
    }
}

macro_rules! actions {
    ($($name:ident $text:literal $scope:ident $argument:ident [$($key:literal)*] $doc:literal,)*) => {
        /// Something that an operator can do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $(#[doc = $doc] $name,)*
        }

        impl Action {
            /// All of them, in the order of the help.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name on the command line and in the settings.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it does, in a few words.
            pub fn doc(self) -> &'static str {
                match self { $(Self::$name => $doc,)* }
            }

            /// Where it means something.
            pub fn scope(self) -> Scope {
                match self { $(Self::$name => Scope::$scope,)* }
            }

            /// What it takes on the command line.
            pub fn argument(self) -> Argument {
                match self { $(Self::$name => Argument::$argument,)* }
            }

            /// The keys that call it, unless the settings say otherwise.
            pub fn default_keys(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($key,)*],)* }
            }
        }
    };
}

actions! {
    // Panes.
    Instances "instances" Anywhere None ["1" "alt-1"] "go to the instances",
    Conversations "conversations" Anywhere None ["2" "alt-2"] "go to the conversations",
    Needs "needs" Anywhere None ["3" "alt-3"] "go to what needs you",
    Composer "composer" Anywhere None ["4" "alt-4"] "go to the composer",
    Thread "thread" Anywhere None ["6" "alt-6"] "go to the thread",
    Activity "activity" Anywhere None ["5" "alt-5"] "go to the activity",
    NextPane "next-pane" Anywhere None ["tab"] "go to the next pane",
    PreviousPane "previous-pane" Anywhere None ["shift-tab"] "go to the pane before",
    Zoom "zoom" Anywhere None ["z"] "give the pane the whole screen, or take it back",
    Wider "wider" Anywhere None [">"] "make the pane wider",
    Narrower "narrower" Anywhere None ["<"] "make the pane narrower",
    Taller "taller" Anywhere None ["+"] "make the pane taller",
    Shorter "shorter" Anywhere None ["-"] "make the pane shorter",
    // Messages.
    New "new" Anywhere Kind ["n"] "write a new message",
    Broadcast "broadcast" Anywhere Kind ["b"] "write to every repo",
    Drafts "drafts" Anywhere None ["D"] "choose among unfinished messages",
    Rules "rules" Anywhere None ["P"] "show the rules in force",
    // The view.
    Pause "pause" Anywhere None ["space"] "pause, or follow what happens again",
    Filter "filter" Anywhere Filter ["/"] "show only conversations that match",
    ClearFilter "clear-filter" Anywhere None ["ctrl-u"] "show all conversations again",
    Search "search" Anywhere Search ["S"] "find messages in the whole journal",
    Older "older" Anywhere None ["O"] "load what is older, from the journal",
    TimeTravel "time-travel" Anywhere None ["T"] "go to the past, or back to live",
    MarkAllRead "mark-all-read" Anywhere None ["M"] "mark every conversation as read",
    // The console.
    Help "help" Anywhere None ["?" "f1"] "show every key and command",
    CommandLine "command" Anywhere None [":"] "type a command",
    Palette "palette" Anywhere None ["ctrl-p"] "find an action by its name",
    Theme "theme" Anywhere Theme ["C"] "change the theme",
    Reload "reload" Anywhere None ["ctrl-r"] "read the settings and themes again",
    Mouse "mouse" Anywhere None ["ctrl-g"] "give the mouse to the terminal, or take it back",
    Redraw "redraw" Anywhere None ["ctrl-l"] "draw the screen anew",
    Suspend "suspend" Anywhere None ["ctrl-z"] "go to the background",
    Quit "quit" Anywhere None ["q" "ctrl-c"] "leave the console",
    // Lists.
    Down "down" Lists None ["j" "down"] "one down",
    Up "up" Lists None ["k" "up"] "one up",
    PageDown "page-down" Lists None ["pagedown" "ctrl-f"] "a page down",
    PageUp "page-up" Lists None ["pageup" "ctrl-b"] "a page up",
    Top "top" Lists None ["g" "home"] "to the top",
    Bottom "bottom" Lists None ["G" "end"] "to the bottom, and follow",
    Open "open" Lists None ["enter" "l" "right"] "open what is selected",
    Back "back" Lists None ["esc" "h" "left"] "go back",
    Show "show" Lists Message ["i"] "show everything about what is selected",
    Repo "repo" Lists Repo ["R"] "show everything about a repo",
    Copy "copy" Lists None ["y"] "copy the text of what is selected",
    CopyId "copy-id" Lists None ["Y"] "copy its id",
    // Conversations.
    Reply "reply" Lists None ["r"] "answer the selected message",
    // What the operator decides.
    Approve "approve" Lists Message ["a"] "approve it, or let it go",
    Reject "reject" Lists Message ["x"] "reject it, or refuse to let it go",
    Amend "amend" Lists Message ["e"] "say it in other words",
    Override "override" Lists Message ["o"] "decide whatever the votes",
    Allow "allow" Lists Message ["A"] "let it go, and never hold its like again",
    NextUnread "next-unread" Conversations None ["]"] "to the next unread conversation",
    PreviousUnread "previous-unread" Conversations None ["["] "to the unread conversation before",
    MarkRead "mark-read" Conversations None ["m"] "mark the conversation as read",
    Raw "raw" Conversations None ["J"] "show messages as JSON, or as text",
    // Threads.
    Parent "parent" Thread None ["p"] "to the message that this one answers",
    Fold "fold" Thread None ["f"] "fold the answers to this message, or unfold them",
    FoldAll "fold-all" Thread None ["F"] "fold every message, or unfold all",
    Follow "follow" Thread None ["t"] "follow the end of the thread",
    // What needs the operator.
    Mark "mark" Needs None ["m"] "mark it to be decided with others, or not",
    UnmarkAll "unmark-all" Needs None ["U"] "mark nothing",
    Dismiss "dismiss" Needs None ["d"] "take it off the list",
    // The composer.
    Send "send" Composer None ["ctrl-s" "alt-enter"] "send the message",
    NextField "next-field" Composer None ["tab"] "to the next field",
    PreviousField "previous-field" Composer None ["shift-tab"] "to the field before",
    NextChoice "next-choice" Composer None ["ctrl-n"] "the next choice, or suggestion",
    PreviousChoice "previous-choice" Composer None ["ctrl-p"] "the choice, or suggestion, before",
    NextType "next-type" Composer None ["ctrl-t"] "make it another type of message",
    Undo "undo" Composer None ["alt-z"] "undo the last change of the field",
    Redo "redo" Composer None ["alt-y"] "do it again",
    Editor "editor" Composer None ["ctrl-e" "ctrl-o"] "edit the field in $EDITOR",
    Preview "preview" Composer None ["ctrl-j" "f2"] "show the message as JSON, or the form",
    AllowUnknown "allow-unknown" Composer None ["alt-u"] "let it go to a repo that was never seen, or not",
    Discard "discard" Composer None ["ctrl-x"] "throw the draft away",
    Close "close" Composer None ["esc"] "close the composer; the draft stays",
    // The past.
    Play "play" Past None ["space"] "play, or pause",
    NextEvent "next-event" Past None ["." "alt-right"] "an event forward",
    PreviousEvent "previous-event" Past None ["," "alt-left"] "an event back",
    NextMessage "next-message" Past None [")"] "to the next message",
    PreviousMessage "previous-message" Past None ["("] "to the message before",
    NextDecision "next-decision" Past None ["}"] "to the next decision",
    PreviousDecision "previous-decision" Past None ["{"] "to the decision before",
    NextMatch "next-match" Past None ["n"] "to the next match of the filter",
    PreviousMatch "previous-match" Past None ["N"] "to the match of the filter before",
    Start "start" Past None ["0" "^"] "to the start, before everything",
    End "end" Past None ["$"] "to the end",
    Goto "goto" Past Place ["@"] "go to a time, event, message, match or mark",
    Faster "faster" Past None [">" "+"] "play faster",
    Slower "slower" Past None ["<" "-"] "play slower",
    Speed "speed" Past Speed ["="] "play as it happened, or at another speed",
    Shorten "shorten" Past None ["s"] "shorten silences, or not",
    MarkMoment "mark-moment" Past None ["m"] "mark this moment, with a note",
    Marks "marks" Past None ["'"] "go to a mark, or delete one",
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An action with what it was given, as a command line says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// What to do.
    pub action: Action,
    /// What stood after its name.
    pub argument: Option<String>,
}

impl From<Action> for Invocation {
    fn from(action: Action) -> Self {
        Self { action, argument: None }
    }
}

/// Why a command is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// There is no action of that name.
    #[error("no command is called \"{name}\"{}", did_you_mean(near))]
    Unknown {
        /// What was written.
        name: String,
        /// The nearest names.
        near: Vec<String>,
    },
    /// The action takes nothing.
    #[error("\"{0}\" takes nothing after its name")]
    TakesNothing(&'static str),
    /// The action needs something.
    #[error("\"{0}\" needs {1} after its name")]
    Needs(&'static str, &'static str),
}

fn did_you_mean(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) }
}

impl FromStr for Invocation {
    type Err = CommandError;

    fn from_str(line: &str) -> Result<Self, CommandError> {
        let line = line.trim();
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let argument = Some(rest.trim()).filter(|rest| !rest.is_empty()).map(str::to_owned);
        let found = Action::ALL.iter().copied().find(|action| action.name() == name);
        let action = found.or_else(|| alias(name)).ok_or_else(|| CommandError::Unknown {
            name: name.to_owned(),
            near: nearest(name, Action::ALL.iter().map(|action| action.name()))
                .into_iter()
                .map(str::to_owned)
                .collect(),
        })?;
        match action.argument() {
            Argument::None if argument.is_some() => Err(CommandError::TakesNothing(action.name())),
            _ => Ok(Self { action, argument }),
        }
    }
}

/// What fingers type out of habit.
fn alias(name: &str) -> Option<Action> {
    match name {
        "q" | "exit" | "wq" => Some(Action::Quit),
        "h" => Some(Action::Help),
        "release" | "continue" => Some(Action::Approve),
        "refuse" => Some(Action::Reject),
        "edit" => Some(Action::Amend),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_a_command() {
        for action in Action::ALL {
            assert_eq!(action.name().parse(), Ok(Invocation::from(*action)));
            assert!(!action.doc().is_empty());
        }
    }

    #[test]
    fn a_command_that_is_none_says_why() {
        let error = "themee nord".parse::<Invocation>().unwrap_err().to_string();
        assert_eq!(error, "no command is called \"themee\"; did you mean theme?");
        let error = "zoom in".parse::<Invocation>().unwrap_err().to_string();
        assert_eq!(error, "\"zoom\" takes nothing after its name");
        let nord: Invocation = " theme  nord ".parse().unwrap();
        assert_eq!((nord.action, nord.argument.as_deref()), (Action::Theme, Some("nord")));
    }
}
