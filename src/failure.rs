//! What went wrong: one clear line on stderr, and an exit code that scripts can rely on.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | failed |
//! | 2 | the command line or the configuration is not right |
//! | 3 | no bus answers |
//! | 4 | the bus refused |
//! | 5 | no answer in time |
//!
//! `veda-bus hook` has the codes of the hosts that run it: 1 for every failure, and with `--wake` 2 for "wake the agent".

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use veda_bus_core::client::ClientError;
use veda_bus_core::config::ConfigError;
use veda_bus_core::refusal::{Code, Refusal};
use veda_bus_core::server::ServerError;
use veda_bus_core::text;

/// The exit code of a wrong command line.
pub(crate) const USAGE: u8 = 2;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line asks for something that can not be.
    #[error("{0}")]
    Usage(String),
    /// The configuration is not right.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No bus answers.
    #[error("{error}; start one with: veda-bus serve")]
    NoBus {
        /// What went wrong.
        error: ClientError,
    },
    /// The bus said no.
    #[error("{}", refused(refusal))]
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// Of several messages, some were refused.
    #[error("{refused} of {sent} messages were refused")]
    SomeRefused {
        /// How many.
        refused: usize,
        /// Of how many.
        sent: usize,
    },
    /// Nothing came in time.
    #[error("{0}")]
    TimedOut(String),
    /// The bus can not be served.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A file can not be used.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
    /// Whoever read our output does not any more.
    #[error("the output was closed")]
    OutputClosed,
    /// Anything else, said in full.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    /// Prints the failure, and gives its exit code.
    pub(crate) fn report(&self) -> ExitCode {
        self.report_as(self.code())
    }

    /// Prints the failure, and gives the exit code `code`.
    pub(crate) fn report_as(&self, code: u8) -> ExitCode {
        if matches!(self, Self::OutputClosed) {
            return ExitCode::SUCCESS;
        }
        eprintln!("veda-bus: {}", text::line(&self.to_string()));
        ExitCode::from(code)
    }

    fn code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Config(_) => USAGE,
            Self::NoBus { .. } => 3,
            Self::Refused { .. } | Self::SomeRefused { .. } => 4,
            Self::TimedOut(_) => 5,
            Self::Server(_) | Self::File { .. } | Self::OutputClosed | Self::Failed(_) => 1,
        }
    }
}

/// A refusal in the words of the command line: where the bus advises a member of a frame, the flag that sets it.
pub(crate) fn refused(refusal: &Refusal) -> String {
    let mut refusal = refusal.clone();
    if refusal.code == Code::UnknownRepo {
        refusal.hint = refusal.hint.map(|hint| hint.replace("allow_unknown", "--allow-unknown"));
    }
    format!("refused ({}): {refusal}", refusal.code)
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { refusal }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused(refusal) => refusal.into(),
            ClientError::TimedOut(_) => Self::TimedOut(error.to_string()),
            error @ (ClientError::NoBus { .. } | ClientError::Gone) => Self::NoBus { error },
            error => Self::Failed(error.to_string()),
        }
    }
}

impl From<io::Error> for Failure {
    /// An error of the output: the only I/O whose failures are not told with a path.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Failed(format!("the output can not be written: {error}")),
        }
    }
}
