//! Which connections Git makes under an egress policy: over http, ssh, `git://` and `file://`. 127.0.0.1 plays the internet where it counts as
//! public.

use std::collections::BTreeSet;
use std::net::{IpAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use artifact_http::{EgressPolicy, HttpClient};
use artifact_source::{ArtifactSource as _, DiscoverRequest, Error, ErrorKind};
use git_source::{GitSource, GitSourceBuilder};
use warehouse_testkit::{Fault, GitServer, When};

use crate::support::{add, fails, find, server_with};

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn cluster() -> EgressPolicy {
    EgressPolicy::cluster()
}

/// A source under this policy.
fn under(policy: EgressPolicy, url: impl Into<String>) -> GitSourceBuilder {
    GitSource::builder(url).http(HttpClient::builder().attempts(1).egress(policy).build().unwrap())
}

#[track_caller]
fn refused(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
    assert!(error.message().starts_with("the egress policy"), "{error:?}");
}

/// Writes its arguments and its environment into these files.
fn recording(folder: &Path) -> [String; 4] {
    let script =
        format!(r#"printf '%s\n' "$@" > {0}/arguments; env > {0}/environment; exit 255"#, folder.display());
    ["-c".to_owned(), script, "ssh".to_owned(), "-ooption=of-the-program".to_owned()]
}

fn lines(folder: &Path, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn ssh_runs_only_where_it_is_permitted_and_to_addresses_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let ask = async |policy: EgressPolicy, url: &str| {
        fails(under(policy, url).ssh_command("sh", recording(folder.path()))).await
    };
    for url in ["ssh://git@127.0.0.1/a.git", "git@127.0.0.1:a.git", "ssh://git@1.1.1.1/a.git"] {
        let error = ask(cluster(), url).await;
        refused(&error);
        assert!(error.hint().unwrap().contains("allow_ssh(true)"), "{error:?}");
    }
    for host in [
        "127.0.0.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "168.63.129.16",
        "100.100.100.200",
        "[64:ff9b::10.0.0.1]",
        "localhost",
        "git.localhost",
        "vault",
        "vault.internal",
        "metadata.google.internal",
    ] {
        for url in [format!("ssh://git@{host}/a.git"), format!("ssh://git@{host}:2222/a.git")] {
            refused(&ask(cluster().allow_ssh(true), &url).await);
        }
    }
    assert!(!folder.path().join("arguments").exists(), "the program was started");

    // The remedies.
    for policy in [
        cluster().allow_network("127.0.0.0/8").unwrap(),
        cluster().allow_host("127.0.0.1").unwrap(),
        cluster().allow_host("127.0.0.1:22").unwrap(),
    ] {
        let error = ask(policy.allow_ssh(true), "ssh://git@127.0.0.1/a.git").await;
        assert_eq!(error.kind(), ErrorKind::Unreachable, "{error:?}");
        std::fs::remove_file(folder.path().join("arguments")).unwrap();
    }
    refused(
        &ask(cluster().allow_ssh(true).allow_host("127.0.0.1:2222").unwrap(), "ssh://git@127.0.0.1/a.git")
            .await,
    );
}

#[tokio::test]
async fn ssh_gets_nothing_of_the_process_and_connects_to_the_checked_address() {
    let folder = tempfile::tempdir().unwrap();
    let run = async |policy: EgressPolicy, url: &str| {
        fails(under(policy, url).ssh_command("sh", recording(folder.path()))).await;
        (lines(folder.path(), "arguments"), lines(folder.path(), "environment"))
    };
    let names = |environment: &[String]| -> Vec<String> {
        environment.iter().filter_map(|line| Some(line.split_once('=')?.0.to_owned())).collect()
    };
    let permitted = cluster().allow_ssh(true).allow_host("localhost").unwrap();

    let (arguments, environment) = run(permitted.clone(), "ssh://git@localhost:2222/a.git").await;
    let has = |arguments: &[String], option: &str| arguments.iter().any(|argument| argument == option);
    assert_eq!(arguments[0], "-ooption=of-the-program", "what is named first counts");
    assert!(
        has(&arguments, "HostName=127.0.0.1") || has(&arguments, "HostName=::1"),
        "the address that was checked: {arguments:?}"
    );
    assert!(has(&arguments, "HostKeyAlias=[localhost]:2222"), "{arguments:?}");
    for option in
        ["-F", "none", "IdentityAgent=none", "IdentityFile=none", "IdentitiesOnly=yes", "ProxyCommand=none"]
    {
        assert!(has(&arguments, option), "{option}: {arguments:?}");
    }
    // Beside what a shell sets for itself.
    let allowed = ["PATH", "GIT_PROTOCOL", "LC_ALL", "LANGUAGE", "PWD", "OLDPWD", "SHLVL", "_"];
    let others = |environment: &[String]| -> Vec<String> {
        names(environment).into_iter().filter(|name| !allowed.contains(&&**name)).collect()
    };
    assert_eq!(others(&environment), [""; 0]);

    let (arguments, environment) = run(permitted.allow_ssh_identity(true), "ssh://git@localhost/a.git").await;
    assert!(
        has(&arguments, "HostKeyAlias=localhost") && !has(&arguments, "IdentityAgent=none"),
        "{arguments:?}"
    );
    assert!(!others(&environment).is_empty(), "the environment of the process");

    // On a workstation ssh is called as by `git`.
    let (arguments, _) = run(EgressPolicy::workstation(), "ssh://git@localhost/a.git").await;
    assert!(!arguments.iter().any(|argument| argument.starts_with("HostName")), "{arguments:?}");
}

/// The options, as the real program understands them.
#[tokio::test]
async fn openssh_reads_no_key_and_no_agent() {
    let Ok(known) = std::process::Command::new("ssh").arg("-V").output() else {
        eprintln!("NOT TESTED: there is no ssh; install OpenSSH's client");
        assert!(std::env::var_os("CI").is_none(), "there is no ssh");
        return;
    };
    assert!(known.status.success());
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, "").unwrap();
    let script =
        format!(r#"ssh -G "$@" > {0}/configuration 2> {0}/problems; exit 255"#, folder.path().display());
    let of_program = ["-c".to_owned(), script, "ssh".to_owned(), "-i".to_owned(), key.display().to_string()];
    let permitted = cluster().allow_ssh(true).allow_host("127.0.0.1").unwrap();
    fails(under(permitted, "ssh://git@127.0.0.1:2222/a.git").ssh_command("sh", of_program)).await;
    let configuration = lines(folder.path(), "configuration");
    let of = |name: &str| -> Vec<&str> {
        let with_name = |line: &'_ String| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '));
        configuration.iter().filter(|line| with_name(line)).map(|line| &line[name.len() + 1..]).collect()
    };
    let problems = lines(folder.path(), "problems");
    assert_eq!(of("hostname"), ["127.0.0.1"], "{problems:?}");
    assert_eq!(of("hostkeyalias"), ["[127.0.0.1]:2222"]);
    assert_eq!(of("identityagent"), ["none"]);
    assert_eq!(of("identityfile"), [key.to_str().unwrap(), "none"], "the key of the program alone");
    assert_eq!(of("identitiesonly"), ["yes"]);
    assert_eq!((of("proxycommand"), of("proxyjump")), (vec![], vec![]));
}

/// A number that is read as an address is refused before a policy is asked, also where every address is permitted.
#[test]
fn numbers_are_no_hosts() {
    for host in ["2130706433", "0x7f000001", "0177.0.0.1", "127.1"] {
        for url in
            [format!("ssh://git@{host}/a.git"), format!("git@{host}:a.git"), format!("git://{host}/a.git")]
        {
            let error = under(EgressPolicy::workstation(), &url).build().err().unwrap();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{url}");
        }
    }
}

#[tokio::test]
async fn git_daemons_are_asked_only_where_they_are_permitted() {
    let listener = TcpListener::bind((HERE, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = |host: &str| format!("git://{host}:{port}/a.git");
    let error = fails(under(cluster(), url("127.0.0.1"))).await;
    refused(&error);
    assert!(error.hint().unwrap().contains("allow_git_daemon(true)"), "{error:?}");
    for host in ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "vault.internal"] {
        refused(&fails(under(cluster().allow_git_daemon(true), url(host))).await);
    }
    assert!(listener.accept().is_err(), "something connected");
}

/// Where a private address is permitted, errors do not tell what is behind a port of it.
#[tokio::test]
async fn an_error_does_not_tell_what_is_behind_a_port() {
    let garbage = TcpListener::bind((HERE, 0)).unwrap();
    let closing = TcpListener::bind((HERE, 0)).unwrap();
    let closed = TcpListener::bind((HERE, 0)).unwrap().local_addr().unwrap().port();
    let silent = TcpListener::bind((HERE, 0)).unwrap();
    let [silent_port, garbage_port, closing_port] =
        [&silent, &garbage, &closing].map(|listener| listener.local_addr().unwrap().port());
    let ports = [garbage_port, closing_port, closed, silent_port];
    for (listener, answer) in [(garbage, &b"-ERR unknown command\r\n"[..]), (closing, b"")] {
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                use std::io::{Read as _, Write as _};
                let mut stream = stream;
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(answer);
            }
        });
    }
    let permitted = || cluster().allow_git_daemon(true).allow_network("127.0.0.0/8").unwrap();
    let told = async |policy: EgressPolicy, scheme: &str, port: u16| {
        let pause = Duration::from_millis(1);
        let http = HttpClient::builder().attempts(3).backoff(pause, pause).egress(policy).build().unwrap();
        let source =
            GitSource::builder(format!("{scheme}://127.0.0.1:{port}/a.git")).http(http).build().unwrap();
        let soon = Instant::now() + Duration::from_secs(1);
        let error = source.discover(DiscoverRequest::new().with_deadline(soon)).await.unwrap_err();
        let text = format!(
            "{error} {:?} {:?} {:?} {}",
            error.kind(),
            error.hint(),
            error.remedy(),
            error.is_transient()
        );
        text.replace(&port.to_string(), "PORT")
    };
    for scheme in ["git", "http"] {
        let mut hidden = BTreeSet::new();
        let mut explained = BTreeSet::new();
        for port in ports {
            hidden.insert(told(permitted(), scheme, port).await);
            explained.insert(told(permitted().explain_private_failures(true), scheme, port).await);
        }
        assert!(hidden.len() == 1 && hidden.first().unwrap().contains("TellPrivateFailures"), "{hidden:#?}");
        assert!(explained.len() >= 3, "{explained:#?}");
    }
}

/// The name has addresses of both kinds. Each request goes to a permitted one, and what follows a public answer goes to no private one.
#[tokio::test]
async fn no_request_goes_to_the_private_one_of_two_addresses() {
    let outside = GitServer::start().unwrap();
    let other = GitServer::start().unwrap();
    for server in [&outside, &other] {
        add(&server.create("demo.git").unwrap(), "main", 3);
    }
    let inside: Vec<TcpListener> = [&outside, &other]
        .map(|server| TcpListener::bind(("127.0.0.2", server.address().port())).unwrap())
        .into_iter()
        .inspect(|listener| listener.set_nonblocking(true).unwrap())
        .collect();
    for (policy, redirects) in [(cluster(), false), (cluster(), true), (EgressPolicy::workstation(), true)] {
        outside.faults().clear();
        let to = format!(
            "http://other.test:{}/demo.git/info/refs?service=git-upload-pack",
            other.address().port()
        );
        if redirects {
            outside.faults().add(When::get("/demo.git/info/refs"), Fault::redirect(to));
        }
        let both = [IpAddr::from([127, 0, 0, 2]), HERE];
        let home: &[IpAddr] = if redirects { &both[1..] } else { &both };
        let http = HttpClient::builder()
            .attempts(1)
            .count_as_public(HERE, 32)
            .resolve("git.test", home.iter().copied())
            .resolve("other.test", both)
            .egress(policy.clone())
            .build()
            .unwrap();
        let url = format!("http://git.test:{}/demo.git", outside.address().port());
        let source = GitSource::builder(url).http(http).build().unwrap();
        assert_eq!(find(&source).await.artifacts.len(), 3, "{policy:?}");
        assert!(inside.iter().all(|listener| listener.accept().is_err()), "{policy:?}");
    }
}

#[tokio::test]
async fn files_are_read_only_where_they_are_permitted() {
    let (_server, repository) = server_with(1);
    let error = fails(under(cluster(), repository.file_url())).await;
    refused(&error);
    assert!(error.hint().unwrap().contains("allow_file(true)"), "{error:?}");
    let source = under(cluster().allow_file(true), repository.file_url()).build().unwrap();
    assert!(source.discover(DiscoverRequest::new()).await.is_ok());

    // Whether there is such a folder is told by no error.
    let folder = tempfile::tempdir().unwrap();
    for policy in [cluster(), cluster().allow_file(true)] {
        let mut told = Vec::new();
        for path in [folder.path().to_owned(), folder.path().join("nothing"), "/etc/passwd".into()] {
            let error = fails(under(policy.clone(), format!("file://{}", path.display()))).await;
            told.push(format!("{:?} {} {:?}", error.kind(), error.message(), error.hint()));
        }
        told.dedup();
        assert_eq!(told.len(), 1, "{told:#?}");
    }
}
