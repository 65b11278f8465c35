//! With a real registry: the right credential opens it, and a refusal says where the wrong one came from.

use artifact_credentials::{Chain, DockerConfig, KargoSecrets};
use artifact_http::{Call, CredentialSource, HttpClient};
use artifact_source::{ErrorKind, SourceKind};
use oci_registry::RegistryClient;
use warehouse_testkit::{Registry, RegistryBuilder, When};

use crate::setup::{in_full, pattern, secret, wait};

fn start(builder: RegistryBuilder, repositories: &[&str]) -> Registry {
    let registry = builder.start().unwrap();
    for repository in repositories {
        registry.image(*repository).tag("1.0.0").push();
    }
    registry
}

fn client(credentials: impl CredentialSource + 'static) -> RegistryClient {
    RegistryClient::builder(HttpClient::builder().build().unwrap()).credentials(credentials).build()
}

/// Reads a manifest; says whether that went well, or in full why not.
async fn read(client: &RegistryClient, registry: &Registry, repository: &str) -> String {
    let repository = client.repository(&format!("{}/{repository}", registry.host())).unwrap();
    match repository.manifest("1.0.0", &Call::new()).await {
        Ok(_) => "read".to_owned(),
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::Unauthorized | ErrorKind::Forbidden), "{error}");
            in_full(&error).replace(&registry.host(), "HOST")
        }
    }
}

fn config(text: &str, registry: &Registry) -> DockerConfig {
    DockerConfig::from_slice(text.replace("HOST", &registry.host()).as_bytes(), "config.json").unwrap()
}

#[test]
fn a_password_of_the_config() {
    let registry = start(Registry::builder().bearer("me", "hunter2"), &["demo/app"]);
    for key in ["HOST", "http://HOST/v1/", "https://HOST", "HOST/demo", "HOST/demo/app"] {
        let text = format!(r#"{{"auths": {{"{key}": {{"auth": "bWU6aHVudGVyMg=="}}}}}}"#);
        let client = client(config(&text, &registry));
        assert_eq!(wait(read(&client, &registry, "demo/app")), "read", "{key}");
    }
    let wrong = client(config(r#"{"auths": {"HOST": {"username": "me", "password": "wrong"}}}"#, &registry));
    let refusal = wait(read(&wrong, &registry, "demo/app"));
    assert!(refusal.contains("the credential of config.json was not accepted"), "{refusal}");
    let nobody = client(config(r#"{"auths": {"quay.io": {"username": "me", "password": "p"}}}"#, &registry));
    let refusal = wait(read(&nobody, &registry, "demo/app"));
    assert!(refusal.contains("config.json has nothing for HOST, only for quay.io"), "{refusal}");
}

#[test]
fn an_identity_token_is_exchanged() {
    let registry = start(Registry::builder().refresh_token("refresh+/="), &["demo/app"]);
    let text = r#"{"auths": {"HOST": {"auth": "MDAwMDo=", "identitytoken": "refresh+/="}}}"#;
    assert_eq!(wait(read(&client(config(text, &registry)), &registry, "demo/app")), "read");
    assert_eq!((registry.log().count(&When::post("/token")), registry.tokens_issued()), (1, 1));
}

#[cfg(unix)]
#[test]
fn a_helper_is_started_once_for_many_requests() {
    use crate::helpers::{Helpers, knows};

    for (builder, username, secret) in [
        (Registry::builder().bearer("me", "hunter2"), "me", "hunter2"),
        (Registry::builder().refresh_token("refresh"), "<token>", "refresh"),
    ] {
        let registry = start(builder, &["demo/app", "demo/web"]);
        let helpers = Helpers::new().with("it", &knows(username, secret));
        let client = client(helpers.config(r#"{"credsStore": "it"}"#));
        let reads = (0..64)
            .map(|index| read(&client, &registry, if index % 2 == 0 { "demo/app" } else { "demo/web" }));
        for answer in wait(futures::future::join_all(reads)) {
            assert_eq!(answer, "read");
        }
        assert_eq!(helpers.starts(), 1);
        assert_eq!(helpers.read("server").unwrap(), registry.host());
    }
}

#[cfg(unix)]
#[test]
fn a_helper_that_fails_is_named() {
    use crate::helpers::Helpers;

    let registry = start(Registry::builder().bearer("me", "hunter2"), &["demo/app"]);
    let helpers = Helpers::new().with("it", "echo 'the keychain is locked' >&2; exit 1");
    let client = client(helpers.config(r#"{"credsStore": "it"}"#));
    let repository = client.repository(&format!("{}/demo/app", registry.host())).unwrap();
    let error = wait(repository.manifest("1.0.0", &Call::new())).unwrap_err();
    assert!(error.to_string().starts_with("docker-credential-it failed for 127.0.0.1:"), "{error}");
    assert!(error.to_string().ends_with(" (exit status: 1); what it wrote is not shown"), "{error}");
    assert_eq!(registry.log().counters().requests, 0, "nothing is asked as nobody");
}

/// A registry in which each repository is another user's.
fn of_two() -> Registry {
    let builder =
        Registry::builder().bearer_for("app", "p1", ["demo/app"]).bearer_for("web", "p2", ["demo/web"]);
    start(builder, &["demo/app", "demo/web"])
}

#[test]
fn two_credentials_for_two_repositories_at_the_same_time() {
    let registry = of_two();
    let host = registry.host();
    let user = |place: &str, url: String, name: &str, password: &str| {
        secret(place, "image", url).with("username", name).with("password", password)
    };
    let exact = [
        user("team/app", format!("{host}/demo/app"), "app", "p1"),
        user("team/web", format!("{host}/demo/web"), "web", "p2"),
    ]
    .into_iter()
    .collect::<KargoSecrets>()
    .all_namespaces();
    // One exact URL, and a pattern for the rest.
    let mixed = [
        pattern("team/all", "image", format!("^{host}/demo/")).with("username", "web").with("password", "p2"),
        user("team/app", format!("{host}/demo/app"), "app", "p1"),
    ]
    .into_iter()
    .collect::<KargoSecrets>()
    .all_namespaces();
    let auths = config(
        r#"{"auths": {"HOST/demo/app": {"username": "app", "password": "p1"}, "HOST": {"username": "web", "password": "p2"}}}"#,
        &registry,
    );
    for client in [client(exact), client(mixed), client(auths)] {
        let before = registry.tokens_issued();
        let reads = (0..32)
            .map(|index| read(&client, &registry, if index % 2 == 0 { "demo/app" } else { "demo/web" }));
        for answer in wait(futures::future::join_all(reads)) {
            assert_eq!(answer, "read");
        }
        assert_eq!(registry.tokens_issued() - before, 2, "one for each of the two");
    }
}

#[test]
fn a_refusal_names_the_secret_or_the_reason_for_none() {
    let registry = of_two();
    let host = registry.host();
    let secrets = [secret("team/app", "image", format!("{host}/demo/app"))
        .with("username", "app")
        .with("password", "wrong")]
    .into_iter()
    .collect::<KargoSecrets>()
    .all_namespaces();
    let docker = config(r#"{"auths": {"quay.io": {"auth": "bWU6cA=="}}}"#, &registry);
    let client = client(Chain::new().with(secrets).with(docker));
    let wrong = wait(read(&client, &registry, "demo/app"));
    assert!(wrong.contains("the credential of Secret team/app was not accepted"), "{wrong}");
    let none = wait(read(&client, &registry, "demo/web"));
    let hint = "the only Secret for images does not have the repoURL HOST/demo/web; nearest: HOST/demo/app in Secret team/app; \
                config.json has nothing for HOST, only for quay.io";
    assert!(none.contains(hint), "{none}");
}

#[test]
fn a_chart_has_secrets_of_its_own() {
    let registry = start(Registry::builder().bearer("me", "hunter2"), &["charts/web"]);
    let secrets = |cred_type: &str| -> KargoSecrets {
        [secret("team/charts", cred_type, format!("oci://{}/charts/web", registry.host()))]
            .into_iter()
            .collect::<KargoSecrets>()
            .all_namespaces()
    };
    let charts = |secrets| {
        let http = HttpClient::builder().build().unwrap();
        RegistryClient::builder(http).credentials(secrets).kind(SourceKind::Chart).build()
    };
    assert_eq!(wait(read(&charts(secrets("helm")), &registry, "charts/web")), "read");
    let refusal = wait(read(&charts(secrets("image")), &registry, "charts/web"));
    let hint = "Secret team/charts has it, but its label is not kargo.akuity.io/cred-type: helm but image";
    assert!(refusal.contains(hint), "{refusal}");
}
