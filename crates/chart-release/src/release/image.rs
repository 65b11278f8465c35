//! Whether the image of a chart's application exists.

use std::time::Instant;

use artifact_source::{ArtifactSource, DiscoverRequest, ErrorKind};
use image_source::ImageSource;
use oci_registry::RegistryClient;
use selection_strategies::TagRule;
use serde::Deserialize;

use super::refusal::Refusal;
use crate::Error;

/// Where the image of a chart's application is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageLocation {
    /// `image.registry`, `image.repository` and `image.tag` of the chart's `values.yaml`; the tag defaults to `appVersion`.
    #[default]
    Values,
    /// This repository, in which `{chart}` stands for the name of the chart; the tag is `appVersion`.
    Repository(String),
}

/// The image of a chart: its repository and its tag.
pub(super) struct Image {
    repository: String,
    tag: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Values {
    image: Option<ValuesImage>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ValuesImage {
    registry: Option<String>,
    repository: Option<String>,
    tag: Option<String>,
}

impl ImageLocation {
    /// The image of a chart with this `appVersion` and these values.
    pub(super) fn image(&self, chart: &str, app_version: &str, values: &str) -> Result<Image, Refusal> {
        let unknown =
            |reason: &str| Refusal::UnknownImage { chart: chart.to_owned(), reason: reason.to_owned() };
        let (repository, tag) = match self {
            Self::Repository(repository) => (repository.replace("{chart}", chart), None),
            Self::Values => {
                let values: Values = serde_saphyr::from_str(values)
                    .map_err(|error| unknown(&format!("values.yaml: {error}")))?;
                let image = values.image.unwrap_or_default();
                let repository = image.repository.filter(|repository| !repository.is_empty());
                let repository = repository.ok_or_else(|| unknown("values.yaml has no image.repository"))?;
                let repository = match image.registry.filter(|registry| !registry.is_empty()) {
                    Some(registry) => format!("{registry}/{repository}"),
                    None => repository,
                };
                (repository, image.tag.filter(|tag| !tag.is_empty()))
            }
        };
        let tag = tag.unwrap_or_else(|| app_version.to_owned());
        if tag.is_empty() {
            return Err(unknown("Chart.yaml has no appVersion"));
        }
        Ok(Image { repository, tag })
    }
}

impl Image {
    /// Asks the registry for the image: one request, and those for a token.
    ///
    /// # Errors
    ///
    /// If the registry does not answer whether there is such an image.
    pub(super) async fn verify(
        &self,
        chart: &str,
        registry: &RegistryClient,
        deadline: Option<Instant>,
    ) -> Result<Option<Refusal>, Error> {
        let refused = |reason: String| {
            Ok(Some(Refusal::NoImage {
                chart: chart.to_owned(),
                image: format!("{}:{}", self.repository, self.tag),
                reason,
            }))
        };
        let source = ImageSource::builder(&self.repository)
            .registry(registry.clone())
            .rule(TagRule::digest(self.tag.as_str()))
            .limit(1)
            .build();
        let source = match source {
            Ok(source) => source,
            Err(error) if error.kind() == ErrorKind::InvalidInput => return refused(error.to_string()),
            Err(error) => return Err(error.into()),
        };
        match source.discover(DiscoverRequest::new().with_deadline(deadline)).await {
            Ok(discovery) => match discovery.found() {
                Some(found) if !found.artifacts.is_empty() => Ok(None),
                _ => refused("there is no such tag".to_owned()),
            },
            Err(error) if error.is_not_found() => refused(error.to_string()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(location: &ImageLocation, app_version: &str, values: &str, expected: Result<&str, &str>) {
        let image = location.image("web", app_version, values);
        let image = image
            .map(|image| format!("{}:{}", image.repository, image.tag))
            .map_err(|refusal| refusal.to_string());
        assert_eq!(image.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn the_image_of_a_chart() {
        let values = &ImageLocation::Values;
        check(values, "1.2.0", "image: {repository: example/web}", Ok("example/web:1.2.0"));
        check(
            values,
            "1.2.0",
            "image: {registry: ghcr.io, repository: example/web, tag: ''}",
            Ok("ghcr.io/example/web:1.2.0"),
        );
        check(values, "1.2.0", "image: {repository: example/web, tag: prod}", Ok("example/web:prod"));
        check(
            values,
            "",
            "image: {repository: example/web}",
            Err("the image of web is not known: Chart.yaml has no appVersion"),
        );
        check(
            values,
            "1.2.0",
            "replicas: 1",
            Err("the image of web is not known: values.yaml has no image.repository"),
        );
        check(values, "1.2.0", "", Err("the image of web is not known: values.yaml has no image.repository"));
        let repository = &ImageLocation::Repository("ghcr.io/example/{chart}".to_owned());
        check(repository, "1.2.0", "", Ok("ghcr.io/example/web:1.2.0"));
        check(repository, "", "", Err("the image of web is not known: Chart.yaml has no appVersion"));
    }
}
