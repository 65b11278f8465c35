//! The credentials of the command: Secrets in files, what docker itself reads, and for charts what Helm reads.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use artifact_credentials::{
    Chain, DockerConfig, DockerSecret, HelmPaths, HelmRegistryConfig, KargoSecret, KargoSecrets,
    StandardPaths,
};
use artifact_http::{Call, CredentialRequest, CredentialSource, Login, Tenant};
use artifact_source::Error;
use async_trait::async_trait;

use crate::arguments::Credentials;
use crate::exit::Exit;
use crate::files::{file_name, manifest_files, read_text, unreadable};
use crate::message::Messages;
use crate::stopping::blocking;

/// The largest file of Secrets, in bytes.
const MAX_BYTES: usize = 16 << 20;

/// The namespace whose Secrets Kargo shares with all Projects.
const SHARED_NAMESPACE: &str = "kargo-shared-resources";

/// The credentials that the arguments name.
#[derive(Debug)]
pub(crate) struct CredentialStore {
    secrets: Option<KargoSecrets>,
    pull_secrets: PullSecrets,
    /// `DOCKER_AUTH_CONFIG`, docker's files, and for charts what `helm registry login` wrote.
    docker: Chain,
}

impl CredentialStore {
    /// The credentials for Warehouses, all of which belong to the user: the Secrets of a Warehouse's own namespace, those of no namespace, the shared
    /// ones, all others; the Secrets that hold docker's credentials in the same order; and then what docker itself reads.
    pub(crate) fn for_warehouses(&self) -> Arc<dyn CredentialSource> {
        let Some(secrets) = &self.secrets else { return Arc::new(self.docker.clone()) };
        let chain = Chain::new().with(secrets.clone()).with(self.pull_secrets.clone());
        Arc::new(chain.with(self.docker.clone()))
    }

    /// The credentials for what belongs to no Warehouse, such as a chart that is published.
    pub(crate) fn for_publishing(&self) -> Arc<dyn CredentialSource> {
        self.for_warehouses()
    }
}

/// Secrets that hold docker's credentials, with their namespaces, in the order of the files.
#[derive(Clone, Debug, Default)]
struct PullSecrets(Arc<[(String, Arc<DockerConfig>)]>);

impl PullSecrets {
    /// Those of the namespace of the Warehouse, those of none, the shared ones, all others.
    fn for_tenant(&self, tenant: &Tenant) -> Chain {
        let order = [tenant.name().unwrap_or_default(), "", SHARED_NAMESPACE];
        let mut sorted: Vec<_> = self.0.iter().collect();
        let position =
            |namespace: &str| order.iter().position(|known| *known == namespace).unwrap_or(order.len());
        sorted.sort_by_key(|(namespace, _)| position(namespace));
        sorted.into_iter().map(|(_, config)| Arc::clone(config)).collect()
    }
}

#[async_trait]
impl CredentialSource for PullSecrets {
    async fn credential(&self, request: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
        self.for_tenant(request.tenant).credential(request).await
    }

    fn hint(&self, request: &CredentialRequest<'_>) -> Option<String> {
        self.for_tenant(request.tenant).hint(request)
    }
}

/// Reads the files that the arguments name. A Secret that cannot be used is a warning; the others are used.
///
/// # Errors
///
/// [`Exit::Usage`] if a file cannot be read or has another content, [`Exit::Failure`] once the deadline has passed.
pub(crate) async fn read(
    arguments: Credentials,
    deadline: Instant,
    messages: &Messages,
) -> Result<CredentialStore, Exit> {
    let failure = "the credentials could not be read";
    let read = blocking(messages, failure, move |messages| read_all(&arguments, messages));
    Call::new().with_deadline(deadline).within(read).await.unwrap_or_else(|_| {
        messages.error("the credentials could not be read in time");
        Err(Exit::Failure)
    })
}

fn read_all(arguments: &Credentials, messages: &Messages) -> Result<CredentialStore, Exit> {
    let mut found =
        CredentialStore { secrets: None, pull_secrets: PullSecrets::default(), docker: Chain::new() };
    // All that is wrong is told before the command fails.
    let mut bad = false;
    if !arguments.credentials.is_empty() {
        let (secrets, pull_secrets) = secrets(&arguments.credentials, messages, &mut bad);
        let named = |secret: DockerSecret| (secret.namespace().to_owned(), Arc::new(secret.into_config()));
        found.pull_secrets = PullSecrets(pull_secrets.into_iter().map(named).collect());
        // Whoever runs the command owns all Secrets and all Warehouses.
        let secrets = secrets.into_iter().collect::<KargoSecrets>();
        let secrets = secrets.shared_namespaces([SHARED_NAMESPACE]).all_namespaces();
        for problem in secrets.problems() {
            messages.warning(&problem.to_string(), problem.hint.as_deref());
        }
        found.secrets = Some(secrets);
    }
    if !arguments.no_docker_config {
        let instead = "repair the file, or do not use it: --no-docker-config";
        let mut broken = |error: Error, hint: &str| {
            messages.explained(&error.with_hint(hint));
            bad = true;
        };
        let docker = DockerConfig::from_standard_paths(&standard_paths()).unwrap_or_else(|error| {
            broken(error, instead);
            Vec::new()
        });
        let environment = environment().unwrap_or_else(|error| {
            broken(error, "repair the variable, or do not use it: --no-docker-config");
            None
        });
        found.docker = environment.into_iter().chain(docker).collect();
        let helm = HelmRegistryConfig::from_paths(&helm_paths()).unwrap_or_else(|error| {
            broken(error, instead);
            None
        });
        if let Some(helm) = helm {
            found.docker = found.docker.with(helm);
        }
    }
    if bad { Err(Exit::Usage) } else { Ok(found) }
}

/// The text of a `config.json` in `DOCKER_AUTH_CONFIG`, where it is set. It takes precedence over the files, as in docker.
fn environment() -> Result<Option<DockerConfig>, Error> {
    const VARIABLE: &str = "DOCKER_AUTH_CONFIG";
    match std::env::var_os(VARIABLE) {
        Some(text) if !text.is_empty() => {
            DockerConfig::from_slice(text.as_encoded_bytes(), VARIABLE).map(Some)
        }
        _ => Ok(None),
    }
}

/// The Secrets of these files; `bad` is set if one cannot be used.
fn secrets(named: &[PathBuf], messages: &Messages, bad: &mut bool) -> (Vec<KargoSecret>, Vec<DockerSecret>) {
    let (mut secrets, mut pull_secrets) = (Vec::new(), Vec::new());
    let files = |named: &PathBuf| {
        manifest_files(named, false, messages).unwrap_or_else(|_| {
            *bad = true;
            Vec::new()
        })
    };
    let files: Vec<_> = named.iter().flat_map(files).collect();
    for path in files {
        let name = file_name(&path);
        let text = match read_text(&path, MAX_BYTES) {
            Ok(text) => text,
            Err(error) => {
                messages.error_of_file(&name, &unreadable(&name, &error), None);
                *bad = true;
                continue;
            }
        };
        let both = KargoSecret::from_yaml(&text, &name)
            .and_then(|found| Ok((found, DockerSecret::from_yaml(&text, &name)?)));
        let (found, docker) = match both {
            Ok(both) => both,
            Err(error) => {
                messages.explained(&error);
                *bad = true;
                continue;
            }
        };
        let is_empty = found.is_empty() && docker.is_empty();
        for secret in docker {
            match secret {
                Ok(secret) => pull_secrets.push(secret),
                Err(error) => messages.warning(&format!("{error} ({name})"), error.hint()),
            }
        }
        if is_empty {
            let help = "a Secret for images has the label kargo.akuity.io/cred-type: image";
            messages.warning(&format!("{name} holds no Secret of Kargo's"), Some(help));
        }
        secrets.extend(found);
    }
    (secrets, pull_secrets)
}

fn helm_paths() -> HelmPaths {
    let path = |variable: &str| std::env::var_os(variable).map(PathBuf::from);
    HelmPaths {
        registry_config: path("HELM_REGISTRY_CONFIG"),
        helm_config_home: path("HELM_CONFIG_HOME"),
        config_home: path("XDG_CONFIG_HOME"),
        app_data: path("APPDATA"),
        home: path(if cfg!(windows) { "USERPROFILE" } else { "HOME" }),
    }
}

fn standard_paths() -> StandardPaths {
    let path = |variable: &str| std::env::var_os(variable).map(PathBuf::from);
    StandardPaths {
        docker_config: path("DOCKER_CONFIG"),
        registry_auth_file: path("REGISTRY_AUTH_FILE"),
        runtime_dir: path("XDG_RUNTIME_DIR"),
        config_home: path("XDG_CONFIG_HOME"),
        home: path(if cfg!(windows) { "USERPROFILE" } else { "HOME" }),
    }
}
