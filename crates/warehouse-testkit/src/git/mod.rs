//! Real Git repositories behind real smart HTTP.

mod cgi;
mod command;
mod history;
mod repository;
mod server;

pub(crate) use command::tail;
pub use history::{Commit, CommitMark, History, WrittenHistory};
pub use repository::GitRepository;

pub use server::{GitServer, GitServerBuilder};
