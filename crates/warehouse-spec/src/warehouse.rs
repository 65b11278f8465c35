//! The `Warehouse` document in normal form.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::metadata::{API_VERSION, Metadata};
use crate::status::WarehouseStatus;
use crate::subscription::Subscription;
use crate::time::Interval;

/// A `Warehouse`: the subscriptions whose artifacts are discovered together.
///
/// A value read by [`parse`](crate::parse) is in normal form: today's spelling of every field, defaults filled in,
/// [rules 1.3 to 1.8](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md) of the semantics checked. The fields of one built by hand are not checked.
///
/// It serialises to the manifest Kargo's newest release reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "WarehouseDocument")]
#[non_exhaustive]
pub struct Warehouse {
    /// Name, namespace, labels and annotations.
    pub metadata: Metadata,
    /// What to discover, how often, and what follows from it.
    pub spec: WarehouseSpec,
    /// What Kargo's controller wrote down, where the document comes from a cluster. It selects nothing here.
    pub status: Option<WarehouseStatus>,
}

impl Warehouse {
    /// A Warehouse of this name with these subscriptions, and with the defaults of every other field.
    pub fn new(name: impl Into<String>, subscriptions: Vec<Subscription>) -> Self {
        Self { metadata: Metadata::named(name), spec: WarehouseSpec::new(subscriptions), status: None }
    }

    /// The name that Freight of this Warehouse carries as its origin.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The object's namespace, if the manifest gives one. An empty one is none.
    pub fn namespace(&self) -> Option<&str> {
        self.metadata.namespace.as_deref().filter(|namespace| !namespace.is_empty())
    }

    /// The name by which messages tell Warehouses apart: `namespace/name`, or the name alone where the manifest gives no namespace.
    pub fn qualified_name(&self) -> String {
        qualified_name(self.namespace(), self.name())
    }
}

/// The name by which messages tell objects of Kubernetes apart: `namespace/name`, or the name alone where there is no namespace. An empty one is none.
pub fn qualified_name(namespace: Option<&str>, name: &str) -> String {
    match namespace.filter(|namespace| !namespace.is_empty()) {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    }
}

/// The document around a [`Warehouse`], with the two fields that say what it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WarehouseDocument {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: WarehouseSpec,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<WarehouseStatus>,
}

impl From<Warehouse> for WarehouseDocument {
    fn from(warehouse: Warehouse) -> Self {
        Self {
            api_version: API_VERSION,
            kind: "Warehouse",
            metadata: warehouse.metadata,
            spec: warehouse.spec,
            status: warehouse.status,
        }
    }
}

/// `spec` of a [`Warehouse`] ([rule 1.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WarehouseSpec {
    /// The shard whose controller is responsible for this Warehouse.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// The time between two discoveries. Defaults to `5m0s`.
    #[cfg_attr(feature = "schema", schemars(default))]
    pub interval: Interval,
    /// Whether Freight is built automatically.
    #[cfg_attr(feature = "schema", schemars(default))]
    pub freight_creation_policy: FreightCreationPolicy,
    /// The criteria that must be met before Freight is built automatically.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freight_creation_criteria: Option<FreightCreationCriteria>,
    /// What is subscribed to; never empty in a parsed Warehouse.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub subscriptions: Vec<Subscription>,
}

impl WarehouseSpec {
    /// These subscriptions, with the defaults of every other field.
    pub fn new(subscriptions: Vec<Subscription>) -> Self {
        Self {
            shard: None,
            interval: Interval::default(),
            freight_creation_policy: FreightCreationPolicy::default(),
            freight_creation_criteria: None,
            subscriptions,
        }
    }
}

/// Whether a Warehouse builds Freight automatically (`freightCreationPolicy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum FreightCreationPolicy {
    /// Freight is built whenever discovery finds something new. The default.
    #[default]
    Automatic,
    /// Freight is built by people only.
    Manual,
}

impl FreightCreationPolicy {
    /// Every value, in the order Kargo documents them.
    pub const ALL: &'static [&'static str] = &["Automatic", "Manual"];

    /// The value as a manifest spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "Automatic",
            Self::Manual => "Manual",
        }
    }
}

impl fmt::Display for FreightCreationPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for FreightCreationPolicy {
    type Err = crate::UnknownValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "Automatic" => Ok(Self::Automatic),
            "Manual" => Ok(Self::Manual),
            _ => Err(crate::UnknownValue::new(text, Self::ALL)),
        }
    }
}

/// `freightCreationCriteria` of a [`WarehouseSpec`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FreightCreationCriteria {
    /// An expression that must be true of the best artifacts ([rule 6.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    pub expression: String,
}

impl FreightCreationCriteria {
    /// Criteria of this expression.
    pub fn new(expression: impl Into<String>) -> Self {
        Self { expression: expression.into() }
    }
}
