//! The console on a real terminal: the real program is typed to, and real clients of the socket say what comes of it.
//!
//! | module | what is in it |
//! |---|---|
//! | `arriving` | the first screen; a swarm that connects and converses, and an operator who takes part |
//! | `composing` | every type of message, typed and pasted |
//! | `deciding` | an approval that is typed, and what comes of it |
//! | `drafts` | what becomes of a message that was not taken |
//! | `finding` | filters, and a pane alone |
//! | `looks` | themes, colours, terminals that have none |
//! | `sizes` | terminals of every size |
//! | `attention` | the mouse, the clipboard, the bell, and that an idle console is silent |
//! | `interruptions` | a bus that goes away and comes back |
//! | `manners` | the terminal is left as it was found |
//! | `past` | a journal that is played back, and the way there and back from a live console |
//! | `leaving` | what becomes of a bus that the console hosts |
//! | `disguise` | hostile text in every pane |

mod arriving;
mod attention;
mod composing;
mod deciding;
mod disguise;
mod drafts;
mod finding;
mod interruptions;
mod leaving;
mod looks;
mod manners;
mod past;
mod sizes;

use std::ops::Deref;

use super::harness::{Bus, Machine, Screen, eventually};

/// A console that is attached to a bus in a process of its own.
struct Console {
    // The terminal goes first: a console may write into the home folder until it ends.
    screen: Screen,
    bus: Bus,
}

impl Deref for Console {
    type Target = Screen;
    fn deref(&self) -> &Screen {
        &self.screen
    }
}

impl Console {
    /// One in a terminal of the usual size.
    fn open() -> Self {
        Self::sized(120, 40)
    }

    /// One in a terminal of so many cells.
    fn sized(columns: u16, rows: u16) -> Self {
        Self::with(Bus::start(), columns, rows, &[])
    }

    /// One on a bus that is there, with more in its environment.
    fn with(bus: Bus, columns: u16, rows: u16, environment: &[(&str, &str)]) -> Self {
        let screen = Screen::with(&bus, columns, rows, environment);
        live(&screen);
        Self { screen, bus }
    }

    /// Opens a form for a new message by the key of its type.
    #[track_caller]
    fn compose(&self, kind: &str) {
        self.keys(&["n"]);
        self.sees("Write a new message");
        self.keys(&[kind]);
        self.sees("4 Composer");
    }

    /// Writes into the fields of the form, from the one that has the focus on: the names of the fields, and what is
    /// typed into each.
    #[track_caller]
    fn fill(&self, fields: &[(&str, &str)]) {
        for (name, text) in fields {
            self.reaches(name);
            for (place, line) in text.split('\n').enumerate() {
                if place > 0 {
                    self.keys(&["Enter"]);
                }
                if !line.is_empty() {
                    self.literal(line);
                }
            }
        }
    }

    /// Steps to a field of the form, as Tab does.
    #[track_caller]
    fn reaches(&self, name: &str) {
        let focus = || focused(&self.text());
        eventually("a field has the focus", || focus().map(drop));
        let mut passed = Vec::new();
        while let Some(now) = focus().filter(|now| now != name) {
            assert!(!passed.contains(&now), "there is no field {name} among {passed:?}");
            passed.push(now.clone());
            self.keys(&["Tab"]);
            eventually("another field has the focus", || focus().filter(|next| *next != now).map(drop));
        }
    }

    /// Types a command into the command line.
    #[track_caller]
    fn command(&self, line: &str) {
        self.keys(&[":"]);
        self.literal(line);
        self.keys(&["Enter"]);
    }

    /// Goes back from what lies over the panes, or from the composer, and waits until `gone` has left the screen.
    #[track_caller]
    fn back_from(&self, gone: &str) {
        self.escape();
        self.sees_not(gone);
    }

    /// Leaves the console, which has no bus of its own.
    #[track_caller]
    fn quit(&self) -> i32 {
        self.keys(&["q"]);
        self.ended()
    }
}

/// Runs the console until a bus has answered it.
#[track_caller]
fn live(screen: &Screen) {
    screen.run(&["veda-bus"]);
    screen.sees(" LIVE ");
}

/// A console that hosts its bus.
struct Host {
    screen: Screen,
    machine: Machine,
}

impl Host {
    fn open() -> Self {
        let machine = Machine::new("");
        let screen = Screen::open(&machine, 120, 40);
        live(&screen);
        screen.sees("hosting");
        Self { screen, machine }
    }
}

/// The field of the form that has the focus.
fn focused(text: &str) -> Option<String> {
    let label = text.lines().find_map(|line| line.split_once("│> ").map(|(_, label)| label))?;
    label.split([' ', '*']).next().map(str::to_owned)
}
