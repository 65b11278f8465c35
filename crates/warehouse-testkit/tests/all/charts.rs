//! The chart repository over plain HTTP.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::Read;

use crate::client::{get, request, send};
use warehouse_testkit::{Chart, ChartServer};

fn filled() -> ChartServer {
    let server = ChartServer::builder().path("charts/stable").start().unwrap();
    for version in ["1.0.0", "1.1.0"] {
        server.publish(&Chart::new("demo", version).file("values.yaml", "replicas: 1\n"));
    }
    server
}

#[test]
fn index_and_archives_are_served() {
    let server = filled();
    assert!(server.url().ends_with("/charts/stable"));
    let index = get(server.address(), "/charts/stable/index.yaml");
    assert_eq!(index.status, 200);
    assert_eq!(index.text().matches("- demo-1.").count(), 2);
    let archive = get(server.address(), "/charts/stable/demo-1.1.0.tgz");
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(&archive.body[..]).read_to_string(&mut unpacked).unwrap();
    assert!(unpacked.contains("demo/Chart.yaml") && unpacked.contains("replicas: 1"));
    assert_eq!(get(server.address(), "/index.yaml").status, 404);
}

#[test]
fn validators_spare_the_body() {
    let server = filled();
    let address = server.address();
    let target = "/charts/stable/index.yaml";
    let first = get(address, target);
    for (name, value) in [
        ("if-none-match", first.header("etag").to_owned()),
        ("if-none-match", format!("\"other\", W/{}", first.header("etag"))),
        ("if-modified-since", first.header("last-modified").to_owned()),
    ] {
        let again = send(address, request("GET", address, target).header(name, value), "");
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{name}");
        assert_eq!(again.header("etag"), first.header("etag"));
    }
    server.publish(&Chart::new("demo", "1.2.0"));
    let ask = request("GET", address, target).header("if-none-match", first.header("etag"));
    let ask = ask.header("if-modified-since", first.header("last-modified"));
    let changed = send(address, ask, "");
    assert_eq!(changed.status, 200);
    assert!(changed.text().contains("demo-1.2.0.tgz"));
}

#[test]
fn gzip_only_for_clients_that_accept_it() {
    let server = filled();
    let address = server.address();
    let target = "/charts/stable/index.yaml";
    let plain = get(address, target);
    assert!(!plain.headers.contains_key("content-encoding"));
    let packed =
        send(address, request("GET", address, target).header("accept-encoding", "br, gzip;q=0.5"), "");
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.header("etag").starts_with("W/"));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&packed.body[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    let sent = server.log().counters().body_bytes_sent as usize;
    assert_eq!(sent, plain.body.len() + packed.body.len());
}

#[test]
fn a_raw_body_redirects_and_absence() {
    let server = ChartServer::start().unwrap();
    let address = server.address();
    server.set_index("entries: [");
    assert_eq!(get(address, "/index.yaml").text(), "entries: [");
    server.redirect("/old/index.yaml", "/index.yaml");
    let moved = get(address, "/old/index.yaml");
    assert_eq!((moved.status.as_u16(), moved.header("location")), (302, "/index.yaml"));
    server.remove("/index.yaml");
    assert_eq!(get(address, "/index.yaml").status, 404);
    server.publish(&Chart::new("demo", "1.0.0"));
    assert_eq!(get(address, "/index.yaml").status, 200);
}

#[test]
fn credentials_and_queries_are_required() {
    let server = ChartServer::builder().basic("user", "secret").require_query("token=abc").start().unwrap();
    let address = server.address();
    let open = get(address, "/index.yaml?token=abc");
    assert_eq!((open.status.as_u16(), open.header("www-authenticate")), (401, "Basic realm=\"testkit\""));
    let authorized =
        |target| request("GET", address, target).header("authorization", "Basic dXNlcjpzZWNyZXQ=");
    assert_eq!(send(address, authorized("/index.yaml"), "").status, 403);
    assert_eq!(send(address, authorized("/index.yaml?a=b&token=abc"), "").status, 200);
    let shown = format!("{server:?} {:?}", server.log().all());
    for secret in ["secret", "dXNlcjpz", "token=abc"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
