//! Messages of Git, of OpenSSH and of servers.

use git_program::GitFailure::{
    BadCredential, Certificate, Disconnected, DubiousOwnership, Forbidden, HostKey, NoCredential,
    NoSuchReference, NotFound, Other, Unreachable,
};
use git_program::{GitFailure, decisive_line};
use proptest::prelude::*;

/// What Git writes after a failure of `ssh` or of the other side.
const ADVICE: &str = "fatal: Could not read from remote repository.\n\n\
                      Please make sure you have the correct access rights\nand the repository exists.\n";

#[track_caller]
fn check(stderr: &str, class: GitFailure, line: &str) {
    assert_eq!((GitFailure::of(stderr), decisive_line(stderr)), (class, line), "{stderr}");
    // As Git tells it, where `ssh` alone does not.
    let with_advice = format!("{stderr}\n{ADVICE}");
    if class != Other {
        assert_eq!(
            (GitFailure::of(&with_advice), decisive_line(&with_advice)),
            (class, line),
            "{with_advice}"
        );
    }
}

#[test]
fn ssh() {
    for (stderr, class, line) in [
        (
            "git@example.com: Permission denied (publickey).\r\n",
            BadCredential,
            "git@example.com: Permission denied (publickey).",
        ),
        (
            "no such identity: /home/me/.ssh/id: No such file or directory\r\nme@host: Permission denied (publickey).\r\n",
            BadCredential,
            "me@host: Permission denied (publickey).",
        ),
        (
            "Warning: Identity file /x not accessible: No such file or directory.\nssh: connect to host h port 22: Connection refused\r\n",
            Unreachable,
            "ssh: connect to host h port 22: Connection refused",
        ),
        (
            "Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures\n",
            BadCredential,
            "Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures",
        ),
        (
            "No ED25519 host key is known for example.com and you have requested strict checking.\r\nHost key verification failed.\r\n",
            HostKey,
            "Host key verification failed.",
        ),
        (
            "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\nIT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\r\n",
            HostKey,
            "IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!",
        ),
        (
            "ssh: Could not resolve hostname nowhere.invalid: Name or service not known\r\n",
            Unreachable,
            "ssh: Could not resolve hostname nowhere.invalid: Name or service not known",
        ),
        (
            "ssh: connect to host h port 22: Operation timed out\r\n",
            Unreachable,
            "ssh: connect to host h port 22: Operation timed out",
        ),
        (
            "kex_exchange_identification: Connection closed by remote host\r\nConnection closed by 192.0.2.1 port 22\r\n",
            Disconnected,
            "Connection closed by 192.0.2.1 port 22",
        ),
        (
            "Connection to example.com closed by remote host.\r\n",
            Disconnected,
            "Connection to example.com closed by remote host.",
        ),
        (
            "client_loop: send disconnect: Broken pipe\r\n",
            Disconnected,
            "client_loop: send disconnect: Broken pipe",
        ),
    ] {
        check(stderr, class, line);
    }
}

#[test]
fn servers() {
    for (stderr, class, line) in [
        ("ERROR: Repository not found.\n", NotFound, "ERROR: Repository not found."),
        (
            "remote: \nremote: ====\nremote: \nremote: ERROR: The project you were looking for could not be found or you don't have \
             permission to view it.\n\nremote: \nremote: ====\nremote: \n",
            NotFound,
            "remote: ERROR: The project you were looking for could not be found or you don't have permission to view it.",
        ),
        (
            "remote: HTTP Basic: Access denied.\nfatal: Authentication failed for 'https://example.com/a.git/'\n",
            BadCredential,
            "fatal: Authentication failed for 'https://example.com/a.git/'",
        ),
        (
            "remote: Permission to o/r.git denied to me.\nfatal: unable to access 'https://h/': The requested URL returned error: 403\n",
            Forbidden,
            "fatal: unable to access 'https://h/': The requested URL returned error: 403",
        ),
        (
            "ERROR: Permission to o/r.git denied to deploy key\n",
            Forbidden,
            "ERROR: Permission to o/r.git denied to deploy key",
        ),
        (
            "remote: Write access to repository not granted.\n",
            Forbidden,
            "remote: Write access to repository not granted.",
        ),
        (
            "remote: error: insufficient permission for adding an object to repository database ./objects\n",
            Forbidden,
            "remote: error: insufficient permission for adding an object to repository database ./objects",
        ),
        (
            "fatal: unable to access 'https://h/a.git/': The requested URL returned error: 502\n",
            Disconnected,
            "fatal: unable to access 'https://h/a.git/': The requested URL returned error: 502",
        ),
        (
            "remote: Not Found\nfatal: repository 'https://h/a.git/' not found\n",
            NotFound,
            "fatal: repository 'https://h/a.git/' not found",
        ),
        // The host has no Git: the repository may well be there.
        (
            "bash: line 1: git-upload-pack: command not found\n",
            Other,
            "bash: line 1: git-upload-pack: command not found",
        ),
    ] {
        check(stderr, class, line);
    }
}

#[test]
fn git() {
    for (stderr, class, line) in [
        (
            "fatal: '/x.git' does not appear to be a git repository\n",
            NotFound,
            "fatal: '/x.git' does not appear to be a git repository",
        ),
        ("fatal: couldn't find remote ref nope\n", NoSuchReference, "fatal: couldn't find remote ref nope"),
        (
            "fatal: detected dubious ownership in repository at '/x'\nTo add an exception for this directory, call:\n\n\t\
             git config --global --add safe.directory /x\n",
            DubiousOwnership,
            "fatal: detected dubious ownership in repository at '/x'",
        ),
        (
            "fatal: could not read Username for 'https://h': terminal prompts disabled\n",
            NoCredential,
            "fatal: could not read Username for 'https://h': terminal prompts disabled",
        ),
        (
            "fatal: unable to access 'https://h/': SSL certificate problem: self-signed certificate\n",
            Certificate,
            "fatal: unable to access 'https://h/': SSL certificate problem: self-signed certificate",
        ),
        (
            "fatal: unable to access 'https://h/': server certificate verification failed. CAfile: none CRLfile: none\n",
            Certificate,
            "fatal: unable to access 'https://h/': server certificate verification failed. CAfile: none CRLfile: none",
        ),
        (
            "error: RPC failed; curl 18 transfer closed with outstanding read data remaining\nfatal: early EOF\n",
            Disconnected,
            "fatal: early EOF",
        ),
        (
            "fatal: the remote end hung up unexpectedly\n",
            Disconnected,
            "fatal: the remote end hung up unexpectedly",
        ),
        (
            "fatal: unable to open /srv/x.git/packed-refs: Permission denied\n",
            Forbidden,
            "fatal: unable to open /srv/x.git/packed-refs: Permission denied",
        ),
        (
            "warning: unable to access '/root/.config/git/config': Permission denied\nfatal: early EOF\n",
            Disconnected,
            "fatal: early EOF",
        ),
        (
            "error: cannot run ssh: No such file or directory\nfatal: unable to fork\n",
            Other,
            "error: cannot run ssh: No such file or directory",
        ),
        (
            "To h:a.git\n ! [rejected] main -> main (fetch first)\nerror: failed to push some refs to 'h:a.git'\nhint: Updates were rejected\n",
            Other,
            "! [rejected] main -> main (fetch first)",
        ),
        (
            "Counting objects: 10%\rCounting objects: 20%\rfatal: early EOF\n",
            Disconnected,
            "fatal: early EOF",
        ),
        ("fatal: bad thing\nand more about it\n", Other, "fatal: bad thing"),
        ("boom", Other, "boom"),
        ("", Other, ""),
        (" \r\n\n", Other, ""),
        ("hint: nothing\nremote:\n====\n", Other, ""),
    ] {
        check(stderr, class, line);
    }
}

proptest! {
    #[test]
    fn the_line_is_one_of_the_text(stderr in r"((fatal:|error:|remote:|hint:|Warning:)?[ =a-z\u{e9}\u{1b}]{0,9}[\r\n]{0,2}){0,8}") {
        let line = decisive_line(&stderr);
        prop_assert!(stderr.contains(line) && line.trim() == line && !line.contains(['\n', '\r']));
        prop_assert_eq!(decisive_line(line), line, "it is decisive alone, too");
        let with_advice = format!("{stderr}\n{ADVICE}");
        prop_assert_eq!(decisive_line(&with_advice), line);
    }
}
