//! Helm chart versions behind ArtifactSource: classic index.yaml, streamed, and OCI registries
