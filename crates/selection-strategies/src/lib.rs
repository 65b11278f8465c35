//! Pure rules that choose among artifact versions as a Kargo Warehouse does: semver constraints, tag filters, path selectors, expressions

pub mod glob;
pub mod path;
mod verdict;

pub use verdict::{IgnoreRule, Rejection, Verdict};
