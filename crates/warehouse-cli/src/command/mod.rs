//! One file per command.

mod demo;
mod discover;
mod explain;
mod freight;
mod select;

pub(crate) use demo::demo;
pub(crate) use discover::discover;
pub(crate) use explain::explain;
pub(crate) use freight::freight;
pub(crate) use select::{Rule, select};
