//! Lenient reading of JSON: only the fields that are used have to have the right type.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// JSON without the byte order mark of UTF-8, which some servers write before it.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Reads an object. An array is an error, although serde reads a struct from one.
///
/// # Errors
///
/// The error of the JSON syntax, with its position; `None` for JSON of another shape, whose error serde words for programmers.
pub(crate) fn object<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Option<serde_json::Error>> {
    let bytes = without_mark(bytes);
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|first| matches!(first, b'[')) {
        return Err(None);
    }
    serde_json::from_slice(bytes)
        .map_err(|cause| Some(cause).filter(|cause| cause.is_syntax() || cause.is_eof()))
}

/// Whether this is JSON that ends too early; nothing at all is.
pub(crate) fn is_truncated(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(without_mark(bytes)).is_err_and(|cause| cause.is_eof())
}

/// Reads `null` as the default.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads a string; other values are read as the empty string.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(text),
        _ => Ok(String::new()),
    }
}

/// Whether the field is present, even as `null`.
pub(crate) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// Reads the strings of a map and skips other values.
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

/// Reads the elements of a list and skips those of another shape.
pub(crate) fn readable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let list = Option::<Vec<Value>>::deserialize(deserializer)?.unwrap_or_default();
    // serde reads a struct from an array, too.
    let objects = list.into_iter().filter(Value::is_object);
    Ok(objects.filter_map(|element| T::deserialize(element).ok()).collect())
}

/// Reads an object, or `null` as none. serde alone reads a struct from an array, too.
pub(crate) fn optional_object<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        value @ Value::Object(_) => T::deserialize(value).map(Some).map_err(serde::de::Error::custom),
        _ => Err(serde::de::Error::custom("not an object")),
    }
}
