//! From what exists to a plan.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use artifact_http::Call;
use futures::{FutureExt as _, StreamExt as _};
use helm_chart::{Chart, ChartFolders, Package, names_dev_version};
use selection_strategies::{Version, similar_names};

use super::dev_version::DevVersion;
use super::observer::ReleaseObserver;
use super::plan::{Action, Channel, Plan, PlannedChart, Step, StepKind};
use super::refusal::Refusal;
use super::settings::{Git, Release, Request, within};
use crate::dependency::DependencyResolver;
use crate::git::{BranchStanding, CommitId, RemoteListing, TagName, TagStanding};
use crate::{ChartRepository, Conflict, Error, registry, repository};

/// How many charts are packaged, and asked for, at once.
const AT_ONCE: usize = 8;

/// How many paths a refusal names.
const SHOWN_PATHS: usize = 5;

pub(super) async fn plan(
    release: &Release,
    request: &Request,
    observer: &dyn ReleaseObserver,
    deadline: Option<Instant>,
) -> Result<Plan, Error> {
    let mut refusals = Vec::new();
    if release.registry.is_none() && release.repository.is_none() {
        refusals.push(Refusal::NoDestination);
    }
    let facts = match &release.git {
        Some(git) => Some(GitFacts::read(git, release, request, deadline).await?),
        None => None,
    };
    if let Some(facts) = &facts {
        refusals.extend(facts.refusals(request));
    }
    let (folders, submodules) = folders(release, request, facts.as_ref())?;
    let named = names(release, request, &*folders, &submodules, &mut refusals)?;
    let resolver = release.resolver(Arc::clone(&folders), !matches!(request, Request::Dev(..)));
    let call = Call::new().with_deadline(deadline);
    let planner = Planner { release, request, folders, resolver, facts: facts.as_ref(), observer, call };
    let planned: Vec<_> = named.iter().map(|name| planner.plan(name).boxed()).collect();
    let mut charts: Vec<_> = futures::stream::iter(planned).buffered(AT_ONCE).collect().await;
    standing(release, &mut charts, &planner.call).await?;
    Ok(Plan {
        commit: facts.map(|facts| facts.commit),
        charts,
        refusals,
        is_auto: matches!(request, Request::Auto(..)),
    })
}

/// Releases are packaged from the commit, dev releases from the folder on disk. Also the submodules that the commit has among its charts.
fn folders(
    release: &Release,
    request: &Request,
    facts: Option<&GitFacts>,
) -> Result<(Arc<dyn ChartFolders>, Vec<String>), Error> {
    match (request, &release.git, facts) {
        (Request::Release(_) | Request::Auto(..), Some(git), Some(facts)) => {
            let commit = git.repository.at_commit(facts.commit)?;
            let submodules = commit.submodules(&release.charts)?;
            Ok((Arc::new(commit), submodules.into_iter().map(|(path, _)| path).collect()))
        }
        _ => Ok((Arc::clone(&release.folders) as Arc<dyn ChartFolders>, Vec::new())),
    }
}

/// The names of the charts: those of the request, or all.
fn names(
    release: &Release,
    request: &Request,
    folders: &dyn ChartFolders,
    submodules: &[String],
    refusals: &mut Vec<Refusal>,
) -> Result<Vec<String>, Error> {
    let (named, all_by_default) = match request {
        Request::Release(named) => (named, false),
        Request::Dev(named, _) | Request::Auto(named, _) => (named, true),
    };
    let all: Vec<String> = folders
        .charts(&release.charts)?
        .iter()
        .map(|path| path.rsplit('/').next().unwrap_or(path).to_owned())
        .collect();
    if named.is_empty() && all_by_default {
        // Those that are charts, as far as this clone has them.
        let on_disk =
            if submodules.is_empty() { Vec::new() } else { release.folders.charts(&release.charts)? };
        let charts = submodules.iter().filter(|path| on_disk.contains(path));
        refusals.extend(charts.map(|path| Refusal::Submodule { folder: path.clone() }));
        if all.is_empty() {
            refusals.push(Refusal::NoCharts { folder: release.charts.clone() });
        }
        return Ok(all);
    }
    let mut seen = BTreeSet::new();
    for name in named {
        if !seen.insert(name) {
            refusals.push(Refusal::Twice { chart: name.clone() });
        } else if let Some(folder) = submodules.iter().find(|path| path.rsplit('/').next() == Some(name)) {
            refusals.push(Refusal::Submodule { folder: folder.clone() });
        } else if !all.contains(name) {
            let similar = similar_names(name, all.iter().map(String::as_str));
            refusals.push(Refusal::NoSuchChart {
                chart: name.clone(),
                folder: release.charts.clone(),
                similar: similar.into_iter().map(str::to_owned).collect(),
            });
        }
    }
    Ok(named.iter().filter(|name| all.contains(name)).cloned().collect())
}

/// What Git says, read once for all charts.
struct GitFacts {
    commit: CommitId,
    /// The committer time of the commit.
    time: jiff::Timestamp,
    changed_paths: Vec<String>,
    /// The refusal of a commit that is not on the default branch.
    branch: Option<Refusal>,
    remote: Option<RemoteListing>,
}

impl GitFacts {
    async fn read(
        git: &Git,
        release: &Release,
        request: &Request,
        deadline: Option<Instant>,
    ) -> Result<Self, Error> {
        let repository = &git.repository;
        let commit = repository.head_commit()?;
        let status = repository.work_tree_status(&release.charts)?;
        let mut facts = Self {
            commit,
            time: repository.committer_time(commit)?,
            changed_paths: status.changes.into_iter().map(|change| change.path).collect(),
            branch: None,
            remote: None,
        };
        let needs_remote = match request {
            Request::Release(_) | Request::Auto(..) | Request::Dev(_, DevVersion::Dated) => true,
            Request::Dev(_, DevVersion::Fixed) => false,
        };
        if needs_remote {
            let remote = repository.remote_name(git.remote.as_deref())?;
            let listing = within(deadline, repository.list_remote(&remote)).await?;
            facts.branch = match repository.branch_standing(commit, &listing)? {
                BranchStanding::On { .. } => None,
                BranchStanding::Off { branch, is_ahead, .. } => Some(Refusal::NotOnDefaultBranch {
                    commit: commit.to_string(),
                    branch: format!("{remote}/{branch}"),
                    is_ahead,
                }),
                BranchStanding::Undecided { branch, missing, .. } => Some(Refusal::UnknownHistory {
                    commit: commit.to_string(),
                    branch: format!("{remote}/{branch}"),
                    reason: missing.to_string(),
                    command: missing.command(),
                    remedy: missing.remedy(),
                }),
            };
            facts.remote = Some(listing);
        }
        Ok(facts)
    }

    fn refusals(&self, request: &Request) -> Vec<Refusal> {
        let paths = || self.changed_paths.iter().take(SHOWN_PATHS).cloned().collect();
        let is_dirty = !self.changed_paths.is_empty();
        match request {
            Request::Release(_) | Request::Auto(..) => {
                let count = self.changed_paths.len();
                let dirty = is_dirty.then(|| Refusal::DirtyWorkTree { paths: paths(), count });
                dirty.into_iter().chain(self.branch.clone()).collect()
            }
            Request::Dev(_, DevVersion::Dated) if is_dirty => vec![Refusal::DatedWorkTree { paths: paths() }],
            Request::Dev(..) => Vec::new(),
        }
    }

    fn tag_standing(&self, git: &Git, chart: &str, version: &str) -> Result<(TagName, TagStanding), Error> {
        let name = TagName::of_chart(chart, version)?;
        let standing = git.repository.tag_standing(&name, self.commit, self.remote.as_ref())?;
        Ok((name, standing))
    }
}

/// Plans one chart after the other.
struct Planner<'p> {
    release: &'p Release,
    request: &'p Request,
    folders: Arc<dyn ChartFolders>,
    resolver: DependencyResolver,
    facts: Option<&'p GitFacts>,
    observer: &'p dyn ReleaseObserver,
    call: Call,
}

/// What a chart becomes.
struct Course {
    channel: Channel,
    reason: String,
    /// The version to publish, if it is not that of `Chart.yaml`.
    version: Option<String>,
    tag: Option<(TagName, TagStanding)>,
}

impl Planner<'_> {
    async fn plan(&self, name: &str) -> PlannedChart {
        self.observer.packaging(name);
        let mut planned = PlannedChart::new(name);
        if let Err(error) = self.fill(name, &mut planned).await {
            planned.error = Some(error);
        }
        planned
    }

    async fn fill(&self, name: &str, planned: &mut PlannedChart) -> Result<(), Error> {
        if let Request::Dev(..) = self.request {
            planned.channel = Channel::Dev;
        }
        let path = match self.release.charts.as_str() {
            "" | "." => name.to_owned(),
            folder => format!("{folder}/{name}"),
        };
        let chart = Chart::read(&*self.folders, &path)?;
        planned.version = chart.version().to_owned();
        if chart.name() != name {
            planned.refusals.push(Refusal::NameDiffers { folder: path, chart: chart.name().to_owned() });
            return Ok(());
        }
        let course = self.course(&chart)?;
        planned.channel = course.channel;
        planned.reason = course.reason;
        if course.channel == Channel::Release {
            planned.refusals.extend(self.refusals(&chart).await?);
        }
        // What no destination takes fails here, and stops no other chart.
        self.check_places(name, course.version.as_deref().unwrap_or(chart.version()))?;
        let mut chart = self.resolver.build(&path, &self.call).await?;
        if course.channel == Channel::Release {
            for refusal in embedded_dev_versions(&chart) {
                if !planned.refusals.contains(&refusal) {
                    planned.refusals.push(refusal);
                }
            }
        }
        if let Some(version) = &course.version {
            chart = chart.with_version(version)?;
            planned.version.clone_from(version);
        }
        // Compression is work for a thread of its own.
        let package = tokio::task::spawn_blocking(move || chart.package()).await;
        let package = Arc::new(package.map_err(|_| Error::Interrupted)??);
        planned.digest = package.digest().to_owned();
        planned.package = Some(package);
        if let Some((tag, standing)) = course.tag {
            self.tag_steps(&tag, &standing, planned);
        }
        Ok(())
    }

    /// Checks that the registry and the store take a chart of this name and version. Nothing is sent.
    fn check_places(&self, name: &str, version: &str) -> Result<(), Error> {
        if let Some(registry) = &self.release.registry {
            registry.reference(name, version)?;
        }
        match self.release.repository {
            Some(_) => ChartRepository::check(name, version),
            None => Ok(()),
        }
    }

    /// Whether the chart is released or becomes a dev release, and why.
    fn course(&self, chart: &Chart) -> Result<Course, Error> {
        let (name, version) = (chart.name(), chart.version());
        let tag = match (&self.release.git, self.facts) {
            (Some(git), Some(facts)) if facts.remote.is_some() => {
                Some(facts.tag_standing(git, name, version)?)
            }
            _ => None,
        };
        let is_released = tag.as_ref().is_some_and(|(_, standing)| *standing != TagStanding::Absent);
        let dev = |form: DevVersion, reason: String| {
            let (commit, time) = match self.facts {
                Some(facts) => (facts.commit.to_string(), facts.time),
                None => (String::new(), jiff::Timestamp::UNIX_EPOCH),
            };
            let version = form.of(version, is_released, &commit, time);
            Course { channel: Channel::Dev, reason, version, tag: None }
        };
        Ok(match (self.request, tag) {
            (Request::Dev(_, form), _) => dev(*form, String::new()),
            (Request::Auto(_, form), Some((tag, TagStanding::Elsewhere { .. }))) => {
                dev(*form, format!("{tag} is released"))
            }
            (_, Some((tag, standing))) => Course {
                channel: Channel::Release,
                reason: match standing {
                    TagStanding::Absent => format!("there is no tag {tag}"),
                    TagStanding::Elsewhere { .. } => format!("{tag} stands on another commit"),
                    _ => format!("{tag} stands on this commit"),
                },
                version: None,
                tag: Some((tag, standing)),
            },
            (_, None) => {
                Course { channel: Channel::Release, reason: "a release".to_owned(), version: None, tag: None }
            }
        })
    }

    /// Why a chart is not released, from the chart and Git alone.
    async fn refusals(&self, chart: &Chart) -> Result<Vec<Refusal>, Error> {
        let name = chart.name().to_owned();
        let (metadata, checks) = (chart.metadata(), &self.release.checks);
        let mut refusals = Vec::new();
        if names_dev_version(chart.version()) {
            let version = chart.version().to_owned();
            refusals.push(Refusal::DevVersion { chart: name.clone(), version });
        }
        if checks.deployed && Version::parse(chart.version()).is_ok_and(|version| version.major() == 0) {
            let version = chart.version().to_owned();
            refusals.push(Refusal::BelowOne { chart: name.clone(), version });
        }
        for dependency in &metadata.dependencies {
            if names_dev_version(&dependency.version) {
                refusals.push(Refusal::DevDependency {
                    chart: name.clone(),
                    dependency: dependency.name.clone(),
                    version: dependency.version.clone(),
                });
            }
        }
        if let Some((location, registry)) = &checks.image
            && !metadata.is_library()
        {
            let values = String::from_utf8_lossy(chart.values().unwrap_or_default());
            match location.image(&name, &metadata.app_version, &values) {
                Ok(image) => refusals.extend(image.verify(&name, registry, self.call.deadline).await?),
                Err(refusal) => refusals.push(refusal),
            }
        }
        Ok(refusals)
    }

    /// The steps of a tag, or the refusal.
    fn tag_steps(&self, tag: &TagName, standing: &TagStanding, planned: &mut PlannedChart) {
        let Some(facts) = self.facts else { return };
        let remote = facts.remote.as_ref().map_or("", |listing| listing.remote.as_str());
        let (here, there) = match standing {
            TagStanding::Absent => (Action::Create, Action::Create),
            TagStanding::HereOnly => (Action::Keep, Action::Create),
            // Those who want the tag here fetch it; the release is complete without it.
            TagStanding::RemoteOnly | TagStanding::Both => (Action::Keep, Action::Keep),
            TagStanding::Elsewhere { here, remote: there } => {
                let places = [(here, "this clone"), (there, remote)];
                let elsewhere = places.into_iter().filter_map(|(id, place)| Some((id.as_ref()?, place)));
                let elsewhere = elsewhere.filter(|(id, _)| **id != facts.commit);
                planned.refusals.extend(elsewhere.take(1).map(|(id, place)| Refusal::TagElsewhere {
                    tag: tag.to_string(),
                    stands_on: id.to_string(),
                    commit: facts.commit.to_string(),
                    place: place.to_owned(),
                }));
                return;
            }
        };
        let target = tag.to_string();
        planned.steps.push(Step { kind: StepKind::Tag, target: target.clone(), action: here });
        let target = format!("{remote} {target}");
        planned.steps.push(Step { kind: StepKind::PushTag, target, action: there });
    }
}

/// The dev versions that a built chart has in it: those of the charts that are embedded, of any range or folder, and of the locks,
/// through the whole tree.
fn embedded_dev_versions(chart: &Chart) -> Vec<Refusal> {
    let mut found = Vec::new();
    let mut waiting = vec![chart];
    while let Some(holder) = waiting.pop() {
        let locked = holder.lock().map(helm_chart::Lock::dependencies).unwrap_or_default();
        let locked = locked.iter().map(|dependency| (&*dependency.name, &*dependency.version));
        let embedded = holder.charts().iter().map(|inner| (inner.name(), inner.version()));
        for (dependency, version) in locked.chain(embedded) {
            let refusal = Refusal::DevDependency {
                chart: holder.name().to_owned(),
                dependency: dependency.to_owned(),
                version: version.to_owned(),
            };
            if names_dev_version(version) && !found.contains(&refusal) {
                found.push(refusal);
            }
        }
        waiting.extend(holder.charts());
    }
    found
}

/// Asks the registry and the store what is there, and puts the steps for it before those for tags.
///
/// What cannot be read of one chart is an error of that chart alone: other charts of a dev release go on, and a release names every chart that
/// is in its way.
///
/// # Errors
///
/// If the index of the store, which is that of all charts, cannot be read.
async fn standing(release: &Release, charts: &mut [PlannedChart], call: &Call) -> Result<(), Error> {
    let packages: Vec<_> = charts.iter().filter_map(|chart| chart.package.clone()).collect();
    // Boxed, so that the compiler sees that they can be sent to another thread.
    let in_store = async {
        let Some(repository) = &release.repository else { return Ok(None) };
        let names: Vec<_> = packages.iter().map(|package| (package.name(), package.version())).collect();
        call.within(repository.standing_of_each(&names)).await?.map(Some)
    }
    .boxed();
    let in_registry = async {
        let Some(registry) = &release.registry else { return Ok(None) };
        let asked =
            packages.iter().map(|package| registry.standing(package.name(), package.version(), call).boxed());
        let asked: Vec<_> = asked.collect();
        Ok(Some(futures::stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await))
    }
    .boxed();
    let (in_store, in_registry) = futures::future::try_join(in_store, in_registry).await?;
    let (mut in_store, mut in_registry) = (in_store.map(Vec::into_iter), in_registry.map(Vec::into_iter));
    for chart in charts.iter_mut().filter(|chart| chart.package.is_some()) {
        let stored = in_store.as_mut().and_then(Iterator::next).transpose();
        let pushed = in_registry.as_mut().and_then(Iterator::next).transpose();
        let added = stored.and_then(|stored| publishing_steps(release, chart, stored, pushed?));
        if let Err(error) = added {
            chart.steps.clear();
            chart.error = Some(error);
        }
    }
    Ok(())
}

/// Adds the steps that publish a chart to those for its tag.
fn publishing_steps(
    release: &Release,
    chart: &mut PlannedChart,
    stored: Option<repository::Standing>,
    pushed: Option<registry::Standing>,
) -> Result<(), Error> {
    let Some(package) = chart.package.clone() else { return Ok(()) };
    let stored = release.repository.as_ref().zip(stored);
    let pushed = release.registry.as_ref().zip(pushed);
    // Neither is read before the last of them is written.
    let is_unfinished = stored.as_ref().is_some_and(|(_, standing)| !standing.is_listed)
        && pushed.as_ref().is_none_or(|(_, standing)| *standing == registry::Standing::Nothing);
    let mut steps = Steps { chart, package: &package, steps: Vec::new(), is_unfinished };
    if let Some((repository, standing)) = &stored {
        let target = format!("{}/{}", repository.store().url().trim_end_matches('/'), package.file_name());
        steps.add(StepKind::Archive, target, standing.archive.as_deref());
    }
    if let Some((registry, standing)) = pushed {
        let target = registry.reference(package.name(), package.version())?;
        steps.add(StepKind::Push, target, standing.content().as_deref());
        steps.chart.pushed = Some(standing);
    }
    if let Some((repository, standing)) = &stored {
        let target = format!("{}/index.yaml", repository.store().url().trim_end_matches('/'));
        // An entry without a digest is that of another archive.
        let digest = standing.is_listed.then(|| standing.entry.as_deref().unwrap_or("no digest"));
        steps.add(StepKind::Index, target, digest);
    }
    steps.finish();
    Ok(())
}

/// The steps of one chart that publish its package.
struct Steps<'c> {
    chart: &'c mut PlannedChart,
    package: &'c Package,
    steps: Vec<Step>,
    /// Whether at most the archive is there, which no reader sees.
    is_unfinished: bool,
}

impl Steps<'_> {
    /// Adds a step whose target has this content, the digest of an archive, or the refusal: only a moving version is replaced.
    fn add(&mut self, kind: StepKind, target: String, published: Option<&str>) {
        let action = match published {
            None => Action::Create,
            Some(digest) if digest == self.package.digest() => Action::Keep,
            Some(_) if self.chart.may_replace() => Action::Replace,
            Some(digest) => {
                let is_reserved = self.is_unfinished;
                let conflict = Conflict { is_reserved, ..Conflict::new(self.package, target, digest) };
                self.chart.refusals.push(Refusal::OtherContent(Box::new(conflict)));
                return;
            }
        };
        self.steps.push(Step { kind, target, action });
    }

    /// Steps that publish come before those for tags.
    fn finish(mut self) {
        self.steps.append(&mut self.chart.steps);
        self.chart.steps = self.steps;
    }
}
