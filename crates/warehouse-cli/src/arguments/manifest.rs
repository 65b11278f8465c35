//! The arguments of the commands that read manifests and send nothing.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::LintReport;

/// The files with manifests.
#[derive(Clone, Debug, Args)]
pub(crate) struct Files {
    /// Read this file, every .yaml, .yml and .json file of this folder, or standard input (-). May be given several times.
    #[arg(short, long = "filename", value_name = "FILE|DIR|-", required = true)]
    pub(crate) filenames: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct LintManifests {
    #[command(flatten)]
    pub(crate) files: Files,

    #[command(flatten)]
    pub(crate) report: LintReport,

    /// When to use colours.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}
