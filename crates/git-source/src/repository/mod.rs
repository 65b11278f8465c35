//! One repository: what its server offers, what was fetched from it, and where that is kept.
//!
//! The modules use each other in one direction: `handle` -> `cache`, `remote` -> `store`, `references`, `fetch`.

mod cache;
mod fetch;
mod handle;
mod references;
mod remote;
mod store;

pub(crate) use cache::{Cache, DEFAULT_CACHE_BYTES};
pub(crate) use fetch::{Contents, FetchCapabilities, FetchRequest};
pub(crate) use handle::{RepositoryHandle, Session};
pub(crate) use remote::Remote;
pub(crate) use store::Store;

#[cfg(test)]
pub(crate) use fetch::PackFilter;
