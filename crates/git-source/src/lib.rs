//! **Commits of a Git repository**, the newest ones that fit a rule, found without cloning it: a
//! [`GitSource`] asks the server where a branch stands, and fetches the few commit objects that it does
//! not have yet - no trees, no files, no history beyond.
//!
//! ```
//! use artifact_source::{ArtifactSource, DiscoverRequest, Discovery};
//! use git_source::GitSource;
//!
//! # async fn example(repo_url: &str) -> Result<(), artifact_source::Error> {
//! let source = GitSource::builder(repo_url).branch("main".to_owned()).limit(5).build()?;
//!
//! let Discovery::Found(found) = source.discover(DiscoverRequest::new()).await? else {
//!     unreachable!("there was no previous observation to be unchanged from");
//! };
//! for commit in &found.artifacts {
//!     println!("{} {} {}", commit.id, commit.author, commit.subject);
//! }
//!
//! // The next poll says what it knows, and learns in two small requests that nothing moved.
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
//! - **Which commits** (semantics rule 4.1): the first-parent history of a branch, or of the remote's
//!   HEAD, newest first, as many as the limit says. A result has the rule's id, subject, author,
//!   committer and date (rule 4.5).
//! - **Which tags** (semantics rule 4.2): those that pass the name filters, ordered by semantic version,
//!   by bytes, or by date (the tagger's, or else the committer's; tags of one moment by name). A tag on
//!   something that is no commit is passed over, with the reason traced.
//! - **Filters**: `since` ends the walk along a branch at the first older commit (rule 4.1); an expression
//!   judges a commit or tag (rule 4.6), and then its changed paths do (rules 4.3 and 4.4). Only a path
//!   filter needs trees, and no filter needs a file. A commit whose parent the server does not have is
//!   not found by its paths, since nobody knows what it changes (rule 4.7).
//! - **No such branch** is [`NotFound`](artifact_source::ErrorKind::NotFound), and the hint names the
//!   remote's HEAD and branches with similar names. **A repository without any commit** has an empty
//!   result where no branch is named, since nothing is wrong with it.
//! - **`Unchanged`** is proved by the id of the commit that the branch points at, which is the id of all
//!   its history; or by what all tags point at. It is not claimed where the server is a shallow clone itself and cut the history
//!   short.
//! - **What is kept**: a folder per repository and user with the commits fetched so far. It is locked
//!   while in use, survives a process that is killed at any moment, and is rebuilt when it is broken.
//!   [`cache_directory`](GitSourceBuilder::cache_directory) makes it last.
//!
//! # Servers
//!
//! | URL | how | requests | bytes |
//! |---|---|---|---|
//! | `https://`, `http://` | the shared [`artifact_http`] client | each HTTP request, retries and redirects too | bodies as they travelled |
//! | `ssh://`, `user@host:path` | the program `ssh` | the connection, and each command sent over it | what the server sent inside the connection |
//! | `git://` | a plain socket | the same | the same |
//! | `file://` | the installed `git upload-pack` | the same | the same |
//!
//! Protocol version 2 is asked for. A server that only speaks version 0 or 1 sends all its references
//! first; one without partial clones sends files, too, within
//! [`max_bytes`](GitSourceBuilder::max_bytes); one without shallow clones, or that
//! refuses them, sends the whole history.
//!
//! A discovery runs on tokio's blocking threads and needs a runtime with time and I/O enabled.
//! Dropping its future ends the work: a process is killed, a connection closed.

mod address;
mod advertisement;
mod allowed;
mod branch;
mod builder;
mod cache;
mod changes;
mod commit;
mod fault;
mod filter;
mod history;
mod name;
mod negotiate;
mod observed;
mod outcome;
mod plan;
mod remote;
mod rule;
mod run;
mod sieve;
mod site;
mod source;
mod store;
mod tag;
mod tags;
mod tip;
mod transport;
mod watch;

pub use artifact_source::Commit;
pub use builder::GitSourceBuilder;
pub use observed::ObservedRefs;
pub use rule::Strategy;
pub use source::GitSource;
