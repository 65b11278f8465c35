//! Stores and packages for the tests.

use std::path::Path;
use std::time::Duration;

use chart_release::Package;
use chart_release::repository::ChartRepository;
use chart_release::store::{Store, StoreLimits};
use jiff::Timestamp;
use tempfile::TempDir;
use warehouse_testkit::{Chart, Conditions, RcloneS3, S3Proxy, peer};

/// The time of every test.
pub fn noon() -> Timestamp {
    "2026-11-29T12:00:00Z".parse().unwrap()
}

/// A chart as a package.
pub fn package(name: &str, version: &str) -> Package {
    Package::from_archive(Chart::new(name, version).archive()).unwrap()
}

/// The same version with other content.
pub fn other_package(name: &str, version: &str, content: &str) -> Package {
    Package::from_archive(Chart::new(name, version).file("NOTES", content).archive()).unwrap()
}

/// Short waits, since the servers are on this machine.
pub fn limits() -> StoreLimits {
    let mut limits = StoreLimits::default();
    limits.longest_backoff = Duration::from_millis(20);
    limits
}

/// A store, with what it stands on.
pub struct Held {
    pub store: Store,
    pub proxy: Option<S3Proxy>,
    pub folder: Option<TempDir>,
}

impl Held {
    pub fn repository(&self) -> ChartRepository {
        ChartRepository::new(self.store.clone()).with_clock(noon()).with_seed(1)
    }

    /// The folder with the objects.
    pub fn root(&self) -> std::path::PathBuf {
        match (&self.folder, &self.proxy) {
            (Some(folder), _) => folder.path().to_owned(),
            (None, Some(proxy)) => proxy.server().root().join("bucket/charts"),
            (None, None) => unreachable!(),
        }
    }
}

pub fn file_store() -> Held {
    let folder = tempfile::tempdir().unwrap();
    let store = open_file(folder.path(), limits());
    Held { store, proxy: None, folder: Some(folder) }
}

pub fn open_file(folder: &Path, limits: StoreLimits) -> Store {
    Store::builder(&format!("file://{}", folder.display())).limits(limits).open().unwrap()
}

/// The variables that lead to a server.
pub fn variables(url: &str) -> Vec<(String, String)> {
    [
        ("AWS_ACCESS_KEY_ID", "the-key-id"),
        ("AWS_SECRET_ACCESS_KEY", "the-SECRET-key"),
        ("AWS_SESSION_TOKEN", "the-SECRET-token"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", url),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

pub fn open_s3(url: &str, limits: StoreLimits) -> Store {
    Store::builder("s3://bucket/charts").environment(variables(url)).limits(limits).open().unwrap()
}

pub fn s3_store(conditions: Conditions) -> Option<Held> {
    let proxy = peer::available(S3Proxy::start(&["bucket"], conditions))?;
    Some(Held { store: open_s3(&proxy.url(), limits()), proxy: Some(proxy), folder: None })
}

pub fn rclone_store() -> Option<Held> {
    let program = peer::available(RcloneS3::program())?;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("rclone.conf");
    let charts = folder.path().join("charts");
    std::fs::create_dir(&charts).unwrap();
    std::fs::write(&config, format!("[backup]\ntype = alias\nremote = {}\n", folder.path().display()))
        .unwrap();
    let store = Store::builder("rclone:backup:charts")
        .rclone_program(program)
        .environment([("RCLONE_CONFIG", config.display().to_string())])
        .limits(limits())
        .open()
        .unwrap();
    Some(Held { store, proxy: None, folder: Some(folder) })
}

pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}
