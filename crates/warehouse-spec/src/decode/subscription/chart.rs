//! `chart` of a subscription.

use crate::decode::context::{Context, Field};
use crate::decode::object::Object;
use crate::diagnostic::{Code, Help};
use crate::edition;
use crate::repo_url::{self, RepositoryKind};
use crate::subscription::ChartSubscription;

const WHAT: &str = "a chart subscription";

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
    chart.semver_constraint =
        context.constraint(&mut object, (WHAT, KNOWN), "semverConstraint").map(|(_, text)| text);
    chart.follow_digests = context.switch(&mut object, "followDigests", false);
    chart.accept_v = of_registry(context, &mut object, &chart, "acceptV", ACCEPT_V);
    chart.check_config = of_registry(context, &mut object, &chart, "checkConfig", CHECK_CONFIG);
    chart.discovery_limit = context.discovery_limit(&mut object);
    chart.insecure_skip_tls_verify = context.switch(&mut object, "insecureSkipTLSVerify", false);
    object.finish(context, WHAT, KNOWN);
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
    let url = context.repo_url(object, (WHAT, KNOWN), RepositoryKind::Chart)?;
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
        if let Some((_, meant)) = name.rsplit_once('/').filter(|_| repo_url::is_classic(&chart.repo_url)) {
            let message = format!(
                "`{name}` is what a client calls the chart, and the index has its name without a `/`"
            );
            let help = context.style.writing(meant).probable();
            context.warn(Code::BadValue, field, message, help);
        }
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
