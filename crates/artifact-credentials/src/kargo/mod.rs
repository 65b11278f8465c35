//! Kargo's Secrets.

mod collection;
mod hint;
mod pattern;
mod repository;
mod secret;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use artifact_http::{CredentialRequest, CredentialSource, Login, Tenant, Url, is_loopback};
use artifact_source::{Error, ErrorKind, lock, printable, redact_url};
use async_trait::async_trait;

use collection::{Collection, Content, Entry, Target, plain_http};
use hint::Search;
use repository::{CredType, Repository};

pub use secret::{KargoSecret, Problem};
pub(crate) use secret::{decode, documents, name_of};

/// Kargo's Secrets, for the repositories that they are for and the tenants whose namespaces they are in.
///
/// One value holds the Secrets of a whole cluster and serves all of its Warehouses: a request gets the Secrets of its
/// [tenant](CredentialRequest::tenant)'s namespace and those of the [shared namespaces](Self::shared_namespaces), and never others.
///
/// ```
/// use artifact_credentials::KargoSecrets;
/// use artifact_http::{CredentialRequest, CredentialSource, Tenant};
/// use artifact_source::SourceKind;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let text = "
/// apiVersion: v1
/// kind: Secret
/// metadata:
///   name: ghcr
///   namespace: team
///   labels:
///     kargo.akuity.io/cred-type: image
/// stringData:
///   repoURL: ghcr.io/example/app
///   username: me
///   password: hunter2
/// ";
/// let secrets = KargoSecrets::from_yaml(text, "secrets.yaml")?.shared_namespaces(["kargo-shared-resources"]);
///
/// let (team, other) = (Tenant::new("team"), Tenant::new("other"));
/// let request = CredentialRequest::new(&SourceKind::Image, "ghcr.io/example/app");
/// let login = secrets.credential(&request.for_tenant(&team)).await?.unwrap();
/// assert_eq!(&*login.found_in, "Secret team/ghcr");
/// assert!(secrets.credential(&request.for_tenant(&other)).await?.is_none());
/// assert!(secrets.credential(&request).await?.is_none(), "for no tenant there is none");
///
/// let request = CredentialRequest::new(&SourceKind::Image, "ghcr.io/example/other").for_tenant(&team);
/// assert_eq!(
///     secrets.hint(&request).unwrap(),
///     "the only Secret for images does not have the repoURL ghcr.io/example/other; nearest: ghcr.io/example/app in Secret team/ghcr",
/// );
/// # Ok::<(), artifact_source::Error>(())
/// # }).unwrap();
/// ```
///
/// # Which Secret is used
///
/// - Its label `kargo.akuity.io/cred-type` is `image` for images, `git` for Git repositories, `helm` for charts of either kind. Secrets
///   of before Kargo 0.5 (`kargo.akuity.io/secret-type`) are read as Kargo 0.5 converted them.
/// - Namespace by namespace: the tenant's own, then those of [`shared_namespaces`](Self::shared_namespaces) in their order; for a request
///   without a tenant, Secrets without a namespace alone. Within each one first those whose `repoURL` is
///   the repository's, both in the normal form of
///   [images](warehouse_spec::normalize_image), [charts](warehouse_spec::normalize_chart) or
///   [Git](warehouse_spec::normalize_git); then those of which `repoURLIsRegex` is exactly `true` and whose `repoURL`
///   matches the URL as it is written, as it is requested, or its normal form, anywhere in it. Of several the first by name.
/// - For a URL that is requested otherwise than it is written none: with a backslash or a control character, with `..` in its
///   path, with a host or port in another spelling than the parsed one (`127.1`, `%67ithub.com`, full-width letters, `:0443`), or with
///   more than one `@`. A user or password in the URL and a fragment are nothing that a pattern matches, but for a user of letters,
///   digits, `-` and `_`. Chart URLs with different ports are different, although Kargo's normal form may lose the port.
/// - For `http://` URLs of other machines none, unless it is [allowed](Self::allow_plain_http).
/// - A shared Secret is not given to a server whose certificate is not checked
///   ([`skips_tls_verify`](CredentialRequest::skips_tls_verify)), because the owner of one Warehouse would decide that for all tenants. That
///   is an error.
///
/// The first Secret that is for a repository ends the search, whatever it holds:
///
/// | it holds | then |
/// |---|---|
/// | `username` and `password` | that is the credential |
/// | neither, or an empty one | there is no credential |
/// | an SSH key, the key of a GitHub App, an access key of AWS, a service account's key of Google | there is no credential; another source of a [`Chain`](crate::Chain), such as a credential helper or the ssh agent, may have one |
/// | a `username` or `password` that is not valid base64 or not valid UTF-8 | an error |
///
/// A Secret without a usable `repoURL` (none, or a pattern that does not compile) is ignored, as in Kargo.
/// [`problems`](Self::problems) lists what is wrong with any of them, and the [hint](CredentialSource::hint) mentions it where it
/// is the reason.
///
/// # Compared to Kargo
///
/// Exact URLs take precedence over patterns, as in Kargo's documentation. Kargo itself (1.11 at the time of
/// writing) takes Secrets strictly by name, so there a pattern in a Secret `a` hides an exact URL in a Secret `b`.
///
/// Kargo gives no credential for any `http://` URL. Here it is given for those of [loopback](artifact_http::is_loopback), where no
/// one else can listen, so that demos and tests work. In a cluster such a URL means another host, and Kargo refuses it.
#[derive(Clone, Default)]
pub struct KargoSecrets {
    collection: Arc<Collection>,
    shared: Arc<[String]>,
    all_namespaces: bool,
    allow_plain_http: bool,
    /// The hints with these settings.
    hints: Arc<HintCache>,
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

    /// The namespaces whose Secrets every tenant gets, in the order in which they are searched after its own. Defaults to none; Kargo's is
    /// `kargo-shared-resources`. The empty name stands for Secrets without a namespace, which only files have.
    ///
    /// A request without a tenant gets none of them.
    #[must_use]
    pub fn shared_namespaces(mut self, order: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.shared = order.into_iter().map(Into::into).collect();
        self.hints = Arc::default();
        self
    }

    /// Gives every request the Secrets of every namespace: of the tenant's own first, then those without a namespace, the shared ones, and all
    /// others in the order in which they first appeared. Defaults to off. Use it only if all Secrets and all Warehouses belong to one
    /// owner, as in a command: a Warehouse then signs in with the Secrets of every other namespace, and no Secret counts as shared.
    #[must_use]
    pub fn all_namespaces(mut self) -> Self {
        self.all_namespaces = true;
        self.hints = Arc::default();
        self
    }

    /// Whether a credential is given for `http://` URLs of other machines. Defaults to `false`, as in Kargo.
    #[must_use]
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self.hints = Arc::default();
        self
    }

    /// Whether there is no Secret.
    pub fn is_empty(&self) -> bool {
        self.collection.entries.is_empty()
    }

    /// The problems of all Secrets, sorted by their names.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for entry in &self.collection.entries {
            problems.extend(entry.problems.iter().cloned());
            if let Target::Exact { given, .. } = &entry.target
                && entry.cred_type.is_some()
                && self.refuses(given)
            {
                problems.push(plain_http(&entry.secret));
            }
        }
        problems
    }

    /// The namespaces that are searched for this tenant; the empty one is that of Secrets without a namespace.
    fn order<'a>(&'a self, tenant: &'a Tenant) -> Vec<&'a str> {
        let shared = self.shared.iter().map(String::as_str);
        let mut order = vec![own_namespace(tenant)];
        if self.all_namespaces {
            order.push("");
            order.extend(shared.chain(self.collection.namespaces.iter().map(String::as_str)));
        } else if !tenant.is_none() {
            order.extend(shared);
        }
        let mut seen = HashSet::new();
        order.retain(|namespace| seen.insert(*namespace));
        order
    }

    /// Whether the Secret belongs to all tenants.
    fn is_shared(&self, entry: &Entry, tenant: &Tenant) -> bool {
        !self.all_namespaces && entry.secret.namespace != own_namespace(tenant)
    }

    fn refuses(&self, url: &str) -> bool {
        let is_http = url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"));
        is_http && !self.allow_plain_http && !is_loopback_url(url)
    }
}

/// The namespace of a tenant; empty, as that of Secrets without one, where there is no tenant.
fn own_namespace(tenant: &Tenant) -> &str {
    tenant.name().unwrap_or_default()
}

/// The error of a shared Secret for a server that could be anyone.
fn unverified(entry: &Entry, url: &str) -> Error {
    let message = format!(
        "{} is shared, and is not sent to a server whose certificate is not checked (insecureSkipTLSVerify)",
        entry.secret
    );
    Error::new(ErrorKind::Refused, message).with_url(url).with_hint(
        "make a Secret for it in the namespace of the Warehouse, or trust the certificate of the server and set insecureSkipTLSVerify to false",
    )
}

/// Whether every URL parser finds a loopback address in the URL.
fn is_loopback_url(url: &str) -> bool {
    let is_plain =
        !url.contains(|letter: char| letter == '\\' || letter.is_whitespace() || letter.is_control());
    is_plain && Url::parse(url).is_ok_and(|url| is_loopback(&url))
}

impl FromIterator<KargoSecret> for KargoSecrets {
    /// Of two Secrets of one namespace and name the later one is used, as where both are applied to a cluster; this is among the
    /// [problems](KargoSecrets::problems).
    fn from_iter<I: IntoIterator<Item = KargoSecret>>(secrets: I) -> Self {
        Self { collection: Arc::new(Collection::new(secrets)), ..Self::default() }
    }
}

#[async_trait]
impl CredentialSource for KargoSecrets {
    async fn credential(&self, request: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
        let CredentialRequest { tenant, kind, url, skips_tls_verify, .. } = *request;
        let Some(cred_type) = CredType::of_kind(kind) else { return Ok(None) };
        if self.refuses(url) {
            return Ok(None);
        }
        let repository = Repository::new(cred_type, url);
        let Some(entry) = self.collection.find(&repository, self.order(tenant)) else { return Ok(None) };
        match &entry.content {
            Content::Credential(_) if skips_tls_verify && self.is_shared(entry, tenant) => {
                Err(unverified(entry, url))
            }
            Content::Credential(credential) => {
                Ok(Some(Login::new(credential.clone(), entry.secret.to_string())))
            }
            Content::Nothing(_) => Ok(None),
            Content::Broken(problem) => Err(problem.clone().into()),
        }
    }

    fn hint(&self, request: &CredentialRequest<'_>) -> Option<String> {
        let CredentialRequest { tenant, kind, url, .. } = *request;
        let cred_type = CredType::of_kind(kind)?;
        self.hints.hint((tenant.clone(), cred_type, url.to_owned()), || {
            let repository = Repository::new(cred_type, url);
            let search = Search {
                collection: &self.collection,
                namespaces: self.order(tenant),
                all_namespaces: self.all_namespaces,
                repository: &repository,
                url: redact_url(url),
            };
            let hint = if self.refuses(url) { search.refusal() } else { search.hint() };
            hint.map(|hint| printable(&hint))
        })
    }
}

impl fmt::Debug for KargoSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KargoSecrets")
            .field("secrets", &self.collection.entries.iter().map(|entry| &entry.secret).collect::<Vec<_>>())
            .field("shared_namespaces", &self.shared)
            .field("all_namespaces", &self.all_namespaces)
            .field("allow_plain_http", &self.allow_plain_http)
            .finish()
    }
}

/// How many hints are kept before all are discarded.
const MAX_HINTS: usize = 1024;

/// The tenant that asks, the type of Secret, and the URL.
type HintKey = (Tenant, CredType, String);

/// The hints that were computed: a client may want one for every request, and computing it reads every Secret.
#[derive(Default)]
pub(super) struct HintCache {
    hints: Mutex<HashMap<HintKey, Option<String>>>,
}

impl HintCache {
    fn hint(&self, key: HintKey, compute: impl FnOnce() -> Option<String>) -> Option<String> {
        let known = lock(&self.hints).get(&key).cloned();
        if let Some(hint) = known {
            return hint;
        }
        let hint = compute();
        let mut hints = lock(&self.hints);
        if hints.len() >= MAX_HINTS {
            hints.clear();
        }
        hints.insert(key, hint.clone());
        hint
    }
}

impl fmt::Debug for HintCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HintCache")
    }
}
