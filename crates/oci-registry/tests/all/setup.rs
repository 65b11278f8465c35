//! Clients, registries and checks that the tests share.

use std::time::Duration;

use artifact_http::{Call, Credential, HttpClient, HttpClientBuilder};
use artifact_source::{Error, ErrorKind};
use oci_registry::{Fetched, RegistryClient, Repository};
use warehouse_testkit::{Registry, RegistryBuilder};

pub fn http() -> HttpClientBuilder {
    HttpClient::builder()
        .backoff(Duration::from_millis(1), Duration::from_millis(5))
        .stall_timeout(Duration::from_secs(10))
}

pub fn client(credential: Option<Credential>) -> RegistryClient {
    RegistryClient::builder(http().build().unwrap()).credentials(credential).build()
}

pub fn repository(registry: &Registry, credential: Option<Credential>) -> Repository {
    client(credential).repository(&format!("{}/demo/app", registry.host())).unwrap()
}

pub fn me() -> Option<Credential> {
    Some(Credential::password("me", "SECRET"))
}

pub fn with_image(builder: RegistryBuilder) -> Registry {
    let registry = builder.start().unwrap();
    registry.image("demo/app").tag("1.0.0").platforms(["linux/amd64"]).push();
    registry
}

/// The same with so many tags, `1.0.0`, `1.0.1` and so on, of one image: reads of one tag at the same moment would be one.
pub fn with_tags(builder: RegistryBuilder, count: usize) -> Registry {
    let registry = with_image(builder);
    for number in 1..count {
        registry.tag("demo/app", "1.0.0", &tag(number)).unwrap();
    }
    registry
}

pub fn tag(number: usize) -> String {
    format!("1.0.{number}")
}

/// Reads so many manifests at once.
pub async fn read_many(repository: &Repository, count: usize, call: &Call) -> Vec<Result<Fetched, Error>> {
    let read = async |number: usize| repository.manifest(&tag(number), call).await;
    futures::future::join_all((0..count).map(read)).await
}

/// Waits until the condition holds, as long as a busy machine may need.
pub async fn until(mut condition: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the condition never held");
}

/// The error has this kind and message, and no secret.
#[track_caller]
pub fn check(error: &Error, kind: ErrorKind, message: &str) {
    assert_eq!((error.kind(), error.message()), (kind, message), "{error:?}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("SECRET") && !shown.contains("testkit-token"), "{shown}");
}
