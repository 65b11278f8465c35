//! `SemVer`, `Lexical` and `NewestTag`: the best tags and their commits ([rule 4.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
//!
//! 1. Ask for all tags. If they point at what they pointed at in the previous discovery, the answer is the same.
//! 2. Judge their names.
//! 3. Fetch the tags and commits that the answer needs, one commit deep and without trees: the
//!    best ones where names give the order, all that are left where dates do.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use artifact_source::{Commit, Error, ErrorKind, Rejection};
use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::hash::Kind;
use gix::objs::Exists;
use selection_strategies::{TagRule, Version, is_git_reference};

use crate::observation::{MOST_TAGS, ObservedRefs, ObservedState};
use crate::repository::{Contents, FetchCapabilities, FetchRequest, Remote, Session, Store};
use crate::selection::commit::{TagTarget, TaggedCommit, find, find_tag_target};
use crate::selection::filter::{CommitFilter, without_parent};
use crate::selection::history::touches;
use crate::selection::outcome::{JudgedCandidate, Outcome};
use crate::transport::ExchangeError;

const PREFIX: &str = "refs/tags/";

/// The changes of a commit follow from the commit and its parent.
const WITH_PARENT: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

/// Which tags, in which order, and how many.
#[derive(Clone, Debug)]
pub(crate) struct Tags {
    pub(crate) rule: TagRule,
    pub(crate) order: Order,
    pub(crate) limit: NonZeroU32,
    pub(crate) filter: CommitFilter,
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

impl Tags {
    /// Finds the best tags.
    pub(crate) fn discover(
        &self,
        session: &Session,
        previous: Option<&ObservedState>,
    ) -> Result<Outcome, ExchangeError> {
        let mut remote = session.connect()?;
        let (listed, mut judged) = list(&mut remote)?;
        let digest = digest(&listed)?;
        if previous.is_some_and(|previous| previous.digest == digest) {
            return Ok(Outcome::Unchanged);
        }

        let names = listed.iter().map(|tag| tag.name.as_str());
        let ranking = self.rule.rank(names, |name, why| judged.push(JudgedCandidate::rejected(name, why)));
        let ranked: Vec<&ListedTag> =
            ranking.into_sorted().iter().filter_map(|candidate| listed.get(candidate.position)).collect();
        let refs = observed_refs(&ranked);
        if ranked.is_empty() {
            self.sort(&mut judged);
            return Ok(Outcome::Found {
                commits: Vec::new(),
                judged,
                state: Some(ObservedState { digest, refs }),
            });
        }
        let contents = self.contents();
        let (commits, mut all) =
            session.with_store(contents, &mut remote, |remote, store, capabilities| {
                self.select(&ranked, &mut TagReader { session, remote, store, contents, capabilities })
            })?;
        all.append(&mut judged);
        self.sort(&mut all);
        let state = self.filter.rule.is_timeless().then_some(ObservedState { digest, refs });
        Ok(Outcome::Found { commits, judged: all, state })
    }

    /// Puts candidates into the order of the strategy. Where dates give it, those whose date was not read come last.
    fn sort(&self, judged: &mut [JudgedCandidate]) {
        match self.order {
            Order::Dates => judged
                .sort_by_cached_key(|judged| judged.detail.is_none().then(|| Reverse(judged.name.clone()))),
            Order::Bytes => judged.sort_by_cached_key(|judged| Reverse(judged.name.clone())),
            Order::Versions => {
                judged.sort_by_cached_key(|judged| {
                    (Reverse(Version::parse(&judged.name).ok()), Reverse(judged.name.clone()))
                });
            }
        }
    }

    fn contents(&self) -> Contents {
        if self.filter.paths().is_some() { Contents::TagChanges } else { Contents::Tags }
    }

    /// Selects up to the limit, best first.
    fn select(
        &self,
        ranked: &[&ListedTag],
        reader: &mut TagReader<'_>,
    ) -> Result<(Vec<Commit>, Vec<JudgedCandidate>), ExchangeError> {
        let limit = self.limit.get() as usize;
        let mut selected = Selected { limit, filter: &self.filter, commits: Vec::new(), judged: Vec::new() };
        if self.order == Order::Dates {
            let mut dated = Vec::new();
            for (tag, target) in ranked.iter().zip(reader.read(ranked)?) {
                match target {
                    TagTarget::Commit(tagged) => dated.push((*tag, tagged)),
                    TagTarget::Other(_) => selected.add(tag, target, reader)?,
                }
            }
            dated.sort_by_key(|(tag, tagged)| (Reverse(tagged.created_at.seconds), *tag));
            for (tag, tagged) in dated {
                selected.add(tag, TagTarget::Commit(tagged), reader)?;
            }
        } else {
            let mut rest = ranked;
            let mut size = limit;
            while !selected.is_full() && !rest.is_empty() {
                // Without filters exactly as many as are missing, or else more and more.
                if self.filter.accepts_all() {
                    size = limit - selected.commits.len();
                }
                let (batch, after) = rest.split_at(rest.len().min(size));
                rest = after;
                size = size.saturating_mul(2);
                for (tag, target) in batch.iter().zip(reader.read(batch)?) {
                    selected.add(tag, target, reader)?;
                }
            }
            let beyond =
                |tag: &&ListedTag| JudgedCandidate::rejected(&tag.name, Rejection::BeyondLimit { limit });
            selected.judged.extend(rest.iter().map(beyond));
        }
        Ok((selected.commits, selected.judged))
    }
}

/// The selected tags so far, best first.
struct Selected<'a> {
    limit: usize,
    filter: &'a CommitFilter,
    commits: Vec<Commit>,
    judged: Vec<JudgedCandidate>,
}

impl Selected<'_> {
    fn is_full(&self) -> bool {
        self.commits.len() >= self.limit
    }

    fn add(&mut self, tag: &ListedTag, target: TagTarget, reader: &TagReader<'_>) -> Result<(), Error> {
        let tagged = match target {
            TagTarget::Other(reason) => {
                let why = Rejection::Unreadable { reason: Arc::from(reason) };
                self.judged.push(JudgedCandidate::rejected(&tag.name, why));
                return Ok(());
            }
            TagTarget::Commit(tagged) => tagged,
        };
        let rejection = match self.is_full() {
            true => Some(Rejection::BeyondLimit { limit: self.limit }),
            false => self.judge(tag, &tagged, reader)?.err(),
        };
        let is_accepted = rejection.is_none();
        self.judged.push(JudgedCandidate::with_commit(&tag.name, &tagged.commit.commit, rejection));
        if is_accepted {
            let mut commit = tagged.commit.commit;
            commit.tag = Some(tag.name.clone());
            self.commits.push(commit);
        }
        Ok(())
    }

    /// The verdict of the expression, then of the paths.
    fn judge(
        &self,
        tag: &ListedTag,
        tagged: &TaggedCommit,
        reader: &TagReader<'_>,
    ) -> Result<Result<(), Rejection>, Error> {
        let verdict = self.filter.judge_tag(&tag.name, tagged)?.into_result();
        let (Ok(()), Some(paths)) = (&verdict, self.filter.paths()) else { return Ok(verdict) };
        let objects = reader.store.objects()?;
        let before = match tagged.commit.first_parent {
            None => None,
            Some(parent) => match find(&objects, parent, &mut Vec::new())? {
                Some(parent) => Some(parent.tree),
                None => return Ok(Err(without_parent(&tagged.commit))),
            },
        };
        let is_touched = touches(&objects, before, tagged.commit.tree, paths, &reader.session.interrupt)?;
        Ok(if is_touched { Ok(()) } else { Err(Rejection::NoMatchingPath) })
    }
}

/// All tags by name, and the verdict on names that are not valid.
fn list(remote: &mut Remote) -> Result<(Vec<ListedTag>, Vec<JudgedCandidate>), Error> {
    let (mut listed, mut judged) = (Vec::new(), Vec::new());
    for reference in &remote.list(&[PREFIX.to_owned()])? {
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
    Ok((listed, judged))
}

/// What Kargo records of the tags that passed the name filters.
fn observed_refs(ranked: &[&ListedTag]) -> Option<ObservedRefs> {
    let mut tags: Vec<_> = ranked.iter().map(|tag| (tag.name.clone(), tag.id.to_string())).collect();
    tags.sort_unstable();
    (tags.len() <= MOST_TAGS).then_some(ObservedRefs::Tags(tags))
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

/// Reads tags from the store, and fetches those that it does not have.
struct TagReader<'a> {
    session: &'a Session,
    remote: &'a mut Remote,
    store: &'a Store,
    contents: Contents,
    capabilities: FetchCapabilities,
}

impl TagReader<'_> {
    /// What each of these tags leads to.
    fn read(&mut self, tags: &[&ListedTag]) -> Result<Vec<TagTarget>, ExchangeError> {
        let mut targets = vec![None; tags.len()];
        // A commit that was fetched as the parent of another one is here without its own parent. So is a commit whose parent the
        // server does not have.
        let with_parent = self.contents == Contents::TagChanges;
        self.read_stored(tags, &mut targets, with_parent)?;
        // The filter leaves out a tagged tree that belongs to a commit of the same fetch. A second fetch, of the tree alone,
        // gets it. There is no third.
        for _ in 0..2 {
            let missing: BTreeSet<ObjectId> = tags
                .iter()
                .zip(&targets)
                .filter(|(_, target)| target.is_none())
                .map(|(tag, _)| tag.id)
                .collect();
            if missing.is_empty() {
                break;
            }
            self.fetch(missing)?;
            self.read_stored(tags, &mut targets, false)?;
        }
        let all = tags.iter().zip(targets).map(|(tag, target)| {
            target.ok_or_else(|| {
                let message = format!("the server did not send all of the tag {:?}", tag.name);
                Error::new(ErrorKind::BadAnswer, message).into()
            })
        });
        all.collect()
    }

    /// Fills in what the store has. With `with_parent`, a commit whose parent is missing counts as missing.
    fn read_stored(
        &self,
        tags: &[&ListedTag],
        targets: &mut [Option<TagTarget>],
        with_parent: bool,
    ) -> Result<(), Error> {
        let objects = self.store.objects()?;
        for (tag, target) in tags.iter().zip(targets).filter(|(_, target)| target.is_none()) {
            self.check_interrupt()?;
            *target = find_tag_target(&objects, tag.id)?.filter(|target| match target {
                TagTarget::Commit(tagged) if with_parent => {
                    tagged.commit.first_parent.is_none_or(|parent| objects.exists(&parent))
                }
                _ => true,
            });
        }
        Ok(())
    }

    fn fetch(&mut self, ids: BTreeSet<ObjectId>) -> Result<(), ExchangeError> {
        if self.remote.is_closed() {
            *self.remote = self.session.connect()?;
        }
        let depth = if self.contents == Contents::TagChanges { WITH_PARENT } else { NonZeroU32::MIN };
        let request = FetchRequest {
            tips: ids.into_iter().collect(),
            haves: Vec::new(),
            depth: self.capabilities.shallow.then_some(depth),
            filter: self.capabilities.filter,
        };
        self.remote.fetch(&request, self.store)
    }

    fn check_interrupt(&self) -> Result<(), Error> {
        if self.session.interrupt.is_stopped() { Err(self.session.interrupt.stopped_error()) } else { Ok(()) }
    }
}
