//! Credentials, and the errors without them.

use artifact_http::{Credential, CredentialRequest, CredentialSource, Login};
use artifact_source::{
    ArtifactSource, DiscoverRequest, Error, ErrorKind, Principal, Recorder, SourceId, SourceKind,
};
use async_trait::async_trait;
use git_source::GitSource;
use warehouse_testkit::GitServer;

use crate::support::{add, fails, find, server_with};

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

/// Knows a credential for Git alone.
#[derive(Debug)]
struct ForGit;

#[async_trait]
impl CredentialSource for ForGit {
    async fn credential(&self, request: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
        Ok((*request.kind == SourceKind::Git)
            .then(|| Login::new(Credential::password("me", "SECRET"), "a test")))
    }
}

#[tokio::test]
async fn the_principal_of_http_is_that_of_the_credential_for_git_and_others_have_none() {
    let (_server, repository) = server_with(1);
    let other = SourceId::new(SourceKind::Other("bucket".into()), repository.url());
    let me = Principal::Credential("me of a test".into());
    for (builder, expected) in [
        (GitSource::builder(repository.url()).credentials(ForGit), Some(me.clone())),
        (GitSource::builder(repository.url()).credentials(ForGit).id(other), Some(me)),
        (GitSource::builder(repository.url()), Some(Principal::Anonymous(None))),
        (GitSource::builder(repository.file_url()).credentials(ForGit), None),
    ] {
        let recorder = Recorder::new();
        let source = builder.build().unwrap();
        source.discover(DiscoverRequest::new().with_trace(&recorder)).await.unwrap();
        assert_eq!(recorder.principal(), expected, "{source}");
    }
}
