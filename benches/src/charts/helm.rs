//! Helm in a loop, as scripts have it: for each chart its dependencies, its archive and its push; then the index, once.

use std::path::Path;

use warehouse_testkit::peer::Tool;

use super::place::Place;
use super::{Failure, VERSION};

/// One version of Helm.
#[derive(Debug)]
pub struct Helm(Tool);

impl Helm {
    /// `helm` or `helm3` of the peers.
    ///
    /// # Errors
    ///
    /// If it is not installed.
    pub fn find(program: &str) -> Result<Self, Failure> {
        Ok(Self(Tool::find(program)?))
    }

    /// `v4.0.1`.
    ///
    /// # Errors
    ///
    /// If it does not say it.
    pub fn version(&self) -> Result<String, Failure> {
        Ok(self.0.run(["version", "--template", "{{.Version}}"])?)
    }

    /// A dev release of these charts of this repository. The store is a folder, and `cp` is done in this process.
    ///
    /// # Errors
    ///
    /// If one command fails.
    pub fn release_dev(&self, repository: &Path, charts: &[String], place: &Place) -> Result<(), Failure> {
        let folder = tempfile::tempdir()?;
        let archives = folder.path().join("archives");
        std::fs::create_dir(&archives)?;
        for chart in charts {
            let path = repository.join("charts").join(chart).display().to_string();
            // Without repositories to refresh it sends nothing.
            self.0.run(["dependency", "update", "--skip-refresh", &path])?;
            let destination = archives.display().to_string();
            self.0.run(["package", &path, "--version", VERSION, "--destination", &destination])?;
        }
        for chart in charts {
            let archive = archives.join(format!("{chart}-{VERSION}.tgz")).display().to_string();
            self.0.run(["push", "--plain-http", &archive, &place.registry_url()])?;
        }
        self.index(folder.path(), &archives, place.files())
    }

    /// The index is fetched, merged, and copied with the archives.
    fn index(&self, folder: &Path, archives: &Path, store: &Path) -> Result<(), Failure> {
        // A store without an index leaves no file, with which `--merge` begins an empty one.
        let (old, standing) = (folder.join("old.yaml"), store.join("index.yaml"));
        if standing.is_file() {
            std::fs::copy(standing, &old)?;
        }
        let (from, old) = (archives.display().to_string(), old.display().to_string());
        self.0.run(["repo", "index", &from, "--merge", &old])?;
        for entry in std::fs::read_dir(archives)? {
            let path = entry?.path();
            std::fs::copy(&path, store.join(path.file_name().unwrap_or_default()))?;
        }
        Ok(())
    }
}
