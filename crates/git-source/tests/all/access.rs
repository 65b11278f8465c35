//! Credentials, and the errors without them.

use artifact_http::Credential;
use artifact_source::ErrorKind;
use git_source::GitSource;
use warehouse_testkit::GitServer;

use crate::support::{add, fails, find};

#[tokio::test]
async fn a_credential_is_sent_at_once() {
    let server = GitServer::builder().basic("me", "SECRET").start().unwrap();
    let repository = server.create("private.git").unwrap();
    add(&repository, "main", 1);

    let error = fails(GitSource::builder(repository.url())).await;
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    assert_eq!(error.status(), Some(401));
    assert!(error.hint().unwrap().contains("no credential was given for this repository"), "{error:?}");

    let wrong = Credential::password("me", "WRONG");
    let error = fails(GitSource::builder(repository.url()).credentials(wrong)).await;
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert!(!format!("{error} {error:?}").contains("WRONG"), "{error:?}");

    server.log().clear();
    let right = Credential::password("me", "SECRET");
    let source = GitSource::builder(repository.url()).credentials(right).build().unwrap();
    assert_eq!(find(&source).await.cost.requests, 3);
    assert!(!format!("{source} {source:?}").contains("SECRET"), "{source:?}");

    let url = repository.url().replace("://", "://me:SECRET@");
    let source = GitSource::builder(url).build().unwrap();
    let found = find(&source).await;
    assert_eq!(found.cost.requests, 3);
    assert!(!format!("{source} {source:?} {:?}", found.observation).contains("SECRET"));
}
