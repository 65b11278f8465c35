//! `warehouse chart` and `warehouse dockerfile`: the publishing side, against real servers.

mod archive;
mod changed;
mod credential;
mod dependency;
mod lint;
mod lock;
mod release;
pub mod world;
