//! Reads over real connections: authentication, pages, digests, and hostile registries.

// The helpers are test code too, which clippy cannot know.
#![allow(clippy::unwrap_used, clippy::panic, clippy::type_complexity)]

mod access;
mod faults;
mod hostile;
mod memory;
mod politeness;
mod raw;
mod reads;
mod scopes;
mod setup;
mod sharing;
