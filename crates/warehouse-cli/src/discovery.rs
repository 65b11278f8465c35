//! Running discovery for the commands that need it.

use std::path::Path;
use std::time::Instant;

use artifact_http::HttpClient;
use artifact_source::Error;
use warehouse_discovery::{Discoverer, Observer, Report, SubscriptionReport};
use warehouse_spec::{Located, Location, Warehouse};

use crate::arguments::Network;
use crate::exit::Exit;
use crate::message::{Messages, with_causes};

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

/// Discovers every Warehouse at once, and says what failed, in the order of the manifests.
pub(crate) async fn discover(
    warehouses: Vec<Located<Warehouse>>,
    network: &Network,
    messages: &Messages,
) -> Result<Vec<Discovered>, Exit> {
    let watched = discover_watched(warehouses, network, messages, |_| ()).await?;
    Ok(watched.into_iter().map(|(discovered, ())| discovered).collect())
}

/// The same, while somebody watches each of them.
pub(crate) async fn discover_watched<O: Observer>(
    warehouses: Vec<Located<Warehouse>>,
    network: &Network,
    messages: &Messages,
    watch: impl Fn(&Warehouse) -> O,
) -> Result<Vec<(Discovered, O)>, Exit> {
    let discoverer = discoverer(network).map_err(|message| {
        messages.error(&message);
        Exit::Usage
    })?;
    let deadline = Instant::now() + network.timeout;
    let discover = async |warehouse: Located<Warehouse>| {
        let observer = watch(&warehouse);
        let report = discoverer.run(&warehouse).with_observer(&observer).with_deadline(deadline).await;
        (Discovered { warehouse, report }, observer)
    };
    let discovered = futures::future::join_all(warehouses.into_iter().map(discover)).await;
    discovered.iter().for_each(|(discovered, _)| say(discovered, messages));
    Ok(discovered)
}

fn say(discovered: &Discovered, messages: &Messages) {
    let report = &discovered.report;
    for subscription in &report.subscriptions {
        messages.detail(&format!("{}: {}", subscription.id, subscription.cost));
    }
    for (subscription, error) in report.failures() {
        messages.failure(discovered.place(subscription), error);
    }
    let count = report.subscriptions.len();
    let failed = report.failures().count();
    let plural = if count == 1 { "" } else { "s" };
    let outcome = if failed == 0 { String::new() } else { format!(", {failed} of them failed") };
    messages.note(&format!("{}: {count} subscription{plural}{outcome}; {}", report.warehouse, report.cost));
}

/// A discoverer as the arguments want it.
fn discoverer(network: &Network) -> Result<Discoverer, String> {
    let mut builder = Discoverer::builder()
        .concurrency(usize::from(network.concurrency))
        .proxy_from_environment(true)
        .cache_by_tag_policy(network.cache_by_tag_policy);
    for host in &network.plain_http {
        builder = builder.plain_http(host);
    }
    for host in &network.https {
        builder = builder.https(host);
    }
    for rate in &network.registry_rate {
        builder = builder.registry_rate(&rate.host, rate.per_second);
    }
    if let Some(file) = &network.ca_file {
        builder = builder.root_certificates_pem(authorities(file)?);
    }
    if let Some(folder) = cache_dir(network) {
        builder = builder.cache_dir(folder);
    }
    builder.build().map_err(|error| explained(&error))
}

/// The certificates in this PEM file, which can be used.
fn authorities(file: &Path) -> Result<Vec<u8>, String> {
    let pem =
        std::fs::read(file).map_err(|error| format!("{} could not be read: {error}", file.display()))?;
    let usable = HttpClient::builder().add_root_certificate_pem(&pem).build();
    usable.map_err(|error| format!("{}: {}", file.display(), explained(&error)))?;
    Ok(pem)
}

/// An error with its causes, and what to do about it.
fn explained(error: &Error) -> String {
    let hint = error.hint().map(|hint| format!("\n  help: {hint}")).unwrap_or_default();
    with_causes(error) + &hint
}

/// Where reusable things are kept: what was asked for, or the platform's cache folder where it has one.
fn cache_dir(network: &Network) -> Option<std::path::PathBuf> {
    if network.no_cache {
        return None;
    }
    network.cache_dir.clone().or_else(platform_cache_dir)
}

/// `$XDG_CACHE_HOME/warehouse`, or what stands in for it on macOS and Windows.
fn platform_cache_dir() -> Option<std::path::PathBuf> {
    let folder = |variable: &str| {
        std::env::var_os(variable).map(std::path::PathBuf::from).filter(|path| path.is_absolute())
    };
    let base = if cfg!(target_os = "windows") {
        folder("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        folder("HOME").map(|home| home.join("Library").join("Caches"))
    } else {
        folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))
    };
    base.map(|base| base.join("warehouse"))
}
