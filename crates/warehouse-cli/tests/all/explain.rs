//! The output of `explain` for every candidate, on real servers.

use std::collections::BTreeSet;

use warehouse_testkit::{Chart, ChartServer, Commit, GitServer, Registry};

use crate::support::{World, warehouse};

const MANIFEST: &str = r#"apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata: {name: shop}
spec:
  subscriptions:
  - image:
      repoURL: REGISTRY/shop/web
      constraint: ^1.0.0
      platform: linux/arm64
      ignoreTagsRegexes: ["^1\\.0"]
      discoveryLimit: 1
  - git: {repoURL: GIT, branch: main, discoveryLimit: 1}
  - chart: {repoURL: CHARTS, name: shop, semverConstraint: 0.2.x}
"#;

#[test]
fn a_candidate_is_named_as_discover_names_it() {
    let world = World::start();
    let manifest = world.fill(MANIFEST);
    let names = warehouse(&["discover", "--no-cache", "-q", "-o", "name", "-f", "-"], &manifest).out;
    assert!(names.lines().count() > 3, "{names}");
    for name in names.lines() {
        let ran = warehouse(&["explain", "--no-cache", "-q", "-f", "-", "--candidate", name], &manifest);
        assert!(ran.code == Some(0) && ran.out.contains(" is taken: "), "{name}: {}{}", ran.out, ran.err);
    }
}

#[test]
fn every_candidate_has_its_reason() {
    let world = World::start();
    let ran = warehouse(&["explain", "--no-cache", "-q", "-f", "-"], &world.fill(MANIFEST));
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
    let out = ran.out.replace(&world.registry.host(), "REGISTRY").replace(world.repository.url(), "GIT");
    insta::assert_snapshot!(out.replace(&world.charts.url(), "CHARTS"), @r#"
    image REGISTRY/shop/web: 5 tags: 1 beyond the limit, 1 outside "^1.0.0", 1 not semver, 1 ignored by "^1\\.0", 1 taken, best 1.2.0; nearest misses: 2.0.0 (outside the constraint "^1.0.0")
    - 2.0.0                          outside the constraint "^1.0.0"
    + 1.2.0    sha256:58d36d434863
    - 1.1.0                          beyond the limit: one better candidate fills it
    - 1.0.0                          ignored by the pattern "^1\\.0"
    - latest                         not a semantic version in the strict sense (major.minor.patch)

    git GIT: 1 commit: 1 taken (the limit, at which the walk ends), best ec955a4b713d
    + ec955a4b713d   2024-01-01T00:02:00Z   Merge branch 'pears'

    chart CHARTS (shop): 3 versions: 1 outside "0.2.x", 2 taken, best 0.2.1
    + 0.2.1   2024-01-01T00:00:00Z
    + 0.2.0   2024-01-01T00:00:00Z
    - 0.1.0   2024-01-01T00:00:00Z   outside the constraint "0.2.x"
    "#);
}

/// Versions in a chart repository have the time of their entry, which does not change their order; those in a registry have none.
#[test]
fn charts_have_the_time_that_their_index_has() {
    let charts = ChartServer::start().unwrap();
    for (version, created) in [
        ("1.0.0", "2026-01-01T00:00:00.5Z"),
        ("1.1.0", "2024-05-01T12:00:00+02:00"),
        ("1.2.0", "once"),
        ("2.0.0", "2025-01-01T00:00:00Z"),
    ] {
        charts.publish(&Chart::new("shop", version).created(created));
    }
    let registry = Registry::start().unwrap();
    registry.push_chart("charts", &Chart::new("shop", "1.0.0").created("2026-01-01T00:00:00Z"));
    let manifest = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop}}\nspec:\n  subscriptions:\n\
         \x20 - chart: {{repoURL: {}, name: shop, semverConstraint: ^1.0.0}}\n  - chart: {{repoURL: oci://{}/charts/shop}}\n",
        charts.url(),
        registry.host()
    );
    let ran = warehouse(&["explain", "--no-cache", "-q", "-f", "-"], &manifest);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
    let out = ran.out.replace(&charts.url(), "CHARTS").replace(&registry.host(), "REGISTRY");
    insta::assert_snapshot!(out, @r#"
    chart CHARTS (shop): 4 versions: 1 outside "^1.0.0", 3 taken, best 1.2.0; nearest misses: 2.0.0 (outside the constraint "^1.0.0")
    - 2.0.0   2025-01-01T00:00:00Z   outside the constraint "^1.0.0"
    + 1.2.0
    + 1.1.0   2024-05-01T10:00:00Z
    + 1.0.0   2026-01-01T00:00:00Z

    chart oci://REGISTRY/charts/shop: 1 tag: 1 taken, best 1.0.0
    + 1.0.0
    "#);
    let ran = warehouse(&["explain", "--no-cache", "-q", "-f", "-", "-o", "json"], &manifest);
    let list: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let times = |index: usize| {
        let candidates = list["items"][0]["subscriptions"][index]["candidates"].as_array().unwrap();
        candidates.iter().map(|candidate| candidate.get("time").cloned()).collect::<Vec<_>>()
    };
    let time = |text: &str| Some(serde_json::json!(text));
    assert_eq!(
        times(0),
        [time("2025-01-01T00:00:00Z"), None, time("2024-05-01T10:00:00Z"), time("2026-01-01T00:00:00Z")]
    );
    assert_eq!(times(1), [None]);
}

/// The candidates of an image are in the order of its strategy, with the dates where they decide.
#[test]
fn the_order_is_that_of_the_strategy() {
    let registry = Registry::start().unwrap();
    for (tag, day) in [("1.0.0", 3), ("1.1.0", 1), ("1.2.0", 4), ("1.10.0", 2)] {
        let image = registry.image("demo/app").tag(tag).single("linux/amd64");
        image.created(format!("2024-01-0{day}T00:00:00Z")).push();
    }
    for (strategy, names) in [
        ("SemVer", ["1.10.0", "1.2.0", "1.1.0", "1.0.0"]),
        ("Lexical", ["1.2.0", "1.10.0", "1.1.0", "1.0.0"]),
        ("NewestBuild", ["1.2.0", "1.0.0", "1.10.0", "1.1.0"]),
    ] {
        let manifest = format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: a}}\nspec:\n  subscriptions:\n  \
             - image: {{repoURL: {}/demo/app, imageSelectionStrategy: {strategy}, discoveryLimit: 1}}\n",
            registry.host()
        );
        let ran = warehouse(&["explain", "--no-cache", "-q", "-f", "-"], &manifest);
        let lines: Vec<_> = ran.out.lines().skip(1).collect();
        let found: Vec<_> =
            lines.iter().map(|line| line[2..].split("   ").next().unwrap_or_default()).collect();
        assert_eq!(found, names, "{strategy}: {}{}", ran.out, ran.err);
        let dates = lines.iter().filter(|line| line.contains("2024-01-0")).count();
        assert_eq!(dates, if strategy == "NewestBuild" { 4 } else { 0 }, "{strategy}: {}", ran.out);
    }
}

/// The row of a pre-release says that it is one, not only the answer about it alone.
#[test]
fn the_row_of_a_pre_release_says_so() {
    let registry = Registry::start().unwrap();
    for tag in ["1.0.0", "1.2.0-rc.1", "2.0.0-rc.1"] {
        registry.image("demo/app").tag(tag).single("linux/amd64").push();
    }
    let manifest = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: a}}\nspec:\n  subscriptions:\n  \
         - image: {{repoURL: {}/demo/app, constraint: ^1.0.0}}\n",
        registry.host()
    );
    let outside = "outside the constraint \"^1.0.0\"";
    let said = format!("{outside}: it is a pre-release, and the constraint names none");
    let ran = warehouse(&["explain", "--no-cache", "-q", "-f", "-"], &manifest);
    let row = |name: &str| ran.out.lines().find(|line| line.starts_with(&format!("- {name} "))).unwrap();
    assert!(row("1.2.0-rc.1").ends_with(&said), "{}", ran.out);
    assert!(row("2.0.0-rc.1").ends_with(outside), "{}", ran.out);
    let misses = format!("; nearest misses: 1.2.0-rc.1 ({said}), 2.0.0-rc.1 ({outside})");
    assert!(ran.out.lines().next().unwrap().ends_with(&misses), "{}", ran.out);
    let ran = warehouse(&["explain", "--no-cache", "-q", "-f", "-", "-o", "json"], &manifest);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["items"][0]["subscriptions"][0]["candidates"][1]["reason"], said);
}

/// Where build times are equal, the last tag in the order of bytes is the best.
#[test]
fn tags_of_one_time_are_in_the_order_of_the_strategy() {
    let registry = Registry::start().unwrap();
    for tag in ["aaa", "bbb", "ccc"] {
        registry.image("demo/same").tag(tag).single("linux/amd64").created("2024-01-01T00:00:00Z").push();
    }
    let manifest = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: a}}\nspec:\n  subscriptions:\n  \
         - image: {{repoURL: {}/demo/same, imageSelectionStrategy: NewestBuild, discoveryLimit: 2}}\n",
        registry.host()
    );
    let explain = |options: &[&str]| {
        let arguments = ["explain", "--no-cache", "-q", "-f", "-"];
        warehouse(&[&arguments, options].concat(), &manifest).out
    };
    let out = explain(&[]);
    let names: Vec<_> = out.lines().skip(1).map(|line| &line[..5]).collect();
    assert_eq!(names, ["+ ccc", "+ bbb", "- aaa"], "{out}");
    let out = explain(&["--candidate", "ccc", "--candidate", "aaa"]);
    assert!(
        out.contains("ccc is taken: the best of 2") && out.contains("the last one taken is bbb"),
        "{out}"
    );
}

/// Under a path filter, a commit has the path that is selected, or some of those that are not.
#[test]
fn a_commit_has_its_paths() {
    let server = GitServer::start().unwrap();
    let repository = server.create("shop.git").unwrap();
    let mut history = repository.history().unwrap();
    history.commit("main", Commit::new("Web").file("apps/web/a.yaml", "1").file("docs/index.md", "1"));
    history.commit("main", Commit::new("Words").file("README.md", "1").file("docs/index.md", "2"));
    history.commit("main", Commit::new("Nothing"));
    history.write().unwrap();
    let manifest = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: a}}\nspec:\n  subscriptions:\n  \
         - git: {{repoURL: {}, branch: main, includePaths: [apps]}}\n",
        repository.url()
    );
    let ran = warehouse(&["explain", "--no-cache", "-q", "-f", "-"], &manifest);
    let rows = ran.out.lines().skip(1).filter_map(|line| line.split_once("Z   ")).map(|(_, row)| row);
    insta::assert_snapshot!(rows.collect::<Vec<_>>().join("\n"), @r"
    Nothing                     no changed path is selected
    Words     README.md docs/   no changed path is selected
    Web       apps/web/a.yaml
    ");

    let ran = warehouse(&["explain", "--no-cache", "-q", "-o", "json", "-f", "-"], &manifest);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let candidates = &json["items"][0]["subscriptions"][0]["candidates"];
    assert_eq!(candidates[1]["changedPaths"], serde_json::json!(["README.md", "docs/"]));
    assert_eq!(candidates[0].get("changedPaths"), None);
}

/// A selector with a wrong capital letter: the cause is said, and the path as the hint has it selects.
#[test]
fn a_path_in_another_case_is_the_cause() {
    let server = GitServer::start().unwrap();
    let repository = server.create("shop.git").unwrap();
    let mut history = repository.history().unwrap();
    history.commit("main", Commit::new("Web").file("apps/web/a.yaml", "1"));
    history.commit("main", Commit::new("Words").file("README.md", "1"));
    history.write().unwrap();
    let explain = |path: &str| {
        let manifest = format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: a}}\nspec:\n  subscriptions:\n  \
             - git: {{repoURL: {}, branch: main, includePaths: [{path}]}}\n",
            repository.url()
        );
        let out = warehouse(&["explain", "--no-cache", "-q", "-f", "-"], &manifest).out;
        out.replace(repository.url(), "GIT")
    };
    insta::assert_snapshot!(explain("apps/Web"), @r#"
    git GIT: nothing fits: none of 2 commits changes a path that `includePaths` ("apps/Web") selects, but "apps/web" is changed, which differs from "apps/Web" in the case of its letters
      2 commits: 2 without a change of a selected path, 0 taken
      help: write `apps/web`: Git compares paths letter by letter
    - d9209149e16f   2024-01-01T00:01:00Z   Words   README.md   no changed path is selected
    - cd926b46b031   2024-01-01T00:00:00Z   Web     apps/web/   no changed path is selected: "apps/web" differs from "apps/Web" in the case of its letters
    "#);
    assert!(explain("apps/web").contains("1 taken"), "{}", explain("apps/web"));
}

#[test]
fn json_names_the_rule() {
    let world = World::start();
    let ran = warehouse(&["explain", "--no-cache", "-q", "-o", "json", "-f", "-"], &world.fill(MANIFEST));
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let image = &json["items"][0]["subscriptions"][0];
    let summary = &image["summary"];
    assert_eq!(
        (&summary["listed"], &summary["taken"], &summary["best"]),
        (&5.into(), &1.into(), &"1.2.0".into())
    );
    assert_eq!(summary["nearMisses"][0]["name"], "2.0.0");
    assert_eq!(json["errors"], serde_json::json!([]));
    let candidates = image["candidates"].as_array().unwrap();
    let names: BTreeSet<_> = candidates.iter().map(|candidate| candidate["name"].as_str().unwrap()).collect();
    assert_eq!(names, world.registry.tags("shop/web").iter().map(String::as_str).collect());
    let rules: Vec<_> = candidates.iter().map(|candidate| &candidate["rule"]).collect();
    assert_eq!(
        rules,
        [
            &"outsideConstraint".into(),
            &serde_json::Value::Null,
            &"beyondLimit".into(),
            &"ignored".into(),
            &"notSemver".into()
        ]
    );
}

#[test]
fn one_subscription_and_one_candidate_can_be_asked_for() {
    let world = World::start();
    let manifest = world.fill(MANIFEST);
    let run = |arguments: &[&str]| {
        warehouse(&[&["explain", "--no-cache", "-q", "-f", "-"], arguments].concat(), &manifest)
    };
    let ran = run(&["--subscription", "0", "--candidate", "2.0.0"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let lines: Vec<_> = ran.out.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "  2.0.0 is not taken: outside the constraint \"^1.0.0\"",
            "- 2.0.0   outside the constraint \"^1.0.0\""
        ]
    );
    let ran = run(&["--subscription", "0", "--candidate", "1.2.0"]);
    assert_eq!(ran.out.lines().nth(1), Some("  1.2.0 is taken: the only one"), "{}", ran.out);

    let ran = run(&["--subscription", "shop", "--candidate", "9.9.9"]);
    assert_eq!(ran.code, Some(1));
    let said =
        "  9.9.9 is not listed by the server, and would not be taken: outside the constraint \"0.2.x\"";
    assert_eq!((ran.err.as_str(), ran.out.lines().nth(1)), ("", Some(said)));
    // Each subscription answers, in the document, too.
    let ran = run(&["--candidate", "1.2.1"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
    let answers: Vec<_> = ran.out.lines().filter(|line| line.starts_with("  1.2.1 is not")).collect();
    assert_eq!(
        answers,
        [
            "  1.2.1 is not listed by the server, and its name would fit; similar: 1.2.0",
            "  1.2.1 is not the id of a commit, and `NewestFromBranch` reads no tags",
            "  1.2.1 is not listed by the server, and would not be taken: outside the constraint \"0.2.x\"; similar: 0.2.1",
        ]
    );
    let ran = run(&["--candidate", "1.2.1", "-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let answers = &json["items"][0]["subscriptions"][0]["answers"];
    assert_eq!(
        (ran.code, &answers[0]["name"], &answers[0]["taken"]),
        (Some(1), &"1.2.1".into(), &false.into())
    );

    let ran = run(&["--subscription", "0", "--reason", "ignored"]);
    assert_eq!(
        ran.out.lines().skip(1).collect::<Vec<_>>(),
        ["- 1.0.0   ignored by the pattern \"^1\\\\.0\""]
    );
    let ran = run(&["--subscription", "0", "--reason", "accepted"]);
    assert!(ran.out.lines().nth(1).unwrap().starts_with("+ 1.2.0"), "{}", ran.out);
    let ran = run(&["--reason", "nonsense"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("outsideConstraint"), "{}", ran.err);

    world.registry.log().clear();
    let ran = run(&["--subscription", "nobody"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert_eq!(world.registry.log().counters().requests, 0);
    assert!(ran.err.contains("no subscription has the name, repoURL or index \"nobody\""), "{}", ran.err);
    let listed = format!("help: there are: {}/shop/web, ", world.registry.host());
    assert!(ran.err.contains(&listed), "{}", ran.err);
    let ran = run(&["--candidate", ""]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
}

/// Only the server of the subscription that is asked for gets requests, in whatever way it is named, and other Warehouses are left alone.
#[test]
fn only_the_subscription_that_is_asked_for_sends_requests() {
    let world = World::start();
    let other = "---\napiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: other}\nspec: {subscriptions: [{name: pears, git: {repoURL: GIT}}]}\n";
    let manifest = world.fill(&format!("{MANIFEST}{other}"));
    let image = format!("{}/shop/web", world.registry.host());
    let (git, charts) = (world.repository.url().to_owned(), world.charts.url());
    // Which of the servers of images, Git and charts are asked, and how many subscriptions are explained.
    for (name, asked, explained) in [
        ("0", [true, true, false], 2),
        ("1", [false, true, false], 1),
        ("2", [false, false, true], 1),
        (image.as_str(), [true, false, false], 1),
        (&git, [false, true, false], 2),
        (&charts, [false, false, true], 1),
        ("shop", [false, false, true], 1),
        ("pears", [false, true, false], 1),
    ] {
        let logs = [world.registry.log(), world.git.log(), world.charts.log()];
        logs.iter().for_each(|log| log.clear());
        let ran =
            warehouse(&["explain", "--no-cache", "-o", "json", "-f", "-", "--subscription", name], &manifest);
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.err);
        assert_eq!(logs.map(|log| log.counters().requests > 0), asked, "{name}");
        let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        let items = json["items"].as_array().unwrap();
        let of = |item: &serde_json::Value| item["subscriptions"].as_array().unwrap().len();
        assert_eq!(items.iter().map(of).sum::<usize>(), explained, "{name}: {}", ran.out);
        assert!(ran.err.contains(": 1 subscription; "), "{name}: {}", ran.err);
    }
    // A rule alone is applied: no server is asked.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("warehouse.yaml");
    std::fs::write(&file, world.fill(MANIFEST)).unwrap();
    let logs = [world.registry.log(), world.git.log(), world.charts.log()];
    logs.iter().for_each(|log| log.clear());
    for name in ["0", image.as_str()] {
        let ran =
            warehouse(&["select", "-f", file.to_str().unwrap(), "--subscription", name], "1.1.0\n2.0.0\n");
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), "1.1.0\n"), "{name}: {}", ran.err);
    }
    assert_eq!(logs.map(|log| log.counters().requests), [0; 3]);
}

#[test]
fn a_failed_subscription_is_shown_and_the_others_are_explained() {
    let world = World::start();
    let manifest = world.fill(MANIFEST).replace("/shop/web", "/shop/wep");
    let ran = warehouse(&["explain", "--no-cache", "-q", "-f", "-"], &manifest);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("/shop/wep: it failed: there is no repository"), "{}", ran.out);
    assert!(ran.out.contains("+ 0.2.1"), "{}", ran.out);
    // It is told once: in a document it is an error, and a message says so.
    assert_eq!(ran.err, "");
    let ran = warehouse(&["explain", "--no-cache", "-q", "-o", "json", "-f", "-"], &manifest);
    assert!(ran.err.contains("there is no repository"), "{}", ran.err);
}

/// The cause stands on the first line, of commits too, and what helps follows.
#[test]
fn a_path_that_never_existed_and_others_where_nothing_fits() {
    let world = World::start();
    world.repository.git(["tag", "web-1.0.0", "main"]).unwrap();
    let run = |subscription: &str| {
        let text = format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop}}\nspec: {{subscriptions: [{{{subscription}}}]}}\n"
        );
        let text = world.fill(&text);
        let explained = warehouse(&["explain", "--no-cache", "-q", "-f", "-"], &text);
        let discovered = warehouse(&["discover", "--no-cache", "-f", "-"], &text);
        assert_eq!((explained.code, discovered.code), (Some(0), Some(0)), "{}", explained.err);
        let first = explained.out.lines().next().unwrap();
        let (_, cause) = first.split_once(": nothing fits: ").unwrap_or_else(|| panic!("{}", explained.out));
        // `discover` says the same.
        assert!(discovered.err.contains(&format!(": nothing fits: {cause}\n")), "{}", discovered.err);
        let help = explained.out.lines().find(|line| line.starts_with("  help: ")).unwrap_or_default();
        (cause.to_owned(), help.to_owned())
    };
    let (cause, _) = run("git: {repoURL: GIT, branch: main, includePaths: [apps/wep]}");
    assert_eq!(
        cause,
        "none of 2 commits changes a path that `includePaths` (\"apps/wep\") selects: there never was one on this branch"
    );
    let (cause, help) = run("git: {repoURL: GIT, branch: main, includePaths: ['pe*']}");
    assert!(
        cause.starts_with("none of 2 commits changes a path that `includePaths` (\"pe*\") selects"),
        "{cause}"
    );
    assert!(help.contains("`glob:pe*`"), "{help}");
    let (cause, _) = run("git: {repoURL: GIT, branch: main, expressionFilter: \"subject contains 'ABC-'\"}");
    assert!(
        cause.starts_with("the expression \"subject contains 'ABC-'\" is false for all 2 commits"),
        "{cause}"
    );
    let (cause, _) = run("git: {repoURL: GIT, branch: main, since: '2030-01-01T00:00:00Z'}");
    assert_eq!(cause, "the newest commit of the branch is older than `since` (2030-01-01T00:00:00Z)");
    let (cause, help) = run("git: {repoURL: GIT, commitSelectionStrategy: SemVer}");
    assert_eq!(cause, "the tag web-1.0.0 has \"web-\" before the version, so it is no semantic version");
    assert!(help.contains("NewestTag"), "{help}");
    let (cause, _) = run("image: {repoURL: REGISTRY/shop/web, platform: linux/s390x}");
    assert!(
        cause.ends_with("is built for platform linux/s390x, only for linux/amd64, linux/arm64/v8"),
        "{cause}"
    );
    let (cause, help) =
        run("image: {repoURL: REGISTRY/shop/web, imageSelectionStrategy: Digest, constraint: lates}");
    assert_eq!(cause, "there is no tag `lates`; similar: `latest`");
    assert_eq!(help, "  help: write `constraint: latest` if that is the tag, or push the tag");
    let (cause, help) = run("image: {repoURL: REGISTRY/charts/cache, constraint: ^4.0.0}");
    assert_eq!(cause, "the only tag that fits otherwise (4.0.0) is no image: a Helm chart");
    let remedy = "chart: {repoURL: oci://REGISTRY/charts/cache, semverConstraint: \"^4.0.0\"}";
    let said = world.fill(&format!("  help: for a chart, write `{remedy}` in place of `image`"));
    assert_eq!(help, said);
    let text = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop}}\nspec: {{subscriptions: [{{{remedy}}}]}}\n"
    );
    let ran = warehouse(&["discover", "--no-cache", "-o", "name", "-f", "-"], &world.fill(&text));
    assert_eq!((ran.code, ran.out.lines().count()), (Some(0), 2), "{}{}", ran.out, ran.err);
}

/// Warnings are printed on standard error, unless it is quiet, and are in the document; the reason of a candidate says what it is.
#[test]
fn warnings_and_candidates_that_are_not_images() {
    let world = World::start();
    let registry = &world.registry;
    let image = |tag: &str| registry.image("shop/odd").tag(tag).single("linux/amd64");
    image("old").created("2024-01-01T00:00:00Z").push();
    image("undated").without_created().push();
    image("blocked").push();
    let blocked = warehouse_testkit::When::path("/v2/shop/odd/manifests/blocked");
    registry.faults().add(blocked, warehouse_testkit::Reply::status(451));
    let empty = r#"{"schemaVersion": 2, "manifests": []}"#;
    registry.push_manifest("shop/odd", ["empty"], warehouse_testkit::MediaType::OCI_INDEX, empty);
    let manifest = world.fill(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: shop}\nspec:\n  subscriptions:\n  \
         - image: {repoURL: REGISTRY/shop/odd, imageSelectionStrategy: NewestBuild, discoveryLimit: 1}\n",
    );
    let refused = "skipped, although it could be the newest: blocked (the registry refuses it with HTTP 451)";
    let undated = "1 of 2 images have no build time, and count as the oldest: undated";

    let ran = warehouse(&["explain", "--no-cache", "-f", "-"], &manifest);
    assert_eq!(ran.code, Some(0));
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n";
    let out: String = ran.out.lines().map(words).collect();
    for line in [
        "- blocked unreadable: the registry refuses it with HTTP 451\n",
        "- empty an index without entries, not an image\n",
        "- undated beyond the limit of 1: does not say when it was built\n",
    ] {
        assert!(out.contains(line), "{out}");
    }
    for warning in [refused, undated] {
        let line = format!("warning: image {}/shop/odd: {warning}\n  help: ", registry.host());
        assert!(ran.err.contains(&line), "{}", ran.err);
    }
    assert_eq!(warehouse(&["explain", "--no-cache", "-q", "-f", "-"], &manifest).err, "");

    let ran = warehouse(&["discover", "--no-cache", "-q", "-o", "json", "-f", "-"], &manifest);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let warnings = json["items"][0]["subscriptions"][0]["warnings"].as_array().unwrap();
    let mut said: Vec<&str> = warnings.iter().map(|warning| warning["message"].as_str().unwrap()).collect();
    said.sort_unstable();
    assert_eq!(said, [undated, refused]);
    assert!(warnings.iter().all(|warning| warning["hint"].is_string()));
}

#[test]
fn a_chart_that_is_not_listed_is_told_once() {
    let world = World::start();
    let manifest = world.fill(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: shop}\n\
         spec: {subscriptions: [{chart: {repoURL: CHARTS, name: shopp}}]}\n",
    );
    let ran = warehouse(&["explain", "--no-cache", "--no-docker-config", "-q", "-f", "-"], &manifest);
    let lines: Vec<_> = ran.out.lines().collect();
    assert!(lines[0].contains("nothing fits: ") && lines[0].contains("`shopp`"), "{}", ran.out);
    assert_eq!(lines[1..], ["  help: write `name: shop` if that is the chart"]);
}

#[test]
fn the_one_tag_that_is_not_there_is_told_once() {
    let world = World::start();
    let manifest = world.fill(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: shop}\n\
         spec: {subscriptions: [{image: {repoURL: REGISTRY/shop/web, imageSelectionStrategy: Digest, constraint: newest}}]}\n",
    );
    let arguments = ["explain", "--no-cache", "--no-docker-config", "-f", "-"];
    let ran = warehouse(&arguments, &manifest);
    assert_eq!(ran.code, Some(0));
    let lines: Vec<_> = ran.out.lines().collect();
    assert!(lines[0].ends_with(": nothing fits: there is no tag `newest`"), "{}", ran.out);
    assert_eq!(lines[1..], ["  help: push the tag, or name another one in `constraint`"]);
    assert!(!ran.err.contains("newest"), "{}", ran.err);
    // What else there is was not asked for, so nothing is said of it.
    let ran = warehouse(&[&arguments[..], &["--candidate", "1.2.0"]].concat(), &manifest);
    assert!(ran.out.contains("\n  1.2.0 is not taken: not the tag \"newest\"\n"), "{}", ran.out);
}

#[test]
fn a_time_limit_that_passed_names_its_option() {
    let world = World::start();
    world.charts.faults().add(warehouse_testkit::When::any(), warehouse_testkit::Fault::Stall);
    let manifest = world.fill(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: shop}\n\
         spec: {subscriptions: [{chart: {repoURL: CHARTS, name: shop}}]}\n",
    );
    let arguments = ["discover", "--no-cache", "--no-docker-config", "--timeout", "1s", "-f", "-"];
    let ran = warehouse(&arguments, &manifest);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("help: `--timeout` gives it more time"), "{}", ran.err);
}

#[test]
fn formats_and_colors() {
    let world = World::start();
    let manifest = world.fill(MANIFEST).replace("0.2.x", "^9");
    let run = |arguments: &[&str]| {
        warehouse(&[&["explain", "--no-cache", "-q", "-f", "-"], arguments].concat(), &manifest)
    };
    let text = run(&[]).out;
    assert_eq!(run(&["-o", "table"]).out, text);
    let json: serde_json::Value = serde_json::from_str(&run(&["-o", "json"]).out).unwrap();
    let yaml: serde_json::Value = serde_saphyr::from_str(&run(&["-o", "yaml"]).out).unwrap();
    assert!(json["kind"] == "List" && json == yaml, "{json}\n{yaml}");
    let colored = run(&["--color", "always"]).out;
    assert!(colored.contains("\u{1b}[32m+ 1.2.0") && colored.contains("\u{1b}[2m- 2.0.0"), "{colored:?}");
    assert!(
        colored.contains("\u{1b}[1;33mchart ") && colored.contains("(shop): nothing fits"),
        "{colored:?}"
    );
    let plain = colored
        .replace("\u{1b}[32m", "")
        .replace("\u{1b}[2m", "")
        .replace("\u{1b}[1;33m", "")
        .replace("\u{1b}[0m", "");
    assert_eq!(plain, text);
    let failed = warehouse(
        &["explain", "--no-cache", "--color", "always", "-f", "-"],
        &manifest.replace("shop/web", "shop/none"),
    );
    assert!(
        failed.out.contains("\u{1b}[1;31mimage ") && !failed.err.contains("error"),
        "{}{}",
        failed.out,
        failed.err
    );
    let failed = warehouse(&["explain", "--color", "always", "-f", "/nowhere"], "");
    assert!(failed.err.contains("\u{1b}[1;31merror\u{1b}[0m: "), "{}", failed.err);
}
