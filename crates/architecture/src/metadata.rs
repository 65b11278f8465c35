//! `cargo metadata`, read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

/// The workspace and everything it depends on.
#[derive(Debug)]
pub struct Workspace {
    packages: HashMap<String, Package>,
    members: BTreeSet<String>,
    edges: HashMap<String, Vec<(String, Kind)>>,
}

/// A package, of ours or of others.
#[derive(Clone, Debug, Deserialize)]
pub struct Package {
    id: String,
    /// The package name.
    pub name: String,
    /// The path of its Cargo.toml.
    pub manifest_path: PathBuf,
    /// The minimum Rust version it states.
    pub rust_version: Option<String>,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
    /// What is built of it.
    pub targets: Vec<Target>,
    /// The registries it may be published to; `None` for all of them.
    publish: Option<Vec<String>>,
}

impl Package {
    /// Whether it is for crates.io: its Cargo.toml does not say `publish = false`.
    #[must_use]
    pub fn is_published(&self) -> bool {
        self.publish.is_none()
    }
}

/// A library, a binary, an example or a test.
#[derive(Clone, Debug, Deserialize)]
pub struct Target {
    /// Its name, which is that of its file.
    pub name: String,
    kind: Vec<String>,
}

impl Target {
    /// Whether it is a binary, which cargo writes beside those of all other packages.
    #[must_use]
    pub fn is_binary(&self) -> bool {
        self.kind.iter().any(|kind| kind == "bin")
    }
}

/// One dependency as a Cargo.toml declares it.
#[derive(Clone, Debug, Deserialize)]
pub struct Dependency {
    /// The package name.
    pub name: String,
    /// Where it is declared.
    #[serde(deserialize_with = "kind")]
    pub kind: Kind,
}

/// The table a dependency is declared in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `[dependencies]`
    Normal,
    /// `[dev-dependencies]`
    Dev,
    /// `[build-dependencies]`
    Build,
}

fn kind<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
    Ok(match Option::<String>::deserialize(deserializer)?.as_deref() {
        Some("dev") => Kind::Dev,
        Some("build") => Kind::Build,
        _ => Kind::Normal,
    })
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    #[serde(deserialize_with = "kind")]
    kind: Kind,
}

impl Workspace {
    /// Asks Cargo.
    ///
    /// # Errors
    ///
    /// If Cargo cannot be run, fails, or answers something unreadable.
    pub fn read() -> io::Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version=1", "--all-features"])
            .current_dir(crate::root())
            .output()?;
        if !output.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
        let edges = metadata.resolve.nodes.into_iter().map(|node| {
            let edges = node.deps.into_iter().flat_map(|edge| {
                let to = edge.pkg;
                edge.dep_kinds.into_iter().map(move |kind| (to.clone(), kind.kind))
            });
            (node.id, edges.collect())
        });
        Ok(Self {
            edges: edges.collect(),
            members: metadata.workspace_members,
            packages: metadata.packages.into_iter().map(|package| (package.id.clone(), package)).collect(),
        })
    }

    /// Our own packages, by name.
    #[must_use]
    pub fn members(&self) -> BTreeMap<&str, &Package> {
        let members = self.members.iter().filter_map(|id| self.packages.get(id));
        members.map(|package| (package.name.as_str(), package)).collect()
    }

    /// Our published packages in an order in which they can be published: each after those of ours that it depends on, also for its
    /// tests.
    #[must_use]
    pub fn publish_order(&self) -> Vec<&str> {
        let mut open: BTreeMap<&str, &Package> = self.members();
        open.retain(|_, package| package.is_published());
        let mut order = Vec::new();
        while !open.is_empty() {
            let is_ready = |package: &Package| {
                let waits = |to: &str| to != package.name && open.contains_key(to);
                !package.dependencies.iter().any(|dependency| waits(&dependency.name))
            };
            let ready: Vec<&str> =
                open.iter().filter(|(_, package)| is_ready(package)).map(|(name, _)| *name).collect();
            // Those that remain wait for each other, so that none of them can be published.
            if ready.is_empty() {
                break;
            }
            open.retain(|name, _| !ready.contains(name));
            order.extend(ready);
        }
        order
    }

    /// The names of everything that is compiled into a package, itself excluded; dev-dependencies do not count.
    ///
    /// Features are those of a build of the whole workspace, so the answer can only be too long.
    #[must_use]
    pub fn tree(&self, name: &str) -> BTreeSet<&str> {
        let Some(package) = self.members().get(name).copied() else { return BTreeSet::new() };
        let mut names = BTreeSet::new();
        let mut seen = BTreeSet::from([package.id.as_str()]);
        let mut open = vec![package.id.as_str()];
        while let Some(id) = open.pop() {
            for (to, kind) in self.edges.get(id).into_iter().flatten() {
                if *kind != Kind::Dev && seen.insert(to) {
                    names.extend(self.packages.get(to).map(|package| package.name.as_str()));
                    open.push(to);
                }
            }
        }
        names
    }
}
