//! Fields without the blank after their colon, which YAML reads as one text: `repoURL:ghcr.io/example/app`.

use std::sync::Arc;

use diagnostics::Severity;

use crate::diagnostic::{Code, Diagnostic, Help, explained, location};
use crate::yaml::{Mark, Node, Scalar, Value, child};

/// The name of the field in a text that is a field and its value with no blank between them.
pub(crate) fn field_in(text: &str) -> Option<&str> {
    let (name, value) = text.split_once(':')?;
    let is_glued = !value.is_empty() && !value.starts_with([' ', '/', ':']) && !value.contains(": ");
    (is_glued && is_field(name)).then_some(name)
}

/// Whether a text is the name of a field of a manifest.
fn is_field(text: &str) -> bool {
    use crate::edition::{FREIGHT, SPEC, fields_of};

    let of_types = ["image", "git", "chart"].into_iter().filter_map(fields_of);
    of_types.chain([SPEC, FREIGHT]).flatten().any(|field| field.name == text)
}

/// Whether a text is a key of a manifest.
pub(crate) fn is_key(text: &str) -> bool {
    is_field(text) || ABOVE_FIELDS.contains(&text)
}

/// The diagnostic for such a text, which has this mark.
pub(crate) fn diagnostic(
    source: &Arc<str>,
    (mark, path): (Mark, &str),
    text: &str,
    name: &str,
) -> Diagnostic {
    let message = format!("`{name}:` has no blank after it, so that it is read as a part of a text");
    let value = text.get(name.len() + 1..).unwrap_or_default();
    let words = match repository_url::redact(value) == value && !repository_url::names_secret(name) {
        true => format!("write a blank after the colon: `{name}: {value}`"),
        false => "write a blank after the colon".to_owned(),
    };
    let help = Help::rewriting(words, mark.start..mark.start + name.len() + 1, format!("{name}: "));
    explained(Diagnostic::new(Severity::Error, Code::Unquoted, location(source, mark), path, message), help)
}

/// The keys under which there are fields.
const ABOVE_FIELDS: &[&str] =
    &["image", "git", "chart", "helm", "spec", "subscriptions", "freightCreationCriteria"];

/// The first such text in a Warehouse.
pub(crate) fn first(source: &Arc<str>, written: &str, nodes: &[Node]) -> Option<Diagnostic> {
    let is_warehouse = |node: &&Node| node.get("kind").and_then(Node::text) == Some("Warehouse");
    nodes.iter().filter(is_warehouse).filter_map(|node| node.get("spec")).find_map(|spec| {
        let (mark, path, text) = within(written, spec, "spec", true)?;
        // A text of several lines is shown by its first one.
        let line = written.get(mark.start..)?.lines().next()?.trim_end();
        let text = if text.len() > line.len() { line } else { text };
        Some(diagnostic(source, (mark, &path), text, field_in(text)?))
    })
}

/// The text in this value, with its place and its path. The depth of a tree is bounded.
fn within<'t>(
    written: &'t str,
    node: &'t Node,
    path: &str,
    has_fields: bool,
) -> Option<(Mark, String, &'t str)> {
    // Within quotation marks, it is what it says.
    let found = |node: &'t Node| {
        let text = node.text()?;
        let start = text.split(' ').next()?;
        let is_plain = written.get(node.mark.start..)?.starts_with(start);
        (is_plain && field_in(text).is_some()).then(|| (node.mark, path.to_owned(), text))
    };
    match &node.value {
        Value::Scalar(Scalar { plain: true, .. }) if has_fields => found(node),
        Value::List(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| within(written, item, &format!("{path}[{index}]"), has_fields)),
        Value::Mapping(entries) => entries.iter().find_map(|(key, value)| {
            let name = key.text().unwrap_or("?");
            match value.is_null() && value.text().unwrap_or_default().is_empty() {
                true => found(key),
                false => within(written, value, &child(path, name), ABOVE_FIELDS.contains(&name)),
            }
        }),
        _ => None,
    }
}
