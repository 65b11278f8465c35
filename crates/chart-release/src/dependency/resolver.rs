//! Choosing, locking and embedding.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use artifact_http::{Call, SourceContext};
use artifact_source::Clock;
use futures::future::try_join_all;
use helm_chart::{Chart, ChartFolders, Dependency, Lock};
use oci_registry::RegistryClient;
use selection_strategies::Constraint;

use super::drift::{drift, fits};
use super::index::Repositories;
use super::{local, oci};
use crate::Error;

/// Folders that depend on each other in a row.
const MAX_DEPTH: usize = 32;

/// Chooses, locks and embeds the dependencies of the charts below one root; see the [module](super).
pub struct DependencyResolver {
    folders: Arc<dyn ChartFolders>,
    clock: Arc<dyn Clock>,
    repositories: Repositories,
    registry: RegistryClient,
    aliases: BTreeMap<String, String>,
    require_lock: bool,
}

/// Builds a [`DependencyResolver`].
#[must_use]
pub struct DependencyResolverBuilder {
    folders: Arc<dyn ChartFolders>,
    context: SourceContext,
    registry: Option<RegistryClient>,
    aliases: BTreeMap<String, String>,
    require_lock: bool,
}

/// The result of [`DependencyResolver::lock`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Locked {
    /// The lock; `None` for a chart without dependencies.
    pub lock: Option<Lock>,
    /// Whether the file is to be written. If the same versions were chosen as before, the lock is the one that is there, with its
    /// time.
    pub changed: bool,
    /// The name of the file: `Chart.lock`, or `requirements.lock` for a chart with `apiVersion: v1`.
    pub file_name: &'static str,
}

impl DependencyResolverBuilder {
    /// The client that reads registries, to share its tokens and its pace. Defaults to one with the client and the credentials of the
    /// context.
    pub fn registry(mut self, client: RegistryClient) -> Self {
        self.registry = Some(client);
        self
    }

    /// The URL of the repository that charts name `@NAME` or `alias:NAME`. Defaults to none: such names are those of the machine that
    /// wrote the chart, so a chart with one is refused.
    pub fn repository_alias(mut self, name: impl Into<String>, url: impl Into<String>) -> Self {
        self.aliases.insert(name.into(), url.into());
        self
    }

    /// Whether [`build`](DependencyResolver::build) refuses a chart whose versions depend on the time: one with a constraint on a chart
    /// that is not a folder, and without a lock. Defaults to `false`, as in Helm, which then takes the newest versions.
    pub fn require_lock(mut self, require: bool) -> Self {
        self.require_lock = require;
        self
    }

    /// The resolver. Nothing is read or sent.
    #[must_use]
    pub fn build(self) -> DependencyResolver {
        DependencyResolver {
            folders: self.folders,
            clock: Arc::clone(&self.context.clock),
            repositories: Repositories::new(&self.context),
            registry: self.registry.unwrap_or_else(|| oci::client(&self.context)),
            aliases: self.aliases,
            require_lock: self.require_lock,
        }
    }
}

/// A chart's own folder, its fields, and what it wants with all aliases resolved.
struct Reading {
    folder: String,
    chart: Chart,
    wanted: Vec<Dependency>,
}

impl Reading {
    fn is_v1(&self) -> bool {
        self.chart.metadata().api_version == "v1"
    }

    fn lock_file(&self) -> &'static str {
        if self.is_v1() { "requirements.lock" } else { "Chart.lock" }
    }

    fn fields_file(&self) -> &'static str {
        if self.is_v1() { "requirements.yaml" } else { "Chart.yaml" }
    }

    /// An error in the file of the dependencies.
    fn wrong(&self, message: String) -> helm_chart::Error {
        helm_chart::Error::new(message).at(self.fields_file()).below(&self.folder)
    }

    fn relock(&self) -> String {
        let folder = if self.folder.is_empty() { "." } else { &self.folder };
        format!(
            "lock the dependencies (`warehouse chart dependency lock {folder}`, or `helm dependency update {folder}`) and commit {}",
            self.lock_file()
        )
    }

    /// The lock, if there is one; it is that of what is wanted.
    fn lock(&self) -> Result<Option<&Lock>, helm_chart::Error> {
        let Some(lock) = self.chart.lock() else { return Ok(None) };
        let written = &self.chart.metadata().dependencies;
        if lock.is_of(&self.wanted) || self.is_v1() && lock.is_of_v1(written) {
            return Ok(Some(lock));
        }
        let drift = drift(&self.wanted, lock);
        let message = format!("the lock is out of step with {}: {drift}", self.fields_file());
        Err(helm_chart::Error::new(message)
            .at(self.lock_file())
            .below(&self.folder)
            .with_hint(self.relock())
            .with_cause(drift))
    }
}

type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

impl DependencyResolver {
    /// A resolver for the charts below the root of these folders, which sends requests in this context.
    pub fn builder(folders: Arc<dyn ChartFolders>, context: &SourceContext) -> DependencyResolverBuilder {
        let context = context.clone();
        DependencyResolverBuilder {
            folders,
            context,
            registry: None,
            aliases: BTreeMap::new(),
            require_lock: false,
        }
    }

    /// Chooses the newest version within the constraint of each dependency of the chart at `path`, relative to the root. Nothing is
    /// written: the caller writes the lock where it [changed](Locked::changed).
    ///
    /// # Errors
    ///
    /// If the chart cannot be read, a constraint is not one, no version is within it, or a repository cannot be read; for an alias that
    /// is not known, a path that leaves the root, and a chart that is missing in `charts/`.
    pub async fn lock(&self, path: &str, call: &Call) -> Result<Locked, Error> {
        let reading = self.read(path)?;
        let file_name = reading.lock_file();
        if reading.wanted.is_empty() {
            return Ok(Locked { lock: None, changed: false, file_name });
        }
        let chosen =
            try_join_all(reading.wanted.iter().map(|wanted| self.choose(&reading, wanted, call))).await?;
        let lock = Lock::new(&reading.wanted, chosen, &self.clock.now().to_string())?;
        Ok(match reading.chart.lock() {
            Some(standing) if standing.digest() == lock.digest() => {
                Locked { lock: Some(standing.clone()), changed: false, file_name }
            }
            _ => Locked { lock: Some(lock), changed: true, file_name },
        })
    }

    /// The chart at `path`, relative to the root, with its dependencies embedded, in the versions of its lock. Without a lock the newest
    /// versions within the constraints are taken, unless [`require_lock`](DependencyResolverBuilder::require_lock).
    ///
    /// # Errors
    ///
    /// As [`lock`](Self::lock); a lock that is out of step with `Chart.yaml`, with what changed; a folder that has another version than
    /// the lock; an archive that is not the chart that was asked for, or has another digest than the index says; charts that depend on
    /// each other in a circle; two versions of one chart, for which a package has no room.
    pub async fn build(&self, path: &str, call: &Call) -> Result<Chart, Error> {
        self.build_within(path.to_owned(), Vec::new(), call).await
    }

    /// Checks, without a request, that the chart at `path` has a lock if it needs one, that the lock is in step with `Chart.yaml`, and
    /// that folders have the versions of the lock.
    ///
    /// # Errors
    ///
    /// If one of it is not so, with what changed.
    pub fn verify(&self, path: &str) -> Result<(), Error> {
        let reading = self.read(path)?;
        if reading.wanted.is_empty() {
            return Ok(());
        }
        let Some(lock) = reading.lock()? else {
            return reading.check_unlocked().map_err(Error::from);
        };
        for dependency in lock.dependencies() {
            if dependency.repository.starts_with("file://") {
                let folder = local::folder(&reading.folder, &dependency.repository)
                    .map_err(|error| at(&reading, error))?;
                let chart = Chart::read(&*self.folders, &folder)?;
                reading.check(dependency, &chart, &folder)?;
            }
        }
        Ok(())
    }

    fn read(&self, path: &str) -> Result<Reading, Error> {
        // As all others are written, so that a circle is found.
        let folder = local::folder("", path)?;
        let chart = Chart::read(&*self.folders, &folder)?;
        let mut reading = Reading { folder, chart, wanted: Vec::new() };
        for dependency in &reading.chart.metadata().dependencies {
            let mut wanted = dependency.clone();
            wanted.repository = self.repository(&reading, dependency)?;
            reading.wanted.push(wanted);
        }
        Ok(reading)
    }

    /// The repository of a dependency, with an alias resolved.
    fn repository(&self, reading: &Reading, dependency: &Dependency) -> Result<String, Error> {
        let (repository, name) = (&dependency.repository, &dependency.name);
        if let Some(alias) = repository.strip_prefix('@').or_else(|| repository.strip_prefix("alias:")) {
            return self.aliases.get(alias).cloned().ok_or_else(|| {
                let message = format!(
                    "the repository of {name} is {repository:?}, a name that one machine gave to a URL"
                );
                reading
                    .wrong(message)
                    .with_hint("write the URL of the repository, which `helm repo list` shows there")
                    .into()
            });
        }
        let is_known = ["", "file://", "https://", "http://", "oci://"];
        if is_known.iter().any(|scheme| {
            if scheme.is_empty() { repository.is_empty() } else { repository.starts_with(scheme) }
        }) {
            return Ok(repository.clone());
        }
        let shown = artifact_source::redact_url(repository);
        Err(reading
            .wrong(format!("the repository of {name} is {shown:?}, which is not a URL that is known"))
            .with_hint(
                "write a URL that begins with https://, oci:// or file://, or none for a chart in charts/",
            )
            .into())
    }

    /// The dependency in the version that is chosen for it.
    fn choose<'a>(
        &'a self,
        reading: &'a Reading,
        wanted: &'a Dependency,
        call: &'a Call,
    ) -> Work<'a, Dependency> {
        Box::pin(async move {
            let Dependency { name, version, repository, .. } = wanted;
            let constraint = Constraint::parse(version).map_err(|cause| {
                let message = format!("the version {version:?} of the dependency {name} is not a constraint");
                reading
                    .wrong(message)
                    .with_hint("write a version or a constraint: `1.2.3`, `^1.2`, `*`")
                    .with_cause(cause)
            })?;
            let chosen = if repository.is_empty() {
                reading.embedded(wanted)?;
                version.clone()
            } else if repository.starts_with("file://") {
                let folder =
                    local::folder(&reading.folder, repository).map_err(|error| at(reading, error))?;
                let chart = Chart::read(&*self.folders, &folder)
                    .map_err(|error| self.local_error(reading, wanted, &folder, error.into()))?;
                if !fits(chart.version(), version) {
                    let message = format!(
                        "the dependency {name} is wanted in the version {version:?}, and {folder} has {}",
                        chart.version()
                    );
                    return Err(reading
                        .wrong(message)
                        .with_hint("change the constraint, or the version of that chart")
                        .into());
                }
                chart.version().to_owned()
            } else if repository.starts_with("oci://") {
                oci::newest(&self.registry, repository, name, &constraint, call).await?
            } else {
                self.repositories.get(repository, call).await?.newest(name, &constraint)?
            };
            let mut dependency = Dependency::default();
            dependency.name.clone_from(name);
            dependency.version = chosen;
            dependency.repository.clone_from(repository);
            Ok(dependency)
        })
    }

    /// `within` are the folders that this one is a dependency of, outermost first.
    fn build_within<'a>(&'a self, path: String, mut within: Vec<String>, call: &'a Call) -> Work<'a, Chart> {
        Box::pin(async move {
            let reading = self.read(&path)?;
            if let Some(start) = within.iter().position(|folder| *folder == reading.folder) {
                let circle = within.iter().skip(start).chain([&reading.folder]);
                let circle = circle.map(String::as_str).collect::<Vec<_>>().join(" -> ");
                let from = within.last().map(String::as_str).unwrap_or_default();
                return Err(helm_chart::Error::new(format!(
                    "charts depend on each other in a circle: {circle}"
                ))
                .at("Chart.yaml")
                .below(from)
                .with_hint("remove one of these dependencies; what both need can be a library chart")
                .into());
            }
            if within.len() >= MAX_DEPTH {
                return Err(reading
                    .wrong(format!("charts depend on each other more than {MAX_DEPTH} deep"))
                    .into());
            }
            within.push(reading.folder.clone());
            if reading.wanted.is_empty() {
                return Ok(reading.chart);
            }
            let chosen = match reading.lock()? {
                Some(lock) => lock.dependencies().to_vec(),
                None => {
                    if self.require_lock {
                        reading.check_unlocked()?;
                    }
                    try_join_all(reading.wanted.iter().map(|wanted| self.choose(&reading, wanted, call)))
                        .await?
                }
            };
            let mut unique: Vec<&Dependency> = Vec::new();
            for dependency in &chosen {
                if !unique.contains(&dependency) {
                    unique.push(dependency);
                }
            }
            let charts = unique.iter().map(|dependency| self.fetch(&reading, dependency, &within, call));
            let charts = try_join_all(charts).await?;
            for (at, chart) in charts.iter().enumerate() {
                let other =
                    charts.iter().take(at).find(|other| other.name() == chart.name() && *other != chart);
                if let Some(other) = other {
                    return Err(reading
                        .wrong(format!(
                            "{name} is wanted as {} and as {}, and a package has room for one chart of a name",
                            other.version(),
                            chart.version(),
                            name = chart.name()
                        ))
                        .with_hint("write one version for both dependencies; an `alias` gives the chart two names")
                        .into());
                }
            }
            Ok(charts.into_iter().fold(reading.chart, Chart::with_chart))
        })
    }

    /// What kept the chart in a folder from being read: if there is none, which dependency asked for it.
    fn local_error(&self, reading: &Reading, wanted: &Dependency, folder: &str, error: Error) -> Error {
        let parent = folder.rsplit_once('/').map(|(parent, _)| parent).unwrap_or_default();
        if self.folders.charts(parent).is_ok_and(|charts| charts.iter().any(|chart| chart == folder)) {
            return error;
        }
        let Dependency { name, repository, .. } = wanted;
        let shown = if folder.is_empty() { "the root" } else { folder };
        reading
            .wrong(format!("the dependency {name} is {repository}, and there is no chart in {shown}"))
            .with_hint("correct the path, which begins at the folder of this chart, or add the chart")
            .into()
    }

    /// The chart of a dependency with an exact version.
    fn fetch<'a>(
        &'a self,
        reading: &'a Reading,
        dependency: &'a Dependency,
        within: &'a [String],
        call: &'a Call,
    ) -> Work<'a, Chart> {
        Box::pin(async move {
            let Dependency { name, version, repository, .. } = dependency;
            if repository.is_empty() {
                return Ok(reading.embedded(dependency)?.clone());
            }
            if repository.starts_with("file://") {
                let folder =
                    local::folder(&reading.folder, repository).map_err(|error| at(reading, error))?;
                let chart = self.build_within(folder.clone(), within.to_vec(), call).await;
                let chart = chart.map_err(|error| self.local_error(reading, dependency, &folder, error))?;
                reading.check(dependency, &chart, &folder)?;
                return Ok(chart);
            }
            let package = if repository.starts_with("oci://") {
                oci::archive(&self.registry, repository, name, version, call).await?
            } else {
                let index = self.repositories.get(repository, call).await?;
                self.repositories.archive(&index, name, version, call).await?
            };
            let chart = package.chart()?;
            reading.check(dependency, &chart, &artifact_source::redact_url(repository))?;
            Ok(chart)
        })
    }
}

/// The error with the file of the dependencies.
fn at(reading: &Reading, error: helm_chart::Error) -> helm_chart::Error {
    error.at(reading.fields_file()).below(&reading.folder)
}

impl Reading {
    /// The chart in `charts/` that a dependency without a repository is.
    fn embedded(&self, wanted: &Dependency) -> Result<&Chart, helm_chart::Error> {
        let Dependency { name, version, .. } = wanted;
        let Some(chart) = self.chart.chart(name) else {
            return Err(self
                .wrong(format!("the dependency {name} has no repository, and charts/{name} is not there"))
                .with_hint("write the repository of the chart, or put the chart into charts/"));
        };
        if !fits(chart.version(), version) {
            return Err(self
                .wrong(format!(
                    "the dependency {name} is wanted in the version {version:?}, and charts/{name} has {}",
                    chart.version()
                ))
                .with_hint("change the constraint, or put another version into charts/"));
        }
        Ok(chart)
    }

    /// Checks that a chart is the one that the lock names.
    fn check(&self, dependency: &Dependency, chart: &Chart, found_in: &str) -> Result<(), helm_chart::Error> {
        let Dependency { name, version, .. } = dependency;
        if chart.name() != name {
            return Err(self
                .wrong(format!(
                    "the dependency {name} is a chart with the name {:?} in {found_in}",
                    chart.name()
                ))
                .with_hint(
                    "write the name that stands in that Chart.yaml; another name in this chart is an `alias`",
                ));
        }
        if !fits(chart.version(), version) {
            return Err(helm_chart::Error::new(format!(
                "the lock has {name} {version}, and {found_in} has {}",
                chart.version()
            ))
            .at(self.lock_file())
            .below(&self.folder)
            .with_hint(self.relock()));
        }
        Ok(())
    }

    /// Whether a chart without a lock may have another dependency tomorrow: one that is not a folder, with a constraint that several versions
    /// meet.
    fn check_unlocked(&self) -> Result<(), helm_chart::Error> {
        let is_open = |wanted: &&Dependency| {
            let is_local = wanted.repository.is_empty() || wanted.repository.starts_with("file://");
            !is_local && selection_strategies::Version::parse_strict(&wanted.version).is_err()
        };
        let Some(open) = self.wanted.iter().find(is_open) else { return Ok(()) };
        let (name, version) = (&open.name, &open.version);
        Err(helm_chart::Error::new(format!(
            "{name} {version:?} can resolve to another version later, and there is no {}",
            self.lock_file()
        ))
        .at(self.fields_file())
        .below(&self.folder)
        .with_hint(format!("{}, or depend on one exact version", self.relock())))
    }
}

impl fmt::Debug for DependencyResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DependencyResolver").field("require_lock", &self.require_lock).finish_non_exhaustive()
    }
}

impl fmt::Debug for DependencyResolverBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DependencyResolverBuilder")
            .field("require_lock", &self.require_lock)
            .finish_non_exhaustive()
    }
}
