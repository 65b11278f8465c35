//! The fields of `Chart.yaml`.

use helm_chart::names_dev_version;
use semver::Version;

use super::source::Chart;
use crate::finding::Report;
use crate::rule::chart as rules;
use crate::yaml::Node;

const FIELDS: [&str; 17] = [
    "apiVersion",
    "name",
    "version",
    "kubeVersion",
    "description",
    "type",
    "keywords",
    "home",
    "sources",
    "dependencies",
    "maintainers",
    "icon",
    "appVersion",
    "deprecated",
    "annotations",
    "condition",
    "tags",
];

pub(super) fn check(chart: &Chart<'_>, root: &Node, report: &mut Report<'_>) {
    for (name, key, _) in root.entries() {
        if !FIELDS.contains(&name) {
            report.add(&rules::UNKNOWN_FIELD, key.at, format!("Helm has no field `{name}`"));
        }
    }
    check_api_version(root, report);
    check_name(chart, root, report);
    check_version(chart, root, report);
    check_app_version(chart, root, report);
    check_type(root, report);
    check_urls(chart, root, report);
    check_maintainers(root, report);
}

fn check_api_version(root: &Node, report: &mut Report<'_>) {
    match root.get("apiVersion") {
        Some(node) if matches!(node.text(), Some("v1" | "v2")) => {}
        Some(node) => report.add(&rules::API_VERSION, node.at, "`apiVersion` is neither `v1` nor `v2`"),
        None => report.add(&rules::API_VERSION, root.at, "`apiVersion` is missing"),
    }
}

fn check_name(chart: &Chart<'_>, root: &Node, report: &mut Report<'_>) {
    let Some(node) = root.get("name") else {
        return report.add(&rules::NAME, root.at, "`name` is missing");
    };
    let Some(name) = node.text().filter(|name| !name.is_empty()) else {
        return report.add(&rules::NAME, node.at, "`name` is not a text");
    };
    if !is_repository_name(name) {
        return report.add(&rules::NAME, node.at, format!("`{name}` cannot be the name of a chart"));
    }
    let folder = chart.folder.rsplit('/').next().unwrap_or_default();
    if !matches!(folder, "" | "." | "..") && folder != name {
        let reason = format!("the chart is called `{name}`, its folder `{folder}`");
        report.add(&rules::FOLDER, node.at, reason);
    }
}

/// Words of small letters and digits, with one `.`, one or two `_` or any number of `-` between them.
fn is_repository_name(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let edges = [name.bytes().next(), name.bytes().last()];
    edges.iter().all(|edge| edge.is_some_and(is_word))
        && name.split(|character: char| u8::try_from(character).is_ok_and(is_word)).all(|between| {
            matches!(between, "" | "." | "_" | "__") || between.bytes().all(|byte| byte == b'-')
        })
}

fn check_version(chart: &Chart<'_>, root: &Node, report: &mut Report<'_>) {
    let Some(node) = root.get("version") else {
        return report.add(&rules::VERSION, root.at, "`version` is missing");
    };
    if node.is_no_text() && !node.is_null() {
        return report_type("version", node, report);
    }
    let Some(text) = node.text() else {
        return report.add(&rules::VERSION, node.at, "`version` is not a text");
    };
    match Version::parse(text) {
        Err(_) => report.add(&rules::VERSION, node.at, format!("`{text}` is not a semantic version")),
        Ok(version)
            if chart.options.deployed
                && version.major == 0
                && !names_dev_version(text)
                && !chart.is_library() =>
        {
            report.add(&rules::BELOW_ONE, node.at, format!("the version {text} is below 1.0.0"));
        }
        Ok(_) => {}
    }
}

fn check_app_version(chart: &Chart<'_>, root: &Node, report: &mut Report<'_>) {
    match root.get("appVersion").filter(|node| !node.is_empty()) {
        Some(node) if node.is_no_text() => report_type("appVersion", node, report),
        Some(node) if node.text() == Some("latest") => {
            report.add(&rules::APP_VERSION_LATEST, node.at, "`appVersion` is `latest`");
        }
        Some(_) => {}
        None if chart.is_library() || !has_image(chart) => {}
        None => report.add(&rules::APP_VERSION_MISSING, root.at, "`appVersion` is missing"),
    }
}

/// Whether the values speak of an image, or there are templates of manifests: a chart of dependencies alone has no application.
fn has_image(chart: &Chart<'_>) -> bool {
    let is_manifest = |path: &&str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        !name.starts_with('_') && name != "NOTES.txt"
    };
    let values = chart.values.as_ref().and_then(|file| file.root.as_ref().ok());
    chart.templates.iter().any(is_manifest) || values.is_some_and(|values| values.get("image").is_some())
}

fn report_type(field: &str, node: &Node, report: &mut Report<'_>) {
    let text = node.scalar().unwrap_or_default();
    report.add_with_remedy(
        &rules::VERSION_TYPE,
        node.at,
        format!("YAML reads `{field}: {text}` as a number or another value that is not a string"),
        format!("write `{field}: \"{text}\"`"),
    );
}

fn check_type(root: &Node, report: &mut Report<'_>) {
    let Some(node) = root.get("type").filter(|node| !node.is_empty()) else { return };
    let is_v1 = root.get("apiVersion").and_then(Node::text) == Some("v1");
    match node.text() {
        Some("application" | "library") if is_v1 => {
            let reason = "a chart with `apiVersion: v1` has no `type`";
            report.add_with_remedy(&rules::TYPE, node.at, reason, "write `apiVersion: v2`");
        }
        Some("application" | "library") => {}
        _ => report.add(&rules::TYPE, node.at, "`type` is neither `application` nor `library`"),
    }
}

fn check_urls(chart: &Chart<'_>, root: &Node, report: &mut Report<'_>) {
    match root.get("icon").filter(|node| !node.is_empty()) {
        Some(node) => check_url("icon", node, report),
        None if chart.is_library() => {}
        None => report.add(&rules::ICON_MISSING, root.at, "`icon` is missing"),
    }
    for source in root.get("sources").map(Node::items).unwrap_or_default() {
        check_url("sources", source, report);
    }
}

fn check_url(field: &str, node: &Node, report: &mut Report<'_>) {
    if !node.text().is_some_and(is_url) {
        report.add(&rules::URL, node.at, format!("an entry of `{field}` is not a URL"));
    }
}

/// A scheme, `://` and a host, without white space.
fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let host = rest.strip_prefix("//").unwrap_or_default();
    let is_data = scheme == "data" && !rest.is_empty();
    is_scheme && (is_data || !host.trim_start_matches('/').is_empty()) && !text.contains(char::is_whitespace)
}

fn check_maintainers(root: &Node, report: &mut Report<'_>) {
    for maintainer in root.get("maintainers").map(Node::items).unwrap_or_default() {
        let field = |name| maintainer.get(name).filter(|node: &&Node| !node.is_empty());
        let mut broken = |node: &Node, reason: &str| report.add(&rules::MAINTAINER, node.at, reason);
        if field("name").is_none() {
            broken(maintainer, "a maintainer has no `name`");
        }
        if let Some(email) = field("email").filter(|email| !email.text().is_some_and(is_email)) {
            broken(email, "the `email` of a maintainer is not an address");
        }
        if let Some(url) = field("url").filter(|url| !url.text().is_some_and(is_url)) {
            broken(url, "the `url` of a maintainer is not a URL");
        }
    }
}

fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    !name.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace)
}
