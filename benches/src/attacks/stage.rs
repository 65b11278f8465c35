//! What an attack sets up, and what comes of it.

use std::any::Any;

use serde::{Deserialize, Serialize};

/// The servers of an attack, and what the process that is attacked is to do.
pub(super) struct Stage {
    pub(super) task: Task,
    /// Servers, which stop when they are dropped.
    _servers: Vec<Box<dyn Any>>,
    pub(super) check: Option<Check>,
}

/// What is checked of an outcome beside what is expected; the error says what is wrong.
type Check = Box<dyn Fn(&Outcome) -> Result<(), String>>;

/// What the process that is attacked is to do.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Task {
    /// Warehouses, all of which are run at once.
    pub(super) manifests: Vec<String>,
    /// The deadline of each run, in seconds; `None` for the default of the library.
    pub(super) deadline: Option<u64>,
    /// Whether the policy is that of a cluster.
    pub(super) in_cluster: bool,
    /// Whether 127.0.0.1 is the internet, and everything else of this machine is inside.
    pub(super) has_internet: bool,
    /// Secrets of namespaces.
    pub(super) secrets: Vec<Secret>,
    /// A user and a password for every server.
    pub(super) credential: Option<(String, String)>,
    /// The Warehouse of another tenant, which is run alone and then again and again as long as the others are.
    pub(super) other_tenant: Option<String>,
}

/// A Secret with a user and a password.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Secret {
    pub(super) namespace: String,
    pub(super) cred_type: String,
    pub(super) repo_url: String,
    pub(super) is_pattern: bool,
}

/// What came of an attack.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Of each subscription of all Warehouses.
    pub subscriptions: Vec<Subscription>,
    /// The size of the largest result of a Warehouse as JSON, in bytes.
    pub result_bytes: usize,
    /// What the other tenant saw.
    pub other_tenant: Option<OtherTenant>,
}

/// The outcome of one subscription.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Subscription {
    /// The kind of the error; empty where there is none.
    pub error: String,
    /// The error with all its causes and hints.
    pub message: String,
    /// The names of the artifacts, at most ten, the best one first.
    pub names: Vec<String>,
    /// Requests that were sent.
    pub requests: u64,
}

/// What another tenant sees of an attack on its neighbour.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OtherTenant {
    /// The median time of a run alone, in milliseconds.
    pub alone: u64,
    /// The median time of a run during the attack, in milliseconds.
    pub beside: u64,
    /// The runs during the attack.
    pub runs: usize,
    /// The artifacts of each run, without repetition.
    pub found: Vec<Vec<String>>,
    /// Errors.
    pub errors: Vec<String>,
}

impl Stage {
    /// An attack on the process that discovers this Warehouse.
    pub(super) fn of(manifest: impl Into<String>) -> Self {
        let task = Task { manifests: vec![manifest.into()], ..Task::default() };
        Self { task, _servers: Vec::new(), check: None }
    }

    /// Keeps a server until the end.
    pub(super) fn keeping(mut self, server: impl Any) -> Self {
        self._servers.push(Box::new(server));
        self
    }

    /// The deadline of the run, in seconds.
    pub(super) fn deadline(mut self, seconds: u64) -> Self {
        self.task.deadline = Some(seconds);
        self
    }

    /// The policy of a cluster, where 127.0.0.1 may be [the internet](Task::has_internet).
    pub(super) fn in_cluster(mut self, has_internet: bool) -> Self {
        (self.task.in_cluster, self.task.has_internet) = (true, has_internet);
        self
    }

    /// A Secret of this namespace with the user `me` and the password `SECRET`.
    pub(super) fn with_secret(
        mut self,
        namespace: &str,
        cred_type: &str,
        repo_url: impl Into<String>,
    ) -> Self {
        let (namespace, cred_type) = (namespace.to_owned(), cred_type.to_owned());
        self.task.secrets.push(Secret { namespace, cred_type, repo_url: repo_url.into(), is_pattern: false });
        self
    }

    /// The same for all repositories that a pattern matches.
    pub(super) fn with_pattern(self, namespace: &str, cred_type: &str, pattern: impl Into<String>) -> Self {
        let mut stage = self.with_secret(namespace, cred_type, pattern);
        stage.task.secrets.iter_mut().next_back().into_iter().for_each(|secret| secret.is_pattern = true);
        stage
    }

    /// A credential for every server: `me` and `SECRET`.
    pub(super) fn with_credential(mut self) -> Self {
        self.task.credential = Some(("me".to_owned(), "SECRET".to_owned()));
        self
    }

    /// The Warehouse of another tenant beside the attack.
    pub(super) fn beside(mut self, manifest: impl Into<String>) -> Self {
        self.task.other_tenant = Some(manifest.into());
        self
    }

    /// Checks more than the expected outcome.
    pub(super) fn checking(mut self, check: impl Fn(&Outcome) -> Result<(), String> + 'static) -> Self {
        self.check = Some(Box::new(check));
        self
    }
}

/// A Warehouse of these subscriptions, each a line of YAML.
pub(super) fn warehouse<S: AsRef<str>>(subscriptions: impl IntoIterator<Item = S>) -> String {
    let mut manifest =
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: attacked\n  \
         namespace: team-a\nspec:\n  subscriptions:\n"
            .to_owned();
    for subscription in subscriptions {
        manifest.push_str("  - ");
        manifest.push_str(subscription.as_ref());
        manifest.push('\n');
    }
    manifest
}

/// A subscription to images by their names.
pub(super) fn image(host: &str) -> String {
    format!("image: {{repoURL: {host}/demo/app, imageSelectionStrategy: Lexical, discoveryLimit: 3}}")
}

/// A subscription to the newest images, which reads the manifests of all tags.
pub(super) fn newest_image(host: &str, limit: usize) -> String {
    format!(
        "image: {{repoURL: {host}/demo/app, imageSelectionStrategy: NewestBuild, discoveryLimit: {limit}}}"
    )
}

/// A subscription to a chart.
pub(super) fn chart(url: &str) -> String {
    format!("chart: {{repoURL: {url}, name: web, discoveryLimit: 3}}")
}

/// A subscription to commits by tags.
pub(super) fn tagged(url: &str) -> String {
    format!("git: {{repoURL: {url}, commitSelectionStrategy: Lexical, discoveryLimit: 3}}")
}

/// A subscription to the commits of a branch.
pub(super) fn branch(url: &str, limit: usize) -> String {
    format!("git: {{repoURL: {url}, branch: main, discoveryLimit: {limit}}}")
}
