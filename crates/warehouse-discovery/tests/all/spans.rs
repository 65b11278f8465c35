//! Spans of the crate `tracing`.

#![cfg(feature = "tracing")]

use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use artifact_http::Credential;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use warehouse_spec::{GitSubscription, ImageSubscription, Subscription, Warehouse};
use warehouse_testkit::{Fault, GitServer, Registry, When};

use crate::on_loopback;

/// Writes down every span with its fields.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<String>>, Arc<AtomicU64>);

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Written {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = self.0.lock().unwrap();
        text.push_str(span.metadata().name());
        span.record(&mut Fields(&mut text));
        text.push('\n');
        Id::from_u64(self.1.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut text = self.0.lock().unwrap();
        values.record(&mut Fields(&mut text));
        text.push('\n');
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = self.0.lock().unwrap();
        event.record(&mut Fields(&mut text));
        text.push('\n');
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn every_run_subscription_and_request_has_a_span_without_secrets() {
    let registry = Registry::builder().bearer("me", "hunter2-SECRET").start().unwrap();
    registry.image("demo/app").tag("1.0.0").push();
    registry.faults().add(When::any().first(1), Fault::status(503));
    let git = GitServer::builder().basic("me", "hunter2-SECRET").start().unwrap();
    let repository = git.create("a.git").unwrap();
    repository.commit("main", warehouse_testkit::Commit::new("Root")).unwrap();
    let image = ImageSubscription::new(format!("{}/demo/app", registry.host()));
    let git = GitSubscription::new(repository.url().replace("http://", "http://me:hunter2-SECRET@"));
    let mut warehouse = Warehouse::new("shop", vec![Subscription::new(image), Subscription::new(git)]);
    warehouse.metadata.namespace = Some("team".to_owned());

    let written = Written::default();
    // For all threads: Git works on others. What the tests beside this one write is read for secrets as well.
    tracing::subscriber::set_global_default(written.clone()).unwrap();
    let credentials = Credential::password("me", "hunter2-SECRET");
    let report = on_loopback().credentials(credentials).build().unwrap().run(&warehouse).await;
    assert!(report.is_complete(), "{report:?}");

    let text = written.0.lock().unwrap().clone();
    assert!(text.contains("discovery warehouse=\"team/shop\"\n"), "{text}");
    assert!(text.contains(&format!("subscription source=image {}/demo/app\n", registry.host())), "{text}");
    assert!(text.contains("subscription source=git http://127.0.0.1"), "{text}");
    assert!(text.contains("http_request method=GET") && text.contains(" status=503\n"), "{text}");
    for secret in ["SECRET", "bWU6aHVudGVyMi1TRUNSRVQ"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}
