//! What users of the crate rely on, against the real `git http-backend` with the real `git` as oracle.

mod access;
mod branch;
mod cache;
mod cancel;
mod conform;
mod filter;
mod metadata;
mod missing;
mod poll;
mod random;
mod server;
#[cfg(test)]
mod support;
mod tags;
mod transport;
mod trouble;
