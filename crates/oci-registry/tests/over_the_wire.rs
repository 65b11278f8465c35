//! The reads over real connections: authentication, pages, digests, and registries that mean harm.

#![allow(clippy::unwrap_used, clippy::panic, clippy::type_complexity)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use artifact_http::{Call, Credential, HttpClient, HttpClientBuilder};
use artifact_source::{Error, ErrorKind};
use oci_registry::{Digest, Manifest, RegistryClient, Repository};
use warehouse_testkit::{Fault, Registry, RegistryBuilder, Reply, When};

fn http() -> HttpClientBuilder {
    HttpClient::builder()
        .backoff(Duration::from_millis(1), Duration::from_millis(5))
        .stall_timeout(Duration::from_millis(500))
}

fn client(credential: Option<Credential>) -> RegistryClient {
    RegistryClient::builder(http().build().unwrap()).credentials(credential).build()
}

fn repository(registry: &Registry, credential: Option<Credential>) -> Repository {
    client(credential).repository(&format!("{}/demo/app", registry.host())).unwrap()
}

fn me() -> Option<Credential> {
    Some(Credential::password("me", "SECRET"))
}

fn with_image(builder: RegistryBuilder) -> Registry {
    let registry = builder.start().unwrap();
    registry.image("demo/app").tag("1.0.0").platforms(["linux/amd64"]).push();
    registry
}

/// The error says this, is of this kind, has a hint where one is due, and holds no secret.
#[track_caller]
fn check(error: &Error, kind: ErrorKind, message: &str) {
    assert_eq!((error.kind(), error.message()), (kind, message), "{error:?}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("SECRET") && !shown.contains("testkit-token"), "{shown}");
}

// ---- reads

#[tokio::test]
async fn tags_manifests_and_blobs() {
    let registry = Registry::start().unwrap();
    let pushed =
        registry.image("demo/app").tag("1.0.0").platforms(["linux/amd64"]).annotation("a", "b").push();
    let (repository, call) = (repository(&registry, None), Call::new());

    assert_eq!(repository.tags(&call).await.unwrap(), ["1.0.0"]);
    let head = repository.head_manifest("1.0.0", &call).await.unwrap();
    assert_eq!(head.digest.unwrap().as_str(), pushed.digest);
    assert_eq!(head.media_type, pushed.media_type);

    let fetched = repository.manifest("1.0.0", &call).await.unwrap();
    assert_eq!((fetched.digest.as_str(), fetched.media_type), (pushed.digest.as_str(), pushed.media_type));
    let Manifest::Index(index) = fetched.manifest else { panic!("it is an index") };
    assert_eq!(index.annotations["a"], "b");
    assert_eq!(index.manifests[0].platform.as_ref().unwrap().to_string(), "linux/amd64");

    let child = repository.manifest(index.manifests[0].digest.as_str(), &call).await.unwrap();
    let Manifest::Image(image) = child.manifest else { panic!("it is an image") };
    let config = repository.blob(&image.config.digest, 1 << 20, &call).await.unwrap();
    assert!(Digest::of(&config) == image.config.digest);

    let counters = registry.log().counters();
    assert_eq!((call.meter.requests(), call.meter.bytes_received()), (5, counters.body_bytes_sent));
    assert_eq!(counters.requests, 5);
}

#[tokio::test]
async fn pages_of_every_kind() {
    let tags: Vec<String> = (0..10).map(|number| format!("t{number}")).collect();
    let builders: [(&str, RegistryBuilder, u64); 6] = [
        ("one page", Registry::builder(), 1),
        ("pages", Registry::builder().page_size(3), 4),
        ("the last page is full", Registry::builder().page_size(5), 2),
        ("pages by absolute links", Registry::builder().page_size(3).absolute_links(), 4),
        ("pages in no order", Registry::builder().page_size(3).reverse_tags(), 4),
        ("refused page size", Registry::builder().page_size(5).refuse_larger_pages(), 3),
    ];
    for (name, builder, requests) in builders {
        let registry = builder.start().unwrap();
        for tag in &tags {
            registry.image("demo/app").tag(tag).push();
        }
        assert_eq!(repository(&registry, None).tags(&Call::new()).await.unwrap(), tags, "{name}");
        assert_eq!(registry.log().counters().requests, requests, "{name}");
    }
}

#[tokio::test]
async fn a_page_that_comes_again_ends_the_list() {
    let registry = with_image(Registry::builder());
    registry.faults().add(When::get("/v2/**/tags/list"), Fault::link("/v2/demo/app/tags/list?n=1000&last=x"));
    assert_eq!(repository(&registry, None).tags(&Call::new()).await.unwrap(), ["1.0.0"]);
    assert_eq!(registry.log().counters().requests, 2);
}

#[tokio::test]
async fn careless_lists() {
    for (body, expected) in [
        (r#"{"name": "demo/app", "tags": null}"#, Some(vec![])),
        ("{}", Some(vec![])),
        (r#"{"tags": ["b", "a", "b"]}"#, Some(vec!["a", "b"])),
        ("<html>", None),
        (r#"{"tags": "a"}"#, None),
    ] {
        let registry = with_image(Registry::builder());
        registry.faults().add(When::any(), Reply::status(200).body(body));
        let tags = repository(&registry, None).tags(&Call::new()).await;
        match expected {
            Some(expected) => assert_eq!(tags.unwrap(), expected, "{body}"),
            None => check(&tags.unwrap_err(), ErrorKind::BadAnswer, "the answer is no list of tags"),
        }
    }
}

// ---- authentication

#[tokio::test]
async fn many_at_once_ask_for_one_token() {
    let registry = with_image(Registry::builder().bearer("me", "SECRET"));
    let (repository, call) = (repository(&registry, me()), Call::new());
    let reads = (0..64).map(|_| repository.manifest("1.0.0", &call));
    for read in futures::future::join_all(reads).await {
        read.unwrap();
    }
    assert_eq!(registry.tokens_issued(), 1);
    assert_eq!(registry.log().counters().requests, 1 + 1 + 64, "one was refused, one got the token");
}

#[tokio::test]
async fn ways_in() {
    let basic = || Registry::builder().basic("me", "SECRET");
    let bearer = || Registry::builder().bearer("me", "SECRET");
    let cases: [(&str, RegistryBuilder, Option<Credential>, u64); 5] = [
        ("open", Registry::builder(), None, 1),
        ("open, with a credential that nobody asks for", Registry::builder(), me(), 1),
        ("basic", basic(), me(), 2),
        ("token for nobody in particular", Registry::builder().anonymous_bearer(), None, 3),
        ("token", bearer(), me(), 3),
    ];
    for (name, builder, credential, requests) in cases {
        let registry = with_image(builder);
        let (repository, call) = (repository(&registry, credential), Call::new());
        repository.manifest("1.0.0", &call).await.unwrap();
        assert_eq!(call.meter.requests(), requests, "{name}");
        repository.manifest("1.0.0", &call).await.unwrap();
        assert_eq!(call.meter.requests(), requests + 1, "{name}, again");
    }
}

#[tokio::test]
async fn an_identity_token_is_exchanged() {
    let registry = with_image(Registry::builder().refresh_token("SECRET+/="));
    let repository = repository(&registry, Some(Credential::identity_token("SECRET+/=")));
    repository.manifest("1.0.0", &Call::new()).await.unwrap();
    assert_eq!(registry.log().count(&When::post("/token")), 1);
    assert_eq!(registry.tokens_issued(), 1);
}

#[tokio::test]
async fn a_token_that_ends_is_replaced_once() {
    for (name, builder, first) in [
        ("401", Registry::builder().bearer("me", "SECRET"), 401),
        ("403 as ECR says", Registry::builder().bearer("me", "SECRET").expired_is_forbidden(), 403),
    ] {
        let registry = with_image(builder);
        let (repository, call) = (repository(&registry, me()), Call::new());
        repository.manifest("1.0.0", &call).await.unwrap();
        registry.expire_tokens();
        registry.log().clear();
        let reads = (0..16).map(|_| repository.manifest("1.0.0", &call));
        for read in futures::future::join_all(reads).await {
            read.unwrap();
        }
        assert_eq!(registry.tokens_issued(), 2, "{name}");
        assert!(registry.log().all().iter().any(|request| request.status == Some(first)), "{name}");
    }
}

#[tokio::test]
async fn a_token_is_not_used_past_its_life() {
    let registry =
        with_image(Registry::builder().bearer("me", "SECRET").token_lifetime(Duration::from_secs(1)));
    let (repository, call) = (repository(&registry, me()), Call::new());
    repository.manifest("1.0.0", &call).await.unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    registry.log().clear();
    repository.manifest("1.0.0", &call).await.unwrap();
    let seen = registry.log().all();
    assert!(seen.iter().all(|request| request.status == Some(200)), "no refusal was needed: {seen:?}");
    assert_eq!(registry.tokens_issued(), 2);
}

#[tokio::test]
async fn two_credentials_do_not_share_a_token() {
    let registry = with_image(Registry::builder().anonymous_bearer().bearer("me", "SECRET"));
    let client = RegistryClient::builder(http().build().unwrap()).credentials(me()).build();
    let stranger = RegistryClient::builder(http().build().unwrap()).build();
    for client in [client, stranger] {
        let repository = client.repository(&format!("{}/demo/app", registry.host())).unwrap();
        repository.manifest("1.0.0", &Call::new()).await.unwrap();
    }
    assert_eq!(registry.tokens_issued(), 2);
}

#[tokio::test]
async fn who_is_not_let_in() {
    let wrong = || Some(Credential::password("me", "SECRET-but-wrong"));
    let bearer = || Registry::builder().bearer("me", "SECRET");
    let gives_none = "the registry's token service gives no token without a credential";
    let accepts_not = "the registry's token service does not accept the credential";
    let cases: [(&str, RegistryBuilder, Option<Credential>, ErrorKind, Option<&str>); 5] = [
        ("token, nobody", bearer(), None, ErrorKind::Unauthorized, Some(gives_none)),
        ("token, wrong password", bearer(), wrong(), ErrorKind::Unauthorized, Some(accepts_not)),
        ("basic, nobody", Registry::builder().basic("me", "SECRET"), None, ErrorKind::Unauthorized, None),
        (
            "basic, wrong password",
            Registry::builder().basic("me", "SECRET"),
            wrong(),
            ErrorKind::Unauthorized,
            None,
        ),
        (
            "basic, denied",
            Registry::builder().basic("me", "SECRET").deny("demo/app"),
            me(),
            ErrorKind::Forbidden,
            None,
        ),
    ];
    for (name, builder, credential, kind, message) in cases {
        let registry = with_image(builder);
        let has_credential = credential.is_some();
        let error = repository(&registry, credential).tags(&Call::new()).await.unwrap_err();
        let place = format!("{}/demo/app", registry.host());
        let verb = if kind == ErrorKind::Forbidden {
            "the registry denies access to"
        } else {
            "the registry does not let us into"
        };
        check(&error, kind, &message.map_or(format!("{verb} {place}"), str::to_owned));
        assert!(error.is_auth() && error.status().is_some(), "{name}");
        let hint = error.hint().unwrap();
        assert!(
            hint.contains(&place) && hint.contains("no credential was given") != has_credential,
            "{name}: {hint}"
        );
    }
}

#[tokio::test]
async fn a_credential_goes_nowhere_else() {
    let foreign = Registry::start().unwrap();
    let registry = with_image(Registry::builder().basic("me", "SECRET"));
    let repository = repository(&registry, me());
    repository.tags(&Call::new()).await.unwrap();

    registry.faults().add(When::get("/v2/**/manifests/*"), Fault::redirect(format!("{}/x", foreign.url())));
    let _ = repository.manifest("1.0.0", &Call::new()).await.unwrap_err();
    registry.faults().clear();
    let seen = foreign.log().all();
    assert!(seen.len() == 1 && seen[0].header("authorization").is_none(), "{seen:?}");

    registry.faults().add(When::get("/v2/**/tags/list"), Fault::link(format!("{}/v2/more", foreign.url())));
    let error = repository.tags(&Call::new()).await.unwrap_err();
    let message = format!("the list of tags goes on at another host, {}", foreign.url());
    check(&error, ErrorKind::Refused, &message);
    assert_eq!(foreign.log().counters().requests, 1, "it was not asked");
}

#[tokio::test]
async fn plain_http_to_another_machine_takes_a_word() {
    // Nothing is sent, so nobody of this name has to exist.
    let client = client(me());
    let place = format!("{:?}", client.repository("registry.invalid:5000/a").unwrap());
    assert!(place.contains("https"), "{place}");
    let client = RegistryClient::builder(http().build().unwrap()).plain_http("Registry.invalid:5000").build();
    let place = format!("{:?}", client.repository("registry.invalid:5000/a").unwrap());
    assert!(!place.contains("https"), "{place}");
    let client = RegistryClient::builder(http().build().unwrap()).https("127.0.0.1:5000").build();
    let place = format!("{:?}", client.repository("127.0.0.1:5000/a").unwrap());
    assert!(place.contains("https"), "{place}");
}

// ---- what is not there

#[tokio::test]
async fn what_is_not_there() {
    let registry = with_image(Registry::builder());
    let missing = client(None).repository(&format!("{}/demo/missing", registry.host())).unwrap();
    let error = missing.tags(&Call::new()).await.unwrap_err();
    check(&error, ErrorKind::NotFound, &format!("there is no repository {}/demo/missing", registry.host()));
    assert_eq!((error.status(), error.code()), (Some(404), Some("NAME_UNKNOWN")));
    assert!(error.hint().unwrap().contains("spelled right"));

    let repository = repository(&registry, None);
    let error = repository.manifest("2.0.0", &Call::new()).await.unwrap_err();
    check(&error, ErrorKind::NotFound, &format!("there is no 2.0.0 in {}/demo/app", registry.host()));
    assert_eq!(error.code(), Some("MANIFEST_UNKNOWN"));
    assert!(repository.head_manifest("2.0.0", &Call::new()).await.unwrap_err().is_not_found());
    let digest = Digest::of(b"nothing");
    assert!(repository.blob(&digest, 10, &Call::new()).await.unwrap_err().is_not_found());

    for reference in ["", "../../x", "a b", "a/b", "sha256:00", &"x".repeat(200)] {
        let call = Call::new();
        let error = repository.manifest(reference, &call).await.unwrap_err();
        assert_eq!((error.kind(), call.meter.requests()), (ErrorKind::InvalidInput, 0), "{reference:?}");
    }
}

#[tokio::test]
async fn nobody_is_there() {
    let repository = client(me()).repository("127.0.0.1:1/demo/app").unwrap();
    let error = repository.tags(&Call::new()).await.unwrap_err();
    check(&error, ErrorKind::Unreachable, "the connection was refused");
    assert_eq!((error.tries(), error.is_transient()), (4, true));
    assert_eq!(error.url(), Some("http://127.0.0.1:1/v2/demo/app/tags/list?n=..."));

    let repository = client(me()).repository("no-such-registry.invalid/demo/app").unwrap();
    let error = repository.tags(&Call::new()).await.unwrap_err();
    check(&error, ErrorKind::Unreachable, "the host name no-such-registry.invalid could not be resolved");
}

// ---- registries that fail or mean harm

/// What comes of reading a manifest while this fault lasts.
async fn manifest_under(fault: Fault) -> Result<Manifest, Error> {
    let registry = with_image(Registry::builder());
    registry.faults().add(When::path("/v2/**/manifests/*"), fault);
    let call = Call::new().with_deadline(Instant::now() + Duration::from_secs(20));
    let answer = repository(&registry, None).manifest("1.0.0", &call).await;
    assert!(call.meter.bytes_received() <= 8 << 20, "{} bytes were read", call.meter.bytes_received());
    answer.map(|fetched| fetched.manifest)
}

#[tokio::test]
async fn wrong_content_is_never_taken() {
    for (name, fault, kind) in [
        ("changed content", Fault::CorruptBody, ErrorKind::BadAnswer),
        ("wrong digest", Fault::WrongDigest, ErrorKind::BadAnswer),
        ("login page", Fault::login_page(), ErrorKind::BadAnswer),
        ("400 MB", Fault::oversized(400 << 20), ErrorKind::TooLarge),
        ("endless", Fault::endless(), ErrorKind::TooLarge),
        ("gzip bomb", Fault::GzipBomb { bytes: 4 << 30 }, ErrorKind::TooLarge),
        ("truncated", Fault::Truncate { keep: 20 }, ErrorKind::BadAnswer),
        ("reset within", Fault::ResetAfter { keep: 20 }, ErrorKind::BadAnswer),
        ("reset", Fault::Reset, ErrorKind::Unreachable),
        ("closed", Fault::Close, ErrorKind::Unreachable),
        ("500", Fault::status(500), ErrorKind::Server),
        ("503", Fault::status(503), ErrorKind::Server),
        ("429 for ever", Fault::too_many_requests(Duration::ZERO), ErrorKind::RateLimited),
        ("429, much later", Fault::too_many_requests(Duration::from_secs(3600)), ErrorKind::RateLimited),
    ] {
        let error = manifest_under(fault).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {error:?}");
    }
}

#[tokio::test]
async fn a_stall_and_a_drip_time_out() {
    for fault in [
        Fault::Stall,
        Fault::StallAfter { keep: 5 },
        Fault::Drip { bytes: 1, pause: Duration::from_millis(100) },
    ] {
        let registry = with_image(Registry::builder());
        registry.faults().add(When::path("/v2/**/manifests/*"), fault.clone());
        let http = http().attempts(1).connect_timeout(Duration::from_millis(200)).build().unwrap();
        let client = RegistryClient::builder(http).build();
        let repository = client.repository(&format!("{}/demo/app", registry.host())).unwrap();
        let error = repository.manifest("1.0.0", &Call::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn what_passes_is_waited_for() {
    for fault in [
        Fault::status(502),
        Fault::Reset,
        Fault::too_many_requests(Duration::ZERO),
        Fault::Truncate { keep: 3 },
    ] {
        let registry = with_image(Registry::builder());
        registry.faults().add(When::any().first(2), fault.clone());
        let call = Call::new();
        repository(&registry, None).tags(&call).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(call.meter.requests(), 3, "{fault:?}");
    }
}

/// Every page has a new tag and a link to another page.
#[tokio::test]
async fn links_that_never_end() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let pages = Arc::new(AtomicUsize::new(0));
    let page = move || {
        let page = pages.fetch_add(1, Ordering::Relaxed);
        let link = format!("</v2/demo/app/tags/list?last=t{page}>; rel=\"next\"");
        std::future::ready(([("link", link)], format!(r#"{{"tags":["t{page}"]}}"#)))
    };
    let app = axum::Router::new().route("/v2/demo/app/tags/list", axum::routing::get(page));
    tokio::spawn(axum::serve(listener, app).into_future());

    let call = Call::new();
    let repository = client(None).repository(&format!("{host}/demo/app")).unwrap();
    let error = repository.tags(&call).await.unwrap_err();
    assert_eq!((error.kind(), call.meter.requests()), (ErrorKind::TooLarge, 10_000));
}

#[tokio::test]
async fn token_services_that_mean_harm() {
    for (name, challenge, kind) in [
        ("metadata service", "Bearer realm=\"ftp://169.254.169.254/\"", ErrorKind::BadAnswer),
        ("no URL", "Bearer realm=\"nonsense\"", ErrorKind::BadAnswer),
        ("user info", "Bearer realm=\"https://a:b@example.invalid/\"", ErrorKind::BadAnswer),
        ("plain http elsewhere", "Bearer realm=\"http://auth.invalid/token\"", ErrorKind::Refused),
    ] {
        let registry = with_image(Registry::builder());
        let refusal = Reply::status(401).header("www-authenticate", challenge);
        registry.faults().add(When::any(), refusal);
        let error = repository(&registry, me()).tags(&Call::new()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {error:?}");
        assert_eq!(registry.log().counters().requests, 1, "{name}");
    }
    let registry = with_image(Registry::builder().bearer("me", "SECRET"));
    registry.faults().add(When::path("/token"), Fault::status(404));
    let error = repository(&registry, me()).manifest("1.0.0", &Call::new()).await.unwrap_err();
    check(&error, ErrorKind::BadAnswer, "the registry's token service does not exist");
    for (name, body) in [("no token", "{}"), ("no JSON", "SECRET <html>"), ("null", r#"{"token": null}"#)] {
        let registry = with_image(Registry::builder().bearer("me", "SECRET"));
        registry.faults().add(When::path("/token"), Reply::status(200).body(body));
        let error = repository(&registry, me()).tags(&Call::new()).await.unwrap_err();
        let message = "the registry's token service gave no token that can be read";
        check(&error, ErrorKind::BadAnswer, message);
        assert!(error.url().unwrap().ends_with("/token"), "{name}");
    }
}
