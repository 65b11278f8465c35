//! The servers of the tutorial.

use std::path::{Path, PathBuf};
use std::{fs, io};

use warehouse_testkit::{Chart, ChartServer, Commit, Error, GitServer, Registry};

/// A registry, a Git server and a chart repository on loopback, with the artifacts of a shop. They stop when it is dropped.
#[derive(Debug)]
pub struct Shop {
    registry: Registry,
    git: String,
    charts: ChartServer,
    _git: GitServer,
}

/// The tags of the image, and the day of March 2026 on which each was built.
const TAGS: [(&str, u8); 6] =
    [("1.0.0", 2), ("1.1.0", 3), ("1.2.0-rc.1", 4), ("1.2.0", 5), ("2.0.0-beta.1", 6), ("nightly", 7)];

impl Shop {
    /// Starts the servers and publishes.
    ///
    /// # Errors
    ///
    /// If nothing can listen on 127.0.0.1, or Git is not installed.
    pub fn open() -> Result<Self, Error> {
        let registry = Registry::start()?;
        let charts = ChartServer::start()?;
        let server = GitServer::start()?;
        let repository = server.create("shop.git")?;
        let mut history = repository.history()?;
        for (subject, path) in
            [("Open the shop", "README.md"), ("Sell apples", "goods/apples"), ("Sell pears", "goods/pears")]
        {
            history.commit("main", Commit::new(subject).file(path, "1\n"));
        }
        history.write()?;
        for version in ["0.1.0", "0.2.0", "0.2.1"] {
            charts.publish(&Chart::new("shop", version));
        }
        let shop = Self { registry, git: repository.url().to_owned(), charts, _git: server };
        for (tag, day) in TAGS {
            shop.push(tag, day);
        }
        Ok(shop)
    }

    /// Publishes the image under this tag, built on a day of March 2026.
    pub fn push(&self, tag: &str, day: u8) {
        let image = self.registry.image("shop/web").tag(tag).platforms(["linux/amd64", "linux/arm64"]);
        // Each tag has its own content.
        let image = image.annotation("org.opencontainers.image.version", tag);
        image.created(format!("2026-03-{day:02}T08:00:00Z")).push();
    }

    /// A Warehouse that subscribes to all three.
    #[must_use]
    pub fn manifest(&self) -> String {
        format!(
            "\
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata:
  name: shop
spec:
  subscriptions:
    - image:
        repoURL: {}/shop/web
        constraint: ^1.0.0
    - git:
        repoURL: {}
        branch: main
    - chart:
        repoURL: {}
        name: shop
",
            self.registry.host(),
            self.git,
            self.charts.url()
        )
    }

    /// A manifest of an earlier run, with the URLs of these servers. What was edited stays.
    fn renewed(&self, manifest: &str) -> String {
        let key = "repoURL: ";
        let renewed = |line: &str| {
            let Some((before, old)) = line.split_once(key) else { return format!("{line}\n") };
            let url = match old.trim() {
                image if image.ends_with("/shop/web") => format!("{}/shop/web", self.registry.host()),
                git if git.ends_with("/shop.git") => self.git.clone(),
                charts if charts.starts_with("http://127.0.0.1:") => self.charts.url(),
                other => other.to_owned(),
            };
            format!("{before}{key}{url}\n")
        };
        manifest.lines().map(renewed).collect()
    }

    /// Writes the [manifest](Self::manifest) to `warehouse.yaml` in a folder, which is made if it is not there. A file of an earlier run gets new URLs, and
    /// what was edited in it stays.
    ///
    /// # Errors
    ///
    /// If the folder or the file cannot be written.
    pub fn write_manifest(&self, folder: &Path) -> io::Result<PathBuf> {
        fs::create_dir_all(folder)?;
        let file = folder.join("warehouse.yaml");
        let manifest = match fs::read_to_string(&file) {
            Ok(earlier) => self.renewed(&earlier),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.manifest(),
            Err(error) => return Err(error),
        };
        fs::write(&file, manifest)?;
        Ok(file)
    }
}
