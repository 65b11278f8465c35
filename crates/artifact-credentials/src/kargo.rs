//! Kargo's Secrets.

mod collection;
mod entry;
mod problem;
mod secret;
mod yaml;

use std::fmt;
use std::sync::Arc;

use artifact_http::{CredentialSource, Login};
use artifact_source::{Error, SourceKind};
use async_trait::async_trait;

use collection::{Collection, Wanted};
use entry::{CredType, Holding};

pub use problem::Problem;
pub use secret::KargoSecret;

/// Kargo's Secrets.
#[derive(Clone, Default)]
pub struct KargoSecrets {
    collection: Arc<Collection>,
    order: Option<Arc<[String]>>,
    allow_plain_http: bool,
}

impl KargoSecrets {
    /// The Secrets of one file of manifests: see [`KargoSecret::from_yaml`]. For several files, collect their Secrets.
    ///
    /// # Errors
    ///
    /// As [`KargoSecret::from_yaml`].
    pub fn from_yaml(text: &str, file: &str) -> Result<Self, Error> {
        Ok(KargoSecret::from_yaml(text, file)?.into_iter().collect())
    }

    /// Looks into these namespaces only, in this order: a project's own, then the shared one
    /// (`kargo-shared-resources`). A Secret without a namespace is taken for one of the first.
    ///
    /// If it is not said, all are looked into, in the order in which they first appeared.
    #[must_use]
    pub fn namespaces(mut self, order: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.order = Some(order.into_iter().map(Into::into).collect());
        self
    }

    /// Whether a credential is given for `http://` URLs. No, if it is not said, as in Kargo.
    #[must_use]
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }

    /// Whether there is no Secret.
    pub fn is_empty(&self) -> bool {
        self.collection.entries.is_empty()
    }

    /// What is wrong with the Secrets, in the order of their names.
    pub fn problems(&self) -> Vec<Problem> {
        self.collection.entries.iter().flat_map(|entry| &entry.problems).cloned().collect()
    }

    fn order(&self) -> impl Iterator<Item = &str> {
        let given = self.order.as_deref();
        let first = given.and_then(|order| order.first()).map(String::as_str);
        let nameless = first.filter(|first| !first.is_empty()).map(|_| "");
        let all = given.unwrap_or(&self.collection.namespaces).iter().map(String::as_str);
        let (head, tail): (Option<&str>, _) = match first {
            Some(first) => (Some(first), all.skip(1)),
            None => (None, all.skip(0)),
        };
        head.into_iter().chain(nameless).chain(tail)
    }

    fn refuses(&self, url: &str) -> bool {
        let is_http = url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"));
        is_http && !self.allow_plain_http
    }
}

impl FromIterator<KargoSecret> for KargoSecrets {
    /// Of two Secrets of one namespace and name the later one counts.
    fn from_iter<I: IntoIterator<Item = KargoSecret>>(secrets: I) -> Self {
        Self { collection: Arc::new(Collection::new(secrets)), order: None, allow_plain_http: false }
    }
}

#[async_trait]
impl CredentialSource for KargoSecrets {
    async fn credential(&self, kind: &SourceKind, url: &str) -> Result<Option<Login>, Error> {
        let Some(cred_type) = CredType::of_kind(kind) else { return Ok(None) };
        if self.refuses(url) {
            return Ok(None);
        }
        let wanted = Wanted::new(cred_type, url);
        let Some(entry) = self.collection.find(&wanted, self.order()) else { return Ok(None) };
        match &entry.holding {
            Holding::Credential(credential) => {
                Ok(Some(Login::new(credential.clone(), entry.secret.to_string())))
            }
            Holding::Nothing(_) => Ok(None),
            Holding::Broken(problem) => Err(problem.clone().into()),
        }
    }
}

impl fmt::Debug for KargoSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KargoSecrets")
            .field("secrets", &self.collection.entries.iter().map(|entry| &entry.secret).collect::<Vec<_>>())
            .field("namespaces", &self.order)
            .field("allow_plain_http", &self.allow_plain_http)
            .finish()
    }
}
