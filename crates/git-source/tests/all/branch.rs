//! Which commits are found.

use crate::support::{find, ids, log, server_with, source};
use git_source::GitSource;

#[tokio::test]
async fn all_limits() {
    let (_server, repository) = server_with(7);
    for limit in [1, 2, 6, 7, 8, 100] {
        let source = GitSource::builder(repository.url()).discovery_limit(limit).build().unwrap();
        assert_eq!(ids(&find(&source).await), log(&repository, "main", limit as usize), "{limit}");
    }
    assert_eq!(ids(&find(&source(&repository.file_url())).await), log(&repository, "main", 20));
}
