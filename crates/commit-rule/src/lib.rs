//! Which commits and tags of a Git repository a Kargo `Warehouse` selects, and why not the others.
//!
//! A [`CommitRule`] is the rule of one Git subscription, checked and compiled: the strategy, the rule about tags, the expression, the paths and
//! the date ([section 4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). It judges
//! without a server, and has no I/O, no async and no clock.
//!
//! ```
//! use commit_rule::{CommitRule, CommitSelectionStrategy};
//!
//! let rule = CommitRule::builder().strategy(CommitSelectionStrategy::SemVer).semver_constraint("^1.0").build()?;
//! let judged: Vec<_> = rule.judge_tags(["v2.0.0", "v1.2.0", "latest", "v1.10.0"])?.iter().map(ToString::to_string).collect();
//! assert_eq!(judged, [
//!     "v1.10.0: accepted",
//!     "v1.2.0: accepted",
//!     "v2.0.0: outside the constraint \"^1.0\"",
//!     "latest: not a semantic version in the strict sense (major.minor.patch)",
//! ]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Commits of a branch are judged one by one, by their metadata and by the paths that they change:
//!
//! ```
//! use commit_rule::{CommitRule, CommitVariables, Time};
//!
//! let rule = CommitRule::builder().branch("main").expression_filter("!(subject contains '[skip ci]')").include_paths(["apps"]).build()?;
//! let commit = CommitVariables {
//!     id: "8a9bd60a1c3bb5a4c8e6a5c2ad6f8b2d6a0e8a11",
//!     commit_date: "2025-06-15T10:30:00Z".parse()?,
//!     author: b"Jane Doe <jane@example.com>",
//!     committer: b"Jane Doe <jane@example.com>",
//!     subject: b"web: new colours",
//! };
//! let now: Time = "2025-06-16T00:00:00Z".parse()?;
//! assert!(rule.judge_commit(&commit, &now)?.is_accepted());
//! assert_eq!(rule.judge_paths(["docs/index.md"]).to_string(), "no changed path is selected");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `warehouse-spec` makes a rule from a subscription (`GitSubscription::rule`), and `git-source` finds commits by it.

mod error;
mod rule;

pub use error::{InvalidCommitRule, NamesDoNotDecide};
pub use kargo_expr::{CommitVariables, ExpressionError, TagVariables, Time};
pub use rule::{CommitRule, CommitRuleBuilder, JudgedTag};
pub use selection_strategies::CommitSelectionStrategy;

/// The example of the README is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
