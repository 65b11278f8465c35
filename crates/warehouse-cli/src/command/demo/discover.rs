//! The demo of discovery: servers, a Warehouse, its Freight, a newer image, its Freight.

use std::io;
use std::io::Write;

use artifact_http::EgressPolicy;
use artifact_source::{AnyArtifact, Artifact, Cost};
use warehouse_discovery::{Discoverer, Report};
use warehouse_spec::{Freight, Warehouse};
use warehouse_testkit::{Chart, ChartServer, Commit, GitRepository, GitServer, Pushed, Registry};

use super::stage::{DemoError, built, complete};
use crate::arguments::Format;
use crate::output;
use crate::output::Table;

pub(super) async fn show(servers: &Servers, warehouse: &Warehouse, manifest: &str) -> Result<(), DemoError> {
    output::print(|out| {
        writeln!(out, "Three servers run on loopback, and this is published on them:\n")?;
        let mut table = Table::new(&["SERVER", "URL", "PUBLISHED"]);
        for (server, url, published) in servers.list() {
            table.row([server.to_owned(), url, published.to_owned()]);
        }
        table.write(out)?;
        writeln!(out, "\nA Warehouse subscribes to all three:\n")?;
        manifest.lines().try_for_each(|line| writeln!(out, "    {line}"))
    })?;

    // The servers are on loopback.
    let discoverer = Discoverer::builder().egress(EgressPolicy::workstation()).build()?;
    let first = complete(discoverer.run(warehouse).await)?;
    let freight = built(&first, warehouse)?;
    output::print(|out| {
        writeln!(out, "\nThe newest artifacts that fit:\n")?;
        output::found(&first, out)?;
        writeln!(out, "\nThe best of each make Freight:\n")?;
        output::freight(std::slice::from_ref(&freight), &[], Format::Table, out)
    })?;

    let pushed = servers.push_image("1.3.0", "2026-03-21T08:00:00Z");
    output::print(|out| {
        writeln!(
            out,
            "\nshop/web:1.3.0 is published ({}). Discovering again:\n",
            output::shortened(&pushed.digest)
        )
    })?;

    let second = complete(discoverer.run(warehouse).with_previous(&first.snapshot()).await)?;
    let newer = built(&second, warehouse)?;
    output::print(|out| {
        changes(&first, &second, &freight, &newer, out)?;
        writeln!(out, "\nWhat the two runs cost, per subscription:\n")?;
        costs(&first, &second, out)
    })?;
    Ok(())
}

/// The differences of the best artifact of each subscription, and of the Freight.
fn changes(
    first: &Report,
    second: &Report,
    old: &Freight,
    new: &Freight,
    out: &mut dyn Write,
) -> io::Result<()> {
    let best = |artifacts: &[AnyArtifact]| artifacts.first().map_or("none", Artifact::name).to_owned();
    let mut table = Table::new(&["SUBSCRIPTION", "WAS", "IS", ""]);
    let mut row = |what: String, was: &str, is: &str| {
        let note = if was == is { "" } else { "changed" };
        table.row([what, output::shortened(was), output::shortened(is), note.to_owned()]);
    };
    for (before, after) in first.subscriptions.iter().zip(&second.subscriptions) {
        row(after.id.to_string(), &best(&before.artifacts), &best(&after.artifacts));
    }
    row("Freight".to_owned(), &old.metadata.name, &new.metadata.name);
    table.write(out)
}

fn costs(first: &Report, second: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["SUBSCRIPTION", "REQUESTS", "BYTES", "REQUESTS AGAIN", "BYTES AGAIN"]);
    let mut row = |what: String, costs: [Cost; 2]| {
        let cells =
            costs.into_iter().flat_map(|cost| [cost.requests.to_string(), cost.bytes_received.to_string()]);
        table.row([what].into_iter().chain(cells));
    };
    for (before, after) in first.subscriptions.iter().zip(&second.subscriptions) {
        row(after.id.to_string(), [before.cost, after.cost]);
    }
    row("all".to_owned(), [first.cost, second.cost]);
    table.write(out)
}

const PLATFORMS: [&str; 4] = ["linux/amd64", "linux/arm64/v8", "linux/arm/v7", "windows/amd64"];

/// Three real servers on loopback, with content.
#[derive(Debug)]
pub(super) struct Servers {
    registry: Registry,
    git: GitServer,
    repository: GitRepository,
    charts: ChartServer,
}

impl Servers {
    /// Starts the servers and publishes: an image for four platforms in several versions, a repository with branches, tags
    /// and merges, a chart in a chart repository and another in the registry.
    pub(super) fn start() -> Result<Self, warehouse_testkit::Error> {
        let registry = Registry::start()?;
        let git = GitServer::start()?;
        let charts = ChartServer::start()?;
        let repository = git.create("shop")?;
        let servers = Self { registry, git, repository, charts };
        for (day, version) in
            ["0.9.0", "1.0.0", "1.1.0", "1.2.0-rc.1", "1.2.0", "2.0.0-beta.1"].iter().enumerate()
        {
            servers.push_image(version, &format!("2026-03-{:02}T08:00:00Z", day + 1));
        }
        servers.push_image("nightly", "2026-03-20T02:00:00Z");
        servers.write_history()?;
        for version in ["0.1.0", "0.2.0", "0.2.1"] {
            servers.charts.publish(&Chart::new("shop", version));
        }
        servers.charts.publish(&Chart::new("unrelated", "7.0.0"));
        for version in ["4.0.0", "4.1.0+build.7"] {
            servers.registry.push_chart("charts", &Chart::new("cache", version));
        }
        Ok(servers)
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

    fn write_history(&self) -> Result<(), warehouse_testkit::Error> {
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

    /// The servers for the table: name, URL, content.
    pub(super) fn list(&self) -> [(&'static str, String, &'static str); 3] {
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

    /// The manifest that subscribes to all of them.
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
