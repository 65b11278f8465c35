//! Choosing images by the rule of the subscription.

use std::cmp::Reverse;

use artifact_source::{Candidate, Error, Image, Rejection, Trace};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use selection_strategies::{TagRule, TagStrategy};

use crate::inspect::{Inspector, Miss};

/// How many candidates are looked at beside those that the limit still needs, at most.
const MOST_AHEAD: usize = 32;

/// One discovery.
pub(crate) struct Selection<'a> {
    pub(crate) inspector: &'a Inspector<'a>,
    pub(crate) rule: &'a TagRule,
    pub(crate) limit: usize,
    pub(crate) trace: &'a dyn Trace,
    pub(crate) parallelism: usize,
}

type Look<'t> = (&'t str, Result<Image, Miss>);

impl Selection<'_> {
    /// The images that the rule chooses, best first.
    pub(crate) async fn run(&self) -> Result<Vec<Image>, Error> {
        match self.rule.strategy() {
            TagStrategy::Digest { tag } => self.named(tag).await,
            TagStrategy::Newest => self.newest().await,
            _ => self.first_fitting().await,
        }
    }

    /// The tags of the repository. Nothing else needs the list.
    async fn tags(&self) -> Result<Vec<String>, Error> {
        self.inspector.repository.tags(self.inspector.call).await
    }

    /// The one tag that is asked for, if it is there (rule 3.4). No list is needed.
    async fn named(&self, tag: &str) -> Result<Vec<Image>, Error> {
        let looks = self.look_at(&[tag], 1).await?;
        Ok(self.cut(self.fitting(looks, 1)?))
    }

    /// The first that fit, in the order of their names. Names alone say which are first, so as many are looked
    /// at together as the limit needs. Where some do not fit, a further round looks at those that come next, and at half as
    /// many more as there were misses: rounds of one would take for ever where few fit. Rounds, and no
    /// endless stream, so that the same repository always costs the same. Who is looked at ahead and turns out not to be
    /// needed may have any fault.
    async fn first_fitting(&self) -> Result<Vec<Image>, Error> {
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
            let fitting = self.fitting(self.look_at(&next, room).await?, room)?;
            misses += looked - fitting.len();
            found.extend(fitting);
        }
        let images = self.cut(found);
        for candidate in ranking.into_rest() {
            self.reject(candidate.name, &self.beyond_limit());
        }
        Ok(images)
    }

    /// The newest: all tags have to be looked at (rule 3.5).
    async fn newest(&self) -> Result<Vec<Image>, Error> {
        let tags = self.tags().await?;
        let ranking = self.rule.rank(tags.iter().map(String::as_str), |name, why| self.reject(name, &why));
        let names: Vec<&str> = ranking.into_sorted().into_iter().map(|candidate| candidate.name).collect();
        let mut found = self.fitting(self.look_at(&names, names.len()).await?, names.len())?;
        // The sort is stable, and the names came in descending order. Whatever has no time is the oldest.
        found.sort_by_key(|image| Reverse(image.created_at));
        Ok(self.cut(found))
    }

    /// Looks at these tags together. The first fault, in time, of one of the first that are `needed` is the end of it: what is
    /// still under way is dropped. A fault of any other is kept until the order decides whether it matters.
    async fn look_at<'t>(&self, tags: &[&'t str], needed: usize) -> Result<Vec<Look<'t>>, Error> {
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
                Some(look) => done.push(look),
                None => break,
            }
        }
        done.sort_unstable_by_key(|(position, _)| *position);
        Ok(done.into_iter().map(|(_, look)| look).collect())
    }

    /// The images among these; the others are traced. A fault counts unless the images before it fill the room that there is.
    fn fitting(&self, looks: Vec<Look<'_>>, room: usize) -> Result<Vec<Image>, Error> {
        let mut images = Vec::new();
        for (tag, look) in looks {
            match look {
                Ok(image) => images.push(image),
                Err(Miss::Rejected(why)) => self.reject(tag, &why),
                Err(Miss::Failed(_)) if images.len() >= room => self.reject(tag, &self.beyond_limit()),
                Err(Miss::Failed(error)) => return Err(error),
            }
        }
        Ok(images)
    }

    /// The first of these up to the limit; all are traced.
    fn cut(&self, mut images: Vec<Image>) -> Vec<Image> {
        for image in images.drain(self.limit.min(images.len())..) {
            self.reject(&image.tag, &self.beyond_limit());
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
