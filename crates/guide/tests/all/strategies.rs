//! Every example of the pages about strategies, against real servers on loopback.

use std::fs;

use warehouse_discovery::rules::{CommitSelectionStrategy, ImageSelectionStrategy};

use crate::example::Example;
use crate::markdown::{Part, Table, parts};
use crate::{page, pages};

/// The pages, and how many examples each has at least.
const PAGES: [(&str, usize); 9] = [
    ("image-semver", 3),
    ("image-lexical", 1),
    ("image-newest-build", 2),
    ("image-digest", 1),
    ("git-newest-from-branch", 3),
    ("git-semver", 1),
    ("git-lexical", 1),
    ("git-newest-tag", 1),
    ("chart", 2),
];

#[tokio::test]
async fn every_example_selects_what_its_page_says() {
    let mut wrong = Vec::new();
    for (name, least) in PAGES {
        let path = format!("strategies/{name}.md");
        let parts = parts(&page(&path));
        let examples: Vec<_> = examples(&parts).collect();
        assert!(examples.len() >= least, "{path}: {} examples", examples.len());
        for (manifest, table) in examples {
            let place = format!("{path}:{}", table.line);
            wrong.extend(Example { place, manifest, table }.check().await);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every Warehouse of a page with the table of results that follows it.
fn examples(parts: &[Part]) -> impl Iterator<Item = (&str, &Table)> {
    parts.windows(2).filter_map(|pair| match pair {
        [Part::Code { language, text, .. }, Part::Table(table)]
            if language == "yaml"
                && text.contains("kind: Warehouse")
                && table.heading.last().is_some_and(|name| name == "result") =>
        {
            Some((text.as_str(), table))
        }
        _ => None,
    })
}

#[test]
fn every_page_is_in_the_table_of_this_test_and_has_no_table_of_results_without_a_warehouse() {
    let mut found = Vec::new();
    for entry in fs::read_dir(pages().join("strategies")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let parts = parts(&page(&format!("strategies/{name}")));
        let of_results = |part: &&Part| matches!(part, Part::Table(table) if table.heading.last().is_some_and(|name| name == "result"));
        assert_eq!(parts.iter().filter(of_results).count(), examples(&parts).count(), "{name}");
        found.extend(name.strip_suffix(".md").filter(|name| *name != "index").map(str::to_owned));
    }
    found.sort();
    let mut listed = PAGES.map(|(name, _)| name);
    listed.sort_unstable();
    assert_eq!(found, listed);
}

#[test]
fn every_strategy_has_its_page() {
    let pages = PAGES.map(|(name, _)| page(&format!("strategies/{name}.md")));
    let has = |kind: &str, strategy: &str| {
        pages.iter().any(|page| page.starts_with(&format!("# {kind}: `{strategy}`\n")))
    };
    for strategy in ImageSelectionStrategy::ALL {
        assert!(has("Images", strategy), "{strategy}");
    }
    for strategy in CommitSelectionStrategy::ALL {
        assert!(has("Git", strategy), "{strategy}");
    }
}
