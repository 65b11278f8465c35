//! Where the stores of a source are.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use artifact_source::{Error, ErrorKind};
use gix::hash::Kind;
use tempfile::TempDir;

use crate::negotiate::Contents;
use crate::store::Store;
use crate::watch::Watch;

/// The layout of the cache: another version does not touch the folders of this one.
const LAYOUT: &str = "git-1";

/// Where the stores of a source are.
#[derive(Debug)]
pub(crate) enum Cache {
    /// A folder that the caller named. Sources share it, in this process and in others.
    Folder(PathBuf),
    /// A folder that lives and dies with the source; made when first needed.
    Temporary(Mutex<Option<TempDir>>),
}

impl Cache {
    /// A cache in this folder, or else in a temporary one.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        folder.map_or_else(|| Self::Temporary(Mutex::default()), Self::Folder)
    }

    /// Opens the store of this kind, waiting until nobody else uses it.
    /// `owner` names the repository and as whom it is visited, without any secret.
    pub(crate) fn store(&self, owner: &str, contents: Contents, watch: &Watch) -> Result<Store, Error> {
        let folder = match self {
            Self::Folder(folder) => folder.clone(),
            Self::Temporary(made) => {
                let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
                match &*made {
                    Some(folder) => folder.path().to_owned(),
                    None => {
                        let folder = TempDir::with_prefix("git-source-").map_err(|error| {
                            Error::new(ErrorKind::Cache, "no temporary folder could be made")
                                .with_cause(error)
                        })?;
                        made.insert(folder).path().to_owned()
                    }
                }
            }
        };
        Store::open(&folder.join(LAYOUT).join(key(owner)).join(contents.folder()), watch)
    }
}

fn key(text: &str) -> String {
    let mut hasher = gix::hash::hasher(Kind::Sha1);
    hasher.update(text.as_bytes());
    // The hasher fails on the known collisions alone, and no folder needs to be safe from those.
    hasher.try_finalize().map_or_else(|_| "collision".to_owned(), |id| id.to_string())
}
