//! Repositories of one registry share its challenge, and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use artifact_http::{Call, Credential, CredentialRequest, CredentialSource, Login};
use artifact_source::{Error, ErrorKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::join_all;
use oci_registry::{RegistryClient, Repository};
use warehouse_testkit::{Registry, RegistryBuilder, When};

use crate::raw::{Answer, RawServer, Then, answer};
use crate::setup::{check, client, http, me, read_many, tag, with_image};

/// A registry with the repositories `demo/0` to `demo/9`.
fn ten(builder: RegistryBuilder) -> Registry {
    let registry = builder.start().unwrap();
    for number in 0..10 {
        let name = format!("demo/{number}");
        registry.image(&name).tag("1.0.0").platforms(["linux/amd64"]).push();
        for number in 1..8 {
            registry.tag(&name, "1.0.0", &tag(number)).unwrap();
        }
    }
    registry
}

fn repositories(client: &RegistryClient, registry: &Registry) -> Vec<Repository> {
    (0..10).map(|number| client.repository(&format!("{}/demo/{number}", registry.host())).unwrap()).collect()
}

#[tokio::test]
async fn ten_repositories_are_refused_once() {
    let cases: [(&str, RegistryBuilder, Option<Credential>, u64); 5] = [
        ("open", Registry::builder(), None, 10),
        ("basic", Registry::builder().basic("me", "SECRET"), me(), 1 + 10),
        ("token", Registry::builder().bearer("me", "SECRET"), me(), 1 + 10 + 10),
        ("anonymous token", Registry::builder().anonymous_bearer(), None, 1 + 10 + 10),
        (
            "identity token",
            Registry::builder().refresh_token("SECRET"),
            Some(Credential::identity_token("SECRET")),
            1 + 10 + 10,
        ),
    ];
    for (name, builder, credential, requests) in cases {
        let registry = ten(builder);
        let (client, call) = (client(credential.clone()), Call::new());
        for repository in repositories(&client, &registry) {
            repository.manifest("1.0.0", &call).await.unwrap();
        }
        assert_eq!(call.meter.requests(), requests, "{name}, one after the other");
        for repository in repositories(&client, &registry) {
            repository.manifest("1.0.0", &call).await.unwrap();
        }
        assert_eq!(call.meter.requests(), requests + 10, "{name}, again");

        let (client, call) = (crate::setup::client(credential), Call::new());
        let repositories = repositories(&client, &registry);
        for read in join_all(repositories.iter().map(|repository| repository.manifest("1.0.0", &call))).await
        {
            read.unwrap();
        }
        assert_eq!(call.meter.requests(), requests, "{name}, all at once");
    }
}

#[tokio::test]
async fn eight_repositories_with_eight_readers_each_at_once() {
    let registry = ten(Registry::builder().bearer("me", "SECRET"));
    let (client, call) = (client(me()), Call::new());
    let repositories = repositories(&client, &registry);
    let reads = repositories.iter().take(8).map(|repository| read_many(repository, 8, &call));
    for read in join_all(reads).await.into_iter().flatten() {
        read.unwrap();
    }
    assert_eq!(registry.tokens_issued(), 8);
    assert_eq!(call.meter.requests(), 1 + 8 + 64, "one refusal, a token for each repository, and the reads");
}

#[tokio::test]
async fn a_predicted_token_that_worked_is_replaced_like_any_other() {
    for (name, builder) in [
        ("401", Registry::builder().bearer("me", "SECRET")),
        ("403 as ECR answers", Registry::builder().bearer("me", "SECRET").expired_is_forbidden()),
    ] {
        let registry = ten(builder);
        let (client, call) = (client(me()), Call::new());
        let repositories = repositories(&client, &registry);
        for repository in &repositories[..2] {
            repository.manifest("1.0.0", &call).await.unwrap();
        }
        assert_eq!(call.meter.requests(), 1 + 2 + 2, "{name}: the second one was not refused");
        registry.expire_tokens();
        let again = repositories[1].manifest("1.0.0", &call).await;
        again.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(call.meter.requests(), 5 + 3, "{name}: refused, a token, and the answer");
    }
}

#[tokio::test]
async fn another_credential_has_hints_of_its_own() {
    let registry = ten(Registry::builder().bearer("me", "SECRET").bearer("you", "SECRET"));
    let source =
        ByUrl::of(&registry, [("demo/0", "me"), ("demo/1", "you"), ("demo/2", "me"), ("demo/3", "you")]);
    let client = RegistryClient::builder(http().build().unwrap()).credentials(source).build();
    let call = Call::new();
    for repository in repositories(&client, &registry).iter().take(4) {
        repository.manifest("1.0.0", &call).await.unwrap();
    }
    assert_eq!(call.meter.requests(), 2 + 4 + 4, "each of the two was refused once");
}

/// The read of repository `b` of the server after repository `a` has been read with a token.
async fn after_a_token(
    b: impl Fn(&str) -> crate::raw::Answer + Send + Sync + 'static,
) -> (Result<(), Error>, Vec<String>) {
    let server = RawServer::start(move |head| {
        let realm = format!("http://{}/token", head.split("host: ").nth(1).unwrap().lines().next().unwrap());
        if head.starts_with("get /v2/b/") || head.contains("%3ab%3a") {
            return b(head);
        }
        if head.starts_with("get /token") {
            return answer("200 OK", &[], r#"{"token": "testkit-token-a"}"#);
        }
        if head.contains("authorization: bearer testkit-token-a") {
            return answer("200 OK", &[], r#"{"tags": []}"#);
        }
        let challenge = format!(r#"WWW-Authenticate: Bearer realm="{realm}",scope="repository:a:pull""#);
        answer("401 X", &[&challenge], "")
    })
    .await;
    let client = client(me());
    let repository = |name: &str| client.repository(&format!("{}/{name}", server.host)).unwrap();
    repository("a").tags(&Call::new()).await.unwrap();
    assert_eq!(server.seen().len(), 3);
    let call = Call::new();
    let outcome = repository("b").tags(&call).await.map(|_| ());
    let seen: Vec<String> = server.seen().split_off(3);
    if let Err(error) = &outcome {
        check(error, error.kind(), error.message());
    }
    (outcome, seen)
}

/// The requests, by path and authorization.
fn shown(seen: &[String]) -> Vec<&'static str> {
    let show = |head: &String| match (head.contains("get /token"), head.split("authorization: ").nth(1)) {
        (true, _) => "token",
        (false, None) => "bare",
        (false, Some(authorization)) if authorization.starts_with("basic") => "basic",
        (false, Some(_)) => "bearer",
    };
    seen.iter().map(show).collect()
}

#[tokio::test]
async fn a_repository_that_requires_a_password_where_others_require_a_token() {
    let (outcome, seen) = after_a_token(|head| match head {
        _ if head.starts_with("get /token") => answer("200 OK", &[], r#"{"token": "testkit-token-b"}"#),
        _ if head.contains("authorization: basic") => answer("200 OK", &[], r#"{"tags": []}"#),
        _ => answer("401 X", &["WWW-Authenticate: Basic"], ""),
    })
    .await;
    outcome.unwrap();
    assert_eq!(shown(&seen), ["token", "bearer", "bare", "basic"]);
}

#[tokio::test]
async fn an_unconfirmed_hint_stays_unconfirmed_when_its_token_is_replaced() {
    let is_down = Arc::new(AtomicBool::new(true));
    let is_b_down = Arc::clone(&is_down);
    let server = RawServer::start(move |head| {
        let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        let bearer = format!(r#"WWW-Authenticate: Bearer realm="http://{host}/token""#);
        match (head.starts_with("get /v2/b/"), head.split("authorization: ").nth(1).unwrap_or_default()) {
            _ if head.starts_with("get /token") => {
                answer("200 OK", &[], r#"{"token": "testkit-token-x", "expires_in": 1}"#)
            }
            (true, shown) if shown.starts_with("basic") => answer("200 OK", &[], r#"{"tags": []}"#),
            (true, _) if is_b_down.load(Ordering::Relaxed) => Answer(Vec::new(), Then::Close),
            (true, _) => answer("401 X", &["WWW-Authenticate: Basic"], ""),
            (false, "") => answer("401 X", &[&bearer], ""),
            (false, _) => answer("200 OK", &[], r#"{"tags": []}"#),
        }
    })
    .await;
    let client = client(me());
    let repository = |name: &str| client.repository(&format!("{}/{name}", server.host)).unwrap();
    repository("a").tags(&Call::new()).await.unwrap();
    let b = repository("b");
    b.tags(&Call::new()).await.unwrap_err();
    is_down.store(false, Ordering::Relaxed);
    // A token that is good for a second is used for half of one.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let before = server.seen().len();
    b.tags(&Call::new()).await.unwrap();
    assert_eq!(shown(&server.seen()[before..]), ["token", "bearer", "bare", "basic"]);
}

#[tokio::test]
async fn an_open_repository_where_others_require_a_token_that_is_not_issued_for_it() {
    let (outcome, seen) = after_a_token(|head| match head {
        _ if head.starts_with("get /token") => answer("403 X", &[], ""),
        _ => answer("200 OK", &[], r#"{"tags": ["1.0.0"]}"#),
    })
    .await;
    outcome.unwrap();
    assert_eq!(shown(&seen), ["token", "bare"]);
}

#[tokio::test]
async fn a_repository_with_a_token_service_of_its_own() {
    let own = RawServer::start(|_| answer("200 OK", &[], r#"{"token": "testkit-token-own"}"#)).await;
    let challenge = format!("WWW-Authenticate: Bearer realm=\"{}/own\"", own.url());
    let (outcome, seen) = after_a_token(move |head| match head {
        _ if head.starts_with("get /token") => answer("200 OK", &[], r#"{"token": "testkit-token-b"}"#),
        _ if head.contains("bearer testkit-token-own") => answer("200 OK", &[], r#"{"tags": []}"#),
        _ if head.contains("authorization: ") => answer("403 X", &[], ""),
        _ => answer("401 X", &[&challenge], ""),
    })
    .await;
    outcome.unwrap();
    assert_eq!((shown(&seen), own.seen().len()), (vec!["token", "bearer", "bare", "bearer"], 1));
}

#[tokio::test]
async fn a_refusal_is_the_same_whether_others_came_before_or_not() {
    let open_to_a = || Registry::builder().bearer_for("me", "SECRET", ["demo/0"]);
    let basic = || Registry::builder().basic_for("me", "SECRET", ["demo/0"]);
    for (name, builder, requests) in [("token", open_to_a(), [3, 2]), ("basic", basic(), [2, 2])] {
        let registry = ten(builder);
        let mut errors = Vec::new();
        for (others_first, requests) in [false, true].into_iter().zip(requests) {
            let client = client(me());
            let repositories = repositories(&client, &registry);
            if others_first {
                repositories[0].tags(&Call::new()).await.unwrap();
            }
            let call = Call::new();
            let error = repositories[1].tags(&call).await.unwrap_err();
            assert!(call.meter.requests() <= requests, "{name}: {}", call.meter.requests());
            errors.push((error.kind(), error.to_string(), error.hint().map(str::to_owned)));
            check(&error, error.kind(), error.message());
        }
        assert_eq!(errors[0], errors[1], "{name}");
    }
    let registry = ten(Registry::builder().bearer("me", "SECRET"));
    let client = client(me());
    let repositories = repositories(&client, &registry);
    repositories[0].tags(&Call::new()).await.unwrap();
    registry.faults().add(When::path("/token"), warehouse_testkit::Fault::status(401));
    let call = Call::new();
    let error = repositories[1].tags(&call).await.unwrap_err();
    check(&error, ErrorKind::Unauthorized, "the registry's token service does not accept the credential");
    assert_eq!(call.meter.requests(), 2, "the service refused, and the registry asked for the same");
}

/// A user for each repository, by its URL.
#[derive(Debug)]
struct ByUrl(BTreeMap<String, &'static str>);

impl ByUrl {
    fn of<const N: usize>(registry: &Registry, users: [(&str, &'static str); N]) -> Self {
        let url = |(repository, user): (&str, _)| (format!("{}/{repository}", registry.host()), user);
        Self(users.into_iter().map(url).collect())
    }
}

#[async_trait::async_trait]
impl CredentialSource for ByUrl {
    async fn credential(&self, request: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
        let user = self.0.get(request.url);
        Ok(user.map(|user| Login::new(Credential::password(*user, "SECRET"), format!("Secret team/{user}"))))
    }

    fn hint(&self, request: &CredentialRequest<'_>) -> Option<String> {
        Some(format!("of {} Secrets none is for {}", self.0.len(), request.url))
    }
}

/// Two users with a repository each.
fn two_users(tokens: bool) -> Registry {
    let builder = Registry::builder();
    ten(if tokens {
        builder.bearer_for("me", "SECRET", ["demo/0"]).bearer_for("you", "SECRET", ["demo/1"])
    } else {
        builder.basic_for("me", "SECRET", ["demo/0"]).basic_for("you", "SECRET", ["demo/1"])
    })
}

#[tokio::test]
async fn two_credentials_for_two_repositories_of_one_registry_at_once() {
    for (tokens, each, issued) in [(true, 3, 2), (false, 2, 0)] {
        let registry = two_users(tokens);
        let source = ByUrl::of(&registry, [("demo/0", "me"), ("demo/1", "you")]);
        let client = RegistryClient::builder(http().build().unwrap()).credentials(source).build();
        let call = Call::new();
        let repositories = repositories(&client, &registry);
        let reads = repositories[..2].iter().map(|repository| repository.manifest("1.0.0", &call));
        for read in join_all(reads).await {
            read.unwrap();
        }
        assert_eq!((registry.tokens_issued(), call.meter.requests()), (issued, 2 * each));
        let seen = registry.log().all();
        for user in ["me", "you"] {
            let basic = format!("Basic {}", STANDARD.encode(format!("{user}:SECRET")));
            let times = seen.iter().filter(|request| request.header("authorization") == Some(&basic)).count();
            assert_eq!(times, 1, "{user}");
        }
    }
}

#[tokio::test]
async fn each_is_denied_with_the_credential_of_the_other() {
    for (tokens, kind) in [(true, ErrorKind::Unauthorized), (false, ErrorKind::Forbidden)] {
        let registry = two_users(tokens);
        let source = ByUrl::of(&registry, [("demo/0", "you"), ("demo/1", "me")]);
        let client = RegistryClient::builder(http().build().unwrap()).credentials(source).build();
        for (repository, user) in repositories(&client, &registry).iter().zip(["you", "me"]) {
            let error = repository.manifest("1.0.0", &Call::new()).await.unwrap_err();
            check(&error, kind, error.message());
            let hint = error.hint().unwrap();
            assert!(hint.contains(&format!("the credential of Secret team/{user}")), "{hint}");
        }
    }
}

#[tokio::test]
async fn a_denial_without_a_credential_has_the_hint_of_the_credential_source() {
    let registry = ten(Registry::builder().deny("demo/5"));
    let source = ByUrl::of(&registry, [("demo/0", "me")]);
    let client = RegistryClient::builder(http().build().unwrap()).credentials(source).build();
    let error = repositories(&client, &registry)[5].tags(&Call::new()).await.unwrap_err();
    let place = format!("{}/demo/5", registry.host());
    check(&error, ErrorKind::Forbidden, &format!("the registry denies access to {place}"));
    assert_eq!(
        error.hint().unwrap(),
        format!(
            "no credential was given for {place}; registries also answer like this if there is no such repository; \
             of 1 Secrets none is for {place}"
        )
    );
}

/// One repository under two names, so that one client reads it with two credentials.
#[tokio::test]
async fn answers_are_not_shared_between_credentials() {
    #[derive(Debug)]
    struct Two;
    #[async_trait::async_trait]
    impl CredentialSource for Two {
        async fn credential(&self, request: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
            let password = if request.url.starts_with("oci://") { "SECRET-but-wrong" } else { "SECRET" };
            Ok(Some(Credential::password("me", password).into()))
        }
    }
    let registry = with_image(Registry::builder().bearer("me", "SECRET"));
    let client = RegistryClient::builder(http().build().unwrap()).credentials(Two).build();
    let place = format!("{}/demo/app", registry.host());
    let (right, wrong) =
        (client.repository(&place).unwrap(), client.repository(&format!("oci://{place}")).unwrap());
    let call = Call::new();
    for _ in 0..2 {
        let (mine, theirs) = tokio::join!(right.tags(&call), wrong.tags(&call));
        assert!(mine.is_ok() && theirs.unwrap_err().is_auth());
        let (theirs, mine) = tokio::join!(wrong.manifest("1.0.0", &call), right.manifest("1.0.0", &call));
        assert!(mine.is_ok() && theirs.unwrap_err().is_auth());
        assert!(wrong.tags(&call).await.unwrap_err().is_auth() && right.tags(&call).await.is_ok());
    }
}

/// A read uses one credential from its first page to its last, even if the source changes its answer meanwhile.
#[tokio::test]
async fn a_read_resolves_its_credential_once() {
    #[derive(Debug, Default)]
    struct Counting(std::sync::atomic::AtomicU64);
    #[async_trait::async_trait]
    impl CredentialSource for Counting {
        async fn credential(&self, _: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
            self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Ok(Some(Credential::password("me", "SECRET").into()))
        }
    }
    let registry = Registry::builder().bearer("me", "SECRET").page_size(2).start().unwrap();
    for version in 0..6 {
        registry.image("demo/app").tag(format!("1.{version}.0")).push();
    }
    let source = std::sync::Arc::new(Counting::default());
    let client = RegistryClient::builder(http().build().unwrap()).credentials(source.clone()).build();
    let repository = client.repository(&format!("{}/demo/app", registry.host())).unwrap();
    let call = Call::new();
    assert_eq!(repository.tags(&call).await.unwrap().len(), 6);
    repository.manifest("1.0.0", &call).await.unwrap();
    assert_eq!(source.0.load(std::sync::atomic::Ordering::SeqCst), 2, "for three pages, and for a manifest");
}
