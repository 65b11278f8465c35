//! Where the files of a chart come from.

use crate::Error;
use crate::file::ChartFile;
use crate::ignore::without_ignored;

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

    /// The files of the chart's folder at `path`, without what its `.helmignore` names.
    ///
    /// The default reads all files and drops some. An implementation that looks at `.helmignore` first need not read what is ignored, which
    /// then may be of any size and kind.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and if the `.helmignore` is not valid.
    fn read_kept(&self, path: &str) -> Result<Vec<ChartFile>, Error> {
        without_ignored(self.read(path)?).map_err(|error| error.below(path))
    }

    /// The folders below `path` that hold a `Chart.yaml`, one level deep, as paths relative to the root, sorted.
    ///
    /// # Errors
    ///
    /// If there is no such folder, or it cannot be read.
    fn charts(&self, path: &str) -> Result<Vec<String>, Error>;
}
