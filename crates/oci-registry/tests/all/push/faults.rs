//! Faults at each request of a push.

use std::time::{Duration, Instant};

use artifact_http::Call;
use artifact_source::{Error, ErrorKind};
use oci_registry::{BlobPush, RegistryClient, Repository};
use warehouse_testkit::{Fault, Registry, When};

use super::{assert_stored, blob, manifest_of, methods, repository};
use crate::setup::http;

/// The requests of a push of one blob and its manifest.
fn steps() -> [(&'static str, When); 4] {
    [
        ("HEAD", When::head("/v2/**/blobs/*")),
        ("POST", When::post("/v2/**/blobs/uploads/")),
        ("PUT", When::path("/v2/**/blobs/uploads/*").method("PUT")),
        ("PUT of the manifest", When::path("/v2/**/manifests/*").method("PUT")),
    ]
}

async fn push(repository: &Repository, call: &Call) -> Result<(), Error> {
    repository.push_blob(blob(10), call).await?;
    repository.push_manifest("1.0.0", &manifest_of(&blob(10)), call).await?;
    Ok(())
}

#[tokio::test]
async fn one_failure_at_any_step_is_made_good() {
    let faults = [
        Fault::status(500),
        Fault::status(503),
        Fault::status(408),
        Fault::Reset,
        Fault::Close,
        Fault::LoseAnswer,
    ];
    for fault in faults {
        for (name, step) in steps() {
            let registry = Registry::start().unwrap();
            registry.faults().add(step.nth(1), fault.clone());
            let call = Call::new();
            push(&repository(&registry, None), &call)
                .await
                .unwrap_or_else(|error| panic!("{name} {fault:?}: {error}"));
            assert_eq!(registry.faults().injected(), 1);
            assert_stored(&registry, &blob(10));
            assert!(registry.digest("demo/app", "1.0.0").is_some());
            // An answer that is lost costs one request to ask for it, and a request that is lost itself once more, too.
            let most = if name == "PUT" { 4 + 4 } else { 4 + 2 };
            assert!((4..=most).contains(&call.meter.requests()), "{name} {fault:?}: {}", methods(&registry));
        }
    }
}

#[tokio::test]
async fn what_each_lost_put_costs() {
    for (fault, expected) in [
        (Fault::status(500), "HEAD POST PUT GET HEAD POST PUT"),
        (Fault::Reset, "HEAD POST PUT GET HEAD POST PUT"),
        (Fault::LoseAnswer, "HEAD POST PUT GET HEAD"),
    ] {
        let registry = Registry::start().unwrap();
        registry.faults().add(When::path("/v2/**/blobs/uploads/*").method("PUT").nth(1), fault.clone());
        let pushed = repository(&registry, None).push_blob(blob(10), &Call::new()).await.unwrap();
        assert_eq!(pushed, BlobPush::Sent);
        assert_eq!(methods(&registry), expected, "{fault:?}");
    }
}

#[tokio::test]
async fn a_failure_that_lasts_is_an_error_after_four_tries() {
    for (name, step) in steps() {
        let registry = Registry::start().unwrap();
        registry.faults().add(step.clone(), Fault::status(500));
        let error = push(&repository(&registry, None), &Call::new()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.tries(), error.is_transient()),
            (ErrorKind::Server, 4, true),
            "{name}"
        );
        assert!(error.message().contains(&format!("{}/demo/app", registry.host())), "{error}");
        assert_eq!(registry.log().count(&step), 4, "{name}");
        // Nothing is lost: the same push completes what is missing.
        registry.faults().clear();
        push(&repository(&registry, None), &Call::new()).await.unwrap();
    }
}

#[tokio::test]
async fn a_limit_of_requests_is_waited_for_and_not_multiplied() {
    for (name, step) in steps() {
        let registry = Registry::start().unwrap();
        registry.faults().add(step.clone().nth(1), Fault::too_many_requests(Duration::ZERO));
        push(&repository(&registry, None), &Call::new()).await.unwrap();
        assert_eq!(registry.log().counters().requests, 4 + 1, "{name}");

        let registry = Registry::start().unwrap();
        registry.faults().add(step.clone(), Fault::too_many_requests(Duration::ZERO));
        let error = push(&repository(&registry, None), &Call::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited, "{name}");
        assert_eq!(registry.log().count(&step), 4, "{name}");
    }
}

#[tokio::test]
async fn a_stalled_request_ends_at_the_time_limit_and_is_tried_again() {
    for (name, step) in steps() {
        let registry = Registry::start().unwrap();
        registry.faults().add(step.nth(1), Fault::Stall);
        let http = http().connect_timeout(Duration::from_secs(1)).stall_timeout(Duration::from_millis(300));
        let client = RegistryClient::builder(http.build().unwrap()).build();
        let repository = client.repository(&format!("{}/demo/app", registry.host())).unwrap();
        push(&repository, &Call::new()).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_stored(&registry, &blob(10));
    }
}

#[tokio::test]
async fn the_deadline_ends_a_push_at_any_step() {
    for (name, step) in steps() {
        let registry = Registry::start().unwrap();
        registry.faults().add(step, Fault::Stall);
        let call = Call::new().with_deadline(Instant::now() + Duration::from_millis(500));
        let error = push(&repository(&registry, None), &call).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{name}: {error}");
    }
}

#[tokio::test]
async fn a_registry_that_lies_about_an_upload() {
    let post = || When::post("/v2/**/blobs/uploads/");
    let put = || When::path("/v2/**/blobs/uploads/*").method("PUT");
    let header = |name: &str, value: &str| Fault::Header { name: name.into(), value: value.into() };
    let cases = [
        ("no location", post(), Fault::status(202), "began no upload: its answer has no Location", 2),
        (
            "no URL",
            post(),
            header("location", "http://["),
            "the location in the answer is not an http or https URL",
            2,
        ),
        (
            "a file",
            post(),
            header("location", "file:///etc/passwd"),
            "the location in the answer is not an http",
            2,
        ),
        ("another digest", put(), Fault::WrongDigest, "the registry stored the blob", 3),
        ("not complete", put(), Fault::status(202), "did not take the blob", 3),
        ("a login page", post(), Fault::login_page(), "began no upload", 2),
    ];
    for (name, when, fault, message, requests) in cases {
        let registry = Registry::start().unwrap();
        registry.faults().add(when, fault);
        let call = Call::new();
        let error = repository(&registry, None).push_blob(blob(10), &call).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadAnswer, "{name}: {error}");
        assert!(error.message().contains(message), "{name}: {error}");
        assert_eq!(call.meter.requests(), requests, "{name}");
    }
}

#[tokio::test]
async fn a_blob_that_the_registry_only_seems_to_have_is_sent() {
    for fault in [Fault::WrongDigest, Fault::status(405), Fault::status(501), Fault::status(410)] {
        let registry = Registry::start().unwrap();
        registry.push_blob("demo/app", blob(10));
        registry.faults().add(When::head("/v2/**/blobs/*"), fault.clone());
        let pushed = repository(&registry, None).push_blob(blob(10), &Call::new()).await.unwrap();
        assert_eq!(pushed, BlobPush::Sent, "{fault:?}");
    }
}
