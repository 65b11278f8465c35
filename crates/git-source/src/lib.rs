//! Git commits and tags behind ArtifactSource, on gitoxide and without a full clone
