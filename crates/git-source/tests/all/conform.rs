//! The contract of all sources.

use artifact_source::conformance::{self, Fixture};
use async_trait::async_trait;
use git_source::{GitSource, Strategy};
use warehouse_testkit::{Commit, GitRepository, GitServer};

use crate::support::{add, log, server_with};

struct Branch {
    _server: GitServer,
    repository: GitRepository,
    url: String,
}

#[async_trait]
impl Fixture for Branch {
    type Source = GitSource;

    async fn source(&self) -> GitSource {
        GitSource::builder(&self.url).branch("main".to_owned()).limit(5).build().unwrap()
    }

    async fn listed(&self) -> Vec<String> {
        log(&self.repository, "main", 5)
    }

    async fn publish(&mut self) {
        add(&self.repository, "main", 2);
    }

    async fn shuffle(&mut self) {
        // References come in another order, and objects in other packs.
        let head = self.repository.resolve("main").unwrap();
        self.repository.set_reference("refs/heads/a", &head).unwrap();
        self.repository.git(["repack", "-adq"]).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http() {
    let (server, repository) = server_with(9);
    let url = repository.url().to_owned();
    conformance::all(&mut Branch { _server: server, repository, url }).await.unwrap();
}

#[tokio::test]
async fn over_a_process() {
    let (server, repository) = server_with(9);
    let url = repository.file_url();
    conformance::all(&mut Branch { _server: server, repository, url }).await.unwrap();
}

struct Tags {
    _server: GitServer,
    repository: GitRepository,
    strategy: Strategy,
    published: u32,
}

#[async_trait]
impl Fixture for Tags {
    type Source = GitSource;

    async fn source(&self) -> GitSource {
        GitSource::builder(self.repository.url()).strategy(self.strategy).limit(3).build().unwrap()
    }

    async fn listed(&self) -> Vec<String> {
        let listed = self.repository.git(["for-each-ref", "--format=%(refname:short)", "refs/tags"]).unwrap();
        listed.lines().map(str::to_owned).collect()
    }

    async fn publish(&mut self) {
        self.published += 1;
        let mut history = self.repository.history().unwrap();
        let commit = history.commit("main", Commit::new("Published"));
        history.tag(&format!("v9.{}.0", self.published), commit);
        history.write().unwrap();
    }

    async fn shuffle(&mut self) {
        self.repository.git(["pack-refs", "--all"]).unwrap();
    }
}

#[tokio::test]
async fn tags() {
    for strategy in [Strategy::SemVer, Strategy::Lexical, Strategy::NewestTag] {
        let (server, repository) = server_with(2);
        let mut tags = Tags { _server: server, repository, strategy, published: 0 };
        for _ in 0..5 {
            tags.publish().await;
        }
        conformance::all(&mut tags).await.unwrap();
    }
}
