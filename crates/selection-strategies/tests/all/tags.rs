//! Tag filters and orders against the conformance vectors (section 3).

use crate::vectors::{Report, rows};
use selection_strategies::{
    Constraint, NameKind, Strictness, TagFilter, TagRule, TagStrategy, is_git_reference,
};
use serde_json::Value;

#[test]
fn tag_filters() {
    let mut report = Report::new("tag-filters");
    for row in rows("tag-filters") {
        let Ok(rule) = rule(&row) else {
            report.row(&row, row["error"] == true, "an error");
            continue;
        };
        report.row(&row, row["error"].is_null(), "a rule");
        if row["error"] == true {
            continue;
        }
        let tags = texts(&row["tags"]);
        let selection = rule.select(tags.iter().copied());
        assert_eq!(selection.chosen.len() + selection.rejected.len(), tags.len());
        let mut chosen = selection.chosen;
        if matches!(rule.strategy(), TagStrategy::Newest) {
            chosen.sort_by_key(|candidate| candidate.position); // the rows are about the filter only
        }
        let chosen: Vec<_> = chosen.iter().map(|candidate| candidate.name).collect();
        // The rows also ask Kargo's filter for names that no repository can have, such as the empty one.
        let is_possible = |name: &&str| {
            rule.kind() != NameKind::GitTag
                || is_git_reference(format!("refs/tags/{}", name.trim_start_matches("refs/tags/")))
        };
        let expected: Vec<_> = texts(&row["out"]).into_iter().filter(is_possible).collect();
        report.row(&row, chosen == expected, &chosen);

        let judged: Vec<_> = tags.iter().filter(|tag| rule.judge(tag).is_accepted()).collect();
        report.row(&row, judged.len() == chosen.len(), &judged);
    }
    report.finish();
}

fn rule(row: &Value) -> Result<TagRule, Box<dyn std::error::Error>> {
    let filter =
        TagFilter::builder().allow_all(texts(&row["allow"])).ignore_all(texts(&row["ignore"])).build()?;
    let rule = match row["kind"].as_str().unwrap() {
        "image-filter" => TagRule::newest(),
        "git-filter" => TagRule::newest().with_kind(NameKind::GitTag),
        "lexical" => TagRule::lexical(),
        "semver" => {
            let constraint = row["constraint"].as_str().unwrap();
            let constraint = if constraint.is_empty() { None } else { Some(Constraint::parse(constraint)?) };
            let strict = row["strict"].as_bool().unwrap();
            let strictness = if strict { Strictness::Strict } else { Strictness::Loose };
            TagRule::semver(constraint).with_strictness(strictness)
        }
        kind => panic!("unknown kind {kind}"),
    };
    Ok(rule.with_filter(filter))
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap()).collect()
}
