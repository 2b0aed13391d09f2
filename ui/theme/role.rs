//! Roles: what a piece of the screen is, whatever it looks like. A theme gives each a style.

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What a piece of the screen is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Role {
            $($(#[$doc])* $name,)*
        }

        impl Role {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name as it stands in a theme's file.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

roles! {
    /// Ordinary text, and the ground that everything stands on.
    Text = "text",
    /// What is there but seldom looked at.
    Dim = "dim",
    /// What is more important than the text around it.
    Strong = "strong",
    /// The console's own colour.
    Accent = "accent",
    /// The title of a pane, or a heading.
    Title = "title",
    /// The border of a pane.
    Border = "border",
    /// The border of the pane that has the focus.
    BorderFocused = "border_focused",
    /// The row that is selected, where its pane has the focus.
    Selected = "selected",
    /// The row that is selected, where another pane has the focus.
    SelectedElsewhere = "selected_elsewhere",
    /// Something that went well.
    Ok = "ok",
    /// Something to know.
    Info = "info",
    /// Something to look at.
    Warn = "warn",
    /// Something that went wrong.
    Danger = "danger",
    /// A piece of code.
    Code = "code",
    /// The name of a field of a payload.
    Field = "field",
    /// The name of a repo.
    Repo = "repo",
    /// The operator's name.
    Operator = "operator",
    /// A capability.
    Capability = "capability",
    /// An id.
    Id = "id",
    /// A time or an age.
    Time = "time",
    /// What has not been looked at yet.
    Unread = "unread",
    /// The lines of a tree.
    Tree = "tree",
    /// What matches the filter or what was typed.
    Match = "match",
    /// A `RequestChange`.
    RequestChange = "request_change",
    /// A `Query`.
    Query = "query",
    /// A `Notify`.
    Notify = "notify",
    /// A `Negotiate`.
    Negotiate = "negotiate",
    /// A `Task`.
    Task = "task",
    /// High priority.
    High = "high",
    /// Low priority.
    Low = "low",
    /// The step `queued` of the delivery ladder.
    Queued = "queued",
    /// The step `routed`.
    Routed = "routed",
    /// The step `delivered`.
    Delivered = "delivered",
    /// The step `read`.
    Read = "read",
    /// The step `answered`.
    Answered = "answered",
    /// The step `expired`.
    Expired = "expired",
    /// The step `refused`.
    Refused = "refused",
    /// The step `held`, and what else is kept back.
    Held = "held",
    /// What a wording has that the one before had not.
    Inserted = "inserted",
    /// What a wording has no more.
    Deleted = "deleted",
    /// The status line.
    Status = "status",
    /// LIVE in the status line.
    Live = "live",
    /// PAUSED in the status line.
    Paused = "paused",
    /// REPLAY in the status line.
    Replay = "replay",
    /// RECONNECTING in the status line.
    Reconnecting = "reconnecting",
    /// A key that does something.
    Key = "key",
    /// What a key does.
    KeyText = "key_text",
    /// A key that can do nothing now.
    KeyOff = "key_off",
    /// A box that lies over the panes.
    Overlay = "overlay",
    /// What is typed in.
    Input = "input",
    /// What could be typed in.
    Placeholder = "placeholder",
    /// A choice, where another one is made.
    Choice = "choice",
    /// The choice that is made.
    Chosen = "chosen",
    /// A chart.
    Chart = "chart",
}
