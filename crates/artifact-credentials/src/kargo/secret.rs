//! A Secret as a cluster has it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use artifact_source::printable;

/// The keys of a Secret that say what it is for, and what it holds.
pub(super) mod key {
    pub(crate) const REPO_URL: &str = "repoURL";
    pub(crate) const IS_REGEX: &str = "repoURLIsRegex";
    pub(crate) const USERNAME: &str = "username";
    pub(crate) const PASSWORD: &str = "password";
    pub(crate) const SSH_KEY: &str = "sshPrivateKey";
}

/// A Secret of Kubernetes, as Kargo looks at it: its place, the value of its label `kargo.akuity.io/cred-type`, and its data.
///
/// ```
/// use artifact_credentials::{KargoSecret, KargoSecrets};
///
/// let secret = KargoSecret::new("team", "ghcr", "image")
///     .with("repoURL", "ghcr.io/example/app")
///     .with("username", "me")
///     .with("password", "hunter2");
/// assert_eq!(secret.to_string(), "Secret team/ghcr");
/// assert!(!format!("{secret:?}").contains("hunter2"));
///
/// let secrets: KargoSecrets = [secret].into_iter().collect();
/// assert!(secrets.problems().is_empty());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct KargoSecret {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) cred_type: String,
    pub(super) file: Option<Arc<str>>,
    /// Whether it still has a label of before Kargo 0.5.
    pub(super) is_old: bool,
    values: BTreeMap<String, Result<Vec<u8>, &'static str>>,
}

impl KargoSecret {
    /// A Secret without data. The type is the value of the label `kargo.akuity.io/cred-type`; one that is none is among the
    /// [problems](crate::KargoSecrets::problems).
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, cred_type: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            cred_type: cred_type.into(),
            file: None,
            is_old: false,
            values: BTreeMap::new(),
        }
    }

    /// The Secret with this value, as it is after base64.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.values.insert(key.into(), Ok(value.into()));
        self
    }

    /// The namespace it is in; empty where that was not said.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The Secret with a value that could not be read.
    pub(super) fn with_broken(mut self, key: impl Into<String>, what: &'static str) -> Self {
        self.values.insert(key.into(), Err(what));
        self
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// A value, if there is one; or what is wrong with it.
    pub(super) fn value(&self, key: &str) -> Result<Option<&str>, &'static str> {
        match self.values.get(key) {
            None => Ok(None),
            Some(Ok(bytes)) => std::str::from_utf8(bytes).map(Some).map_err(|_| "is no UTF-8"),
            Some(Err(what)) => Err(what),
        }
    }
}

impl fmt::Display for KargoSecret {
    /// `Secret team/ghcr`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = printable(&self.name);
        match self.namespace.as_str() {
            "" => write!(f, "Secret {name}"),
            namespace => write!(f, "Secret {}/{name}", printable(namespace)),
        }
    }
}

impl fmt::Debug for KargoSecret {
    /// The keys, and no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KargoSecret")
            .field("namespace", &self.namespace)
            .field("name", &self.name)
            .field("cred_type", &self.cred_type)
            .field("file", &self.file)
            .field("keys", &self.values.keys().collect::<Vec<_>>())
            .finish()
    }
}
