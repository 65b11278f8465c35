//! The text of a server that refuses over http: GitHub, GitLab and Gitea send it as `text/plain`.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use artifact_http::{Credential, HttpClient};
use artifact_source::ErrorKind;
use git_source::GitSource;
use warehouse_testkit::{Reply, When};

use crate::support::{fails, server_with};

const POST: &str = "/demo.git/git-upload-pack";
const HANDSHAKE: &str = "/demo.git/info/refs";

fn once() -> HttpClient {
    HttpClient::builder().attempts(1).stall_timeout(Duration::from_secs(2)).build().unwrap()
}

#[tokio::test]
async fn the_text_of_a_refusal_stands_in_the_error() {
    let (server, repository) = server_with(1);
    let long = "x ".repeat(3000);
    for (status, content_type, body, kind, text) in [
        (
            403,
            "text/plain",
            "Write access to repository not granted.\n",
            ErrorKind::Forbidden,
            Some("Write access to repository not granted."),
        ),
        (
            403,
            "text/plain; charset=utf-8",
            "Your account\r\nis suspended.",
            ErrorKind::Forbidden,
            Some("Your account is suspended."),
        ),
        (
            400,
            "TEXT/PLAIN;charset=UTF-8",
            "protocol \u{1b}[31mforbidden",
            ErrorKind::BadAnswer,
            Some("protocol \\u{1b}[31mforbidden"),
        ),
        (
            401,
            "text/plain",
            "HTTP Basic: Access denied.",
            ErrorKind::Unauthorized,
            Some("HTTP Basic: Access denied."),
        ),
        (404, "text/plain", "Repository not found.", ErrorKind::NotFound, Some("Repository not found.")),
        (429, "text/plain", "Too many clones", ErrorKind::RateLimited, Some("Too many clones")),
        (503, "text/plain", "Maintenance until noon", ErrorKind::Server, Some("Maintenance until noon")),
        // The server repeats what it was sent.
        (
            403,
            "text/plain",
            "no me:SECRET, Basic bWU6U0VDUkVU, https://me:OTHER@h/",
            ErrorKind::Forbidden,
            Some("no ..., Basic ..., https://h/"),
        ),
        // A page rather than a message.
        (403, "text/html", "<h1>Suspended</h1>", ErrorKind::Forbidden, None),
        (403, "text/plain", &long, ErrorKind::Forbidden, None),
        (403, "text/plain", " \n", ErrorKind::Forbidden, None),
        (403, "", "no content type", ErrorKind::Forbidden, None),
    ] {
        for when in [When::get(HANDSHAKE), When::post(POST).nth(1), When::post(POST).after(1)] {
            server.faults().clear();
            server
                .faults()
                .add(when, Reply::status(status).header("content-type", content_type).body(body.to_owned()));
            let me = Credential::password("me", "SECRET");
            let error = fails(GitSource::builder(repository.url()).http(once()).credentials(me)).await;
            assert_eq!((error.kind(), error.status()), (kind, Some(status)), "{error:?}");
            assert_eq!(error.server_message(), text, "{error:?}");
            let shown = text.map(|text| format!("HTTP {status}: the server says \"{text}\""));
            assert!(error.to_string().contains(&shown.unwrap_or_default()), "{error}");
            assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
        }
    }
}

/// Answers each connection with the head of a refusal and the beginning of its text, and closes it or falls silent.
fn cut_off(closes: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/demo.git", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let head = "HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: 100\r\n\r\n";
            let _ = stream.write_all(format!("{head}no SECR").as_bytes());
            if !closes {
                open.push(stream);
            }
        }
    });
    url
}

#[tokio::test]
async fn a_text_that_breaks_off_or_falls_silent_changes_nothing() {
    for closes in [true, false] {
        let me = Credential::password("me", "SECRET");
        let error = fails(GitSource::builder(cut_off(closes)).http(once()).credentials(me)).await;
        assert_eq!((error.kind(), error.server_message()), (ErrorKind::Forbidden, None), "{error:?}");
        assert!(error.hint().is_some_and(|hint| hint.contains("may the credential read")), "{error:?}");
    }
}
