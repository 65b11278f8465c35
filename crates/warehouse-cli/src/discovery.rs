//! Running discovery for the commands that need it.

use std::time::Instant;

use warehouse_discovery::{Discoverer, Observer, Report, SubscriptionReport};
use warehouse_spec::{Located, Location, Warehouse};

use crate::arguments::Network;
use crate::credentials::Found;
use crate::exit::Exit;
use crate::message::Messages;
use crate::tally::Tallies;
use crate::{credentials, network};

/// A Warehouse and what came of it.
#[derive(Debug)]
pub(crate) struct Discovered {
    pub(crate) warehouse: Located<Warehouse>,
    pub(crate) report: Report,
}

impl Discovered {
    /// Where in the manifest the thing stands that the subscription's failure is about.
    pub(crate) fn place(&self, report: &SubscriptionReport) -> &Location {
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

/// What a command needs to ask servers.
#[derive(Debug)]
pub(crate) struct Session {
    discoverer: Discoverer,
    /// Who we are to servers.
    pub(crate) credentials: Found,
    /// When everything has to be done.
    pub(crate) deadline: Instant,
}

impl Session {
    /// A session as the arguments want it.
    ///
    /// # Errors
    ///
    /// As [`credentials::read`], and [`Exit::Usage`] for arguments that cannot be used; why was said.
    pub(crate) async fn open(arguments: &Network, messages: &Messages) -> Result<Self, Exit> {
        let deadline = Instant::now() + arguments.timeout;
        let credentials = credentials::read(arguments.credentials.clone(), deadline, *messages).await?;
        let discoverer = network::discoverer(arguments).map_err(|message| {
            messages.error(&message);
            Exit::Usage
        })?;
        Ok(Self { discoverer, credentials, deadline })
    }

    /// Discovers every Warehouse at once, while somebody watches each of them, and says what failed, in the order of the
    /// manifests.
    pub(crate) async fn discover<O: Observer>(
        &self,
        warehouses: Vec<Located<Warehouse>>,
        messages: &Messages,
        watch: impl Fn(&Warehouse) -> O,
    ) -> Vec<(Discovered, O)> {
        let discover = async |warehouse: Located<Warehouse>| {
            let observer = watch(&warehouse);
            let discoverer = self.discoverer.with_credentials(self.credentials.of(&warehouse));
            let run = discoverer.run(&warehouse).with_observer(&observer).with_deadline(self.deadline);
            let report = run.await;
            (Discovered { warehouse, report }, observer)
        };
        let discovered = futures::future::join_all(warehouses.into_iter().map(discover)).await;
        discovered.iter().for_each(|(discovered, _)| say(discovered, messages));
        for warning in self.discoverer.take_warnings() {
            messages.warning(&warning, None);
        }
        discovered
    }
}

/// Discovers every Warehouse at once, and says what failed, in the order of the manifests.
pub(crate) async fn discover(
    warehouses: Vec<Located<Warehouse>>,
    arguments: &Network,
    messages: &Messages,
) -> Result<Vec<Discovered>, Exit> {
    let session = Session::open(arguments, messages).await?;
    let watched = session.discover(warehouses, messages, Tallies::of).await;
    let why = |(discovered, tallies): (Discovered, Tallies)| {
        for subscription in &discovered.report.subscriptions {
            if subscription.error.is_none()
                && subscription.artifacts.is_empty()
                && let Some(why) = tallies.why(subscription.index)
            {
                let place = discovered.place(subscription);
                messages.warning(&format!("{place}: {}: nothing fits: {why}", subscription.id), None);
            }
        }
        discovered
    };
    Ok(watched.into_iter().map(why).collect())
}

fn say(discovered: &Discovered, messages: &Messages) {
    let report = &discovered.report;
    for subscription in &report.subscriptions {
        messages.detail(&format!("{}: {}", subscription.id, subscription.cost));
    }
    for subscription in &report.subscriptions {
        for warning in &subscription.warnings {
            let message = format!("{}: {warning}", subscription.id);
            messages.warning(&message, warning.hint.as_deref());
        }
    }
    for (subscription, error) in report.failures() {
        messages.failure(discovered.place(subscription), error);
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
