//! The tests of the crate over its public API.

// What the tests share is test code too, which clippy cannot know.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod build_marker;
mod changed;
mod dependency;
mod dependency_peer;
mod fixture;
mod git;
mod index;
mod kill;
mod locks;
mod registry;
mod release;
mod repository;
mod scripts;
mod store;
mod writers;
