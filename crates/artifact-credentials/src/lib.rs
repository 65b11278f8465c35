//! **Sources of credentials for artifact discovery**: docker's `config.json` and the credential helpers it names, and
//! the Secrets that Kargo uses.
//!
//! ```
//! use artifact_credentials::{Chain, DockerConfig, KargoSecrets};
//! use artifact_http::{CredentialRequest, CredentialSource, Identity, Tenant};
//! use artifact_source::{ErrorKind, SourceKind};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let secrets = KargoSecrets::from_yaml(
//!     "
//! kind: Secret
//! metadata: {name: ghcr, namespace: team, labels: {kargo.akuity.io/cred-type: image}}
//! stringData: {repoURL: ^ghcr.io/team/, repoURLIsRegex: 'true', username: me, password: hunter2}
//! ",
//!     "secrets.yaml",
//! )?
//! .shared_namespaces(["kargo-shared-resources"]);
//! let docker = DockerConfig::from_slice(br#"{"auths": {"quay.io": {"auth": "eW91OmhlbGxv"}}}"#, "config.json")?;
//! let credentials = Chain::new().with(secrets).with(docker);
//!
//! // A Secret of a namespace is for the Warehouses of this namespace alone, docker's file is for everyone.
//! let team = Tenant::new("team");
//! let request = CredentialRequest::new(&SourceKind::Image, "ghcr.io/team/app").for_tenant(&team);
//! let login = credentials.credential(&request).await?.unwrap();
//! assert_eq!(login.to_string(), "me of Secret team/ghcr");
//! let request = CredentialRequest::new(&SourceKind::Image, "quay.io/team/app");
//! let login = credentials.credential(&request).await?.unwrap();
//! assert_eq!(login.to_string(), "you of config.json");
//!
//! // Where there is none, a refusal says why.
//! let url = "ghcr.io/other/app";
//! let request = CredentialRequest::new(&SourceKind::Image, url).for_tenant(&team);
//! let identity = Identity::resolve(&credentials, &request).await?;
//! assert_eq!(
//!     identity.hint(ErrorKind::Unauthorized, url).unwrap(),
//!     "no credential was given for ghcr.io/other/app: the only Secret for images does not have the repoURL ghcr.io/other/app; \
//!      the pattern ^ghcr.io/team/ of Secret team/ghcr does not match it; \
//!      config.json has nothing for ghcr.io, only for quay.io",
//! );
//! # Ok::<(), artifact_source::Error>(())
//! # }).unwrap();
//! ```
//!
//! | source | has credentials for | from |
//! |---|---|---|
//! | [`DockerConfig`] | images, and charts in registries | a `config.json` or `auth.json`, and credential helpers |
//! | [`DockerSecret`] | the same | manifests of Secrets of the type `kubernetes.io/dockerconfigjson` or `kubernetes.io/dockercfg` |
//! | [`HelmRegistryConfig`] | charts in registries | what `helm registry login` wrote |
//! | [`KargoSecrets`] | images, charts, and Git repositories over http(s) | manifests, or [`KargoSecret`]s of a cluster |
//! | [`Chain`] | what its sources have | sources, one after the other |
//!
//! # Guarantees
//!
//! - **Lookups are cheap**: answers of helpers are cached, concurrent lookups wait for one process, and Secrets are indexed once.
//! - **No secret** is in any error, hint, `Debug`, or in the text that names where a credential was found. Neither is other output of a
//!   helper, or a control character of a file.
//! - **Faults are isolated**: a damaged entry for one registry, or a Secret that cannot be used, is an error only for lookups that
//!   need it, and is listed by [`KargoSecrets::problems`].
//! - **Nothing is read implicitly**: files are named by the caller, and so are the values of the environment with their paths
//!   ([`StandardPaths`]). The one exception: a credential helper is looked up in
//!   the process's `PATH` if no [other folders](DockerConfig::helper_path) are named, and gets the process's environment.
//! - **No panic and bounded work** for any bytes of a file, and any output of a helper.
//!
//! Helpers need a tokio runtime with I/O and time; everything else works without one.
//!
//! # Why docker's file is not read with another crate
//!
//! `docker_credential` (1.4) starts helpers with `std::process` and waits for them without a deadline. On a thread for
//! blocking work a helper that hangs (a locked keychain, a login that needs a browser) could be abandoned, but not killed, and
//! a runtime waits for such threads when it is dropped, so the program would not exit before the helper. It also
//! starts a process for every lookup, puts all output of a failed helper into its error, does not support namespaces in
//! `auths`, and ignores `registrytoken`.

mod chain;
mod docker;
mod kargo;

pub use chain::Chain;
pub use docker::{DockerConfig, DockerSecret, HelmPaths, HelmRegistryConfig, StandardPaths};
pub use kargo::{KargoSecret, KargoSecrets, Problem};

/// The example of the README compiles and holds.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
