//! `SemVer`, `Lexical` and `NewestTag`: the best tags and their commits ([rule 4.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
//!
//! 1. Ask for all tags. If they point at what they pointed at in the previous discovery, the answer is the same.
//! 2. Judge their names.
//! 3. Ask for the tags and commits that the answer needs, one commit deep and without trees: the
//!    best ones where names give the order, all that are left where dates do.

use std::cmp::Reverse;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::Arc;

use artifact_source::{Error, ErrorKind, Rejection};
use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::hash::Kind;
use selection_strategies::{TagRule, Verdict, Version, is_git_reference};

use crate::observation::{MOST_TAG_BYTES, MOST_TAGS, ObservedRefs, ObservedState};
use crate::repository::References;
use crate::selection::changes::{MissingTrees, Touch};
use crate::selection::commit::{TagTarget, TaggedCommit};
use crate::selection::filter::{CommitFilter, without_parent};
use crate::selection::history::{ParentOr, changed_paths};
use crate::selection::outcome::{JudgedCandidate, Outcome};
use crate::selection::reader::{Needs, Reader};
use crate::transport::Interrupt;

/// With a path filter, the least number of tags that are looked at first.
const FIRST_WITH_PATHS: usize = 25;

/// With more tags than this, those whose trees are needed are found first.
const MOST_WITH_LEVELS: usize = 200;

const PREFIX: &str = "refs/tags/";

/// Which tags, in which order, and how many.
#[derive(Clone, Debug)]
pub(crate) struct Tags {
    pub(crate) rule: TagRule,
    pub(crate) order: Order,
    pub(crate) limit: NonZeroU32,
    pub(crate) filter: CommitFilter,
    /// The tag whose commit better ones are compared with, in the place of their parents.
    pub(crate) base: Option<String>,
}

/// What gives the order of tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The greatest semantic version first.
    Versions,
    /// The greatest by bytes first.
    Bytes,
    /// The latest first.
    Dates,
}

/// A tag as the server lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ListedTag {
    name: String,
    /// The tag object of an annotated tag, or the object that another tag points at.
    id: ObjectId,
}

/// The prefix of the references of all tags.
pub(crate) fn prefix() -> String {
    PREFIX.to_owned()
}

impl Tags {
    /// The best ones of these tags; `None` where they are those of the previous discovery.
    ///
    /// # Errors
    ///
    /// `BadAnswer` for a list that is a known attack on SHA-1; that of the interrupt where the discovery is stopped.
    pub(crate) fn plan(
        &self,
        references: &References,
        previous: Option<&ObservedState>,
        interrupt: &Interrupt,
    ) -> Result<Option<TagsPlan<'_>>, Error> {
        let (listed, mut judged) = list(references);
        let digest = digest(&listed)?;
        if previous.is_some_and(|previous| previous.digest == digest) {
            return Ok(None);
        }
        let mut accepted = Vec::new();
        for (position, tag) in listed.iter().enumerate() {
            if interrupt.is_stopped() {
                return Err(interrupt.stopped_error());
            }
            match self.rule.judge(&tag.name) {
                Verdict::Accepted => accepted.push((position, tag.name.as_str())),
                Verdict::Rejected(why) => judged.push(JudgedCandidate::rejected(&tag.name, why)),
            }
        }
        let ranked = self.rule.rank_accepted(accepted).into_sorted();
        let ranked = ranked.iter().filter_map(|candidate| listed.get(candidate.position).cloned());
        let candidates: Vec<Candidate> = ranked.map(Candidate::new).collect();
        let limit = self.limit.get() as usize;
        Ok(Some(TagsPlan {
            tags: self,
            digest,
            refs: observed_refs(&candidates),
            judged,
            is_sorted: self.order != Order::Dates,
            candidates,
            horizon: first_horizon(limit, &self.filter),
        }))
    }

    /// Puts candidates into the order of the strategy. Where dates give it, those whose date was not read come last.
    fn sort(&self, judged: &mut [JudgedCandidate]) {
        match self.order {
            Order::Dates => judged
                .sort_by_cached_key(|judged| judged.details.is_none().then(|| Reverse(judged.name.clone()))),
            Order::Bytes => judged.sort_by_cached_key(|judged| Reverse(judged.name.clone())),
            Order::Versions => {
                judged.sort_by_cached_key(|judged| {
                    (Reverse(Version::parse(&judged.name).ok()), Reverse(judged.name.clone()))
                });
            }
        }
    }
}

/// How many tags are looked at first.
fn first_horizon(limit: usize, filter: &CommitFilter) -> usize {
    if filter.paths().is_some() {
        limit.saturating_mul(5).saturating_add(1).max(FIRST_WITH_PATHS)
    } else if filter.accepts_all() {
        limit
    } else {
        limit.saturating_mul(2)
    }
}

/// Tags on the way to the best ones.
pub(crate) struct TagsPlan<'a> {
    tags: &'a Tags,
    digest: String,
    refs: Option<ObservedRefs>,
    /// The tags whose names were rejected.
    judged: Vec<JudgedCandidate>,
    /// The others, the best ones first once they are sorted.
    candidates: Vec<Candidate>,
    is_sorted: bool,
    /// How many candidates are looked at.
    horizon: usize,
}

/// A tag whose name was accepted.
struct Candidate {
    tag: ListedTag,
    target: Option<Rc<TagTarget>>,
    verdict: Option<Result<(), Rejection>>,
    /// Paths that its commit changed, for people.
    changed: Vec<String>,
}

impl Candidate {
    fn new(tag: ListedTag) -> Self {
        Self { tag, target: None, verdict: None, changed: Vec::new() }
    }

    /// The tree of its commit, if that was read.
    fn tree(&self) -> Option<ObjectId> {
        match self.target.as_deref() {
            Some(TagTarget::Commit(tagged)) => Some(tagged.commit.tree),
            _ => None,
        }
    }
}

impl TagsPlan<'_> {
    /// Whether no name was accepted.
    pub(crate) fn is_empty(&self) -> bool {
        self.candidates.is_empty()
    }

    /// Judges as many tags as are in the store. `None` if that is enough.
    pub(crate) fn advance(&mut self, reader: &Reader<'_>) -> Result<Option<Needs>, Error> {
        let limit = self.tags.limit.get() as usize;
        if !self.is_sorted {
            let needs = self.read(0..self.candidates.len(), reader)?;
            if !needs.is_empty() {
                return Ok(Some(needs));
            }
            // What is no commit has no date and no place.
            self.candidates.sort_by_key(|candidate| match candidate.target.as_deref() {
                Some(TagTarget::Commit(tagged)) => {
                    (false, Reverse(tagged.created_at.seconds), candidate.tag.clone())
                }
                _ => (true, Reverse(0), candidate.tag.clone()),
            });
            self.is_sorted = true;
        }
        let base =
            self.candidates.iter().position(|candidate| Some(&candidate.tag.name) == self.tags.base.as_ref());
        loop {
            let end = self.horizon.min(self.candidates.len());
            let mut needs = self.read(0..end, reader)?;
            if let Some(base) = base {
                needs.add(self.read(base..base + 1, reader)?);
            }
            if !needs.is_empty() {
                return Ok(Some(needs));
            }
            let mut needs = Needs::default();
            let (mut accepted, mut open) = (0, 0);
            let base_tree = base.and_then(|base| self.candidates.get(base)?.tree());
            for (position, candidate) in
                self.candidates.get_mut(..end).unwrap_or_default().iter_mut().enumerate()
            {
                let against = match base_tree {
                    Some(_) if base == Some(position) => Against::Nothing,
                    Some(tree) if base.is_some_and(|base| position < base) => Against::Tree(tree),
                    _ => Against::Parent,
                };
                if accepted == limit {
                    break;
                }
                reader.check_interrupt()?;
                if candidate.verdict.is_none() {
                    match judge(&self.tags.filter, candidate, against, reader)? {
                        Judged::Verdict(verdict, changed) => {
                            (candidate.verdict, candidate.changed) = (Some(verdict), changed);
                        }
                        Judged::Trees(trees) => needs.trees.add(trees),
                    }
                }
                match candidate.verdict {
                    Some(Ok(())) => accepted += 1,
                    Some(Err(_)) => {}
                    None => open += 1,
                }
            }
            if accepted < limit && accepted + open < limit && end < self.candidates.len() {
                // Without filters exactly as many as are missing, or else more and more.
                self.horizon = match self.tags.filter.accepts_all() {
                    true => end + limit - accepted,
                    false => self.horizon.saturating_mul(2).saturating_add(limit),
                };
                if needs.is_empty() {
                    continue;
                }
                let further = self.read(end..self.horizon.min(self.candidates.len()), reader)?;
                needs.add(further);
            }
            return Ok((open > 0).then_some(needs));
        }
    }

    /// Reads what the store has of these candidates, and says what it does not have.
    fn read(&mut self, range: std::ops::Range<usize>, reader: &Reader<'_>) -> Result<Needs, Error> {
        let mut needs = Needs::default();
        let with_parent = self.tags.filter.paths().is_some();
        let is_near = self.is_sorted || self.candidates.len() <= MOST_WITH_LEVELS;
        for candidate in self.candidates.get_mut(range).unwrap_or_default() {
            if candidate.target.is_some() {
                continue;
            }
            reader.check_interrupt()?;
            let id = candidate.tag.id;
            let fetched = reader.fetched.times(id, with_parent);
            // A commit that was fetched as the parent of another one is here without its own parent. So is a commit whose parent the
            // server does not have: it is asked for once.
            candidate.target = reader.tag_target(id)?.filter(|target| match &**target {
                TagTarget::Commit(tagged) if with_parent && fetched == 0 => {
                    tagged.commit.first_parent.is_none_or(|parent| reader.objects.contains(&parent))
                }
                _ => true,
            });
            if candidate.target.is_some() {
                continue;
            }
            // The filter leaves out a tagged tree that belongs to a commit of the same fetch. A second fetch, of the tree alone,
            // gets it. There is no third.
            if fetched >= 2 {
                let message = format!("the server did not send all of the tag {:?}", candidate.tag.name);
                return Err(Error::new(ErrorKind::BadAnswer, message));
            }
            if with_parent {
                needs.tags_with_parents.insert(id);
                // Where dates give the order, all of them are read, and of most no tree is needed.
                if is_near {
                    needs.levels_of_tags = self.tags.filter.levels();
                }
            } else {
                needs.tags.insert(id);
            }
        }
        Ok(needs)
    }

    /// The answer.
    pub(crate) fn finish(self) -> Outcome {
        let limit = self.tags.limit.get() as usize;
        let is_final = self.candidates.is_empty() || self.tags.filter.rule.is_timeless();
        let (mut commits, mut judged) = (Vec::new(), self.judged);
        for Candidate { tag, target, verdict, changed } in self.candidates {
            let beyond = || Rejection::BeyondLimit { limit };
            match target.as_deref() {
                None => judged.push(JudgedCandidate::rejected(&tag.name, beyond())),
                Some(TagTarget::Other(reason)) => {
                    let why = Rejection::Unreadable { reason: Arc::from(reason.as_str()) };
                    judged.push(JudgedCandidate::rejected(&tag.name, why));
                }
                Some(TagTarget::Commit(tagged)) => {
                    let rejection = match verdict {
                        Some(Ok(())) if commits.len() < limit => None,
                        Some(Err(why)) if commits.len() < limit => Some(why),
                        _ => Some(beyond()),
                    };
                    let is_accepted = rejection.is_none();
                    judged.push(JudgedCandidate::with_commit(
                        &tag.name,
                        &tagged.commit.commit,
                        changed,
                        rejection,
                    ));
                    if is_accepted {
                        let mut commit = tagged.commit.commit.clone();
                        commit.tag = Some(tag.name);
                        commits.push(commit);
                    }
                }
            }
        }
        self.tags.sort(&mut judged);
        let state = is_final.then_some(ObservedState { digest: self.digest, refs: self.refs });
        Outcome::Found { commits, judged, state }
    }
}

/// What is known about a candidate.
enum Judged {
    /// The verdict, and paths that the commit changed.
    Verdict(Result<(), Rejection>, Vec<String>),
    /// These trees decide it.
    Trees(MissingTrees),
}

/// What a commit is compared with to find its changes.
#[derive(Clone, Copy)]
enum Against {
    Parent,
    Tree(ObjectId),
    /// Its paths count as they are.
    Nothing,
}

/// The verdict of the expression, then of the paths.
fn judge(
    filter: &CommitFilter,
    candidate: &Candidate,
    against: Against,
    reader: &Reader<'_>,
) -> Result<Judged, Error> {
    let Some(TagTarget::Commit(tagged)) = candidate.target.as_deref() else {
        // Its reason is stated with the target.
        return Ok(Judged::Verdict(Err(Rejection::NoMatchingPath), Vec::new()));
    };
    let tagged: &TaggedCommit = tagged;
    if let Err(why) = filter.judge_tag(&candidate.tag.name, tagged)?.into_result() {
        return Ok(Judged::Verdict(Err(why), Vec::new()));
    }
    let changes = match (against, filter.paths()) {
        (Against::Nothing, _) | (_, None) => ParentOr::Touch(Touch::Yes(None)),
        (Against::Tree(tree), Some(paths)) => {
            ParentOr::Touch(reader.touches(Some(tree), tagged.commit.tree, paths)?)
        }
        (Against::Parent, Some(_)) => changed_paths(&tagged.commit, filter, reader)?,
    };
    Ok(match changes {
        ParentOr::Parent(_) => Judged::Verdict(Err(without_parent(&tagged.commit)), Vec::new()),
        ParentOr::Touch(Touch::Yes(path)) => Judged::Verdict(Ok(()), path.into_iter().collect()),
        ParentOr::Touch(Touch::No { why, changed }) => Judged::Verdict(Err(why), changed),
        ParentOr::Touch(Touch::Unknown(trees)) => Judged::Trees(trees),
    })
}

/// All tags by name, and the verdict on names that are not valid.
fn list(references: &References) -> (Vec<ListedTag>, Vec<JudgedCandidate>) {
    let (mut listed, mut judged) = (Vec::new(), Vec::new());
    for reference in references.iter() {
        let (full, Some(id), _) = reference.unpack() else { continue };
        let Some(name) = full.strip_prefix(PREFIX.as_bytes()) else { continue };
        let why = match name.to_str() {
            Ok(name) if is_git_reference(full) => {
                listed.push(ListedTag { name: name.to_owned(), id: id.to_owned() });
                continue;
            }
            Ok(_) => Rejection::forbidden_git_name(),
            Err(_) => Rejection::Unreadable { reason: "the name of the tag is not UTF-8".into() },
        };
        // A tag without a name is shown by the name of its reference.
        let shown = if name.is_empty() { full } else { name.as_bstr() };
        judged.push(JudgedCandidate::rejected(shown.to_str_lossy(), why));
    }
    listed.sort();
    (listed, judged)
}

/// What Kargo records of the tags that passed the name filters.
fn observed_refs(ranked: &[Candidate]) -> Option<ObservedRefs> {
    let mut tags: Vec<_> =
        ranked.iter().map(|Candidate { tag, .. }| (tag.name.clone(), tag.id.to_string())).collect();
    tags.sort_unstable();
    let bytes: usize = tags.iter().map(|(name, id)| name.len() + id.len()).sum();
    (tags.len() <= MOST_TAGS && bytes <= MOST_TAG_BYTES).then_some(ObservedRefs::Tags(tags))
}

/// A digest of all tags and what they point at.
fn digest(listed: &[ListedTag]) -> Result<String, Error> {
    let mut hasher = gix::hash::hasher(Kind::Sha1);
    for ListedTag { name, id } in listed {
        hasher.update(name.as_bytes());
        hasher.update(b"\0");
        hasher.update(id.as_bytes());
    }
    let digest = hasher.try_finalize();
    digest
        .map(|id| id.to_string())
        .map_err(|_| Error::new(ErrorKind::BadAnswer, "the list of tags is a known attack on SHA-1"))
}
