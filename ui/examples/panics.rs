//! Takes the terminal as the console does, and panics on another thread when a key is pressed. A test of the whole
//! runs it in a terminal, and looks at what is left behind: there is no way to make the console itself panic.

#![allow(clippy::panic, reason = "that is what it is for")]

use std::io::{self, Read as _};
use std::thread;

use veda_bus_ui::term::{Modes, end_on_panic};

fn main() -> io::Result<()> {
    end_on_panic();
    let _modes = Modes::take(true)?;
    println!("press a key");
    io::stdin().read_exact(&mut [0])?;
    let thread = thread::spawn(|| panic!("a thread has panicked"));
    // The process has ended before this returns.
    let _ = thread.join();
    Ok(())
}
