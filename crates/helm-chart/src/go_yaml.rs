//! YAML as Go writes it. A stand-in.

use serde::Serialize;

use crate::Error;

/// The YAML of a value.
pub fn to_string(value: &impl Serialize) -> Result<String, Error> {
    let value = serde_json::to_value(value).map_err(|cause| Error::new("not JSON").with_cause(cause))?;
    serde_saphyr::to_string(&value).map_err(|cause| Error::new("not YAML").with_cause(cause))
}
