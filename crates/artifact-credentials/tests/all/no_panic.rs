//! Whatever the bytes, there is an answer.

use artifact_credentials::{DockerConfig, KargoSecret, KargoSecrets};
use artifact_http::{CredentialRequest, CredentialSource, Url, is_loopback};
use artifact_source::SourceKind::{self, Chart, Git, Image, Other};
use proptest::prelude::*;

use crate::setup::{in_full, wait};

fn kind() -> impl Strategy<Value = SourceKind> {
    prop_oneof![Just(Image), Just(Git), Just(Chart), Just(Other("wasm".into()))]
}

/// Text that is likely to mean something to one parser or the other.
fn likely(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    let word = prop_oneof![4 => prop::sample::select(words).prop_map(str::to_owned), 1 => ".{0,4}"];
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

fn url() -> impl Strategy<Value = String> {
    let parts = &[
        "ghcr.io",
        "docker.io",
        "oci://",
        "https://",
        "http://",
        "/",
        ":",
        "@",
        "a",
        "library",
        ".git",
        "?",
        "[::1]",
        "5000",
        "é",
    ];
    likely(parts)
}

fn ask(source: &impl CredentialSource, kind: &SourceKind, url: &str) {
    let request = CredentialRequest::new(kind, url);
    let found = wait(source.credential(&request));
    let hint = source.hint(&request);
    let shown = found.as_ref().err().map(in_full);
    for shown in shown.iter().chain(&hint) {
        assert!(!shown.contains(char::is_control), "{shown:?}");
    }
    assert!(!format!("{found:?} {hint:?} {source:?}").is_empty());
}

const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"auths\"",
    "\"auth\"",
    "\"credHelpers\"",
    "\"ghcr.io\"",
    "\"https://index.docker.io/v1/\"",
    "\"bWU6cA==\"",
    "\"identitytoken\"",
    "null",
    "1",
    "\"\"",
    "\"\\u0000\"",
];

const YAML: &[&str] = &[
    "kind: Secret\n",
    "kind: List\n",
    "items:\n",
    "- ",
    "  ",
    "\n",
    "metadata:\n",
    "labels:\n",
    "kargo.akuity.io/cred-type: image\n",
    "data:\n",
    "stringData:\n",
    "repoURL: ghcr.io/a\n",
    "password: cA==\n",
    "{",
    "}",
    "---\n",
    "&a ",
    "*a",
    "<<: ",
    "!!binary ",
    "|\n",
    "? ",
];

proptest! {
    #[test]
    fn any_bytes_are_a_config_or_an_error(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = DockerConfig::from_slice(&text, "config.json");
        let _ = KargoSecrets::from_yaml(&String::from_utf8_lossy(&text), "secrets.yaml");
    }

    #[test]
    fn any_config_answers_for_any_url(text in likely(JSON), kind in kind(), url in url()) {
        // A helper could be named, and none is to be started.
        let nowhere: [&str; 0] = [];
        if let Ok(config) = DockerConfig::from_slice(text.as_bytes(), "config.json") {
            ask(&config.helper_path(nowhere), &kind, &url);
        }
    }

    #[test]
    fn any_key_answers_for_any_url(key in url(), auth in "\\PC{0,12}", kind in kind(), url in url()) {
        let text = serde_json::json!({"auths": {key: {"auth": auth}}}).to_string();
        ask(&DockerConfig::from_slice(text.as_bytes(), "config.json").unwrap(), &kind, &url);
    }

    #[test]
    fn any_manifest_answers_for_any_url(text in likely(YAML), kind in kind(), url in url()) {
        if let Ok(secrets) = KargoSecrets::from_yaml(&text, "secrets.yaml") {
            let _ = secrets.problems();
            ask(&secrets, &kind, &url);
        }
    }

    #[test]
    fn any_secret_answers_for_any_url(
        repo_urls in prop::collection::vec((url(), any::<bool>(), prop::sample::select(vec!["git", "helm", "image", "", "x"])), 0..4),
        kind in kind(),
        url in url(),
    ) {
        let secrets = repo_urls
            .into_iter()
            .enumerate()
            .map(|(index, (repo_url, is_regex, cred_type))| {
                let secret = KargoSecret::new("team", format!("s{index}"), cred_type).with("repoURL", repo_url);
                let secret = if is_regex { secret.with("repoURLIsRegex", "true") } else { secret };
                secret.with("username", "me").with("password", "p")
            })
            .collect::<KargoSecrets>()
            .all_namespaces();
        let _ = secrets.problems();
        ask(&secrets, &kind, &url);
    }

    /// The exact URL finds its Secret, and where none is found a hint says why.
    #[test]
    fn what_is_asked_for_as_it_is_written_is_found(repo_url in url(), kind in prop_oneof![Just(Image), Just(Git)]) {
        let cred_type = if kind == Git { "git" } else { "image" };
        let secret = KargoSecret::new("team", "s", cred_type).with("repoURL", &*repo_url);
        let secret = secret.with("username", "me").with("password", "p");
        let secrets = [secret].into_iter().collect::<KargoSecrets>().all_namespaces();
        let request = CredentialRequest::new(&kind, &repo_url);
        let found = wait(secrets.credential(&request)).unwrap();
        let is_ambiguous = |letter: char| letter == '\\' || letter.is_whitespace() || letter.is_control();
        let is_here = Url::parse(&repo_url).is_ok_and(|url| is_loopback(&url)) && !repo_url.contains(is_ambiguous);
        let is_odd = secrets.hint(&request).is_some_and(|hint| hint.starts_with("no Secret is for a repoURL that "));
        let is_refused = is_odd || repo_url.starts_with("http://") && !is_here || repo_url.trim().is_empty();
        prop_assert_eq!(found.is_none(), is_refused);
        prop_assert_eq!(found.is_none(), secrets.hint(&request).is_some());
    }
}
