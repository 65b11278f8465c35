//! The answer of a source.

use crate::{Artifact, Cost, Observation};

/// The answer of a source to one [`discover`](crate::ArtifactSource::discover).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discovery<A> {
    /// A full run would return what the previous observation was recorded with. This is a proof,
    /// not a guess: see the [contract](crate::ArtifactSource#contract).
    Unchanged {
        /// What it cost to prove it.
        cost: Cost,
    },
    /// What was found. No artifact at all is a success too.
    Found(Found<A>),
}

/// What a full run found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found<A> {
    /// The artifacts that were chosen, the best one first.
    pub artifacts: Vec<A>,
    /// What to hand back on the next call; `None` where a source has nothing that would make the
    /// next call cheaper.
    pub observation: Option<Observation>,
    /// What it cost.
    pub cost: Cost,
}

impl<A> Found<A> {
    /// These artifacts, at this cost, with nothing to hand back.
    pub fn new(artifacts: Vec<A>, cost: Cost) -> Self {
        Self { artifacts, observation: None, cost }
    }

    /// The same with something to hand back.
    #[must_use]
    pub fn with_observation(mut self, observation: impl Into<Option<Observation>>) -> Self {
        self.observation = observation.into();
        self
    }
}

impl<A> Discovery<A> {
    /// What the answer cost.
    pub fn cost(&self) -> Cost {
        match self {
            Self::Unchanged { cost } => *cost,
            Self::Found(found) => found.cost,
        }
    }

    /// What was found; `None` for [`Unchanged`](Self::Unchanged).
    pub fn found(self) -> Option<Found<A>> {
        match self {
            Self::Unchanged { .. } => None,
            Self::Found(found) => Some(found),
        }
    }

    /// The same answer with every artifact turned into another type.
    pub fn map<B>(self, convert: impl FnMut(A) -> B) -> Discovery<B>
    where
        A: Artifact,
    {
        match self {
            Self::Unchanged { cost } => Discovery::Unchanged { cost },
            Self::Found(Found { artifacts, observation, cost }) => Discovery::Found(Found {
                artifacts: artifacts.into_iter().map(convert).collect(),
                observation,
                cost,
            }),
        }
    }
}
