//! What a hostile registry does, ordered from ours: each of these is there for the tests of clients.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::Duration;

use crate::client::{get, request, send_limited};
use warehouse_testkit::{Fault, MediaType, Registry, Reply, When};

const MANIFEST: &str = "/v2/a/manifests/1";
const TAGS: &str = "/v2/a/tags/list";

fn registry() -> Registry {
    let registry = Registry::builder().page_size(1).start().unwrap();
    for tag in ["1", "2"] {
        registry.image("a").tag(tag).push();
    }
    registry
}

#[test]
fn a_manifest_of_400_megabytes_costs_us_nothing() {
    let registry = registry();
    registry.faults().add(When::get(MANIFEST), Fault::oversized(400 << 20));
    let ask = request("GET", registry.address(), MANIFEST).header("accept", "*/*");
    let answer = send_limited(registry.address(), ask, "", 1 << 20).unwrap();
    assert_eq!(answer.header("content-length"), (400_u64 << 20).to_string());
    assert_eq!(answer.header("content-type"), MediaType::OCI_MANIFEST);
    // The client hung up after a megabyte or so, and what it did not take was not sent.
    assert!(registry.log().counters().body_bytes_sent < 64 << 20);
}

#[test]
fn a_list_that_never_ends_is_still_json_so_far() {
    let registry = registry();
    let endless = Fault::Endless { head: r#"{"name":"a","tags":["#.into(), repeat: r#""t","#.into() };
    registry.faults().add(When::get(TAGS), endless);
    let ask = request("GET", registry.address(), TAGS);
    let answer = send_limited(registry.address(), ask, "", 1 << 20).unwrap();
    assert!(answer.text().starts_with(r#"{"name":"a","tags":["t","t","#));
    assert!(!answer.headers.contains_key("content-length"));
}

#[test]
fn links_and_redirects_lead_to_other_hosts() {
    let (registry, other) = (registry(), registry());
    let elsewhere = |path: &str| format!("{}{path}", other.url());
    registry.faults().add(When::get(TAGS), Fault::link(elsewhere(TAGS)));
    registry.faults().add(When::get(MANIFEST), Fault::redirect(elsewhere(MANIFEST)));
    assert_eq!(get(registry.address(), TAGS).header("link"), format!("<{}>; rel=\"next\"", elsewhere(TAGS)));
    let redirected = get(registry.address(), MANIFEST);
    assert_eq!(
        (redirected.status.as_u16(), redirected.header("location")),
        (307, elsewhere(MANIFEST).as_str())
    );
    assert_eq!(other.log().counters().requests, 0);
}

#[test]
fn a_page_repeats() {
    let registry = registry();
    registry.faults().add(When::get(TAGS), Fault::link(TAGS));
    for _ in 0..3 {
        let page = get(registry.address(), TAGS);
        assert_eq!(
            (page.json()["tags"][0].as_str(), page.header("link")),
            (Some("1"), "</v2/a/tags/list>; rel=\"next\"")
        );
    }
}

#[test]
fn refusals_without_end() {
    for (fault, status) in [
        (Fault::too_many_requests(Duration::from_secs(3600)), 429),
        (Fault::status(500), 500),
        (
            Fault::Reply(
                Reply::status(401).header("www-authenticate", "Bearer realm=\"https://192.0.2.1/token\""),
            ),
            401,
        ),
    ] {
        let registry = registry();
        registry.faults().add(When::any(), fault);
        let statuses = [TAGS, MANIFEST, TAGS].map(|target| get(registry.address(), target).status.as_u16());
        assert_eq!(statuses, [status; 3]);
    }
}

#[test]
fn a_tag_vanishes_between_the_list_and_its_manifest() {
    let registry = registry();
    assert_eq!(get(registry.address(), TAGS).json()["tags"][0], "1");
    registry.delete_tag("a", "1");
    let gone = get(registry.address(), MANIFEST);
    assert_eq!(
        (gone.status.as_u16(), gone.json()["errors"][0]["code"].as_str()),
        (404, Some("MANIFEST_UNKNOWN"))
    );
}

#[test]
fn manifests_that_no_builder_would_write() {
    let registry = registry();
    for (tag, body) in [
        ("null", r#"{"schemaVersion":2,"config":null,"layers":null}"#),
        ("empty", r#"{"schemaVersion":2,"manifests":null}"#),
        ("text", "no json"),
    ] {
        registry.push_manifest("a", [tag], MediaType::OCI_MANIFEST, body);
        assert_eq!(get(registry.address(), &format!("/v2/a/manifests/{tag}")).text(), body);
    }
}
