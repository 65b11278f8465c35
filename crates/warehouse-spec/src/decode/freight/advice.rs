//! What no API server takes of Freight, and what leads to no artifact. It is told by [`lint`](crate::lint) only.
//!
//! Kargo refuses Freight without an origin or without artifacts, and an artifact whose repository no subscription of the Warehouse has.

use diagnostics::Severity;

use crate::decode::context::{Context, Field};
use crate::decode::object::{Kind, Object};
use crate::diagnostic::{Code, Help};
use crate::repo_url::{self, RepositoryKind};
use crate::yaml::Value;

/// The lists of artifacts.
const ARTIFACTS: &[&str] = &["commits", "images", "charts", "artifacts"];

/// Freight as a whole.
pub(super) fn whole(context: &mut Context, object: &Object<'_>) {
    // What stands under `spec` by mistake is told there.
    if object.has("spec") {
        return;
    }
    if !object.has("origin") && !object.has("warehouse") {
        let help = "add `origin:` with `kind: Warehouse` and the `name` of the Warehouse";
        missing(
            context,
            Severity::Error,
            object,
            "Freight needs an `origin`, the Warehouse it comes from",
            help,
        );
    }
    let is_filled = |field: Field<'_>| !matches!(&field.node.value, Value::List(items) if items.is_empty());
    if !ARTIFACTS.iter().filter_map(|name| object.look(name)).any(is_filled) {
        let message = "Freight needs at least one commit, image, chart or other artifact";
        let help = "add `commits:`, `images:` or `charts:`";
        missing(context, Severity::Error, object, message, help);
    }
}

/// `origin`.
pub(super) fn origin(context: &mut Context, object: &Object<'_>) {
    match object.look("kind") {
        None => {
            let message = "an origin needs a `kind`, which is `Warehouse`";
            missing(context, Severity::Error, object, message, "add `kind: Warehouse`");
        }
        Some(field) => {
            let kind = field.node.text().unwrap_or("Warehouse");
            if kind != "Warehouse" {
                let message = format!("no API server takes `{kind}` as the kind of an origin");
                let help = context.style.writing("Warehouse").probable();
                context.advise((Severity::Error, Code::BadValue), &field, &message, help);
            }
        }
    }
    match object.look("name") {
        None => {
            let message = "an origin needs the `name` of the Warehouse";
            missing(context, Severity::Error, object, message, "add `name:` with the name of the Warehouse");
        }
        Some(field) => {
            let name = field.node.text().unwrap_or_default().to_owned();
            context.advise_name(&field, &name, false);
        }
    }
}

/// `alias`, which becomes the value of a label.
pub(super) fn alias(context: &mut Context, object: &Object<'_>) {
    let Some(field) = object.look("alias") else { return };
    let alias = field.node.text().unwrap_or_default().to_owned();
    context.advise_label(&field, &alias);
}

/// What an artifact needs, and the form of its values.
pub(super) fn artifact(context: &mut Context, object: &mut Object<'_>, what: Kind<'_>, kind: RepositoryKind) {
    if !context.advises {
        return;
    }
    repository(context, object, what, kind);
    let is_classic = |field: Field<'_>| field.node.text().is_some_and(repo_url::is_classic);
    let url = object.look("repoURL").or_else(|| object.look("registryURL"));
    let (needed, severity, why): (&[&str], _, _) = match kind {
        RepositoryKind::Git => {
            (&["id"], Severity::Warning, "a commit without its `id` is not found by any Stage")
        }
        RepositoryKind::Image => {
            (&["tag", "digest"], Severity::Warning, "an image without `tag` and `digest` is no version of it")
        }
        RepositoryKind::Chart => {
            (&["version"], Severity::Warning, "a chart without its `version` is none to install")
        }
    };
    needs(context, object, what, (needed, severity, why));
    if kind == RepositoryKind::Chart && url.is_some_and(is_classic) {
        let why = "a chart in a classic repository needs its `name`, as in the subscription";
        needs(context, object, what, (&["name"], Severity::Error, why));
    }
    for name in ["id", "tag", "digest", "name", "version", "branch"] {
        let Some(field) = object.look(name) else { continue };
        let Some(text) = field.node.text().filter(|text| !text.is_empty()) else { continue };
        if !context.advise_filled(&field, text) {
            continue;
        }
        let (is_right, form) = match name {
            "id" => (is_commit(text), "write the whole id of the commit, 40 hex digits"),
            "digest" => {
                (is_digest(text), "write the algorithm and the hex digits, such as `sha256:` and 64 of them")
            }
            _ => continue,
        };
        if !is_right {
            let of = if name == "id" { "the id of a commit" } else { "a digest" };
            context.advise(
                (Severity::Warning, Code::BadValue),
                &field,
                &format!("`{text}` is not {of}"),
                form,
            );
        }
    }
}

/// One of these fields has to be there.
fn needs(
    context: &mut Context,
    object: &mut Object<'_>,
    what: Kind<'_>,
    (names, severity, message): (&[&str], Severity, &str),
) {
    if names.iter().any(|name| object.look(name).is_some()) {
        return;
    }
    let Some(name) = names.first() else { return };
    // The field that was meant has an edit.
    match object.take_misnamed(what, name) {
        Some(field) => context.misnamed(&field, (what.0, name), message),
        None => missing(context, severity, object, message, &format!("add `{name}`")),
    }
}

fn missing(context: &mut Context, severity: Severity, object: &Object<'_>, message: &str, help: &str) {
    if context.advises {
        context.tell_at((severity, Code::Missing), object.at(), message, help.into());
    }
}

/// The URL, which is that of a subscription.
fn repository(context: &mut Context, object: &mut Object<'_>, what: Kind<'_>, kind: RepositoryKind) {
    let Some(field) = object.look("repoURL").or_else(|| object.look("registryURL")) else {
        let why = "an artifact needs the `repoURL` of its subscription";
        return needs(context, object, what, (&["repoURL"], Severity::Error, why));
    };
    let Some(url) = field.node.text().filter(|url| !url.is_empty()) else { return };
    if !context.advise_filled(&field, url) {
        return;
    }
    let Err(bad) = kind.check(url) else { return };
    let help = match bad.meant {
        Some((meant, besides)) => {
            let form = context.style.form(&meant);
            Help::writing(format!("write {form}, if the subscription has that"), form)
                .probable()
                .only_if(besides.is_empty())
        }
        None => bad.help.into(),
    };
    context.advise((Severity::Error, Code::BadUrl), &field, &bad.message, help);
}

/// Whether a text may be the id of a commit, or the start of one.
fn is_commit(text: &str) -> bool {
    matches!(text.len(), 7..=64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a text is a digest: an algorithm, and as many hex digits as it has.
fn is_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else { return false };
    let is_hex = hex.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
    match algorithm {
        "sha256" => hex.len() == 64 && is_hex,
        "sha512" => hex.len() == 128 && is_hex,
        _ => !algorithm.is_empty() && hex.len() >= 32,
    }
}
