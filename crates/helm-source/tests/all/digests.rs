//! Versions with the digests of their content: what is found, what counts as a change, and what it costs.

use std::time::Duration;

use artifact_http::{Credential, HttpClient};
use artifact_source::{
    ArtifactSource, Chart, Details, DiscoverRequest, Discovery, ErrorKind, Found, Observation, Recorder,
    Rejection,
};
use helm_source::{HelmSource, HelmSourceBuilder, IndexCache};
use warehouse_testkit::{
    Chart as Published, ChartIndex, ChartServer, Fault, MediaType, Registry, Reply, When,
};

fn client() -> HttpClient {
    HttpClient::builder()
        .attempts(2)
        .backoff(Duration::from_millis(1), Duration::from_millis(2))
        .stall_timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

fn in_registry(registry: &Registry) -> HelmSourceBuilder {
    HelmSource::builder(format!("oci://{}/charts/web", registry.host())).http(client()).follow_digests(true)
}

fn in_index(server: &ChartServer) -> HelmSourceBuilder {
    HelmSource::builder(server.url()).chart("web").http(client()).follow_digests(true)
}

/// A version of a chart with this content.
fn web(version: &str, content: &str) -> Published {
    Published::new("web", version).file("values.yaml", content.to_owned())
}

fn push(registry: &Registry, versions: &[&str]) {
    for version in versions {
        registry.push_chart("charts", &web(version, "first: true\n"));
    }
}

/// Replaces the index by one of these charts.
fn replace(server: &ChartServer, charts: &[Published]) {
    let mut index = ChartIndex::new();
    for chart in charts {
        index.add(chart);
    }
    server.set_index(index.render());
}

async fn discover(source: &HelmSource, previous: Option<&Observation>) -> Discovery<Chart> {
    source.discover(DiscoverRequest::new().with_previous(previous)).await.unwrap()
}

async fn found(source: &HelmSource, previous: Option<&Observation>) -> Found<Chart> {
    discover(source, previous).await.found().expect("a change")
}

/// The versions that were found, each with its digest.
fn digests(found: &Found<Chart>) -> Vec<(&str, Option<&str>)> {
    found.artifacts.iter().map(|chart| (chart.version.as_str(), chart.digest.as_deref())).collect()
}

#[tokio::test]
async fn a_tag_has_the_digest_of_its_manifest_for_one_request() {
    let registry = Registry::start().unwrap();
    push(&registry, &["1.0.0", "1.1.0+a", "1.2.0", "0.1.0-rc.1"]);
    let source = in_registry(&registry).limit(2).build().unwrap();
    let trace = Recorder::new();
    let request = DiscoverRequest::new().with_trace(&trace);
    let answer = source.discover(request).await.unwrap().found().unwrap();

    let digest = |tag| registry.digest("charts/web", tag).unwrap();
    let (newest, second) = (digest("1.2.0"), digest("1.1.0_a"));
    assert_eq!(digests(&answer), [("1.2.0", Some(newest.as_str())), ("1.1.0+a", Some(second.as_str()))]);
    assert_eq!(answer.cost.requests, 1 + 2);
    assert_eq!(registry.log().count(&When::head("/v2/charts/web/manifests/*")), 2);
    assert_eq!(registry.log().count(&When::get("/v2/charts/web/manifests/*")), 0);

    let mut judged = trace.into_judgements();
    judged.sort_by(|one, other| one.name.cmp(&other.name));
    let judged: Vec<_> = judged
        .iter()
        .map(|judged| (judged.name.as_str(), judged.details.clone(), judged.rejection.as_ref()))
        .collect();
    let limit = Rejection::BeyondLimit { limit: 2 };
    let first = Details::new().with_digest(newest.clone());
    let other = Details::new().with_version("1.1.0+a".to_owned()).with_digest(second.clone());
    assert_eq!(
        judged,
        [
            ("0.1.0-rc.1", Details::new(), Some(&limit)),
            ("1.0.0", Details::new(), Some(&limit)),
            ("1.1.0_a", other, None),
            ("1.2.0", first, None),
        ]
    );
}

/// What has no field of a manifest has no digest that a chart could have, whatever its `Content-Type` says.
#[tokio::test]
async fn json_that_is_no_manifest_gives_no_chart_a_digest() {
    for body in ["{}", r#"{"schemaVersion": 2}"#, r#"{"message": "maintenance"}"#] {
        let registry = Registry::start().unwrap();
        push(&registry, &["1.0.0", "1.1.0"]);
        let reply = Reply::status(200).header("content-type", MediaType::OCI_MANIFEST).body(body);
        registry.faults().add(When::path("/v2/charts/web/manifests/1.1.0"), reply);
        let source = in_registry(&registry).build().unwrap();
        let error = source.discover(DiscoverRequest::new()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::BadAnswer, "the answer is not a manifest"),
            "{body}"
        );
    }
}

/// A digest that stands beside something else than a manifest is none of a chart: GET decides, for one request more.
#[tokio::test]
async fn the_digest_of_a_head_counts_for_a_manifest_only() {
    let other = format!("sha256:{}", "9".repeat(64));
    for (media_type, is_manifest) in [
        (Some("text/html"), false),
        (Some("application/json"), false),
        (Some("text/vnd.oci.image.manifest.v1+json"), false),
        (None, false),
        (Some("application/vnd.oci.image.manifest.v1+json; charset=utf-8"), true),
        (Some("Application/vnd.docker.distribution.manifest.v2+json"), true),
    ] {
        let registry = Registry::start().unwrap();
        push(&registry, &["1.1.0"]);
        let reply = Reply::status(200).header("docker-content-digest", other.as_str());
        let reply = media_type.into_iter().fold(reply, |reply, value| reply.header("content-type", value));
        registry.faults().add(When::head("/v2/charts/web/manifests/*"), reply);
        let answer = found(&in_registry(&registry).build().unwrap(), None).await;
        let own = registry.digest("charts/web", "1.1.0").unwrap();
        let expected = if is_manifest { &other } else { &own };
        assert_eq!(digests(&answer), [("1.1.0", Some(expected.as_str()))], "{media_type:?}");
        assert_eq!(answer.cost.requests, if is_manifest { 2 } else { 3 }, "{media_type:?}");
    }
}

/// A page of a proxy in the place of one tag: the error names the tag, and what it says to write excludes it.
#[tokio::test]
async fn a_tag_that_is_never_a_manifest_is_named_with_the_way_to_exclude_it() {
    let registry = Registry::start().unwrap();
    push(&registry, &["1.0.0", "1.1.0+a"]);
    let page = Reply::status(200)
        .header("content-type", "text/html")
        .header("docker-content-digest", format!("sha256:{}", "9".repeat(64)))
        .body("<html>sign in</html>");
    registry.faults().add(When::path("/v2/charts/web/manifests/1.1.0_a"), page);
    let error = in_registry(&registry).build().unwrap().discover(DiscoverRequest::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadAnswer);
    let hint = error.hint().unwrap();
    let (_, remedy) = hint.split_once("exclude it with `").unwrap();
    let (constraint, _) = remedy.split_once('`').unwrap();
    assert_eq!(constraint, "!=1.1.0+a");
    let answer = found(&in_registry(&registry).constraint(constraint).build().unwrap(), None).await;
    assert_eq!(answer.artifacts.len(), 1);
    assert_eq!(answer.artifacts[0].version, "1.0.0");
}

/// Off is the default: the same requests, the same charts and the same observation as ever.
#[tokio::test]
async fn without_the_option_nothing_is_different() {
    let registry = Registry::start().unwrap();
    push(&registry, &["1.0.0", "1.1.0"]);
    let server = ChartServer::start().unwrap();
    replace(&server, &[web("1.1.0", ""), web("1.0.0", "")]);
    for (on, requests) in [(in_registry(&registry), 1 + 2), (in_index(&server), 1)] {
        let off = on.clone().follow_digests(false).build().unwrap();
        registry.log().clear();
        let without = found(&off, None).await;
        assert_eq!(digests(&without), [("1.1.0", None), ("1.0.0", None)]);
        assert_eq!(without.cost.requests, 1);
        assert_eq!(registry.log().count(&When::path("/v2/charts/web/manifests/*")), 0);
        assert_eq!(serde_json::to_string(&without.artifacts[0]).unwrap(), r#"{"version":"1.1.0"}"#);
        let seen = serde_json::to_string(&without.observation).unwrap();
        assert!(!seen.contains("digests"), "{seen}");

        // An observation of one is none of the other.
        let on = on.build().unwrap();
        let with = found(&on, without.observation.as_ref()).await;
        assert_eq!(with.cost.requests, requests);
        assert!(with.artifacts.iter().all(|chart| chart.digest.is_some()), "{with:?}");
        assert_eq!(found(&off, with.observation.as_ref()).await.artifacts, without.artifacts);
    }
}

#[tokio::test]
async fn other_content_under_the_same_tag_is_a_change() {
    let registry = Registry::start().unwrap();
    let publish = |content| registry.push_chart("charts", &web("0.0.0-dev", content)).digest;
    let source = in_registry(&registry).constraint(">=0.0.0-0").build().unwrap();
    let first_digest = publish("a: 1\n");
    let first = found(&source, None).await;
    assert_eq!(digests(&first), [("0.0.0-dev", Some(first_digest.as_str()))]);

    let second_digest = publish("a: 2\n");
    assert_ne!(first_digest, second_digest);
    let second = found(&source, first.observation.as_ref()).await;
    assert_eq!(digests(&second), [("0.0.0-dev", Some(second_digest.as_str()))]);

    publish("a: 2\n");
    let again = discover(&source, second.observation.as_ref()).await;
    assert!(matches!(&again, Discovery::Unchanged { cost } if cost.requests == 1 + 1), "{again:?}");
    // A tag that goes back is a change, too.
    publish("a: 1\n");
    assert_eq!(found(&source, second.observation.as_ref()).await.artifacts, first.artifacts);
}

#[tokio::test]
async fn an_entry_of_an_index_has_the_digest_of_its_archive_for_no_request() {
    let server = ChartServer::start().unwrap();
    let source = in_index(&server).constraint(">=0.0.0-0").build().unwrap();
    replace(&server, &[web("0.0.0-dev", "a: 1\n")]);
    let first = found(&source, None).await;
    let digest = first.artifacts[0].digest.clone().unwrap();
    assert!(digest.starts_with("sha256:") && digest.len() == 71, "{digest}");
    assert_eq!(first.cost.requests, 1);

    replace(&server, &[web("0.0.0-dev", "a: 2\n")]);
    let second = found(&source, first.observation.as_ref()).await;
    assert_eq!((second.artifacts[0].version.as_str(), second.cost.requests), ("0.0.0-dev", 1));
    assert_ne!(second.artifacts[0].digest.as_ref(), Some(&digest));

    let again = discover(&source, second.observation.as_ref()).await;
    let Discovery::Unchanged { cost } = again else { panic!("{again:?}") };
    assert_eq!((cost.requests, cost.bytes_received), (1, 0));

    // Sources with and without digests share one request.
    let cache = IndexCache::new(client());
    let with = in_index(&server).cache(cache.clone()).build().unwrap();
    let without = in_index(&server).follow_digests(false).cache(cache).build().unwrap();
    server.log().clear();
    let (with, without) = tokio::join!(found(&with, None), found(&without, None));
    assert_eq!(server.log().counters().requests, 1);
    assert_eq!((digests(&with).len(), digests(&without).len()), (1, 1));
}

/// The first of two entries of one version is the better one, as without digests.
#[tokio::test]
async fn entries_of_one_version_keep_the_order_of_the_file() {
    let server = ChartServer::start().unwrap();
    replace(&server, &[web("1.0.0", "a"), web("1.0.0", "b"), web("1.0.0", "c")]);
    let all = found(&in_index(&server).build().unwrap(), None).await;
    let two = found(&in_index(&server).limit(2).build().unwrap(), None).await;
    assert_eq!(two.artifacts, all.artifacts[..2]);
    replace(&server, &[web("1.0.0", "b")]);
    assert_eq!(found(&in_index(&server).build().unwrap(), None).await.artifacts, all.artifacts[1..2]);
}

#[tokio::test]
async fn entries_without_a_digest_are_found_with_a_warning() {
    let server = ChartServer::start().unwrap();
    let hex = "0a".repeat(32);
    let entry = |version: &str, digest: &str| match digest {
        "" => format!("  - version: {version}\n"),
        digest => format!("  - digest: {digest}\n    version: {version}\n"),
    };
    let missing = "have no `digest` in the index";
    let malformed = "have a `digest` in the index that is not SHA-256 in hex";
    for (entries, limit, expected) in [
        (vec![("2.0.0", &*hex), ("1.0.0", &hex)], 20, vec![]),
        (vec![("2.0.0", ""), ("1.0.0", &hex)], 20, vec![format!("1 of 2 versions {missing}: 2.0.0")]),
        (vec![("2.0.0", "SECRET"), ("1.0.0", &hex)], 20, vec![format!("1 of 2 versions {malformed}: 2.0.0")]),
        (
            vec![("2.0.0", "[]"), ("1.0.0", "")],
            20,
            vec![format!("1 of 2 versions {missing}: 1.0.0"), format!("1 of 2 versions {malformed}: 2.0.0")],
        ),
        (
            vec![("1.0.0", ""), ("1.1.0", ""), ("1.2.0", ""), ("1.3.0", ""), ("1.4.0", "")],
            20,
            vec![format!("5 of 5 versions {missing}: 1.4.0, 1.3.0, 1.2.0 and 2 more")],
        ),
        // What is not found is not told.
        (vec![("2.0.0", &*hex), ("1.0.0", "")], 1, vec![]),
    ] {
        let text: String = entries.iter().map(|(version, digest)| entry(version, digest)).collect();
        server.set_index(format!("entries:\n  web:\n{text}"));
        let trace = Recorder::new();
        let source = in_index(&server).limit(limit).build().unwrap();
        let answer =
            source.discover(DiscoverRequest::new().with_trace(&trace)).await.unwrap().found().unwrap();
        let warnings = trace.warnings();
        assert_eq!(warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{text}");
        assert!(warnings.iter().all(|warning| warning.hint.is_some()));
        assert_eq!(answer.artifacts.len(), entries.len().min(limit), "{text}");
        for chart in &answer.artifacts {
            let stated = entries.iter().find(|(version, _)| *version == chart.version).unwrap().1;
            let expected = (stated == hex).then(|| format!("sha256:{hex}"));
            assert_eq!(chart.digest, expected, "{text}");
        }

        // Without the option, nobody is told.
        let trace = Recorder::new();
        let source = in_index(&server).follow_digests(false).build().unwrap();
        source.discover(DiscoverRequest::new().with_trace(&trace)).await.unwrap();
        assert!(trace.warnings().is_empty());
    }
}

/// Where HEAD has no digest or fails, GET decides.
#[tokio::test]
async fn where_head_does_not_help_get_decides() {
    let head = || When::head("/v2/**/manifests/*");
    for (registry, fault, heads) in [
        (Registry::builder().without_digest_header(), None, 1),
        (Registry::builder(), Some(Reply::status(405)), 1),
        (Registry::builder(), Some(Reply::status(403)), 1),
        (Registry::builder(), Some(Reply::status(503)), 1),
        (Registry::builder(), Some(Reply::status(404)), 3),
    ] {
        let registry = registry.start().unwrap();
        push(&registry, &["1.0.0", "1.1.0", "1.2.0"]);
        if let Some(fault) = &fault {
            registry.faults().add(head(), fault.clone());
        }
        let answer = found(&in_registry(&registry).build().unwrap(), None).await;
        let expected = |tag| registry.digest("charts/web", tag);
        for chart in &answer.artifacts {
            assert_eq!(chart.digest, expected(&chart.version), "{fault:?}");
        }
        assert_eq!(registry.log().count(&head()), heads, "{fault:?}");
        assert_eq!(registry.log().count(&When::get("/v2/**/manifests/*")), 3, "{fault:?}");
        assert_eq!(answer.cost.requests, 1 + heads as u64 + 3, "{fault:?}");
    }
}

#[tokio::test]
async fn a_tag_that_is_gone_is_skipped_with_a_warning_and_the_next_takes_its_place() {
    let registry = Registry::start().unwrap();
    push(&registry, &["1.0.0", "1.1.0", "1.2.0", "1.3.0"]);
    registry.tag("charts/web", "1.0.0", "1.4.0+a").unwrap();
    registry.faults().add(When::path("/v2/charts/web/manifests/1.3.0"), Reply::status(404));
    let trace = Recorder::new();
    let source = in_registry(&registry).limit(2).build().unwrap();
    let answer = source.discover(DiscoverRequest::new().with_trace(&trace)).await.unwrap().found().unwrap();
    let versions: Vec<_> = digests(&answer).into_iter().map(|(version, _)| version).collect();
    assert_eq!(versions, ["1.2.0", "1.1.0"]);
    // Of 1.3.0 HEAD and GET; of a name that no tag can have, nothing.
    assert_eq!(answer.cost.requests, 1 + 2 + 2);

    let [warning] = &trace.warnings()[..] else { panic!("{:?}", trace.warnings()) };
    let text = warning.to_string();
    for part in [
        "although it could be the newest",
        "1.4.0+a (its name is not a valid tag)",
        "1.3.0 (there is no 1.3.0",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let judged = trace.into_judgements();
    assert_eq!(judged.len(), 5);
    let unreadable =
        judged.iter().filter(|judged| matches!(judged.rejection, Some(Rejection::Unreadable { .. })));
    assert_eq!(unreadable.count(), 2);
}

/// The repository exists, since its tags are listed: the code of a missing one is that of a tag which is gone.
#[tokio::test]
async fn a_tag_whose_repository_is_said_to_be_unknown_is_gone() {
    let registry = Registry::start().unwrap();
    push(&registry, &["1.0.0", "1.1.0"]);
    let reply = Reply::status(404).oci_error("NAME_UNKNOWN", "no such repository");
    registry.faults().add(When::path("/v2/charts/web/manifests/1.1.0"), reply);
    let trace = Recorder::new();
    let source = in_registry(&registry).build().unwrap();
    let answer = source.discover(DiscoverRequest::new().with_trace(&trace)).await.unwrap().found().unwrap();
    let versions: Vec<_> = digests(&answer).into_iter().map(|(version, _)| version).collect();
    assert_eq!((versions, trace.warnings().len()), (vec!["1.0.0"], 1));
}

/// An older version never takes the place of one that the registry does not show.
#[tokio::test]
async fn what_cannot_be_read_fails_the_discovery() {
    for (reply, kind, is_transient) in [
        (Reply::status(403), ErrorKind::Forbidden, false),
        (Reply::status(503), ErrorKind::Server, true),
        (Reply::status(429), ErrorKind::RateLimited, true),
        (Reply::status(500), ErrorKind::Server, true),
    ] {
        let registry = Registry::start().unwrap();
        push(&registry, &["1.0.0", "1.1.0"]);
        registry.faults().add(When::path("/v2/charts/web/manifests/1.1.0"), reply.clone());
        let source = in_registry(&registry).build().unwrap();
        let error = source.discover(DiscoverRequest::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (kind, is_transient), "{reply:?}: {error:?}");
        assert_eq!(error.id(), Some(source.id()));
        // A registry that wants fewer requests gets no GET for a HEAD.
        let gets = registry.log().count(&When::get("/v2/charts/web/manifests/1.1.0"));
        assert_eq!(gets == 0, kind == ErrorKind::RateLimited, "{reply:?}");
        // Whether it is of this one tag, nobody can tell; where it may be, the remedy works.
        let is_of_tag = matches!(error.status(), Some(403 | 500));
        let hint = error.hint().unwrap_or_default();
        assert_eq!(hint.contains("`!=1.1.0` in `semverConstraint`"), is_of_tag, "{reply:?}: {hint}");
        let source = in_registry(&registry).constraint("!=1.1.0").build().unwrap();
        let charts = found(&source, None).await.artifacts;
        assert_eq!(charts.iter().map(|chart| &*chart.version).collect::<Vec<_>>(), ["1.0.0"]);
    }
}

#[tokio::test]
async fn the_largest_limit_costs_one_request_each_and_keeps_the_order() {
    let registry = Registry::builder().bearer("me", "SECRET").start().unwrap();
    let versions: Vec<_> = (0..120).map(|patch| format!("1.0.{patch}")).collect();
    push(&registry, &versions.iter().map(String::as_str).collect::<Vec<_>>());
    registry
        .faults()
        .add(When::head("/v2/charts/web/manifests/1.0.119"), Fault::Latency(Duration::from_millis(50)));
    let credential = Credential::password("me", "SECRET");
    let source = in_registry(&registry).credentials(credential).limit(100).build().unwrap();
    let first = found(&source, None).await;
    // A refusal and a token besides.
    assert_eq!(first.cost.requests, 2 + 1 + 100);
    let expected: Vec<_> = versions.iter().rev().take(100).collect();
    assert_eq!(first.artifacts.iter().map(|chart| &chart.version).collect::<Vec<_>>(), expected);
    let again = discover(&source, first.observation.as_ref()).await;
    assert!(matches!(&again, Discovery::Unchanged { cost } if cost.requests == 1 + 100), "{again:?}");
}
