//! Failures that do not end, silence, and drips.

use std::time::{Duration, Instant};

use artifact_http::Call;
use artifact_source::{Error, ErrorKind};
use oci_registry::RegistryClient;
use warehouse_testkit::{Fault, Registry, Reply, When};

use super::{MIB, hint, manifest_under, tags_under};
use crate::setup::{check, http, me, repository, until, with_image};

#[tokio::test]
async fn endless_429() {
    let outcome = manifest_under(Fault::status(429)).await;
    let error = outcome.result.unwrap_err();
    assert_eq!((error.kind(), error.status(), error.tries()), (ErrorKind::RateLimited, Some(429), 4));
    assert_eq!((outcome.requests, error.retry_after()), (4, None));
    assert!(error.message().ends_with("limits the rate of requests"), "{error}");
    hint(&error, "registries allow a higher rate with a credential");
}

#[tokio::test]
async fn endless_429_with_a_credential() {
    let registry = with_image(Registry::builder().basic("me", "SECRET"));
    let repository = repository(&registry, me());
    repository.tags(&Call::new()).await.unwrap();
    registry.faults().add(When::any(), Fault::too_many_requests(Duration::ZERO));
    let error = repository.tags(&Call::new()).await.unwrap_err();
    check(&error, ErrorKind::RateLimited, error.message());
    assert_eq!((error.code(), error.retry_after()), (Some("TOOMANYREQUESTS"), Some(Duration::ZERO)));
    hint(&error, "set a lower rate for this registry");
}

/// A read with this much time from a registry that sends `Retry-After: 1` each time; the number of
/// requests.
async fn within(milliseconds: u64, attempts: u32) -> (Error, u64) {
    let registry = with_image(Registry::builder());
    registry.faults().add(When::any(), Fault::too_many_requests(Duration::from_secs(1)));
    let client = RegistryClient::builder(http().attempts(attempts).build().unwrap()).build();
    let repository = client.repository(&format!("{}/demo/app", registry.host())).unwrap();
    let call = Call::new().with_deadline(Instant::now() + Duration::from_millis(milliseconds));
    let error = repository.tags(&call).await.unwrap_err();
    assert_eq!(registry.log().counters().requests, call.meter.requests());
    (error, call.meter.requests())
}

#[tokio::test]
async fn status_429_with_retry_after_is_waited_for_up_to_the_deadline() {
    let (error, requests) = within(2_950, 100).await;
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(Duration::from_secs(1))));
    assert_eq!((requests, error.tries()), (3, 3), "at once, after one second and after two");
    let (error, requests) = within(500, 100).await;
    assert_eq!((error.kind(), requests), (ErrorKind::RateLimited, 1), "there is no time to wait");
    let (error, requests) = within(60_000, 2).await;
    assert_eq!((error.kind(), requests, error.tries()), (ErrorKind::RateLimited, 2, 2));
}

#[tokio::test]
async fn status_429_with_a_retry_after_beyond_the_limit() {
    for wait in ["3600", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let reply = Reply::status(429).header("retry-after", wait);
        let outcome = manifest_under(reply).await;
        let error = outcome.result.unwrap_err();
        assert_eq!((error.kind(), outcome.requests), (ErrorKind::RateLimited, 1), "{wait}");
        assert!(error.retry_after().is_some_and(|wait| wait > Duration::from_secs(60)), "{error:?}");
    }
}

#[tokio::test]
async fn an_invalid_retry_after_changes_nothing() {
    for wait in ["-1", "soon", "1.5", "", "Thu, 01 Jan 1970 00:00:00 GMT"] {
        let outcome = manifest_under(Reply::status(503).header("retry-after", wait)).await;
        assert_eq!((outcome.result.unwrap_err().kind(), outcome.requests), (ErrorKind::Server, 4), "{wait}");
    }
}

#[tokio::test]
async fn endless_500() {
    for (status, requests) in [(500, 4), (502, 4), (503, 4), (504, 4), (501, 1), (505, 1)] {
        for outcome in [
            manifest_under(Fault::status(status)).await.result.map(drop),
            tags_under(Fault::status(status)).await.result.map(drop),
        ] {
            let error = outcome.unwrap_err();
            assert_eq!(
                (error.kind(), error.status(), error.tries()),
                (ErrorKind::Server, Some(status), requests)
            );
            assert!(error.message().ends_with("failed"), "{error}");
            assert_eq!(
                error.is_transient(),
                requests > 1,
                "what is transient is what is tried again: {error}"
            );
        }
    }
}

/// A read with this fault and a deadline.
async fn with_deadline(fault: Fault, deadline: Option<Duration>) -> (Error, u64) {
    let registry = with_image(Registry::builder());
    registry.faults().add(When::path("/v2/**/manifests/*"), fault);
    let http = http().attempts(2).connect_timeout(Duration::from_millis(200));
    let stall = if deadline.is_some() { Duration::from_secs(60) } else { Duration::from_millis(300) };
    let client = RegistryClient::builder(http.stall_timeout(stall).build().unwrap()).build();
    let repository = client.repository(&format!("{}/demo/app", registry.host())).unwrap();
    let call = Call::new().with_deadline(deadline.map(|left| Instant::now() + left));
    let error = repository.manifest("1.0.0", &call).await.unwrap_err();
    assert!(call.meter.bytes_received() < MIB);
    (error, call.meter.requests())
}

fn silences() -> [Fault; 3] {
    [Fault::Stall, Fault::StallAfter { keep: 5 }, Fault::Drip { bytes: 1, pause: Duration::from_millis(100) }]
}

#[tokio::test]
async fn stalls_and_drips_time_out_and_are_retried() {
    for fault in silences() {
        let (error, requests) = with_deadline(fault.clone(), None).await;
        check(&error, ErrorKind::TimedOut, "the server was silent for 0.3 s");
        assert_eq!((requests, error.tries(), error.is_transient()), (2, 2, true), "{fault:?}");
    }
}

#[tokio::test]
async fn stalls_and_drips_end_at_the_deadline() {
    for fault in silences() {
        let (error, requests) = with_deadline(fault.clone(), Some(Duration::from_millis(400))).await;
        check(&error, ErrorKind::TimedOut, "the deadline passed");
        assert_eq!(requests, 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_wait_for_the_token_of_another_reader_ends_at_the_own_deadline() {
    let registry = with_image(Registry::builder().bearer("me", "SECRET"));
    registry.faults().add(When::path("/token"), Fault::Stall);
    let repository = repository(&registry, me());
    let first = tokio::spawn({
        let repository = repository.clone();
        async move { repository.manifest("1.0.0", &Call::new()).await.map(drop) }
    });
    until(|| registry.log().count(&When::path("/token")) == 1).await;
    let call = Call::new().with_deadline(Instant::now() + Duration::from_millis(300));
    let second = tokio::time::timeout(Duration::from_secs(5), repository.tags(&call)).await;
    let error = second.unwrap_or_else(|_| panic!("the deadline did not count")).unwrap_err();
    check(&error, ErrorKind::TimedOut, "the deadline passed during authentication");
    assert_eq!((call.meter.requests(), first.is_finished()), (0, false));
    first.abort();
}

#[tokio::test]
async fn a_stall_before_every_page_ends_at_the_deadline_of_the_whole_list() {
    let registry = with_image(Registry::builder().page_size(1));
    registry.tag_numbered("demo/app", "1.0.0", 1_000).unwrap();
    registry.faults().add(When::any(), Fault::Latency(Duration::from_millis(100)));
    let call = Call::new().with_deadline(Instant::now() + Duration::from_millis(550));
    let error = repository(&registry, None).tags(&call).await.unwrap_err();
    check(&error, ErrorKind::TimedOut, "the deadline passed");
    assert!((1..=6).contains(&call.meter.requests()), "{} requests", call.meter.requests());
}
