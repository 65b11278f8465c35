//! Charts in OCI registries: what is under the tag of a version, and the push that never overwrites.

mod artifact;
mod error;
mod standing;

use std::fmt;
use std::sync::Arc;

use artifact_http::{Call, CredentialSource, HttpClient};
use artifact_source::{Clock, ErrorKind, SourceKind, SystemClock};
use bytes::Bytes;
use oci_registry::{BlobPush, Digest, HttpPush, NewManifest, Push, RegistryClient, Repository, is_tag};
use repository_url::redact_url;

pub use error::PushFailed;
pub use standing::{Standing, StandingChart};

use crate::{Conflict, Error, Overwrite, Package};
use artifact::{Artifact, MANIFEST, tag_of};

/// The charts below one path of an OCI registry, as `helm push CHART.tgz oci://HOST/PATH` writes them and `helm pull` reads them.
///
/// ```
/// use artifact_http::{Call, HttpClient};
/// use chart_release::Package;
/// use chart_release::Overwrite;
/// use chart_release::registry::{ChartRegistry, Outcome};
///
/// # async fn example(url: &str, archive: Vec<u8>) -> Result<(), chart_release::Error> {
/// let registry = ChartRegistry::builder(url).http(HttpClient::builder().build()?).build()?;
/// let package = Package::from_archive(archive)?;
/// let call = Call::new();
///
/// let pushed = registry.push(&package, &Overwrite::Never, &call).await?;
/// println!("{} {}", pushed.reference, pushed.chart);
///
/// // Again it is found, and nothing is sent.
/// let again = registry.push(&package, &Overwrite::Never, &call).await?;
/// assert_eq!(again.outcome, Outcome::AlreadyThere);
/// # Ok(())
/// # }
/// # let server = warehouse_testkit::Registry::start().unwrap();
/// # let archive = warehouse_testkit::Chart::new("web", "1.0.0").archive();
/// # let url = format!("oci://{}/charts", server.host());
/// # tokio::runtime::Runtime::new().unwrap().block_on(example(&url, archive)).unwrap();
/// # assert_eq!(server.tags("charts/web"), ["1.0.0"]);
/// ```
///
/// # What is written
///
/// The manifest, the configuration and the annotations are those of Helm 3 and 4, byte for byte but for the time, which comes from the
/// [clock](ChartRegistryBuilder::clock). The tag is the version with `_` for `+`.
///
/// # What is never done
///
/// A tag that names other content is not moved, unless [`Overwrite`] names its version. Two pushes have the same content if their archives
/// have one digest; their manifests may differ in the time. Registries have no conditional push, so two pushes at the same moment
/// can both find no tag: each reads the tag again afterwards, and the one that lost has a [`Conflict`].
#[derive(Clone)]
pub struct ChartRegistry {
    /// `oci://HOST/PATH`, without a slash at the end.
    url: String,
    client: RegistryClient,
    push: Arc<dyn Push>,
    clock: Arc<dyn Clock>,
}

/// Builds a [`ChartRegistry`].
#[derive(Clone)]
#[must_use]
pub struct ChartRegistryBuilder {
    url: String,
    http: Option<HttpClient>,
    client: Option<RegistryClient>,
    credentials: Option<Arc<dyn CredentialSource>>,
    push: Arc<dyn Push>,
    clock: Arc<dyn Clock>,
}

impl ChartRegistryBuilder {
    /// The client that sends the requests. Defaults to one with default settings. A [`client`](Self::client) takes precedence.
    pub fn http(mut self, http: HttpClient) -> Self {
        self.http = Some(http);
        self
    }

    /// The client of registries, with its hosts on plain http, its rate and its tokens.
    pub fn client(mut self, client: RegistryClient) -> Self {
        self.client = Some(client);
        self
    }

    /// The source of credentials. Defaults to that of the [`client`](Self::client), and without one to none.
    pub fn credentials(mut self, credentials: impl CredentialSource + 'static) -> Self {
        self.credentials = Some(Arc::new(credentials));
        self
    }

    /// What sends blobs and manifests. Defaults to the [`client`](Self::client) itself.
    pub fn push(mut self, push: impl Push) -> Self {
        self.push = Arc::new(push);
        self
    }

    /// Where the time in the annotations comes from. Defaults to the system's clock. A [`jiff::Timestamp`] is a fixed clock,
    /// which makes manifests reproducible.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The registry. This sends no request.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) if the URL is not `oci://HOST` or `oci://HOST/PATH`.
    pub fn build(self) -> Result<ChartRegistry, Error> {
        let url = self.url.trim_end_matches('/');
        let invalid = |message: String| {
            artifact_source::Error::new(ErrorKind::InvalidInput, message)
                .with_hint("write oci://HOST/PATH, such as oci://ghcr.io/org/charts")
        };
        if url.strip_prefix("oci://").is_none_or(str::is_empty) {
            let shown = redact_url(&self.url);
            return Err(invalid(format!("{shown:?} is not the URL of charts in a registry")).into());
        }
        if url.contains('@') {
            let shown = redact_url(&self.url);
            let message = format!("the URL of a registry has no user, password or digest: {shown}");
            let hint = "leave it out, and sign in with `docker login HOST` or `helm registry login HOST`";
            return Err(artifact_source::Error::new(ErrorKind::InvalidInput, message).with_hint(hint).into());
        }
        if url.trim_start_matches("oci://").split('/').skip(1).any(|part| part.contains(':')) {
            let message = format!("the URL of a registry has no tag: {}", redact_url(&self.url));
            let hint = "write oci://HOST/PATH: the name and the version of each chart are added to it";
            return Err(artifact_source::Error::new(ErrorKind::InvalidInput, message).with_hint(hint).into());
        }
        let client = match (self.client, self.http) {
            (Some(client), _) => client,
            (None, Some(http)) => RegistryClient::builder(http).kind(SourceKind::Chart).build(),
            (None, None) => {
                RegistryClient::builder(HttpClient::builder().build()?).kind(SourceKind::Chart).build()
            }
        };
        let client = match self.credentials {
            Some(credentials) => client.with_credentials(credentials),
            None => client,
        };
        let registry = ChartRegistry { url: url.to_owned(), client, push: self.push, clock: self.clock };
        // Any chart's name shows whether the rest is valid.
        registry.repository("chart")?;
        Ok(registry)
    }
}

/// What a push did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The tag is new.
    Pushed,
    /// The tag named the same chart already. Nothing was sent.
    AlreadyThere,
    /// The tag named something else, and was moved.
    Replaced(Standing),
}

/// A chart that a registry has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pushed {
    /// What was done.
    pub outcome: Outcome,
    /// `oci://HOST/PATH/NAME:TAG`.
    pub reference: String,
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The digest of the archive.
    pub chart: Digest,
    /// How many of its blobs were sent; the others were there.
    pub blobs_sent: usize,
}

impl ChartRegistry {
    /// The charts at `oci://HOST/PATH`.
    pub fn builder(url: impl Into<String>) -> ChartRegistryBuilder {
        ChartRegistryBuilder {
            url: url.into(),
            http: None,
            client: None,
            credentials: None,
            push: Arc::new(HttpPush),
            clock: Arc::new(SystemClock),
        }
    }

    /// `oci://HOST/PATH`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The reference of a version of a chart: `oci://HOST/PATH/NAME:TAG`. This sends nothing.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) if the name is not a valid repository name or the version has no valid tag.
    pub fn reference(&self, name: &str, version: &str) -> Result<String, Error> {
        Ok(self.place(name, version)?.reference)
    }

    /// What is under the tag of a version of a chart: one GET request, besides those for a token.
    ///
    /// A registry that hides what the credential may not read answers as if there was nothing.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) if the name is not a valid repository name or the version has no valid tag; and those of
    /// [`Repository::manifest`], but for [`NotFound`](ErrorKind::NotFound), which is [`Standing::Nothing`].
    pub async fn standing(&self, name: &str, version: &str, call: &Call) -> Result<Standing, Error> {
        let place = self.place(name, version)?;
        Ok(place.read(call).await?)
    }

    /// Pushes a chart, unless its tag names the same chart already.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] if the tag names other content and must not be moved, and if another push moved the tag meanwhile;
    /// [`Error::Push`] for everything that a request can fail with, with what the registry has by then; and
    /// [`InvalidInput`](ErrorKind::InvalidInput) as [`standing`](Self::standing).
    pub async fn push(&self, package: &Package, overwrite: &Overwrite, call: &Call) -> Result<Pushed, Error> {
        self.push_parts(package, None, overwrite, None, call).await
    }

    /// The same for a tag whose standing a plan has read.
    ///
    /// Since then another release may have moved the tag, and registries have no conditional push. So the tag is read again before
    /// anything is sent, unless the version may be replaced anyway: then nothing depends on the answer.
    pub(crate) async fn push_after(
        &self,
        known: &Standing,
        package: &Package,
        overwrite: &Overwrite,
        call: &Call,
    ) -> Result<Pushed, Error> {
        self.push_parts(package, None, overwrite, Some(known), call).await
    }

    /// The same with the provenance of the chart (the content of `NAME-VERSION.tgz.prov`), which becomes a layer of its own. A chart that
    /// is there already is left as it is, with or without provenance.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub async fn push_with_provenance(
        &self,
        package: &Package,
        provenance: impl Into<Bytes>,
        overwrite: &Overwrite,
        call: &Call,
    ) -> Result<Pushed, Error> {
        self.push_parts(package, Some(provenance.into()), overwrite, None, call).await
    }

    async fn push_parts(
        &self,
        package: &Package,
        provenance: Option<Bytes>,
        overwrite: &Overwrite,
        known: Option<&Standing>,
        call: &Call,
    ) -> Result<Pushed, Error> {
        let place = self.place(package.name(), package.version())?;
        let chart: Digest = package.digest().parse()?;
        let mut stored = Vec::new();
        let failed = |stored: &[&'static str], cause| PushFailed {
            reference: place.reference.clone(),
            stored: stored.to_vec(),
            cause,
        };
        let conflict = |standing: &Standing, is_race| {
            let published = standing.content().unwrap_or_else(|| standing.to_string());
            Conflict { is_race, ..Conflict::new(package, &place.reference, published) }
        };
        let pushed = |outcome, manifest: &Digest, blobs_sent| Pushed {
            outcome,
            reference: place.reference.clone(),
            manifest: manifest.clone(),
            chart: chart.clone(),
            blobs_sent,
        };

        let before = match known.filter(|_| overwrite.allows(package.version())) {
            Some(known) => known.clone(),
            None => place.read(call).await.map_err(|cause| failed(&stored, cause))?,
        };
        if let (true, Some(manifest)) = (before.has(package), before.manifest()) {
            return Ok(pushed(Outcome::AlreadyThere, manifest, 0));
        }
        if before != Standing::Nothing && !overwrite.allows(package.version()) {
            return Err(conflict(&before, false).into());
        }

        let artifact = Artifact::of(package, provenance.as_ref(), self.clock.now()).map_err(|cause| {
            artifact_source::Error::new(ErrorKind::Internal, "the chart has no JSON").with_cause(cause)
        })?;
        let mut blobs_sent = 0;
        for (part, bytes) in artifact.blobs {
            let outcome = self.push.blob(&place.repository, bytes, call).await;
            blobs_sent += usize::from(outcome.map_err(|cause| failed(&stored, cause))? == BlobPush::Sent);
            stored.push(part);
        }
        let manifest = NewManifest::new(MANIFEST, artifact.manifest).replaces(before.manifest().cloned());
        let put = self.push.manifest(&place.repository, &place.tag, &manifest, call).await;
        let digest = match put {
            Ok(digest) => digest,
            Err(cause) => {
                // The answer may be lost, and the tag moved by somebody else.
                let moved = cause.kind() == ErrorKind::Refused && cause.status().is_none();
                return Err(match place.read(call).await {
                    Ok(after) if moved && after != before => conflict(&after, true).into(),
                    _ => failed(&stored, cause).into(),
                });
            }
        };
        stored.push("manifest");

        let after = place.read(call).await.map_err(|cause| failed(&stored, cause))?;
        match after.manifest() {
            Some(standing) if *standing == digest || after.has(package) => {
                let outcome = match before {
                    Standing::Nothing => Outcome::Pushed,
                    before => Outcome::Replaced(before),
                };
                Ok(pushed(outcome, standing, blobs_sent))
            }
            Some(_) => Err(conflict(&after, true).into()),
            None => {
                let message = "the registry took the manifest, and its tag names nothing";
                let cause = artifact_source::Error::new(ErrorKind::BadAnswer, message)
                    .with_transient(true)
                    .with_hint("some registries show a push a moment later: push again");
                Err(failed(&stored, cause).into())
            }
        }
    }

    fn repository(&self, name: &str) -> Result<Repository, Error> {
        Ok(self.client.repository(&format!("{}/{name}", self.url))?.for_push())
    }

    /// The place of a version of a chart.
    fn place(&self, name: &str, version: &str) -> Result<Place, Error> {
        let invalid = |message: String, hint: &str| {
            artifact_source::Error::new(ErrorKind::InvalidInput, message).with_hint(hint)
        };
        let repository = self.repository(name)?;
        // A name is one part of a path, in lower case; the client would take others.
        let path = repository.name().repository();
        if name.is_empty() || path.rsplit('/').next() != Some(name) {
            let message = format!("a registry takes no chart of the name {name:?}");
            return Err(invalid(
                message,
                "use lower-case letters, digits, and single '-', '_' or '.' between them",
            )
            .into());
        }
        let tag = tag_of(version);
        if !is_tag(&tag) {
            let shown: String = version.chars().take(160).collect();
            let message = format!("the version {shown:?} of {name} gives no tag");
            return Err(invalid(message, "a tag has at most 128 letters, digits, '.', '-' and '_'").into());
        }
        let reference = format!("oci://{}:{tag}", repository.name());
        Ok(Place { repository, tag, reference })
    }
}

/// The tag of a version of a chart.
struct Place {
    repository: Repository,
    tag: String,
    /// `oci://HOST/PATH/NAME:TAG`.
    reference: String,
}

impl Place {
    async fn read(&self, call: &Call) -> Result<Standing, artifact_source::Error> {
        match self.repository.manifest(&self.tag, call).await {
            Ok(fetched) => Ok(Standing::of(fetched)),
            Err(error) if error.is_not_found() => Ok(Standing::Nothing),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for ChartRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChartRegistry").field("url", &redact_url(&self.url)).finish_non_exhaustive()
    }
}

impl fmt::Debug for ChartRegistryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChartRegistryBuilder").field("url", &redact_url(&self.url)).finish_non_exhaustive()
    }
}
