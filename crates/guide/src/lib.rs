//! The Rust of the guide's pages and of the READMEs, compiled and run as documentation tests, and the servers of the tutorial.
//!
//! `cargo test -p guide` runs the documentation tests, and the tests in `tests/all`, which execute the examples of the pages that are not
//! Rust.

mod shop;

pub use shop::Shop;

#[cfg_attr(doctest, doc = include_str!("../../../docs/src/guide/embedding.md"))]
mod embedding {}

#[cfg_attr(doctest, doc = include_str!("../../../docs/src/guide/writing-a-source.md"))]
mod writing_a_source {}

#[cfg_attr(doctest, doc = include_str!("../../../README.md"))]
mod readme {}

#[cfg_attr(doctest, doc = include_str!("../../warehouse-discovery/README.md"))]
mod warehouse_discovery {}
