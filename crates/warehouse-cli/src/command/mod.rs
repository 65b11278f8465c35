//! The commands.

mod cache;
mod chart;
mod completions;
#[cfg(feature = "demo")]
mod demo;
mod lint;
mod lsp;
mod migrate;
mod record;
mod replay;
mod schema;
mod select;
mod watch;

use std::time::Instant;

use artifact_source::{Recorder, Trace};
use discovery_bundle::Replay;
use warehouse_discovery::Observer;
use warehouse_spec::Warehouse;

use crate::arguments::Explain;
use crate::discovery::{Discovered, Session};
use crate::exit::Exit;
use crate::input::{Input, LeftOut, read_warehouses};
use crate::message::Messages;
use crate::network::http;
use crate::output::{Explanation, Failure, Paint};
use crate::stopping::{Stopping, unless_stopped};
use crate::subscription_name::{is_named, name_of_artifact, not_named};
use crate::{arguments, bundle, credentials, discovery, output};

pub(crate) use cache::cache;
pub(crate) use chart::{chart, dockerfile};
pub(crate) use completions::{completions, man};
#[cfg(feature = "demo")]
pub(crate) use demo::demo;
pub(crate) use lint::lint;
pub(crate) use lsp::lsp;
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
    let read = unless_stopped(stopping, read_warehouses(manifest, replay, messages)).await;
    let client = http(&network.network);
    let read = match (read, client) {
        (Ok(input), Ok(_)) => return Ok(input),
        (read, Err(error)) => {
            messages.explained(&error);
            Err(read.err().unwrap_or(Exit::Usage))
        }
        (read, Ok(_)) => read,
    };
    let deadline = Instant::now() + network.network.timeout;
    // Only for its messages: the command fails anyway.
    let reading = credentials::read(network.network.credentials.clone(), deadline, messages);
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
    let replay = match &from.replay {
        Some(path) => {
            let open = bundle::open(path, &manifest.filenames, messages);
            Some(unless_stopped(&stopping, open).await?)
        }
        None => None,
    };
    let input = read_input(manifest, network, replay.as_ref(), messages, &stopping).await?;
    let session = Session::open(network, replay.as_ref(), messages, stopping).await?;
    Ok((input, session))
}

/// What was discovered, and what of the input was left out.
type Outcome = (Vec<Discovered>, Vec<LeftOut>);

/// Discovers what the arguments name, on the network or in a bundle.
async fn discovered(
    arguments: arguments::Discovery,
    messages: &Messages,
    stopping: Stopping,
) -> Result<Outcome, Exit> {
    let (Input { warehouses, left_out }, session) =
        open(arguments.manifest, &arguments.from, &arguments.network, messages, stopping).await?;
    Ok((discovery::discover(warehouses, &session, messages).await, left_out))
}

/// Prints the newest artifacts of every subscription.
pub(crate) async fn discover(
    arguments: arguments::Discovery,
    messages: &Messages,
    stopping: Stopping,
) -> Result<Exit, Exit> {
    let format = arguments.output;
    let (discovered, left_out) = discovered(arguments, messages, stopping).await?;
    messages.results(|out| output::artifacts(&discovered, &left_out, format, out))?;
    Ok(exit_of(left_out.is_empty() && discovered.iter().all(|discovered| discovered.report.is_complete())))
}

/// Prints the Freight that follows from the newest artifacts.
pub(crate) async fn freight(
    arguments: arguments::Discovery,
    messages: &Messages,
    stopping: Stopping,
) -> Result<Exit, Exit> {
    let format = arguments.output;
    let (discovered, left_out) = discovered(arguments, messages, stopping).await?;
    let mut errors: Vec<_> = left_out.iter().map(Failure::from).collect();
    let mut built = Vec::new();
    for discovered in &discovered {
        errors.extend(Failure::of_subscriptions(discovered));
        match discovered.report.freight(&discovered.warehouse) {
            Ok(freight) => built.push(freight),
            Err(reason) => {
                messages.error(&format!(
                    "{}: no Freight: {}",
                    discovered.warehouse.qualified_name(),
                    describe(discovered, &reason, messages)
                ));
                errors.push(Failure::of_freight(discovered, &reason));
            }
        }
    }
    messages.results(|out| output::freight(&built, &errors, format, out))?;
    Ok(exit_of(errors.is_empty()))
}

/// Why there is no Freight. The failures of subscriptions were printed before, with location and hint; and why nothing fits, unless errors alone are.
fn describe(discovered: &Discovered, reason: &freight::NoFreight, messages: &Messages) -> String {
    let missing = match reason {
        freight::NoFreight::Missing(missing) if !messages.is_quiet() => missing,
        _ => return output::why_no_freight(discovered, reason),
    };
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
    let (mut input, session) =
        open(arguments.manifest, &arguments.from, &arguments.network, messages, stopping).await?;
    if let Some(name) = arguments.subscription.as_deref() {
        let all = input.warehouses.iter().flat_map(|warehouse| &warehouse.spec.subscriptions);
        let is_there = input.warehouses.iter().any(|warehouse| {
            let mut subscriptions = warehouse.spec.subscriptions.iter().enumerate();
            subscriptions.any(|(index, subscription)| is_named(subscription, index, name))
        });
        if !is_there {
            return Err(not_named(name, all, messages));
        }
    }
    let subscriptions = || input.warehouses.iter().flat_map(|warehouse| &warehouse.spec.subscriptions);
    let name_of = |text: &String| {
        let name = subscriptions().find_map(|subscription| name_of_artifact(subscription, text));
        name.unwrap_or(text).to_owned()
    };
    let candidates: Vec<String> = arguments.candidate.iter().map(name_of).collect();
    let is_text = arguments.output.of_list().is_none();
    let session = session.only(arguments.subscription).with_failures_in_results(is_text);
    let observed = session.discover(std::mem::take(&mut input.warehouses), messages, Recorders::of).await;
    let failed = observed.iter().flat_map(|(discovered, _)| Failure::of_subscriptions(discovered));
    let errors: Vec<_> = input.left_out.iter().map(Failure::from).chain(failed).collect();
    let explained = observed
        .into_iter()
        .map(|(discovered, Recorders(recorders))| Explanation::new(discovered, recorders));
    let mut explanations: Vec<_> = explained.collect();
    let mut complete = input.left_out.is_empty() && explanations.iter().all(Explanation::is_complete);
    if !candidates.is_empty() {
        let is_unlisted =
            |name: &&String| !explanations.iter().any(|explanation| explanation.has_candidate(name));
        let unlisted: Vec<_> = candidates.iter().filter(is_unlisted).collect();
        complete &= unlisted.is_empty();
        explanations.iter_mut().for_each(|explanation| explanation.keep(&candidates, &unlisted));
    }
    if let Some(rule) = &arguments.reason {
        explanations.iter_mut().for_each(|explanation| explanation.keep_rule(rule));
    }
    let paint = Paint(messages.has_colors(&std::io::stdout()));
    messages.results(|out| output::explanations(&mut explanations, &errors, arguments.output, paint, out))?;
    Ok(exit_of(complete))
}
