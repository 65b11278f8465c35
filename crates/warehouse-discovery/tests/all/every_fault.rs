//! Every fault that the testkit knows, in every request of the three kinds of sources. Two things hold for whatever error comes of it:
//! it is transient if, and only if, the request was tried again, and its words are words, not Rust values.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::time::{Duration, Instant};

use artifact_http::{Credential, HttpClient};
use artifact_source::{AnySource, ArtifactSourceExt, DiscoverRequest, Error};
use git_source::GitSource;
use helm_source::HelmSource;
use image_source::ImageSource;
use oci_registry::RegistryClient;
use tempfile::TempDir;
use warehouse_testkit::{
    Chart, ChartServer, Commit, Fault, FaultScript, GitServer, Registry, RegistryBuilder, Reply, RequestLog,
    When,
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

fn image(what: &'static str, when: When, registry: RegistryBuilder) -> Target {
    let registry = registry.start().unwrap();
    registry.image("demo/app").tag("1.0.0").platforms(["linux/amd64"]).push();
    let client = RegistryClient::builder(http()).credentials(me()).build();
    let source = ImageSource::builder(format!("{}/demo/app", registry.host()))
        .registry(client.clone())
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
    vec![
        image("the list of tags", When::get("/v2/**/tags/list"), Registry::builder()),
        image("a manifest", When::get("/v2/**/manifests/*"), Registry::builder()),
        image("a token", When::get("/token"), Registry::builder().bearer("me", "SECRET")),
        chart(),
        git("the greeting of a Git server", When::get("/**/info/refs")),
    ]
}

fn faults() -> Vec<(String, Fault)> {
    let mut faults = vec![
        ("reset".to_owned(), Fault::Reset),
        ("close".to_owned(), Fault::Close),
        ("stall".to_owned(), Fault::Stall),
        ("stall within the body".to_owned(), Fault::StallAfter { keep: 5 }),
        ("truncated".to_owned(), Fault::Truncate { keep: 5 }),
        ("reset within the body".to_owned(), Fault::ResetAfter { keep: 5 }),
        ("wrong digest".to_owned(), Fault::WrongDigest),
        ("endless".to_owned(), Fault::endless()),
        ("oversized".to_owned(), Fault::oversized(1 << 40)),
        ("bomb".to_owned(), Fault::GzipBomb { bytes: 1 << 30 }),
        ("login page".to_owned(), Fault::login_page()),
        ("redirect to a file".to_owned(), Fault::redirect("file:///etc/passwd")),
        ("redirect nowhere".to_owned(), Reply::status(307).into()),
        ("redirect to a closed port".to_owned(), Fault::redirect("http://127.0.0.1:1/x")),
        ("a compression".to_owned(), Fault::Header { name: "content-encoding".into(), value: "br".into() }),
        ("nonsense".to_owned(), Reply::status(200).body("\u{1b}[31m{ nonsense").into()),
        ("half a redirect".to_owned(), Reply::status(302).header("location", "http://[").into()),
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
    let mut errors = 0;
    for (name, fault) in faults() {
        for target in targets() {
            target.faults.add(target.when.clone(), fault.clone());
            let request = DiscoverRequest::new().with_deadline(Instant::now() + Duration::from_secs(60));
            let Err(error) = target.source.discover(request).await else { continue };
            errors += 1;
            let about = format!("{name} in {}", target.what);
            // A question in other words, such as one without a page size, is not the same one again.
            let mut asked = BTreeMap::new();
            for seen in target.log.matching(&target.when) {
                *asked.entry((seen.path, seen.query)).or_insert(0u32) += 1;
            }
            let asked = asked.into_values().max().unwrap_or(0);
            assert_eq!(error.is_transient(), asked >= ATTEMPTS, "{about}: asked {asked} times, {error:?}");
            for text in texts(&error) {
                assert_no_rust(&text, &about);
            }
        }
    }
    assert!(errors > 120, "only {errors} of the faults were errors");
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
