//! The state that one run passes to the next.

use std::collections::BTreeMap;

use artifact_source::{AnyArtifact, Observation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use warehouse_spec::Subscription;

use crate::Report;

/// What one run leaves for the next: each subscription's artifacts and observation.
///
/// It is plain serde data, so it can outlive the process. It is keyed by what the subscriptions ask,
/// not by their place, so a manifest may be edited in between: a subscription that was changed is
/// discovered in full, the others keep what is known of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    subscriptions: BTreeMap<String, Remembered>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Remembered {
    pub(crate) artifacts: Vec<AnyArtifact>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) observation: Option<Observation>,
}

impl Snapshot {
    pub(crate) fn get(&self, key: &str) -> Option<&Remembered> {
        self.subscriptions.get(key)
    }

    /// How many subscriptions something is known of.
    pub fn len(&self) -> usize {
        self.subscriptions.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.subscriptions.is_empty()
    }
}

/// The name under which a subscription's state is kept: a digest of all that it asks, since a repository's
/// URL may hold a credential and a snapshot may be written to disk.
pub(crate) fn key(subscription: &Subscription) -> String {
    let asked = serde_json::to_vec(subscription).unwrap_or_default();
    Sha256::digest(asked).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Report {
    /// What this run leaves for the next. A subscription that failed leaves what it had.
    pub fn snapshot(&self) -> Snapshot {
        let remembered = self.subscriptions.iter().filter(|report| {
            // A failure with nothing left over is nothing to remember.
            report.error.is_none() || !report.artifacts.is_empty()
        });
        let entries = remembered.map(|report| {
            let remembered =
                Remembered { artifacts: report.artifacts.clone(), observation: report.observation.clone() };
            (report.key.clone(), remembered)
        });
        Snapshot { subscriptions: entries.collect() }
    }
}
