//! Versions, constraints and their order against the conformance vectors (rules 2.1 to 2.11).

use crate::vectors::{Report, rows};
use selection_strategies::{Constraint, Strictness, TagRule, Version, VersionRef};
use serde_json::Value;

#[test]
fn semver_versions() {
    let mut report = Report::new("semver-versions");
    for row in rows("semver-versions") {
        let text = row["in"].as_str().unwrap();
        let loose = VersionRef::parse(text);
        let agrees = match (&loose, &row["version"]) {
            (Err(_), expected) => expected.is_null(),
            (Ok(version), expected) => {
                expected["major"] == version.major()
                    && expected["minor"] == version.minor()
                    && expected["patch"] == version.patch()
                    && expected["pre"] == version.prerelease()
                    && expected["meta"] == version.metadata()
                    && expected["original"] == version.original()
                    && expected["string"] == version.to_string()
            }
        };
        report.row(text, agrees && row["kargo"] == loose.is_ok(), loose);
        let strict = Version::parse_strict(text);
        report.row((text, "strict"), row["kargo_strict"] == strict.is_ok(), strict);
        let bare = Version::parse_with(text, Strictness::Bare);
        report.row((text, "bare"), row["strict_ok"] == bare.is_ok(), bare);
    }
    report.finish();
}

#[test]
fn semver_constraints() {
    let mut report = Report::new("semver-constraints");
    for row in rows("semver-constraints") {
        let text = row["constraint"].as_str().unwrap();
        let constraint = match Constraint::parse(text) {
            Ok(constraint) => constraint,
            Err(error) => {
                report.row(text, row["error"] == true, error);
                continue;
            }
        };
        report.row(text, row["error"].is_null(), &constraint);
        for (key, expected) in [("match", true), ("nomatch", false)] {
            for version in row[key].as_array().into_iter().flatten() {
                let version = VersionRef::parse(version.as_str().unwrap()).unwrap();
                let answer = constraint.matches(version);
                report.row((text, version), answer == expected, answer);
            }
        }
    }
    report.finish();
}

#[test]
fn semver_sort() {
    let mut report = Report::new("semver-sort");
    for row in rows("semver-sort") {
        if row["kind"] == "compare" {
            let [left, right] = ["a", "b"].map(|key| VersionRef::parse(row[key].as_str().unwrap()).unwrap());
            let order = left.compare_precedence(right);
            report.row((left, right), row["cmp"] == order as i8, order);
        } else {
            let strictness = if row["strict"] == true { Strictness::Strict } else { Strictness::Loose };
            let rule = TagRule::semver(None).with_strictness(strictness);
            report.row(&row["tags"], chosen(&rule, &row["tags"]) == texts(&row["sorted"]), &row["sorted"]);
        }
    }
    report.finish();
}

fn chosen<'n>(rule: &TagRule, names: &'n Value) -> Vec<&'n str> {
    rule.select(texts(names)).chosen.iter().map(|candidate| candidate.name).collect()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap()).collect()
}
