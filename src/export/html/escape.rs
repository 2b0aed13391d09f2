//! Text as HTML.

use std::borrow::Cow;

use veda_bus_core::text::line;

/// Text that may hold anything, on one line: nothing in it is markup, and nothing in it hides.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    match line(text) {
        Cow::Borrowed(plain) => safe(plain),
        Cow::Owned(shown) => Cow::Owned(safe(&shown).into_owned()),
    }
}

/// Text in which nothing hides: nothing in it is markup, whether it stands in an element or in an attribute.
pub(super) fn safe(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup_or_hides() {
        assert_eq!(
            text("<img src=x onerror='a'>&\"\u{202e}"),
            "&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;\\u{202e}"
        );
        assert!(matches!(text("plain"), Cow::Borrowed("plain")));
    }
}
