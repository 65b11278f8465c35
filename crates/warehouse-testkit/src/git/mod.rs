//! Real Git repositories behind real smart HTTP.

pub mod pack;
mod repository;
mod server;

pub(crate) use repository::tail;
pub use repository::{Commit, CommitMark, GitRepository, History, WrittenHistory};
pub use server::{GitServer, GitServerBuilder};
