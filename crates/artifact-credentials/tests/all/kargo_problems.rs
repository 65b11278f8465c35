//! What is wrong with Secrets, and who is told.

use artifact_credentials::{KargoSecret, KargoSecrets};
use artifact_http::{CredentialRequest, CredentialSource};
use artifact_source::{ErrorKind, SourceKind};

use crate::setup::{image, in_full, look_up, pattern, secret, wait};

/// The problems of one Secret in one line, with what to do.
#[track_caller]
fn check(secrets: &KargoSecrets, expected: &str) {
    let problems: Vec<_> = secrets
        .problems()
        .into_iter()
        .map(|problem| {
            let use_ = if problem.is_unusable { "" } else { " (used)" };
            let hint = problem.hint.as_ref().map(|hint| format!(" | {hint}")).unwrap_or_default();
            format!("{problem}{use_}{hint}")
        })
        .collect();
    assert_eq!(problems.join("\n"), expected);
}

fn one(secret: KargoSecret) -> KargoSecrets {
    [secret].into_iter().collect::<KargoSecrets>().all_namespaces()
}

fn bare(cred_type: &str) -> KargoSecret {
    KargoSecret::new("team", "s", cred_type).with("repoURL", "ghcr.io/a")
}

fn manifest(labels: &str, rest: &str) -> KargoSecrets {
    let text =
        format!("kind: Secret\nmetadata: {{name: s, namespace: team, labels: {{{labels}}}}}\n{rest}\n");
    KargoSecrets::from_yaml(&text, "secrets.yaml").unwrap().all_namespaces()
}

#[test]
fn a_good_secret_has_no_problem() {
    check(&one(secret("team/s", "image", "ghcr.io/a")), "");
    check(&one(pattern("team/s", "git", "^https://github.com/")), "");
    check(&one(KargoSecret::new("team", "s", "generic").with("token", "x")), "");
}

#[test]
fn what_is_missing() {
    let hint = "name the repository it is for, as its subscription does";
    let user = || KargoSecret::new("team", "s", "image").with("username", "me").with("password", "p");
    check(&one(user()), &format!("Secret team/s has no `repoURL` | {hint}"));
    check(&one(user().with("repoURL", " ")), &format!("Secret team/s has no `repoURL` | {hint}"));
    check(&one(bare("image")), "Secret team/s has no `username`");
    check(&one(bare("image").with("username", "me")), "Secret team/s has no `password`");
    check(
        &one(bare("image").with("username", "").with("password", "p")),
        "Secret team/s has an empty `username`",
    );
}

#[test]
fn what_cannot_be_read() {
    let label = "kargo.akuity.io/cred-type: image";
    let no_base64 = "that is not valid base64; what is not encoded belongs in `stringData`";
    let user = "username: bWU=, password: aHVudGVyMg==";
    check(
        &manifest(label, &format!("data: {{repoURL: ghcr.io/a, {user}}}")),
        &format!("Secret team/s in secrets.yaml has a `repoURL` {no_base64}"),
    );
    let password = manifest(label, "data: {repoURL: Z2hjci5pby9h, username: bWU=, password: SECRET!}");
    check(&password, &format!("Secret team/s in secrets.yaml has a `password` {no_base64}"));
    let error = image(&password, "ghcr.io/a").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), format!("Secret team/s in secrets.yaml has a `password` {no_base64}"));
    assert_eq!(image(&password, "ghcr.io/b").unwrap(), "nothing");

    let number = manifest(label, "stringData: {repoURL: ghcr.io/a, username: me, password: 123456}");
    let quote = "has a `password` that is not text; put it in quotation marks";
    check(&number, &format!("Secret team/s in secrets.yaml {quote}"));
    let regex =
        manifest(label, "stringData: {repoURL: ^ghcr, repoURLIsRegex: true, username: me, password: p}");
    let quote = "has a `repoURLIsRegex` that is not text; put it in quotation marks";
    check(&regex, &format!("Secret team/s in secrets.yaml {quote}"));
    let bytes = bare("image").with("username", "me").with("password", vec![0xff]);
    check(&one(bytes.clone()), "Secret team/s has a `password` that is not valid UTF-8");
    assert!(image(&one(bytes), "ghcr.io/a").is_err());
    let hint = "it is a regular expression in Go's syntax (RE2), because `repoURLIsRegex` is \"true\"";
    check(
        &one(pattern("team/s", "image", "(SECRET")),
        &format!("Secret team/s has a `repoURL` that does not compile | {hint}"),
    );
}

#[test]
fn plain_http() {
    let secrets = one(secret("team/s", "helm", "http://charts.example.com"));
    let text =
        "has a `repoURL` that begins with http:// and names another machine, where no credential is given";
    let hint = "credentials are not sent over plain http to another machine; use https";
    check(&secrets, &format!("Secret team/s {text} | {hint}"));
    check(&secrets.allow_plain_http(true), "");
    check(&one(secret("team/s", "helm", "http://127.0.0.1:8080/charts")), "");
}

#[test]
fn one_that_replaces_another() {
    let text = |user: &str| {
        format!(
            "kind: Secret\nmetadata: {{name: s, namespace: team, labels: {{kargo.akuity.io/cred-type: image}}}}\n\
             stringData: {{repoURL: ghcr.io/a, username: {user}, password: p}}\n"
        )
    };
    let read = |user: &str, file: &str| KargoSecret::from_yaml(&text(user), file).unwrap();
    let secrets = read("me", "one.yaml").into_iter().chain(read("you", "two.yaml"));
    let secrets = secrets.collect::<KargoSecrets>().all_namespaces();
    let replaces = "replaces another one of the same namespace and name";
    let hint = "remove one of the two, or rename it";
    check(&secrets, &format!("Secret team/s in two.yaml {replaces} in one.yaml (used) | {hint}"));
    assert_eq!(image(&secrets, "ghcr.io/a").unwrap(), "you:p of Secret team/s");
    let made = [secret("team/s", "image", "ghcr.io/a"), secret("team/s", "image", "ghcr.io/b")];
    let made: KargoSecrets = made.into_iter().collect();
    check(&made, &format!("Secret team/s {replaces} (used) | {hint}"));
    let elsewhere = [secret("a/s", "image", "ghcr.io/a"), secret("b/s", "image", "ghcr.io/a")];
    check(&elsewhere.into_iter().collect(), "");
}

#[test]
fn labels() {
    let hint = "the label kargo.akuity.io/cred-type is git, helm or image";
    let text = "has the label kargo.akuity.io/cred-type: \"Image\", which is not a type";
    check(&one(secret("team/s", "Image", "ghcr.io/a")), &format!("Secret team/s {text} | {hint}"));
    let text = "has a `repoURL`, but no label kargo.akuity.io/cred-type";
    check(&one(secret("s", "", "ghcr.io/a")), &format!("Secret s {text} | {hint}"));
    let old = manifest(
        "kargo.akuity.io/secret-type: repository",
        "stringData: {type: git, url: 'https://example.com/a', username: me, password: p}",
    );
    check(
        &old,
        "Secret team/s in secrets.yaml has the label kargo.akuity.io/secret-type, which Kargo 0.5 replaced (used) | \
         label it kargo.akuity.io/cred-type: git, and name its keys `repoURL`, `username` and `password`",
    );
}

#[test]
fn what_only_kargo_can_use() {
    let told = |secret: KargoSecret, kind: SourceKind, what: &str, instead: &str| {
        let secrets = one(secret);
        check(&secrets, &format!("Secret team/s {what} | {instead}"));
        // There is none, so that the next source of a chain is asked; and the hint says why.
        assert_eq!(wait(look_up(&secrets, &kind, "ghcr.io/a")).unwrap(), "nothing");
        let hint = secrets.hint(&CredentialRequest::new(&kind, "ghcr.io/a"));
        assert_eq!(hint.unwrap(), format!("Secret team/s {what}: {instead}"));
    };
    told(
        bare("git").with("sshPrivateKey", "SECRET"),
        SourceKind::Git,
        "holds an SSH key, which is not read here",
        "add the key to the ssh agent: `ssh-add FILE`",
    );
    told(
        bare("image").with("sshPrivateKey", "SECRET"),
        SourceKind::Image,
        "holds an SSH key, which opens Git repositories only",
        "give it a `username` and a `password`",
    );
    told(
        bare("git")
            .with("githubAppID", "1")
            .with("githubAppInstallationID", "2")
            .with("githubAppPrivateKey", "SECRET"),
        SourceKind::Git,
        "holds the key of a GitHub App, which is not exchanged for a token here",
        "use a `username` and, as `password`, a personal access token or an installation token",
    );
    told(
        bare("image")
            .with("awsRegion", "us-west-2")
            .with("awsAccessKeyID", "A")
            .with("awsSecretAccessKey", "SECRET"),
        SourceKind::Image,
        "holds an access key of AWS, which is not exchanged for a token here",
        "name the helper ecr-login for the registry in `credHelpers` of docker's config.json",
    );
    told(
        bare("helm").with("gcpServiceAccountKey", "SECRET"),
        SourceKind::Chart,
        "holds a service account's key of Google, which is not exchanged for a token here",
        "use it as `password` of the `username` _json_key_base64, or name the helper gcloud for the registry in \
         `credHelpers` of docker's config.json",
    );
}

#[test]
fn a_line_break_at_the_end_is_told_and_kept() {
    let secrets = one(bare("image").with("username", "me").with("password", "hunter2\n"));
    let hint = "encode it without one, as `printf %s VALUE | base64` or `echo -n VALUE | base64` does";
    check(&secrets, &format!("Secret team/s has a `password` that ends in a line break (used) | {hint}"));
    assert_eq!(image(&secrets, "ghcr.io/a").unwrap(), "me:hunter2\n of Secret team/s");

    let url = |use_: &str| format!("Secret team/s has a `repoURL` that ends in a line break{use_} | {hint}");
    // Kargo takes it off the URL of an image, and neither off what it takes for none nor off a pattern.
    let exact = one(secret("team/s", "image", "ghcr.io/a/b\n"));
    check(&exact, &url(" (used)"));
    assert_eq!(image(&exact, "ghcr.io/a/b").unwrap(), "me:hunter2 of Secret team/s");
    check(&one(secret("team/s", "image", "ghcr.io/a\n")), &url(""));
    for end in ["\n", "\r\n"] {
        let regex = one(pattern("team/s", "image", format!("^ghcr.io/{end}")));
        check(&regex, &url(""));
        assert_eq!(image(&regex, "ghcr.io/a").unwrap(), "nothing");
    }
    let regex = secret("team/s", "image", "^ghcr.io/").with("repoURLIsRegex", "true\n");
    let text = "has a `repoURLIsRegex` that ends in a line break";
    check(&one(regex), &format!("Secret team/s {text} (used) | {hint}"));
}

#[test]
fn a_line_break_within_is_escaped() {
    let secrets = one(secret("te\nam/\u{1b}[31ms", "ima\nge", "ghcr.io/a"));
    let text = "has the label kargo.akuity.io/cred-type: \"ima\\nge\", which is not a type";
    let hint = "the label kargo.akuity.io/cred-type is git, helm or image";
    check(&secrets, &format!("Secret te\\nam/\\u{{1b}}[31ms {text} | {hint}"));
}

#[test]
fn invalid_yaml_is_an_error() {
    let refuse = |text: &str, message: &str| {
        let error = KargoSecrets::from_yaml(text, "secrets.yaml").unwrap_err();
        assert_eq!((error.kind(), in_full(&error).as_str()), (ErrorKind::InvalidInput, message), "{text}");
    };
    refuse(
        "kind: Secret\nstringData: {password: SECRET",
        "secrets.yaml is not valid YAML (line 2, column 13) | ",
    );
    refuse("kind: Secret\n\tSECRET: x", "secrets.yaml is not valid YAML (line 1, column 7) | ");
    refuse("a: *SECRET", "secrets.yaml is not valid YAML (line 1, column 4) | ");
    let laughs = (1..=12).map(|line| {
        let again = vec![format!("*l{}", line - 1); 10].join(",");
        format!("l{line}: &l{line} [{again}]\n")
    });
    let bomb = format!("l0: &l0 x\n{}", laughs.collect::<String>());
    assert!(KargoSecrets::from_yaml(&bomb, "secrets.yaml").is_err());
    assert!(KargoSecrets::from_yaml(&"[".repeat(100_000), "secrets.yaml").is_err());
    let large = " ".repeat((16 << 20) + 1);
    assert_eq!(KargoSecrets::from_yaml(&large, "secrets.yaml").unwrap_err().kind(), ErrorKind::TooLarge);
}

/// A tenant writes as many Secrets as it likes; what they cost does not grow, and the Secrets of other tenants are not affected.
#[test]
fn the_patterns_of_one_namespace_have_a_budget_of_their_own() {
    let flood = (0..1_200)
        .map(|number| pattern(&format!("flood/{number:04}"), "git", format!("^https://h/{number}/")));
    let neighbour = pattern("team/s", "git", "^https://h/team/");
    let secrets = flood.chain([neighbour]).collect::<KargoSecrets>();
    let problems = secrets.problems();
    // 1,000 patterns, or 64 MiB of them.
    assert!((200..300).contains(&problems.len()), "{}", problems.len());
    assert!(
        problems.iter().all(|problem| problem.is_unusable && problem.to_string().contains("flood/")),
        "{problems:?}"
    );
    assert!(
        problems[0]
            .to_string()
            .ends_with("one regular expression too many, or too large, for the Secrets of its namespace")
    );
}
