//! `chart package`, `push` and `backup`.

use super::world::{Publishing, names, said};

/// The archives of two charts, packaged into `out` beside the clone.
fn packaged(world: &Publishing) -> [String; 2] {
    let ran = world.run(&["chart", "package", "charts/common", "charts/web", "-d", "../out"]);
    said(&ran, 0, &[]);
    ["../out/common-1.4.0.tgz", "../out/web-1.4.0.tgz"].map(str::to_owned)
}

#[test]
fn package_writes_the_same_archive_each_time() {
    let world = Publishing::new();
    let first = world.run(&["chart", "package", "charts/common", "charts/web", "-d", "../out"]);
    let again = world.run(&["chart", "package", "charts/common", "charts/web", "-d", "../out"]);
    assert_eq!((first.code, &first.out), (Some(0), &again.out), "{}", first.err);
    let lines: Vec<_> = first.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(lines[0], ["CHART", "VERSION", "DIGEST", "OUTCOME", "TARGET"]);
    assert_eq!(lines[2][..2], ["web", "1.4.0"]);
    assert_eq!(lines[2][3..], ["packaged", "../out/web-1.4.0.tgz"]);
    assert_eq!(names(&world.folder.path().join("out")), ["common-1.4.0.tgz", "web-1.4.0.tgz"]);

    let ran = world.run(&["chart", "package", "charts/web", "-d", "../out", "-o", "json"]);
    let rows: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(rows["items"][0]["outcome"], "packaged");
    assert!(rows["items"][0]["digest"].as_str().unwrap().starts_with(lines[2][2]));
}

#[test]
fn package_sets_versions() {
    let world = Publishing::new();
    let arguments = ["--version", "2.0.0+b.1", "--app-version", "9", "-o", "name"];
    let ran = world.run(&[&["chart", "package", "charts/web"][..], &arguments].concat());
    said(&ran, 0, &[]);
    assert_eq!(ran.out, "./web-2.0.0+b.1.tgz\n");
    let ran = world.run(&["chart", "package", "charts/web", "--version", "x"]);
    said(&ran, 1, &["the version \"x\" is not a semantic version", "help: "]);
    // The version of the command is that of `warehouse --version`.
    let ran = world.run(&["chart", "package", "--help"]);
    assert!(ran.out.contains("--app-version") && !ran.out.contains("Print version"), "{}", ran.out);
}

#[test]
fn package_goes_on_after_a_chart_that_fails() {
    let world = Publishing::new();
    let ran = world.run(&["chart", "package", "charts", "charts/alone", "-d", "../out", "-o", "name"]);
    said(&ran, 1, &["error: charts: there is no Chart.yaml", "help: "]);
    assert_eq!(ran.out, "../out/alone-1.4.0.tgz\n");
    let ran = world.run(&["chart", "package", "charts/no", "-d", "../out"]);
    said(&ran, 2, &["error: charts/no could not be read: "]);
    let ran = world.run(&["chart", "package", "charts/alone", "charts/alone", "-d", "../out"]);
    said(&ran, 1, &["another of these charts is written to ../out/alone-1.4.0.tgz"]);
    let ran = world.run(&["chart", "package", "charts/web", "--root", "charts/web"]);
    said(&ran, 1, &["file://../common", "help: "]);
    let ran = world.run(&["chart", "package", "charts/alone", "-d", "README.md/x"]);
    said(&ran, 2, &["error: README.md/x could not be created"]);
}

#[test]
fn push_never_overwrites() {
    let world = Publishing::new();
    let [common, web] = packaged(&world);
    let ran = world.publish(&["push", &common, &web]);
    said(&ran, 0, &[]);
    assert!(ran.out.contains("pushed    oci://REGISTRY/charts/web:1.4.0@sha256:"), "{}", ran.out);
    assert!(ran.out.lines().all(|line| line.len() <= 110), "{}", ran.out);
    let manifest = world.registry.digest("charts/web", "1.4.0").unwrap();
    let ran = world.publish(&["push", &web, "-o", "name"]);
    assert_eq!(ran.out, format!("oci://REGISTRY/charts/web:1.4.0@{manifest}\n"));
    assert!(world.publish(&["push", &web, "-o", "json"]).out.contains("\"there already\""));

    world.write("charts/web/values.yaml", "other: true\n");
    packaged(&world);
    for arguments in [&["push", &web][..], &["push", &web, "--replace-dev"]] {
        let ran = world.publish(arguments);
        said(
            &ran,
            1,
            &[
                "web 1.4.0 is published with other content in oci://REGISTRY/charts/web:1.4.0",
                "raise `version`",
            ],
        );
        assert_eq!(ran.err.matches("sha256:").count(), 2, "both digests: {}", ran.err);
    }
    assert_eq!(world.registry.digest("charts/web", "1.4.0"), Some(manifest));

    // A dev version moves, if that is asked for.
    for (value, outcome) in [("1", "pushed"), ("2", "replaced")] {
        world.write("charts/alone/values.yaml", &format!("a: {value}\n"));
        world.run(&["chart", "package", "charts/alone", "--version", "0.0.0-dev", "-d", "../out"]);
        let ran = world.publish(&["push", "../out/alone-0.0.0-dev.tgz", "--replace-dev"]);
        assert!(ran.out.contains(outcome), "{}\n{}", ran.out, ran.err);
    }
}

#[test]
fn what_is_no_archive_is_not_pushed() {
    let world = Publishing::new();
    for (file, part) in [
        ("no.tgz", "no.tgz could not be read: "),
        ("charts", "charts could not be read: "),
        ("README.md", "README.md: not an archive compressed by gzip"),
    ] {
        said(&world.publish(&["push", file]), 2, &[part]);
        said(&world.publish(&["backup", file]), 2, &[part]);
    }
    assert_eq!(world.registry.log().counters().requests, 0);
    said(&world.run(&["chart", "push", "x.tgz"]), 2, &["--registry <oci://HOST/PATH>"]);
    said(&world.run(&["chart", "backup", "x.tgz"]), 2, &["--backup <URL>"]);
}

#[test]
fn a_registry_that_is_not_there() {
    let world = Publishing::new();
    let [_, web] = packaged(&world);
    let ran = world.publish(&["push", &web, "--registry", "oci://127.0.0.1:1/charts"]);
    said(
        &ran,
        1,
        &["oci://127.0.0.1:1/charts/web:1.4.0 was not pushed", "the registry has nothing of it", "help: "],
    );
    assert_eq!(ran.out, "");
}

#[test]
fn backup_writes_archives_and_one_index() {
    let world = Publishing::new();
    let [common, web] = packaged(&world);
    let ran = world.publish(&["backup", &common, &web, "--backup-url", "https://charts.example.com/x"]);
    said(&ran, 0, &[]);
    assert!(ran.out.contains("written   file:///STORE/web-1.4.0.tgz\n"), "{}", ran.out);
    let index = std::fs::read_to_string(world.store().join("index.yaml")).unwrap();
    assert!(index.contains("- https://charts.example.com/x/web-1.4.0.tgz"), "{index}");
    let ran = world.publish(&["backup", &common, &web]);
    assert!(ran.out.contains("there already   file:///STORE/web-1.4.0.tgz\n"), "{}", ran.out);
    assert_eq!(std::fs::read_to_string(world.store().join("index.yaml")).unwrap(), index);

    world.write("charts/web/values.yaml", "other: true\n");
    packaged(&world);
    let ran = world.publish(&["backup", &web]);
    said(&ran, 1, &["web 1.4.0 is published with other content in file:///STORE", "help: "]);
    std::fs::write(world.store().join("index.yaml"), "entries: [\n").unwrap();
    world.run(&["chart", "package", "charts/alone", "-d", "../out"]);
    let ran = world.publish(&["backup", "../out/alone-1.4.0.tgz"]);
    said(&ran, 1, &["index.yaml"]);
    assert_eq!(std::fs::read_to_string(world.store().join("index.yaml")).unwrap(), "entries: [\n");
}
