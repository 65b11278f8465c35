//! Every row of the pages about moving over: the names of its third column are judged by the rule of the second one, and those of the
//! last one are selected, best first.

use warehouse_discovery::parse;
use warehouse_discovery::rules::TagStrategy;
use warehouse_discovery::spec::{Manifest, Options, Subscription, regex_of_shell};

use crate::markdown::{Part, Table, code_spans, parts};
use crate::page;

/// The pages, how many rows each has at least, and whether their first column is a subscription too, with the same result.
const PAGES: [(&str, usize, bool); 4] =
    [("kargo", 9, true), ("flux", 8, false), ("argocd-image-updater", 8, false), ("renovate", 8, false)];

/// The end of the heading of the second column, after the kind of the subscription.
const SUBSCRIPTION: &str = " subscription";

#[test]
fn every_row_selects_what_its_page_says() {
    let mut wrong = Vec::new();
    for (name, least, from_kargo) in PAGES {
        let path = format!("moving/{name}.md");
        let mut tested = 0;
        for table in tables(&page(&path)) {
            let kind = table.heading[1].strip_suffix(SUBSCRIPTION).expect("the kind of a subscription");
            for row in &table.rows {
                let place = format!("{path}:{}: {}", table.line, row[1]);
                let [before, after, names, selected] = row.as_slice() else {
                    panic!("{place}: four columns")
                };
                let names = code_spans(names);
                let expected = code_spans(selected);
                let mut subscriptions = vec![subscription(kind, after, &place, true)];
                if from_kargo {
                    subscriptions.push(subscription(kind, before, &place, false));
                }
                for subscription in subscriptions {
                    let actual = select(&subscription, &names);
                    if actual != expected {
                        wrong.push(format!("{place}: selects {actual:?}"));
                    }
                }
                tested += 1;
            }
        }
        assert!(tested >= least, "{path}: {tested} rows");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A glob is translated on the page as `lint` translates it.
#[test]
fn globs_are_translated_as_lint_does() {
    let page = page("moving/argocd-image-updater.md");
    let tables = parts(&page).into_iter().filter_map(|part| match part {
        Part::Table(table) if table.heading.first().is_some_and(|name| name == "glob") => Some(table),
        _ => None,
    });
    let rows: Vec<_> = tables.flat_map(|table| table.rows).collect();
    assert!(rows.len() >= 4, "{rows:?}");
    for row in rows {
        let (glob, pattern) = (code_spans(&row[0]), code_spans(&row[1]));
        assert_eq!(vec![regex_of_shell(glob[0])], pattern, "{glob:?}");
        let fields = format!("`allowTagsRegexes: ['glob:{}']`", glob[0]);
        let found = read("image", &fields, "globs");
        let help = found.diagnostics.first().and_then(|found| found.help.clone());
        assert_eq!(help, Some(format!("write '{}'", pattern[0])), "{glob:?}");
    }
}

#[test]
fn every_rule_of_another_tool_has_its_source() {
    for (name, _, from_kargo) in PAGES {
        for table in tables(&page(&format!("moving/{name}.md"))).iter().filter(|_| !from_kargo) {
            for row in &table.rows {
                assert!(row[0].contains("](https://"), "{name}: {} has no link to its source", row[0]);
            }
        }
    }
}

/// The tables of a page whose rows are rules.
fn tables(page: &str) -> Vec<Table> {
    let of_rules = |part| match part {
        Part::Table(table) if table.heading.get(1).is_some_and(|name| name.ends_with(SUBSCRIPTION)) => {
            Some(table)
        }
        _ => None,
    };
    parts(page).into_iter().filter_map(of_rules).collect()
}

/// The subscription with the fields of a cell.
fn subscription(kind: &str, cell: &str, place: &str, strict: bool) -> Subscription {
    let read = read(kind, cell, place);
    let problems: Vec<String> = read.diagnostics.iter().map(ToString::to_string).collect();
    assert!(!strict || problems.is_empty(), "{place}: {cell}\n{}", problems.join("\n"));
    let warehouse = read.warehouses.into_iter().next();
    let warehouse = warehouse.unwrap_or_else(|| panic!("{place}: {cell}\n{}", problems.join("\n")));
    warehouse.spec.subscriptions[0].clone()
}

/// The manifest with such a subscription.
fn read(kind: &str, cell: &str, place: &str) -> Manifest {
    let fields = code_spans(cell);
    let has = |field: &str| fields.iter().any(|text| text.starts_with(field));
    let mut lines = Vec::new();
    match kind {
        "image" => lines.push("repoURL: ghcr.io/example/app"),
        "git" => lines.push("repoURL: https://github.com/example/app.git"),
        "chart" if has("repoURL:") => {}
        "chart" => lines.extend(["repoURL: https://charts.example.com", "name: app"]),
        other => panic!("{place}: no subscription is called {other:?}"),
    }
    lines.extend(&fields);
    let fields: String = lines.iter().map(|line| format!("      {line}\n")).collect();
    let manifest = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: app}}\nspec:\n  subscriptions:\n  - {kind}:\n{fields}"
    );
    parse(place, &manifest, &Options::default())
}

/// The names that its rule selects, best first. Names say nothing about age: under `NewestBuild` and `NewestTag` those that it accepts, in
/// the given order, which is the newest first.
fn select<'n>(subscription: &Subscription, names: &[&'n str]) -> Vec<&'n str> {
    let rule = subscription.tag_rule().expect("a rule").expect("a rule about names");
    match rule.strategy() {
        TagStrategy::Newest => names.iter().copied().filter(|name| rule.judge(name).is_accepted()).collect(),
        _ => rule.select(names.iter().copied()).chosen.iter().map(|chosen| chosen.name).collect(),
    }
}
