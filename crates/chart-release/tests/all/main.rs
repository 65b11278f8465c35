//! The tests of the crate over its public API.

mod build_marker;
mod changed;
mod git;
mod release;
