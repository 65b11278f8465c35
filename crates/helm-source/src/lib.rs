//! Helm chart versions behind ArtifactSource: classic index.yaml, streamed, and OCI registries

mod index;

pub use index::{Doubt, Index, IndexError, IndexReader, ReadBy, Taken};
