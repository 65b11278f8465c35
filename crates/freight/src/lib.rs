//! Freight: one deterministic, named set of artifact revisions, with the URL normalizers its name rests on.

mod build;
mod criteria;
mod name;
mod path;


pub use build::{FreightBuilder, Missing, MissingCause, Outcome, Reason};
pub use criteria::CriteriaError;
pub use name::freight_name;
pub use warehouse_spec::{normalize_chart, normalize_git, normalize_image};
