//! Helm in a loop, as scripts have it: for each chart its dependencies, its archive and its push; then the index, once.

use std::path::Path;
use std::process::Command;

use warehouse_testkit::peer::{Tool, find};

use super::place::Place;
use super::{Failure, VERSION};

/// One version of Helm, and rclone where the store is not a folder.
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

    /// A dev release of these charts of this repository.
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
        self.index(folder.path(), &archives, place)
    }

    /// The index is fetched, merged and copied with the archives.
    fn index(&self, folder: &Path, archives: &Path, place: &Place) -> Result<(), Failure> {
        let old = folder.join("old.yaml");
        let copy = Copy::to(place)?;
        copy.index(&old)?;
        let (archives, old) = (archives.display().to_string(), old.display().to_string());
        self.0.run(["repo", "index", &archives, "--merge", &old])?;
        copy.folder(Path::new(&archives))
    }
}

/// How files come into the store.
enum Copy<'p> {
    /// `cp`, done here.
    Files(std::path::PathBuf),
    Rclone(std::path::PathBuf, &'p Place),
}

impl<'p> Copy<'p> {
    fn to(place: &'p Place) -> Result<Self, Failure> {
        let remote = place.remote();
        Ok(match place.variables().is_empty() {
            true => Self::Files(remote.into()),
            false => Self::Rclone(find("rclone")?, place),
        })
    }

    /// Fetches the index; a store without one leaves no file, with which Helm's `--merge` begins an empty index.
    fn index(&self, to: &Path) -> Result<(), Failure> {
        match self {
            Self::Files(store) => {
                let index = store.join("index.yaml");
                if index.is_file() {
                    std::fs::copy(index, to)?;
                }
                Ok(())
            }
            Self::Rclone(program, place) => {
                let mut command = Command::new(program);
                command.args(["copyto", &format!("{}/index.yaml", place.remote())]).arg(to);
                // As scripts have it: whether it was there is not asked.
                run(command.args(["--retries", "1"]), place).or(Ok(()))
            }
        }
    }

    fn folder(&self, from: &Path) -> Result<(), Failure> {
        match self {
            Self::Files(store) => {
                for entry in std::fs::read_dir(from)? {
                    let path = entry?.path();
                    std::fs::copy(&path, store.join(path.file_name().unwrap_or_default()))?;
                }
                Ok(())
            }
            Self::Rclone(program, place) => {
                run(Command::new(program).arg("copy").arg(from).arg(place.remote()), place)
            }
        }
    }
}

fn run(command: &mut Command, place: &Place) -> Result<(), Failure> {
    let output = command.envs(place.variables()).env("RCLONE_CONFIG", "/dev/null").output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("rclone: {}", String::from_utf8_lossy(&output.stderr)).into())
}
