//! Releases, from a clone to a registry, a store and tags.

mod cost;
mod faults;
#[cfg(unix)]
mod killed;
mod refused;
#[cfg(unix)]
mod rivals;
mod undisturbed;
pub mod world;
