//! The steps of a plan, one kind after the other.

use std::collections::{BTreeSet, HashMap};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use artifact_http::Call;
use futures::future::{BoxFuture, Either, Shared, select};
use futures::{FutureExt as _, StreamExt as _};
use helm_chart::Package;

use super::observer::ReleaseObserver;
use super::plan::{Action, Channel, Plan, PlannedChart, StepKind};
use super::report::{ChartReport, Failure, Outcome, Report, ReportedStep};
use super::settings::{Release, within};
use crate::git::{CommitId, TagCreation, TagName};
use crate::repository::ArchivePut;
use crate::store::{LockObject, LockObserver, LockWait};
use crate::{ChartRegistry, Error, Overwrite, registry};

/// How many charts take the same step at once.
pub(super) const AT_ONCE: usize = 8;

/// How long locks of the store may take to be given back after a step was dropped.
const LONGEST_RELEASE: Duration = Duration::from_secs(4);

/// A plan that is being carried out.
pub(super) struct Execution<'r> {
    pub(super) release: &'r Release,
    observer: &'r dyn ReleaseObserver,
    pub(super) call: Call,
    /// Ends when the release is to be stopped.
    stop: Shared<BoxFuture<'r, ()>>,
    commit: Option<CommitId>,
    pub(super) charts: Vec<PlannedChart>,
    outcomes: HashMap<(usize, StepKind), Outcome>,
    failures: Vec<Failure>,
    /// The charts that failed; nothing further is done for them.
    pub(super) stopped: Vec<bool>,
    /// Charts of a version that may be replaced, where another release may have come in between: the registry and the store may differ.
    pub(super) contested: BTreeSet<usize>,
}

/// A failure that is recorded.
struct Failed;

/// What a step did, or why it failed.
type StepResult = Result<Action, Error>;

/// Tells the observer of a release about the lock of its store.
struct Locks<'r>(&'r dyn ReleaseObserver);

impl LockObserver for Locks<'_> {
    fn waiting_for(&self, lock: &LockObject) {
        self.0.waiting_for_lock(lock);
    }
}

impl<'r> Execution<'r> {
    pub(super) fn new(
        release: &'r Release,
        observer: &'r dyn ReleaseObserver,
        deadline: Option<Instant>,
        stop: BoxFuture<'r, ()>,
        plan: Plan,
    ) -> Self {
        let is_possible = plan.is_possible();
        let whole = plan.refusals.into_iter().map(|refusal| Failure {
            chart: None,
            step: None,
            error: refusal.into(),
        });
        let mut failures: Vec<_> = whole.collect();
        let mut charts = plan.charts;
        let stopped = charts.iter().map(|chart| !is_possible || !chart.is_possible()).collect();
        for chart in &mut charts {
            let name = chart.chart.clone();
            failures.extend(chart.error.take().map(|error| Failure { chart: Some(name), step: None, error }));
            let refusals = std::mem::take(&mut chart.refusals).into_iter();
            failures.extend(refusals.map(|refusal| Failure {
                chart: Some(chart.chart.clone()),
                step: None,
                error: refusal.into(),
            }));
        }
        let call = Call::new().with_deadline(deadline);
        Self {
            release,
            observer,
            call,
            stop: stop.shared(),
            commit: plan.commit,
            charts,
            outcomes: HashMap::new(),
            failures,
            stopped,
            contested: BTreeSet::new(),
        }
    }

    /// All steps, in their order. A release that fails goes no further; a chart of a dev release that fails does not stop the others.
    pub(super) async fn run(mut self) -> Report {
        self.archives().await;
        self.push().await;
        self.index().await;
        self.agree().await;
        self.tag();
        self.push_tags().await;
        if let Some(repository) = &self.release.repository {
            // A step that was dropped, at the deadline or because the release is stopped, may have held it.
            let _ = tokio::time::timeout(LONGEST_RELEASE, repository.store().unlocked()).await;
        }
        self.report()
    }

    /// Waits for a step, until the deadline or until the release is stopped.
    pub(super) async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        match select(self.stop.clone(), pin!(self.call.within(work))).await {
            Either::Left(_) => Err(Error::Stopped),
            Either::Right((done, _)) => Ok(done?),
        }
    }

    /// The charts with this step left to be done.
    fn pending(&self, kind: StepKind) -> Vec<usize> {
        let charts = self.charts.iter().zip(&self.stopped).enumerate();
        let pending = charts.filter(|(_, (chart, stopped))| !**stopped && chart.pending(kind).is_some());
        pending.map(|(index, _)| index).collect()
    }
}

/// What a step publishes.
#[derive(Clone)]
struct Publication {
    package: Arc<Package>,
    may_replace: bool,
}

impl<'r> Execution<'r> {
    /// Pushes the archives of all charts to the registry, several at once.
    async fn push(&mut self) {
        let Some(registry) = &self.release.registry else { return };
        let pushes: Vec<_> = self
            .pending(StepKind::Push)
            .into_iter()
            .filter_map(|index| {
                let chart = self.charts.get(index)?;
                let target = chart.pending(StepKind::Push)?.target.as_str();
                Some(self.push_one(index, registry, chart, target, publication(chart)?).boxed())
            })
            .collect();
        let mut results: Vec<_> = futures::stream::iter(pushes).buffer_unordered(AT_ONCE).collect().await;
        for (index, result) in &mut results {
            let may_replace = self.charts.get(*index).is_some_and(PlannedChart::may_replace);
            if may_replace && matches!(result, Err(Error::Conflict(conflict)) if conflict.is_race) {
                // Another release has moved the dev version meanwhile. What the store has at the end decides.
                *result = Ok(Action::Replace);
                self.contested.insert(*index);
            }
        }
        self.record(StepKind::Push, results);
    }

    async fn push_one(
        &self,
        index: usize,
        registry: &ChartRegistry,
        chart: &PlannedChart,
        target: &str,
        publication: Publication,
    ) -> (usize, StepResult) {
        self.observer.started(&chart.chart, StepKind::Push, target);
        let overwrite = overwrite(publication.may_replace);
        let package = &publication.package;
        let push = async {
            match &chart.pushed {
                Some(known) => registry.push_after(known, package, &overwrite, &self.call).await,
                None => registry.push(package, &overwrite, &self.call).await,
            }
        };
        let pushed = self.within(push).await.and_then(|pushed| pushed);
        let action = pushed.map(|pushed| match pushed.outcome {
            registry::Outcome::Pushed => Action::Create,
            registry::Outcome::Replaced(_) => Action::Replace,
            registry::Outcome::AlreadyThere => Action::Keep,
        });
        (index, action)
    }

    /// Puts the archives of all charts into the store.
    ///
    /// Those of a release are put one after the other, in the order of their names: of two releasers at once that share a chart, the one that comes
    /// first to the first of them goes on, and the other one stops before it takes the name of an archive that the first one needs.
    async fn archives(&mut self) {
        let (mut releases, dev): (Vec<_>, Vec<_>) =
            self.pending(StepKind::Archive).into_iter().partition(|&index| {
                self.charts.get(index).is_some_and(|chart| chart.channel == Channel::Release)
            });
        releases.sort_by_key(|&index| self.charts.get(index).map(|chart| chart.chart.as_str()));
        for index in releases {
            if self.put_archives(&[index]).await.is_err() {
                break;
            }
        }
        // A failure of this concerns only them.
        let _ = self.put_archives(&dev).await;
    }

    async fn put_archives(&mut self, pending: &[usize]) -> Result<(), Failed> {
        let Some(repository) = self.release.repository.as_ref().filter(|_| !pending.is_empty()) else {
            return Ok(());
        };
        let (packages, overwrite) = self.packages(StepKind::Archive, pending);
        let locks = Locks(self.observer);
        let wait = LockWait { deadline: self.call.deadline, observer: &locks };
        let error = match self.within(repository.put_archives_within(&packages, &overwrite, wait)).await {
            Ok(Ok(puts)) => {
                let action = |put: ArchivePut| match put {
                    ArchivePut::Written => Action::Create,
                    ArchivePut::Replaced => Action::Replace,
                    ArchivePut::Stands => Action::Keep,
                };
                let results = pending.iter().zip(puts).map(|(&index, put)| (index, Ok(action(put))));
                self.record(StepKind::Archive, results.collect());
                return Ok(());
            }
            Ok(Err(error)) | Err(error) => error,
        };
        self.fail_all(StepKind::Archive, pending, error);
        Err(Failed)
    }

    /// Writes the entries of all charts into the index, at once.
    async fn index(&mut self) {
        let pending = self.pending(StepKind::Index);
        let Some(repository) = self.release.repository.as_ref().filter(|_| !pending.is_empty()) else {
            return;
        };
        let (packages, overwrite) = self.packages(StepKind::Index, &pending);
        let locks = Locks(self.observer);
        let wait = LockWait { deadline: self.call.deadline, observer: &locks };
        match self.within(repository.merge_index_within(&packages, &overwrite, wait)).await {
            Ok(Ok(merge)) => {
                let is_superseded = |package: &Package| {
                    merge.superseded.contains(&format!("{}-{}", package.name(), package.version()))
                };
                let superseded = pending.iter().zip(&packages).filter(|(_, package)| is_superseded(package));
                self.contested.extend(superseded.map(|(&index, _)| index));
                let action = |package: &Package| {
                    let name = format!("{}-{}", package.name(), package.version());
                    if merge.added.contains(&name) {
                        Action::Create
                    } else if merge.replaced.contains(&name) {
                        Action::Replace
                    } else {
                        Action::Keep
                    }
                };
                let results =
                    pending.into_iter().zip(&packages).map(|(index, package)| (index, Ok(action(package))));
                self.record(StepKind::Index, results.collect());
            }
            Ok(Err(error)) | Err(error) => self.fail_all(StepKind::Index, &pending, error),
        }
    }

    /// The packages of these charts, whose step begins, and which version of them may be replaced: of all versions only the fixed dev version.
    fn packages(&self, kind: StepKind, pending: &[usize]) -> (Vec<Package>, Overwrite) {
        let publications: Vec<_> = self.announce(kind, pending).filter_map(publication).collect();
        let overwrite = overwrite(publications.iter().any(|publication| publication.may_replace));
        (publications.iter().map(|publication| (*publication.package).clone()).collect(), overwrite)
    }

    /// Creates the tags in this repository.
    fn tag(&mut self) {
        let pending = self.pending(StepKind::Tag);
        let Some(git) = &self.release.git else { return };
        let mut results = Vec::new();
        for &index in &pending {
            let Some(chart) = self.charts.get(index) else { continue };
            self.announce(StepKind::Tag, &[index]).for_each(drop);
            let result = tag_name(chart).and_then(|name| {
                let commit = self.commit.ok_or(Error::Interrupted)?;
                let created = git.repository.create_tag(&name, commit, &git.tag_kind(&name))?;
                Ok(match created {
                    TagCreation::Created => Action::Create,
                    TagCreation::AlreadyThere => Action::Keep,
                })
            });
            results.push((index, result));
        }
        self.record(StepKind::Tag, results);
    }

    /// Pushes all tags at once.
    async fn push_tags(&mut self) {
        let pending = self.pending(StepKind::PushTag);
        let Some(git) = self.release.git.as_ref().filter(|_| !pending.is_empty()) else { return };
        let charts = self.announce(StepKind::PushTag, &pending);
        let tags: Vec<_> = match charts.map(tag_name).collect() {
            Ok(tags) => tags,
            Err(error) => return self.fail_all(StepKind::PushTag, &pending, error),
        };
        let pushed = async {
            let remote = git.repository.remote_name(git.remote.as_deref())?;
            within(self.call.deadline, git.repository.push_tags(&remote, &tags)).await
        };
        match self.within(pushed).await.and_then(|pushed| pushed) {
            Ok(report) => {
                let actions = tags.iter().map(|tag| match report.already_there.contains(tag) {
                    true => Action::Keep,
                    false => Action::Create,
                });
                let results = pending.into_iter().zip(actions).map(|(index, action)| (index, Ok(action)));
                self.record(StepKind::PushTag, results.collect());
            }
            Err(error) => self.fail_all(StepKind::PushTag, &pending, error),
        }
    }

    /// Tells the observer that a step of these charts begins.
    fn announce<'s>(
        &'s self,
        kind: StepKind,
        pending: &'s [usize],
    ) -> impl Iterator<Item = &'s PlannedChart> {
        pending.iter().filter_map(|&index| self.charts.get(index)).inspect(move |chart| {
            let target = chart.pending(kind).map_or("", |step| &step.target);
            self.observer.started(&chart.chart, kind, target);
        })
    }

    fn record(&mut self, kind: StepKind, mut results: Vec<(usize, StepResult)>) {
        results.sort_by_key(|(index, _)| *index);
        for (index, result) in results {
            let Some(chart) = self.charts.get(index) else { continue };
            let outcome = match result {
                Ok(action) => {
                    self.observer.finished(&chart.chart, kind, action);
                    Outcome::from(action)
                }
                Err(Error::Stopped) => {
                    self.tell_stop();
                    Outcome::Stopped
                }
                Err(error) => {
                    self.failures.push(Failure { chart: Some(chart.chart.clone()), step: Some(kind), error });
                    Outcome::Failed
                }
            };
            self.outcomes.insert((index, kind), outcome);
            if !outcome.is_done() {
                self.stop(index);
            }
        }
    }

    /// One failure of a step that is taken for all charts at once.
    pub(super) fn fail_all(&mut self, kind: StepKind, pending: &[usize], error: Error) {
        if matches!(error, Error::Stopped) {
            return self.record(kind, pending.iter().map(|&index| (index, Err(Error::Stopped))).collect());
        }
        let chart = match pending {
            [index] => self.charts.get(*index).map(|chart| chart.chart.clone()),
            _ => None,
        };
        self.failures.push(Failure { chart, step: Some(kind), error });
        for &index in pending {
            self.outcomes.insert((index, kind), Outcome::Failed);
            self.stop(index);
        }
    }

    /// The release is stopped: said once, and nothing further is done for any chart.
    fn tell_stop(&mut self) {
        if !self.failures.iter().any(|failure| matches!(failure.error, Error::Stopped)) {
            self.failures.push(Failure { chart: None, step: None, error: Error::Stopped });
        }
        self.stopped.fill(true);
    }

    /// What was published of this chart is replaced by another release's.
    pub(super) fn supersede(&mut self, index: usize) {
        let kinds = [StepKind::Archive, StepKind::Push, StepKind::Index];
        let Some(chart) = self.charts.get(index) else { return };
        for kind in kinds.into_iter().filter(|&kind| chart.pending(kind).is_some()) {
            self.outcomes.insert((index, kind), Outcome::Superseded);
        }
        self.stop(index);
    }

    /// Nothing further is done for this chart, and, if it is one of a release, for the other charts of the release.
    fn stop(&mut self, index: usize) {
        let is_release = |chart: &PlannedChart| chart.channel == Channel::Release;
        let stops_release = self.charts.get(index).is_some_and(is_release);
        for (other, (chart, stopped)) in self.charts.iter().zip(&mut self.stopped).enumerate() {
            *stopped |= other == index || (stops_release && is_release(chart));
        }
    }

    fn report(self) -> Report {
        let charts = self.charts.into_iter().enumerate().map(|(index, chart)| ChartReport {
            steps: chart
                .steps
                .into_iter()
                .map(|step| {
                    let outcome = match step.action {
                        Action::Keep => Outcome::Kept,
                        _ => self.outcomes.get(&(index, step.kind)).copied().unwrap_or(Outcome::NotTried),
                    };
                    ReportedStep { step, outcome }
                })
                .collect(),
            chart: chart.chart,
            channel: chart.channel,
            version: chart.version,
            digest: chart.digest,
        });
        Report { charts: charts.collect(), failures: self.failures }
    }
}

fn overwrite(may_replace: bool) -> Overwrite {
    if may_replace { Overwrite::moving_dev() } else { Overwrite::Never }
}

fn publication(chart: &PlannedChart) -> Option<Publication> {
    Some(Publication { package: Arc::clone(chart.package.as_ref()?), may_replace: chart.may_replace() })
}

fn tag_name(chart: &PlannedChart) -> Result<TagName, Error> {
    Ok(TagName::of_chart(&chart.chart, &chart.version)?)
}
