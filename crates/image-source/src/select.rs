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

type Look<'t> = (&'t str, Result<Image, Rejection>);

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
        let looks = self.look_at(&[tag]).await?;
        Ok(self.accept(looks))
    }

    /// The first that fit, in the order of their names. Names alone say which are first, so as many are looked
    /// at together as the limit needs. Where some do not fit, a further round looks at those that come next, and at half as
    /// many more as there were misses: rounds of one would take for ever where few fit. Rounds, and no
    /// endless stream, so that the same repository always costs the same.
    async fn first_fitting(&self) -> Result<Vec<Image>, Error> {
        let tags = self.tags().await?;
        let mut ranking =
            self.rule.rank(tags.iter().map(String::as_str), |name, why| self.reject(name, &why));
        let mut found = Vec::new();
        let mut misses = 0_usize;
        while found.len() < self.limit && ranking.len() > 0 {
            let ahead = (misses / 2).min(MOST_AHEAD);
            let next: Vec<&str> = ranking
                .by_ref()
                .take((self.limit - found.len()).saturating_add(ahead))
                .map(|candidate| candidate.name)
                .collect();
            let looked = next.len();
            let fitting = self.fitting(self.look_at(&next).await?);
            misses += looked - fitting.len();
            found.extend(fitting);
        }
        let images = self.cut(found);
        for candidate in ranking.into_rest() {
            self.reject(candidate.name, &Rejection::BeyondLimit { limit: self.limit });
        }
        Ok(images)
    }

    /// The newest: all tags have to be looked at (rule 3.5).
    async fn newest(&self) -> Result<Vec<Image>, Error> {
        let tags = self.tags().await?;
        let ranking = self.rule.rank(tags.iter().map(String::as_str), |name, why| self.reject(name, &why));
        let names: Vec<&str> = ranking.into_sorted().into_iter().map(|candidate| candidate.name).collect();
        let mut found = self.fitting(self.look_at(&names).await?);
        // The sort is stable, and the names came in descending order. Whatever has no time is the oldest.
        found.sort_by_key(|image| Reverse(image.created_at));
        Ok(self.cut(found))
    }

    /// Looks at these tags together. The first fault, in time, is the end of it: what is still under way is dropped.
    async fn look_at<'t>(&self, tags: &[&'t str]) -> Result<Vec<Look<'t>>, Error> {
        let mut waiting = tags.iter().enumerate();
        let mut under_way = FuturesUnordered::new();
        let mut done = Vec::with_capacity(tags.len());
        loop {
            while under_way.len() < self.parallelism
                && let Some((position, tag)) = waiting.next()
            {
                under_way.push(self.look_at_one(position, tag));
            }
            match under_way.next().await {
                Some(look) => done.push(look?),
                None => break,
            }
        }
        done.sort_unstable_by_key(|(position, _)| *position);
        Ok(done.into_iter().map(|(_, look)| look).collect())
    }

    async fn look_at_one<'t>(&self, position: usize, tag: &'t str) -> Result<(usize, Look<'t>), Error> {
        match self.inspector.image(tag).await {
            Ok(image) => Ok((position, (tag, Ok(image)))),
            Err(Miss::Rejected(why)) => Ok((position, (tag, Err(why)))),
            Err(Miss::Failed(error)) => Err(error),
        }
    }

    /// The images among these; the others are traced.
    fn fitting(&self, looks: Vec<Look<'_>>) -> Vec<Image> {
        let fits = |(tag, look): Look<'_>| look.map_err(|why| self.reject(tag, &why)).ok();
        looks.into_iter().filter_map(fits).collect()
    }

    fn accept(&self, looks: Vec<Look<'_>>) -> Vec<Image> {
        let images = self.fitting(looks);
        self.cut(images)
    }

    /// The first of these up to the limit; all are traced.
    fn cut(&self, mut images: Vec<Image>) -> Vec<Image> {
        for image in images.drain(self.limit.min(images.len())..) {
            self.reject(&image.tag, &Rejection::BeyondLimit { limit: self.limit });
        }
        for image in &images {
            self.trace.accepted(&Candidate::new(&image.tag).with_detail(image.digest.as_str()));
        }
        images
    }

    fn reject(&self, name: &str, why: &Rejection) {
        self.trace.rejected(&Candidate::new(name), why);
    }
}
