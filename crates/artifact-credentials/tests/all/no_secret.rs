//! Whatever is shown holds no secret.

use std::fmt::Write as _;

use artifact_credentials::{Chain, DockerConfig, KargoSecret, KargoSecrets};
use artifact_http::{CredentialRequest, CredentialSource, Identity};
use artifact_source::SourceKind::{self, Chart, Git, Image};

use crate::setup::{in_full, wait};

const MARK: &str = "SECRET";
/// `SECRET` in base64, `me:SECRET` in base64.
const ENCODED: [&str; 2] = ["U0VDUkVU", "bWU6U0VDUkVU"];

/// Everything that a source shows about these repositories.
fn shown(source: &impl CredentialSource, repositories: &[(SourceKind, &str)]) -> String {
    let mut shown = format!("{source:?} {source:#?}");
    for (kind, url) in repositories {
        let request = CredentialRequest::new(kind, url);
        let answer = wait(source.credential(&request));
        let hint = source.hint(&request);
        match &answer {
            Ok(Some(login)) => write!(shown, "{login:?} {login} {}", login.found_in),
            Ok(None) => write!(shown, "none"),
            Err(error) => write!(shown, "{} {error:?}", in_full(error)),
        }
        .unwrap();
        let identity = wait(Identity::resolve(source, &request));
        let scope = identity.as_ref().map(Identity::scope);
        write!(shown, "{request:?} {hint:?} {identity:?} {scope:?}").unwrap();
    }
    shown
}

#[track_caller]
fn check(shown: &str) {
    for secret in [MARK].iter().chain(&ENCODED) {
        assert!(!shown.contains(secret), "{secret} is shown: {shown}");
    }
}

#[test]
fn of_a_docker_config() {
    for entry in [
        r#"{"auth": "bWU6U0VDUkVU"}"#,
        r#"{"auth": "bWU6U0VDUkVU?"}"#,
        r#"{"auth": "U0VDUkVU"}"#,
        r#"{"auth": {"x": "SECRET"}}"#,
        r#"{"username": "me", "password": "SECRET"}"#,
        r#"{"username": 1, "password": "SECRET"}"#,
        r#"{"identitytoken": "SECRET"}"#,
        r#"{"registrytoken": "SECRET"}"#,
        r#""SECRET""#,
    ] {
        let text = format!(r#"{{"auths": {{"ghcr.io": {entry}}}}}"#);
        let config = DockerConfig::from_slice(text.as_bytes(), "config.json").unwrap();
        check(&shown(&config, &[(Image, "ghcr.io/a"), (Image, "quay.io/a")]));
    }
    for damaged in [
        r#"{"auths": {"ghcr.io": {"auth": SECRET}}}"#,
        r#"{"auths": {"ghcr.io": {"auth": "SECRET"#,
        r#""SECRET""#,
        r#"{"auths": "SECRET"}"#,
        r#"{"credHelpers": {"ghcr.io": {"x": "SECRET"}}}"#,
        r#"{"credsStore": ["SECRET"]}"#,
    ] {
        let error = DockerConfig::from_slice(damaged.as_bytes(), "config.json").unwrap_err();
        check(&format!("{} {error:?}", in_full(&error)));
    }
}

#[test]
fn of_secrets() {
    let base = |cred_type: &str| KargoSecret::new("team", "s", cred_type).with("repoURL", "ghcr.io/a");
    let repositories = [(Image, "ghcr.io/a"), (Git, "ghcr.io/a"), (Chart, "ghcr.io/a"), (Image, "ghcr.io/b")];
    for secret in [
        base("image").with("username", "me").with("password", MARK),
        base("image").with("password", MARK),
        base("image").with("username", "me").with("password", format!("{MARK}\n")),
        base("image").with("username", "me").with("password", [MARK.as_bytes(), &[0xff]].concat()),
        base("git").with("sshPrivateKey", MARK),
        base("git").with("githubAppPrivateKey", MARK),
        base("image").with("awsSecretAccessKey", MARK),
        base("helm").with("gcpServiceAccountKey", MARK),
        base("SECRETS-are-labelled".trim_start_matches(MARK)).with("password", MARK),
        base("image")
            .with("repoURL", "https://me:SECRET@ghcr.io/a")
            .with("username", "me")
            .with("password", MARK),
        base("image").with("repoURL", "(SECRET").with("repoURLIsRegex", "true"),
    ] {
        check(&format!("{secret} {secret:?}"));
        let secrets = [secret].into_iter().collect::<KargoSecrets>().all_namespaces();
        check(&format!("{:?}", secrets.problems()));
        check(&shown(&secrets, &repositories));
        check(&shown(&Chain::new().with(secrets), &repositories));
    }
}

#[test]
fn of_manifests() {
    let manifest = |rest: &str| {
        format!("kind: Secret\nmetadata: {{name: s, labels: {{kargo.akuity.io/cred-type: image}}}}\n{rest}\n")
    };
    for rest in [
        "data: {repoURL: Z2hjci5pby9h, username: bWU=, password: U0VDUkVU}",
        "data: {repoURL: Z2hjci5pby9h, username: bWU=, password: SECRET}",
        "stringData: {repoURL: ghcr.io/a, username: me, password: {x: SECRET}}",
        "stringData: {repoURL: ghcr.io/a, username: me, password: [SECRET]}",
        "stringData: {repoURL: [SECRET]}",
        "stringData: SECRET",
    ] {
        let secrets = KargoSecrets::from_yaml(&manifest(rest), "secrets.yaml").unwrap().all_namespaces();
        check(&format!("{:?}", secrets.problems()));
        check(&shown(&secrets, &[(Image, "ghcr.io/a"), (Image, "ghcr.io/b")]));
    }
    for damaged in [
        "stringData: {password: SECRET",
        "\tSECRET",
        "x: *SECRET",
        "x: !!int SECRET",
        "x: 'SECRET",
        "SECRET: 1\nSECRET: 2",
    ] {
        if let Err(error) = KargoSecrets::from_yaml(&manifest(damaged), "secrets.yaml") {
            check(&format!("{} {error:?}", in_full(&error)));
        }
    }
}

#[cfg(unix)]
#[test]
fn of_helpers() {
    use crate::helpers::{Helpers, knows};

    for script in [
        knows("me", MARK),
        knows("<token>", MARK),
        format!("{}; exit 1", knows("me", MARK)),
        format!("{}; echo more", knows("me", MARK)),
        "echo SECRET; exit 0".to_owned(),
        "echo 'password=SECRET'; exit 1".to_owned(),
        "echo 'the token is SECRET' >&2; exit 1".to_owned(),
        "echo 'GET https://me:SECRET@ghcr.io/v2/?token=SECRET: 401' >&2; exit 1".to_owned(),
        "echo 'Authorization: Basic bWU6U0VDUkVU' >&2; exit 1".to_owned(),
        "echo '{\"Secret\":\"SECRET\"'; exit 1".to_owned(),
        "echo SECRET; exit 1".to_owned(),
        "echo SECRET >&2; exit 3".to_owned(),
        "echo 'login failed for me:SECRET' >&2; exit 1".to_owned(),
        "echo 'Username=me Secret=SECRET'; kill -9 $$".to_owned(),
    ] {
        let helpers = Helpers::new().with("it", &script);
        let config = helpers.config(r#"{"credsStore": "it"}"#);
        check(&shown(&config, &[(Image, "ghcr.io/a")]));
    }
}
