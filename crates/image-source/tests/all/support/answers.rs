//! Answers of sources that stand alone, from registries that want no token.

use std::collections::BTreeMap;
use std::time::Duration;

use artifact_http::{Credential, HttpClient};
use artifact_source::{ArtifactSource, DiscoverRequest, Error, Image, Recorder};
use image_source::{ImageSource, ImageSourceBuilder, Platform};
use oci_registry::RegistryClient;
use warehouse_testkit::Registry;

pub fn source_with(registry: &Registry, credential: Option<Credential>) -> ImageSourceBuilder {
    let http =
        HttpClient::builder().backoff(Duration::from_millis(1), Duration::from_millis(5)).build().unwrap();
    let client = RegistryClient::builder(http).credentials(credential).build();
    ImageSource::builder(format!("{}/demo/app", registry.host())).registry(client.clone())
}

pub fn source(registry: &Registry) -> ImageSourceBuilder {
    source_with(registry, None)
}

pub fn platform(text: &str) -> Platform {
    text.parse().unwrap()
}

pub async fn discover(source: ImageSourceBuilder) -> Result<Vec<Image>, Error> {
    let found = source.build()?.discover(DiscoverRequest::new()).await?;
    Ok(found.found().unwrap().artifacts)
}

pub fn tags(images: &[Image]) -> Vec<&str> {
    images.iter().map(|image| image.tag.as_str()).collect()
}

/// The tags that were found, and why each of the others was not.
pub async fn explain(source: ImageSourceBuilder) -> (Vec<String>, BTreeMap<String, String>) {
    let recorder = Recorder::new();
    let source = source.build().unwrap();
    let answer = source.discover(DiscoverRequest::new().with_trace(&recorder)).await.unwrap();
    let images = answer.found().unwrap().artifacts;
    let why = recorder.into_judgements().into_iter();
    let why = why.filter_map(|judgement| Some((judgement.name, judgement.rejection?.to_string())));
    (images.into_iter().map(|image| image.tag).collect(), why.collect())
}
