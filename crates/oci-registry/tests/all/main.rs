//! Reads and pushes over real connections: authentication, pages, digests, uploads, and hostile registries.

// The helpers are test code too, which clippy cannot know.
#![allow(clippy::unwrap_used, clippy::panic, clippy::type_complexity)]

mod access;
mod egress;
mod faults;
mod hidden;
mod hostile;
mod memory;
mod oci_client;
mod politeness;
mod push;
mod raw;
mod reads;
mod scopes;
mod setup;
mod sharing;
