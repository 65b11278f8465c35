//! Which commits are found: how each strategy of a rule finds them in a repository.
//!
//! The modules use each other in one direction: `strategy` -> `branch`, `tags` -> `history` -> `filter` -> `commit`, `outcome`.

mod branch;
mod commit;
mod filter;
mod history;
mod outcome;
mod strategy;
mod tags;

pub(crate) use outcome::{JudgedCandidate, Outcome};
pub(crate) use strategy::Selection;

#[cfg(test)]
pub(crate) use branch::{Tip, resolve};
#[cfg(test)]
pub(crate) use filter::CommitFilter;
#[cfg(test)]
pub(crate) use history::{Progress, Walk};
