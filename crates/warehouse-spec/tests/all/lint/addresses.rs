//! What people paste as a `repoURL`: commands, pages for people, hosts alone. The remedy is the address in it, and all that is wrong is told at once.

use warehouse_spec::{Options, Replacement, lint};

use super::HEAD;

/// What is told of this `repoURL` and what else is beside it, and the subscription after the edit, which is clean.
#[track_caller]
fn mended(kind: &str, url: &str, said: &str, edited: &str) {
    let written = serde_json::to_string(url).unwrap();
    let text = format!("{HEAD}  - {kind}:\n      repoURL: {written}\n");
    let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
    let [found] = found.as_slice() else { panic!("{url}: {found:#?}") };
    assert!(found.message.ends_with(said), "{found}");
    let after = Replacement::apply_all(&text, &found.replacement);
    assert_eq!(after, format!("{HEAD}  - {kind}:\n      {}\n", edited.replace('\n', "\n      ")), "{found}");
    assert_eq!(lint("kargo.yaml", &after, &Options::default()).diagnostics, [], "{after}");
}

/// What is told of a `repoURL` that does not say the repository, and the help.
#[track_caller]
fn told(subscription: &str, said: &str, help: &str, after: &str) {
    let lint =
        |line: &str| lint("kargo.yaml", &format!("{HEAD}  - {line}\n"), &Options::default()).diagnostics;
    let found = lint(subscription);
    let [found] = found.as_slice() else { panic!("{subscription}: {found:#?}") };
    assert!(found.message.ends_with(said), "{found}");
    assert_eq!((found.help.as_deref(), found.replacement.is_some()), (Some(help), false), "{found}");
    assert_eq!(lint(after), [], "{after}");
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    for (kind, url, said, edited) in [
        (
            "image",
            "https://ghcr.io/acme/web:1.2.3",
            "it has a scheme, and it ends with a tag",
            "repoURL: ghcr.io/acme/web",
        ),
        (
            "image",
            "docker://ghcr.io/acme/web@sha256:00",
            "it has a scheme, and it has a digest",
            "repoURL: ghcr.io/acme/web",
        ),
        (
            "image",
            "ghcr.io/acme/web:1@sha256:00/",
            "it ends with a slash, and it has a digest, and it ends with a tag",
            "repoURL: ghcr.io/acme/web",
        ),
        (
            "image",
            "'nginx:1.2'",
            "it has quotation marks within it, and it ends with a tag",
            "repoURL: nginx",
        ),
        (
            "git",
            "github.com/acme/web/tree/main",
            "not the repository",
            "repoURL: https://github.com/acme/web\nbranch: main",
        ),
        (
            "git",
            "GIT://github.com/acme/web",
            "it is of the git protocol, which is not supported",
            "repoURL: https://github.com/acme/web",
        ),
        (
            "git",
            "git+HTTPS://github.com/acme/web",
            "it has the scheme of another tool, and it has its scheme in upper case",
            "repoURL: https://github.com/acme/web",
        ),
        (
            "chart",
            "ghcr.io/acme/web:1.2.3",
            "which is no part of the URL of a chart",
            "repoURL: oci://ghcr.io/acme/web\nsemverConstraint: 1.2.3",
        ),
        (
            "chart",
            "OCI://ghcr.io/acme/web@sha256:00",
            "which is no part of the URL of a chart",
            "repoURL: oci://ghcr.io/acme/web",
        ),
    ] {
        mended(kind, url, said, edited);
    }
}

#[test]
fn commands() {
    for (kind, command, said, edited) in [
        ("image", "docker pull nginx", "it is a command", "repoURL: nginx"),
        (
            "image",
            "$ docker image pull ghcr.io/acme/web:1.2",
            "it is a command, and it ends with a tag",
            "repoURL: ghcr.io/acme/web",
        ),
        (
            "image",
            "docker run -it --rm -p 80:80 -e A=b --platform linux/arm64 nginx:1 sh",
            "it is a command, and it ends with a tag",
            "repoURL: nginx\nplatform: linux/arm64",
        ),
        ("image", "skopeo inspect docker://nginx", "it is a command, and it has a scheme", "repoURL: nginx"),
        (
            "git",
            "git clone https://github.com/acme/web.git",
            "it is a command",
            "repoURL: https://github.com/acme/web.git",
        ),
        (
            "git",
            "git clone -b main git@github.com:acme/web.git web",
            "it is a command",
            "repoURL: git@github.com:acme/web.git\nbranch: main",
        ),
        (
            "chart",
            "helm install web oci://ghcr.io/acme/web --version 1.2.3",
            "it is a command",
            "repoURL: oci://ghcr.io/acme/web\nsemverConstraint: 1.2.3",
        ),
    ] {
        mended(kind, command, said, edited);
    }
    let chart = |url: &str| format!("{HEAD}  - chart:\n      repoURL: {url}\n      name: web\n");
    let text = chart("helm repo add acme https://charts.example.com/");
    let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(Replacement::apply_all(&text, &found[0].replacement), chart("https://charts.example.com/"));
    // What is shown nowhere is made into nothing, and what names no address stays as it is.
    for command in
        ["git clone https://me:hunter2@github.com/acme/web", "git clone web", "docker", "git clone"]
    {
        let text = format!("{HEAD}  - git:\n      repoURL: {command}\n");
        let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
        assert!(found.len() == 1 && found[0].replacement.is_none(), "{found:?}");
        assert!(!found[0].to_string().contains("hunter2"));
    }
}

#[test]
fn pages_for_people() {
    for (kind, url, said, edited) in [
        (
            "image",
            "quay.io/repository/acme/web",
            "is a page of quay.io, not an image",
            "repoURL: quay.io/acme/web",
        ),
        (
            "image",
            "https://quay.io/repository/acme/web?tab=tags",
            "is a page of quay.io, not an image",
            "repoURL: quay.io/acme/web",
        ),
        (
            "image",
            "https://hub.docker.com/r/acme/web/tags",
            "is a page of Docker Hub, not an image",
            "repoURL: acme/web",
        ),
        ("image", "hub.docker.com/acme/web", "is a page of Docker Hub, not an image", "repoURL: acme/web"),
        (
            "image",
            "https://github.com/Acme/app/pkgs/container/web",
            "is a page about an image, not the image",
            "repoURL: ghcr.io/acme/web",
        ),
        (
            "image",
            "https://github.com/orgs/acme/packages/container/package/web",
            "is a page about an image, not the image",
            "repoURL: ghcr.io/acme/web",
        ),
        (
            "image",
            "https://gitlab.com/acme/web/container_registry",
            "is a page about an image, not the image",
            "repoURL: registry.gitlab.com/acme/web",
        ),
        (
            "image",
            "https://gallery.ecr.aws/acme/web",
            "is a page of the gallery of Amazon ECR, not an image",
            "repoURL: public.ecr.aws/acme/web",
        ),
        (
            "git",
            "https://github.com/acme/web/tree/main/x",
            "is a page about a repository, not the repository",
            "repoURL: https://github.com/acme/web\nbranch: main\nincludePaths: [x]",
        ),
    ] {
        mended(kind, url, said, edited);
    }
}

#[test]
fn what_does_not_say_the_repository() {
    for (subscription, said, help, after) in [
        (
            "image: {repoURL: ghcr.io}",
            "is a host alone, and would be taken for an image on Docker Hub",
            "write the repository behind it: ghcr.io/path/name",
            "image: {repoURL: ghcr.io/path/name}",
        ),
        (
            "image: {repoURL: localhost}",
            "is a host alone, and would be taken for an image on Docker Hub",
            "write the repository behind it: localhost/path/name",
            "image: {repoURL: localhost/path/name}",
        ),
        (
            "image: {repoURL: 'https://github.com/acme/web'}",
            "is a Git repository, not an image",
            "subscribe to it with `git:`, or write the image, such as ghcr.io/owner/name",
            "git: {repoURL: 'https://github.com/acme/web'}",
        ),
        (
            "image: {repoURL: 'https://artifacthub.io/packages/container/acme/web'}",
            "is a page of Artifact Hub, not an image",
            "write the image, which the page names in its command `docker pull`",
            "image: {repoURL: ghcr.io/acme/web}",
        ),
        (
            "git: {repoURL: 'https://github.com/acme'}",
            "is the owner of repositories, not a repository",
            "write the repository behind it: https://github.com/acme/name",
            "git: {repoURL: 'https://github.com/acme/name'}",
        ),
        (
            "git: {repoURL: 'git@gitlab.com:acme'}",
            "is the owner of repositories, not a repository",
            "write the repository behind it: git@gitlab.com:acme/name",
            "git: {repoURL: 'git@gitlab.com:acme/name'}",
        ),
        (
            "git: {repoURL: 'https://artifacthub.io/packages/helm/acme/web'}",
            "is a page of Artifact Hub, not a Git repository",
            "write the URL of the Git repository, which the page of the project names",
            "git: {repoURL: 'https://github.com/acme/web'}",
        ),
        (
            "chart: {repoURL: 'https://artifacthub.io/packages/helm/acme/web', name: web}",
            "is a page of Artifact Hub, not a chart repository",
            "write the URL that the page names in its command `helm repo add`, or in `helm install` behind oci://",
            "chart: {repoURL: 'https://charts.example.com', name: web}",
        ),
        (
            "chart: {repoURL: 'https://hub.docker.com/r/acme/web', name: web}",
            "is a page of Docker Hub, not a chart",
            "write oci://registry-1.docker.io/acme/web, without a `name` beside it",
            "chart: {repoURL: 'oci://registry-1.docker.io/acme/web'}",
        ),
        (
            "chart: {repoURL: 'https://github.com/acme/charts/tree/main/web', name: web}",
            "is a Git repository, and a chart repository has an `index.yaml` at its URL",
            "subscribe to it with `git:`, or write the URL of the chart repository, such as https://owner.github.io/name",
            "chart: {repoURL: 'https://owner.github.io/name', name: web}",
        ),
    ] {
        told(subscription, said, help, after);
    }
    for clean in [
        "image: {repoURL: 'localhost:5000/web'}",
        "image: {repoURL: web.site/app}",
        "git: {repoURL: 'https://git.example.com/web'}",
        "chart: {repoURL: 'https://github.com/acme/web/raw/main/charts', name: web}",
        "chart: {repoURL: 'https://github.com/acme/web/releases/download/1.0', name: web}",
    ] {
        let found = lint("kargo.yaml", &format!("{HEAD}  - {clean}\n"), &Options::default()).diagnostics;
        assert_eq!(found, [], "{clean}");
    }
}
