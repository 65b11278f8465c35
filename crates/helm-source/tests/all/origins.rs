//! The credential of a chart repository is sent to that repository alone, whatever the target of a redirect asks for. Each case runs over
//! plain http on this machine, and over TLS with names that count as public.

use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::time::Duration;

use artifact_http::{Credential, HttpClient, HttpClientBuilder};
use artifact_source::{ArtifactSource, DiscoverRequest, Error, ErrorKind};
use helm_source::{HelmSource, HelmSourceBuilder};
use warehouse_testkit::{
    Authority, Chart, ChartServer, ChartServerBuilder, Fault, FaultScript, RecordedRequest, Registry, Reply,
    RequestLog, When,
};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn http() -> HttpClientBuilder {
    HttpClient::builder()
        .backoff(Duration::from_millis(1), Duration::from_millis(5))
        .stall_timeout(Duration::from_secs(10))
}

fn me() -> Credential {
    Credential::password("me", "SECRET")
}

/// Servers with names, and a client that resolves them.
struct Network {
    authority: Option<Authority>,
    http: HttpClientBuilder,
}

struct Server {
    charts: ChartServer,
    url: String,
}

impl Network {
    fn plain() -> Self {
        Self { authority: None, http: http() }
    }

    /// Every server has a public name and a certificate. `prefix` is the length of the prefix of 127.0.0.1 that counts as public.
    fn public(prefix: u8) -> Self {
        let authority = Authority::new().unwrap();
        let http = http().add_root_certificate_pem(authority.pem()).count_as_public(HERE, prefix);
        Self { authority: Some(authority), http }
    }

    fn both() -> [Self; 2] {
        [Self::plain(), Self::public(8)]
    }

    fn server(&mut self, name: &str, builder: ChartServerBuilder) -> Server {
        let (charts, url) = match &self.authority {
            None => {
                let charts = builder.start().unwrap();
                let url = charts.url();
                (charts, url)
            }
            Some(authority) => {
                let name = format!("{name}.test");
                let certificate = authority.certificate([name.as_str(), "127.0.0.1"]).unwrap();
                let charts = builder.tls(certificate).start().unwrap();
                self.http = self.http.clone().resolve(&name, [HERE]);
                let url = charts.url().replace("127.0.0.1", &name);
                (charts, url)
            }
        };
        charts.publish(&Chart::new("web", "1.0.0"));
        Server { charts, url }
    }

    /// A registry with the chart `charts/web`, and its host.
    fn registry(&mut self, name: &str, users: bool) -> (Registry, String) {
        let mut builder = Registry::builder();
        if users {
            builder = builder.bearer("me", "SECRET");
        }
        let Some(authority) = &self.authority else {
            let registry = builder.start().unwrap();
            let host = registry.host();
            return (registry, host);
        };
        let name = format!("{name}.test");
        let certificate = authority.certificate([name.as_str(), "127.0.0.1"]).unwrap();
        let registry = builder.tls(certificate).start().unwrap();
        self.http = self.http.clone().resolve(&name, [HERE]);
        let host = format!("{name}:{}", registry.address().port());
        (registry, host)
    }

    fn source(&self, repo_url: &str) -> HelmSourceBuilder {
        let builder = HelmSource::builder(repo_url).http(self.http.clone().build().unwrap());
        if repo_url.starts_with("oci://") { builder } else { builder.chart("web") }
    }
}

impl Server {
    fn faults(&self) -> &FaultScript {
        self.charts.faults()
    }

    fn redirects(&self, to: impl Into<String>) {
        self.faults().add(When::any(), Fault::redirect(to));
    }

    fn seen(&self) -> Vec<RecordedRequest> {
        self.charts.log().all()
    }
}

/// The versions and the number of requests.
async fn found(builder: HelmSourceBuilder) -> (Vec<String>, u64) {
    let found = builder.build().unwrap().discover(DiscoverRequest::new()).await.unwrap().found().unwrap();
    (found.artifacts.iter().map(|chart| chart.version.to_string()).collect(), found.cost.requests)
}

async fn refused(builder: HelmSourceBuilder, kind: ErrorKind) -> Error {
    let error = builder.build().unwrap().discover(DiscoverRequest::new()).await.expect_err("an error");
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
    error
}

/// No request has a credential, a cookie, a referrer or a query.
#[track_caller]
fn assert_anonymous(log: &RequestLog) {
    let seen = log.all();
    assert!(!seen.is_empty(), "it received no request");
    for seen in seen {
        for header in ["authorization", "cookie", "referer", "proxy-authorization"] {
            assert_eq!(seen.header(header), None, "{seen} {header}");
        }
        assert_eq!((seen.method.as_str(), seen.query.as_deref()), ("GET", None), "{seen}");
    }
}

#[tokio::test]
async fn the_target_of_a_redirect_gets_no_credential() {
    for credential in [me(), Credential::bearer("SECRET")] {
        for challenge in [
            "Basic realm=\"charts\"",
            "Bearer realm=\"EVIL/token\",service=\"charts\"",
            "Bearer realm=\"HOME/token\",service=\"charts\"",
            "Negotiate, Basic realm=\"charts\", Bearer realm=\"EVIL/token\"",
            "",
        ] {
            for status in [401, 403] {
                for mut network in Network::both() {
                    let home = network.server("charts", ChartServer::builder());
                    let evil = network.server("evil", ChartServer::builder());
                    home.redirects(format!("{}/index.yaml", evil.url));
                    let challenge = challenge.replace("EVIL", &evil.url).replace("HOME", &home.url);
                    let refusal = Reply::status(status).header("www-authenticate", challenge);
                    evil.faults().add(When::any(), refusal);
                    let source = network.source(&home.url).credentials(credential.clone());
                    let kind = if status == 401 { ErrorKind::Unauthorized } else { ErrorKind::Forbidden };
                    let error = refused(source, kind).await;
                    let hint = error.hint().unwrap_or_default();
                    assert!(hint.contains(&format!("{} redirects to {}", home.url, evil.url)), "{hint}");
                    assert!(hint.contains("is not sent there"), "{hint}");
                    assert_anonymous(evil.charts.log());
                    assert_eq!((evil.seen().len(), home.seen().len()), (1, 1));
                    assert!(home.seen()[0].header("authorization").is_some());
                }
            }
        }
    }
}

/// The remedy of the hint about a redirect: the target as `repoURL`, with a credential of its own.
#[tokio::test]
async fn the_repository_behind_a_redirect_is_read_at_its_own_host() {
    for mut network in Network::both() {
        let home = network.server("charts", ChartServer::builder());
        let behind = network.server("behind", ChartServer::builder().basic("you", "OTHER"));
        home.redirects(format!("{}/index.yaml", behind.url));
        let error = refused(network.source(&home.url).credentials(me()), ErrorKind::Unauthorized).await;
        let hint = error.hint().unwrap_or_default();
        assert!(hint.contains("use the chart repository at that host as repoURL"), "{hint}");
        let source = network.source(&behind.url).credentials(Credential::password("you", "OTHER"));
        assert_eq!(found(source).await, (vec!["1.0.0".to_owned()], 1));
    }
}

/// A refusal of the repository itself is about its own credential.
#[tokio::test]
async fn the_hint_after_a_refusal_of_the_repository_names_its_credential() {
    for mut network in Network::both() {
        let home = network.server("charts", ChartServer::builder().basic("me", "OTHER"));
        home.charts.redirect("/near/index.yaml", "/index.yaml");
        for repo_url in [home.url.clone(), format!("{}/near", home.url)] {
            let error = refused(network.source(&repo_url).credentials(me()), ErrorKind::Unauthorized).await;
            let hint = error.hint().unwrap_or_default();
            assert!(hint.contains("was not accepted") && !hint.contains("redirects"), "{hint}");
        }
    }
}

/// What was refused on the way back did not see the credential. The remedy works.
#[tokio::test]
async fn the_hint_after_a_refusal_on_the_way_back_says_that_no_credential_was_sent() {
    for mut network in Network::both() {
        let home = network.server("charts", ChartServer::builder().basic("me", "SECRET"));
        let evil = network.server("evil", ChartServer::builder());
        home.charts.put("/private/index.yaml", "entries:\n  web:\n  - version: 9.0.0\n", "text/yaml");
        home.faults().add(When::path("/index.yaml"), Fault::redirect(format!("{}/x", evil.url)));
        evil.redirects(format!("{}/private/index.yaml", home.url));
        let error = refused(network.source(&home.url).credentials(me()), ErrorKind::Unauthorized).await;
        let hint = error.hint().unwrap_or_default();
        assert!(hint.contains("no credential was sent") && !hint.contains("was not accepted"), "{hint}");
        let source = network.source(&format!("{}/private", home.url)).credentials(me());
        assert_eq!(found(source).await, (vec!["9.0.0".to_owned()], 1));
    }
}

#[tokio::test]
async fn a_redirect_back_is_followed_without_the_credential() {
    for credential in [true, false] {
        for mut network in Network::both() {
            let home = network.server("charts", ChartServer::builder());
            let evil = network.server("evil", ChartServer::builder());
            home.faults().add(When::path("/index.yaml"), Fault::redirect(format!("{}/x", evil.url)));
            evil.redirects(format!("{}/private/index.yaml", home.url));
            home.charts.put("/private/index.yaml", "entries:\n  web:\n  - version: 9.0.0\n", "text/yaml");
            // From the source of credentials, and from the repoURL.
            let source = match credential {
                true => network.source(&home.url).credentials(me()),
                false => network.source(&home.url.replace("://", "://me:SECRET@")),
            };
            assert_eq!(found(source).await, (vec!["9.0.0".to_owned()], 3));
            assert_anonymous(evil.charts.log());
            let seen: Vec<_> = home
                .seen()
                .iter()
                .map(|seen| (seen.path.clone(), seen.header("authorization").is_some()))
                .collect();
            assert_eq!(seen, [("/index.yaml".to_owned(), true), ("/private/index.yaml".to_owned(), false)]);
        }
    }
}

/// Nothing that an index names is requested.
#[tokio::test]
async fn the_urls_in_an_index_are_not_requested() {
    for mut network in Network::both() {
        let home = network.server("charts", ChartServer::builder());
        let evil = network.server("evil", ChartServer::builder());
        for entry in [
            "urls: [EVIL/web-1.0.0.tgz]",
            "urls: ['http://169.254.169.254/latest', 'file:///etc/passwd', 'oci://evil.test/web:1']",
            "icon: EVIL/icon.png\n    home: EVIL\n    sources: [EVIL]",
            "dependencies: [{name: x, version: '*', repository: EVIL}]",
        ] {
            let entry = entry.replace("EVIL", &evil.url);
            home.charts.set_index(format!("entries:\n  web:\n  - version: 1.0.0\n    {entry}\n"));
            let source = network.source(&home.url).credentials(me());
            assert_eq!(found(source).await, (vec!["1.0.0".to_owned()], 1), "{entry}");
        }
        assert!(evil.seen().is_empty());
    }
}

#[tokio::test]
async fn the_query_of_a_repo_url_is_sent_to_its_own_host_only() {
    for mut network in Network::both() {
        let home = network.server("charts", ChartServer::builder().require_query("token=SECRET"));
        let other = network.server("other", ChartServer::builder());
        let repo_url = format!("{}/?token=SECRET", home.url);
        assert_eq!(found(network.source(&repo_url)).await, (vec!["1.0.0".to_owned()], 1));
        home.redirects(format!("{}/index.yaml", other.url));
        assert_eq!(found(network.source(&repo_url)).await, (vec!["1.0.0".to_owned()], 2));
        assert!(home.seen().iter().all(|seen| seen.query.as_deref() == Some("token=SECRET")));
        assert_anonymous(other.charts.log());
    }
}

#[tokio::test]
async fn a_redirect_from_https_to_http_with_a_credential_is_refused() {
    let open = ChartServer::start().unwrap();
    open.publish(&Chart::new("web", "1.0.0"));
    for to in [open.url(), open.url().replace("127.0.0.1", "open.test")] {
        let mut network = Network::public(8);
        network.http = network.http.clone().resolve("open.test", [HERE]);
        let home = network.server("charts", ChartServer::builder());
        let evil = network.server("evil", ChartServer::builder());
        home.redirects(format!("{to}/index.yaml"));
        let error = refused(network.source(&home.url).credentials(me()), ErrorKind::Refused).await;
        assert!(error.to_string().contains("from https to http"), "{error}");
        let user = network.source(&home.url.replace("://", "://me:SECRET@"));
        refused(user, ErrorKind::Refused).await;
        assert!(open.log().all().is_empty(), "it received a request");
        // Nor through another host, to which the credential is not sent.
        home.faults().clear();
        home.redirects(format!("{}/index.yaml", evil.url));
        evil.redirects(format!("{to}/index.yaml"));
        let answer = network
            .source(&home.url)
            .credentials(me())
            .build()
            .unwrap()
            .discover(DiscoverRequest::new())
            .await;
        assert!(answer.is_ok() || answer.is_err_and(|error| error.kind() == ErrorKind::Refused));
        assert!(open.log().all().iter().all(|seen| seen.header("authorization").is_none()));
        // Without a credential the redirect is followed, as by other tools.
        home.faults().clear();
        home.redirects(format!("{to}/index.yaml"));
        assert_eq!(found(network.source(&home.url)).await, (vec!["1.0.0".to_owned()], 2));
        open.log().clear();
    }
}

/// By address and by name, of both families; with and without a credential.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_redirect_from_a_public_to_a_private_address_is_refused() {
    let inside = TcpListener::bind("127.0.0.2:0").unwrap();
    inside.set_nonblocking(true).unwrap();
    let port = inside.local_addr().unwrap().port();
    let mut network = Network::public(32);
    network.http = network.http.clone().resolve("inside.test", [IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2))]);
    let home = network.server("charts", ChartServer::builder());
    for to in [
        format!("https://127.0.0.2:{port}/index.yaml"),
        format!("http://127.0.0.2:{port}/index.yaml"),
        format!("//inside.test:{port}/index.yaml"),
        format!("http://inside.test:{port}/index.yaml"),
        format!("https://[::ffff:127.0.0.2]:{port}/index.yaml"),
        "https://[::1]/index.yaml".to_owned(),
        "https://localhost/index.yaml".to_owned(),
        "https://10.0.0.1/index.yaml".to_owned(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
    ] {
        for credential in [None, Some(me())] {
            home.faults().clear();
            home.redirects(&to);
            home.charts.log().clear();
            let source = network.source(&home.url).credentials(credential);
            refused(source, ErrorKind::Refused).await;
            assert_eq!(home.seen().len(), 1, "{to}");
        }
    }
    assert!(inside.accept().is_err(), "a connection was made");
}

/// For a chart in a registry, a challenge of the target of a redirect is answered for that target only.
#[tokio::test]
async fn the_credential_of_a_chart_in_a_registry_stays_with_the_registry() {
    for credential in [me(), Credential::bearer("SECRET")] {
        for mut network in Network::both() {
            let (registry, host) = network.registry("registry", true);
            registry.push_chart("charts", &Chart::new("web", "1.0.0"));
            let evil = network.server("evil", ChartServer::builder());
            let token = r#"{"token": "testkit-token-evil", "access_token": "testkit-token-evil"}"#;
            evil.faults().add(When::path("/token"), Reply::status(200).body(token));
            let challenge = format!("Bearer realm=\"{}/token\",service=\"foreign\"", evil.url);
            evil.faults().add(When::any(), Reply::status(401).header("www-authenticate", challenge));
            let list = When::path("/v2/**/tags/list");
            registry.faults().add(list, Fault::redirect(format!("{}/v2/charts/web/tags/list", evil.url)));
            let source = network.source(&format!("oci://{host}/charts/web")).credentials(credential.clone());
            refused(source, ErrorKind::Unauthorized).await;
            assert!(!evil.seen().is_empty(), "it received no request");
            for seen in evil.seen() {
                let authorization = seen.header("authorization").unwrap_or_default();
                assert!(authorization.is_empty() || authorization == "Bearer testkit-token-evil", "{seen}");
            }
            for seen in registry.log().all() {
                assert!(!seen.header("authorization").unwrap_or_default().contains("evil"), "{seen}");
            }
        }
    }
}
