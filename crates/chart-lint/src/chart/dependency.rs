//! Dependencies and `Chart.lock`.

use std::collections::BTreeSet;

use helm_chart::names_dev_version;
use semver::Version;

use super::source::Chart;
use crate::finding::Report;
use crate::rule::chart as rules;
use crate::yaml::Node;

pub(super) fn check(chart: &Chart<'_>, root: &Node, report: &mut Report<'_>) {
    let Some(dependencies) = root.get("dependencies").filter(|node| !node.is_empty()) else { return };
    if root.get("apiVersion").and_then(Node::text) == Some("v1") {
        let reason = "`dependencies` have no effect with `apiVersion: v1`";
        return report.add(&rules::DEPENDENCIES_V1, dependencies.at, reason);
    }
    let mut names = BTreeSet::new();
    for dependency in dependencies.items() {
        let text = |name| dependency.get(name).and_then(Node::text).filter(|text| !text.is_empty());
        let Some(name) = text("name") else { continue };
        let called = text("alias").unwrap_or(name);
        if !names.insert(called) {
            let reason = format!("`{called}` is the name or alias of two dependencies");
            report.add(&rules::DEPENDENCY_TWICE, dependency.at, reason);
        }
        let version = dependency.get("version").filter(|node| !node.is_empty());
        let at = version.unwrap_or(dependency).at;
        let version = version.and_then(Node::scalar).unwrap_or_default();
        if chart.options.release && names_dev_version(version) {
            report.add(&rules::DEPENDENCY_DEV, at, format!("`{name}` {version} is a dev version"));
        }
        let is_elsewhere = text("repository").is_some_and(|url| !url.starts_with("file://"));
        let is_exact = Version::parse(version.strip_prefix(['v', '=']).unwrap_or(version)).is_ok();
        if is_elsewhere && !is_exact && chart.lock.is_none() {
            let range = if version.is_empty() { "any version".into() } else { format!("`{version}`") };
            let reason = format!("`{name}` may be {range}, and no `Chart.lock` says which");
            report.add(&rules::UNLOCKED, at, reason);
        }
    }
}

pub(super) fn check_lock(chart: &Chart<'_>, lock: &Node, report: &mut Report<'_>) {
    // What is wrong with a `Chart.yaml` that cannot be read is said there.
    let Some(root) = chart.root() else { return };
    let names = |node: &Node| {
        let dependencies = node.get("dependencies").map(Node::items).unwrap_or_default();
        dependencies.iter().filter_map(|item| item.get("name")?.text().map(str::to_owned)).collect::<Vec<_>>()
    };
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let (wanted, locked) = (sorted(names(root)), sorted(names(lock)));
    if wanted != locked {
        let list = |names: &[String]| match names {
            [] => "none".to_owned(),
            names => format!("`{}`", names.join("`, `")),
        };
        let reason =
            format!("the lock has the dependencies {}, `Chart.yaml` has {}", list(&locked), list(&wanted));
        return report.add(&rules::LOCK, lock.get("dependencies").unwrap_or(lock).at, reason);
    }
    if !chart.options.release {
        return;
    }
    for dependency in lock.get("dependencies").map(Node::items).unwrap_or_default() {
        let Some(version) = dependency.get("version") else { continue };
        if let Some(text) = version.scalar().filter(|text| names_dev_version(text)) {
            let name = dependency.get("name").and_then(Node::text).unwrap_or_default();
            report.add(&rules::DEPENDENCY_DEV, version.at, format!("`{name}` {text} is a dev version"));
        }
    }
}
