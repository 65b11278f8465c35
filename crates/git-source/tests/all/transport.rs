//! The transports other than http.

use artifact_source::{Discovery, ErrorKind};
use git_source::GitSource;

use warehouse_testkit::peer::{GitDaemon, available};

use crate::support::{add, again, fails, find, ids, log, server_with, source};

/// What stands in for `ssh`: it runs the command that would run on the other side.
const OTHER_SIDE: &str = r#"while [ "$1" != "--" ]; do shift; done; shift 2; exec sh -c "$1""#;

fn ssh_arguments() -> [&'static str; 3] {
    ["-c", OTHER_SIDE, "ssh"]
}

#[tokio::test]
async fn all_of_them_find_the_same_at_the_same_number_of_requests() {
    let (_server, repository) = server_with(25);
    let path = repository.path().display().to_string();
    for source in [
        source(repository.url()),
        source(&repository.file_url()),
        GitSource::builder(format!("ssh://me@host:22{path}"))
            .ssh_command("sh", ssh_arguments())
            .build()
            .unwrap(),
        GitSource::builder(format!("me@host:{path}")).ssh_command("sh", ssh_arguments()).build().unwrap(),
    ] {
        let found = find(&source).await;
        assert_eq!(ids(&found), log(&repository, "main", 20), "{source}");
        assert_eq!(found.cost.requests, 3, "{source}");
        assert!(found.cost.bytes_received > 1000, "{source}");
        let Discovery::Unchanged { cost } = again(&source, found.observation.as_ref()).await else {
            panic!("nothing moved at {source}");
        };
        // Over HTTP a server that was greeted once is asked at once; each other connection begins with the greeting.
        let is_http = source.to_string().contains("http://");
        assert_eq!(cost.requests, if is_http { 1 } else { 2 }, "{source}");
    }
}

#[tokio::test]
async fn a_path_with_everything_in_it() {
    let (server, _) = server_with(1);
    let repository = server.create("it's;$(touch x) & 'more' %41.git").unwrap();
    add(&repository, "main", 2);
    let path = repository.path().display().to_string().replace('%', "%25").replace(' ', "%20");
    for source in [
        source(&format!("file://{path}")),
        GitSource::builder(format!("ssh://me@host{path}"))
            .ssh_command("sh", ssh_arguments())
            .build()
            .unwrap(),
    ] {
        assert_eq!(ids(&find(&source).await), log(&repository, "main", 20), "{source}");
    }
}

#[tokio::test]
async fn the_errors_of_ssh() {
    for (script, kind, message) in [
        (
            "echo 'me@host: Permission denied (publickey).' >&2; exit 255",
            ErrorKind::Unauthorized,
            "the server accepted no key: \"me@host: Permission denied (publickey).\" (host:a.git)",
        ),
        ("exit 255", ErrorKind::Unreachable, "the connection ended with status 255 (host:a.git)"),
        (
            "printf '0032not a handshake'; exit 1",
            ErrorKind::BadAnswer,
            "the program that serves the repository ended with status 1 (host:a.git)",
        ),
    ] {
        let http = artifact_http::HttpClient::builder().attempts(1).build().unwrap();
        let error =
            fails(GitSource::builder("me@host:a.git").http(http).ssh_command("sh", ["-c", script])).await;
        assert_eq!(error.kind(), kind, "{script}: {error:?}");
        let shown = error.to_string().replace("(me@host:a.git)", "(host:a.git)");
        assert_eq!(shown, message, "{script}");
    }
    let error = fails(GitSource::builder("me@host:a.git").ssh_command("no-such-program", [""; 0])).await;
    assert_eq!(
        error.kind(),
        ErrorKind::InvalidInput,
        "what is not installed is there no sooner when tried again"
    );
    assert!(error.hint().unwrap().contains("install no-such-program"), "{error:?}");
}

#[tokio::test]
async fn a_git_daemon() {
    let (server, repository) = server_with(25);
    let Some(daemon) = available(GitDaemon::serve(&server.root())) else { return };
    let source = source(&format!("{}/demo.git", daemon.url()));
    let found = find(&source).await;
    assert_eq!(ids(&found), log(&repository, "main", 20));
    assert_eq!(found.cost.requests, 3);
    let Discovery::Unchanged { cost } = again(&source, found.observation.as_ref()).await else {
        panic!("nothing moved");
    };
    assert_eq!(cost.requests, 2);

    let error = fails(GitSource::builder(format!("{}/nowhere.git", daemon.url()))).await;
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
}
