//! Upload sessions at other places than the registry: the credential stays at the registry. Each case is run over plain http on this
//! machine, and over TLS with names that count as public.

use artifact_http::Call;
use artifact_source::ErrorKind;
use warehouse_testkit::{Fault, Registry, Reply, When};

use super::{assert_stored, blob};
use crate::hostile::hint;
use crate::hostile::origins::{Network, Server};
use crate::setup::{check, me};

fn post() -> When {
    When::post("/v2/**/blobs/uploads/")
}

fn leads_to(server: &Server, location: &str) {
    let fault = Fault::Header { name: "location".into(), value: location.into() };
    server.registry.faults().add(post(), fault);
}

/// It received no credential, with any method.
#[track_caller]
fn assert_saw_no_credential(server: &Server) {
    for seen in server.registry.log().all() {
        assert_eq!(seen.header("authorization"), None, "{seen}");
    }
}

#[tokio::test]
async fn a_session_in_every_spelling() {
    for location in [
        "/v2/demo/app/blobs/uploads/upload-1",
        "upload-1",
        "/v2/demo/app/blobs/uploads/upload-1?_state=a%3D%2Bb&x",
        "URL/v2/demo/app/blobs/uploads/upload-1?_state=a%3D%2Bb&x#y",
        "//HOST/v2/demo/app/blobs/uploads/upload-1",
    ] {
        for mut network in Network::both() {
            let registry = network.server("registry", Registry::builder().bearer("me", "SECRET"));
            leads_to(&registry, &location.replace("URL", &registry.url).replace("HOST", &registry.host));
            let repository = network.repository(&registry, me()).for_push();
            repository
                .push_blob(blob(10), &Call::new())
                .await
                .unwrap_or_else(|error| panic!("{location}: {error}"));
            assert_stored(&registry.registry, &blob(10));
            let put = &registry.registry.log().matching(&When::any().method("PUT"))[0];
            let query = put.query.as_deref().unwrap();
            let kept = if location.contains("_state") { "_state=a%3D%2Bb&x&" } else { "" };
            assert!(query.starts_with(&format!("{kept}digest=sha256%3A")), "{query}");
        }
    }
}

#[tokio::test]
async fn a_registry_behind_a_tls_proxy_that_writes_http() {
    let mut network = Network::public();
    let registry = network.server("registry", Registry::builder().bearer("me", "SECRET"));
    let (name, _) = registry.host.rsplit_once(':').unwrap();
    leads_to(&registry, &format!("http://{name}/v2/demo/app/blobs/uploads/upload-1"));
    network.repository(&registry, me()).for_push().push_blob(blob(10), &Call::new()).await.unwrap();
    assert_stored(&registry.registry, &blob(10));
}

#[tokio::test]
async fn a_session_at_another_host_gets_the_blob_and_no_credential() {
    for builder in
        [|| Registry::builder().bearer("me", "SECRET"), || Registry::builder().basic("me", "SECRET")]
    {
        for mut network in Network::both() {
            let registry = network.server("registry", builder());
            let store = network.server("store", Registry::builder());
            store.registry.faults().add(When::any().method("PUT"), Reply::status(201));
            leads_to(&registry, &format!("{}/bucket/key?X-Amz-Signature=signed", store.url));
            let repository = network.repository(&registry, me()).for_push();
            repository.push_blob(blob(10), &Call::new()).await.unwrap();
            let put = &store.registry.log().all()[0];
            assert_eq!((&*put.method, &*put.path), ("PUT", "/bucket/key"));
            assert!(put.query.as_deref().unwrap().starts_with("X-Amz-Signature=signed&digest=sha256%3A"));
            assert_saw_no_credential(&store);
        }
    }
}

#[tokio::test]
async fn another_host_that_wants_a_credential_gets_none() {
    for mut network in Network::both() {
        let registry = network.server("registry", Registry::builder().bearer("me", "SECRET"));
        let evil = network.server("evil", Registry::builder());
        for challenge in [r#"Basic realm="x""#.to_owned(), format!(r#"Bearer realm="{}/token""#, evil.url)] {
            evil.registry.faults().clear();
            registry.registry.faults().clear();
            let refusal = Reply::status(401).header("www-authenticate", challenge);
            evil.registry.faults().add(When::path("/x"), refusal);
            evil.registry.faults().add(When::path("/token"), Reply::status(401));
            leads_to(&registry, &format!("{}/x", evil.url));
            let repository = network.repository(&registry, me()).for_push();
            let error = repository.push_blob(blob(10), &Call::new()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
            assert!(error.message().contains("names for the upload, refused"), "{error}");
            hint(&error, "requires authentication of its own");
            assert_saw_no_credential(&evil);
        }
    }
}

#[tokio::test]
async fn a_redirect_of_any_step_takes_no_credential_along() {
    let steps = [When::head("/v2/**/blobs/*"), post(), When::path("/v2/**/blobs/uploads/*").method("PUT")];
    for (number, step) in steps.into_iter().enumerate() {
        for mut network in Network::both() {
            let registry = network.server("registry", Registry::builder().bearer("me", "SECRET"));
            let other = network.server("other", Registry::builder());
            let answer = match number {
                0 => Reply::status(404),
                1 => Reply::status(202)
                    .header("location", format!("{}/v2/demo/app/blobs/uploads/upload-9", other.url)),
                _ => Reply::status(201),
            };
            other.registry.faults().add(When::path("/x"), answer);
            other.registry.faults().add(When::any().method("PUT"), Reply::status(201));
            // The registry's own refusal of the first HEAD comes first.
            let after = u64::from(number == 0);
            registry
                .registry
                .faults()
                .add(step.clone().after(after), Fault::redirect(format!("{}/x", other.url)));
            let repository = network.repository(&registry, me()).for_push();
            repository
                .push_blob(blob(10), &Call::new())
                .await
                .unwrap_or_else(|error| panic!("{number}: {error}"));
            assert!(!other.registry.log().all().is_empty(), "{number}");
            assert_saw_no_credential(&other);
        }
    }
}

#[tokio::test]
async fn from_https_to_http_nothing_is_sent() {
    let mut network = Network::public();
    let registry = network.server("registry", Registry::builder());
    let plain = Registry::start().unwrap();
    leads_to(&registry, &format!("{}/x", plain.url()));
    for credential in [None, me()] {
        let repository = network.repository(&registry, credential).for_push();
        let error = repository.push_blob(blob(10), &Call::new()).await.unwrap_err();
        let message = format!(
            "the registry of {}/demo/app uses https, and its uploads go to {}",
            registry.host,
            plain.url()
        );
        check(&error, ErrorKind::Refused, &message);
        assert!(plain.log().all().is_empty());
    }
}

#[tokio::test]
async fn from_outside_to_an_address_inside_nothing_is_sent() {
    let mut network = Network::public();
    let registry = network.server("registry", Registry::builder());
    for inside in ["https://10.0.0.1/x", "https://169.254.169.254/latest", "https://[::1]/x"] {
        registry.registry.faults().clear();
        leads_to(&registry, inside);
        let repository = network.repository(&registry, None).for_push();
        let call = Call::new();
        let error = repository.push_blob(blob(10), &call).await.unwrap_err();
        assert_eq!((error.kind(), call.meter.requests()), (ErrorKind::Refused, 2), "{inside}: {error}");
    }
}
