//! The normal forms of image and chart repositories.

use super::go::GoUrl;
use super::sanitize::{lower, sanitize};

const DOCKER_HUB: &str = "index.docker.io";

/// The normal form of an image repository's name; the text itself where it has none.
///
/// Letters become small, a tag or digest goes, and so do Docker Hub's host names and its `library/`.
///
/// ```
/// assert_eq!(warehouse_spec::normalize_image("docker.io/library/nginx"), "nginx");
/// assert_eq!(warehouse_spec::normalize_image("ghcr.io/example/app:1.2.3"), "ghcr.io/example/app");
/// ```
pub fn normalize_image(url: &str) -> String {
    let name = sanitize(&lower(url));
    let Some((registry, repository)) = parse_reference(&name) else {
        return url.to_owned();
    };
    if registry == DOCKER_HUB || registry == "registry-1.docker.io" {
        let official = repository.strip_prefix("library/");
        return official.unwrap_or(repository).to_owned();
    }
    format!("{registry}/{repository}")
}

/// The normal form of a chart repository's URL; the text itself where it has none.
///
/// Letters become small, `oci://` goes, and the rest is treated as an image repository; so a URL of a host and a port
/// loses the port, which reads like a tag.
///
/// ```
/// assert_eq!(warehouse_spec::normalize_chart("oci://GHCR.io/example/chart"), "ghcr.io/example/chart");
/// assert_eq!(warehouse_spec::normalize_chart("https://charts.example.com"), "https://charts.example.com");
/// ```
pub fn normalize_chart(url: &str) -> String {
    let clean = sanitize(url);
    if GoUrl::parse(&clean).is_none() {
        return url.to_owned();
    }
    let lower = lower(&clean);
    normalize_image(lower.strip_prefix("oci://").unwrap_or(&lower))
}

/// Registry and repository of `name[:tag]` or `name[:tag]@digest`; nothing where some part is malformed.
fn parse_reference(text: &str) -> Option<(&str, &str)> {
    parse_tagged(text).or_else(|| {
        let (name, digest) = text.split_once('@')?;
        let hex = digest.strip_prefix("sha256:")?;
        let is_digest = hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_digest {
            return None;
        }
        parse_tagged(name).or_else(|| parse_repository(name))
    })
}

fn parse_tagged(text: &str) -> Option<(&str, &str)> {
    match text.rsplit_once(':') {
        // A slash after the last colon: that colon is a port's.
        Some((name, tag)) if !tag.contains('/') => {
            is_element(tag, 1..=128, |byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
                .then_some(())?;
            parse_repository(name)
        }
        _ => parse_repository(text),
    }
}

fn parse_repository(name: &str) -> Option<(&str, &str)> {
    let (registry, repository) = match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
        _ => ("", name),
    };
    is_element(repository, 2..=255, |byte| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-./".contains(&byte)
    })
    .then_some(())?;
    let is_host = GoUrl::parse(&format!("//{registry}")).is_some_and(|url| url.host() == registry.as_bytes());
    if !is_host {
        return None;
    }
    let registry = match registry {
        "" | "docker.io" => DOCKER_HUB,
        registry => registry,
    };
    Some((registry, repository))
}

fn is_element(text: &str, length: std::ops::RangeInclusive<usize>, allowed: impl Fn(u8) -> bool) -> bool {
    length.contains(&text.len()) && text.bytes().all(allowed)
}
