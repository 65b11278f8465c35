//! An index of the size of the largest public ones, the same on every run.

use serde_json::{Value, json};

/// The charts of the index.
pub const CHARTS: usize = 300;
/// The versions of each.
pub const VERSIONS: usize = 104;

/// The text of an entry of an index, about 980 bytes in YAML.
fn entry(chart: usize, version: usize) -> Value {
    let (major, minor, patch) = (version / 50, version / 5 % 10, version % 5);
    let name = format!("chart-{chart}");
    let mut digest = u64::try_from(chart * 1_000 + version).unwrap_or_default();
    let digest: String = (0..4)
        .map(|_| {
            digest = digest.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            format!("{digest:016x}")
        })
        .collect();
    json!({
        "annotations": {"category": "Infrastructure", "licenses": "Apache-2.0"},
        "apiVersion": "v2",
        "appVersion": format!("{major}.{minor}"),
        "created": format!("2024-{:02}-{:02}T09:15:42.123456789Z", 1 + version % 12, 1 + chart % 28),
        "dependencies": [
            {"condition": "database.enabled", "name": "database", "repository": "https://charts.example.com/stable", "version": "12.x.x"},
            {"name": "common", "repository": "oci://registry.example.com/charts", "tags": ["shared-common"], "version": "2.x.x"},
        ],
        "description": format!("Chart {chart} deploys a service with \"replicas\": it is scaled, backed up & observed # as one would expect of it."),
        "digest": digest,
        "home": format!("https://example.com/charts/{name}"),
        "icon": format!("https://example.com/assets/{name}/img/{name}-stack-220x234.png"),
        "keywords": ["database", "service", name, "stateful"],
        "maintainers": [{"email": "charts@example.com", "name": "Example", "url": "https://example.com"}],
        "name": name,
        "sources": [format!("https://github.com/example/containers/tree/main/{name}")],
        "urls": [format!("https://charts.example.com/stable/{name}-{major}.{minor}.{patch}.tgz")],
        "version": format!("{major}.{minor}.{patch}"),
    })
}

/// The index as `helm repo index` writes it.
pub fn yaml() -> String {
    let mut text = "apiVersion: v1\nentries:\n".to_owned();
    for chart in 0..CHARTS {
        text.push_str(&format!("  chart-{chart}:\n"));
        for version in 0..VERSIONS {
            write(&mut text, &entry(chart, version), 2, true);
        }
    }
    text.push_str("generated: \"2026-11-21T00:00:00Z\"\n");
    text
}

/// The index as `helm repo index --json` writes it, in one line.
pub fn json() -> String {
    let charts = (0..CHARTS).map(|chart| {
        let entries: Vec<_> = (0..VERSIONS).map(|version| entry(chart, version)).collect();
        (format!("chart-{chart}"), Value::Array(entries))
    });
    let entries: serde_json::Map<_, _> = charts.collect();
    json!({"apiVersion": "v1", "entries": entries, "generated": "2026-11-21T00:00:00Z"}).to_string()
}

/// Writes a mapping in block style; keys are sorted, and lists stand in the column of their key.
fn write(text: &mut String, value: &Value, column: usize, is_item: bool) {
    let Value::Object(fields) = value else { return };
    let fields: std::collections::BTreeMap<_, _> = fields.iter().collect();
    for (number, (key, value)) in fields.into_iter().enumerate() {
        let start = if number == 0 && is_item { "- " } else { "  " };
        text.push_str(&format!("{:column$}{}{key}:", "", if is_item { start } else { "" }));
        let inner = column + if is_item { 2 } else { 0 };
        match value {
            Value::Array(items) => {
                text.push('\n');
                for item in items {
                    match item {
                        Value::Object(_) => write(text, item, inner, true),
                        item => text.push_str(&format!("{:inner$}- {}\n", "", scalar(item))),
                    }
                }
            }
            Value::Object(_) => {
                text.push('\n');
                write(text, value, inner + 2, false);
            }
            value => text.push_str(&format!(" {}\n", scalar(value))),
        }
    }
}

fn scalar(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let is_plain = !text.contains(['"', '#'])
        && !text.contains(": ")
        && text.contains(|letter: char| letter.is_ascii_lowercase())
        || text.matches('.').count() > 1;
    if is_plain { text.to_owned() } else { value.to_string() }
}
