//! A dev release of a whole repository of charts: ours, and Helm in a loop as scripts have it.

pub mod helm;
pub mod measure;
pub mod place;
pub mod warehouse;

/// Why a measurement was not possible.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The version that all charts are published with.
pub const VERSION: &str = "0.0.0-dev";
