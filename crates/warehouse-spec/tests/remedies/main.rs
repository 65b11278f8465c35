//! What a message says to do works: after it is done, the message is gone, and what is selected is what was meant.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

mod at_once;
mod comments;
mod documents;
mod effects;
mod json;
mod names;
mod selections;
mod types;
mod unquoted;
mod values;

use warehouse_spec::{Manifest, Options, parse};

/// The start of a flawless Warehouse, up to its subscriptions.
const HEAD: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: demo\nspec:\n  subscriptions:\n";

fn read(text: &str) -> Manifest {
    parse("kargo.yaml", text, &Options::default())
}
