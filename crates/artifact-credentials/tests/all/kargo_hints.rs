//! Why no Secret was for a repository.

use artifact_credentials::{KargoSecret, KargoSecrets};
use artifact_http::{CredentialRequest, CredentialSource, Tenant};
use artifact_source::SourceKind::{self, Chart, Git, Image};

use crate::setup::{pattern, secret};

#[track_caller]
fn check(secrets: impl IntoIterator<Item = KargoSecret>, kind: SourceKind, url: &str, expected: &str) {
    let secrets: KargoSecrets = secrets.into_iter().collect();
    let team = Tenant::new("team");
    let request = CredentialRequest::new(&kind, url).for_tenant(&team);
    let hint = secrets.shared_namespaces(["shared"]).hint(&request);
    assert_eq!(hint.as_deref().unwrap_or("nothing"), expected, "{url}");
}

/// The hint about a single Secret, after its count.
#[track_caller]
fn near(secret: KargoSecret, kind: SourceKind, url: &str, expected: &str) {
    let what = match kind {
        Git => "Git repositories",
        Chart => "charts",
        _ => "images",
    };
    let count = format!("the only Secret for {what} does not have the repoURL {url}");
    check([secret], kind, url, &format!("{count}; {expected}"));
}

#[test]
fn there_is_no_hint() {
    check([], Image, "ghcr.io/a", "nothing");
    check([secret("team/s", "image", "ghcr.io/a")], Image, "ghcr.io/a", "nothing");
    check([secret("team/s", "image", "ghcr.io/a")], SourceKind::Other("wasm".into()), "ghcr.io/b", "nothing");
}

#[test]
fn how_many_there_are_and_which_is_nearest() {
    let images = || {
        [
            secret("team/quay", "image", "quay.io/a/b"),
            secret("team/ghcr", "image", "ghcr.io/a"),
            secret("shared/ghcr", "image", "ghcr.io/b/c"),
        ]
    };
    check(
        images(),
        Image,
        "ghcr.io/a/b",
        "of 3 Secrets for images none has the repoURL ghcr.io/a/b; nearest: ghcr.io/a in Secret team/ghcr, \
         which without `repoURLIsRegex: \"true\"` is for this one repository only",
    );
    check(
        images(),
        Image,
        "ghcr.io/b/d",
        "of 3 Secrets for images none has the repoURL ghcr.io/b/d; nearest: ghcr.io/b/c in Secret shared/ghcr",
    );
    check(images(), Image, "nginx", "of 3 Secrets for images none has the repoURL nginx");
    check(
        images(),
        Git,
        "https://github.com/a/b",
        "there is no Secret for Git repositories in the namespaces team and shared",
    );
    near(secret("team/s", "image", "quay.io/a"), Image, "quay.io/b", "nearest: quay.io/a in Secret team/s");
    near(
        pattern("team/s", "image", "^quay.io/a/"),
        Image,
        "quay.io/b",
        "the pattern ^quay.io/a/ of Secret team/s does not match it",
    );
}

#[test]
fn another_label() {
    let none = "there is no Secret for images in the namespaces team and shared";
    let other = |cred_type: &str, expected: &str| {
        let secret = secret("team/s", cred_type, "ghcr.io/A/b");
        check([secret], Image, "ghcr.io/a/b", &format!("{none}; Secret team/s has it, but {expected}"));
    };
    other("git", "its label is not kargo.akuity.io/cred-type: image but git");
    other("images", "its label is not kargo.akuity.io/cred-type: image but images");
    other("", "no label kargo.akuity.io/cred-type: image");
    let regex = |repo_url: &str| [pattern("team/s", "helm", repo_url)];
    let label = "its label is not kargo.akuity.io/cred-type: image but helm";
    check(regex("^ghcr.io/"), Image, "ghcr.io/a", &format!("{none}; Secret team/s has it, but {label}"));
    check(regex(".*"), Image, "ghcr.io/a", none);
    // A chart in a registry has Secrets for charts, and not for images: a common mistake.
    check(
        [secret("team/s", "image", "ghcr.io/charts/web")],
        Chart,
        "oci://ghcr.io/charts/web",
        "there is no Secret for charts in the namespaces team and shared; Secret team/s has it, but its label is not kargo.akuity.io/cred-type: helm but image",
    );
}

/// What another tenant has is not told, whatever is asked: not its Secrets, and not for which repositories they are.
#[test]
fn another_namespace() {
    let none = "there is no Secret for images in the namespaces team and shared";
    let of_others = || {
        [
            secret("other/exact", "image", "ghcr.io/a"),
            pattern("other/pattern", "image", "^ghcr.io/"),
            secret("other/near", "image", "ghcr.io/a/c"),
            secret("other/port", "image", "ghcr.io:8443/a"),
            secret("other/broken", "image", "").with("repoURL", vec![0xff]),
            secret("other/label", "git", "ghcr.io/a"),
            pattern("other/line", "image", "^ghcr.io/a\n"),
            secret("other/undeclared", "image", "^ghcr.io/.*"),
        ]
    };
    for url in ["ghcr.io/a", "ghcr.io/a/b", "ghcr.io/b"] {
        check(of_others(), Image, url, none);
    }
    check(
        of_others(),
        Chart,
        "http://charts.example.com",
        "credentials are not sent over plain http to another machine (http://charts.example.com); use https",
    );
    let no_namespace = format!("{none}; Secret s has it, but is in no namespace");
    check([secret("s", "image", "ghcr.io/a")], Image, "ghcr.io/a", &no_namespace);
}

#[test]
fn another_spelling() {
    let http = "Secret team/s has http://charts.example.com, which differs in its scheme";
    near(secret("team/s", "helm", "http://charts.example.com"), Chart, "https://charts.example.com", http);
    let slash = "Secret team/s has https://charts.example.com/, which differs in the slash at its end";
    near(secret("team/s", "helm", "https://charts.example.com/"), Chart, "https://charts.example.com", slash);
    let port = "Secret team/s has example.com:5000/a, which differs in its port";
    near(secret("team/s", "image", "example.com:5000/a"), Image, "example.com/a", port);
    let scheme = "Secret team/s has https://ghcr.io/a, which differs in its scheme";
    near(secret("team/s", "image", "https://ghcr.io/a"), Image, "ghcr.io/a", scheme);
    let ssh = "Secret team/s has git@github.com:a/b.git, which differs in its scheme and the .git at its end";
    near(secret("team/s", "git", "git@github.com:a/b.git"), Git, "https://github.com/a/b", ssh);
    let git = "Secret team/s has example.com/a.git, which differs in the .git at its end";
    near(secret("team/s", "image", "example.com/a.git"), Image, "example.com/a", git);
}

#[test]
fn a_pattern_without_repo_url_is_regex() {
    let expected = "Secret team/s has a pattern that matches it, but no `repoURLIsRegex: \"true\"`";
    near(secret("team/s", "image", "^ghcr.io/a/.*$"), Image, "ghcr.io/a/b", expected);
    let yes = secret("team/s", "image", "ghcr.io/a/.*").with("repoURLIsRegex", "yes");
    near(yes, Image, "ghcr.io/a/b", expected);
}

#[test]
fn plain_http() {
    let url = "http://charts.example.com";
    let refused = "credentials are not sent over plain http to another machine (http://charts.example.com)";
    let https = secret("team/s", "helm", "https://charts.example.com");
    check([https], Chart, url, &format!("{refused}; use https"));
    let http = secret("team/s", "helm", url);
    check([http.clone()], Chart, url, &format!("{refused}, although Secret team/s is for it; use https"));
    check([], Chart, url, "nothing");
    // On this machine it is a URL like any other.
    let loopback = "http://localhost:8080/charts";
    near(
        secret("team/s", "helm", "http://localhost:8080/a"),
        Chart,
        loopback,
        "nearest: http://localhost:8080/a in Secret team/s",
    );
}

#[test]
fn a_line_break_at_the_end() {
    let mended = "encode it with `printf %s` or `echo -n`";
    let expected = format!("Secret team/s would be for it, but its `repoURL` ends in a line break: {mended}");
    near(pattern("team/s", "image", "^ghcr.io/a/\n"), Image, "ghcr.io/a/b", &expected);
    near(pattern("team/s", "image", "^ghcr.io/a/b$\r\n"), Image, "ghcr.io/a/b", &expected);
    let other = r"the pattern ^ghcr.io/a/\n of Secret team/s does not match it";
    near(pattern("team/s", "image", "^ghcr.io/a/\n"), Image, "ghcr.io/b", other);
    let undeclared = secret("team/s", "image", "^ghcr.io/a/").with("repoURLIsRegex", "true\n");
    let expected = "Secret team/s has a pattern that matches it, but no `repoURLIsRegex: \"true\"`";
    near(undeclared, Image, "ghcr.io/a/b", expected);
}

#[test]
fn invisible_characters_are_escaped() {
    let named = secret("team/\u{1b}[2J", "image", "ghcr.io/a\u{202e}");
    let expected = r"nearest: ghcr.io/a\u{202e} in Secret team/\u{1b}[2J";
    near(named, Image, "ghcr.io/b", expected);
}

#[test]
fn a_secret_without_a_usable_url() {
    check(
        [pattern("team/s", "image", "("), secret("team/t", "image", "quay.io/a")],
        Image,
        "ghcr.io/a",
        "of 2 Secrets for images none has the repoURL ghcr.io/a; Secret team/s has a `repoURL` that does not compile",
    );
}

#[test]
fn urls_are_shown_without_credentials() {
    let secret = secret("team/s", "git", "https://you:SECRET@example.com/a");
    let url = "https://me:SECRET@example.com/b";
    check(
        [secret],
        Git,
        url,
        "the only Secret for Git repositories does not have the repoURL https://example.com/b; \
         nearest: https://example.com/a in Secret team/s",
    );
}
