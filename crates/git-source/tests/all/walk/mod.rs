//! A walk: a seeded repository changes, and after each change some of its subscriptions are polled, with the cache and the observation of
//! their last poll. Each answer must be Git's own, and so must the answer of a source without a cache and an observation.
//!
//! Every failure, also one of Git or of the machine, names the seed, the step and the subscription, and a wrong answer the first place
//! where it differs. `GIT_WALK_SEED=7` repeats one walk alone.

mod changes;
mod oracle;
mod subscription;

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use artifact_http::HttpClient;
use artifact_source::{Discovery, Error, ErrorKind, Observation};
use warehouse_testkit::{GitRepository, GitServer};

use changes::Changes;
use oracle::{Answer, State};
use subscription::Subscription;

/// The number of polls: in CI, and otherwise.
const POLLS: (u64, u64) = (2000, 300);

/// Each walk has a repository of its own.
const POLLS_OF_A_WALK: u64 = 100;

/// Every so many polls, a source without any memory is asked as well.
const COLD: u64 = 8;

/// A small generator (SplitMix64), the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

/// A subscription, and what it remembers of its last answer. A poll that fails, as that of a branch that is gone, changes neither: the
/// answer belongs to the observation.
struct Poller {
    subscription: Subscription,
    observation: Option<Observation>,
    answer: Option<Answer>,
}

impl Poller {
    async fn poll(&mut self, url: &str, folder: Option<&Path>, http: &HttpClient) -> Result<Answer, Error> {
        let source = self.subscription.source(url, folder, http);
        let previous = self.observation.as_ref().filter(|_| folder.is_some());
        let request = artifact_source::DiscoverRequest::new().with_previous(previous);
        match artifact_source::ArtifactSource::discover(&source, request).await {
            Ok(Discovery::Unchanged { .. }) => {
                Ok(self.answer.clone().expect("it is unchanged from an answer"))
            }
            Ok(Discovery::Found(found)) => {
                let seen = found.artifacts.into_iter().map(|commit| (commit.tag, commit.id)).collect();
                let answer = Answer::Commits(seen);
                if folder.is_some() {
                    self.observation = found.observation;
                    self.answer = Some(answer.clone());
                }
                Ok(answer)
            }
            Err(error) if error.kind() == ErrorKind::NotFound && error.field() == Some("branch") => {
                Ok(Answer::NoBranch)
            }
            Err(error) => Err(error),
        }
    }
}

/// Says where a walk was if it fails, whatever fails in it.
struct Place {
    seed: u64,
    step: u64,
    doing: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{self}");
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GIT_WALK_SEED={}, step {}, {}", self.seed, self.step, self.doing)
    }
}

/// Panics unless the answer is the expected one.
fn check(answer: Result<Answer, Error>, expected: &Answer, place: &Place, state: &State) {
    match answer {
        Ok(answer) if answer == *expected => {}
        Ok(answer) => panic!("{place}: {}\n{state}", answer.difference(expected)),
        Err(error) => panic!("{place}: the poll failed: {error:?}, {expected:?} for Git\n{state}"),
    }
}

/// One walk; how many polls were made, and how many of them found something.
async fn walk(server: &GitServer, http: &HttpClient, seed: u64) -> (u64, u64) {
    let mut random = Random(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let repository = server.create(&format!("walk-{seed}.git")).unwrap();
    if seed % 4 == 3 {
        // A server that leaves nothing out of its packs.
        repository.git(["config", "uploadpack.allowFilter", "false"]).unwrap();
    }
    let url = repository.file_url();
    let cache = tempfile::tempdir().unwrap();
    let mut pollers: Vec<Poller> = Subscription::some(&mut random)
        .into_iter()
        .map(|subscription| Poller { subscription, observation: None, answer: None })
        .collect();
    let mut changes = Changes::default();
    let (mut polls, mut found) = (0, 0);
    let mut place = Place { seed, step: 0, doing: String::new() };
    while polls < POLLS_OF_A_WALK {
        place.step += 1;
        place.doing = "moving the repository".to_owned();
        let stream = changes.next(&mut random);
        move_repository(&repository, &stream);
        let state = State::read(&repository);
        changes.learn(&state);
        for poller in &mut pollers {
            // A subscription that misses some changes has more to catch up with.
            if random.below(3) == 0 {
                continue;
            }
            polls += 1;
            let expected = poller.subscription.expected(&state);
            if random.below(10) == 0 {
                poller.observation = None;
            }
            let with = if poller.observation.is_some() { "with" } else { "without" };
            place.doing = format!("warm, {with} an observation: {:?}", poller.subscription);
            check(poller.poll(&url, Some(cache.path()), http).await, &expected, &place, &state);
            if polls % COLD == 0 {
                place.doing = format!("cold: {:?}", poller.subscription);
                check(poller.poll(&url, None, http).await, &expected, &place, &state);
            }
            found += u64::from(!matches!(&expected, Answer::Commits(none) if none.is_empty()));
        }
    }
    (polls, found)
}

fn move_repository(repository: &GitRepository, stream: &[u8]) {
    repository.git_with_input(["fast-import", "--quiet", "--force", "--done"], stream).unwrap();
}

/// A walk in which a branch goes, is missed by a poll, and comes back to the commit of the last answer.
const BRANCH_COMES_BACK: u64 = 28;

#[test]
fn a_repository_that_moves_between_polls() {
    let started = Instant::now();
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true" || value == "1");
    let walks = if in_ci { POLLS.0 } else { POLLS.1 }.div_ceil(POLLS_OF_A_WALK);
    let only = std::env::var("GIT_WALK_SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    let server = GitServer::start().unwrap();
    // A client reads the system's certificates when it is built, which takes longer than a poll of a local repository.
    let http = HttpClient::builder().build().unwrap();
    let (next, polls, found) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= only.map_or(walks, |_| 1) {
                break;
            }
            let seed = only.unwrap_or(if number + 1 == walks { BRANCH_COMES_BACK } else { number });
            let (made, good) = runtime.block_on(walk(&server, &http, seed));
            polls.fetch_add(made, Ordering::SeqCst);
            found.fetch_add(good, Ordering::SeqCst);
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    let (polls, found) = (polls.into_inner(), found.into_inner());
    eprintln!("{polls} polls, {found} with an answer, in {:.0?}", started.elapsed());
    if !in_ci {
        eprintln!("NOTE: only {polls} polls. With CI=true there are {}.", POLLS.0);
    }
    assert!(found * 2 > polls, "only {found} of {polls} polls had anything to find");
}
