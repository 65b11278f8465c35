//! How the arguments about the network reach it.

use warehouse_testkit::{Registry, Reply, When};

use crate::support::{World, warehouse};

const MANIFEST: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: shop}\n\
                        spec: {subscriptions: [{image: {repoURL: REGISTRY/shop/web, discoveryLimit: 2}}]}\n";

#[test]
fn a_rate_is_kept_and_a_request_after_the_deadline_is_not_waited_for() {
    let world = World::start();
    let host = world.registry.host();
    let run = |rate: &str| {
        let arguments = ["discover", "--no-cache", "--timeout", "10s", "--registry-rate", rate, "-f", "-"];
        world.registry.log().clear();
        (warehouse(&arguments, &world.fill(MANIFEST)), world.registry.log().counters().requests)
    };
    let (ran, requests) = run(&format!("{host}=0.001"));
    assert_eq!(
        (ran.code, requests),
        (Some(1), 1),
        "the burst of one, and then a wait of a quarter of an hour"
    );
    assert!(ran.err.contains("the pace set for the host leaves no time before the deadline"), "{}", ran.err);

    // Without the port, and for another host.
    let (ran, requests) = run(&format!("{}=0.001", host.rsplit_once(':').unwrap().0));
    assert_eq!((ran.code, requests), (Some(1), 1), "{}", ran.err);
    for rate in ["ghcr.io=0.001".to_owned(), format!("{host}=1000")] {
        let (ran, requests) = run(&rate);
        assert_eq!((ran.code, requests), (Some(0), 3), "{}", ran.err);
    }
}

#[test]
fn invalid_rates_are_wrong_usage() {
    for (rate, words) in [
        ("ghcr.io", "write HOST=N, such as ghcr.io=50"),
        ("ghcr.io=0", "\"0\" is not a number above zero"),
        ("https://ghcr.io=5", "name a registry by its host alone"),
        ("gh cr.io=5", "name a registry by its host alone"),
    ] {
        let ran = warehouse(&["discover", "--registry-rate", rate, "-f", "-"], MANIFEST);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{rate}");
        assert!(ran.err.contains(words), "{rate}: {}", ran.err);
    }
}

#[test]
fn a_policy_for_cache_by_tag() {
    let world = World::start();
    let run = |policy: &str, vouched: bool| {
        let manifest = world.fill(MANIFEST).replace("discoveryLimit: 2", &format!("cacheByTag: {vouched}"));
        warehouse(&["discover", "--no-cache", "--cache-by-tag-policy", policy, "-f", "-"], &manifest)
    };
    for (policy, vouched, code) in [
        ("Require", false, 1),
        ("Require", true, 0),
        ("Allow", false, 0),
        ("Forbid", true, 0),
        ("Force", false, 0),
    ] {
        let ran = run(policy, vouched);
        assert_eq!(ran.code, Some(code), "{policy}, {vouched}: {}", ran.err);
    }
    let refused = run("Require", false);
    assert!(refused.err.contains("error: standard input:4:"), "{}", refused.err);
    assert!(refused.err.contains("set `cacheByTag: true`"), "{}", refused.err);
    let ran = run("Deny", true);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("write Forbid, Allow, Require or Force"), "{}", ran.err);
}

#[test]
fn the_egress_policy_of_a_cluster_refuses_this_machine_unless_it_is_named() {
    let world = World::start();
    let run = |arguments: &[&str]| {
        world.registry.log().clear();
        let arguments = [&["discover", "--no-cache"], arguments, &["-f", "-"]].concat();
        (warehouse(&arguments, &world.fill(MANIFEST)), world.registry.log().counters().requests)
    };
    let (ran, requests) = run(&[]);
    assert_eq!((ran.code, requests), (Some(0), 3), "{}", ran.err);

    let (ran, requests) = run(&["--egress", "cluster"]);
    assert_eq!((ran.code, requests), (Some(1), 0), "{}", ran.err);
    assert!(
        ran.err.contains("the egress policy does not permit 127.0.0.1, a loopback address"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("--egress-allow"), "{}", ran.err);

    // The remedies.
    for permission in [world.registry.host(), "127.0.0.1".to_owned(), "127.0.0.0/8".to_owned()] {
        let (ran, requests) = run(&["--egress", "cluster", "--egress-allow", &permission]);
        assert_eq!((ran.code, requests), (Some(0), 3), "{permission}: {}", ran.err);
    }
    for permission in ["127.0.0.1:1", "0.0.0.0/0", "10.0.0.0/8", "localhost"] {
        let (ran, requests) = run(&["--egress", "cluster", "--egress-allow", permission]);
        assert_eq!((ran.code, requests), (Some(1), 0), "{permission}: {}", ran.err);
    }

    let (ran, _) = run(&["--egress-allow", "10.0.0.0/8"]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("--egress-allow needs --egress cluster"), "{}", ran.err);
}

/// A token service at another port than its registry, both at private addresses: the help has the option, and the option works.
#[test]
fn a_token_service_elsewhere_is_permitted_by_the_option_in_the_message() {
    let world = World::start();
    let service = Registry::start().unwrap();
    let port = service.host().rsplit_once(':').unwrap().1.to_owned();
    let token = Reply::status(200).body(r#"{"token": "t"}"#).header("content-type", "application/json");
    service.faults().add(When::path("/token"), token);
    let run = |arguments: &[&str]| {
        world.registry.faults().clear();
        let challenge = format!("Bearer realm=\"http://localhost:{port}/token\",service=\"x\"");
        let refusal = Reply::status(401).header("www-authenticate", challenge);
        world.registry.faults().add(When::path("/v2/**").first(1), refusal);
        let policy = [
            "discover",
            "--no-cache",
            "--no-docker-config",
            "--egress",
            "cluster",
            "--egress-allow",
            "127.0.0.0/8",
        ];
        warehouse(&[&policy, arguments, &["-f", "-"]].concat(), &world.fill(MANIFEST))
    };
    let ran = run(&[]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let option = format!("realm=localhost:{port}");
    let said = format!(
        "check that this host gives the tokens for the registry, and if it does, `--egress-allow {option}` permits it"
    );
    assert!(ran.err.contains(&said), "{}", ran.err);
    assert!(!ran.err.contains("EgressPolicy"), "{}", ran.err);
    let ran = run(&["--egress-allow", &option]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}

#[test]
fn help_says_which_policy_is_the_default() {
    let ran = warehouse(&["discover", "--help"], "");
    let text = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("Egress: --egress <POLICY>"), "{text}");
    assert!(text.contains("[default: workstation]"), "{text}");
}

/// A server that answers every connection with these bytes, and closes it.
fn server(answer: &'static [u8]) -> std::net::SocketAddr {
    use std::io::{Read as _, Write as _};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer);
        }
    });
    address
}

/// A server without TLS is told apart, and the remedy is an option of the command, or the scheme of the URL.
#[test]
fn a_server_without_tls() {
    for (answer, message) in [
        (&b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"[..], "the server does not speak TLS"),
        (b"", "the server closed the connection during the TLS handshake"),
    ] {
        let host = server(answer).to_string();
        for (subscription, help) in [
            ("image: {repoURL: HOST/a}", "if the registry serves plain http, `--plain-http HOST` uses it"),
            (
                "chart: {repoURL: 'oci://HOST/a'}",
                "if the registry serves plain http, `--plain-http HOST` uses it",
            ),
            (
                "chart: {repoURL: 'https://HOST', name: a}",
                "if the server serves plain http, write `http://HOST` at the start of the `repoURL`",
            ),
            (
                "git: {repoURL: 'https://HOST/a'}",
                "if the server serves plain http, write `http://HOST` at the start of the `repoURL`",
            ),
        ] {
            let manifest = format!(
                "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: a}}\nspec: {{subscriptions: [{{{subscription}}}]}}\n"
            )
            .replace("HOST", &host);
            let arguments =
                ["discover", "--no-cache", "--no-docker-config", "--https", &host, "-o", "json", "-f", "-"];
            let ran = warehouse(&arguments, &manifest);
            let help = help.replace("HOST", &host);
            assert!(ran.err.contains(message) && ran.err.contains(&format!("help: {help}")), "{}", ran.err);
            let list: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
            let error = &list["errors"][0];
            assert_eq!((&error["kind"], &error["hint"]), (&"tls".into(), &help.into()), "{list}");
        }
    }
}

/// Messages name options of the command, and no setting of the library.
#[test]
fn what_a_policy_refuses_names_the_option() {
    for (subscription, help) in [
        ("image: {repoURL: '10.0.0.7:5000/a'}", "`--egress-allow` permits a host or a network"),
        ("git: {repoURL: 'ssh://git@example.com/a'}", "`--egress-allow ssh://` permits it"),
        ("git: {repoURL: 'file:///srv/a.git'}", "`--egress-allow file://` permits it"),
        (
            "image: {repoURL: registry.example.com/a, insecureSkipTLSVerify: true}",
            "`--egress-allow insecureSkipTLSVerify` permits it",
        ),
    ] {
        let manifest = format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: a}}\nspec: {{subscriptions: [{{{subscription}}}]}}\n"
        );
        let arguments =
            ["discover", "--no-cache", "--no-docker-config", "--egress", "cluster", "-o", "json", "-f", "-"];
        let ran = warehouse(&arguments, &manifest);
        assert_eq!(ran.code, Some(1), "{}", ran.err);
        assert!(ran.err.contains(&format!("help: {help}\n")), "{subscription}: {}", ran.err);
        assert!(
            !ran.err.contains("EgressPolicy") && !ran.out.contains("EgressPolicy"),
            "{}{}",
            ran.err,
            ran.out
        );
    }
}
