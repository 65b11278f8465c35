//! A shared cache does not give one credential the facts of another.

use std::sync::Arc;

use crate::support::{cost, discover};
use artifact_http::{Credential, CredentialRequest, HttpClient, Login};
use artifact_source::ErrorKind;
use async_trait::async_trait;
use image_source::{DiskCache, FactCache, ImageSource, MemoryCache};
use oci_registry::RegistryClient;
use selection_strategies::TagRule;
use warehouse_testkit::Registry;

/// Somebody's login, found in this place.
#[derive(Clone, Debug)]
struct Found(&'static str, &'static str, &'static str);

#[async_trait]
impl artifact_http::CredentialSource for Found {
    async fn credential(&self, _: &CredentialRequest<'_>) -> Result<Option<Login>, artifact_source::Error> {
        Ok(Some(Login::new(Credential::password(self.1, self.2), self.0)))
    }
}

fn source(registry: &Registry, login: Option<Found>, scope: &str, cache: &Arc<dyn FactCache>) -> ImageSource {
    let http = HttpClient::builder().build().unwrap();
    let client = match login {
        Some(login) => RegistryClient::builder(http).credentials(login),
        None => RegistryClient::builder(http),
    };
    let builder = ImageSource::builder(format!("{}/demo/app", registry.host())).registry(client.build());
    builder.rule(TagRule::newest()).scope(scope).cache(Arc::clone(cache)).build().unwrap()
}

/// Twenty tags, each once and below each one manifest and one configuration.
const COLD: u64 = 1 + 20 * 3;
const WARM: u64 = 1 + 20;
/// Every source here has a client, and a registry's refusal, of its own.
const REFUSAL: u64 = 1;

async fn facts_are_not_shared_between_credentials(cache: Arc<dyn FactCache>) {
    let registry = Registry::builder().basic("ann", "SECRET").start().unwrap();
    for version in 0..20 {
        registry.image("demo/app").tag(format!("1.{version}.0")).platforms(["linux/amd64"]).push();
    }
    let ann = Found("Secret team/ghcr", "ann", "SECRET");
    let ann_elsewhere = Found("Secret other/ghcr", "ann", "SECRET");
    for login in [ann, ann_elsewhere] {
        for scope in ["", "team", "team\" \"ann"] {
            let cold = discover(&source(&registry, Some(login.clone()), scope, &cache)).await;
            cost(&registry, &cold, REFUSAL + COLD);
            let warm = discover(&source(&registry, Some(login.clone()), scope, &cache)).await;
            cost(&registry, &warm, REFUSAL + WARM);
        }
    }
    // Without access there is no answer, cached or not.
    for login in [None, Some(Found("Secret team/ghcr", "bob", "SECRET"))] {
        let source = source(&registry, login, "team", &cache);
        let request = artifact_source::DiscoverRequest::new();
        let error = artifact_source::ArtifactSource::discover(&source, request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
    }
}

#[tokio::test]
async fn two_credentials_on_one_repository_share_no_facts_in_memory() {
    facts_are_not_shared_between_credentials(Arc::new(MemoryCache::default())).await;
}

#[tokio::test]
async fn two_credentials_on_one_repository_share_no_facts_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    facts_are_not_shared_between_credentials(Arc::new(DiskCache::new(folder.path()))).await;
    let files = std::fs::read_dir(folder.path()).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    // A file for each of the six scopes, and the lock.
    assert_eq!(files.len(), 6 + 1, "{files:?}");
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for word in ["SECRET", "ann", "ghcr\"", "team"] {
            assert!(
                !text.contains(word) && !file.display().to_string().contains("ann"),
                "{word} in {file:?}"
            );
        }
    }
}
