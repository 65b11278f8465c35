//! **Where the credentials of artifact discovery come from**: docker's `config.json` and the credential helpers it names, and
//! the Secrets that Kargo looks for.
//!
//! ```
//! use artifact_credentials::{Chain, DockerConfig, KargoSecrets};
//! use artifact_http::{CredentialSource, Identity};
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
//! .namespaces(["team", "kargo-shared-resources"]);
//! let docker = DockerConfig::from_slice(br#"{"auths": {"quay.io": {"auth": "eW91OmhlbGxv"}}}"#, "config.json")?;
//! let credentials = Chain::new().with(secrets).with(docker);
//!
//! let login = credentials.credential(&SourceKind::Image, "ghcr.io/team/app").await?.unwrap();
//! assert_eq!(login.scope(), "me of Secret team/ghcr");
//! let login = credentials.credential(&SourceKind::Image, "quay.io/team/app").await?.unwrap();
//! assert_eq!(login.scope(), "you of config.json");
//!
//! // Where there is none, a refusal says why.
//! let url = "ghcr.io/other/app";
//! let identity = Identity::resolve(&credentials, &SourceKind::Image, url).await?;
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
//! | [`KargoSecrets`] | images, charts, and Git repositories over http(s) | manifests, or [`KargoSecret`]s of a cluster |
//! | [`Chain`] | what its links have | sources, one after the other |
//!
//! # What is promised
//!
//! - **A source may be asked before every request**, as the clients of registries do: what helpers said is remembered, all who ask at once
//!   wait for one process, and Secrets are put in order once.
//! - **No secret** is in any error, hint, `Debug`, or in the words that say where a credential was found; nor is anything that a
//!   helper wrote and that is no credential, nor a control character that somebody put into a file.
//! - **What is wrong in one place stands in nobody else's way**: a damaged entry for one registry, or a Secret that
//!   cannot be used, is told to those who ask for it, and to those who ask for [`KargoSecrets::problems`].
//! - **Nothing is read on its own**: files are named by the caller, and so are the values of the environment that say where
//!   they are ([`StandardPaths`]). The one exception is deliberate: a credential helper is looked up in
//!   the process's `PATH` if no [other folders](DockerConfig::helper_path) are named, and gets the process's environment.
//! - **No panic and bounded work** for any bytes of a file, and any output of a helper.
//!
//! Helpers need a tokio runtime with I/O and time; everything else needs none.
//!
//! # Why docker's file is not read by another crate
//!
//! `docker_credential` (1.4) starts helpers with `std::process` and waits for them without a deadline. On a thread for
//! blocking work a helper that hangs (a locked keychain, a login that wants a browser) could be given up on, but not ended, and
//! as a runtime waits for such threads when it is dropped, the program would not end before the helper does. It also
//! starts a process for every question, puts all that a failed helper wrote into its error, knows no namespaces in
//! `auths`, and passes over `registrytoken`.

mod chain;
mod docker;
mod kargo;

pub use chain::Chain;
pub use docker::{DockerConfig, DockerSecret, StandardPaths};
pub use kargo::{KargoSecret, KargoSecrets, Problem};

/// The example of the README compiles and holds.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
