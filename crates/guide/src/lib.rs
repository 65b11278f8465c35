//! The Rust of the guide's pages and of the READMEs, compiled and run as documentation tests: `cargo test -p guide`.

#![cfg_attr(doctest, doc = include_str!("../../../docs/src/guide/embedding.md"))]

#[cfg_attr(doctest, doc = include_str!("../../../docs/src/guide/writing-a-source.md"))]
mod writing_a_source {}

#[cfg_attr(doctest, doc = include_str!("../../../README.md"))]
mod readme {}

#[cfg_attr(doctest, doc = include_str!("../../warehouse-discovery/README.md"))]
mod warehouse_discovery {}
