//! The tests of the crate over its public API.

// The helpers are test code too, which clippy cannot know.
#![allow(clippy::unwrap_used, clippy::panic)]

mod registry;
