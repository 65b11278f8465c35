//! What a Secret comes to: for which repositories it is, and what it holds for them.

use artifact_http::Credential;
use go_compat::GoRegex;

use super::problem::Problem;
use super::secret::{KargoSecret, key};
use super::wanted::{CredType, ExactName, Wanted};
use artifact_source::printable;

/// For which repositories a Secret is.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// One, by its name; nothing where a line break spoils it, or the type is not known.
    Exact {
        given: String,
        name: Option<ExactName>,
    },
    Pattern(GoRegex),
    /// Nobody knows.
    Unknown,
}

impl Target {
    /// Whether there is a line break at the end of it that no repository has.
    fn is_spoilt(&self) -> bool {
        match self {
            Self::Exact { given, name } => name.is_none() && ends_in_line_break(given),
            Self::Pattern(pattern) => ends_in_line_break(pattern.as_str()),
            Self::Unknown => false,
        }
    }

    /// Whether it would be this repository without the line break at its end.
    pub(super) fn would_be(&self, wanted: &Wanted) -> bool {
        let without = |text: &str| text.trim_end_matches(['\n', '\r']).to_owned();
        self.is_spoilt()
            && match self {
                Self::Exact { given, .. } => {
                    ExactName::parse(wanted.cred_type, &without(given)).is_ok_and(|name| name == wanted.name)
                }
                Self::Pattern(pattern) => {
                    GoRegex::new(&without(pattern.as_str())).is_ok_and(|pattern| wanted.matches(&pattern))
                }
                Self::Unknown => false,
            }
    }
}

/// What a Secret holds.
#[derive(Clone, Debug)]
pub(super) enum Holding {
    Credential(Credential),
    /// Nothing, or what Kargo alone can use: it is as if the Secret were not there.
    Nothing(Problem),
    /// What cannot be read, and should have been a credential.
    Broken(Problem),
}

/// What a Secret comes to.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) secret: KargoSecret,
    /// Nothing where the label says something else, or nothing.
    pub(super) cred_type: Option<CredType>,
    pub(super) target: Target,
    pub(super) holding: Holding,
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
        let holding = holding(&secret, cred_type);
        if cred_type.is_some() {
            problems.extend(line_breaks(&secret, &[key::REPO_URL, key::IS_REGEX], &target));
            match &holding {
                Holding::Nothing(wrong) | Holding::Broken(wrong) => problems.push(wrong.clone()),
                Holding::Credential(_) => {
                    problems.extend(line_breaks(&secret, &[key::USERNAME, key::PASSWORD], &target));
                }
            }
        }
        Self { secret, cred_type, target, holding, problems }
    }

    /// The same, where there was another one of the same namespace and name before.
    pub(super) fn replacing(mut self, before: &KargoSecret) -> Self {
        let place = before.file.as_ref().map(|file| format!(" in {file}")).unwrap_or_default();
        let message = format!("replaces another one of the same namespace and name{place}");
        let hint = "take one of the two out, or give it another name".to_owned();
        self.problems
            .push(Problem { is_unusable: false, ..problem(&self.secret, None, message, Some(hint)) });
        self
    }

    /// Whether the Secret has the URL of this repository, whatever its own type is.
    pub(super) fn is_for(&self, wanted: &Wanted) -> bool {
        match &self.target {
            Target::Exact { name, .. } => wanted.forms.is_ok() && name.as_ref() == Some(&wanted.name),
            Target::Pattern(pattern) => wanted.matches(pattern),
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

/// What is wrong with a URL to which no credential is given.
pub(super) fn plain_http(secret: &KargoSecret) -> Problem {
    let message =
        "has a `repoURL` that begins with http:// and names another machine, where no credential is given";
    let hint = "credentials do not travel over plain http to another machine; use https";
    problem(secret, Some(key::REPO_URL), message, Some(hint.to_owned()))
}

/// What is wrong with a label that is none of the three. `generic` is right, and of no concern here.
fn wrong_label(secret: &KargoSecret) -> Option<Problem> {
    let hint = "the label kargo.akuity.io/cred-type is git, helm or image".to_owned();
    let message = match secret.cred_type.as_str() {
        "generic" => return None,
        "" => "has a `repoURL`, but no label kargo.akuity.io/cred-type".to_owned(),
        other => format!("has the label kargo.akuity.io/cred-type: {other:?}, which is no type"),
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
        // What the engine says quotes the pattern, which is no secret; but it may hold one.
        let pattern = GoRegex::new(url).map_err(|_| {
            let hint =
                "it is a regular expression in Go's syntax (RE2), because `repoURLIsRegex` is \"true\"";
            Problem { hint: Some(hint.to_owned()), ..broken(key::REPO_URL, "does not compile") }
        })?;
        return Ok(Target::Pattern(pattern));
    }
    let name = match cred_type {
        Some(cred_type) if !ends_in_line_break(&cred_type.normalize(url)) => {
            // Kargo's normal forms have no white space around them.
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

fn holding(secret: &KargoSecret, cred_type: Option<CredType>) -> Holding {
    let has = |key| secret.has(key);
    if !(has(key::USERNAME) && has(key::PASSWORD))
        && let Some((what, instead)) = foreign(secret, cred_type)
    {
        return Holding::Nothing(problem(secret, None, what, Some(instead.to_owned())));
    }
    let wrong = |key: &'static str, message: String| problem(secret, Some(key), message, None);
    let read = |key: &'static str| match secret.value(key) {
        Ok(Some(text)) if !text.is_empty() => Ok(text),
        Ok(Some(_)) => Err(Holding::Nothing(wrong(key, format!("has an empty `{key}`")))),
        Ok(None) => Err(Holding::Nothing(wrong(key, format!("has no `{key}`")))),
        Err(what) => Err(Holding::Broken(wrong(key, format!("has a `{key}` that {what}")))),
    };
    match (read(key::USERNAME), read(key::PASSWORD)) {
        (Ok(username), Ok(password)) => Holding::Credential(Credential::password(username, password)),
        (Err(broken @ Holding::Broken(_)), _) | (_, Err(broken @ Holding::Broken(_))) => broken,
        (Err(wrong), _) | (_, Err(wrong)) => wrong,
    }
}

/// What Kargo turns into a credential by asking somebody else, and what to do where nobody does so.
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

/// Values that end in a line break, as those of `echo VALUE | base64` do. They are used as they are, like everywhere: a
/// password is likely to be a wrong one, and a pattern matches nothing.
fn line_breaks<'a>(
    secret: &'a KargoSecret,
    keys: &'a [&'static str],
    target: &'a Target,
) -> impl Iterator<Item = Problem> + 'a {
    let ends_badly = |key: &&'static str| secret.value(key).ok().flatten().is_some_and(ends_in_line_break);
    keys.iter().copied().filter(ends_badly).map(|key| {
        let message = format!("has a `{key}` that ends in a line break");
        let hint = "encode it without one, as `printf %s VALUE | base64` or `echo -n VALUE | base64` does";
        let is_unusable = key == key::REPO_URL && target.is_spoilt();
        Problem { is_unusable, ..problem(secret, Some(key), message, Some(hint.to_owned())) }
    })
}

fn ends_in_line_break(text: &str) -> bool {
    text.ends_with(['\n', '\r'])
}
