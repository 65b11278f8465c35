//! The commands.

mod cache;
mod chart;
mod completions;
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

use artifact_source::{Recorder, SourceId, Trace};
use discovery_bundle::Replay;
use warehouse_discovery::{Observer, SubscriptionReport};
use warehouse_spec::Warehouse;

use crate::arguments::Explain;
use crate::discovery::Session;
use crate::input::{Input, read_warehouses};
use crate::message::{Exit, Messages, with_causes};
use crate::network::http;
use crate::output::{Explanation, Failure, Paint};
use crate::stopping::{Stopping, unless_stopped};
use crate::{arguments, bundle, credentials, discovery, output};

pub(crate) use cache::cache;
pub(crate) use chart::{chart, dockerfile};
pub(crate) use completions::{completions, man};
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
/// As [`read_warehouses`], [`Exit::Usage`] if the file of certificates cannot be used, and [`Exit::Interrupted`].
pub(super) async fn read_input(
    manifest: arguments::Manifest,
    network: &arguments::DiscoveryNetwork,
    replay: Option<&Replay>,
    messages: &Messages,
    stopping: &Stopping,
) -> Result<Input, Exit> {
    let read = unless_stopped(stopping, read_warehouses(manifest, replay, *messages)).await;
    let client = http(&network.network);
    let read = match (read, client) {
        (Ok(input), Ok(_)) => return Ok(input),
        (read, Err(message)) => {
            messages.error(&message);
            read.and(Err(Exit::Usage))
        }
        (read, Ok(_)) => read,
    };
    let deadline = Instant::now() + network.network.timeout;
    // Only for its messages: the command fails anyway.
    let reading = credentials::read(network.network.credentials.clone(), deadline, *messages);
    drop(unless_stopped(stopping, reading).await);
    read
}

/// The exit code of a discovery.
fn exit_of(is_complete: bool) -> Exit {
    if is_complete { Exit::Success } else { Exit::Failure }
}

/// Reads the Warehouses, and opens a session on the network or on a bundle.
async fn open(
    manifest: arguments::Manifest,
    from: &arguments::ReplayFrom,
    network: &arguments::DiscoveryNetwork,
    messages: &Messages,
    stopping: Stopping,
) -> Result<(Input, Session), Exit> {
    let replay = from.replay.as_deref().map(|path| bundle::open(path, messages)).transpose()?;
    let input = read_input(manifest, network, replay.as_ref(), messages, &stopping).await?;
    let session = Session::open(network, replay.as_ref(), messages, stopping).await?;
    Ok((input, session))
}

/// Prints the newest artifacts of every subscription.
pub(crate) async fn discover(
    arguments: arguments::Discovery,
    messages: &Messages,
    stopping: Stopping,
) -> Result<Exit, Exit> {
    let (Input { warehouses, is_complete }, session) =
        open(arguments.manifest, &arguments.from, &arguments.network, messages, stopping).await?;
    let discovered = discovery::discover(warehouses, &session, messages).await;
    messages.printed(output::print(|out| output::artifacts(&discovered, arguments.output, out)))?;
    Ok(exit_of(is_complete && discovered.iter().all(|discovered| discovered.report.is_complete())))
}

/// Prints the Freight that follows from the newest artifacts.
pub(crate) async fn freight(
    arguments: arguments::Discovery,
    messages: &Messages,
    stopping: Stopping,
) -> Result<Exit, Exit> {
    let (Input { warehouses, is_complete }, session) =
        open(arguments.manifest, &arguments.from, &arguments.network, messages, stopping).await?;
    let discovered = discovery::discover(warehouses, &session, messages).await;
    let (mut built, mut errors) = (Vec::new(), Vec::new());
    for discovered in &discovered {
        errors.extend(Failure::of_subscriptions(discovered));
        match discovered.report.freight(&discovered.warehouse) {
            Ok(freight) => built.push(freight),
            Err(reason) => {
                messages.error(&format!(
                    "{}: no Freight: {}",
                    discovered.warehouse.qualified_name(),
                    describe(&reason)
                ));
                errors.push(Failure::of_freight(discovered, &reason));
            }
        }
    }
    messages.printed(output::print(|out| output::freight(&built, &errors, arguments.output, out)))?;
    Ok(exit_of(is_complete && errors.is_empty()))
}

/// Why there is no Freight. The failures of subscriptions were printed before, with location and hint.
fn describe(reason: &freight::NoFreight) -> String {
    let freight::NoFreight::Missing(missing) = reason else { return with_causes(reason) };
    let missing = missing.iter().map(|missing| match missing.cause {
        freight::MissingCause::Failed(_) => {
            format!("subscription {} ({}) failed, see above", missing.index, missing.subscription)
        }
        freight::MissingCause::NothingFits => format!("{missing}, see above"),
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
pub(crate) async fn explain(
    arguments: Explain,
    messages: &Messages,
    stopping: Stopping,
) -> Result<Exit, Exit> {
    let (input, session) =
        open(arguments.manifest, &arguments.from, &arguments.network, messages, stopping).await?;
    let observed = session.discover(input.warehouses, messages, Recorders::of).await;
    let is_selected = |report: &SubscriptionReport| {
        arguments.subscription.as_deref().is_none_or(|name| is_named(&report.id, report.index, name))
    };
    let errors: Vec<_> =
        observed.iter().flat_map(|(discovered, _)| Failure::of_subscriptions(discovered)).collect();
    let explained = observed.into_iter().map(|(discovered, Recorders(recorders))| {
        Explanation::new(discovered, recorders.into_iter().map(Recorder::into_judgements), is_selected)
    });
    let mut explanations: Vec<_> = explained.collect();
    let mut complete = input.is_complete && explanations.iter().all(Explanation::is_complete);
    if let Some(name) = &arguments.subscription
        && explanations.iter().all(Explanation::is_empty)
    {
        messages.error(&format!("no subscription has the name, repoURL or index {name:?}"));
        return Err(Exit::Usage);
    }
    for name in &arguments.candidate {
        if !explanations.iter().any(|explanation| explanation.has_candidate(name)) {
            let guesses: Vec<_> =
                explanations.iter().flat_map(|explanation| explanation.guesses(name)).collect();
            match guesses.as_slice() {
                [(id, why)] => messages.error_with_help(&format!("{id}: {why}"), why.hint.as_deref()),
                _ => messages.error_with_help(
                    &format!("{name:?} is not a candidate of any subscription that has answered"),
                    (guesses.len() > 1)
                        .then_some("--subscription N asks the rule of one subscription about it"),
                ),
            }
            complete = false;
        }
    }
    if !arguments.candidate.is_empty() {
        explanations.iter_mut().for_each(|explanation| explanation.keep(&arguments.candidate));
    }
    if let Some(rule) = &arguments.reason {
        explanations.iter_mut().for_each(|explanation| explanation.keep_rule(rule));
    }
    let paint = Paint(messages.has_colors(&std::io::stdout()));
    messages.printed(output::print(|out| {
        output::explanations(&mut explanations, &errors, arguments.output, paint, out)
    }))?;
    Ok(exit_of(complete))
}

/// Whether a subscription has this name, or its chart, its `repoURL` or its index.
pub(super) fn is_named(id: &SourceId, index: usize, name: &str) -> bool {
    id.subscription() == Some(name)
        || id.chart() == Some(name)
        || id.url() == name
        || index.to_string() == name
}
