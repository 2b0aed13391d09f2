//! `veda-bus join`: be an instance from a shell.

mod declaring;

use std::io::Write;
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use veda_bus_core::client::{BusClient, ClientError, ClientEvent};
use veda_bus_core::message::{Draft, Message};
use veda_bus_core::name::RepoName;
use veda_bus_core::payload::{Payload, Text};
use veda_bus_core::text;
use veda_bus_core::wire::Register;
use veda_bus_core::wire::answer::{Incoming, Notice};
use veda_bus_ui::words;

use crate::arguments::Join;
use crate::context::Context;
use crate::failure::{Failure, refused};
use crate::runtime::{runtime, stop_signal, tell_of_events};

pub(crate) fn run(context: &Context, join: &Join) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let stop = stop_signal()?;
        tokio::select! {
            ended = take_messages(context, join) => ended,
            () = stop => Ok(()),
        }
    })
}

async fn take_messages(context: &Context, join: &Join) -> Result<(), Failure> {
    let register = registration(context, join)?;
    let client = BusClient::connect(context.socket()).await?;
    tell_of_events(&client, tell);
    let welcome = client.register(register.clone()).await?;
    eprintln!("veda-bus: joined as {} (instance {})", welcome.repo, welcome.instance_id);
    let _watching = declaring::follow(context, join, &client, register)?;
    let mut taken = 0;
    let acknowledges = acknowledges(context, &welcome.repo);
    while let Some(incoming) = client.receive().await {
        if acknowledges && !incoming.message.payload.is_answer() {
            send_answer(&client, &incoming.message, Payload::acknowledgement(incoming.message.kind()))
                .await?;
        }
        match &join.exec {
            Some(command) => answer_by_command(&client, &incoming, command).await?,
            None => print(&incoming)?,
        }
        client.ack_read(&incoming.message.id).await?;
        taken += 1;
        if join.count == Some(taken) {
            // The acknowledgement is on its way; the bus has it when it answers this.
            return Ok(client.ping().await?);
        }
    }
    Err(ClientError::Gone.into())
}

fn registration(context: &Context, join: &Join) -> Result<Register, Failure> {
    let configured = context.config.coordination.repo_name.clone();
    let repo = join.repo.clone().or(configured).ok_or_else(|| {
        Failure::Usage("--repo NAME is missing, and no .veda/coordination.toml governs this folder".into())
    })?;
    let mut register = context.registration(repo);
    let here = std::env::current_dir().ok().map(|folder| folder.display().to_string());
    let asked = join.path.as_ref().map(|path| path.display().to_string());
    register.path = asked.or(register.path).or(here);
    if !join.capabilities.is_empty() {
        register.capabilities.clone_from(&join.capabilities);
    }
    register.session_id.clone_from(&join.session);
    register.instance_id.clone_from(&join.instance);
    register.client = "veda-bus-join".parse().ok();
    Ok(register)
}

fn tell(event: &ClientEvent) {
    match event {
        ClientEvent::Lost => eprintln!("veda-bus: the bus went away, trying again"),
        ClientEvent::Reconnected => eprintln!("veda-bus: the bus is back"),
        ClientEvent::Notice(Notice::Expired { id, unread_by }) => {
            eprintln!("veda-bus: {}", words::expiry(id, unread_by));
        }
        ClientEvent::Refused(refusal) => eprintln!("veda-bus: {}", text::line(&refused(refusal))),
        ClientEvent::Notice(Notice::Replaced) => {
            eprintln!("veda-bus: another process joined as this instance; nothing more comes here");
        }
        _ => {}
    }
}

/// A message is read when its line has left this process.
fn print(incoming: &Incoming) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", text::json(incoming.message.json()))?;
    Ok(out.flush()?)
}

async fn answer_by_command(client: &BusClient, incoming: &Incoming, command: &str) -> Result<(), Failure> {
    let message = &incoming.message;
    let answer = match run_command(command, message.json()).await {
        // What answers an answer would be answered in turn: a command speaks to what is new.
        _ if message.payload.is_answer() => None,
        Ok(output) => answer_of(message, &output),
        Err(failure) => {
            eprintln!("veda-bus: {}", text::line(&failure));
            Text::new(failure).map(|comment| Payload::comment(message.kind(), comment))
        }
    };
    match answer {
        Some(payload) => send_answer(client, message, payload).await,
        None => Ok(()),
    }
}

/// Sends an answer; that the bus refuses one does not end the instance.
async fn send_answer(client: &BusClient, message: &Message, payload: Payload) -> Result<(), Failure> {
    match client.send(&Draft::answer(message, payload)).await {
        Err(ClientError::Refused(refusal)) => {
            let why = text::line(&refusal.to_string()).into_owned();
            eprintln!("veda-bus: the answer to {} was refused: {why}", message.id);
            Ok(())
        }
        sent => Ok(sent.map(|_| ())?),
    }
}

/// Whether the file of this repo says that its instances acknowledge at once.
fn acknowledges(context: &Context, repo: &RepoName) -> bool {
    let coordination = &context.config.coordination;
    coordination.repo_name.as_ref() == Some(repo) && coordination.auto_acknowledge
}

/// What a command printed, as an answer: a payload if it is one, else plain text; nothing if it is blank.
fn answer_of(message: &Message, output: &str) -> Option<Payload> {
    let output = output.trim();
    if output.starts_with('{')
        && let Ok(payload) = Payload::parse(message.kind(), true, output)
    {
        return Some(payload);
    }
    Payload::plain_answer(message.kind(), output)
}

/// Runs a shell command with `input` on its stdin; what it printed, or how it failed.
async fn run_command(command: &str, input: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("the command could not be run: {error}");
    let mut child = Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let stdin = child.stdin.take();
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // A command may end without having read what it was told.
            let _ = stdin.write_all(input.as_bytes()).await;
            let _ = stdin.write_all(b"\n").await;
        }
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    let output = output.map_err(failed)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let printed = String::from_utf8_lossy(&output.stdout);
    let failure = format!("the command failed ({}) {}", output.status, printed.trim());
    Err(failure.trim_end().to_owned())
}
