//! `NewestFromBranch`: the newest commits along a branch ([rule 4.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
//!
//! 1. Ask which commit the branch points at. If it is the one of the previous discovery, the answer is the same: a commit's id
//!    is the id of its whole history.
//! 2. Walk the history as far as it is in the store.
//! 3. Where that ends too early, ask for more and walk on. Without filters, as many commits as the limit
//!    says are enough: every commit of a first-parent history is at most as far from the tip as
//!    its position in it. With filters the number is unknown, so the fetches grow.

use std::num::NonZeroU32;

use artifact_source::{Error, ErrorKind, Warning};
use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice};
use gix::protocol::handshake::Ref;

use selection_strategies::{is_git_reference, similar_names};

use crate::observation::{ObservedRefs, ObservedState};
use crate::repository::{Objects, References, Store};
use crate::selection::filter::CommitFilter;
use crate::selection::history::{MissingCommit, Progress, Walk, sample_ancestors};
use crate::selection::outcome::Outcome;
use crate::selection::reader::{Needs, Reader};

/// The most commits that are named to the server as known.
const MOST_HAVES: usize = 256;

/// With a path filter, the least number of commits that are looked at first: most commits of most repositories touch other paths.
const FIRST_WITH_PATHS: u32 = 101;

/// What Git itself takes for "the whole history".
pub(crate) const DEEPEST: u32 = 0x7fff_ffff;

const BRANCHES: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";

/// Which branch, and which commits of it.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    /// `None` for the remote's HEAD.
    pub(crate) name: Option<String>,
    pub(crate) limit: NonZeroU32,
    pub(crate) filter: CommitFilter,
}

/// A branch on the way to its answer.
pub(crate) struct BranchPlan<'a> {
    branch: &'a Branch,
    tip: ObjectId,
    refs: Option<ObservedRefs>,
    walk: Walk<'a>,
    /// How many commits were asked for.
    depth: u32,
    /// Whether the server had all that was asked for.
    is_whole: bool,
}

impl Branch {
    /// The full name of the reference that it stands for.
    pub(crate) fn reference(&self) -> String {
        self.name.as_deref().map_or_else(|| "HEAD".to_owned(), |name| format!("{BRANCHES}{name}"))
    }

    /// The commits from this tip; `None` where they are those of the previous discovery.
    pub(crate) fn plan(&self, tip: Tip, previous: Option<&ObservedState>) -> Option<BranchPlan<'_>> {
        let (tip, refs) = match tip {
            Tip::Branch(tip) => (tip, Some(ObservedRefs::BranchHead(tip.to_string()))),
            Tip::Tag(tip) => (tip, None),
        };
        let digest = tip.to_string();
        if previous.is_some_and(|previous| previous.digest == digest) {
            return None;
        }
        let horizon = self.first_horizon() as usize;
        let walk = Walk::new(tip, self.limit.get() as usize, horizon, &self.filter);
        Some(BranchPlan { branch: self, tip, refs, walk, depth: 0, is_whole: true })
    }

    /// What the caller is told about a tag that is named as the branch.
    pub(crate) fn warning_of_tag(&self) -> Warning {
        let name = self.name.as_deref().unwrap_or_default();
        let warning = format!(
            "{name:?} is not a branch but a tag, whose history is taken as `git clone --branch` takes it"
        );
        Warning::new(warning)
            .with_hint("name a branch; for the newest tags choose the strategy SemVer, Lexical or NewestTag")
    }

    /// How many commits are looked at first.
    fn first_horizon(&self) -> u32 {
        let limit = self.limit.get();
        if self.filter.paths().is_some() {
            limit.saturating_mul(5).saturating_add(1).max(FIRST_WITH_PATHS)
        } else if self.filter.accepts_all() {
            limit
        } else {
            limit.saturating_mul(2)
        }
    }
}

impl BranchPlan<'_> {
    /// Walks as far as the store reaches. `None` if that is enough.
    pub(crate) fn advance(&mut self, reader: &Reader<'_>) -> Result<Option<Needs>, Error> {
        loop {
            let (commit, trees) = match self.walk.advance(reader)? {
                Progress::Done => return Ok(None),
                Progress::Missing { commit, trees } => (commit, trees),
            };
            let Some(MissingCommit { distance, estimate, child }) = commit else {
                return Ok(Some(Needs { trees, ..Needs::default() }));
            };
            let [distance, estimate] =
                [distance, estimate].map(|count| u32::try_from(count).unwrap_or(DEEPEST));
            if distance >= self.depth {
                let depth = match self.depth {
                    _ if !reader.capabilities.shallow => DEEPEST,
                    0 if self.branch.filter.paths().is_some() => {
                        self.branch.first_horizon().saturating_add(1)
                    }
                    0 => self.branch.first_horizon(),
                    _ => estimate.saturating_add(1),
                };
                self.depth = depth.max(distance.saturating_add(1)).min(DEEPEST);
                // The trees that are known to be missing are asked for with those of these commits.
                return Ok(Some(Needs {
                    histories: [(self.tip, self.depth)].into(),
                    levels: self.branch.filter.levels(),
                    ..Needs::default()
                }));
            }
            // The last fetch asked for it.
            let Some(child) = child else {
                let message = format!("the server did not send commit {}", self.tip);
                return Err(Error::new(ErrorKind::BadAnswer, message));
            };
            if !reader.store.is_boundary(child)? {
                let message = format!("the server left out the parent of commit {child}");
                return Err(Error::new(ErrorKind::BadAnswer, message));
            }
            self.walk.give_up();
            self.is_whole = false;
        }
    }

    /// The answer.
    pub(crate) fn finish(self) -> Outcome {
        let (mut commits, judged) = self.walk.into_parts();
        for commit in &mut commits {
            commit.branch.clone_from(&self.branch.name);
        }
        // A history that a server cut short, which is a shallow clone itself, may grow under the same tip.
        let is_final = self.is_whole && self.branch.filter.rule.is_timeless();
        let state = is_final.then(|| ObservedState { digest: self.tip.to_string(), refs: self.refs });
        Outcome::Found { commits, judged, state }
    }
}

/// The commits to name to the server as known.
pub(crate) fn haves(store: &Store, objects: &Objects) -> Result<Vec<ObjectId>, Error> {
    let mut haves = Vec::new();
    for tip in store.tips() {
        for id in sample_ancestors(objects, tip)? {
            if haves.len() < MOST_HAVES && !haves.contains(&id) {
                haves.push(id);
            }
        }
    }
    Ok(haves)
}

/// What a subscription's branch is at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tip {
    /// A branch that points at this commit, or the remote's HEAD.
    Branch(ObjectId),
    /// No branch, but a tag that leads to this commit ([rule 4.8](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    Tag(ObjectId),
}

/// The prefixes of the references that tell a tag and an empty repository from a wrong name. Only where a branch is not found are they asked for.
pub(crate) fn prefixes_for_missing(branch: &Branch) -> Vec<String> {
    let tag = branch.name.as_deref().map(|name| format!("{TAGS}{name}"));
    ["HEAD".to_owned(), BRANCHES.to_owned()].into_iter().chain(tag).collect()
}

/// What a branch is that is not in the list; `None` where no branch is named and the repository has no commit yet.
///
/// # Errors
///
/// `NotFound` if there is no such branch. The hint names the branch that HEAD points at, and branches
/// with a similar name.
pub(crate) fn resolve_missing(listed: &References, branch: Option<&str>) -> Result<Option<Tip>, Error> {
    // A hint does not recommend a name that Git forbids.
    let listed_names: Vec<&Ref> =
        listed.iter().filter(|reference| is_git_reference(reference.unpack().0)).collect();
    if let Some(branch) = branch
        && let Some(tag) = listed.target(&format!("{TAGS}{branch}"))
    {
        return Ok(Some(Tip::Tag(tag)));
    }
    let names: Vec<&BStr> = listed_names
        .iter()
        .map(|reference| reference.unpack())
        .filter(|(_, id, _)| id.is_some())
        .map(|(name, ..)| name)
        .collect();
    let branches: Vec<&str> = names
        .iter()
        .filter_map(|name| name.strip_prefix(BRANCHES.as_bytes()))
        .filter_map(|name| name.to_str().ok())
        .collect();
    let head = listed_names.iter().find_map(|reference| match reference {
        Ref::Symbolic { full_ref_name, target, .. } | Ref::Unborn { full_ref_name, target }
            if full_ref_name == "HEAD" =>
        {
            Some(target.strip_prefix(BRANCHES.as_bytes()).unwrap_or(target).to_str_lossy().into_owned())
        }
        _ => None,
    });

    let Some(branch) = branch else {
        if branches.is_empty() {
            return Ok(None);
        }
        let message = match head {
            Some(head) => format!("the remote's HEAD points at {head:?}, and there is no such branch"),
            None => "the remote's HEAD points at no branch".to_owned(),
        };
        return Err(Error::new(ErrorKind::NotFound, message)
            .with_hint(format!("name a branch, such as {:?}", branches[0])));
    };
    let error =
        Error::new(ErrorKind::NotFound, format!("there is no branch {branch:?}")).with_field("branch");
    if branches.is_empty() {
        return Err(error.with_hint("the repository has no branch yet"));
    }
    let mut hints: Vec<String> =
        head.map(|head| format!("the remote's HEAD is {head:?}")).into_iter().collect();
    let similar = similar_names(branch, branches.iter().copied());
    if !similar.is_empty() {
        let similar: Vec<_> = similar.iter().map(|name| format!("{name:?}")).collect();
        hints.push(format!("did you mean {}?", similar.join(" or ")));
    }
    Err(if hints.is_empty() { error } else { error.with_hint(hints.join("; ")) })
}
