//! What questions need, fetched in as few requests as can be.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::num::NonZeroU32;

use artifact_source::{Error, ErrorKind};
use gix::ObjectId;

use super::branch::{DEEPEST, haves};
use super::changes::{MissingTrees, has_levels};
use super::fallback::Stopped;
use super::reader::{FetchedTags, Needs};
use crate::repository::{FetchCapabilities, FetchRequest, PackFilter, Remote, Session, Store};
use crate::transport::ExchangeError;

/// With fewer tags than this, the parents of all tags are fetched where those of some are needed. That spares a request.
const FEW_TAGS: usize = 200;

/// With more trees of whole commits than this, they are fetched for themselves.
const FEW_ROOTS: usize = 300;

/// The changes of a commit follow from the commit and its parent.
const WITH_PARENT: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

/// Whether Git says that it bars `tree:N` whatever the number.
fn bars_all_trees(error: &Error) -> bool {
    error.message().contains("filter 'tree' not supported")
}

/// Fetches what is needed, in as few requests as can be.
pub(super) struct Fetcher<'a> {
    pub(super) session: &'a Session,
    pub(super) remote: &'a mut Remote,
    pub(super) store: &'a Store,
    pub(super) capabilities: FetchCapabilities,
    pub(super) fetched: &'a FetchedTags,
    /// Whether some levels of the trees of commits were asked for.
    pub(super) with_levels: &'a Cell<bool>,
}

impl Fetcher<'_> {
    pub(super) fn fetch(&mut self, needs: Needs) -> Result<(), Stopped> {
        let Needs { histories, tags, tags_with_parents, trees, levels, levels_of_tags } = needs;
        if let Some(depth) = histories.values().max() {
            let depth = NonZeroU32::new((*depth).min(DEEPEST));
            let (haves, levels) = self.haves(levels)?;
            // The trees of these commits may be needed, or more commits. Tags and other trees can wait for that request.
            let request = FetchRequest {
                wants: histories.into_keys().collect(),
                haves,
                depth: depth.filter(|_| self.capabilities.shallow),
                filter: self.capabilities.filter,
                levels,
                is_history: true,
            };
            let may_lack_trees = levels > 0 && !request.haves.is_empty();
            return match self.request(&request) {
                // A history may begin at a commit before those that were named, and its trees may build on those of that commit.
                Err(Stopped::Exchange(ExchangeError::MissingBase(_))) if may_lack_trees => {
                    self.request(&FetchRequest { levels: 0, ..request })
                }
                done => done,
            };
        }
        let levels = if self.capabilities.levels { levels_of_tags } else { 0 };
        if tags.len() > FEW_TAGS && !tags_with_parents.is_empty() {
            self.objects(tags, NonZeroU32::MIN, 0, trees)?;
            return self.objects(tags_with_parents, WITH_PARENT, levels, MissingTrees::default());
        }
        let depth = if tags_with_parents.is_empty() { NonZeroU32::MIN } else { WITH_PARENT };
        self.objects(tags.into_iter().chain(tags_with_parents).collect(), depth, levels, trees)
    }

    /// The commits that the server is told of, and how many levels of trees it may send with others. A server leaves out a tree of a commit that it was
    /// told of, and what it sends may build on it. So those are named whose levels are here, if there are any, or else commits come alone.
    fn haves(&self, levels: u8) -> Result<(Vec<ObjectId>, u8), Error> {
        let objects = self.store.objects()?;
        let haves = haves(self.store, &objects)?;
        if haves.is_empty() || levels == 0 || !self.capabilities.levels {
            return Ok((haves, if self.capabilities.levels { levels } else { 0 }));
        }
        let mut complete = Vec::new();
        for id in &haves {
            if has_levels(&objects, *id, levels)? {
                complete.push(*id);
            }
        }
        Ok(if complete.is_empty() { (haves, 0) } else { (complete, levels) })
    }

    /// Fetches tags and trees. Nothing is said about what is here: a server that was told of a commit would leave its trees out.
    fn objects(
        &mut self,
        tags: BTreeSet<ObjectId>,
        depth: NonZeroU32,
        levels: u8,
        trees: MissingTrees,
    ) -> Result<(), Stopped> {
        if tags.is_empty() && trees.is_empty() {
            return Ok(());
        }
        let MissingTrees { roots, folders, .. } = trees;
        // Folders come with all that is in them, as it is known that they changed and may hold a path that is selected. Of the trees of whole commits only
        // they themselves come, but for a few that need no request of their own.
        let is_deep = tags.is_empty() && !folders.is_empty();
        if is_deep && roots.len() > FEW_ROOTS {
            let (roots, folders) = (
                MissingTrees { roots, ..MissingTrees::default() },
                MissingTrees { folders, ..MissingTrees::default() },
            );
            self.objects(BTreeSet::new(), depth, 0, roots)?;
            return self.objects(BTreeSet::new(), depth, 0, folders);
        }
        let trees: BTreeSet<ObjectId> = roots.into_iter().chain(folders).collect();
        let (has_tags, wants_trees) = (!tags.is_empty(), !trees.is_empty());
        self.fetched.add(&tags, depth == WITH_PARENT);
        let request = FetchRequest {
            depth: (self.capabilities.shallow && !tags.is_empty()).then_some(depth),
            wants: tags.into_iter().chain(trees.iter().copied()).collect(),
            haves: Vec::new(),
            filter: if is_deep {
                self.capabilities.filter.max(PackFilter::Blobs)
            } else {
                self.capabilities.filter
            },
            levels,
            is_history: false,
        };
        match self.request(&request) {
            // The tags were listed a moment ago. More probably it does not let a tree be named.
            Err(Stopped::Exchange(ExchangeError::ReferenceMoved(error))) if wants_trees => {
                Err(Stopped::NoTrees(error))
            }
            // Git leaves out a tree that belongs to a commit of the same fetch. The next one brings it.
            Ok(()) if wants_trees && !has_tags => {
                let objects = self.store.objects()?;
                match trees.iter().find(|id| !objects.contains(id)) {
                    Some(id) => Err(Stopped::NoTrees(Error::new(
                        ErrorKind::BadAnswer,
                        format!("the server did not send tree {id}"),
                    ))),
                    None => Ok(()),
                }
            }
            done => done,
        }
    }

    fn request(&mut self, request: &FetchRequest) -> Result<(), Stopped> {
        if self.remote.is_closed() {
            *self.remote = self.session.connect()?;
        }
        let with_levels = request.filter == PackFilter::Trees && request.levels > 0;
        self.with_levels.set(self.with_levels.get() || with_levels);
        self.remote.fetch(request, self.store).map_err(|error| match error {
            ExchangeError::FilterRefused(error) if with_levels && !bars_all_trees(&error) => {
                Stopped::NoLevels
            }
            error => error.into(),
        })
    }
}
