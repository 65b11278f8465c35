//! What goes wrong where shell scripts publish charts, each as a test of the right outcome: a chart that is deleted, a base that is unknown, a
//! tag that ends like another one, markers of commit messages, an index that cannot be downloaded, a push that fails in the middle, and
//! names and messages that are code of a shell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use artifact_http::SourceContext;
use chart_release::Overwrite;
use chart_release::build_marker::BuildMarker;
use chart_release::changed::{BaseErrorKind, ChangedOptions, Event, Since, changed};
use chart_release::git::GitRepository;
use chart_release::store::Condition;
use chart_release::{
    Action, Channel, ChartRegistry, ChartRepository, DevVersion, Error, Outcome, Release, Report, Request,
    StepKind,
};
use jiff::Timestamp;
use oci_registry::RegistryClient;
use serde_json::json;
use warehouse_testkit::{Commit, Conditions, Fault, Reply, When};

use crate::fixture::{self, Held, limits, package};
use crate::release::world::{self, World, chart, charts, client};

fn names(names: &[impl AsRef<str>]) -> Vec<String> {
    names.iter().map(|name| name.as_ref().to_owned()).collect()
}

fn push_event(before: &str, after: &str) -> Since {
    let event = json!({"before": before, "after": after, "forced": false});
    Since::Event(Event::from_json(event.to_string().as_bytes()).unwrap())
}

fn repository(world: &World) -> GitRepository {
    GitRepository::discover(world.clone_folder()).unwrap()
}

async fn released(release: &Release, request: &Request) -> Report {
    let plan = release.plan(request, &(), None).await.unwrap();
    release.execute(plan, &(), None).await
}

/// Their scripts end with an error when a chart is deleted or a file beside the charts is touched, and nothing at all is released.
#[tokio::test]
async fn a_chart_is_deleted_and_a_file_beside_the_charts_is_touched() {
    type Change = (&'static str, fn(Commit) -> Commit, &'static [&'static str]);
    let changes: [Change; 3] = [
        ("a chart is deleted", |commit| commit.remove("charts/alone"), &["alone"]),
        ("charts/README.md is touched", |commit| commit.file("charts/README.md", "# Charts\n"), &[]),
        ("both", |commit| commit.remove("charts/alone").file("charts/README.md", "# Charts\n"), &["alone"]),
    ];
    for (name, change, deleted) in changes {
        let world = World::new();
        let before = world.remote.resolve("main").unwrap();
        let after = change(chart(Commit::new(name), "web", "1.5.0", true, "second"));
        let after = world.remote.commit("main", after).unwrap();
        world.git(&["pull", "--quiet"]);

        let found =
            changed(&repository(&world), &push_event(&before, &after), &ChangedOptions::default()).unwrap();
        let listed: Vec<_> = found.charts.iter().map(|chart| chart.name.as_str()).collect();
        assert_eq!(listed, ["web"], "{name}");
        assert_eq!(
            found.deleted.iter().map(|chart| chart.name.as_str()).collect::<Vec<_>>(),
            deleted,
            "{name}"
        );
        assert_eq!(found.problems, [], "{name}");

        let report = released(&world.release(), &Request::Auto(names(&listed), DevVersion::Fixed)).await;
        assert!(report.is_complete(), "{name}: {report:#?}");
        assert_eq!(
            (report.charts[0].channel, report.charts[0].version.as_str()),
            (Channel::Release, "1.5.0")
        );
        assert_eq!(world.registry.tags("charts/web"), ["1.5.0"], "{name}");
    }
}

/// After a force-push their scripts say "no charts" and end with 0.
#[tokio::test]
async fn the_base_of_a_force_push_is_unknown() {
    let world = World::new();
    let unknown = "1".repeat(40);
    let head = world.remote.resolve("main").unwrap();
    let since = push_event(&unknown, &head);
    let error = changed(&repository(&world), &since, &ChangedOptions::default()).unwrap_err();
    let message =
        format!("the commit {unknown}, which the branch was at before the push, is not in this clone");
    assert_eq!(error.to_string(), message);
    assert!(error.hint().unwrap().contains("--all-if-unknown"), "{:?}", error.hint());
    assert!(matches!(error, Error::Base(base) if base.kind() == BaseErrorKind::Unknown));

    // The remedy: all charts, with the reason.
    let all = changed(&repository(&world), &since, &ChangedOptions::default().all_if_unknown(true)).unwrap();
    assert_eq!(all.charts.iter().map(|chart| chart.name.as_str()).collect::<Vec<_>>(), world::CHARTS);
    assert_eq!(all.all_because, Some(message));
}

/// Their scripts take `a-1.0.0` for released when there is a tag `x/a-1.0.0`.
#[tokio::test]
async fn a_tag_ends_like_that_of_the_release() {
    let world = World::new();
    world.git(&["tag", "x/web-1.4.0"]);
    world.git(&["tag", "my-web-1.4.0"]);
    world.git(&["tag", "web-1.4.0-rc.1"]);
    world.git(&["push", "--quiet", "--tags"]);

    let plan =
        world.release().plan(&Request::Auto(names(&["web"]), DevVersion::Fixed), &(), None).await.unwrap();
    let [web] = plan.charts.as_slice() else { panic!("{plan:?}") };
    assert_eq!((web.channel, web.reason.as_str()), (Channel::Release, "there is no tag web-1.4.0"));
    assert!(web.steps.iter().all(|step| step.action == Action::Create), "{:?}", web.steps);

    assert!(released(&world.release(), &Request::Release(names(&["web"]))).await.is_complete());
    let tags = world.remote.git(["tag", "--list"]).unwrap();
    let tags: Vec<_> = tags.lines().collect();
    assert_eq!(tags, ["my-web-1.4.0", "web-1.4.0", "web-1.4.0-rc.1", "x/web-1.4.0"]);
}

/// Their scripts build the app `gdal]foo` or `../../etc`, and know no dots in tags.
#[test]
fn markers_of_commit_messages() {
    let apps = ["gdal", "web"];
    let cases = [
        ("see `[build gdal]foo]`", None),
        ("see [build gdal]foo]", Some(("gdal", "latest"))),
        ("[build ../../etc x]", None),
        ("[build gdal ../../etc]", None),
        ("[build gdal 1.2]", Some(("gdal", "1.2"))),
        ("[build web] [build gdal 2.6.0-prod]", Some(("gdal", "2.6.0-prod"))),
        ("[build gdal $(id)]", None),
        ("[build gdal `id`]", None),
        ("[build gdal;id]", None),
        ("[pack gdal]", None),
    ];
    for (message, expected) in cases {
        let found = BuildMarker::find(message, &apps).unwrap();
        let found = found.as_ref().map(|marker| (marker.app.as_str(), marker.tag.as_str()));
        assert_eq!(found, expected, "{message}");
    }
    let error = BuildMarker::find("[build foo]", &apps).unwrap_err();
    assert_eq!(error.to_string(), "the commit message asks to build \"foo\", and there is no such app");
}

/// A store with one version in its index.
async fn store_with_an_index() -> (Held, Vec<u8>) {
    let held = fixture::s3_store(Conditions::Kept);
    held.repository().publish(&[package("web", "1.0.0")], &Overwrite::Never).await.unwrap();
    let index = held.objects()["index.yaml"].clone();
    (held, index)
}

/// Helm's `--merge` begins an empty index if the old one is not there for any reason: every older version leaves it.
#[tokio::test]
async fn the_index_cannot_be_downloaded_for_any_reason() {
    let page = || Reply::status(200).body("<html>\n<body>Sign in</body></html>\n");
    let reasons: [(&str, Fault); 12] = [
        ("the server fails", Fault::status(500)),
        ("the server is overloaded", Fault::status(503)),
        ("the credential is refused", Fault::status(401)),
        ("reading is forbidden", Fault::status(403)),
        ("too many requests", Fault::too_many_requests(Duration::from_millis(1))),
        ("another status", Fault::status(418)),
        ("a page to sign in", page().into()),
        ("an empty body", Reply::status(200).body("").into()),
        ("other YAML", Reply::status(200).body("entries: none\n").into()),
        ("the connection ends before the answer", Fault::Close),
        ("the answer is cut", Fault::Truncate { keep: 40 }),
        ("the server is silent", Fault::Stall),
    ];
    for (reason, fault) in reasons {
        let (held, index) = store_with_an_index().await;
        let mut short = limits();
        short.stall = Duration::from_millis(200);
        let repository = ChartRepository::new(fixture::open_s3(&held.server().url(), short));
        held.server().faults().add(When::get("/bucket/charts/index.yaml"), fault);
        let packages = [package("web", "2.0.0")];
        let error = match repository.publish(&packages, &Overwrite::Never).await {
            Ok(merge) => panic!("{reason}: {merge:?}"),
            Err(error) => error.to_string(),
        };
        assert!(error.contains("index.yaml"), "{reason}: {error}");
        assert_eq!(held.objects()["index.yaml"], index, "{reason}: the index stays as it is");

        // When it can be read again, the same command finishes, and both versions are listed.
        held.server().faults().clear();
        held.repository().publish(&packages, &Overwrite::Never).await.unwrap();
        let merged = String::from_utf8(held.objects()["index.yaml"].clone()).unwrap();
        assert!(merged.contains("version: 1.0.0") && merged.contains("version: 2.0.0"), "{reason}: {merged}");
    }
}

/// Where the store is a folder: what is there and is not an index is not replaced by an empty one.
#[tokio::test]
async fn an_index_that_is_none_is_not_begun_anew() {
    for text in ["", "\n", "entries: [", "<html></html>", "\0\0\0\0"] {
        let held = fixture::file_store();
        held.store.put("index.yaml", text.to_owned(), Condition::Always).await.unwrap();
        let outcome = held.repository().publish(&[package("web", "2.0.0")], &Overwrite::Never).await;
        assert!(outcome.is_err(), "{text:?}: {outcome:?}");
        assert_eq!(held.objects()["index.yaml"], text.as_bytes(), "{text:?}");
    }
}

const FIVE: [&str; 5] = ["one", "two", "three", "four", "five"];

fn five() -> World {
    World::of(
        FIVE.iter().fold(Commit::new("Five"), |commit, name| chart(commit, name, "1.0.0", false, "first")),
    )
}

/// The release with another clock, as it is another day.
fn later(world: &World) -> Release {
    let now: Timestamp = "2027-01-31T23:59:59Z".parse().unwrap();
    let registry = ChartRegistry::builder(world.registry_url())
        .client(RegistryClient::builder(client()).build())
        .clock(now)
        .build()
        .unwrap();
    let store = fixture::open_file(&world.store(), limits());
    world.builder().registry(registry).repository(ChartRepository::new(store).with_clock(now)).build()
}

/// The digests of all manifests, and the archives in the store.
fn published(world: &World) -> BTreeMap<String, String> {
    let manifest = |name: &&str| {
        Some((format!("{name}:1.0.0"), world.registry.digest(&format!("charts/{name}"), "1.0.0")?))
    };
    let archive = |name: &&str| {
        let bytes = std::fs::read(world.store().join(format!("{name}-1.0.0.tgz"))).ok()?;
        Some((
            format!("{name}-1.0.0.tgz"),
            chart_release::Package::from_archive(bytes).unwrap().digest().to_owned(),
        ))
    };
    FIVE.iter().filter_map(manifest).chain(FIVE.iter().filter_map(archive)).collect()
}

/// The third of five pushes fails. Their scripts leave two charts published without a tag, and publish them again with other bytes.
#[tokio::test]
async fn the_third_push_of_five_fails_and_the_next_run_publishes_the_same_bytes() {
    let world = five();
    world.registry.faults().add(When::path("/v2/charts/three/**").method("PUT"), Fault::status(500));
    let report = released(&world.release(), &Request::Release(names(&FIVE))).await;
    let outcomes = |report: &Report, name: &str| {
        let chart = report.charts.iter().find(|chart| chart.chart == name).unwrap();
        chart.steps.iter().map(|step| (step.step.kind, step.outcome)).collect::<BTreeMap<_, _>>()
    };
    assert!(!report.is_complete());
    assert_eq!(report.failures.len(), 1, "{:?}", report.failures);
    assert_eq!(report.failures[0].chart.as_deref(), Some("three"));
    for name in FIVE {
        let outcomes = outcomes(&report, name);
        let push = if name == "three" { Outcome::Failed } else { Outcome::Created };
        assert_eq!(
            (outcomes[&StepKind::Archive], outcomes[&StepKind::Push]),
            (Outcome::Created, push),
            "{name}"
        );
        // No reader of the chart repository sees a part of the release, and nothing says that it is done.
        for step in [StepKind::Index, StepKind::Tag, StepKind::PushTag] {
            assert_eq!(outcomes[&step], Outcome::NotTried, "{name}");
        }
    }
    assert!(!world.store().join("index.yaml").exists());
    assert_eq!(world.remote.git(["tag", "--list"]).unwrap().trim(), "");
    let first = published(&world);
    assert_eq!(first.len(), 4 + 5);

    // Another day, and files with other times.
    world.registry.faults().clear();
    let values = world.clone_folder().join("charts/one/values.yaml");
    let file = std::fs::File::options().write(true).open(values).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let report = released(&later(&world), &Request::Release(names(&FIVE))).await;
    assert!(report.is_complete(), "{report:#?}");
    for name in FIVE {
        let outcomes = outcomes(&report, name);
        let push = if name == "three" { Outcome::Created } else { Outcome::Kept };
        assert_eq!(
            (outcomes[&StepKind::Archive], outcomes[&StepKind::Push]),
            (Outcome::Kept, push),
            "{name}"
        );
        assert!(outcomes.values().all(|outcome| outcome.is_done()), "{name}");
    }
    let second = published(&world);
    assert_eq!(second.len(), 5 + 5);
    for (place, digest) in &first {
        assert_eq!(second.get(place), Some(digest), "{place} is what was published first");
    }
    assert_eq!(world.remote.git(["tag", "--list"]).unwrap().lines().count(), 5);
}

/// Code of a shell that makes a file named `owned`, without a blank, so that it fits into names of Git.
const CODE: [&str; 5] = [
    "$(touch${IFS}owned)",
    "`touch${IFS}owned`",
    ";touch${IFS}owned;",
    "|touch${IFS}owned",
    "&touch${IFS}owned&",
];

/// All paths below a folder that have this name.
fn files_named(name: &str, folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|file| file == name) {
            found.push(path.clone());
        }
        if path.is_dir() && !path.is_symlink() {
            found.extend(files_named(name, &path));
        }
    }
    found
}

/// No code has run: neither where this process is, nor anywhere in the clone, the remote or the store.
#[track_caller]
fn nothing_ran(world: &World) {
    assert!(!Path::new("owned").exists());
    assert_eq!(files_named("owned", world.folder.path()), [""; 0].map(PathBuf::from));
    assert_eq!(files_named("owned", world.remote.path()), [""; 0].map(PathBuf::from));
}

/// In branches, commit messages, authors and tags it is text, and the release is made.
#[cfg(unix)]
#[tokio::test]
async fn code_of_a_shell_in_branches_messages_and_tags_reaches_no_shell() {
    for code in CODE {
        let branch = format!("main{code}");
        let world = World::of(charts("1.4.0", "first"));
        let message = format!("{code} $(touch owned) `touch owned`; touch owned [build gdal 1]");
        let commit = Commit::new(message.clone()).by(format!("{code} <a@example.com>")).file("note", code);
        world.remote.git(["branch", "-m", "main", &branch]).unwrap();
        world.remote.set_head(&branch).unwrap();
        let head = world.remote.commit(&branch, commit).unwrap();
        world.remote.set_reference(&format!("refs/tags/{code}-1.4.0"), &head).unwrap();
        world.remote.set_reference(&format!("refs/tags/web-1.3.0{code}"), &head).unwrap();
        std::fs::remove_dir_all(world.clone_folder()).unwrap();
        world.clone_to("clone");

        let report = released(&world.release(), &Request::Release(names(&["web"]))).await;
        assert!(report.is_complete(), "{code}: {report:#?}");
        assert_eq!(world.remote.resolve("web-1.4.0^{commit}").unwrap(), head, "{code}");

        let found = changed(
            &repository(&world),
            &Since::revision(format!("origin/{branch}")),
            &ChangedOptions::default(),
        );
        assert_eq!(found.unwrap().charts, [], "{code}");
        let error =
            changed(&repository(&world), &Since::revision(code), &ChangedOptions::default()).unwrap_err();
        assert!(error.to_string().ends_with("names nothing in this clone"), "{error}");
        let marker = BuildMarker::last(&message);
        // A backtick before the marker may make it code of Markdown; the app is `gdal` or there is none.
        assert!(
            marker.is_none_or(|marker| (marker.app.as_str(), marker.tag.as_str()) == ("gdal", "1")),
            "{code}"
        );
        nothing_ran(&world);
    }
}

/// A commit that is on a branch with such a name is refused with its name, which is text.
#[cfg(unix)]
#[tokio::test]
async fn code_of_a_shell_in_the_name_of_the_remote_reaches_no_shell() {
    for code in CODE {
        let world = World::new();
        let release = world.builder().remote(code).build();
        let outcome = release.plan(&Request::Release(names(&["web"])), &(), None).await;
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains(code), "{error}");
        nothing_ran(&world);
    }
}

/// In the name or the version of a chart it is refused, and the other charts are published.
#[cfg(unix)]
#[tokio::test]
async fn code_of_a_shell_in_charts_reaches_no_shell() {
    for code in CODE {
        let name = format!("app{code}");
        let commit = charts("1.4.0", "first");
        let commit = commit.file(
            format!("charts/{name}/Chart.yaml"),
            format!("apiVersion: v2\nname: {name:?}\nversion: 1.0.0\n"),
        );
        let commit = commit
            .file("charts/version/Chart.yaml", format!("apiVersion: v2\nname: version\nversion: {:?}\n", format!("1.0.0-{code}")))
            .file(
                "charts/dependent/Chart.yaml",
                format!(
                    "apiVersion: v2\nname: dependent\nversion: 1.0.0\ndependencies:\n- name: {name:?}\n  version: 1.0.0\n  repository: {:?}\n",
                    format!("file://../{name}")
                ),
            )
            .file("charts/web/templates/code.yaml", format!("# {code}\n"))
            .file(format!("charts/web/files/{code}"), "a file of such a name\n");
        let world = World::of(commit);

        // A release is refused as a whole.
        let request = Request::Release(vec![name.clone(), "web".to_owned()]);
        let plan = world.release().plan(&request, &(), None).await.unwrap();
        assert!(!plan.is_possible(), "{code}");
        let [hostile, web] = plan.charts.as_slice() else { panic!("{plan:?}") };
        assert_eq!((hostile.chart.as_str(), web.is_possible()), (name.as_str(), true));
        let message = hostile.error.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(message.contains("app"), "{message}");

        // A dev release leaves out those that cannot be published.
        let report = released(&world.release(), &Request::Dev(Vec::new(), DevVersion::Fixed)).await;
        let failed: Vec<_> = report.failures.iter().filter_map(|failure| failure.chart.as_deref()).collect();
        assert!(failed.contains(&name.as_str()), "{code}: {failed:?}");
        assert!(failed.iter().all(|failed| [name.as_str(), "version"].contains(failed)), "{failed:?}");
        assert_eq!(world.registry.tags("charts/web"), ["0.0.0-dev"], "{code}");
        let index = std::fs::read_to_string(world.store().join("index.yaml")).unwrap();
        // The name of a dependency is text in the package and in the index.
        let entries = ["alone", "common", "dependent", "web", "worker"];
        assert!(entries.iter().all(|entry| index.contains(&format!("\n  {entry}:\n"))), "{code}: {index}");
        assert!(!index.contains("\n  app") && !index.contains("\n  'app"), "{code}: {index}");
        nothing_ran(&world);
    }
}

/// In the address of a store or a registry it is refused, or is the name of a folder.
#[cfg(unix)]
#[tokio::test]
async fn code_of_a_shell_in_the_places_reaches_no_shell() {
    for code in CODE {
        let world = World::new();
        let store = world.folder.path().join(format!("store{code}"));
        std::fs::create_dir(&store).unwrap();
        assert!(
            ChartRegistry::builder(format!("{}/{code}", world.registry_url()))
                .http(client())
                .build()
                .is_err_and(|error| !error.to_string().is_empty())
        );
        let context = SourceContext::new(client());
        let release = Release::of_repository(repository(&world), &context)
            .unwrap()
            .repository(ChartRepository::new(fixture::open_file(&store, limits())))
            .build();
        let report = released(&release, &Request::Dev(Vec::new(), DevVersion::Fixed)).await;
        assert!(report.is_complete(), "{code}: {report:#?}");
        assert!(store.join("index.yaml").exists(), "{code}");
        nothing_ran(&world);
    }
}
