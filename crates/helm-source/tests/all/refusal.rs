//! Misconfigured, broken and hostile servers: each gives a clear error in time, without a secret.

use std::time::Duration;

use artifact_http::{Credential, HttpClient};
use artifact_source::{ArtifactSource, DiscoverRequest, Error, ErrorKind};
use helm_source::{HelmSource, HelmSourceBuilder};
use warehouse_testkit::{Chart, ChartServer, Fault, Reply, When};

const LIMIT: u64 = 1 << 20;

fn source(repo_url: &str) -> HelmSourceBuilder {
    let client = HttpClient::builder().attempts(1).stall_timeout(Duration::from_secs(5)).build().unwrap();
    HelmSource::builder(repo_url).chart("web").max_index_bytes(LIMIT).http(client)
}

async fn error_of(builder: HelmSourceBuilder) -> Error {
    let source = builder.build().unwrap();
    let error = source.discover(DiscoverRequest::new()).await.expect_err("an error");
    assert_eq!(error.id(), Some(source.id()));
    assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
    error
}

fn server() -> ChartServer {
    let server = ChartServer::start().unwrap();
    for patch in 0..200 {
        server.publish(&Chart::new("web", format!("1.0.{patch}")));
    }
    server
}

#[track_caller]
fn assert_error(error: &Error, kind: ErrorKind, message: &str, hint: &str) {
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.to_string().contains(message), "{error}");
    assert!(error.hint().unwrap_or_default().contains(hint), "{error:?}");
}

#[tokio::test]
async fn a_missing_index_is_not_found() {
    let server = server();
    let error = error_of(source(&format!("{}/nothing", server.url()))).await;
    assert_error(&error, ErrorKind::NotFound, "HTTP 404", "<repoURL>/index.yaml");
    let error = error_of(source(&format!("{}/index.yaml", server.url()))).await;
    assert_error(&error, ErrorKind::NotFound, "HTTP 404", "before /index.yaml");
}

#[tokio::test]
async fn a_refused_connection_is_unreachable() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = error_of(source(&url)).await;
    assert_error(&error, ErrorKind::Unreachable, "refused", "does the server run");
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_login_page_is_a_bad_answer() {
    let server = server();
    server.faults().add(When::any(), Fault::login_page());
    let error = error_of(source(&server.url())).await;
    assert_error(&error, ErrorKind::BadAnswer, "the index is an HTML page", "login page");
}

#[tokio::test]
async fn a_file_that_is_not_an_index_is_a_bad_answer() {
    let server = server();
    for (body, message) in [
        ("", "the index is empty"),
        ("\n\n", "the index is empty"),
        ("this is a sentence\n", "the index is not valid: line 1"),
        ("- a\n- b\n", "the index is not valid: line 1"),
        ("{\"error\":\"unauthorized\"}", "not a chart index"),
        ("error: not authorised\n", "not a chart index"),
        (
            "entries:\n  web:\n  - version: 1\n  web:\n  - version: 2\n",
            "line 4, column 3: the chart \"web\" is listed twice",
        ),
        (
            "entries:\n  web:\n  - version: 1\n    version: 2\n",
            "line 4, column 5: the field \"version\" of an entry is given twice",
        ),
        (
            "entries:\n  web:\n  - \"https://u:SECRET@h/\": 1\n    'https://u:SECRET@h/': 2\n",
            "line 4, column 5: the field \"https://h/\" of an entry",
        ),
        (
            "entries: {}\n\nentries: {}\n",
            "line 3, column 1: the field \"entries\" of the index is given twice",
        ),
        ("Entries: {}\nENTRIES: {}\n", "the field `entries` is given twice, in other cases"),
        (
            "{\"entries\":{\"web\":[{\"version\":1,\n\"version\":2}]}}",
            "line 2, column 10: the field \"version\" of an entry is given twice",
        ),
        ("{\"entries\":{\"web\":[],\n\"web\":[]}}", "line 2, column 6: the chart \"web\" is listed twice"),
        ("{\"entries\":\"https://u:SECRET@h/\"}", "expected a mapping of chart names to their versions"),
        ("{\"entries\":{\"web\":[7]}}", "expected a mapping with the `version` of a chart"),
        ("entries:\n  web: \u{7}\n", "line 2, column 8: the character U+0007 is not allowed here"),
        (
            "entries:\n  web:\n  - version: \"\u{0}\"\n",
            "line 3, column 15: the character U+0000 is not allowed here",
        ),
        ("entries:\n  web:\n  - version: [1]\n", "the index is not valid: line 3"),
        ("entries:\n  web: text\n", "the index is not valid: line 2"),
        ("entries: {}\n<<<<<<< HEAD\n", "the index is not valid: line"),
        ("{\"entries\":{\"web\":[{\"version\":1.0}]}", "the index is not valid: line 1"),
        ("{\"entries\":{\"web\":[{\"version\":{}}]}}", "a version is a text"),
        ("<?xml version=\"1.0\"?>\n<Error/>\n", "an XML or HTML document"),
    ] {
        server.set_index(body);
        let error = error_of(source(&server.url())).await;
        assert_error(&error, ErrorKind::BadAnswer, message, "");
        assert!(error.hint().is_some(), "{body}");
    }
}

/// Helm and Kargo refuse these as well, with less detail.
#[tokio::test]
async fn binary_data_and_other_encodings_are_bad_answers() {
    let server = server();
    let utf8 = "an index is text in UTF-8";
    let packed = "as it is, or compressed once, with gzip";
    for (body, message, hint) in [
        (
            &b"entries:\n  web:\n  - version: 1.0.0\n    description: M\xfcnchen\n"[..],
            "line 4, column 19: the byte 0xfc is not UTF-8",
            utf8,
        ),
        (b"# Stra\xdfe\nentries: {}\n", "line 1, column 7: the byte 0xdf is not UTF-8", utf8),
        (b"entries: {}\n# \xe4", "line 2, column 3: the byte 0xe4 is not UTF-8", utf8),
        (b"{\"entries\":{\"M\xfc\":[]}}", "line 1, column 15: the byte 0xfc is not UTF-8", utf8),
        // The server compresses it once more.
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "the index is gzip data", packed),
        (b"\x28\xb5\x2f\xfd\n\n", "the index is zstd data", packed),
        (b"PK\x03\x04\n", "the index is zip data", packed),
    ] {
        server.set_index(body);
        let error = error_of(source(&server.url())).await;
        assert_error(&error, ErrorKind::BadAnswer, message, hint);
    }
}

#[tokio::test]
async fn error_statuses_have_their_kinds() {
    let server = server();
    for (status, kind) in [
        (403, ErrorKind::Forbidden),
        (410, ErrorKind::NotFound),
        (500, ErrorKind::Server),
        (503, ErrorKind::Server),
        (304, ErrorKind::BadAnswer),
        (204, ErrorKind::BadAnswer),
        (418, ErrorKind::BadAnswer),
    ] {
        server.faults().clear();
        server.faults().add(When::any(), Fault::status(status));
        assert_eq!(error_of(source(&server.url())).await.kind(), kind, "{status}");
    }
    server.faults().clear();
    server.faults().add(When::any(), Fault::too_many_requests(Duration::from_secs(7)));
    let error = error_of(source(&server.url())).await;
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(Duration::from_secs(7))));
}

#[tokio::test]
async fn the_text_of_an_error_response_is_in_the_error() {
    let server = server();
    for (content_type, body, text) in [
        ("text/plain; charset=utf-8", "Your account is\n suspended", Some("Your account is suspended")),
        ("text/plain", "not for me:SECRET", Some("not for ...")),
        ("text/html", "<h1>Suspended</h1>", None),
    ] {
        server.faults().clear();
        server.faults().add(When::any(), Reply::status(403).header("content-type", content_type).body(body));
        let error = error_of(source(&server.url()).credentials(Credential::password("me", "SECRET"))).await;
        assert_eq!((error.kind(), error.server_message()), (ErrorKind::Forbidden, text), "{error:?}");
    }
}

/// A body that is cut at the end of a line is a valid index of fewer versions, and still an error.
#[tokio::test]
async fn a_truncated_body_is_an_error() {
    let plain = ChartServer::builder().without_gzip().start().unwrap();
    for patch in 0..200 {
        plain.publish(&Chart::new("web", format!("1.0.{patch}")));
    }
    let index = plain.index();
    let cut = index.windows(5).position(|window| window == b"\n  - ").unwrap() + 1;
    assert!(helm_source::Index::from_slice(&index[..cut]).is_ok());
    for fault in [Fault::Truncate { keep: cut }, Fault::ResetAfter { keep: cut }] {
        plain.faults().clear();
        plain.faults().add(When::any(), fault);
        let error = error_of(source(&plain.url())).await;
        assert_error(&error, ErrorKind::BadAnswer, "broke off", "");
    }

    let packed = server();
    packed.faults().add(When::any(), Fault::Truncate { keep: 100 });
    assert_eq!(error_of(source(&packed.url())).await.kind(), ErrorKind::BadAnswer);

    // The next response is whole.
    packed.faults().clear();
    assert!(source(&packed.url()).build().unwrap().discover(DiscoverRequest::new()).await.is_ok());
}

#[tokio::test]
async fn endless_bodies_are_too_large() {
    let packed = server();
    packed.faults().add(When::any(), Fault::GzipBomb { bytes: 64 << 20 });
    assert_eq!(error_of(source(&packed.url())).await.kind(), ErrorKind::TooLarge);

    let server = ChartServer::builder().without_gzip().start().unwrap();
    let line = b"# a comment that says nothing at all\n".as_slice();
    for fault in [
        Fault::endless(),
        Fault::oversized(10 << 30),
        Fault::Endless { head: "entries:\n".into(), repeat: line.into() },
        Fault::Endless { head: "entries:\n  web:\n".into(), repeat: "  - version: 1\n".into() },
        Fault::Endless { head: "entries:\n  web:\n  - x: \"".into(), repeat: "yyyyyyyy".into() },
        Fault::Endless { head: "{\"entries\":{\"web\":[{\"x\":\"".into(), repeat: "yyyyyyyy".into() },
    ] {
        server.faults().clear();
        server.faults().add(When::any(), fault);
        let error = error_of(source(&server.url())).await;
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:?}");
    }
}

#[tokio::test]
async fn a_silent_server_times_out() {
    let server = server();
    server.faults().add(When::any(), Fault::Stall);
    let source = source(&server.url()).build().unwrap();
    let deadline = std::time::Instant::now() + Duration::from_millis(100);
    let error = source.discover(DiscoverRequest::new().with_deadline(deadline)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

/// A few kilobytes that take seconds to decompress.
#[tokio::test]
async fn the_deadline_includes_decompression() {
    let server = server();
    let client = HttpClient::builder().attempts(1).build().unwrap();
    server.faults().add(When::any(), Fault::GzipBomb { bytes: 8 << 30 });
    let source = HelmSource::builder(server.url()).chart("web").max_index_bytes(16 << 30).http(client);
    let source = source.build().unwrap();
    let deadline = std::time::Instant::now() + Duration::from_millis(300);
    let error = source.discover(DiscoverRequest::new().with_deadline(deadline)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error:?}");
    assert!(error.url().is_some_and(|url| url.ends_with("/index.yaml")), "{error:?}");
}

#[tokio::test]
async fn redirects_are_followed_without_the_credential_to_another_origin() {
    let server = server();
    let secret = || Credential::password("me", "SECRET");

    server.faults().add(When::path("/loop/**"), Fault::redirect("/loop/index.yaml"));
    let error = error_of(source(&format!("{}/loop", server.url()))).await;
    assert_error(&error, ErrorKind::BadAnswer, "redirects", "");
    assert_eq!(server.log().count(&When::path("/loop/**")), 11);

    // To another port: the index is read without the credential.
    let other = self::server();
    server.redirect("/moved/index.yaml", format!("{}/index.yaml", other.url()));
    let moved = source(&format!("{}/moved", server.url())).credentials(secret()).build().unwrap();
    let found = moved.discover(DiscoverRequest::new()).await.unwrap().found().unwrap();
    assert_eq!((found.artifacts.len(), found.cost.requests), (20, 2));
    assert!(server.log().matching(&When::path("/moved/**"))[0].header("authorization").is_some());
    assert_eq!(other.log().all()[0].header("authorization"), None);

    // Within the server: with the credential.
    server.redirect("/near/index.yaml", "/index.yaml");
    let near = source(&format!("{}/near", server.url())).credentials(secret()).build().unwrap();
    near.discover(DiscoverRequest::new()).await.unwrap();
    assert!(server.log().matching(&When::path("/index.yaml"))[0].header("authorization").is_some());
}

/// Nothing is sent, so the host need not exist.
#[tokio::test]
async fn a_credential_over_plain_http_is_refused() {
    for builder in [
        source("http://charts.invalid").credentials(Credential::password("me", "SECRET")),
        source("http://me:SECRET@charts.invalid"),
    ] {
        assert_error(
            &error_of(builder).await,
            ErrorKind::Refused,
            "over plain http to http://charts.invalid",
            "https",
        );
    }
}

/// After a redirect to another server than before, 304 is about another file.
#[tokio::test]
async fn not_modified_from_another_server_is_ignored() {
    let (entry, old, new) = (server(), server(), server());
    for (server, version) in [(&old, "1.0.0"), (&new, "2.0.0")] {
        server.set_index(format!("entries:\n  web:\n  - version: {version}\n"));
        server.faults().add(When::any(), Fault::Header { name: "etag".into(), value: "\"same\"".into() });
    }
    entry.redirect("/index.yaml", format!("{}/index.yaml", old.url()));
    let source = source(&entry.url()).build().unwrap();
    let first = source.discover(DiscoverRequest::new()).await.unwrap().found().unwrap();

    entry.redirect("/index.yaml", format!("{}/index.yaml", new.url()));
    new.faults().clear();
    let same = |reply: Reply| reply.header("etag", "\"same\"");
    new.faults().add(When::any().nth(1), same(Reply::status(304)));
    let request = DiscoverRequest::new().with_previous(first.observation.as_ref());
    let second = source.discover(request).await.unwrap().found().unwrap();
    assert_eq!(second.artifacts[0].version, "2.0.0");
    assert_eq!(second.cost.requests, 4);
}

#[test]
fn invalid_input_is_an_error_of_the_builder() {
    for (builder, message, hint) in [
        (HelmSource::builder("charts.example.com").chart("web"), "not a URL", ""),
        (HelmSource::builder("ftp://u:SECRET@example.com").chart("web"), "begins with", ""),
        (HelmSource::builder("https://example.com"), "needs a name", ""),
        (HelmSource::builder("https://example.com").chart(""), "needs a name", ""),
        (HelmSource::builder("oci://example.com/a").chart("web"), "no name", "append /web"),
        (HelmSource::builder("https://example.com").chart("web").constraint(">=1<2"), "\">=1<2\"", ""),
        (HelmSource::builder("https://example.com").chart("web").constraint(" "), "\" \"", ""),
        (HelmSource::builder("https://example.com").chart("web").limit(0), "limit of 0", "1 or more"),
    ] {
        let error = builder.build().unwrap_err();
        assert_error(&error, ErrorKind::InvalidInput, message, hint);
        assert!(error.id().is_some());
        assert!(!format!("{error} {error:?}").contains("SECRET"));
    }
    assert!(HelmSource::builder("https://example.com").chart("web").constraint("").build().is_ok());
}

#[tokio::test]
async fn only_200_is_the_whole_index() {
    let server = server();
    let index = "apiVersion: v1\nentries: {web: [{name: web, version: 1.0.0, urls: [a.tgz]}]}\n";
    for (status, hint) in [
        (201, "only an answer with status 200"),
        (203, "a proxy passes the answers of this host on as they are"),
        (204, "no content"),
        (206, "without a range"),
        (226, "a change to an earlier one"),
        (299, "only an answer with status 200"),
    ] {
        server.faults().clear();
        let reply = Reply::status(status).header("content-range", "bytes 0-50/900").body(index);
        server.faults().add(When::any(), reply);
        let before = server.log().counters().requests;
        let error = error_of(source(&server.url())).await;
        assert_error(
            &error,
            ErrorKind::BadAnswer,
            "the index of the chart repository could not be read",
            hint,
        );
        assert_eq!((error.status(), error.is_transient()), (Some(status), false));
        assert_eq!(server.log().counters().requests, before + 1, "{status}");
    }
}
