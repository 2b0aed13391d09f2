//! What `veda-bus search` takes.

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};
use veda_bus_core::search::Order;

use super::{Choice, Source};

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// What must be in a message: words, parts of words, or phrases (one argument each). Letters' case counts where one of
    /// them is upper case
    pub(crate) text: Vec<String>,
    /// Also look for this regular expression; may be repeated
    #[arg(long, short = 'e', value_name = "PATTERN")]
    pub(crate) regex: Vec<String>,
    /// Only messages for which this CEL expression holds
    #[arg(long, value_name = "EXPR")]
    pub(crate) cel: Option<String>,
    #[command(flatten)]
    pub(crate) choice: Choice,
    /// Search all that every event says, the bus's bookkeeping too
    #[arg(long)]
    pub(crate) all: bool,
    /// What comes first: the best match (score), or what happened first (time)
    #[arg(long, value_enum, default_value = "score")]
    pub(crate) sort: SortName,
    /// Show so many at most
    #[arg(long, value_name = "N", default_value_t = veda_bus_core::search::LIMIT,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000))]
    pub(crate) limit: usize,
    /// Also show so many messages of the thread before and after each, and how long it is [default: what it answers]
    #[arg(long, short = 'C', value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(..=10_000))]
    pub(crate) context: Option<usize>,
    #[command(flatten)]
    pub(crate) source: Source,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SortName {
    Score,
    Time,
}

impl From<SortName> for Order {
    fn from(name: SortName) -> Self {
        match name {
            SortName::Score => Self::Score,
            SortName::Time => Self::Time,
        }
    }
}
