//! `index.yaml` as Helm writes it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::chart::Chart;

/// An index of charts that can be written in Helm's own style.
///
/// Charts stand in alphabetical order, versions in the order they were added. Keys are sorted, lists begin at the column of
/// their key, and text that YAML would read as something else is quoted: what `helm repo index` writes.
///
/// ```
/// use warehouse_testkit::{Chart, ChartIndex};
///
/// let mut index = ChartIndex::new();
/// index.add(&Chart::new("demo", "1.10"));
/// assert!(index.render().contains("\n    version: \"1.10\"\n"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ChartIndex {
    entries: BTreeMap<String, Vec<Value>>,
}

impl ChartIndex {
    /// An index without charts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a version under its archive's file name, relative to the index.
    pub fn add(&mut self, chart: &Chart) -> &mut Self {
        self.add_archive(chart, &chart.archive(), &chart.file_name())
    }

    pub(super) fn add_archive(&mut self, chart: &Chart, archive: &[u8], url: &str) -> &mut Self {
        let entry = chart.index_entry(archive, url);
        self.entries.entry(chart.name().to_owned()).or_default().push(entry);
        self
    }

    /// The text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::from("apiVersion: v1\n");
        if self.entries.is_empty() {
            text.push_str("entries: {}\n");
        } else {
            text.push_str("entries:\n");
        }
        for (name, versions) in &self.entries {
            text.push_str(&format!("  {}:\n", scalar(name)));
            for version in versions {
                mapping(&mut text, version);
            }
        }
        text.push_str("generated: \"2024-01-01T00:00:00Z\"\n");
        text
    }
}

/// One entry of a chart's list. Its fields are scalars or lists of scalars.
fn mapping(text: &mut String, entry: &Value) {
    let Value::Object(fields) = entry else { return };
    // Sorted here, because the order of a JSON map depends on a feature of serde_json.
    let fields: BTreeMap<_, _> = fields.iter().collect();
    for (position, (key, value)) in fields.into_iter().enumerate() {
        text.push_str(if position == 0 { "  - " } else { "    " });
        match value {
            Value::Array(items) => {
                text.push_str(&format!("{key}:\n"));
                for item in items {
                    text.push_str(&format!("    - {}\n", scalar(item.as_str().unwrap_or_default())));
                }
            }
            Value::String(value) => text.push_str(&format!("{key}: {}\n", scalar(value))),
            other => text.push_str(&format!("{key}: {other}\n")),
        }
    }
}

/// Text as it is where that is safe, otherwise in double quotes; JSON's escapes are YAML's too.
fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { Value::from(text).to_string() }
}

/// Whether YAML reads the text as this very string.
fn is_plain(text: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"._/+- ,()".contains(&byte);
    let reserved = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let Some(first) = text.bytes().next() else { return false };
    // Two dots make a version of it. Dates and the like (`2024-01-01`) count as numbers here.
    let like_a_number = first.is_ascii_digit()
        && text.bytes().filter(|byte| *byte == b'.').count() < 2
        && (text.bytes().all(|byte| byte.is_ascii_digit() || b"._+-eE".contains(&byte))
            || ["0x", "0o", "0b"].iter().any(|prefix| text.starts_with(prefix)));
    first.is_ascii_alphanumeric()
        && text.bytes().all(harmless)
        && !text.ends_with(' ')
        && !like_a_number
        && !reserved.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::{Chart, ChartIndex, scalar};

    #[test]
    fn text_is_quoted_where_yaml_would_read_something_else() {
        for plain in
            ["demo", "1.2.3", "1.2.3-rc.1+b1", "v1", "A chart, for tests (and demos)", "a/b.tgz", "29a7"]
        {
            assert_eq!(scalar(plain), plain);
        }
        for quoted in [
            "",
            "1.10",
            "1",
            "1e3",
            "true",
            "No",
            "null",
            "~",
            "a: b",
            "a #b",
            "- a",
            " a",
            "a ",
            "é",
            "0x10",
            "2024-01-01",
        ] {
            assert!(scalar(quoted).starts_with('"'), "{quoted}");
        }
    }

    #[test]
    fn it_looks_like_helm_wrote_it() {
        let mut index = ChartIndex::new();
        index.add(&Chart::new("demo", "1.2.3").app_version("2.0").created("2024-05-01T00:00:00Z"));
        let text = index.render();
        let start = "apiVersion: v1\nentries:\n  demo:\n  - apiVersion: v2\n    appVersion: \"2.0\"\n    \
                     created: \"2024-05-01T00:00:00Z\"\n    description: A chart for tests and demos\n    digest: ";
        assert!(text.starts_with(start), "{text}");
        let end = "    name: demo\n    type: application\n    urls:\n    - demo-1.2.3.tgz\n    version: 1.2.3\n\
                   generated: \"2024-01-01T00:00:00Z\"\n";
        assert!(text.ends_with(end), "{text}");
    }
}
