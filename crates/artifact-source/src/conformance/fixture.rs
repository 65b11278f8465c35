//! What a test provides: how a source is set up, and how its server is changed and disturbed.

use async_trait::async_trait;

use crate::{Artifact, ArtifactSource};

/// How to set a source up, and how to change what it reads.
///
/// The first three methods are enough for the checks that every source can run. Each further one makes further checks possible; a check whose method
/// is missing is reported as [not checked](super::Conformance::not_checked), with the reason.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// The source under test.
    type Source: ArtifactSource;

    /// A new source with cold caches over the present state of its server. Every source that is made must ask the same question.
    async fn source(&self) -> Self::Source;

    /// The names of all candidates that a source lists now, in any order.
    async fn listed(&self) -> Vec<String>;

    /// Changes the server's content so that the best artifact is one that there was not before. Called several times: each call makes another best
    /// artifact.
    async fn publish(&mut self);

    /// Makes the server list the same candidates in another order, and returns whether it did. Defaults to `false`.
    async fn shuffle(&mut self) -> bool {
        false
    }

    /// The name of the candidate that became this artifact. Defaults to the artifact's own name; a commit that was found by its tag is
    /// listed as the tag.
    fn candidate(&self, artifact: &<Self::Source as ArtifactSource>::Artifact) -> String {
        artifact.name().to_owned()
    }

    /// Removes every candidate that fits, and returns whether it did. Called last. Defaults to `false`: an empty server cannot be made.
    async fn clear(&mut self) -> bool {
        false
    }

    /// Makes the server fail in this way from now on, or work again for `None`, and returns whether it did. Return `false` for a disturbance that
    /// you do not know. Defaults to `false`: there is no server that could fail.
    async fn disturb(&mut self, disturbance: Option<Disturbance>) -> bool {
        let _ = disturbance;
        false
    }

    /// The secrets that the source was given: passwords and tokens. They are looked for as they are and
    /// [encoded](super::no_secret_is_shown). Defaults to none.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }

    /// What has reached the server since it was started. Defaults to `None`: the server does not count.
    fn traffic(&self) -> Option<Traffic> {
        None
    }
}

/// A way in which a server fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Disturbance {
    /// It answers every request with a transient failure: 503 in HTTP.
    Unavailable,
    /// It answers every request with a transient failure and asks for one second of rest, so that a source which tries again does so after the
    /// deadlines of this suite: 503 with `Retry-After: 1` in HTTP.
    Busy,
    /// It accepts requests and never answers them.
    Silent,
}

/// What a server has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests that arrived.
    pub requests: u64,
    /// Bytes of response bodies, as they travelled.
    pub bytes: u64,
}
