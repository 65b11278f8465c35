//! The arguments of the commands that read manifests and send nothing.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use warehouse_spec::Edition;

use super::LintReport;

/// The files with manifests.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct Files {
    /// Read this file, every .yaml, .yml and .json file of this folder, the files that this pattern matches, such as 'apps/**/warehouse.yaml', or
    /// standard input (-). May be given several times.
    #[arg(short, long = "filename", value_name = "FILE|DIR|GLOB|-", required = true)]
    pub(crate) filenames: Vec<PathBuf>,

    /// Read the folders within a folder, too. Hidden ones and symbolic links to folders are left out.
    #[arg(short = 'R', long)]
    pub(crate) recursive: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LintManifests {
    #[command(flatten)]
    pub(crate) files: Files,

    #[command(flatten)]
    pub(crate) report: LintReport,
}

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    pub(crate) files: Files,

    /// Print the changes as a unified diff.
    #[arg(long, conflicts_with = "in_place", help_heading = "Output")]
    pub(crate) diff: bool,

    /// Write the files, each at once, and print what changed.
    #[arg(long, help_heading = "Output")]
    pub(crate) in_place: bool,

    /// The release of Kargo to migrate to, such as v1.9 [default: the newest]
    #[arg(
        long,
        value_name = "EDITION",
        default_value_t = Edition::NEWEST,
        hide_default_value = true,
        help_heading = "Output"
    )]
    pub(crate) to: Edition,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// The release of Kargo whose fields to describe, from v0.2 [default: the newest]
    #[arg(long, value_name = "EDITION", default_value_t = Edition::NEWEST, hide_default_value = true)]
    pub(crate) edition: Edition,

    /// Describe documents of this kind alone. Defaults to both, and to documents of other kinds as they are.
    #[arg(long, value_name = "KIND", ignore_case = true)]
    pub(crate) kind: Option<Kind>,
}

/// A kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    #[value(name = "Warehouse")]
    Warehouse,
    #[value(name = "Freight")]
    Freight,
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
