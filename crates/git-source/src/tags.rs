//! `SemVer`, `Lexical` and `NewestTag`: the best tags and the commits behind them (semantics rule 4.2).
//!
//! 1. Ask for all tags. If all of them stand where they stood, the answer is the same.
//! 2. Judge their names.
//! 3. Fetch the tags and commits that are needed to answer, one commit deep and without trees: the few
//!    best where the name gives the order, all that are left where their dates do.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use artifact_source::{Commit, Error, ErrorKind, Rejection};
use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::hash::Kind;
use gix::objs::Exists;
use selection_strategies::{TagRule, Version};

use crate::allowed::Allowed;
use crate::changes;
use crate::fault::Setback;
use crate::history;
use crate::name;
use crate::negotiate::{Contents, Wanted};
use crate::observed::{MOST_TAGS, ObservedRefs};
use crate::outcome::{Judged, Outcome, State};
use crate::remote::Remote;
use crate::sieve::{self, Sieve, Tagged};
use crate::site::Visit;
use crate::store::Store;
use crate::tag::{self, Behind};

const PREFIX: &str = "refs/tags/";

/// What a commit changes is known from the commit and its parent.
const WITH_PARENT: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

/// Which tags, in which order, and how many.
#[derive(Clone, Debug)]
pub(crate) struct Tags {
    pub(crate) rule: TagRule,
    pub(crate) order: Order,
    pub(crate) limit: NonZeroU32,
    pub(crate) sieve: Sieve,
    /// All of this in words.
    pub(crate) described: String,
}

/// What gives the order of tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The greatest semantic version first.
    Versions,
    /// The greatest by bytes first.
    Bytes,
    /// The newest first.
    Dates,
}

/// A tag as the server lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    name: String,
    /// The tag object of an annotated tag, or whatever else it points at.
    id: ObjectId,
}

impl Tags {
    /// Finds the best tags.
    pub(crate) fn discover(&self, visit: &Visit, previous: Option<&State>) -> Result<Outcome, Setback> {
        let mut remote = visit.greet()?;
        let (listed, mut judged) = list(&mut remote)?;
        let seen = digest(&listed)?;
        if previous.is_some_and(|previous| previous.seen == seen) {
            return Ok(Outcome::Unchanged);
        }

        let names = listed.iter().map(|tag| tag.name.as_str());
        let ranking = self.rule.rank(names, |name, why| judged.push(Judged::rejected(name, why)));
        let ranked: Vec<&Listed> =
            ranking.into_sorted().iter().filter_map(|candidate| listed.get(candidate.position)).collect();
        let refs = observed(&ranked);
        if ranked.is_empty() {
            self.sort(&mut judged);
            return Ok(Outcome::Found { commits: Vec::new(), judged, state: Some(State { seen, refs }) });
        }
        let (commits, mut chosen) =
            visit.with_store(self.contents(), &mut remote, |remote, store, allowed| {
                self.choose(&ranked, &mut Shelf { visit, remote, store, contents: self.contents(), allowed })
            })?;
        chosen.append(&mut judged);
        self.sort(&mut chosen);
        let state = self.sieve.is_timeless().then_some(State { seen, refs });
        Ok(Outcome::Found { commits, judged: chosen, state })
    }

    /// Puts candidates into the order of the strategy. Where dates give it, those whose date nobody asked for come last.
    fn sort(&self, judged: &mut [Judged]) {
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
        if self.sieve.paths.is_some() { Contents::TagChanges } else { Contents::Tags }
    }

    /// Takes as many as are wanted, best first.
    fn choose(
        &self,
        ranked: &[&Listed],
        shelf: &mut Shelf<'_>,
    ) -> Result<(Vec<Commit>, Vec<Judged>), Setback> {
        let limit = self.limit.get() as usize;
        let mut chosen = Chosen { limit, sieve: &self.sieve, commits: Vec::new(), judged: Vec::new() };
        if self.order == Order::Dates {
            let mut dated = Vec::new();
            for (tag, behind) in ranked.iter().zip(shelf.read(ranked)?) {
                match behind {
                    Behind::Commit(tagged) => dated.push((*tag, tagged)),
                    Behind::Other(_) => chosen.take(tag, behind, shelf)?,
                }
            }
            dated.sort_by_key(|(tag, tagged)| (Reverse(tagged.created_at.seconds), *tag));
            for (tag, tagged) in dated {
                chosen.take(tag, Behind::Commit(tagged), shelf)?;
            }
        } else {
            let mut rest = ranked;
            let mut size = limit;
            while !chosen.is_full() && !rest.is_empty() {
                // Without filters exactly as many as are wanted, or else more and more.
                if self.sieve.is_open() {
                    size = limit - chosen.commits.len();
                }
                let (batch, after) = rest.split_at(rest.len().min(size));
                rest = after;
                size = size.saturating_mul(2);
                for (tag, behind) in batch.iter().zip(shelf.read(batch)?) {
                    chosen.take(tag, behind, shelf)?;
                }
            }
            let beyond = |tag: &&Listed| Judged::rejected(&tag.name, Rejection::BeyondLimit { limit });
            chosen.judged.extend(rest.iter().map(beyond));
        }
        Ok((chosen.commits, chosen.judged))
    }
}

/// What was chosen so far, best first.
struct Chosen<'a> {
    limit: usize,
    sieve: &'a Sieve,
    commits: Vec<Commit>,
    judged: Vec<Judged>,
}

impl Chosen<'_> {
    fn is_full(&self) -> bool {
        self.commits.len() >= self.limit
    }

    fn take(&mut self, tag: &Listed, behind: Behind, shelf: &Shelf<'_>) -> Result<(), Error> {
        let tagged = match behind {
            Behind::Other(what) => {
                let why = Rejection::Unreadable { reason: Arc::from(what) };
                self.judged.push(Judged::rejected(&tag.name, why));
                return Ok(());
            }
            Behind::Commit(tagged) => tagged,
        };
        let rejection = match self.is_full() {
            true => Some(Rejection::BeyondLimit { limit: self.limit }),
            false => self.judge(tag, &tagged, shelf)?.err(),
        };
        let is_taken = rejection.is_none();
        self.judged.push(Judged::of(&tag.name, &tagged.commit.commit, rejection));
        if is_taken {
            let mut commit = tagged.commit.commit;
            commit.tag = Some(tag.name.clone());
            self.commits.push(commit);
        }
        Ok(())
    }

    /// Asks the expression, then the paths.
    fn judge(
        &self,
        tag: &Listed,
        tagged: &Tagged,
        shelf: &Shelf<'_>,
    ) -> Result<Result<(), Rejection>, Error> {
        let verdict = self.sieve.judge_tag(&tag.name, tagged)?.into_result();
        let (Ok(()), Some(paths)) = (&verdict, &self.sieve.paths) else { return Ok(verdict) };
        let objects = shelf.store.objects()?;
        let before = match tagged.commit.first_parent {
            None => None,
            Some(parent) => match history::find(&objects, parent, &mut Vec::new())? {
                Some(parent) => Some(parent.tree),
                None => return Ok(Err(sieve::without_parent(&tagged.commit))),
            },
        };
        let touches = changes::touches(&objects, before, tagged.commit.tree, paths, &shelf.visit.watch)?;
        Ok(if touches { Ok(()) } else { Err(Rejection::NoMatchingPath) })
    }
}

/// All tags by name, and those that are none.
fn list(remote: &mut Remote) -> Result<(Vec<Listed>, Vec<Judged>), Error> {
    let (mut listed, mut judged) = (Vec::new(), Vec::new());
    for reference in &remote.list(&[PREFIX.to_owned()])? {
        let (full, Some(id), _) = reference.unpack() else { continue };
        let Some(name) = full.strip_prefix(PREFIX.as_bytes()) else { continue };
        let reason = match name.to_str() {
            Ok(name) if name::is_allowed(full) => {
                listed.push(Listed { name: name.to_owned(), id: id.to_owned() });
                continue;
            }
            Ok(_) => "Git allows no tag of this name",
            Err(_) => "the name of the tag is not UTF-8",
        };
        // A tag without a name is shown by the name of its reference.
        let shown = if name.is_empty() { full } else { name.as_bstr() };
        let why = Rejection::Unreadable { reason: Arc::from(reason) };
        judged.push(Judged::rejected(shown.to_str_lossy(), why));
    }
    listed.sort();
    Ok((listed, judged))
}

/// What Kargo records of the tags that passed the name filters.
fn observed(ranked: &[&Listed]) -> Option<ObservedRefs> {
    let mut tags: Vec<_> = ranked.iter().map(|tag| (tag.name.clone(), tag.id.to_string())).collect();
    tags.sort_unstable();
    (tags.len() <= MOST_TAGS).then_some(ObservedRefs::Tags(tags))
}

/// A name for all tags and what they point at.
fn digest(listed: &[Listed]) -> Result<String, Error> {
    let mut hasher = gix::hash::hasher(Kind::Sha1);
    for Listed { name, id } in listed {
        hasher.update(name.as_bytes());
        hasher.update(b"\0");
        hasher.update(id.as_bytes());
    }
    let digest = hasher.try_finalize();
    digest
        .map(|id| id.to_string())
        .map_err(|_| Error::new(ErrorKind::BadAnswer, "the list of tags is a known attack on its digest"))
}

/// A store, and where to get what it does not have.
struct Shelf<'a> {
    visit: &'a Visit,
    remote: &'a mut Remote,
    store: &'a Store,
    contents: Contents,
    allowed: Allowed,
}

impl Shelf<'_> {
    /// What stands behind each of these tags.
    fn read(&mut self, tags: &[&Listed]) -> Result<Vec<Behind>, Setback> {
        let mut behind = vec![None; tags.len()];
        // A commit that came as the parent of another one is here without its own parent, and a commit whose parent the server
        // does not have stays so.
        let with_parent = self.contents == Contents::TagChanges;
        self.look(tags, &mut behind, with_parent)?;
        // A tree that is tagged, and belongs to a commit that is wanted as well, falls to the filter:
        // it comes when it is asked for alone. So there may be a second fetch, never a third.
        for _ in 0..2 {
            let missing: BTreeSet<ObjectId> = tags
                .iter()
                .zip(&behind)
                .filter(|(_, behind)| behind.is_none())
                .map(|(tag, _)| tag.id)
                .collect();
            if missing.is_empty() {
                break;
            }
            self.fetch(missing)?;
            self.look(tags, &mut behind, false)?;
        }
        let all = tags.iter().zip(behind).map(|(tag, behind)| {
            behind.ok_or_else(|| {
                let message = format!("the server did not send all of the tag {:?}", tag.name);
                Error::new(ErrorKind::BadAnswer, message).into()
            })
        });
        all.collect()
    }

    /// Fills in what the store knows, of a commit only with its parent if so wanted.
    fn look(&self, tags: &[&Listed], behind: &mut [Option<Behind>], with_parent: bool) -> Result<(), Error> {
        let objects = self.store.objects()?;
        for (tag, behind) in tags.iter().zip(behind).filter(|(_, behind)| behind.is_none()) {
            self.check()?;
            *behind = tag::read(&objects, tag.id)?.filter(|behind| match behind {
                Behind::Commit(tagged) if with_parent => {
                    tagged.commit.first_parent.is_none_or(|parent| objects.exists(&parent))
                }
                _ => true,
            });
        }
        Ok(())
    }

    fn fetch(&mut self, ids: BTreeSet<ObjectId>) -> Result<(), Setback> {
        if self.remote.is_spent() {
            *self.remote = self.visit.greet()?;
        }
        let depth = if self.contents == Contents::TagChanges { WITH_PARENT } else { NonZeroU32::MIN };
        let wanted = Wanted {
            tips: ids.into_iter().collect(),
            haves: Vec::new(),
            depth: self.allowed.shallow.then_some(depth),
            filter: self.allowed.filter,
        };
        self.remote.fetch(&wanted, self.store)
    }

    fn check(&self) -> Result<(), Error> {
        if self.visit.watch.is_stopped() { Err(self.visit.watch.stopped_error()) } else { Ok(()) }
    }
}
