//! Commits of a Git repository: ours beside plain clones, and beside the pattern of commands that Kargo starts.
//!
//! Every way is run in a process of its own ([`client()`]), against the same server ([`measure`]), and has to give the same commits.

mod kargo;
mod monorepo;
mod ours;
mod plain;
mod program;

pub mod client;
pub mod measure;
pub mod subscription;
pub mod table;

pub use client::{Way, client};
pub use monorepo::Monorepo;

/// Whatever went wrong: a benchmark has nothing to do about it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
