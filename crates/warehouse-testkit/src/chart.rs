//! One version of a Helm chart, as an archive that Helm itself accepts.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

use crate::digest::digest_of;

/// The description of a chart version, and the archive made of it.
///
/// Both are reproducible: the same description gives the same bytes.
///
/// ```
/// use warehouse_testkit::Chart;
///
/// let chart = Chart::new("demo", "1.2.3").app_version("2.0").file("values.yaml", "replicas: 1\n");
/// assert_eq!(chart.archive(), Chart::new("demo", "1.2.3").app_version("2.0").file("values.yaml", "replicas: 1\n").archive());
/// ```
#[derive(Clone, Debug)]
pub struct Chart {
    name: String,
    version: String,
    app_version: Option<String>,
    description: String,
    created: Option<String>,
    deprecated: bool,
    files: BTreeMap<String, Vec<u8>>,
}

impl Chart {
    /// A chart with this name and version, taken as they are: `version` need not be a version.
    #[must_use]
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            app_version: None,
            description: "A chart for tests and demos".into(),
            created: None,
            deprecated: false,
            files: BTreeMap::new(),
        }
    }

    /// `appVersion`.
    #[must_use]
    pub fn app_version(mut self, version: impl Into<String>) -> Self {
        self.app_version = Some(version.into());
        self
    }

    /// `description`.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// When it was published, RFC 3339: `created` in an index, an annotation in a registry. It is not part of the archive.
    #[must_use]
    pub fn created(mut self, time: impl Into<String>) -> Self {
        self.created = Some(time.into());
        self
    }

    /// Marks the chart as deprecated.
    #[must_use]
    pub fn deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }

    /// Adds a file next to `Chart.yaml`, e.g. `templates/deployment.yaml`.
    #[must_use]
    pub fn file(mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.into(), content.into());
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// `<name>-<version>.tgz`.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}-{}.tgz", self.name, self.version)
    }

    /// The archive (`.tgz`): `<name>/Chart.yaml` and the files.
    #[must_use]
    pub fn archive(&self) -> Vec<u8> {
        // JSON is YAML, and needs no thought about quoting.
        let mut files =
            vec![(format!("{}/Chart.yaml", self.name), format!("{:#}\n", self.metadata()).into())];
        files.extend(
            self.files.iter().map(|(path, content)| (format!("{}/{path}", self.name), content.clone())),
        );
        // Writing to memory fails only for paths that no tar can hold; such a chart has an empty archive.
        tar(&files).and_then(|archive| gzip(&archive)).unwrap_or_default()
    }

    /// The content of `Chart.yaml`.
    pub(crate) fn metadata(&self) -> Value {
        let mut metadata = json!({
            "apiVersion": "v2",
            "name": self.name,
            "version": self.version,
            "description": self.description,
            "type": "application",
        });
        if let Some(version) = &self.app_version {
            metadata["appVersion"] = json!(version);
        }
        if self.deprecated {
            metadata["deprecated"] = json!(true);
        }
        metadata
    }

    /// Its entry in an index; `archive` are its bytes and `url` is where they are.
    pub(crate) fn index_entry(&self, archive: &[u8], url: &str) -> Value {
        let mut entry = self.metadata();
        let digest = digest_of(archive);
        entry["digest"] = json!(digest.strip_prefix("sha256:").unwrap_or(&digest));
        entry["urls"] = json!([url]);
        entry["created"] = json!(self.created.as_deref().unwrap_or("2024-01-01T00:00:00Z"));
        entry
    }

    pub(crate) fn published_at(&self) -> Option<&str> {
        self.created.as_deref()
    }

    pub(crate) fn summary(&self) -> &str {
        &self.description
    }
}

/// A tar of these files, uncompressed.
pub(crate) fn tar(files: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        builder.append_data(&mut header, path, content.as_slice())?;
    }
    builder.into_inner()
}

/// The same bytes, compressed.
pub(crate) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}
