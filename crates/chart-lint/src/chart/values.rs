//! The values: images, resources and security contexts of each component.

use std::collections::HashSet;

use super::source::Chart;
use crate::finding::Report;
use crate::rule::values as rules;
use crate::yaml::{Node, Value};

/// The names of the fields that hold a security context.
const CONTEXTS: [&str; 3] = ["securityContext", "podSecurityContext", "containerSecurityContext"];

pub(super) fn check(chart: &Chart<'_>, root: &Node, report: &mut Report<'_>) {
    if chart.is_library() {
        return;
    }
    check_tag(chart, root, report);
    let mut walk = Walk { report, left_out: subcharts(chart), empty_contexts: HashSet::new() };
    walk.map(root, &Around::default());
}

/// The keys of the values that are for dependencies.
fn subcharts<'a>(chart: &'a Chart<'_>) -> Vec<&'a str> {
    let dependencies = chart.root().and_then(|root| root.get("dependencies")).map(Node::items);
    let name = |item: &'a Node| {
        let alias = item.get("alias").and_then(Node::text).filter(|alias| !alias.is_empty());
        alias.or_else(|| item.get("name").and_then(Node::text))
    };
    let names = dependencies.unwrap_or_default().iter().filter_map(name);
    names.chain(["global"]).collect()
}

/// What is in a map and in those around it.
#[derive(Clone, Default)]
struct Around<'a> {
    /// The path of the map.
    name: String,
    has_resources: bool,
    /// The innermost of each name.
    contexts: [Option<&'a Node>; CONTEXTS.len()],
}

struct Walk<'report, 'text, 'chart> {
    report: &'report mut Report<'text>,
    /// Keys at the top that are not components of this chart.
    left_out: Vec<&'chart str>,
    /// Where the empty contexts are that are reported already.
    empty_contexts: HashSet<usize>,
}

impl Walk<'_, '_, '_> {
    fn map(&mut self, map: &Node, outer: &Around<'_>) {
        let mut around = outer.clone();
        around.has_resources |=
            map.entries().any(|(key, ..)| key == "resources" || key.ends_with("Resources"));
        for (slot, name) in around.contexts.iter_mut().zip(CONTEXTS) {
            *slot = map.get(name).or(*slot);
        }
        for (key, key_node, value) in map.entries() {
            if outer.name.is_empty() && self.left_out.contains(&key) {
                continue;
            }
            if key == "image" && is_image(value) {
                self.component(&around, key_node);
            }
            if key == "tag" && value.text() == Some("latest") && is_image(map) {
                let reason = format!("the tag of `{}` is `latest`", around.name);
                self.report.add(&rules::TAG_LATEST, value.at, reason);
            }
            if CONTEXTS.contains(&key) {
                check_unsafe(value, self.report);
            }
            let name = if outer.name.is_empty() { key.to_owned() } else { format!("{}.{key}", outer.name) };
            self.value(value, Around { name, ..around.clone() });
        }
    }

    fn value(&mut self, value: &Node, around: Around<'_>) {
        match &value.value {
            Value::Map(_) => self.map(value, &around),
            Value::List(items) => {
                for (index, item) in items.iter().enumerate().filter(|(_, item)| item.is_map()) {
                    self.map(item, &Around { name: format!("{}[{index}]", around.name), ..around.clone() });
                }
            }
            Value::Scalar { .. } => {}
        }
    }

    fn component(&mut self, around: &Around<'_>, image: &Node) {
        let whose = match around.name.as_str() {
            "" => "the image".to_owned(),
            name => format!("the image of `{name}`"),
        };
        if !around.has_resources {
            self.report.add(&rules::RESOURCES, image.at, format!("{whose} has no `resources`"));
        }
        let mut contexts = around.contexts.iter().flatten();
        match contexts.next() {
            None => self.report.add(&rules::SECURITY, image.at, format!("{whose} has no security context")),
            Some(first) if first.is_empty() && contexts.all(|context| context.is_empty()) => {
                if self.empty_contexts.insert(first.at) {
                    let reason = format!("{whose} has an empty security context");
                    self.report.add(&rules::SECURITY_EMPTY, first.at, reason);
                }
            }
            Some(_) => {}
        }
    }
}

/// A map with a repository, or a text that is not a switch.
fn is_image(node: &Node) -> bool {
    let named = ["repository", "name", "registry"].iter().any(|key| node.get(key).is_some());
    named || node.text().is_some_and(|text| !text.is_empty() && !node.is_no_text())
}

fn check_unsafe(context: &Node, report: &mut Report<'_>) {
    for (key, _, value) in context.entries() {
        let is_unsafe = match key {
            "privileged" | "allowPrivilegeEscalation" => value.text() == Some("true"),
            "runAsNonRoot" => value.text() == Some("false"),
            "runAsUser" => value.text() == Some("0"),
            _ => false,
        };
        if is_unsafe {
            let value_text = value.text().unwrap_or_default();
            report.add(&rules::SECURITY_UNSAFE, value.at, format!("the default is `{key}: {value_text}`"));
        }
    }
}

fn check_tag(chart: &Chart<'_>, root: &Node, report: &mut Report<'_>) {
    let Some(tag) = root.get("image").and_then(|image| image.get("tag")) else { return };
    let (Some(text), Some(app_version)) = (tag.text(), chart.field("appVersion")) else { return };
    let is_written = !text.is_empty() && text != "latest" && !text.contains("{{");
    if is_written && text != app_version {
        let reason = format!("`image.tag` is `{text}`, `appVersion` is `{app_version}`");
        report.add(&rules::TAG_DIFFERS, tag.at, reason);
    }
}
