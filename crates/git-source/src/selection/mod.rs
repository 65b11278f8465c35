//! Which commits are found: how each strategy of a rule finds them in a repository.
//!
//! The modules use each other in one direction: `exchange` -> `plan`, `fetcher` -> `fallback`, `question` -> `branch`, `tags` -> `history` -> `reader` -> `changes`, `filter` -> `folders`, `commit`, `outcome` ->
//! `object_text`.

mod branch;
mod changes;
mod commit;
mod exchange;
mod fallback;
mod fetcher;
mod filter;
mod folders;
mod history;
mod object_text;
mod outcome;
mod plan;
mod question;
mod reader;
mod tags;

pub(crate) use exchange::answer_all;
pub(crate) use outcome::{JudgedCandidate, Outcome};
pub(crate) use question::{Answer, Question, Selection};

#[cfg(test)]
pub(crate) use filter::CommitFilter;
#[cfg(test)]
pub(crate) use history::{Progress, Walk};
#[cfg(test)]
pub(crate) use reader::Reader;
