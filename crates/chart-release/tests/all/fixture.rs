//! Stores and packages for the tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chart_release::Package;
use chart_release::repository::ChartRepository;
use chart_release::store::{Store, StoreLimits};
use jiff::Timestamp;
use tempfile::TempDir;
use warehouse_testkit::{Chart, Conditions, RcloneS3, S3Server, peer};

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

/// A store, with what it is kept in.
pub struct Held {
    pub store: Store,
    pub proxy: Option<S3Server>,
    pub folder: Option<TempDir>,
}

impl Held {
    pub fn repository(&self) -> ChartRepository {
        ChartRepository::new(self.store.clone()).with_clock(noon()).with_seed(1)
    }

    /// The server.
    pub fn server(&self) -> &S3Server {
        self.proxy.as_ref().unwrap()
    }

    /// The folder of a store on this machine.
    pub fn root(&self) -> PathBuf {
        self.folder.as_ref().unwrap().path().to_owned()
    }

    /// The objects of the store.
    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        if let Some(server) = &self.proxy {
            let in_folder = |(name, body): (String, bytes::Bytes)| {
                Some((name.strip_prefix("bucket/charts/")?.to_owned(), body.to_vec()))
            };
            return server.objects().into_iter().filter_map(in_folder).collect();
        }
        objects_in(&self.root())
    }
}

/// The files of a folder.
pub fn objects_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    let files = files.filter(|entry| entry.file_name() != ".chart-release.lock");
    files
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect()
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

pub fn s3_store(conditions: Conditions) -> Held {
    over_s3(S3Server::start(conditions).unwrap())
}

/// The same before rclone.
pub fn rclone_s3_store(conditions: Conditions) -> Option<Held> {
    Some(over_s3(peer::available(S3Server::start_over_rclone(&["bucket"], conditions))?))
}

fn over_s3(proxy: S3Server) -> Held {
    Held { store: open_s3(&proxy.url(), limits()), proxy: Some(proxy), folder: None }
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
