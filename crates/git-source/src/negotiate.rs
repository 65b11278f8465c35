//! What is asked of the server in a fetch, in a single round.
//!
//! gitoxide's own negotiation knows nothing of partial clones and may go many rounds. Here
//! everything is said at once: what is wanted, what is there, how deep, which filter, done.

use gix::ObjectId;
use gix::error::{ErrorExt, corruption};
use gix::protocol::fetch::negotiate::{Action, Round, one_round};
use gix::protocol::fetch::{Arguments, Negotiate, Response};

use crate::filter::Filter;

/// What a store holds. Objects that were fetched under different filters must not mix, since the
/// server believes that whoever has a commit has all that the filter let through; and the boundary
/// of a branch's history is of no use to tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    /// The history of branches: commits alone.
    Commits,
    /// The history of branches with what it changed: commits and trees.
    Changes,
    /// Tags and the commits behind them.
    Tags,
    /// Tags, the commits behind them and what those changed.
    TagChanges,
}

impl Contents {
    /// What to leave out of a pack, if the server allows it.
    pub(crate) fn filter(self) -> Filter {
        match self {
            Self::Commits | Self::Tags => Filter::Trees,
            Self::Changes | Self::TagChanges => Filter::Blobs,
        }
    }

    /// A word for the name of a folder.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Commits => "commits",
            Self::Changes => "changes",
            Self::Tags => "tags",
            Self::TagChanges => "tag-changes",
        }
    }
}

/// What is asked in one fetch.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The commits or tags whose history is wanted. At least one.
    pub(crate) tips: Vec<ObjectId>,
    /// Commits that are there already, with their history down to the shallow boundary.
    pub(crate) haves: Vec<ObjectId>,
    /// How many commits deep; `None` for the whole history.
    pub(crate) depth: Option<std::num::NonZeroU32>,
    /// What to leave out if the server can.
    pub(crate) filter: Filter,
}

impl Negotiate for &Wanted {
    fn mark_complete_and_common_ref(&mut self) -> gix::Result<Action> {
        Ok(Action::MustNegotiate { remote_ref_target_known: Vec::new() })
    }

    fn add_wants(&mut self, arguments: &mut Arguments, _known: &[bool]) -> bool {
        if let Some(filter) = self.filter.specification()
            && arguments.can_use_filter()
        {
            arguments.filter(filter);
        }
        for id in &self.tips {
            arguments.want(id);
        }
        !self.tips.is_empty()
    }

    fn one_round(
        &mut self,
        _state: &mut one_round::State,
        arguments: &mut Arguments,
        previous: Option<&Response>,
    ) -> gix::Result<(Round, bool)> {
        // gitoxide asks again for as long as an answer has no pack in it. All was said the first time.
        if previous.is_some() {
            return Err(corruption("the server answered without a pack").raise());
        }
        for id in &self.haves {
            arguments.have(id);
        }
        let round = Round {
            haves_sent: self.haves.len(),
            in_vain: 0,
            haves_to_send: self.haves.len(),
            previous_response_had_at_least_one_in_common: false,
        };
        Ok((round, true))
    }
}
