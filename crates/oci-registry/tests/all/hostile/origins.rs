//! The origin of an instruction: the credential of a registry is sent to that registry and to the token service that it
//! names, whatever a server requires to which it redirects. Each case is run over plain http on this machine, and over TLS with
//! names that count as public.

use std::net::IpAddr;

use artifact_http::{Credential, HttpClientBuilder};
use artifact_source::ErrorKind;
use oci_registry::{RegistryClient, Repository};
use warehouse_testkit::{Authority, Fault, Registry, RegistryBuilder, Reply, When};

use super::{Outcome, hint};
use crate::raw::{RawServer, answer};
use crate::setup::{http, me, with_image};

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Servers that know each other by name, and a client that knows them all.
pub struct Network {
    authority: Option<Authority>,
    http: HttpClientBuilder,
}

/// A server of a network.
pub struct Server {
    pub registry: Registry,
    pub host: String,
    pub url: String,
}

impl Network {
    pub fn plain() -> Self {
        Self { authority: None, http: http() }
    }

    /// Everything has a public name and a certificate.
    pub fn public() -> Self {
        let authority = Authority::new().unwrap();
        let http = http().add_root_certificate_pem(authority.pem()).count_as_public(HERE, 8);
        Self { authority: Some(authority), http }
    }

    pub fn both() -> [Self; 2] {
        [Self::plain(), Self::public()]
    }

    pub fn server(&mut self, name: &str, builder: RegistryBuilder) -> Server {
        let Some(authority) = &self.authority else {
            let registry = with_image(builder);
            let (host, url) = (registry.host(), registry.url());
            return Server { registry, host, url };
        };
        let name = format!("{name}.test");
        let registry = with_image(builder.tls(authority.certificate([name.as_str(), "127.0.0.1"]).unwrap()));
        self.http = self.http.clone().resolve(&name, [HERE]);
        let host = format!("{name}:{}", registry.address().port());
        Server { registry, url: format!("https://{host}"), host }
    }

    pub fn repository(&self, server: &Server, credential: Option<Credential>) -> Repository {
        let client = RegistryClient::builder(self.http.clone().build().unwrap()).credentials(credential);
        client.build().repository(&format!("{}/demo/app", server.host)).unwrap()
    }
}

impl Server {
    /// Answers everything but its token service with a challenge of its own, and gives this token to anyone.
    fn asks_for_its_own_token(&self, token: &str) {
        let token = format!(r#"{{"token": "{token}", "access_token": "{token}"}}"#);
        self.registry.faults().add(When::path("/token"), Reply::status(200).body(token));
        let challenge = format!("Bearer realm=\"{}/token\",service=\"foreign\"", self.url);
        let refusal = Reply::status(401).header("www-authenticate", challenge);
        self.registry.faults().add(When::path("/v2/**"), refusal);
    }

    fn redirects(&self, path: &str, after: u64, to: &Server) {
        let location = format!("{}/v2/demo/app/tags/list", to.url);
        self.registry.faults().add(When::path(path).after(after), Fault::redirect(location));
    }

    /// It received no credential.
    #[track_caller]
    fn assert_saw_no_credential(&self, but: &str) {
        for seen in self.registry.log().matching(&When::any()) {
            let authorization = seen.header("authorization").unwrap_or_default();
            let allowed =
                authorization.is_empty() || !but.is_empty() && authorization == format!("Bearer {but}");
            // A POST would have a refresh token in its body.
            assert!(allowed && seen.method == "GET", "{seen} {authorization}");
        }
    }

    #[track_caller]
    fn assert_never_saw(&self, token: &str) {
        for seen in self.registry.log().matching(&When::any()) {
            let authorization = seen.header("authorization").unwrap_or_default();
            assert!(!authorization.contains(token), "{seen} {authorization}");
        }
    }
}

#[tokio::test]
async fn the_challenge_of_a_redirect_target_gets_no_credential() {
    let credentials = [
        Credential::password("me", "SECRET"),
        Credential::identity_token("SECRET"),
        Credential::bearer("SECRET"),
    ];
    for (number, credential) in credentials.into_iter().enumerate() {
        for mut network in Network::both() {
            let builder = match number {
                0 => Registry::builder().bearer("me", "SECRET"),
                1 => Registry::builder().refresh_token("SECRET"),
                _ => Registry::builder(),
            };
            let registry = network.server("registry", builder);
            let evil = network.server("evil", Registry::builder());
            evil.asks_for_its_own_token("testkit-token-evil");
            // The registry's own refusal comes first, as it does in reality.
            registry.redirects("/v2/**/tags/list", u64::from(number < 2), &evil);
            registry.redirects("/v2/**/manifests/*", 0, &evil);
            registry.redirects("/v2/**/blobs/*", 0, &evil);
            let repository = network.repository(&registry, Some(credential.clone()));
            let digest = oci_registry::Digest::of(b"x");
            let tags =
                Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.result.unwrap_err();
            let manifest = Outcome::of(async |call| repository.manifest("1.0.0", call).await).await;
            let blob = Outcome::of(async |call| repository.blob(&digest, 9, call).await).await;
            for error in [tags, manifest.result.unwrap_err(), blob.result.unwrap_err()] {
                assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
                assert!(error.message().contains("redirects, denies access"), "{error}");
                hint(&error, "is not sent there");
            }
            // Its anonymous token is sent to it, and to no other server.
            evil.assert_saw_no_credential("testkit-token-evil");
            registry.assert_never_saw("testkit-token-evil");
        }
    }
}

#[tokio::test]
async fn a_basic_challenge_of_a_redirect_target_gets_nothing() {
    for mut network in Network::both() {
        let registry = network.server("registry", Registry::builder().basic("me", "SECRET"));
        let evil = network.server("evil", Registry::builder().basic("me", "SECRET"));
        registry.redirects("/v2/**", 1, &evil);
        let repository = network.repository(&registry, me());
        let error =
            Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
        evil.assert_saw_no_credential("");
    }
}

/// Whoever answers for a redirect's target must not choose the scopes of a token of our registry's own service, and get it.
#[tokio::test]
async fn the_challenge_of_a_redirect_target_gets_no_token_of_the_registry() {
    for scope in ["repository:demo/app:pull", "repository:secret/app:pull,push", "registry:catalog:*"] {
        for service_is_registry in [true, false] {
            for mut network in Network::both() {
                let registry = network.server("registry", Registry::builder().bearer("me", "SECRET"));
                let service = network.server("service", Registry::builder());
                let evil = network.server("evil", Registry::builder());
                let named = if service_is_registry { &registry } else { &service };
                let anyone = Reply::status(200).body(r#"{"token": "testkit-token-ours"}"#);
                service.registry.faults().add(When::path("/token"), anyone);
                // The registry's own refusal comes first.
                registry.redirects("/v2/**/tags/list", 1, &evil);
                if !service_is_registry {
                    let challenge = format!("Bearer realm=\"{}/token\",service=\"ours\"", service.url);
                    let refusal = Reply::status(401).header("www-authenticate", challenge);
                    registry.registry.faults().add(When::path("/v2/**/tags/list"), refusal);
                }
                let challenge =
                    format!("Bearer realm=\"{}/token\",service=\"ours\",scope=\"{scope}\"", named.url);
                let refusal = Reply::status(401).header("www-authenticate", challenge);
                evil.registry.faults().add(When::path("/v2/**"), refusal);
                let repository = network.repository(&registry, me());
                let error = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec()))
                    .await
                    .result
                    .unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
                assert!(error.message().contains("redirects, denies access"), "{error}");
                evil.assert_saw_no_credential("");
                // The one token that the registry itself asked for, with the credential.
                let tokens = named.registry.log().matching(&When::path("/token"));
                assert_eq!(tokens.len(), 1, "{tokens:?}");
                assert!(tokens.iter().all(|seen| seen.header("authorization").is_some()));
            }
        }
    }
}

#[tokio::test]
async fn a_front_host_of_a_public_registry_works() {
    for mut network in Network::both() {
        let front = network.server("front", Registry::builder());
        let behind = network.server("behind", Registry::builder().anonymous_bearer());
        front.redirects("/v2/**", 0, &behind);
        for credential in [None, me()] {
            let repository = network.repository(&front, credential);
            // Front, behind, token, front, behind.
            let tags = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.taken(5);
            assert_eq!(tags, ["1.0.0"]);
            // The token is kept: front, behind.
            Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.taken(2);
            front.assert_never_saw("Bearer");
            behind.assert_never_saw("Basic");
        }
    }
}

#[tokio::test]
async fn many_readers_of_a_front_host_fetch_one_token() {
    let mut network = Network::plain();
    let front = network.server("front", Registry::builder());
    let behind = network.server("behind", Registry::builder().anonymous_bearer());
    front
        .registry
        .faults()
        .add(When::path("/v2/**"), Fault::redirect(format!("{}/v2/demo/app/manifests/1.0.0", behind.url)));
    let repository = network.repository(&front, None);
    Outcome::of(async |call| repository.manifest("1.0.0", call).await).await.result.unwrap();
    behind.registry.expire_tokens();
    let tags: Vec<_> = (0..32).map(|number| format!("1.0.{number}")).collect();
    let call = artifact_http::Call::new();
    let reads = tags.iter().map(|tag| repository.manifest(tag, &call));
    for read in futures::future::join_all(reads).await {
        read.unwrap();
    }
    assert_eq!(behind.registry.tokens_issued(), 2, "one at first, and one for all 32 after it expired");
}

#[tokio::test]
async fn a_redirect_back_to_the_registry_does_not_carry_the_credential() {
    for mut network in Network::both() {
        let registry = network.server("registry", Registry::builder().basic("me", "SECRET"));
        let evil = network.server("evil", Registry::builder());
        registry.redirects("/v2/demo/app/tags/list", 1, &evil);
        let back = format!("{}/v2/private/app/tags/list", registry.url);
        evil.registry.faults().add(When::path("/v2/**"), Fault::redirect(back));
        let repository = network.repository(&registry, me());
        let error =
            Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
        let private = registry.registry.log().matching(&When::path("/v2/private/**"));
        assert!(!private.is_empty() && private.iter().all(|seen| seen.header("authorization").is_none()));
    }
}

#[tokio::test]
async fn a_redirected_list_continues_there_without_a_credential() {
    for mut network in Network::both() {
        let registry = network.server("registry", Registry::builder().basic("me", "SECRET"));
        let behind = network.server("behind", Registry::builder());
        registry.redirects("/v2/**", 1, &behind);
        let page = |tags: &str| Reply::status(200).body(format!(r#"{{"tags": [{tags}]}}"#));
        behind.registry.faults().add(When::path("/v2/**").query("last=a"), page(r#""b""#));
        let first = page(r#""a""#).header("link", "</v2/demo/app/tags/list?last=a&n=1>; rel=\"next\"");
        behind.registry.faults().add(When::path("/v2/**"), first);
        let repository = network.repository(&registry, me());
        // Refused, redirected with the credential, the first page, the second one.
        let tags = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.taken(4);
        assert_eq!(tags, ["a", "b"]);
        behind.assert_saw_no_credential("");
    }
}

/// A name that has a public address when it sends the challenge, and a private one when the token is fetched.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_public_registry_has_no_private_token_service_even_under_its_own_name() {
    let inside =
        RawServer::start_at("127.0.0.2", |_| answer("200 OK", &[], r#"{"access_token": "of-the-cloud"}"#))
            .await;
    let public: IpAddr = "127.0.0.1".parse().unwrap();
    // The name has both addresses; nothing listens at the public one at the port of the realm.
    let realm = format!("http://registry.test:{}/metadata/token", inside.port());
    let challenge = format!("WWW-Authenticate: Bearer realm=\"{realm}\"");
    let outside = RawServer::start(move |_| answer("401 X", &[&challenge], "")).await;
    let http = http()
        .count_as_public(public, 32)
        .resolve("registry.test", [public, "127.0.0.2".parse().unwrap()])
        .attempts(1)
        .build()
        .unwrap();
    let client = RegistryClient::builder(http).plain_http("registry.test").build();
    let repository = client.repository(&format!("registry.test:{}/demo/app", outside.port())).unwrap();
    let error = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.result.unwrap_err();
    assert!(inside.seen().is_empty(), "{error}: {:?}", inside.seen());
    assert!(outside.seen().iter().all(|head| !head.contains("of-the-cloud")));
}
