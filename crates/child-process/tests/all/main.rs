//! Programs of a shell that hang, write without end, and leave processes behind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
#![cfg(unix)]

mod bounded;
mod piped;
mod script;
mod start;
