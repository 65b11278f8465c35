//! A source of one's own: the newest files of a folder, for a generic subscription, and the conformance suite over it.
//!
//! `cargo run -p warehouse-discovery --example own_source`

use std::fmt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use warehouse_discovery::source::conformance::{self, Fixture};
use warehouse_discovery::source::{
    ArtifactSource, ArtifactSourceExt, Candidate, Cost, DiscoverRequest, Discovery, Error, ErrorKind, Found,
    Generic, Rejection, SourceId, SourceKind,
};
use warehouse_discovery::spec::Options;
use warehouse_discovery::{Discoverer, GenericRequest, parse};

type Failure = Box<dyn std::error::Error>;

/// The files of a folder, the greatest name first.
#[derive(Debug)]
struct Folder {
    id: SourceId,
    path: PathBuf,
    limit: usize,
}

impl Folder {
    fn new(path: &Path) -> Self {
        let id = SourceId::new(SourceKind::Other("folder".to_owned()), &path.to_string_lossy());
        Self { id, path: path.to_owned(), limit: 2 }
    }

    /// The factory that the discoverer calls for `folder` subscriptions.
    fn of_subscription(request: &GenericRequest<'_>) -> Result<Self, Error> {
        let config = request.subscription.config.as_ref();
        let path = config.and_then(|config| config.get("path")?.as_str()).ok_or_else(|| {
            Error::new(ErrorKind::InvalidInput, "`config.path` names the folder").with_field("config")
        })?;
        Ok(Self { id: request.id.clone(), path: path.into(), limit: request.limit })
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

#[async_trait]
impl ArtifactSource for Folder {
    type Artifact = Generic;

    fn id(&self) -> &SourceId {
        &self.id
    }

    async fn discover(&self, request: DiscoverRequest<'_>) -> Result<Discovery<Generic>, Error> {
        let mut names = Vec::new();
        let unreadable =
            |cause| Error::new(ErrorKind::Unreachable, "the folder cannot be read").with_cause(cause);
        let mut entries = tokio::fs::read_dir(&self.path).await.map_err(unreadable)?;
        while let Some(entry) = entries.next_entry().await.map_err(unreadable)? {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable_by(|left, right| right.cmp(left));
        let mut artifacts = Vec::new();
        for name in names {
            if artifacts.len() < self.limit {
                request.trace.accepted(&Candidate::new(&name));
                artifacts.push(Generic::new("folder", name));
            } else {
                request.trace.rejected(&Candidate::new(&name), &Rejection::BeyondLimit { limit: self.limit });
            }
        }
        Ok(Discovery::Found(Found::new(artifacts, Cost::ZERO)))
    }
}

/// How the conformance suite sets a folder up and changes it.
struct World {
    folder: tempfile::TempDir,
    published: u32,
}

#[async_trait]
impl Fixture for World {
    type Source = Folder;

    async fn source(&self) -> Folder {
        Folder::new(self.folder.path())
    }

    async fn listed(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    async fn publish(&mut self) {
        // A folder that cannot be written to fails the check that follows.
        self.published += 1;
        let _ = std::fs::write(self.folder.path().join(format!("9.{}.0", self.published)), "");
    }

    async fn clear(&mut self) -> bool {
        self.listed().await.iter().all(|name| std::fs::remove_file(self.folder.path().join(name)).is_ok())
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    for name in ["1.0.0", "1.1.0", "1.2.0"] {
        std::fs::write(folder.path().join(name), "")?;
    }
    let text = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: files}}\n\
         spec: {{subscriptions: [{{name: mine, folder: {{config: {{path: {}}}}}}}]}}\n",
        folder.path().display()
    );
    let manifest = parse("files.yaml", &text, &Options::default());
    let warehouse = manifest.warehouses.first().ok_or_else(|| format!("{:?}", manifest.diagnostics))?;
    let discoverer = Discoverer::builder()
        .generic("folder", |request| Ok(Folder::of_subscription(&request)?.erase()))
        .build()?;
    let report = discoverer.run(warehouse).await;
    println!("{:?}", report.subscriptions[0].artifacts);

    let conformance = conformance::all(&mut World { folder, published: 0 }).await?;
    // One line per check, with the reason for those that need what a folder does not have: a server that counts and fails.
    print!("{conformance}");
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
