//! Servers that fail: the result is an error of the right kind, never a panic, never another answer.

use std::time::Duration;

use artifact_http::HttpClient;
use artifact_source::{ArtifactSource, DiscoverRequest, Discovery, Error, ErrorKind};
use git_source::GitSource;
use warehouse_testkit::{Fault, GitRepository, GitServer, Reply, When};

use crate::support::{find, ids, log, server_with, source};

/// The requests of a first discovery.
const REQUESTS: [(&str, &str, u64); 3] = [
    ("handshake", "/demo.git/info/refs", 1),
    ("listing", "/demo.git/git-upload-pack", 1),
    ("fetching", "/demo.git/git-upload-pack", 2),
];

/// This request. Of fetches also those after it: one that fails without a word is asked for once more, with less.
fn from(path: &str, nth: u64) -> When {
    match nth {
        1 => When::path(path).nth(1),
        _ => When::path(path).after(nth - 1),
    }
}

async fn with_fault(
    server: &GitServer,
    repository: &GitRepository,
    when: When,
    fault: Fault,
) -> Result<(), Error> {
    // Short only where silence is the fault: a busy machine falls silent too.
    let silence = matches!(fault, Fault::Stall | Fault::StallAfter { .. });
    let limit = if silence { Duration::from_millis(300) } else { Duration::from_secs(30) };
    server.faults().clear();
    server.faults().add(when, fault);
    let http = HttpClient::builder().attempts(1).stall_timeout(limit).build().unwrap();
    let builder = GitSource::builder(repository.url()).http(http).max_bytes(1 << 20);
    let source = builder.stall_timeout(limit).build().unwrap();
    let answer = source.discover(DiscoverRequest::new()).await;
    server.faults().clear();
    if let Discovery::Found(found) = answer? {
        assert_eq!(ids(&found), log(repository, "main", 20), "a fault may spoil the answer, not change it");
    }
    Ok(())
}

#[tokio::test]
async fn every_fault_at_every_request() {
    let (server, repository) = server_with(30);
    for (name, path, nth) in REQUESTS {
        for (fault, kinds) in [
            (Fault::Reset, &[ErrorKind::Unreachable][..]),
            (Fault::Close, &[ErrorKind::Unreachable]),
            (Fault::Stall, &[ErrorKind::TimedOut]),
            (Fault::StallAfter { keep: 10 }, &[ErrorKind::TimedOut]),
            (Fault::Truncate { keep: 0 }, &[ErrorKind::BadAnswer, ErrorKind::Unreachable]),
            (Fault::Truncate { keep: 40 }, &[ErrorKind::BadAnswer, ErrorKind::Unreachable]),
            (Fault::ResetAfter { keep: 30 }, &[ErrorKind::BadAnswer, ErrorKind::Unreachable]),
            (Fault::status(500), &[ErrorKind::Server]),
            (Fault::status(401), &[ErrorKind::Unauthorized]),
            (Fault::status(403), &[ErrorKind::Forbidden]),
            (Fault::status(404), &[ErrorKind::NotFound]),
            (Fault::status(429), &[ErrorKind::RateLimited]),
            (Fault::status(204), &[ErrorKind::BadAnswer]),
            (Fault::login_page(), &[ErrorKind::BadAnswer]),
            (Fault::endless(), &[ErrorKind::BadAnswer, ErrorKind::TooLarge]),
            (Fault::oversized(1 << 30), &[ErrorKind::BadAnswer, ErrorKind::TooLarge]),
            (Fault::GzipBomb { bytes: 1 << 30 }, &[ErrorKind::BadAnswer, ErrorKind::TooLarge]),
        ] {
            let what = format!("{name}: {fault:?}");
            let when = from(path, nth);
            let error = with_fault(&server, &repository, when, fault).await.expect_err(&what);
            assert!(kinds.contains(&error.kind()), "{what}: {error:?}");
            assert!(error.url().is_some() && error.id().is_some(), "{what}: {error:?}");
        }
    }
}

#[tokio::test]
async fn answers_that_end_anywhere() {
    let (server, repository) = server_with(5);
    let lengths: Vec<u64> = {
        server.log().clear();
        find(&source(repository.url())).await;
        server.log().all().iter().map(|request| request.body_bytes_sent).collect()
    };
    for ((name, path, nth), length) in REQUESTS.into_iter().zip(lengths) {
        for keep in (0..length).step_by(31) {
            let fault = Fault::Truncate { keep: usize::try_from(keep).unwrap() };
            let answer = with_fault(&server, &repository, When::path(path).nth(nth), fault).await;
            // Behind the pack, whose own checksum ends it, nothing is missed; and the answer was checked to be right. What comes there is
            // the end of the answer, and at times the server's last message on its progress.
            let behind_the_pack = name == "fetching" && keep + 64 > length;
            assert!(answer.is_err() || behind_the_pack, "{name} cut after {keep} of {length} bytes");
        }
    }
}

#[tokio::test]
async fn answers_that_are_not_gits() {
    let (server, repository) = server_with(3);
    let bodies: [&[u8]; 11] = [
        b"0010shallow-info0000",
        b"0012acknowledgments0000",
        b"",
        b"0000",
        b"zzzz",
        b"0004",
        b"0003",
        b"ffff",
        b"001e# service=git-upload-pack\n0000000eversion 9\n0000",
        b"0012ERR go away\n\0\n",
        b"\x00\xff\x00\xff\x00\xff",
    ];
    for (name, path, nth) in REQUESTS {
        let end = if name == "handshake" { "advertisement" } else { "result" };
        for body in bodies {
            let reply = Reply::status(200)
                .header("content-type", format!("application/x-git-upload-pack-{end}"))
                .body(body.to_vec());
            let what = format!("{name}: {:?}", String::from_utf8_lossy(body));
            let when = from(path, nth);
            let error = match with_fault(&server, &repository, when, reply.into()).await {
                Err(error) => error,
                Ok(()) => panic!("{what}"),
            };
            let kinds =
                [ErrorKind::BadAnswer, ErrorKind::Unreachable, ErrorKind::Server, ErrorKind::NotFound];
            assert!(kinds.contains(&error.kind()), "{what}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_passing_fault_is_tried_again_and_counted() {
    let (server, repository) = server_with(3);
    server.faults().add(When::any().first(1), Fault::status(503));
    server.faults().add(When::post("/demo.git/git-upload-pack").first(1), Fault::Close);
    let http =
        HttpClient::builder().backoff(Duration::from_millis(1), Duration::from_millis(2)).build().unwrap();
    let source = GitSource::builder(repository.url()).http(http).build().unwrap();
    let found = find(&source).await;
    assert_eq!(ids(&found), log(&repository, "main", 20));
    assert_eq!(found.cost.requests, 5);
}
