//! Paths of fields, as messages show them.

/// The path of a key within the value of a path: `spec.subscriptions`, or `labels["app.kubernetes.io/name"]`.
pub(crate) fn child(path: &str, key: &str) -> String {
    let is_plain = !key.is_empty()
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    match (path, is_plain) {
        ("", true) => key.to_owned(),
        (path, true) => format!("{path}.{key}"),
        (path, false) => format!("{path}[{key:?}]"),
    }
}
