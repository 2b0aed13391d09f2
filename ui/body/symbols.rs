//! The few signs that bodies are drawn with; each takes one column.

/// The signs.
pub(super) struct Symbols {
    /// Beside code.
    pub(super) bar: &'static str,
    /// Beside code that continues the row above.
    pub(super) bar_again: &'static str,
    /// Before an item of a list.
    pub(super) bullet: &'static str,
    /// For what is not shown.
    pub(super) rest: &'static str,
    /// From a step to the next.
    pub(super) then: &'static str,
}

static FINE: Symbols = Symbols { bar: "│ ", bar_again: "│↳", bullet: "•", rest: "…", then: "→" };
static ASCII: Symbols = Symbols { bar: "| ", bar_again: "|>", bullet: "-", rest: "~", then: "->" };

impl Symbols {
    pub(super) fn of(ascii: bool) -> &'static Self {
        if ascii { &ASCII } else { &FINE }
    }
}
