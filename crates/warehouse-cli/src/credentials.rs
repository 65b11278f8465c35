//! Where the command looks for credentials.

use std::path::PathBuf;
use std::sync::Arc;

use artifact_credentials::{Chain, DockerConfig, KargoSecret, KargoSecrets, StandardPlaces};
use artifact_http::CredentialSource;
use artifact_source::Error;

use crate::arguments::Credentials;
use crate::exit::Exit;
use crate::file;
use crate::message::Messages;

/// What is larger is no file of Secrets.
const LARGEST: usize = 16 << 20;

/// Reads what the arguments name: Kargo's Secrets, in the order of these namespaces, and then docker's files. What is wrong with a
/// Secret is told; the others are used.
///
/// # Errors
///
/// [`Exit::Usage`] if a file cannot be read or is no such file.
pub(crate) async fn read(
    arguments: Credentials,
    namespaces: Vec<String>,
    messages: Messages,
) -> Result<Arc<dyn CredentialSource>, Exit> {
    // A file may be a pipe that nobody writes to: that may not keep an interruption from being heard.
    let read = tokio::task::spawn_blocking(move || read_all(&arguments, namespaces, &messages));
    read.await.unwrap_or_else(|_| {
        messages.error("the credentials could not be read: this is a bug in warehouse");
        Err(Exit::Failure)
    })
}

fn read_all(
    arguments: &Credentials,
    namespaces: Vec<String>,
    messages: &Messages,
) -> Result<Arc<dyn CredentialSource>, Exit> {
    let say = |error: Error| {
        messages.explained(&error);
        Exit::Usage
    };
    let mut chain = Chain::new();
    let secrets = secrets(&arguments.credentials, messages)?;
    if !arguments.credentials.is_empty() {
        let order = order(namespaces, &secrets);
        let secrets: KargoSecrets = secrets.into_iter().collect();
        for problem in secrets.problems() {
            messages.warning(&problem.to_string(), problem.hint.as_deref());
        }
        chain = chain.with(secrets.namespaces(order));
    }
    if !arguments.no_docker_config {
        let docker = DockerConfig::from_standard_places(&standard_places());
        let instead = "mend the file, or do without it: --no-docker-config";
        let docker = docker.map_err(|error| say(error.with_hint(instead)))?;
        chain = docker.into_iter().fold(chain, Chain::with);
    }
    Ok(Arc::new(chain))
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

/// The namespaces of the Warehouses, and then all others, as they come.
fn order(namespaces: Vec<String>, secrets: &[KargoSecret]) -> Vec<String> {
    let mut order = namespaces;
    for secret in secrets {
        if !order.iter().any(|namespace| namespace == secret.namespace()) {
            order.push(secret.namespace().to_owned());
        }
    }
    order
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
