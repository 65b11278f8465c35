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

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Instant;

use artifact_source::{Error, ErrorKind};

use super::branch::prefixes_for_missing;
use super::fallback::{Fallback, Next, Stopped};
use super::fetcher::Fetcher;
use super::plan::{Advanced, Answered, Open};
use super::question::{Question, Selection};
use super::reader::{FetchedTags, Needs, ReadCache, Reader};
use super::tags;
use crate::repository::{FetchCapabilities, References, Remote, Session, Store};
use crate::transport::{ExchangeError, Interrupt};

/// Whether a server may have failed since it is not what it was when it was greeted: it redirects, it has another program or no protocol 2, or the
/// repository was made anew with another hash. Servers say that in many ways, and some break off.
fn may_be_due_to_the_greeting(error: &Error) -> bool {
    !matches!(error.kind(), ErrorKind::Unauthorized | ErrorKind::RateLimited | ErrorKind::Refused)
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
            waiting.map(|question| Open::new(question, &listed, &others, interrupt))
        };
        let open: Vec<Open<'_>> = plan_all().filter_map(|open| open.finish_by_list(self.session)).collect();
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

    /// Runs with a store for what the questions need. Runs again, with the plans of those that have no answer yet,
    ///
    /// - with an empty store, where the content of the store may be why it failed;
    /// - after another greeting, where the server refused what it is not known to promise today;
    /// - with less asked of the server, where it refused something ([`Fallback`]).
    fn with_store<'q>(
        &self,
        remote: &mut Remote,
        mut open: Vec<Open<'q>>,
        plan_again: &dyn Fn() -> Vec<Open<'q>>,
    ) -> Result<(), ExchangeError> {
        let cache = &self.session.repository.cache;
        let owner = self.session.owner();
        let mut fallback = Fallback::new(remote.limits(cache.capabilities(&owner)));
        loop {
            let has_paths = open.iter().any(|open| open.question.selection.has_paths());
            let used = fallback.used(remote, has_paths);
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
            if done.is_ok() && fallback.is_guess() {
                cache.remember(&owner, fallback.known());
            }
            for answered in answered {
                answered.send(self.session);
            }
            let Err(stopped) = done else { return Ok(()) };
            if remote.is_known && stopped.is_refusal() {
                // What it promised may be from before: what is refused now is not remembered for that.
                *remote = self.session.greet_again()?;
                fallback.limit(remote);
            } else {
                match fallback.after(stopped, used, with_levels.get())? {
                    Next::Guessed => *remote = self.session.connect()?,
                    Next::Learned => {
                        cache.remember(&owner, fallback.known());
                        if remote.is_closed() {
                            *remote = self.session.connect()?;
                        }
                    }
                }
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
            Fetcher { session: self.session, remote, store, capabilities, fetched: &fetched, with_levels };
        loop {
            let reader = Reader::new(store, &self.session.interrupt, capabilities, &read, &fetched)?;
            let mut needs = Needs::default();
            let mut rest = Vec::new();
            for question in open {
                match question.advance(&reader, &mut needs, &self.session.interrupt, is_warm)? {
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
}

/// Asks for the references with these prefixes, if there are any.
fn list(remote: &mut Remote, prefixes: BTreeSet<String>) -> Result<References, Error> {
    if prefixes.is_empty() {
        return Ok(References::new(Vec::new()));
    }
    Ok(References::new(remote.list(&prefixes.into_iter().collect::<Vec<_>>())?))
}
