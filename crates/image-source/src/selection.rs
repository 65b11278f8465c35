//! Selection: chooses the images of one discovery by the rule of the subscription.
//!
//! A [`Selection`] inspects candidates in the order of the rule until the limit is reached. [`Refusals`] decide what follows from
//! candidates that the registry refuses, and [`build_time_warnings`] warn about an order by build times that may be wrong.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use artifact_http::{Slice, WorkPool};
use artifact_source::{Candidate, Details, Error, ErrorKind, Image, Rejection, Trace, Warning};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use jiff::{SignedDuration, Timestamp};
use oci_registry::Tags;
use selection_strategies::{Ranking, TagRule, TagStrategy, Verdict, similar_names};

use crate::config::ZERO_TIME;
use crate::inspection::{InspectError, Inspector, unreadable};

/// The largest number of candidates that are inspected in addition to those that the limit needs.
const MAX_LOOKAHEAD: usize = 32;

/// The selection of one discovery.
pub(crate) struct Selection<'a> {
    pub(crate) inspector: &'a Inspector<'a>,
    pub(crate) rule: &'a Arc<TagRule>,
    pub(crate) work_pool: &'a WorkPool,
    pub(crate) limit: usize,
    pub(crate) trace: &'a dyn Trace,
    pub(crate) parallelism: usize,
    /// Whether the build time of the best image is needed.
    pub(crate) time_of_best: bool,
    /// Whether similar tags are looked for where the one tag of a digest rule does not exist.
    pub(crate) names_similar: bool,
    pub(crate) now: Option<Timestamp>,
}

/// A tag and the result of its inspection.
type Inspected<'t> = (&'t str, Result<Image, InspectError>);

impl Selection<'_> {
    /// The selected images, best first.
    pub(crate) async fn run(&self) -> Result<Vec<Image>, Error> {
        let mut refusals = Refusals::default();
        let found = match self.rule.strategy() {
            TagStrategy::Digest { tag } => self.named(tag, &mut refusals).await?,
            strategy => {
                let repository = self.inspector.repository;
                let tags = repository.tags(self.inspector.call).await?;
                self.trace.listed(tags.len());
                let memory = repository.memory_of_judgement(&tags, self.inspector.call).await?;
                let (of_tags, of_order) = (tags.lease(), memory.lease());
                let select = async {
                    match strategy {
                        TagStrategy::Newest => self.newest(&tags, &mut refusals).await,
                        _ => self.in_name_order(&tags, &mut refusals).await,
                    }
                };
                of_tags.guard(of_order.guard(select)).await?
            }
        };
        for (tag, reason) in refusals.rejections().map_err(|(tag, error)| self.refusal(tag, error))? {
            self.reject(tag, &reason);
        }
        refusals.warning(self.rule.strategy()).iter().for_each(|warning| self.trace.warned(warning));
        // If the registry says so of every tag, it is the repository that is gone.
        if let Some(error) = self.inspector.missing_repository.get().filter(|_| !refusals.has_readable) {
            return Err(error.clone());
        }
        let mut images = self.cut(found);
        if let Some(best) = images.first_mut().filter(|best| self.time_of_best && best.created_at.is_none()) {
            best.created_at = self.time_of(best).await?;
        }
        Ok(images)
    }

    /// The build time of this image. `None`, with a warning, if it cannot be read and a retry would not help.
    async fn time_of(&self, image: &Image) -> Result<Option<Timestamp>, Error> {
        let reason = match self.inspector.time_of(image).await {
            Ok(time) => return Ok(time),
            Err(InspectError::Failed(error)) => return Err(self.failure(&image.tag, error)),
            Err(InspectError::Refused(error) | InspectError::Incomplete(error)) => error.to_string(),
            Err(InspectError::NotFound(reason) | InspectError::Unsuitable(reason)) => reason.to_string(),
        };
        let message = format!("the build time of {} cannot be read: {reason}", image.tag);
        self.trace.warned(&Warning::new(message).with_hint("criteria that use its `CreatedAt` get nil"));
        Ok(None)
    }

    /// The tags that the rule accepts, in its order; the others are traced. A list may be long and patterns slow, so other threads judge.
    async fn rank<'t>(&self, tags: &'t Tags) -> Result<Ranking<'t>, Error> {
        let (rule, listed) = (Arc::clone(self.rule), tags.clone());
        let judge = move |position: usize| listed.get(position).map(|tag| rule.judge(tag));
        let mut accepted = Vec::new();
        let take = |position: usize, verdict| {
            if let (Some(tag), Some(verdict)) = (tags.get(position), verdict) {
                match verdict {
                    Verdict::Accepted => accepted.push((position, tag)),
                    Verdict::Rejected(reason) => self.reject(tag, &reason),
                }
            }
        };
        self.work_pool.each(tags.len(), self.inspector.call, judge, take).await?;
        Ok(self.rule.rank_accepted(accepted))
    }

    /// The image of the one tag of a digest rule ([rule 3.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). This needs no list of tags, unless there is no such tag.
    async fn named(&self, tag: &str, refusals: &mut Refusals) -> Result<Vec<Image>, Error> {
        let inspected = self.inspect(&[tag], 1, refusals).await?;
        let is_missing = matches!(inspected.as_slice(), [(_, Err(InspectError::NotFound(_)))]);
        // What lies below a tag may be missing, too.
        if is_missing && oci_registry::is_tag(tag) && !self.inspector.reads.has_tag(tag) {
            let similar = if self.names_similar { self.similar_tags(tag).await } else { Vec::new() };
            self.reject(tag, &Rejection::NoSuchTag { tag: tag.into(), similar });
            return Ok(Vec::new());
        }
        self.accept(inspected, 1, refusals)
    }

    /// The tags that are similar to one that does not exist; none if the list cannot be read.
    async fn similar_tags(&self, tag: &str) -> Vec<String> {
        let Ok(tags) = self.inspector.repository.tags(self.inspector.call).await else { return Vec::new() };
        let wanted = tag.to_owned();
        let compare = move |_: &Slice<'_>| {
            // A list may have what is gone, and names that are no tags.
            let names = tags.iter().filter(|tag| *tag != wanted && oci_registry::is_tag(tag));
            let similar = similar_names(&wanted, names);
            similar.into_iter().map(str::to_owned).collect()
        };
        self.work_pool.run(self.inspector.call, compare).await.unwrap_or_default()
    }

    /// The first suitable images in the order of their names. As many candidates as the limit needs are inspected together. If some are
    /// rejected, another round inspects the next ones, and half as many more as were rejected so far, as rounds of one would take
    /// too long if few are suitable. The rounds make the number of requests the same each time. An error of a candidate that
    /// turns out not to be needed is ignored.
    async fn in_name_order(&self, tags: &Tags, refusals: &mut Refusals) -> Result<Vec<Image>, Error> {
        let mut ranking = self.rank(tags).await?;
        let mut found = Vec::new();
        let mut rejected = 0_usize;
        while found.len() < self.limit && ranking.len() > 0 {
            let room = self.limit - found.len();
            let ahead = (rejected / 2).min(MAX_LOOKAHEAD);
            let next: Vec<&str> =
                ranking.by_ref().take(room.saturating_add(ahead)).map(|candidate| candidate.name).collect();
            let count = next.len();
            let accepted = self.accept(self.inspect(&next, room, refusals).await?, room, refusals)?;
            rejected += count - accepted.len();
            found.extend(accepted);
        }
        for candidate in ranking.into_rest() {
            self.reject(candidate.name, &self.beyond_limit());
        }
        Ok(found)
    }

    /// The newest images; all candidates have to be inspected ([rule 3.5](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    async fn newest(&self, tags: &Tags, refusals: &mut Refusals) -> Result<Vec<Image>, Error> {
        let ranking = self.rank(tags).await?;
        let names: Vec<&str> = ranking.into_sorted().into_iter().map(|candidate| candidate.name).collect();
        let inspected = self.inspect(&names, names.len(), refusals).await?;
        let mut found = self.accept(inspected, names.len(), refusals)?;
        // The sort is stable, and the names came in descending order.
        found.sort_by_key(|image| Reverse(image.created_at.unwrap_or(ZERO_TIME)));
        for warning in build_time_warnings(&found, self.now) {
            self.trace.warned(&warning);
        }
        Ok(found)
    }

    /// Inspects these tags concurrently. An error of one of the first `needed` ends the inspection, and requests that are
    /// in flight are dropped. Errors of the others are kept until the order decides whether they matter. The inspection also ends if all of
    /// the first [`MAX_REFUSED_AT_HEAD`] tags are refused.
    async fn inspect<'t>(
        &self,
        tags: &[&'t str],
        needed: usize,
        refusals: &Refusals,
    ) -> Result<Vec<Inspected<'t>>, Error> {
        let remaining = refusals.remaining_at_head();
        let mut refused_at_head = 0;
        let mut pending = tags.iter().enumerate();
        let mut in_flight = FuturesUnordered::new();
        let mut done = Vec::with_capacity(tags.len());
        loop {
            while in_flight.len() < self.parallelism
                && let Some((position, tag)) = pending.next()
            {
                in_flight.push(async move { (position, (*tag, self.inspector.image(tag).await)) });
            }
            match in_flight.next().await {
                Some((
                    position,
                    (tag, Err(InspectError::Failed(error) | InspectError::Incomplete(error))),
                )) if position < needed => {
                    return Err(self.failure(tag, error));
                }
                Some((position, inspected)) => {
                    let is_at_head = remaining.is_some_and(|remaining| position < remaining);
                    refused_at_head +=
                        usize::from(is_at_head && matches!(inspected.1, Err(InspectError::Refused(_))));
                    done.push((position, inspected));
                    self.forget_annotations(&mut done);
                }
                None => break,
            }
            if Some(refused_at_head) == remaining {
                break;
            }
        }
        done.sort_unstable_by_key(|(position, _)| *position);
        let mut inspected = done.into_iter().map(|(_, inspected)| inspected);
        if Some(refused_at_head) == remaining
            && let Some((_, Err(InspectError::Refused(error)))) = inspected.next()
        {
            return Err(refusals.at_head(error));
        }
        Ok(inspected.collect())
    }

    /// Removes the annotations of images that cannot be among the newest ones of the limit, so that those of all tags are never in memory
    /// at once.
    fn forget_annotations(&self, done: &mut [(usize, Inspected<'_>)]) {
        let often = self.limit.max(MAX_LOOKAHEAD);
        if !matches!(self.rule.strategy(), TagStrategy::Newest) || !done.len().is_multiple_of(often) {
            return;
        }
        let time = |image: &Image| image.created_at.unwrap_or(ZERO_TIME);
        let images = done.iter().filter_map(|(_, (_, image))| image.as_ref().ok());
        let mut times: Vec<Timestamp> = images.map(time).collect();
        times.sort_unstable_by_key(|time| Reverse(*time));
        let Some(&last) = self.limit.checked_sub(1).and_then(|last| times.get(last)) else { return };
        for (_, (_, image)) in done {
            if let Ok(image) = image
                && time(image) < last
            {
                image.annotations = BTreeMap::new();
            }
        }
    }

    /// The images among these; the others are traced. An error counts unless `room` images come before it.
    fn accept(
        &self,
        inspected: Vec<Inspected<'_>>,
        room: usize,
        refusals: &mut Refusals,
    ) -> Result<Vec<Image>, Error> {
        let mut images = Vec::new();
        for (tag, result) in inspected {
            let is_full = images.len() >= room;
            match result {
                Ok(image) => {
                    refusals.add_readable();
                    images.push(image);
                }
                Err(InspectError::Unsuitable(reason)) => {
                    refusals.add_readable();
                    self.reject(tag, &reason);
                }
                Err(InspectError::NotFound(reason)) => {
                    refusals.end_head();
                    if !is_full && oci_registry::is_tag(tag) {
                        refusals.add_missing(tag, reason.to_string());
                    }
                    self.reject(tag, &reason);
                }
                Err(InspectError::Failed(_) | InspectError::Incomplete(_) | InspectError::Refused(_))
                    if is_full =>
                {
                    self.reject(tag, &self.beyond_limit())
                }
                Err(InspectError::Refused(error)) => refusals.add(tag, error),
                Err(InspectError::Failed(error) | InspectError::Incomplete(error)) => {
                    return Err(self.failure(tag, error));
                }
            }
        }
        Ok(images)
    }

    /// The error for a tag that could not be read. If the content of this tag is at fault, it says how to select without it.
    fn failure(&self, tag: &str, error: Error) -> Error {
        let is_of_content = matches!(error.kind(), ErrorKind::BadAnswer | ErrorKind::TooLarge)
            || error.status().is_some_and(may_be_of_content);
        // What was read before has no URL.
        let is_of_tag = error.url().is_none_or(|url| url.contains("/manifests/") || url.contains("/blobs/"));
        if is_of_content && is_of_tag { self.with_remedy(tag, error) } else { error }
    }

    /// The error if the registry refuses all tags. Where there is one tag alone, another one can be named, unless the whole repository may be
    /// closed.
    fn refusal(&self, tag: &str, error: Error) -> Error {
        let is_alone = matches!(self.rule.strategy(), TagStrategy::Digest { .. });
        if is_alone && !error.is_auth() { self.with_remedy(tag, error) } else { error }
    }

    fn with_remedy(&self, tag: &str, error: Error) -> Error {
        let pattern = tag.replace('.', "\\.");
        error.with_additional_hint(match self.rule.strategy() {
            TagStrategy::Digest { .. } => {
                format!("if the tag {tag} stays like this, push it again, or name another tag in `constraint`")
            }
            _ => format!(
                "no older tag is selected in the place of {tag}: if it stays like this, push it again, or exclude it with \
                 `ignoreTagsRegexes: ['^{pattern}$']`"
            ),
        })
    }

    /// The first images up to the limit; all are traced.
    fn cut(&self, mut images: Vec<Image>) -> Vec<Image> {
        let kept = self.limit.min(images.len());
        let last = kept.checked_sub(1).and_then(|last| images.get(last)).and_then(|image| image.created_at);
        let by_time = matches!(self.rule.strategy(), TagStrategy::Newest);
        for image in images.drain(kept..) {
            let limit = self.limit;
            let reason = match image.created_at {
                None if by_time => Rejection::Undated { limit },
                Some(_) if by_time && image.created_at == last => Rejection::SameBuildTime { limit },
                _ => self.beyond_limit(),
            };
            let details = Details::new().with_time(image.created_at.filter(|_| by_time));
            self.trace.rejected(&Candidate::new(&image.tag).with_details(&details), &reason);
        }
        for image in &images {
            let time = image.created_at.filter(|_| by_time);
            let details = Details::new().with_digest(image.digest.clone()).with_time(time);
            self.trace.accepted(&Candidate::new(&image.tag).with_details(&details));
        }
        images
    }

    fn beyond_limit(&self) -> Rejection {
        Rejection::BeyondLimit { limit: self.limit }
    }

    fn reject(&self, name: &str, reason: &Rejection) {
        self.trace.rejected(&Candidate::new(name), reason);
    }
}

/// Whether a registry that always answers with this status to one tag may fail at its content. Gateways answer with 502, 503 and 504 for
/// all tags alike.
fn may_be_of_content(status: u16) -> bool {
    status >= 500 && !matches!(status, 502..=504)
}

/// If so many of the first tags are all refused, the discovery fails.
const MAX_REFUSED_AT_HEAD: usize = 8;
/// The largest number of tags that a warning names.
const MAX_NAMED: usize = 3;

/// The candidates of one discovery that the registry refused.
///
/// A candidate that is definitely refused is skipped with a warning if others can be read. If none can be read, or if the first few in
/// the order are all refused, the discovery fails. The decision depends on the order of the candidates alone, and not on the order of
/// responses.
#[derive(Debug, Default)]
struct Refusals {
    /// In the order of the candidates.
    refused: Vec<(String, Error)>,
    /// The candidates that are listed and cannot be found, each with the reason.
    missing: Vec<(String, String)>,
    /// Whether a candidate could be read.
    has_readable: bool,
    /// Whether a candidate was not refused, so that the refusals are not all of the first ones.
    has_other: bool,
}

impl Refusals {
    /// Adds the next candidate, which was refused.
    fn add(&mut self, tag: &str, error: Error) {
        self.refused.push((tag.to_owned(), error));
    }

    /// Notes that the next candidate was read.
    fn add_readable(&mut self) {
        self.has_readable = true;
        self.has_other = true;
    }

    /// Adds a candidate that is listed and cannot be found, for the warning alone.
    fn add_missing(&mut self, tag: &str, reason: String) {
        self.missing.push((tag.to_owned(), reason));
    }

    /// Notes that the next candidate does not exist.
    fn end_head(&mut self) {
        self.has_other = true;
    }

    /// The number of further refusals that make the discovery fail; `None` if a candidate was not refused.
    fn remaining_at_head(&self) -> Option<usize> {
        (!self.has_other).then(|| MAX_REFUSED_AT_HEAD.saturating_sub(self.refused.len()))
    }

    /// The error of a discovery whose first tags are all refused: the first refusal, which is `next` if there was none before.
    fn at_head(&self, next: Error) -> Error {
        let error = self.refused.first().map_or(next, |(_, error)| error.clone());
        error.with_additional_hint(format!(
            "the registry refuses each of the first {MAX_REFUSED_AT_HEAD} tags, so no older one is selected"
        ))
    }

    /// The reason for each skipped candidate.
    ///
    /// # Errors
    ///
    /// The first refusal and its tag, if no candidate could be read.
    fn rejections(&self) -> Result<Vec<(&str, Rejection)>, (&str, Error)> {
        match self.refused.first() {
            Some((tag, error)) if !self.has_readable => Err((tag, error.clone())),
            _ => Ok(self
                .refused
                .iter()
                .map(|(tag, error)| (tag.as_str(), unreadable(short_reason(error))))
                .collect()),
        }
    }

    /// The warning about all skipped candidates.
    fn warning(&self, strategy: &TagStrategy) -> Option<Warning> {
        let refused = self.refused.iter().map(|(tag, error)| (tag, short_reason(error)));
        let missing = self.missing.iter().map(|(tag, reason)| (tag, reason.clone()));
        let mut named: Vec<String> =
            refused.chain(missing).take(MAX_NAMED).map(|(tag, reason)| format!("{tag} ({reason})")).collect();
        match self.refused.len() + self.missing.len() {
            0 => return None,
            count if count > MAX_NAMED => named.push(format!("and {} more", count - MAX_NAMED)),
            _ => {}
        }
        if let TagStrategy::Digest { .. } = strategy {
            let message = format!("the tag cannot be read: {}", named.join(", "));
            return Some(
                Warning::new(message).with_hint("push it again, or name another tag in `constraint`"),
            );
        }
        let message = format!("skipped, although it could be the newest: {}", named.join(", "));
        Some(
            Warning::new(message)
                .with_hint("find out why it cannot be read, or exclude it with `ignoreTagsRegexes`"),
        )
    }
}

/// The refusal, without the parts that are the same for every tag.
fn short_reason(error: &Error) -> String {
    let Some(status) = error.status() else { return error.to_string() };
    let code = error.code().map(|code| format!(" {code}")).unwrap_or_default();
    let message = error.server_message().map(|message| format!(": {message}")).unwrap_or_default();
    format!("the registry refuses it with HTTP {status}{code}{message}")
}

/// The start of 2013, before the first container images. Reproducible builds often have an earlier time, such as 1970 or 1980.
const FIRST_IMAGES: Timestamp = Timestamp::constant(1_356_998_400, 0);
/// The tolerance for clocks that are ahead.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_hours(24);
const BUILD_TIME_HINT: &str = "set the annotation `org.opencontainers.image.created` at build time, exclude these tags with \
    `ignoreTagsRegexes`, or choose another `imageSelectionStrategy`";

/// The warnings about the build times of these images, newest first.
fn build_time_warnings(images: &[Image], now: Option<Timestamp>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let all = images.len();
    let first = images.first().and_then(|image| image.created_at);
    // Several tags of one image have the same time.
    let different = images.iter().map(|image| image.digest.as_str()).collect::<BTreeSet<_>>().len();
    if different > 1 && images.iter().all(|image| image.created_at == first) {
        let message = match first {
            None => format!(
                "none of {different} different images has a build time: the order of their tags decides which is the newest"
            ),
            Some(time) => {
                format!(
                    "{different} different images have the same build time, {time}: the order of their tags decides which is the newest"
                )
            }
        };
        warnings.push(Warning::new(message).with_hint(BUILD_TIME_HINT));
    } else if different > 1 {
        let undated = images.iter().filter(|image| image.created_at.is_none());
        warnings.extend(warning_about(undated, all, "have no build time, and count as the oldest"));
        let early = images.iter().filter(|image| image.created_at.is_some_and(|time| time < FIRST_IMAGES));
        let what = "have a build time before 2013, before the first container images, and count as that old";
        warnings.extend(warning_about(early, all, what));
    }
    if let Some(limit) = now.and_then(|now| now.checked_add(CLOCK_TOLERANCE).ok()) {
        let ahead = images.iter().filter(|image| image.created_at.is_some_and(|time| time > limit));
        warnings.extend(warning_about(
            ahead,
            all,
            "have a build time in the future, and count as the newest until then",
        ));
    }
    warnings
}

/// The warning about some of all images; `None` if there are none.
fn warning_about<'a>(images: impl Iterator<Item = &'a Image>, all: usize, what: &str) -> Option<Warning> {
    let tags: Vec<&str> = images.map(|image| image.tag.as_str()).collect();
    if tags.is_empty() {
        return None;
    }
    let mut named = tags.iter().take(MAX_NAMED).copied().collect::<Vec<_>>().join(", ");
    if tags.len() > MAX_NAMED {
        named += ", ...";
    }
    Some(Warning::new(format!("{} of {all} images {what}: {named}", tags.len())).with_hint(BUILD_TIME_HINT))
}
