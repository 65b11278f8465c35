//! Nobody is led from the internet to this machine or its network. Only Linux has several loopback addresses without being
//! asked for them: here 127.0.0.1 plays the internet, and 127.0.0.2 what is inside.

use std::net::IpAddr;

use artifact_http::{Authorization, Call, HttpClient, HttpClientBuilder, Request, Response};
use artifact_source::{Error, ErrorKind};

use crate::server::{Reply, Server, Then, answer};

const PUBLIC: &str = "127.0.0.1";
const PRIVATE: &str = "127.0.0.2";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn client() -> HttpClientBuilder {
    HttpClient::builder()
        .count_as_public(ip(PUBLIC), 32)
        .resolve("registry.test", [ip(PUBLIC)])
        .resolve("cdn.test", [ip(PUBLIC)])
        .resolve("both.test", [ip(PRIVATE), ip(PUBLIC)])
        .resolve("inside.test", [ip(PRIVATE)])
        .resolve("inside-too.test", [ip(PRIVATE)])
}

async fn get(url: &str) -> Result<Response, Error> {
    let request =
        Request::get(url).authorization(Authorization::bearer("SECRET")).allow_plain_credential(true);
    client().build().unwrap().fetch(request, &Call::new()).await
}

async fn at(address: &str, name: &'static str) -> Server {
    Server::start_at(address, move |_, _| answer("200 OK", &[], name)).await
}

/// A server that sends everybody on.
async fn redirecting(address: &str, to: String) -> Server {
    let location = format!("Location: {to}");
    Server::start_at(address, move |_, _| answer("307 X", &[&location], "")).await
}

#[track_caller]
fn refused(answer: Result<Response, Error>, to: &str) {
    let error = answer.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
    assert!(error.message().ends_with(&format!("a private address, {to}")), "{error}");
    assert_eq!(error.tries(), 1);
    assert!(!format!("{error} {error:?}").contains("SECRET"));
}

#[tokio::test]
async fn a_redirect_to_a_name_that_leads_inside_is_refused() {
    let inside = at(PRIVATE, "inside").await;
    for to in [inside.url_of("inside.test"), inside.url_of("INSIDE.test."), inside.url.clone()] {
        let registry = redirecting(PUBLIC, to.clone()).await;
        let to = to.to_ascii_lowercase();
        refused(get(&registry.url_of("registry.test")).await, &to);
        refused(get(&registry.url).await, &to);
    }
    let registry = redirecting(PUBLIC, inside.url_of("localhost")).await;
    refused(get(&registry.url_of("registry.test")).await, &inside.url_of("localhost"));
    assert!(inside.seen().is_empty(), "{:?}", inside.seen());
}

#[tokio::test]
async fn a_redirect_to_another_public_host_is_followed() {
    let cdn = at(PUBLIC, "from afar").await;
    for to in [cdn.url_of("cdn.test"), cdn.url_of("both.test"), cdn.url.clone()] {
        let registry = redirecting(PUBLIC, to.clone()).await;
        let response = get(&registry.url_of("registry.test")).await.unwrap();
        assert_eq!(
            (&response.body[..], response.url.as_str()),
            (&b"from afar"[..], format!("{to}/").as_str())
        );
        assert!(!response.came_from_private_address());
    }
    assert!(cdn.seen().iter().all(|head| !head.contains("authorization")), "{:?}", cdn.seen());
}

#[tokio::test]
async fn who_is_inside_may_lead_inside() {
    let inside = at(PRIVATE, "inside").await;
    let registry = redirecting(PRIVATE, inside.url_of("inside-too.test")).await;
    for url in [registry.url_of("inside.test"), registry.url.clone()] {
        let response = get(&url).await.unwrap();
        assert_eq!(&response.body[..], b"inside");
        assert!(response.came_from_private_address());
    }
}

#[tokio::test]
async fn the_way_back_from_outside_is_closed() {
    let inside = at(PRIVATE, "inside").await;
    let outside = redirecting(PUBLIC, inside.url_of("inside.test")).await;
    let registry = redirecting(PRIVATE, outside.url_of("cdn.test")).await;
    refused(get(&registry.url_of("inside.test")).await, &inside.url_of("inside.test"));
    assert!(inside.seen().is_empty());
}

#[tokio::test]
async fn a_connection_that_is_open_already_is_not_used_either() {
    let inside = Server::start_at(PRIVATE, |_, _| {
        Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec(), Then::Hang)
    })
    .await;
    let client = client().build().unwrap();
    let asked_for = client.fetch(Request::get(inside.url_of("inside.test")), &Call::new()).await.unwrap();
    assert_eq!(&asked_for.body[..], b"ok", "what the user asks for by name is fetched");
    let registry = redirecting(PUBLIC, inside.url_of("inside.test")).await;
    let led = client.fetch(Request::get(registry.url_of("registry.test")), &Call::new()).await;
    refused(led, &inside.url_of("inside.test"));
    assert_eq!(inside.seen().len(), 1);
}

#[tokio::test]
async fn what_an_answer_names_may_be_asked_outside_only() {
    let (inside, outside) = (at(PRIVATE, "inside").await, at(PUBLIC, "outside").await);
    let client = client().build().unwrap();
    for url in [inside.url.clone(), inside.url_of("inside.test"), inside.url_of("localhost")] {
        let request = Request::post(&url, "SECRET").public_only(true);
        refused(client.fetch(request, &Call::new()).await, &url);
    }
    for url in ["https://vault.internal", "https://vault", "https://10-0-0-1.corp.local"] {
        let request = Request::get(url).public_only(true);
        refused(client.fetch(request, &Call::new()).await, url);
    }
    assert!(inside.seen().is_empty());
    for url in [outside.url.clone(), outside.url_of("cdn.test")] {
        let request = Request::get(url).public_only(true);
        assert_eq!(&client.fetch(request, &Call::new()).await.unwrap().body[..], b"outside");
    }
}

#[tokio::test]
async fn a_stream_is_led_nowhere_else_than_a_whole_answer() {
    let inside = at(PRIVATE, "inside").await;
    let registry = redirecting(PUBLIC, inside.url_of("inside.test")).await;
    let request = Request::get(registry.url_of("registry.test"));
    let error = client().build().unwrap().open(request, &Call::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(inside.seen().is_empty());
}
