//! The Git repository that charts are released from: `HEAD`, the work tree, files at a commit, tags, and the remote.
//!
//! ```no_run
//! use chart_release::git::{BranchStanding, GitRepository, TagKind, TagName, TagStanding};
//!
//! # async fn release() -> Result<(), chart_release::git::GitError> {
//! let repository = GitRepository::discover(".")?;
//! let status = repository.work_tree_status("charts")?;
//! if !status.is_clean() {
//!     println!("not committed: {status}");
//! }
//! let head = repository.head_commit()?;
//! let remote = repository.remote_name(None)?;
//! let listing = repository.list_remote(&remote).await?;
//! if let BranchStanding::Off { branch, .. } = repository.branch_standing(head, &listing)? {
//!     println!("HEAD is not on {branch}");
//! }
//! let tag = TagName::of_chart("web", "1.4.0")?;
//! if repository.tag_standing(&tag, head, Some(&listing))? == TagStanding::Absent {
//!     repository.create_tag(&tag, head, &TagKind::Light)?;
//! }
//! repository.push_tags(&remote, &[tag]).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # gitoxide, and the `git` program
//!
//! What is on disk is read and written by [gitoxide](https://docs.rs/gix). What is said to a remote goes through the installed `git`:
//!
//! - gitoxide has no push;
//! - what is listed must be what is pushed to, with the same credentials: credential helpers, `GIT_ASKPASS`, the header that
//!   `actions/checkout` leaves in the configuration, SSH keys and agents, proxies, `url.*.insteadOf`. Git knows all of them.
//!
//! `git` gets its arguments as data and without a shell, and has a time limit. It does not prompt: without a credential that Git finds by itself, the call
//! fails. The program and its children are killed when the future is dropped. `ssh` gets `BatchMode=yes`, unless `GIT_SSH_COMMAND`, `GIT_SSH` or
//! `core.sshCommand` name another program. A remote with a `pushurl` is listed at its `url`, as `git ls-remote` does.
//!
//! The modules use each other in one direction: `push`, `branch` -> `remote` -> `program`, `tag`, `work_tree`, `history`, `commit` -> `repository` ->
//! `error` -> `commit_id`.

mod branch;
mod commit;
mod commit_id;
mod error;
mod history;
mod program;
mod push;
mod remote;
mod repository;
mod tag;
mod work_tree;

pub use branch::{BranchStanding, MissingHistory};
pub use commit::AtCommit;
pub use commit_id::{CommitId, InvalidCommitId};
pub use error::{GitError, GitErrorKind, RefusedTag};
pub use push::PushReport;
pub use remote::RemoteListing;
pub use repository::{GitRepository, Head};
pub use tag::{TagCreation, TagKind, TagName, TagStanding, Tagger};
pub use work_tree::{ChangeKind, PathChange, WorkTreeStatus};

pub(crate) use commit::{TreeFile, join};
pub(crate) use error::one_line;
pub(crate) use history::{Ancestry, MergeBase};
