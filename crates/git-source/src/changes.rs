//! Which paths a commit changes (semantics rule 4.3).
//!
//! Two trees are compared entry by entry; what is equal is not looked into. No file is read, no rename
//! is guessed, and the search ends at the first path that is selected.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use artifact_source::{Error, ErrorKind};
use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteVec};
use gix::diff::tree::{self, Error as DiffError, State, Visit};
use gix::objs::{FindExt, TreeRefIter};
use gix::odb::Handle;
use selection_strategies::path::PathSelectors;

use crate::fault::corrupt;
use crate::watch::Watch;

/// A commit that changes more entries than this is not looked through. A few small trees that hold each
/// other many times over can stand for more paths than a computer can count.
const MOST_CHANGES: usize = 4_000_000;

/// Whether a change from one tree (or from nothing) to another touches a path that is selected.
pub(crate) fn touches(
    objects: &Handle,
    from: Option<ObjectId>,
    to: ObjectId,
    selectors: &PathSelectors,
    watch: &Watch,
) -> Result<bool, Error> {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    let before = match from {
        Some(from) => objects.find_tree_iter(&from, &mut old).map_err(corrupt(from))?,
        None => TreeRefIter::from_bytes(&[], to.kind()),
    };
    let after = objects.find_tree_iter(&to, &mut new).map_err(corrupt(to))?;
    let mut search =
        Search { selectors, watch, path: BString::default(), queue: VecDeque::new(), seen: 0, found: false };
    match gix::diff::tree(before, after, State::default(), objects, &mut search) {
        Ok(()) => Ok(false),
        Err(DiffError::Cancelled) if search.found => Ok(true),
        Err(DiffError::Cancelled) if watch.is_stopped() => Err(watch.stopped_error()),
        Err(DiffError::Cancelled) => {
            Err(Error::new(ErrorKind::TooLarge, format!("a commit changes more than {MOST_CHANGES} paths")))
        }
        Err(DiffError::Failure(error)) => Err(corrupt(to)(error)),
    }
}

/// Looks for a selected path among the changes, which come breadth first.
struct Search<'a> {
    selectors: &'a PathSelectors,
    watch: &'a Watch,
    path: BString,
    queue: VecDeque<BString>,
    seen: usize,
    found: bool,
}

impl Visit for Search<'_> {
    fn pop_front_tracked_path_and_set_current(&mut self) {
        self.path = self.queue.pop_front().unwrap_or_default();
    }

    fn push_back_tracked_path_component(&mut self, component: &BStr) {
        self.push_path_component(component);
        self.queue.push_back(self.path.clone());
    }

    fn push_path_component(&mut self, component: &BStr) {
        if !self.path.is_empty() {
            self.path.push_byte(b'/');
        }
        self.path.push_str(component);
    }

    fn pop_path_component(&mut self) {
        let end = self.path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        self.path.truncate(end);
    }

    fn visit(&mut self, change: tree::visit::Change) -> tree::visit::Action {
        self.seen += 1;
        if self.seen > MOST_CHANGES || (self.seen.is_multiple_of(1024) && self.watch.is_stopped()) {
            return ControlFlow::Break(());
        }
        if !change.entry_mode().is_tree() && self.selectors.judge(&*self.path).is_included() {
            self.found = true;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}
