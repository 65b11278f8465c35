//! Secrets out of manifests.

use std::sync::Arc;

use artifact_source::{Error, ErrorKind};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use serde_saphyr::{Options, budget, options};

use super::secret::{KargoSecret, key};

const LABEL: &str = "kargo.akuity.io/cred-type";
/// The label of before Kargo 0.5, which went with other keys.
const OLD_LABEL: &str = "kargo.akuity.io/secret-type";
/// The largest text that is read, in bytes.
const MAX_BYTES: usize = 16 << 20;
/// How deep lists may lie in lists.
const MAX_LISTS: usize = 4;

fn limits() -> Options {
    options! {
        budget: budget! { max_depth: 64, max_anchors: 1_000, max_nodes: 1_000_000, max_events: 4_000_000, max_total_scalar_bytes: MAX_BYTES },
        with_snippet: false,
    }
}

impl KargoSecret {
    /// The Secrets of a file of manifests: YAML of several documents, or JSON, with lists of either. Everything else in it
    /// is passed over, and so are Secrets that have neither a label nor a key of Kargo's.
    ///
    /// `file` is what messages call it. Values of `stringData` count before those of `data`, as in a
    /// cluster. A value that cannot be read is no error here: see [`KargoSecrets::problems`](crate::KargoSecrets::problems).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for what is no YAML, with the line; [`ErrorKind::TooLarge`] beyond 16 MiB.
    pub fn from_yaml(text: &str, file: &str) -> Result<Vec<Self>, Error> {
        let mut secrets = Vec::new();
        let name = Arc::from(file);
        documents(text, file, &mut |document| secrets.extend(read(document, &name)))?;
        Ok(secrets)
    }
}

/// Hands over every Secret of a file of manifests, whatever it is for.
///
/// # Errors
///
/// As [`KargoSecret::from_yaml`].
pub(crate) fn documents(text: &str, file: &str, take: &mut dyn FnMut(&Value)) -> Result<(), Error> {
    if text.len() > MAX_BYTES {
        return Err(Error::new(ErrorKind::TooLarge, format!("{file} is larger than {MAX_BYTES} bytes")));
    }
    let documents: Vec<Value> =
        serde_saphyr::from_multiple_with_options(text, limits()).map_err(|error| {
            // The words of the parser may quote what they are about, so only the place is told.
            let place = error.location().map(|at| format!(" (line {}, column {})", at.line(), at.column()));
            let place = place.unwrap_or_default();
            Error::new(ErrorKind::InvalidInput, format!("{file} is no YAML{place}"))
        })?;
    documents.iter().for_each(|document| collect(document, MAX_LISTS, take));
    Ok(())
}

fn collect(document: &Value, lists: usize, take: &mut dyn FnMut(&Value)) {
    match document.get("kind").and_then(Value::as_str) {
        Some("Secret") => take(document),
        Some("List" | "SecretList") if lists > 0 => {
            let items = document.get("items").and_then(Value::as_array);
            for item in items.into_iter().flatten() {
                collect(item, lists - 1, take);
            }
        }
        // The items of a SecretList need not say what they are.
        None if lists < MAX_LISTS && document.get("data").is_some() => take(document),
        _ => {}
    }
}

/// Namespace and name of a document; empty where it has none.
pub(crate) fn name_of(document: &Value) -> (String, String) {
    let metadata = document.get("metadata");
    let text = |field: &str| {
        metadata
            .and_then(|metadata| metadata.get(field))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    (text("namespace"), text("name"))
}

/// A Secret, if it has anything to do with Kargo.
fn read(document: &Value, file: &Arc<str>) -> Option<KargoSecret> {
    let text = |from: Option<&Value>, field: &str| {
        from.and_then(|object| object.get(field)).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let labels = document.get("metadata").and_then(|metadata| metadata.get("labels"));
    let cred_type = text(labels, LABEL);
    let (namespace, name) = name_of(document);
    let mut secret = KargoSecret::new(namespace, name, cred_type);
    secret.file = Some(Arc::clone(file));
    for (key, value) in fields(document, "data") {
        secret = match decode(value) {
            Ok(bytes) => secret.with(key, bytes),
            Err(what) => secret.with_broken(key, what),
        };
    }
    for (key, value) in fields(document, "stringData") {
        secret = match value {
            Value::String(text) => secret.with(key, text.as_bytes()),
            Value::Null => secret.with(key, ""),
            _ => secret.with_broken(key, "is no text; put it in quotation marks"),
        };
    }
    if secret.cred_type.is_empty() {
        secret = modernize(secret, &text(labels, OLD_LABEL));
    }
    (!secret.cred_type.is_empty() || secret.has(key::REPO_URL)).then_some(secret)
}

/// What Kargo 0.5 made of the Secrets of before.
fn modernize(mut secret: KargoSecret, old_label: &str) -> KargoSecret {
    let is_prefix = match old_label {
        "repository" => false,
        "repo-creds" => true,
        _ => return secret,
    };
    secret.is_old = true;
    secret.cred_type = secret.value("type").ok().flatten().unwrap_or_default().to_owned();
    match secret.value("url").map(|url| url.map(str::to_owned)) {
        Ok(Some(url)) if is_prefix => {
            let pattern = format!("^{}(/.*)?$", escape(url.trim_end_matches('/')));
            secret.with(key::REPO_URL, pattern).with(key::IS_REGEX, "true")
        }
        Ok(Some(url)) => secret.with(key::REPO_URL, url),
        Ok(None) => secret,
        Err(what) => secret.with_broken(key::REPO_URL, what),
    }
}

/// The text as a regular expression that matches it.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if r"\.+*?()|[]{}^$".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

fn fields<'a>(document: &'a Value, field: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    document.get(field).and_then(Value::as_object).map(Map::iter).into_iter().flatten()
}

/// A value of `data`: base64 with padding, in which line breaks count for nothing.
pub(crate) fn decode(value: &Value) -> Result<Vec<u8>, &'static str> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => {
            let text: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
            STANDARD.decode(text).map_err(|_| "is no base64; what is not encoded belongs in `stringData`")
        }
        _ => Err("is no text in base64"),
    }
}
