//! Which identity and which client sends the requests, which of them are repeated, and which rule judges the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use artifact_http::{Credential, CredentialRequest, CredentialSource, HttpClient, Login};
use artifact_source::{
    ArtifactSource, DiscoverRequest, Discovery, Error, ErrorKind, Principal, Recorder, SourceKind,
};
use helm_source::{HelmSource, HelmSourceBuilder, IndexCache};
use oci_registry::RegistryClient;
use selection_strategies::{TagFilter, TagRule};
use warehouse_testkit::{Chart, ChartServer, Fault, Registry, When};

const ATTEMPTS: u32 = 3;

fn http(attempts: u32) -> HttpClient {
    HttpClient::builder()
        .attempts(attempts)
        .backoff(Duration::from_millis(1), Duration::from_millis(2))
        .connect_timeout(Duration::from_millis(300))
        .stall_timeout(Duration::from_millis(300))
        .build()
        .unwrap()
}

/// Gives another password at each look-up, of which only the first one is right.
#[derive(Clone, Debug, Default)]
struct Rotating(Arc<AtomicU32>);

#[async_trait::async_trait]
impl CredentialSource for Rotating {
    async fn credential(&self, request: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
        assert_eq!(request.kind, &SourceKind::Chart);
        let password = if self.0.fetch_add(1, Ordering::SeqCst) == 0 { "SECRET" } else { "SECRET-REPLACED" };
        Ok(Some(Login::new(Credential::password("me", password), "Secret team/charts")))
    }
}

fn is_me(trace: &Recorder) {
    let principal = Principal::Credential("me of Secret team/charts".to_owned());
    assert_eq!(trace.principal(), Some(principal));
}

#[tokio::test]
async fn the_credential_is_looked_up_once_and_reported_before_the_first_request() {
    let charts = ChartServer::builder().basic("me", "SECRET").start().unwrap();
    charts.publish(&Chart::new("web", "1.0.0"));
    let registry = Registry::builder().basic("me", "SECRET").page_size(1).start().unwrap();
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        registry.push_chart("charts", &Chart::new("web", version));
    }
    let in_registry = || HelmSource::builder(format!("oci://{}/charts/web", registry.host()));
    for builder in [
        HelmSource::builder(charts.url()).chart("web"),
        in_registry(),
        in_registry().registry(RegistryClient::builder(http(1)).kind(SourceKind::Image).build()),
    ] {
        let credentials = Rotating::default();
        let source = builder.http(http(1)).credentials(credentials.clone()).build().unwrap();
        let trace = Recorder::new();
        let found = source.discover(DiscoverRequest::new().with_trace(&trace)).await.unwrap().found();
        assert!(!found.unwrap().artifacts.is_empty());
        assert_eq!(credentials.0.load(Ordering::SeqCst), 1);
        is_me(&trace);

        // The second password is refused, and the trace names its user.
        let trace = Recorder::new();
        let error = source.discover(DiscoverRequest::new().with_trace(&trace)).await.unwrap_err();
        assert_eq!((error.kind(), credentials.0.load(Ordering::SeqCst)), (ErrorKind::Unauthorized, 2));
        is_me(&trace);
        assert!(!format!("{source:?} {error:?}").contains("SECRET"));
    }
    // Without credentials of the source, those of the client for registries count.
    let credentials = Rotating::default();
    let client = RegistryClient::builder(http(1)).kind(SourceKind::Chart).credentials(credentials.clone());
    let source = in_registry().registry(client.build()).build().unwrap();
    let trace = Recorder::new();
    assert!(source.discover(DiscoverRequest::new().with_trace(&trace)).await.is_ok());
    assert_eq!(credentials.0.load(Ordering::SeqCst), 1);
    is_me(&trace);
}

/// A cache and a registry bring their own client, whatever the order of the calls.
#[tokio::test]
async fn the_client_of_a_cache_or_registry_takes_precedence() {
    let charts = ChartServer::start().unwrap();
    let registry = Registry::start().unwrap();
    charts.faults().add(When::any(), Fault::status(503));
    registry.faults().add(When::any(), Fault::status(503));
    let cache = || IndexCache::new(http(2));
    let client = || RegistryClient::builder(http(2)).kind(SourceKind::Chart).build();
    let index = || HelmSource::builder(charts.url()).chart("web");
    let oci = || HelmSource::builder(format!("oci://{}/charts/web", registry.host()));
    for (builder, requests) in [
        (index().http(http(1)), 1),
        (index().http(http(1)).cache(cache()), 2),
        (index().cache(cache()).http(http(1)), 2),
        (index().cache(cache()).registry(client()).http(http(3)), 2),
        (oci().http(http(1)), 1),
        (oci().http(http(1)).registry(client()), 2),
        (oci().registry(client()).http(http(1)), 2),
        (oci().cache(cache()).http(http(1)), 1),
    ] {
        charts.log().clear();
        registry.log().clear();
        let error = builder.clone().build().unwrap().discover(DiscoverRequest::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Server);
        let sent = charts.log().counters().requests + registry.log().counters().requests;
        assert_eq!(sent, requests, "{builder:?}");
    }
}

fn web(server: &ChartServer) -> HelmSourceBuilder {
    HelmSource::builder(server.url()).chart("web").http(http(ATTEMPTS)).max_index_bytes(1 << 20)
}

/// What is reported as transient is what was repeated, and nothing else.
#[tokio::test]
async fn transient_is_what_was_repeated() {
    let server = ChartServer::builder().without_gzip().start().unwrap();
    for patch in 0..50 {
        server.publish(&Chart::new("web", format!("1.0.{patch}")));
    }
    let packed = Fault::Header { name: "content-encoding".into(), value: "gzip".into() };
    for (fault, transient) in [
        (Fault::Reset, true),
        (Fault::Close, true),
        (Fault::Stall, true),
        (Fault::StallAfter { keep: 100 }, true),
        (Fault::Truncate { keep: 100 }, true),
        (Fault::ResetAfter { keep: 100 }, true),
        (Fault::status(503), true),
        (Fault::status(408), true),
        (Fault::status(404), false),
        (Fault::status(418), false),
        (Fault::login_page(), false),
        (Fault::oversized(1 << 30), false),
        (Fault::endless(), false),
        (packed, false),
    ] {
        server.faults().clear();
        server.faults().add(When::any(), fault.clone());
        server.log().clear();
        let answer = web(&server).build().unwrap().discover(DiscoverRequest::new()).await;
        let requests = server.log().counters().requests;
        let Err(error) = answer else {
            assert_eq!(requests, 1, "{fault:?}");
            continue;
        };
        assert_eq!(error.is_transient(), transient, "{error:?}");
        let expected = if transient { ATTEMPTS } else { 1 };
        assert_eq!((requests, error.tries()), (u64::from(expected), expected), "{fault:?}: {error:?}");
    }
}

/// The attempts of the client and those of the body are one count.
#[tokio::test]
async fn a_body_that_breaks_off_after_a_retry_is_repeated() {
    let server = ChartServer::builder().without_gzip().start().unwrap();
    server.publish(&Chart::new("web", "1.0.0"));
    let faults = || {
        server.faults().clear();
        server.log().clear();
        server.faults().add(When::any().nth(1), Fault::status(503));
        server.faults().add(When::any().nth(2), Fault::Truncate { keep: 10 });
    };
    faults();
    let found =
        web(&server).build().unwrap().discover(DiscoverRequest::new()).await.unwrap().found().unwrap();
    assert_eq!((found.artifacts.len(), found.cost.requests), (1, 3));

    faults();
    server.faults().add(When::any(), Fault::Truncate { keep: 10 });
    let error = web(&server).build().unwrap().discover(DiscoverRequest::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.tries(), error.is_transient()), (ErrorKind::BadAnswer, ATTEMPTS, true));
    assert_eq!(server.log().counters().requests, u64::from(ATTEMPTS));

    // A refusal after that has its tries told too.
    faults();
    server.faults().add(When::any().nth(3), Fault::status(404));
    let error = web(&server).build().unwrap().discover(DiscoverRequest::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.tries()), (ErrorKind::NotFound, 3));
}

/// Sources that ask while a request is under way wait for it, and share the next one, which is conditional.
#[tokio::test]
async fn sources_that_ask_during_a_request_share_the_next_one() {
    let server = ChartServer::start().unwrap();
    server.publish(&Chart::new("web", "1.0.0"));
    server.faults().add(When::any().nth(1), Fault::Latency(Duration::from_millis(300)));
    let cache = IndexCache::new(HttpClient::builder().build().unwrap());
    let source = || HelmSource::builder(server.url()).chart("web").cache(cache.clone()).build().unwrap();
    let (early, late) = (source(), source());
    let deadline = Instant::now() + Duration::from_secs(20);
    let ask = |source: HelmSource| async move {
        let request = DiscoverRequest::new().with_deadline(deadline);
        source.discover(request).await.unwrap().found().unwrap().cost
    };
    let late = async {
        while server.log().counters().requests == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::join!(ask(source()), ask(late), ask(source()))
    };
    let (early, late) = tokio::join!(ask(early), late);
    let costs = [early, late.0, late.1, late.2].map(|cost| (cost.requests, cost.bytes_received > 0));
    assert_eq!(costs, [(1, true), (1, false), (0, false), (0, false)]);
    assert_eq!(server.log().counters().requests, 2);
}

/// "Not modified" answers the source that has the observation, and no other one that shares the request.
#[tokio::test]
async fn not_modified_is_for_the_source_that_knows_the_index() {
    let server = ChartServer::start().unwrap();
    server.publish(&Chart::new("web", "1.0.0"));
    let known =
        web(&server).build().unwrap().discover(DiscoverRequest::new()).await.unwrap().found().unwrap();
    // The order decides whose condition is sent: a full answer is for both, 304 for one of them.
    for (informed_first, requests) in [(true, 2), (false, 1)] {
        server.log().clear();
        let cache = IndexCache::new(http(1));
        let source = || web(&server).cache(cache.clone()).build().unwrap();
        let (informed, new) = (source(), source());
        let informed = informed.discover(DiscoverRequest::new().with_previous(known.observation.as_ref()));
        let new = new.discover(DiscoverRequest::new());
        let (informed, new) = if informed_first {
            tokio::join!(informed, new)
        } else {
            let (new, informed) = tokio::join!(new, informed);
            (informed, new)
        };
        assert!(matches!(informed.unwrap(), Discovery::Unchanged { .. }));
        assert_eq!(new.unwrap().found().unwrap().artifacts, known.artifacts);
        assert_eq!(server.log().counters().requests, requests);
    }
}

#[tokio::test]
async fn a_rule_judges_instead_of_a_constraint() {
    let server = ChartServer::start().unwrap();
    for version in ["1.0.0", "1.1.0-rc.1", "1.2.0", "nightly"] {
        server.publish(&Chart::new("web", version));
    }
    let ask = async |builder: HelmSourceBuilder| {
        let found = builder.build().unwrap().discover(DiscoverRequest::new()).await.unwrap().found().unwrap();
        let versions: Vec<_> = found.artifacts.iter().map(|chart| chart.version.to_string()).collect();
        (versions, found.observation.is_some())
    };
    let (versions, observed) = ask(web(&server).rule(TagRule::lexical()).limit(2)).await;
    assert_eq!((versions.join(" ").as_str(), observed), ("nightly 1.2.0", true));
    let filter = TagFilter::builder().ignore("^1\\.2").build().unwrap();
    let (versions, observed) = ask(web(&server).rule(TagRule::chart(None).with_filter(filter))).await;
    assert_eq!((versions.join(" ").as_str(), observed), ("1.1.0-rc.1 1.0.0", true));

    // The kind of names is the repository's.
    let registry = Registry::start().unwrap();
    registry.push_chart("charts", &Chart::new("web", "1.0.0+build.5"));
    let source = HelmSource::builder(format!("oci://{}/charts/web", registry.host())).http(http(1));
    assert_eq!(ask(source.rule(TagRule::chart(None))).await.0, ["1.0.0+build.5"]);

    for (builder, message) in [
        (web(&server).rule(TagRule::newest()), "cannot be ordered by build time"),
        (web(&server).rule(TagRule::lexical()).constraint("^1"), "both are given"),
        (web(&server).accept_v(true).rule(TagRule::lexical()), "both are given"),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(message) && error.id().is_some(), "{error}");
    }
}
