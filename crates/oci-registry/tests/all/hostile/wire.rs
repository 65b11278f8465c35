//! Responses that are not HTTP, or valid HTTP and harmful.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use artifact_http::Call;
use artifact_source::ErrorKind;
use oci_registry::{Digest, RegistryClient};

use super::{Outcome, hint, in_raw, raw_manifest, raw_tags};
use crate::raw::{Answer, RawServer, Then, answer, bytes};
use crate::setup::{client, http};

const INDEX: &str = r#"{"manifests":[]}"#;
const NO_HTTP: &str = "the answer is not HTTP";
const BROKE_OFF: &str = "the answer broke off before its end";
const TOO_LARGE_HEAD: &str = "the head of the answer is too large";

#[tokio::test]
async fn a_header_of_a_megabyte() {
    let header = format!("X-Bomb: {}", "x".repeat(1 << 20));
    let reply = move |_: &str| answer("200 OK", &[&header], INDEX);
    raw_manifest(reply).await.refused(ErrorKind::TooLarge, TOO_LARGE_HEAD, 1, 0);
}

#[tokio::test]
async fn ten_thousand_headers() {
    let headers: Vec<String> = (0..10_000).map(|number| format!("X-{number}: x")).collect();
    let reply =
        move |_: &str| answer("200 OK", &headers.iter().map(String::as_str).collect::<Vec<_>>(), INDEX);
    raw_manifest(reply).await.refused(ErrorKind::TooLarge, TOO_LARGE_HEAD, 1, 0);
}

#[tokio::test]
async fn an_endless_header() {
    let reply = |_: &str| Answer(b"HTTP/1.1 200 OK\r\nX-Bomb: ".to_vec(), Then::Repeat(vec![b'x'; 65536]));
    raw_manifest(reply).await.refused(ErrorKind::TooLarge, TOO_LARGE_HEAD, 1, 0);
}

#[tokio::test]
async fn large_headers() {
    let reply = |_: &str| {
        let big = "x".repeat(100 << 10);
        answer("200 OK", &[&format!("Content-Type: {big}"), &format!("Docker-Content-Digest: {big}")], INDEX)
    };
    let fetched = raw_manifest(reply).await.taken(1);
    assert_eq!((fetched.digest, fetched.media_type.as_str()), (Digest::of(INDEX.as_bytes()), ""));
}

#[tokio::test]
async fn an_invalid_status_line() {
    for greeting in [
        "220 smtp.example.com ESMTP\r\n\r\n",
        "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 \r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "\u{0}\u{1}\u{2}\u{3}\r\n\r\n",
        "\u{15}\u{3}\u{1}\u{0}\u{2}\u{2}F\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\u{0}b\r\n\r\n",
    ] {
        let reply = move |_: &str| Answer(greeting.into(), Then::Close);
        let error = raw_manifest(reply).await.refused(ErrorKind::BadAnswer, NO_HTTP, 1, 0);
        hint(&error, "another protocol");
    }
}

#[tokio::test]
async fn unusual_statuses() {
    for (status, kind) in [
        ("204 No Content", ErrorKind::BadAnswer),
        ("206 Partial", ErrorKind::BadAnswer),
        ("300 X", ErrorKind::BadAnswer),
        ("304 Not Modified", ErrorKind::BadAnswer),
        ("418 X", ErrorKind::BadAnswer),
        ("599 X", ErrorKind::Server),
        ("999 X", ErrorKind::Server),
    ] {
        let outcome = raw_manifest(move |_| answer(status, &[], "")).await;
        assert_eq!(outcome.result.unwrap_err().kind(), kind, "{status}");
    }
}

/// What a registry says, with every other status of success: a proxy that changes answers, a part, a difference.
#[tokio::test]
async fn only_200_is_a_whole_answer() {
    for status in [201, 202, 203, 204, 206, 207, 226, 299] {
        let line: &'static str = format!("{status} X").leak();
        let list =
            raw_tags(move |_| answer(line, &[], if status == 204 { "" } else { r#"{"tags": ["a"]}"# })).await;
        let manifest = raw_manifest(move |_| answer(line, &[], if status == 204 { "" } else { INDEX })).await;
        for (result, requests) in
            [(list.result.map(|_| ()), list.requests), (manifest.result.map(|_| ()), manifest.requests)]
        {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.status(), requests), (ErrorKind::BadAnswer, Some(status), 1));
            assert!(
                !error.is_transient() && error.message().ends_with("does not send the whole answer"),
                "{error}"
            );
            assert!(error.hint().is_some(), "{error}");
        }
    }
}

/// Without a length, an answer that was cut off looks like a whole one. Its JSON does not.
#[tokio::test]
async fn json_that_ends_early_is_requested_again() {
    const HEAD: &str = "HTTP/1.1 200 OK\n\n";
    let list = r#"{"name": "demo/app", "tags": ["a", "b"]}"#;
    for (whole, keep) in [(list, 0), (list, 1), (list, 30), (list, list.len() - 1), (INDEX, 0), (INDEX, 14)] {
        let (cut, is_list) = (&whole[..keep], whole == list);
        let message =
            if keep == 0 { "the answer is empty" } else { "the answer ends before its content does" };
        let read = async |repository: &oci_registry::Repository, call: &Call| match is_list {
            true => repository.tags(call).await.map(|tags| tags.len()),
            false => repository.manifest("1.0.0", call).await.map(|_| 0),
        };
        let always = RawServer::start(move |_| bytes(HEAD, cut)).await;
        let repository = in_raw(&always, None);
        let outcome = Outcome::of(async |call| read(&repository, call).await).await;
        let error = outcome.refused(ErrorKind::BadAnswer, message, 4, 4 * keep as u64);
        assert_eq!((error.tries(), error.is_transient()), (4, true));
        hint(&error, "a proxy before it");

        // Once, twice or three times, and then whole.
        for cuts in 1..=3 {
            let asked = AtomicUsize::new(0);
            let passing = RawServer::start(move |_| {
                let is_cut = asked.fetch_add(1, Ordering::Relaxed) < cuts;
                bytes(HEAD, if is_cut { cut } else { whole })
            })
            .await;
            let repository = in_raw(&passing, None);
            let outcome = Outcome::of(async |call| read(&repository, call).await).await;
            assert_eq!(outcome.taken(cuts as u64 + 1), if is_list { 2 } else { 0 });
        }
    }
}

/// The same within a list: the pages before are not requested again.
#[tokio::test]
async fn a_later_page_that_ends_early_is_requested_again() {
    let asked = AtomicUsize::new(0);
    let outcome =
        raw_tags(move |head| match (head.contains("last=a"), asked.fetch_add(1, Ordering::Relaxed)) {
            (false, _) => answer("200 OK", &["Link: <?last=a>; rel=next"], r#"{"tags": ["a"]}"#),
            (true, 0..3) => bytes("HTTP/1.1 200 OK\n\n", r#"{"tags": ["b""#),
            (true, _) => bytes("HTTP/1.1 200 OK\n\n", r#"{"tags": ["b"]}"#),
        });
    assert_eq!(outcome.await.taken(4), ["a", "b"]);
}

/// A blob is any content: it is cut off if it is not what its digest says and looks like JSON without its end.
#[tokio::test]
async fn a_blob_that_ends_early_is_requested_again() {
    let config = r#"{"architecture": "amd64"}"#;
    let read = async |digest: Digest, answers: &'static [&'static str]| {
        let asked = AtomicUsize::new(0);
        let server = RawServer::start(move |_| {
            let number = asked.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
            bytes("HTTP/1.1 200 OK\n\n", answers[number])
        })
        .await;
        let repository = in_raw(&server, None);
        Outcome::of(async |call| repository.blob(&digest, 1000, call).await).await
    };
    let digest = Digest::of(config.as_bytes());
    assert_eq!(
        read(digest.clone(), &[r#"{"arch"#, "", r#"{"architecture": "amd64"}"#]).await.taken(3),
        config
    );
    let error = read(digest.clone(), &[r#"{"arch"#]).await;
    error.refused(ErrorKind::BadAnswer, "the answer ends before its content does", 4, 100);
    // Other content, which is whole, and content that has its digest.
    let other = read(digest, &["{}"]).await;
    assert_eq!((other.result.unwrap_err().is_transient(), other.requests), (false, 1));
    assert_eq!(read(Digest::of(b"[1"), &["[1"]).await.taken(1), "[1");
    assert_eq!(read(Digest::of(b""), &[""]).await.taken(1), "");
}

#[tokio::test]
async fn endless_interim_responses_time_out() {
    let reply = |_: &str| Answer(Vec::new(), Then::Repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec()));
    let server = RawServer::start(reply).await;
    let http = http()
        .attempts(1)
        .connect_timeout(Duration::from_millis(100))
        .stall_timeout(Duration::from_millis(400))
        .build()
        .unwrap();
    let repository =
        RegistryClient::builder(http).build().repository(&format!("{}/demo/app", server.host)).unwrap();
    let outcome = Outcome::of(async |call| repository.manifest("1.0.0", call).await).await;
    outcome.refused(ErrorKind::TimedOut, "the server was silent for 0.4 s", 1, 0);
}

#[tokio::test]
async fn a_length_that_is_too_long() {
    let reply = |_: &str| bytes("HTTP/1.1 200 OK\nContent-Length: 17\n\n", INDEX);
    raw_manifest(reply).await.refused(ErrorKind::BadAnswer, BROKE_OFF, 4, 4 * 17);
}

#[tokio::test]
async fn a_length_that_is_too_short_does_not_affect_later_responses() {
    let requests = AtomicUsize::new(0);
    let server = RawServer::start(move |_| match requests.fetch_add(1, Ordering::Relaxed) {
        // The rest of this body would pass for the answer to the next request.
        0 => {
            let rest = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"error\":1}";
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", INDEX.len());
            Answer([&head, INDEX, rest].concat().into_bytes(), Then::Next)
        }
        _ => answer("200 OK", &[], INDEX),
    })
    .await;
    let repository = in_raw(&server, None);
    for _ in 0..3 {
        let fetched = Outcome::of(async |call| repository.manifest("1.0.0", call).await).await.taken(1);
        assert_eq!(&fetched.bytes[..], INDEX.as_bytes());
    }
}

#[tokio::test]
async fn unrequested_bytes_on_an_idle_connection_are_not_a_response() {
    let forged = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"error\":1}".to_vec();
    let server = RawServer::start(move |_| {
        let Answer(bytes, _) = answer("200 OK", &[], INDEX);
        Answer(bytes, Then::Trail(forged.clone()))
    })
    .await;
    let repository = in_raw(&server, None);
    for _ in 0..3 {
        let fetched = Outcome::of(async |call| repository.manifest("1.0.0", call).await).await.taken(1);
        assert_eq!(&fetched.bytes[..], INDEX.as_bytes());
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}

#[tokio::test]
async fn a_head_response_with_a_body_does_not_affect_later_responses() {
    let digest = Digest::of(INDEX.as_bytes());
    let header = format!("Docker-Content-Digest: {digest}");
    let server = RawServer::start(move |_| answer("200 OK", &[&header], INDEX)).await;
    let repository = in_raw(&server, None);
    for _ in 0..2 {
        let head = Outcome::of(async |call| repository.head_manifest("1.0.0", call).await).await.taken(1);
        assert_eq!(head.digest, Some(Digest::of(INDEX.as_bytes())));
        tokio::time::sleep(Duration::from_millis(50)).await;
        let fetched = Outcome::of(async |call| repository.manifest("1.0.0", call).await).await.taken(1);
        assert_eq!(&fetched.bytes[..], INDEX.as_bytes());
    }
}

#[tokio::test]
async fn invalid_lengths() {
    for head in [
        "HTTP/1.1 200 OK\nContent-Length: -1\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 16\nContent-Length: 17\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 99999999999999999999999\n\n",
        "HTTP/1.1 200 OK\nContent-Length: x\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 0x10\n\n",
    ] {
        let reply = move |_: &str| bytes(head, INDEX);
        raw_manifest(reply).await.refused(ErrorKind::BadAnswer, NO_HTTP, 1, 0);
    }
}

#[tokio::test]
async fn invalid_chunks() {
    for (chunks, requests) in [
        ("zz\r\nabc\r\n0\r\n\r\n", 4),
        ("-1\r\nabc\r\n0\r\n\r\n", 4),
        ("fffffffffffffffff\r\nabc\r\n", 4),
        ("3\r\nabcdef\r\n0\r\n\r\n", 4),
        ("3\r\nabc", 4),
        ("10\r\n", 4),
    ] {
        let reply = move |_: &str| bytes("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", chunks);
        raw_manifest(reply).await.refused(ErrorKind::BadAnswer, BROKE_OFF, requests, 100);
    }
}

#[tokio::test]
async fn chunks_with_endless_extensions_and_trailers() {
    for start in ["1;", "0\r\nX-Trailer: "] {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let reply =
            move |_: &str| Answer([head, start].concat().into_bytes(), Then::Repeat(vec![b'x'; 4096]));
        raw_manifest(reply).await.refused(ErrorKind::BadAnswer, BROKE_OFF, 4, 100);
    }
}

#[tokio::test]
async fn a_length_and_chunks_at_once() {
    let reply = |_: &str| {
        bytes(
            "HTTP/1.1 200 OK\nContent-Length: 3\nTransfer-Encoding: chunked\n\n",
            "10\r\n{\"manifests\":[]}\r\n0\r\n\r\n",
        )
    };
    let fetched = raw_manifest(reply).await.taken(1);
    assert_eq!(&fetched.bytes[..], INDEX.as_bytes(), "chunks count (RFC 9112, section 6.3)");
}

#[tokio::test]
async fn unrequested_compressions() {
    for (encoding, said) in [("br", "br"), ("deflate", "deflate"), ("gzip, gzip", "gzip twice")] {
        let header = format!("Content-Encoding: {encoding}");
        let message = &format!("the body has a compression that was not asked for: {said}");
        let reply = move |_: &str| answer("200 OK", &[&header], INDEX);
        raw_manifest(reply).await.refused(ErrorKind::BadAnswer, message, 1, 100);
    }
    let message = "the compressed answer is damaged or ends early";
    let reply = |_: &str| answer("200 OK", &["Content-Encoding: gzip"], INDEX);
    raw_manifest(reply).await.refused(ErrorKind::BadAnswer, message, 4, 100);
}

#[tokio::test]
async fn an_unrequested_upgrade() {
    let reply = |_: &str| answer("101 Switching Protocols", &["Upgrade: h2c", "Connection: Upgrade"], INDEX);
    let outcome = raw_manifest(reply).await;
    let error = outcome.result.unwrap_err();
    assert_eq!((error.kind(), error.status(), outcome.requests), (ErrorKind::BadAnswer, Some(101), 1));
}

#[tokio::test]
async fn cookies_are_not_kept() {
    let server = RawServer::start(|_| answer("200 OK", &["Set-Cookie: session=x; Path=/"], INDEX)).await;
    let repository = in_raw(&server, None);
    for _ in 0..2 {
        repository.manifest("1.0.0", &Call::new()).await.unwrap();
    }
    assert!(server.seen().iter().all(|head| !head.contains("cookie")), "{:?}", server.seen());
}

/// Where neither a length nor chunks tell the end of an answer, its own end does.
#[tokio::test]
async fn a_truncated_response_without_a_length_is_retried() {
    let digest = Digest::of(INDEX.as_bytes());
    for cut in 1..INDEX.len() {
        let head = format!("HTTP/1.1 200 OK\nDocker-Content-Digest: {digest}\n\n");
        let server = RawServer::start(move |_| bytes(&head, &INDEX[..cut])).await;
        let repository = client(None).repository(&format!("{}/demo/app", server.host)).unwrap();
        let error = repository.manifest("1.0.0", &Call::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::BadAnswer, true), "{cut} {error}");

        let list = r#"{"tags": ["1.0.0"]}"#;
        let server =
            RawServer::start(move |_| bytes("HTTP/1.1 200 OK\n\n", &list[..cut.min(list.len() - 1)])).await;
        let repository = client(None).repository(&format!("{}/demo/app", server.host)).unwrap();
        let error = repository.tags(&Call::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::BadAnswer, true), "{cut} {error}");
    }
}

#[tokio::test]
async fn a_server_that_expects_https_has_a_hint() {
    for body in [
        "Client sent an HTTP request to an HTTPS server.\n",
        "<center>The plain HTTP request was sent to HTTPS port</center>",
    ] {
        let server =
            RawServer::start(move |_| answer("400 Bad Request", &["Content-Type: text/plain"], body)).await;
        let repository = client(None).repository(&format!("{}/demo/app", server.host)).unwrap();
        let error = repository.tags(&Call::new()).await.unwrap_err();
        assert!(
            error.hint().is_some_and(|hint| hint.ends_with("configure https for this host")),
            "{error:?}"
        );
    }
}
