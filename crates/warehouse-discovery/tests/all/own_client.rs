//! What an embedder gives to a Discoverer of its own: HTTP clients, caches.

use std::sync::{Arc, Mutex};

use artifact_http::{HttpClient, HttpService, ServiceRequest, ServiceResponse, StatusCode};
use artifact_source::{Error, ErrorKind};
use async_trait::async_trait;
use helm_source::IndexCache;
use image_source::MemoryCache;
use warehouse_discovery::DiscovererBuilder;
use warehouse_spec::{ChartSubscription, GitSubscription, ImageSubscription, Subscription, Warehouse};
use warehouse_testkit::Registry;

use crate::on_loopback;

/// Answers each request with one index of charts, and keeps whether certificates were checked.
#[derive(Debug, Default)]
struct Index(Mutex<Vec<bool>>);

#[async_trait]
impl HttpService for Index {
    async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
        self.0.lock().unwrap().push(!request.skip_tls_verify);
        let index = "apiVersion: v1\nentries: {web: [{name: web, version: 1.2.3, urls: [web-1.2.3.tgz]}]}\n";
        Ok(ServiceResponse::new(StatusCode::OK, index))
    }
}

impl Index {
    fn checked(&self) -> Vec<bool> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn chart(url: &str, insecure: bool) -> Subscription {
    let mut chart = ChartSubscription::classic(url, "web");
    chart.insecure_skip_tls_verify = insecure;
    Subscription::new(chart)
}

async fn errors(builder: DiscovererBuilder, subscriptions: Vec<Subscription>) -> Vec<Option<Error>> {
    let report = builder.build().unwrap().run(&Warehouse::new("w", subscriptions)).await;
    report.subscriptions.into_iter().map(|subscription| subscription.error).collect()
}

fn both() -> Vec<Subscription> {
    vec![chart("https://a.example.com", false), chart("https://b.example.com", true)]
}

#[tokio::test]
async fn certificates_that_are_not_to_be_checked_are_told_to_the_service() {
    let service = Arc::new(Index::default());
    let settings = HttpClient::builder().service(Arc::clone(&service));
    let builder = on_loopback().http(settings.clone()).concurrency(1);
    assert!(errors(builder, both()).await.iter().all(Option::is_none));
    let mut checked = service.checked();
    checked.sort_unstable();
    assert_eq!(checked, [false, true]);

    // A ready client checks them, so the subscription that must not is refused before anything is sent.
    let ready = settings.clone().build().unwrap();
    let mut image = ImageSubscription::new("registry.example.com/app");
    image.insecure_skip_tls_verify = true;
    let mut git = GitSubscription::new("https://git.example.com/app.git");
    git.insecure_skip_tls_verify = true;
    let mut subscriptions = both();
    subscriptions.extend([Subscription::new(image), Subscription::new(git)]);
    let refused = errors(on_loopback().http_client(ready.clone()), subscriptions).await;
    assert!(refused[0].is_none());
    for error in refused.into_iter().skip(1) {
        let error = error.unwrap();
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("insecureSkipTLSVerify")));
        assert!(error.hint().unwrap().contains("http_client_without_tls_verify"), "{error:?}");
    }
    assert_eq!(service.checked(), [true]);

    // The remedy.
    let second = settings.skip_tls_verify(true).build().unwrap();
    let builder = on_loopback().http_client(ready).http_client_without_tls_verify(second);
    assert!(errors(builder, both()).await.iter().all(Option::is_none));
    let mut checked = service.checked();
    checked.sort_unstable();
    assert_eq!(checked, [false, true]);
}

#[tokio::test]
async fn caches_are_shared_with_the_program() {
    let registry = Registry::start().unwrap();
    registry.image("demo/app").tag("1.0.0").push();
    let service = Arc::new(Index::default());
    let indexes = IndexCache::new(HttpClient::builder().service(Arc::clone(&service)).build().unwrap());
    let facts = Arc::new(MemoryCache::default());
    let mut image = ImageSubscription::new(format!("{}/demo/app", registry.host()));
    image.cache_by_tag = true;
    let mut manifests = Vec::new();
    for _ in 0..2 {
        let subscriptions = vec![Subscription::new(image.clone()), chart("https://a.example.com", false)];
        let builder = on_loopback().fact_cache(facts.clone()).index_cache(indexes.clone());
        assert!(errors(builder, subscriptions).await.iter().all(Option::is_none));
        manifests.push(registry.log().counters().requests);
    }
    assert_eq!(service.checked(), [true, true], "indexes are requested through the client of their cache");
    assert_eq!(
        manifests[1] - manifests[0],
        1,
        "the second discoverer lists the tags and reads nothing again"
    );
}
