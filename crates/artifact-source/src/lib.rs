//! The ArtifactSource trait: its contract, observation, trace, cost, errors, and the suite that every implementation passes
