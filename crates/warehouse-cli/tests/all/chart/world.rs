//! A registry, a Git server and a store, with a clone of a repository of charts.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use warehouse_testkit::{Commit, GitRepository, GitServer, Registry};

use crate::support::Ran;

/// Real servers on loopback, a store in a folder, and a clone.
pub struct Publishing {
    pub registry: Registry,
    _git: GitServer,
    pub remote: GitRepository,
    pub folder: tempfile::TempDir,
}

/// A library chart, two charts that depend on it, and one without dependencies.
pub fn charts() -> Commit {
    let fields = |name: &str, rest: &str| {
        format!("apiVersion: v2\nname: {name}\nversion: 1.4.0\nappVersion: 2.1.0\n{rest}")
    };
    let depends = "dependencies:\n- name: common\n  version: ^1.0.0\n  repository: file://../common\n";
    let charts = [("alone", ""), ("common", "type: library\n"), ("web", depends), ("worker", depends)];
    charts.into_iter().fold(Commit::new("Charts").file("README.md", "# Charts\n"), |commit, (name, rest)| {
        commit
            .file(format!("charts/{name}/Chart.yaml"), fields(name, rest))
            .file(format!("charts/{name}/values.yaml"), format!("image:\n  repository: shop/{name}\n"))
            .file(format!("charts/{name}/templates/a.yaml"), "kind: ConfigMap\n")
    })
}

impl Publishing {
    pub fn new() -> Self {
        let registry = Registry::start().unwrap();
        let git = GitServer::start().unwrap();
        let remote = git.create("charts.git").unwrap();
        remote.commit("main", charts()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("store")).unwrap();
        let clone = folder.path().join("clone");
        let cloned =
            Command::new("git").args(["clone", "--quiet", remote.url()]).arg(&clone).status().unwrap();
        assert!(cloned.success());
        Self { registry, _git: git, remote, folder }
    }

    pub fn clone_folder(&self) -> PathBuf {
        self.folder.path().join("clone")
    }

    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub fn registry_url(&self) -> String {
        format!("oci://{}/charts", self.registry.host())
    }

    pub fn backup_url(&self) -> String {
        format!("file://{}", self.store().display())
    }

    /// Runs Git in the clone.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        let identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
        let output = Command::new("git")
            .args(identity)
            .args(arguments)
            .current_dir(self.clone_folder())
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Writes a file of the clone.
    pub fn write(&self, path: &str, text: &str) {
        let file = self.clone_folder().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// Commits everything.
    pub fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "Change"]);
    }

    /// The binary in the clone, with nothing of this machine's configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warehouse"));
        command
            .args(arguments)
            .current_dir(self.clone_folder())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TMPDIR", std::env::temp_dir())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs `warehouse` without a place to publish to.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// The same with standard input.
    pub fn run_with(&self, arguments: &[&str], stdin: &str) -> Ran {
        let mut child = self.command(arguments).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        self.ran(child.wait_with_output().unwrap())
    }

    /// Runs `warehouse chart` with the registry and the store in its environment.
    pub fn publish(&self, arguments: &[&str]) -> Ran {
        let arguments: Vec<_> = ["chart"].iter().chain(arguments).copied().collect();
        let mut command = self.command(&arguments);
        self.ran(self.with_places(&mut command).output().unwrap())
    }

    /// Sets the variables that name the registry and the store.
    pub fn with_places<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("WAREHOUSE_CHART_REGISTRY", self.registry_url())
            .env("WAREHOUSE_CHART_BACKUP", self.backup_url())
    }

    /// What was printed, with the registry as REGISTRY and the folder of the store as STORE.
    fn ran(&self, output: Output) -> Ran {
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes)
                .unwrap()
                .replace(&self.registry.host(), "REGISTRY")
                .replace(&self.store().display().to_string(), "/STORE")
        };
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The tags of a chart in the registry.
    pub fn tags(&self, chart: &str) -> Vec<String> {
        self.registry.tags(&format!("charts/{chart}"))
    }

    /// The tags of the remote, sorted.
    pub fn remote_tags(&self) -> String {
        self.remote.git(["tag", "--list"]).unwrap().trim().replace('\n', " ")
    }

    /// The names of the files of the store, sorted, without locks and files that are being written.
    pub fn stored(&self) -> Vec<String> {
        names(&self.store())
    }
}

/// The names of the files of a folder, sorted, without those that begin with a dot.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

/// An exit code, and all of this on standard error.
#[track_caller]
pub fn said(ran: &Ran, code: i32, parts: &[&str]) {
    assert_eq!(ran.code, Some(code), "{}\n{}", ran.out, ran.err);
    for part in parts {
        assert!(ran.err.contains(part), "it does not say {part:?}:\n{}", ran.err);
    }
}
