//! Running the real binary against real servers.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use warehouse_testkit::{Chart, ChartServer, Commit, GitRepository, GitServer, Registry};

/// A Warehouse of one subscription of each kind, to be [filled](World::fill).
pub const ONE_OF_EACH: &str = "apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata: {name: shop, namespace: fruit}
spec:
  subscriptions:
  - image: {repoURL: REGISTRY/shop/web, constraint: ^1.0.0}
  - git: {repoURL: GIT, branch: main}
  - chart: {repoURL: CHARTS, name: shop}
";

/// A registry, a Git server and a chart repository with something on each.
pub struct World {
    pub registry: Registry,
    pub git: GitServer,
    pub repository: GitRepository,
    pub charts: ChartServer,
}

impl World {
    pub fn start() -> Self {
        let registry = Registry::start().unwrap();
        for (tag, created) in
            [("1.0.0", "01"), ("1.1.0", "02"), ("1.2.0", "03"), ("2.0.0", "04"), ("latest", "04")]
        {
            let created = format!("2026-03-{created}T08:00:00Z");
            registry
                .image("shop/web")
                .tag(tag)
                .platforms(["linux/amd64", "linux/arm64/v8"])
                .created(created)
                .push();
        }
        for version in ["4.0.0", "4.1.0+build.7"] {
            registry.push_chart("charts", &Chart::new("cache", version));
        }
        let git = GitServer::start().unwrap();
        let repository = git.create("shop").unwrap();
        let mut history = repository.history().unwrap();
        let first = history.commit("main", Commit::new("Open the shop").file("README.md", "# Shop\n"));
        history.branch("pears", first);
        let pears = history.commit("pears", Commit::new("Sell pears").file("pears", "5\n"));
        history.merge("main", pears, Commit::new("Merge branch 'pears'").file("pears", "5\n"));
        history.write().unwrap();
        let charts = ChartServer::start().unwrap();
        for version in ["0.1.0", "0.2.0", "0.2.1"] {
            charts.publish(&Chart::new("shop", version));
        }
        Self { registry, git, repository, charts }
    }

    /// The text with `REGISTRY`, `GIT` and `CHARTS` replaced by their hosts and URLs.
    pub fn fill(&self, manifest: &str) -> String {
        manifest
            .replace("REGISTRY", &self.registry.host())
            .replace("GIT", self.repository.url())
            .replace("CHARTS", &self.charts.url())
    }
}

/// The result of a run of the binary.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs the binary with nothing of this machine's configuration, the manifest on standard input.
pub fn warehouse(arguments: &[&str], stdin: &str) -> Ran {
    warehouse_with(&[], arguments, stdin)
}

/// The same with these variables in its environment.
pub fn warehouse_with(environment: &[(&str, &Path)], arguments: &[&str], stdin: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_warehouse"))
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TMPDIR", std::env::temp_dir())
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its arguments does not read its input.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    Ran {
        code: status.code(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}
