//! **Commits of a Git repository**, the newest ones that fit a rule, found without cloning it: a
//! [`GitSource`] asks the server which commit a branch points at, and fetches the few commit objects that it does
//! not have yet. It fetches no files, no history beyond those commits, and trees only for a path filter.
//!
//! ```
//! use artifact_source::{ArtifactSource, DiscoverRequest, Discovery};
//! use git_source::{CommitRule, GitSource};
//!
//! # async fn example(repo_url: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let rule = CommitRule::builder().branch("main").build()?;
//! let source = GitSource::builder(repo_url).rule(rule).limit(5).build()?;
//!
//! let Discovery::Found(found) = source.discover(DiscoverRequest::new()).await? else {
//!     unreachable!("there was no previous observation to be unchanged from");
//! };
//! for commit in &found.artifacts {
//!     println!("{} {} {}", commit.id, commit.author, commit.subject);
//! }
//!
//! // The next poll hands the observation back, and learns in two small requests that nothing moved.
//! let again = source.discover(DiscoverRequest::new().with_previous(found.observation.as_ref())).await?;
//! assert!(matches!(again, Discovery::Unchanged { .. }));
//! # Ok(())
//! # }
//! # let error = tokio::runtime::Runtime::new().unwrap().block_on(example("file:///nowhere")).unwrap_err();
//! # assert_eq!(error.to_string(), "there is no such directory (file:///nowhere)");
//! ```
//!
//! # Semantics
//!
//! The rules are those of [`semantics.md`](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md), section 4.
//!
//! - **Commits of a branch** ([rule 4.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)): the first-parent history of a branch, or of the remote's
//!   HEAD, newest first, up to the limit. A result has the id, subject, author,
//!   committer and date of [rule 4.5](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md).
//! - **Tags** ([rule 4.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)): those that pass the name filters, ordered by semantic version,
//!   by bytes, or by date (the tagger's, or else the committer's; tags of the same second by name). A tag that
//!   points at something other than a commit is skipped, and the reason is traced. [`CommitRule::judge_tags`] judges names without a server.
//! - **Filters**: `since` ends the walk along a branch at the first older commit ([rule 4.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). An expression
//!   judges a commit or tag ([rule 4.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)), and then its changed paths do ([rules 4.3 and 4.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Only a path
//!   filter needs trees, and no filter needs a file. A commit whose parent the server does not have is
//!   not found by its paths, since its changes are unknown ([rule 4.7](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
//! - **No such branch** is [`NotFound`](artifact_source::ErrorKind::NotFound), and the hint names the
//!   remote's HEAD and branches with similar names. **A repository without any commit** has an empty
//!   result where no branch is named.
//! - **`Unchanged`** is proved by the id of the commit that the branch points at, which is the id of all
//!   its history; or by the digest of all tags and what they point at. It is not returned where the server is a shallow clone itself and
//!   cuts the history short.
//! - **Cache**: a folder per repository and user with the commits that were fetched. Any number of processes use it at once, and none waits for
//!   a server that another one waits for. A process that is killed at any moment leaves a folder that can be used, and a damaged folder is rebuilt. It lasts with
//!   [`cache_dir`](GitSourceBuilder::cache_dir), and has a [bound](GitSourceBuilder::max_cache_bytes).
//! - **Many subscriptions to one repository**: sources that share a [`RepositoryCache`] and ask at the same moment are answered in one
//!   exchange with the server.
//!
//! # Servers
//!
//! | URL | how | requests | bytes |
//! |---|---|---|---|
//! | `https://`, `http://` | the shared [`artifact_http`] client | each HTTP request, with retries and redirects | bodies as they travelled |
//! | `ssh://`, `user@host:path` | the program `ssh` | the connection, and each command sent over it | what the server sent inside the connection |
//! | `git://` | a plain socket | the same | the same |
//! | `file://` | the installed `git upload-pack` | the same | the same |
//!
//! Objects may be named by SHA-1 or by SHA-256.
//!
//! The client requests protocol version 2. A server that supports only version 0 or 1 sends all its references
//! first. A server without partial clones sends files, too, within
//! [`max_bytes`](GitSourceBuilder::max_bytes). A server without shallow clones, or one that
//! refuses them, sends the whole history.
//!
//! A discovery runs on tokio's blocking threads and needs a runtime with time and I/O enabled.
//! Dropping its future ends the work: it kills the process and closes the connection.
//!
//! # Rooms
//!
//! Data flows one way, and each room uses only those to its right:
//!
//! ```text
//! source, sharing  ->  selection  ->  repository  ->  transport
//! async side           walk, tags,    references,     http, ssh, git://, file://,
//!                      filters        fetch, cache    limits and interrupt
//! ```
//!
//! A discovery resolves the credential (`source`), joins others of the same repository (`sharing`), lists references and walks or ranks them (`selection`), over a connection and
//! a store of objects (`repository`), whose bytes and waits are counted and can be interrupted (`transport`). What is remembered for the
//! next discovery is in `observation`, which uses none of them.

#[cfg(test)]
mod delta_bomb;
mod observation;
#[cfg(test)]
mod replay;
mod repository;
mod selection;
mod sharing;
mod source;
mod transport;

pub use artifact_source::Commit;
pub use commit_rule::{
    CommitRule, CommitRuleBuilder, CommitSelectionStrategy, CommitVariables, ExpressionError,
    InvalidCommitRule, JudgedTag, NamesDoNotDecide, TagVariables, Time,
};
pub use observation::ObservedRefs;
pub use sharing::RepositoryCache;
pub use source::{GitSource, GitSourceBuilder};

/// The example of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
