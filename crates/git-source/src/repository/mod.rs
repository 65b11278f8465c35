//! One repository: what its server offers, what was fetched from it, and where that is kept.
//!
//! The modules use each other in one direction: `handle` -> `cache`, `remote` -> `store` -> `objects`, `scratch`, `note` -> `folder`; `references`, `fetch`.

mod cache;
mod fetch;
mod folder;
mod handle;
mod note;
mod objects;
mod references;
mod remote;
mod resolution;
mod scratch;
mod store;

pub(crate) use cache::{Cache, DEFAULT_CACHE_BYTES, TemporaryFolder};
pub(crate) use fetch::{FetchCapabilities, FetchRequest, PackFilter};
pub(crate) use handle::{RepositoryHandle, Session};
pub(crate) use objects::Objects;
pub(crate) use references::References;
pub(crate) use remote::Remote;
pub(crate) use store::Store;

#[cfg(test)]
pub(crate) use scratch::Scratch;
