//! The tests of the crate over its public API.

mod build_marker;
mod changed;
mod fixture;
mod git;
mod index;
mod kill;
mod release;
mod repository;
mod store;
mod writers;
