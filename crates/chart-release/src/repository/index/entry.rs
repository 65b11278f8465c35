//! New entries, as Helm writes them.

use helm_chart::{Package, go_yaml};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use url::Url;

/// An entry that comes into the index.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NewEntry {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The SHA-256 of the archive, in hexadecimal digits.
    pub(crate) digest: String,
    fields: Map<String, Value>,
}

/// The URL of an archive: its name beside the index, or below a base.
fn archive_url(base: Option<&Url>, file: &str) -> String {
    match base {
        None => file.to_owned(),
        Some(base) => {
            let mut url = base.clone();
            if let Ok(mut parts) = url.path_segments_mut() {
                parts.pop_if_empty().push(file);
            }
            url.into()
        }
    }
}

impl NewEntry {
    pub(crate) fn new(package: &Package, base: Option<&Url>, created: Timestamp) -> Self {
        let digest = package.digest().trim_start_matches("sha256:").to_owned();
        let mut fields = match serde_json::to_value(package.metadata()) {
            Ok(Value::Object(fields)) => fields,
            // The fields of a chart are an object.
            _ => Map::new(),
        };
        fields.insert("created".to_owned(), time(created).into());
        fields.insert("digest".to_owned(), digest.clone().into());
        fields.insert("urls".to_owned(), json!([archive_url(base, &package.file_name())]));
        Self { name: package.name().to_owned(), version: package.version().to_owned(), digest, fields }
    }

    /// The fields.
    pub(super) fn value(&self) -> Value {
        Value::Object(self.fields.clone())
    }

    /// The lines of the entry in an index of its own, with the dash in column 2.
    ///
    /// # Errors
    ///
    /// A text that YAML cannot hold.
    pub(super) fn lines(&self) -> Result<String, crate::Error> {
        let text = go_yaml::to_string(&json!({ "e": { "c": [self.fields] } }))?;
        // `e:`, `  c:`, and the entry.
        Ok(text.splitn(3, '\n').nth(2).unwrap_or_default().to_owned())
    }
}

/// A time as Go writes it.
pub(super) fn time(now: Timestamp) -> String {
    now.to_string()
}
