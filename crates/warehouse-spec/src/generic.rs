//! A subscription to something that is neither image, Git repository nor chart.

use serde::Serialize;

use crate::subscription::DEFAULT_DISCOVERY_LIMIT;

/// A subscription under a key of its own (rule 1.3), as Kargo's paid edition has them. Its `config` is opaque here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GenericSubscription {
    /// The key it stands under in the manifest.
    #[serde(skip)]
    pub subscription_type: String,
    /// Configuration for whoever understands this type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<serde_json::Map<String, serde_json::Value>>,
    /// How many artifacts are kept, 1 to 100.
    pub discovery_limit: u32,
}

impl GenericSubscription {
    /// A subscription of this type without configuration.
    pub fn new(subscription_type: impl Into<String>) -> Self {
        Self {
            subscription_type: subscription_type.into(),
            config: None,
            discovery_limit: DEFAULT_DISCOVERY_LIMIT,
        }
    }
}
