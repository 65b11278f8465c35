//! Which Secret counts for a repository.

use artifact_credentials::{KargoSecret, KargoSecrets};
use artifact_http::{CredentialRequest, CredentialSource, Identity, Tenant};
use artifact_source::Principal;
use artifact_source::SourceKind::{self, Chart, Git, Image};

use crate::setup::{in_full, look_up, look_up_for, pattern, secret, shown, wait};

/// The place of the Secret that is found, or what else came of it.
fn found(secrets: &KargoSecrets, kind: SourceKind, url: &str) -> String {
    match wait(look_up(secrets, &kind, url)) {
        Ok(found) => found.strip_prefix("me:hunter2 of Secret ").unwrap_or(&found).to_owned(),
        Err(error) => in_full(&error),
    }
}

#[track_caller]
fn check(secrets: impl IntoIterator<Item = KargoSecret>, kind: SourceKind, url: &str, expected: &str) {
    let secrets = secrets.into_iter().collect::<KargoSecrets>().all_namespaces();
    assert_eq!(found(&secrets, kind, url), expected, "{url}");
}

/// A Secret whose `repoURL` is the first, asked for the second.
#[track_caller]
fn same(cred_type: &str, kind: SourceKind, repo_url: &str, url: &str) {
    check([secret("t/s", cred_type, repo_url)], kind, url, "t/s");
}

#[track_caller]
fn other(cred_type: &str, kind: SourceKind, repo_url: &str, url: &str) {
    check([secret("t/s", cred_type, repo_url)], kind, url, "nothing");
}

#[test]
fn urls_are_compared_in_the_normal_form_of_their_type() {
    same("image", Image, "ghcr.io/a/b", "ghcr.io/a/b");
    same("image", Image, "GHCR.io/a/b", "ghcr.io/a/b");
    same("image", Image, "docker.io/library/nginx", "nginx");
    same("image", Image, "ghcr.io/a/b:1.2.3", "ghcr.io/a/b");
    same("image", Image, " ghcr.io/a/b\n", "ghcr.io/a/b");
    same("image", Image, "localhost:5000/a/b", "localhost:5000/a/b");
    other("image", Image, "ghcr.io/a", "ghcr.io/a/b");
    other("image", Image, "ghcr.io/a/b", "ghcr.io/a");
    other("image", Image, "https://ghcr.io/a/b", "ghcr.io/a/b");
    other("image", Image, "localhost:5000/a/b", "localhost:5001/a/b");

    same("git", Git, "https://github.com/a/b.git", "https://github.com/a/b");
    same("git", Git, "https://GitHub.com/A/B/", "https://github.com/a/b");
    same("git", Git, "git@github.com:a/b.git", "ssh://git@github.com/a/b");
    other("git", Git, "git@github.com:a/b.git", "https://github.com/a/b");
    other("git", Git, "https://github.com/a", "https://github.com/a/b");

    same("helm", Chart, "https://charts.example.com", "https://charts.example.com");
    same("helm", Chart, "oci://ghcr.io/a/b", "oci://ghcr.io/a/b");
    same("helm", Chart, "oci://GHCR.io/a/b", "ghcr.io/a/b");
    same("helm", Chart, "ghcr.io/a/b", "oci://ghcr.io/a/b");
    same("helm", Chart, "oci://127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b");
    other("helm", Chart, "https://charts.example.com/", "https://charts.example.com");
}

#[test]
fn a_secret_is_for_its_type_only() {
    let all = || {
        ["git", "helm", "image"].map(|cred_type| secret(&format!("t/{cred_type}"), cred_type, "ghcr.io/a/b"))
    };
    check(all(), Image, "ghcr.io/a/b", "t/image");
    check(all(), Chart, "oci://ghcr.io/a/b", "t/helm");
    check(all(), Git, "ghcr.io/a/b", "t/git");
    check(all(), SourceKind::Other("wasm".into()), "ghcr.io/a/b", "nothing");
    check([secret("t/s", "generic", "ghcr.io/a/b")], Image, "ghcr.io/a/b", "nothing");
    check([secret("t/s", "Image", "ghcr.io/a/b")], Image, "ghcr.io/a/b", "nothing");
    check([secret("t/s", "", "ghcr.io/a/b")], Image, "ghcr.io/a/b", "nothing");
}

#[test]
fn a_pattern_is_tried_on_the_url_as_written_and_in_its_normal_form() {
    let matches = |repo_url: &str, kind, url: &str, expected| {
        let cred_type = match kind {
            Git => "git",
            Chart => "helm",
            _ => "image",
        };
        check([pattern("t/s", cred_type, repo_url)], kind, url, expected);
    };
    matches("^ghcr.io/a/", Image, "ghcr.io/a/b", "t/s");
    matches("ghcr.io/a", Image, "ghcr.io/a/b", "t/s");
    matches("^ghcr.io/a$", Image, "ghcr.io/a/b", "nothing");
    matches("^https://github.com/A/", Git, "https://github.com/A/b.git", "t/s");
    matches("^https://github.com/a/", Git, "https://github.com/A/b.git", "t/s");
    matches("b$", Git, "https://github.com/a/b.git", "t/s");
    matches("^https://github.com/b/", Git, "https://github.com/A/b.git", "nothing");
    // The client of registries has no scheme any more; the subscription had one, and so has the pattern.
    matches("^oci://ghcr.io/", Chart, "ghcr.io/a/b", "t/s");
    matches("^oci://ghcr.io/", Chart, "oci://ghcr.io/a/b", "t/s");
    matches("^ghcr.io/", Chart, "oci://ghcr.io/a/b", "t/s");
    // Go's syntax.
    matches(r"^ghcr\.io/\Qa\E/[[:alpha:]]+$", Image, "ghcr.io/a/b", "t/s");
    matches(r"(?i)^GHCR", Image, "ghcr.io/a/b", "t/s");
    // A pattern that does not compile is passed over.
    matches("ghcr.io/(a", Image, "ghcr.io/a/b", "nothing");
    matches("(?=a)", Image, "ghcr.io/a/b", "nothing");
}

#[test]
fn only_true_makes_a_pattern() {
    for value in ["True", "TRUE", "yes", "1", " true", "true\n", "false", ""] {
        let secret = secret("t/s", "image", "^ghcr.io/").with("repoURLIsRegex", value);
        check([secret], Image, "ghcr.io/a/b", "nothing");
    }
    check([secret("t/s", "image", "ghcr.io/a").with("repoURLIsRegex", "no")], Image, "ghcr.io/a", "t/s");
}

#[test]
fn exact_before_pattern_and_the_first_by_name() {
    let exact = |place: &str| secret(place, "image", "ghcr.io/a/b");
    let regex = |place: &str| pattern(place, "image", "^ghcr.io/a/");
    check([exact("t/z"), regex("t/a")], Image, "ghcr.io/a/b", "t/z");
    check([exact("t/z"), exact("t/B"), exact("t/a")], Image, "ghcr.io/a/b", "t/B");
    check([regex("t/z"), regex("t/a"), exact("t/b")], Image, "ghcr.io/a/c", "t/a");
    // The same Secret again replaces the first one.
    let again = secret("t/a", "image", "ghcr.io/a/c");
    check([exact("t/a"), again.clone()], Image, "ghcr.io/a/b", "nothing");
    check([exact("t/a"), again], Image, "ghcr.io/a/c", "t/a");
}

fn five() -> KargoSecrets {
    [
        secret("shared/exact", "image", "ghcr.io/a/b"),
        pattern("team/pattern", "image", "^ghcr.io/a/"),
        secret("other/exact", "image", "quay.io/a/b"),
        secret("other/all", "image", "ghcr.io/a/b"),
        secret("nowhere", "image", "ghcr.io/x/y"),
    ]
    .into_iter()
    .collect()
}

/// What each tenant gets for a repository.
#[track_caller]
fn of_tenants<const N: usize>(secrets: &KargoSecrets, url: &str, expected: [(&str, &str); N]) {
    for (tenant, expected) in expected {
        let found = wait(look_up_for(tenant, secrets, &Image, url)).unwrap();
        let found = found.strip_prefix("me:hunter2 of Secret ").unwrap_or(&found);
        assert_eq!(found, expected, "{tenant:?} {url}");
    }
}

#[test]
fn a_tenant_gets_the_secrets_of_its_own_namespace_and_the_shared_ones() {
    let alone = five();
    of_tenants(
        &alone,
        "ghcr.io/a/b",
        [
            ("team", "team/pattern"),
            ("other", "other/all"),
            ("third", "nothing"),
            ("", "nothing"),
            ("Team", "nothing"),
            ("team/pattern", "nothing"),
            ("shared", "shared/exact"),
        ],
    );
    of_tenants(&alone, "quay.io/a/b", [("team", "nothing"), ("other", "other/exact"), ("", "nothing")]);
    let shared = five().shared_namespaces(["shared"]);
    let own_first = [("team", "team/pattern"), ("other", "other/all"), ("third", "shared/exact")];
    of_tenants(&shared, "ghcr.io/a/b", own_first);
    of_tenants(&shared, "quay.io/a/b", [("team", "nothing"), ("third", "nothing")]);
    of_tenants(&shared, "ghcr.io/a/b", [("", "nothing")]);
    // Of several the first that was named.
    let two = five().shared_namespaces(["other", "shared"]);
    of_tenants(
        &two,
        "ghcr.io/a/b",
        [("team", "team/pattern"), ("third", "other/all"), ("shared", "shared/exact")],
    );
}

#[test]
fn secrets_without_a_namespace_are_for_requests_without_a_tenant() {
    let url = "ghcr.io/x/y";
    of_tenants(&five(), url, [("", "nowhere"), ("team", "nothing"), ("nowhere", "nothing")]);
    let shared = five().shared_namespaces(["shared", ""]);
    of_tenants(&shared, url, [("", "nowhere"), ("team", "nowhere")]);
    let hint = five().hint(&CredentialRequest::new(&Image, "ghcr.io/a/b")).unwrap();
    assert_eq!(
        hint,
        "the only Secret for images does not have the repoURL ghcr.io/a/b; nearest: ghcr.io/x/y in Secret nowhere"
    );
    let secrets: KargoSecrets = [secret("team/s", "image", "ghcr.io/a/b")].into_iter().collect();
    let hint = secrets.hint(&CredentialRequest::new(&Image, "ghcr.io/a/b")).unwrap();
    assert_eq!(hint, "no Secret of a namespace is used, because the Warehouse is in none");
}

#[test]
fn one_owner_of_all_namespaces_has_its_own_order() {
    let all: KargoSecrets = [
        secret("other/all", "image", "ghcr.io/all"),
        secret("team/all", "image", "ghcr.io/all"),
        secret("shared/all", "image", "ghcr.io/all"),
        secret("all", "image", "ghcr.io/all"),
        secret("shared/two", "image", "ghcr.io/two"),
        secret("two", "image", "ghcr.io/two"),
        secret("other/three", "image", "ghcr.io/three"),
        secret("shared/three", "image", "ghcr.io/three"),
        secret("other/four", "image", "ghcr.io/four"),
    ]
    .into_iter()
    .collect::<KargoSecrets>()
    .shared_namespaces(["shared"])
    .all_namespaces();
    of_tenants(
        &all,
        "ghcr.io/all",
        [("team", "team/all"), ("", "all"), ("third", "all"), ("other", "other/all")],
    );
    of_tenants(&all, "ghcr.io/two", [("team", "two"), ("shared", "shared/two")]);
    of_tenants(
        &all,
        "ghcr.io/three",
        [("team", "shared/three"), ("", "shared/three"), ("other", "other/three")],
    );
    of_tenants(&all, "ghcr.io/four", [("team", "other/four"), ("", "other/four")]);
}

/// The owner of one Warehouse must not decide for all others that anyone may play the registry.
#[test]
fn a_shared_secret_is_not_sent_to_a_server_that_is_not_verified() {
    let ask = |secrets: &KargoSecrets, tenant: &str, url: &str| {
        let tenant = Tenant::new(tenant);
        let request = CredentialRequest::new(&Image, url).for_tenant(&tenant).with_skipped_tls_verify(true);
        match wait(shown(secrets, &request)) {
            Ok(found) => found,
            Err(error) => format!("{} {}", error.kind().as_str(), in_full(&error)),
        }
    };
    let secrets = five().shared_namespaces(["shared"]);
    assert_eq!(ask(&secrets, "team", "ghcr.io/a/b"), "me:hunter2 of Secret team/pattern");
    assert_eq!(ask(&secrets, "shared", "ghcr.io/a/b"), "me:hunter2 of Secret shared/exact");
    assert_eq!(ask(&secrets, "third", "quay.io/a"), "nothing");
    assert_eq!(
        ask(&secrets, "third", "ghcr.io/a/b"),
        "refused Secret shared/exact is shared, and is not sent to a server whose certificate is not checked \
         (insecureSkipTLSVerify) (ghcr.io/a/b) | make a Secret for it in the namespace of the Warehouse, or trust the certificate \
         of the server and set insecureSkipTLSVerify to false"
    );
    // All of one owner: nothing is shared.
    assert_eq!(ask(&secrets.all_namespaces(), "third", "ghcr.io/a/b"), "me:hunter2 of Secret shared/exact");
}

#[test]
fn nothing_is_given_to_another_machine_over_plain_http_unless_allowed() {
    let secrets = [secret("t/c", "helm", "http://charts.example.com"), pattern("t/g", "git", ".*")];
    let secrets = secrets.into_iter().collect::<KargoSecrets>().all_namespaces();
    for (kind, url, place) in
        [(Chart, "http://charts.example.com", "t/c"), (Git, "HTTP://example.com/a", "t/g")]
    {
        assert_eq!(found(&secrets, kind.clone(), url), "nothing");
        assert_eq!(found(&secrets.clone().allow_plain_http(true), kind, url), place);
    }
    assert_eq!(found(&secrets, Git, "https://example.com/a"), "t/g");
    // Where nobody listens in, it is given; where readers of URLs could differ about the host, it is not.
    for url in
        ["http://localhost:3000/a", "http://127.0.0.1/a", "HTTP://[::1]:8080/a", "http://git.localhost/a"]
    {
        assert_eq!(found(&secrets, Git, url), "t/g", "{url}");
    }
    for url in [
        "http://localhost.example.com/a",
        "http://localhost@example.com/a",
        "http://10.0.0.1/a",
        "http://0.0.0.0/a",
        "http://localhost\\@example.com/a",
        "http://local\nhost/a",
        "http:///a",
        "http://",
    ] {
        assert_eq!(found(&secrets, Git, url), "nothing", "{url}");
    }
}

#[test]
fn the_first_that_is_for_it_ends_the_search() {
    let empty = |place: &str| KargoSecret::new("t", place, "git").with("repoURL", "https://github.com/a/b");
    let good = || secret("t/z", "git", "https://github.com/a/b");
    let url = "https://github.com/a/b";
    for first in [
        empty("a"),
        empty("a").with("username", "me"),
        empty("a").with("username", "me").with("password", ""),
        empty("a").with("sshPrivateKey", "key"),
        empty("a").with("githubAppClientID", "x").with("githubAppPrivateKey", "key"),
    ] {
        check([first, good()], Git, url, "nothing");
    }
    check([good(), empty("zz")], Git, url, "t/z");
    // One that nobody can be for is passed over.
    check(
        [KargoSecret::new("t", "a", "git").with("username", "me").with("password", "p"), good()],
        Git,
        url,
        "t/z",
    );
    // With both, it is a user name and a password.
    let both = secret("t/s", "git", url).with("sshPrivateKey", "key");
    check([both], Git, url, "t/s");
}

#[test]
fn manifests_of_all_forms() {
    let yaml = r#"
# A comment, and a document that is none.
---
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata: {name: demo}
spec: {subscriptions: [{image: {repoURL: ghcr.io/a/b}}]}
---
apiVersion: v1
kind: Secret
metadata: {name: encoded, namespace: t, labels: {kargo.akuity.io/cred-type: image, a: b}}
data:
  repoURL: Z2hjci5pby9hL2I=
  username: bWU=
  password: |
    aHVu
    dGVyMg==
---
apiVersion: v1
kind: Secret
metadata: {name: both, namespace: t, labels: {kargo.akuity.io/cred-type: git}}
data: {repoURL: aHR0cHM6Ly9leGFtcGxlLmNvbS9h, username: eW91, password: aHVudGVyMg==}
stringData: {username: me}
---
apiVersion: v1
kind: List
items:
- kind: Secret
  metadata: {name: listed, namespace: t, labels: {kargo.akuity.io/cred-type: helm}}
  stringData: {repoURL: 'oci://ghcr.io/charts/web', username: me, password: hunter2}
- kind: ConfigMap
  data: {a: b}
---
kind: SecretList
items:
- metadata: {name: bare, namespace: t, labels: {kargo.akuity.io/cred-type: image}}
  data: {repoURL: cXVheS5pby9h, username: bWU=, password: aHVudGVyMg==}
---
kind: Secret
metadata: {name: tls, namespace: t}
data: {tls.key: c2VjcmV0}
---
kind: Secret
metadata: {name: old, namespace: t, labels: {kargo.akuity.io/secret-type: repository}}
stringData: {type: git, url: 'https://example.com/old', username: me, password: hunter2}
---
kind: Secret
metadata: {name: older, namespace: t, labels: {kargo.akuity.io/secret-type: repo-creds}}
stringData: {type: git, url: 'https://example.org/team/', username: me, password: hunter2}
---
kind: Secret
metadata: {name: foreign, namespace: t, labels: {argocd.argoproj.io/secret-type: repository}}
stringData: {type: git, url: 'https://example.com/argo', username: me, password: hunter2}
"#;
    let secrets = KargoSecrets::from_yaml(yaml, "secrets.yaml").unwrap().all_namespaces();
    assert_eq!(found(&secrets, Image, "ghcr.io/a/b"), "t/encoded");
    assert_eq!(found(&secrets, Git, "https://example.com/a"), "t/both");
    assert_eq!(found(&secrets, Chart, "oci://ghcr.io/charts/web"), "t/listed");
    assert_eq!(found(&secrets, Image, "quay.io/a"), "t/bare");
    assert_eq!(found(&secrets, Git, "https://example.com/old"), "t/old");
    assert_eq!(found(&secrets, Git, "https://example.org/team/app"), "t/older");
    assert_eq!(found(&secrets, Git, "https://example.org/team"), "t/older");
    assert_eq!(found(&secrets, Git, "https://example.org/teams"), "nothing");
    assert_eq!(found(&secrets, Git, "https://example.com/argo"), "nothing");
    let count = KargoSecret::from_yaml(yaml, "secrets.yaml").unwrap().len();
    assert_eq!(count, 6, "what is not Kargo's is passed over");

    let json = r#"{"kind": "Secret", "metadata": {"name": "s", "labels": {"kargo.akuity.io/cred-type": "image"}},
        "stringData": {"repoURL": "ghcr.io/a", "username": "me", "password": "hunter2"}}"#;
    assert_eq!(
        found(&KargoSecrets::from_yaml(json, "s.json").unwrap().all_namespaces(), Image, "ghcr.io/a"),
        "s"
    );
    for nothing in ["", "---\n---\n", "# nothing\n", "- 1\n- 2\n", "text", "kind: Secret", "kind: {}"] {
        assert!(KargoSecrets::from_yaml(nothing, "empty.yaml").unwrap().is_empty(), "{nothing}");
    }
}

/// Each of these has `github.com` in its text, or a normal form of it, and would be asked of another host, port or path.
#[test]
fn a_url_that_is_requested_otherwise_than_it_is_written_has_no_secret() {
    let secrets = || {
        [
            pattern("t/all", "git", "github.com"),
            pattern("t/anchored", "git", r"^https://(.*@)?github\.com/org/").with("username", "anchored"),
            secret("t/exact", "git", "https://github.com/org/r"),
            secret("t/helm", "helm", "https://github.com"),
            pattern("t/helms", "helm", r"^https://github\.com/"),
        ]
    };
    for url in [
        "https://2130706433:8443\\@github.com/org/r",
        "https://127.0.0.1\\@github.com/org/r",
        "https://127.0.0.1:8443@github.com@c.example/org/r",
        "https://c.example/github.com/../org/r",
        "https://github.com/org/%2e%2e/other/r",
        "https://github.com/org/./r",
        "https://github.com/org/r\u{0}",
        "https://github.com/org/r\n",
        "https://github.com\t/org/r",
        "https:\\\\github.com/org/r",
        "https:/github.com/org/r",
        "https://%67ithub.com/org/r",
        "https://\u{ff47}ithub.com/org/r",
        "https://github.com:0443/org/r",
        " https://github.com/org/r",
    ] {
        for kind in [Git, Chart] {
            check(secrets(), kind, url, "nothing");
        }
        let all = secrets().into_iter().collect::<KargoSecrets>().all_namespaces();
        let hint = all.hint(&CredentialRequest::new(&Git, url)).unwrap();
        assert!(hint.starts_with("no Secret is for a repoURL that "), "{hint}");
        assert!(!hint.contains(char::is_control), "{hint:?}");
    }
    // What stands before an `@` is nothing that a pattern for a host matches.
    let anchored = || [pattern("t/anchored", "git", r"^https://github\.com.*/org/")];
    check(anchored(), Git, "https://github.com@c.example/org/r", "nothing");
    check(anchored(), Git, "https://github.com:x@c.example/org/r", "nothing");
    check(anchored(), Git, "https://me:x@github.com/org/r", "t/anchored");
    check([pattern("t/fragment", "git", "github.com")], Git, "https://c.example/#github.com", "nothing");
    check(
        [pattern("t/azure", "git", "^https://org@dev.azure.com/")],
        Git,
        "https://org@dev.azure.com/org/r",
        "t/azure",
    );
    // Another port is another server, and a dot at the end another name.
    check(secrets(), Chart, "https://github.com:8443", "nothing");
    check([secret("t/s", "helm", "http://127.0.0.1:1")], Chart, "http://127.0.0.1:1", "t/s");
    for other in ["http://127.0.0.1:2", "http://127.0.0.1", "http://127.0.0.1:11", "https://127.0.0.1:1"] {
        check([secret("t/s", "helm", "http://127.0.0.1:1")], Chart, other, "nothing");
    }
    check([secret("t/s", "helm", "https://c.example:8443")], Chart, "https://c.example:8443", "t/s");
    check([secret("t/s", "helm", "https://c.example:8443")], Chart, "https://c.example", "nothing");
    check([secret("t/s", "helm", "https://c.example:443")], Chart, "https://c.example", "t/s");
    check([secret("t/s", "git", "https://github.com./org/r")], Git, "https://github.com/org/r", "nothing");
    // The case of a host does not count.
    check(secrets(), Git, "HTTPS://GitHub.com/org/r", "t/exact");
    // Whoever writes such a Secret is told.
    let odd = secret("t/s", "git", r"https://127.0.0.1\@github.com/org/r");
    let odd = [odd].into_iter().collect::<KargoSecrets>().all_namespaces();
    assert_eq!(found(&odd, Git, "https://github.com/org/r"), "nothing");
    let problems: Vec<_> = odd.problems().iter().map(ToString::to_string).collect();
    assert_eq!(problems, ["Secret t/s has a `repoURL` that has a backslash or a control character"]);
}

#[test]
fn several_files_are_one_collection() {
    let file = |name: &str, place: &str| {
        let text = format!(
            "kind: Secret\nmetadata: {{name: {name}, namespace: t, labels: {{kargo.akuity.io/cred-type: image}}}}\n\
             stringData: {{repoURL: ghcr.io/a, username: me, password: hunter2}}\n"
        );
        KargoSecret::from_yaml(&text, place).unwrap()
    };
    let secrets = file("b", "one.yaml").into_iter().chain(file("a", "two.yaml"));
    let secrets = secrets.collect::<KargoSecrets>().all_namespaces();
    assert_eq!(found(&secrets, Image, "ghcr.io/a"), "t/a");
}

/// The order of precedence is the same for every kind of source: the Secret, the user in an http or https URL, none. Kargo's normal
/// form of a chart's URL keeps the user, so an exact Secret for a chart has the same one.
#[test]
fn a_secret_takes_precedence_over_a_user_in_the_url() {
    let identity = |secrets: KargoSecrets, kind: SourceKind, url: &str| {
        let team = Tenant::new("team");
        let request = CredentialRequest::new(&kind, url).for_tenant(&team);
        match wait(Identity::resolve(&secrets, &request)).unwrap().principal() {
            Principal::Credential(shown) => shown,
            _ => String::new(),
        }
    };
    for (kind, cred_type, plain, with_user, exact) in [
        (Git, "git", "https://example.com/a", "https://you:pw@example.com/a", "https://example.com/a"),
        (
            Git,
            "git",
            "https://example.com/a.git",
            "https://you:pw@example.com/a.git",
            "https://example.com/a",
        ),
        (
            Chart,
            "helm",
            "https://example.com/a",
            "https://you:pw@example.com/a",
            "https://you:pw@example.com/a",
        ),
    ] {
        for given in
            [secret("team/s", cred_type, exact), pattern("team/s", cred_type, "^https://example.com/")]
        {
            let found = identity([given].into_iter().collect(), kind.clone(), with_user);
            assert_eq!(found, "me of Secret team/s", "{kind} {with_user}");
        }
        let other = secret("team/s", cred_type, "https://example.org/");
        let found = identity([other].into_iter().collect(), kind.clone(), with_user);
        assert_eq!(found, "you of the repoURL itself", "{kind} {with_user}");
        assert_eq!(identity(KargoSecrets::default(), kind, plain), "");
    }
    // The name of an image has no place for a user.
    let image = secret("team/s", "image", "example.com/a");
    assert_eq!(identity([image].into_iter().collect(), Image, "example.com/a"), "me of Secret team/s");
    assert_eq!(identity(KargoSecrets::default(), Image, "you:pw@example.com/a"), "");
}
