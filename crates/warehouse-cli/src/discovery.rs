//! Discovery for the commands: from the arguments to a discoverer, and from its reports to messages.

use std::time::{Duration, Instant};

use artifact_source::{Error, ErrorKind, Trace};
use discovery_bundle::Replay;
use jiff::Timestamp;
use warehouse_discovery::{
    Cause, Discoverer, DiscovererBuilder, Observer, Report, SubscriptionReport, Summary, Tally,
};
use warehouse_spec::{Located, Location, Subscription, Warehouse};

use crate::arguments::DiscoveryNetwork;
use crate::credentials;
use crate::exit::Exit;
use crate::message::{Messages, place};
use crate::network::{cache_dir, http};
use crate::output::seconds;
use crate::progress::{Progress, Watched};
use crate::stopping::{Stopping, stopped, unless_stopped};
use crate::subscription_name::is_named;

/// A Warehouse and its report.
#[derive(Debug)]
pub(crate) struct Discovered {
    pub(crate) warehouse: Located<Warehouse>,
    pub(crate) report: Report,
    /// What was judged of each subscription, if that was asked for.
    pub(crate) summaries: Vec<Summary>,
}

impl Discovered {
    /// The start of messages about it: its name where it is one of several, else nothing.
    fn heading(&self, several: bool) -> String {
        if several { format!("{}: ", self.warehouse.qualified_name()) } else { String::new() }
    }

    /// The position of the field that the subscription's failure is about.
    pub(crate) fn location(&self, report: &SubscriptionReport) -> &Location {
        let subscription = format!("spec.subscriptions[{}]", report.index);
        let kind = self
            .warehouse
            .spec
            .subscriptions
            .get(report.index)
            .map_or("", |subscription| subscription.type_key());
        let field = report.error.as_ref().and_then(|error| error.field()).unwrap_or("repoURL");
        self.warehouse.locate(&format!("{subscription}.{kind}.{field}"))
    }
}

/// The time limit of a replay.
const REPLAY_TIMEOUT: Duration = Duration::from_secs(300);

/// A discoverer and its deadline.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) discoverer: Discoverer,
    /// The end of the time limit.
    pub(crate) deadline: Instant,
    stopping: Stopping,
    is_replay: bool,
    /// The name, `repoURL` or index of the subscription that alone is asked.
    only: Option<String>,
    /// Whether the results say what failed, so that no message does.
    has_failures_in_results: bool,
}

impl Session {
    /// A session with these arguments, or on a bundle.
    ///
    /// # Errors
    ///
    /// As [`credentials::read`], and [`Exit::Usage`] for arguments that cannot be used, after a message.
    pub(crate) async fn open(
        arguments: &DiscoveryNetwork,
        replay: Option<&Replay>,
        messages: &Messages,
        stopping: Stopping,
    ) -> Result<Self, Exit> {
        if let Some(replay) = replay {
            return Self::replaying(replay, messages, stopping);
        }
        let deadline = Instant::now() + arguments.network.timeout;
        let reading = credentials::read(arguments.network.credentials.clone(), deadline, messages);
        let credentials = unless_stopped(&stopping, reading).await?;
        let discoverer = discoverer(arguments).map_err(|error| {
            messages.explained(&error);
            Exit::Usage
        })?;
        let discoverer = discoverer.with_credentials(credentials.for_warehouses());
        Ok(Self::new(discoverer, deadline, stopping))
    }

    /// A session of this discoverer.
    pub(crate) fn new(discoverer: Discoverer, deadline: Instant, stopping: Stopping) -> Self {
        Self { discoverer, deadline, stopping, is_replay: false, only: None, has_failures_in_results: false }
    }

    /// A session on a bundle, which waits for nothing.
    ///
    /// # Errors
    ///
    /// [`Exit::Usage`] for a bundle that no discoverer can be built of, after a message.
    pub(crate) fn replaying(replay: &Replay, messages: &Messages, stopping: Stopping) -> Result<Self, Exit> {
        let built = replay.discoverer().and_then(DiscovererBuilder::build);
        let discoverer = built.map_err(|error| {
            messages.explained(&error);
            Exit::Usage
        })?;
        messages.note(&format!("recorded at {}", seconds(replay.bundle().recorded_at())));
        let session = Self::new(discoverer, Instant::now() + REPLAY_TIMEOUT, stopping);
        Ok(Self { is_replay: true, ..session })
    }

    /// The same session, which asks the subscriptions with this name, `repoURL` or index alone.
    pub(crate) fn only(self, subscription: Option<String>) -> Self {
        Self { only: subscription, ..self }
    }

    /// The same session, for results that say what failed: it is told once.
    pub(crate) fn with_failures_in_results(self, has_failures_in_results: bool) -> Self {
        Self { has_failures_in_results, ..self }
    }

    /// The places of the subscriptions that are asked.
    fn asked(&self, warehouse: &Warehouse) -> Vec<usize> {
        let subscriptions = warehouse.spec.subscriptions.iter().enumerate();
        let is_asked = |(index, subscription): &(usize, &Subscription)| {
            self.only.as_deref().is_none_or(|name| is_named(subscription, *index, name))
        };
        subscriptions.filter(is_asked).map(|(index, _)| index).collect()
    }

    /// Discovers all Warehouses at once, each with an observer, and prints what failed, in the order of the manifests. When the command is to
    /// stop, the subscriptions that have not finished have failed. A Warehouse of which no subscription is asked is left out.
    pub(crate) async fn discover<O: Observer>(
        &self,
        warehouses: Vec<Located<Warehouse>>,
        messages: &Messages,
        observe: impl Fn(&Warehouse) -> O,
    ) -> Vec<(Discovered, O)> {
        let warehouses: Vec<_> = warehouses
            .into_iter()
            .filter(|warehouse| self.only.is_none() || !self.asked(warehouse).is_empty())
            .collect();
        let several = warehouses.len() > 1;
        let total = warehouses.iter().map(|warehouse| self.asked(warehouse).len()).sum();
        let progress = Progress::new(total, messages.clone());
        let discover = async |warehouse: Located<Warehouse>| {
            let observer = observe(&warehouse);
            let report = self.run(&warehouse, &observer, &progress).await;
            (Discovered { warehouse, report, summaries: Vec::new() }, observer)
        };
        let all = futures::future::join_all(warehouses.into_iter().map(discover));
        let discovered = tokio::select! {
            discovered = all => discovered,
            // It has no end.
            () = progress.show() => Vec::new(),
        };
        progress.end();
        for (discovered, _) in &discovered {
            print_messages(discovered, several, messages);
            if !self.has_failures_in_results {
                print_failures(discovered, several, messages);
            }
            print_outcome(discovered, messages);
        }
        for warning in self.discoverer.take_warnings() {
            messages.warning(&warning, None);
        }
        discovered
    }

    /// The report as it is printed: with what to do about a time limit, and without what differs from replay to replay.
    fn told(&self, mut report: Report) -> Report {
        let is_late = Instant::now() >= self.deadline;
        for subscription in &mut report.subscriptions {
            if let Some(error) = subscription.error.take() {
                let is_ours = is_late && error.kind() == ErrorKind::TimedOut && error.hint().is_none();
                subscription.error = Some(match is_ours && !self.is_replay {
                    true => error.with_hint("`--timeout` gives it more time"),
                    false => error,
                });
            }
            if self.is_replay {
                subscription.cost.elapsed = Duration::ZERO;
            }
        }
        if self.is_replay {
            report.cost.elapsed = Duration::ZERO;
        }
        report
    }

    /// Discovers one Warehouse, until it is done or the command is to stop.
    async fn run(&self, warehouse: &Warehouse, observer: &impl Observer, progress: &Progress) -> Report {
        let subscriptions = &warehouse.spec.subscriptions;
        let asked = self.asked(warehouse);
        let watched = Watched::new(observer, subscriptions, progress);
        let (started, clock) = (Timestamp::now(), Instant::now());
        let run = self.discoverer.run(warehouse).only(asked.clone());
        tokio::select! {
            report = run.with_observer(&watched).with_deadline(self.deadline) => return self.told(report),
            () = stopped(&self.stopping) => {}
        }
        let mut finished = watched.into_finished().into_iter().peekable();
        let mut report = Report::new(warehouse.name(), started);
        if let Some(namespace) = warehouse.namespace() {
            report = report.with_namespace(namespace);
        }
        report.cost.elapsed = clock.elapsed();
        for (index, subscription) in
            subscriptions.iter().enumerate().filter(|(index, _)| asked.contains(index))
        {
            report = report.with_subscription(
                finished.next_if(|report| report.index == index).unwrap_or_else(|| {
                    let missing = SubscriptionReport::new(index, subscription);
                    let error = Error::new(ErrorKind::Cancelled, "interrupted before it had an answer");
                    let error = error.with_id(&missing.id);
                    missing.with_error(error)
                }),
            );
        }
        report
    }
}

/// Discovers all Warehouses at once, and prints what failed and why nothing fits, in the order of the manifests.
pub(crate) async fn discover(
    warehouses: Vec<Located<Warehouse>>,
    session: &Session,
    messages: &Messages,
) -> Vec<Discovered> {
    let observed = session.discover(warehouses, messages, Tallies::of).await;
    let several = observed.len() > 1;
    let why = |(mut discovered, Tallies(tallies)): (Discovered, Tallies)| {
        let heading = discovered.heading(several);
        let Discovered { report, .. } = &discovered;
        let summary = |(tally, report): (&Tally, &SubscriptionReport)| tally.summary(&report.artifacts);
        let summaries: Vec<_> = tallies.iter().zip(&report.subscriptions).map(summary).collect();
        for (subscription, summary) in report.subscriptions.iter().zip(&summaries) {
            if subscription.error.is_none()
                && subscription.artifacts.is_empty()
                && let Some(cause) = &summary.cause
            {
                let location = discovered.location(subscription);
                let message =
                    format!("{}: {heading}{}: nothing fits: {cause}", place(location), subscription.id);
                messages.warning(&message, cause.hint.as_deref());
            }
        }
        discovered.summaries = summaries;
        discovered
    };
    observed.into_iter().map(why).collect()
}

/// Whether the answer of a subscription was given up.
fn is_cancelled(subscription: &SubscriptionReport) -> bool {
    subscription.error.as_ref().is_some_and(|error| error.kind() == ErrorKind::Cancelled)
}

/// Prints the costs and warnings of a Warehouse. Where it is one of several, they name it.
fn print_messages(discovered: &Discovered, several: bool, messages: &Messages) {
    let report = &discovered.report;
    let warehouse = discovered.heading(several);
    // What was given up has no cost that is known.
    for subscription in report.subscriptions.iter().filter(|subscription| !is_cancelled(subscription)) {
        messages.detail(&format!("{warehouse}{}: {}", subscription.id, subscription.cost));
    }
    for subscription in &report.subscriptions {
        for warning in &subscription.warnings {
            let message = format!("{warehouse}{}: {warning}", subscription.id);
            messages.warning(&message, warning.hint.as_deref());
        }
    }
}

/// Prints what failed.
fn print_failures(discovered: &Discovered, several: bool, messages: &Messages) {
    let warehouse = discovered.heading(several);
    for (subscription, error) in discovered.report.failures() {
        let kind = discovered.warehouse.spec.subscriptions.get(subscription.index);
        let cause = kind.and_then(|kind| Cause::of_failure(kind, error));
        messages.failure(discovered.location(subscription), &warehouse, error, cause.as_ref());
    }
}

/// Prints a line with the outcome and the cost of a Warehouse.
fn print_outcome(discovered: &Discovered, messages: &Messages) {
    let report = &discovered.report;
    let count = report.subscriptions.len();
    let failed = report.failures().count();
    let plural = if count == 1 { "" } else { "s" };
    let cancelled = report.subscriptions.iter().filter(|subscription| is_cancelled(subscription)).count();
    let outcome = if failed == 0 { String::new() } else { format!(", {failed} of them failed") };
    if cancelled > 0 {
        let name = discovered.warehouse.qualified_name();
        return messages.note(&format!(
            "{name}: interrupted with {} of {count} subscription{plural} done",
            count - cancelled
        ));
    }
    messages.note(&format!(
        "{}: {count} subscription{plural}{outcome}; {}",
        discovered.warehouse.qualified_name(),
        report.cost
    ));
}

/// A discoverer with these arguments.
pub(crate) fn discoverer(arguments: &DiscoveryNetwork) -> Result<Discoverer, Error> {
    builder(arguments)?.build()
}

/// The same, to be configured.
pub(crate) fn builder(arguments: &DiscoveryNetwork) -> Result<DiscovererBuilder, Error> {
    let network = &arguments.network;
    let mut builder = Discoverer::builder()
        .http(http(network)?)
        .egress(arguments.egress.policy()?)
        .concurrency(usize::from(arguments.concurrency))
        .cache_by_tag_policy(arguments.cache.cache_by_tag_policy);
    for host in &network.plain_http {
        builder = builder.plain_http(&host.0);
    }
    for host in &network.https {
        builder = builder.https(&host.0);
    }
    for rate in &network.registry_rate {
        builder = builder.registry_rate(&rate.host.0, rate.per_second);
    }
    if let Some(folder) = cache_dir(&arguments.cache) {
        builder = builder.cache_dir(folder);
    }
    Ok(builder)
}

/// The tallies of the subscriptions of a Warehouse.
#[derive(Debug)]
pub(crate) struct Tallies(Vec<Tally>);

impl Tallies {
    pub(crate) fn of(warehouse: &Warehouse) -> Self {
        Self(warehouse.spec.subscriptions.iter().map(Tally::of).collect())
    }

    /// Why nothing fits a subscription, if that is known.
    pub(crate) fn cause(&self, subscription: usize) -> Option<Cause> {
        self.0.get(subscription)?.summary(&[]).cause
    }
}

impl Observer for Tallies {
    fn trace(&self, subscription: usize) -> &dyn Trace {
        match self.0.get(subscription) {
            Some(tally) => tally,
            None => &(),
        }
    }
}
