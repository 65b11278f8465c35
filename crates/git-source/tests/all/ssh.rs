//! Git over a real `sshd` on loopback.

use artifact_source::{Discovery, ErrorKind};
use git_source::{GitSource, GitSourceBuilder};
use warehouse_testkit::SshServer;
use warehouse_testkit::peer::available;

use crate::support::{add, again, fails, find, ids, log, server_with};

fn builder(url: String, arguments: Vec<String>) -> GitSourceBuilder {
    let http = artifact_http::HttpClient::builder().attempts(1).build().unwrap();
    GitSource::builder(url).http(http).ssh_command("ssh", arguments)
}

#[tokio::test]
async fn both_protocols_find_what_git_finds() {
    let (_server, repository) = server_with(25);
    // A server that lets no client ask for protocol 2 lists its references in the handshake.
    for (directives, requests) in [("AcceptEnv GIT_PROTOCOL\n", (3, 2)), ("", (2, 1))] {
        let Some(ssh) = available(SshServer::start_with(directives)) else { return };
        let source = builder(ssh.url(repository.path()), ssh.arguments()).build().unwrap();
        let found = find(&source).await;
        assert_eq!(ids(&found), log(&repository, "main", 20), "{directives:?}");
        let Discovery::Unchanged { cost } = again(&source, found.observation.as_ref()).await else {
            panic!("nothing moved");
        };
        assert_eq!((found.cost.requests, cost.requests), requests, "{directives:?}");
        eprintln!("sshd, {directives:?}: {}, then {cost}", found.cost);
        add(&repository, "main", 3);
        assert_eq!(ids(&find(&source).await), log(&repository, "main", 20), "{directives:?}");
    }
}

#[tokio::test]
async fn a_path_with_everything_in_it_is_one_path() {
    let (server, _) = server_with(1);
    let Some(ssh) = available(SshServer::start()) else { return };
    let note = server.root().join("touched");
    let repository = server.create("it's;$(touch ${HOME}) & `touch touched` 'more' %41.git").unwrap();
    add(&repository, "main", 2);
    let source = builder(ssh.url(repository.path()), ssh.arguments()).build().unwrap();
    assert_eq!(ids(&find(&source).await), log(&repository, "main", 20));
    assert!(!note.exists());
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let (server, repository) = server_with(1);
    let Some(ssh) = available(SshServer::start()) else { return };
    let (url, nowhere) = (ssh.url(repository.path()), ssh.url(&server.root().join("nowhere.git")));
    for (what, builder, kind, words) in [
        (
            "a key that is not accepted",
            builder(url.clone(), ssh.arguments_with_another_key()),
            ErrorKind::Unauthorized,
            "the server accepted no key",
        ),
        (
            "a host that is not known",
            builder(url.clone(), ssh.arguments_without_host()),
            ErrorKind::Tls,
            "the host's key is not known",
        ),
        (
            "a host with another key",
            builder(url, ssh.arguments_with_another_host()),
            ErrorKind::Tls,
            "the host's key is not known",
        ),
        ("no repository", builder(nowhere, ssh.arguments()), ErrorKind::NotFound, "no such repository"),
    ] {
        let error = fails(builder).await;
        eprintln!("{what}: {:?} {error} ({:?})", error.kind(), error.hint());
        assert_eq!(error.kind(), kind, "{what}: {error:?}");
        assert!(error.to_string().contains(words), "{what}: {error}");
        assert!(error.hint().is_some() || kind == ErrorKind::NotFound, "{what}: {error:?}");
    }
}
