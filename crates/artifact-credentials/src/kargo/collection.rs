//! An index of Secrets, which finds the one that is for a repository.

use std::collections::{BTreeMap, HashMap};

use artifact_http::Credential;
use artifact_source::printable;
use go_compat::{GoRegex, GoRegexError, RegexBudget};

use super::pattern::weakness;
use super::repository::{CredType, ExactName, Repository};
use super::secret::{KargoSecret, Problem, key};

/// The Secrets of all namespaces.
#[derive(Debug, Default)]
pub(super) struct Collection {
    /// Sorted by namespace in the order of their first appearance, then by name.
    pub(super) entries: Vec<Entry>,
    /// The namespaces in the order of their first appearance.
    pub(super) namespaces: Vec<String>,
    by_namespace: HashMap<String, Namespace>,
}

/// The Secrets of a namespace, as indices.
#[derive(Debug, Default)]
struct Namespace {
    /// By type and name; of several for one repository the first by name.
    exact: HashMap<(CredType, ExactName), usize>,
    /// By type, in the order of names.
    patterns: BTreeMap<CredType, Vec<usize>>,
}

impl Collection {
    /// A later Secret replaces an earlier one of the same name, as in a cluster.
    pub(super) fn new(secrets: impl IntoIterator<Item = KargoSecret>) -> Self {
        let mut namespaces: Vec<String> = Vec::new();
        let mut positions = HashMap::new();
        let mut sorted = BTreeMap::new();
        for secret in secrets {
            let position = *positions.entry(secret.namespace.clone()).or_insert_with(|| {
                namespaces.push(secret.namespace.clone());
                namespaces.len() - 1
            });
            let key = (position, secret.name.clone());
            let before = sorted.remove(&key).map(|(before, _)| before);
            sorted.insert(key, (secret, before));
        }
        let entry = |(secret, before): (KargoSecret, Option<KargoSecret>)| match before {
            None => Entry::new(secret),
            Some(before) => Entry::new(secret).replacing(&before),
        };
        // The patterns of one namespace do not take from those of another.
        let mut budgets: HashMap<usize, RegexBudget> = HashMap::new();
        let within =
            |((position, _), secrets)| budgets.entry(position).or_default().install(|| entry(secrets));
        let entries: Vec<Entry> = sorted.into_iter().map(within).collect();
        let mut by_namespace: HashMap<String, Namespace> = HashMap::new();
        for (index, entry) in entries.iter().enumerate() {
            let Some(cred_type) = entry.cred_type else { continue };
            let namespace = by_namespace.entry(entry.secret.namespace.clone()).or_default();
            match &entry.target {
                Target::Exact { name: Some(name), .. } => {
                    namespace.exact.entry((cred_type, name.clone())).or_insert(index);
                }
                Target::Pattern(_) => namespace.patterns.entry(cred_type).or_default().push(index),
                Target::Exact { name: None, .. } | Target::Unknown => {}
            }
        }
        Self { entries, namespaces, by_namespace }
    }

    /// The first Secret for a repository: namespace by namespace, in each one the exact URLs before the patterns, and of
    /// several the first by name.
    pub(super) fn find<'a>(
        &self,
        repository: &Repository,
        namespaces: impl IntoIterator<Item = &'a str>,
    ) -> Option<&Entry> {
        if repository.forms.is_err() {
            return None;
        }
        let exact = (repository.cred_type, repository.name.clone());
        namespaces.into_iter().find_map(|namespace| {
            let namespace = self.by_namespace.get(namespace)?;
            if let Some(&index) = namespace.exact.get(&exact) {
                return self.entries.get(index);
            }
            let patterns = namespace.patterns.get(&repository.cred_type).into_iter().flatten();
            let mut patterns = patterns.filter_map(|&index| self.entries.get(index));
            patterns.find(|entry| entry.is_for(repository))
        })
    }
}

/// The repositories that a Secret is for.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// One repository. `name` is `None` where a line break makes it match nothing, or where the type is unknown.
    Exact {
        given: String,
        name: Option<ExactName>,
    },
    Pattern(GoRegex),
    /// Unknown: it has no `repoURL`, or one that cannot be used.
    Unknown,
}

impl Target {
    /// Whether it ends in a line break, which no repository's URL has.
    fn ends_in_line_break(&self) -> bool {
        match self {
            Self::Exact { given, name } => name.is_none() && ends_in_line_break(given),
            Self::Pattern(pattern) => ends_in_line_break(pattern.as_str()),
            Self::Unknown => false,
        }
    }

    /// Whether it is for this repository without the line break at its end.
    pub(super) fn matches_without_line_break(&self, repository: &Repository) -> bool {
        let without = |text: &str| text.trim_end_matches(['\n', '\r']).to_owned();
        self.ends_in_line_break()
            && match self {
                Self::Exact { given, .. } => ExactName::parse(repository.cred_type, &without(given))
                    .is_ok_and(|name| name == repository.name),
                Self::Pattern(pattern) => {
                    GoRegex::new(&without(pattern.as_str())).is_ok_and(|pattern| repository.matches(&pattern))
                }
                Self::Unknown => false,
            }
    }
}

/// The content of a Secret.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Credential(Credential),
    /// No credential, or one that only Kargo can use.
    Nothing(Problem),
    /// A credential that cannot be read.
    Broken(Problem),
}

/// A Secret, read.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) secret: KargoSecret,
    /// `None` where the label has another value or is absent.
    pub(super) cred_type: Option<CredType>,
    pub(super) target: Target,
    pub(super) content: Content,
    pub(super) problems: Vec<Problem>,
}

impl Entry {
    pub(super) fn new(secret: KargoSecret) -> Self {
        let mut problems = Vec::new();
        let cred_type = CredType::of_label(&secret.cred_type);
        if cred_type.is_none() {
            problems.extend(wrong_label(&secret));
        } else if secret.is_old {
            let hint = format!(
                "label it kargo.akuity.io/cred-type: {}, and name its keys `repoURL`, `username` and `password`",
                secret.cred_type
            );
            let message = "has the label kargo.akuity.io/secret-type, which Kargo 0.5 replaced";
            problems.push(Problem { is_unusable: false, ..problem(&secret, None, message, Some(hint)) });
        }
        let target = target(&secret, cred_type).unwrap_or_else(|wrong| {
            if cred_type.is_some() {
                problems.push(wrong);
            }
            Target::Unknown
        });
        if let Target::Pattern(pattern) = &target
            && cred_type.is_some()
            && let Some(what) = weakness(pattern)
        {
            let hint = r"begin it with ^ and the scheme, and end the host with a slash: ^https://git\.example\.com/team/";
            let message = format!("has a `{}` that {what}", key::REPO_URL);
            let weak = problem(&secret, Some(key::REPO_URL), message, Some(hint.to_owned()));
            problems.push(Problem { is_unusable: false, ..weak });
        }
        let content = content(&secret, cred_type);
        if cred_type.is_some() {
            problems.extend(line_breaks(&secret, &[key::REPO_URL, key::IS_REGEX], &target));
            match &content {
                Content::Nothing(wrong) | Content::Broken(wrong) => problems.push(wrong.clone()),
                Content::Credential(_) => {
                    problems.extend(line_breaks(&secret, &[key::USERNAME, key::PASSWORD], &target));
                }
            }
        }
        Self { secret, cred_type, target, content, problems }
    }

    /// The same Secret with the problem that it replaces another one of the same namespace and name.
    pub(super) fn replacing(mut self, before: &KargoSecret) -> Self {
        let location = before.file.as_ref().map(|file| format!(" in {file}")).unwrap_or_default();
        let message = format!("replaces another one of the same namespace and name{location}");
        let hint = "remove one of the two, or rename it".to_owned();
        self.problems
            .push(Problem { is_unusable: false, ..problem(&self.secret, None, message, Some(hint)) });
        self
    }

    /// Whether the Secret has the URL of this repository, also if it has another type.
    pub(super) fn is_for(&self, repository: &Repository) -> bool {
        match &self.target {
            Target::Exact { name, .. } => repository.forms.is_ok() && name.as_ref() == Some(&repository.name),
            Target::Pattern(pattern) => repository.matches(pattern),
            Target::Unknown => false,
        }
    }
}

pub(super) fn problem(
    secret: &KargoSecret,
    key: Option<&'static str>,
    message: impl Into<String>,
    hint: Option<String>,
) -> Problem {
    let file = secret.file.clone();
    let message = printable(&message.into());
    Problem { secret: secret.to_string(), file, key, message, hint, is_unusable: true }
}

/// The problem of a URL that gets no credential.
pub(super) fn plain_http(secret: &KargoSecret) -> Problem {
    let message =
        "has a `repoURL` that begins with http:// and names another machine, where no credential is given";
    let hint = "credentials are not sent over plain http to another machine; use https";
    problem(secret, Some(key::REPO_URL), message, Some(hint.to_owned()))
}

/// The problem of a label that is none of the three. `generic` is valid, and not used here.
fn wrong_label(secret: &KargoSecret) -> Option<Problem> {
    let hint = "the label kargo.akuity.io/cred-type is git, helm or image".to_owned();
    let message = match secret.cred_type.as_str() {
        "generic" => return None,
        "" => "has a `repoURL`, but no label kargo.akuity.io/cred-type".to_owned(),
        other => format!("has the label kargo.akuity.io/cred-type: {other:?}, which is not a type"),
    };
    Some(problem(secret, None, message, Some(hint)))
}

fn target(secret: &KargoSecret, cred_type: Option<CredType>) -> Result<Target, Problem> {
    let broken = |key: &'static str, what: &str| {
        problem(secret, Some(key), format!("has a `{key}` that {what}"), None)
    };
    let url = secret.value(key::REPO_URL).map_err(|what| broken(key::REPO_URL, what))?;
    let Some(url) = url.filter(|url| !url.trim().is_empty()) else {
        let message = "has no `repoURL`";
        let hint = "name the repository it is for, as its subscription does";
        return Err(problem(secret, Some(key::REPO_URL), message, Some(hint.to_owned())));
    };
    let is_regex = secret.value(key::IS_REGEX).map_err(|what| broken(key::IS_REGEX, what))?;
    if is_regex == Some("true") {
        // The engine's message quotes the pattern, which may hold a secret.
        let pattern = GoRegex::new(url).map_err(|error| {
            let (what, hint) = match error {
                GoRegexError::OverBudget { .. } => (
                    "is one regular expression too many, or too large, for the Secrets of its namespace",
                    "name repositories by their URLs, or use fewer or shorter patterns",
                ),
                _ => (
                    "does not compile",
                    "it is a regular expression in Go's syntax (RE2), because `repoURLIsRegex` is \"true\"",
                ),
            };
            Problem { hint: Some(hint.to_owned()), ..broken(key::REPO_URL, what) }
        })?;
        return Ok(Target::Pattern(pattern));
    }
    let name = match cred_type {
        Some(cred_type) if !ends_in_line_break(&cred_type.normalize(url)) => {
            // Kargo's normal forms are trimmed.
            let name = ExactName::parse(cred_type, url.trim()).map_err(|what| {
                let hint = "write the URL that is requested, as its subscription does";
                Problem { hint: Some(hint.to_owned()), ..broken(key::REPO_URL, what) }
            })?;
            Some(name)
        }
        _ => None,
    };
    Ok(Target::Exact { given: url.to_owned(), name })
}

fn content(secret: &KargoSecret, cred_type: Option<CredType>) -> Content {
    let has = |key| secret.has(key);
    if !(has(key::USERNAME) && has(key::PASSWORD))
        && let Some((what, instead)) = foreign(secret, cred_type)
    {
        return Content::Nothing(problem(secret, None, what, Some(instead.to_owned())));
    }
    let wrong = |key: &'static str, message: String| problem(secret, Some(key), message, None);
    let read = |key: &'static str| match secret.value(key) {
        Ok(Some(text)) if !text.is_empty() => Ok(text),
        Ok(Some(_)) => Err(Content::Nothing(wrong(key, format!("has an empty `{key}`")))),
        Ok(None) => Err(Content::Nothing(wrong(key, format!("has no `{key}`")))),
        Err(what) => Err(Content::Broken(wrong(key, format!("has a `{key}` that {what}")))),
    };
    match (read(key::USERNAME), read(key::PASSWORD)) {
        (Ok(username), Ok(password)) => Content::Credential(Credential::password(username, password)),
        (Err(broken @ Content::Broken(_)), _) | (_, Err(broken @ Content::Broken(_))) => broken,
        (Err(wrong), _) | (_, Err(wrong)) => wrong,
    }
}

/// Content that Kargo exchanges for a credential with another service, and what to use instead.
fn foreign(secret: &KargoSecret, cred_type: Option<CredType>) -> Option<(&'static str, &'static str)> {
    let has_any = |keys: &[&str]| keys.iter().any(|key| secret.has(key));
    if has_any(&[key::SSH_KEY]) {
        return Some(match cred_type {
            Some(CredType::Git) => {
                ("holds an SSH key, which is not read here", "add the key to the ssh agent: `ssh-add FILE`")
            }
            _ => (
                "holds an SSH key, which opens Git repositories only",
                "give it a `username` and a `password`",
            ),
        });
    }
    if has_any(&["githubAppClientID", "githubAppID", "githubAppInstallationID", "githubAppPrivateKey"]) {
        return Some((
            "holds the key of a GitHub App, which is not exchanged for a token here",
            "use a `username` and, as `password`, a personal access token or an installation token",
        ));
    }
    if has_any(&["awsAccessKeyID", "awsSecretAccessKey"]) {
        return Some((
            "holds an access key of AWS, which is not exchanged for a token here",
            "name the helper ecr-login for the registry in `credHelpers` of docker's config.json",
        ));
    }
    if has_any(&["gcpServiceAccountKey"]) {
        return Some((
            "holds a service account's key of Google, which is not exchanged for a token here",
            "use it as `password` of the `username` _json_key_base64, or name the helper gcloud for the registry in \
             `credHelpers` of docker's config.json",
        ));
    }
    None
}

/// Values that end in a line break, as those of `echo VALUE | base64` do. They are used unchanged: the password is probably
/// wrong, and a pattern matches nothing.
fn line_breaks<'a>(
    secret: &'a KargoSecret,
    keys: &'a [&'static str],
    target: &'a Target,
) -> impl Iterator<Item = Problem> + 'a {
    let ends_badly = |key: &&'static str| secret.value(key).ok().flatten().is_some_and(ends_in_line_break);
    keys.iter().copied().filter(ends_badly).map(|key| {
        let message = format!("has a `{key}` that ends in a line break");
        let hint = "encode it without one, as `printf %s VALUE | base64` or `echo -n VALUE | base64` does";
        let is_unusable = key == key::REPO_URL && target.ends_in_line_break();
        Problem { is_unusable, ..problem(secret, Some(key), message, Some(hint.to_owned())) }
    })
}

fn ends_in_line_break(text: &str) -> bool {
    text.ends_with(['\n', '\r'])
}
