//! Where the command looks for credentials.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use artifact_credentials::{Chain, DockerConfig, KargoSecret, KargoSecrets, StandardPlaces};
use artifact_http::CredentialSource;
use warehouse_spec::Warehouse;

use crate::arguments::Credentials;
use crate::exit::Exit;
use crate::file;
use crate::message::Messages;

/// What is larger is no file of Secrets.
const LARGEST: usize = 16 << 20;

/// The namespace whose Secrets Kargo shares with all Projects.
const SHARED_NAMESPACE: &str = "kargo-shared-resources";

/// What was found in the places that the arguments name.
#[derive(Debug)]
pub(crate) struct Found {
    secrets: Option<KargoSecrets>,
    /// The namespaces of the Secrets, as they come.
    namespaces: Vec<String>,
    docker: Chain,
}

impl Found {
    /// The credentials for a Warehouse: the Secrets of its own namespace, those of no namespace, the shared ones, all others, and
    /// then docker's files.
    pub(crate) fn of(&self, warehouse: &Warehouse) -> Arc<dyn CredentialSource> {
        let Some(secrets) = &self.secrets else { return Arc::new(self.docker.clone()) };
        let own = warehouse.metadata.namespace.as_deref();
        let mut order: Vec<&str> = own.into_iter().chain(["", SHARED_NAMESPACE]).collect();
        for namespace in &self.namespaces {
            if !order.contains(&namespace.as_str()) {
                order.push(namespace);
            }
        }
        let order = order.into_iter().map(str::to_owned).collect::<Vec<_>>();
        Arc::new(Chain::new().with(secrets.clone().namespaces(order)).with(self.docker.clone()))
    }
}

/// Reads what the arguments name. What is wrong with a Secret is told; the others are used.
///
/// # Errors
///
/// [`Exit::Usage`] if a file cannot be read or is no such file, [`Exit::Failure`] if that takes longer than there is time.
pub(crate) async fn read(
    arguments: Credentials,
    deadline: Instant,
    messages: Messages,
) -> Result<Found, Exit> {
    // A file may be a pipe that nobody writes to: that may not keep an interruption from being heard.
    let read = tokio::task::spawn_blocking(move || read_all(&arguments, &messages));
    match tokio::time::timeout_at(deadline.into(), read).await {
        Ok(Ok(found)) => found,
        Ok(Err(_)) => {
            messages.error("the credentials could not be read: this is a bug in warehouse");
            Err(Exit::Failure)
        }
        Err(_) => {
            messages.error("the credentials could not be read in time");
            Err(Exit::Failure)
        }
    }
}

fn read_all(arguments: &Credentials, messages: &Messages) -> Result<Found, Exit> {
    let mut found = Found { secrets: None, namespaces: Vec::new(), docker: Chain::new() };
    if !arguments.credentials.is_empty() {
        let secrets = secrets(&arguments.credentials, messages)?;
        for secret in &secrets {
            if !found.namespaces.iter().any(|namespace| namespace == secret.namespace()) {
                found.namespaces.push(secret.namespace().to_owned());
            }
        }
        let secrets: KargoSecrets = secrets.into_iter().collect();
        for problem in secrets.problems() {
            messages.warning(&problem.to_string(), problem.hint.as_deref());
        }
        found.secrets = Some(secrets);
    }
    if !arguments.no_docker_config {
        let instead = "mend the file, or do without it: --no-docker-config";
        let docker = DockerConfig::from_standard_places(&standard_places()).map_err(|error| {
            messages.explained(&error.with_hint(instead));
            Exit::Usage
        })?;
        found.docker = docker.into_iter().collect();
    }
    Ok(found)
}

fn secrets(named: &[PathBuf], messages: &Messages) -> Result<Vec<KargoSecret>, Exit> {
    let mut secrets = Vec::new();
    for path in file::manifests(named, messages)? {
        let name = file::name(&path);
        let text = file::text(&path, LARGEST).map_err(|error| {
            messages.error(&format!("{name} could not be read: {error}"));
            Exit::Usage
        })?;
        let found = KargoSecret::from_yaml(&text, &name).map_err(|error| {
            messages.explained(&error);
            Exit::Usage
        })?;
        if found.is_empty() {
            let help = "a Secret for images has the label kargo.akuity.io/cred-type: image";
            messages.warning(&format!("{name} holds no Secret of Kargo's"), Some(help));
        }
        secrets.extend(found);
    }
    Ok(secrets)
}

fn standard_places() -> StandardPlaces {
    let path = |variable: &str| std::env::var_os(variable).map(PathBuf::from);
    StandardPlaces {
        docker_config: path("DOCKER_CONFIG"),
        registry_auth_file: path("REGISTRY_AUTH_FILE"),
        runtime_dir: path("XDG_RUNTIME_DIR"),
        config_home: path("XDG_CONFIG_HOME"),
        home: path(if cfg!(windows) { "USERPROFILE" } else { "HOME" }),
    }
}
