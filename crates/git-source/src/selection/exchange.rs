//! The questions of several subscriptions to one repository, answered in one exchange with its server.
//!
//! The server is greeted once. It lists the references that any of them asks for. Each subscription then says what it needs before it can answer:
//! histories, tags, trees. What all of them need is fetched together, until every one has its answer:
//!
//! 1. the histories of branches, as deep as the deepest is needed: commits, and where paths matter their root trees and the folders in those, as far as
//!    selectors have names for them; again with more commits, where those are too few;
//! 2. tags with their commits, and the same trees of those;
//! 3. the folders that changed and may hold a path that is selected, each by its id, with the folders in them.
//!
//! A server that bars such filters sends commits alone, and then root trees by their ids. One that does not send a tree by its id sends the trees of all
//! commits with the commits.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use artifact_source::{Clock, Error, ErrorKind, Warning, lock};
use commit_rule::{CommitRule, CommitSelectionStrategy};
use gix::ObjectId;
use tokio::sync::oneshot;

use crate::observation::ObservedState;
use crate::repository::{FetchCapabilities, FetchRequest, PackFilter, References, Remote, Session, Store};
use crate::selection::branch::{
    Branch, BranchPlan, DEEPEST, Tip, haves, prefixes_for_missing, resolve_missing,
};
use crate::selection::changes::{MissingTrees, has_levels};
use crate::selection::filter::CommitFilter;
use crate::selection::outcome::Outcome;
use crate::selection::reader::{FetchedTags, Needs, ReadCache, Reader};
use crate::selection::tags::{self, Order, Tags, TagsPlan};
use crate::transport::{ExchangeError, Interrupt};

/// With fewer tags than this, the parents of all tags are fetched where those of some are needed. That spares a request.
const FEW_TAGS: usize = 200;

/// With more trees of whole commits than this, they are fetched for themselves.
const FEW_ROOTS: usize = 300;

/// The changes of a commit follow from the commit and its parent.
const WITH_PARENT: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

/// Whether a server may have failed at what a request leaves out or cuts off, without saying so: an empty answer, or one of the statuses that
/// servers write for a program that ended.
fn may_be_due_to_the_request(error: &Error) -> bool {
    matches!(error.status(), Some(200 | 400 | 403 | 500 | 501))
}

/// Whether a server may have failed since it is not what it was when it was greeted: it redirects, it has another program or no protocol 2, or the
/// repository was made anew with another hash. Servers say that in many ways, and some break off.
fn may_be_due_to_the_greeting(error: &Error) -> bool {
    !matches!(error.kind(), ErrorKind::Unauthorized | ErrorKind::RateLimited | ErrorKind::Refused)
}

/// Whether Git says that it bars `tree:N` whatever the number.
fn bars_all_trees(error: &Error) -> bool {
    error.message().contains("filter 'tree' not supported")
}

/// A way to find commits.
#[derive(Clone, Debug)]
pub(crate) enum Selection {
    /// Along a branch.
    Branch(Box<Branch>),
    /// By tags.
    Tags(Box<Tags>),
}

impl Selection {
    /// The work that finds the commits of a rule. `base` is the tag that others are compared with.
    pub(crate) fn new(
        rule: &CommitRule,
        limit: NonZeroU32,
        clock: Arc<dyn Clock>,
        base: Option<String>,
    ) -> Self {
        let filter = CommitFilter::new(rule.clone(), clock);
        let order = match rule.strategy() {
            CommitSelectionStrategy::SemVer => Order::Versions,
            CommitSelectionStrategy::Lexical => Order::Bytes,
            CommitSelectionStrategy::NewestTag | CommitSelectionStrategy::NewestFromBranch => Order::Dates,
        };
        match rule.tag_rule() {
            Some(tags) => Self::Tags(Box::new(Tags { rule: tags.clone(), order, limit, filter, base })),
            None => {
                let name = rule.branch().map(str::to_owned);
                Self::Branch(Box::new(Branch { name, limit, filter }))
            }
        }
    }

    fn has_paths(&self) -> bool {
        match self {
            Self::Branch(branch) => branch.filter.paths().is_some(),
            Self::Tags(tags) => tags.filter.paths().is_some(),
        }
    }
}

/// What one subscription asks.
pub(crate) struct Question {
    pub(crate) selection: Arc<Selection>,
    pub(crate) previous: Option<ObservedState>,
    /// Whether the exchange counts on its meter.
    pays: bool,
    reply: RefCell<Option<oneshot::Sender<Answer>>>,
}

impl Question {
    /// A question, and where its answer will come.
    pub(crate) fn new(
        selection: Arc<Selection>,
        previous: Option<ObservedState>,
        pays: bool,
    ) -> (Self, oneshot::Receiver<Answer>) {
        let (reply, answer) = oneshot::channel();
        (Self { selection, previous, pays, reply: RefCell::new(Some(reply)) }, answer)
    }

    /// Whether it has no answer yet, and somebody waits for one.
    fn is_open(&self) -> bool {
        self.reply.borrow().as_ref().is_some_and(|reply| !reply.is_closed())
    }

    /// Sends its answer, if somebody waits for it.
    fn answer(&self, session: &Session, outcome: Result<Outcome, Error>, warning: Option<Warning>) {
        if let Some(reply) = self.reply.borrow_mut().take() {
            let mut warnings = lock(&session.warnings).clone();
            warnings.extend(warning);
            let _ = reply.send(Answer { outcome, warnings });
        }
    }
}

/// The answer to one question.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) outcome: Result<Outcome, Error>,
    /// What the caller is told.
    pub(crate) warnings: Vec<Warning>,
}

/// Answers all questions. An exchange that fails for a transient reason starts again, as often as the HTTP client repeats a single
/// request, unless the client has done so already.
pub(crate) fn answer_all(session: &Session, questions: &[Question]) {
    let started = Instant::now();
    let (mut tries, mut has_moved) = (1, false);
    loop {
        let error = match (Exchange { session }).run(questions) {
            Ok(()) => return,
            // A reference moved between two requests: once more at once.
            Err(ExchangeError::ReferenceMoved(_)) if !has_moved => {
                has_moved = true;
                continue;
            }
            Err(ExchangeError::ReferenceMoved(error)) => error.with_tries(2, started.elapsed()),
            Err(error) => error.into(),
        };
        // How long a connection to a private address was tried would tell what its error does not.
        let http = &session.repository.options.http;
        let is_hidden = error.kind() == ErrorKind::Unreachable && !http.egress().explains_private_failures();
        let is_worth_it =
            error.is_transient() && error.tries() == 1 && error.retry_after().is_none() && !is_hidden;
        let pause = http.pause_after(tries).filter(|_| is_worth_it);
        if !pause.is_some_and(|pause| session.interrupt.sleep(pause)) {
            let error =
                if tries > 1 && is_worth_it { error.with_tries(tries, started.elapsed()) } else { error };
            for question in questions {
                question.answer(session, Err(error.clone()), None);
            }
            return;
        }
        tries += 1;
    }
}

/// A question on the way to its answer.
struct Open<'a> {
    question: &'a Question,
    plan: Plan<'a>,
    warning: Option<Warning>,
}

/// A question with its answer.
struct Answered<'a> {
    question: &'a Question,
    outcome: Result<Outcome, Error>,
    warning: Option<Warning>,
}

impl Answered<'_> {
    fn send(self, session: &Session) {
        self.question.answer(session, self.outcome, self.warning);
    }
}

/// How far a question has come.
enum Advanced<'a> {
    /// To its answer.
    Answered(Answered<'a>),
    /// It needs something.
    Open(Open<'a>),
    /// Nobody waits for it any more.
    Left,
}

enum Plan<'a> {
    Branch(BranchPlan<'a>),
    Tags(TagsPlan<'a>),
    Answered(Result<Outcome, Error>),
}

impl<'a> Plan<'a> {
    fn of_tags(
        tags: &'a Tags,
        listed: &References,
        previous: Option<&ObservedState>,
        interrupt: &Interrupt,
    ) -> Self {
        match tags.plan(listed, previous, interrupt) {
            Ok(Some(plan)) => Self::Tags(plan),
            Ok(None) => Self::Answered(Ok(Outcome::Unchanged)),
            Err(error) => Self::Answered(Err(error)),
        }
    }

    fn of_branch(branch: &'a Branch, tip: Option<Tip>, previous: Option<&ObservedState>) -> Self {
        match tip {
            None => {
                Self::Answered(Ok(Outcome::Found { commits: Vec::new(), judged: Vec::new(), state: None }))
            }
            Some(tip) => match branch.plan(tip, previous) {
                Some(plan) => Self::Branch(plan),
                None => Self::Answered(Ok(Outcome::Unchanged)),
            },
        }
    }

    /// Goes on as far as the store reaches. Returns what it needs to go further.
    fn advance(&mut self, reader: &Reader<'_>) -> Result<Needs, Error> {
        let needs = match self {
            Self::Branch(plan) => plan.advance(reader)?,
            Self::Tags(plan) => plan.advance(reader)?,
            Self::Answered(_) => return Ok(Needs::default()),
        };
        Ok(match needs {
            Some(needs) => needs,
            None => {
                let done = Self::Answered(Ok(Outcome::Unchanged));
                *self = Self::Answered(Ok(match std::mem::replace(self, done) {
                    Self::Branch(plan) => plan.finish(),
                    Self::Tags(plan) => plan.finish(),
                    Self::Answered(_) => Outcome::Unchanged,
                }));
                Needs::default()
            }
        })
    }
}

/// Why an attempt ended without all answers.
enum Stopped {
    /// The exchange failed.
    Exchange(ExchangeError),
    /// What the store holds may be why.
    Store(Error),
    /// The server does not send trees by their ids.
    NoTrees(Error),
    /// The server does not send some levels of trees with commits.
    NoLevels,
}

impl Stopped {
    /// Whether the server may have refused the request, and may answer another one.
    fn is_refusal(&self) -> bool {
        match self {
            Self::NoTrees(_) | Self::NoLevels => true,
            Self::Exchange(ExchangeError::FilterRefused(_) | ExchangeError::ShallowRefused(_)) => true,
            Self::Exchange(ExchangeError::Other(error)) => may_be_due_to_the_request(error),
            Self::Exchange(ExchangeError::ReferenceMoved(_) | ExchangeError::MissingBase(_))
            | Self::Store(_) => false,
        }
    }
}

impl From<ExchangeError> for Stopped {
    fn from(error: ExchangeError) -> Self {
        Self::Exchange(error)
    }
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Cache => Self::Store(error),
            _ => Self::Exchange(error.into()),
        }
    }
}

/// One exchange with the server.
struct Exchange<'a> {
    session: &'a Session,
}

impl Exchange<'_> {
    fn run(&self, questions: &[Question]) -> Result<(), ExchangeError> {
        self.session.interrupt.forget_memory();
        let open: Vec<&Question> = questions.iter().filter(|question| question.is_open()).collect();
        let prefixes: BTreeSet<String> = open
            .iter()
            .map(|question| match &*question.selection {
                Selection::Branch(branch) => branch.reference(),
                Selection::Tags(_) => tags::prefix(),
            })
            .collect();
        let (mut remote, listed) = self.begin(prefixes)?;
        let missing = open.iter().filter_map(|question| match &*question.selection {
            Selection::Branch(branch) if listed.target(&branch.reference()).is_none() => {
                Some(prefixes_for_missing(branch))
            }
            _ => None,
        });
        let others = list(&mut remote, missing.flatten().collect())?;
        let interrupt: &Interrupt = &self.session.interrupt;
        let plan_all = || {
            let waiting = open.iter().filter(|question| question.is_open());
            waiting.map(|question| plan(question, &listed, &others, interrupt))
        };
        let open: Vec<Open<'_>> = plan_all().filter_map(|open| self.finish_by_list(open)).collect();
        if open.is_empty() { Ok(()) } else { self.with_store(&mut remote, open, &|| plan_all().collect()) }
    }

    /// Lists the references with these prefixes. A server that was greeted not long ago is asked at once, and one that does not answer is greeted.
    fn begin(&self, prefixes: BTreeSet<String>) -> Result<(Remote, References), ExchangeError> {
        let session = self.session;
        let mut remote = match session.connect_to_known() {
            None => session.connect()?,
            Some(mut remote) => match list(&mut remote, prefixes.clone()) {
                Ok(listed) => return Ok((remote, listed)),
                Err(error) if session.interrupt.is_stopped() || !may_be_due_to_the_greeting(&error) => {
                    return Err(error.into());
                }
                // It was greeted a moment ago.
                Err(error) if session.has_greeted() => return Err(error.into()),
                Err(_) => {
                    session.interrupt.forget_memory();
                    session.greet_again()?
                }
            },
        };
        let listed = list(&mut remote, prefixes)?;
        Ok((remote, listed))
    }

    /// Answers a question that the list of references answers, and returns any other.
    fn finish_by_list<'q>(&self, open: Open<'q>) -> Option<Open<'q>> {
        let Open { question, plan, warning } = open;
        let outcome = match plan {
            Plan::Answered(outcome) => outcome,
            Plan::Tags(plan) if plan.is_empty() => Ok(plan.finish()),
            plan => return Some(Open { question, plan, warning }),
        };
        question.answer(self.session, outcome, warning);
        None
    }

    /// Runs with a store for what the questions need. Runs again, with the plans of those that have no answer yet,
    ///
    /// - with an empty store, where the content of the store may be why it failed;
    /// - with commits alone, where the server refuses to send some levels of their trees with them;
    /// - with less left out of packs, where the server refuses the filter;
    /// - with the trees of all commits, where the server refuses to send a tree by its id;
    /// - with whole histories, where the server refuses to send part of one;
    /// - with nothing left out, and then with whole histories, where the server fails at the request and does not say why. That is remembered only
    ///   if it helps, and the error is the first one if it does not.
    fn with_store<'q>(
        &self,
        remote: &mut Remote,
        mut open: Vec<Open<'q>>,
        plan_again: &dyn Fn() -> Vec<Open<'q>>,
    ) -> Result<(), ExchangeError> {
        let cache = &self.session.repository.cache;
        let owner = self.session.owner();
        let mut known = remote.limits(cache.capabilities(&owner));
        let mut unexplained: Option<Error> = None;
        loop {
            let mut used = known;
            used.trees &= remote.can_send_trees();
            used.levels &= used.trees && remote.may_send_levels();
            if !used.trees && open.iter().any(|open| open.question.selection.has_paths()) {
                used.filter = used.filter.max(PackFilter::Blobs);
            }
            let (store, warning) =
                cache.open(&owner, remote.object_format(), used, &self.session.interrupt)?;
            warning.into_iter().for_each(|warning| self.session.warn(warning));
            let mut is_warm = !store.is_empty();
            let mut answered = Vec::new();
            let with_levels = Cell::new(false);
            let done = loop {
                match self.attempt(remote, (&store, &with_levels), used, open, &mut answered, is_warm) {
                    Err(Stopped::Store(error) | Stopped::Exchange(ExchangeError::MissingBase(error)))
                        if is_warm =>
                    {
                        is_warm = false;
                        store.clear(&self.session.interrupt).map_err(|_| error)?;
                        *remote = self.session.connect()?;
                        open = plan_again();
                    }
                    done => break done,
                }
            };
            if store.has_grown() {
                cache.evict(&store);
            }
            // Those who are answered last find the cache as it will be.
            drop(store);
            if done.is_ok() && unexplained.is_some() {
                cache.remember(&owner, known);
            }
            for answered in answered {
                answered.send(self.session);
            }
            // What it promised may be from before: what is refused now is not remembered for that.
            if remote.is_known && done.as_ref().is_err_and(Stopped::is_refusal) {
                *remote = self.session.greet_again()?;
                known = remote.limits(known);
                open = plan_again();
                continue;
            }
            match done {
                Ok(()) => return Ok(()),
                Err(Stopped::Exchange(ExchangeError::Other(error)))
                    if unexplained.is_some() || may_be_due_to_the_request(&error) =>
                {
                    let fails_again = unexplained.is_some() && !may_be_due_to_the_request(&error);
                    let first = unexplained.get_or_insert(error).clone();
                    if fails_again {
                        return Err(first.into());
                    }
                    if used.levels && with_levels.get() {
                        known.levels = false;
                    } else if used.filter < PackFilter::Nothing {
                        known.filter = PackFilter::Nothing;
                    } else if used.shallow {
                        known.shallow = false;
                    } else {
                        return Err(first.into());
                    }
                    *remote = self.session.connect()?;
                    open = plan_again();
                    continue;
                }
                Err(Stopped::Store(error) | Stopped::Exchange(ExchangeError::MissingBase(error))) => {
                    return Err(error.into());
                }
                Err(Stopped::NoTrees(error)) if !known.trees => return Err(error.into()),
                Err(Stopped::NoTrees(_)) => known.trees = false,
                Err(Stopped::NoLevels) => known.levels = false,
                Err(Stopped::Exchange(ExchangeError::FilterRefused(error))) => {
                    known.filter = used.filter.weaker().ok_or(error)?;
                }
                Err(Stopped::Exchange(ExchangeError::ShallowRefused(_))) if known.shallow => {
                    known.shallow = false
                }
                Err(Stopped::Exchange(error)) => return Err(error),
            }
            cache.remember(&owner, known);
            if remote.is_closed() {
                *remote = self.session.connect()?;
            }
            open = plan_again();
        }
    }

    /// Reads and fetches until every question has its answer. Those that have it before a fetch need not wait for it.
    fn attempt<'q>(
        &self,
        remote: &mut Remote,
        (store, with_levels): (&Store, &Cell<bool>),
        capabilities: FetchCapabilities,
        mut open: Vec<Open<'q>>,
        answered: &mut Vec<Answered<'q>>,
        is_warm: bool,
    ) -> Result<(), Stopped> {
        let (fetched, read) = (FetchedTags::default(), ReadCache::default());
        let mut fetcher =
            Fetcher { exchange: self, remote, store, capabilities, fetched: &fetched, with_levels };
        loop {
            let reader = Reader::new(store, &self.session.interrupt, capabilities, &read, &fetched)?;
            let mut needs = Needs::default();
            let mut rest = Vec::new();
            for question in open {
                match self.advance(question, &reader, &mut needs, is_warm)? {
                    Advanced::Answered(done) => answered.push(done),
                    Advanced::Open(open) => rest.push(open),
                    Advanced::Left => {}
                }
            }
            open = rest;
            drop(reader);
            if open.is_empty() {
                return Ok(());
            }
            // The one that pays is told what all of it cost.
            for answered in answered.extract_if(.., |answered| !answered.question.pays) {
                answered.send(self.session);
            }
            fetcher.fetch(needs)?;
        }
    }

    /// Goes on with a question, and adds what it needs.
    fn advance<'q>(
        &self,
        mut open: Open<'q>,
        reader: &Reader<'_>,
        needs: &mut Needs,
        is_warm: bool,
    ) -> Result<Advanced<'q>, Stopped> {
        if !open.question.is_open() {
            return Ok(Advanced::Left);
        }
        let advanced = open.plan.advance(reader).and_then(|its| {
            if its.trees.is_empty() || reader.capabilities.trees {
                return Ok(its);
            }
            Err(Error::new(
                ErrorKind::BadAnswer,
                "the server did not send all trees of the commits that it sent",
            ))
        });
        let outcome = match (advanced, open.plan) {
            (Ok(_), Plan::Answered(outcome)) => outcome,
            (Ok(its), plan) => {
                needs.add(its);
                open.plan = plan;
                return Ok(Advanced::Open(open));
            }
            (Err(error), _) if self.session.interrupt.is_stopped() => return Err(error.into()),
            // A damaged store shows in many ways.
            (Err(error), _) if is_warm && matches!(error.kind(), ErrorKind::Cache | ErrorKind::BadAnswer) => {
                return Err(Stopped::Store(error));
            }
            (Err(error), _) => Err(error),
        };
        Ok(Advanced::Answered(Answered { question: open.question, outcome, warning: open.warning }))
    }
}

/// Asks for the references with these prefixes, if there are any.
fn list(remote: &mut Remote, prefixes: BTreeSet<String>) -> Result<References, Error> {
    if prefixes.is_empty() {
        return Ok(References::new(Vec::new()));
    }
    Ok(References::new(remote.list(&prefixes.into_iter().collect::<Vec<_>>())?))
}

/// The plan for a question, by the references that were listed.
fn plan<'q>(
    question: &'q Question,
    listed: &References,
    others: &References,
    interrupt: &Interrupt,
) -> Open<'q> {
    let previous = question.previous.as_ref();
    let (plan, warning) = match &*question.selection {
        Selection::Tags(tags) => (Plan::of_tags(tags, listed, previous, interrupt), None),
        Selection::Branch(branch) => match listed.target(&branch.reference()) {
            Some(tip) => (Plan::of_branch(branch, Some(Tip::Branch(tip)), previous), None),
            None => match resolve_missing(others, branch.name.as_deref()) {
                Ok(tip) => {
                    let warning = matches!(tip, Some(Tip::Tag(_))).then(|| branch.warning_of_tag());
                    (Plan::of_branch(branch, tip, previous), warning)
                }
                Err(error) => (Plan::Answered(Err(error)), None),
            },
        },
    };
    Open { question, plan, warning }
}

/// Fetches what is needed, in as few requests as can be.
struct Fetcher<'a> {
    exchange: &'a Exchange<'a>,
    remote: &'a mut Remote,
    store: &'a Store,
    capabilities: FetchCapabilities,
    fetched: &'a FetchedTags,
    /// Whether some levels of the trees of commits were asked for.
    with_levels: &'a Cell<bool>,
}

impl Fetcher<'_> {
    fn fetch(&mut self, needs: Needs) -> Result<(), Stopped> {
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
            *self.remote = self.exchange.session.connect()?;
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
