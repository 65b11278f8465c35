//! Random histories, warm and cold, against `git log`.

use git_source::GitSource;
use proptest::prelude::*;
use warehouse_testkit::{Commit, GitRepository, GitServer};

use crate::support::{find, ids, log};

/// What happens at the server between two discoveries.
#[derive(Clone, Debug)]
enum Event {
    /// Commits on top of the branch.
    Commits(usize),
    /// A side branch of this length from this far back, merged.
    Merge { back: usize, length: usize },
    /// The branch is set back by this many commits, and gets one that is new.
    Force { back: usize },
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (1..30_usize).prop_map(Event::Commits),
        (0..10_usize, 1..30_usize).prop_map(|(back, length)| Event::Merge { back, length }),
        (0..20_usize).prop_map(|back| Event::Force { back }),
    ]
}

/// A commit that exists, at most this far back.
fn ancestor(repository: &GitRepository, back: usize) -> String {
    log(repository, "main", back + 1).pop().unwrap()
}

fn happen(repository: &GitRepository, event: &Event, number: usize) {
    match event {
        Event::Commits(count) => {
            let mut history = repository.history().unwrap();
            for step in 0..*count {
                history.commit("main", Commit::new(format!("{number}.{step}")));
            }
            history.write().unwrap();
        }
        Event::Merge { back, length } => {
            repository.set_reference("refs/heads/side", &ancestor(repository, *back)).unwrap();
            let mut history = repository.history().unwrap();
            let mut side = history.commit("side", Commit::new(format!("side {number}")));
            for step in 1..*length {
                side = history.commit("side", Commit::new(format!("side {number}.{step}")));
            }
            history.merge("main", side, Commit::new(format!("merge {number}")));
            history.write().unwrap();
        }
        Event::Force { back } => {
            repository.set_reference("refs/heads/main", &ancestor(repository, *back)).unwrap();
            repository.commit("main", Commit::new(format!("forced {number}"))).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn found_is_what_git_log_says(events in prop::collection::vec((event(), 1..40_usize), 1..6)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = GitServer::start().unwrap();
        let repository = server.create("random.git").unwrap();
        repository.commit("main", Commit::new("Root")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for (number, (event, limit)) in events.iter().enumerate() {
            happen(&repository, event, number);
            let source = GitSource::builder(repository.url())
                .cache_dir(folder.path().to_owned())
                .limit(*limit)
                .build()
                .unwrap();
            let found = runtime.block_on(find(&source));
            prop_assert_eq!(ids(&found), log(&repository, "main", *limit));
        }
    }
}
