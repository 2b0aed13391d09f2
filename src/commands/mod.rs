//! The commands, one file each.

mod asking;
mod config;
mod console;
mod decide;
mod demo;
mod doctor;
mod export;
mod hold;
mod hook;
mod init;
mod instances;
mod join;
mod live;
mod log;
mod mcp;
mod negotiations;
mod obligations;
mod replay;
mod reply;
mod rules;
mod schema;
mod search;
mod send;
mod send_many;
mod serve;
mod show;
mod stats;
mod status;
mod stop;
mod tasks;
mod texts;
mod vote;
mod watch;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use serde_json::json;

use crate::arguments::{Arguments, Command, HoldCommand, LogCommand};
use crate::context::{Context, Output};
use crate::failure::Failure;

pub(crate) use hook::FAILED as HOOK_FAILED;
pub(crate) use obligations::due;
pub(crate) use status::age;
pub(crate) use watch::say;

/// Runs what the command line asks for.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    if let Some(Command::Hook(hook)) = &arguments.command {
        // Its configuration is that of the folder that the host names, and its exit codes are the host's.
        return Ok(hook::run(&arguments.global, hook));
    }
    run_usual(arguments).map(|()| ExitCode::SUCCESS)
}

fn run_usual(arguments: Arguments) -> Result<(), Failure> {
    if let Some(Command::Schema(schema)) = &arguments.command {
        // The only command that the configuration does not concern.
        return schema::run(schema);
    }
    if let Some(Command::Doctor) = &arguments.command {
        // A configuration that is not right is what it is there to tell of.
        return doctor::run(&arguments.global);
    }
    let with_rules = matches!(&arguments.command, None | Some(Command::Serve(_) | Command::Config));
    let context = match &arguments.command {
        Some(Command::Init(init)) if init.uninstall => Context::without_repo(&arguments.global)?,
        _ => Context::new(&arguments.global, with_rules)?,
    };
    match arguments.command {
        None if is_terminal() => console::run(&context, arguments.theme),
        None => live::run(&context),
        Some(Command::Serve(serve)) => serve::run(&context, &serve),
        Some(Command::Stop) => stop::run(&context),
        Some(Command::Status) => status::run(&context),
        Some(Command::Instances(instances)) => instances::run(&context, &instances),
        Some(Command::Obligations(wanted)) => obligations::run(&context, &wanted),
        Some(Command::Tasks(wanted)) => tasks::run(&context, &wanted),
        Some(Command::Negotiations(wanted)) => negotiations::run(&context, &wanted),
        Some(Command::Show(message)) => show::run(&context, &message.id),
        Some(Command::Vote(vote)) => refusal_as_json(&context, vote::run(&context, vote)),
        Some(Command::Hold { command: HoldCommand::List }) => hold::run(&context),
        Some(Command::Rules { command: None }) => rules::run(&context),
        Some(
            decision @ (Command::Approve(_)
            | Command::Reject(_)
            | Command::Amend { .. }
            | Command::Override { .. }
            | Command::Hold { .. }
            | Command::Rules { .. }),
        ) => refusal_as_json(&context, decide::run(&context, decision)),
        Some(Command::Send(send)) => refusal_as_json(&context, send::run(&context, send)),
        Some(Command::Reply(reply)) => refusal_as_json(&context, reply::run(&context, &reply)),
        Some(Command::Join(join)) => join::run(&context, &join),
        Some(Command::Mcp(mcp)) => mcp::run(context, &mcp),
        Some(Command::Hook(_)) => Ok(()),
        Some(Command::Watch(watch)) => watch::run(&context, &watch),
        Some(Command::Log(log)) => match log.command {
            Some(_) if log.has_conditions() => {
                let what = "log verify, prune and compress are about whole files of the journal; \
                            leave what stands before them out";
                Err(Failure::Usage(what.into()))
            }
            Some(LogCommand::Verify { file }) => log::verify(&context, file),
            Some(LogCommand::Prune(prune)) => log::prune::run(&context, &prune),
            Some(LogCommand::Compress(compress)) => log::compress::run(&context, &compress),
            None => log::run(&context, &log),
        },
        Some(Command::Search(wanted)) => search::run(&context, &wanted),
        Some(Command::Export(export)) => export::run(&context, &export),
        Some(Command::Stats(stats)) => stats::run(&context, &stats),
        Some(Command::Replay(replay)) => replay::run(&context, arguments.theme, *replay),
        Some(Command::Config) => config::run(&context),
        Some(Command::Init(init)) => init::run(&context, &init),
        Some(Command::Schema(schema)) => schema::run(&schema),
        Some(Command::Doctor) => doctor::run(&arguments.global),
        Some(Command::Demo(demo)) => demo::run(&context, &demo),
        Some(Command::Bench(bench)) => crate::bench::run(&context, &bench),
    }
}

/// Whether there is a person to look and to type.
fn is_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// With `--json`, that a message was refused is data, too: a script has it on stdout, like the receipt.
fn refusal_as_json(context: &Context, done: Result<(), Failure>) -> Result<(), Failure> {
    if let Err(Failure::Refused { refusal }) = &done
        && context.json
    {
        let mut output = Output::new();
        output.json(&json!({ "error": refusal }))?;
        output.flush()?;
    }
    done
}
