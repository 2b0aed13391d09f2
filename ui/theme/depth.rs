//! How many colours the terminal has.

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Every colour.
    True,
    /// The 256 of xterm.
    Indexed256,
    /// The terminal's own sixteen.
    Sixteen,
    /// None: bold, dim, underlined and reversed have to do.
    None,
}

/// Terminals that have every colour whatever `COLORTERM` says, by the beginning of `TERM`.
const TRUE_TERMS: [&str; 8] =
    ["alacritty", "contour", "foot", "ghostty", "rio", "wezterm", "xterm-ghostty", "xterm-kitty"];

/// The same by `TERM_PROGRAM`.
const TRUE_PROGRAMS: [&str; 4] = ["WezTerm", "ghostty", "iTerm.app", "vscode"];

impl Depth {
    /// What can be told from the environment: `NO_COLOR` and a `TERM` that knows no colours go before what promises
    /// them, and where nothing is known there are sixteen.
    pub fn detect(environment: &dyn Fn(&str) -> Option<String>) -> Self {
        let get = |name| environment(name).unwrap_or_default();
        let term = get("TERM");
        if !get("NO_COLOR").is_empty() || is_colourless(&term) {
            return Self::None;
        }
        // GNU screen hands on a COLORTERM that it does not keep; tmux, which also says "screen", keeps it.
        let in_screen = term.starts_with("screen") && get("TMUX").is_empty();
        if !in_screen && has_every_colour(&term, &get) {
            return Self::True;
        }
        if term.contains("256color") { Self::Indexed256 } else { Self::Sixteen }
    }
}

fn is_colourless(term: &str) -> bool {
    term == "dumb" || term.starts_with("vt1") || term.starts_with("vt2") || term.ends_with("-mono")
}

fn has_every_colour(term: &str, get: &dyn Fn(&'static str) -> String) -> bool {
    matches!(get("COLORTERM").as_str(), "truecolor" | "24bit")
        || term.ends_with("-direct")
        || TRUE_TERMS.iter().any(|known| term.starts_with(known))
        || TRUE_PROGRAMS.contains(&get("TERM_PROGRAM").as_str())
        || !get("WT_SESSION").is_empty()
}

#[cfg(test)]
mod tests {
    use super::Depth;

    fn detect(variables: &[(&str, &str)]) -> Depth {
        Depth::detect(&|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_tells_the_depth() {
        assert_eq!(detect(&[]), Depth::Sixteen);
        assert_eq!(detect(&[("TERM", "xterm")]), Depth::Sixteen);
        assert_eq!(detect(&[("TERM", "linux")]), Depth::Sixteen);
        assert_eq!(detect(&[("TERM", "xterm-256color")]), Depth::Indexed256);
        assert_eq!(detect(&[("TERM", "xterm-256color"), ("COLORTERM", "yes")]), Depth::Indexed256);
        assert_eq!(detect(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::True);
        assert_eq!(detect(&[("TERM", "xterm"), ("COLORTERM", "24bit")]), Depth::True);
        assert_eq!(detect(&[("TERM", "xterm-kitty")]), Depth::True);
        assert_eq!(detect(&[("TERM", "xterm-direct")]), Depth::True);
        assert_eq!(detect(&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")]), Depth::True);
    }

    #[test]
    fn no_colour_goes_before_all_that_promises_colours() {
        let rich = [("TERM", "xterm-kitty"), ("COLORTERM", "truecolor")];
        assert_eq!(detect(&[rich[0], rich[1], ("NO_COLOR", "1")]), Depth::None);
        assert_eq!(detect(&[rich[0], rich[1], ("NO_COLOR", "")]), Depth::True);
        for term in ["dumb", "vt100", "vt220", "xterm-mono"] {
            assert_eq!(detect(&[("TERM", term), rich[1]]), Depth::None, "{term}");
        }
    }

    #[test]
    fn what_screen_hands_on_is_not_believed_and_what_tmux_hands_on_is() {
        let screen = [("TERM", "screen-256color"), ("COLORTERM", "truecolor")];
        assert_eq!(detect(&screen), Depth::Indexed256);
        assert_eq!(detect(&[screen[0], screen[1], ("TMUX", "/tmp/socket,1,0")]), Depth::True);
    }
}
