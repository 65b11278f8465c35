//! Registries that hide from strangers what they have, and challenge at `/v2/` alone.

use artifact_http::{Call, Credential};
use artifact_source::ErrorKind;
use warehouse_testkit::{Registry, RegistryBuilder, Reply, When};

use crate::setup::{client, me, repository, with_image};

fn denied() -> Reply {
    Reply::status(403).oci_error("DENIED", "denied")
}

fn unknown() -> Reply {
    Reply::status(404).oci_error("NAME_UNKNOWN", "unknown")
}

fn tokens() -> RegistryBuilder {
    Registry::builder().bearer("me", "SECRET")
}

fn passwords() -> RegistryBuilder {
    Registry::builder().basic("me", "SECRET")
}

#[tokio::test]
async fn what_is_hidden_from_strangers_is_read_with_the_credential() {
    let none = || Reply::tags("demo/app", [""; 0]);
    let null = || Reply::status(200).body(r#"{"name": "demo/app", "tags": null}"#);
    let challenge = |registry: &Registry| {
        format!(
            "Bearer realm=\"{}/token\",service=\"testkit\",scope=\"repository:demo/app:pull\"",
            registry.url()
        )
    };
    let cases: [(&str, RegistryBuilder, Reply, u64); 7] = [
        ("403, a token", tokens(), denied(), 4),
        ("403, a password", passwords(), denied(), 3),
        ("404, a token", tokens(), unknown(), 4),
        ("404, a password", passwords(), unknown(), 3),
        ("an empty list, a token", tokens(), none(), 4),
        ("no list, a password", passwords(), null(), 3),
        ("403 with a challenge of its own", tokens(), denied(), 3),
    ];
    for (name, builder, answer, requests) in cases {
        let registry = with_image(builder);
        let answer = match name {
            "403 with a challenge of its own" => answer.header("www-authenticate", challenge(&registry)),
            _ => answer,
        };
        registry.faults().add(When::get("/v2/demo/app/tags/list").first(1), answer);
        let (repository, call) = (repository(&registry, me()), Call::new());
        assert_eq!(repository.tags(&call).await.unwrap(), ["1.0.0"], "{name}");
        assert_eq!(call.meter.requests(), requests, "{name}");
        repository.manifest("1.0.0", &call).await.unwrap();
        assert_eq!(call.meter.requests(), requests + 1, "{name}, again");
    }
}

#[tokio::test]
async fn a_registry_without_a_challenge_is_asked_for_one_once() {
    let registry = with_image(Registry::builder());
    registry.image("demo/other").tag("1.0.0").single("linux/amd64").push();
    let (client, call) = (client(me()), Call::new());
    for (name, requests) in [("demo/app", 2), ("demo/app", 3), ("demo/other", 4)] {
        let repository = client.repository(&format!("{}/{name}", registry.host())).unwrap();
        let error = repository.manifest("2.0.0", &call).await.unwrap_err();
        assert_eq!((error.kind(), call.meter.requests()), (ErrorKind::NotFound, requests), "{name}");
    }
    assert_eq!(registry.log().count(&When::get("/v2/")), 1);
    assert!(registry.log().all().iter().all(|request| request.header("authorization").is_none()));

    for (answer, kind) in [(denied(), ErrorKind::Forbidden), (unknown(), ErrorKind::NotFound)] {
        let registry = with_image(Registry::builder());
        registry.faults().add(When::get("/v2/**/tags/list"), answer);
        let error = repository(&registry, me()).tags(&Call::new()).await.unwrap_err();
        let hint = error.hint().unwrap();
        assert_eq!(error.kind(), kind);
        assert!(hint.contains("no credential was sent") && !hint.contains("may the credential"), "{hint}");
    }
}

#[tokio::test]
async fn without_a_credential_nothing_more_is_asked() {
    let registry = with_image(tokens());
    registry.faults().add(When::get("/v2/**/tags/list"), unknown());
    let call = Call::new();
    let error = repository(&registry, None).tags(&call).await.unwrap_err();
    assert_eq!((error.kind(), call.meter.requests()), (ErrorKind::NotFound, 1));
}

/// What is open to all is read as before, though the credential is wrong.
#[tokio::test]
async fn a_wrong_credential_takes_nothing_away_from_what_is_open() {
    for builder in [tokens(), passwords()] {
        let registry = with_image(builder);
        let wrong = Some(Credential::password("me", "SECRET-but-wrong"));
        let list = Reply::tags("demo/app", ["1.0.0", "2.0.0"]);
        registry.faults().add(When::get("/v2/**/tags/list"), list);
        registry.faults().add(When::get("/v2/**/manifests/2.0.0"), unknown());
        let repository = repository(&registry, wrong);
        repository.tags(&Call::new()).await.unwrap();
        let call = Call::new();
        for requests in [3, 4] {
            let error = repository.manifest("2.0.0", &call).await.unwrap_err();
            let asked = call.meter.requests();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
            // The tag, `/v2/` and either the token service or the tag with the password; then the tag.
            assert_eq!(asked, requests);
        }
    }
    let registry = with_image(tokens());
    registry.faults().add(When::get("/v2/**/tags/list"), unknown());
    let wrong = Some(Credential::password("me", "SECRET-but-wrong"));
    let error = repository(&registry, wrong).tags(&Call::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "nothing was open: {error:?}");
}
