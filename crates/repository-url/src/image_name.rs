//! The name of a repository in a registry, and the names of Docker Hub.

use std::fmt;
use std::str::FromStr;

use crate::hazard::UrlHazard;
use crate::host::is_host;
use crate::redact::redact_url;

/// Docker Hub, under the one of its names that people write.
pub const DOCKER_HUB: &str = "docker.io";

/// The host that answers for Docker Hub.
pub const DOCKER_HUB_HOST: &str = "registry-1.docker.io";

const MAX_LENGTH: usize = 255;

/// Whether this host, in lower case, is one of Docker Hub's names: `docker.io`, `index.docker.io` or `registry-1.docker.io`.
///
/// ```
/// assert!(repository_url::is_docker_hub("index.docker.io"));
/// assert!(!repository_url::is_docker_hub("hub.docker.com"));
/// ```
pub fn is_docker_hub(host: &str) -> bool {
    matches!(host, DOCKER_HUB | "index.docker.io" | DOCKER_HUB_HOST)
}

/// The shortest name of an image, as people write it: without Docker Hub's host, and there without `library/`.
///
/// ```
/// use repository_url::short_image_name;
///
/// assert_eq!(short_image_name("docker.io/library/nginx"), "nginx");
/// assert_eq!(short_image_name("library/nginx"), "nginx");
/// assert_eq!(short_image_name("ghcr.io/library/nginx"), "ghcr.io/library/nginx");
/// ```
pub fn short_image_name(name: &str) -> &str {
    let short = match name.split_once('/') {
        Some((host, rest)) if is_docker_hub(host) => rest,
        _ => name,
    };
    short.strip_prefix("library/").unwrap_or(short)
}

/// The host of a registry in lower case, and Docker Hub under the one name [`DOCKER_HUB`].
///
/// ```
/// assert_eq!(repository_url::registry_host("Index.Docker.io"), "docker.io");
/// assert_eq!(repository_url::registry_host("GHCR.io"), "ghcr.io");
/// ```
pub fn registry_host(registry: &str) -> String {
    let host = registry.to_ascii_lowercase();
    if is_docker_hub(&host) { DOCKER_HUB.to_owned() } else { host }
}

/// A registry and a repository in it, parsed as Docker does.
///
/// The first part is a registry if it contains a dot or a colon or is `localhost`. Otherwise the registry is Docker Hub,
/// where a name of one part is an official image. After `oci://` the first part is always a registry, and nothing is added to
/// the rest, as in Helm.
///
/// ```
/// use repository_url::ImageName;
///
/// for (text, full) in [
///     ("nginx", "docker.io/library/nginx"),
///     ("bitnami/nginx", "docker.io/bitnami/nginx"),
///     ("index.docker.io/nginx", "docker.io/library/nginx"),
///     ("ghcr.io/a/b/c", "ghcr.io/a/b/c"),
///     ("localhost:5000/a", "localhost:5000/a"),
///     ("oci://ghcr.io/charts/web", "ghcr.io/charts/web"),
/// ] {
///     assert_eq!(text.parse::<ImageName>()?.to_string(), full);
/// }
/// # Ok::<(), repository_url::InvalidImageName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImageName {
    registry: String,
    repository: String,
}

impl ImageName {
    /// The registry: `docker.io`, `ghcr.io`, `localhost:5000`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository inside the registry: `library/nginx`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The host that serves the registry, with its port if there is one.
    pub fn host(&self) -> &str {
        if self.registry == DOCKER_HUB { DOCKER_HUB_HOST } else { &self.registry }
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)
    }
}

/// A text that is not the name of a repository. It holds no credential: user, password and query values are left out of what it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidImageName {
    message: String,
    hint: &'static str,
}

impl InvalidImageName {
    /// What to write instead, for people.
    pub fn hint(&self) -> &'static str {
        self.hint
    }
}

impl fmt::Display for InvalidImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for InvalidImageName {}

impl FromStr for ImageName {
    type Err = InvalidImageName;

    /// # Errors
    ///
    /// [`InvalidImageName`] for a text with a tag or a digest at the end, with a scheme other than `oci://` or a user at the start, with an
    /// empty part, or with an invalid host or repository. Upper case becomes lower case.
    fn from_str(text: &str) -> Result<Self, InvalidImageName> {
        let invalid = |what: &str, hint| InvalidImageName {
            message: format!("{what} in the image {:?}", redact_url(text)),
            hint,
        };
        let after_scheme = text.strip_prefix("oci://");
        let name = after_scheme.unwrap_or(text);
        if name.contains("://") {
            return Err(invalid(
                "a URL scheme",
                "write only the host and the repository, such as ghcr.io/a/b",
            ));
        }
        if name.contains('@') {
            return Err(invalid(
                "a digest or a user name",
                "write only the host and the repository, such as ghcr.io/a/b",
            ));
        }
        let (registry, repository) = match name.split_once('/') {
            Some((first, rest)) if after_scheme.is_some() => (first, rest),
            None if after_scheme.is_some() => {
                return Err(invalid("a registry without a repository", "write oci://registry/repository"));
            }
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
            _ => (DOCKER_HUB, name),
        };
        if repository.contains(':') {
            return Err(invalid("a tag", "remove the tag: the subscription selects it"));
        }
        let registry = registry_host(registry);
        if !is_host(&registry) {
            return Err(invalid("an invalid host", "write host or host:port before the first slash"));
        }
        if UrlHazard::check(&format!("oci://{registry}/a")).is_err() {
            return Err(invalid(
                "a host that is read as another one than it is written, or the port 0,",
                "write a name, or an address of four numbers such as 192.0.2.1, and a port from 1 to 65535",
            ));
        }
        let repository = match repository.contains('/') {
            false if registry == DOCKER_HUB && after_scheme.is_none() => format!("library/{repository}"),
            _ => repository.to_owned(),
        };
        // Repositories have lower-case names, and GitHub shows the names of organizations as they are written
        // (rule 3.10).
        let repository = repository.to_ascii_lowercase();
        if repository.len() > MAX_LENGTH || !repository.split('/').all(is_part) {
            return Err(invalid(
                "an invalid repository name",
                "each part begins and ends with a-z or 0-9; between them, '.', '_' and '-' are allowed",
            ));
        }
        Ok(Self { registry, repository })
    }
}

fn is_part(part: &str) -> bool {
    let is_edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = part.as_bytes();
    is_edge(bytes.first())
        && is_edge(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        && !part.contains("..")
}

/// The largest number of bytes of a tag.
const MAX_TAG_LENGTH: usize = 128;

/// Whether a string can be a tag of a repository in a registry: 1 to 128 of `A-Z a-z 0-9 . _ -`, neither `.` nor `-` first
/// ([distribution specification, "Pulling manifests"](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests):
/// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`).
///
/// ```
/// use repository_url::is_tag;
///
/// assert!(is_tag("v1.2.3_build-4"));
/// assert!(!is_tag("../../secrets") && !is_tag("a b") && !is_tag(""));
/// ```
pub fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= MAX_TAG_LENGTH
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|byte| is_word(byte) || byte == b'.' || byte == b'-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags() {
        for tag in ["1.2", "latest", "_x", "1.2.3-prod", "A", "1..2", &"1".repeat(128)] {
            assert!(is_tag(tag), "{tag}");
        }
        for tag in ["", ".1", "-1", "1/2", "1:2", "1+2", "$(x)", "ä", "1\n", &"1".repeat(129)] {
            assert!(!is_tag(tag), "{tag}");
        }
    }

    proptest! {
        #[test]
        fn tags_are_those_of_the_specification(text in r"[a-zA-Z0-9_.\-/ é\n]{0,6}", repeat in 1..40usize) {
            let specified = regex::Regex::new(r"^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\z").unwrap();
            let text = text.repeat(repeat);
            prop_assert_eq!(is_tag(&text), specified.is_match(&text));
        }
    }

    #[track_caller]
    fn check(text: &str, registry: &str, host: &str, repository: &str) {
        let name = text.parse::<ImageName>().unwrap();
        assert_eq!((name.registry(), name.host(), name.repository()), (registry, host, repository), "{text}");
    }

    #[test]
    fn names() {
        check("nginx", "docker.io", "registry-1.docker.io", "library/nginx");
        check("docker.io/nginx", "docker.io", "registry-1.docker.io", "library/nginx");
        check("registry-1.docker.io/a/b", "docker.io", "registry-1.docker.io", "a/b");
        check("GHCR.io/a/b", "ghcr.io", "ghcr.io", "a/b");
        check("ghcr.io/MyOrg/App", "ghcr.io", "ghcr.io", "myorg/app");
        check("Nginx", "docker.io", "registry-1.docker.io", "library/nginx");
        check("oci://ghcr.io/MyOrg/Charts/Web", "ghcr.io", "ghcr.io", "myorg/charts/web");
        check("localhost/a", "localhost", "localhost", "a");
        check("oci://ghcr.io/charts/web", "ghcr.io", "ghcr.io", "charts/web");
        check("oci://registry/web", "registry", "registry", "web");
        check("oci://registry/team/web", "registry", "registry", "team/web");
        check("registry/web", "docker.io", "registry-1.docker.io", "registry/web");
        check("oci://docker.io/web", "docker.io", "registry-1.docker.io", "web");
        check("127.0.0.1:5000/a", "127.0.0.1:5000", "127.0.0.1:5000", "a");
        check("[::1]:5000/a", "[::1]:5000", "[::1]:5000", "a");
        check("[::1]/a", "[::1]", "[::1]", "a");
        check("my_host.internal/a_b/c__d/e-f/1", "my_host.internal", "my_host.internal", "a_b/c__d/e-f/1");
    }

    #[track_caller]
    fn check_error(text: &str, what: &str) {
        let error = text.parse::<ImageName>().unwrap_err();
        assert!(error.to_string().starts_with(what) && !error.hint().is_empty(), "{text:?}: {error}");
        assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
    }

    #[test]
    fn invalid_names() {
        check_error("", "an invalid repository name");
        check_error("ghcr.io/", "an invalid repository name");
        check_error("ghcr.io/a//b", "an invalid repository name");
        check_error("ghcr.io/a/../b", "an invalid repository name");
        check_error("ghcr.io/a b", "an invalid repository name");
        check_error("ghcr.io/a?x", "an invalid repository name");
        check_error(&format!("ghcr.io/{}", "a".repeat(256)), "an invalid repository name");
        let hint = "ghcr.io/a_/c".parse::<ImageName>().unwrap_err().hint();
        assert!(hint.contains("begins and ends"), "{hint}");
        check_error("ghcr.io/a:1.0", "a tag");
        check_error("nginx:1.0", "a tag");
        check_error("oci://ghcr.io", "a registry without a repository");
        check_error("oci://", "a registry without a repository");
        check_error("oci:///web", "an invalid host");
        check_error("oci://oci://a/b", "a URL scheme");
        check_error("ghcr.io/a@sha256:00", "a digest or a user name");
        check_error("https://ghcr.io/a", "a URL scheme");
        check_error("https://me:SECRET@ghcr.io/a", "a URL scheme");
        check_error("me:SECRET@ghcr.io/a", "a digest or a user name");
        check_error("host:port/a", "an invalid host");
        check_error("host:99999/a", "an invalid host");
        check_error(":5000/a", "an invalid host");
        check_error("a.b#c/d", "an invalid host");
        for name in ["127.1/a", "2130706433:80/a", "oci://2130706433/a", "0x7f.1/a", "host:0/a"] {
            check_error(name, "a host that is read as another one");
        }
        for name in [
            r"2130706433\@ghcr.io/a",
            "ghcr.io/%2e%2e/a",
            "ghcr.io/a\u{202e}",
            "g\u{131}thub.com/a",
            "ghcr.io/a\n",
        ] {
            assert!(name.parse::<ImageName>().is_err(), "{name:?}");
        }
    }
}
