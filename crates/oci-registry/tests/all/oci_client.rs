//! What the crate `oci-client` does when it pushes: the facts of decision 13. A test that fails here after an update of that crate tells
//! that a reason has gone.

use std::time::Duration;

use oci_client::Reference;
use oci_client::client::{Client, ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::errors::OciDistributionError;
use oci_client::secrets::RegistryAuth;
use warehouse_testkit::{Fault, Registry, Reply, When};

use crate::push::{blob, methods};

fn put() -> When {
    When::path("/v2/**/blobs/uploads/*").method("PUT")
}

fn post() -> When {
    When::post("/v2/**/blobs/uploads/")
}

fn config() -> ClientConfig {
    // reqwest wants one for the whole process; where another test has set it, this fails, and either is good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    ClientConfig { protocol: ClientProtocol::Http, ..ClientConfig::default() }
}

fn bearer() -> Registry {
    Registry::builder().bearer("me", "SECRET").start().unwrap()
}

async fn push_with(
    client: &Client,
    registry: &Registry,
    tag: &str,
    content: Vec<u8>,
) -> Result<(), OciDistributionError> {
    let reference = Reference::with_tag(registry.host(), "demo/app".to_owned(), tag.to_owned());
    let auth = RegistryAuth::Basic("me".to_owned(), "SECRET".to_owned());
    let layers = [ImageLayer::new(content, "application/x".to_owned(), None)];
    let config = Config::new(b"{}".to_vec(), "application/y".to_owned(), None);
    client.push(&reference, &layers, config, &auth, None).await.map(|_| ())
}

async fn push(registry: &Registry, config: ClientConfig) -> Result<(), OciDistributionError> {
    push_with(&Client::new(config), registry, "1.0.0", blob(10)).await
}

#[tokio::test]
async fn the_password_goes_to_a_token_service_that_another_server_names() {
    let (registry, evil) = (bearer(), Registry::start().unwrap());
    registry.faults().add(When::path("/v2/"), Fault::redirect(format!("{}/v2/", evil.url())));
    let challenge = format!(r#"Bearer realm="{}/token",service="x""#, evil.url());
    evil.faults().add(When::path("/v2/"), Reply::status(401).header("www-authenticate", challenge));
    push(&registry, config()).await.unwrap_err();
    let asked = evil.log().matching(&When::get("/token"));
    assert_eq!(asked[0].header("authorization"), Some("Basic bWU6U0VDUkVU"));
}

#[tokio::test]
async fn it_has_no_time_limit_of_its_own() {
    let registry = Registry::start().unwrap();
    registry.faults().add(put(), Fault::Stall);
    let pushed = tokio::time::timeout(Duration::from_secs(3), push(&registry, config())).await;
    assert!(pushed.is_err(), "it is still waiting");

    // The limit that it can be given is one of silence: a server that drips is listened to as long as it likes.
    let registry = Registry::builder().bearer("me", "SECRET").start().unwrap();
    registry.faults().add(When::path("/token"), Fault::Drip { bytes: 1, pause: Duration::from_millis(100) });
    let limited = ClientConfig { read_timeout: Some(Duration::from_millis(500)), ..config() };
    let pushed = tokio::time::timeout(Duration::from_secs(3), push(&registry, limited)).await;
    assert!(pushed.is_err(), "it is still reading a token, a byte at a time");
}

#[tokio::test]
async fn an_error_repeats_the_credential() {
    let registry = bearer();
    registry.faults().add(put(), Reply::status(400).body("not with Bearer testkit-token-1"));
    let error = push(&registry, config()).await.unwrap_err();
    assert!(error.to_string().contains("testkit-token-1"), "{error}");

    let registry = Registry::start().unwrap();
    let signed = format!("{}/v2/demo/app/blobs/uploads/upload-1?signature=SECRET", registry.url());
    registry.faults().add(post(), Fault::Header { name: "location".into(), value: signed });
    registry.faults().add(put(), Fault::status(400));
    let one_put = ClientConfig { use_monolithic_push: true, ..config() };
    let error = push(&registry, one_put).await.unwrap_err();
    assert!(error.to_string().contains("signature=SECRET"), "{error}");
}

#[tokio::test]
async fn a_tag_is_overwritten() {
    let registry = Registry::start().unwrap();
    let client = Client::new(config());
    push_with(&client, &registry, "1.0.0", blob(10)).await.unwrap();
    let first = registry.digest("demo/app", "1.0.0");
    push_with(&client, &registry, "1.0.0", blob(20)).await.unwrap();
    assert_ne!(registry.digest("demo/app", "1.0.0"), first);
}

#[tokio::test]
async fn everything_is_sent_again_and_in_portions() {
    let registry = bearer();
    let client = Client::new(config());
    push_with(&client, &registry, "1.0.0", blob(10)).await.unwrap();
    let cold = "GET GET POST PATCH PUT POST PATCH PUT PUT";
    assert_eq!(methods(&registry), cold, "nothing is read first");
    push_with(&client, &registry, "1.0.0", blob(10)).await.unwrap();
    assert_eq!(methods(&registry), format!("{cold} POST PATCH PUT POST PATCH PUT PUT"));
}

#[tokio::test]
async fn a_location_that_is_no_url_is_a_panic() {
    let registry = Registry::start().unwrap();
    registry.faults().add(post(), Fault::Header { name: "location".into(), value: "nonsense".into() });
    let one_put = ClientConfig { use_monolithic_push: true, ..config() };
    let pushed = tokio::spawn(async move { push(&registry, one_put).await }).await;
    assert!(pushed.unwrap_err().is_panic());
}

#[tokio::test]
async fn pushes_at_once_fetch_a_token_each() {
    let registry = bearer();
    let client = Client::new(config());
    let push =
        async |number: usize| push_with(&client, &registry, &format!("1.0.{number}"), blob(number)).await;
    futures::future::join_all((1..9).map(push)).await;
    assert!(registry.tokens_issued() > 1, "{}", registry.tokens_issued());
}

#[tokio::test]
async fn a_token_that_expires_within_a_push_ends_it() {
    let registry = bearer();
    let client = Client::new(config());
    push_with(&client, &registry, "1.0.0", blob(10)).await.unwrap();
    registry.expire_tokens();
    let error = push_with(&client, &registry, "1.1.0", blob(20)).await.unwrap_err();
    assert!(matches!(error, OciDistributionError::ServerError { code: 401, .. }), "{error}");
}

#[tokio::test]
async fn the_reason_of_a_token_service_is_lost() {
    let registry = bearer();
    registry
        .faults()
        .add(When::path("/token"), Reply::status(403).oci_error("DENIED", "the account is locked"));
    let error = push(&registry, config()).await.unwrap_err();
    assert!(!error.to_string().contains("locked"), "{error}");
    let posted = registry.log().matching(&post());
    assert_eq!(posted[0].header("authorization"), None, "it goes on without a token");
}

#[tokio::test]
async fn nothing_is_tried_again() {
    for fault in [Fault::status(503), Fault::Reset, Fault::too_many_requests(Duration::ZERO)] {
        let registry = Registry::start().unwrap();
        registry.faults().add(put().nth(1), fault.clone());
        push(&registry, config()).await.unwrap_err();
        assert_eq!(registry.log().count(&put()), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn another_digest_in_the_answer_is_not_noticed() {
    let registry = Registry::start().unwrap();
    registry.faults().add(When::any().method("PUT"), Fault::WrongDigest);
    push(&registry, config()).await.unwrap();
}

/// What it does as it should: upload sessions and redirects to other hosts get no credential.
#[tokio::test]
async fn other_hosts_get_no_credential_with_an_upload() {
    let (registry, other) = (bearer(), Registry::start().unwrap());
    registry
        .faults()
        .add(post(), Fault::Header { name: "location".into(), value: format!("{}/x", other.url()) });
    push(&registry, config()).await.unwrap_err();
    registry.faults().clear();
    registry.faults().add(put(), Fault::redirect(format!("{}/y", other.url())));
    push(&registry, config()).await.unwrap_err();
    let seen = other.log().all();
    assert_eq!(seen.iter().map(|seen| &*seen.path).collect::<Vec<_>>(), ["/x", "/y"]);
    assert!(seen.iter().all(|seen| seen.header("authorization").is_none()));
}

#[cfg(feature = "oci-client")]
mod client_push {
    use std::time::Instant;

    use artifact_http::{Call, Credential};
    use artifact_source::ErrorKind;
    use oci_registry::oci_client::ClientPush;
    use oci_registry::{BlobPush, Push};

    use super::*;
    use crate::push::{assert_stored, manifest_of, repository};
    use crate::setup::me;

    #[tokio::test]
    async fn the_other_client_pushes_behind_the_trait() {
        let registry = bearer();
        let (push, repository) = (ClientPush::new(Client::new(config())), repository(&registry, me()));
        let call = Call::new();
        assert_eq!(push.blob(&repository, blob(10).into(), &call).await.unwrap(), BlobPush::Sent);
        assert_eq!(push.blob(&repository, blob(10).into(), &call).await.unwrap(), BlobPush::AlreadyThere);
        let manifest = manifest_of(&blob(10));
        let digest = push.manifest(&repository, "1.0.0", &manifest, &call).await.unwrap();
        assert_eq!(digest, manifest.digest());
        assert_stored(&registry, &blob(10));
        assert_eq!(registry.digest("demo/app", "1.0.0").as_deref(), Some(digest.as_str()));
    }

    #[tokio::test]
    async fn its_errors_have_a_kind_and_no_text_of_the_server() {
        let registry = bearer();
        registry.faults().add(post(), Reply::status(403).body("testkit-token-1 SECRET"));
        let (push, repository) = (ClientPush::new(Client::new(config())), repository(&registry, me()));
        let error = push.blob(&repository, blob(10).into(), &Call::new()).await.unwrap_err();
        let message = format!("oci-client could not push to {}/demo/app", registry.host());
        crate::setup::check(&error, ErrorKind::Forbidden, &message);

        registry.faults().clear();
        registry.faults().add(post(), Fault::Stall);
        let call = Call::new().with_deadline(Instant::now() + Duration::from_millis(300));
        let error = push.blob(&repository, blob(10).into(), &call).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "the deadline is that of the call");

        let token = crate::push::repository(&registry, Some(Credential::identity_token("SECRET")));
        let error = push.blob(&token, blob(10).into(), &Call::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}
