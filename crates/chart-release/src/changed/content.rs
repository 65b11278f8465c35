//! What enters the package of a chart at a commit, and which charts of the repository it is built from.

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;
use helm_chart::Error;
use serde::Deserialize;

use crate::git::{AtCommit, TreeFile, join};

/// The largest `Chart.yaml` that is read.
const MOST_BYTES: u64 = 1 << 20;

/// The files of a folder that enter the package, by path, each with the id of its content: those that `.helmignore` does not leave out. `None` if
/// there is no such folder.
pub(crate) fn content(at: &AtCommit, path: &str) -> Result<Option<BTreeMap<String, ObjectId>>, Error> {
    let Some(files) = at.files(path)? else { return Ok(None) };
    let rules = at.ignore_rules(path)?;
    let entering = files.into_iter().filter(|file| !rules.ignores_file(&file.path));
    entering.map(|TreeFile { path, id }| Ok((path, id?))).collect::<Result<_, _>>().map(Some)
}

/// The folders that a chart depends on by `file://`, relative to the root, and an error for each that is not in the repository.
pub(crate) fn local_dependencies(
    at: &AtCommit,
    chart: &str,
) -> Result<(BTreeSet<String>, Vec<Error>), Error> {
    let (mut folders, mut outside) = (BTreeSet::new(), Vec::new());
    for name in ["Chart.yaml", "requirements.yaml"] {
        let path = join(chart, name);
        let Some(bytes) = at.file(&path, MOST_BYTES)? else { continue };
        let declared = declared(&bytes).map_err(|error| error.at(&path))?;
        for repository in declared {
            let Some(folder) = repository.strip_prefix("file://") else { continue };
            match resolve(chart, folder) {
                Some(folder) => drop(folders.insert(folder)),
                None => outside.push(
                    Error::new(format!("the dependency {repository:?} is not in this repository"))
                        .at(&path)
                        .with_hint("name the folder relative to the chart: file://../NAME"),
                ),
            }
        }
    }
    Ok((folders, outside))
}

#[derive(Deserialize)]
struct Declared {
    dependencies: Option<Vec<Option<DeclaredDependency>>>,
}

#[derive(Deserialize)]
struct DeclaredDependency {
    repository: Option<String>,
}

/// The repositories of the dependencies that a `Chart.yaml` or `requirements.yaml` declares; other fields do not matter here.
fn declared(bytes: &[u8]) -> Result<Vec<String>, Error> {
    let broken = || Error::new("the dependencies cannot be read");
    let text = std::str::from_utf8(bytes).map_err(|error| broken().with_cause(error))?;
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let declared: Declared = serde_saphyr::from_str(text).map_err(|error| broken().with_cause(error))?;
    let dependencies = declared.dependencies.unwrap_or_default();
    Ok(dependencies.into_iter().flatten().filter_map(|dependency| dependency.repository).collect())
}

/// The folder that a path relative to a chart's folder names, as Helm resolves it: `..` takes the last name away, links or not. `None` if it is
/// absolute or leaves the root.
fn resolve(chart: &str, folder: &str) -> Option<String> {
    if folder.starts_with('/') {
        return None;
    }
    let mut names: Vec<&str> = Vec::new();
    for name in chart.split('/').chain(folder.split('/')) {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()?),
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_dependencies() {
        for (folder, expected) in [
            ("../kargo", Some("charts/kargo")),
            ("./../kargo/", Some("charts/kargo")),
            ("charts/inner", Some("charts/web/charts/inner")),
            ("../../libs/x/../y", Some("libs/y")),
            ("../../..", None),
            ("/charts/kargo", None),
        ] {
            assert_eq!(resolve("charts/web", folder).as_deref(), expected, "{folder}");
        }
    }
}
