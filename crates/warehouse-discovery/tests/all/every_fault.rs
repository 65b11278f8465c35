//! Every fault that the testkit knows, in every request of the three kinds of sources. Two things hold for whatever error comes of it:
//! it is transient if, and only if, the request was tried again, and its words are words, not Rust values.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::time::{Duration, Instant};

use artifact_http::{Credential, HttpClient};
use artifact_source::{AnySource, ArtifactSourceExt, DiscoverRequest, Error, Meter};
use git_source::GitSource;
use helm_source::HelmSource;
use image_source::ImageSource;
use oci_registry::RegistryClient;
use selection_strategies::TagRule;
use tempfile::TempDir;
use warehouse_testkit::{
    Chart, ChartServer, Commit, Fault, FaultKind, FaultScript, GitServer, Registry, RegistryBuilder, Reply,
    RequestLog, When,
};

/// How often a request is sent that may be repeated.
const ATTEMPTS: u32 = 2;

fn http() -> HttpClient {
    HttpClient::builder()
        .attempts(ATTEMPTS)
        .backoff(Duration::from_millis(1), Duration::from_millis(2))
        .stall_timeout(Duration::from_millis(300))
        .connect_timeout(Duration::from_millis(300))
        .build()
        .unwrap()
}

fn me() -> Credential {
    Credential::password("me", "SECRET")
}

/// One source with a server of its own, and one kind of request that it sends.
struct Target {
    what: &'static str,
    source: AnySource,
    faults: FaultScript,
    log: RequestLog,
    when: When,
    _server: Box<dyn std::any::Any>,
    _folder: Option<TempDir>,
}

fn image(what: &'static str, when: When, registry: RegistryBuilder, rule: TagRule) -> Target {
    let registry = registry.start().unwrap();
    registry.image("demo/app").tag("1.0.0").platforms(["linux/amd64"]).push();
    let client = RegistryClient::builder(http()).credentials(me()).build();
    let source = ImageSource::builder(format!("{}/demo/app", registry.host()))
        .registry(client)
        .rule(rule)
        .build()
        .unwrap();
    let (faults, log) = (registry.faults().clone(), registry.log().clone());
    Target { what, source: source.erase(), faults, log, when, _server: Box::new(registry), _folder: None }
}

fn chart_in_a_registry(what: &'static str, when: When) -> Target {
    let registry = Registry::start().unwrap();
    registry.push_chart("charts", &Chart::new("demo", "1.0.0"));
    let source = HelmSource::builder(format!("oci://{}/charts/demo", registry.host()))
        .http(http())
        .follow_digests(true)
        .build()
        .unwrap();
    let (faults, log) = (registry.faults().clone(), registry.log().clone());
    Target { what, source: source.erase(), faults, log, when, _server: Box::new(registry), _folder: None }
}

fn chart() -> Target {
    let server = ChartServer::start().unwrap();
    server.publish(&Chart::new("demo", "1.0.0"));
    let source = HelmSource::builder(server.url())
        .chart("demo")
        .http(http())
        .max_index_bytes(1 << 20)
        .build()
        .unwrap();
    let (faults, log) = (server.faults().clone(), server.log().clone());
    Target {
        what: "the index of a chart repository",
        source: source.erase(),
        faults,
        log,
        when: When::get("/index.yaml"),
        _server: Box::new(server),
        _folder: None,
    }
}

fn git(what: &'static str, when: When) -> Target {
    let server = GitServer::start().unwrap();
    let repository = server.create("demo.git").unwrap();
    let mut history = repository.history().unwrap();
    history.commit("main", Commit::new("First").file("README.md", "# Demo\n"));
    history.write().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let source = GitSource::builder(repository.url())
        .http(http())
        .cache_dir(folder.path().to_owned())
        // Longer than four times that of the client, which tries again.
        .stall_timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    let (faults, log) = (server.faults().clone(), server.log().clone());
    Target {
        what,
        source: source.erase(),
        faults,
        log,
        when,
        _server: Box::new(server),
        _folder: Some(folder),
    }
}

fn targets() -> Vec<Target> {
    let versions = || TagRule::semver(None);
    vec![
        image("the list of tags", When::get("/v2/**/tags/list"), Registry::builder(), versions()),
        image("a manifest", When::get("/v2/**/manifests/*"), Registry::builder(), versions()),
        image("a blob", When::get("/v2/**/blobs/*"), Registry::builder(), TagRule::newest()),
        image("a token", When::get("/token"), Registry::builder().bearer("me", "SECRET"), versions()),
        chart(),
        chart_in_a_registry("the list of versions of an OCI chart", When::get("/v2/**/tags/list")),
        chart_in_a_registry("HEAD of a manifest", When::head("/v2/**/manifests/*")),
        git("the greeting of a Git server", When::get("/**/info/refs")),
        git("a pack of a Git server", When::post("/**/git-upload-pack")),
    ]
}

/// Faults of every kind, each with its name. A further kind of the testkit does not compile here.
fn faults() -> Vec<(String, Fault)> {
    FaultKind::ALL.iter().flat_map(|kind| faults_of(*kind)).collect()
}

fn faults_of(kind: FaultKind) -> Vec<(String, Fault)> {
    let milliseconds = Duration::from_millis;
    let faults: Vec<(&str, Fault)> = match kind {
        FaultKind::Reply => return replies(),
        FaultKind::Latency => vec![
            ("late", Fault::Latency(milliseconds(20))),
            ("later than the client waits", Fault::Latency(milliseconds(900))),
        ],
        FaultKind::Reset => vec![("reset", Fault::Reset)],
        FaultKind::Close => vec![("close", Fault::Close)],
        FaultKind::Stall => vec![("stall", Fault::Stall)],
        FaultKind::LoseAnswer => vec![("lost answer", Fault::LoseAnswer)],
        FaultKind::StallAfter => vec![("stall within the body", Fault::StallAfter { keep: 5 })],
        FaultKind::Drip => vec![("drip", Fault::Drip { bytes: 100, pause: milliseconds(2) })],
        FaultKind::Truncate => vec![
            ("truncated", Fault::Truncate { keep: 5 }),
            ("truncated at the start", Fault::Truncate { keep: 0 }),
        ],
        FaultKind::ResetAfter => vec![("reset within the body", Fault::ResetAfter { keep: 5 })],
        FaultKind::CorruptBody => vec![("a blank more", Fault::CorruptBody)],
        FaultKind::WrongDigest => vec![("wrong digest", Fault::WrongDigest)],
        FaultKind::Header => {
            vec![("a compression", Fault::Header { name: "content-encoding".into(), value: "br".into() })]
        }
        FaultKind::Endless => vec![("endless", Fault::endless())],
        FaultKind::Oversized => vec![("oversized", Fault::oversized(1 << 40))],
        FaultKind::GzipBomb => vec![("bomb", Fault::GzipBomb { bytes: 1 << 30 })],
    };
    assert!(faults.iter().all(|(_, fault)| fault.kind() == kind));
    faults.into_iter().map(|(name, fault)| (name.to_owned(), fault)).collect()
}

fn replies() -> Vec<(String, Fault)> {
    let mut faults = vec![
        ("login page".to_owned(), Fault::login_page()),
        ("redirect to a file".to_owned(), Fault::redirect("file:///etc/passwd")),
        ("redirect nowhere".to_owned(), Reply::status(307).into()),
        ("redirect to a closed port".to_owned(), Fault::redirect("http://127.0.0.1:1/x")),
        ("redirect to no host".to_owned(), Fault::redirect("http://host.invalid/x")),
        ("nonsense".to_owned(), Reply::status(200).body("\u{1b}[31m{ nonsense").into()),
        ("nothing".to_owned(), Fault::status(200)),
        ("JSON without its end".to_owned(), Reply::status(200).body("{\"name\": \"demo").into()),
        ("half a redirect".to_owned(), Reply::status(302).header("location", "http://[").into()),
        ("too many requests".to_owned(), Fault::too_many_requests(Duration::ZERO)),
    ];
    for status in [
        400, 401, 403, 404, 405, 406, 408, 410, 413, 415, 418, 425, 429, 431, 451, 500, 501, 502, 503, 504,
        505, 511, 599,
    ] {
        faults.push((format!("status {status}"), Fault::status(status)));
    }
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_transient_was_tried_again_and_its_words_are_words() {
    let mut errors = BTreeMap::<&str, u32>::new();
    let mut wrong = Vec::new();
    for (name, fault) in faults() {
        for target in targets() {
            target.faults.add(target.when.clone(), fault.clone());
            let request = DiscoverRequest::new().with_deadline(Instant::now() + Duration::from_secs(60));
            let answer = target.source.discover(request).await;
            let about = format!("{name} in {}", target.what);
            assert!(target.faults.injected() > 0, "{about}: no such request was sent");
            let Err(error) = answer else { continue };
            *errors.entry(target.what).or_default() += 1;
            // A question in other words, such as one without a page size, is not the same one again.
            let mut asked = BTreeMap::new();
            for seen in target.log.matching(&target.when) {
                *asked.entry((seen.path, seen.query)).or_insert(0u32) += 1;
            }
            let asked = asked.into_values().max().unwrap_or(0);
            if error.is_transient() != (asked >= ATTEMPTS) {
                wrong.push(format!("{about}: asked {asked} times, {error:?}"));
            }
            for text in texts(&error) {
                assert_no_rust(&text, &about);
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(errors.len(), targets().len());
    // What HEAD does not answer, GET does.
    let few = errors.iter().filter(|(what, count)| !what.starts_with("HEAD") && **count < 40);
    assert_eq!(few.count(), 0, "{errors:?}");
}

/// A name that cannot be resolved: RFC 6761, section 6.4, reserves `.invalid` for that.
#[tokio::test]
async fn a_host_name_that_cannot_be_resolved_was_tried_again() {
    let image = RegistryClient::builder(http()).build();
    let image = ImageSource::builder("host.invalid/demo/app").registry(image).build().unwrap().erase();
    let chart = |url: &str| HelmSource::builder(url).http(http());
    let index = chart("https://host.invalid").chart("demo").build().unwrap().erase();
    let tags = chart("oci://host.invalid/charts/demo").build().unwrap().erase();
    let git = GitSource::builder("https://host.invalid/demo.git").http(http()).build().unwrap().erase();
    for source in [image, index, tags, git] {
        let meter = Meter::new();
        let error = source.discover(DiscoverRequest::new().with_meter(&meter)).await.unwrap_err();
        assert!(error.is_transient(), "{source}: {error:?}");
        assert_eq!((error.tries(), meter.requests()), (ATTEMPTS, u64::from(ATTEMPTS)), "{source}: {error:?}");
        for text in texts(&error) {
            assert_no_rust(&text, &source.to_string());
        }
    }
}

/// Everything of an error that a person gets to see.
fn texts(error: &Error) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    texts.extend(error.hint().map(str::to_owned));
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    texts
}

/// Nothing in the text looks like a Rust value or a path of a module, and nothing in it is a secret.
#[track_caller]
fn assert_no_rust(text: &str, about: &str) {
    let looks_like_rust =
        ["::", " { ", "Some(", "None", "Err(", "Ok(", "Error(", "Kind(", "kind: ", "Custom {", "Os {"];
    for part in looks_like_rust {
        assert!(!text.contains(part), "{about}: {part:?} in {text:?}");
    }
    // A word with a capital inside, as in `CaUsedAsEndEntity`; names of headers and of kinds of ours aside.
    for word in text.split(|letter: char| !letter.is_alphanumeric()) {
        let humps = word.chars().skip(1).filter(|letter| letter.is_uppercase()).count();
        let is_hump = humps > 0
            && word.chars().any(char::is_lowercase)
            && word.chars().next().is_some_and(char::is_uppercase);
        assert!(!is_hump || ["MiB", "KiB", "GiB"].contains(&word), "{about}: {word:?} in {text:?}");
    }
    assert!(
        !text.contains("SECRET") && !text.contains("testkit-token") && !text.contains('\u{1b}'),
        "{about}: {text}"
    );
}
