//! Authentication.

use std::time::Duration;

use artifact_http::{Call, Credential};
use artifact_source::ErrorKind;
use oci_registry::RegistryClient;
use warehouse_testkit::{Fault, Registry, RegistryBuilder, When};

use crate::setup::{check, client, http, me, read_many, repository, with_image, with_tags};

#[tokio::test]
async fn concurrent_readers_fetch_one_token() {
    let registry = with_tags(Registry::builder().bearer("me", "SECRET"), 64);
    let (repository, call) = (repository(&registry, me()), Call::new());
    for read in read_many(&repository, 64, &call).await {
        read.unwrap();
    }
    assert_eq!(registry.tokens_issued(), 1);
    assert_eq!(registry.log().counters().requests, 1 + 1 + 64, "one was refused, one got the token");
}

#[tokio::test]
async fn authentication_schemes() {
    let basic = || Registry::builder().basic("me", "SECRET");
    let bearer = || Registry::builder().bearer("me", "SECRET");
    let cases: [(&str, RegistryBuilder, Option<Credential>, u64); 5] = [
        ("open", Registry::builder(), None, 1),
        ("open, with a credential that is not required", Registry::builder(), me(), 1),
        ("basic", basic(), me(), 2),
        ("anonymous token", Registry::builder().anonymous_bearer(), None, 3),
        ("token", bearer(), me(), 3),
    ];
    for (name, builder, credential, requests) in cases {
        let registry = with_image(builder);
        let (repository, call) = (repository(&registry, credential), Call::new());
        repository.manifest("1.0.0", &call).await.unwrap();
        assert_eq!(call.meter.requests(), requests, "{name}");
        repository.manifest("1.0.0", &call).await.unwrap();
        assert_eq!(call.meter.requests(), requests + 1, "{name}, again");
    }
}

#[tokio::test]
async fn an_identity_token_is_exchanged() {
    let registry = with_image(Registry::builder().refresh_token("SECRET+/="));
    let repository = repository(&registry, Some(Credential::identity_token("SECRET+/=")));
    repository.manifest("1.0.0", &Call::new()).await.unwrap();
    assert_eq!(registry.log().count(&When::post("/token")), 1);
    assert_eq!(registry.tokens_issued(), 1);
}

#[tokio::test]
async fn an_expired_token_is_replaced_once() {
    for (name, builder, first) in [
        ("401", Registry::builder().bearer("me", "SECRET"), 401),
        ("403 as ECR answers", Registry::builder().bearer("me", "SECRET").expired_is_forbidden(), 403),
    ] {
        let registry = with_tags(builder, 16);
        let (repository, call) = (repository(&registry, me()), Call::new());
        repository.manifest("1.0.0", &call).await.unwrap();
        registry.expire_tokens();
        registry.log().clear();
        for read in read_many(&repository, 16, &call).await {
            read.unwrap();
        }
        assert_eq!(registry.tokens_issued(), 2, "{name}");
        assert!(registry.log().all().iter().any(|request| request.status == Some(first)), "{name}");
    }
}

#[tokio::test]
async fn a_token_is_not_used_after_it_expires() {
    let registry =
        with_image(Registry::builder().bearer("me", "SECRET").token_lifetime(Duration::from_secs(3)));
    let (repository, call) = (repository(&registry, me()), Call::new());
    repository.manifest("1.0.0", &call).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1600)).await;
    registry.log().clear();
    repository.manifest("1.0.0", &call).await.unwrap();
    let seen = registry.log().all();
    assert!(seen.iter().all(|request| request.status == Some(200)), "no refusal was needed: {seen:?}");
    assert_eq!(registry.tokens_issued(), 2);
}

#[tokio::test]
async fn two_credentials_do_not_share_a_token() {
    let registry = with_image(Registry::builder().anonymous_bearer().bearer("me", "SECRET"));
    let client = RegistryClient::builder(http().build().unwrap()).credentials(me()).build();
    let stranger = RegistryClient::builder(http().build().unwrap()).build();
    for client in [client, stranger] {
        let repository = client.repository(&format!("{}/demo/app", registry.host())).unwrap();
        repository.manifest("1.0.0", &Call::new()).await.unwrap();
    }
    assert_eq!(registry.tokens_issued(), 2);
}

#[tokio::test]
async fn denied_access() {
    let wrong = || Some(Credential::password("me", "SECRET-but-wrong"));
    let bearer = || Registry::builder().bearer("me", "SECRET");
    let issues_none = "the registry's token service issues no token without a credential";
    let not_accepted = "the registry's token service does not accept the credential";
    let cases: [(&str, RegistryBuilder, Option<Credential>, ErrorKind, Option<&str>); 5] = [
        ("token, no credential", bearer(), None, ErrorKind::Unauthorized, Some(issues_none)),
        ("token, wrong password", bearer(), wrong(), ErrorKind::Unauthorized, Some(not_accepted)),
        (
            "basic, no credential",
            Registry::builder().basic("me", "SECRET"),
            None,
            ErrorKind::Unauthorized,
            None,
        ),
        (
            "basic, wrong password",
            Registry::builder().basic("me", "SECRET"),
            wrong(),
            ErrorKind::Unauthorized,
            None,
        ),
        (
            "basic, denied",
            Registry::builder().basic("me", "SECRET").deny("demo/app"),
            me(),
            ErrorKind::Forbidden,
            None,
        ),
    ];
    for (name, builder, credential, kind, message) in cases {
        let registry = with_image(builder);
        let has_credential = credential.is_some();
        let error = repository(&registry, credential).tags(&Call::new()).await.unwrap_err();
        let place = format!("{}/demo/app", registry.host());
        let verb = if kind == ErrorKind::Forbidden {
            "the registry denies access to"
        } else {
            "the registry requires authentication for"
        };
        check(&error, kind, &message.map_or(format!("{verb} {place}"), str::to_owned));
        assert!(error.is_auth() && error.status().is_some(), "{name}");
        let hint = error.hint().unwrap();
        assert!(
            hint.contains(&place) && hint.contains("no credential was given") != has_credential,
            "{name}: {hint}"
        );
    }
}

#[tokio::test]
async fn a_credential_is_sent_to_no_other_host() {
    let foreign = Registry::start().unwrap();
    let registry = with_image(Registry::builder().basic("me", "SECRET"));
    let repository = repository(&registry, me());
    repository.tags(&Call::new()).await.unwrap();

    registry.faults().add(When::get("/v2/**/manifests/*"), Fault::redirect(format!("{}/x", foreign.url())));
    let _ = repository.manifest("1.0.0", &Call::new()).await.unwrap_err();
    registry.faults().clear();
    let seen = foreign.log().all();
    assert!(seen.len() == 1 && seen[0].header("authorization").is_none(), "{seen:?}");

    registry.faults().add(When::get("/v2/**/tags/list"), Fault::link(format!("{}/v2/more", foreign.url())));
    let error = repository.tags(&Call::new()).await.unwrap_err();
    let message = format!("the next page of the list of tags is at another host, {}", foreign.url());
    check(&error, ErrorKind::Refused, &message);
    assert_eq!(foreign.log().counters().requests, 1, "it was not asked");
}

#[tokio::test]
async fn plain_http_to_another_host_is_opt_in() {
    // Nothing is sent, so the host need not exist.
    let client = client(me());
    let place = format!("{:?}", client.repository("registry.invalid:5000/a").unwrap());
    assert!(place.contains("https"), "{place}");
    let client = RegistryClient::builder(http().build().unwrap()).plain_http("Registry.invalid:5000").build();
    let place = format!("{:?}", client.repository("registry.invalid:5000/a").unwrap());
    assert!(!place.contains("https"), "{place}");
    let client = RegistryClient::builder(http().build().unwrap()).https("127.0.0.1:5000").build();
    let place = format!("{:?}", client.repository("127.0.0.1:5000/a").unwrap());
    assert!(place.contains("https"), "{place}");
}
