//! The trait.

use std::fmt::{self, Debug, Display};
use std::sync::Arc;

use async_trait::async_trait;

use crate::{AnyArtifact, Artifact, DiscoverRequest, Discovery, Error, SourceId};

/// A place where artifacts can be discovered, together with the rule that chooses among them.
///
/// # Contract
///
/// An implementation keeps these clauses, and the [`conformance`](crate::conformance) suite checks them:
///
/// - **[`Unchanged`](Discovery::Unchanged) is a proof, not a guess**: a full run at that moment
///   would have returned what the previous observation was recorded with. A list of tags that did
///   not change proves nothing about images, unless tags are known not to move.
/// - **An [`Observation`](crate::Observation) that does not fit** means a full discovery, never an
///   error.
/// - **The best candidate comes first.** The order never depends on the order in which the server
///   answered, on timing, or on concurrency.
/// - **Nothing found is a success**: an empty [`Found`](crate::Found).
/// - **Every candidate that was listed is traced exactly once**, as accepted or as rejected, and
///   the accepted ones are those in the answer. Beside `Unchanged` a candidate may be left out.
/// - **Dropping the future cancels the work**, and leaves nothing behind that could change a later
///   answer. Blocking work stops at its next interrupt check.
/// - **The [meter](DiscoverRequest::meter) counts** every request and byte, and the cost in the answer is what it counted.
/// - **Retries end at the [deadline](DiscoverRequest::deadline).** A transient failure is an
///   error, never an older artifact.
/// - **No globals, no environment, no hidden clock**: transport, caches, credentials and clock come
///   in when the source is built.
/// - **No credential** appears in any error, trace, observation, [`Debug`] or [`Display`].
#[async_trait]
pub trait ArtifactSource: Debug + Display + Send + Sync + 'static {
    /// What this source finds.
    type Artifact: Artifact;

    /// The name of the source, for messages and for keeping its observations apart.
    fn id(&self) -> &SourceId;

    /// Finds the newest artifacts that fit the source's rule.
    ///
    /// # Errors
    ///
    /// Every cause that prevents a complete and correct answer: see
    /// [`ErrorKind`](crate::ErrorKind).
    async fn discover(&self, request: DiscoverRequest<'_>) -> Result<Discovery<Self::Artifact>, Error>;
}

/// A source of any kind, for lists of sources.
pub type AnySource = Arc<dyn ArtifactSource<Artifact = AnyArtifact>>;

/// Methods of every [`ArtifactSource`].
pub trait ArtifactSourceExt: ArtifactSource + Sized {
    /// Wraps the source as a source of [`AnyArtifact`], for lists with sources of other kinds.
    fn erase(self) -> AnySource {
        Arc::new(Erased(self))
    }
}

impl<S: ArtifactSource> ArtifactSourceExt for S {}

#[derive(Debug)]
struct Erased<S>(S);

impl<S: Display> Display for Erased<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[async_trait]
impl<S: ArtifactSource> ArtifactSource for Erased<S> {
    type Artifact = AnyArtifact;

    fn id(&self) -> &SourceId {
        self.0.id()
    }

    async fn discover(&self, request: DiscoverRequest<'_>) -> Result<Discovery<AnyArtifact>, Error> {
        Ok(self.0.discover(request).await?.map(Into::into))
    }
}
