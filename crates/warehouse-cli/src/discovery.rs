//! Discovery for the commands: from the arguments to a discoverer, and from its reports to messages.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use artifact_source::{Candidate, Rejection, Trace, lock};
use discovery_bundle::Replay;
use warehouse_discovery::{Discoverer, DiscovererBuilder, Observer, Report, SubscriptionReport};
use warehouse_spec::{Located, Location, Warehouse};

use crate::arguments::DiscoveryNetwork;
use crate::credentials;
use crate::message::{Exit, Messages, explained};
use crate::network::{cache_dir, http};

/// A Warehouse and its report.
#[derive(Debug)]
pub(crate) struct Discovered {
    pub(crate) warehouse: Located<Warehouse>,
    pub(crate) report: Report,
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
    ) -> Result<Self, Exit> {
        if let Some(replay) = replay {
            return Self::replaying(replay, messages);
        }
        let deadline = Instant::now() + arguments.network.timeout;
        let credentials =
            credentials::read(arguments.network.credentials.clone(), deadline, *messages).await?;
        let discoverer = discoverer(arguments).map_err(|message| {
            messages.error(&message);
            Exit::Usage
        })?;
        let discoverer = discoverer.with_credentials(credentials.for_warehouses());
        Ok(Self { discoverer, deadline })
    }

    /// A session of this discoverer.
    pub(crate) fn new(discoverer: Discoverer, deadline: Instant) -> Self {
        Self { discoverer, deadline }
    }

    /// A session on a bundle, which waits for nothing.
    ///
    /// # Errors
    ///
    /// [`Exit::Usage`] for a bundle that no discoverer can be built of, after a message.
    pub(crate) fn replaying(replay: &Replay, messages: &Messages) -> Result<Self, Exit> {
        let built = replay.discoverer().and_then(DiscovererBuilder::build);
        let discoverer = built.map_err(|error| {
            messages.explained(&error);
            Exit::Usage
        })?;
        Ok(Self { discoverer, deadline: Instant::now() + REPLAY_TIMEOUT })
    }

    /// Discovers all Warehouses at once, each with an observer, and prints what failed, in the order of the manifests.
    pub(crate) async fn discover<O: Observer>(
        &self,
        warehouses: Vec<Located<Warehouse>>,
        messages: &Messages,
        observe: impl Fn(&Warehouse) -> O,
    ) -> Vec<(Discovered, O)> {
        let several = warehouses.len() > 1;
        let discover = async |warehouse: Located<Warehouse>| {
            let observer = observe(&warehouse);
            let run = self.discoverer.run(&warehouse).with_observer(&observer).with_deadline(self.deadline);
            let report = run.await;
            (Discovered { warehouse, report }, observer)
        };
        let discovered = futures::future::join_all(warehouses.into_iter().map(discover)).await;
        discovered.iter().for_each(|(discovered, _)| print_messages(discovered, several, messages));
        for warning in self.discoverer.take_warnings() {
            messages.warning(&warning, None);
        }
        discovered
    }
}

/// Discovers all Warehouses at once, and prints what failed, in the order of the manifests.
pub(crate) async fn discover(
    warehouses: Vec<Located<Warehouse>>,
    session: &Session,
    messages: &Messages,
) -> Vec<Discovered> {
    let observed = session.discover(warehouses, messages, RejectionCounts::of).await;
    let several = observed.len() > 1;
    let why = |(discovered, counts): (Discovered, RejectionCounts)| {
        let warehouse = discovered.heading(several);
        for subscription in &discovered.report.subscriptions {
            if subscription.error.is_none()
                && subscription.artifacts.is_empty()
                && let Some(why) = counts.why(subscription.index)
            {
                let location = discovered.location(subscription);
                messages.warning(
                    &format!("{location}: {warehouse}{}: nothing fits: {why}", subscription.id),
                    None,
                );
            }
        }
        discovered
    };
    observed.into_iter().map(why).collect()
}

/// Prints the costs, warnings and failures of a Warehouse. Where it is one of several, they name it.
fn print_messages(discovered: &Discovered, several: bool, messages: &Messages) {
    let report = &discovered.report;
    let warehouse = discovered.heading(several);
    for subscription in &report.subscriptions {
        messages.detail(&format!("{warehouse}{}: {}", subscription.id, subscription.cost));
    }
    for subscription in &report.subscriptions {
        for warning in &subscription.warnings {
            let message = format!("{warehouse}{}: {warning}", subscription.id);
            messages.warning(&message, warning.hint.as_deref());
        }
    }
    for (subscription, error) in report.failures() {
        messages.failure(discovered.location(subscription), &warehouse, error);
    }
    let count = report.subscriptions.len();
    let failed = report.failures().count();
    let plural = if count == 1 { "" } else { "s" };
    let outcome = if failed == 0 { String::new() } else { format!(", {failed} of them failed") };
    messages.note(&format!(
        "{}: {count} subscription{plural}{outcome}; {}",
        discovered.warehouse.qualified_name(),
        report.cost
    ));
}

/// A discoverer with these arguments.
pub(crate) fn discoverer(arguments: &DiscoveryNetwork) -> Result<Discoverer, String> {
    builder(arguments)?.build().map_err(|error| explained(&error))
}

/// The same, to be configured.
pub(crate) fn builder(arguments: &DiscoveryNetwork) -> Result<DiscovererBuilder, String> {
    let network = &arguments.network;
    let mut builder = Discoverer::builder()
        .http(http(network)?)
        .egress(arguments.egress.policy()?)
        .concurrency(usize::from(arguments.concurrency))
        .cache_by_tag_policy(arguments.cache_by_tag_policy);
    for host in &network.plain_http {
        builder = builder.plain_http(&host.0);
    }
    for host in &network.https {
        builder = builder.https(&host.0);
    }
    for rate in &network.registry_rate {
        builder = builder.registry_rate(&rate.host.0, rate.per_second);
    }
    if let Some(folder) = cache_dir(arguments) {
        builder = builder.cache_dir(folder);
    }
    Ok(builder)
}

/// How many different reasons are counted.
const MAX_REASONS: usize = 32;
/// How many reasons are shown.
const SHOWN_REASONS: usize = 3;

/// The counts for every subscription of a Warehouse.
#[derive(Debug)]
pub(crate) struct RejectionCounts(Vec<SubscriptionCounts>);

impl RejectionCounts {
    pub(crate) fn of(warehouse: &Warehouse) -> Self {
        Self(warehouse.spec.subscriptions.iter().map(|_| SubscriptionCounts::default()).collect())
    }

    /// Why nothing of a subscription fits; `None` where no candidate was rejected. The first reason is a leading `v` of versions that
    /// fit otherwise, because the publisher of a chart can remove it; the others follow by their frequency.
    pub(crate) fn why(&self, subscription: usize) -> Option<String> {
        let mut counts = lock(&self.0.get(subscription)?.0).clone();
        counts.sort_by_key(|(why, count)| (*why != Rejection::LeadingV, std::cmp::Reverse(*count)));
        let reasons = counts.iter().take(SHOWN_REASONS).map(|(why, count)| match why {
            Rejection::NotListed { .. } => why.to_string(),
            _ => format!("{why} ({count} candidate{})", if *count == 1 { "" } else { "s" }),
        });
        let reasons: Vec<_> = reasons.collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

impl Observer for RejectionCounts {
    fn trace(&self, subscription: usize) -> &dyn Trace {
        match self.0.get(subscription) {
            Some(counts) => counts,
            None => &(),
        }
    }
}

#[derive(Debug, Default)]
struct SubscriptionCounts(Mutex<Vec<(Rejection, u64)>>);

impl Trace for SubscriptionCounts {
    fn accepted(&self, _: &Candidate<'_>) {}

    fn rejected(&self, _: &Candidate<'_>, why: &Rejection) {
        let mut counts = lock(&self.0);
        if let Some((_, count)) = counts.iter_mut().find(|(known, _)| known == why) {
            *count += 1;
        } else if counts.len() < MAX_REASONS {
            counts.push((why.clone(), 1));
        }
    }
}
