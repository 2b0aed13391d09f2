//! `veda-bus`: the coordination bus for swarms of coding agents, and the commands around it.
//!
//! | module | what is in it |
//! |---|---|
//! | [`agents`] | what the commands share that speak to coding agents |
//! | [`arguments`] | the command line |
//! | [`mod@bench`] | the bus beside a bare relay |
//! | [`commands`] | one file a command |
//! | [`compose`] | from flags to messages |
//! | [`mod@export`] | conversations as documents |
//! | [`failure`] | what went wrong, in one line, and the exit code |
//! | [`context`] | what every command needs: configuration, connection, output |
//! | [`history`] | what the commands share that read a journal's files |
//! | [`hosting`] | a bus on a thread of this process, and how it is handed over to a process in the background |
//! | [`runtime`] | what runs a command, and the signals that end it |
//! | [`show`] | events and messages as lines for a person |
//! | [`stats`] | what a journal comes to in numbers |
//! | [`waiting`] | waiting for an answer |
//! | [`watching`] | files that are read again when they change |

mod agents;
mod arguments;
mod bench;
mod commands;
mod compose;
mod context;
mod export;
mod failure;
mod history;
mod hosting;
mod runtime;
mod show;
mod stats;
mod waiting;
mod watching;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use veda_bus_core::text;

fn main() -> ExitCode {
    let arguments = match arguments::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            if error.use_stderr() {
                // A complaint repeats what it is about, which may be an agent's text.
                eprint!("{}", text::block(&error.render().to_string()));
                return usage_code().into();
            }
            // Help and version are no failures.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
    };
    match commands::run(arguments) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

/// The exit code of a wrong command line. Hosts that run `veda-bus hook` have a use of their own for the usual one.
fn usage_code() -> u8 {
    let is_hook = subcommand(std::env::args_os().skip(1)).is_some_and(|name| name == "hook");
    if is_hook { commands::HOOK_FAILED } else { failure::USAGE }
}

/// The subcommand that a command line names, even a wrong one: the first argument that is neither a flag nor the value of
/// one that stands before it.
fn subcommand(mut arguments: impl Iterator<Item = OsString>) -> Option<OsString> {
    let command = arguments::Arguments::command();
    let takes_value = |flag: &str| {
        let known = command.get_arguments().find(|one| one.get_long() == Some(flag));
        known.is_some_and(|one| one.get_action().takes_values())
    };
    loop {
        let argument = arguments.next()?;
        let text = argument.to_string_lossy();
        if !text.starts_with('-') {
            return Some(argument);
        }
        if text.strip_prefix("--").is_some_and(takes_value) {
            arguments.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subcommand_is_found_in_a_wrong_command_line() {
        for (line, name) in [
            ("hook --bogus", Some("hook")),
            ("--json --socket hook hook", Some("hook")),
            ("--config=hook hook", Some("hook")),
            ("send query --to hook --bogus", Some("send")),
            ("--socket hook send", Some("send")),
            ("--socket hook", None),
        ] {
            let found = subcommand(line.split(' ').map(OsString::from));
            assert_eq!(found, name.map(OsString::from), "{line}");
        }
    }
}
