//! What a message says to do works: after it is done, the message is gone, and what is selected is what was meant.

mod at_once;
mod comments;
mod divided;
mod documents;
mod effects;
mod fields;
mod json;
mod names;
mod patterns;
pub(super) mod replacements;
mod selections;
mod tags;
mod types;
mod unquoted;
mod values;

use warehouse_spec::{Manifest, Options, parse};

/// The start of a flawless Warehouse, up to its subscriptions.
const HEAD: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: demo\nspec:\n  subscriptions:\n";

/// Reads a manifest, and makes every edit that its diagnostics offer.
#[track_caller]
fn read(text: &str) -> Manifest {
    let manifest = parse("kargo.yaml", text, &Options::default());
    replacements::each_works(text, &manifest);
    manifest
}
