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
use selection_strategies::TagRule;

use crate::changes;
use crate::history;
use crate::negotiate::{Contents, Wanted};
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
    /// Whether dates give the order, and not the names.
    pub(crate) by_date: bool,
    pub(crate) limit: NonZeroU32,
    pub(crate) sieve: Sieve,
    /// All of this in words.
    pub(crate) described: String,
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
    pub(crate) fn discover(&self, visit: &Visit, previous: Option<&State>) -> Result<Outcome, Error> {
        let mut remote = visit.greet()?;
        let listed = list(&mut remote)?;
        let state = State { seen: digest(&listed)? };
        if previous == Some(&state) {
            return Ok(Outcome::Unchanged);
        }

        let mut judged = Vec::new();
        let names = listed.iter().map(|tag| tag.name.as_str());
        let ranking = self.rule.rank(names, |name, why| judged.push(Judged::rejected(name, why)));
        let ranked: Vec<&Listed> =
            ranking.into_sorted().iter().filter_map(|candidate| listed.get(candidate.position)).collect();
        if ranked.is_empty() {
            return Ok(Outcome::Found { commits: Vec::new(), judged, state: Some(state) });
        }
        let store = visit.store(self.contents())?;
        let warm = !store.is_empty();
        let mut shelf = Shelf { visit, remote, store, contents: self.contents() };
        let (commits, chosen) = match self.choose(&ranked, &mut shelf) {
            // What is in the store may be the reason, and nothing is lost with it.
            Err(error) if warm && matches!(error.kind(), ErrorKind::Cache | ErrorKind::BadAnswer) => {
                shelf.store.clear().map_err(|_| error)?;
                shelf.remote = visit.greet()?;
                self.choose(&ranked, &mut shelf)?
            }
            chosen => chosen?,
        };
        judged.extend(chosen);
        Ok(Outcome::Found { commits, judged, state: self.sieve.is_timeless().then_some(state) })
    }

    fn contents(&self) -> Contents {
        if self.sieve.paths.is_some() { Contents::TagChanges } else { Contents::Tags }
    }

    /// Takes as many as are wanted, best first.
    fn choose(&self, ranked: &[&Listed], shelf: &mut Shelf<'_>) -> Result<(Vec<Commit>, Vec<Judged>), Error> {
        let limit = self.limit.get() as usize;
        let mut chosen = Chosen { limit, sieve: &self.sieve, commits: Vec::new(), judged: Vec::new() };
        if self.by_date {
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
        let verdict = match behind {
            Behind::Other(what) => Err(Rejection::Unreadable { reason: Arc::from(what) }),
            Behind::Commit(_) if self.is_full() => Err(Rejection::BeyondLimit { limit: self.limit }),
            Behind::Commit(tagged) => self.judge(tag, &tagged, shelf)?.map(|()| tagged),
        };
        self.judged.push(match verdict {
            Ok(tagged) => {
                let mut commit = tagged.commit.commit;
                commit.tag = Some(tag.name.clone());
                let judged = Judged::accepted(&tag.name, &commit);
                self.commits.push(commit);
                judged
            }
            Err(why) => Judged::rejected(&tag.name, why),
        });
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

/// All tags, by name.
fn list(remote: &mut Remote) -> Result<Vec<Listed>, Error> {
    let mut listed: Vec<Listed> = remote
        .list(&[PREFIX.to_owned()])?
        .iter()
        .filter_map(|reference| {
            let (name, id, _) = reference.unpack();
            let name = name.strip_prefix(PREFIX.as_bytes())?.to_str_lossy().into_owned();
            Some(Listed { name, id: id?.to_owned() })
        })
        .collect();
    listed.sort();
    Ok(listed)
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
    remote: Remote,
    store: Store,
    contents: Contents,
}

impl Shelf<'_> {
    /// What stands behind each of these tags.
    fn read(&mut self, tags: &[&Listed]) -> Result<Vec<Behind>, Error> {
        let mut behind = vec![None; tags.len()];
        self.look(tags, &mut behind)?;
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
            self.look(tags, &mut behind)?;
        }
        let all = tags.iter().zip(behind).map(|(tag, behind)| {
            behind.ok_or_else(|| {
                let message = format!("the server did not send all of the tag {:?}", tag.name);
                Error::new(ErrorKind::BadAnswer, message)
            })
        });
        all.collect()
    }

    /// Fills in what the store knows.
    fn look(&self, tags: &[&Listed], behind: &mut [Option<Behind>]) -> Result<(), Error> {
        let objects = self.store.objects()?;
        for (tag, behind) in tags.iter().zip(behind).filter(|(_, behind)| behind.is_none()) {
            self.check()?;
            *behind = tag::read(&objects, tag.id)?;
        }
        Ok(())
    }

    fn fetch(&mut self, ids: BTreeSet<ObjectId>) -> Result<(), Error> {
        if self.remote.is_spent() {
            self.remote = self.visit.greet()?;
        }
        let wanted = Wanted {
            tips: ids.into_iter().collect(),
            haves: Vec::new(),
            depth: if self.contents == Contents::TagChanges { WITH_PARENT } else { NonZeroU32::MIN },
            contents: self.contents,
        };
        self.remote.fetch(&wanted, &self.store)
    }

    fn check(&self) -> Result<(), Error> {
        if self.visit.watch.is_stopped() { Err(self.visit.watch.stopped_error()) } else { Ok(()) }
    }
}
