//! One subscription: an optional name and exactly one key that names its type ([rule 1.3](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)); and what the types have in common.

use std::collections::HashMap;

use repository_url::{normalize_chart, normalize_git, normalize_image};
use serde_json::Value as Json;

use crate::decode::beside::{Below, beside_git, several_types, type_as_field, typed};
use crate::decode::context::{Context, Field};
use crate::decode::git::git;
use crate::decode::image::image;
use crate::decode::object::Object;
use crate::decode::practice::is_label;
use crate::decode::remedy;
use crate::diagnostic::{Code, Help};
use crate::edition;
use crate::repo_url::{self, RepositoryKind, is_classic};
use crate::rule::nearest;
use crate::snippet::has_secret_key;
use crate::subscription::{ChartSubscription, GenericSubscription, Subscription, SubscriptionKind};
use crate::yaml::{Mark, Node, Value};

/// The types of subscriptions.
pub(crate) const TYPES: &[&str] = &["image", "git", "chart"];

/// Whether a key is the type of a subscription, also in other capitals or in its old spelling.
pub(crate) fn is_type(key: &str) -> bool {
    key == "helm" || TYPES.iter().any(|name| name.eq_ignore_ascii_case(key))
}

/// Decodes one item of `spec.subscriptions`.
pub(crate) fn subscription(context: &mut Context, item: &Field<'_>) -> Option<Subscription> {
    if item.node.is_null() {
        context.error(
            Code::OneType,
            item,
            "a subscription is empty",
            "write `image:`, `git:` or `chart:` under it, or delete the `-`",
        );
        return None;
    }
    if item.node.misread.is_none() && !matches!(item.node.value, Value::Mapping(_) | Value::UnknownAlias(_)) {
        let message = format!("a subscription must be a mapping, not {}", item.node.describe());
        let help = remedy::without_type(context.style, item.node.text().unwrap_or_default());
        context.error(Code::WrongType, item, message, help);
        return None;
    }
    let mut object = Object::open(context, item)?;
    if let Some(below) = Below::of(&object) {
        let name = if below.has_name() { None } else { name(context, &mut object) };
        below.tell(context, &object, name.as_deref());
        return None;
    }
    let name = name(context, &mut object);
    if let Some((of_type, field)) = type_as_field(&object) {
        typed(context, &object, (of_type, &field), name.as_deref());
        return None;
    }
    let beside = beside_git(context, &mut object);
    let (key, field) = type_field(context, &mut object, name.as_deref())?;
    if field.node.is_null() {
        context.error_at(
            Code::Missing,
            field.at_key(),
            format!("`{key}` has no value, so there is nothing to subscribe to"),
            "write its fields under it, indented, or delete it",
        );
        return None;
    }
    let kind = match by_type(context, &key, &field, name.as_deref(), &beside) {
        Some(kind) => kind?,
        None => SubscriptionKind::from(other(context, &key, &field, name.is_some())?),
    };
    Some(Subscription { name, kind })
}

/// Decodes what is under a type that is known here.
pub(crate) fn by_type(
    context: &mut Context,
    key: &str,
    field: &Field<'_>,
    name: Option<&str>,
    beside: &[(&'static str, Field<'_>)],
) -> Option<Option<SubscriptionKind>> {
    // A text under `image:` and the like is the repository alone.
    if let Some(url) = remedy::repository_alone(field.node)
        && ["image", "git", "chart", "helm"].contains(&key)
    {
        let message = format!("`{}` must be a mapping, not {}", field.name(), field.node.describe());
        context.error(Code::WrongType, field, message, remedy::of_type(context.style, key, url, name));
        return Some(None);
    }
    Some(match key {
        "image" => image(context, field).map(Into::into),
        "git" => git(context, field, beside).map(Into::into),
        "chart" | "helm" => chart(context, field).map(Into::into),
        _ => return None,
    })
}

/// The sibling `name`: an RFC 1123 label.
fn name(context: &mut Context, object: &mut Object<'_>) -> Option<String> {
    let field = object.take(context, "name")?;
    let text = context.filled(&field)?;
    if !is_label(text) {
        context.error(
            Code::BadValue,
            &field,
            format!("`{text}` is not a valid name of a subscription"),
            "at most 63 small letters, digits and hyphens; a letter or digit at both ends",
        );
    }
    Some(text.to_owned())
}

/// The one key that names the type, in normal form, and its field.
fn type_field<'t>(
    context: &mut Context,
    object: &mut Object<'t>,
    name: Option<&str>,
) -> Option<(String, Field<'t>)> {
    let keys: Vec<&str> = object.rest().into_iter().map(|(name, _)| name).collect();
    match keys.as_slice() {
        [] => {
            context.error_at(
                Code::OneType,
                object.at(),
                "a subscription has no type",
                "add `image:`, `git:` or `chart:`",
            );
            None
        }
        [key] => one_type(context, object, key),
        keys => {
            several_types(context, object, keys, name);
            None
        }
    }
}

fn one_type<'t>(context: &mut Context, object: &mut Object<'t>, key: &str) -> Option<(String, Field<'t>)> {
    if key == "helm" {
        let field = object.take_even_null(context, key, "chart")?;
        context.old_spelling(&field, &edition::HELM);
        return Some(("chart".to_owned(), field));
    }
    let known = TYPES.iter().find(|name| name.eq_ignore_ascii_case(key));
    let name = known.copied().unwrap_or(key);
    let field = object.take_even_null(context, name, name)?;
    Some((name.to_owned(), field))
}

/// A subscription of a type unknown here: Kargo has such, each with a name; a misspelt `image` is likelier.
fn other(
    context: &mut Context,
    key: &str,
    field: &Field<'_>,
    has_name: bool,
) -> Option<crate::subscription::GenericSubscription> {
    if !has_name {
        let meant = TYPES
            .iter()
            .find(|name| key.to_lowercase().contains(*name))
            .copied()
            .or_else(|| nearest(key, TYPES));
        let help = match meant {
            Some(name) => {
                format!("did you mean `{name}`? A subscription of another type needs a `name` beside it")
            }
            None => {
                "write `image`, `git` or `chart`; a subscription of another type needs a `name` beside it"
                    .to_owned()
            }
        };
        context.error_at(
            Code::UnknownField,
            field.at_key(),
            format!("`{key}` is not a type of subscription"),
            help,
        );
        return None;
    }
    generic(context, key, field)
}

const CHART: &str = "a chart subscription";

/// The names of today's fields.
const KNOWN: &[&str] = &[
    "repoURL",
    "name",
    "semverConstraint",
    "followDigests",
    "acceptV",
    "checkConfig",
    "discoveryLimit",
    "insecureSkipTLSVerify",
];

/// Decodes a chart subscription.
pub(crate) fn chart(context: &mut Context, field: &Field<'_>) -> Option<ChartSubscription> {
    let mut object = Object::open(context, field)?;
    let repo_url = repository(context, &mut object);
    let mut chart = ChartSubscription::oci(repo_url.unwrap_or_default());
    chart_name(context, &mut object, &mut chart);
    chart.semver_constraint = context.constraint(&mut object, "semverConstraint").map(|(_, text)| text);
    chart.follow_digests = context.switch(&mut object, "followDigests", false);
    chart.accept_v = of_registry(context, &mut object, &chart, "acceptV", ACCEPT_V);
    chart.check_config = of_registry(context, &mut object, &chart, "checkConfig", CHECK_CONFIG);
    chart.discovery_limit = context.discovery_limit(&mut object);
    chart.insecure_skip_tls_verify = context.switch(&mut object, "insecureSkipTLSVerify", false);
    object.finish(context, CHART, KNOWN);
    Some(chart)
}

const ACCEPT_V: &str = "versions in a chart repository may always begin with `v`";
const CHECK_CONFIG: &str = "an index lists nothing but charts";

/// A switch that counts for charts in a registry alone.
fn of_registry(
    context: &mut Context,
    object: &mut Object<'_>,
    chart: &ChartSubscription,
    key: &'static str,
    why: &str,
) -> bool {
    let field = object.look(key);
    let is_on = context.switch(object, key, false);
    if let Some(field) = field.filter(|_| is_on && repo_url::is_classic(&chart.repo_url)) {
        let help = context.deleting(format!("delete it: {why}"), object.node, field.key);
        context.warn(Code::NoEffect, &field, format!("`{key}` has no effect in a chart repository"), help);
    }
    is_on
}

fn repository(context: &mut Context, object: &mut Object<'_>) -> Option<String> {
    if !object.has("repoURL")
        && let Some(field) = object.take_as(context, "registryURL", "repoURL")
    {
        context.old_spelling(&field, &edition::REGISTRY_URL);
        return context.checked_url(object, &field, RepositoryKind::Chart);
    }
    if let Some(field) = object.take(context, "registryURL") {
        let help = "delete `registryURL`: `repoURL` is there, too";
        let help = context.deleting(help, object.node, field.key);
        context.old_spelling_with(&field, &edition::REGISTRY_URL, help);
    }
    let field = object.look("repoURL");
    let url = context.repo_url(object, (CHART, KNOWN), RepositoryKind::Chart)?;
    if let Some(field) =
        field.filter(|_| url.starts_with("oci://") && url.len() > "oci://".len() && url.ends_with('/'))
    {
        let meant = url.trim_end_matches('/');
        let help = Help::writing(format!("write {meant}"), context.style.form(meant));
        context.warn(
            Code::KargoRefuses,
            &field,
            "Kargo refuses the `/` at the end; it is left out here",
            help,
        );
    }
    Some(url)
}

/// A classic repository holds many charts and one must be named; an OCI URL names its chart itself.
fn chart_name(context: &mut Context, object: &mut Object<'_>, chart: &mut ChartSubscription) {
    let field = object.take(context, "name");
    let problems = context.errors();
    let name = field.as_ref().and_then(|field| context.filled(field));
    if let (Some(name), Some(field)) = (name, &field) {
        context.advise_filled(field, name);
    }
    match (name, &field) {
        (Some(name), Some(field)) if chart.is_oci() => {
            let url = chart.repo_url.trim_end_matches('/');
            // A query, which may hold a secret, a tag or a digest is not a path that a name can follow.
            let last = url.rsplit('/').next().unwrap_or(url);
            let is_path = !url.contains(['?', '#', '@']) && !last.contains(':');
            let help = match !is_path || url.ends_with(&format!("/{name}")) {
                true => "delete it".to_owned(),
                false => format!("delete it; if the chart is `{name}`, the URL is {url}/{name}"),
            };
            context.error(
                Code::BadValue,
                field,
                "a chart in an OCI registry has no `name`: its URL already names it",
                help,
            );
        }
        (None, _) if repo_url::is_classic(&chart.repo_url) && context.errors() == problems => context
            .error_at(
                Code::Missing,
                object.at(),
                "a chart in a classic repository needs its `name`",
                "add `name`, or write oci:// if the URL is a registry's",
            ),
        _ => {}
    }
    chart.name = name.map(str::to_owned);
}

const GENERIC: &str = "a subscription of this type";

const GENERIC_FIELDS: &[&str] = &["config", "discoveryLimit"];

/// What to do about a field beside `config`: to put it there. The edit is one text where it is the only such field, and there is no
/// `config` yet.
fn under_config(context: &Context, object: &Node, field: &Field<'_>) -> Help {
    let words = "put it under `config:`";
    let (whole, entry) = (object.mark, field.entry());
    let raw = context.written_at(Mark { start: entry.start, end: entry.end, ..whole });
    let is_within = whole.start <= entry.start && entry.end <= whole.end && !raw.is_empty();
    // What is not shown cannot be copied.
    let is_secret = raw.lines().any(has_secret_key);
    if !is_within || is_secret {
        return words.into();
    }
    let is_flow = context.written_at(whole).starts_with('{');
    let moved = match is_flow {
        true => context.style.entry("config", &format!("{{{raw}}}")),
        false => {
            let indent = " ".repeat(field.key.column - 1);
            format!("config:\n{indent}  {}", raw.replace('\n', "\n  "))
        }
    };
    Help::rewriting(words, entry, moved)
}

/// Decodes the common part of a subscription under a key of its own; its `config` is taken as it is.
pub(crate) fn generic(
    context: &mut Context,
    subscription_type: &str,
    field: &Field<'_>,
) -> Option<GenericSubscription> {
    let mut object = Object::open(context, field)?;
    let mut generic = GenericSubscription::new(subscription_type);
    if let Some(field) = object.take(context, "config") {
        context.reads_otherwise_within(&field);
        match field.node.to_json() {
            Json::Object(config) => generic.config = Some(config),
            _ => context.wrong_type(&field, "a mapping"),
        }
    }
    generic.discovery_limit = context.discovery_limit(&mut object);
    // Kargo writes the type into the object as well.
    object.ignore(&["subscriptionType"]);
    let is_alone = object.rest().len() == 1 && !object.has("config");
    for (name, field) in object.rest() {
        // A misspelt `config` or `discoveryLimit` is told as such.
        if nearest(name, GENERIC_FIELDS).is_none() && !context.reads_otherwise(&field) {
            let message = format!("{GENERIC} has no field `{name}`; it is ignored");
            let help = under_config(context, object.node, &field).only_if(is_alone);
            context.ignored_at(Code::UnknownField, field.at_key(), message, help);
            object.ignore(&[name]);
        }
    }
    object.finish(context, GENERIC, GENERIC_FIELDS);
    Some(generic)
}

/// A subscription and where it was written.
pub(crate) struct Placed {
    pub(crate) mark: Mark,
    pub(crate) path: String,
    pub(crate) subscription: Subscription,
}

/// Reports names that occur twice, and repositories that occur twice without names to tell their artifacts apart.
pub(crate) fn check_duplicates(context: &mut Context, subscriptions: &[Placed]) {
    let mut names: HashMap<&str, &Placed> = HashMap::new();
    let mut repositories: HashMap<(&str, String), &Placed> = HashMap::new();
    for placed in subscriptions {
        if let Some(name) = placed.subscription.name.as_deref()
            && let Some(earlier) = names.insert(name, placed)
        {
            context.error_at(
                Code::Duplicate,
                (placed.mark, &placed.path),
                format!("the name `{name}` is taken by {} in line {}", earlier.path, earlier.mark.line),
                "give each subscription a name of its own",
            );
        }
        let Some(key) = identity(&placed.subscription) else {
            continue;
        };
        let what = key.0;
        if let Some(earlier) = repositories.insert(key, placed) {
            duplicate(context, what, placed, earlier);
        }
    }
}

fn duplicate(context: &mut Context, what: &str, placed: &Placed, earlier: &Placed) {
    let message = format!(
        "this {what} is subscribed to twice, here and in {} in line {}",
        earlier.path, earlier.mark.line
    );
    let at = (placed.mark, placed.path.as_str());
    let named = |placed: &Placed| placed.subscription.name.is_some();
    if named(placed) && named(earlier) {
        let message = format!("{message}; the names tell them apart here, and Kargo refuses it all the same");
        context.warn_at(Code::KargoRefuses, at, message, "");
        return;
    }
    let key = placed.subscription.type_key();
    let help = format!(
        "delete one of them, or give each a `name` beside `{key}:`, not in it: `- {{name: one, {key}: {{...}}}}`"
    );
    context.error_at(Code::Duplicate, at, message, help);
}

/// What makes two subscriptions the same: the kind and the repository in its normal form.
fn identity(subscription: &Subscription) -> Option<(&'static str, String)> {
    let key = match &subscription.kind {
        SubscriptionKind::Image(image) => ("image repository", normalize_image(&image.repo_url)),
        SubscriptionKind::Git(git) => ("Git repository", normalize_git(&git.repo_url)),
        SubscriptionKind::Chart(chart) => {
            let mut key = normalize_chart(&chart.repo_url);
            if is_classic(&chart.repo_url) {
                key = format!("{key}:{}", chart.name.as_deref().unwrap_or_default());
            }
            ("chart", key)
        }
        SubscriptionKind::Generic(_) => return None,
    };
    (subscription.repo_url() != Some("")).then_some(key)
}
