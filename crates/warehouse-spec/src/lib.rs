//! The types of a Kargo Warehouse and its Freight: every edition of the manifest, its defaults and its validation.
//!
//! A **Warehouse** is a Kubernetes document that names sources of artifacts: container images, Git commits, Helm charts.
//! A piece of **Freight** is one revision of each. This crate reads such documents in the spellings of every Kargo
//! release since 0.1, reports all errors at once with their locations, and returns the documents in one
//! normal form. It makes no network requests.
//!
//! ```
//! use warehouse_spec::{Options, Snippet, SubscriptionKind, parse};
//!
//! let text = "\
//! apiVersion: kargo.akuity.io/v1alpha1
//! kind: Warehouse
//! metadata:
//!   name: demo
//! spec:
//!   subscriptions:
//!   - image:
//!       repoURL: ghcr.io/example/app
//!       semverConstraint: ^1.26.0
//! ";
//! let manifest = parse("kargo.yaml", text, &Options::default());
//! assert!(manifest.is_valid());
//!
//! // The old spelling is read, and normalized.
//! let warehouse = &manifest.warehouses[0];
//! let SubscriptionKind::Image(image) = &warehouse.spec.subscriptions[0].kind else {
//!     unreachable!()
//! };
//! assert_eq!(image.constraint.as_deref(), Some("^1.26.0"));
//! assert_eq!(image.discovery_limit, 20);
//!
//! // The warning about it has its place.
//! let warning = &manifest.diagnostics[0];
//! assert_eq!((warning.location.line, warning.location.column), (9, 7));
//! assert_eq!(warning.path, "spec.subscriptions[0].image.semverConstraint");
//! println!("{}", Snippet::new(warning, text));
//! ```
//!
//! # What is read
//!
//! - [`parse`] takes YAML of several documents, or JSON. Warehouses and Freight are decoded, documents of other kinds are
//!   listed as [`Skipped`]. A document that is not valid YAML, or that holds an error, does not keep the others from being read.
//! - Every spelling of [rule 1.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md) is accepted: `helm` for `chart`, an image's `semverConstraint`, `allowTags`, the strategy
//!   names of 2023, `includePaths` beside `git`. Each is a warning that names the release that dropped it.
//! - YAML is read as by the YAML library of Kubernetes: an unquoted `1.10` is a number and `on` a boolean, and where
//!   a string is required either is an error that says "quote it".
//! - A [`Diagnostic`] has a file, a line, a column, the field's path, a message, and mostly a remedy; [`Snippet`] shows it as
//!   a compiler would. Unknown fields are warnings, or errors with [`Options::strict`].
//! - [`Located`] keeps the place of every field, so that a later message (a repository that does not exist) can point at it.
//! - [`from_value`] reads JSON that is already parsed, as a client of Kubernetes has it, and gives the same diagnostics.
//! - [`lint`] also reports what is valid and seldom meant; [`Rule`] has the reason, the remedy and an example of each code.
//! - [`migrate`] rewrites old spellings to those of an [`Edition`], and keeps comments and layout; [`json_schema`] describes an edition for editors.
//! - A [`Replacement`] is the edit of a help text, which linters, migrations and editors can apply.
//!
//! # What is written
//!
//! Every type serializes to the JSON of Kargo's API, in normal form and with its defaults filled in. Reading that again gives
//! the same value: by [`parse`], by [`from_value`], or by `Deserialize`, which use the same decoder. With the feature `schema`, the
//! types implement `schemars::JsonSchema`.
//!
//! # What is judged
//!
//! [`Subscription::tag_rule`] judges tags and versions without a server: which of them a Warehouse takes, and why not the others.
//! [`GitSubscription::rule`] also judges commits, by their date, paths and expression.
//!
//! # Where this differs from Kargo
//!
//! - `file://` is a Git repository URL here, for tests and embedders ([rule 1.7](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
//! - Two subscriptions to one repository are allowed when each has a name of its own ([rule 1.8](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)); the warning says that Kargo
//!   refuses them.
//! - An unquoted value that YAML takes for a tag is an error here; Go's decoder drops the tag and goes on with the rest.
//! - A key that occurs twice is a warning, and the last one counts, as in Kubernetes' decoder.
//! - A platform has three parts at most, none of them empty or with white space.
//!
//! # Safety
//!
//! No input makes it panic or recurse without bound, and [`Limits`] bound the expansion of a text. No message, replacement, `Debug`
//! output or snippet shows a credential out of a URL: see [`redact`].

mod decode;
mod diagnostic;
mod edition;
mod encoding;
mod freight;
mod lint;
mod manifest;
mod metadata;
mod migrate;
mod parse;
mod recovery;
mod repo_url;
mod rivals;
mod rule;
#[cfg(feature = "schema")]
mod schema;
mod selection;
mod snippet;
mod status;
mod subscription;
mod time;
mod warehouse;
mod work;
mod yaml;

pub use commit_rule::CommitRule;
pub use decode::{ForeignPattern, looks_around, regex_of_shell};
pub use diagnostic::{Code, Diagnostic};
pub use diagnostics::{Applicability, Location, Replacement, Severity};
pub use edition::{DocumentKind, Edition, InvalidEdition, OldSpelling, json_schema};
pub use encoding::{NotText, text_of};
pub use freight::{ArtifactReference, Chart, Freight, FreightOrigin, GitCommit, Image};
pub use go_compat::RegexBudget;
pub use lint::{Example, Rule, lint, lint_bytes, sarif_tool};
pub use manifest::{InvalidValue, Located, Manifest, Options, Parsed, Skipped};
pub use metadata::{API_VERSION, Metadata};
pub use migrate::{Migration, migrate};
pub use parse::{FromValue, from_value, parse, parse_bytes};
pub use repository_url::{
    SourceLabel, normalize_chart, normalize_git, normalize_image, redact, without_credential,
};
pub use selection::InvalidRule;
pub use selection_strategies::{
    CommitSelectionStrategy, ImageSelectionStrategy, InvalidPlatform, Platform, UnknownValue,
};
pub use snippet::{Lines, Snippet};
pub use status::{
    ChartDiscoveryResult, Condition, DiscoveredArtifacts, DiscoveredCommit, DiscoveredImageReference,
    DiscoveredRef, DiscoveryResult, GenericDiscoveryResult, GitDiscoveryRefs, GitDiscoveryResult,
    ImageDiscoveryResult, WarehouseStatus,
};
pub use subscription::{
    ChartSubscription, DEFAULT_DISCOVERY_LIMIT, GenericSubscription, GitSubscription, ImageSubscription,
    MAXIMUM_DISCOVERY_LIMIT, Subscription, SubscriptionKind,
};
pub use time::{Interval, InvalidInterval};
pub use warehouse::{
    FreightCreationCriteria, FreightCreationPolicy, Warehouse, WarehouseSpec, qualified_name,
};
pub use yaml::Limits;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
