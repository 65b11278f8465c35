//! Why no Secret was for a repository: the question that Kargo leaves open.

use artifact_source::redact_url;
use go_compat::GoRegex;

use super::collection::Collection;
use super::entry::{Entry, Holding, Target};
use super::likeness::Likeness;
use super::wanted::{ExactName, Wanted};

/// What was looked for, and where.
pub(super) struct Search<'a> {
    pub(super) collection: &'a Collection,
    pub(super) namespaces: Vec<&'a str>,
    pub(super) wanted: &'a Wanted,
    /// The repository as it is shown.
    pub(super) url: String,
}

impl<'a> Search<'a> {
    /// Why there is no credential; nothing if there is one, or no Secret at all.
    pub(super) fn hint(&self) -> Option<String> {
        if self.collection.entries.is_empty() {
            return None;
        }
        if let Err(wrong) = &self.wanted.forms {
            return Some(format!(
                "no Secret is for a repoURL that {wrong}: {}; write the URL that is to be requested",
                self.url
            ));
        }
        if self.namespaces.is_empty() {
            return Some("no Secret is looked at: no namespace was given to look into".to_owned());
        }
        if let Some(found) = self.collection.find(self.wanted, self.namespaces.iter().copied()) {
            let (Holding::Nothing(problem) | Holding::Broken(problem)) = &found.holding else { return None };
            let instead = problem.hint.as_ref().map(|hint| format!(": {hint}")).unwrap_or_default();
            return Some(format!("{problem}{instead}"));
        }
        let mut hint = self.count();
        if let Some(nearest) = self.nearest() {
            hint = format!("{hint}; {nearest}");
        }
        let broken = self.asked().find(|entry| matches!(entry.target, Target::Unknown));
        if let Some(problem) = broken.and_then(|entry| entry.problems.first()) {
            hint = format!("{hint}; {problem}");
        }
        Some(hint)
    }

    /// Why there is none for a URL to which none is given.
    pub(super) fn refusal(&self) -> Option<String> {
        if self.collection.entries.is_empty() {
            return None;
        }
        let found = self.collection.find(self.wanted, self.namespaces.iter().copied());
        let though = found.map(|entry| format!(", though {} is for it", entry.secret)).unwrap_or_default();
        Some(format!(
            "credentials do not travel over plain http to another machine ({}){though}; use https",
            self.url
        ))
    }

    fn is_looked_into(&self, entry: &Entry) -> bool {
        self.namespaces.contains(&entry.secret.namespace.as_str())
    }

    /// The Secrets of the right type in the right namespaces.
    fn asked(&self) -> impl Iterator<Item = &'a Entry> {
        let is_asked =
            |entry: &&Entry| entry.cred_type == Some(self.wanted.cred_type) && self.is_looked_into(entry);
        self.collection.entries.iter().filter(is_asked)
    }

    fn count(&self) -> String {
        let (what, url) = (self.wanted.cred_type, &self.url);
        match self.asked().count() {
            0 => format!("there is no Secret for {what}"),
            1 => format!("the only Secret for {what} does not have the repoURL {url}"),
            many => format!("of {many} Secrets for {what} none has the repoURL {url}"),
        }
    }

    /// What comes nearest: the more likely a mistake is, the earlier it is looked for.
    fn nearest(&self) -> Option<String> {
        let like = Likeness::of(&self.wanted.url);
        self.line_break()
            .or_else(|| self.wrong_label())
            .or_else(|| self.wrong_namespace())
            .or_else(|| self.undeclared_pattern())
            .or_else(|| self.almost_the_same(&like))
            .or_else(|| self.on_the_way(&like))
            .or_else(|| self.pattern())
    }

    /// A Secret that would be for it, but for a line break.
    fn line_break(&self) -> Option<String> {
        let secret = &self.asked().find(|entry| entry.target.would_be(self.wanted))?.secret;
        Some(format!(
            "{secret} would be for it, but its `repoURL` ends in a line break: encode it with `printf %s` or `echo -n`"
        ))
    }

    /// A Secret that has the URL, and another label or none.
    fn wrong_label(&self) -> Option<String> {
        let cred_type = self.wanted.cred_type;
        let is_it = |entry: &&Entry| match &entry.target {
            _ if entry.cred_type == Some(cred_type) || !self.is_looked_into(entry) => false,
            Target::Exact { given, .. } => {
                ExactName::parse(cred_type, given).is_ok_and(|name| name == self.wanted.name)
            }
            // A pattern that matches everything says nothing about this repository.
            Target::Pattern(pattern) => !pattern.is_match("") && entry.is_for(self.wanted),
            Target::Unknown => false,
        };
        let secret = &self.collection.entries.iter().find(is_it)?.secret;
        let label = format!("kargo.akuity.io/cred-type: {}", cred_type.label());
        Some(match secret.cred_type.as_str() {
            "" => format!("{secret} has it, but no label {label}"),
            other => format!("{secret} has it, but its label is not {label} but {other}"),
        })
    }

    /// A Secret in a namespace that is not looked into.
    fn wrong_namespace(&self) -> Option<String> {
        let is_it = |entry: &&Entry| {
            entry.cred_type == Some(self.wanted.cred_type)
                && !self.is_looked_into(entry)
                && entry.is_for(self.wanted)
        };
        let secret = &self.collection.entries.iter().find(is_it)?.secret;
        Some(format!("{secret} has it, but the namespace {} is not looked into", secret.namespace))
    }

    /// A pattern that nobody said is one.
    fn undeclared_pattern(&self) -> Option<String> {
        let would_match = |given: &str| {
            given.contains(['^', '$', '*', '+', '[', '(', '|', '\\'])
                && GoRegex::new(given).is_ok_and(|pattern| self.wanted.matches(&pattern))
        };
        let secret = self.exact().find(|(_, given)| would_match(given)).map(|(entry, _)| &entry.secret)?;
        Some(format!("{secret} has a pattern that matches it, but no `repoURLIsRegex: \"true\"`"))
    }

    /// A Secret for the same repository by another spelling of its URL.
    fn almost_the_same(&self, like: &Likeness) -> Option<String> {
        self.exact().find_map(|(entry, given)| {
            let difference = Likeness::of(given).differs_in(like)?;
            Some(format!("{} has {}, which differs in {difference}", entry.secret, redact_url(given)))
        })
    }

    /// The Secret that has most of the way in common.
    fn on_the_way(&self, like: &Likeness) -> Option<String> {
        let shared = |given: &str| Likeness::of(given).shared_parts(like);
        let scored = self.exact().filter_map(|(entry, given)| Some((shared(given)?, entry, given)));
        // The first one of those with most in common.
        let (_, entry, given) = scored.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
        let nearest = format!("nearest: {} in {}", redact_url(given), entry.secret);
        Some(if Likeness::of(given).contains(like) {
            format!(
                "{nearest}, which without `repoURLIsRegex: \"true\"` stands for this one repository alone"
            )
        } else {
            nearest
        })
    }

    /// A pattern, where there is nothing else.
    fn pattern(&self) -> Option<String> {
        self.asked().find_map(|entry| match &entry.target {
            Target::Pattern(pattern) => Some(format!(
                "the pattern {} of {} does not match it",
                redact_url(pattern.as_str()),
                entry.secret
            )),
            _ => None,
        })
    }

    fn exact(&self) -> impl Iterator<Item = (&'a Entry, &'a str)> {
        self.asked().filter_map(|entry| match &entry.target {
            Target::Exact { given, .. } => Some((entry, given.as_str())),
            _ => None,
        })
    }
}
