//! Selection: the best versions by the rule of the subscription, each reported to the trace, with digests where these are followed.

use std::sync::Arc;

use artifact_http::{Call, WorkPool};
use artifact_source::{Candidate, Chart, Details, Error, ErrorKind, Rejection, Trace, Warning, printable};
use futures::stream::{FuturesOrdered, StreamExt as _};
use jiff::Timestamp;
use oci_registry::{Digest, Manifest, Repository, Tags, is_tag};
use selection_strategies::{self as strategies, Ranking, TagRule, Verdict};

use crate::index::EntryDigest;

/// The largest number of requests for digests at one time; the pace of the client is the other limit.
const PARALLELISM: usize = 32;
/// The largest number of versions that a warning names.
const MAX_NAMED: usize = 3;

/// What is read of the tags of a registry that fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TagReads {
    /// The digest of the manifest.
    pub(crate) digests: bool,
    /// The media type of the configuration, which must be that of a chart.
    pub(crate) config: bool,
}

/// How one discovery selects.
#[derive(Clone, Copy)]
pub(crate) struct Selection<'a> {
    pub(crate) rule: &'a Arc<TagRule>,
    /// The threads that judge.
    pub(crate) work_pool: &'a WorkPool,
    pub(crate) call: &'a Call,
    pub(crate) limit: usize,
    pub(crate) trace: &'a dyn Trace,
}

/// A list of versions. Clones are cheap.
pub(crate) trait Listed: Clone + Send + Sync + 'static {
    fn count(&self) -> usize;
    fn name(&self, position: usize) -> Option<&str>;

    /// Why a name is no version here, before the rule is asked.
    fn refusal(_name: &str) -> Option<Rejection> {
        None
    }

    /// The digest that the list has for the version.
    fn digest(&self, _position: usize) -> EntryDigest {
        EntryDigest::Missing
    }

    /// When the list says that the version was created.
    fn time(&self, _position: usize) -> Option<Timestamp> {
        None
    }
}

impl Listed for Tags {
    fn count(&self) -> usize {
        self.len()
    }

    fn name(&self, position: usize) -> Option<&str> {
        self.get(position)
    }

    fn refusal(name: &str) -> Option<Rejection> {
        (!is_tag(name)).then(|| Rejection::Unreadable { reason: INVALID_TAG.into() })
    }
}

impl Selection<'_> {
    /// The best versions, without digests.
    ///
    /// A version that is listed twice is two candidates and may be found twice, as in Kargo: the two entries of the index are two charts.
    pub(crate) async fn versions(&self, listed: &impl Listed) -> Result<Vec<Chart>, Error> {
        let accept = |candidate: &strategies::Candidate<'_>| {
            self.accept(candidate, None, listed.time(candidate.position))
        };
        Ok(self.chosen(listed).await?.iter().map(accept).collect())
    }

    /// The best entries of an index, with their digests. Entries without one, and with a malformed one, are found without it, with a
    /// warning.
    pub(crate) async fn entries(&self, listed: &impl Listed) -> Result<Vec<Chart>, Error> {
        let (mut missing, mut malformed) = (Vec::new(), Vec::new());
        let chosen = self.chosen(listed).await?;
        let accept = |candidate: &strategies::Candidate<'_>| {
            let digest = listed.digest(candidate.position);
            match digest {
                EntryDigest::Sha256(_) => {}
                EntryDigest::Malformed => malformed.push(candidate.name.to_owned()),
                EntryDigest::Missing => missing.push(candidate.name.to_owned()),
            }
            self.accept(candidate, digest.to_text(), listed.time(candidate.position))
        };
        let charts = chosen.iter().map(accept).collect();
        for (versions, what) in [
            (missing, "have no `digest` in the index"),
            (malformed, "have a `digest` in the index that is not SHA-256 in hex"),
        ] {
            if !versions.is_empty() {
                let message =
                    format!("{} of {} versions {what}: {}", versions.len(), chosen.len(), named(versions));
                self.trace.warned(&Warning::new(message).with_hint(
                    "Freight keeps its name when their content changes; write the index with `helm repo index`, which adds it",
                ));
            }
        }
        Ok(charts)
    }

    /// The best tags of a repository whose manifests are read: one HEAD request each, and GET where HEAD does not help, or where the
    /// configuration is checked.
    ///
    /// As many candidates as the limit needs are read together. A tag that is gone is rejected with a warning, and the next one is read
    /// in its place. So it is, without a warning, for a tag that is known not to be a chart.
    ///
    /// # Errors
    ///
    /// Those of reading a manifest: an older version never takes the place of one that the registry refuses or fails to show.
    pub(crate) async fn tags(
        &self,
        tags: &Tags,
        repository: &Repository,
        reads: TagReads,
        call: &Call,
    ) -> Result<Vec<Chart>, Error> {
        let reject = |name: &str, why: Rejection| self.trace.rejected(&Candidate::new(name), &why);
        // A name that no tag may have is told with those that are gone.
        let mut ranking = self.rank(tags, |_| None).await?;
        let (mut charts, mut gone) = (Vec::new(), Vec::new());
        let mut missing_repository = None;
        while charts.len() < self.limit && ranking.len() > 0 {
            let next: Vec<_> = ranking.by_ref().take(self.limit - charts.len()).collect();
            let mut waiting = next.iter();
            let read = |candidate| read(candidate, repository, reads, call);
            let mut under_way: FuturesOrdered<_> = waiting.by_ref().take(PARALLELISM).map(read).collect();
            while let Some((candidate, tag)) = under_way.next().await {
                under_way.extend(waiting.next().map(read));
                match tag {
                    Ok(TagContent::Chart(digest)) => {
                        let digest = reads.digests.then(|| digest.to_string());
                        charts.push(self.accept(candidate, digest, None));
                    }
                    Ok(TagContent::Other(what)) => {
                        reject(candidate.name, Rejection::other("notAChart", format!("{what}, not a chart")));
                    }
                    Err(error) if is_gone(&error) => {
                        let reason = error.to_string();
                        if error.code() == Some("NAME_UNKNOWN") {
                            missing_repository.get_or_insert(error);
                        }
                        gone.push(format!("{} ({reason})", candidate.name));
                        reject(candidate.name, Rejection::Unreadable { reason: reason.into() });
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        // If the registry says so of every tag, it is the repository that is gone.
        if let Some(error) = missing_repository.filter(|_| charts.is_empty()) {
            return Err(error);
        }
        for candidate in ranking.into_rest() {
            reject(candidate.name, Rejection::BeyondLimit { limit: self.limit });
        }
        if !gone.is_empty() {
            let message = format!("skipped, although it could be the newest: {}", named(gone));
            self.trace.warned(&Warning::new(message).with_hint("delete the tag, or push the chart again"));
        }
        Ok(charts)
    }

    /// The best candidates up to the limit; the others are reported.
    async fn chosen<'n, L: Listed>(&self, listed: &'n L) -> Result<Vec<strategies::Candidate<'n>>, Error> {
        let mut chosen = self.rank(listed, L::refusal).await?.into_sorted();
        let beyond = chosen.split_off(self.limit.min(chosen.len()));
        for candidate in beyond {
            let why = Rejection::BeyondLimit { limit: self.limit };
            self.reject(candidate.name, listed.time(candidate.position), &why);
        }
        Ok(chosen)
    }

    /// The versions that the rule accepts, in its order; the others are reported. A list may be long, so other threads judge.
    async fn rank<'n>(
        &self,
        listed: &'n impl Listed,
        refusal: fn(&str) -> Option<Rejection>,
    ) -> Result<Ranking<'n>, Error> {
        self.trace.listed(listed.count());
        let (rule, names) = (Arc::clone(self.rule), listed.clone());
        let judge = move |position: usize| {
            let name = names.name(position)?;
            Some(refusal(name).map_or_else(|| rule.judge(name), Verdict::Rejected))
        };
        let mut accepted = Vec::new();
        let take = |position: usize, verdict| {
            if let (Some(name), Some(verdict)) = (listed.name(position), verdict) {
                match verdict {
                    Verdict::Accepted => accepted.push((position, name)),
                    Verdict::Rejected(why) => self.reject(name, listed.time(position), &why),
                }
            }
        };
        self.work_pool.each(listed.count(), self.call, judge, take).await?;
        Ok(self.rule.rank_accepted(accepted))
    }

    /// Reports a name as rejected, with its time.
    fn reject(&self, name: &str, time: Option<Timestamp>, why: &Rejection) {
        let details = Details::new().with_time(time);
        self.trace.rejected(&Candidate::new(name).with_details(&details), why);
    }

    /// Reports a candidate as found, with its version, if that is spelt otherwise, the digest and the time.
    fn accept(
        &self,
        candidate: &strategies::Candidate<'_>,
        digest: Option<String>,
        time: Option<Timestamp>,
    ) -> Chart {
        let version = candidate.version_text();
        let other = (*version != *candidate.name).then(|| version.to_string());
        let details = Details::new().with_version(other).with_digest(digest.clone()).with_time(time);
        self.trace.accepted(&Candidate::new(candidate.name).with_details(&details));
        let chart = Chart::new(version);
        match digest {
            Some(digest) => chart.with_digest(digest),
            None => chart,
        }
    }
}

/// The reason of a candidate whose name no tag of a registry may have.
const INVALID_TAG: &str = "its name is not a valid tag";

/// What a tag points at.
enum TagContent {
    /// A chart, or a manifest that cannot be distinguished from one, with this digest.
    Chart(Digest),
    /// Something else, as a phrase that precedes ", not a chart".
    Other(String),
}

type Read<'c, 'n> = (&'c strategies::Candidate<'n>, Result<TagContent, Error>);

async fn read<'c, 'n>(
    candidate: &'c strategies::Candidate<'n>,
    repository: &Repository,
    reads: TagReads,
    call: &Call,
) -> Read<'c, 'n> {
    (candidate, content_of(candidate.name, repository, reads, call).await)
}

/// What a tag points at. Some registries refuse HEAD or fail at it, so any other error than a rate limit leads to a GET request.
/// So does an answer to HEAD whose media type is not that of a manifest: its digest may be that of anything.
async fn content_of(
    tag: &str,
    repository: &Repository,
    reads: TagReads,
    call: &Call,
) -> Result<TagContent, Error> {
    if !is_tag(tag) {
        return Err(Error::new(ErrorKind::NotFound, INVALID_TAG));
    }
    if !reads.config {
        match repository.head_manifest(tag, call).await {
            Ok(head) if INDEXES.contains(&head.media_type.as_str()) => {
                return Ok(TagContent::Other("an image for several platforms".to_owned()));
            }
            Ok(head) => {
                let is_manifest = head.is_manifest();
                if let Some(digest) = head.digest.filter(|_| is_manifest) {
                    return Ok(TagContent::Chart(digest));
                }
            }
            Err(error) if error.kind() == ErrorKind::RateLimited => return Err(error),
            Err(_) => {}
        }
    }
    let fetched = repository.manifest(tag, call).await.map_err(|error| with_remedy(error, tag))?;
    Ok(match other_than_chart(&fetched.manifest, reads.config) {
        Some(what) => TagContent::Other(what),
        None => TagContent::Chart(fetched.digest),
    })
}

/// If the content of this tag is at fault, the error says how to select without it. A chart has no patterns that exclude a tag.
fn with_remedy(error: Error, tag: &str) -> Error {
    let is_of_content = matches!(error.kind(), ErrorKind::BadAnswer | ErrorKind::TooLarge);
    // One that is blocked or quarantined; and one at whose content the registry fails.
    let may_be_of_content = error.url().is_some_and(|url| url.contains("/manifests/"))
        && error.retry_after().is_none()
        && error.code() != Some("TOOMANYREQUESTS")
        && match error.status() {
            Some(status @ 400..=499) => !matches!(status, 401 | 404 | 407 | 410) && !error.is_transient(),
            Some(status) => status >= 500 && !matches!(status, 502..=504),
            None => false,
        };
    if !is_of_content && !may_be_of_content {
        return error;
    }
    let version = tag.replace('_', "+");
    error.with_additional_hint(format!(
        "no older version is selected in the place of {tag}: if it stays like this, push the chart again, delete the tag, or exclude it \
         with `!={version}` in `semverConstraint`"
    ))
}

/// The media type of the configuration of a chart.
const CHART_CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
/// The media types of the configurations of images.
const IMAGE_CONFIGS: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];
/// The media types of images for several platforms.
const INDEXES: [&str; 2] =
    ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];

/// What a manifest is that is not a chart; `None` for one that is, or, unless the check `is_strict`, may be.
fn other_than_chart(manifest: &Manifest, is_strict: bool) -> Option<String> {
    match manifest {
        Manifest::Index(_) => Some("an image for several platforms".to_owned()),
        Manifest::Image(image) if image.config.media_type == CHART_CONFIG => None,
        Manifest::Image(image) if IMAGE_CONFIGS.contains(&image.config.media_type.as_str()) => {
            Some("an image".to_owned())
        }
        Manifest::Image(image) if is_strict => Some(match &*image.config.media_type {
            "" => "an artifact without the media type of its configuration".to_owned(),
            media_type => format!("an artifact with a configuration of the type {}", printable(media_type)),
        }),
        Manifest::Other(_) if is_strict => Some("an artifact without a configuration".to_owned()),
        _ => None,
    }
}

/// Whether this is the error of one tag that does not exist. The repository does, since its tags were listed, whatever code the registry
/// writes for a tag that is gone.
fn is_gone(error: &Error) -> bool {
    error.is_not_found()
}

/// The first of these versions, in a few words.
fn named(versions: Vec<String>) -> String {
    let more = versions.len().saturating_sub(MAX_NAMED);
    let mut text = versions.into_iter().take(MAX_NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
