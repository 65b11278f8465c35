//! The real binary against real servers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod bad_input;
mod bundle;
mod cache;
mod chart;
mod command_line;
mod credentials;
#[cfg(feature = "demo")]
mod demo;
mod digests;
mod discover;
mod documents;
#[cfg(unix)]
mod examples;
mod explain;
mod explain_git;
mod folders;
#[cfg(unix)]
mod interrupt;
mod lsp;
mod manifest;
mod network;
mod output;
mod select;
mod support;
#[cfg(unix)]
mod terminal;
mod tls;
mod transient;
mod warehouses;
mod watch;
