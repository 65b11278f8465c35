//! `chart plan`, `release`, `release-dev` and `auto`.

use std::time::{Duration, Instant};

use warehouse_testkit::{Fault, Reply, When};

use super::world::{Publishing, said};

const NOTHING: [&str; 0] = [];

#[test]
fn a_plan_a_release_and_the_same_again() {
    let world = Publishing::new();
    let plan = world.publish(&["plan", "common", "web"]);
    said(&plan, 0, &[]);
    assert_eq!(
        plan.out,
        "\
CHART    VERSION   CHANNEL   ARCHIVE   PUSH     INDEX    TAG      PUSH TAG
common   1.4.0     release   create    create   create   create   create
web      1.4.0     release   create    create   create   create   create

push             oci://REGISTRY/charts
archive, index   file:///STORE
push tag         origin

common: there is no tag common-1.4.0
web: there is no tag web-1.4.0
"
    );
    assert!(plan.out.lines().all(|line| line.len() <= 100), "{}", plan.out);
    assert_eq!(world.publish(&["plan", "web", "-o", "name"]).out, "web-1.4.0\n");
    assert_eq!((world.tags("web"), world.stored()), (vec![], vec![]));

    let released = world.publish(&["release", "common", "web"]);
    said(&released, 0, &["2 charts published\n"]);
    assert_eq!(
        released.out,
        "\
CHART    VERSION   CHANNEL   ARCHIVE   PUSH      INDEX     TAG       PUSH TAG
common   1.4.0     release   created   created   created   created   created
web      1.4.0     release   created   created   created   created   created
"
    );
    assert_eq!(world.tags("web"), ["1.4.0"]);
    assert_eq!(world.stored(), ["common-1.4.0.tgz", "index.yaml", "web-1.4.0.tgz"]);
    assert_eq!(world.remote_tags(), "common-1.4.0 web-1.4.0");

    let again = world.publish(&["release", "common", "web"]);
    said(&again, 0, &["2 charts unchanged: there was nothing left to do\n"]);
    assert!(again.out.contains("web      1.4.0     release   kept      kept   kept    kept   kept\n"));
    assert_eq!(world.publish(&["plan", "web", "-o", "name"]).out, "");
}

#[test]
fn the_arguments_win_over_the_environment() {
    let world = Publishing::new();
    let other = format!("oci://{}/other", world.registry.host());
    said(&world.publish(&["release", "alone", "--registry", &other]), 0, &[]);
    assert_eq!(world.registry.tags("other/alone"), ["1.4.0"]);
    assert_eq!(world.tags("alone"), NOTHING);
    assert_eq!(world.stored(), ["alone-1.4.0.tgz", "index.yaml"]);
}

#[test]
fn json_has_each_step_with_its_target_and_outcome() {
    let world = Publishing::new();
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let plan = read(&world.publish(&["plan", "alone", "-o", "json"]).out);
    let push = |outcome: &str, action: &str| {
        let mut step = serde_json::json!({
            "kind": "push", "target": "oci://REGISTRY/charts/alone:1.4.0", "action": action
        });
        if !outcome.is_empty() {
            step["outcome"] = outcome.into();
        }
        step
    };
    assert_eq!(plan["items"][0]["steps"][1], push("", "create"));
    assert_eq!(plan["commit"], world.git(&["rev-parse", "HEAD"]).trim());
    let report = read(&world.publish(&["release", "alone", "-o", "json"]).out);
    assert_eq!(report["items"][0]["steps"][1], push("created", "create"));
    assert_eq!(report["errors"], serde_json::json!([]));
    let again = read(&world.publish(&["release", "alone", "-o", "json"]).out);
    assert_eq!(again["items"][0]["steps"][1], push("kept", "keep"));
    assert_eq!(again["items"][0]["digest"], plan["items"][0]["digest"]);
}

/// A release that is refused: exit code 1, nothing on standard output, what and why, and nothing published.
#[track_caller]
fn refused(world: &Publishing, arguments: &[&str], parts: &[&str]) {
    let arguments: Vec<_> = ["release"].iter().chain(arguments).copied().collect();
    let ran = world.publish(&arguments);
    said(&ran, 1, &["refused: ", "\n  help: ", "error: nothing is published\n"]);
    said(&ran, 1, parts);
    assert_eq!(ran.out, "");
    assert_eq!((world.stored().len(), world.remote_tags().as_str()), (0, ""));
}

#[test]
fn each_refusal_says_what_and_what_to_do() {
    let world = Publishing::new();
    refused(&world, &["wbe"], &["refused: there is no chart \"wbe\" in charts\n  help: did you mean web?\n"]);
    refused(&world, &["web", "web"], &["the chart web is named twice", "name each chart once"]);
    refused(
        &world,
        &["web", "--verify-image=REGISTRY/shop/{chart}".replace("REGISTRY", &world.registry.host()).as_str()],
        &["the image of web does not exist: REGISTRY/shop/web:2.1.0", "push the image first"],
    );
    world.write("charts/web/values.yaml", "image: {}\n");
    refused(
        &world,
        &["alone"],
        &["the work tree differs from its commit: charts/web/values.yaml", "git stash"],
    );
    world.commit();
    refused(&world, &["web"], &["is not on origin/main", "push it"]);
    world.write("charts/alone/Chart.yaml", "apiVersion: v2\nname: alone\nversion: 0.9.0-dev.1\n");
    world.commit();
    world.git(&["push", "--quiet", "origin", "HEAD:main"]);
    refused(
        &world,
        &["alone", "--deployed"],
        &["alone 0.9.0-dev.1 is below 1.0.0", "write `version: 1.0.0` or higher", "use `release-dev`"],
    );

    let ran = world.run(&["chart", "release", "web"]);
    said(&ran, 1, &["there is nowhere to publish to", "--registry oci://HOST/PATH"]);
    let ran = world.publish(&["release", "web", "--remote", "upstream"]);
    said(&ran, 1, &["there is no remote \"upstream\"", "the remotes are: origin"]);
}

#[test]
fn a_refused_release_as_json_is_its_plan() {
    let world = Publishing::new();
    let ran = world.publish(&["release", "nope", "-o", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(ran.code, Some(1));
    assert_eq!((&plan["kind"], &plan["items"]), (&"List".into(), &serde_json::json!([])));
    let error = &plan["errors"][0];
    assert_eq!(
        (&error["kind"], &error["refusal"]["refusal"]),
        (&"refused".into(), &"noSuchChart".into()),
        "{plan}"
    );
    assert_eq!(error["message"], "there is no chart \"nope\" in charts");
    assert!(error["hint"].as_str().unwrap().contains("lists the charts"), "{plan}");
    // Nothing of it would be published, so no name is printed.
    let ran = world.publish(&["plan", "web", "nope", "-o", "name"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
}

#[test]
fn a_tag_on_another_commit_and_other_content() {
    let world = Publishing::new();
    said(&world.publish(&["release", "alone"]), 0, &[]);
    world.write("charts/alone/values.yaml", "image: {}\n");
    world.commit();
    world.git(&["push", "--quiet", "origin", "HEAD:main"]);
    let ran = world.publish(&["release", "alone"]);
    said(&ran, 1, &["the tag alone-1.4.0 stands on another commit", "raise `version`"]);
    world.git(&["tag", "--delete", "alone-1.4.0"]);
    world.git(&["push", "--quiet", "origin", ":refs/tags/alone-1.4.0"]);
    let ran = world.publish(&["release", "alone"]);
    said(&ran, 1, &["alone 1.4.0 is published with other content in oci://REGISTRY/charts", "never changes"]);
    assert_eq!(world.remote_tags(), "");
}

#[test]
fn wrong_arguments_are_exit_code_2_and_send_nothing() {
    let world = Publishing::new();
    for (arguments, parts) in [
        (
            &["release", "web", "--registry", "ghcr.io/x"][..],
            &["is not the URL of charts in a registry", "write oci://HOST/PATH"][..],
        ),
        (&["release", "web", "--backup", "ftp://x"], &["there is no store for `ftp://`", "use s3://"]),
        (&["release", "web", "--backup", "file:///no/such/folder"], &["does not exist", "mkdir -p"]),
        (
            &["release", "web", "--backup-url", "charts.example.com"],
            &["is not the URL of a chart repository", "https://HOST/PATH"],
        ),
        (&["release", "web", "--repository", "/"], &["/ is in no Git repository", "help: "]),
        (&["release"], &["<CHART>"]),
        (&["release-dev", "--dev-version", "daily"], &["--dev-version", "daily"]),
        (&["auto", "--timeout", "0s"], &["--timeout", "longer than zero"]),
    ] {
        let ran = world.publish(arguments);
        said(&ran, 2, parts);
        assert_eq!(ran.out, "", "{arguments:?}");
    }
    assert_eq!(world.registry.log().counters().requests, 0);
}

#[test]
fn a_dry_run_writes_nothing() {
    let world = Publishing::new();
    let dev = world.publish(&["release-dev", "--dry-run"]);
    said(&dev, 0, &[]);
    assert!(dev.out.contains("worker   0.0.0-dev   dev       create    create   create\n"), "{}", dev.out);
    let auto = world.publish(&["auto", "--dry-run", "-o", "name"]);
    assert_eq!(auto.out, "alone-1.4.0\ncommon-1.4.0\nweb-1.4.0\nworker-1.4.0\n");
    let writes = ["POST", "PUT", "PATCH", "DELETE"]
        .map(|method| world.registry.log().count(&When::any().method(method)));
    assert_eq!(writes, [0; 4]);
    assert_eq!((world.stored(), world.remote_tags().as_str()), (vec![], ""));
}

#[test]
fn a_dev_chart_that_fails_does_not_stop_the_others() {
    let world = Publishing::new();
    world.write("charts/web/values.yaml", "a: [\n");
    let ran = world.publish(&["release-dev", "-o", "name"]);
    said(
        &ran,
        1,
        &["error: web: charts/web/values.yaml:", "3 charts published, 1 not complete; what is done stays"],
    );
    assert_eq!(ran.out, "alone-0.0.0-dev\ncommon-0.0.0-dev\nworker-0.0.0-dev\n");
    let table = world.publish(&["release-dev"]);
    assert!(table.out.contains("web      -           dev       not published\n"), "{}", table.out);

    world.write("charts/web/values.yaml", "a: 1\n");
    let ran = world.publish(&["release-dev", "web"]);
    said(&ran, 0, &["1 chart published\n"]);
    world.write("charts/web/values.yaml", "a: 2\n");
    let ran = world.publish(&["release-dev", "web"]);
    assert!(
        ran.out.contains("web     0.0.0-dev   dev       replaced   replaced   replaced\n"),
        "{}",
        ran.out
    );
}

#[test]
fn dated_dev_versions_are_those_of_the_commit() {
    let world = Publishing::new();
    let ran = world.publish(&["release-dev", "web", "--dev-version", "dated", "-o", "name"]);
    said(&ran, 0, &[]);
    let commit = world.git(&["rev-parse", "--short=7", "HEAD"]);
    assert!(ran.out.starts_with("web-1.4.0-dev.") && ran.out.ends_with(&format!("-{commit}")), "{}", ran.out);
    world.write("charts/web/values.yaml", "a: 2\n");
    let ran = world.publish(&["release-dev", "web", "--dev-version", "dated"]);
    said(&ran, 1, &["the work tree differs from it", "--dev-version fixed"]);
}

#[test]
fn auto_releases_what_has_no_tag_and_the_rest_becomes_dev() {
    let world = Publishing::new();
    said(&world.publish(&["release", "web"]), 0, &[]);
    world.write("charts/web/values.yaml", "a: 2\n");
    world.commit();
    world.git(&["push", "--quiet", "origin", "HEAD:main"]);
    let plan = world.publish(&["auto", "web", "alone", "--dry-run"]);
    assert!(
        plan.out.ends_with("\nweb: web-1.4.0 is released\nalone: there is no tag alone-1.4.0\n"),
        "{}",
        plan.out
    );
    let ran = world.publish(&["auto", "web", "alone"]);
    said(&ran, 0, &["2 charts published\n"]);
    assert_eq!(
        ran.out,
        "\
CHART   VERSION     CHANNEL   ARCHIVE   PUSH      INDEX     TAG       PUSH TAG
web     0.0.0-dev   dev       created   created   created
alone   1.4.0       release   created   created   created   created   created
"
    );
    assert_eq!(world.remote_tags(), "alone-1.4.0 web-1.4.0");
}

#[test]
fn a_registry_that_fails_and_the_second_run() {
    let world = Publishing::new();
    world
        .registry
        .faults()
        .add(When::path("/v2/charts/web/manifests/1.4.0").method("PUT"), Reply::status(500));
    let ran = world.publish(&["release", "common", "web"]);
    said(&ran, 1, &["error: web: push: ", "HTTP 500", "the same command does what is missing"]);
    assert!(ran.out.contains("failed") && ran.out.contains("not tried"), "{}", ran.out);
    assert_eq!(world.remote_tags(), "", "a tag says that everything before it is done");
    world.registry.faults().clear();
    said(&world.publish(&["release", "common", "web"]), 0, &["2 charts published\n"]);
    assert_eq!(world.remote_tags(), "common-1.4.0 web-1.4.0");
}

#[test]
fn killed_and_run_again() {
    let world = Publishing::new();
    world.registry.faults().add(When::path("/v2/charts/web/manifests/1.4.0").method("PUT"), Fault::Stall);
    let mut command = world.command(&["chart", "release", "common", "web"]);
    let mut child = world.with_places(&mut command).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while world.registry.faults().injected() == 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((world.tags("web"), world.remote_tags().as_str()), (vec![], ""));
    assert_eq!(
        world.stored(),
        ["common-1.4.0.tgz", "web-1.4.0.tgz"],
        "the archives are there, and no reader sees them"
    );
    world.registry.faults().clear();
    let ran = world.publish(&["release", "common", "web"]);
    said(&ran, 0, &["2 charts published\n"]);
    assert!(ran.out.contains("web      1.4.0     release   kept      created"), "{}", ran.out);
    assert_eq!(world.tags("web"), ["1.4.0"]);
    assert_eq!(world.remote_tags(), "common-1.4.0 web-1.4.0");
}

#[test]
fn quiet_verbose_and_no_status_in_a_pipe() {
    let world = Publishing::new();
    let verbose = world.publish(&["release", "alone", "-v"]);
    said(
        &verbose,
        0,
        &["alone: package\n", "alone: push: oci://REGISTRY/charts/alone:1.4.0\n", "alone: push: created\n"],
    );
    assert!(!verbose.err.contains(['\r', '\u{1b}']), "{}", verbose.err);
    let plain = world.publish(&["release", "alone"]);
    assert_eq!(plain.err, "1 chart unchanged: there was nothing left to do\n");
    let quiet = world.publish(&["release", "alone", "-q"]);
    assert_eq!((quiet.code, quiet.err.as_str()), (Some(0), ""));
}

/// `script` of util-linux runs the command on a terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_the_step_that_runs() {
    let world = Publishing::new();
    let mut command = std::process::Command::new("script");
    let line = format!("{} chart release alone", env!("CARGO_BIN_EXE_warehouse"));
    command
        .args(["-qec", &line, "/dev/null"])
        .current_dir(world.clone_folder())
        .env_remove("WAREHOUSE_CHART_BACKUP");
    let output = match world.with_places(&mut command).output() {
        Ok(output) => output,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "script: {error}");
            eprintln!("skipped: the program `script` of util-linux is not installed: {error}");
            return;
        }
    };
    let shown = String::from_utf8(output.stdout).unwrap();
    for part in ["alone: package", "1 of 5 steps: alone: archive", "5 of 5 steps: alone: push tag"] {
        assert!(shown.contains(&format!("\r\u{1b}[K{part}\r\u{1b}[K")), "{part:?} is missing:\n{shown}");
    }
    assert!(
        shown.contains("\r\u{1b}[KCHART   VERSION") && shown.ends_with("1 chart published\r\n"),
        "{shown}"
    );
}

/// The signal of a supervisor: what is done and what is not is printed, and the same command finishes.
#[cfg(unix)]
#[test]
fn stopped_by_a_signal() {
    let world = Publishing::new();
    for signal in ["TERM", "INT"] {
        world.registry.faults().add(When::path("/v2/charts/web/manifests/1.4.0").method("PUT"), Fault::Stall);
        let before = world.registry.faults().injected();
        let mut command = world.command(&["chart", "release", "common", "web"]);
        let child = world.with_places(&mut command).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while world.registry.faults().injected() == before && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        let id = child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(output.status.code(), Some(130), "{out}{err}");
        assert!(out.contains("stopped   not tried   not tried   not tried"), "{out}");
        assert!(err.contains("error: the release was stopped\n  help: run the same command again"), "{err}");
        assert!(err.contains("0 charts published, 2 not complete; what is done stays"), "{err}");
        world.registry.faults().clear();
    }
    said(&world.publish(&["release", "common", "web"]), 0, &["2 charts published\n"]);
}

#[test]
fn a_deadline_names_the_option() {
    let world = Publishing::new();
    world.registry.faults().add(When::path("/v2/charts/alone/manifests/1.4.0").method("PUT"), Fault::Stall);
    let ran = world.publish(&["release", "alone", "--timeout", "3s"]);
    said(&ran, 1, &["the deadline passed", "--timeout"]);
}

#[test]
fn a_registry_with_a_tag_and_no_charts() {
    let world = Publishing::new();
    let ran = world.publish(&["release", "web", "--registry", "oci://ghcr.io/a/b:1.0"]);
    said(&ran, 2, &["the URL of a registry has no tag: oci://ghcr.io/a/b:1.0", "the version of each chart"]);
    world.write("empty/README.md", "");
    let ran = world.publish(&["release-dev", "--charts", "empty"]);
    said(&ran, 1, &["refused: there are no charts in empty\n  help: ", "--charts"]);
}
