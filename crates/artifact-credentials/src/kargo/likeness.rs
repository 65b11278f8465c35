//! How like one URL is to another that Kargo does not take for the same.

/// The parts of a URL that tell what it is about, and those that people get wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Likeness {
    scheme: String,
    host: String,
    port: String,
    path: Vec<String>,
    has_git: bool,
    has_slash: bool,
    tag: String,
}

impl Likeness {
    pub(super) fn of(url: &str) -> Self {
        let url = url.trim().to_lowercase();
        let (scheme, rest) = match url.split_once("://") {
            Some((scheme, rest)) => (scheme, rest.to_owned()),
            None => match url.split_once('/').unwrap_or((&url, "")).0.split_once(['@', ':']) {
                // The scp form: `git@host:path`.
                Some((_, host)) if url.contains('@') && host.contains(':') => {
                    ("ssh", url.replacen(':', "/", 1))
                }
                _ => ("", url.clone()),
            },
        };
        let (authority, path) = rest.split_once('/').unwrap_or((&rest, ""));
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let is_host = !scheme.is_empty() || authority.contains(['.', ':']) || authority == "localhost";
        let (host, path) = if is_host { (authority, path) } else { ("docker.io", rest.as_str()) };
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
            _ => (host, ""),
        };
        let is_hub = matches!(host, "docker.io" | "index.docker.io" | "registry-1.docker.io");
        let has_slash = rest.ends_with('/');
        let path = path.trim_end_matches('/');
        let has_git = path.ends_with(".git");
        let path = path.strip_suffix(".git").unwrap_or(path);
        let path = if is_hub { path.strip_prefix("library/").unwrap_or(path) } else { path };
        let tag_at = path.rfind('/').unwrap_or(0);
        let tag_at = path[tag_at..].find([':', '@']).map_or(path.len(), |at| tag_at + at);
        let (path, tag) = path.split_at(tag_at);
        Self {
            scheme: scheme.to_owned(),
            host: if is_hub { "docker.io" } else { host }.to_owned(),
            port: port.to_owned(),
            path: path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            has_git,
            has_slash,
            tag: tag.to_owned(),
        }
    }

    /// In what they differ, if they are about the same repository: words for after "differs in".
    pub(super) fn differs_in(&self, other: &Self) -> Option<String> {
        if (&self.host, &self.path) != (&other.host, &other.path) {
            return None;
        }
        let differences = [
            (self.scheme != other.scheme, "its scheme"),
            (self.port != other.port, "its port"),
            (self.tag != other.tag, "its tag"),
            (self.has_git != other.has_git, "the .git at its end"),
            (self.has_slash != other.has_slash, "the slash at its end"),
        ];
        let found: Vec<_> =
            differences.iter().filter(|(differs, _)| *differs).map(|(_, what)| *what).collect();
        Some(if found.is_empty() { "how it is written".to_owned() } else { found.join(" and ") })
    }

    /// Whether the other one is below this one.
    pub(super) fn contains(&self, other: &Self) -> bool {
        self.host == other.host && other.path.starts_with(&self.path)
    }

    /// How many parts of their paths, from the front, are the same; nothing for different hosts.
    pub(super) fn shared_parts(&self, other: &Self) -> Option<usize> {
        let same = self.path.iter().zip(&other.path).take_while(|(one, other)| one == other);
        (self.host == other.host).then(|| same.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, expected: Option<&str>) {
        let (one, other) = (Likeness::of(one), Likeness::of(other));
        assert_eq!(one.differs_in(&other).as_deref(), expected, "{one:?} {other:?}");
        assert_eq!(other.differs_in(&one).as_deref(), expected);
    }

    #[test]
    fn what_people_get_wrong() {
        check("http://charts.example.com", "https://charts.example.com", Some("its scheme"));
        check("https://example.com/a.git", "https://example.com/a", Some("the .git at its end"));
        check(
            "https://example.com:8443/a",
            "https://example.com/a/",
            Some("its port and the slash at its end"),
        );
        check("git@github.com:a/b.git", "https://github.com/a/b", Some("its scheme and the .git at its end"));
        check("ssh://git@github.com/a/b", "git@github.com:a/b", Some("how it is written"));
        check("ghcr.io/a/b:1.2", "GHCR.io/a/b", Some("its tag"));
        check("localhost:5000/a", "localhost:5001/a", Some("its port"));
        check("docker.io/library/nginx", "nginx", Some("how it is written"));
        check("oci://docker.io/a/b", "a/b", Some("its scheme"));
        check("ghcr.io/a", "ghcr.io/b", None);
        check("ghcr.io/a", "quay.io/a", None);
        check("", "ghcr.io/a", None);
        check(":", "@", None);
    }

    #[test]
    fn what_is_near() {
        let near = |one: &str, other: &str| {
            let (one, other) = (Likeness::of(one), Likeness::of(other));
            (one.contains(&other), one.shared_parts(&other))
        };
        assert_eq!(near("ghcr.io/a", "ghcr.io/a/b"), (true, Some(1)));
        assert_eq!(near("ghcr.io/a/b", "ghcr.io/a/c"), (false, Some(1)));
        assert_eq!(near("ghcr.io", "ghcr.io/a/c"), (true, Some(0)));
        assert_eq!(near("https://github.com/a/", "https://github.com/a/b"), (true, Some(1)));
        assert_eq!(near("quay.io/a", "ghcr.io/a"), (false, None));
    }
}
