//! Whether a commit is on the remote's default branch.

use std::fmt;

use crate::git::commit_id::CommitId;
use crate::git::error::{GitError, GitErrorKind, argument, one_line};
use crate::git::history::Ancestry;
use crate::git::program::failed;
use crate::git::remote::RemoteListing;
use crate::git::repository::GitRepository;

/// Whether a commit is on the default branch of a remote, as the remote is now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BranchStanding {
    /// It is the newest commit of the branch, or an ancestor of that.
    On {
        /// The name of the default branch.
        branch: String,
    },
    /// It is not.
    Off {
        /// The name of the default branch.
        branch: String,
        /// The newest commit of the default branch.
        tip: CommitId,
        /// Whether the commit only has to be pushed: it comes after the newest commit of the branch.
        is_ahead: bool,
    },
    /// This clone cannot tell: it has not fetched the newest commit of the branch, or it is shallow.
    /// [`fetch_branch`](GitRepository::fetch_branch) gets what is missing.
    Undecided {
        /// The name of the default branch.
        branch: String,
        /// The newest commit of the default branch.
        tip: CommitId,
        /// What is missing, and how to get it.
        missing: MissingHistory,
    },
}

/// What a clone lacks to tell whether a commit is on a branch. `Display` says it, [`remedy`](Self::remedy) what to run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingHistory {
    /// Whether the clone is shallow.
    pub is_shallow: bool,
    remote: String,
    branch: String,
}

impl MissingHistory {
    /// The command that fetches what is missing, quoted for a shell.
    pub fn command(&self) -> String {
        let refspec = argument(&format!("+refs/heads/{0}:refs/remotes/{1}/{0}", self.branch, self.remote));
        let remote = argument(&self.remote);
        let unshallow = if self.is_shallow { "--unshallow " } else { "" };
        format!("git fetch {unshallow}{remote} {refspec}")
    }

    /// What to do about it: the [command](Self::command), and the setting of the workflow that made the clone.
    pub fn remedy(&self) -> String {
        let checkout = if self.is_shallow { " (with actions/checkout: `fetch-depth: 0`)" } else { "" };
        format!("run: {}{checkout}", self.command())
    }
}

impl fmt::Display for MissingHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { is_shallow, remote, branch } = self;
        match is_shallow {
            true => write!(
                f,
                "the clone is shallow, and the history between HEAD and {remote}/{branch} is not in it"
            ),
            false => write!(f, "the newest commits of {remote}/{branch} are not in this clone"),
        }
    }
}

impl GitRepository {
    /// Whether the commit is on the default branch of the remote, from the remote's listing and the history in this clone. Sends nothing.
    ///
    /// The newest commit itself is on its branch, regardless of what this clone knows: the usual case of a workflow with a shallow checkout.
    ///
    /// # Errors
    ///
    /// [`NoDefaultBranch`](GitErrorKind::NoDefaultBranch) if the default branch is not known or not at the remote;
    /// [`Incomplete`](GitErrorKind::Incomplete) or [`Broken`](GitErrorKind::Broken) if the history cannot be read.
    pub fn branch_standing(
        &self,
        commit: CommitId,
        listing: &RemoteListing,
    ) -> Result<BranchStanding, GitError> {
        let branch = self.default_branch(listing)?;
        let Some(tip) = listing.branches.get(&branch).copied() else {
            let message = format!("the remote {:?} has no branch {:?}", listing.remote, one_line(&branch));
            return Err(GitError::new(GitErrorKind::NoDefaultBranch, message).with_hint(format!(
                "push it: git push {} {}",
                argument(&listing.remote),
                argument(&branch)
            )));
        };
        if tip == commit {
            return Ok(BranchStanding::On { branch });
        }
        let ancestry = match self.has_commit(tip) {
            true => self.is_ancestor(commit, tip)?,
            false => Ancestry::Unknown,
        };
        Ok(match ancestry {
            Ancestry::Yes => BranchStanding::On { branch },
            Ancestry::No => {
                let is_ahead = self.is_ancestor(tip, commit)? == Ancestry::Yes;
                BranchStanding::Off { branch, tip, is_ahead }
            }
            Ancestry::Unknown => {
                let (is_shallow, remote) = (self.is_shallow()?, listing.remote.clone());
                let missing = MissingHistory { is_shallow, remote, branch: branch.clone() };
                BranchStanding::Undecided { branch, tip, missing }
            }
        })
    }

    /// Fetches a branch of a remote into `refs/remotes/REMOTE/BRANCH`, by `git fetch`: with its whole history if the clone is shallow. Tags
    /// are not fetched.
    ///
    /// # Errors
    ///
    /// As [`list_remote`](Self::list_remote).
    pub async fn fetch_branch(&self, remote: &str, branch: &str) -> Result<(), GitError> {
        let what = format!("the branch {:?} cannot be fetched from {:?}", one_line(branch), one_line(remote));
        let refspec = format!("+refs/heads/{branch}:refs/remotes/{remote}/{branch}");
        let mut arguments = vec!["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-auto-gc"];
        if self.is_shallow()? {
            arguments.push("--unshallow");
        }
        arguments.extend(["--", remote, &refspec]);
        let output = self.run(&what, &arguments).await?;
        if output.status.success() { Ok(()) } else { Err(failed(&what, &output)) }
    }
}
