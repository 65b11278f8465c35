//! Everything that is tested from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod globs;
mod oracle;
mod oracle_globs;
mod oracle_regexes;
mod oracle_unicode;
mod patterns;
mod regexes;
mod times;
mod vectors;
