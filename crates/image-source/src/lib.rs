//! Container images behind ArtifactSource
