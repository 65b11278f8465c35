//! Why no Secret is for a repository. Kargo does not answer this question.

use artifact_source::redact_url;
use go_compat::GoRegex;
use repository_url::{DOCKER_HUB, is_docker_hub};

use super::collection::{Collection, Content, Entry, Target};
use super::repository::{ExactName, Repository};

/// A search for a Secret that found none. What it says names no Secret of a namespace that is not searched: that is the business of another
/// tenant.
pub(super) struct Search<'a> {
    pub(super) collection: &'a Collection,
    pub(super) namespaces: Vec<&'a str>,
    /// Whether these are all.
    pub(super) all_namespaces: bool,
    pub(super) repository: &'a Repository,
    /// The repository's URL without credentials.
    pub(super) url: String,
}

impl<'a> Search<'a> {
    /// Why there is no credential; `None` if there is one, or no Secret at all.
    pub(super) fn hint(&self) -> Option<String> {
        if self.collection.entries.is_empty() {
            return None;
        }
        if let Err(wrong) = &self.repository.forms {
            return Some(format!(
                "no Secret is for a repoURL that {wrong}: {}; write the URL that is to be requested",
                self.url
            ));
        }
        if self.namespaces == [""] && self.candidates().next().is_none() {
            return Some("no Secret of a namespace is used, because the Warehouse is in none".to_owned());
        }
        if let Some(found) = self.collection.find(self.repository, self.namespaces.iter().copied()) {
            let (Content::Nothing(problem) | Content::Broken(problem)) = &found.content else { return None };
            let instead = problem.hint.as_ref().map(|hint| format!(": {hint}")).unwrap_or_default();
            return Some(format!("{problem}{instead}"));
        }
        let mut hint = self.count();
        if let Some(nearest) = self.nearest() {
            hint = format!("{hint}; {nearest}");
        }
        let broken = self.candidates().find(|entry| matches!(entry.target, Target::Unknown));
        if let Some(problem) = broken.and_then(|entry| entry.problems.first()) {
            hint = format!("{hint}; {problem}");
        }
        Some(hint)
    }

    /// Why a URL of plain http gets no credential.
    pub(super) fn refusal(&self) -> Option<String> {
        if self.collection.entries.is_empty() {
            return None;
        }
        let found = self.collection.find(self.repository, self.namespaces.iter().copied());
        let although =
            found.map(|entry| format!(", although {} is for it", entry.secret)).unwrap_or_default();
        Some(format!(
            "credentials are not sent over plain http to another machine ({}){although}; use https",
            self.url
        ))
    }

    fn is_in_namespaces(&self, entry: &Entry) -> bool {
        self.namespaces.contains(&entry.secret.namespace.as_str())
    }

    /// The Secrets of the right type in the right namespaces.
    fn candidates(&self) -> impl Iterator<Item = &'a Entry> {
        let is_candidate = |entry: &&Entry| {
            entry.cred_type == Some(self.repository.cred_type) && self.is_in_namespaces(entry)
        };
        self.collection.entries.iter().filter(is_candidate)
    }

    fn count(&self) -> String {
        let (what, url) = (self.repository.cred_type, &self.url);
        match self.candidates().count() {
            0 => format!("there is no Secret for {what}{}", self.searched()),
            1 => format!("the only Secret for {what} does not have the repoURL {url}"),
            many => format!("of {many} Secrets for {what} none has the repoURL {url}"),
        }
    }

    /// Where was searched, if not everywhere.
    fn searched(&self) -> String {
        let named: Vec<_> =
            self.namespaces.iter().copied().filter(|namespace| !namespace.is_empty()).collect();
        match named.as_slice() {
            _ if self.all_namespaces => String::new(),
            [] => String::new(),
            [one] => format!(" in the namespace {one}"),
            [first @ .., last] => format!(" in the namespaces {} and {last}", first.join(", ")),
        }
    }

    /// The nearest Secret: likely mistakes are tried first.
    fn nearest(&self) -> Option<String> {
        let requested = UrlParts::parse(&self.repository.url);
        self.line_break()
            .or_else(|| self.wrong_label())
            .or_else(|| self.without_namespace())
            .or_else(|| self.undeclared_pattern())
            .or_else(|| self.other_spelling(&requested))
            .or_else(|| self.nearest_path(&requested))
            .or_else(|| self.pattern())
    }

    /// A Secret that is for the repository except for a line break.
    fn line_break(&self) -> Option<String> {
        let secret =
            &self.candidates().find(|entry| entry.target.matches_without_line_break(self.repository))?.secret;
        Some(format!(
            "{secret} would be for it, but its `repoURL` ends in a line break: encode it with `printf %s` or `echo -n`"
        ))
    }

    /// A Secret that has the URL, and another label or none.
    fn wrong_label(&self) -> Option<String> {
        let cred_type = self.repository.cred_type;
        let is_it = |entry: &&Entry| match &entry.target {
            _ if entry.cred_type == Some(cred_type) || !self.is_in_namespaces(entry) => false,
            Target::Exact { given, .. } => {
                ExactName::parse(cred_type, given).is_ok_and(|name| name == self.repository.name)
            }
            // A pattern that matches everything is not meant for this repository in particular.
            Target::Pattern(pattern) => !pattern.is_match("") && entry.is_for(self.repository),
            Target::Unknown => false,
        };
        let secret = &self.collection.entries.iter().find(is_it)?.secret;
        let label = format!("kargo.akuity.io/cred-type: {}", cred_type.label());
        Some(match secret.cred_type.as_str() {
            "" => format!("{secret} has it, but no label {label}"),
            other => format!("{secret} has it, but its label is not {label} but {other}"),
        })
    }

    /// A Secret without a namespace, where the Warehouse has one. Only a file has such Secrets, and no tenant owns them.
    fn without_namespace(&self) -> Option<String> {
        let is_it = |entry: &&Entry| {
            entry.cred_type == Some(self.repository.cred_type)
                && entry.secret.namespace.is_empty()
                && !self.is_in_namespaces(entry)
                && entry.is_for(self.repository)
        };
        let secret = &self.collection.entries.iter().find(is_it)?.secret;
        Some(format!("{secret} has it, but is in no namespace"))
    }

    /// A pattern without `repoURLIsRegex`.
    fn undeclared_pattern(&self) -> Option<String> {
        let would_match = |given: &str| {
            given.contains(['^', '$', '*', '+', '[', '(', '|', '\\'])
                && GoRegex::new(given).is_ok_and(|pattern| self.repository.matches(&pattern))
        };
        let secret = self.exact().find(|(_, given)| would_match(given)).map(|(entry, _)| &entry.secret)?;
        Some(format!("{secret} has a pattern that matches it, but no `repoURLIsRegex: \"true\"`"))
    }

    /// A Secret for the same repository by another spelling of its URL.
    fn other_spelling(&self, requested: &UrlParts) -> Option<String> {
        self.exact().find_map(|(entry, given)| {
            let difference = UrlParts::parse(given).differences(requested)?;
            Some(format!("{} has {}, which differs in {difference}", entry.secret, redact_url(given)))
        })
    }

    /// The Secret that has the longest path in common.
    fn nearest_path(&self, requested: &UrlParts) -> Option<String> {
        let shared = |given: &str| UrlParts::parse(given).shared_parts(requested);
        let scored = self.exact().filter_map(|(entry, given)| Some((shared(given)?, entry, given)));
        // The first one of those with most in common.
        let (_, entry, given) = scored.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
        let nearest = format!("nearest: {} in {}", redact_url(given), entry.secret);
        Some(if UrlParts::parse(given).contains(requested) {
            format!("{nearest}, which without `repoURLIsRegex: \"true\"` is for this one repository only")
        } else {
            nearest
        })
    }

    /// A pattern that does not match, if nothing is nearer.
    fn pattern(&self) -> Option<String> {
        self.candidates().find_map(|entry| match &entry.target {
            Target::Pattern(pattern) => Some(format!(
                "the pattern {} of {} does not match it",
                redact_url(pattern.as_str()),
                entry.secret
            )),
            _ => None,
        })
    }

    fn exact(&self) -> impl Iterator<Item = (&'a Entry, &'a str)> {
        self.candidates().filter_map(|entry| match &entry.target {
            Target::Exact { given, .. } => Some((entry, given.as_str())),
            _ => None,
        })
    }
}

/// The parts of a repository's URL: those that identify it, and those that people get wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UrlParts {
    scheme: String,
    host: String,
    port: String,
    path: Vec<String>,
    has_git: bool,
    has_slash: bool,
    tag: String,
}

impl UrlParts {
    pub(super) fn parse(url: &str) -> Self {
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
        let (host, path) = if is_host { (authority, path) } else { (DOCKER_HUB, rest.as_str()) };
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
            _ => (host, ""),
        };
        let is_hub = is_docker_hub(host);
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
            host: if is_hub { DOCKER_HUB } else { host }.to_owned(),
            port: port.to_owned(),
            path: path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            has_git,
            has_slash,
            tag: tag.to_owned(),
        }
    }

    /// The differences of two URLs of the same repository, to follow "differs in"; `None` for different repositories.
    pub(super) fn differences(&self, other: &Self) -> Option<String> {
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
        Some(if found.is_empty() { "its spelling".to_owned() } else { found.join(" and ") })
    }

    /// Whether the other path is below this one.
    pub(super) fn contains(&self, other: &Self) -> bool {
        self.host == other.host && other.path.starts_with(&self.path)
    }

    /// How many parts at the beginning of the paths are equal; `None` for different hosts.
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
        let (one, other) = (UrlParts::parse(one), UrlParts::parse(other));
        assert_eq!(one.differences(&other).as_deref(), expected, "{one:?} {other:?}");
        assert_eq!(other.differences(&one).as_deref(), expected);
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
        check("ssh://git@github.com/a/b", "git@github.com:a/b", Some("its spelling"));
        check("ghcr.io/a/b:1.2", "GHCR.io/a/b", Some("its tag"));
        check("localhost:5000/a", "localhost:5001/a", Some("its port"));
        check("docker.io/library/nginx", "nginx", Some("its spelling"));
        check("oci://docker.io/a/b", "a/b", Some("its scheme"));
        check("ghcr.io/a", "ghcr.io/b", None);
        check("ghcr.io/a", "quay.io/a", None);
        check("", "ghcr.io/a", None);
        check(":", "@", None);
    }

    #[test]
    fn what_is_near() {
        let near = |one: &str, other: &str| {
            let (one, other) = (UrlParts::parse(one), UrlParts::parse(other));
            (one.contains(&other), one.shared_parts(&other))
        };
        assert_eq!(near("ghcr.io/a", "ghcr.io/a/b"), (true, Some(1)));
        assert_eq!(near("ghcr.io/a/b", "ghcr.io/a/c"), (false, Some(1)));
        assert_eq!(near("ghcr.io", "ghcr.io/a/c"), (true, Some(0)));
        assert_eq!(near("https://github.com/a/", "https://github.com/a/b"), (true, Some(1)));
        assert_eq!(near("quay.io/a", "ghcr.io/a"), (false, None));
    }
}
