//! What is not there, and registries that fail or mean harm.

use std::time::{Duration, Instant};

use artifact_http::Call;
use artifact_source::{Error, ErrorKind};
use oci_registry::{Digest, Manifest, RegistryClient};
use warehouse_testkit::{Fault, Registry, Reply, When};

use crate::setup::{check, client, http, me, repository, with_image};

#[tokio::test]
async fn what_is_not_there() {
    let registry = with_image(Registry::builder());
    let missing = client(None).repository(&format!("{}/demo/missing", registry.host())).unwrap();
    let error = missing.tags(&Call::new()).await.unwrap_err();
    check(&error, ErrorKind::NotFound, &format!("there is no repository {}/demo/missing", registry.host()));
    assert_eq!((error.status(), error.code()), (Some(404), Some("NAME_UNKNOWN")));
    assert!(error.hint().unwrap().contains("spelled right"));

    let repository = repository(&registry, None);
    let error = repository.manifest("2.0.0", &Call::new()).await.unwrap_err();
    check(&error, ErrorKind::NotFound, &format!("there is no 2.0.0 in {}/demo/app", registry.host()));
    assert_eq!(error.code(), Some("MANIFEST_UNKNOWN"));
    assert!(repository.head_manifest("2.0.0", &Call::new()).await.unwrap_err().is_not_found());
    let digest = Digest::of(b"nothing");
    assert!(repository.blob(&digest, 10, &Call::new()).await.unwrap_err().is_not_found());

    for reference in ["", "../../x", "a b", "a/b", "sha256:00", &"x".repeat(200)] {
        let call = Call::new();
        let error = repository.manifest(reference, &call).await.unwrap_err();
        assert_eq!((error.kind(), call.meter.requests()), (ErrorKind::InvalidInput, 0), "{reference:?}");
    }
}

#[tokio::test]
async fn nobody_is_there() {
    let repository = client(me()).repository("127.0.0.1:1/demo/app").unwrap();
    let error = repository.tags(&Call::new()).await.unwrap_err();
    check(&error, ErrorKind::Unreachable, "the connection was refused");
    assert_eq!((error.tries(), error.is_transient()), (4, true));
    assert_eq!(error.url(), Some("http://127.0.0.1:1/v2/demo/app/tags/list?n=..."));

    let repository = client(me()).repository("no-such-registry.invalid/demo/app").unwrap();
    let error = repository.tags(&Call::new()).await.unwrap_err();
    check(&error, ErrorKind::Unreachable, "the host name no-such-registry.invalid could not be resolved");
}

/// What comes of reading a manifest while this fault lasts.
async fn manifest_under(fault: Fault) -> Result<Manifest, Error> {
    let registry = with_image(Registry::builder());
    registry.faults().add(When::path("/v2/**/manifests/*"), fault);
    let call = Call::new().with_deadline(Instant::now() + Duration::from_secs(20));
    let answer = repository(&registry, None).manifest("1.0.0", &call).await;
    assert!(call.meter.bytes_received() <= 8 << 20, "{} bytes were read", call.meter.bytes_received());
    answer.map(|fetched| fetched.manifest)
}

#[tokio::test]
async fn wrong_content_is_never_taken() {
    for (name, fault, kind) in [
        ("changed content", Fault::CorruptBody, ErrorKind::BadAnswer),
        ("wrong digest", Fault::WrongDigest, ErrorKind::BadAnswer),
        ("login page", Fault::login_page(), ErrorKind::BadAnswer),
        ("400 MB", Fault::oversized(400 << 20), ErrorKind::TooLarge),
        ("endless", Fault::endless(), ErrorKind::TooLarge),
        ("gzip bomb", Fault::GzipBomb { bytes: 4 << 30 }, ErrorKind::TooLarge),
        ("truncated", Fault::Truncate { keep: 20 }, ErrorKind::BadAnswer),
        ("reset within", Fault::ResetAfter { keep: 20 }, ErrorKind::BadAnswer),
        ("reset", Fault::Reset, ErrorKind::Unreachable),
        ("closed", Fault::Close, ErrorKind::Unreachable),
        ("500", Fault::status(500), ErrorKind::Server),
        ("503", Fault::status(503), ErrorKind::Server),
        ("429 for ever", Fault::too_many_requests(Duration::ZERO), ErrorKind::RateLimited),
        ("429, much later", Fault::too_many_requests(Duration::from_secs(3600)), ErrorKind::RateLimited),
    ] {
        let error = manifest_under(fault).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {error:?}");
    }
}

#[tokio::test]
async fn a_stall_and_a_drip_time_out() {
    for fault in [
        Fault::Stall,
        Fault::StallAfter { keep: 5 },
        Fault::Drip { bytes: 1, pause: Duration::from_millis(100) },
    ] {
        let registry = with_image(Registry::builder());
        registry.faults().add(When::path("/v2/**/manifests/*"), fault.clone());
        let http = http()
            .attempts(1)
            .connect_timeout(Duration::from_millis(200))
            .stall_timeout(Duration::from_millis(300))
            .build()
            .unwrap();
        let client = RegistryClient::builder(http).build();
        let repository = client.repository(&format!("{}/demo/app", registry.host())).unwrap();
        let error = repository.manifest("1.0.0", &Call::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn what_passes_is_waited_for() {
    for fault in [
        Fault::status(502),
        Fault::Reset,
        Fault::too_many_requests(Duration::ZERO),
        Fault::Truncate { keep: 3 },
    ] {
        let registry = with_image(Registry::builder());
        registry.faults().add(When::any().first(2), fault.clone());
        let call = Call::new();
        repository(&registry, None).tags(&call).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(call.meter.requests(), 3, "{fault:?}");
    }
}

#[tokio::test]
async fn token_services_that_mean_harm() {
    for (name, challenge, kind) in [
        ("metadata service", "Bearer realm=\"ftp://169.254.169.254/\"", ErrorKind::BadAnswer),
        ("no URL", "Bearer realm=\"nonsense\"", ErrorKind::BadAnswer),
        ("user info", "Bearer realm=\"https://a:b@example.invalid/\"", ErrorKind::BadAnswer),
        ("plain http elsewhere", "Bearer realm=\"http://auth.invalid/token\"", ErrorKind::Refused),
    ] {
        let registry = with_image(Registry::builder());
        let refusal = Reply::status(401).header("www-authenticate", challenge);
        registry.faults().add(When::any(), refusal);
        let error = repository(&registry, me()).tags(&Call::new()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {error:?}");
        assert_eq!(registry.log().counters().requests, 1, "{name}");
    }
    let registry = with_image(Registry::builder().bearer("me", "SECRET"));
    registry.faults().add(When::path("/token"), Fault::status(404));
    let error = repository(&registry, me()).manifest("1.0.0", &Call::new()).await.unwrap_err();
    check(&error, ErrorKind::BadAnswer, "the registry's token service does not exist");
    for (name, body) in [("no token", "{}"), ("no JSON", "SECRET <html>"), ("null", r#"{"token": null}"#)] {
        let registry = with_image(Registry::builder().bearer("me", "SECRET"));
        registry.faults().add(When::path("/token"), Reply::status(200).body(body));
        let error = repository(&registry, me()).tags(&Call::new()).await.unwrap_err();
        let message = "the registry's token service gave no token that can be read";
        check(&error, ErrorKind::BadAnswer, message);
        assert!(error.url().unwrap().ends_with("/token"), "{name}");
    }
}
