//! The credentials of the command, and its messages where it has none.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Ran, warehouse, warehouse_with};
use tempfile::TempDir;
use warehouse_testkit::Registry;

const PASSWORD: &str = "SECRET-of-web";

/// A registry where `web` may read one repository and `api` the other, and a folder for files.
struct World {
    registry: Registry,
    folder: TempDir,
}

impl World {
    fn start() -> Self {
        let registry = Registry::builder()
            .bearer_for("web", PASSWORD, ["shop/web"])
            .bearer_for("api", "SECRET-of-api", ["shop/api"])
            .start()
            .unwrap();
        registry.image("shop/web").tag("1.0.0").push();
        registry.image("shop/api").tag("2.0.0").push();
        Self { registry, folder: tempfile::tempdir().unwrap() }
    }

    fn manifest(&self, repositories: &[&str]) -> String {
        let subscription = |name: &&str| format!("  - image: {{repoURL: {}/{name}}}\n", self.registry.host());
        let subscriptions: String = repositories.iter().map(subscription).collect();
        format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop, namespace: team}}\nspec:\n  subscriptions:\n{subscriptions}"
        )
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text.replace("HOST", &self.registry.host())).unwrap();
        path
    }
}

fn secret(name: &str, namespace: &str, url: &str, username: &str, password: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{kargo.akuity.io/cred-type: image}}}}\n\
         stringData: {{repoURL: {url}, username: {username}, password: {password}}}\n"
    )
}

#[track_caller]
fn no_secret(ran: &Ran) {
    assert!(!ran.out.contains("SECRET") && !ran.err.contains("SECRET"), "{}{}", ran.out, ran.err);
}

#[test]
fn two_secrets_for_two_repositories_of_one_registry() {
    let world = World::start();
    let text = secret("web", "team", "HOST/shop/web", "web", PASSWORD)
        + &secret("api", "team", "HOST/shop/api", "api", "SECRET-of-api");
    let file = world.file("secrets.yaml", &text);
    let manifest = world.manifest(&["shop/web", "shop/api"]);
    let run = |command: &str| {
        let arguments = [command, "--no-cache", "-q", "--credentials", file.to_str().unwrap(), "-f", "-"];
        warehouse(&arguments, &manifest)
    };
    let ran = run("discover");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("1.0.0") && ran.out.contains("2.0.0"), "{}", ran.out);

    let ran = run("explain");
    let out = ran.out.replace(&world.registry.host(), "HOST");
    let lines: Vec<_> = out.lines().map(|line| line.split("   ").next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "image HOST/shop/web: 1 tag: 1 taken, best 1.0.0",
            "  credential: web of Secret team/web",
            "+ 1.0.0",
            "",
            "image HOST/shop/api: 1 tag: 1 taken, best 2.0.0",
            "  credential: api of Secret team/api",
            "+ 2.0.0",
        ]
    );
    no_secret(&ran);
}

#[test]
fn the_secrets_of_the_warehouses_own_namespace_come_first() {
    let world = World::start();
    let text = secret("a", "elsewhere", "HOST/shop/web", "web", "SECRET-and-wrong")
        + &secret("b", "team", "HOST/shop/web", "web", PASSWORD);
    let file = world.file("secrets.yaml", &text);
    let arguments = ["discover", "--no-cache", "--credentials", file.to_str().unwrap(), "-f", "-"];
    let ran = warehouse(&arguments, &world.manifest(&["shop/web"]));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}

#[test]
fn a_refusal_names_the_secret_or_what_came_nearest() {
    let world = World::start();
    let refused = |text: &str| {
        let file = world.file("secrets.yaml", text);
        let arguments = ["discover", "--no-cache", "--credentials", file.to_str().unwrap(), "-f", "-"];
        let ran = warehouse(&arguments, &world.manifest(&["shop/web"]));
        assert_eq!(ran.code, Some(1), "{}", ran.err);
        no_secret(&ran);
        ran.err.replace(&world.registry.host(), "HOST")
    };
    let wrong = refused(&secret("web", "team", "HOST/shop/web", "web", "SECRET-and-wrong"));
    assert!(wrong.contains("help: the credential of Secret team/web was not accepted"), "{wrong}");
    let other = refused(&secret("api", "team", "HOST/shop/api", "api", "SECRET-of-api"));
    assert!(other.contains("help: no credential was given for HOST/shop/web"), "{other}");
    assert!(other.contains("nearest: HOST/shop/api in Secret team/api"), "{other}");
    let broken = refused(
        "kind: Secret\nmetadata: {name: x, labels: {kargo.akuity.io/cred-type: image}}\ndata: {repoURL: '%SECRET'}\n",
    );
    assert!(broken.contains("warning: Secret x in ") && broken.contains("repoURL"), "{broken}");
}

#[test]
fn files_without_secrets_are_reported() {
    let world = World::start();
    for (text, words) in
        [("a: [SECRET", "is not valid YAML (line"), ("\u{0}\u{1}SECRET", "is not valid YAML")]
    {
        let file = world.file("secrets.yaml", text);
        let ran = warehouse(
            &["discover", "--credentials", file.to_str().unwrap(), "-f", "-"],
            &world.manifest(&["shop/web"]),
        );
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
        assert!(ran.err.contains(words), "{}", ran.err);
        no_secret(&ran);
    }
    let ran = warehouse(
        &["discover", "--credentials", "/nowhere/at-all.yaml", "-f", "-"],
        &world.manifest(&["shop/web"]),
    );
    assert!(ran.code == Some(2) && ran.err.contains("/nowhere/at-all.yaml could not be read"), "{}", ran.err);
}

#[test]
fn dockers_config_and_its_helpers() {
    let world = World::start();
    let manifest = world.manifest(&["shop/web"]);
    let run = |arguments: &[&str], path: Option<&Path>| {
        let mut environment = vec![("DOCKER_CONFIG", world.folder.path())];
        environment.extend(path.map(|path| ("PATH", path)));
        let ran = warehouse_with(
            &environment,
            &[&["discover", "--no-cache", "-f", "-"], arguments].concat(),
            &manifest,
        );
        no_secret(&ran);
        ran
    };
    // "web" and the password, as docker writes them.
    world.file("config.json", r#"{"auths": {"HOST": {"username": "web", "password": "SECRET-of-web"}}}"#);
    let ran = run(&[], None);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(run(&["--no-docker-config"], None).code, Some(1));

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        world.file("config.json", r#"{"credHelpers": {"HOST": "shop"}}"#);
        let answer = format!(r#"{{"Username": "web", "Secret": "{PASSWORD}"}}"#);
        let helper = world.file("docker-credential-shop", &format!("#!/bin/sh\necho '{answer}'\n"));
        fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
        let ran = run(&[], Some(world.folder.path()));
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let ran = run(&[], None);
        assert_eq!(ran.code, Some(1));
        assert!(ran.err.contains("docker-credential-shop"), "{}", ran.err);
    }

    world.file("config.json", "{SECRET");
    let ran = run(&[], None);
    assert!(ran.code == Some(2) && ran.err.contains("--no-docker-config"), "{}", ran.err);
}

#[test]
fn each_warehouse_signs_in_with_the_secrets_of_its_own_namespace() {
    let world = World::start();
    let text = secret("s", "web-team", "HOST/shop/web", "web", PASSWORD)
        + &secret("s", "api-team", "HOST/shop/web", "api", "SECRET-of-api")
        + &secret("s", "kargo-shared-resources", "HOST/shop/api", "api", "SECRET-of-api")
        + &secret("s", "another", "HOST/shop/api", "web", PASSWORD);
    let file = world.file("secrets.yaml", &text);
    let document = |name: &str, repository: &str| {
        world
            .manifest(&[repository])
            .replace("shop, namespace: team", &format!("{name}, namespace: {name}-team"))
    };
    let (web, api) = (document("web", "shop/web"), document("api", "shop/web"));
    for documents in [[&web, &api], [&api, &web]] {
        let manifest = documents.map(|document| format!("---\n{document}")).concat();
        let arguments = ["discover", "--no-cache", "--credentials", file.to_str().unwrap(), "-f", "-"];
        let ran = warehouse(&arguments, &manifest);
        // api may not read shop/web, and is not helped by the other's Secret.
        assert_eq!(ran.code, Some(1), "{}", ran.err);
        assert!(
            ran.out.lines().any(|line| line.starts_with("web-team/web ") && line.contains("1.0.0")),
            "{}",
            ran.out
        );
        assert!(
            ran.err.contains("Secret api-team/s") && !ran.err.contains("Secret web-team/s"),
            "{}",
            ran.err
        );
        no_secret(&ran);
    }
    let arguments = ["explain", "--no-cache", "-q", "--credentials", file.to_str().unwrap(), "-f", "-"];
    let ran = warehouse(&arguments, &document("web", "shop/api"));
    assert!(
        ran.out.contains("  credential: api of Secret kargo-shared-resources/s\n"),
        "{}{}",
        ran.out,
        ran.err
    );
}

#[test]
fn the_password_of_a_git_url_is_in_no_result() {
    let git = warehouse_testkit::GitServer::builder().basic("me", "SECRET").start().unwrap();
    let repository = git.create("shop").unwrap();
    repository.commit("main", warehouse_testkit::Commit::new("Open the shop").file("a", "1\n")).unwrap();
    let url = repository.url().replace("http://", "http://me:SECRET@");
    let manifest = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop}}\nspec: {{subscriptions: [{{git: {{repoURL: \"{url}\"}}}}]}}\n"
    );
    let mut names = std::collections::BTreeSet::new();
    for command in ["discover", "freight"] {
        for format in ["table", "wide", "json", "yaml", "name"] {
            let ran = warehouse(&[command, "--no-cache", "-v", "-o", format, "-f", "-"], &manifest);
            assert_eq!(ran.code, Some(0), "{}", ran.err);
            assert!(!ran.out.is_empty() && !ran.out.contains("//me"), "{}", ran.out);
            no_secret(&ran);
            if (command, format) == ("freight", "name") {
                names.insert(ran.out);
            }
        }
    }
    let ran = warehouse(&["explain", "--no-cache", "-f", "-"], &manifest);
    assert!(ran.out.contains("  credential: me of the repoURL itself\n"), "{}{}", ran.out, ran.err);
    no_secret(&ran);
    assert_eq!(names.len(), 1);
}

/// First the Secret, then the user in the URL. A server that accepts only one user shows which one was sent.
#[test]
fn a_secret_takes_precedence_over_a_user_in_the_url() {
    let git = warehouse_testkit::GitServer::builder().basic("web", PASSWORD).start().unwrap();
    let repository = git.create("shop").unwrap();
    repository.commit("main", warehouse_testkit::Commit::new("Open the shop").file("a", "1\n")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secrets.yaml");
    let run = |user: &str, secrets: &str| {
        let url = repository.url().replace("http://", &format!("http://{user}@"));
        let manifest = format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop, namespace: team}}\n\
             spec: {{subscriptions: [{{git: {{repoURL: \"{url}\"}}}}]}}\n"
        );
        fs::write(&file, secrets).unwrap();
        let file = file.to_str().unwrap();
        let arguments =
            ["explain", "--no-cache", "--no-docker-config", "-q", "--credentials", file, "-f", "-"];
        let ran = warehouse(&arguments, &manifest);
        no_secret(&ran);
        let mut lines = ran.out.lines().map(str::trim);
        let credential = lines.find(|line| line.starts_with("credential: ")).unwrap_or_default().to_owned();
        (ran.code, credential, ran.out + &ran.err)
    };
    let secret = |username: &str, password: &str, url: &str| {
        secret("shop", "team", url, username, password).replace("cred-type: image", "cred-type: git")
    };
    let (right, elsewhere) = (format!("web:{PASSWORD}"), "https://example.com/other");

    let (code, credential, said) = run("other:SECRET-of-url", &secret("web", PASSWORD, repository.url()));
    assert_eq!((code, credential.as_str()), (Some(0), "credential: web of Secret team/shop"), "{said}");
    let (code, credential, said) = run(&right, &secret("web", PASSWORD, elsewhere));
    assert_eq!((code, credential.as_str()), (Some(0), "credential: web of the repoURL itself"), "{said}");
    // The user in the URL would be accepted, and is not tried after the Secret's.
    let (code, credential, said) = run(&right, &secret("other", "SECRET-and-wrong", repository.url()));
    assert_eq!((code, credential.as_str()), (Some(1), "credential: other of Secret team/shop"), "{said}");
    assert!(said.contains("the credential of Secret team/shop was not accepted"), "{said}");
}

/// Only a Git `repoURL` may have a user; for images and charts a Secret is the one way.
#[test]
fn a_user_in_the_url_of_an_image_or_chart_is_refused_without_being_shown() {
    let world = World::start();
    let host = world.registry.host();
    for subscription in [
        format!("image: {{repoURL: \"web:{PASSWORD}@{host}/shop/web\"}}"),
        format!("image: {{repoURL: \"https://web:{PASSWORD}@{host}/shop/web\"}}"),
        format!("chart: {{repoURL: \"oci://web:{PASSWORD}@{host}/charts/web\"}}"),
        format!("chart: {{repoURL: \"http://web:{PASSWORD}@{host}/charts\", name: web}}"),
    ] {
        let manifest = format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop}}\nspec: {{subscriptions: [{{{subscription}}}]}}\n"
        );
        let ran = warehouse(&["explain", "--no-cache", "--no-docker-config", "-f", "-"], &manifest);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{subscription}: {}", ran.err);
        no_secret(&ran);
        assert_eq!(world.registry.log().counters().requests, 0, "{subscription}");
    }
}

/// The report has the credential that was used, so that `explain` need not look it up again.
#[cfg(unix)]
#[test]
fn explain_starts_a_credential_helper_once_per_discovery() {
    use std::os::unix::fs::PermissionsExt;

    let world = World::start();
    let count = world.folder.path().join("count");
    let helper = world.file(
        "docker-credential-shop",
        &format!(
            "#!/bin/sh\necho run >> '{}'\ncat > /dev/null\necho '{{\"Username\": \"web\", \"Secret\": \"{PASSWORD}\"}}'\n",
            count.display()
        ),
    );
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    world.file("config.json", r#"{"credHelpers": {"HOST": "shop"}}"#);
    let path = std::env::join_paths(
        [world.folder.path().to_owned()]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let path = PathBuf::from(path.unwrap());
    for command in ["explain", "discover"] {
        for format in ["json", if command == "explain" { "text" } else { "table" }] {
            let _ = fs::remove_file(&count);
            let environment = [("DOCKER_CONFIG", world.folder.path()), ("PATH", path.as_path())];
            let arguments = [command, "--no-cache", "-q", "-o", format, "-f", "-"];
            let ran = warehouse_with(&environment, &arguments, &world.manifest(&["shop/web"]));
            assert_eq!(ran.code, Some(0), "{command}: {}", ran.err);
            no_secret(&ran);
            if command == "explain" {
                assert!(ran.out.contains("web of docker-credential-shop for "), "{}", ran.out);
            }
            assert_eq!(fs::read_to_string(&count).unwrap(), "run\n", "{command} {format}");
        }
    }
}

#[test]
fn a_pipe_without_a_writer_is_not_waited_for_forever() {
    let world = World::start();
    let pipe = world.folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let arguments = ["discover", "--timeout", "1s", "--credentials", pipe.to_str().unwrap(), "-f", "-"];
    let ran = warehouse(&arguments, &world.manifest(&["shop/web"]));
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert!(ran.err.contains("the credentials could not be read in time"), "{}", ran.err);
}

/// `web:SECRET-of-web` in base64, in lines as `base64` without `-w0` writes them.
const AUTH: &str = r"d2ViOlNF\nQ1JFVC1vZi13ZWI=\n";

#[test]
fn secrets_with_dockers_credentials_are_read() {
    let world = World::start();
    let config = format!(r#"{{"auths": {{"HOST": {{"auth": "{AUTH}"}}}}}}"#);
    let old = format!(r#"{{"HOST": {{"auth": "{AUTH}"}}}}"#);
    let manifest = |kind: &str, field: &str, key: &str, value: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/{kind}\nmetadata: {{name: pull, namespace: team}}\n\
             {field}: {{{key}: '{}'}}\n",
            value.replace("HOST", &world.registry.host())
        )
    };
    let encoded = |text: &str| base64(text.replace("HOST", &world.registry.host()).as_bytes());
    for text in [
        manifest("dockerconfigjson", "stringData", ".dockerconfigjson", &config),
        manifest("dockerconfigjson", "data", ".dockerconfigjson", &encoded(&config)),
        manifest("dockercfg", "stringData", ".dockercfg", &old),
        manifest("dockercfg", "data", ".dockercfg", &encoded(&old)),
    ] {
        let file = world.file("pull.yaml", &text);
        let arguments = [
            "discover",
            "--no-cache",
            "--no-docker-config",
            "-f",
            "-",
            "--credentials",
            file.to_str().unwrap(),
        ];
        let ran = warehouse(&arguments, &world.manifest(&["shop/web"]));
        assert_eq!(ran.code, Some(0), "{text}: {}", ran.err);
        assert!(ran.out.contains("1.0.0") && !ran.err.contains("warning"), "{}{}", ran.out, ran.err);
        let explain: Vec<_> = ["explain"].into_iter().chain(arguments[1..].iter().copied()).collect();
        let ran = warehouse(&explain, &world.manifest(&["shop/web"]));
        assert!(ran.out.contains("credential: web of Secret team/pull"), "{}", ran.out);
        no_secret(&ran);
    }
    // One that cannot be used is told, and no reason to stop.
    let file =
        world.file("pull.yaml", &manifest("dockerconfigjson", "stringData", ".dockerconfigjson", "SECRET"));
    let arguments =
        ["discover", "--no-cache", "--no-docker-config", "-f", "-", "--credentials", file.to_str().unwrap()];
    let ran = warehouse(&arguments, &world.manifest(&["shop/web"]));
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.contains("warning: Secret team/pull is not valid JSON (line 1, column 1)"),
        "{}",
        ran.err
    );
    no_secret(&ran);
}

#[test]
fn docker_auth_config_takes_precedence_over_the_files() {
    let world = World::start();
    let text = |auth: &str| {
        format!(r#"{{"auths": {{"HOST": {{"auth": "{auth}"}}}}}}"#).replace("HOST", &world.registry.host())
    };
    // `web:wrong` in the file.
    world.file("config.json", &text("d2ViOndyb25n"));
    let folder = world.folder.path();
    let right = text(AUTH);
    let discover = ["discover", "--no-cache", "-f", "-"];
    let run = |environment: &[(&str, &Path)], arguments: &[&str]| {
        warehouse_with(environment, arguments, &world.manifest(&["shop/web"]))
    };
    let ran = run(&[("DOCKER_CONFIG", folder), ("DOCKER_AUTH_CONFIG", Path::new(&right))], &discover);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let ran = run(&[("DOCKER_CONFIG", folder), ("DOCKER_AUTH_CONFIG", Path::new(""))], &discover);
    assert_eq!(ran.code, Some(1));
    let no_docker = ["discover", "--no-cache", "--no-docker-config", "-f", "-"];
    assert_eq!(run(&[("DOCKER_AUTH_CONFIG", Path::new(&right))], &no_docker).code, Some(1));
    let ran = run(&[("DOCKER_AUTH_CONFIG", Path::new("{SECRET"))], &discover);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("DOCKER_AUTH_CONFIG is not valid JSON") && ran.err.contains("--no-docker-config"),
        "{}",
        ran.err
    );
    no_secret(&ran);
}

/// What is wrong is told at once, across all inputs.
#[test]
fn nothing_that_is_wrong_hides_anything_else() {
    let world = World::start();
    let secrets = world.file("secrets.yaml", "a: [");
    let missing = world.folder.path().join("none.pem");
    let arguments = [
        "discover",
        "--no-cache",
        "-f",
        "-",
        "--credentials",
        secrets.to_str().unwrap(),
        "--ca-file",
        missing.to_str().unwrap(),
    ];
    let parts = ["secrets.yaml", "none.pem", "DOCKER_AUTH_CONFIG is not valid JSON"];
    for manifest in
        [world.manifest(&["shop/web"]), "kind: Warehouse\napiVersion: kargo.akuity.io/v1alpha1\n".to_owned()]
    {
        let is_wrong = !manifest.contains("shop/web");
        for command in ["discover", "freight", "explain"] {
            let arguments: Vec<_> = [command].into_iter().chain(arguments[1..].iter().copied()).collect();
            let ran = warehouse_with(&[("DOCKER_AUTH_CONFIG", Path::new("{SECRET"))], &arguments, &manifest);
            assert_eq!(ran.code, Some(2), "{}", ran.err);
            for part in parts.into_iter().chain(is_wrong.then_some("a Warehouse needs a `spec`")) {
                assert_eq!(ran.err.matches(part).count(), 1, "{part}: {}", ran.err);
            }
            no_secret(&ran);
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encode = |chunk: &[u8]| {
        let bits = chunk
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0_usize, |bits, &byte| bits << 8 | usize::from(byte));
        let letter = |place: usize| match place <= chunk.len() {
            true => char::from(LETTERS[bits >> (18 - 6 * place) & 63]),
            false => '=',
        };
        (0..4).map(letter).collect::<String>()
    };
    bytes.chunks(3).map(encode).collect()
}
