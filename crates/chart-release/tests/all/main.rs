//! The tests of the crate over its public API.
mod release;
