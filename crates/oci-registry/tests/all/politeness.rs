//! A dropped read leaves nothing running.

use std::future::Future;
use std::time::Duration;

use artifact_http::Call;
use futures::future::join_all;
use oci_registry::RegistryClient;
use warehouse_testkit::{Fault, Registry, When};

use crate::hostile::in_raw;
use crate::raw::{Answer, RawServer, Then, answer};
use crate::setup::{me, repository, tag, until, with_tags};

/// Starts the work, waits until the server has received so many requests, and drops it.
async fn dropped_after(work: impl Future<Output = ()> + Send + 'static, server: &RawServer, requests: usize) {
    let task = tokio::spawn(work);
    until(|| server.seen().len() >= requests).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn an_abandoned_request_is_closed() {
    for head in ["", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc"] {
        let server = RawServer::start(move |_| Answer(head.into(), Then::Hang)).await;
        let repository = in_raw(&server, None);
        let work = async move { drop(repository.tags(&Call::new()).await) };
        dropped_after(work, &server, 1).await;
        until(|| server.connections() == 0).await;
        assert_eq!(server.seen().len(), 1, "and none follows");
    }
}

#[tokio::test]
async fn many_abandoned_requests_are_closed() {
    let server = RawServer::start(|_| Answer(Vec::new(), Then::Hang)).await;
    let repositories: Vec<_> = (0..20).map(|number| format!("{}/demo/{number}", server.host)).collect();
    let http = crate::setup::http().build().unwrap();
    let work = async move {
        // Clients that share no session, so that none waits for another one.
        let reads = repositories.iter().map(|name| {
            let repository = RegistryClient::builder(http.clone()).build().repository(name).unwrap();
            async move { drop(repository.tags(&Call::new()).await) }
        });
        join_all(reads).await;
    };
    dropped_after(work, &server, 20).await;
    until(|| server.connections() == 0).await;
    assert_eq!(server.seen().len(), 20);
}

#[tokio::test]
async fn nothing_is_sent_after_a_drop_between_two_attempts() {
    let server = RawServer::start(|_| answer("503 X", &["Retry-After: 1"], "")).await;
    let repository = in_raw(&server, None);
    dropped_after(async move { drop(repository.tags(&Call::new()).await) }, &server, 1).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn nothing_is_sent_after_a_drop_between_two_pages() {
    let server = RawServer::start(|head| match head.contains("?n=") {
        true => answer("200 OK", &["Link: </v2/demo/app/tags/list?last=a>; rel=next"], r#"{"tags": ["a"]}"#),
        false => Answer(Vec::new(), Then::Hang),
    })
    .await;
    let repository = in_raw(&server, None);
    dropped_after(async move { drop(repository.tags(&Call::new()).await) }, &server, 2).await;
    until(|| server.connections() == 0).await;
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_drop_while_others_wait_for_the_same_token_does_not_affect_them() {
    let registry = with_tags(Registry::builder().bearer("me", "SECRET"), 9);
    registry.faults().add(When::path("/token").nth(1), Fault::Stall);
    let repository = repository(&registry, me());
    let first = tokio::spawn({
        let repository = repository.clone();
        async move { repository.manifest("1.0.0", &Call::new()).await.map(drop) }
    });
    until(|| registry.log().count(&When::path("/token")) == 1).await;
    let others: Vec<_> = (1..9)
        .map(|number| {
            let repository = repository.clone();
            tokio::spawn(async move { repository.manifest(&tag(number), &Call::new()).await.map(drop) })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    first.abort();
    for other in others {
        other.await.unwrap().unwrap();
    }
    assert_eq!(registry.tokens_issued(), 1);
}
