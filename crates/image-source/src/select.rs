//! Choosing images by the rule of the subscription.

use std::cmp::Reverse;

use artifact_source::{Candidate, Error, Image, Rejection, Trace, Warning};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use selection_strategies::{TagRule, TagStrategy};

use crate::inspect::Inspector;
use crate::miss::Miss;
use crate::tally::Tally;
use crate::{created, warning};

/// How many candidates are looked at beside those that the limit still needs, at most.
const MOST_AHEAD: usize = 32;

/// One discovery.
pub(crate) struct Selection<'a> {
    pub(crate) inspector: &'a Inspector<'a>,
    pub(crate) rule: &'a TagRule,
    pub(crate) limit: usize,
    pub(crate) trace: &'a dyn Trace,
    pub(crate) parallelism: usize,
    /// Whether it has to be known when the best image was built.
    pub(crate) tells_time: bool,
    pub(crate) now: Option<Timestamp>,
}

type Look<'t> = (&'t str, Result<Image, Miss>);

impl Selection<'_> {
    /// The images that the rule chooses, best first.
    pub(crate) async fn run(&self) -> Result<Vec<Image>, Error> {
        let mut tally = Tally::default();
        let found = match self.rule.strategy() {
            TagStrategy::Digest { tag } => self.named(tag, &mut tally).await?,
            TagStrategy::Newest => self.newest(&mut tally).await?,
            _ => self.first_fitting(&mut tally).await?,
        };
        for (tag, why) in tally.settle()? {
            self.reject(tag, &why);
        }
        tally.warning().iter().for_each(|warning| self.trace.warned(warning));
        let mut images = self.cut(found);
        if let Some(best) = images.first_mut().filter(|best| self.tells_time && best.created_at.is_none()) {
            best.created_at = self.time_of(best).await?;
        }
        Ok(images)
    }

    /// When this image was built. Where that cannot be read and never will, nothing is said.
    async fn time_of(&self, image: &Image) -> Result<Option<Timestamp>, Error> {
        let why = match self.inspector.time_of(image).await {
            Ok(time) => return Ok(time),
            Err(Miss::Failed(error)) => return Err(error),
            Err(Miss::Refused(error)) => error.to_string(),
            Err(Miss::Gone(why) | Miss::Unfit(why)) => why.to_string(),
        };
        let message = format!("when {} was built cannot be read: {why}", image.tag);
        self.trace.warned(&Warning::new(message).with_hint("criteria that read its `CreatedAt` see nil"));
        Ok(None)
    }

    /// The tags of the repository. Nothing else needs the list.
    async fn tags(&self) -> Result<Vec<String>, Error> {
        self.inspector.repository.tags(self.inspector.call).await
    }

    /// The one tag that is asked for, if it is there (rule 3.4). No list is needed.
    async fn named(&self, tag: &str, tally: &mut Tally) -> Result<Vec<Image>, Error> {
        let looks = self.look_at(&[tag], 1, tally).await?;
        self.fitting(looks, 1, tally)
    }

    /// The first that fit, in the order of their names. Names alone say which are first, so as many are looked
    /// at together as the limit needs. Where some do not fit, a further round looks at those that come next, and at half as
    /// many more as there were misses: rounds of one would take for ever where few fit. Rounds, and no
    /// endless stream, so that the same repository always costs the same. Who is looked at ahead and turns out not to be
    /// needed may have any fault.
    async fn first_fitting(&self, tally: &mut Tally) -> Result<Vec<Image>, Error> {
        let tags = self.tags().await?;
        let mut ranking =
            self.rule.rank(tags.iter().map(String::as_str), |name, why| self.reject(name, &why));
        let mut found = Vec::new();
        let mut misses = 0_usize;
        while found.len() < self.limit && ranking.len() > 0 {
            let room = self.limit - found.len();
            let ahead = (misses / 2).min(MOST_AHEAD);
            let next: Vec<&str> =
                ranking.by_ref().take(room.saturating_add(ahead)).map(|candidate| candidate.name).collect();
            let looked = next.len();
            let fitting = self.fitting(self.look_at(&next, room, tally).await?, room, tally)?;
            misses += looked - fitting.len();
            found.extend(fitting);
        }
        for candidate in ranking.into_rest() {
            self.reject(candidate.name, &self.beyond_limit());
        }
        Ok(found)
    }

    /// The newest: all tags have to be looked at (rule 3.5).
    async fn newest(&self, tally: &mut Tally) -> Result<Vec<Image>, Error> {
        let tags = self.tags().await?;
        let ranking = self.rule.rank(tags.iter().map(String::as_str), |name, why| self.reject(name, &why));
        let names: Vec<&str> = ranking.into_sorted().into_iter().map(|candidate| candidate.name).collect();
        let looks = self.look_at(&names, names.len(), tally).await?;
        let mut found = self.fitting(looks, names.len(), tally)?;
        // The sort is stable, and the names came in descending order.
        found.sort_by_key(|image| Reverse(image.created_at.unwrap_or(created::UNSAID)));
        for warning in warning::of_order(&found, self.now) {
            self.trace.warned(&warning);
        }
        Ok(found)
    }

    /// Looks at these tags together. The first fault, in time, of one of the first that are `needed` is the end of it: what is
    /// still under way is dropped. A fault of any other is kept until the order decides whether it matters. So many refusals
    /// at the head of the order that they are no matter of single tags are the end of it, too.
    async fn look_at<'t>(
        &self,
        tags: &[&'t str],
        needed: usize,
        tally: &Tally,
    ) -> Result<Vec<Look<'t>>, Error> {
        let patience = tally.patience();
        let mut refused_at_head = 0;
        let mut waiting = tags.iter().enumerate();
        let mut under_way = FuturesUnordered::new();
        let mut done = Vec::with_capacity(tags.len());
        loop {
            while under_way.len() < self.parallelism
                && let Some((position, tag)) = waiting.next()
            {
                under_way.push(async move { (position, (*tag, self.inspector.image(tag).await)) });
            }
            match under_way.next().await {
                Some((position, (_, Err(Miss::Failed(error))))) if position < needed => return Err(error),
                Some((position, look)) => {
                    let is_at_head = patience.is_some_and(|patience| position < patience);
                    refused_at_head += usize::from(is_at_head && matches!(look.1, Err(Miss::Refused(_))));
                    done.push((position, look));
                }
                None => break,
            }
            if Some(refused_at_head) == patience {
                break;
            }
        }
        done.sort_unstable_by_key(|(position, _)| *position);
        let mut looks = done.into_iter().map(|(_, look)| look);
        if Some(refused_at_head) == patience
            && let Some((_, Err(Miss::Refused(error)))) = looks.next()
        {
            return Err(tally.first(error));
        }
        Ok(looks.collect())
    }

    /// The images among these; the others are traced. A fault counts unless the images before it fill the room that there is.
    fn fitting(&self, looks: Vec<Look<'_>>, room: usize, tally: &mut Tally) -> Result<Vec<Image>, Error> {
        let mut images = Vec::new();
        for (tag, look) in looks {
            let is_full = images.len() >= room;
            match look {
                Ok(image) => {
                    tally.answer();
                    images.push(image);
                }
                Err(Miss::Unfit(why)) => {
                    tally.answer();
                    self.reject(tag, &why);
                }
                Err(Miss::Gone(why)) => {
                    tally.interrupt();
                    self.reject(tag, &why);
                }
                Err(Miss::Failed(_) | Miss::Refused(_)) if is_full => self.reject(tag, &self.beyond_limit()),
                Err(Miss::Refused(error)) => tally.refuse(tag, error),
                Err(Miss::Failed(error)) => return Err(error),
            }
        }
        Ok(images)
    }

    /// The first of these up to the limit; all are traced.
    fn cut(&self, mut images: Vec<Image>) -> Vec<Image> {
        let kept = self.limit.min(images.len());
        let last = kept.checked_sub(1).and_then(|last| images.get(last)).and_then(|image| image.created_at);
        let by_time = matches!(self.rule.strategy(), TagStrategy::Newest);
        for image in images.drain(kept..) {
            let limit = self.limit;
            let why = match image.created_at {
                None if by_time => Rejection::Undated { limit },
                Some(_) if by_time && image.created_at == last => Rejection::SameBuildTime { limit },
                _ => self.beyond_limit(),
            };
            self.reject(&image.tag, &why);
        }
        for image in &images {
            self.trace.accepted(&Candidate::new(&image.tag).with_detail(image.digest.as_str()));
        }
        images
    }

    fn beyond_limit(&self) -> Rejection {
        Rejection::BeyondLimit { limit: self.limit }
    }

    fn reject(&self, name: &str, why: &Rejection) {
        self.trace.rejected(&Candidate::new(name), why);
    }
}
