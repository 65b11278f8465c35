//! Helm chart versions behind ArtifactSource: classic index.yaml, streamed, and OCI registries

mod body;
mod builder;
mod cache;
mod fetch;
mod index;
mod location;
mod selection;
mod source;
mod validator;

pub use builder::HelmSourceBuilder;
pub use cache::IndexCache;
pub use index::{Doubt, Index, IndexError, IndexReader, ReadBy, Taken};
pub use source::HelmSource;
