//! Ratios against peers, timed in one run on one machine: `cargo run --release -p benches --bin NAME`.
//!
//! Absolute times are of the machine that ran them; what is worth quoting is a row's ratio to the row it is
//! compared with. Nothing here is a test, and no test asserts a time.

pub mod attacks;
pub mod chart_layout;
pub mod charts;
pub mod commits;
pub mod indexes;
pub mod input;
pub mod peer;
pub mod picture;
pub mod redb_cache;
pub mod registry;
pub mod table;
pub mod time;
