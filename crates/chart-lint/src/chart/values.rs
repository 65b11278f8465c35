//! The values: images, resources and security contexts of each component.

use super::source::Chart;
use crate::finding::{Finding, Report};
use crate::rule::values as rules;
use crate::yaml::{Node, Value};

/// The names under which a security context stands.
const CONTEXTS: [&str; 3] = ["securityContext", "podSecurityContext", "containerSecurityContext"];

pub(super) fn check(chart: &Chart<'_>, root: &Node, report: &mut Report<'_>) {
    if chart.is_library() {
        return;
    }
    check_tag(chart, root, report);
    walk(&Component { maps: vec![root], name: String::new() }, &subcharts(chart), report);
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

/// A map, and those around it, from the outermost.
struct Component<'a> {
    maps: Vec<&'a Node>,
    name: String,
}

impl<'a> Component<'a> {
    fn nodes(&self, name: impl Fn(&str) -> bool) -> Vec<&'a Node> {
        let named = |map: &&'a Node| {
            let map: &'a Node = map;
            map.entries().filter(|(key, ..)| name(key)).map(|(.., value)| value).collect::<Vec<_>>()
        };
        self.maps.iter().flat_map(named).collect()
    }
}

fn walk(component: &Component<'_>, left_out: &[&str], report: &mut Report<'_>) {
    let Some(map) = component.maps.last() else { return };
    for (key, key_node, value) in map.entries() {
        if left_out.contains(&key) {
            continue;
        }
        if key == "image" && is_image(value) {
            check_component(component, key_node, report);
        }
        if key == "tag" && value.text() == Some("latest") && is_image(map) {
            report.add(&rules::TAG_LATEST, value.at, format!("the tag of `{}` is `latest`", component.name));
        }
        if CONTEXTS.contains(&key) {
            check_unsafe(value, report);
        }
        let name =
            if component.name.is_empty() { key.to_owned() } else { format!("{}.{key}", component.name) };
        walk_value(component, value, name, report);
    }
}

fn walk_value(component: &Component<'_>, value: &Node, name: String, report: &mut Report<'_>) {
    match &value.value {
        Value::Map(_) => {
            let mut maps = component.maps.clone();
            maps.push(value);
            walk(&Component { maps, name }, &[], report);
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate().filter(|(_, item)| item.is_map()) {
                walk_value(component, item, format!("{name}[{index}]"), report);
            }
        }
        Value::Scalar { .. } => {}
    }
}

/// A map with a repository, or a text that is no switch.
fn is_image(node: &Node) -> bool {
    let named = ["repository", "name", "registry"].iter().any(|key| node.get(key).is_some());
    named || node.text().is_some_and(|text| !text.is_empty() && !node.is_no_text())
}

fn check_component(component: &Component<'_>, image: &Node, report: &mut Report<'_>) {
    let whose = match component.name.as_str() {
        "" => "the image".to_owned(),
        name => format!("the image of `{name}`"),
    };
    if component.nodes(|key| key == "resources" || key.ends_with("Resources")).is_empty() {
        report.add(&rules::RESOURCES, image.at, format!("{whose} has no `resources`"));
    }
    let contexts = component.nodes(|key| CONTEXTS.contains(&key));
    match contexts.last() {
        None => report.add(&rules::SECURITY, image.at, format!("{whose} has no security context")),
        Some(last) if contexts.iter().all(|context| context.is_empty()) => {
            let is_reported = |finding: &Finding| {
                finding.rule == rules::SECURITY_EMPTY.name
                    && (finding.line, finding.column) == report.place(last.at)
            };
            if !report.findings.iter().any(is_reported) {
                report.add(&rules::SECURITY_EMPTY, last.at, format!("{whose} has an empty security context"));
            }
        }
        Some(_) => {}
    }
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
