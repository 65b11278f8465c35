//! Everything that is tested from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod environments;
mod expressions;
#[path = "../../../go-compat/tests/all/oracle/mod.rs"]
mod oracle;
mod oracle_expressions;
#[path = "../../../go-compat/tests/all/vectors.rs"]
mod vectors;
mod zones;
