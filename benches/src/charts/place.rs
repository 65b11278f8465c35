//! Where charts are published: a registry of the testkit, and a store that is a folder or `rclone serve s3`.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use warehouse_testkit::{RcloneS3, Registry};

use super::{Failure, VERSION};

/// The bucket in a store that speaks S3.
const BUCKET: &str = "bucket";

/// The kinds of stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// A folder: `file://`.
    Folder,
    /// `rclone serve s3` over a folder: `s3://`.
    RcloneS3,
}

impl StoreKind {
    /// The kind as a table names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Folder => "`file://`",
            Self::RcloneS3 => "`rclone serve s3`",
        }
    }
}

#[derive(Debug)]
enum Store {
    Folder(TempDir),
    RcloneS3(RcloneS3),
}

/// An empty registry and an empty store.
#[derive(Debug)]
pub struct Place {
    /// The registry, which counts requests.
    pub registry: Registry,
    store: Store,
    bucket: PathBuf,
}

impl Place {
    /// Starts both.
    ///
    /// # Errors
    ///
    /// If one does not start, or rclone is not installed.
    pub fn start(kind: StoreKind) -> Result<Self, Failure> {
        let store = match kind {
            StoreKind::Folder => Store::Folder(tempfile::tempdir()?),
            StoreKind::RcloneS3 => Store::RcloneS3(RcloneS3::start(&[BUCKET])?),
        };
        let bucket = match &store {
            Store::Folder(_) => PathBuf::new(),
            Store::RcloneS3(server) => server.root().join(BUCKET),
        };
        Ok(Self { registry: Registry::start()?, store, bucket })
    }

    /// `oci://HOST/charts`.
    pub fn registry_url(&self) -> String {
        format!("oci://{}/charts", self.registry.host())
    }

    /// The store as `--backup` names it.
    pub fn backup(&self) -> String {
        match &self.store {
            Store::Folder(folder) => format!("file://{}", folder.path().display()),
            Store::RcloneS3(_) => format!("s3://{BUCKET}"),
        }
    }

    /// The variables that lead `warehouse` to the store.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let Store::RcloneS3(server) = &self.store else { return Vec::new() };
        // The server asks for no signature.
        let values = [
            ("AWS_ENDPOINT_URL", server.url()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "anyone".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "anyone".to_owned()),
        ];
        values.to_vec()
    }

    /// The folder of the store, or of the bucket.
    pub fn files(&self) -> &Path {
        match &self.store {
            Store::Folder(folder) => folder.path(),
            Store::RcloneS3(_) => &self.bucket,
        }
    }

    /// Checks that these charts stand in the registry, in the store, and in its index.
    ///
    /// # Errors
    ///
    /// If one does not.
    pub fn check(&self, charts: &[String]) -> Result<(), Failure> {
        let files = self.files();
        let index = std::fs::read_to_string(files.join("index.yaml"))?;
        for chart in charts {
            let archive = format!("{chart}-{VERSION}.tgz");
            let is_pushed = self.registry.tags(&format!("charts/{chart}")) == [VERSION];
            let is_listed =
                index.lines().any(|line| line.trim_start_matches([' ', '-']).ends_with(archive.as_str()));
            if !is_pushed || !is_listed || !files.join(&archive).is_file() {
                return Err(format!(
                    "{chart} is not published: pushed {is_pushed}, listed {is_listed}, in {}",
                    files.display()
                )
                .into());
            }
        }
        Ok(())
    }
}
