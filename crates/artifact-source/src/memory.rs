//! A source without a network, for tests of programs that use sources, and the shortest complete
//! example of the contract.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use selection_strategies::Rejection;

use crate::{
    ArtifactSource, Candidate, Cost, DiscoverRequest, Discovery, Error, Found, Generic, Observation,
    SourceId, SourceKind, lock,
};

const SCHEMA: u32 = 1;

/// A source that holds its versions in memory and finds the greatest ones by bytes.
///
/// Clones share their versions: they are several sources over one world.
#[derive(Clone, Debug)]
pub struct MemorySource {
    id: SourceId,
    limit: usize,
    versions: Arc<Mutex<BTreeSet<String>>>,
}

impl MemorySource {
    /// A source of this name that holds these versions.
    pub fn new<V: Into<String>>(name: &str, versions: impl IntoIterator<Item = V>) -> Self {
        Self {
            id: SourceId::new(SourceKind::Other("memory".to_owned()), name),
            limit: usize::MAX,
            versions: Arc::new(Mutex::new(versions.into_iter().map(Into::into).collect())),
        }
    }

    /// The same, finding no more than this many.
    #[must_use]
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Adds a version; one that is there already is not added twice.
    pub fn publish(&self, version: impl Into<String>) {
        lock(&self.versions).insert(version.into());
    }

    fn fingerprint(&self) -> String {
        format!("{} limit {}", self.id, self.limit)
    }
}

impl fmt::Display for MemorySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

#[async_trait]
impl ArtifactSource for MemorySource {
    type Artifact = Generic;

    fn id(&self) -> &SourceId {
        &self.id
    }

    async fn discover(&self, request: DiscoverRequest<'_>) -> Result<Discovery<Generic>, Error> {
        let versions = lock(&self.versions).clone();
        let seen = request.previous.and_then(|previous| previous.state(SCHEMA, &self.fingerprint()));
        if seen.as_ref() == Some(&versions) {
            return Ok(Discovery::Unchanged { cost: Cost::ZERO });
        }
        let mut artifacts = Vec::new();
        for version in versions.iter().rev() {
            let candidate = Candidate::new(version);
            if artifacts.len() < self.limit {
                request.trace.accepted(&candidate);
                artifacts.push(Generic::new("memory", version));
            } else {
                request.trace.rejected(&candidate, &Rejection::BeyondLimit { limit: self.limit });
            }
        }
        let observation = Observation::new(SCHEMA, self.fingerprint(), &versions);
        Ok(Discovery::Found(Found::new(artifacts, Cost::ZERO).with_observation(observation)))
    }
}
