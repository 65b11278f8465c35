//! Which charts changed.

mod base;
mod charts;
mod event;
mod property;

use chart_release::changed::{ChangeReason, Changed, ChangedOptions, Since, changed};
use chart_release::git::GitRepository;
use warehouse_testkit::{Commit, GitRepository as Bare, GitServer};

/// A server with one repository, whose `main` is `HEAD`.
fn repository() -> (GitServer, Bare) {
    let server = GitServer::start().unwrap();
    let bare = server.create("charts.git").unwrap();
    (server, bare)
}

fn open(bare: &Bare) -> GitRepository {
    GitRepository::discover(bare.path()).unwrap()
}

fn since(bare: &Bare, revision: &str) -> Changed {
    changed(&open(bare), &Since::revision(revision), &ChangedOptions::default()).unwrap()
}

/// `Chart.yaml` with these dependencies.
fn chart_yaml(name: &str, dependencies: &[&str]) -> String {
    let mut text = format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n");
    if !dependencies.is_empty() {
        text.push_str("dependencies:\n");
    }
    for repository in dependencies {
        let name = repository.rsplit('/').next().unwrap();
        text.push_str(&format!("  - name: {name}\n    version: 1.0.0\n    repository: {repository}\n"));
    }
    text
}

/// Adds a chart with these dependencies to a commit.
fn with_chart(commit: Commit, path: &str, dependencies: &[&str]) -> Commit {
    let name = path.rsplit('/').next().unwrap();
    commit
        .file(format!("{path}/Chart.yaml"), chart_yaml(name, dependencies))
        .file(format!("{path}/values.yaml"), name)
}

/// `lib` and its dependents `a` and `b`, `c` that depends on `a`, and `alone`.
fn library_and_dependents() -> Commit {
    let commit = with_chart(Commit::new("charts"), "charts/lib", &[]);
    let commit = with_chart(commit, "charts/a", &["file://../lib", "https://example.com/x"]);
    let commit = with_chart(commit, "charts/b", &["oci://example.com/y", "file://./../lib/"]);
    let commit = with_chart(commit, "charts/c", &["file://../a"]);
    with_chart(commit, "charts/alone", &["https://example.com/lib"])
}

/// `NAME reason` of each chart, then `-NAME` of each that is gone.
fn shown(changed: &Changed) -> Vec<String> {
    let charts = changed.charts.iter().map(|chart| {
        let reason = match &chart.reason {
            ChangeReason::Dependent { on } => format!("on {}", on.join(" ")),
            ChangeReason::Renamed { from } => format!("from {from}"),
            reason => format!("{reason:?}").to_lowercase(),
        };
        format!("{} {reason}", chart.name)
    });
    charts.chain(changed.deleted.iter().map(|chart| format!("-{}", chart.name))).collect()
}
