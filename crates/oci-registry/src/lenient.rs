//! Reading JSON of which only the interesting parts have to be right.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Reads an object. An array, which serde takes for a struct as well, is none.
///
/// # Errors
///
/// What is wrong with the JSON, and where. What is wrong with its shape is not told by serde in words for people, so that the cause is
/// empty then.
pub(crate) fn object<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Option<serde_json::Error>> {
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|first| matches!(first, b'[')) {
        return Err(None);
    }
    serde_json::from_slice(bytes)
        .map_err(|cause| Some(cause).filter(|cause| cause.is_syntax() || cause.is_eof()))
}

/// Whether this is JSON that ends too early.
pub(crate) fn is_cut(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_err_and(|cause| cause.is_eof())
}

/// `null` as if it were not there.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A text; whatever else stands there counts as none.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(text),
        _ => Ok(String::new()),
    }
}

/// Whether the field is there at all, be it `null`.
pub(crate) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// The strings of a map; whatever else is in it does not count.
pub(crate) fn strings<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let map = Option::<BTreeMap<String, Value>>::deserialize(deserializer)?.unwrap_or_default();
    let text = |(key, value)| match value {
        Value::String(text) => Some((key, text)),
        _ => None,
    };
    Ok(map.into_iter().filter_map(text).collect())
}

/// The elements of a list that read as they should; those that do not count as absent.
pub(crate) fn readable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let list = Option::<Vec<Value>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(list.into_iter().filter_map(|element| T::deserialize(element).ok()).collect())
}
