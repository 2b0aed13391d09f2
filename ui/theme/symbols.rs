//! The symbols that the console draws with.

use ratatui::symbols::border;

/// The symbols that the console draws with. Each is one cell wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbols {
    /// The step `queued` of the delivery ladder.
    pub queued: &'static str,
    /// The step `routed`.
    pub routed: &'static str,
    /// The step `delivered`.
    pub delivered: &'static str,
    /// The step `read`.
    pub read: &'static str,
    /// The step `answered`.
    pub answered: &'static str,
    /// The step `expired`.
    pub expired: &'static str,
    /// The step `refused`.
    pub refused: &'static str,
    /// The step `held`.
    pub held: &'static str,
    /// Before what has not been looked at yet.
    pub unread: &'static str,
    /// Before what can be unfolded.
    pub folded: &'static str,
    /// Before what can be folded.
    pub unfolded: &'static str,
    /// In a tree, before one with others after it.
    pub branch: &'static str,
    /// In a tree, before the last one.
    pub last: &'static str,
    /// In a tree, past others.
    pub vertical: &'static str,
    /// In a tree, on to its name; also a rule.
    pub horizontal: &'static str,
    /// At the edge of the selected row.
    pub selected: &'static str,
    /// For what was cut off.
    pub ellipsis: &'static str,
    /// From one to another.
    pub arrow: &'static str,
    /// Before one of several.
    pub bullet: &'static str,
    /// Yes.
    pub check: &'static str,
    /// No.
    pub cross: &'static str,
    /// Before what needs the operator.
    pub alert: &'static str,
    /// The parts of a bar: done or for it, neither, against it or failed, not yet.
    pub bar: [&'static str; 4],
    /// The levels of a sparkline, the lowest first.
    pub levels: [&'static str; 8],
    /// The border of a pane.
    pub border: border::Set<'static>,
    /// The part of a scrollbar that stands for what is seen.
    pub thumb: &'static str,
    /// The rest of a scrollbar.
    pub track: &'static str,
    /// Time goes by.
    pub play: &'static str,
    /// Time stands still.
    pub pause: &'static str,
    /// Below the moment that is shown.
    pub here: &'static str,
    /// What can not be read.
    pub gap: &'static str,
}

impl Symbols {
    /// For terminals that show UTF-8. None of them can be taken for an emoji, which may be two cells wide.
    pub const UTF8: Self = Self {
        queued: "○",
        routed: "◔",
        delivered: "◑",
        read: "◕",
        answered: "●",
        expired: "⊘",
        refused: "✗",
        held: "◌",
        unread: "●",
        folded: "▸",
        unfolded: "▾",
        branch: "├",
        last: "└",
        vertical: "│",
        horizontal: "─",
        selected: "┃",
        ellipsis: "…",
        arrow: "→",
        bullet: "•",
        check: "✓",
        cross: "✗",
        alert: "◆",
        bar: ["█", "▒", "✗", "░"],
        levels: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        border: border::ROUNDED,
        thumb: "┃",
        track: "│",
        play: "►",
        pause: "‖",
        here: "▲",
        gap: "▨",
    };

    /// For all others.
    pub const ASCII: Self = Self {
        queued: ".",
        routed: "-",
        delivered: "+",
        read: "=",
        answered: "#",
        expired: "e",
        refused: "x",
        held: "h",
        unread: "*",
        folded: "+",
        unfolded: "-",
        branch: "|",
        last: "`",
        vertical: "|",
        horizontal: "-",
        selected: ">",
        ellipsis: "~",
        arrow: ">",
        bullet: "*",
        check: "v",
        cross: "x",
        alert: "!",
        bar: ["#", "=", "x", "."],
        levels: [".", ":", "-", "=", "+", "*", "#", "@"],
        border: border::Set {
            top_left: "+",
            top_right: "+",
            bottom_left: "+",
            bottom_right: "+",
            vertical_left: "|",
            vertical_right: "|",
            horizontal_top: "-",
            horizontal_bottom: "-",
        },
        thumb: "#",
        track: "|",
        play: ">",
        pause: "=",
        here: "^",
        gap: "%",
    };

    /// Counts as small bars side by side, the largest the highest; where nothing was counted, there is none.
    pub fn sparkline(&self, counts: &[u64]) -> String {
        let most = u128::from(counts.iter().copied().max().unwrap_or_default().max(1));
        let bar = |&count: &u64| match u128::from(count) {
            0 => " ",
            count => self.levels[usize::try_from((count * 7).div_ceil(most)).unwrap_or(7).min(7)],
        };
        counts.iter().map(bar).collect()
    }

    /// What the locale can show: the first of `LC_ALL`, `LC_CTYPE` and `LANG` that says anything decides.
    pub fn detect(environment: &dyn Fn(&str) -> Option<String>) -> Self {
        let said =
            ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(environment).find(|said| !said.is_empty());
        let locale = said.unwrap_or_default().to_ascii_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") { Self::UTF8 } else { Self::ASCII }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use unicode_width::UnicodeWidthStr as _;

    use super::Symbols;

    fn ladder(symbols: &Symbols) -> [&'static str; 8] {
        let s = symbols;
        [s.queued, s.routed, s.delivered, s.read, s.answered, s.expired, s.refused, s.held]
    }

    fn all(s: &Symbols) -> Vec<&'static str> {
        let others = [
            s.unread,
            s.folded,
            s.unfolded,
            s.branch,
            s.last,
            s.vertical,
            s.horizontal,
            s.selected,
            s.ellipsis,
            s.arrow,
            s.bullet,
            s.check,
            s.cross,
            s.alert,
            s.thumb,
            s.track,
            s.play,
            s.pause,
            s.here,
            s.gap,
        ];
        let b = s.border;
        let border = [
            b.top_left,
            b.top_right,
            b.bottom_left,
            b.bottom_right,
            b.vertical_left,
            b.vertical_right,
            b.horizontal_top,
            b.horizontal_bottom,
        ];
        ladder(s).into_iter().chain(others).chain(s.bar).chain(s.levels).chain(border).collect()
    }

    #[test]
    fn every_symbol_is_one_character_in_one_cell() {
        for symbol in all(&Symbols::UTF8).into_iter().chain(all(&Symbols::ASCII)) {
            assert_eq!((symbol.width(), symbol.chars().count()), (1, 1), "{symbol}");
        }
        for symbol in all(&Symbols::UTF8) {
            // What can be an emoji becomes two cells wide with a variation selector after it.
            assert_eq!(format!("{symbol}\u{fe0f}").width(), 1, "{symbol} can be an emoji");
        }
    }

    #[test]
    fn ascii_is_ascii() {
        assert!(all(&Symbols::ASCII).into_iter().all(|symbol| symbol.bytes().all(|b| b.is_ascii_graphic())));
    }

    #[test]
    fn the_steps_of_the_ladder_the_parts_of_a_bar_and_the_levels_differ() {
        for symbols in [Symbols::UTF8, Symbols::ASCII] {
            assert_eq!(ladder(&symbols).into_iter().collect::<BTreeSet<_>>().len(), 8);
            assert_eq!(symbols.bar.into_iter().collect::<BTreeSet<_>>().len(), 4);
            assert_eq!(symbols.levels.into_iter().collect::<BTreeSet<_>>().len(), 8);
        }
    }

    #[test]
    fn the_first_locale_that_says_anything_decides() {
        let detect = |variables: &[(&str, &str)]| {
            Symbols::detect(&|name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(detect(&[]), Symbols::ASCII);
        assert_eq!(detect(&[("LANG", "en_GB.UTF-8")]), Symbols::UTF8);
        assert_eq!(detect(&[("LC_CTYPE", "C.utf8"), ("LANG", "C")]), Symbols::UTF8);
        assert_eq!(detect(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]), Symbols::ASCII);
        assert_eq!(detect(&[("LC_ALL", ""), ("LANG", "en_GB.UTF-8")]), Symbols::UTF8);
    }
}
