//! What one fetch asks for.
//!
//! gitoxide's own negotiation does not know partial clones and may take many rounds. Here
//! one request says everything: what is wanted, what is there, how deep, which filter, done.
//!
//! A server that offers partial clones may still refuse a filter: `uploadpackfilter.*.allow` of its configuration says which ones
//! it accepts, and Git before 2.20 does not know `tree:0`. Then less is left out. What a server refuses is remembered for the
//! repository, so that it is refused once.

use std::num::NonZeroU32;

use gix::ObjectId;
use gix::error::{ErrorExt, corruption};
use gix::protocol::fetch::negotiate::{Action, Round, one_round};
use gix::protocol::fetch::{Arguments, Negotiate, Response};

/// What is left out of a pack, the strongest filter first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PackFilter {
    /// Trees and files.
    Trees,
    /// Files.
    Blobs,
    /// Nothing.
    Nothing,
}

impl PackFilter {
    const ALL: [Self; 3] = [Self::Trees, Self::Blobs, Self::Nothing];

    /// The filter in the protocol's notation; `None` for no filter. Of the trees, it lets this many levels of each commit through.
    fn specification(self, levels: u8) -> Option<String> {
        match self {
            Self::Trees => Some(format!("tree:{levels}")),
            Self::Blobs => Some("blob:none".to_owned()),
            Self::Nothing => None,
        }
    }

    /// The next filter that leaves out less; `None` where nothing is left out.
    pub(crate) fn weaker(self) -> Option<Self> {
        Self::ALL.into_iter().find(|other| *other > self)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Trees => "tree:0",
            Self::Blobs => "blob:none",
            Self::Nothing => "none",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|filter| filter.word() == word.trim())
    }
}

/// Whether a server of this agent knows the filter `tree:0`. Only Git's own name tells; other servers refuse it in an answer.
pub(crate) fn knows_tree_filter(agent: &str) -> bool {
    let Some(version) = agent.strip_prefix("git/") else { return true };
    let mut numbers = version.split(['.', '-']).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (2, 20),
        _ => true,
    }
}

/// Whether a server of this agent may send some levels of the trees of commits with them. GitHub bars every `tree:N` but `tree:0`; other servers
/// that do so say it in an answer.
pub(crate) fn may_send_levels(agent: &str) -> bool {
    !agent.starts_with("git/github-")
}

/// What the server of a repository accepts in a fetch. Defaults to everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FetchCapabilities {
    /// The strongest filter that it accepts.
    pub(crate) filter: PackFilter,
    /// Whether it sends part of a history.
    pub(crate) shallow: bool,
    /// Whether it sends a tree that is asked for by its id.
    pub(crate) trees: bool,
    /// Whether it sends some levels of the trees of commits with them.
    pub(crate) levels: bool,
}

impl Default for FetchCapabilities {
    fn default() -> Self {
        Self { filter: PackFilter::Trees, shallow: true, trees: true, levels: true }
    }
}

impl FetchCapabilities {
    /// The word for a server that refuses to send part of a history.
    const WHOLE: &str = "whole";

    /// The word for a server that refuses to send a tree by its id.
    const NO_TREES: &str = "no-trees";

    /// The word for a server that sends no level of the trees of commits with them.
    const NO_LEVELS: &str = "no-levels";

    /// One line for a file.
    pub(crate) fn to_line(self) -> String {
        let mut words = vec![self.filter.word()];
        words.extend((!self.shallow).then_some(Self::WHOLE));
        words.extend((!self.trees).then_some(Self::NO_TREES));
        words.extend((!self.levels).then_some(Self::NO_LEVELS));
        words.join(" ")
    }

    /// Reads such a line.
    pub(crate) fn from_line(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let mut read = Self { filter: PackFilter::from_word(words.next()?)?, ..Self::default() };
        for word in words {
            match word {
                Self::WHOLE if read.shallow => read.shallow = false,
                Self::NO_TREES if read.trees => read.trees = false,
                Self::NO_LEVELS if read.levels => read.levels = false,
                _ => return None,
            }
        }
        Some(read)
    }

    /// The name of the folder of the store. Packs of different filters must not mix: a server that was told of a commit sends what is new since
    /// that commit, and believes that all the filter let through is there. And a store that holds part of a history says so in each fetch,
    /// which a server refuses that has whole histories only.
    pub(crate) fn store_folder(self) -> String {
        let folder = match self.filter {
            PackFilter::Trees => "commits",
            PackFilter::Blobs => "trees",
            PackFilter::Nothing => "files",
        };
        if self.shallow { folder.to_owned() } else { format!("{folder}-whole") }
    }
}

/// One fetch.
#[derive(Clone, Debug)]
pub(crate) struct FetchRequest {
    /// What to fetch: commits, tags, trees. At least one.
    pub(crate) wants: Vec<ObjectId>,
    /// Commits that the store has, with their history down to the shallow boundary.
    pub(crate) haves: Vec<ObjectId>,
    /// How many commits deep; `None` for the whole history.
    pub(crate) depth: Option<NonZeroU32>,
    /// What to leave out, if the server can. It never leaves out what is wanted by its id.
    pub(crate) filter: PackFilter,
    /// How many levels of the trees of commits come with them where the filter leaves out trees: 0 is none, 1 the root.
    pub(crate) levels: u8,
    /// Whether the wants are the tips of histories, which the store remembers with the place where they end.
    pub(crate) is_history: bool,
}

impl Negotiate for &FetchRequest {
    fn mark_complete_and_common_ref(&mut self) -> gix::Result<Action> {
        Ok(Action::MustNegotiate { remote_ref_target_known: Vec::new() })
    }

    fn add_wants(&mut self, arguments: &mut Arguments, _known: &[bool]) -> bool {
        if let Some(filter) = self.filter.specification(self.levels)
            && arguments.can_use_filter()
        {
            arguments.filter(&filter);
        }
        for id in &self.wants {
            arguments.want(id);
        }
        !self.wants.is_empty()
    }

    fn one_round(
        &mut self,
        _state: &mut one_round::State,
        arguments: &mut Arguments,
        previous: Option<&Response>,
    ) -> gix::Result<(Round, bool)> {
        // gitoxide starts another round until an answer has a pack. The first round has said everything.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_get_weaker() {
        assert_eq!(PackFilter::Trees.weaker(), Some(PackFilter::Blobs));
        assert_eq!(PackFilter::Blobs.weaker(), Some(PackFilter::Nothing));
        assert_eq!(PackFilter::Nothing.weaker(), None);
        for filter in PackFilter::ALL {
            assert_eq!(PackFilter::from_word(&format!("{}\n", filter.word())), Some(filter));
        }
        assert_eq!(PackFilter::from_word("garbage"), None);
    }

    #[test]
    fn agents_that_know_the_tree_filter() {
        for (agent, knows) in [
            ("git/2.18.0", false),
            ("git/2.19.5-Linux", false),
            ("git/1.9.1", false),
            ("git/2.20.0", true),
            ("git/2.47.3-Linux", true),
            ("git/3.0", true),
            ("git/github-24b7a1d", true),
            ("JGit/6.10", true),
            ("git/", true),
            ("", true),
        ] {
            assert_eq!(knows_tree_filter(agent), knows, "{agent}");
        }
    }

    #[test]
    fn levels_of_trees() {
        assert_eq!(PackFilter::Trees.specification(2).as_deref(), Some("tree:2"));
        assert_eq!(PackFilter::Blobs.specification(2).as_deref(), Some("blob:none"));
        assert!(
            may_send_levels("git/2.47.3-Linux") && may_send_levels("") && !may_send_levels("git/github-1")
        );
    }

    #[test]
    fn lines_of_capabilities() {
        for filter in PackFilter::ALL {
            for bits in 0..8 {
                let [shallow, trees, levels] = [1, 2, 4].map(|bit| bits & bit != 0);
                let capabilities = FetchCapabilities { filter, shallow, trees, levels };
                let line = format!("{}\n", capabilities.to_line());
                assert_eq!(FetchCapabilities::from_line(&line), Some(capabilities));
            }
        }
        assert_eq!(FetchCapabilities::from_line("tree:0"), Some(FetchCapabilities::default()));
        for line in [
            "",
            "garbage",
            "tree:0 garbage",
            "none whole whole",
            "whole",
            "none no-trees no-trees",
            "none no-levels no-levels",
        ] {
            assert_eq!(FetchCapabilities::from_line(line), None, "{line:?}");
        }
    }
}
