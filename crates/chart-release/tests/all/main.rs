//! The tests of the crate over its public API.

mod fixture;
mod index;
mod kill;
mod repository;
mod store;
mod writers;
