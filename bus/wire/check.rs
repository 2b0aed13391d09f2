//! What a line must be, beyond JSON's syntax, before anyone is made to read it.
//!
//! Messages are forwarded as they came, so whatever one client sends another has to parse. Some text is within JSON's
//! grammar and yet breaks parsers: escapes of half a surrogate pair, of NUL, and nesting that exhausts a stack. None
//! of it is let through.

use crate::refusal::{Code, Refusal};

/// How deep arrays and objects may be nested.
pub const MAX_DEPTH: usize = 64;

/// The line as text, if it is safe to parse. Whether it is JSON is for the parser to say.
///
/// # Errors
/// `invalid_json` with the byte offset of what is wrong.
pub fn check(line: &[u8]) -> Result<&str, Refusal> {
    let text = std::str::from_utf8(line).map_err(|error| refuse(error.valid_up_to(), "it is not UTF-8"))?;
    // White space between values may be a control character, so that one is only looked for more closely.
    let has_control = line.iter().any(|&byte| byte < 0x20);
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        match byte {
            b'"' => {
                let end = check_string(line, at + 1)?;
                if has_control {
                    check_control(line, at + 1, end)?;
                }
                at = end;
            }
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    let refusal = refuse(at, &format!("it is nested more than {MAX_DEPTH} levels deep"));
                    return Err(refusal.hint("put deep structures into a string"));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            0 => return Err(refuse(at, "a NUL byte")),
            _ => {}
        }
        at += 1;
    }
    Ok(text)
}

/// Looks through a string from `at`, behind its opening quote; gives the place of its closing one, or of the line's
/// end.
fn check_string(line: &[u8], mut at: usize) -> Result<usize, Refusal> {
    while let Some(found) = memchr::memchr2(b'"', b'\\', &line[at..]) {
        at += found;
        if line[at] == b'"' {
            return Ok(at);
        }
        at = match line.get(at + 1) {
            Some(b'u') => check_escape(line, at)?,
            _ => at + 2,
        };
        at = at.min(line.len());
    }
    Ok(line.len())
}

/// Control characters in a string are escaped.
fn check_control(line: &[u8], start: usize, end: usize) -> Result<(), Refusal> {
    let Some(found) = line[start..end].iter().position(|&byte| byte < 0x20) else { return Ok(()) };
    let what = match line[start + found] {
        0 => "a NUL byte".to_owned(),
        byte => format!("a control character (0x{byte:02x}) in a string"),
    };
    Err(refuse(start + found, &what).hint("inside strings, control characters are written as \\u escapes"))
}

/// Looks at the `\u` escape at `at`; gives the place behind it, and behind its other half where it is a pair.
fn check_escape(line: &[u8], at: usize) -> Result<usize, Refusal> {
    match code_unit(line, at) {
        Some(0) => {
            Err(refuse(at, "an escaped NUL character").hint("no program can rely on text with NUL in it"))
        }
        Some(0xD800..=0xDBFF) => match code_unit(line, at + 6) {
            Some(0xDC00..=0xDFFF) => Ok(at + 12),
            _ => Err(lone_surrogate(at)),
        },
        Some(0xDC00..=0xDFFF) => Err(lone_surrogate(at)),
        _ => Ok(at + 2),
    }
}

fn lone_surrogate(at: usize) -> Refusal {
    refuse(at, "half a surrogate pair").hint("a character beyond U+FFFF takes two \\u escapes")
}

/// The number in `\uXXXX` at `at`; `None` when it is not one.
fn code_unit(line: &[u8], at: usize) -> Option<u32> {
    let escape = line.get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn refuse(at: usize, what: &str) -> Refusal {
    Refusal::new(Code::InvalidJson, format!("the line can not be taken: {what}")).at(format!("byte {at}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_breaks_parsers_is_refused_with_its_place() {
        let deep = "[".repeat(65);
        let cases: [(&[u8], &str); 7] = [
            (b"{\"a\":\"\xff\"}", "byte 6"),
            (br#"{"a":"\u0000"}"#, "byte 6"),
            (b"{\"a\":\0}", "byte 5"),
            (br#"["\ud83d"]"#, "byte 2"),
            (br#"["\ude00"]"#, "byte 2"),
            (br#"["\ud83d\u0041"]"#, "byte 2"),
            (deep.as_bytes(), "byte 64"),
        ];
        for (line, at) in cases {
            assert_eq!(check(line).unwrap_err().at.as_deref(), Some(at), "{}", String::from_utf8_lossy(line));
        }
        for line in [r#"["\ud83d\ude00 \\u0000 [[[["]"#, "\"", "\"\\", "\"\\u00", "é"] {
            assert_eq!(check(line.as_bytes()), Ok(line));
        }
    }

    proptest! {
        #[test]
        fn what_passes_and_parses_has_no_lone_surrogate(line in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = check(&line);
        }
    }
}
