//! A registry, a Git server and a store, with the charts of one repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use artifact_http::{HttpClient, SourceContext};
use chart_release::git::GitRepository;
use chart_release::store::Store;
use chart_release::{ChartRegistry, ChartRepository, Release, ReleaseBuilder};
use jiff::Timestamp;
use oci_registry::RegistryClient;
use warehouse_testkit::{Commit, GitRepository as Remote, GitServer, Registry};

/// Charts that are released together: a library chart, two charts that depend on it, and one without dependencies.
pub const CHARTS: [&str; 4] = ["alone", "common", "web", "worker"];

/// The time of all entries and manifests, so that two runs can be compared.
pub const NOW: Timestamp = Timestamp::constant(1_795_275_012, 0);

/// Real servers on loopback, a store in a folder, and a clone of the repository.
pub struct World {
    pub registry: Registry,
    pub git: GitServer,
    pub remote: Remote,
    pub folder: tempfile::TempDir,
}

/// The chart in a folder, as the files of its commit.
pub fn chart(commit: Commit, name: &str, version: &str, depends: bool, note: &str) -> Commit {
    let kind = if name == "common" { "library" } else { "application" };
    let dependencies = match depends {
        true => "dependencies:\n- name: common\n  version: ^1.0.0\n  repository: file://../common\n",
        false => "",
    };
    let fields = format!(
        "apiVersion: v2\nname: {name}\nversion: {version}\ntype: {kind}\nappVersion: 2.1.0\n{dependencies}"
    );
    commit
        .file(format!("charts/{name}/Chart.yaml"), fields)
        .file(
            format!("charts/{name}/values.yaml"),
            format!("image:\n  repository: shop/{name}\nnote: {note}\n"),
        )
        .file(format!("charts/{name}/templates/a.yaml"), "kind: ConfigMap\n")
}

/// All [`CHARTS`] with this version.
pub fn charts(version: &str, note: &str) -> Commit {
    let commit = Commit::new("Charts").file("README.md", "# Charts\n");
    CHARTS
        .iter()
        .fold(commit, |commit, name| chart(commit, name, version, matches!(*name, "web" | "worker"), note))
}

impl World {
    /// All charts at version 1.4.0, committed and pushed.
    pub fn new() -> Self {
        Self::of(charts("1.4.0", "first"))
    }

    pub fn of(commit: Commit) -> Self {
        let registry = Registry::start().unwrap();
        let git = GitServer::start().unwrap();
        let remote = git.create("charts.git").unwrap();
        remote.commit("main", commit).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("store")).unwrap();
        let world = Self { registry, git, remote, folder };
        world.clone_to("clone");
        world
    }

    /// Another clone.
    pub fn clone_to(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        let source = self.remote.url();
        run(Command::new("git").args(["clone", "--quiet", source]).arg(&folder));
        folder
    }

    pub fn clone_folder(&self) -> PathBuf {
        self.folder.path().join("clone")
    }

    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// `oci://HOST/charts`.
    pub fn registry_url(&self) -> String {
        format!("oci://{}/charts", self.registry.host())
    }

    /// Runs Git in the clone.
    pub fn git(&self, arguments: &[&str]) -> String {
        run(Command::new("git").args(arguments).current_dir(self.clone_folder()))
    }

    /// A release of the clone to the registry and the store.
    pub fn release(&self) -> Release {
        self.builder().build()
    }

    pub fn builder(&self) -> ReleaseBuilder {
        builder(&self.clone_folder(), &self.registry_url(), &self.store(), client())
    }

    /// What everybody sees: tags of the registry with the digests of their charts, files of the store, tags here and at the remote.
    pub async fn state(&self) -> State {
        let mut state = State::default();
        let registry = ChartRegistry::builder(self.registry_url()).http(client()).build().unwrap();
        for name in CHARTS {
            for version in self.registry.tags(&format!("charts/{name}")) {
                let version = version.replace('_', "+");
                let standing = registry.standing(name, &version, &artifact_http::Call::new()).await.unwrap();
                state.0.insert(format!("registry {name}:{version}"), format!("{standing:?}"));
            }
        }
        for entry in std::fs::read_dir(self.store()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            // Locks and files that are being written begin with a dot.
            if path.is_file() && !name.starts_with('.') {
                state.0.insert(format!("store {name}"), format!("{:?}", std::fs::read(&path).unwrap()));
            }
        }
        for tag in self.git(&["tag", "--list", "--format=%(refname:short) %(objectname)"]).lines() {
            state.0.insert(format!("tag {tag}"), String::new());
        }
        for tag in
            self.remote.git(["tag", "--list", "--format=%(refname:short) %(objectname)"]).unwrap().lines()
        {
            state.0.insert(format!("remote tag {tag}"), String::new());
        }
        state
    }
}

/// Everything that a release publishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State(pub BTreeMap<String, String>);

impl State {
    /// What differs, one a line.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let missing = self.0.iter().filter(|(key, value)| other.0.get(*key) != Some(value));
        let additional = other.0.keys().filter(|key| !self.0.contains_key(*key));
        missing
            .map(|(key, _)| format!("missing or other: {key}"))
            .chain(additional.map(|key| format!("additional: {key}")))
            .collect()
    }
}

pub fn client() -> HttpClient {
    HttpClient::builder().build().unwrap()
}

/// A release of this clone, with the clock at [`NOW`].
pub fn builder(clone: &Path, registry: &str, store: &Path, http: HttpClient) -> ReleaseBuilder {
    let repository = GitRepository::discover(clone).unwrap();
    let context = SourceContext::new(http.clone());
    let store = Store::open(&format!("file://{}", store.display())).unwrap();
    let registry = ChartRegistry::builder(registry)
        .client(RegistryClient::builder(http).build())
        .clock(NOW)
        .build()
        .unwrap();
    Release::of_repository(repository, &context)
        .unwrap()
        .registry(registry)
        .repository(ChartRepository::new(store).with_clock(NOW))
}

#[track_caller]
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
