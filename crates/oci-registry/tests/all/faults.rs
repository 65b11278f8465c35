//! Missing repositories and manifests, and transient failures.

use std::time::Duration;

use artifact_http::Call;
use artifact_source::ErrorKind;
use oci_registry::Digest;
use warehouse_testkit::{Fault, Registry, When};

use crate::setup::{check, client, me, read_many, repository, with_image, with_tags};

#[tokio::test]
async fn missing_repositories_and_manifests() {
    let registry = with_image(Registry::builder());
    let missing = client(None).repository(&format!("{}/demo/missing", registry.host())).unwrap();
    let error = missing.tags(&Call::new()).await.unwrap_err();
    check(&error, ErrorKind::NotFound, &format!("there is no repository {}/demo/missing", registry.host()));
    assert_eq!((error.status(), error.code()), (Some(404), Some("NAME_UNKNOWN")));
    assert!(error.hint().unwrap().contains("check the spelling"));

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
async fn unreachable_registries() {
    let repository = client(me()).repository("127.0.0.1:1/demo/app").unwrap();
    let error = repository.tags(&Call::new()).await.unwrap_err();
    check(&error, ErrorKind::Unreachable, "the connection was refused");
    assert_eq!((error.tries(), error.is_transient()), (4, true));
    assert_eq!(error.url(), Some("http://127.0.0.1:1/v2/demo/app/tags/list?n=..."));

    let repository = client(me()).repository("no-such-registry.invalid/demo/app").unwrap();
    let error = repository.tags(&Call::new()).await.unwrap_err();
    check(&error, ErrorKind::Unreachable, "the host name no-such-registry.invalid could not be resolved");
}

#[tokio::test]
async fn an_outage_at_the_first_request_leaves_no_hint() {
    for fault in [Fault::status(503), Fault::status(500), Fault::too_many_requests(Duration::ZERO)] {
        let registry = with_tags(Registry::builder().bearer("me", "SECRET"), 16);
        registry.faults().add(When::any().first(4), fault.clone());
        let (repository, call) = (repository(&registry, me()), Call::new());
        repository.manifest("1.0.0", &call).await.unwrap_err();
        assert_eq!(call.meter.requests(), 4, "{fault:?}");
        for read in read_many(&repository, 16, &call).await {
            read.unwrap();
        }
        assert_eq!(call.meter.requests(), 4 + 1 + 1 + 16, "{fault:?}: one refusal for all readers");
    }
}

#[tokio::test]
async fn transient_failures_are_retried() {
    for fault in [
        Fault::status(502),
        Fault::status(421),
        Fault::status(425),
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
