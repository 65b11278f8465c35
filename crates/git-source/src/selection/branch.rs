//! `NewestFromBranch`: the newest commits along a branch ([rule 4.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
//!
//! 1. Ask which commit the branch points at. If it is the one of the previous discovery, the answer is the same: a commit's id
//!    is the id of its whole history.
//! 2. Walk the history as far as it is in the store.
//! 3. Where that ends too early, fetch more and walk on. Without filters, as many commits as the limit
//!    says are enough: every commit of a first-parent history is at most as far from the tip as
//!    its position in it. With filters the number is unknown, so the fetches grow.

use std::num::NonZeroU32;

use artifact_source::{Error, ErrorKind, Warning};
use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice};
use gix::protocol::handshake::Ref;

use selection_strategies::{is_git_reference, similar_names};

use crate::observation::{ObservedRefs, ObservedState};
use crate::repository::{Contents, FetchCapabilities, FetchRequest, Remote, Session, Store};
use crate::selection::filter::CommitFilter;
use crate::selection::history::{Progress, Walk, sample_ancestors};
use crate::selection::outcome::Outcome;
use crate::transport::ExchangeError;

/// The most commits that are named to the server as known.
const MOST_HAVES: usize = 64;

/// With a path filter, the least number of commits in the first fetch: most commits of most repositories touch other paths.
const FIRST_DEPTH_WITH_PATHS: u32 = 101;

/// Each further fetch is this many times deeper.
const GROWTH: u32 = 4;

/// What Git itself takes for "the whole history".
const DEEPEST: u32 = 0x7fff_ffff;

const BRANCHES: &str = "refs/heads/";

/// Which branch, and which commits of it.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    /// `None` for the remote's HEAD.
    pub(crate) name: Option<String>,
    pub(crate) limit: NonZeroU32,
    pub(crate) filter: CommitFilter,
}

impl Branch {
    /// Finds the newest commits.
    pub(crate) fn discover(
        &self,
        session: &Session,
        previous: Option<&ObservedState>,
    ) -> Result<Outcome, ExchangeError> {
        let mut remote = session.connect()?;
        let (tip, refs) = match resolve(&mut remote, self.name.as_deref())? {
            Tip::Branch(tip) => (tip, Some(ObservedRefs::BranchHead(tip.to_string()))),
            Tip::Tag(tip) => {
                let name = self.name.as_deref().unwrap_or_default();
                let warning = format!(
                    "{name:?} is not a branch but a tag, whose history is taken as `git clone --branch` takes it"
                );
                session.warn(Warning::new(warning).with_hint(
                    "name a branch; for the newest tags choose the strategy SemVer, Lexical or NewestTag",
                ));
                (tip, None)
            }
            Tip::None => {
                return Ok(Outcome::Found { commits: Vec::new(), judged: Vec::new(), state: None });
            }
        };
        let digest = tip.to_string();
        if previous.is_some_and(|previous| previous.digest == digest) {
            return Ok(Outcome::Unchanged);
        }

        let (mut walk, is_whole) =
            session.with_store(self.contents(), &mut remote, |remote, store, capabilities| {
                self.walk(session, remote, store, capabilities, tip)
            })?;
        for commit in &mut walk.commits {
            commit.branch.clone_from(&self.name);
        }
        // A history that a server cut short, which is a shallow clone itself, may grow under the same tip.
        let state = (is_whole && self.filter.rule.is_timeless()).then_some(ObservedState { digest, refs });
        Ok(Outcome::Found { commits: walk.commits, judged: walk.judged, state })
    }

    fn contents(&self) -> Contents {
        if self.filter.paths().is_some() { Contents::Changes } else { Contents::Commits }
    }

    /// Walks and fetches until there is enough. Returns whether the server had all of it.
    fn walk<'a>(
        &'a self,
        session: &'a Session,
        remote: &mut Remote,
        store: &Store,
        capabilities: FetchCapabilities,
        tip: ObjectId,
    ) -> Result<(Walk<'a>, bool), ExchangeError> {
        let mut walk = Walk::new(tip, self.limit.get() as usize, &self.filter, &session.interrupt);
        let mut depth: u32 = 0;
        loop {
            let objects = store.objects()?;
            let Progress::Missing { distance, child } = walk.advance(&objects)? else {
                return Ok((walk, true));
            };
            let distance = u32::try_from(distance).unwrap_or(DEEPEST);
            if distance < depth {
                // The last fetch asked for it.
                let Some(child) = child else {
                    return Err(Error::new(
                        ErrorKind::BadAnswer,
                        format!("the server did not send commit {tip}"),
                    )
                    .into());
                };
                if !store.is_boundary(child)? {
                    let message = format!("the server left out the parent of commit {child}");
                    return Err(Error::new(ErrorKind::BadAnswer, message).into());
                }
                walk.give_up(&objects)?;
                return Ok((walk, false));
            }

            depth = match depth {
                // Everything comes at once.
                _ if !capabilities.shallow => DEEPEST,
                0 => self.first_depth(),
                depth => depth.saturating_mul(GROWTH),
            };
            depth = depth.max(distance.saturating_add(1)).min(DEEPEST);
            let Some(deep) = NonZeroU32::new(depth) else { return Ok((walk, false)) };
            let haves = haves(store, &objects)?;
            drop(objects);
            if remote.is_closed() {
                *remote = session.connect()?;
            }
            let depth_to_fetch = capabilities.shallow.then_some(deep);
            let filter = capabilities.filter;
            remote.fetch(&FetchRequest { tips: vec![tip], haves, depth: depth_to_fetch, filter }, store)?;
            store.remember(&[tip])?;
        }
    }

    fn first_depth(&self) -> u32 {
        let limit = self.limit.get();
        if self.filter.paths().is_some() {
            limit.saturating_mul(5).saturating_add(1).max(FIRST_DEPTH_WITH_PATHS)
        } else if self.filter.accepts_all() {
            limit
        } else {
            limit.saturating_mul(2)
        }
    }
}

/// The commits to name to the server as known.
fn haves(store: &Store, objects: &gix::odb::Handle) -> Result<Vec<ObjectId>, Error> {
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
    /// Nothing: no branch is named, and the repository has no commit yet.
    None,
}

/// Asks which commit a branch points at, or the remote's HEAD where no branch is named.
///
/// # Errors
///
/// `NotFound` if there is no such branch. The hint names the branch that HEAD points at, and branches
/// with a similar name.
pub(crate) fn resolve(remote: &mut Remote, branch: Option<&str>) -> Result<Tip, Error> {
    let name = branch.map_or_else(|| "HEAD".to_owned(), |branch| format!("{BRANCHES}{branch}"));
    let listed = remote.list(std::slice::from_ref(&name))?;
    let found = listed.iter().map(Ref::unpack).find(|(full, ..)| *full == name.as_bytes().as_bstr());
    if let Some((_, Some(id), peeled)) = found {
        return Ok(Tip::Branch(peeled.unwrap_or(id).to_owned()));
    }
    resolve_missing(remote, branch)
}

/// Tells a tag and an empty repository from a wrong name. Only a discovery that finds no branch sends this request.
fn resolve_missing(remote: &mut Remote, branch: Option<&str>) -> Result<Tip, Error> {
    let mut prefixes = vec!["HEAD".to_owned(), BRANCHES.to_owned()];
    prefixes.extend(branch.map(|branch| format!("refs/tags/{branch}")));
    let mut listed = remote.list(&prefixes)?;
    // A hint does not recommend a name that Git forbids.
    listed.retain(|reference| is_git_reference(reference.unpack().0));
    if let Some(branch) = branch {
        let tag = format!("refs/tags/{branch}");
        let tag = listed.iter().map(Ref::unpack).find(|(name, ..)| *name == tag.as_bytes().as_bstr());
        if let Some((_, Some(id), peeled)) = tag {
            return Ok(Tip::Tag(peeled.unwrap_or(id).to_owned()));
        }
    }
    let names: Vec<&BStr> =
        listed.iter().map(Ref::unpack).filter(|(_, id, _)| id.is_some()).map(|(name, ..)| name).collect();
    let branches: Vec<&str> = names
        .iter()
        .filter_map(|name| name.strip_prefix(BRANCHES.as_bytes()))
        .filter_map(|name| name.to_str().ok())
        .collect();
    let head = listed.iter().find_map(|reference| match reference {
        Ref::Symbolic { full_ref_name, target, .. } | Ref::Unborn { full_ref_name, target }
            if full_ref_name == "HEAD" =>
        {
            Some(target.strip_prefix(BRANCHES.as_bytes()).unwrap_or(target).to_str_lossy().into_owned())
        }
        _ => None,
    });

    let Some(branch) = branch else {
        if branches.is_empty() {
            return Ok(Tip::None);
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
        hints.push(format!("similar names are {}", similar.join(", ")));
    }
    Err(if hints.is_empty() { error } else { error.with_hint(hints.join("; ")) })
}
