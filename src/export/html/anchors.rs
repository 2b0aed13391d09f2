//! What can be pointed at in a document: its conversations and messages.

use std::collections::{HashMap, HashSet};

use veda_bus_core::name::{MessageId, Seq};

use crate::export::{Conversation, Exported, Told};

/// The names of all places, each of its own.
pub(super) struct Anchors {
    messages: HashMap<Seq, String>,
}

impl Anchors {
    pub(super) fn of(exported: &Exported) -> Self {
        let mut taken = HashSet::new();
        let mut messages = HashMap::new();
        for told in exported.conversations.iter().flat_map(|one| &one.messages) {
            let mut anchor = plain(&told.record.id);
            // An id may have been used twice, or differ only in what can not stand here.
            if !taken.insert(anchor.clone()) {
                anchor = format!("{anchor}.{}", told.record.seq.0);
            }
            messages.insert(told.record.seq, anchor);
        }
        Self { messages }
    }

    pub(super) fn of_message(&self, told: &Told) -> &str {
        self.of_seq(told.record.seq).unwrap_or_default()
    }

    pub(super) fn of_seq(&self, seq: Seq) -> Option<&str> {
        self.messages.get(&seq).map(String::as_str)
    }

    /// That of a conversation.
    pub(super) fn of_thread(&self, one: &Conversation) -> String {
        format!("thread-{}", one.messages.first().map(|told| self.of_message(told)).unwrap_or_default())
    }
}

/// An id as a place's name: letters, digits and hyphens stay, whatever else becomes its number.
fn plain(id: &MessageId) -> String {
    let mut out = String::from("m-");
    for c in id.to_string().chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '-' => out.push(c),
            c => out.extend(["_", &format!("{:x}", u32::from(c)), "_"]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_a_place_whatever_is_in_it() {
        assert_eq!(plain(&"3f2a-1b".parse().unwrap()), "m-3f2a-1b");
        assert_eq!(plain(&"a\" onclick=b".parse().unwrap()), "m-a_22__20_onclick_3d_b");
    }
}
