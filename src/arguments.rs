//! The command line.

#![expect(clippy::doc_markdown, reason = "these comments are the help that a terminal shows")]

mod init;
mod operator;
mod replay;
mod retention;
mod search;

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use veda_bus_core::message::{MessageType, Priority};
use veda_bus_core::name::{Capability, InstanceId, RepoName, SessionId};

use crate::agents::host::Host;

pub(crate) use init::Init;
pub(crate) use operator::{
    Decision, Edge, HoldCommand, Negotiations, OutcomeName, RulesCommand, ShowMessage, Vote, VoteName,
};
pub(crate) use replay::Replay;
pub(crate) use retention::{COMPRESS_EXAMPLES, Compress, PRUNE_EXAMPLES, Prune};
pub(crate) use search::Search;

/// Coordination bus for swarms of coding agents, one agent per repository.
///
/// Without a command: hosts the bus if none answers on the socket, else attaches to the one that does, and opens the
/// console; where the output is no terminal, prints what happens.
#[derive(Debug, Parser)]
#[command(
    name = "veda-bus",
    version,
    max_term_width = 100,
    after_help = "Examples:
  veda-bus                                    host or attach, and open the console
  veda-bus join --repo LensSDK                be an instance from a shell
  veda-bus send query --to LensSDK --question \"What is the interface?\" --wait 60

Exit codes: 0 done, 1 failed, 2 usage, 3 no bus, 4 refused by the bus, 5 timed out."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    /// The theme of the console [default: the one chosen last, else that of the settings, else dark]
    #[arg(long, value_name = "NAME")]
    pub(crate) theme: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The bus's socket [default: from the configuration, else /tmp/veda-bus.sock]
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// The global configuration file [default: ~/.veda/bus.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print data as JSON, one object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the bus in the foreground, until SIGINT or SIGTERM; or start one in the background
    #[command(after_help = "Examples:
  veda-bus serve
  veda-bus serve --socket /tmp/other.sock --config other.toml
  veda-bus serve --background       returns when it answers; veda-bus stop ends it")]
    Serve(Serve),
    /// Stop the bus, wherever it runs, and wait until it has
    #[command(after_help = "Examples:
  veda-bus stop
  veda-bus stop --socket /tmp/other.sock")]
    Stop,
    /// Show the bus: process, journal, counts, rate
    #[command(after_help = "Examples:
  veda-bus status
  veda-bus status --json | jq .unread")]
    Status,
    /// Check everything that agents need to hear each other, and say what to do
    #[command(after_help = "Exit code 0: no problem was found, but maybe warnings; 1: there are problems.

Examples:
  veda-bus doctor
  veda-bus doctor --json | jq -r 'select(.status != \"ok\") | .todo'")]
    Doctor,
    /// Show who is connected, what they can do, and what waits for them
    #[command(after_help = "Examples:
  veda-bus instances
  veda-bus instances --all          also those that left
  veda-bus instances --json | jq -r .repo")]
    Instances(Instances),
    /// Show who owes whom an answer, since when, and who is late
    #[command(after_help = "Examples:
  veda-bus obligations
  veda-bus obligations --repo LensSDK          what it owes, and what it is owed
  veda-bus obligations --overdue --json | jq -r .by")]
    Obligations(Obligations),
    /// Show how far tasks are: a bar for each, a line for each part
    #[command(after_help = "Examples:
  veda-bus tasks
  veda-bus tasks --open             only those with a part that is neither done nor failed
  veda-bus tasks --json | jq '{description, done, all}'")]
    Tasks(Tasks),
    /// Show negotiations: the proposal, the votes so far, whom they wait for
    #[command(after_help = "Examples:
  veda-bus negotiations
  veda-bus negotiations --open --json | jq -r .id")]
    Negotiations(Negotiations),
    /// Show everything about a message: what it says, its ladder, and the negotiation or the hold that it is a part of
    #[command(after_help = "Examples:
  veda-bus show 3f2a
  veda-bus show 3f2a --json | jq .negotiation.tally")]
    Show(ShowMessage),
    /// Vote on a proposal, for a repo
    #[command(after_help = "Examples:
  veda-bus vote 3f2a accept --from LensSDK
  veda-bus vote 3f2a reject --from LensSDK --comment \"It breaks the 1.x clients\"
  veda-bus vote 3f2a counter --from UILib --counter-proposal \"Only the types\"")]
    Vote(Vote),
    /// Approve a negotiation that the votes carry, as the operator
    #[command(after_help = "Example:
  veda-bus approve 3f2a --comment \"Go ahead\"")]
    Approve(Decision),
    /// Reject a negotiation, as the operator
    #[command(after_help = "Example:
  veda-bus reject 3f2a --comment \"Not before 2.0\"")]
    Reject(Decision),
    /// Put a negotiation to the vote again in other words, as the operator
    #[command(after_help = "Example:
  veda-bus amend 3f2a --proposal \"Move only the types to auth-core\"")]
    Amend {
        /// The wording that is put to the vote
        #[arg(long, value_name = "TEXT")]
        proposal: String,
        #[command(flatten)]
        decision: Decision,
    },
    /// End a negotiation whatever the votes, as the operator
    #[command(after_help = "Examples:
  veda-bus override 3f2a --comment \"We need it today\"
  veda-bus override 3f2a --outcome rejected")]
    Override {
        /// How it ends
        #[arg(long, value_enum, default_value = "approved")]
        outcome: OutcomeName,
        #[command(flatten)]
        decision: Decision,
    },
    /// Show what is held, let it go or refuse it, as the operator
    #[command(after_help = "Examples:
  veda-bus hold list
  veda-bus hold release 3f2a
  veda-bus hold release 3f2a --payload '{\"question\":\"Only the public interface?\"}'
  veda-bus hold refuse 3f2a --comment \"Ask me first\"
  veda-bus hold continue 3f2a       lets a thread go on that the loop guard has halted")]
    Hold {
        #[command(subcommand)]
        command: HoldCommand,
    },
    /// Show the rules in force, and change standing ones, as the operator
    #[command(after_help = "Examples:
  veda-bus rules
  veda-bus rules allow --from Flagship --to LensSDK --type Query
  veda-bus rules revoke --from Flagship --to LensSDK --type Query")]
    Rules {
        #[command(subcommand)]
        command: Option<RulesCommand>,
    },
    /// Send a message
    #[command(after_help = "Examples:
  veda-bus send query --to LensSDK --question \"What is the interface of SessionManager?\" --wait 60
  veda-bus send notify --to '*' --change-type breaking_change --summary \"Renamed SessionContext\"
  veda-bus send task --to '*' --task-type test_suite --description \"Test 2.0\" \\
      --subtask Flagship=\"Run the UI tests\" --subtask LensSDK=\"Run the SDK tests\"
  veda-bus send --message messages.jsonl --json")]
    Send(Send),
    /// Answer a message
    #[command(after_help = "Examples:
  veda-bus reply 3f2a --text \"A trait with two methods\"
  veda-bus reply 3f2a --from LensSDK --decision accepted --eta-seconds 300
  veda-bus reply 3f2a --from UILib --vote counter --counter-proposal \"Only the types\"")]
    Reply(Box<Reply>),
    /// Be an instance: messages come out as JSON lines
    #[command(after_help = "Examples:
  veda-bus join --repo LensSDK --capability auth --capability session
  veda-bus join --repo LensSDK | jq -r '.payload.question // empty'
  veda-bus join --repo Echo --exec \"jq -r '.payload.question // empty'\"   what it prints is the answer")]
    Join(Join),
    /// Let a coding agent take part: an MCP server over standard input and output
    #[command(after_help = "Example, in an MCP client's configuration:
  {\"mcpServers\": {\"veda-bus\": {\"command\": \"veda-bus\", \"args\": [\"mcp\"]}}}")]
    Mcp(Mcp),
    /// Tell a coding agent of its messages, at the events of the program that it runs in
    #[command(after_help = "Example, in the settings of Claude Code:
  {\"hooks\": {\"Stop\": [{\"hooks\": [{\"type\": \"command\", \"command\": \"veda-bus hook --host claude\"}]}]}}")]
    Hook(Hook),
    /// Show every event, live
    #[command(after_help = "Examples:
  veda-bus watch
  veda-bus watch --filter 'type == \"Negotiate\" || priority == high'
  veda-bus watch --from 1 --json")]
    Watch(Watch),
    /// Show the journal
    #[command(after_help = "Examples:
  veda-bus log --since 2h --repo LensSDK
  veda-bus log --thread 3f2a
  veda-bus log --grep SessionContext --type Notify --follow
  veda-bus log verify")]
    Log(Log),
    /// Find messages in the whole journal, by what they say
    #[command(
        after_help = "Exit codes: 0 something was found, 1 nothing was, 2 the command line is not right.

Examples:
  veda-bus search deadline LensSDK              both words, anywhere in a message
  veda-bus search \"takes a deadline\" --context 2
  veda-bus search -e 'refresh\\(\\w+\\)' --since 2d --type Query
  veda-bus search --cel 'priority == high && text.contains(\"TODO\")' --json | jq -r .id"
    )]
    Search(Search),
    /// Write conversations as Markdown, HTML, JSON or CSV
    #[command(
        after_help = "What a message came to is told to the journal's end, whatever span is asked for. JSON has messages as
they were sent; cells of CSV that a spreadsheet would take for a formula begin with an apostrophe.

Examples:
  veda-bus export --thread 3f2a
  veda-bus export --since 2h --output today.html
  veda-bus export --all --type Negotiate --format json | jq '.conversations[].negotiations'
  veda-bus export --repo LensSDK --format csv --output lens.csv --force"
    )]
    Export(Export),
    /// Show who talks to whom, how fast answers come, what is open, and how negotiations and holds ended
    #[command(after_help = "Examples:
  veda-bus stats
  veda-bus stats --since 2h --repo LensSDK
  veda-bus stats --json | jq '.pairs[] | select(.messages > 10)'")]
    Stats(Stats),
    /// Play the journal back: in the console, every pane as it was at any moment; as lines; or into another bus
    #[command(
        after_help = replay::EXAMPLES,
        mut_arg("since", |since| since.help(replay::SINCE)),
        mut_arg("until", |until| until.help(replay::UNTIL)),
        mut_arg("thread", |thread| thread.help(replay::THREAD))
    )]
    Replay(Box<Replay>),
    /// Show every effective setting and where it came from
    #[command(after_help = "Examples:
  veda-bus config
  veda-bus config --json | jq -r 'select(.key == \"bus.log_path\").value'")]
    Config,
    /// Set up the agents of a repository for the bus: its name, and their MCP servers and hooks
    #[command(after_help = "Examples:
  veda-bus init --dry-run           what would be written, as a diff
  veda-bus init --agent claude,codex
  veda-bus init --uninstall         puts every file back as it was")]
    Init(Init),
    /// Print the JSON Schemas of messages
    #[command(after_help = "Examples:
  veda-bus schema                   all five types
  veda-bus schema Negotiate")]
    Schema(Schema),
    /// Let three scripted instances play a day's work on the bus, and answer you
    #[command(after_help = "Examples:
  veda-bus demo                     until Ctrl-C; beside it: veda-bus
  veda-bus demo --once --speed 10")]
    Demo(Demo),
    /// Measure the bus beside a bare relay, on this machine
    #[command(after_help = "Examples:
  veda-bus bench
  veda-bus bench --quick --json")]
    Bench(Bench),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Start a bus that is detached from this terminal, wait until it answers, and return; what it has to say is
    /// added to serve.log beside the journal
    #[arg(long)]
    pub(crate) background: bool,
    /// Leave the session of the terminal first; what --background starts does
    #[arg(long, hide = true, conflicts_with = "background")]
    pub(crate) detached: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Instances {
    /// Show those that left, too
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Obligations {
    /// Show only what this repo owes or is owed
    #[arg(long, value_name = "REPO")]
    pub(crate) repo: Option<RepoName>,
    /// Show only what is overdue
    #[arg(long)]
    pub(crate) overdue: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Tasks {
    /// Show only those that are not finished
    #[arg(long)]
    pub(crate) open: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Send {
    /// Send whole messages, one JSON object a line, from a file or from standard input (-)
    #[arg(long, value_name = "FILE")]
    pub(crate) message: Option<PathBuf>,
    /// Let messages go to repos that the bus has never seen
    #[arg(long, requires = "message")]
    pub(crate) allow_unknown: bool,
    #[command(subcommand)]
    pub(crate) kind: Option<SendKind>,
}

/// To whom, and how.
#[derive(Debug, Args)]
pub(crate) struct Envelope {
    /// The repo that gets it; '*' is everyone
    #[arg(long, value_name = "REPO")]
    pub(crate) to: RepoName,
    /// Only instances that declare this get it; may be repeated
    #[arg(long = "capability", value_name = "CAPABILITY")]
    pub(crate) capabilities: Vec<Capability>,
    /// The message that it answers: its id, or the beginning of it
    #[arg(long, value_name = "ID")]
    pub(crate) reply_to: Option<String>,
    /// Let it go to a repo that the bus has never seen
    #[arg(long)]
    pub(crate) allow_unknown: bool,
    #[command(flatten)]
    pub(crate) manner: Manner,
}

/// How a message or an answer is sent.
#[derive(Debug, Args)]
pub(crate) struct Manner {
    /// Who sends [default: the repo of the current folder, else operator]
    #[arg(long, value_name = "REPO")]
    pub(crate) from: Option<RepoName>,
    /// How pressing it is
    #[arg(long, value_enum)]
    pub(crate) priority: Option<PriorityName>,
    /// Seconds until it is stale [default: the bus's default_ttl]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) ttl: Option<NonZeroU64>,
    /// Wait so many seconds for the first answer, and print it
    #[arg(long, value_name = "SECONDS")]
    pub(crate) wait: Option<f64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum PriorityName {
    Low,
    Normal,
    High,
}

impl From<PriorityName> for Priority {
    fn from(name: PriorityName) -> Self {
        match name {
            PriorityName::Low => Self::Low,
            PriorityName::Normal => Self::Normal,
            PriorityName::High => Self::High,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum SendKind {
    /// Ask another repo to change something
    #[command(after_help = "Example:
  veda-bus send request-change --to LensSDK --summary \"Expose getActiveSession() in session.rs\" \\
      --reason \"Auto-resume on reconnect\" --urgency blocking_development")]
    RequestChange {
        /// What to change, in a line
        #[arg(long)]
        summary: String,
        /// Why it is needed
        #[arg(long)]
        reason: Option<String>,
        /// How it could look
        #[arg(long, value_name = "CODE")]
        suggested_implementation: Option<String>,
        /// How pressing it is: blocking_development, or any other word
        #[arg(long)]
        urgency: Option<String>,
        #[command(flatten)]
        envelope: Envelope,
    },
    /// Ask another repo a question
    #[command(after_help = "Example:
  veda-bus send query --to LensSDK --question \"What is the interface of SessionManager?\" --wait 60")]
    Query {
        /// The question
        #[arg(long)]
        question: String,
        /// What helps to answer it
        #[arg(long)]
        context: Option<String>,
        /// The form that the answer should have
        #[arg(long, value_name = "FORMAT")]
        response_format: Option<String>,
        #[command(flatten)]
        envelope: Envelope,
    },
    /// Announce a change
    #[command(after_help = "Example:
  veda-bus send notify --to '*' --change-type deprecation --summary \"login() goes in 3.0\"")]
    Notify {
        /// breaking_change, deprecation, new_feature, or any other word
        #[arg(long, value_name = "WORD")]
        change_type: String,
        /// What changed, in a line
        #[arg(long)]
        summary: String,
        /// What callers have to do
        #[arg(long, value_name = "TEXT")]
        migration_guide: Option<String>,
        /// The version in which it takes effect
        #[arg(long, value_name = "VERSION")]
        effective_version: Option<String>,
        #[command(flatten)]
        envelope: Envelope,
    },
    /// Put a proposal to the vote
    #[command(after_help = "Example:
  veda-bus send negotiate --to '*' --proposal \"Move shared auth logic to auth-core\" \\
      --affected-repos Flagship,LensSDK --requires-consensus")]
    Negotiate {
        /// What is proposed
        #[arg(long)]
        proposal: String,
        /// The repos whose votes count, with commas between them
        #[arg(long, value_delimiter = ',', value_name = "REPOS", required = true)]
        affected_repos: Vec<RepoName>,
        /// What it is good for; may be repeated
        #[arg(long = "benefit", value_name = "TEXT")]
        benefits: Vec<String>,
        /// Every voter has to accept; otherwise a majority is enough
        #[arg(long)]
        requires_consensus: bool,
        #[command(flatten)]
        envelope: Envelope,
    },
    /// Hand out work
    #[command(after_help = "Example:
  veda-bus send task --to '*' --task-type distributed_refactor --description \"Use the new API\" \\
      --subtask Flagship=\"Update 12 components\" --subtask UILib=\"Export it\"")]
    Task {
        /// distributed_refactor, test_suite, benchmark, or any other word
        #[arg(long, value_name = "WORD")]
        task_type: String,
        /// What is to be done, as a whole
        #[arg(long)]
        description: String,
        /// What a repo is to do, as REPO=TEXT; may be repeated
        #[arg(long = "subtask", value_name = "REPO=TEXT", value_parser = subtask, required = true)]
        subtasks: Vec<(RepoName, String)>,
        #[command(flatten)]
        envelope: Envelope,
    },
}

fn subtask(text: &str) -> Result<(RepoName, String), String> {
    let (repo, task) = text.split_once('=').ok_or("expected REPO=TEXT")?;
    let repo = RepoName::new(repo).map_err(|error| format!("the repo is {error}"))?;
    Ok((repo, task.to_owned()))
}

#[derive(Debug, Args)]
pub(crate) struct Reply {
    /// The message that is answered: its id, or the beginning of it
    pub(crate) id: String,
    /// A plain text: the answer of a Query, a comment elsewhere
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// RequestChange: acknowledged, accepted, countered, rejected, done
    #[arg(long)]
    pub(crate) decision: Option<String>,
    /// RequestChange, Negotiate: what is proposed instead
    #[arg(long, value_name = "TEXT")]
    pub(crate) counter_proposal: Option<String>,
    /// RequestChange: seconds until it is done
    #[arg(long, value_name = "SECONDS")]
    pub(crate) eta_seconds: Option<u64>,
    /// Query: the answer
    #[arg(long)]
    pub(crate) answer: Option<String>,
    /// Query, Notify, Negotiate, Task: it was taken note of
    #[arg(long)]
    pub(crate) acknowledged: bool,
    /// Notify: what it means here
    #[arg(long, value_name = "TEXT")]
    pub(crate) findings: Option<String>,
    /// Negotiate: accept, reject, abstain, counter
    #[arg(long)]
    pub(crate) vote: Option<String>,
    /// Task: accepted, in_progress, blocked, done, failed
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// Task: more about the status
    #[arg(long, value_name = "TEXT")]
    pub(crate) detail: Option<String>,
    /// Anything else
    #[arg(long)]
    pub(crate) comment: Option<String>,
    #[command(flatten)]
    pub(crate) manner: Manner,
}

impl Reply {
    /// An answer to `id` that says nothing yet.
    pub(crate) fn to(id: String, manner: Manner) -> Self {
        Self {
            id,
            manner,
            text: None,
            decision: None,
            counter_proposal: None,
            eta_seconds: None,
            answer: None,
            acknowledged: false,
            findings: None,
            vote: None,
            status: None,
            detail: None,
            comment: None,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Join {
    /// The repo to answer to [default: the repo of the current folder]
    #[arg(long)]
    pub(crate) repo: Option<RepoName>,
    /// Where that repo is [default: the folder that holds .veda/coordination.toml, else the current one]
    #[arg(long)]
    pub(crate) path: Option<PathBuf>,
    /// Something that this instance can do; may be repeated [default: what the repo's file declares]
    #[arg(long = "capability", value_name = "CAPABILITY")]
    pub(crate) capabilities: Vec<Capability>,
    /// The conversation that this instance belongs to
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<SessionId>,
    /// The instance to be, when it is to be the same one again
    #[arg(long, value_name = "ID")]
    pub(crate) instance: Option<InstanceId>,
    /// Run this shell command for each message: JSON on its stdin, its output is the answer
    #[arg(long, value_name = "COMMAND")]
    pub(crate) exec: Option<String>,
    /// End after so many messages
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Mcp {
    /// Do not start a bus in the background when none answers
    #[arg(long)]
    pub(crate) no_spawn: bool,
    /// Push messages into a Claude Code session that was started with
    /// --dangerously-load-development-channels server:veda-bus
    #[arg(long)]
    pub(crate) channel: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Hook {
    /// The program that runs the hook [default: the one that its event and the environment give away]
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Option<Host>,
    /// Wait while the agent is idle, and end with exit code 2 when there is news (Claude Code's asyncRewake)
    #[arg(long)]
    pub(crate) wake: bool,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Watch {
    /// Show only events that match this CEL expression
    #[arg(long, value_name = "EXPR")]
    pub(crate) filter: Option<String>,
    /// Begin with this event of the past [default: with the next one]
    #[arg(long, value_name = "SEQ")]
    pub(crate) from: Option<u64>,
    /// End after so many events
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Log {
    #[command(flatten)]
    pub(crate) choice: Choice,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Only events with this text in them
    #[arg(long, value_name = "TEXT")]
    pub(crate) grep: Option<String>,
    /// Go on with what happens from now on
    #[arg(long, short)]
    pub(crate) follow: bool,
    #[command(subcommand)]
    pub(crate) command: Option<LogCommand>,
}

impl Log {
    /// Whether it says which part of the journal is meant.
    pub(crate) fn has_conditions(&self) -> bool {
        let Self { choice, source, grep, follow, command: _ } = self;
        *follow || grep.is_some() || choice.is_some() || !source.files.is_empty()
    }
}

/// Which journal is read.
#[derive(Debug, Args)]
pub(crate) struct Source {
    /// Read this journal, with the archived segments beside it; repeated, just these files [default: the journal of the bus]
    #[arg(long = "file", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Which part of a journal is meant; all conditions hold together.
#[derive(Debug, Args)]
pub(crate) struct Choice {
    /// Only what happened since then: 90s, 15m, 2h, 3d, 14:32, 2026-11-22, or '2026-11-22 14:32'
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only what happened until then
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Only the thread of this message: its id, or the beginning of it
    #[arg(long, value_name = "ID")]
    pub(crate) thread: Option<String>,
    /// Only what concerns this repo
    #[arg(long)]
    pub(crate) repo: Option<RepoName>,
    /// Only messages of this type, and what became of them
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<MessageType>,
}

impl Choice {
    /// Whether it says anything.
    pub(crate) fn is_some(&self) -> bool {
        let Self { since, until, thread, repo, kind } = self;
        kind.is_some() || repo.is_some() || [since, until, thread].into_iter().any(Option::is_some)
    }
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) choice: Choice,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Everything that the journal has
    #[arg(long)]
    pub(crate) all: bool,
    /// How it is written [default: what the ending of --output says, else md]
    #[arg(long, value_enum)]
    pub(crate) format: Option<ExportFormat>,
    /// The file that it is written to, which nobody else may read [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the file that is there
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
}

/// How conversations are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// Markdown
    Md,
    /// One HTML file, without scripts
    Html,
    /// One JSON object
    Json,
    /// A table with a row for each message
    Csv,
}

#[derive(Debug, Args)]
pub(crate) struct Stats {
    #[command(flatten)]
    pub(crate) choice: Choice,
    #[command(flatten)]
    pub(crate) source: Source,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Check that no line of the journal was changed or is missing
    #[command(after_help = "Example:
  veda-bus log verify && echo nobody touched it")]
    Verify {
        /// The journal, with the archived segments beside it [default: the journal of the bus]
        file: Option<PathBuf>,
    },
    /// Remove old files of the journal that nothing needs any more
    #[command(after_help = PRUNE_EXAMPLES)]
    Prune(Prune),
    /// Pack finished files of the journal; everything reads them as before
    #[command(after_help = COMPRESS_EXAMPLES)]
    Compress(Compress),
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// RequestChange, Query, Notify, Negotiate or Task
    pub(crate) kind: Option<MessageType>,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// So many times as fast as people read
    #[arg(long, default_value_t = 1.0, value_name = "N", value_parser = speed)]
    pub(crate) speed: f64,
    /// End when the script is over, without waiting for the operator
    #[arg(long)]
    pub(crate) once: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed| (0.01..=10_000.0).contains(speed));
    speed.ok_or_else(|| "expected a number from 0.01 to 10000".into())
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// A tenth of the work, for a first impression
    #[arg(long)]
    pub(crate) quick: bool,
    /// How often everything is measured; the median is shown
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) rounds: usize,
    /// The bare relay's side, started by the benchmark itself
    #[arg(long, hide = true)]
    pub(crate) relay: Option<PathBuf>,
    /// The journal that the relay writes
    #[arg(long, hide = true)]
    pub(crate) relay_log: Option<PathBuf>,
}
