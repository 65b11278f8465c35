//! No credential is printed, and none is written where others read it.

use warehouse_testkit::GitServer;

use super::world::{Publishing, said};

const SECRET: &str = "hunter2";

#[test]
fn in_the_arguments() {
    let world = Publishing::new();
    let host = world.registry.host();
    let registry = format!("oci://me:{SECRET}@{host}/charts");
    world.write("../ca.pem", &format!("password: {SECRET}\n"));
    world.run(&["chart", "package", "charts/alone", "-d", "../out"]);
    let archive = "../out/alone-1.4.0.tgz";
    for arguments in [
        &["release", "alone", "--registry", &registry][..],
        &["plan", "alone", "--registry", &registry, "-v"],
        &["release-dev", "--registry", &registry],
        &["push", archive, "--registry", &registry],
        &["release", "alone", "--backup", "s3://me:hunter2@bucket/charts"],
        &["backup", archive, "--backup", "s3://me:hunter2@bucket/charts"],
        &["backup", archive, "--backup", "https://me:hunter2@host/charts"],
        &["backup", archive, "--backup", "rclone:,secret_access_key=hunter2:x"],
        &["backup", archive, "--backup-url", "https://me:hunter2@charts.example.com"],
        &["release", "alone", "--backup-url", "https://me:hunter2@charts.example.com"],
        &["release", "alone", "--backup-url", "https://me:hunter2@charts example.com"],
        &["release", "alone", "--ca-file", "../ca.pem"],
    ] {
        let ran = world.publish(arguments);
        said(&ran, 2, &["error: "]);
        assert_eq!(ran.out, "", "{arguments:?}");
        assert!(!ran.err.contains(SECRET), "{arguments:?}: {}", ran.err);
    }
    assert_eq!(world.stored().len(), 0);
    assert_eq!(world.registry.log().counters().requests, 0);
}

#[test]
fn in_the_environment_and_the_help() {
    let world = Publishing::new();
    for command in ["release", "push", "backup", "plan", "auto", "release-dev"] {
        let mut started = world.command(&["chart", command, "--help"]);
        started.env("WAREHOUSE_CHART_REGISTRY", "oci://me:hunter2@host/x");
        let output = started.env("WAREHOUSE_CHART_BACKUP", "s3://me:hunter2@bucket").output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(help.contains("[env: WAREHOUSE_CHART_") && !help.contains(SECRET), "{help}");
    }
}

#[test]
fn in_the_url_of_the_remote() {
    let world = Publishing::new();
    let closed = GitServer::builder().basic("me", "another").start().unwrap();
    closed.create("charts.git").unwrap();
    let address = closed.address();
    world.git(&["remote", "set-url", "origin", &format!("http://me:{SECRET}@{address}/charts.git")]);
    for arguments in
        [&["plan", "alone"][..], &["release", "alone"], &["release", "alone", "-v", "-o", "json"]]
    {
        let ran = world.publish(arguments);
        said(&ran, 1, &["error: ", &address.to_string()]);
        assert!(!ran.err.contains(SECRET) && !ran.out.contains(SECRET), "{}\n{}", ran.out, ran.err);
    }
}

/// What `helm registry login` wrote is read for charts, after docker's files.
#[test]
fn the_login_of_helm() {
    let Some(helm) = warehouse_testkit::peer::available(warehouse_testkit::peer::Tool::find("helm")) else {
        return;
    };
    let world = Publishing::new();
    world.run(&["chart", "package", "charts/alone", "-d", "../out"]);
    let closed = warehouse_testkit::Registry::builder().basic("me", SECRET).start().unwrap();
    let host = closed.host();
    helm.run(["registry", "login", &host, "-u", "me", "-p", SECRET, "--plain-http"]).unwrap();
    let url = format!("oci://{host}/charts");
    let push = |variable: &str, value: std::path::PathBuf| {
        let mut command = world.command(&["chart", "push", "../out/alone-1.4.0.tgz", "--registry", &url]);
        let output = command.env(variable, value).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let config = helm.folder().join(".config");
    for (variable, value) in [
        ("HELM_REGISTRY_CONFIG", config.join("helm/registry/config.json")),
        ("HELM_CONFIG_HOME", config.join("helm")),
        ("XDG_CONFIG_HOME", config.clone()),
    ] {
        let (code, err) = push(variable, value);
        assert_eq!(code, Some(0), "{variable}: {err}");
    }
    assert_eq!(closed.tags("charts/alone"), ["1.4.0"]);
    let (code, err) = push("UNRELATED", config);
    assert_eq!(code, Some(1), "{err}");
    assert!(!err.contains(SECRET), "{err}");
    // Docker's come first.
    let docker = world.folder.path().join("docker");
    std::fs::create_dir(&docker).unwrap();
    std::fs::write(
        docker.join("config.json"),
        format!(r#"{{"auths": {{"{host}": {{"auth": "bWU6d3Jvbmc="}}}}}}"#),
    )
    .unwrap();
    let mut command = world.command(&["chart", "push", "../out/alone-1.4.0.tgz", "--registry", &url]);
    command.env("DOCKER_CONFIG", &docker).env("XDG_CONFIG_HOME", helm.folder().join(".config"));
    assert_eq!(command.output().unwrap().status.code(), Some(1));
}
