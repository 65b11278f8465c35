//! Whether the work tree is what `HEAD` says.

use std::collections::BTreeMap;
use std::fmt;

use gix::bstr::{BStr, ByteSlice};
use gix::status::index_worktree::iter::Summary;
use gix::status::{Item, Submodule, UntrackedFiles};
use serde::Serialize;

use crate::git::error::{GitError, GitErrorKind, broken};
use crate::git::repository::GitRepository;

/// How many paths a [`WorkTreeStatus`] shows.
const SHOWN: usize = 10;

/// What differs between `HEAD` and the work tree.
///
/// `Display` names the first ten paths: `charts/web/values.yaml (modified), charts/web/new.yaml (untracked), and 3 more`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WorkTreeStatus {
    /// All changes, sorted by path.
    pub changes: Vec<PathChange>,
}

/// One path that differs from `HEAD`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PathChange {
    /// The path from the top of the repository, with `/`. Bytes that are not UTF-8 are replaced.
    pub path: String,
    /// How it differs.
    pub kind: ChangeKind,
}

/// How a path differs from `HEAD`. A path that differs in several ways has the last of these that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ChangeKind {
    /// Not in the index and not ignored.
    Untracked,
    /// In the index, and not committed.
    Staged,
    /// Other content, another file mode or another kind of file than in the index; or a submodule with changes of its own.
    Modified,
    /// Missing in the work tree.
    Deleted,
    /// In conflict.
    Conflict,
}

impl ChangeKind {
    /// The kind as one lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Untracked => "untracked",
            Self::Staged => "staged",
            Self::Modified => "modified",
            Self::Deleted => "deleted",
            Self::Conflict => "in conflict",
        }
    }
}

impl WorkTreeStatus {
    /// Whether nothing differs.
    pub fn is_clean(&self) -> bool {
        self.changes.is_empty()
    }
}

impl fmt::Display for WorkTreeStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, change) in self.changes.iter().take(SHOWN).enumerate() {
            let separator = if number == 0 { "" } else { ", " };
            write!(f, "{separator}{} ({})", repository_url::printable(&change.path), change.kind.as_str())?;
        }
        match self.changes.len().checked_sub(SHOWN) {
            Some(more @ 1..) => write!(f, ", and {more} more"),
            _ => Ok(()),
        }
    }
}

impl GitRepository {
    /// What differs between `HEAD` and the work tree, as `git status` finds it: tracked files everywhere, staged or not, with Git's own rules for
    /// line ends (`core.autocrlf`, `.gitattributes`), file modes and submodules; untracked files below `charts_folder` only (`charts`, relative
    /// to the top of the repository), since other files enter no chart. Ignored files do not count. The index is not written.
    ///
    /// # Errors
    ///
    /// [`NoWorkTree`](GitErrorKind::NoWorkTree) in a bare repository, [`Broken`](GitErrorKind::Broken) if the index cannot be read.
    pub fn work_tree_status(&self, charts_folder: &str) -> Result<WorkTreeStatus, GitError> {
        let local = self.local();
        if local.workdir().is_none() {
            let message = format!("the repository {} is bare: it has no work tree", self.root().display());
            return Err(GitError::new(GitErrorKind::NoWorkTree, message)
                .with_hint("run it in a clone with a work tree"));
        }
        let failed = || broken("the work tree cannot be compared with HEAD");
        let items = local
            .status(gix::progress::Discard)
            .map_err(failed())?
            .untracked_files(UntrackedFiles::Files)
            .index_worktree_rewrites(None)
            .tree_index_track_renames(gix::status::tree_index::TrackRenames::Disabled)
            .index_worktree_submodules(Submodule::AsConfigured { check_dirty: true })
            .into_iter(None)
            .map_err(failed())?;
        let charts_folder = charts_folder.trim_matches('/').as_bytes();
        let mut changes: BTreeMap<String, ChangeKind> = BTreeMap::new();
        for item in items {
            let item = item.map_err(failed())?;
            let Some(kind) = kind_of(&item) else { continue };
            if kind == ChangeKind::Untracked && !is_below(item.location(), charts_folder) {
                continue;
            }
            let known = changes.entry(item.location().to_str_lossy().into_owned()).or_insert(kind);
            *known = kind.max(*known);
        }
        let changes = changes.into_iter().map(|(path, kind)| PathChange { path, kind }).collect();
        Ok(WorkTreeStatus { changes })
    }
}

fn kind_of(item: &Item) -> Option<ChangeKind> {
    let Item::IndexWorktree(item) = item else { return Some(ChangeKind::Staged) };
    Some(match item.summary()? {
        Summary::Added | Summary::Renamed | Summary::Copied => ChangeKind::Untracked,
        Summary::IntentToAdd => ChangeKind::Staged,
        Summary::Removed => ChangeKind::Deleted,
        Summary::Modified | Summary::TypeChange => ChangeKind::Modified,
        Summary::Conflict => ChangeKind::Conflict,
    })
}

fn is_below(path: &BStr, folder: &[u8]) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}
