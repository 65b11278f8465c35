//! Choosing among names: filters, orders and the rule that joins them.

mod filter;
mod ranking;
mod rule;

pub use filter::{TagFilter, TagFilterBuilder, TagFilterError};
pub use ranking::{Candidate, Ranking, Selection};
pub use rule::{NameKind, TagRule, TagStrategy};
