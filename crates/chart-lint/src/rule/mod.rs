//! The rules: names, weights, reasons, remedies, examples.

pub(crate) mod chart;
mod definition;
pub(crate) mod dockerfile;
mod table;
pub(crate) mod values;
pub(crate) mod waiver;

pub use definition::{Example, Rule, Subject, sarif_tool};
