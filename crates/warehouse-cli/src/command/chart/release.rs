//! `warehouse chart plan`, `release`, `release-dev` and `auto`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use chart_release::git::{GitErrorKind, GitRepository};
use chart_release::store::{LockObject, LockObserver as _};
use chart_release::{
    Action, ImageLocation, Outcome, Plan, Release, ReleaseObserver, Report, Request, StepKind,
};
use helm_chart::DiskFolders;

use super::publisher::{Publisher, Waiting, repository, stopped};
use crate::arguments::{Auto, ChartFormat, DevReleases, Publishing, ReleaseChecks};
use crate::exit::Exit;
use crate::message::Messages;
use crate::stopping::Stopping;
use crate::{arguments, output};

/// Prints what `release` would do.
pub(super) async fn plan(arguments: arguments::Release, messages: &Messages) -> Result<Exit, Exit> {
    let session = Session::open(&arguments.publishing, Some(&arguments.checks), messages).await?;
    let plan = session.plan(&Request::Release(arguments.names)).await?;
    session.show(&plan)
}

/// Releases charts: all that are named, or none.
pub(super) async fn release(
    arguments: arguments::Release,
    messages: &Messages,
    stopping: Stopping,
) -> Result<Exit, Exit> {
    let session = Session::open(&arguments.publishing, Some(&arguments.checks), messages).await?;
    session.run(&Request::Release(arguments.names), false, stopping).await
}

/// Publishes dev versions.
pub(super) async fn release_dev(
    releases: DevReleases,
    messages: &Messages,
    stopping: Stopping,
) -> Result<Exit, Exit> {
    let session = Session::open(&releases.publishing, None, messages).await?;
    session.run(&Request::Dev(releases.names, releases.dev_version), releases.dry_run, stopping).await
}

/// Releases what has no tag, and publishes dev versions of the others.
pub(super) async fn auto(arguments: Auto, messages: &Messages, stopping: Stopping) -> Result<Exit, Exit> {
    let Auto { releases, checks } = arguments;
    let session = Session::open(&releases.publishing, Some(&checks), messages).await?;
    session.run(&Request::Auto(releases.names, releases.dev_version), releases.dry_run, stopping).await
}

/// A release with these arguments.
struct Session<'m> {
    release: Release,
    deadline: Instant,
    output: ChartFormat,
    messages: &'m Messages,
}

impl<'m> Session<'m> {
    async fn open(
        publishing: &Publishing,
        checks: Option<&ReleaseChecks>,
        messages: &'m Messages,
    ) -> Result<Self, Exit> {
        let failed = |error: chart_release::Error| {
            messages.chart_error(&error);
            Exit::Usage
        };
        let publisher = Publisher::open(&publishing.network, messages).await?;
        let mut builder = match GitRepository::discover(&publishing.repository) {
            Ok(repository) => Release::of_repository(repository, &publisher.context).map_err(failed)?,
            // A dev release needs no Git.
            Err(error) if checks.is_none() && error.kind() == GitErrorKind::NotARepository => {
                let folders =
                    DiskFolders::new(&publishing.repository).map_err(|error| failed(error.into()))?;
                Release::of_folder(folders, &publisher.context)
            }
            Err(error) => return Err(failed(error.into())),
        };
        builder = builder.charts(&publishing.charts).client(publisher.charts.clone());
        if let Some(registry) = &publishing.registry {
            builder = builder.registry(publisher.registry(registry, messages)?);
        }
        if let Some(backup) = &publishing.backup {
            let charts = repository(
                Some(&publisher.context.http),
                backup,
                publishing.backup_url.as_deref(),
                messages,
            )?;
            builder = builder.repository(charts);
        }
        if let Some(checks) = checks {
            builder = builder.remote(&checks.remote).deployed(checks.deployed);
            if let Some(repository) = &checks.verify_image {
                let location = match repository.as_str() {
                    "" => ImageLocation::Values,
                    repository => ImageLocation::Repository(repository.to_owned()),
                };
                builder = builder.verify_image(location, publisher.images(&publishing.network));
            }
        }
        let (deadline, output) = (publisher.deadline, publishing.output);
        Ok(Self { release: builder.build(), deadline, output, messages })
    }

    async fn plan(&self, request: &Request) -> Result<Plan, Exit> {
        let progress = Progress::new(self.messages, 0);
        let plan = self.release.plan(request, &progress, Some(self.deadline)).await;
        drop(progress);
        plan.map_err(|error| {
            self.messages.chart_error(&error);
            Exit::Failure
        })
    }

    /// Prints a plan and what is refused.
    fn show(&self, plan: &Plan) -> Result<Exit, Exit> {
        self.messages.results(|out| output::plan(plan, self.output, out))?;
        Ok(self.say_refusals(plan))
    }

    /// Says what is refused, and what could not be packaged.
    fn say_refusals(&self, plan: &Plan) -> Exit {
        for chart in &plan.charts {
            if let Some(error) = &chart.error {
                self.messages.chart_failure(&format!("{}: ", chart.chart), error);
            }
        }
        for (_, refusal) in plan.refusals() {
            self.messages.refusal(refusal);
        }
        if plan.is_possible() { Exit::Success } else { Exit::Failure }
    }

    async fn run(&self, request: &Request, dry_run: bool, stopping: Stopping) -> Result<Exit, Exit> {
        let plan = tokio::select! {
            () = stopped(stopping.clone()) => {
                self.messages.status("");
                self.messages.error("stopped; nothing is published");
                return Ok(Exit::Interrupted);
            }
            plan = self.plan(request) => plan?,
        };
        if dry_run {
            return self.show(&plan);
        }
        if !plan.is_possible() {
            // The table of steps would say what is not done.
            if self.output == ChartFormat::Json {
                self.messages.results(|out| output::plan(&plan, self.output, out))?;
            }
            let exit = self.say_refusals(&plan);
            self.messages.error("nothing is published");
            return Ok(exit);
        }
        let steps = plan.charts.iter().flat_map(|chart| &chart.steps);
        let left = steps.filter(|step| step.action != Action::Keep).count();
        let progress = Progress::new(self.messages, left);
        let stop = stopped(stopping);
        let report = self.release.execute_until(plan, &progress, Some(self.deadline), stop).await;
        drop(progress);
        self.report(&report)
    }

    fn report(&self, report: &Report) -> Result<Exit, Exit> {
        self.messages.results(|out| output::report(report, self.output, out))?;
        for failure in &report.failures {
            let place = match (&failure.chart, failure.step) {
                (Some(chart), Some(step)) => format!("{chart}: {step}: "),
                (Some(chart), None) => format!("{chart}: "),
                (None, Some(step)) => format!("{step}: "),
                (None, None) => String::new(),
            };
            self.messages.chart_failure(&place, &failure.error);
        }
        for chart in report.charts.iter().filter(|chart| chart.is_superseded()) {
            self.messages.warning(
                &format!(
                    "{} {}: another release has published other content meanwhile, and that one stands in every place",
                    chart.chart, chart.version
                ),
                Some("run the same command again to publish this content, if it is the newer one"),
            );
        }
        let summary = output::summary(report);
        if report.is_complete() {
            self.messages.note(&summary);
            return Ok(Exit::Success);
        }
        self.messages
            .note(&format!("{summary}; what is done stays, and the same command does what is missing"));
        Ok(Exit::Failure)
    }
}

/// Prints a line for each step when verbose, and on a terminal the step that runs.
struct Progress<'m> {
    messages: &'m Messages,
    /// The steps to do; zero while that is not known.
    steps: usize,
    done: AtomicUsize,
}

impl<'m> Progress<'m> {
    fn new(messages: &'m Messages, steps: usize) -> Self {
        Self { messages, steps, done: AtomicUsize::new(0) }
    }
}

impl ReleaseObserver for Progress<'_> {
    fn packaging(&self, chart: &str) {
        self.messages.status(&format!("{chart}: package"));
        self.messages.detail(&format!("{chart}: package"));
    }

    fn started(&self, chart: &str, step: StepKind, target: &str) {
        let next = (self.done.load(Ordering::Relaxed) + 1).min(self.steps);
        self.messages.status(&format!("{next} of {}: {chart}: {step}", output::counted(self.steps, "step")));
        self.messages.detail(&format!("{chart}: {step}: {target}"));
    }

    fn waiting_for_lock(&self, lock: &LockObject) {
        Waiting(self.messages).waiting_for(lock);
    }

    fn finished(&self, chart: &str, step: StepKind, action: Action) {
        self.done.fetch_add(1, Ordering::Relaxed);
        self.messages.detail(&format!("{chart}: {step}: {}", Outcome::from(action).as_str()));
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.messages.status("");
    }
}
