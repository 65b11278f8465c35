//! The arguments of `warehouse record` and `warehouse replay`, and of the commands that take a bundle.

use std::path::PathBuf;

use clap::Args;

use super::{DiscoveryNetwork, Format, Manifest};

/// The manifests of a command that takes no bundle.
#[derive(Clone, Debug, Args)]
pub(crate) struct LiveManifest {
    /// Read Warehouses from this file, from every .yaml, .yml and .json file of this folder, or from
    /// standard input (-). May be given several times.
    #[arg(short, long = "filename", value_name = "FILE|DIR|-", required = true)]
    filenames: Vec<PathBuf>,

    /// Treat unknown fields as errors.
    #[arg(long)]
    strict: bool,
}

impl From<LiveManifest> for Manifest {
    fn from(LiveManifest { filenames, strict }: LiveManifest) -> Self {
        Self { filenames, strict }
    }
}

/// A bundle in the place of the network.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReplayFrom {
    /// Answer from this bundle of `warehouse record`, at its time, and send nothing. Without -f, its own Warehouses are discovered.
    #[arg(long, value_name = "BUNDLE")]
    pub(crate) replay: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Record {
    #[command(flatten)]
    pub(crate) manifest: LiveManifest,

    /// Write the bundle to this file. One that is there is replaced.
    #[arg(long, value_name = "BUNDLE")]
    pub(crate) to: PathBuf,

    #[command(flatten)]
    pub(crate) network: DiscoveryNetwork,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The bundle.
    pub(crate) bundle: PathBuf,

    /// Discover the Warehouses of this file, of every .yaml, .yml and .json file of this folder, or of standard input (-), instead of those of
    /// the bundle. May be given several times.
    #[arg(short, long = "filename", value_name = "FILE|DIR|-")]
    pub(crate) filenames: Vec<PathBuf>,

    /// Treat unknown fields as errors.
    #[arg(long)]
    pub(crate) strict: bool,

    /// How to print the results; json and yaml have Kargo's own form.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub(crate) output: Format,
}
