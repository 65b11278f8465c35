//! The arguments of the network: an HTTP client, certificates, the cache folder.

use std::path::{Path, PathBuf};

use artifact_http::{HttpClient, HttpClientBuilder, Pace};
use artifact_source::{Error, ErrorKind};
use oci_registry::registry_pace;

use crate::arguments::{Cache, Network, RegistryRate};
use crate::files::{in_file, unreadable};

/// The client with these arguments, to be built.
///
/// # Errors
///
/// If the file of certificates cannot be used.
pub(crate) fn http(network: &Network) -> Result<HttpClientBuilder, Error> {
    let http = HttpClient::builder().proxy_from_environment(true);
    Ok(match &network.ca_file {
        Some(file) => http.add_root_certificate_pem(authorities(file)?),
        None => http,
    })
}

/// The pace of requests to registries.
///
/// # Errors
///
/// For a host that no image can have.
pub(crate) fn pace(rates: &[RegistryRate]) -> Result<Pace, Error> {
    let rates = rates.iter().map(|RegistryRate { host, per_second }| (&host.0, *per_second));
    registry_pace(rates)
}

/// The beginning of a certificate in PEM form.
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// The certificates in this PEM file, checked.
fn authorities(file: &Path) -> Result<Vec<u8>, Error> {
    let name = file.display().to_string();
    let invalid = |message: String| Error::new(ErrorKind::InvalidInput, message);
    let pem = std::fs::read(file).map_err(|error| invalid(unreadable(&name, &error)))?;
    if !pem.windows(BEGIN.len()).any(|window| window == BEGIN) {
        return Err(invalid(format!("{name} holds no certificate in PEM form")));
    }
    let usable = HttpClient::builder().add_root_certificate_pem(&pem).build();
    usable.map(|_| pem).map_err(|error| in_file(&name, &error))
}

/// The cache folder: the one of the arguments, or the platform's where it has one.
pub(crate) fn cache_dir(arguments: &Cache) -> Option<PathBuf> {
    if arguments.no_cache {
        return None;
    }
    arguments.cache_dir.clone().or_else(platform_cache_dir)
}

/// `$XDG_CACHE_HOME/warehouse`, or its equivalent on macOS and Windows.
pub(crate) fn platform_cache_dir() -> Option<PathBuf> {
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
