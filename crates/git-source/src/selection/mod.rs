//! Which commits are found: the rule, and how each strategy finds them in a repository.
//!
//! The modules use each other in one direction: `rule` -> `strategy` -> `branch`, `tags` -> `history` -> `filter` -> `commit`, `outcome`.

mod branch;
mod commit;
mod filter;
mod history;
mod outcome;
mod rule;
mod strategy;
mod tags;

pub(crate) use outcome::{JudgedCandidate, Outcome};
pub(crate) use strategy::Selection;

pub use rule::{CommitRule, CommitRuleBuilder, CommitStrategy, JudgedTag, NamesDoNotDecide};

#[cfg(test)]
pub(crate) use branch::{Tip, resolve};
#[cfg(test)]
pub(crate) use filter::CommitFilter;
#[cfg(test)]
pub(crate) use history::{Progress, Walk};
