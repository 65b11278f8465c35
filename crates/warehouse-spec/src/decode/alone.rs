//! A repository that stands alone where a subscription with fields is expected: what to write in its place.

use crate::decode::remedy::Style;
use crate::node::{Node, Scalar, ScalarKind, Value};
use crate::redact::redact;
use crate::repo_url;

/// The text of a node that is a text, or a list of one text.
pub(crate) fn repository(node: &Node) -> Option<&str> {
    let node = match &node.value {
        Value::List(items) if node.misread.is_none() => items.first().filter(|_| items.len() == 1)?,
        _ => node,
    };
    let is_text = matches!(&node.value, Value::Scalar(Scalar { kind: ScalarKind::Text, .. }));
    node.text().filter(|text| is_text && node.misread.is_none() && !text.is_empty())
}

/// What to write in place of `image: ghcr.io/a/b` and the like. A chart of a repository has a name, which may stand beside it.
pub(crate) fn of_type(style: Style, key: &str, url: &str, beside: Option<&str>) -> String {
    let key = if key == "helm" { "chart" } else { key };
    // What is not shown cannot be copied.
    if redact(url) != url {
        return format!("write `{key}` with fields of its own, the URL as its `repoURL`");
    }
    let below = format!("write `{key}:` and below it, indented,");
    let name = beside.map_or_else(|| "its `name`".to_owned(), |name| format!("`name: {}`", style.form(name)));
    let moved = if beside.is_some() { ", without the `name` beside it" } else { "" };
    if style.is_json {
        return in_json(style, key, url, beside);
    }
    let checked = match key {
        "image" => repo_url::image(url),
        "git" => repo_url::git(url),
        _ => repo_url::chart(url),
    };
    match checked {
        Ok(()) if key == "chart" && repo_url::is_classic(url) => {
            format!("{below} `repoURL: {}` and {name}{moved}", style.form(url))
        }
        Ok(()) => format!("{below} `repoURL: {}`", style.form(url)),
        Err(_) if key == "chart" && !url.contains(['/', ':']) => {
            format!(
                "{below} `repoURL:` with the URL of its repository, and `name: {}`{moved}",
                style.form(url)
            )
        }
        Err(bad) => format!("{below} `repoURL:` with the URL: {}", bad.help),
    }
}

/// The same for JSON.
fn in_json(style: Style, key: &str, url: &str, beside: Option<&str>) -> String {
    let (url, name) = match key == "chart" && !url.contains(['/', ':']) {
        true => ("https://host/path", Some(url)),
        false => (url, beside.filter(|_| key == "chart" && repo_url::is_classic(url))),
    };
    let moved = if name.is_some() && beside.is_some() { ", without the `name` beside it" } else { "" };
    let name = match (name, key == "chart" && repo_url::is_classic(url)) {
        (Some(name), _) => format!(", \"name\": {}", style.quoted(name)),
        (None, true) => ", \"name\": \"...\"".to_owned(),
        (None, false) => String::new(),
    };
    format!("write `\"{key}\": {{\"repoURL\": {}{name}}}`{moved}", style.quoted(url))
}

/// What to write in place of a subscription that is a text: the type is told by the form of the URL.
pub(crate) fn without_type(style: Style, url: &str) -> String {
    let below = |key: &str| match style.is_json {
        true => format!("write `{{\"{key}\": {{\"repoURL\": {}}}}}`", style.quoted(url)),
        false => format!("write `{key}:` and below it, indented, `repoURL: {}`", style.form(url)),
    };
    if redact(url) != url {
        return "write a subscription with a type, and below it the URL as its `repoURL`".to_owned();
    }
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if url.starts_with("oci://") && repo_url::chart(url).is_ok() {
        below("chart")
    } else if repo_url::git(url).is_ok() && (!is_web || url.contains("git")) {
        below("git")
    } else if repo_url::git(url).is_ok() {
        format!("{}; for a chart repository write `chart:`, and the `name` of the chart, too", below("git"))
    } else if repo_url::image(url).is_ok() {
        below("image")
    } else {
        "write `image:`, `git:` or `chart:` and below it, indented, its `repoURL:`".to_owned()
    }
}
