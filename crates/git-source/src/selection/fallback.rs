//! Why an attempt ended without all answers, and what the next one asks of the server.

use artifact_source::{Error, ErrorKind};

use crate::repository::{FetchCapabilities, PackFilter, Remote};
use crate::transport::ExchangeError;

/// Whether a server may have failed at what a request leaves out or cuts off, without saying so: an empty answer, or one of the statuses that
/// servers write for a program that ended.
fn may_be_due_to_the_request(error: &Error) -> bool {
    matches!(error.status(), Some(200 | 400 | 403 | 500 | 501))
}

/// Why an attempt ended without all answers.
pub(super) enum Stopped {
    /// The exchange failed.
    Exchange(ExchangeError),
    /// What the store holds may be why.
    Store(Error),
    /// The server does not send trees by their ids.
    NoTrees(Error),
    /// The server does not send some levels of trees with commits.
    NoLevels,
}

impl Stopped {
    /// Whether the server may have refused the request, and may answer another one.
    pub(super) fn is_refusal(&self) -> bool {
        match self {
            Self::NoTrees(_) | Self::NoLevels => true,
            Self::Exchange(ExchangeError::FilterRefused(_) | ExchangeError::ShallowRefused(_)) => true,
            Self::Exchange(ExchangeError::Other(error)) => may_be_due_to_the_request(error),
            Self::Exchange(ExchangeError::ReferenceMoved(_) | ExchangeError::MissingBase(_))
            | Self::Store(_) => false,
        }
    }
}

impl From<ExchangeError> for Stopped {
    fn from(error: ExchangeError) -> Self {
        Self::Exchange(error)
    }
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Cache => Self::Store(error),
            _ => Self::Exchange(error.into()),
        }
    }
}

/// What is asked of a server, of which more and more is left out as it refuses it:
///
/// - commits alone, where it refuses to send some levels of their trees with them;
/// - less left out of packs, where it refuses the filter;
/// - the trees of all commits, where it refuses to send a tree by its id;
/// - whole histories, where it refuses to send part of one;
/// - nothing left out, and then whole histories, where it fails at the request and does not say why. The error is the first one if neither helps.
pub(super) struct Fallback {
    known: FetchCapabilities,
    /// The first error of a server that did not say why it failed.
    unexplained: Option<Error>,
}

/// How sure it is that the server cannot do what is left out from now on.
pub(super) enum Next {
    /// The server said so.
    Learned,
    /// That is known only if it helps.
    Guessed,
}

impl Fallback {
    /// What the server is known for.
    pub(super) fn new(known: FetchCapabilities) -> Self {
        Self { known, unexplained: None }
    }

    /// What the server is known for by now.
    pub(super) fn known(&self) -> FetchCapabilities {
        self.known
    }

    /// Whether something was left out on a guess.
    pub(super) fn is_guess(&self) -> bool {
        self.unexplained.is_some()
    }

    /// Takes a server that was greeted again at what it says now.
    pub(super) fn limit(&mut self, remote: &Remote) {
        self.known = remote.limits(self.known);
    }

    /// What the next attempt asks for.
    pub(super) fn used(&self, remote: &Remote, has_paths: bool) -> FetchCapabilities {
        let mut used = self.known;
        used.trees &= remote.can_send_trees();
        used.levels &= used.trees && remote.may_send_levels();
        if !used.trees && has_paths {
            used.filter = used.filter.max(PackFilter::Blobs);
        }
        used
    }

    /// Leaves out what an attempt failed at that `used` this, and asked for levels of trees or not. An error if there is nothing left to leave out.
    pub(super) fn after(
        &mut self,
        stopped: Stopped,
        used: FetchCapabilities,
        with_levels: bool,
    ) -> Result<Next, ExchangeError> {
        match stopped {
            Stopped::Exchange(ExchangeError::Other(error))
                if self.unexplained.is_some() || may_be_due_to_the_request(&error) =>
            {
                let fails_otherwise = !may_be_due_to_the_request(&error);
                let first = self.unexplained.get_or_insert(error).clone();
                if fails_otherwise {
                    return Err(first.into());
                }
                if used.levels && with_levels {
                    self.known.levels = false;
                } else if used.filter < PackFilter::Nothing {
                    self.known.filter = PackFilter::Nothing;
                } else if used.shallow {
                    self.known.shallow = false;
                } else {
                    return Err(first.into());
                }
                return Ok(Next::Guessed);
            }
            Stopped::Store(error) | Stopped::Exchange(ExchangeError::MissingBase(error)) => {
                return Err(error.into());
            }
            Stopped::NoTrees(error) if !self.known.trees => return Err(error.into()),
            Stopped::NoTrees(_) => self.known.trees = false,
            Stopped::NoLevels => self.known.levels = false,
            Stopped::Exchange(ExchangeError::FilterRefused(error)) => {
                self.known.filter = used.filter.weaker().ok_or(error)?;
            }
            Stopped::Exchange(ExchangeError::ShallowRefused(_)) if self.known.shallow => {
                self.known.shallow = false;
            }
            Stopped::Exchange(error) => return Err(error),
        }
        Ok(Next::Learned)
    }
}
