//! What `veda-bus log prune` and `log compress` take.

use clap::Args;

pub(crate) const PRUNE_EXAMPLES: &str =
    "A file goes when all of it was before the time and no restart of a bus reads it \
any more. What
is left can be verified by itself: veda-bus log verify

Examples:
  veda-bus log prune --before 30d --dry-run   what would go
  veda-bus log prune --before 2026-11-01      show it, ask, and remove it
  veda-bus log prune --before 30d --yes       without being asked, for a timer";

pub(crate) const COMPRESS_EXAMPLES: &str =
    "Each file is packed with zstd, read back and compared before it is replaced; \
the active one stays
as it is. A bus may be running.

Examples:
  veda-bus log compress
  veda-bus log compress --before 7d";

#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Only what lies wholly before then: 90s, 15m, 2h, 3d, 14:32, 2026-11-22, or '2026-11-22 14:32'
    #[arg(long, value_name = "TIME")]
    pub(crate) before: String,
    /// Show what would go, and remove nothing
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Remove it without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Remove the torn ends as well that recoveries have cut off before then
    #[arg(long)]
    pub(crate) torn: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Compress {
    /// Only what lies wholly before then: 90s, 15m, 2h, 3d, 14:32, 2026-11-22, or '2026-11-22 14:32'
    #[arg(long, value_name = "TIME")]
    pub(crate) before: Option<String>,
}
