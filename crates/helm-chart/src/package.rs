//! A packaged chart.

use sha2::{Digest as _, Sha256};

use crate::chart::{CHART_YAML, SCHEMA, VALUES};
use crate::{Chart, Error, Metadata, archive, go_yaml};

/// A chart as the archive (`.tgz`) that repositories and registries hold.
///
/// [`Chart::package`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    metadata: Metadata,
    archive: Vec<u8>,
    digest: String,
}

impl Package {
    /// The package in these bytes, which stay as they are.
    ///
    /// # Errors
    ///
    /// As [`Chart::from_archive`].
    pub fn from_archive(archive: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let archive = archive.into();
        let chart = Chart::from_archive(&archive)?;
        Ok(Self::of(chart.metadata().clone(), archive))
    }

    fn of(metadata: Metadata, archive: Vec<u8>) -> Self {
        Self { metadata, digest: digest_of(&archive), archive }
    }

    /// The chart inside.
    ///
    /// # Errors
    ///
    /// None for a package that this crate made; as [`Chart::from_archive`].
    pub fn chart(&self) -> Result<Chart, Error> {
        Chart::from_archive(&self.archive)
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

impl Chart {
    /// Packages the chart: the files and the content that `helm package` writes, in an archive that depends on nothing else. All files have
    /// the time 0 of Unix and the mode 0644; charts in `charts/` are unpacked, in the order of their names.
    ///
    /// # Errors
    ///
    /// If a dependency is not in `charts/`.
    pub fn package(&self) -> Result<Package, Error> {
        let missing: Vec<&str> = self.missing().map(|dependency| dependency.name.as_str()).collect();
        if !missing.is_empty() {
            return Err(Error::new(format!(
                "charts/ lacks dependencies of Chart.yaml: {}",
                missing.join(", ")
            ))
            .at(CHART_YAML)
            .with_hint("build the dependencies first, as `helm dependency build` does"));
        }
        let mut writer = archive::Writer::new();
        self.write("", &mut writer)?;
        Ok(Package::of(self.metadata().clone(), writer.finish()?))
    }

    fn write(&self, parent: &str, to: &mut archive::Writer) -> Result<(), Error> {
        let base = format!("{parent}{}", self.name());
        let is_v1 = self.metadata().api_version == "v1";
        let mut metadata = self.metadata().clone();
        if is_v1 {
            // They are in requirements.yaml.
            metadata.dependencies.clear();
        }
        let yaml = go_yaml::to_string(&metadata).map_err(|error| error.at(CHART_YAML))?;
        to.add(&format!("{base}/{CHART_YAML}"), yaml.as_bytes())?;
        if let (Some(lock), false) = (self.lock(), is_v1) {
            to.add(&format!("{base}/Chart.lock"), lock.to_yaml()?.as_bytes())?;
        }
        for (path, bytes) in [(VALUES, self.values()), (SCHEMA, self.schema())] {
            if let Some(bytes) = bytes {
                to.add(&format!("{base}/{path}"), bytes)?;
            }
        }
        let (templates, others): (Vec<_>, Vec<_>) =
            self.files().iter().partition(|file| file.path.starts_with("templates/"));
        for file in templates.into_iter().chain(others) {
            to.add(&format!("{base}/{}", file.path), &file.bytes)?;
        }
        let parent = format!("{base}/charts/");
        self.charts().iter().try_for_each(|chart| chart.write(&parent, to))
    }
}

fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(bytes))
}
