//! `warehouse record`: a bundle of what the servers answered.

use std::sync::Arc;
use std::time::Instant;

use artifact_source::Error;
use discovery_bundle::Recorder;
use jiff::Timestamp;
use warehouse_discovery::Discoverer;
use warehouse_spec::{SubscriptionKind, Warehouse};

use super::{exit_of, read_input};
use crate::arguments::{Cache, DiscoveryNetwork, Record};
use crate::bundle::Target;
use crate::credentials;
use crate::discovery::{Session, builder, discover};
use crate::exit::Exit;
use crate::input::Input;
use crate::message::Messages;
use crate::network::http;
use crate::output::counted;
use crate::stopping::{Stopping, unless_stopped};

/// Discovers, and writes the bundle. What fails is a part of it.
pub(crate) async fn record(arguments: Record, messages: &Messages, stopping: Stopping) -> Result<Exit, Exit> {
    let target = Target::of(&arguments.to, messages)?;
    // What a cache has is not asked, and so not recorded.
    let cache = Cache { cache_dir: None, no_cache: true, ..arguments.network.cache };
    let network = DiscoveryNetwork { cache, ..arguments.network };
    let Input { warehouses, left_out } =
        read_input(arguments.manifest.into(), &network, None, messages, &stopping).await?;
    let deadline = Instant::now() + network.network.timeout;
    let credentials = {
        let read = credentials::read(network.network.credentials.clone(), deadline, messages);
        unless_stopped(&stopping, read).await?
    };
    let credentials = credentials.for_warehouses();
    let recorder = Recorder::new(Timestamp::now());
    let discoverer = || -> Result<Discoverer, Error> {
        let client = |skips| {
            let client = http(&network.network)?.skip_tls_verify(skips).build()?;
            Ok::<_, Error>(recorder.http_client(client))
        };
        let builder = builder(&network)?
            .http_client(client(false)?)
            .http_client_without_tls_verify(client(true)?)
            .credentials(recorder.credentials(Arc::clone(&credentials)))
            .clock(recorder.recorded_at())
            .deadline(network.network.timeout);
        builder.build()
    };
    let unusable = |error: Error| {
        messages.explained(&error);
        Exit::Usage
    };
    let session = Session::new(discoverer().map_err(unusable)?, deadline, stopping);
    let discovered = discover(warehouses, &session, messages).await;
    let warehouses: Vec<&Warehouse> = discovered.iter().map(|discovered| &*discovered.warehouse).collect();
    for url in warehouses.iter().copied().flat_map(not_recorded) {
        let help = "only what goes over http and https is recorded";
        messages.warning(&format!("{url} is not in the bundle"), Some(help));
    }
    recorder.complete(discoverer, warehouses.iter().copied()).await.map_err(unusable)?;
    let recorded = recorder.finish(warehouses);
    for url in recorded.left_out() {
        messages.warning(
            &format!("the answer of {url} is not in the bundle: it is too large, or was not read to its end"),
            None,
        );
    }
    let size = target.write(&recorded, messages)?;
    messages.note(&format!(
        "{target}: {}, {}",
        counted(recorded.len(), "answer"),
        counted(usize::try_from(size).unwrap_or(usize::MAX), "byte")
    ));
    Ok(exit_of(left_out.is_empty()))
}

/// The repositories of a Warehouse that do not go over HTTP.
fn not_recorded(warehouse: &Warehouse) -> Vec<String> {
    let urls = warehouse.spec.subscriptions.iter().filter_map(|subscription| match &subscription.kind {
        SubscriptionKind::Git(git) if !git.repo_url.to_ascii_lowercase().starts_with("http") => {
            Some(warehouse_spec::without_credential(&git.repo_url).into_owned())
        }
        _ => None,
    });
    urls.collect()
}
