//! Dependencies and `Chart.lock`.

use std::collections::{BTreeMap, BTreeSet};

use helm_chart::names_dev_version;
use semver::Version;

use super::source::{Chart, File, path};
use crate::finding::{Finding, Report, START, finding};
use crate::rule::chart as rules;
use crate::yaml::Node;

/// The version of the chart whose `Chart.yaml` has this path.
pub(super) fn version(files: &BTreeMap<&str, &[u8]>, path: &str) -> Option<String> {
    let file = File::read("", path, files)?;
    Some(file.root.ok()?.get("version")?.scalar()?.to_owned())
}

/// The charts in `charts/` that are dev versions, in folders and in archives, through the whole tree.
pub(super) fn embedded_dev_versions(chart: &Chart<'_>, files: &BTreeMap<&str, &[u8]>) -> Vec<Finding> {
    let report = |file: &str, name: &str, version: &str| {
        let reason = format!("`{name}` {version} is a dev version, and the release has it in it");
        finding(&rules::DEPENDENCY_DEV, &path(chart.folder, file), START, reason)
    };
    let mut found = Vec::new();
    for (file, bytes) in files.iter().filter(|(file, _)| file.starts_with("charts/")) {
        if file.ends_with("/Chart.yaml") {
            let name = file.trim_end_matches("/Chart.yaml").rsplit('/').next().unwrap_or_default();
            let version = version(files, file).filter(|version| names_dev_version(version));
            found.extend(version.map(|version| report(file, name, &version)));
        } else if file.ends_with(".tgz") {
            // One that cannot be read is no package, which packaging says.
            let Ok(archive) = helm_chart::Chart::from_archive(bytes) else { continue };
            let mut waiting = vec![&archive];
            while let Some(inner) = waiting.pop() {
                if names_dev_version(inner.version()) {
                    found.push(report(file, inner.name(), inner.version()));
                }
                waiting.extend(inner.charts());
            }
        }
    }
    found
}

/// `local` gives the version of the chart whose `Chart.yaml` has this path.
pub(super) fn check(
    chart: &Chart<'_>,
    root: &Node,
    local: &dyn Fn(&str) -> Option<String>,
    report: &mut Report<'_>,
) {
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
        } else if chart.options.release
            && let Some(folder) = text("repository").and_then(|repository| repository.strip_prefix("file://"))
            && let Some(found) = local(&format!("{}/Chart.yaml", folder.trim_end_matches('/')))
            && names_dev_version(&found)
        {
            report.add(&rules::DEPENDENCY_DEV, at, format!("`{name}` in {folder} is a dev version: {found}"));
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
