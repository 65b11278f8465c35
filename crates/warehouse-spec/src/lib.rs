//! The types of a Kargo Warehouse and its Freight: every edition of the manifest, its defaults and its validation.

mod chart;
mod decode;
mod diagnostic;
mod discovered;
mod freight;
mod generic;
mod git;
mod image;
mod interval;
mod manifest;
mod node;
mod options;
mod parse;
mod path;
mod platform;
mod redact;
mod repo_url;
mod rule;
mod scalar;
mod snippet;
mod subscription;
mod syntax;
mod timestamp;
mod url;
mod value;
mod warehouse;
mod yaml;

pub use chart::ChartSubscription;
pub use diagnostic::{Code, Diagnostic, Location, Severity};
pub use discovered::{
    ChartDiscoveryResult, DiscoveredArtifacts, DiscoveredCommit, DiscoveredImageReference, DiscoveryResult,
    GenericDiscoveryResult, GitDiscoveryResult, ImageDiscoveryResult,
};
pub use freight::{ArtifactReference, Chart, Freight, FreightOrigin, GitCommit, Image};
pub use generic::GenericSubscription;
pub use git::{CommitSelectionStrategy, GitSubscription};
pub use image::{ImageSelectionStrategy, ImageSubscription};
pub use interval::{Interval, InvalidInterval};
pub use manifest::{Located, Manifest, Skipped};
pub use options::{Limits, Options};
pub use parse::{parse, parse_bytes};
pub use platform::{InvalidPlatform, Platform};
pub use redact::redact;
pub use snippet::Snippet;
pub use subscription::{DEFAULT_DISCOVERY_LIMIT, MAXIMUM_DISCOVERY_LIMIT, Subscription, SubscriptionKind};
pub use url::{normalize_chart, normalize_git, normalize_image};
pub use value::UnknownValue;
pub use warehouse::{
    API_VERSION, FreightCreationCriteria, FreightCreationPolicy, Metadata, Warehouse, WarehouseSpec,
};
