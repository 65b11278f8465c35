//! The servers of the demo and what is published on them.

use warehouse_testkit::{Chart, ChartServer, Commit, Error, GitRepository, GitServer, Pushed, Registry};

const PLATFORMS: [&str; 4] = ["linux/amd64", "linux/arm64/v8", "linux/arm/v7", "windows/amd64"];

/// Three real servers on loopback with something on each.
#[derive(Debug)]
pub(super) struct World {
    registry: Registry,
    git: GitServer,
    repository: GitRepository,
    charts: ChartServer,
}

impl World {
    /// Starts the servers and publishes: an image for four platforms in several versions, a repository with branches, tags
    /// and merges, a chart in a chart repository and another in the registry.
    pub(super) fn start() -> Result<Self, Error> {
        let registry = Registry::start()?;
        let git = GitServer::start()?;
        let charts = ChartServer::start()?;
        let repository = git.create("shop")?;
        let world = Self { registry, git, repository, charts };
        for (day, version) in
            ["0.9.0", "1.0.0", "1.1.0", "1.2.0-rc.1", "1.2.0", "2.0.0-beta.1"].iter().enumerate()
        {
            world.push_image(version, &format!("2026-03-{:02}T08:00:00Z", day + 1));
        }
        world.push_image("nightly", "2026-03-20T02:00:00Z");
        world.write_history()?;
        for version in ["0.1.0", "0.2.0", "0.2.1"] {
            world.charts.publish(&Chart::new("shop", version));
        }
        world.charts.publish(&Chart::new("unrelated", "7.0.0"));
        for version in ["4.0.0", "4.1.0+build.7"] {
            world.registry.push_chart("charts", &Chart::new("cache", version));
        }
        Ok(world)
    }

    /// Publishes one version of the image.
    pub(super) fn push_image(&self, tag: &str, created: &str) -> Pushed {
        self.registry
            .image("shop/web")
            .tag(tag)
            .platforms(PLATFORMS)
            .annotation("org.opencontainers.image.version", tag)
            .created(created)
            .push()
    }

    fn write_history(&self) -> Result<(), Error> {
        let mut history = self.repository.history()?;
        let first = history.commit("main", Commit::new("Open the shop").file("README.md", "# Shop\n"));
        history.annotated_tag("v1.0.0", first, "The first release");
        history.commit("main", Commit::new("Sell apples").file("goods/apples", "3\n"));
        history.branch("pears", first);
        let pears = history.commit("pears", Commit::new("Sell pears").file("goods/pears", "5\n"));
        let merged =
            history.merge("main", pears, Commit::new("Merge branch 'pears'").file("goods/pears", "5\n"));
        history.tag("v1.1.0", merged);
        history.commit("main", Commit::new("Count the apples again").file("goods/apples", "2\n"));
        history.write().map(drop)
    }

    /// What is running, for people.
    pub(super) fn servers(&self) -> [(&'static str, String, &'static str); 3] {
        [
            (
                "registry",
                self.registry.url(),
                "image shop/web: 7 tags, 4 platforms each; chart charts/cache: 2 versions",
            ),
            ("git http-backend", self.git.url(), "shop: 2 branches, 2 tags, a merge"),
            ("chart repository", self.charts.url(), "shop: 3 versions; unrelated: 1"),
        ]
    }

    /// The manifest that subscribes to all of it.
    pub(super) fn manifest(&self) -> String {
        let Self { registry, repository, charts, .. } = self;
        let (host, git, charts) = (registry.host(), repository.url(), charts.url());
        format!(
            "\
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata:
  name: shop
  namespace: demo
spec:
  subscriptions:
    - image:
        repoURL: {host}/shop/web
        constraint: ^1.0.0
        platform: linux/arm64
        discoveryLimit: 3
    - git:
        repoURL: {git}
        branch: main
        discoveryLimit: 3
    - chart:
        repoURL: {charts}
        name: shop
        semverConstraint: 0.x
    - chart:
        repoURL: oci://{host}/charts/cache
"
        )
    }
}
