//! Releases, from a clone to a registry, a store and tags.

mod undisturbed;
pub mod world;
