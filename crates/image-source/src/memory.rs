//! What a source remembers between two calls.

use std::collections::BTreeMap;

use artifact_source::{Image, Observation};
use oci_registry::Digest;
use serde::{Deserialize, Serialize};

const SCHEMA: u32 = 2;

/// What was seen by one discovery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Memory {
    /// The digest of every tag that was looked at.
    pub(crate) digests: BTreeMap<String, Digest>,
    /// The tags that were found, best first.
    found: Vec<String>,
}

impl Memory {
    pub(crate) fn new(digests: BTreeMap<String, Digest>, found: &[Image]) -> Self {
        Self { digests, found: found.iter().map(|image| image.tag.clone()).collect() }
    }

    /// Whether the same images were found. What is told of an image follows from its digest and the
    /// subscription, so nothing else needs to be compared.
    pub(crate) fn found_the_same(&self, other: &Self) -> bool {
        let digest = |memory: &Self, tag: &String| memory.digests.get(tag).cloned();
        self.found == other.found
            && self
                .found
                .iter()
                .all(|tag| digest(self, tag).is_some() && digest(self, tag) == digest(other, tag))
    }

    pub(crate) fn of(observation: Option<&Observation>, fingerprint: &str) -> Option<Self> {
        observation?.state(SCHEMA, fingerprint)
    }

    pub(crate) fn observation(&self, fingerprint: &str) -> Option<Observation> {
        Observation::new(SCHEMA, fingerprint, self)
    }
}
