//! Over generated histories the charts are those that `git diff --name-only` shows.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use warehouse_testkit::{Commit, CommitMark, GitRepository as Bare};

use super::{chart_yaml, repository, since};

const CHARTS: [&str; 5] = ["a", "b", "c", "lib", "x"];

#[derive(Clone, Debug)]
enum Step {
    /// Writes `Chart.yaml` with a dependency on another chart, or none.
    Declare {
        chart: usize,
        on: Option<usize>,
    },
    Write {
        path: String,
        content: u8,
    },
    Remove {
        path: String,
    },
    RemoveChart {
        chart: usize,
    },
    /// Goes on at a commit that was made before.
    Branch {
        at: usize,
    },
    Merge {
        with: usize,
    },
}

fn path() -> impl Strategy<Value = String> {
    let chart = prop::sample::select(CHARTS.to_vec());
    prop_oneof![
        (chart, prop::sample::select(vec!["values.yaml", "templates/t.yaml", "charts/y/Chart.yaml"]))
            .prop_map(|(chart, file)| format!("charts/{chart}/{file}")),
        prop::sample::select(vec![
            "charts/README.md",
            "README.md",
            "charts/none/notes",
            "charts2/a/values.yaml"
        ])
        .prop_map(str::to_owned),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let chart = 0..CHARTS.len();
    prop_oneof![
        3 => (chart.clone(), prop::option::of(chart.clone())).prop_map(|(chart, on)| Step::Declare { chart, on }),
        5 => (path(), 0..3u8).prop_map(|(path, content)| Step::Write { path, content }),
        2 => path().prop_map(|path| Step::Remove { path }),
        1 => chart.prop_map(|chart| Step::RemoveChart { chart }),
        1 => any::<usize>().prop_map(|at| Step::Branch { at }),
        1 => any::<usize>().prop_map(|with| Step::Merge { with }),
    ]
}

fn build(bare: &Bare, steps: &[Step]) -> Vec<String> {
    let mut history = bare.history().unwrap();
    let first = Commit::new("first")
        .file("charts/a/Chart.yaml", chart_yaml("a", &["file://../lib"]))
        .file("charts/lib/Chart.yaml", chart_yaml("lib", &[]))
        .file("charts/lib/values.yaml", "0");
    let mut marks: Vec<CommitMark> = vec![history.commit("main", first)];
    for step in steps {
        let commit = Commit::new("step");
        let mark = match step {
            Step::Declare { chart, on } => {
                let on: Vec<String> = on.iter().map(|on| format!("file://../{}", CHARTS[*on])).collect();
                let on: Vec<&str> = on.iter().map(String::as_str).collect();
                let name = CHARTS[*chart];
                history
                    .commit("main", commit.file(format!("charts/{name}/Chart.yaml"), chart_yaml(name, &on)))
            }
            Step::Write { path, content } => {
                history.commit("main", commit.file(path.clone(), format!("{content}")))
            }
            Step::Remove { path } => history.commit("main", commit.remove(path.clone())),
            Step::RemoveChart { chart } => {
                history.commit("main", commit.remove(format!("charts/{}", CHARTS[*chart])))
            }
            Step::Branch { at } => {
                history.branch("main", marks[at % marks.len()]);
                continue;
            }
            Step::Merge { with } => history.merge("main", marks[with % marks.len()], commit),
        };
        marks.push(mark);
    }
    let written = history.write().unwrap();
    marks.into_iter().map(|mark| written.id(mark).to_owned()).collect()
}

/// The names of the charts at a commit, each with the charts it depends on, as Git shows them.
fn charts_at(bare: &Bare, id: &str) -> BTreeMap<String, BTreeSet<String>> {
    let files = bare.git(["ls-tree", "-r", "--name-only", id]).unwrap();
    let names = files.lines().filter_map(|path| path.strip_prefix("charts/")?.strip_suffix("/Chart.yaml"));
    let names = names.filter(|name| !name.contains('/'));
    names
        .map(|name| {
            let text = bare.git(["show", &format!("{id}:charts/{name}/Chart.yaml")]).unwrap();
            let on = text.lines().filter_map(|line| line.trim().strip_prefix("repository: file://../"));
            (name.to_owned(), on.map(str::to_owned).collect())
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn as_git_diff(steps in prop::collection::vec(step(), 1..20), since_number in any::<usize>()) {
        let (_server, bare) = repository();
        let ids = build(&bare, &steps);
        let revision = &ids[since_number % ids.len()];
        let found = since(&bare, revision);

        let base = found.base.unwrap().to_string();
        let bases = bare.git(["merge-base", "--all", revision, "HEAD"]).unwrap();
        prop_assert!(bases.lines().any(|line| line == base), "{base} is none of {bases}");

        let (old, new) = (charts_at(&bare, &base), charts_at(&bare, "HEAD"));
        let diff = bare.git(["diff", "--name-only", "--no-renames", &base, "HEAD"]).unwrap();
        let mut touched: BTreeSet<String> = diff
            .lines()
            .filter_map(|path| path.strip_prefix("charts/")?.split_once('/'))
            .map(|(name, _)| name.to_owned())
            .collect();
        loop {
            let more: BTreeSet<String> =
                new.iter().filter(|(_, on)| !on.is_disjoint(&touched)).map(|(name, _)| name.clone()).collect();
            if more.is_subset(&touched) {
                break;
            }
            touched.extend(more);
        }
        let expected: BTreeSet<String> = touched.into_iter().filter(|name| new.contains_key(name)).collect();
        let charts: BTreeSet<String> = found.charts.iter().map(|chart| chart.name.clone()).collect();
        prop_assert_eq!(charts, expected);
        let gone: BTreeSet<String> = old.keys().filter(|name| !new.contains_key(*name)).cloned().collect();
        let deleted: BTreeSet<String> = found.deleted.iter().map(|chart| chart.name.clone()).collect();
        prop_assert_eq!(deleted, gone);
        prop_assert!(found.problems.is_empty(), "{:?}", found.problems);
    }
}
