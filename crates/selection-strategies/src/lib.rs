//! Pure rules that choose among artifact versions as a Kargo Warehouse does: semver constraints, tag filters, path selectors, expressions

mod verdict;

pub use verdict::{IgnoreRule, Rejection, Verdict};
