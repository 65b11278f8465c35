//! Redirects, which may lead a reader or his credential astray.

use artifact_http::{HttpClientBuilder, Url};
use artifact_source::ErrorKind;
use oci_registry::{Digest, RegistryClient, Repository};
use warehouse_testkit::{Authority, Fault, Registry, RegistryBuilder, Reply, When};

use super::{MIB, Outcome, hint, in_raw, manifest_under};
use crate::raw::{RawServer, answer};
use crate::setup::{http, me, repository, with_image};

/// A registry that redirects requests for tags, manifests and blobs to this address.
fn leading_to(builder: RegistryBuilder, location: &str) -> Registry {
    let registry = with_image(builder);
    registry.faults().add(When::path("/v2/**"), Fault::redirect(location));
    registry
}

/// The server received so many requests, none with a credential.
fn assert_no_credential(foreign: &RawServer, times: usize) {
    let seen = foreign.seen();
    assert_eq!(seen.len(), times, "{seen:?}");
    for head in seen {
        assert!(!head.contains("authorization") && !head.contains("cookie"), "{head}");
        assert!(!head.contains("secret") && !head.contains("testkit-token"), "{head}");
    }
}

#[tokio::test]
async fn to_another_host_without_the_credential() {
    let digest = Digest::of(b"moved");
    let foreign = RawServer::start(|head| match head.contains("get /blob") {
        true => answer("200 OK", &[], "moved"),
        false => answer("200 OK", &[], r#"{"tags": ["moved"], "manifests": []}"#),
    })
    .await;
    for (name, builder, first) in [
        ("basic", Registry::builder().basic("me", "SECRET"), 3),
        ("token", Registry::builder().bearer("me", "SECRET"), 4),
    ] {
        let before = foreign.seen().len();
        let registry = with_image(builder);
        // The refusal comes first, as it does in reality.
        registry
            .faults()
            .add(When::path("/v2/**/blobs/*").after(1), Fault::redirect(format!("{}/blob", foreign.url())));
        registry
            .faults()
            .add(When::path("/v2/**/manifests/*"), Fault::redirect(format!("{}/m", foreign.url())));
        registry
            .faults()
            .add(When::path("/v2/**/tags/list"), Fault::redirect(format!("{}/t", foreign.url())));
        let repository = repository(&registry, me());
        let blob = Outcome::of(async |call| repository.blob(&digest, 100, call).await).await.taken(first);
        assert_eq!(&blob[..], b"moved");
        Outcome::of(async |call| repository.manifest("1.0.0", call).await).await.taken(2);
        assert_eq!(
            Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.taken(2),
            ["moved"]
        );
        assert_eq!(foreign.seen().len(), before + 3, "{name}");
    }
    assert_no_credential(&foreign, 6);
}

#[tokio::test]
async fn to_another_host_with_something_else_under_the_digest() {
    let foreign = RawServer::start(|_| answer("200 OK", &[], "swapped")).await;
    let registry = leading_to(Registry::builder(), &foreign.url());
    let repository = repository(&registry, None);
    let digest = Digest::of(b"blob");
    let outcome = Outcome::of(async |call| repository.blob(&digest, 100, call).await).await;
    let message = format!("the blob does not match its digest {digest}");
    outcome.refused(ErrorKind::BadAnswer, &message, 2, 100);
}

#[tokio::test]
async fn to_a_url_with_a_user_in_it() {
    let foreign = RawServer::start(|_| answer("200 OK", &[], r#"{"manifests": []}"#)).await;
    let location = format!("http://user:password@{}/x", foreign.host);
    manifest_under(Fault::redirect(location)).await.taken(2);
    assert_no_credential(&foreign, 1);
}

#[tokio::test]
async fn in_a_loop() {
    let message = "more than 10 redirects";
    for location in ["/v2/demo/app/manifests/1.0.0", "", "?a=b"] {
        manifest_under(Fault::redirect(location)).await.refused(ErrorKind::BadAnswer, message, 11, MIB);
    }
}

#[tokio::test]
async fn to_another_scheme() {
    for location in [
        "file:///etc/passwd",
        "ftp://example.com/x",
        "gopher://x/",
        "data:text/plain,x",
        "unix:/run/docker.sock",
    ] {
        let message = "the Location of the redirect is not an http or https URL";
        manifest_under(Fault::redirect(location)).await.refused(ErrorKind::BadAnswer, message, 1, 0);
    }
}

#[tokio::test]
async fn to_no_host() {
    for location in
        ["http://", "https:///", "http://:80/", "http://[::1", "http://a b/", "http://999.999.999.999/"]
    {
        let message = "the Location of the redirect is not a valid URL";
        manifest_under(Fault::redirect(location)).await.refused(ErrorKind::BadAnswer, message, 1, 0);
    }
}

#[tokio::test]
async fn nowhere() {
    let message = "a redirect without a Location";
    manifest_under(Reply::status(307)).await.refused(ErrorKind::BadAnswer, message, 1, 0);
}

#[tokio::test]
async fn with_an_endless_body() {
    let server = RawServer::start(|head| match head.contains("/manifests/") {
        true => crate::raw::Answer(
            b"HTTP/1.1 307 X\r\nLocation: /elsewhere\r\n\r\n".to_vec(),
            crate::raw::Then::Repeat(vec![b'x'; 4096]),
        ),
        false => answer("200 OK", &[], r#"{"manifests": []}"#),
    })
    .await;
    let repository = in_raw(&server, None);
    let outcome = Outcome::of(async |call| repository.manifest("1.0.0", call).await).await;
    assert!(outcome.bytes < MIB, "{} bytes of a redirect were read", outcome.bytes);
    outcome.taken(2);
}

/// A registry over TLS as a client sees it that trusts it.
fn over_tls(builder: RegistryBuilder) -> (Registry, HttpClientBuilder) {
    let authority = Authority::new().unwrap();
    let registry = builder.tls(authority.certificate(["127.0.0.1"]).unwrap()).start().unwrap();
    registry.image("demo/app").tag("1.0.0").platforms(["linux/amd64"]).push();
    (registry, http().add_root_certificate_pem(authority.pem()))
}

fn repository_over_tls(registry: &Registry, http: HttpClientBuilder, with_credential: bool) -> Repository {
    let builder = RegistryClient::builder(http.build().unwrap()).https("127.0.0.1");
    let builder = if with_credential { builder.credentials(me()) } else { builder };
    builder.build().repository(&format!("{}/demo/app", registry.host())).unwrap()
}

#[tokio::test]
async fn from_https_to_http_with_a_credential() {
    let plain = RawServer::start(|_| answer("200 OK", &[], "{}")).await;
    for (builder, requests) in
        [(Registry::builder().basic("me", "SECRET"), 2), (Registry::builder().bearer("me", "SECRET"), 3)]
    {
        let (registry, http) = over_tls(builder);
        registry.faults().add(When::path("/v2/**").after(1), Fault::redirect(format!("{}/x", plain.url())));
        let repository = repository_over_tls(&registry, http, true);
        let outcome = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await;
        let message = format!("a redirect from https to {}, while a credential is in use", plain.url());
        let error = outcome.refused(ErrorKind::Refused, &message, requests, MIB);
        hint(&error, "a correct server redirects to https");
    }
    assert_no_credential(&plain, 0);
}

#[tokio::test]
async fn from_https_to_http_without_a_credential() {
    let plain = RawServer::start(|_| answer("200 OK", &[], r#"{"tags": ["a"]}"#)).await;
    let (registry, http) = over_tls(Registry::builder());
    registry.faults().add(When::path("/v2/**"), Fault::redirect(format!("{}/x", plain.url())));
    let repository = repository_over_tls(&registry, http, false);
    assert_eq!(Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.taken(2), ["a"]);
    assert_no_credential(&plain, 1);
}

#[tokio::test]
async fn from_https_to_a_token_service_on_http() {
    let plain = RawServer::start(|_| answer("200 OK", &[], r#"{"token": "x"}"#)).await;
    let realm = format!("{}/token", plain.url());
    for with_credential in [false, true] {
        let (registry, http) = over_tls(Registry::builder());
        let challenge = format!("Bearer realm=\"{realm}\"");
        registry.faults().add(When::any(), Reply::status(401).header("www-authenticate", challenge));
        let repository = repository_over_tls(&registry, http, with_credential);
        let outcome = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await;
        let message = "the registry uses https, and its token service does not";
        let error = outcome.refused(ErrorKind::Refused, message, 1, MIB);
        assert_eq!(error.url(), Some(realm.as_str()));
    }
    assert_no_credential(&plain, 0);
}

#[tokio::test]
async fn everything_over_tls_as_without_it() {
    let (registry, http) = over_tls(Registry::builder().bearer("me", "SECRET").redirect_blobs());
    let repository = repository_over_tls(&registry, http, true);
    assert!(Url::parse(&registry.url()).unwrap().scheme() == "https");
    assert_eq!(Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.taken(3), ["1.0.0"]);
    Outcome::of(async |call| repository.manifest("1.0.0", call).await).await.taken(1);
}

/// Only Linux has several loopback addresses by default: 127.0.0.1 is a public address here, and 127.0.0.2 a private
/// one.
#[cfg(target_os = "linux")]
mod inside {
    use super::*;

    fn from_outside(registry: &str, http: HttpClientBuilder) -> Repository {
        let public = "127.0.0.1".parse().unwrap();
        let http = http.count_as_public(public, 32).resolve("inside.test", ["127.0.0.2".parse().unwrap()]);
        RegistryClient::builder(http.build().unwrap())
            .build()
            .repository(&format!("{registry}/demo/app"))
            .unwrap()
    }

    #[tokio::test]
    async fn to_a_private_address_or_name() {
        let inside = RawServer::start_at("127.0.0.2", |_| answer("200 OK", &[], "{}")).await;
        let digest = Digest::of(b"x");
        for host in ["127.0.0.2", "inside.test", "localhost", "[::ffff:127.0.0.2]", "2130706434", "0x7f.2"] {
            let registry = leading_to(Registry::builder(), &format!("http://{host}:{}/x", inside.port()));
            let repository = from_outside(&registry.host(), http());
            let tags = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await;
            let blob = Outcome::of(async |call| repository.blob(&digest, 9, call).await).await;
            for error in [tags.result.unwrap_err(), blob.result.unwrap_err()] {
                assert_eq!((error.kind(), error.tries()), (ErrorKind::Refused, 1), "{host}: {error}");
                assert!(error.message().contains("a private address"), "{error}");
            }
        }
        assert!(inside.seen().is_empty(), "{:?}", inside.seen());
    }

    #[tokio::test]
    async fn to_a_private_token_service() {
        let inside = RawServer::start_at("127.0.0.2", |_| answer("200 OK", &[], r#"{"token": "x"}"#)).await;
        for host in ["127.0.0.2", "inside.test", "localhost"] {
            let realm = format!("http://{host}:{}", inside.port());
            let registry = with_image(Registry::builder());
            let challenge = format!("Bearer realm=\"{realm}/token\"");
            registry.faults().add(When::any(), Reply::status(401).header("www-authenticate", challenge));
            let repository = from_outside(&registry.host(), http());
            let outcome = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await;
            let message = format!("a public server refers to a private address, {realm}");
            let error = outcome.result.unwrap_err();
            assert_eq!((error.kind(), error.message()), (ErrorKind::Refused, message.as_str()));
            hint(&error, "only a server that is itself at a private address");
        }
        assert!(inside.seen().is_empty(), "{:?}", inside.seen());
    }

    #[tokio::test]
    async fn a_private_registry_has_a_private_token_service() {
        let registry = with_image(Registry::builder().anonymous_bearer());
        let inside = "127.0.0.1".parse().unwrap();
        let http = http().resolve("registry.test", [inside]).resolve("auth.test", [inside]).build().unwrap();
        let port = registry.address().port();
        let auth = with_image(Registry::builder().anonymous_bearer());
        let realm = format!("http://auth.test:{}/token", auth.address().port());
        let challenge = Reply::status(401).header("www-authenticate", format!("Bearer realm=\"{realm}\""));
        registry.faults().add(When::any().first(1), challenge);
        let client = RegistryClient::builder(http).plain_http("registry.test").build();
        let repository = client.repository(&format!("registry.test:{port}/demo/app")).unwrap();
        let outcome = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await;
        // The token of the wrong registry is refused, but it was requested.
        assert_eq!((outcome.result.unwrap_err().kind(), auth.tokens_issued()), (ErrorKind::Unauthorized, 1));
    }

    #[tokio::test]
    async fn a_public_server_names_no_private_token_service_for_a_private_registry() {
        let service = RawServer::start_at("127.0.0.3", |_| answer("200 OK", &[], r#"{"token": "x"}"#)).await;
        let named = service.url();
        for own_host in [false, true] {
            let realm = std::sync::Arc::new(std::sync::OnceLock::<String>::new());
            let at = std::sync::Arc::clone(&realm);
            let outside = RawServer::start(move |_| {
                let challenge = format!("WWW-Authenticate: Bearer realm=\"{}/token\"", at.get().unwrap());
                answer("401 X", &[&challenge], "")
            })
            .await;
            let location = format!("Location: {}/v2/demo/app/tags/list", outside.url());
            let inside = RawServer::start_at("127.0.0.2", move |_| answer("307 X", &[&location], "")).await;
            realm.set(if own_host { inside.url() } else { named.clone() }).unwrap();
            let repository = from_outside(&inside.host, http());
            let error =
                Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.result.unwrap_err();
            // A token service of the registry itself is not asked for another server, wherever it is.
            let expected = if own_host { ErrorKind::Unauthorized } else { ErrorKind::Refused };
            assert_eq!(error.kind(), expected, "{error}");
            assert!(inside.seen().iter().all(|head| !head.starts_with("get /token")), "{:?}", inside.seen());
        }
        assert!(service.seen().is_empty(), "{:?}", service.seen());
    }
}
