//! The arguments of `warehouse watch`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{DiscoveryNetwork, LiveManifest, duration};

#[derive(Debug, Args)]
#[command(mut_arg("timeout", |timeout| timeout.help("The time limit of each round, such as 30s or 5m")))]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) manifest: LiveManifest,

    /// How to print what happens.
    #[arg(short, long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub(crate) output: WatchFormat,

    #[command(flatten)]
    pub(crate) network: DiscoveryNetwork,

    #[command(flatten)]
    pub(crate) rounds: Rounds,

    #[command(flatten)]
    pub(crate) exec: Exec,
}

/// When rounds are, and what they leave.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rounds")]
pub(crate) struct Rounds {
    /// The time between two rounds, such as 30s or 5m. Defaults to spec.interval of each Warehouse, or 5m. Up to a tenth of
    /// it is added or taken away at random.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) interval: Option<Duration>,

    /// Discover once, and exit: with code 1 if a subscription or the command of --exec has failed.
    #[arg(long)]
    pub(crate) once: bool,

    /// Keep in this folder what was found and which Freight is handled, one file for each Warehouse. Without it, each start starts over.
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,

    /// Build Freight with the earlier result of a subscription that fails, if that is at most this old. Defaults to never, as Kargo.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) stale_for: Option<Duration>,

    /// Judge tags of Git by the paths that changed since the last Freight, instead of by those that the tagged commit changes, as Kargo. It
    /// concerns includePaths and excludePaths with the strategies SemVer, Lexical and NewestTag.
    #[arg(long)]
    pub(crate) paths_since_last_freight: bool,
}

/// The command for new Freight.
#[derive(Debug, Args)]
#[command(next_help_heading = "New Freight")]
pub(crate) struct Exec {
    /// Run this command for each new Freight, without a shell: all arguments after it are its own, up to one that is `;`. It gets the Freight as
    /// JSON on standard input, and the variables WAREHOUSE_NAME, WAREHOUSE_NAMESPACE, WAREHOUSE_FREIGHT and WAREHOUSE_ATTEMPT. It runs
    /// at least once for each Freight, and again in the next round if it fails.
    #[arg(long, value_name = "CMD", num_args = 1.., allow_hyphen_values = true, value_terminator = ";")]
    pub(crate) exec: Vec<OsString>,

    /// Kill the command after this time. It has failed then.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub(crate) exec_timeout: Duration,
}

/// How events are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WatchFormat {
    /// A line for each event: its time, the Warehouse, what happened, what it cost.
    Text,
    /// A JSON object for each event, one a line.
    Json,
}
