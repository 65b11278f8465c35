//! The files of a chart, and their findings.

use std::collections::BTreeMap;

use crate::finding::{Finding, Report};
use crate::options::Options;
use crate::rule::Rule;
use crate::waiver::{Waivers, yaml_block};
use crate::yaml::{self, Node};

/// What is known of a chart.
pub(super) struct Chart<'a> {
    pub(super) folder: &'a str,
    pub(super) metadata: Option<File<'a>>,
    pub(super) values: Option<File<'a>>,
    pub(super) lock: Option<File<'a>>,
    pub(super) templates: Vec<&'a str>,
    pub(super) options: &'a Options,
}

impl Chart<'_> {
    /// The map in `Chart.yaml`.
    pub(super) fn root(&self) -> Option<&Node> {
        self.metadata.as_ref()?.root.as_ref().ok()
    }

    /// The text of a field of `Chart.yaml`.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.root()?.get(name)?.text()
    }

    pub(super) fn is_library(&self) -> bool {
        self.field("type") == Some("library")
    }
}

/// A file of YAML.
pub(super) struct File<'a> {
    pub(super) path: String,
    pub(super) text: &'a str,
    pub(super) root: Result<Node, yaml::Problem>,
}

impl<'a> File<'a> {
    pub(super) fn read(folder: &str, name: &str, files: &BTreeMap<&str, &'a [u8]>) -> Option<Self> {
        let bytes = *files.get(name)?;
        let path = path(folder.trim_end_matches('/'), name);
        let broken = |at, reason: String| Err(yaml::Problem { at, reason });
        let (text, root) = match std::str::from_utf8(bytes) {
            _ if bytes.len() > yaml::MAX_BYTES => {
                ("", broken(0, format!("the file is larger than {} MiB", yaml::MAX_BYTES >> 20)))
            }
            Err(error) => {
                let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let text = std::str::from_utf8(before).unwrap_or_default();
                (text, broken(text.len(), "the file is not valid UTF-8".to_owned()))
            }
            Ok(text) => {
                let root = match yaml::read(text) {
                    Ok(Some(node)) if node.is_map() => Ok(node),
                    // An empty file is an empty map.
                    Ok(None) => Ok(Node { at: 0, value: yaml::Value::Map(Vec::new()) }),
                    Ok(Some(node)) if node.is_null() => {
                        Ok(Node { at: node.at, value: yaml::Value::Map(Vec::new()) })
                    }
                    Ok(Some(node)) => broken(node.at, "the file is not a map".to_owned()),
                    Err(problem) => Err(problem),
                };
                (text, root)
            }
        };
        Some(Self { path, text, root })
    }

    /// Adds what `check` reports and no waiver allows; if the file could not be read, why.
    pub(super) fn report_with(
        &self,
        findings: &mut Vec<Finding>,
        unreadable: &'static Rule,
        check: impl FnOnce(&Node, &mut Report<'_>),
    ) {
        let mut report = Report::new(&self.path, self.text);
        match &self.root {
            Ok(root) => check(root, &mut report),
            Err(problem) => {
                report.add(unreadable, problem.at, &problem.reason);
            }
        }
        let found = report.findings;
        let waivers = Waivers::read(&self.path, self.text, true, yaml_block);
        findings.extend(waivers.apply(&self.path, found));
    }
}

pub(super) fn path(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
