//! The tests of the crate as its users see it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod liars;
