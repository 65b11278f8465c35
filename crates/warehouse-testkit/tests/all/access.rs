//! Several users, tokens of another registry, TLS, and very many pages.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::net::SocketAddr;

use crate::client::{get, request, send};
use warehouse_testkit::{Authority, Fault, Registry, ServerCertificate, When};

/// `user:secret` and `other:secret` for HTTP Basic.
const USER: &str = "Basic dXNlcjpzZWNyZXQ=";
const OTHER: &str = "Basic b3RoZXI6c2VjcmV0";

fn status(address: SocketAddr, target: &str, authorization: &str) -> u16 {
    let ask = request("GET", address, target).header("authorization", authorization);
    send(address, ask, "").status.as_u16()
}

fn token(address: SocketAddr, repository: &str, authorization: &str) -> String {
    let target = format!("/token?service=testkit&scope=repository:{repository}:pull");
    let answer = send(address, request("GET", address, &target).header("authorization", authorization), "");
    format!("Bearer {}", answer.json()["token"].as_str().unwrap())
}

#[test]
fn each_basic_user_has_their_own_repositories() {
    let registry = Registry::builder()
        .basic_for("user", "secret", ["a"])
        .basic_for("other", "secret", ["b"])
        .start()
        .unwrap();
    for repository in ["a", "b"] {
        registry.image(repository).tag("1").push();
    }
    let ask = |target, who| status(registry.address(), target, who);
    assert_eq!((ask("/v2/a/tags/list", USER), ask("/v2/b/tags/list", USER)), (200, 403));
    assert_eq!((ask("/v2/a/tags/list", OTHER), ask("/v2/b/tags/list", OTHER)), (403, 200));
    assert_eq!((ask("/v2/", USER), ask("/v2/", OTHER)), (200, 200));
    assert_eq!(ask("/v2/a/tags/list", "Basic bm9ib2R5Og=="), 401);
}

#[test]
fn each_bearer_user_has_their_own_repositories() {
    let registry = Registry::builder()
        .bearer_for("user", "secret", ["a"])
        .bearer_for("other", "secret", ["b"])
        .start()
        .unwrap();
    for repository in ["a", "b"] {
        registry.image(repository).tag("1").push();
    }
    let address = registry.address();
    for (repository, who, expected) in
        [("a", USER, 200), ("b", USER, 401), ("a", OTHER, 401), ("b", OTHER, 200)]
    {
        let token = token(address, repository, who);
        assert_eq!(status(address, &format!("/v2/{repository}/tags/list"), &token), expected, "{repository}");
    }
    let form = "grant_type=password&username=other&password=secret&scope=repository:b:pull";
    let given = send(address, request("POST", address, "/token"), form).json();
    let given = format!("Bearer {}", given["access_token"].as_str().unwrap());
    assert_eq!(status(address, "/v2/b/tags/list", &given), 200);
}

#[test]
fn tokens_may_come_from_elsewhere() {
    let issuer = Registry::builder().bearer("user", "secret").start().unwrap();
    let registry = Registry::builder().tokens_of(&issuer).start().unwrap();
    registry.image("a").tag("1").push();
    let refused = get(registry.address(), "/v2/a/tags/list");
    assert!(
        refused.header("www-authenticate").starts_with(&format!("Bearer realm=\"{}/token\"", issuer.url()))
    );
    let token = token(issuer.address(), "a", USER);
    assert_eq!(status(registry.address(), "/v2/a/tags/list", &token), 200);
    issuer.expire_tokens();
    assert_eq!(status(registry.address(), "/v2/a/tags/list", &token), 401);
    assert_eq!((issuer.tokens_issued(), registry.tokens_issued()), (1, 0));
}

#[test]
fn ten_thousand_pages_and_pages_without_end() {
    let registry = Registry::builder().page_size(2).start().unwrap();
    let pushed = registry.image("a").tag("1").push();
    registry.tag_numbered("a", "1", 20_000).unwrap();
    let last = get(registry.address(), "/v2/a/tags/list?n=1000&last=t000000019997");
    assert_eq!(last.json()["tags"], serde_json::json!(["t000000019998", "t000000019999"]));
    assert!(!last.headers.contains_key("link"));
    let first = get(registry.address(), "/v2/a/tags/list");
    assert_eq!(first.header("link"), "</v2/a/tags/list?last=t000000000001&n=2>; rel=\"next\"");
    let manifest = get(registry.address(), "/v2/a/manifests/t000000012345");
    assert_eq!(manifest.header("docker-content-digest"), pushed.digest);
    assert_eq!(get(registry.address(), "/v2/a/manifests/t000000020000").status, 404);

    registry.tag_numbered("a", "1", u64::MAX).unwrap();
    let far = get(registry.address(), "/v2/a/tags/list?last=t900000000000");
    assert!(far.headers.contains_key("link"));
    assert!(registry.tag_numbered("a", "none", 1).is_err());
}

#[test]
fn links_can_go_round_in_circles() {
    let registry = Registry::builder().page_size(1).start().unwrap();
    for tag in ["1", "2"] {
        registry.image("a").tag(tag).push();
    }
    registry.faults().add(When::get("/v2/a/tags/list").query("last=1"), Fault::link("/v2/a/tags/list?n=1"));
    let mut target = "/v2/a/tags/list?n=1".to_owned();
    for _ in 0..3 {
        for tag in ["1", "2"] {
            let page = get(registry.address(), &target);
            assert_eq!(page.json()["tags"], serde_json::json!([tag]));
            target = page.header("link").trim_start_matches('<').split_once('>').unwrap().0.to_owned();
        }
    }
}

mod tls {
    use super::*;
    use http_body_util::{BodyExt, Empty};
    use hyper_util::rt::TokioIo;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName};
    use rustls::{ClientConfig, RootCertStore};
    use std::sync::Arc;
    use tokio_rustls::TlsConnector;

    /// The status under TLS, or why the certificate was not taken.
    fn ask(registry: &Registry, authority: &Authority, name: &'static str) -> Result<u16, String> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let address = registry.address();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let stream = tokio::net::TcpStream::connect(address).await.unwrap();
            let connector = TlsConnector::from(Arc::new(config));
            let stream = connector
                .connect(ServerName::try_from(name).unwrap(), stream)
                .await
                .map_err(|error| error.to_string())?;
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            let request = request("GET", address, "/v2/").body(Empty::<bytes::Bytes>::new()).unwrap();
            let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
            let status = answer.status().as_u16();
            answer.into_body().collect().await.map_err(|error| error.to_string())?;
            Ok(status)
        })
    }

    #[test]
    fn a_registry_over_tls_and_certificates_that_are_refused() {
        let (authority, stranger) = (Authority::new().unwrap(), Authority::new().unwrap());
        let certificate = authority.certificate(["127.0.0.1", "localhost"]).unwrap();
        let registry = Registry::builder().tls(certificate.clone()).start().unwrap();
        assert_eq!(registry.url(), format!("https://{}", registry.host()));
        assert_eq!(ask(&registry, &authority, "127.0.0.1"), Ok(200));
        assert_eq!(ask(&registry, &authority, "localhost"), Ok(200));
        assert_eq!(registry.log().counters().requests, 2);
        assert!(registry.log().counters().wire_bytes_sent > 1000, "the certificate is on the wire");

        assert!(ask(&registry, &stranger, "127.0.0.1").unwrap_err().contains("UnknownIssuer"));
        assert!(ask(&registry, &authority, "example.com").unwrap_err().contains("example.com"));
        assert_eq!(registry.log().counters().requests, 2, "no request went to the stranger");

        registry.faults().add(When::any().nth(1), Fault::Truncate { keep: 1 });
        registry.faults().add(When::any().nth(2), Fault::Reset);
        assert!(ask(&registry, &authority, "localhost").is_err());
        assert!(ask(&registry, &authority, "localhost").is_err());
        assert_eq!(ask(&registry, &authority, "localhost"), Ok(200));

        let expired = authority.expired_certificate(["127.0.0.1"]).unwrap();
        let registry = Registry::builder().tls(expired).start().unwrap();
        assert!(ask(&registry, &authority, "127.0.0.1").unwrap_err().contains("expired"));
        assert!(!format!("{certificate:?}").contains("PRIVATE"));
    }

    #[test]
    fn challenges_and_redirects_name_https() {
        let authority = Authority::new().unwrap();
        let certificate = authority.certificate(["127.0.0.1"]).unwrap();
        let registry = Registry::builder().tls(certificate).bearer("user", "secret").start().unwrap();
        assert_eq!(ask(&registry, &authority, "127.0.0.1"), Ok(401));
        assert!(Registry::builder().tls(ServerCertificate::from_pem("", "")).start().is_err());
    }
}
