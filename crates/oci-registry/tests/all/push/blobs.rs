//! What a blob costs, and what it is sent with.

use artifact_http::Call;
use artifact_source::ErrorKind;
use oci_registry::BlobPush;
use warehouse_testkit::{Fault, Registry, RegistryBuilder, Reply, When};

use super::{assert_stored, blob, methods, repository, uploads};
use crate::hostile::hint;
use crate::setup::{check, client, me};

#[tokio::test]
async fn a_blob_is_3_requests_and_1_again() {
    let registry = Registry::start().unwrap();
    let repository = repository(&registry, None);
    for size in [0, 1, 5000, 3 << 20] {
        let (bytes, call) = (blob(size), Call::new());
        assert_eq!(repository.push_blob(bytes.clone(), &call).await.unwrap(), BlobPush::Sent);
        assert_eq!(methods(&registry), "HEAD POST PUT", "{size}");
        let put = &uploads(&registry, "PUT")[0];
        assert_eq!(put.header("content-type"), Some("application/octet-stream"));
        assert_eq!(
            (put.header("content-length"), put.header("content-range")),
            (Some(&*size.to_string()), None)
        );
        let posted = registry.log().matching(&When::post("/v2/demo/app/blobs/uploads/"));
        assert_eq!(posted[0].header("content-length"), Some("0"), "some registries require it");
        assert_stored(&registry, &bytes);
        registry.log().clear();

        assert_eq!(repository.push_blob(bytes, &call).await.unwrap(), BlobPush::AlreadyThere);
        assert_eq!(methods(&registry), "HEAD");
        assert_eq!(call.meter.requests(), 3 + 1);
        registry.log().clear();
    }
}

#[tokio::test]
async fn one_token_serves_a_push_and_its_scope_is_pull_and_push() {
    let registry = Registry::builder().bearer("me", "SECRET").start().unwrap();
    let client = client(me());
    let push = async |name: &str| {
        let repository = client.repository(&format!("{}/{name}", registry.host())).unwrap().for_push();
        repository.push_blob(blob(10), &Call::new()).await.unwrap();
        let seen = methods(&registry);
        let tokens = registry.log().matching(&When::get("/token"));
        let query = tokens[0].query.clone().unwrap();
        registry.log().clear();
        (seen, query)
    };
    let (seen, query) = push("demo/app").await;
    assert_eq!(seen, "HEAD GET HEAD POST PUT");
    assert_eq!(query, "service=testkit&scope=repository%3Ademo%2Fapp%3Apull%2Cpush");
    let (seen, query) = push("demo/other").await;
    assert_eq!(seen, "GET HEAD POST PUT", "the challenge is known");
    assert_eq!(query, "service=testkit&scope=repository%3Ademo%2Fother%3Apull%2Cpush");
}

#[tokio::test]
async fn reads_are_never_with_a_token_to_push() {
    let registry = Registry::builder().bearer("me", "SECRET").start().unwrap();
    let client = client(me());
    let repository = client.repository(&format!("{}/demo/app", registry.host())).unwrap();
    repository.clone().for_push().push_blob(blob(10), &Call::new()).await.unwrap();
    registry.log().clear();
    assert!(repository.manifest("1.0.0", &Call::new()).await.unwrap_err().is_not_found());
    let tokens = registry.log().matching(&When::get("/token"));
    assert_eq!(tokens[0].query.as_deref(), Some("service=testkit&scope=repository%3Ademo%2Fapp%3Apull"));
}

#[tokio::test]
async fn pushes_at_once_share_one_token() {
    let registry = Registry::builder().bearer("me", "SECRET").start().unwrap();
    let (repository, call) = (repository(&registry, me()), Call::new());
    let push = async |number: usize| repository.push_blob(blob(100 + number), &call).await;
    for pushed in futures::future::join_all((0..32).map(push)).await {
        assert_eq!(pushed.unwrap(), BlobPush::Sent);
    }
    assert_eq!(registry.tokens_issued(), 1);
    assert_eq!(call.meter.requests(), 1 + 1 + 3 * 32);
}

#[tokio::test]
async fn authentication_schemes() {
    let cases: [(&str, RegistryBuilder, &str); 3] = [
        ("open", Registry::builder(), "HEAD POST PUT"),
        ("basic", Registry::builder().basic("me", "SECRET"), "HEAD HEAD POST PUT"),
        (
            "anyone may pull",
            Registry::builder().anonymous_bearer().bearer("me", "SECRET"),
            "HEAD GET HEAD POST PUT",
        ),
    ];
    for (name, builder, expected) in cases {
        let registry = builder.start().unwrap();
        repository(&registry, me()).push_blob(blob(10), &Call::new()).await.unwrap();
        assert_eq!(methods(&registry), expected, "{name}");
    }
}

#[tokio::test]
async fn a_token_that_expires_within_a_push_is_replaced_once() {
    for forbidden in [false, true] {
        let mut builder = Registry::builder().bearer("me", "SECRET");
        if forbidden {
            builder = builder.expired_is_forbidden();
        }
        let registry = builder.start().unwrap();
        let repository = repository(&registry, me());
        repository.push_blob(blob(10), &Call::new()).await.unwrap();
        registry.log().clear();
        registry.expire_tokens();
        repository.push_blob(blob(20), &Call::new()).await.unwrap();
        assert_eq!(methods(&registry), "HEAD GET HEAD POST PUT", "forbidden: {forbidden}");
    }
    let registry = Registry::builder().bearer("me", "SECRET").start().unwrap();
    let challenge = format!("Bearer realm=\"{}/token\",service=\"testkit\"", registry.url());
    let refusal = Reply::status(401).header("www-authenticate", challenge);
    let put = || When::path("/v2/**/blobs/uploads/*").method("PUT");
    registry.faults().add(put().nth(1), refusal.clone());
    let repository = repository(&registry, me());
    repository.push_blob(blob(10), &Call::new()).await.unwrap();
    assert_eq!(methods(&registry), "HEAD GET HEAD POST PUT GET PUT");
    assert_stored(&registry, &blob(10));

    registry.faults().add(put(), refusal);
    registry.log().clear();
    let error = repository.push_blob(blob(30), &Call::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(methods(&registry), "HEAD POST PUT GET PUT", "asked for again once");
    hint(&error, "was not accepted: is it still valid, and may it push to");
}

#[tokio::test]
async fn who_may_not_push_is_told_so() {
    let registry = Registry::builder().anonymous_bearer().bearer("me", "SECRET").start().unwrap();
    let error = repository(&registry, None).push_blob(blob(10), &Call::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthorized, Some(401)));
    assert!(
        error.message().starts_with("the registry requires authentication to push the blob sha256:"),
        "{error}"
    );
    hint(&error, "no credential was given for");

    let registry = Registry::builder().basic("me", "SECRET").deny("demo/app").start().unwrap();
    let error = repository(&registry, me()).push_blob(blob(10), &Call::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Forbidden, Some(403)));
    hint(&error, &format!("may the credential push to {}/demo/app?", registry.host()));

    // A token service gives a token that only pulls.
    let registry = Registry::builder().bearer_for("me", "SECRET", ["demo/other"]).start().unwrap();
    let error = repository(&registry, me()).push_blob(blob(10), &Call::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    hint(&error, "may it push to");
}

#[tokio::test]
async fn what_a_registry_says_about_a_push_has_a_remedy() {
    let post = || When::post("/v2/**/blobs/uploads/");
    let cases: [(Reply, ErrorKind, &str, &str); 6] = [
        (
            Reply::status(404)
                .oci_error("NAME_UNKNOWN", "The repository with name 'demo/app' does not exist"),
            ErrorKind::NotFound,
            "there is no repository HOST/demo/app to push the blob",
            "aws ecr create-repository --repository-name demo/app",
        ),
        (
            Reply::status(507).body("x"),
            ErrorKind::Server,
            "the registry of HOST/demo/app has no space for the blob",
            "free space at the registry",
        ),
        (
            Reply::status(412)
                .oci_error("PRECONDITION", "will exceed the configured upper limit of the quota"),
            ErrorKind::Refused,
            "the registry of HOST/demo/app has no space for the blob",
            "raise the quota",
        ),
        (
            Reply::status(500).oci_error("UNKNOWN", "mkdir /x: no space left on device"),
            ErrorKind::Server,
            "the registry of HOST/demo/app has no space for the blob",
            "free space at the registry",
        ),
        (
            Reply::status(403).oci_error("DENIED", "requested access to the resource is denied"),
            ErrorKind::Forbidden,
            "the registry does not let the blob",
            "no credential was given for HOST/demo/app",
        ),
        (Reply::status(405), ErrorKind::BadAnswer, "the registry of HOST/demo/app did not take the blob", ""),
    ];
    for (reply, kind, message, remedy) in cases {
        let registry = Registry::start().unwrap();
        registry.faults().add(post(), reply);
        let error = repository(&registry, None).push_blob(blob(10), &Call::new()).await.unwrap_err();
        let host = registry.host();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.message().starts_with(&message.replace("HOST", &host)), "{error}");
        if !remedy.is_empty() {
            hint(&error, &remedy.replace("HOST", &host));
        }
    }
}

#[tokio::test]
async fn no_error_has_the_credential() {
    for (builder, said) in [
        (Registry::builder().basic("me", "SECRET"), "no: SECRET, Basic bWU6U0VDUkVU"),
        (Registry::builder().bearer("me", "SECRET"), "no: SECRET, Bearer testkit-token-1"),
    ] {
        let registry = builder.start().unwrap();
        let refused = Reply::status(400).oci_error("UNSUPPORTED", said);
        registry.faults().add(When::path("/v2/**/blobs/uploads/*").method("PUT"), refused);
        let error = repository(&registry, me()).push_blob(blob(10), &Call::new()).await.unwrap_err();
        let message = error.message().to_owned();
        check(&error, ErrorKind::BadAnswer, &message);
        assert!(!format!("{error:?}").contains("bWU6U0VDUkVU"), "{error:?}");
    }
    let registry = Registry::start().unwrap();
    let signed = format!("{}/v2/demo/app/blobs/uploads/upload-1?X-Amz-Signature=SECRET", registry.url());
    let located = Fault::Header { name: "location".into(), value: signed };
    registry.faults().add(When::post("/v2/**/blobs/uploads/"), located);
    registry.faults().add(When::path("/v2/**/blobs/uploads/*").method("PUT"), Fault::status(400));
    let error = repository(&registry, None).push_blob(blob(10), &Call::new()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
}
