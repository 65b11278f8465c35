//! The installed `git`, whose words these are.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use git_program::{CONFIGURATION_VARIABLES, GitFailure, REPOSITORY_VARIABLES, decisive_line};

fn git(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder).env("LC_ALL", "C").env("LANGUAGE", "C");
    for variable in REPOSITORY_VARIABLES.into_iter().chain(CONFIGURATION_VARIABLES) {
        command.env_remove(variable);
    }
    for proxy in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.output().unwrap()
}

#[test]
fn git_unsets_the_same_variables() {
    let output = git(Path::new("."), &["rev-parse", "--local-env-vars"]);
    let listed = String::from_utf8(output.stdout).unwrap();
    let listed: BTreeSet<&str> = listed.lines().collect();
    let ours: BTreeSet<&str> = REPOSITORY_VARIABLES.into_iter().chain(CONFIGURATION_VARIABLES).collect();
    assert!(listed.contains("GIT_DIR"), "{listed:?}");
    let missing: Vec<_> = listed.difference(&ours).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_git_says() {
    let folder = tempfile::tempdir().unwrap();
    assert!(git(folder.path(), &["init", "-q", "."]).status.success());
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let daemon = format!("git://{closed}/a.git");
    let http = format!("http://{closed}/a.git");
    for (arguments, class, said) in [
        (&["ls-remote", "/no/such/repository"][..], GitFailure::NotFound, "'/no/such/repository'"),
        (&["upload-pack", "/no/such/repository"], GitFailure::NotFound, "'/no/such/repository'"),
        (&["fetch", ".", "refs/heads/nope"], GitFailure::NoSuchReference, "refs/heads/nope"),
        (&["ls-remote", &daemon], GitFailure::Unreachable, "unable to connect to 127.0.0.1"),
        (&["ls-remote", &http], GitFailure::Unreachable, "ailed to connect"),
        (&["-c", "core.sshCommand=exit 255 #", "ls-remote", "h:a.git"], GitFailure::Other, ""),
        (
            &[
                "-c",
                "core.sshCommand=echo 'Host key verification failed.' >&2; exit 255 #",
                "ls-remote",
                "h:a.git",
            ],
            GitFailure::HostKey,
            "Host key verification failed.",
        ),
    ] {
        let output = git(folder.path(), arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}");
        assert_eq!(GitFailure::of(&stderr), class, "{arguments:?}: {stderr}");
        let line = decisive_line(&stderr);
        assert!(
            line.contains(said) && (!said.is_empty() || line.is_empty()),
            "{arguments:?}: {line} in {stderr}"
        );
    }
}
