//! Answers, faults, limits, redirects.

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::server::{Reply, Server, Then, answer};
use artifact_http::{
    Authorization, Call, HttpClient, HttpClientBuilder, Identity, LeastProgress, Request, Response,
};
use artifact_source::{Error, ErrorKind};
use flate2::Compression;
use flate2::write::GzEncoder;

fn quick() -> HttpClientBuilder {
    HttpClient::builder()
        .backoff(Duration::from_millis(1), Duration::from_millis(5))
        .stall_timeout(Duration::from_secs(10))
}

async fn fetch(request: Request, call: &Call) -> Result<Response, Error> {
    quick().build().unwrap().fetch(request, call).await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_plain_answer_and_what_it_cost() {
    let server = Server::start(|_, _| answer("200 OK", &["ETag: \"a\""], "hello")).await;
    let call = Call::new();
    let response = fetch(Request::get(&server.url).header("accept", "text/plain"), &call).await.unwrap();
    assert_eq!((response.status.as_u16(), &response.body[..]), (200, &b"hello"[..]));
    assert_eq!(response.headers["etag"], "\"a\"");
    assert_eq!((call.meter.requests(), call.meter.bytes_received()), (1, 5));
    let seen = server.seen();
    assert!(seen[0].contains("accept: text/plain") && !seen[0].contains("accept-encoding"), "{seen:?}");
}

#[tokio::test]
async fn statuses_are_answers_and_have_their_kind() {
    for (status, kind) in [
        (304, ErrorKind::BadAnswer),
        (400, ErrorKind::BadAnswer),
        (401, ErrorKind::Unauthorized),
        (403, ErrorKind::Forbidden),
        (404, ErrorKind::NotFound),
        (410, ErrorKind::NotFound),
        (501, ErrorKind::Server),
    ] {
        let server = Server::start(move |_, _| answer(&format!("{status} X"), &[], "")).await;
        let response = fetch(Request::get(&server.url), &Call::new()).await.unwrap();
        let error = response.error_for_status("it could not be read").unwrap_err();
        assert_eq!((error.kind(), error.status(), error.tries()), (kind, Some(status), 1));
        assert_eq!(error.to_string(), format!("it could not be read: HTTP {status} ({}/)", server.url));
        assert_eq!(server.seen().len(), 1, "{status} is not tried again");
    }
}

#[tokio::test]
async fn what_passes_is_tried_again_and_counted() {
    type Fault = fn() -> Reply;
    let faults: [(&str, Fault); 8] = [
        ("500", || answer("500 X", &[], "oops")),
        ("503 with Retry-After", || answer("503 X", &["Retry-After: 0"], "")),
        ("429", || answer("429 X", &[], "")),
        ("408", || answer("408 X", &[], "")),
        ("reset", || Reply(Vec::new(), Then::Reset)),
        ("reset within the body", || {
            Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".into(), Then::Reset)
        }),
        ("truncated body", || Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".into(), Then::Close)),
        ("truncated chunks", || {
            Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab".into(), Then::Close)
        }),
    ];
    for (name, fault) in faults {
        let server =
            Server::start(move |n, _| if n < 2 { fault() } else { answer("200 OK", &[], "fine") }).await;
        let call = Call::new();
        let response = fetch(Request::get(&server.url), &call).await.unwrap();
        assert_eq!(&response.body[..], b"fine", "{name}");
        assert_eq!((call.meter.requests(), server.seen().len()), (3, 3), "{name}");
    }
}

#[tokio::test]
async fn tries_have_an_end_and_are_named() {
    let server = Server::start(|_, _| answer("503 X", &[], "")).await;
    let error = fetch(Request::get(&server.url), &Call::new())
        .await
        .unwrap()
        .error_for_status("no index")
        .unwrap_err();
    assert_eq!((error.kind(), error.tries(), server.seen().len()), (ErrorKind::Server, 4, 4));
    assert!(error.is_transient());

    let server = Server::start(|_, _| Reply(Vec::new(), Then::Reset)).await;
    let error = fetch(Request::get(&server.url), &Call::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.tries(), server.seen().len()), (ErrorKind::Unreachable, 4, 4));
}

#[tokio::test]
async fn a_post_is_sent_once_unless_it_is_said() {
    for (retries, expected) in [(false, 1), (true, 4)] {
        let server = Server::start(|_, _| answer("500 X", &[], "")).await;
        let request = Request::post(&server.url, "body").retries(retries);
        assert_eq!(fetch(request, &Call::new()).await.unwrap().status.as_u16(), 500);
        assert_eq!(server.seen().len(), expected);
    }
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_not_begun() {
    for (header, deadline) in [
        ("Retry-After: 3600", None),
        ("Retry-After: 99999999999999999999", None),
        ("Retry-After: 30", Some(Duration::from_secs(20))),
    ] {
        let server = Server::start(move |_, _| answer("429 X", &[header], "")).await;
        let call = Call::new().with_deadline(deadline.map(|left| Instant::now() + left));
        let error =
            fetch(Request::get(&server.url), &call).await.unwrap().error("the tags could not be listed");
        assert_eq!((error.kind(), server.seen().len()), (ErrorKind::RateLimited, 1), "{header}");
        assert!(error.retry_after().is_some());
    }
}

#[tokio::test]
async fn silence_and_dripping_time_out() {
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n";
    for (name, head, then) in
        [("no answer", &b""[..], Then::Hang), ("no body", HEAD, Then::Hang), ("a drip", HEAD, Then::Drip)]
    {
        let server = Server::start(move |_, _| Reply(head.to_vec(), then)).await;
        let client = quick()
            .connect_timeout(Duration::from_millis(100))
            .stall_timeout(Duration::from_millis(300))
            .attempts(2)
            .build()
            .unwrap();
        let error = client.fetch(Request::get(&server.url), &Call::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.tries()), (ErrorKind::TimedOut, 2), "{name}: {error}");

        let server = Server::start(move |_, _| Reply(head.to_vec(), then)).await;
        let patient = quick().stall_timeout(Duration::from_secs(60)).build().unwrap();
        let call = Call::new().with_deadline(Instant::now() + Duration::from_millis(200));
        let error = patient.fetch(Request::get(&server.url), &call).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::TimedOut, "the deadline passed"), "{name}");
        assert_eq!(error.tries(), 1, "{name}: there is no time to try again");
    }
    let call = Call::new().with_deadline(Instant::now());
    let error = fetch(Request::get("http://127.0.0.1:1"), &call).await.unwrap_err();
    assert_eq!((error.kind(), call.meter.requests()), (ErrorKind::TimedOut, 0));
}

/// A body that is read piece by piece brings a byte before each stall time-out ends.
#[tokio::test]
async fn a_stream_that_drips_is_too_slow() {
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n";
    let server = Server::start(|_, _| Reply(HEAD.to_vec(), Then::Drip)).await;
    let least = LeastProgress::new(1000, Duration::from_millis(300));
    let client = quick().stall_timeout(Duration::from_secs(60)).least_progress(least).build().unwrap();
    let mut stream = client.open(Request::get(&server.url), &Call::new()).await.unwrap();
    let slow = loop {
        if let Err(error) = stream.chunk().await {
            break error;
        }
    };
    assert_eq!(slow.kind(), ErrorKind::TimedOut);
    assert!(slow.message().ends_with("less than 1000 bytes a second"), "{slow}");
    assert_eq!(server.seen().len(), 1);

    // A short answer is none too slow.
    let server = Server::start(|_, _| answer("200 OK", &[], "short")).await;
    let read = client.fetch(Request::get(&server.url), &Call::new()).await.unwrap();
    assert_eq!(&read.body[..], b"short");
}

#[tokio::test]
async fn bodies_are_cut_off_at_the_limit() {
    let body = "x".repeat(1000);
    let chunked = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n{body}\r\n0\r\n\r\n");
    let bomb = gzip(&vec![0; 20 << 20]);
    let bomb_length = bomb.len() as u64;
    let replies: [(&str, Box<dyn Fn() -> Reply + Send + Sync>); 3] = [
        ("announced", Box::new(move || answer("200 OK", &[], &body))),
        ("chunked", Box::new(move || Reply(chunked.clone().into_bytes(), Then::Close))),
        ("bomb", Box::new(move || answer("200 OK", &["Content-Encoding: gzip"], &bomb))),
    ];
    for (name, reply) in replies {
        let server = Server::start(move |_, _| reply()).await;
        let call = Call::new();
        let request = Request::get(&server.url).accept_gzip(true).max_bytes(999);
        let error = fetch(request, &call).await.unwrap_err();
        assert_eq!((error.kind(), server.seen().len()), (ErrorKind::TooLarge, 1), "{name}: {error}");
        assert!(call.meter.bytes_received() <= bomb_length.max(1000));
    }
    let page = "x".repeat(1 << 20);
    let server = Server::start(move |_, _| answer("404 X", &[], &page)).await;
    let response = fetch(Request::get(&server.url), &Call::new()).await.unwrap();
    assert_eq!((response.status.as_u16(), response.body.len()), (404, 64 << 10));
}

#[tokio::test]
async fn gzip_is_counted_as_it_travelled() {
    let packed = gzip(b"hello hello hello hello hello hello hello hello");
    let length = packed.len() as u64;
    let server = Server::start(move |_, _| answer("200 OK", &["Content-Encoding: gzip"], &packed)).await;
    let call = Call::new();
    let response = fetch(Request::get(&server.url).accept_gzip(true), &call).await.unwrap();
    assert!(response.body.starts_with(b"hello hello") && response.body.len() == 47);
    assert_eq!(call.meter.bytes_received(), length);
    assert!(server.seen()[0].contains("accept-encoding: gzip"));

    let raw = fetch(Request::get(&server.url), &Call::new()).await.unwrap();
    assert!(raw.body.starts_with(&[0x1f, 0x8b]), "what was not asked for is left as it is");

    let server = Server::start(|_, _| answer("200 OK", &["Content-Encoding: br"], "xyz")).await;
    let error = fetch(Request::get(&server.url).accept_gzip(true), &Call::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadAnswer);

    let mut cut = gzip(&[7; 5000]);
    cut.truncate(cut.len() - 3);
    let server = Server::start(move |_, _| answer("200 OK", &["Content-Encoding: gzip"], &cut)).await;
    let error = fetch(Request::get(&server.url).accept_gzip(true), &Call::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.tries()), (ErrorKind::BadAnswer, 4));
}

#[tokio::test]
async fn a_credential_stays_with_its_origin() {
    let other = Server::start(|_, _| answer("200 OK", &[], "other")).await;
    let to = format!("Location: {}/x", other.url);
    let server = Server::start(move |n, _| match n {
        0 => answer("307 X", &["Location: /same"], "moved"),
        _ => answer("302 X", &[&to], ""),
    })
    .await;
    let call = Call::new();
    let request = Request::get(&server.url).authorization(Authorization::basic("me", "SECRET"));
    let response = fetch(request, &call).await.unwrap();
    assert_eq!(
        (&response.body[..], response.url.as_str()),
        (&b"other"[..], format!("{}/x", other.url).as_str())
    );
    assert_eq!((call.meter.requests(), call.meter.bytes_received()), (3, 10));
    let seen = server.seen();
    assert!(seen[0].contains("authorization: basic") && seen[1].contains("authorization: basic"), "{seen:?}");
    assert!(!other.seen()[0].contains("authorization"), "{:?}", other.seen());
}

/// Nobody wrote a host that a server redirects to: the message says who did.
#[tokio::test]
async fn a_host_that_a_redirect_names_and_that_fails() {
    let location = "Location: http://no-such-host.invalid/x?sig=SECRET";
    let server = Server::start(move |_, _| answer("307 X", &[location], "")).await;
    let error = fetch(Request::get(&server.url), &Call::new()).await.unwrap_err();
    let expected = format!(
        "the host name no-such-host.invalid could not be resolved, to which {} redirects",
        server.url.trim_end_matches('/')
    );
    assert_eq!((error.kind(), error.message()), (ErrorKind::Unreachable, expected.as_str()));
    assert!(!error.to_string().contains("SECRET"), "{error}");
}

#[tokio::test]
async fn redirects_have_an_end() {
    let server = Server::start(|_, _| answer("302 X", &["Location: /again"], "")).await;
    let error = fetch(Request::get(&server.url).max_redirects(3), &Call::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::BadAnswer, "more than 3 redirects"));
    assert_eq!(server.seen().len(), 4);
    let response = fetch(Request::get(&server.url).max_redirects(0), &Call::new()).await.unwrap();
    assert_eq!(response.status.as_u16(), 302);
    let response = fetch(Request::post(&server.url, "x"), &Call::new()).await.unwrap();
    assert_eq!(response.status.as_u16(), 302, "a POST would have to become a GET");
}

#[tokio::test]
async fn no_credential_over_plain_http_to_another_machine() {
    // Nothing is sent, so it does not matter that nobody of this name exists.
    let request = Request::get("http://registry.invalid/v2/").authorization(Authorization::bearer("SECRET"));
    let call = Call::new();
    let error = fetch(request, &call).await.unwrap_err();
    assert_eq!((error.kind(), call.meter.requests()), (ErrorKind::Refused, 0));
    assert!(error.hint().is_some() && !format!("{error} {error:?}").contains("SECRET"));
}

#[tokio::test]
async fn a_stream_is_read_piece_by_piece() {
    let body = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n";
    let server = Server::start(move |n, _| match n {
        0 => answer("503 X", &[], "later"),
        _ => Reply(body.to_vec(), Then::Close),
    })
    .await;
    let client = quick().build().unwrap();
    let call = Call::new();
    let mut stream = client.open(Request::get(&server.url), &call).await.unwrap();
    assert_eq!(stream.status().as_u16(), 200);
    let mut read = Vec::new();
    while let Some(bytes) = stream.chunk().await.unwrap() {
        read.extend_from_slice(&bytes);
    }
    assert_eq!((read, call.meter.requests(), call.meter.bytes_received()), (b"abcdef".to_vec(), 2, 11));

    let server =
        Server::start(|_, _| Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".to_vec(), Then::Close))
            .await;
    let mut stream = client.open(Request::get(&server.url), &Call::new()).await.unwrap();
    let error = loop {
        match stream.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("an early end looked like the end"),
            Err(error) => break error,
        }
    };
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::BadAnswer, "the answer broke off before its end")
    );
    assert_eq!(stream.chunk().await.unwrap(), None, "after an error there is no more");

    let server = Server::start(|_, _| answer("503 X", &[], "down")).await;
    let stream = client.open(Request::get(&server.url), &Call::new()).await.unwrap();
    let error = stream.error_for_status("no index", &Identity::anonymous()).await.unwrap_err();
    assert_eq!((error.kind(), error.tries(), server.seen().len()), (ErrorKind::Server, 4, 4));
}

#[tokio::test]
async fn unreachable_hosts_are_told_apart() {
    let error = fetch(Request::get("http://127.0.0.1:1/x?token=SECRET"), &Call::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Unreachable, "the connection was refused"));
    assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");

    let call = Call::new();
    let error = fetch(Request::get("https://no-such-host.invalid/x"), &call).await.unwrap_err();
    assert_eq!(error.message(), "the host name no-such-host.invalid could not be resolved");
    // A resolver that fails now may answer a moment later, so it is asked as often as a server.
    let asked = (error.tries(), call.meter.requests());
    assert_eq!((error.kind(), error.is_transient(), asked), (ErrorKind::Unreachable, true, (4, 4)));

    let server = Server::start(|_, _| Reply(b"220 smtp.example.com ESMTP\r\n".to_vec(), Then::Close)).await;
    let error = fetch(Request::get(&server.url), &Call::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::BadAnswer, "the answer is not HTTP"));
}
