//! Releases, from a clone to a registry, a store and tags.

#[cfg(unix)]
mod killed;
#[cfg(unix)]
mod rivals;
mod undisturbed;
mod world;
