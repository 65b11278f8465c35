//! `watch`: what it prints, the command for new Freight, how it ends, and what survives a kill.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use warehouse_testkit::Registry;

use crate::support::{ONE_OF_EACH, World, warehouse};

fn image_alone(registry: &Registry) -> String {
    format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop}}\n\
         spec: {{subscriptions: [{{image: {{repoURL: {}/shop/web}}}}]}}\n",
        registry.host()
    )
}

/// The lines without what differs from run to run.
fn stable(world: &World, out: &str) -> String {
    let out = out
        .replace(&world.registry.host(), "REGISTRY")
        .replace(world.repository.url(), "GIT")
        .replace(&world.charts.url(), "CHARTS");
    let line = |line: &str| {
        let (_, rest) = line.split_once(' ').unwrap();
        let (rest, cost) = rest.rsplit_once("; ").unwrap();
        let requests = cost.split(", ").next().unwrap();
        let words = rest.split(' ').map(|word| {
            let end = word.find(|letter: char| !letter.is_ascii_hexdigit()).unwrap_or(word.len());
            if end == 40 { format!("FREIGHT{}", &word[40..]) } else { word.to_owned() }
        });
        format!("TIME {}; {requests}", words.collect::<Vec<_>>().join(" "))
    };
    out.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Arguments after `watch`, with the state in this folder, for one round.
fn once<'a>(state: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    let state = state.to_str().unwrap();
    [&["watch", "--once", "--no-cache", "--no-docker-config", "-f", "-", "--state-dir", state], more].concat()
}

#[test]
fn a_line_for_each_change_and_none_where_nothing_moved() {
    let world = World::start();
    let folder = tempfile::tempdir().unwrap();
    let manifest = world.fill(ONE_OF_EACH);
    let run = || warehouse(&once(folder.path(), &[]), &manifest);
    let first = run();
    assert_eq!((first.code, first.err.as_str()), (Some(0), ""));
    insta::assert_snapshot!(stable(&world, &first.out), @r"
    TIME fruit/shop: image REGISTRY/shop/web: found 1.2.0 (sha256:58d36d434863570e5363300e2c0dc7c596bf56ed69066ba19610ee901980c8b2); 4 requests
    TIME fruit/shop: git GIT: found main (ec955a4b713dbbd95464b21358a5a9670980d10c); 3 requests
    TIME fruit/shop: chart CHARTS (shop): found 0.2.1; 1 request
    TIME fruit/shop: Freight FREIGHT; 8 requests
    ");

    world.registry.log().clear();
    world.git.log().clear();
    world.charts.log().clear();
    let second = run();
    assert_eq!((second.code, second.out.as_str(), second.err.as_str()), (Some(0), "", ""));
    let logs = [world.registry.log(), world.git.log(), world.charts.log()];
    // A new process without a cache: the list and the images again, two requests of Git, the index.
    assert_eq!(logs.map(|log| log.counters().requests), [4, 2, 1]);

    world.registry.image("shop/web").tag("1.3.0").platforms(["linux/amd64"]).push();
    world.charts.faults().add(warehouse_testkit::When::any(), warehouse_testkit::Fault::status(404));
    let third = run();
    assert_eq!((third.code, third.err.as_str()), (Some(1), ""));
    let third = stable(&world, &third.out);
    // When it answered, which was a moment ago.
    let (start, rest) = third.split_once("the result of ").unwrap();
    let (_, end) = rest.split_once(" old)").unwrap();
    insta::assert_snapshot!(format!("{start}the result of TIME (AGE old){end}"), @r"
    TIME fruit/shop: image REGISTRY/shop/web: 1.2.0 (sha256:58d36d434863570e5363300e2c0dc7c596bf56ed69066ba19610ee901980c8b2) -> 1.3.0 (sha256:6b0c1c1c00ba38755caa0f4c2cea107f99be4607d68a1a2917f6ae54eb137443); 5 requests
    TIME fruit/shop: chart CHARTS (shop): failed: the index of the chart repository could not be read: HTTP 404 (CHARTS/index.yaml) (a chart repository answers <repoURL>/index.yaml; charts in a registry have a repoURL that begins with oci://); what is left is the result of TIME (AGE old); 1 request
    ");
}

#[test]
fn the_command_gets_the_freight_and_no_shell_reads_its_arguments() {
    let world = World::start();
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("note");
    let out = folder.path().join("out");
    let text = format!(
        "cat > {0}.json; echo \"$1 $WAREHOUSE_NAMESPACE/$WAREHOUSE_NAME $WAREHOUSE_FREIGHT $WAREHOUSE_ATTEMPT\" > {0}; echo said",
        out.display()
    );
    fs::write(&script, text).unwrap();
    let state = folder.path().join("state");
    let exec = [
        "-o",
        "json",
        "--exec",
        "sh",
        script.to_str().unwrap(),
        "$(touch x); `id`",
        ";",
        "--exec-timeout",
        "30s",
    ];
    let ran = warehouse(&once(&state, &exec), &world.fill(ONE_OF_EACH));
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), "sh: said\n"));
    let freight: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(out.with_extension("json")).unwrap()).unwrap();
    let name = freight["metadata"]["name"].as_str().unwrap();
    assert_eq!((&freight["kind"], &freight["images"][0]["tag"]), (&"Freight".into(), &"1.2.0".into()));
    assert_eq!(fs::read_to_string(&out).unwrap(), format!("$(touch x); `id` fruit/shop {name} 1\n"));

    let events: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["artifact", "artifact", "artifact", "freight", "handled"]);
    assert_eq!((&events[0]["namespace"], &events[0]["warehouse"]), (&"fruit".into(), &"shop".into()));
    assert_eq!(events[0]["from"], serde_json::Value::Null);
    assert_eq!(events[0]["to"]["name"], "1.2.0");
    assert_eq!(events[0]["cost"]["requests"], 4);
    assert_eq!((&events[3]["name"], &events[4]["freight"]), (&name.into(), &name.into()));
    assert!(events.iter().all(|event| event["time"] == events[0]["time"]));
    let saved: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(state.join("fruit_shop.json")).unwrap()).unwrap();
    assert_eq!((&saved["freight"], &saved["handled"][0]["name"]), (&name.into(), &name.into()));
    // It is handled: the next process does not run it.
    fs::remove_file(&out).unwrap();
    assert_eq!(warehouse(&once(&state, &exec), &world.fill(ONE_OF_EACH)).out, "");
    assert!(!out.exists());
}

#[test]
fn without_a_command_nothing_is_handled_and_a_later_one_gets_the_freight() {
    let registry = Registry::start().unwrap();
    registry.image("shop/web").tag("1.0.0").push();
    let folder = tempfile::tempdir().unwrap();
    let run = |exec: &[&str]| warehouse(&once(folder.path(), exec), &image_alone(&registry)).out;
    assert!(!run(&[]).contains("handled"));
    assert_eq!(run(&[]), "");
    let out = run(&["--exec", "true"]);
    assert!(out.lines().count() == 1 && out.contains(": handled; "), "{out}");
    assert_eq!(run(&["--exec", "true"]), "");
}

#[test]
fn a_command_that_fails_runs_again_until_it_succeeds() {
    let registry = Registry::start().unwrap();
    registry.image("shop/web").tag("1.0.0").push();
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    fs::write(&script, "echo no disk >&2; exit 3").unwrap();
    let state = folder.path().join("state");
    let run = |exec: &[&str]| {
        let exec = [&["--exec-timeout", "1s", "--exec"], exec].concat();
        let ran = warehouse(&once(&state, &exec), &image_alone(&registry));
        let last = ran.out.lines().last().unwrap_or_default().to_owned();
        (ran.code, last, ran.err)
    };
    let (code, last, err) = run(&["sh", script.to_str().unwrap()]);
    assert_eq!((code, err.as_str()), (Some(1), "sh: no disk\n"));
    assert!(last.contains("attempt 1 failed: sh: exit status: 3; the next run tries again; "), "{last}");
    let (code, last, _) = run(&["sleep", "1000"]);
    assert!(code == Some(1) && last.contains("attempt 2 failed: sleep: "), "{last}");
    let (code, last, _) = run(&["no-such-program-at-all"]);
    let said = "attempt 3 failed: \"no-such-program-at-all\" could not be started: there is no such program; the next run tries again; ";
    assert!(code == Some(1) && last.contains(said), "{last}");
    let (code, last, _) = run(&["no-such-program-at-all -c env"]);
    assert!(
        code == Some(1) && last.contains("are separate, as in --exec no-such-program-at-all -c env; "),
        "{last}"
    );
    // Without a folder for the state, nothing tries again.
    let arguments = [
        "watch",
        "--once",
        "--no-docker-config",
        "--no-cache",
        "-f",
        "-",
        "--exec",
        "no-such-program-at-all",
    ];
    let out = warehouse(&arguments, &image_alone(&registry)).out;
    assert!(out.contains("there is no such program; ") && !out.contains("tries again"), "{out}");
    let (code, last, _) = run(&["true"]);
    assert!(code == Some(0) && last.contains(": handled at attempt 5; "), "{last}");
}

#[test]
fn nothing_fits_and_why() {
    let registry = Registry::start().unwrap();
    registry.image("shop/web").tag("1.0.0-rc.1").push();
    let folder = tempfile::tempdir().unwrap();
    let manifest = image_alone(&registry)
        .replace("shop/web}", "shop/web, constraint: ^1.0.0-0, allowTagsRegexes: [^v]}");
    let ran = warehouse(&once(folder.path(), &[]), &manifest);
    assert!(ran.code == Some(0) && ran.out.contains(": nothing fits; "), "{}", ran.out);
    let said = format!(
        "warning: shop: image {}/shop/web: nothing fits: `allowTagsRegexes` (\"^v\") does not match the only tag (1.0.0-rc.1)\n",
        registry.host()
    );
    assert_eq!(ran.err, said);
    // It is told once, as the event is.
    assert_eq!(warehouse(&once(folder.path(), &[]), &manifest).err, "");
}

#[test]
fn what_cannot_be_used_is_told_before_anything_is_sent() {
    let registry = Registry::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run = |manifest: &str| {
        let ran = warehouse(&once(folder.path(), &[]), manifest);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
        ran.err
    };
    let twice = format!("{0}---\n{0}", image_alone(&registry));
    assert!(run(&twice).contains("there are two Warehouses shop"));
    fs::write(folder.path().join("shop.json"), "{\"version\":1").unwrap();
    let said = run(&image_alone(&registry));
    let damaged = "shop.json cannot be used: it is damaged at line 1, column 12, or no state of `warehouse watch`\n  help: move the file away to start over";
    assert!(said.contains(damaged) && !said.contains("EOF"), "{said}");
    let ran = warehouse(&["watch", "-f", "-", "--interval", "0s"], "");
    assert!(ran.code == Some(2) && ran.err.contains("longer than zero"), "{}", ran.err);
    let ran = warehouse(&once(folder.path(), &["--exec", ""]), &image_alone(&registry));
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
    assert!(ran.err.contains("the `--exec` program is empty"), "{}", ran.err);
    assert_eq!(registry.log().counters().requests, 0);
}

/// A watch in the background.
struct Watch {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Watch {
    fn start(manifest: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_warehouse"))
            .args(["watch", "--interval", "1s", "--no-cache", "--no-docker-config", "-f"])
            .arg(manifest)
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }
}

fn written(folder: &Path, registry: &Registry) -> PathBuf {
    let manifest = folder.join("warehouse.yaml");
    fs::write(&manifest, image_alone(registry)).unwrap();
    manifest
}

#[cfg(unix)]
#[test]
fn ctrl_c_is_130_and_a_supervisor_gets_0_and_the_command_of_exec_is_killed() {
    let registry = Registry::start().unwrap();
    registry.image("shop/web").tag("1.0.0").push();
    let folder = tempfile::tempdir().unwrap();
    let manifest = written(folder.path(), &registry);
    let (started, ended) = (folder.path().join("started"), folder.path().join("ended"));
    let script = folder.path().join("script");
    fs::write(&script, format!("echo $$ > {}; sleep 1000; echo > {}", started.display(), ended.display()))
        .unwrap();
    for (signal, code) in [("INT", 130), ("TERM", 0)] {
        let mut watch = Watch::start(&manifest, &["--exec", "sh", script.to_str().unwrap()]);
        assert!(watch.line().contains("found 1.0.0"));
        assert!(watch.line().contains("Freight"));
        while !fs::read_to_string(&started).is_ok_and(|id| id.ends_with('\n')) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let id = fs::read_to_string(&started).unwrap();
        let sent = Command::new("kill").args(["-s", signal, &watch.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(watch.child.wait().unwrap().code(), Some(code), "{signal}");
        let is_left =
            || Command::new("kill").args(["-0", id.trim()]).stderr(Stdio::null()).status().unwrap().success();
        for _ in 0..500 {
            if !is_left() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(!is_left() && !ended.exists(), "{signal}");
        fs::remove_file(&started).unwrap();
    }
}

#[test]
fn a_reader_that_goes_away_ends_it() {
    let registry = Registry::start().unwrap();
    registry.image("shop/web").tag("1.0.0").push();
    let folder = tempfile::tempdir().unwrap();
    let manifest = written(folder.path(), &registry);
    let Watch { mut child, mut lines } = Watch::start(&manifest, &[]);
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert!(line.contains("found 1.0.0"), "{line}");
    // Nothing happens after that.
    drop(lines);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Numbers that look random and are the same each time.
struct Seed(u64);

impl Seed {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

#[cfg(unix)]
#[test]
fn killed_at_any_moment_it_runs_the_command_for_every_freight() {
    let registry = Registry::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let manifest = written(folder.path(), &registry);
    let (log, script, state) =
        (folder.path().join("log"), folder.path().join("script"), folder.path().join("state"));
    fs::write(&script, format!("sleep 0.02; echo $WAREHOUSE_FREIGHT >> {}; sleep 0.02", log.display()))
        .unwrap();
    let ran = || -> BTreeSet<String> {
        fs::read_to_string(&log).unwrap_or_default().lines().map(str::to_owned).collect()
    };
    let saved = || -> Option<serde_json::Value> {
        let text = fs::read_to_string(state.join("shop.json")).ok()?;
        Some(serde_json::from_str(&text).expect("a state is whole at any moment"))
    };
    let names = |list: &serde_json::Value, name: &str| -> BTreeSet<String> {
        let entries = list.as_array().unwrap().iter();
        entries.map(|entry| entry.pointer(name).unwrap().as_str().unwrap().to_owned()).collect()
    };
    let exec = ["--exec", "sh", script.to_str().unwrap()];
    let arguments = [&["-o", "json", "--state-dir", state.to_str().unwrap()], &exec[..]].concat();
    let mut seed = Seed(14);
    let mut told = BTreeSet::new();
    for version in 0..30 {
        registry.image("shop/web").tag(format!("1.{version}.0")).push();
        let mut watch = Watch::start(&manifest, &arguments);
        std::thread::sleep(Duration::from_millis(20 + seed.next(160)));
        watch.child.kill().unwrap();
        watch.child.wait().unwrap();
        let lines = watch.lines.lines().map(Result::unwrap);
        let events = lines.filter_map(|line| serde_json::from_str::<serde_json::Value>(&line).ok());
        told.extend(events.filter_map(|event| {
            event["event"].eq("freight").then(|| event["name"].as_str().unwrap().to_owned())
        }));
        if let Some(saved) = saved() {
            let handled = names(&saved["handled"], "/name");
            let called = ran();
            assert!(handled.is_subset(&called), "the state says {handled:?}, and it ran for {called:?}");
        }
    }
    let text = fs::read_to_string(&manifest).unwrap();
    let last = warehouse(&once(&state, &exec), &text);
    assert_eq!(last.code, Some(0), "{}", last.err);
    let saved = saved().unwrap();
    assert_eq!(saved["pending"], serde_json::json!([]));
    let (handled, called) = (names(&saved["handled"], "/name"), ran());
    assert_eq!(handled, called, "a command runs for what the state has, and the state has what it ran for");
    // What was told and not yet saved when the process was killed is Freight that the next process built again, unless a newer image was there.
    assert!(handled.contains(saved["freight"].as_str().unwrap()));
    assert!(!handled.is_empty() && !told.is_empty());
}
