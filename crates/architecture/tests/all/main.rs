//! What holds for the whole workspace.

mod arrows;
mod documents;
mod house_rules;
mod purity;
mod shape;
