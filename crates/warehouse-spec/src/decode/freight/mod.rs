//! A `Freight` document.

mod advice;

use serde_json::Value as Json;

use crate::decode::context::{Context, Field};
use crate::decode::edit::{self, Edit};
use crate::decode::object::Object;
use crate::decode::warehouse::metadata;
use crate::diagnostic::Help;
use crate::edition::{self, OldSpelling};
use crate::freight::{ArtifactReference, Chart, Freight, FreightOrigin, GitCommit, Image};
use crate::repo_url::RepositoryKind;
use crate::yaml::Value;

const KNOWN: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "alias",
    "discoveredAt",
    "origin",
    "commits",
    "images",
    "charts",
    "artifacts",
    "status",
];

const COMMIT: &[&str] =
    &["repoURL", "id", "branch", "tag", "message", "author", "committer", "subscriptionName"];
const IMAGE: &[&str] = &["repoURL", "tag", "digest", "annotations", "subscriptionName"];
const CHART: &[&str] = &["repoURL", "name", "version", "digest", "subscriptionName"];

/// Decodes a whole document.
pub(crate) fn freight(context: &mut Context, document: &Field<'_>) -> Option<Freight> {
    let mut object = Object::open(context, document)?;
    object.ignore(&["apiVersion", "kind", "status"]);
    advice::whole(context, &object);
    advice::alias(context, &object);
    let mut freight = Freight {
        metadata: metadata(context, &mut object, false),
        alias: context.optional(&mut object, "alias"),
        ..Freight::default()
    };
    if let Some(field) = object.take(context, "discoveredAt") {
        freight.discovered_at = context.moment(&field);
    }
    freight.origin = origin(context, &mut object);
    without_successor(context, &mut object, "id", &edition::FREIGHT_ID);
    freight.commits = items(context, &mut object, "commits", commit);
    freight.images = items(context, &mut object, "images", image);
    freight.charts = items(context, &mut object, "charts", chart);
    freight.artifacts = items(context, &mut object, "artifacts", artifact);
    if let Some(field) = object.look("spec").filter(|field| matches!(field.node.value, Value::Mapping(_))) {
        context.ignoring(|context| misplaced(context, &field));
    }
    object.finish(context, "Freight", KNOWN);
    Some(freight)
}

/// Tells what is wrong in the fields that stand under a `spec`, which Freight does not have.
fn misplaced(context: &mut Context, field: &Field<'_>) {
    let Some(mut object) = Object::open(context, field) else { return };
    origin(context, &mut object);
    items(context, &mut object, "commits", commit);
    items(context, &mut object, "images", image);
    items(context, &mut object, "charts", chart);
    items(context, &mut object, "artifacts", artifact);
}

/// A field of early releases in whose place nothing came.
fn without_successor(context: &mut Context, object: &mut Object<'_>, name: &str, spelling: &OldSpelling) {
    if let Some(field) = object.take(context, name) {
        let help = context.deleting("delete it", object.node, field.key);
        context.old_spelling_with(&field, spelling, help);
    }
}

/// `origin`, or the `warehouse` of v0.5 to v0.8.
fn origin(context: &mut Context, object: &mut Object<'_>) -> FreightOrigin {
    let old = object.take(context, "warehouse").and_then(|field| {
        let help = match object.has("origin") {
            true => context.deleting("delete `warehouse`: `origin` is there, too", object.node, field.key),
            false => origin_for(context, object, &field),
        };
        context.old_spelling_with(&field, &edition::FREIGHT_WAREHOUSE, help);
        context.filled(&field).map(FreightOrigin::warehouse)
    });
    let current = object.take(context, "origin").and_then(|field| {
        let mut object = Object::open(context, &field)?;
        advice::origin(context, &object);
        let origin = FreightOrigin {
            kind: context.text(&mut object, "kind"),
            name: context.text(&mut object, "name"),
        };
        object.finish(context, "an origin", &["kind", "name"]);
        Some(origin)
    });
    current.or(old).unwrap_or_default()
}

/// Help with the `origin` to write in place of `warehouse`.
fn origin_for(context: &Context, object: &Object<'_>, field: &Field<'_>) -> Help {
    let text = context.text_read();
    let name = context.style.form(field.node.text().unwrap_or_default());
    let entry = match edit::is_flow(&text, object.node) {
        true => {
            let kind = context.style.entry("kind", &context.style.form("Warehouse"));
            context.style.entry("origin", &format!("{{{kind}, {}}}", context.style.entry("name", &name)))
        }
        false => {
            let line =
                format!("{}{}  ", edit::line_break(&text), " ".repeat(field.key.column.saturating_sub(1)));
            format!("origin:{line}kind: Warehouse{line}name: {name}")
        }
    };
    let is_free = edit::comments(&text, field.entry(), field.node).is_some_and(|all| all.is_empty());
    let edit = Edit::new(field.entry(), entry);
    context.editing("write `origin`", Some(edit).filter(|_| is_free && !field.node.is_null()))
}

fn items<T>(
    context: &mut Context,
    object: &mut Object<'_>,
    name: &str,
    decode: fn(&mut Context, &mut Object<'_>, &str) -> (T, &'static [&'static str]),
) -> Vec<T> {
    let Some(field) = object.take(context, name) else {
        return Vec::new();
    };
    let what = &format!("an item of `{name}`");
    let items = context.list(&field, "mappings").unwrap_or_default();
    items
        .iter()
        .filter_map(|item| {
            let mut object = Object::open(context, item)?;
            let (value, known) = decode(context, &mut object, what);
            object.finish(context, what, known);
            Some(value)
        })
        .collect()
}

fn commit(
    context: &mut Context,
    object: &mut Object<'_>,
    what: &str,
) -> (GitCommit, &'static [&'static str]) {
    advice::artifact(context, object, (what, COMMIT), RepositoryKind::Git);
    without_successor(context, object, "healthCheckCommit", &edition::FREIGHT_HEALTH_CHECK_COMMIT);
    let commit = GitCommit {
        repo_url: context.text(object, "repoURL"),
        id: context.text(object, "id"),
        branch: context.text(object, "branch"),
        tag: context.text(object, "tag"),
        message: context.text(object, "message"),
        author: context.text(object, "author"),
        committer: context.text(object, "committer"),
        subscription_name: context.text(object, "subscriptionName"),
    };
    (commit, COMMIT)
}

fn image(context: &mut Context, object: &mut Object<'_>, what: &str) -> (Image, &'static [&'static str]) {
    advice::artifact(context, object, (what, IMAGE), RepositoryKind::Image);
    without_successor(context, object, "gitRepoURL", &edition::FREIGHT_GIT_REPO_URL);
    let image = Image {
        repo_url: context.text(object, "repoURL"),
        tag: context.text(object, "tag"),
        digest: context.text(object, "digest"),
        annotations: object
            .take(context, "annotations")
            .map(|field| context.string_map(&field))
            .unwrap_or_default(),
        subscription_name: context.text(object, "subscriptionName"),
    };
    (image, IMAGE)
}

fn chart(context: &mut Context, object: &mut Object<'_>, what: &str) -> (Chart, &'static [&'static str]) {
    advice::artifact(context, object, (what, CHART), RepositoryKind::Chart);
    let repo_url = context.text(object, "repoURL");
    let old = object.take_as(context, "registryURL", "repoURL").map(|field| {
        match repo_url.is_empty() {
            true => context.old_spelling(&field, &edition::FREIGHT_REGISTRY_URL),
            false => {
                let help = "delete `registryURL`: `repoURL` is there, too";
                let help = context.deleting(help, object.node, field.key);
                context.old_spelling_with(&field, &edition::FREIGHT_REGISTRY_URL, help);
            }
        }
        context.filled(&field).unwrap_or_default().to_owned()
    });
    let old = old.unwrap_or_default();
    let chart = Chart {
        repo_url: if repo_url.is_empty() { old } else { repo_url },
        name: context.text(object, "name"),
        version: context.text(object, "version"),
        digest: context.text(object, "digest"),
        subscription_name: context.text(object, "subscriptionName"),
    };
    (chart, CHART)
}

fn artifact(
    context: &mut Context,
    object: &mut Object<'_>,
    _what: &str,
) -> (ArtifactReference, &'static [&'static str]) {
    let metadata = object.take(context, "metadata").and_then(|field| match field.node.to_json() {
        Json::Object(metadata) => Some(metadata),
        _ => {
            context.wrong_type(&field, "a mapping");
            None
        }
    });
    let artifact = ArtifactReference {
        artifact_type: context.text(object, "artifactType"),
        subscription_name: context.text(object, "subscriptionName"),
        version: context.text(object, "version"),
        metadata,
    };
    let known = &["artifactType", "subscriptionName", "version", "metadata"];
    (artifact, known)
}
