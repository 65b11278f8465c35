//! What the client promises, held over real connections on loopback.

// The helpers are test code too, which clippy cannot know.
#![allow(clippy::unwrap_used, clippy::panic, clippy::type_complexity)]

#[cfg(target_os = "linux")]
mod egress;
#[cfg(target_os = "linux")]
mod inside;
mod plain;
mod politeness;
mod proxy;
mod server;
mod service;
mod tls;
