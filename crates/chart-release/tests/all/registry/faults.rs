//! Pushes that fail half way, and the same push again.

use std::time::{Duration, Instant};

use artifact_http::Call;
use chart_release::Error;
use chart_release::Overwrite;
use chart_release::registry::Outcome;
use warehouse_testkit::{Fault, Registry, RegistryBuilder, Reply, When};

use super::{at, call, charts, check, me, methods, web};

/// The number of requests of a push with a token.
const REQUESTS: u64 = 11;

fn bearer() -> RegistryBuilder {
    Registry::builder().bearer("me", "SECRET")
}

/// What an undisturbed push leaves.
async fn undisturbed() -> String {
    let registry = bearer().start().unwrap();
    charts(&registry, me()).push(&web("1.0.0"), &Overwrite::Never, &call()).await.unwrap();
    registry.digest("charts/web", "1.0.0").unwrap()
}

#[tokio::test]
async fn a_push_that_stops_at_any_request_is_completed_by_the_same_push() {
    let expected = undisturbed().await;
    // Requests that never come to an end, as when the process is killed, before or after they have an effect.
    for fault in [Fault::Stall, Fault::LoseAnswer, Fault::status(400)] {
        for after in 0..REQUESTS {
            let registry = bearer().start().unwrap();
            registry.faults().add(When::any().after(after), fault.clone());
            let charts = charts(&registry, me());
            let deadline = Call::new().with_deadline(Instant::now() + Duration::from_millis(150));
            charts.push(&web("1.0.0"), &Overwrite::Never, &deadline).await.unwrap_err();
            registry.faults().clear();
            let pushed = charts.push(&web("1.0.0"), &Overwrite::Never, &call()).await;
            let pushed = pushed.unwrap_or_else(|error| panic!("{fault:?} after {after}: {error}"));
            assert!(matches!(pushed.outcome, Outcome::Pushed | Outcome::AlreadyThere));
            assert_eq!(
                registry.digest("charts/web", "1.0.0").as_deref(),
                Some(&*expected),
                "{fault:?} after {after}"
            );
        }
    }
}

#[tokio::test]
async fn a_failure_that_passes_is_not_seen() {
    let expected = undisturbed().await;
    for fault in [Fault::status(500), Fault::Reset, Fault::Close, Fault::LoseAnswer] {
        for after in 0..REQUESTS {
            let registry = bearer().start().unwrap();
            registry.faults().add(When::any().nth(after + 1), fault.clone());
            let pushed = charts(&registry, me()).push(&web("1.0.0"), &Overwrite::Never, &call()).await;
            pushed.unwrap_or_else(|error| panic!("{fault:?} at {after}: {error}"));
            assert_eq!(
                registry.digest("charts/web", "1.0.0").as_deref(),
                Some(&*expected),
                "{fault:?} at {after}"
            );
        }
    }
}

#[tokio::test]
async fn an_error_tells_what_stands_and_what_to_do() {
    let blob_put = || When::path("/v2/**/blobs/uploads/*").method("PUT");
    let manifest_put = || When::path("/v2/**/manifests/*").method("PUT");
    let full = || Reply::status(507).body("no space left on device");
    let denied = || Reply::status(403).oci_error("DENIED", "not for me:SECRET");
    let cases = [
        (
            When::path("/token"),
            Reply::status(403),
            "; the registry has nothing of it",
            "may the credential read",
        ),
        (When::post("/v2/**"), denied(), "; the registry has nothing of it", "may the credential push to"),
        (
            blob_put().after(1),
            full(),
            "; the registry has its config, and the same push again sends the rest",
            "free space at the registry",
        ),
        (
            manifest_put(),
            denied(),
            "; the registry has its config and its chart, and the same push again sends the rest",
            "may the credential push to",
        ),
        (
            When::post("/v2/**"),
            Reply::status(404).oci_error("NAME_UNKNOWN", "no such repository"),
            "there is no repository",
            "create charts/web first",
        ),
    ];
    for (when, reply, message, hint) in cases {
        let registry = bearer().start().unwrap();
        registry.faults().add(when, reply);
        let error =
            charts(&registry, me()).push(&web("1.0.0"), &Overwrite::Never, &call()).await.unwrap_err();
        check(&error, message, hint);
        check(&error, &format!("oci://{}/charts/web:1.0.0 was not pushed: ", registry.host()), "");
        assert!(matches!(error, Error::Push(_)));
        assert_eq!(registry.digest("charts/web", "1.0.0"), None);
        registry.faults().clear();
        charts(&registry, me()).push(&web("1.0.0"), &Overwrite::Never, &call()).await.unwrap();
    }
}

#[tokio::test]
async fn a_tag_that_could_not_be_read_is_not_taken_for_a_free_one() {
    for fault in [Fault::status(500), Fault::status(403), Fault::login_page(), Fault::status(429)] {
        let registry = Registry::start().unwrap();
        registry.faults().add(When::get("/v2/**/manifests/*"), fault.clone());
        let error =
            charts(&registry, None).push(&web("1.0.0"), &Overwrite::Never, &call()).await.unwrap_err();
        assert!(matches!(error, Error::Push(_)), "{fault:?}: {error}");
        assert!(!methods(&registry).contains('P'), "nothing is sent: {}", methods(&registry));
    }
}

#[tokio::test]
async fn a_tag_that_names_nothing_after_its_push_is_an_error() {
    let registry = Registry::start().unwrap();
    registry.faults().add(When::get("/v2/**/manifests/*"), Fault::status(404));
    let error = charts(&registry, None).push(&web("1.0.0"), &Overwrite::Never, &call()).await.unwrap_err();
    check(&error, "the registry took the manifest, and its tag names nothing", "push again");
    registry.faults().clear();
    let again = charts(&registry, None).push(&web("1.0.0"), &Overwrite::Never, &call()).await.unwrap();
    assert_eq!(again.outcome, Outcome::AlreadyThere);
}

#[tokio::test]
async fn who_has_no_credential_learns_where_to_put_one() {
    let registry = Registry::builder().anonymous_bearer().bearer("me", "SECRET").start().unwrap();
    let charts = at(&registry.host()).build().unwrap();
    let error = charts.push(&web("1.0.0"), &Overwrite::Never, &call()).await.unwrap_err();
    check(&error, "the registry requires authentication to push the blob", "no credential was given for");
}
