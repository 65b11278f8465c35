//! A chart as an OCI artifact, byte for byte as Helm writes it.

use std::collections::BTreeMap;

use bytes::Bytes;
use helm_chart::Metadata;
use jiff::Timestamp;
use oci_registry::Digest;
use serde::Serialize;

use crate::Package;

/// The media type of the manifest (OCI image specification).
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of the configuration: the metadata of the chart.
pub(super) const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
/// The media type of the layer with the archive.
pub(super) const CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// The same as the first versions of Helm wrote it.
pub(super) const LEGACY_CHART: &str = "application/tar+gzip";
/// The media type of the layer with the provenance.
pub(super) const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";

/// The annotation with the time of the chart.
pub(super) const CREATED: &str = "org.opencontainers.image.created";

/// The blobs of a chart and its manifest.
#[derive(Clone, Debug)]
pub(super) struct Artifact {
    /// What each blob is, and its bytes, in the order in which they are pushed.
    pub(super) blobs: Vec<(&'static str, Bytes)>,
    pub(super) manifest: Bytes,
}

impl Artifact {
    /// The artifact of this package, with this time in its annotations.
    ///
    /// # Errors
    ///
    /// That of the JSON, which has no cause in any chart.
    pub(super) fn of(
        package: &Package,
        provenance: Option<&Bytes>,
        created: Timestamp,
    ) -> Result<Self, serde_json::Error> {
        let metadata = package.metadata();
        let config = Bytes::from(go_json(metadata)?);
        let archive = Bytes::copy_from_slice(package.archive());
        let mut layers = vec![Descriptor::of(CHART, &archive)];
        layers.extend(provenance.map(|bytes| Descriptor::of(PROVENANCE, bytes)));
        // Helm sorts them so that their order does not depend on how they were added.
        layers.sort_by(|one, other| one.digest.cmp(&other.digest));
        let manifest = Manifest {
            schema_version: 2,
            config: Descriptor::of(CONFIG, &config),
            layers,
            annotations: annotations(metadata, created),
        };
        let manifest = Bytes::from(go_json(&manifest)?);
        let mut blobs = vec![("config", config), ("chart", archive)];
        blobs.extend(provenance.map(|bytes| ("provenance", bytes.clone())));
        Ok(Self { blobs, manifest })
    }
}

/// The tag of a version: `+`, which no tag may have, is `_`.
pub(super) fn tag_of(version: &str) -> String {
    version.replace('+', "_")
}

/// A manifest with the fields that Helm writes, in their order. There is no `mediaType`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u8,
    config: Descriptor,
    layers: Vec<Descriptor>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: &'static str,
    digest: Digest,
    size: usize,
}

impl Descriptor {
    fn of(media_type: &'static str, bytes: &[u8]) -> Self {
        Self { media_type, digest: Digest::of(bytes), size: bytes.len() }
    }
}

/// The annotations of the manifest: fields of the chart under the keys of the OCI image specification, then the chart's own
/// annotations, which may replace all of them but title and version.
fn annotations(metadata: &Metadata, created: Timestamp) -> BTreeMap<String, String> {
    const TITLE: &str = "org.opencontainers.image.title";
    const VERSION: &str = "org.opencontainers.image.version";

    let created = created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let source = metadata.sources.first().cloned().unwrap_or_default();
    let fields = [
        ("org.opencontainers.image.description", metadata.description.clone()),
        (TITLE, metadata.name.clone()),
        (VERSION, metadata.version.clone()),
        ("org.opencontainers.image.url", metadata.home.clone()),
        (CREATED, created),
        ("org.opencontainers.image.source", source),
        ("org.opencontainers.image.authors", authors(metadata)),
    ];
    let filled = fields.into_iter().filter(|(_, value)| !value.trim().is_empty());
    let mut annotations: BTreeMap<String, String> =
        filled.map(|(key, value)| (key.to_owned(), value)).collect();
    for (key, value) in &metadata.annotations {
        if key != TITLE && key != VERSION {
            annotations.insert(key.clone(), value.clone());
        }
    }
    annotations
}

/// `Ann (ann@example.com), Bob`.
fn authors(metadata: &Metadata) -> String {
    let author = |maintainer: &helm_chart::Maintainer| match maintainer.email.as_str() {
        "" => maintainer.name.clone(),
        email => format!("{} ({email})", maintainer.name),
    };
    metadata.maintainers.iter().map(author).collect::<Vec<_>>().join(", ")
}

/// JSON as Go's `json.Marshal` writes it: without blanks, and with `<`, `>`, `&` and the two line separators of Unicode as escapes.
fn go_json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let text = serde_json::to_string(value)?;
    if !text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return Ok(text);
    }
    // Outside of strings JSON has none of these.
    let mut escaped = String::with_capacity(text.len() + 32);
    for letter in text.chars() {
        match letter {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => escaped.push(letter),
        }
    }
    Ok(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(yaml: &str) -> Metadata {
        serde_saphyr::from_str(yaml).unwrap()
    }

    #[track_caller]
    fn check(yaml: &str, expected: &str) {
        assert_eq!(go_json(&metadata(yaml)).unwrap(), expected, "{yaml}");
    }

    #[test]
    fn configurations_are_those_of_go() {
        check(
            "{name: web, version: 1.0.0, apiVersion: v2}",
            r#"{"name":"web","version":"1.0.0","apiVersion":"v2"}"#,
        );
        check(
            "{name: web, description: \"<a> & 'b' \\u2028\"}",
            r#"{"name":"web","description":"\u003ca\u003e \u0026 'b' \u2028"}"#,
        );
        check(
            "{name: web, annotations: {b: \"x\\u2029<\", a: \"\\t\\n\"}}",
            r#"{"name":"web","annotations":{"a":"\t\n","b":"x\u2029\u003c"}}"#,
        );
        check(
            "{name: web, type: library, deprecated: true, dependencies: [{name: a, repository: \"\", import-values: [x, {child: c, parent: p}]}]}",
            r#"{"name":"web","deprecated":true,"dependencies":[{"name":"a","repository":"","import-values":["x",{"child":"c","parent":"p"}]}],"type":"library"}"#,
        );
    }

    #[test]
    fn annotations_come_from_the_fields_and_the_annotations_of_the_chart() {
        let time: Timestamp = "2026-11-29T12:00:00.75Z".parse().unwrap();
        let of = |yaml: &str| {
            let all = annotations(&metadata(yaml), time).into_iter();
            all.map(|(key, value)| format!("{}={value}", key.replace("org.opencontainers.image.", "")))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of("{name: web, version: 1.0.0+a, description: ' ', home: h, sources: [s, t], \
                maintainers: [{name: Ann, email: a@x}, {name: Bob}, {email: c@x}]}"),
            [
                "authors=Ann (a@x), Bob,  (c@x)",
                "created=2026-11-29T12:00:00Z",
                "source=s",
                "title=web",
                "url=h",
                "version=1.0.0+a"
            ]
        );
        let own = "org.opencontainers.image.";
        assert_eq!(
            of(&format!(
                "{{name: web, version: 1.0.0, annotations: {{x: '', {own}title: no, {own}version: no, {own}created: then}}}}"
            )),
            ["created=then", "title=web", "version=1.0.0", "x="]
        );
    }

    #[test]
    fn tags() {
        for (version, tag) in
            [("1.0.0", "1.0.0"), ("1.0.0-a.1+b.2", "1.0.0-a.1_b.2"), ("1.0.0+a+b", "1.0.0_a_b")]
        {
            assert_eq!(tag_of(version), tag);
        }
    }
}
