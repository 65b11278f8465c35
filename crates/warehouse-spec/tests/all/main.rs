//! Manifests as they are read, refused, remedied and written again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

mod anchors;
mod corpus;
mod differences;
mod editions;
mod guide;
mod hostile;
mod json_schema;
mod layouts;
mod lint;
mod migrate;
mod refusals;
mod remedies;
mod rivals;
mod round_trip;
#[cfg(feature = "schema")]
mod schema;
mod values;
