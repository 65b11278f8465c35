//! Runs a program with a deadline, bounded output, and a process group of its own that is killed with it.
//!
//! ```
//! use std::time::Duration;
//!
//! use child_process::{BoundedCommand, RunError, StartErrorKind};
//! use tokio::process::Command;
//!
//! # if cfg!(unix) {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let output = BoundedCommand::new(Command::new("cat"), Duration::from_secs(10)).stdin("hello").output().await?;
//! assert_eq!(output.stdout, b"hello");
//!
//! let missing = BoundedCommand::new(Command::new("no-such-program"), Duration::from_secs(10)).output().await;
//! assert!(matches!(missing, Err(RunError::Start(error)) if error.kind() == StartErrorKind::NoSuchProgram));
//! # Ok::<(), RunError>(())
//! # })?;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`BoundedCommand`] runs a program to its end and gives its [`Output`]: what `tokio::process::Command::output` does, within limits.
//! - [`PipedChild`] runs a program whose standard input and output are a protocol, for threads that block.
//!
//! Both start the program in a process group of its own, so a Ctrl-C in a terminal does not reach it, and kill the whole group: many
//! programs are scripts around others, and `git` starts `ssh`. A program that has ended by itself may leave a process behind (an agent, a
//! daemon that keeps passwords): such a process is left alone, and is not waited for although it holds the pipes open.
//!
//! Process groups exist on Unix. On other systems only the program itself is killed.
//!
//! Neither errors nor `Debug` show arguments, variables of the environment, input or output: each may be a credential.

mod bounded;
mod error;
mod group;
mod piped;
mod tail;

pub use bounded::{BoundedCommand, Output};
pub use error::{RunError, StartError, StartErrorKind};
pub use piped::{Exit, PipedChild};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
