//! The contract of `ArtifactSource`, held over the real server.

use std::time::Duration;

use artifact_http::{Credential, HttpClient};
use artifact_source::conformance::{self, Disturbance, Fixture, Traffic};
use async_trait::async_trait;
use git_source::{CommitRule, CommitSelectionStrategy, GitSource};
use warehouse_testkit::{Commit, Fault, GitRepository, GitServer, Reply, When};

use crate::support::{add, log, rule};

const SECRET: &str = "hunter2-SECRET";

const LIMIT: usize = 3;

struct World {
    server: GitServer,
    repository: GitRepository,
    rule: CommitRule,
    /// Whether the repository is read over http, where the server requires a credential and can fail. Otherwise a process serves it.
    is_http: bool,
    /// What the fixture publishes next: of two digits, so that the order of bytes is that of versions.
    next: u32,
    folder: Option<tempfile::TempDir>,
    http: HttpClient,
}

impl World {
    async fn new(rule: CommitRule) -> Self {
        let server = GitServer::builder().basic("me", SECRET).start().unwrap();
        let repository = server.create("demo.git").unwrap();
        add(&repository, "main", 9);
        let quick = Duration::from_millis(1);
        let http = HttpClient::builder().backoff(quick, quick).build().unwrap();
        let mut world = Self { server, repository, rule, is_http: true, next: 10, folder: None, http };
        for _ in 0..5 {
            world.publish().await;
        }
        world
    }

    fn is_by_tags(&self) -> bool {
        self.rule.strategy() != CommitSelectionStrategy::NewestFromBranch
    }
}

#[async_trait]
impl Fixture for World {
    type Source = GitSource;

    async fn source(&self) -> GitSource {
        let file_url = self.repository.file_url();
        let source = GitSource::builder(if self.is_http { self.repository.url() } else { &file_url })
            .rule(self.rule.clone())
            .limit(LIMIT)
            .http(self.http.clone())
            .cache_dir(self.folder.as_ref().map(|folder| folder.path().to_owned()));
        let source =
            if self.is_http { source.credentials(Credential::password("me", SECRET)) } else { source };
        source.build().unwrap()
    }

    async fn listed(&self) -> Vec<String> {
        if self.is_by_tags() {
            let listed =
                self.repository.git(["for-each-ref", "--format=%(refname:short)", "refs/tags"]).unwrap();
            return listed.lines().map(str::to_owned).collect();
        }
        log(&self.repository, "HEAD", LIMIT)
    }

    async fn publish(&mut self) {
        self.next += 1;
        let mut history = self.repository.history().unwrap();
        let commit = history.commit("main", Commit::new(format!("Published {}", self.next)));
        history.tag(&format!("v9.{}.0", self.next), commit);
        history.write().unwrap();
    }

    async fn shuffle(&mut self) -> bool {
        // References come in another order, and objects in other packs.
        let head = self.repository.resolve("main").unwrap();
        self.repository.set_reference("refs/heads/a", &head).unwrap();
        self.repository.git(["pack-refs", "--all"]).unwrap();
        self.repository.git(["repack", "-adq"]).unwrap();
        true
    }

    fn candidate(&self, commit: &git_source::Commit) -> String {
        commit.tag.as_ref().unwrap_or(&commit.id).clone()
    }

    async fn clear(&mut self) -> bool {
        if self.rule.branch().is_some() {
            // A branch that is gone is an error. One without a commit that fits is not.
            let mut history = self.repository.history().unwrap();
            history.orphan("unfit");
            history.commit("unfit", Commit::new("Unfit"));
            history.write().unwrap();
            let unfit = self.repository.resolve("unfit").unwrap();
            self.repository.set_reference("refs/heads/main", &unfit).unwrap();
            return true;
        }
        let references = self.repository.git(["for-each-ref", "--format=%(refname)"]).unwrap();
        for reference in references.lines() {
            self.repository.delete_reference(reference).unwrap();
        }
        true
    }

    async fn disturb(&mut self, disturbance: Option<Disturbance>) -> bool {
        self.server.faults().clear();
        let fault = match disturbance {
            _ if !self.is_http => return false,
            None => return true,
            Some(Disturbance::Unavailable) => Fault::status(503),
            Some(Disturbance::Busy) => Reply::status(503).retry_after(Duration::from_secs(1)).into(),
            Some(Disturbance::Silent) => Fault::Stall,
            Some(_) => return false,
        };
        self.server.faults().add(When::any(), fault);
        true
    }

    fn secrets(&self) -> Vec<String> {
        if self.is_http { vec![SECRET.to_owned()] } else { Vec::new() }
    }

    fn traffic(&self) -> Option<Traffic> {
        let counters = self.server.log().counters();
        self.is_http.then_some(Traffic { requests: counters.requests, bytes: counters.body_bytes_sent })
    }
}

/// Runs the suite. No check may be left out but these.
async fn conforms(mut world: World, not_checked: &[(&str, &str)]) {
    let conformance = conformance::all(&mut world).await.unwrap();
    assert_eq!(conformance.not_checked(), not_checked);
}

/// A process of `git upload-pack` over the files of a repository: it counts no requests, cannot be made to fail, and requires no credential.
const NOT_OVER_A_PROCESS: [(&str, &str); 8] = [
    ("the_meter_counts_everything", "the server does not count its requests"),
    ("nothing_is_left_running", "the server does not count its requests"),
    ("the_deadline_ends_it", "the server cannot be made silent"),
    ("retries_end_at_the_deadline", "the server cannot be made busy or unavailable"),
    ("a_failure_is_an_error", "the server cannot be made unavailable"),
    ("the_meter_counts_failures", "the server does not count its requests"),
    ("no_secret_is_shown", "the source was given no secret"),
    ("no_secret_is_in_an_error", "the source was given no secret"),
];

fn branch_with_expression() -> CommitRule {
    rule(|rule| rule.branch("main").expression_filter("subject != 'Unfit'"))
}

const BY_TAGS: [CommitSelectionStrategy; 3] =
    [CommitSelectionStrategy::SemVer, CommitSelectionStrategy::Lexical, CommitSelectionStrategy::NewestTag];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rule() {
    conforms(World::new(CommitRule::default()).await, &[]).await;
    for strategy in BY_TAGS {
        conforms(World::new(rule(|rule| rule.strategy(strategy))).await, &[]).await;
    }
}

#[tokio::test]
async fn every_transport() {
    let by_tags = BY_TAGS.map(|strategy| rule(|rule| rule.strategy(strategy)));
    for rule in by_tags.into_iter().chain([CommitRule::default()]) {
        let world = World { is_http: false, ..World::new(rule).await };
        conforms(world, &NOT_OVER_A_PROCESS).await;
    }
}

#[tokio::test]
async fn every_cache() {
    let folder = Some(tempfile::tempdir().unwrap());
    conforms(World { folder, ..World::new(branch_with_expression()).await }, &[]).await;
}
