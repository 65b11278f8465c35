//! Proxies that the environment names. The environment of a process is one for all its threads, so each case has a process of
//! its own: this very binary, as a client.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use artifact_http::{Authorization, Call, EgressPolicy, HttpClient, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use crate::server::{Server, answer};
use crate::tls::Authority;

/// A proxy that tells names from addresses by itself: everything behind it is one server.
struct Proxy {
    address: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// A proxy before this server, which it gives this status to who wants through to it, and this answer to others.
    async fn start(behind: &str, tunnel: &'static str, plain: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, behind) = (Arc::clone(&seen), behind.split("://").last().unwrap().to_owned());
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (log, behind) = (Arc::clone(&log), behind.clone());
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(socket.read_u8().await.ok()?);
                    }
                    let head = String::from_utf8(head).ok()?;
                    let is_tunnel = head.starts_with("CONNECT ");
                    log.lock().unwrap().push(head);
                    if is_tunnel {
                        socket.write_all(format!("HTTP/1.1 {tunnel}\r\n\r\n").as_bytes()).await.ok()?;
                        if tunnel.starts_with("200") {
                            let mut target = TcpStream::connect(behind).await.ok()?;
                            copy_bidirectional(&mut socket, &mut target).await.ok()?;
                        }
                    } else {
                        let reply = answer(plain[0], &plain[1..], "through the proxy");
                        socket.write_all(&reply.0).await.ok()?;
                    }
                    Some(())
                });
            }
        });
        Self { address, seen }
    }

    async fn to(behind: &str) -> Self {
        Self::start(behind, "200 OK", &["200 OK"]).await
    }

    /// The first lines of all requests so far.
    fn asked(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|head| head.lines().next().unwrap().to_owned()).collect()
    }

    fn authorizations(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let lines = seen.iter().flat_map(|head| head.lines());
        lines
            .filter(|line| line.to_ascii_lowercase().starts_with("proxy-authorization"))
            .map(str::to_owned)
            .collect()
    }
}

/// What a process with this environment is answered at these URLs, a line each.
async fn fetched(environment: &[(&str, &str)], roots: &str, urls: &[&str]) -> Vec<String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "proxy::the_client", "--ignored", "--nocapture", "--test-threads=1"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"] {
        command.env_remove(name).env_remove(name.to_ascii_lowercase());
    }
    command
        .envs(environment.iter().copied())
        .env("THE_CLIENT_ASKS", urls.join(" "))
        .env("THE_CLIENT_TRUSTS", roots);
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(!text.contains("SECRET"), "{text}");
    text.lines().filter_map(|line| Some(line.split_once("ANSWER ")?.1.to_owned())).collect()
}

#[tokio::test]
#[ignore = "a part of the other tests here, in a process of its own"]
async fn the_client() {
    let Ok(urls) = std::env::var("THE_CLIENT_ASKS") else { return };
    let roots = std::env::var("THE_CLIENT_TRUSTS").unwrap_or_default();
    let attempts = std::env::var("THE_CLIENT_TRIES").map_or(1, |text| text.parse().unwrap());
    let client = HttpClient::builder()
        .proxy_from_environment(std::env::var_os("THE_CLIENT_FOLLOWS_NONE").is_none())
        .attempts(attempts)
        .backoff(Duration::from_millis(1), Duration::from_millis(1))
        .resolve("inside.test", ["127.0.0.1".parse().unwrap()])
        .add_root_certificate_pem(roots);
    let client = match std::env::var("THE_CLIENT_ALLOWS") {
        Ok(host) if host.is_empty() => client.egress(EgressPolicy::cluster()),
        Ok(host) => client.egress(EgressPolicy::cluster().allow_host(&host).unwrap()),
        Err(_) => client,
    };
    let client = match client.build() {
        Ok(client) => client,
        Err(error) => {
            println!("\nANSWER {}: {}", error.kind().as_str(), error.message());
            println!("{error:?}");
            return;
        }
    };
    for url in urls.split(' ') {
        let request =
            Request::get(url).authorization(Authorization::bearer("SECRET")).allow_plain_credential(true);
        match client.fetch(request, &Call::new()).await {
            Ok(response) => {
                println!("\nANSWER {} {}", response.status.as_u16(), String::from_utf8_lossy(&response.body));
            }
            Err(error) => {
                println!(
                    "\nANSWER {}: {} ({})",
                    error.kind().as_str(),
                    error.message(),
                    error.hint().unwrap_or("-")
                );
                println!("{error:?}");
            }
        }
    }
}

#[tokio::test]
async fn plain_http_goes_through_the_proxy_by_its_full_url() {
    let proxy = Proxy::to("").await;
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        for value in [format!("http://{}", proxy.address), proxy.address.clone()] {
            let answers = fetched(&[(name, &value)], "", &["http://registry.test/a?b=c"]).await;
            assert_eq!(answers, ["200 through the proxy"], "{name}={value}");
        }
    }
    assert_eq!(proxy.asked(), ["GET http://registry.test/a?b=c HTTP/1.1"; 8]);
}

#[tokio::test]
async fn https_goes_through_a_tunnel_and_is_checked_beyond_it() {
    let authority = Authority::new();
    let server = authority.serve("registry.test", 2099, &[]).await;
    let proxy = Proxy::to(&server.url).await;
    let value = format!("http://me:SECRET@{}", proxy.address);
    let urls = ["https://registry.test/a", "https://other.test:8443/b"];
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let answers = fetched(&[(name, &value)], &authority.pem(), &urls).await;
        assert_eq!(
            answers,
            [
                "200 secure",
                "tls: the certificate is not for other.test (it is for registry.test: use such a name, or ask the operator of the server for a certificate that is also for other.test)",
            ],
            "{name}"
        );
    }
    assert_eq!(
        proxy.asked()[..2],
        ["CONNECT registry.test:443 HTTP/1.1", "CONNECT other.test:8443 HTTP/1.1"]
    );
    assert_eq!(proxy.authorizations(), ["proxy-authorization: Basic bWU6U0VDUkVU"; 8], "it is for the proxy");
    for head in server.seen() {
        assert!(
            head.contains("authorization: bearer secret") && !head.contains("proxy-authorization"),
            "{head}"
        );
    }
    assert!(
        proxy.seen.lock().unwrap().iter().all(|head| !head.contains("Bearer")),
        "the proxy sees nothing of it"
    );
}

#[tokio::test]
async fn no_proxy_names_who_is_asked_without_it() {
    let server = Server::start(|_, _| answer("200 OK", &[], "directly")).await;
    let proxy = Proxy::to("").await;
    let value = format!("http://me:SECRET@{}", proxy.address);
    let url = server.url_of("inside.test");
    for (name, without) in
        [("NO_PROXY", "inside.test"), ("no_proxy", "inside.test"), ("NO_PROXY", "example.com, *")]
    {
        let answers = fetched(&[("HTTP_PROXY", &value), (name, without)], "", &[&url]).await;
        assert_eq!(answers, ["200 directly"], "{name}={without}");
    }
    for without in [".inside.test", "inside.test"] {
        let answers =
            fetched(&[("ALL_PROXY", &value), ("NO_PROXY", without)], "", &[&url, "http://notinside.test/"])
                .await;
        assert_eq!(answers, ["200 directly", "200 through the proxy"], "{without}");
    }
    let answers = fetched(&[("HTTP_PROXY", &value), ("NO_PROXY", "example.com")], "", &[&url]).await;
    assert_eq!(answers, ["200 through the proxy"]);
    assert!(server.seen().iter().all(|head| !head.contains("proxy-authorization")), "{:?}", server.seen());
    assert_eq!(proxy.authorizations().len(), 3);
}

/// A credential may travel in plain text to this machine, and with it to no other.
#[tokio::test]
async fn this_machine_is_never_asked_through_a_proxy() {
    let server = Server::start(|n, _| match n % 2 {
        0 => answer("302 X", &["Location: /again"], ""),
        _ => answer("200 OK", &[], "directly"),
    })
    .await;
    let proxy = Proxy::to("").await;
    let value = format!("http://me:SECRET@{}", proxy.address);
    let own = ["127.0.0.1", "localhost", "registry.localhost", "[::ffff:127.0.0.1]"];
    let urls: Vec<String> = own.iter().map(|host| server.url_of(host)).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    for name in ["HTTP_PROXY", "ALL_PROXY"] {
        let answers = fetched(&[(name, &value), ("NO_PROXY", "example.com")], "", &urls).await;
        assert_eq!(answers, ["200 directly"; 4], "{name}");
    }
    let secure = server.url_of("127.0.0.1").replace("http:", "https:");
    let answers = fetched(&[("HTTPS_PROXY", &value)], "", &[&secure]).await;
    assert!(answers[0].starts_with("tls: the server does not speak TLS"), "{answers:?}");
    assert_eq!(proxy.asked(), [""; 0]);
    assert!(server.seen().iter().all(|head| !head.contains("proxy-authorization")), "{:?}", server.seen());
}

/// One hop is direct, the next one through the proxy, and the other way round: each URL is looked at by itself.
#[tokio::test]
async fn a_redirect_to_or_from_this_machine() {
    let proxy = Proxy::to("").await;
    let server =
        Server::start(|_, _| answer("302 X", &["Location: http://registry.example.com/away"], "")).await;
    let environment = [("HTTP_PROXY", proxy.address.as_str()), ("NO_PROXY", "inside.test")];
    assert_eq!(fetched(&environment, "", &[&server.url]).await, ["200 through the proxy"]);
    assert_eq!(proxy.asked(), ["GET http://registry.example.com/away HTTP/1.1"]);
    assert!(!proxy.seen.lock().unwrap()[0].contains("SECRET"), "another origin gets no credential");

    let target = Server::start(|_, _| answer("200 OK", &[], "directly")).await;
    let location = format!("Location: {}/here", target.url);
    let inside = Server::start(move |_, _| answer("302 X", &[&location], "")).await;
    let answers = fetched(&environment, "", &[&inside.url_of("inside.test")]).await;
    assert_eq!(answers, ["200 directly"], "a server at a private address may lead here");
    assert_eq!(proxy.asked().len(), 1);
}

#[tokio::test]
async fn a_variable_that_names_no_proxy_is_an_error_and_not_passed_over() {
    let server = Server::start(|_, _| answer("200 OK", &[], "directly")).await;
    let url = server.url_of("inside.test");
    for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        for (value, what) in [
            ("http://pu:SECRET@:::bad", "it is not a URL (empty host)"),
            ("socks9://pu:SECRET@proxy.test", "it is spoken to in a way that is not supported"),
        ] {
            let message = format!("invalid input: the proxy in the variable {name} cannot be used: {what}");
            assert_eq!(fetched(&[(name, value)], "", &[&url]).await, [message]);
        }
        assert_eq!(fetched(&[(name, "")], "", &[&url]).await, ["200 directly"], "{name} is empty");
    }
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn the_environment_is_not_read_unless_it_is_said() {
    let server = Server::start(|_, _| answer("200 OK", &[], "directly")).await;
    let dead = "http://127.0.0.1:1";
    let environment =
        [("HTTP_PROXY", dead), ("HTTPS_PROXY", dead), ("ALL_PROXY", dead), ("THE_CLIENT_FOLLOWS_NONE", "1")];
    assert_eq!(fetched(&environment, "", &[&server.url_of("inside.test")]).await, ["200 directly"]);
}

#[tokio::test]
async fn a_proxy_that_cannot_be_used_is_named_without_its_password() {
    let urls = ["http://registry.test/", "https://registry.test/"];
    let dead = fetched(&[("ALL_PROXY", "http://me:SECRET@127.0.0.1:1")], "", &urls).await;
    let message = "unreachable: the proxy http://127.0.0.1:1 refused the connection (does the proxy run, and is its port right?)";
    assert_eq!(dead, [message; 2]);

    let unknown = fetched(&[("ALL_PROXY", "http://me:SECRET@proxy.invalid:3128")], "", &urls).await;
    let message = "unreachable: the host name of the proxy http://proxy.invalid:3128 could not be resolved \
         (check the spelling of the host, and that this machine can resolve it)";
    assert_eq!(unknown, [message; 2]);

    let socks = fetched(&[("ALL_PROXY", "socks5://me:SECRET@127.0.0.1:1080")], "", &urls).await;
    let message = "invalid input: the proxy socks5://127.0.0.1:1080 does not speak HTTP \
         (set HTTP_PROXY and HTTPS_PROXY to http:// or https:// URLs)";
    assert_eq!(socks, [message; 2]);
}

#[tokio::test]
async fn a_proxy_that_says_no() {
    let urls = ["http://registry.test/", "https://registry.test/"];
    let shut = Proxy::start("", "407 Proxy Authentication Required", &["407 X"]).await;
    for (pair, message) in [
        (
            "me:SECRET@",
            "does not accept the credential in its URL (HTTP 407) \
             (correct user name and password in the proxy's URL; \
             characters other than letters and digits are percent-encoded there)",
        ),
        (
            "",
            "wants a credential (HTTP 407) \
             (put user name and password into the proxy's URL: http://user:password@...)",
        ),
    ] {
        let asked = shut.asked().len();
        let value = format!("http://{pair}{}", shut.address);
        let answers = fetched(&[("ALL_PROXY", &value), ("THE_CLIENT_TRIES", "4")], "", &urls).await;
        assert_eq!(
            answers,
            [(); 2].map(|()| format!("unreachable: the proxy http://{} {message}", shut.address))
        );
        assert_eq!(shut.asked().len() - asked, 2, "once each, as asking again changes nothing");
    }

    let strict = Proxy::start("", "403 Forbidden", &["403 X"]).await;
    let answers = fetched(&[("ALL_PROXY", &format!("http://me:SECRET@{}", strict.address))], "", &urls).await;
    let refuses = format!(
        "unreachable: no connection could be made through the proxy http://{} \
         (does the proxy let this host through? NO_PROXY names those that are asked without it)",
        strict.address
    );
    assert_eq!(answers, ["403 through the proxy", refuses.as_str()]);
}

#[tokio::test]
async fn a_server_that_answers_407_is_no_proxy() {
    let server = Server::start(|_, _| answer("407 X", &[], "a server")).await;
    let authority = Authority::new();
    let secure = authority.serve("registry.test", 2099, &["Proxy-Authenticate: Basic"]).await;
    let proxy = Proxy::to(&secure.url).await;
    let environment = [("ALL_PROXY", proxy.address.as_str()), ("NO_PROXY", "inside.test")];
    let urls = [&server.url, &server.url_of("inside.test"), "https://registry.test/"];
    let answers = fetched(&environment, &authority.pem(), &urls).await;
    assert_eq!(answers, ["407 a server", "407 a server", "407 secure"]);
}

/// The proxy is on this machine, as proxies are on their networks; that makes nobody behind it private, and hinders nobody.
#[tokio::test]
async fn redirects_behind_a_proxy() {
    let inside = Server::start(|_, _| answer("200 OK", &[], "inside")).await;
    for (location, expected) in [
        ("http://cdn.example.com/b", "bad answer: more than 10 redirects"),
        (
            "http://127.0.0.1:80/",
            "refused: a redirect from a public host to a private address, http://127.0.0.1",
        ),
        (
            "http://localhost/",
            "refused: a redirect from a public host to a private address, http://localhost",
        ),
        (
            "http://inside.test/",
            "refused: a redirect from a public host to a private address, http://inside.test",
        ),
        (
            "http://vault.internal/",
            "refused: a redirect from a public host to a private address, http://vault.internal",
        ),
        ("http://vault/", "refused: a redirect from a public host to a private address, http://vault"),
    ] {
        let header: &'static str = format!("Location: {location}").leak();
        let proxy = Proxy::start("", "200 OK", vec!["302 X", header].leak()).await;
        let environment = [("HTTP_PROXY", proxy.address.as_str()), ("NO_PROXY", "inside.test")];
        let answers = fetched(&environment, "", &["http://registry.example.com/"]).await;
        assert!(answers[0].starts_with(expected), "{location}: {answers:?}");
    }
    assert!(inside.seen().is_empty());
}

/// A server whose own name is inside is where its name says, also behind a proxy, and may name others there.
#[tokio::test]
async fn a_name_that_no_public_server_has_is_inside_behind_a_proxy() {
    let proxy = Proxy::start("", "200 OK", &["302 X", "Location: http://vault.internal/token"]).await;
    let environment = [("HTTP_PROXY", proxy.address.as_str())];
    for inside in ["http://registry/", "http://registry.default.svc/", "http://registry.corp.local/"] {
        let answers = fetched(&environment, "", &[inside]).await;
        assert_eq!(answers, ["bad answer: more than 10 redirects (-)"], "{inside}");
    }
    let asked = proxy.asked().len();
    let public = fetched(&environment, "", &["http://registry.example.com/"]).await;
    assert!(public[0].starts_with("refused: "), "{public:?}");
    assert_eq!(proxy.asked().len() - asked, 1, "the name inside is not asked for");
}

/// The proxy is the operator's, wherever it is. It resolves names, so a name that no public server has must be allowed.
#[tokio::test]
async fn the_egress_policy_holds_behind_a_proxy() {
    let proxy = Proxy::to("").await;
    let value = format!("http://{}", proxy.address);
    let refused = |answer: &str| answer.starts_with("refused: the egress policy");
    let urls = [
        "http://registry.example.com/",
        "http://10.0.0.1/",
        "http://2130706433/",
        "http://[fd00:ec2::254]/",
        "http://vault.internal/",
        "http://vault/",
        "http://metadata.google.internal/",
    ];
    for allowed in ["", "other.internal"] {
        let answers = fetched(&[("HTTP_PROXY", &value), ("THE_CLIENT_ALLOWS", allowed)], "", &urls).await;
        assert_eq!(answers[0], "200 through the proxy");
        assert!(answers[1..].iter().all(|answer| refused(answer)), "{answers:#?}");
    }
    let allowed = [("HTTP_PROXY", value.as_str()), ("THE_CLIENT_ALLOWS", "vault.internal")];
    let answers = fetched(&allowed, "", &urls[4..]).await;
    assert_eq!(answers[0], "200 through the proxy");
    assert!(answers[1..].iter().all(|answer| refused(answer)), "{answers:#?}");
    assert_eq!(proxy.asked().len(), 3);
}
