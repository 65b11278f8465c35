//! Which registry and repository a credential is looked up for, and which of them a key of the file means.

use artifact_source::SourceKind;
use repository_url::{DOCKER_HUB, registry_host};

/// Docker Hub, as Docker names it to credential helpers and in its file.
const DOCKER_HUB_SERVER: &str = "https://index.docker.io/v1/";

/// A repository in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// `docker.io`, `ghcr.io`, `localhost:5000`.
    pub(super) host: String,
    /// Host and repository: `docker.io/library/nginx`.
    path: String,
}

impl Place {
    /// The place of a repository that a subscription names; nothing for what is in no registry: Git repositories, and
    /// charts in a classic chart repository.
    pub(super) fn of(kind: &SourceKind, url: &str) -> Option<Self> {
        let (is_oci, name) = match url.strip_prefix("oci://") {
            Some(name) => (true, name),
            None => (false, url),
        };
        let in_registry = is_oci || matches!(kind, SourceKind::Image | SourceKind::Chart);
        if !in_registry || *kind == SourceKind::Git || name.contains("://") {
            return None;
        }
        let (registry, repository) = match name.split_once('/') {
            Some((first, rest)) if is_oci || first.contains(['.', ':']) || first == "localhost" => {
                (first, rest)
            }
            _ => (DOCKER_HUB, name),
        };
        let host = registry_host(registry);
        let repository = repository.split(['@', ':']).next().unwrap_or_default().trim_matches('/');
        if host.is_empty() || repository.is_empty() {
            return None;
        }
        let library = if host == DOCKER_HUB && !repository.contains('/') { "library/" } else { "" };
        Some(Self { path: format!("{host}/{library}{repository}"), host })
    }

    /// What a credential helper is asked for.
    pub(super) fn server(&self) -> &str {
        if self.host == DOCKER_HUB { DOCKER_HUB_SERVER } else { &self.host }
    }

    /// Host and repository, host and namespace, and so on down to the host alone: the more a key says, the more it counts.
    pub(super) fn prefixes(&self) -> impl Iterator<Item = &str> {
        let mut next = Some(self.path.as_str());
        std::iter::from_fn(move || {
            let prefix = next?;
            next = prefix.rsplit_once('/').map(|(shorter, _)| shorter);
            Some(prefix)
        })
    }

    /// Whether a key with wildcards means this place: `*` and `?` stand for letters of one label of the host, as for Kubernetes
    /// (`*.azurecr.io`), and what follows the host is a prefix of the repository. A key without wildcards does not count.
    pub(super) fn fits_pattern(&self, key: &str) -> bool {
        let (pattern, namespace) = key.split_once('/').map_or((key, None), |(host, rest)| (host, Some(rest)));
        if !pattern.contains(['*', '?']) {
            return false;
        }
        let (pattern, pattern_port) = split_port(pattern);
        let (host, port) = split_port(&self.host);
        let is_below = namespace.is_none_or(|namespace| {
            let repository = self.path.split_once('/').map_or("", |(_, repository)| repository);
            repository.strip_prefix(namespace).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        pattern_port == port
            && is_below
            && pattern.split('.').count() == host.split('.').count()
            && pattern
                .split('.')
                .zip(host.split('.'))
                .all(|(pattern, label)| fits(pattern.as_bytes(), label.as_bytes()))
    }
}

fn split_port(host: &str) -> (&str, Option<&str>) {
    host.rsplit_once(':').map_or((host, None), |(name, port)| (name, Some(port)))
}

/// Whether a pattern with `*` and `?` matches the whole text. A text of length n costs at most n times the pattern.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut position, mut star) = (0, 0, None);
    while let Some(byte) = text.get(position) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, position));
                at += 1;
            }
            Some(letter) if *letter == b'?' || letter == byte => {
                at += 1;
                position += 1;
            }
            // The last star takes one byte more.
            _ => match &mut star {
                Some((after, taken)) => {
                    *taken += 1;
                    (at, position) = (*after, *taken);
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

/// A key of `auths` or `credHelpers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// The host, or host and namespace, that it is for.
    pub(super) prefix: String,
    /// How plainly it says so; of two keys for one place the lower rank counts.
    pub(super) rank: u8,
}

impl Key {
    /// What a key means. With a scheme it is a URL of a host, whose path says nothing; without one it is Podman's `host/namespace`,
    /// of which `host/v1` and `host/v2` are no namespaces but an old habit.
    pub(super) fn parse(key: &str) -> Option<Self> {
        let text = key.trim();
        let without_scheme = ["https://", "http://"].iter().find_map(|scheme| {
            let (front, rest) = text.split_at_checked(scheme.len())?;
            front.eq_ignore_ascii_case(scheme).then_some(rest)
        });
        let name = without_scheme.unwrap_or(text);
        let (registry, path) = name.split_once('/').unwrap_or((name, ""));
        let path = path.trim_end_matches('/');
        let host = registry_host(registry);
        if host.is_empty() {
            return None;
        }
        let is_version = matches!(path, "" | "v1" | "v2");
        let rank = match without_scheme {
            _ if text == DOCKER_HUB_SERVER => 0,
            None => 1,
            Some(_) if is_version => 2,
            Some(_) => 3,
        };
        let prefix = match without_scheme {
            None if !is_version => format!("{host}/{path}"),
            _ => host,
        };
        Some(Self { prefix, rank })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn place(kind: SourceKind, url: &str, expected: Option<&[&str]>) {
        let place = Place::of(&kind, url);
        let prefixes = place.as_ref().map(|place| place.prefixes().collect::<Vec<_>>());
        assert_eq!(prefixes.as_deref(), expected, "{kind} {url}");
    }

    #[test]
    fn places_are_in_registries() {
        use SourceKind::{Chart, Image};
        place(Image, "nginx", Some(&["docker.io/library/nginx", "docker.io/library", "docker.io"]));
        place(Image, "bitnami/nginx", Some(&["docker.io/bitnami/nginx", "docker.io/bitnami", "docker.io"]));
        place(Image, "index.docker.io/a/b", Some(&["docker.io/a/b", "docker.io/a", "docker.io"]));
        place(
            Image,
            "registry-1.docker.io/a",
            Some(&["docker.io/library/a", "docker.io/library", "docker.io"]),
        );
        place(Image, "GHCR.io/a/b:1.2", Some(&["ghcr.io/a/b", "ghcr.io/a", "ghcr.io"]));
        place(Image, "localhost/a", Some(&["localhost/a", "localhost"]));
        place(Image, "127.0.0.1:5000/a@sha256:0", Some(&["127.0.0.1:5000/a", "127.0.0.1:5000"]));
        place(Chart, "oci://ghcr.io/charts/web", Some(&["ghcr.io/charts/web", "ghcr.io/charts", "ghcr.io"]));
        place(Chart, "oci://registry/charts", Some(&["registry/charts", "registry"]));
        place(Chart, "ghcr.io/charts/web", Some(&["ghcr.io/charts/web", "ghcr.io/charts", "ghcr.io"]));
        place(SourceKind::Other("s3".into()), "oci://a.b/c", Some(&["a.b/c", "a.b"]));
    }

    #[test]
    fn what_is_in_no_registry_has_no_place() {
        place(SourceKind::Chart, "https://ghcr.io/charts", None);
        place(SourceKind::Git, "https://ghcr.io/a/b.git", None);
        place(SourceKind::Git, "git@ghcr.io:a/b.git", None);
        place(SourceKind::Git, "oci://ghcr.io/a", None);
        place(SourceKind::Other("s3".into()), "ghcr.io/a", None);
        place(SourceKind::Image, "https://ghcr.io/a", None);
        place(SourceKind::Image, "", None);
        place(SourceKind::Image, "ghcr.io/", None);
    }

    #[test]
    fn keys_with_wildcards() {
        #[track_caller]
        fn check(key: &str, url: &str, expected: bool) {
            let place = Place::of(&SourceKind::Image, url).unwrap();
            assert_eq!(place.fits_pattern(key), expected, "{key} {url}");
        }
        check("*.azurecr.io", "team.azurecr.io/web", true);
        check("*.azurecr.io", "azurecr.io/web", false);
        check("*.azurecr.io", "a.b.azurecr.io/web", false);
        check("*.azurecr.io", "team.azurecr.io:5000/web", false);
        check("*.azurecr.io:5000", "team.azurecr.io:5000/web", true);
        check("*.azurecr.io.evil.test", "team.azurecr.io/web", false);
        check("*.azurecr.io", "team.azurecr.io.evil.test/web", false);
        check("t*m.azurecr.io/apps", "team.azurecr.io/apps/web", true);
        check("t*m.azurecr.io/apps", "team.azurecr.io/apps-of-others/web", false);
        check("t??m*.azurecr.io", "team.azurecr.io/web", true);
        check("t?m.azurecr.io", "team.azurecr.io/web", false);
        check("*a*b*c.azurecr.io", "xaxbxbc.azurecr.io/web", true);
        check("team.azurecr.io", "team.azurecr.io/web", false);
        check("*", "nginx", false);
        check("*.*", "nginx", true);
    }

    #[track_caller]
    fn key(text: &str, prefix: &str, rank: u8) {
        assert_eq!(Key::parse(text), Some(Key { prefix: prefix.to_owned(), rank }), "{text}");
    }

    #[test]
    fn keys_have_many_forms() {
        key("ghcr.io", "ghcr.io", 1);
        key("ghcr.io/", "ghcr.io", 1);
        key("ghcr.io/v2/", "ghcr.io", 1);
        key("https://ghcr.io", "ghcr.io", 2);
        key("https://ghcr.io/v2/", "ghcr.io", 2);
        key("HTTP://GHCR.io/v1", "ghcr.io", 2);
        key("https://ghcr.io/team", "ghcr.io", 3);
        key("ghcr.io/team/app", "ghcr.io/team/app", 1);
        key("localhost:5000", "localhost:5000", 1);
        key("https://index.docker.io/v1/", "docker.io", 0);
        key("https://index.docker.io/v1/access-token", "docker.io", 3);
        key("registry-1.docker.io", "docker.io", 1);
        key("docker.io/team", "docker.io/team", 1);
        assert_eq!(Key::parse(""), None);
        assert_eq!(Key::parse("https:///v2"), None);
    }

    #[test]
    fn a_helper_is_asked_for_what_docker_login_stored() {
        let server = |url| Place::of(&SourceKind::Image, url).map(|place| place.server().to_owned());
        assert_eq!(server("nginx").as_deref(), Some("https://index.docker.io/v1/"));
        assert_eq!(server("ghcr.io/a").as_deref(), Some("ghcr.io"));
        assert_eq!(server("localhost:5000/a").as_deref(), Some("localhost:5000"));
    }
}
