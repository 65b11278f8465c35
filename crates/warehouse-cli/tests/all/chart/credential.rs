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
