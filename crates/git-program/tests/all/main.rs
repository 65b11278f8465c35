//! Messages as programs and servers write them.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod message;
mod real_git;
