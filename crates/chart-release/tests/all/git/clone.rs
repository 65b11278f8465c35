//! A work tree to be tried on.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use chart_release::git::{CommitId, GitRepository};
use tempfile::TempDir;
use warehouse_testkit::{Commit, GitRepository as Bare, GitServer};

/// A repository with a work tree in a temporary folder.
pub struct Clone {
    folder: TempDir,
}

impl Clone {
    /// An empty repository.
    pub fn empty() -> Self {
        let clone = Self { folder: tempfile::tempdir().unwrap() };
        clone.git(["init", "--quiet", "--initial-branch=main", "."]);
        clone.set_up()
    }

    /// A repository with the charts `a` and `b`.
    pub fn with_charts() -> Self {
        let clone = Self::empty();
        clone.write("charts/a/Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n");
        clone.write("charts/a/values.yaml", "image: a\n");
        clone.write("charts/b/Chart.yaml", "apiVersion: v2\nname: b\nversion: 1.0.0\n");
        clone.write("README.md", "charts\n");
        clone.commit("charts");
        clone
    }

    pub fn of(url: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut all = vec!["clone", "--quiet"];
        all.extend(arguments);
        all.extend([url, "."]);
        run(folder.path(), all);
        Self { folder }.set_up()
    }

    fn set_up(self) -> Self {
        self.git(["config", "user.name", "Tester"]);
        self.git(["config", "user.email", "tester@example.com"]);
        self
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn open(&self) -> GitRepository {
        GitRepository::discover(self.path()).unwrap()
    }

    pub fn git<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        run(self.path(), arguments)
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub fn commit(&self, message: &str) -> CommitId {
        self.git(["add", "--all"]);
        self.git(["commit", "--quiet", "--allow-empty", "--message", message]);
        self.id("HEAD")
    }

    pub fn id(&self, revision: &str) -> CommitId {
        self.git(["rev-parse", "--verify", revision]).parse().unwrap()
    }
}

/// A server with one repository of three commits on `main`, with the charts `a` and `b`.
pub fn server() -> (GitServer, Bare) {
    serve(GitServer::builder())
}

pub fn serve(builder: warehouse_testkit::GitServerBuilder) -> (GitServer, Bare) {
    let server = builder.start().unwrap();
    let repository = server.create("charts.git").unwrap();
    let first = Commit::new("charts")
        .file("charts/a/Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n")
        .file("charts/b/Chart.yaml", "apiVersion: v2\nname: b\nversion: 1.0.0\n");
    repository.commit("main", first).unwrap();
    for number in [2, 3] {
        let content = format!("number: {number}\n");
        repository.commit("main", Commit::new("more").file("charts/a/values.yaml", content)).unwrap();
    }
    (server, repository)
}

fn run<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> String {
    let mut command = Command::new("git");
    command.current_dir(folder).args(["-c", "protocol.file.allow=always", "-c", "advice.detachedHead=false"]);
    let command =
        command.args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    let output = command.env("GIT_TERMINAL_PROMPT", "0").output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
