//! Requests to a registry: ours beside the pattern that Kargo's are made in.

pub mod exchange;
pub mod kargo;
pub mod measure;
pub mod shape;
pub mod table;
