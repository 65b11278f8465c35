//! The verdict of a rule on one candidate, with the reason.

use std::fmt;
use std::sync::Arc;

/// What a rule says about one candidate.
///
/// A verdict is complete: a rejection explains itself without another call of the rule,
/// so filtering, an `explain` command and the matching of webhooks share one piece of code.
///
/// ```
/// use selection_strategies::{Rejection, Verdict};
///
/// let verdict = Verdict::Rejected(Rejection::NotSemver { strict: true });
/// assert!(!verdict.is_accepted());
/// assert_eq!(verdict.to_string(), "not a semantic version in the strict sense (major.minor.patch)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Every rule accepts the candidate.
    Accepted,
    /// A rule rejects the candidate, and this one was the first to do so.
    Rejected(Rejection),
}

impl Verdict {
    /// Whether the candidate was accepted.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted)
    }

    /// The reason for a rejection, `None` for an accepted candidate.
    pub fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Accepted => None,
            Self::Rejected(rejection) => Some(rejection),
        }
    }

    /// Turns the verdict into a `Result`, for use with `?`.
    ///
    /// # Errors
    ///
    /// The rejection, if the candidate was rejected.
    pub fn into_result(self) -> Result<(), Rejection> {
        match self {
            Self::Accepted => Ok(()),
            Self::Rejected(rejection) => Err(rejection),
        }
    }
}

impl From<Rejection> for Verdict {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<Result<(), Rejection>> for Verdict {
    fn from(result: Result<(), Rejection>) -> Self {
        match result {
            Ok(()) => Self::Accepted,
            Err(rejection) => Self::Rejected(rejection),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => formatter.write_str("accepted"),
            Self::Rejected(rejection) => rejection.fmt(formatter),
        }
    }
}

/// Why a candidate was rejected: the rule that decided, with what the user wrote.
///
/// `Display` gives a sentence for people that names the rule. The texts inside are the user's own
/// (a pattern, a constraint) or what the server offered; they are shared, so a rejection is
/// cheap to make and to clone even for a hundred thousand candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// An ignore rule names the candidate. Ignoring wins over allowing ([rule 3.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    IgnoredBy {
        /// The first ignore rule, in the order of the manifest, that applies.
        rule: IgnoreRule,
    },
    /// There is a list of allowed patterns, and none of them matches ([rule 3.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    NotAllowed,
    /// The name is not the one that a `Digest` subscription asks for ([rule 3.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    NotTheTag {
        /// The tag of the subscription.
        tag: Arc<str>,
    },
    /// The name is not a semantic version ([rules 2.2, 2.3 and 2.11](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    NotSemver {
        /// Whether major, minor and patch were all required.
        strict: bool,
    },
    /// The tag of a chart in a registry begins with `v`, and is a version without it ([rule 2.11](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    /// [`Strictness::Strict`](crate::Strictness) accepts it, as `acceptV` of a subscription and `accept_v` of a source's builder do.
    LeadingV,
    /// The same of a version that the constraint excludes without the `v`, too.
    LeadingVOutsideConstraint {
        /// The constraint as it was written.
        constraint: Arc<str>,
    },
    /// The tag of a chart in a registry has a second `_`; each stands for a `+`, and a version has one ([rule 2.11](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    SecondUnderscore,
    /// The index of a chart repository does not list the chart ([rule 5.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    NotListed {
        /// The chart, as the subscription names it.
        chart: Arc<str>,
        /// Charts with a similar name that it lists.
        similar: Vec<String>,
        /// The charts that it lists, if these are few and none has a similar name.
        listed: Vec<String>,
    },
    /// The registry has no tag of the name that a `Digest` subscription asks for ([rule 3.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    NoSuchTag {
        /// The tag of the subscription.
        tag: Arc<str>,
        /// Tags with a similar name that it has.
        similar: Vec<String>,
    },
    /// The version lies outside the constraint ([rules 2.6 to 2.10](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    OutsideConstraint {
        /// The constraint, as written.
        constraint: Arc<str>,
    },
    /// The image does not exist for the platform ([rule 3.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    Platform {
        /// The platform of the subscription, as written.
        platform: Arc<str>,
        /// The platforms that the image has, each as `os/arch[/variant]`; empty if it states none.
        offered: Vec<String>,
    },
    /// The tag does not name a container image ([rule 3.10](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    NotAnImage {
        /// What it is, as a phrase that precedes ", not an image": `a Helm chart`.
        what: Arc<str>,
    },
    /// The expression filter answered false ([rule 4.6](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    FilteredByExpression {
        /// The expression, as written.
        expression: Arc<str>,
    },
    /// No changed path is included and not excluded ([rule 4.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    NoMatchingPath,
    /// No changed path is included, but one would be if the case of letters did not count ([rule 4.4](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Its rule
    /// is that of [`NoMatchingPath`](Self::NoMatchingPath).
    PathInOtherCase {
        /// The selector, as written.
        selector: Arc<str>,
        /// The path that was changed, or a folder above it, as far as the selector names it.
        path: Arc<str>,
    },
    /// The commit is older than the subscription's `since` ([rule 4.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    OlderThanSince,
    /// Every rule accepts it, but better candidates fill the limit ([rule 3.8](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    BeyondLimit {
        /// The limit that was in force.
        limit: usize,
    },
    /// Every rule accepts it, but it does not say when it was built, so that candidates that do, or whose tags come first, fill the
    /// limit ([rule 3.5](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    Undated {
        /// The limit that was in force.
        limit: usize,
    },
    /// Every rule accepts it, and it was built at the same time as the last candidate that was taken, whose tag is the later one in the order of bytes ([rule 3.5](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    SameBuildTime {
        /// The limit that was in force.
        limit: usize,
    },
    /// What the rule needs to know could not be read: a manifest that does not exist any more, a
    /// tag on something that is not a commit ([rules 3.8 and 4.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    Unreadable {
        /// What was wrong, as a phrase that follows "unreadable: ".
        reason: Arc<str>,
    },
    /// A rule of another program: that of a source that an embedder writes. Made by [`Rejection::other`].
    #[non_exhaustive]
    Other {
        /// The rule as one word for programs, such as `notSigned`.
        rule: Arc<str>,
        /// The reason in words.
        reason: Arc<str>,
    },
}

impl Rejection {
    /// The words that [`rule`](Self::rule) returns, in the order in which a source asks the rules; a rule of [another](Self::Other) program has its own.
    pub const RULES: [&'static str; 13] = [
        "notListed",
        "ignored",
        "notAllowed",
        "notTheTag",
        "notSemver",
        "outsideConstraint",
        "platform",
        "notAnImage",
        "unreadable",
        "expression",
        "noMatchingPath",
        "olderThanSince",
        "beyondLimit",
    ];

    /// What a tag is that names a Helm chart: the text of [`NotAnImage`](Self::NotAnImage).
    pub const HELM_CHART: &'static str = "a Helm chart";

    /// A rejection by a rule of another program: the rule as one word, and the reason in words, which starts in lower case and has no
    /// full stop.
    ///
    /// ```
    /// use selection_strategies::Rejection;
    ///
    /// let why = Rejection::other("notSigned", "no signature of the release team");
    /// assert_eq!((why.rule(), why.to_string().as_str()), ("notSigned", "no signature of the release team"));
    /// ```
    pub fn other(rule: impl Into<Arc<str>>, reason: impl Into<Arc<str>>) -> Self {
        Self::Other { rule: rule.into(), reason: reason.into() }
    }

    /// The rejection of a tag whose name Git forbids ([`is_git_reference`](crate::is_git_reference)): only a broken or hostile server has one.
    #[must_use]
    pub fn forbidden_git_name() -> Self {
        Self::Unreadable { reason: "Git allows no tag of this name".into() }
    }

    /// The rule that decided, as one word for programs: one of [`RULES`](Self::RULES), or the word of an [`Other`](Self::Other) rule.
    pub fn rule(&self) -> &str {
        match self {
            Self::IgnoredBy { .. } => "ignored",
            Self::NotAllowed => "notAllowed",
            Self::NotTheTag { .. } => "notTheTag",
            Self::NotSemver { .. }
            | Self::LeadingV
            | Self::LeadingVOutsideConstraint { .. }
            | Self::SecondUnderscore => "notSemver",
            Self::NotListed { .. } | Self::NoSuchTag { .. } => "notListed",
            Self::OutsideConstraint { .. } => "outsideConstraint",
            Self::Platform { .. } => "platform",
            Self::NotAnImage { .. } => "notAnImage",
            Self::FilteredByExpression { .. } => "expression",
            Self::NoMatchingPath | Self::PathInOtherCase { .. } => "noMatchingPath",
            Self::OlderThanSince => "olderThanSince",
            Self::BeyondLimit { .. } | Self::Undated { .. } | Self::SameBuildTime { .. } => "beyondLimit",
            Self::Unreadable { .. } => "unreadable",
            Self::Other { rule, .. } => rule,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IgnoredBy { rule } => write!(formatter, "ignored by the {rule}"),
            Self::NotAllowed => formatter.write_str("matches none of the allowed patterns"),
            Self::NotTheTag { tag } => write!(formatter, "not the tag {tag:?}"),
            Self::NotSemver { strict: true } => {
                formatter.write_str("not a semantic version in the strict sense (major.minor.patch)")
            }
            Self::NotSemver { strict: false } => formatter.write_str("not a semantic version"),
            Self::LeadingV => formatter.write_str(
                "a semantic version, but the tag of a chart in a registry carries no `v` (`acceptV: true` in its subscription accepts it)",
            ),
            Self::LeadingVOutsideConstraint { constraint } => write!(
                formatter,
                "has a leading `v`, and is outside the constraint {constraint:?} without it, too"
            ),
            Self::SecondUnderscore => formatter.write_str(
                "has a second `_`: in the tag of a chart each `_` stands for a `+`, and a version has at most one",
            ),
            Self::NotListed { chart, similar, listed } => {
                write!(formatter, "the index has no chart `{chart}`")?;
                match listed.as_slice() {
                    [] => write_similar(formatter, similar),
                    listed => write!(formatter, ", only `{}`", listed.join("`, `")),
                }
            }
            Self::NoSuchTag { tag, similar } => {
                write!(formatter, "there is no tag `{tag}`")?;
                write_similar(formatter, similar)
            }
            Self::OutsideConstraint { constraint } => {
                write!(formatter, "outside the constraint {constraint:?}")
            }
            Self::Platform { platform, offered } if offered.is_empty() => {
                write!(formatter, "not built for platform {platform}: it names no platform")
            }
            Self::Platform { platform, offered } => {
                write!(formatter, "not built for platform {platform}, only for {}", offered.join(", "))
            }
            Self::NotAnImage { what } => write!(formatter, "{what}, not an image"),
            Self::FilteredByExpression { expression } => {
                write!(formatter, "filtered out by the expression {expression:?}")
            }
            Self::NoMatchingPath => formatter.write_str("no changed path is selected"),
            Self::PathInOtherCase { selector, path } => {
                write!(formatter, "no changed path is selected: {path:?} differs from {selector:?} in the case of its letters")
            }
            Self::OlderThanSince => formatter.write_str("older than the subscription's `since`"),
            Self::BeyondLimit { limit: 1 } => {
                formatter.write_str("beyond the limit: one better candidate fills it")
            }
            Self::BeyondLimit { limit } => {
                write!(formatter, "beyond the limit: {limit} better candidates fill it")
            }
            Self::Undated { limit } => {
                write!(formatter, "beyond the limit of {limit}: does not say when it was built")
            }
            Self::SameBuildTime { limit } => write!(
                formatter,
                "beyond the limit of {limit}: built at the same time as the last one taken, whose tag is the later one in the order of bytes"
            ),
            Self::Unreadable { reason } => write!(formatter, "unreadable: {reason}"),
            Self::Other { reason, .. } => formatter.write_str(reason),
        }
    }
}

fn write_similar(formatter: &mut fmt::Formatter<'_>, similar: &[String]) -> fmt::Result {
    match similar {
        [] => Ok(()),
        similar => write!(formatter, "; similar: `{}`", similar.join("`, `")),
    }
}

/// One rule of a list of names to ignore.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IgnoreRule {
    /// A literal name (`ignoreTags`).
    Literal(Arc<str>),
    /// A regular expression in Go's syntax (`ignoreTagsRegexes`).
    Regex(Arc<str>),
}

impl IgnoreRule {
    /// The rule as the user wrote it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Literal(text) | Self::Regex(text) => text,
        }
    }
}

impl fmt::Display for IgnoreRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => write!(formatter, "tag {text:?} of the ignore list"),
            Self::Regex(text) => write!(formatter, "pattern {text:?}"),
        }
    }
}
