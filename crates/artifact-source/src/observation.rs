//! What a source remembers between two calls.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What a source saw, to be handed back on the next call so that it may do less.
///
/// It is plain data: it can be written to disk, put into a Kubernetes object and read back by a
/// later version of the program. A program that keeps it need not understand it, and an observation that
/// does not fit (of another subscription, another schema, or damaged) leads to a full discovery,
/// never to an error.
///
/// ```
/// use artifact_source::Observation;
///
/// let seen = Observation::new(1, "main of example.com/a", &["abc"]).unwrap();
/// assert_eq!(seen.state(1, "main of example.com/a"), Some(vec!["abc".to_owned()]));
/// assert_eq!(seen.state::<Vec<String>>(2, "main of example.com/a"), None); // another schema
/// assert_eq!(seen.state::<Vec<String>>(1, "dev of example.com/a"), None); // another subscription
/// assert_eq!(seen.state::<u64>(1, "main of example.com/a"), None); // not what was written
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    schema: u32,
    fingerprint: String,
    state: serde_json::Value,
}

impl Observation {
    /// An observation of this state.
    ///
    /// `schema` is the number of the state's layout, to be raised whenever that changes.
    /// `fingerprint` names everything about the subscription that the state depends on; it must
    /// not hold a credential, since observations are stored. `None` where the state has no JSON
    /// form (a map whose keys are not strings).
    pub fn new(schema: u32, fingerprint: impl Into<String>, state: &impl Serialize) -> Option<Self> {
        Some(Self { schema, fingerprint: fingerprint.into(), state: serde_json::to_value(state).ok()? })
    }

    /// The state, if it was recorded under this schema for this subscription and reads as `S`.
    pub fn state<S: DeserializeOwned>(&self, schema: u32, fingerprint: &str) -> Option<S> {
        if self.schema != schema || self.fingerprint != fingerprint {
            return None;
        }
        S::deserialize(&self.state).ok()
    }
}
