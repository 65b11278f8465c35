//! The commands.

mod chart;
#[cfg(feature = "demo")]
mod demo;
mod lint;
mod manifests;
mod migrate;
mod record;
mod replay;
mod schema;
mod select;
mod watch;

use std::time::Instant;

use artifact_source::{Recorder, Trace};
use discovery_bundle::Replay;
use warehouse_discovery::{Observer, SubscriptionReport};
use warehouse_spec::{Located, Warehouse};

use crate::arguments::Explain;
use crate::discovery::Session;
use crate::input::read_warehouses;
use crate::message::{Exit, Messages, with_causes};
use crate::network::http;
use crate::output::Explanation;
use crate::{arguments, bundle, credentials, discovery, output};

pub(crate) use chart::{chart, dockerfile};
#[cfg(feature = "demo")]
pub(crate) use demo::demo;
pub(crate) use lint::lint;
pub(crate) use migrate::migrate;
pub(crate) use record::record;
pub(crate) use replay::replay;
pub(crate) use schema::schema;
pub(crate) use select::select;
pub(crate) use watch::watch;

/// Reads the Warehouses. Where something is wrong, all that is wrong is told at once: with the manifests, with the files of credentials and
/// with that of certificates.
///
/// # Errors
///
/// As [`read_warehouses`], and [`Exit::Usage`] if the file of certificates cannot be used.
pub(super) async fn read_input(
    manifest: arguments::Manifest,
    network: &arguments::DiscoveryNetwork,
    replay: Option<&Replay>,
    messages: &Messages,
) -> Result<Vec<Located<Warehouse>>, Exit> {
    let read = read_warehouses(manifest, replay, *messages).await;
    let client = http(&network.network);
    let read = match (read, client) {
        (Ok(warehouses), Ok(_)) => return Ok(warehouses),
        (read, Err(message)) => {
            messages.error(&message);
            read.and(Err(Exit::Usage))
        }
        (read, Ok(_)) => read,
    };
    let deadline = Instant::now() + network.network.timeout;
    // Only for its messages: the command fails anyway.
    drop(credentials::read(network.network.credentials.clone(), deadline, *messages).await);
    read
}

/// Reads the Warehouses, and opens a session on the network or on a bundle.
async fn open(
    manifest: arguments::Manifest,
    from: &arguments::ReplayFrom,
    network: &arguments::DiscoveryNetwork,
    messages: &Messages,
) -> Result<(Vec<Located<Warehouse>>, Session), Exit> {
    let replay = from.replay.as_deref().map(|path| bundle::open(path, messages)).transpose()?;
    let warehouses = read_input(manifest, network, replay.as_ref(), messages).await?;
    let session = Session::open(network, replay.as_ref(), messages).await?;
    Ok((warehouses, session))
}

/// Prints the newest artifacts of every subscription.
pub(crate) async fn discover(arguments: arguments::Discovery, messages: &Messages) -> Result<Exit, Exit> {
    let (warehouses, session) =
        open(arguments.manifest, &arguments.from, &arguments.network, messages).await?;
    let discovered = discovery::discover(warehouses, &session, messages).await;
    output::print(|out| output::artifacts(&discovered, arguments.output, out)).map_err(|error| {
        messages.error(&format!("the results could not be written: {error}"));
        Exit::Failure
    })?;
    let complete = discovered.iter().all(|discovered| discovered.report.is_complete());
    Ok(if complete { Exit::Success } else { Exit::Failure })
}

/// Prints the Freight that follows from the newest artifacts.
pub(crate) async fn freight(arguments: arguments::Discovery, messages: &Messages) -> Result<Exit, Exit> {
    let (warehouses, session) =
        open(arguments.manifest, &arguments.from, &arguments.network, messages).await?;
    let discovered = discovery::discover(warehouses, &session, messages).await;
    let mut built = Vec::new();
    let mut exit = Exit::Success;
    for discovered in &discovered {
        match discovered.report.freight(&discovered.warehouse) {
            Ok(freight) => built.push(freight),
            Err(reason) => {
                messages.error(&format!(
                    "{}: no Freight: {}",
                    discovered.warehouse.qualified_name(),
                    describe(&reason)
                ));
                exit = Exit::Failure;
            }
        }
    }
    if !built.is_empty() {
        output::print(|out| output::freight(&built, arguments.output, out)).map_err(|error| {
            messages.error(&format!("the results could not be written: {error}"));
            Exit::Failure
        })?;
    }
    Ok(exit)
}

/// Why there is no Freight. The failures of subscriptions were printed before, with location and hint.
fn describe(reason: &freight::NoFreight) -> String {
    let freight::NoFreight::Missing(missing) = reason else { return with_causes(reason) };
    let missing = missing.iter().map(|missing| match missing.cause {
        freight::MissingCause::Failed(_) => {
            format!("subscription {} ({}) failed, see above", missing.index, missing.subscription)
        }
        _ => missing.to_string(),
    });
    missing.collect::<Vec<_>>().join("; ")
}

/// Records every candidate of every subscription.
#[derive(Debug)]
struct Recorders(Vec<Recorder>);

impl Recorders {
    fn of(warehouse: &Warehouse) -> Self {
        Self(warehouse.spec.subscriptions.iter().map(|_| Recorder::new()).collect())
    }
}

impl Observer for Recorders {
    fn trace(&self, subscription: usize) -> &dyn Trace {
        match self.0.get(subscription) {
            Some(recorder) => recorder,
            None => &(),
        }
    }
}

/// Prints every candidate with the rule that decided on it.
pub(crate) async fn explain(arguments: Explain, messages: &Messages) -> Result<Exit, Exit> {
    let (warehouses, session) =
        open(arguments.manifest, &arguments.from, &arguments.network, messages).await?;
    let observed = session.discover(warehouses, messages, Recorders::of).await;
    let is_selected = |report: &SubscriptionReport| {
        arguments.subscription.as_deref().is_none_or(|name| has_name(report, name))
    };
    let mut complete = true;
    let mut explanations = Vec::new();
    for (discovered, Recorders(recorders)) in observed {
        let judgements = recorders.into_iter().map(Recorder::into_judgements);
        let reports = discovered.report.subscriptions.into_iter().zip(judgements);
        let selected: Vec<_> = reports.filter(|(report, _)| is_selected(report)).collect();
        complete &= selected.iter().all(|(report, _)| report.error.is_none());
        explanations.push(Explanation::new(&discovered.warehouse, selected));
    }
    if let Some(name) = &arguments.subscription
        && explanations.iter().all(Explanation::is_empty)
    {
        messages.error(&format!("no subscription has the name, repoURL or index {name:?}"));
        return Err(Exit::Usage);
    }
    for name in &arguments.candidate {
        if !explanations.iter().any(|explanation| explanation.has_candidate(name)) {
            messages.error(&format!("{name:?} is not a candidate of any subscription that has answered"));
            complete = false;
        }
    }
    if !arguments.candidate.is_empty() {
        explanations.iter_mut().for_each(|explanation| explanation.keep(&arguments.candidate));
    }
    output::print(|out| output::explanations(&explanations, arguments.output, out)).map_err(|error| {
        messages.error(&format!("the results could not be written: {error}"));
        Exit::Failure
    })?;
    Ok(if complete { Exit::Success } else { Exit::Failure })
}

fn has_name(report: &SubscriptionReport, name: &str) -> bool {
    let id = &report.id;
    id.subscription() == Some(name)
        || id.chart() == Some(name)
        || id.url() == name
        || report.index.to_string() == name
}
