//! Where the files of a chart come from.

use crate::Error;

/// One file of a chart's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartFile {
    /// The path relative to the chart's folder, with `/`.
    pub path: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// The folders of charts below one root: a folder on disk, or the tree of a commit.
///
/// Paths are relative to the root, with `/` (`charts/web`); `..` is resolved before.
pub trait ChartFolders: Send + Sync {
    /// The files of the folder at `path`, in any order, before `.helmignore` is applied.
    ///
    /// # Errors
    ///
    /// If there is no such folder, a file cannot be read or is too large, or a link leaves the root.
    fn read(&self, path: &str) -> Result<Vec<ChartFile>, Error>;

    /// The folders below `path` that hold a `Chart.yaml`, one level deep, as paths relative to the root, sorted.
    ///
    /// # Errors
    ///
    /// If there is no such folder, or it cannot be read.
    fn charts(&self, path: &str) -> Result<Vec<String>, Error>;
}
