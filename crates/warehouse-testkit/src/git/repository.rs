//! One bare repository of a server.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::command::Git;
use super::history::{Commit, History};
use crate::error::Error;

/// A bare repository that a [`GitServer`](super::GitServer) serves.
///
/// Ids are deterministic: commits are dated 60 seconds apart from 2024-01-01 on unless they say otherwise, and authors
/// are fixed. Clones stand for the same repository.
#[derive(Clone, Debug)]
pub struct GitRepository {
    pub(super) git: Git,
    pub(super) path: PathBuf,
    url: String,
    clock: Arc<AtomicI64>,
}

/// 2024-01-01T00:00:00Z.
const EPOCH: i64 = 1_704_067_200;

impl GitRepository {
    pub(super) fn create(git: &Git, path: PathBuf, url: String, filter: bool) -> Result<Self, Error> {
        std::fs::create_dir_all(&path).map_err(Error::file(&path))?;
        git.run(&path, ["init", "--quiet", "--bare", "--initial-branch=main", "."], &[])?;
        let repository = Self { git: git.clone(), path, url, clock: Arc::new(AtomicI64::new(EPOCH)) };
        let settings = [
            ("uploadpack.allowFilter", if filter { "true" } else { "false" }),
            ("uploadpack.allowAnySHA1InWant", "true"),
            ("http.receivepack", "true"),
            ("gc.auto", "0"),
            ("receive.denyDeleteCurrent", "ignore"),
        ];
        for (name, value) in settings {
            repository.git(["config", name, value])?;
        }
        Ok(repository)
    }

    /// Its URL on the server: `http://127.0.0.1:PORT/<name>`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its URL without a server: `file:///...`.
    #[must_use]
    pub fn file_url(&self) -> String {
        format!("file://{}", self.path.display())
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Describes a piece of history; [`History::write`] puts all of it into the repository at once.
    ///
    /// # Errors
    ///
    /// Those of [`git`](Self::git).
    pub fn history(&self) -> Result<History<'_>, Error> {
        History::new(self)
    }

    /// Adds one commit to a branch and returns its id. Several at once are faster with [`history`](Self::history).
    ///
    /// # Errors
    ///
    /// Those of [`git`](Self::git).
    pub fn commit(&self, branch: &str, commit: Commit) -> Result<String, Error> {
        let mut history = self.history()?;
        let mark = history.commit(branch, commit);
        Ok(history.write()?.id(mark).to_owned())
    }

    /// Lets a reference (`refs/heads/main`) stand for any object, whatever it stood for before: a force-push.
    ///
    /// # Errors
    ///
    /// Those of [`git`](Self::git), e.g. if there is no such object.
    pub fn set_reference(&self, name: &str, id: &str) -> Result<(), Error> {
        self.git(["update-ref", name, id]).map(drop)
    }

    /// Removes a reference.
    ///
    /// # Errors
    ///
    /// Those of [`git`](Self::git).
    pub fn delete_reference(&self, name: &str) -> Result<(), Error> {
        self.git(["update-ref", "-d", name]).map(drop)
    }

    /// Lets `HEAD` stand for a branch, which need not exist.
    ///
    /// # Errors
    ///
    /// Those of [`git`](Self::git).
    pub fn set_head(&self, branch: &str) -> Result<(), Error> {
        self.git(["symbolic-ref", "HEAD", &format!("refs/heads/{branch}")]).map(drop)
    }

    /// The id that a revision (`main`, `v1.0^{}`, `HEAD~3`) names.
    ///
    /// # Errors
    ///
    /// [`Error::ProgramFailed`] if it names nothing.
    pub fn resolve(&self, revision: &str) -> Result<String, Error> {
        self.git(["rev-parse", "--verify", "--end-of-options", revision])
    }

    /// Runs any Git command in the repository and returns its standard output, without the last line end. This is the
    /// oracle of many tests: `git(["log", "--first-parent", "--format=%H"])`.
    ///
    /// # Errors
    ///
    /// [`Error::ProgramFailed`] with what Git wrote to standard error.
    pub fn git<S: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<String, Error> {
        self.git.run(&self.path, arguments, &[])
    }

    /// Like [`git`](Self::git), with this on standard input: `git_with_input(["fast-import"], stream)`.
    ///
    /// # Errors
    ///
    /// Those of [`git`](Self::git).
    pub fn git_with_input<S: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        input: &[u8],
    ) -> Result<String, Error> {
        self.git.run(&self.path, arguments, input)
    }

    /// The moment of the next commit that does not name one.
    pub(super) fn tick(&self) -> i64 {
        self.clock.fetch_add(60, Ordering::SeqCst)
    }
}
