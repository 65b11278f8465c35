//! Normal forms of repository URLs, for comparing them (rule 6.3).
//!
//! The three functions never fail: what has no normal form is returned as it is.

mod escape;
mod git;
mod go;
mod image;
mod sanitize;

pub use git::normalize_git;
pub use image::{normalize_chart, normalize_image};
