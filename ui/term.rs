//! The terminal's modes: taken when the console begins, given back whatever way it ends.

use std::io::{self, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
};
use crossterm::execute;
use crossterm::style::{Print, ResetColor};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};

/// Clicks, the wheel, and movements while a button is held (1002), as SGR coordinates (1006). What crossterm asks for
/// would also tell of every other movement.
const MOUSE_ON: &str = "\x1b[?1002h\x1b[?1006h";

/// Saves the terminal's title on its stack, and takes it back from there (xterm).
const TITLE_SAVE: &str = "\x1b[22;0t";
const TITLE_BACK: &str = "\x1b[23;0t";

/// Whether the terminal's modes are ours at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Holds the terminal's modes, and gives them back when it is dropped.
#[derive(Debug)]
pub struct Modes {
    mouse: bool,
}

impl Modes {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When it can not be written to, or is none.
    pub fn take(mouse: bool) -> io::Result<Self> {
        let modes = Self { mouse };
        modes.enter()?;
        Ok(modes)
    }

    fn enter(&self) -> io::Result<()> {
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        execute!(
            io::stdout(),
            Print(TITLE_SAVE),
            EnterAlternateScreen,
            EnableBracketedPaste,
            EnableFocusChange,
            Hide
        )?;
        if self.mouse { execute!(io::stdout(), Print(MOUSE_ON)) } else { Ok(()) }
    }

    /// Takes the mouse, or gives it to the terminal.
    ///
    /// # Errors
    /// When the terminal can not be written to.
    pub fn mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on { execute!(io::stdout(), Print(MOUSE_ON)) } else { execute!(io::stdout(), DisableMouseCapture) }
    }

    /// Gives the terminal back for as long as `during` runs, for a program that wants it for itself.
    ///
    /// # Errors
    /// When the terminal can not be taken again.
    pub fn lend<T>(&self, during: impl FnOnce() -> T) -> io::Result<T> {
        give_back();
        let done = during();
        self.enter()?;
        Ok(done)
    }
}

impl Drop for Modes {
    fn drop(&mut self) {
        give_back();
    }
}

/// Puts the terminal back as it was; does nothing when it is not ours. Nothing more can be done about a failure.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _ = execute!(
        out,
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        ResetColor,
        LeaveAlternateScreen,
        Print(TITLE_BACK),
        Show
    );
    let _ = out.flush();
    let _ = disable_raw_mode();
}

/// A panic, on whatever thread, gives the terminal back, says what happened, and ends the process: a console without its
/// bus, or with half of itself, is none.
pub fn end_on_panic() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        give_back();
        before(info);
        std::process::exit(PANICKED);
    }));
}

/// The exit code after a panic; the same that Rust's own runtime uses.
const PANICKED: i32 = 101;

/// Stops this process until the shell continues it, as Ctrl-Z does.
///
/// # Errors
/// When the system does not let it.
pub fn suspend() -> io::Result<()> {
    use rustix::process::{Signal, getpid, kill_process};
    kill_process(getpid(), Signal::TSTP)?;
    Ok(())
}
