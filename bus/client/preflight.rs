//! Judges an envelope, or a decision, and puts an envelope into its frame. It is judged before it is sent, because a line
//! that the bus refuses as a whole is answered without its `ref`, so that nobody would know what was refused.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::refusal::{Code, Refusal};
use crate::wire::check::check;

/// How much a frame adds to its envelope, in bytes, at most.
const FRAME_BYTES: usize = 128;

/// The envelope as one line of JSON. `max_line` is the longest line that the bus takes, in bytes.
///
/// # Errors
/// `invalid_json` or `too_large`, as the bus would say.
pub(super) fn one_line(json: &str, max_line: usize) -> Result<Cow<'_, str>, Refusal> {
    let json = json.trim();
    if json.len() + FRAME_BYTES > max_line {
        let what = format!("a message may have {} bytes, found {}", max_line - FRAME_BYTES, json.len());
        return Err(Refusal::new(Code::TooLarge, what)
            .hint("send a pointer to large things, or raise max_message_size in bus.toml"));
    }
    // Valid JSON has line breaks only between its parts, where a space says the same.
    let breaks = json.contains(['\n', '\r']);
    let line = if breaks { Cow::Owned(json.replace(['\n', '\r'], " ")) } else { Cow::Borrowed(json) };
    check(line.as_bytes())?;
    serde_json::from_str::<&RawValue>(&line).map_err(|error| {
        let at = format!("byte {}", error.column().saturating_sub(1));
        Refusal::new(Code::InvalidJson, format!("the message is not JSON: {error}")).at(at)
    })?;
    Ok(line)
}

/// The frame that sends an envelope, which is one line of JSON.
pub(super) fn send_frame(reference: u64, json: &str, allow_unknown: bool) -> Bytes {
    let flag = if allow_unknown { ",\"allow_unknown\":true" } else { "" };
    Bytes::from(format!("{{\"op\":\"send\",\"ref\":{reference}{flag},\"message\":{json}}}\n"))
}
