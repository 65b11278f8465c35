//! What both demos share: the folder of their files, their errors, and how they read, discover and build.

use std::io;
use std::path::{Path, PathBuf};

use artifact_source::Error;
use warehouse_discovery::Report;
use warehouse_spec::{Freight, Located, Warehouse};

use crate::arguments;
use crate::exit::Exit;
use crate::input::read_warehouses;
use crate::message::Messages;

/// The one Warehouse of the demo's manifest, read as `discover -f` would read it.
pub(super) async fn read(file: &Path, messages: &Messages) -> Result<Located<Warehouse>, Exit> {
    let manifest = arguments::Manifest {
        filenames: vec![file.to_owned()],
        strict: true,
        ..arguments::Manifest::default()
    };
    read_warehouses(manifest, None, messages).await?.warehouses.into_iter().next().ok_or(Exit::Failure)
}

/// The folder of the manifest.
pub(super) enum Folder {
    Temporary(tempfile::TempDir),
    Kept(PathBuf),
}

impl Folder {
    pub(super) fn new(keep: Option<&Path>) -> std::io::Result<Self> {
        match keep {
            None => tempfile::tempdir().map(Self::Temporary),
            Some(folder) => {
                // An existing folder may hold files of the user.
                std::fs::create_dir(folder).map_err(|error| {
                    std::io::Error::new(error.kind(), format!("{}: {error}", folder.display()))
                })?;
                Ok(Self::Kept(folder.to_owned()))
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Kept(folder) => folder,
        }
    }
}

/// Why the demo failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum DemoError {
    #[error(transparent)]
    Output(#[from] io::Error),
    #[error(transparent)]
    Setup(#[from] Error),
    #[error("a subscription failed: {0}")]
    Discovery(String),
    #[error("there is no Freight: {0}")]
    NoFreight(#[from] freight::NoFreight),
    #[error(transparent)]
    Server(#[from] warehouse_testkit::Error),
    #[error(transparent)]
    Release(#[from] chart_release::Error),
}

impl From<chart_release::git::GitError> for DemoError {
    fn from(error: chart_release::git::GitError) -> Self {
        Self::Release(error.into())
    }
}

/// Removes the files, unless they are kept, and says so.
pub(super) fn stopped(folder: Folder, messages: &Messages) {
    if let Folder::Kept(folder) = &folder {
        messages.note(&format!("The servers are stopped; the files are in {}.", folder.display()));
    } else {
        drop(folder);
        messages.note("The servers are stopped and their files removed.");
    }
}

pub(super) fn complete(report: Report) -> Result<Report, DemoError> {
    let failed =
        report.failures().next().map(|(subscription, error)| format!("{}: {error}", subscription.id));
    failed.map_or(Ok(report), |why| Err(DemoError::Discovery(why)))
}

pub(super) fn built(report: &Report, warehouse: &Warehouse) -> Result<Freight, DemoError> {
    Ok(report.freight(warehouse)?)
}
