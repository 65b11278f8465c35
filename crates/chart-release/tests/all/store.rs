//! What a store does, and what it says when it cannot.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use artifact_http::{HttpClient, HttpService, ServiceRequest, ServiceResponse};
use artifact_source::{Error, ErrorKind};
use async_trait::async_trait;
use chart_release::store::{Condition, PutOutcome, Store};
use warehouse_testkit::{Conditions, Fault, RcloneS3, Reply, S3Server, When, peer};

use crate::fixture::{self, Held, limits, open_s3, run};

fn every_store() -> Vec<(&'static str, Held)> {
    let mut stores = vec![("file", fixture::file_store())];
    for (name, conditions) in [
        ("s3", Conditions::Kept),
        ("s3 that ignores conditions", Conditions::Ignored),
        ("s3 that refuses conditions", Conditions::NotImplemented),
    ] {
        stores.push((name, fixture::s3_store(conditions)));
    }
    stores.extend(fixture::rclone_s3_store(Conditions::Kept).map(|held| ("rclone serve s3", held)));
    stores.extend(fixture::rclone_store().map(|store| ("rclone", store)));
    stores
}

#[test]
fn objects_are_written_read_listed_and_deleted() {
    for (name, held) in every_store() {
        let store = &held.store;
        run(async {
            assert_eq!(store.get("a.txt").await.unwrap(), None, "{name}");
            assert_eq!(store.list("").await.unwrap(), [], "{name}");
            assert_eq!(store.put("a.txt", "one", Condition::Always).await.unwrap(), PutOutcome::Written);
            assert_eq!(store.put("a.txt", "two", Condition::Always).await.unwrap(), PutOutcome::Written);
            assert_eq!(
                store.put("b/1.0.0+c.tgz", "three", Condition::Always).await.unwrap(),
                PutOutcome::Written
            );
            assert_eq!(store.get("a.txt").await.unwrap().unwrap().bytes, "two", "{name}");
            assert_eq!(store.get("b/1.0.0+c.tgz").await.unwrap().unwrap().bytes, "three", "{name}");
            let names = async |folder| -> Vec<String> {
                store.list(folder).await.unwrap().into_iter().map(|object| object.name).collect()
            };
            assert_eq!(names("").await, ["a.txt"], "{name}");
            assert_eq!(names("b").await, ["1.0.0+c.tgz"], "{name}");
            store.delete("a.txt").await.unwrap();
            store.delete("a.txt").await.unwrap();
            assert_eq!(store.get("a.txt").await.unwrap(), None, "{name}");
        });
    }
}

#[test]
fn conditions_hold_or_are_known_not_to() {
    for (name, held) in every_store() {
        let store = &held.store;
        run(async {
            let has = !matches!(name, "rclone" | "s3 that ignores conditions" | "s3 that refuses conditions");
            assert_eq!(store.conditional_put().await.unwrap(), has, "{name}");
            if !has {
                let error = store.put("a", "x", Condition::Absent).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Refused, "{name}");
                assert_eq!(store.get("a").await.unwrap(), None, "{name}");
                return;
            }
            assert_eq!(store.put("a", "one", Condition::Absent).await.unwrap(), PutOutcome::Written);
            assert_eq!(store.put("a", "two", Condition::Absent).await.unwrap(), PutOutcome::ConditionFailed);
            let first = store.get("a").await.unwrap().unwrap().version;
            let matches = Condition::Matches(first);
            assert_eq!(store.put("a", "two", matches.clone()).await.unwrap(), PutOutcome::Written);
            assert_eq!(store.put("a", "three", matches.clone()).await.unwrap(), PutOutcome::ConditionFailed);
            assert_eq!(store.get("a").await.unwrap().unwrap().bytes, "two");
            store.delete("a").await.unwrap();
            assert_eq!(
                store.put("a", "three", matches).await.unwrap(),
                PutOutcome::ConditionFailed,
                "{name}"
            );
        });
    }
}

/// The probe costs two requests where it was done before, and its object stays.
#[test]
fn a_server_is_asked_once_whether_it_keeps_conditions() {
    let held = fixture::s3_store(Conditions::Kept);
    let proxy = held.server();
    let count = || proxy.log().counters().requests;
    run(async {
        assert!(held.store.conditional_put().await.unwrap());
        assert_eq!(count(), 3);
        assert!(held.store.clone().conditional_put().await.unwrap());
        assert_eq!(count(), 3);
        assert!(open_s3(&proxy.url(), limits()).conditional_put().await.unwrap());
        assert_eq!(count(), 5);
    });
}

/// Only the store's own word that there is no object counts.
#[test]
fn what_is_not_a_definite_absence_is_an_error() {
    let held = fixture::s3_store(Conditions::Kept);
    let proxy = held.server();
    let page = |status, body: &str| Fault::Reply(Reply::status(status).body(body.to_owned()));
    for (fault, kind, says) in [
        (page(404, "<html>not here</html>"), ErrorKind::NotFound, "HTTP 404"),
        (page(404, "<Error><Code>NoSuchBucket</Code></Error>"), ErrorKind::NotFound, "NoSuchBucket"),
        (
            page(403, "<Error><Code>AccessDenied</Code><Message>the-SECRET-token is bad</Message></Error>"),
            ErrorKind::Forbidden,
            "HTTP 403 AccessDenied: the server says \"... is bad\"",
        ),
        (page(401, ""), ErrorKind::Unauthorized, "HTTP 401"),
        (page(500, "<Error><Code>InternalError</Code></Error>"), ErrorKind::Server, "HTTP 500 InternalError"),
        (page(503, "<Error><Code>SlowDown</Code></Error>"), ErrorKind::Server, "HTTP 503 SlowDown"),
        (page(307, ""), ErrorKind::Refused, "HTTP 307"),
    ] {
        proxy.faults().clear();
        proxy.faults().add(When::any(), fault);
        let error = run(held.store.get("index.yaml")).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.hint().is_some() && error.url() == Some("s3://bucket/charts/index.yaml"), "{error}");
        assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
    }
}

#[test]
fn a_store_that_fails_is_asked_a_few_times_and_one_that_recovers_is_no_error() {
    let held = fixture::s3_store(Conditions::Kept);
    let proxy = held.server();
    run(held.store.put("a", "one", Condition::Always)).unwrap();
    let slow = || Fault::Reply(Reply::status(503).body("<Error><Code>SlowDown</Code></Error>".to_owned()));
    let before = proxy.log().counters().requests;
    proxy.faults().add(When::any().first(3), slow());
    assert_eq!(run(held.store.get("a")).unwrap().unwrap().bytes, "one");
    assert_eq!(proxy.log().counters().requests - before, 4);
    proxy.faults().clear();
    proxy.faults().add(When::any(), slow());
    let before = proxy.log().counters().requests;
    assert!(run(held.store.get("a")).is_err());
    assert_eq!(proxy.log().counters().requests - before, 4);
}

#[test]
fn a_body_that_is_cut_or_stalls_is_an_error() {
    let held = fixture::s3_store(Conditions::Kept);
    let proxy = held.server();
    run(held.store.put("a", "0123456789", Condition::Always)).unwrap();
    let mut short = limits();
    (short.stall, short.operation) = (Duration::from_millis(200), Duration::from_secs(2));
    let store = open_s3(&proxy.url(), short);
    proxy.faults().add(When::any(), Fault::Truncate { keep: 4 });
    assert!(run(store.get("a")).is_err());
    proxy.faults().clear();
    proxy.faults().add(When::any(), Fault::Stall);
    let error = run(store.get("a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    proxy.faults().clear();
    proxy.faults().add(When::any().nth(1), Fault::Truncate { keep: 4 });
    assert_eq!(run(store.get("a")).unwrap().unwrap().bytes, "0123456789");
}

/// `object_store` with its own client sends the session token along to the other host.
#[test]
fn a_redirect_is_not_followed() {
    let held = fixture::s3_store(Conditions::Kept);
    let other = S3Server::start(Conditions::Kept).unwrap();
    let proxy = held.server();
    let elsewhere = format!("{}/bucket/charts/index.yaml", other.url());
    proxy.faults().add(When::any(), Fault::Reply(Reply::status(307).header("location", &elsewhere)));
    let error = run(held.store.get("index.yaml")).unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Refused, Some(307)), "{error}");
    assert!(error.hint().unwrap().contains("AWS_REGION"));
    assert_eq!(other.log().counters().requests, 0);
}

#[test]
fn plain_http_is_for_this_machine_alone() {
    let variables = fixture::variables("http://store.example");
    let store = Store::builder("s3://bucket").environment(variables).limits(limits()).open().unwrap();
    let error = run(store.get("a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert!(error.to_string().contains("plain http"), "{error}");
}

#[test]
fn settings_that_cannot_be_used_are_told_without_their_values() {
    for (name, value, says) in [
        ("AWS_SESSION_TOKEN", "SECRET\r", "AWS_SESSION_TOKEN"),
        ("AWS_ACCESS_KEY_ID", "SECRET id", "AWS_ACCESS_KEY_ID"),
        ("AWS_ENDPOINT_URL", "SECRET", "AWS_ENDPOINT_URL"),
        ("AWS_ENDPOINT_URL", "https://user:SECRET@example.com", "AWS_ENDPOINT_URL"),
        ("AWS_ENDPOINT_URL", "http://example.com:99999999", "AWS_ENDPOINT_URL"),
    ] {
        let mut variables = fixture::variables("http://127.0.0.1:1");
        variables.push((name.to_owned(), value.to_owned()));
        let error = Store::builder("s3://bucket").environment(variables).open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(says) && !format!("{error:?}").contains("SECRET"), "{error:?}");
    }
    let variables = [("GOOGLE_SERVICE_ACCOUNT_KEY", "{\"private_key\": \"SECRET\"}")];
    let error = Store::builder("gs://bucket").environment(variables).open().unwrap_err();
    assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
}

#[test]
fn signed_requests_are_what_a_server_with_keys_takes() {
    let server = RcloneS3::start_with_key(&["bucket"], "the-key-id", "the-SECRET-key");
    let Some(server) = peer::available(server) else { return };
    let mut variables = fixture::variables(&server.url());
    variables.retain(|(name, _)| name != "AWS_SESSION_TOKEN");
    let store =
        Store::builder("s3://bucket/charts").environment(variables.clone()).limits(limits()).open().unwrap();
    run(async {
        store.put("web-1.0.0+a.tgz", "one", Condition::Always).await.unwrap();
        assert_eq!(store.get("web-1.0.0+a.tgz").await.unwrap().unwrap().bytes, "one");
        // What rclone does with conditions.
        assert!(!store.conditional_put().await.unwrap());
    });
    variables.push(("AWS_SECRET_ACCESS_KEY".to_owned(), "wrong".to_owned()));
    let store = Store::builder("s3://bucket/charts").environment(variables).limits(limits()).open().unwrap();
    let error = run(store.get("a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
}

#[test]
fn a_folder_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}/absent", folder.path().display());
    let error = Store::open(&url).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let remedy = error.hint().unwrap().split_once("mkdir -p '").unwrap().1.trim_end_matches('\'');
    std::fs::create_dir_all(remedy).unwrap();
    Store::open(&url).unwrap();
}

#[test]
fn a_remote_that_rclone_does_not_know_is_told_in_our_words() {
    let Some(program) = peer::available(RcloneS3::program()) else { return };
    let open = |url: &str| {
        Store::builder(url)
            .rclone_program(&program)
            .environment([("RCLONE_CONFIG", "/dev/null")])
            .limits(limits())
            .open()
            .unwrap()
    };
    let error = run(open("rclone:nosuch:x").get("a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert!(error.hint().unwrap().contains("rclone listremotes"));
    let error = Store::builder("rclone:x").rclone_program("/nonexistent/rclone").open().unwrap();
    let error = run(error.get("a")).unwrap_err();
    assert!(error.to_string().contains("rclone was not started"), "{error}");
    // A bucket of S3, where a name that does not exist is an empty folder to rclone.
    let Some(server) = peer::available(RcloneS3::start(&["bucket"])) else { return };
    let store = Store::builder("rclone:minio:bucket/charts")
        .rclone_program(&program)
        .environment([
            ("RCLONE_CONFIG", "/dev/null"),
            ("RCLONE_CONFIG_MINIO_TYPE", "s3"),
            ("RCLONE_CONFIG_MINIO_PROVIDER", "Rclone"),
            ("RCLONE_CONFIG_MINIO_ENDPOINT", &server.url()),
            ("RCLONE_CONFIG_MINIO_ACCESS_KEY_ID", "id"),
            ("RCLONE_CONFIG_MINIO_SECRET_ACCESS_KEY", "SECRET"),
        ])
        .limits(limits())
        .open()
        .unwrap();
    run(async {
        assert_eq!(store.get("index.yaml").await.unwrap(), None);
        store.put("index.yaml", "", Condition::Always).await.unwrap();
        assert_eq!(store.get("index.yaml").await.unwrap().unwrap().bytes, "");
    });
}

#[test]
fn names_that_leave_the_folder_are_refused() {
    let held = fixture::file_store();
    for name in ["", "/a", "a/", "../a", "a/../b", "a//b", "a\\b", "a b", "a\n", "ä", "index.yaml#1", "a%2e"]
    {
        let error = run(held.store.put(name, "x", Condition::Always)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name:?}");
    }
}

/// The service of an embedder under a store of a cloud: it counts what passes.
#[derive(Debug)]
struct Counting {
    inner: Arc<dyn HttpService>,
    count: Arc<AtomicU64>,
}

#[async_trait]
impl HttpService for Counting {
    async fn call(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.inner.call(request).await
    }
}

#[test]
fn a_store_stands_on_the_client_of_its_program() {
    let server = S3Server::start(Conditions::Kept).unwrap();
    let count = Arc::new(AtomicU64::new(0));
    let counted = count.clone();
    let http = HttpClient::builder().build().unwrap();
    let http = http.wrap_service(|inner| Counting { inner, count: counted });
    let store = Store::builder("s3://bucket/charts")
        .environment(fixture::variables(&server.url()))
        .http(http)
        .limits(limits())
        .open()
        .unwrap();
    run(async {
        store.put("a", "one", Condition::Always).await.unwrap();
        assert_eq!(store.get("a").await.unwrap().unwrap().bytes, "one");
    });
    let passed = count.load(Ordering::Relaxed);
    assert_eq!((passed, server.log().counters().requests), (2, 2));
}

/// A machine without a service that gives credentials, where something else answers in its place.
#[derive(Debug)]
struct NoService(Arc<dyn HttpService>);

#[async_trait]
impl HttpService for NoService {
    async fn call(&self, mut request: ServiceRequest) -> Result<ServiceResponse, Error> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        if host == "169.254.169.254" || host.starts_with("metadata") {
            request.url = format!("{DENYING}/").parse().unwrap();
            let server = DENYING_SERVER.get().unwrap();
            request.url.set_port(server.address().port().into()).unwrap();
        }
        self.0.call(request).await
    }
}

const DENYING: &str = "http://127.0.0.1";
static DENYING_SERVER: std::sync::OnceLock<warehouse_testkit::ChartServer> = std::sync::OnceLock::new();

/// What a proxy or the metadata service says is not the store's word.
#[test]
fn no_credential_is_told_as_such() {
    let server = warehouse_testkit::ChartServer::start().unwrap();
    server.faults().add(When::any(), Fault::status(403));
    let _ = DENYING_SERVER.set(server);
    for (url, variables, remedy) in [
        ("s3://bucket", &[("AWS_REGION", "eu-west-1")][..], "set AWS_ACCESS_KEY_ID"),
        ("gs://bucket", &[], "set GOOGLE_APPLICATION_CREDENTIALS"),
        ("az://bucket", &[("AZURE_STORAGE_ACCOUNT_NAME", "account")], "set AZURE_STORAGE_ACCOUNT_KEY"),
    ] {
        let http = HttpClient::builder().build().unwrap().wrap_service(NoService);
        let store = Store::builder(url)
            .environment(variables.iter().copied())
            .http(http)
            .limits(limits())
            .open()
            .unwrap();
        let error = run(store.get("index.yaml")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized, "{url}: {error}");
        assert!(error.to_string().contains("no credential was found"), "{url}: {error}");
        assert!(!error.to_string().contains("the store refused"), "{url}: {error}");
        assert!(error.hint().unwrap().starts_with(remedy), "{url}: {error:?}");
    }
}
