//! The arguments of `warehouse record` and `warehouse replay`, and of the commands that take a bundle.

use std::path::PathBuf;

use clap::Args;

use super::{DiscoveryNetwork, Files, Format, Manifest};

/// The manifests of a command that takes no bundle.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct LiveManifest {
    #[command(flatten)]
    files: Files,

    /// Treat unknown fields as errors.
    #[arg(long)]
    strict: bool,

    /// Leave out files and Warehouses with errors, and go on with the others. The exit code is 1 then, and 2 if none is left.
    #[arg(long)]
    keep_going: bool,
}

impl From<LiveManifest> for Manifest {
    fn from(LiveManifest { files, strict, keep_going }: LiveManifest) -> Self {
        let Files { filenames, recursive } = files;
        Self { filenames, recursive, strict, keep_going }
    }
}

/// A bundle in the place of the network.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReplayFrom {
    /// Answer from this bundle of `warehouse record`, a file or standard input (-), at its time, and send nothing. Without -f, its own Warehouses are
    /// discovered.
    #[arg(long, value_name = "BUNDLE|-", help_heading = "Input")]
    pub(crate) replay: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Record {
    #[command(flatten)]
    pub(crate) manifest: LiveManifest,

    /// Write the bundle to this file, or to standard output (-). An earlier bundle is replaced, and no other file.
    #[arg(long, value_name = "BUNDLE|-", help_heading = "Output")]
    pub(crate) to: PathBuf,

    #[command(flatten)]
    pub(crate) network: DiscoveryNetwork,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The bundle: a file, or standard input (-).
    #[arg(value_name = "BUNDLE|-")]
    pub(crate) bundle: PathBuf,

    /// Discover the Warehouses of this file, of every .yaml, .yml and .json file of this folder, of the files that this pattern matches, or of standard
    /// input (-), instead of those of the bundle. May be given several times.
    #[arg(short, long = "filename", value_name = "FILE|DIR|GLOB|-", help_heading = "Input")]
    pub(crate) filenames: Vec<PathBuf>,

    /// Read the folders within a folder, too. Hidden ones and symbolic links to folders are left out.
    #[arg(short = 'R', long, help_heading = "Input")]
    pub(crate) recursive: bool,

    /// Treat unknown fields as errors.
    #[arg(long, help_heading = "Input")]
    pub(crate) strict: bool,

    /// Leave out files and Warehouses with errors, and go on with the others. The exit code is 1 then, and 2 if none is left.
    #[arg(long, help_heading = "Input")]
    pub(crate) keep_going: bool,

    /// How to print the results; json and yaml have Kargo's own form.
    #[arg(short, long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    pub(crate) output: Format,
}
