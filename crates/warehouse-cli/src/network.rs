//! From the arguments about the network to a discoverer.

use std::path::{Path, PathBuf};

use artifact_http::HttpClient;
use warehouse_discovery::Discoverer;

use crate::arguments::Network;
use crate::message::explained;

/// What a certificate in PEM form begins with.
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// A discoverer as the arguments want it.
pub(crate) fn discoverer(network: &Network) -> Result<Discoverer, String> {
    let mut http = HttpClient::builder().proxy_from_environment(true);
    if let Some(file) = &network.ca_file {
        http = http.add_root_certificate_pem(authorities(file)?);
    }
    let mut builder = Discoverer::builder()
        .http(http)
        .concurrency(usize::from(network.concurrency))
        .cache_by_tag_policy(network.cache_by_tag_policy);
    for host in &network.plain_http {
        builder = builder.plain_http(&host.0);
    }
    for host in &network.https {
        builder = builder.https(&host.0);
    }
    for rate in &network.registry_rate {
        builder = builder.registry_rate(&rate.host.0, rate.per_second);
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
    if !pem.windows(BEGIN.len()).any(|window| window == BEGIN) {
        return Err(format!("{} holds no certificate in PEM form", file.display()));
    }
    let usable = HttpClient::builder().add_root_certificate_pem(&pem).build();
    usable.map_err(|error| format!("{}: {}", file.display(), explained(&error)))?;
    Ok(pem)
}

/// Where reusable things are kept: what was asked for, or the platform's cache folder where it has one.
fn cache_dir(network: &Network) -> Option<PathBuf> {
    if network.no_cache {
        return None;
    }
    network.cache_dir.clone().or_else(platform_cache_dir)
}

/// `$XDG_CACHE_HOME/warehouse`, or what stands in for it on macOS and Windows.
fn platform_cache_dir() -> Option<PathBuf> {
    let folder =
        |variable: &str| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = if cfg!(target_os = "windows") {
        folder("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        folder("HOME").map(|home| home.join("Library").join("Caches"))
    } else {
        folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))
    };
    base.map(|base| base.join("warehouse"))
}
