//! Everything that is tested from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

#[path = "../../../go-compat/tests/all/oracle/mod.rs"]
mod oracle;
mod oracle_constraints;
mod oracle_order;
mod oracle_paths;
mod oracle_versions;
mod paths;
#[path = "../../../go-compat/tests/all/patterns.rs"]
mod patterns;
mod properties;
mod rules;
mod subjects;
mod tags;
#[path = "../../../go-compat/tests/all/vectors.rs"]
mod vectors;
mod versions;
