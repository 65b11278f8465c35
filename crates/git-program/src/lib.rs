//! What the programs `git` and `ssh` say on standard error when they fail, and the variables by which `git` finds a repository.
//!
//! Git has one exit status, 128, for nearly all failures, and `ssh` has 255: the reason is in the text alone. This crate reads it in one
//! place; what a reason means for a caller, and in which words it is told, is the caller's.
//!
//! ```
//! use git_program::{CONFIGURATION_VARIABLES, GitFailure, REPOSITORY_VARIABLES, decisive_line};
//!
//! let mut git = std::process::Command::new("git");
//! git.args(["ls-remote", "/no/such/repository"]).env("LC_ALL", "C").env("LANGUAGE", "C");
//! for variable in REPOSITORY_VARIABLES.into_iter().chain(CONFIGURATION_VARIABLES) {
//!     git.env_remove(variable);
//! }
//! // let stderr = String::from_utf8_lossy(&git.output()?.stderr);
//! let stderr = "fatal: '/no/such/repository' does not appear to be a git repository\n\
//!               fatal: Could not read from remote repository.\n\n\
//!               Please make sure you have the correct access rights\nand the repository exists.\n";
//! assert_eq!(GitFailure::of(stderr), GitFailure::NotFound);
//! assert_eq!(decisive_line(stderr), "fatal: '/no/such/repository' does not appear to be a git repository");
//! ```
//!
//! It starts no program, does no I/O and does not panic on any input.

mod failure;
mod variable;

pub use failure::{GitFailure, decisive_line};
pub use variable::{CONFIGURATION_VARIABLES, REPOSITORY_VARIABLES};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
