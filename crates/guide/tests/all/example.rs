//! One example of a page: a Warehouse with one subscription, and the table of what is published and what becomes of it.
//!
//! What the table lists is published on a real server on loopback, the Warehouse is discovered there, and every row is compared: with its
//! place in the result, best first, or with the reason for its rejection. `not read` is for what no rule had to look at.

use std::collections::BTreeMap;

use warehouse_discovery::http::EgressPolicy;
use warehouse_discovery::source::{AnyArtifact, Recorder, Trace};
use warehouse_discovery::spec::{Options, SubscriptionKind};
use warehouse_discovery::{Discoverer, Observer, Warehouse, parse, reasons};
use warehouse_testkit::{Chart, ChartServer, Commit, GitServer, Registry};

use crate::markdown::Table;

/// An example and where it is.
pub(crate) struct Example<'a> {
    pub(crate) place: String,
    pub(crate) manifest: &'a str,
    pub(crate) table: &'a Table,
}

/// The result of a row that no rule had to look at.
const NOT_READ: &str = "not read";

/// The servers of one example; they stop with it.
#[derive(Default)]
struct Servers {
    registry: Option<Registry>,
    git: Option<GitServer>,
    charts: Option<ChartServer>,
}

impl Example<'_> {
    /// The rows whose result is another than the table says, each as a message.
    pub(crate) async fn check(&self) -> Vec<String> {
        let written = self.read(self.manifest);
        let mut servers = Servers::default();
        // By which name a rule calls the artifact of a row.
        let mut names = Vec::new();
        let url = match &written.spec.subscriptions[0].kind {
            SubscriptionKind::Image(_) => self.publish_images(&mut servers, &mut names),
            SubscriptionKind::Chart(chart) if chart.is_oci() => self.push_charts(&mut servers, &mut names),
            SubscriptionKind::Chart(chart) => {
                let name = chart.name.clone().unwrap_or_default();
                self.publish_charts(&name, &mut servers, &mut names)
            }
            SubscriptionKind::Git(_) => self.commit(&mut servers, &mut names),
            other => panic!("{}: {other:?}", self.place),
        };
        let found = self.discover(&self.read(&at(self.manifest, &url))).await;
        let mut wrong = Vec::new();
        for (row, name) in self.table.rows.iter().zip(&names) {
            let shown = row.first().map(String::as_str).unwrap_or_default();
            let expected = plain(self.table.cell(row, "result").expect("a column `result`"));
            let actual = found.get(name).map_or(NOT_READ, String::as_str);
            if expected != actual {
                wrong.push(format!("{}: {shown}: the page says {expected:?}, it is {actual:?}", self.place));
            }
        }
        wrong
    }

    fn read(&self, manifest: &str) -> Warehouse {
        let read = parse(&self.place, manifest, &Options::default());
        let problems: Vec<String> = read.diagnostics.iter().map(ToString::to_string).collect();
        assert!(problems.is_empty(), "{}: {}", self.place, problems.join("\n"));
        assert_eq!(read.warehouses.len(), 1, "{}: one Warehouse", self.place);
        let warehouse = read.warehouses[0].clone().into_inner();
        assert_eq!(warehouse.spec.subscriptions.len(), 1, "{}: one subscription", self.place);
        warehouse
    }

    /// What became of each candidate: its place in the result from 1, or the reason for its rejection.
    async fn discover(&self, warehouse: &Warehouse) -> BTreeMap<String, String> {
        let judged = Judged(Recorder::new());
        // The servers are on loopback.
        let builder = Discoverer::builder().egress(EgressPolicy::workstation());
        let discoverer = builder.build().expect("a discoverer");
        let report = discoverer.run(warehouse).with_observer(&judged).await;
        let subscription = &report.subscriptions[0];
        assert!(subscription.error.is_none(), "{}: {:?}", self.place, subscription.error);
        // The words of `explain`.
        let judged = judged.0.into_judgements();
        let reasons = reasons(&warehouse.spec.subscriptions[0], &judged);
        let rejected = judged.into_iter().zip(reasons).filter_map(|(judged, why)| Some((judged.name, why?)));
        let mut results: BTreeMap<_, _> = rejected.collect();
        for (place, artifact) in subscription.artifacts.iter().enumerate() {
            results.insert(name(artifact), (place + 1).to_string());
        }
        results
    }

    fn column<'a>(&self, row: &'a [String], name: &str) -> Option<&'a str> {
        self.table.cell(row, name).map(plain).filter(|cell| !cell.is_empty())
    }

    fn publish_images(&self, servers: &mut Servers, names: &mut Vec<String>) -> String {
        let registry = servers.registry.insert(Registry::start().expect("a registry"));
        for row in &self.table.rows {
            let tag = self.column(row, "tag").expect("a column `tag`");
            let platforms = self.column(row, "platforms").unwrap_or("linux/amd64");
            let mut image = registry.image("example/app").tag(tag).platforms(platforms.split(", "));
            if let Some(built) = self.column(row, "built") {
                image = image.created(built);
            }
            image.annotation("org.opencontainers.image.version", tag).push();
            names.push(tag.to_owned());
        }
        format!("{}/example/app", registry.host())
    }

    fn push_charts(&self, servers: &mut Servers, names: &mut Vec<String>) -> String {
        let registry = servers.registry.insert(Registry::start().expect("a registry"));
        let pushed = registry.push_chart("charts", &Chart::new("app", "0.0.0")).digest;
        for row in &self.table.rows {
            let tag = self.column(row, "tag").expect("a column `tag`");
            registry.tag("charts/app", &pushed, tag).expect("a tag");
            names.push(tag.to_owned());
        }
        registry.delete_tag("charts/app", "0.0.0");
        format!("oci://{}/charts/app", registry.host())
    }

    fn publish_charts(&self, name: &str, servers: &mut Servers, names: &mut Vec<String>) -> String {
        let charts = servers.charts.insert(ChartServer::start().expect("a chart server"));
        for row in &self.table.rows {
            let version = self.column(row, "version").expect("a column `version`");
            charts.publish(&Chart::new(name, version));
            names.push(version.to_owned());
        }
        charts.url()
    }

    /// A commit for each row, the last row first, as pages show the newest at the top.
    fn commit(&self, servers: &mut Servers, names: &mut Vec<String>) -> String {
        let server = servers.git.insert(GitServer::start().expect("a Git server"));
        let repository = server.create("example/app.git").expect("a repository");
        let mut history = repository.history().expect("a history");
        let mut marks = Vec::new();
        for (number, row) in self.table.rows.iter().enumerate().rev() {
            let subject = self.column(row, "commit").unwrap_or("A change");
            let mut commit = Commit::new(subject);
            if let Some(author) = self.column(row, "author") {
                commit = commit.author(author);
            }
            if let Some(date) = self.column(row, "date") {
                let date: warehouse_discovery::expressions::Time = date.parse().expect("a date");
                commit = commit.at(date.unix_seconds());
            }
            for path in self.column(row, "changed paths").unwrap_or("README.md").split(", ") {
                commit = commit.file(path, format!("{number}\n"));
            }
            let mark = history.commit("main", commit);
            if let Some(tag) = self.column(row, "tag") {
                history.tag(tag, mark);
            }
            marks.push((row, mark));
        }
        let written = history.write().expect("a history");
        for (row, mark) in marks.into_iter().rev() {
            names.push(self.column(row, "tag").map_or_else(|| written.id(mark).to_owned(), str::to_owned));
        }
        repository.url().to_owned()
    }
}

/// What was judged of the one subscription.
struct Judged(Recorder);

impl Observer for Judged {
    fn trace(&self, _: usize) -> &dyn Trace {
        &self.0
    }
}

/// The name by which a rule calls it.
fn name(artifact: &AnyArtifact) -> String {
    match artifact {
        AnyArtifact::Image(image) => image.tag.clone(),
        AnyArtifact::Commit(commit) => commit.tag.clone().unwrap_or_else(|| commit.id.clone()),
        // A tag has `_` where the version has `+`.
        AnyArtifact::Chart(chart) => chart.version.replace('+', "_"),
        other => panic!("{other:?}"),
    }
}

/// The manifest with another `repoURL`.
fn at(manifest: &str, url: &str) -> String {
    let key = "repoURL: ";
    let line = |line: &str| match line.split_once(key) {
        Some((before, _)) => format!("{before}{key}{url}\n"),
        None => format!("{line}\n"),
    };
    manifest.lines().map(line).collect()
}

/// A cell without its backticks.
fn plain(cell: &str) -> &str {
    cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`')).unwrap_or(cell)
}
