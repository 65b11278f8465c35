//! Which files concern which charts.

use chart_release::changed::{ChangedOptions, Since, changed};
use serde_json::json;
use warehouse_testkit::Commit;

use super::{chart_yaml, library_and_dependents, open, repository, shown, since, with_chart};

#[test]
fn each_kind_of_change() {
    type Case = (&'static str, fn(Commit) -> Commit, &'static [&'static str]);
    let cases: &[Case] = &[
        ("nothing", |it| it, &[]),
        ("a file of a chart", |it| it.file("charts/alone/values.yaml", "x"), &["alone modified"]),
        ("a new file", |it| it.file("charts/alone/templates/x.yaml", "x"), &["alone modified"]),
        ("a file that is gone", |it| it.remove("charts/alone/values.yaml"), &["alone modified"]),
        (
            "a library chart",
            |it| it.file("charts/lib/values.yaml", "x"),
            &["a on charts/lib", "b on charts/lib", "c on charts/lib", "lib modified"],
        ),
        (
            "a dependent and its own dependent",
            |it| it.file("charts/a/values.yaml", "x"),
            &["a modified", "c on charts/a"],
        ),
        (
            "both",
            |it| it.file("charts/a/values.yaml", "x").file("charts/lib/values.yaml", "x"),
            &["a modified", "b on charts/lib", "c on charts/a charts/lib", "lib modified"],
        ),
        ("a new chart", |it| with_chart(it, "charts/new", &["file://../alone"]), &["new added"]),
        ("a chart that is gone", |it| it.remove("charts/alone"), &["-alone"]),
        (
            "a library chart that is gone",
            |it| it.remove("charts/lib"),
            &["a on charts/lib", "b on charts/lib", "c on charts/lib", "-lib"],
        ),
        ("a folder that is a chart no more", |it| it.remove("charts/alone/Chart.yaml"), &["-alone"]),
        (
            "a chart that is renamed",
            |it| {
                it.remove("charts/alone")
                    .file("charts/other/Chart.yaml", chart_yaml("other", &[]))
                    .file("charts/other/values.yaml", "alone")
            },
            &["other from alone", "-alone"],
        ),
        (
            "a chart that is replaced",
            |it| with_chart(it.remove("charts/alone"), "charts/other", &[]),
            &["other added", "-alone"],
        ),
        ("a file beside the charts", |it| it.file("charts/README.md", "x").file("Makefile", "x"), &[]),
        ("a folder that is no chart", |it| it.file("charts/notes/values.yaml", "x"), &[]),
        (
            "a folder of a similar name",
            |it| it.file("charts/alone2/x", "x").file("charts2/alone/x", "x"),
            &[],
        ),
        (
            "a chart in a chart",
            |it| with_chart(it, "charts/alone/charts/inner", &["file://../../../lib"]),
            &["alone modified"],
        ),
        ("a chart two levels deep", |it| with_chart(it, "charts/group/x", &[]), &[]),
        ("the mode of a file", |it| it.executable("charts/alone/values.yaml", "alone"), &[]),
        (
            "a link to the same content",
            |it| it.file("shared", "alone").symlink("charts/alone/values.yaml", "../../shared"),
            &[],
        ),
        (
            "a broken chart and another one",
            |it| it.file("charts/alone/Chart.yaml", "dependencies: [").file("charts/a/values.yaml", "x"),
            &["a modified", "alone modified", "c on charts/a"],
        ),
    ];
    for (name, change, expected) in cases {
        let (_server, bare) = repository();
        bare.commit("main", library_and_dependents()).unwrap();
        bare.commit("main", change(Commit::new("change"))).unwrap();
        assert_eq!(shown(&since(&bare, "HEAD~1")), *expected, "{name}");
    }
}

#[test]
fn what_enters_no_package_changes_nothing() {
    let (_server, bare) = repository();
    let first = library_and_dependents().file("charts/alone/.helmignore", "*.md\n/ci/\n");
    bare.commit("main", first).unwrap();
    let commit = |it: Commit| bare.commit("main", it).unwrap();
    commit(Commit::new("x").file("charts/alone/README.md", "1").file("charts/alone/ci/values.yaml", "1"));
    assert_eq!(shown(&since(&bare, "HEAD~1")), [""; 0]);
    commit(Commit::new("x").file("charts/alone/templates/.hidden", "1"));
    assert_eq!(shown(&since(&bare, "HEAD~1")), [""; 0]);
    commit(Commit::new("x").file("charts/b/README.md", "1"));
    assert_eq!(shown(&since(&bare, "HEAD~1")), ["b modified"], "the rules are those of each chart");
    commit(Commit::new("x").file("charts/alone/.helmignore", "/ci/\n"));
    assert_eq!(shown(&since(&bare, "HEAD~1")), ["alone modified"]);
    commit(Commit::new("x").file("charts/alone/.helmignore", "a**b\n"));
    let found = since(&bare, "HEAD~1");
    assert_eq!((shown(&found), found.problems.len()), (vec!["alone modified".to_owned()], 1), "{found:?}");
}

#[test]
fn what_a_link_leads_to() {
    let (_server, bare) = repository();
    let first = library_and_dependents()
        .file("shared/policy.yaml", "1")
        .symlink("charts/alone/policy.yaml", "../../shared/policy.yaml")
        .file("elsewhere/web/Chart.yaml", chart_yaml("web", &[]))
        .symlink("charts/web", "../elsewhere/web");
    bare.commit("main", first).unwrap();
    bare.commit("main", Commit::new("x").file("shared/policy.yaml", "2")).unwrap();
    assert_eq!(shown(&since(&bare, "HEAD~1")), ["alone modified"]);
    bare.commit("main", Commit::new("x").file("elsewhere/web/values.yaml", "2")).unwrap();
    assert_eq!(shown(&since(&bare, "HEAD~1")), ["web modified"]);
}

#[test]
fn dependencies_of_every_kind() {
    let (_server, bare) = repository();
    // A library beside the charts that depends on another one, `requirements.yaml`, and a circle.
    let first = with_chart(Commit::new("x"), "libs/one", &["file://../two"]);
    let first = with_chart(first, "libs/two", &[]);
    let first = with_chart(first, "charts/a", &["file://../../libs/one"]);
    let first = with_chart(first, "charts/circle-1", &["file://../circle-2"]);
    let first = with_chart(first, "charts/circle-2", &["file://../circle-1"]);
    let first = first.file("charts/old/Chart.yaml", "name: old\nversion: 1.0.0\n").file(
        "charts/old/requirements.yaml",
        "dependencies:\n- name: two\n  repository: file://../../libs/two\n",
    );
    bare.commit("main", first).unwrap();
    bare.commit("main", Commit::new("x").file("libs/two/values.yaml", "2")).unwrap();
    assert_eq!(shown(&since(&bare, "HEAD~1")), ["a on libs/two", "old on libs/two"]);
    bare.commit("main", Commit::new("x").file("charts/circle-1/values.yaml", "2")).unwrap();
    assert_eq!(shown(&since(&bare, "HEAD~1")), ["circle-1 modified", "circle-2 on charts/circle-1"]);
}

#[test]
fn what_cannot_be_read_stops_nothing() {
    let (_server, bare) = repository();
    let first = library_and_dependents().submodule("charts/alone/sub", "1".repeat(40)).file(
        "charts/far/Chart.yaml",
        chart_yaml("far", &["file:///etc/lib", "file://../b", "file://../../../lib"]),
    );
    bare.commit("main", first).unwrap();
    bare.commit("main", Commit::new("x").file("charts/b/values.yaml", "2")).unwrap();
    let found = since(&bare, "HEAD~1");
    assert_eq!(shown(&found), ["alone modified", "b modified", "far on charts/b"]);
    let problems: Vec<_> =
        found.problems.iter().map(|problem| (problem.path.as_str(), problem.message.as_str())).collect();
    assert_eq!(
        problems,
        [
            (
                "charts/alone",
                "charts/alone/sub: a submodule is not part of the commit; Git keeps only the id of its commit"
            ),
            (
                "charts/far",
                "charts/far/Chart.yaml: the dependency \"file://../../../lib\" is not in this repository"
            ),
            (
                "charts/far",
                "charts/far/Chart.yaml: the dependency \"file:///etc/lib\" is not in this repository"
            ),
        ]
    );
}

/// A submodule that is at another commit than before is named, though what changed in it is not known.
#[test]
fn a_submodule_that_changed() {
    let (_server, bare) = repository();
    bare.commit("main", library_and_dependents().submodule("charts/sub", "1".repeat(40))).unwrap();
    bare.commit("main", Commit::new("x").file("charts/b/values.yaml", "2")).unwrap();
    assert_eq!(since(&bare, "HEAD~1").problems, []);
    bare.commit("main", Commit::new("x").submodule("charts/sub", "2".repeat(40))).unwrap();
    let found = since(&bare, "HEAD~1");
    assert_eq!((shown(&found), found.problems[0].path.as_str()), (vec![], "charts/sub"), "{found:?}");
}

#[test]
fn the_folder_of_charts() {
    let (_server, bare) = repository();
    bare.commit("main", with_chart(Commit::new("x").file("README.md", ""), "deploy/helm/web", &[])).unwrap();
    bare.commit("main", Commit::new("x").file("deploy/helm/web/values.yaml", "2")).unwrap();
    let at = |folder: &str| {
        let options = ChangedOptions::default().charts_folder(folder);
        changed(&open(&bare), &Since::revision("HEAD~1"), &options).map(|found| shown(&found))
    };
    assert_eq!(at("deploy/helm").unwrap(), ["web modified"]);
    assert_eq!(at("deploy/helm/").unwrap(), ["web modified"]);
    let error = at("charts").unwrap_err();
    assert!(error.to_string().ends_with("has no such folder"), "{error}");
    assert!(error.hint().is_some());
    assert!(at("../..").is_err());

    // All of it is gone, or new: neither is an error.
    bare.commit("main", Commit::new("x").remove("deploy")).unwrap();
    assert_eq!(at("deploy/helm").unwrap(), ["-web"]);
    let root = with_chart(Commit::new("x"), "deploy/helm/new", &[]);
    bare.commit("main", root).unwrap();
    assert_eq!(at("deploy/helm").unwrap(), ["new added"]);
    bare.commit("main", with_chart(Commit::new("x"), "top", &[])).unwrap();
    assert_eq!(at("").unwrap(), ["top added"]);
}

#[test]
fn the_json_is_a_matrix() {
    let (_server, bare) = repository();
    let base = bare.commit("main", library_and_dependents()).unwrap();
    let change = Commit::new("x").file("charts/a/values.yaml", "2").remove("charts/b");
    let head = bare.commit("main", with_chart(change, "charts/new", &[])).unwrap();
    assert_eq!(
        serde_json::to_value(since(&bare, "HEAD~1")).unwrap(),
        json!({
            "base": base,
            "head": head,
            "allBecause": null,
            "charts": [
                {"name": "a", "path": "charts/a", "reason": "modified"},
                {"name": "c", "path": "charts/c", "reason": "dependent", "on": ["charts/a"]},
                {"name": "new", "path": "charts/new", "reason": "added"},
            ],
            "deleted": [{"name": "b", "path": "charts/b", "renamedTo": null}],
            "problems": [],
        })
    );
}
