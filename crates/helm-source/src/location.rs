//! The meaning of a `repoURL`.

use artifact_http::Url;
use artifact_source::{Error, ErrorKind, UrlHazard};

/// The list of a chart's versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// The index file at this URL.
    Index(Url),
    /// The tags of this repository: `oci://host[:port]/path`.
    Registry(String),
}

impl Location {
    /// Parses a `repoURL`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for anything but an `http`, `https` or `oci` URL with a host, and for
    /// an `oci` URL with a query, a tag or a digest, or without a path.
    pub(crate) fn parse(repo_url: &str) -> Result<Self, Error> {
        let invalid = |what: &str| Error::new(ErrorKind::InvalidInput, what).with_url(repo_url);
        UrlHazard::check(repo_url).map_err(|hazard| {
            invalid(&format!("the repoURL of the chart is not valid: {hazard}")).with_hint(hazard.hint())
        })?;
        if let Some(reference) = repo_url.strip_prefix("oci://") {
            return registry(reference).map(Self::Registry).map_err(invalid);
        }
        let url = Url::parse(repo_url).map_err(|cause| {
            invalid("the repoURL of the chart is not a URL").with_cause(cause).with_hint(
                "write it with its scheme: https:// for a chart repository, oci:// for a chart in a registry",
            )
        })?;
        match url.scheme() {
            "http" | "https" => Ok(Self::Index(index_url(url))),
            _ => Err(invalid("the repoURL of a chart begins with https://, http:// or oci://")),
        }
    }
}

/// The URL of `index.yaml` below this URL, with its query ([rule 5.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
fn index_url(mut repository: Url) -> Url {
    let path = format!("{}/index.yaml", repository.path().strip_suffix('/').unwrap_or(repository.path()));
    repository.set_path(&path);
    repository.set_fragment(None);
    repository
}

fn registry(reference: &str) -> Result<String, &'static str> {
    let reference = reference.trim_end_matches('/');
    let (host, path) = reference.split_once('/').ok_or(
        "the repoURL of an OCI chart names a registry and no repository: oci://<registry>/<repository>",
    )?;
    if host.is_empty() || host.contains('@') {
        return Err("the repoURL of an OCI chart has no host, or has a user");
    }
    if path.is_empty() || path.contains([':', '@', '?', '#']) {
        return Err("the repoURL of an OCI chart is a repository, without tag, digest or query");
    }
    Ok(format!("oci://{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn index(repo_url: &str, expected: &str) {
        assert_eq!(Location::parse(repo_url).unwrap(), Location::Index(Url::parse(expected).unwrap()));
    }

    #[track_caller]
    fn invalid(repo_url: &str, message: &str) {
        let error = Location::parse(repo_url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(message), "{error}");
        assert!(!format!("{error:?}").contains("SECRET"));
    }

    #[test]
    fn indexes() {
        index("https://charts.example.com", "https://charts.example.com/index.yaml");
        index("https://charts.example.com/", "https://charts.example.com/index.yaml");
        index("https://example.com/a/b", "https://example.com/a/b/index.yaml");
        index("https://example.com/a/b/", "https://example.com/a/b/index.yaml");
        index("http://example.com:8080/a?token=x&y=z", "http://example.com:8080/a/index.yaml?token=x&y=z");
        index("https://example.com/a%20b#c", "https://example.com/a%20b/index.yaml");
        index("https://u:p@example.com/a", "https://u:p@example.com/a/index.yaml");
    }

    #[test]
    fn registries() {
        for (repo_url, expected) in [
            ("oci://ghcr.io/org/chart", "oci://ghcr.io/org/chart"),
            ("oci://localhost:5000/chart", "oci://localhost:5000/chart"),
            ("oci://ghcr.io/org/chart/", "oci://ghcr.io/org/chart"),
            ("oci://registry/org/chart", "oci://registry/org/chart"),
        ] {
            assert_eq!(Location::parse(repo_url).unwrap(), Location::Registry(expected.to_owned()));
        }
    }

    #[test]
    fn invalid_urls() {
        invalid("", "not a URL");
        invalid("http://u:SECRET@127.0.0.1:1/@example.com/charts", "before the `@`");
        for host in [r"2130706433\@example.com", r"example.com\.evil.test"] {
            invalid(&format!("https://{host}/charts"), "backslash");
            invalid(&format!("oci://{host}/charts"), "backslash");
        }
        for path in ["a/../b", "%2e%2e/b", "%252e%252e/b", "a%2f..%2fb"] {
            invalid(&format!("https://example.com/{path}"), "`..`");
            invalid(&format!("oci://example.com/{path}"), "`..`");
        }
        for letter in ["\t", "\n", "\u{1b}", "\u{85}", "\u{202e}", " ", "\u{a0}"] {
            invalid(&format!("https://example.com/a{letter}b"), "it holds");
            invalid(&format!("https://exa{letter}mple.com/a"), "it holds");
        }
        invalid("https://127.1/charts", "read as the address 127.0.0.1");
        invalid("oci://0x7f.1/charts", "read as the address 127.0.0.1");
        invalid("https://u:SECRET@g\u{131}thub.com/charts", "not ASCII");
        invalid("https://%67ithub.com/charts", "in no name of a host");
        invalid("charts.example.com", "not a URL");
        invalid("ftp://u:SECRET@example.com/a", "begins with");
        invalid("oci://ghcr.io", "names a registry and no repository");
        invalid("oci:///chart", "no host");
        invalid("oci://u:SECRET@ghcr.io/chart", "has a user");
        invalid("oci://ghcr.io/org/chart:1.0.0", "without tag");
        invalid("oci://ghcr.io/org/chart@sha256:0", "without tag");
    }
}
