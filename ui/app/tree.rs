//! A thread as a tree: a message, and below it what answers it.
//!
//! Threads are forests: what answers a message that is not remembered stands at the top. A dialogue, in which each message
//! has one answer, does not go further and further to the right: only where a message has several answers, or is the
//! first, do they stand further in.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use veda_bus_core::name::{MessageId, Seq};
use veda_bus_core::state::State;
use veda_bus_core::state::record::Record;
use veda_bus_core::state::thread::Messages;

/// How many levels are told apart.
pub const LEVELS: u32 = 10;

/// A message in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// The message.
    pub seq: Seq,
    /// How far in it stands.
    pub level: u32,
    /// Whether nothing on its level follows below the same message.
    pub is_last: bool,
    /// The levels, as bits, on which a line goes on past this message.
    pub lines: u32,
    /// How many messages are folded away below it.
    pub hidden: usize,
}

/// The tree of a thread, without what is folded away.
fn tree(state: &State, thread: &MessageId, folded: &HashSet<Seq>) -> Vec<Node> {
    let Some(thread) = state.thread(thread) else { return Vec::new() };
    let mut children: HashMap<Option<Seq>, Vec<Seq>> = HashMap::new();
    for seq in &thread.messages {
        let parent = state.record(seq).and_then(Record::parent);
        let parent = parent.filter(|&parent| state.record(parent).is_some());
        children.entry(parent).or_default().push(seq);
    }
    let mut nodes = Vec::with_capacity(thread.messages.len());
    // What is still to be placed, the next one last.
    let mut stack = placed(0, 0, children.get(&None));
    while let Some(mut node) = stack.pop() {
        let answers = children.get(&Some(node.seq));
        match answers {
            Some(_) if folded.contains(&node.seq) => node.hidden = below(&children, node.seq),
            // The only answer stands below it as if beside it, and is the last there if it would have been.
            Some(answers) if node.level > 0 && answers.len() == 1 => {
                stack.extend(answers.iter().map(|&seq| Node { seq, ..node }));
                node.is_last = false;
            }
            Some(_) => {
                let line = if node.is_last || node.level == 0 { 0 } else { 1 << node.level };
                stack.extend(placed((node.level + 1).min(LEVELS), node.lines | line, answers));
            }
            None => {}
        }
        nodes.push(node);
    }
    nodes
}

/// Messages side by side on a level, the first last.
fn placed(level: u32, lines: u32, messages: Option<&Vec<Seq>>) -> Vec<Node> {
    let messages = messages.map_or(&[][..], Vec::as_slice);
    let node = |(place, &seq): (usize, &Seq)| Node {
        seq,
        level,
        is_last: place + 1 == messages.len(),
        lines,
        hidden: 0,
    };
    messages.iter().enumerate().rev().map(node).collect()
}

fn below(children: &HashMap<Option<Seq>, Vec<Seq>>, seq: Seq) -> usize {
    let (mut count, mut stack) = (0, vec![seq]);
    while let Some(seq) = stack.pop() {
        let answers = children.get(&Some(seq)).map_or(&[][..], Vec::as_slice);
        count += answers.len();
        stack.extend(answers);
    }
    count
}

/// The last tree that was made, while nothing about it changes.
#[derive(Debug, Default)]
pub struct Cache(RefCell<Option<(Key, Rc<Vec<Node>>)>>);

#[derive(Debug, PartialEq, Eq)]
struct Key {
    thread: MessageId,
    count: usize,
    last: Option<Seq>,
    folded: HashSet<Seq>,
}

impl Cache {
    /// The tree of a thread.
    pub(crate) fn get(&self, state: &State, thread: &MessageId, folded: &HashSet<Seq>) -> Rc<Vec<Node>> {
        let messages = state.thread(thread).map(|thread| &thread.messages);
        let key = Key {
            thread: thread.clone(),
            count: messages.map_or(0, Messages::len),
            last: messages.and_then(Messages::last),
            folded: folded.clone(),
        };
        let mut cached = self.0.borrow_mut();
        match &*cached {
            Some((known, nodes)) if *known == key => Rc::clone(nodes),
            _ => {
                let nodes = Rc::new(tree(state, thread, folded));
                *cached = Some((key, Rc::clone(&nodes)));
                nodes
            }
        }
    }
}

#[cfg(test)]
mod tests;
