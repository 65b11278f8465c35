//! Kargo's pattern of requests, written anew from what its selectors do (`pkg/image` at commit 1c76476), as the baseline.
//!
//! What makes the pattern:
//!
//! - Every call of its registry library signs in anew: it asks `/v2/`, is refused, fetches a token, and only then asks what
//!   it wants. A list of several pages is one call, and so are a manifest and the configuration below it.
//! - An image is inspected to the bottom: of an index, each platform's manifest is fetched by a call of its own, and its
//!   configuration with it, whatever the strategy. These are kept by digest. What a tag names is fetched whole each time.
//! - The platform is compared afterwards, letter by letter, variant included; an image that is not an index has none.
//! - Tags are inspected one after another until the limit is reached; for `NewestBuild` all of them, up to a thousand at once,
//!   the platforms of each one after another.
//! - No connection is kept.
//!
//! Its limit of 20 requests per second and registry is left out: it would hide everything else.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use selection_strategies::{TagFilter, TagRule};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::exchange::{Answer, Failure, get};

/// What it accepts for a manifest.
const MANIFESTS: &str = "application/vnd.docker.distribution.manifest.v1+json,\
    application/vnd.docker.distribution.manifest.v1+prettyjws,application/vnd.docker.distribution.manifest.v2+json,\
    application/vnd.oci.image.manifest.v1+json,application/vnd.docker.distribution.manifest.list.v2+json,\
    application/vnd.oci.image.index.v1+json";

/// How many images are inspected at once for `NewestBuild`.
const AT_ONCE: usize = 1000;

/// One subscription, as Kargo serves it, with the cache of its process.
#[derive(Debug)]
pub struct Kargo {
    address: SocketAddr,
    repository: String,
    login: String,
    filter: TagFilter,
    platform: Option<Platform>,
    limit: usize,
    cache_by_tag: bool,
    cache: Mutex<HashMap<String, Image>>,
}

/// An image as Kargo keeps it.
#[derive(Clone, Debug)]
pub struct Image {
    /// The tag, where it was looked at by one.
    pub tag: String,
    /// The digest.
    pub digest: String,
    created: Option<Timestamp>,
    platforms: Vec<Platform>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Platform {
    os: String,
    architecture: String,
    variant: String,
}

impl Kargo {
    /// A subscription to a repository of a registry that gives tokens to this user.
    pub fn new(address: SocketAddr, repository: &str, user: &str, password: &str) -> Self {
        Self {
            address,
            repository: repository.to_owned(),
            login: format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))),
            filter: TagFilter::default(),
            platform: None,
            limit: 20,
            cache_by_tag: false,
            cache: Mutex::default(),
        }
    }

    /// `allowTagsRegexes` and `ignoreTagsRegexes`.
    #[must_use]
    pub fn filter(mut self, filter: TagFilter) -> Self {
        self.filter = filter;
        self
    }

    /// `platform`, as `os/arch[/variant]`.
    #[must_use]
    pub fn platform(mut self, platform: &str) -> Self {
        let mut parts = platform.split('/').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        self.platform = Some(Platform { os: next(), architecture: next(), variant: next() });
        self
    }

    /// `cacheByTag`.
    #[must_use]
    pub fn cache_by_tag(mut self) -> Self {
        self.cache_by_tag = true;
        self
    }

    /// Strategy `SemVer`.
    ///
    /// # Errors
    ///
    /// Whatever a request says.
    pub async fn semver(&self) -> Result<Vec<Image>, Failure> {
        let tags = self.tags().await?;
        let rule = TagRule::semver(None).with_filter(self.filter.clone());
        let mut found = Vec::new();
        for candidate in rule.rank(tags.iter().map(String::as_str), |_, _| {}).into_sorted() {
            if found.len() == self.limit {
                break;
            }
            found.extend(self.by_tag(candidate.name).await?);
        }
        Ok(found)
    }

    /// Strategy `Digest`.
    ///
    /// # Errors
    ///
    /// Whatever a request says.
    pub async fn digest(&self, tag: &str) -> Result<Vec<Image>, Failure> {
        Ok(self.by_tag(tag).await?.into_iter().collect())
    }

    /// Strategy `NewestBuild`.
    ///
    /// # Errors
    ///
    /// Whatever a request says.
    pub async fn newest_build(&self) -> Result<Vec<Image>, Failure> {
        let tags = self.tags().await?;
        let tags = tags.iter().filter(|tag| self.filter.allows(tag));
        let images = stream::iter(tags.map(|tag| self.by_tag(tag))).buffer_unordered(AT_ONCE);
        let mut found: Vec<Image> = images.try_filter_map(async |image| Ok(image)).try_collect().await?;
        found.sort_by(|left, right| (&right.created, &right.tag).cmp(&(&left.created, &left.tag)));
        found.truncate(self.limit);
        Ok(found)
    }

    /// One call: the list, page by page.
    async fn tags(&self) -> Result<Vec<String>, Failure> {
        #[derive(Deserialize)]
        struct Page {
            tags: Vec<String>,
        }
        let call = self.sign_in().await?;
        let mut target = format!("/v2/{}/tags/list?n=1000", self.repository);
        let mut tags = Vec::new();
        loop {
            let answer = call.get(&target, "application/json").await?;
            tags.extend(serde_json::from_slice::<Page>(&answer.body)?.tags);
            let link = answer.header("link").strip_prefix('<').and_then(|rest| rest.split_once('>'));
            match link {
                Some((next, _)) => next.clone_into(&mut target),
                None => return Ok(tags),
            }
        }
    }

    /// The image behind a tag, unless it is for another platform.
    async fn by_tag(&self, tag: &str) -> Result<Option<Image>, Failure> {
        let cached = if self.cache_by_tag { self.cached(tag) } else { None };
        let image = match cached {
            Some(image) => image,
            None => {
                let mut image = self.inspect(tag).await?;
                tag.clone_into(&mut image.tag);
                if self.cache_by_tag {
                    self.keep(tag, &image);
                }
                image
            }
        };
        let fits = self.platform.as_ref().is_none_or(|wanted| image.platforms.contains(wanted));
        Ok(fits.then_some(image))
    }

    /// The image of one platform.
    async fn by_digest(&self, digest: &str) -> Result<Image, Failure> {
        if let Some(image) = self.cached(digest) {
            return Ok(image);
        }
        let image = Box::pin(self.inspect(digest)).await?;
        if !self.cache_by_tag {
            self.keep(digest, &image);
        }
        Ok(image)
    }

    /// One call for a manifest and its configuration, or one for an index and another for each of its platforms.
    async fn inspect(&self, reference: &str) -> Result<Image, Failure> {
        let call = self.sign_in().await?;
        let answer = call.get(&format!("/v2/{}/manifests/{reference}", self.repository), MANIFESTS).await?;
        let manifest: Manifest = serde_json::from_slice(&answer.body)?;
        let mut image = Image {
            tag: String::new(),
            digest: answer.header("docker-content-digest").to_owned(),
            created: stated(&manifest.annotations),
            platforms: Vec::new(),
        };
        let mut newest = None;
        if let Some(config) = &manifest.config {
            let target = format!("/v2/{}/blobs/{}", self.repository, config.digest);
            let config: Config = serde_json::from_slice(&call.get(&target, "*/*").await?.body)?;
            newest = stated(&config.config.labels).max(config.created);
        }
        for entry in manifest.manifests {
            let real = |part: &String| !part.is_empty() && part != "unknown";
            let Some(platform) = entry.platform.filter(|it| real(&it.os) && real(&it.architecture)) else {
                continue;
            };
            let below = self.by_digest(&entry.digest).await?;
            newest = newest.max(stated(&entry.annotations).or(below.created));
            image.platforms.push(platform);
        }
        image.created = image.created.or(newest);
        Ok(image)
    }

    /// What every call begins with: a refusal that names the token service, and a token.
    async fn sign_in(&self) -> Result<Call, Failure> {
        let refusal = get(self.address, "/v2/", &[("user-agent", AGENT)]).await?;
        let challenge = refusal.header("www-authenticate");
        let Some(challenge) = challenge.strip_prefix("Bearer ") else {
            return Ok(Call { address: self.address, token: None });
        };
        let parameter = |name: &str| {
            let rest = challenge.split_once(&format!("{name}=\""))?.1;
            Some(rest.split_once('"')?.0)
        };
        let query = Serializer::new(String::new())
            .append_pair("scope", &format!("repository:{}:pull", self.repository))
            .append_pair("service", parameter("service").unwrap_or_default())
            .finish();
        let realm = parameter("realm").ok_or("the challenge names no realm")?;
        let path = realm.splitn(4, '/').nth(3).unwrap_or_default();
        let headers = [("authorization", self.login.as_str()), ("user-agent", AGENT)];
        let answer = get(self.address, &format!("/{path}?{query}"), &headers).await?;
        let token: Token = serde_json::from_slice(&answer.body)?;
        Ok(Call { address: self.address, token: Some(format!("Bearer {}", token.token)) })
    }

    fn cached(&self, name: &str) -> Option<Image> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn keep(&self, name: &str, image: &Image) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), image.clone());
    }
}

const AGENT: &str = "go-containerregistry/v0.21.7";

/// What a call has signed in for.
struct Call {
    address: SocketAddr,
    token: Option<String>,
}

impl Call {
    async fn get(&self, target: &str, accept: &str) -> Result<Answer, Failure> {
        let mut headers = vec![("accept", accept), ("user-agent", AGENT)];
        headers.extend(self.token.as_deref().map(|token| ("authorization", token)));
        let answer = get(self.address, target, &headers).await?;
        if !answer.status.is_success() {
            return Err(format!("{target}: {}", answer.status).into());
        }
        Ok(answer)
    }
}

/// The creation time that annotations or labels state.
fn stated(metadata: &HashMap<String, String>) -> Option<Timestamp> {
    ["org.opencontainers.image.created", "org.label-schema.build-date"]
        .iter()
        .find_map(|key| metadata.get(*key)?.parse().ok())
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

#[derive(Deserialize)]
struct Manifest {
    config: Option<Entry>,
    #[serde(default)]
    manifests: Vec<Entry>,
    #[serde(default)]
    annotations: HashMap<String, String>,
}

#[derive(Deserialize)]
struct Entry {
    digest: String,
    platform: Option<Platform>,
    #[serde(default)]
    annotations: HashMap<String, String>,
}

#[derive(Deserialize)]
struct Config {
    created: Option<Timestamp>,
    #[serde(default)]
    config: Settings,
}

#[derive(Default, Deserialize)]
struct Settings {
    #[serde(default, rename = "Labels")]
    labels: HashMap<String, String>,
}
