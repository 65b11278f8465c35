//! Pure rules that select versions of an artifact as a Kargo `Warehouse` does.
//!
//! Given the tags of an image or a Git repository, or the versions of a chart, and the rule of a
//! subscription: which are chosen, in which order, and why not the others? This crate makes no
//! requests. It has no I/O, no async, no clock, and nothing of Kubernetes.
//!
//! ```
//! # use selection_strategies::TagRule;
//! let selection = TagRule::semver(Some("^1.2".parse()?)).select(["1.2.7", "latest", "2.0.0", "1.3.0"]);
//! assert_eq!(selection.names(), ["1.3.0", "1.2.7"]);
//! assert_eq!(selection.rejection("2.0.0").unwrap().to_string(), r#"outside the constraint "^1.2""#);
//! # Ok::<(), selection_strategies::ConstraintError>(())
//! ```
//!
//! # Strategies
//!
//! Each rule judges one name ([`TagRule::judge`]), puts many in order lazily ([`TagRule::rank`]), or
//! does all at once ([`TagRule::select`]). A [`TagFilter`] may precede it.
//!
//! | strategy | chooses | rule |
//! |---|---|---|
//! | `SemVer` | the highest version within a [`Constraint`] | [`TagRule::semver`] |
//! | `Lexical` | the last name in the order of bytes | [`TagRule::lexical`] |
//! | `Digest` | one name | [`TagRule::digest`] |
//! | `NewestBuild`, `NewestTag` | what the filter allows; the caller compares the times | [`TagRule::newest`] |
//! | charts, `index.yaml` | the highest version, leniently read | [`TagRule::chart`] |
//! | charts, OCI | the highest version, strictly read, `_` for `+` | [`TagRule::oci_chart`] |
//!
//! Lexical order, behind a filter:
//!
//! ```
//! use selection_strategies::{TagFilter, TagRule};
//!
//! let nightlies = TagFilter::builder().allow(r"^nightly-\d{8}$").ignore("^nightly-20240103$").build()?;
//! let rule = TagRule::lexical().with_filter(nightlies);
//! let selection = rule.select(["nightly-20240101", "nightly-20240103", "v9", "nightly-20240102"]);
//! assert_eq!(selection.names(), ["nightly-20240102", "nightly-20240101"]);
//! # Ok::<(), selection_strategies::TagFilterError>(())
//! ```
//!
//! Evidence, requested best first until one candidate has it:
//!
//! ```
//! use selection_strategies::TagRule;
//!
//! let is_built_for_arm64 = |tag: &str| tag == "1.1.0"; // a request to the registry
//!
//! let ranking = TagRule::semver(None).rank(["1.0.0", "1.2.0", "1.1.0"], |_, _| {});
//! let newest = ranking.into_iter().find(|candidate| is_built_for_arm64(candidate.name));
//! assert_eq!(newest.unwrap().name, "1.1.0");
//! ```
//!
//! # Verdicts
//!
//! A [`Verdict`] is either acceptance or a [`Rejection`], which names the rule that decided with the
//! text the user wrote: this ignore pattern, that constraint, the limit. So filtering, an `explain`
//! command and the matching of webhooks are one piece of code.
//!
//! # Semantics
//!
//! Kargo is written in Go and inherits the dialects of its libraries. This crate follows them,
//! including their defects:
//!
//! * [`Version`] and [`Constraint`]: `Masterminds/semver` v3.5, which is not what
//!   [`semver::VersionReq`] means. [`semver::Version`] converts from and to it.
//! * [`GoRegex`](go_compat::GoRegex): the syntax of Go's `regexp`; [`Glob`](go_compat::Glob): `doublestar` v4.
//! * Order: descending; versions of equal precedence by their text, so that the order of the input
//!   never shows in the output.
//!
//! The rules are numbered in [`semantics.md`](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md), and the
//! documentation of each item names its own. Expression filters are the crate `kargo-expr`'s.
//! Every row of the conformance vectors, and a million generated inputs of
//! each kind, give the same result as Kargo's Go libraries, except for the differences that the modules state.
//!
//! # Cost
//!
//! Reading a version allocates nothing, and a rejection shares the text of its rule. A hundred
//! thousand tags are filtered, parsed, compared with a constraint and sorted in a few
//! milliseconds on one core; asking only for the best few sorts only those. Patterns, versions and
//! constraints are bounded in size, and matching is linear in the text.

mod constraint;
mod filter;
mod git_name;
pub mod path;
mod platform;
mod ranking;
mod rule;
mod similar;
mod strategy;
mod subject;
mod verdict;
mod version;

pub use constraint::{Constraint, ConstraintError, MAX_CONSTRAINT_GROUPS, MAX_CONSTRAINT_LENGTH};
pub use filter::{TagFilter, TagFilterBuilder, TagFilterError};
pub use git_name::is_git_reference;
/// The errors that [`TagFilterError`] and [`PathSelectorError`](path::PathSelectorError) carry.
pub use go_compat::{GlobError, GoRegexError};
pub use platform::{InvalidPlatform, Platform};
pub use ranking::{Candidate, NameKind, Ranking, Selection};
pub use rule::{TagRule, TagStrategy};
pub use similar::{nearest_name, similar_names};
pub use strategy::{CommitSelectionStrategy, ImageSelectionStrategy, UnknownValue};
pub use subject::shorten_subject;
pub use verdict::{IgnoreRule, Rejection, Verdict};
pub use version::{ExchangeError, MAX_VERSION_LENGTH, Strictness, Version, VersionError, VersionRef};

/// The example of the README is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
