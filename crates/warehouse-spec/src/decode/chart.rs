//! `chart` of a subscription.

use crate::chart::ChartSubscription;
use crate::decode::context::Context;
use crate::decode::edition::REGISTRY_URL;
use crate::decode::object::{Field, Object};
use crate::diagnostic::Code;
use crate::repo_url;

const WHAT: &str = "a chart subscription";

/// The names of today's fields.
const KNOWN: &[&str] = &["repoURL", "name", "semverConstraint", "discoveryLimit", "insecureSkipTLSVerify"];

/// Decodes a chart subscription.
pub(crate) fn chart(context: &mut Context, field: &Field<'_>) -> Option<ChartSubscription> {
    let mut object = Object::open(context, field)?;
    let repo_url = repository(context, &mut object);
    let mut chart = ChartSubscription::oci(repo_url.unwrap_or_default());
    name(context, &mut object, &mut chart);
    chart.semver_constraint = context.constraint(&mut object, "semverConstraint").map(|(_, text)| text);
    chart.discovery_limit = context.discovery_limit(&mut object);
    chart.insecure_skip_tls_verify = context.switch(&mut object, "insecureSkipTLSVerify", false);
    object.finish(context, WHAT, KNOWN);
    Some(chart)
}

fn repository(context: &mut Context, object: &mut Object<'_>) -> Option<String> {
    if !object.has("repoURL")
        && let Some(field) = object.take_as(context, "registryURL", "repoURL")
    {
        context.old_spelling(&field, REGISTRY_URL);
        return context.checked_url(&field, repo_url::chart);
    }
    let field = object.look("repoURL");
    let url = context.repo_url(object, repo_url::chart)?;
    if let Some(field) =
        field.filter(|_| url.starts_with("oci://") && url.len() > "oci://".len() && url.ends_with('/'))
    {
        let help = format!("write {}", url.trim_end_matches('/'));
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
fn name(context: &mut Context, object: &mut Object<'_>, chart: &mut ChartSubscription) {
    let field = object.take(context, "name");
    let problems = context.errors();
    let name = field.as_ref().and_then(|field| context.filled(field));
    match (name, &field) {
        (Some(name), Some(field)) if chart.is_oci() => {
            let url = chart.repo_url.trim_end_matches('/');
            let help = match url.ends_with(&format!("/{name}")) {
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
