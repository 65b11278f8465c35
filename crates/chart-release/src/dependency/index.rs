//! The charts of a classic repository: the index, read once, and archives.

use std::collections::HashMap;
use std::sync::Arc;

use artifact_http::{
    Call, CredentialRequest, CredentialSource, HttpClient, Identity, OnceMap, Origin, Request, SourceContext,
    Tenant, Url,
};
use artifact_source::{Error, ErrorKind, SourceKind, printable, redact_url};
use helm_chart::Package;
use helm_source::index_limits;
use selection_strategies::{Constraint, TagRule, Version, similar_names};
use serde::Deserialize;
use serde_saphyr::options::DuplicateKeyPolicy;

/// The largest archive, in bytes.
const MAX_ARCHIVE: u64 = 100 << 20;

/// The classic repositories that one resolver has asked.
#[derive(Debug)]
pub(super) struct Repositories {
    http: HttpClient,
    credentials: Arc<dyn CredentialSource>,
    tenant: Tenant,
    known: OnceMap<String, Arc<Repository>>,
}

/// One classic repository, with its index.
#[derive(Debug)]
pub(super) struct Repository {
    url: Url,
    shown: String,
    identity: Identity,
    /// Whether the URLs in the index may lead to public addresses only.
    public_only: bool,
    charts: HashMap<String, Vec<Entry>>,
}

/// One version of a chart.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    version: Option<String>,
    urls: Option<Vec<Option<String>>>,
    digest: Option<String>,
}

#[derive(Deserialize)]
struct Index {
    entries: Option<HashMap<String, Option<Vec<Option<Entry>>>>>,
}

impl Repositories {
    pub(super) fn new(context: &SourceContext) -> Self {
        let (http, credentials) = (context.http.clone(), Arc::clone(&context.credentials));
        Self { http, credentials, tenant: context.tenant.clone(), known: OnceMap::default() }
    }

    /// The repository at this URL. Its index is read when it is asked for first.
    pub(super) async fn get(&self, url: &str, call: &Call) -> Result<Arc<Repository>, Error> {
        // Boxed: charts are resolved within charts, each with this future on the stack.
        let key = url.trim_end_matches('/').to_owned();
        Box::pin(self.known.get_or_try_init(key, Box::pin(self.read(url, call)))).await
    }

    async fn read(&self, repo_url: &str, call: &Call) -> Result<Arc<Repository>, Error> {
        let mut url = Url::parse(repo_url).map_err(|cause| {
            Error::new(ErrorKind::InvalidInput, "the repository of a dependency is not a URL")
                .with_url(repo_url)
                .with_cause(cause)
        })?;
        let request = CredentialRequest::new(&SourceKind::Chart, repo_url)
            .for_tenant(&self.tenant)
            .with_skipped_tls_verify(self.http.skips_tls_verify());
        let identity = Identity::resolve(&*self.credentials, &request).await?;
        let path = format!("{}/", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.set_fragment(None);
        let mut index = url.clone();
        index.set_path(&format!("{path}index.yaml"));
        let request = Request::get(&index)
            .authorization(authorization(&identity, &index)?)
            .accept_gzip(true)
            .sniff_encoding(true)
            .max_bytes(index_limits::MAX_BYTES);
        let response = self
            .http
            .fetch(request, call)
            .await?
            .error_for_status("the index of the chart repository could not be read")?;
        let public_only = !response.came_from_private_address();
        let body = response.body;
        let parsed = tokio::task::spawn_blocking(move || parse(&body));
        let charts = call
            .within(parsed)
            .await?
            .map_err(|cause| {
                Error::new(ErrorKind::Internal, "the parser of the index failed").with_cause(cause)
            })?
            .map_err(|what| {
                Error::new(
                    ErrorKind::BadAnswer,
                    format!("the file is not the index of a chart repository: {what}"),
                )
                .with_url(&index)
                .with_hint("check the URL of the repository, which is the part before /index.yaml")
            })?;
        let shown = redact_url(repo_url);
        Ok(Arc::new(Repository { url, shown, identity, public_only, charts }))
    }

    /// The archive of a version, checked against the digest in the index.
    pub(super) async fn archive(
        &self,
        repository: &Repository,
        name: &str,
        version: &str,
        call: &Call,
    ) -> Result<Package, crate::Error> {
        let (url, digest) = repository.location(name, version)?;
        let origin = Origin::of(&repository.url);
        let request = Request::get(&url)
            .authorization_for(&origin, authorization(&repository.identity, &url)?)
            .public_only(repository.public_only)
            .max_bytes(MAX_ARCHIVE);
        let what = format!("the archive of {name} {version} could not be read");
        let response = self.http.fetch(request, call).await?.error_for_status(&what)?;
        let at = |error: helm_chart::Error| {
            let message = format!("the archive of {name} {version} is not a chart");
            Error::new(ErrorKind::BadAnswer, message).with_url(&url).with_cause(error)
        };
        let bytes = response.body.to_vec();
        let package = Package::from_archive(bytes.clone());
        let ours = oci_registry::Digest::of(&bytes).to_string();
        match digest {
            Some(theirs) if theirs != ours => Err(Error::new(
                ErrorKind::BadAnswer,
                format!("the archive of {name} {version} has the digest {ours}, and the index says {theirs}"),
            )
            .with_url(&url)
            .with_hint("the archive was replaced, or the index is not of this archive: publish the version anew under another number")
            .into()),
            _ => Ok(package.map_err(at)?),
        }
    }
}

/// What is sent as this identity.
fn authorization(identity: &Identity, url: &Url) -> Result<Option<artifact_http::Authorization>, Error> {
    let Some(credential) = identity.credential() else { return Ok(None) };
    credential.authorization().map(Some).ok_or_else(|| {
        Error::new(ErrorKind::InvalidInput, "an identity token is not a credential for a chart repository")
            .with_url(url)
            .with_hint("use a user name and password, or a bearer token")
    })
}

impl Repository {
    /// The newest version within a constraint, as it is written, of those that have a URL.
    pub(super) fn newest(&self, name: &str, constraint: &Constraint) -> Result<String, Error> {
        let listed: Vec<&str> = self
            .entries(name)?
            .iter()
            .filter(|entry| entry.url().is_some())
            .filter_map(|entry| entry.version.as_deref())
            .collect();
        let newest = |constraint| {
            let selection = TagRule::chart(constraint).select(listed.iter().copied()).limit(1);
            selection.chosen.into_iter().next().map(|chosen| chosen.version_text().into_owned())
        };
        if let Some(version) = newest(Some(constraint.clone())) {
            return Ok(version);
        }
        let hint = match newest(None) {
            Some(version) => format!("the newest version there is {version}"),
            None => "the repository has no version of it".to_owned(),
        };
        Err(self
            .missing(format!("no version of {name} is within the constraint {:?}", constraint.original()))
            .with_hint(hint))
    }

    fn entries(&self, name: &str) -> Result<&[Entry], Error> {
        self.charts.get(name).map(Vec::as_slice).ok_or_else(|| {
            let error = self.missing(format!("the chart repository has no chart {name:?}"));
            match similar_names(name, self.charts.keys().map(String::as_str)).as_slice() {
                [] => error,
                similar => error.with_hint(format!("similar names there: {}", similar.join(", "))),
            }
        })
    }

    /// The URL of an archive, and its digest if the index has one.
    fn location(&self, name: &str, version: &str) -> Result<(Url, Option<String>), Error> {
        let entry = self
            .entries(name)?
            .iter()
            .filter(|entry| entry.url().is_some())
            .find(|entry| entry.version.as_deref().is_some_and(|listed| is_same(listed, version)));
        let Some((entry, url)) = entry.and_then(|entry| Some((entry, entry.url()?))) else {
            return Err(self
                .missing(format!("the chart repository has no {name} {version}"))
                .with_hint("the version was removed: lock the dependencies again"));
        };
        let mut resolved = self.url.join(url).map_err(|cause| {
            Error::new(
                ErrorKind::BadAnswer,
                format!("the URL of {name} {version} in the index is not one: {}", printable(url)),
            )
            .with_url(&self.shown)
            .with_cause(cause)
        })?;
        // A relative URL has the query of the repository: it may be a signature.
        if Url::parse(url).is_err() {
            resolved.set_query(self.url.query());
        }
        let digest =
            entry.digest.as_deref().map(str::trim).filter(|digest| !digest.is_empty()).map(|digest| {
                let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
                format!("sha256:{}", hex.to_ascii_lowercase())
            });
        Ok((resolved, digest))
    }

    fn missing(&self, message: String) -> Error {
        Error::new(ErrorKind::NotFound, message).with_url(&self.shown)
    }
}

impl Entry {
    fn url(&self) -> Option<&str> {
        self.urls.iter().flatten().next()?.as_deref().filter(|url| !url.is_empty())
    }
}

/// Whether two texts are one version, without regard to build metadata in their order.
fn is_same(one: &str, other: &str) -> bool {
    one == other
        || match (Version::parse(one), Version::parse(other)) {
            (Ok(one), Ok(other)) => {
                one.compare_precedence(&other).is_eq() && one.metadata() == other.metadata()
            }
            _ => false,
        }
}

fn parse(bytes: &[u8]) -> Result<HashMap<String, Vec<Entry>>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not text in UTF-8".to_owned())?;
    let index: Index = match serde_json::from_str(text) {
        Ok(index) => index,
        Err(_) => serde_saphyr::from_str_with_options(
            text,
            index_limits::yaml_options(DuplicateKeyPolicy::PassThrough),
        )
        .map_err(|error| {
            let error = error.without_snippet().to_string();
            printable(error.lines().next().unwrap_or_default()).chars().take(200).collect::<String>()
        })?,
    };
    let entries = index.entries.ok_or("it has no `entries`")?;
    Ok(entries
        .into_iter()
        .map(|(name, list)| (name, list.into_iter().flatten().flatten().collect()))
        .collect())
}
