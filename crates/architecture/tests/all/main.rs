//! What holds for the whole workspace.

mod arrows;
mod documents;
mod house_rules;
mod links;
mod packages;
mod purity;
mod shape;
