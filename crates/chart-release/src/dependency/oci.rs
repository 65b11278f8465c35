//! Charts in OCI registries.

use artifact_http::{Call, SourceContext};
use artifact_source::{
    ArtifactSource as _, DiscoverRequest, Discovery, Error, ErrorKind, SourceKind, redact_url,
};
use helm_chart::Package;
use helm_source::HelmSource;
use oci_registry::{Manifest, RegistryClient};
use selection_strategies::{Constraint, TagRule, Version};

/// The media types of the layer that is the archive; the second one is of Helm before 3.7.
const CHART_LAYERS: [&str; 2] =
    ["application/vnd.cncf.helm.chart.content.v1.tar+gzip", "application/tar+gzip"];
/// The largest archive, in bytes.
const MAX_ARCHIVE: u64 = 100 << 20;

/// The registry client for charts of this context.
pub(super) fn client(context: &SourceContext) -> RegistryClient {
    RegistryClient::builder(context.http.clone())
        .credentials(std::sync::Arc::clone(&context.credentials))
        .kind(SourceKind::Chart)
        .build()
        .for_tenant(context.tenant.clone())
}

fn repository_url(repository: &str, name: &str) -> String {
    format!("{}/{name}", repository.trim_end_matches('/'))
}

/// The newest version within a constraint. A constraint that is a version is that version, and nothing is sent.
pub(super) async fn newest(
    client: &RegistryClient,
    repository: &str,
    name: &str,
    constraint: &Constraint,
    call: &Call,
) -> Result<String, Error> {
    if Version::parse(constraint.original()).is_ok() {
        return Ok(constraint.original().to_owned());
    }
    let url = repository_url(repository, name);
    let source = HelmSource::builder(&url)
        .registry(client.clone())
        .rule(TagRule::oci_chart(Some(constraint.clone())))
        .limit(1)
        .build()?;
    let request = DiscoverRequest::new().with_meter(&call.meter).with_deadline(call.deadline);
    if let Discovery::Found(found) = source.discover(request).await?
        && let Some(chart) = found.artifacts.into_iter().next()
    {
        return Ok(chart.version);
    }
    let message = format!("no version of {name} is within the constraint {:?}", constraint.original());
    Err(Error::new(ErrorKind::NotFound, message).with_url(redact_url(&url)).with_hint(
        "the tags there are of other versions: change the constraint, or publish a version within it",
    ))
}

/// The archive of a version.
pub(super) async fn archive(
    client: &RegistryClient,
    repository: &str,
    name: &str,
    version: &str,
    call: &Call,
) -> Result<Package, crate::Error> {
    let url = repository_url(repository, name);
    let repository = client.repository(&url)?;
    // A tag cannot have a `+`.
    let tag = version.replace('+', "_");
    let fetched = repository.manifest(&tag, call).await?;
    let no_chart = |what: &str| {
        Error::new(ErrorKind::BadAnswer, format!("{name}:{tag} {what}")).with_url(redact_url(&url))
    };
    let Manifest::Image(manifest) = fetched.manifest else {
        return Err(no_chart("is not the manifest of a chart").into());
    };
    let mut layers = manifest.layers.iter().filter(|layer| CHART_LAYERS.contains(&layer.media_type.as_str()));
    let Some(layer) = layers.next() else {
        return Err(no_chart("has no layer with a chart").into());
    };
    let bytes = repository.blob(&layer.digest, MAX_ARCHIVE, call).await?;
    Ok(Package::from_archive(bytes.to_vec())
        .map_err(|cause| no_chart("has a layer that is not the archive of a chart").with_cause(cause))?)
}
