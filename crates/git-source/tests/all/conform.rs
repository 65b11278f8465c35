//! The contract of all sources.

use artifact_source::conformance::{self, Fixture};
use async_trait::async_trait;
use git_source::GitSource;
use warehouse_testkit::{GitRepository, GitServer};

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
        GitSource::builder(&self.url).branch("main".to_owned()).discovery_limit(5).build().unwrap()
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
