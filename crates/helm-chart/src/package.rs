//! A packaged chart.

use std::io::Read as _;

use sha2::{Digest as _, Sha256};

use crate::{Error, Metadata};

/// The largest archive that is read, as Helm's own limit of decompressed charts: 100 MiB.
const MAX_BYTES: u64 = 100 << 20;

/// A chart as the archive (`.tgz`) that repositories and registries hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    metadata: Metadata,
    archive: Vec<u8>,
    digest: String,
}

impl Package {
    /// The package in these bytes.
    ///
    /// # Errors
    ///
    /// If the bytes are not a gzip archive, or the archive has no `NAME/Chart.yaml` with a name and a version.
    pub fn from_archive(archive: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let archive = archive.into();
        let metadata = read_metadata(&archive)?;
        Ok(Self { digest: digest_of(&archive), metadata, archive })
    }

    /// The name of the chart.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The version of the chart.
    pub fn version(&self) -> &str {
        &self.metadata.version
    }

    /// The fields of the `Chart.yaml` inside.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The archive.
    pub fn archive(&self) -> &[u8] {
        &self.archive
    }

    /// The digest of the archive, as `sha256:` and 64 hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// `NAME-VERSION.tgz`.
    pub fn file_name(&self) -> String {
        format!("{}-{}.tgz", self.name(), self.version())
    }
}

fn digest_of(bytes: &[u8]) -> String {
    let mut digest = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        digest.push_str(&format!("{byte:02x}"));
    }
    digest
}

fn read_metadata(archive: &[u8]) -> Result<Metadata, Error> {
    let broken = |error: std::io::Error| Error::new("not a gzip archive of a chart").with_cause(error);
    let decoder = flate2::read::GzDecoder::new(archive).take(MAX_BYTES);
    let mut entries = tar::Archive::new(decoder);
    for entry in entries.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?.into_owned();
        if path.components().count() == 2 && path.ends_with("Chart.yaml") {
            let mut text = String::new();
            entry.read_to_string(&mut text).map_err(broken)?;
            let metadata: Metadata = serde_saphyr::from_str(&text)
                .map_err(|error| Error::new("not the fields of a chart").at(&path).with_cause(error))?;
            if metadata.name.is_empty() || metadata.version.is_empty() {
                return Err(Error::new("the chart has no name or no version").at(&path));
            }
            return Ok(metadata);
        }
    }
    Err(Error::new("the archive has no Chart.yaml"))
}
