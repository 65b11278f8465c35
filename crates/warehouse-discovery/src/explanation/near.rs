//! What would have to change so that a rejected name fits: the constraint, the strictness, a pattern, or the name itself.

use selection_strategies::{
    Constraint, NameKind, Rejection, Strictness, TagFilter, TagRule, TagStrategy, VersionRef,
};
use warehouse_spec::{Subscription, SubscriptionKind, regex_of_shell};

use super::order::{Rank, Ranking};

/// How many names are compared with the relaxed patterns: patterns may be slow, and lists long.
const MOST_PROBED: u32 = 10_000;

/// The patterns of which one must match.
pub(super) fn allowed_patterns(subscription: &Subscription) -> &[String] {
    match &subscription.kind {
        SubscriptionKind::Image(image) => &image.allow_tags_regexes,
        SubscriptionKind::Git(git) => &git.allow_tags_regexes,
        _ => &[],
    }
}

/// The patterns of `allowTagsRegexes` as they are shown.
pub(super) fn shown_patterns(subscription: &Subscription) -> String {
    let patterns: Vec<_> =
        allowed_patterns(subscription).iter().map(|pattern| format!("{pattern:?}")).collect();
    patterns.join(", ")
}

/// A single change after which a rejected candidate would fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Near {
    /// The version is within the constraint but for its pre-release.
    Prerelease,
    /// The version lacks its minor or patch number.
    Incomplete,
    /// A number of the version begins with 0.
    LeadingZero,
    /// The version has a fourth number.
    FourthNumber,
    /// `_` stands in the place of `+`, which no tag may have.
    Underscore,
    /// This text stands before the version.
    Prefix(String),
    /// The tag of a chart begins with `v`.
    LeadingV,
    /// A relaxed pattern matches.
    Pattern(Relaxed),
}

/// Why a name is no version.
struct Flaw {
    near: Near,
    /// The version that it would be without the flaw.
    version: String,
}

/// How the patterns of `allowTagsRegexes` are relaxed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relaxed {
    /// The name may begin with `v`.
    WithV,
    /// The `v` before a number may be left out.
    WithoutV,
    /// `refs/tags/`, which is no part of the name of a tag, is left out.
    WithoutRefs,
    /// Upper and lower case are the same.
    AnyCase,
    /// `*` stands for any text, as in a shell.
    Glob,
    /// Other text may stand before what the pattern matches.
    OpenStart,
    /// Other text may stand behind it.
    OpenEnd,
    /// Other text may stand before and behind it.
    Unanchored,
}

/// The rule of a subscription, in forms that say what a rejected name lacks.
#[derive(Clone, Debug, Default)]
pub(super) struct Probes {
    rule: Option<TagRule>,
    ranking: Ranking,
    patterns: Vec<String>,
    /// The patterns alone, if there are any.
    allowed: Option<TagFilter>,
    relaxed: Vec<(Relaxed, TagFilter)>,
    /// The constraint that accepts pre-releases as well.
    with_prereleases: Option<Constraint>,
}

impl Probes {
    pub(super) fn of(subscription: &Subscription) -> Self {
        let patterns = allowed_patterns(subscription);
        // What is wrong with a rule is told by the discovery.
        let rule = subscription.tag_rule().ok().flatten();
        type Form = (Relaxed, fn(&str) -> String);
        let forms: [Form; 8] = [
            (Relaxed::WithV, with_v),
            (Relaxed::WithoutV, without_v),
            (Relaxed::WithoutRefs, without_refs),
            (Relaxed::AnyCase, |pattern| format!("(?i){pattern}")),
            (Relaxed::Glob, glob),
            (Relaxed::OpenEnd, |pattern| open_end(pattern).to_owned()),
            (Relaxed::OpenStart, |pattern| open_start(pattern).to_owned()),
            (Relaxed::Unanchored, |pattern| unanchored(pattern).to_owned()),
        ];
        let relaxed = forms.into_iter().filter_map(|(form, relax)| {
            let changed: Vec<String> = patterns.iter().map(|pattern| relax(pattern)).collect();
            if patterns.is_empty() || changed == patterns {
                return None;
            }
            Some((form, TagFilter::builder().allow_all(changed).build().ok()?))
        });
        let relaxed = relaxed.collect();
        let allowed = (!patterns.is_empty()).then(|| TagFilter::builder().allow_all(patterns).build().ok());
        let (patterns, allowed) = (patterns.to_vec(), allowed.flatten());
        let ranking = Ranking::of(subscription);
        let mut probes = Self { rule, ranking, patterns, allowed, relaxed, with_prereleases: None };
        probes.with_prereleases = probes.constraint().and_then(with_prereleases);
        probes
    }

    /// The constraint that accepts pre-releases as well, as it is written.
    pub(super) fn with_prereleases(&self) -> Option<&str> {
        self.with_prereleases.as_ref().map(Constraint::original)
    }

    /// Whether there are patterns, and one of them matches.
    pub(super) fn is_allowed(&self, name: &str) -> bool {
        self.allowed.as_ref().is_some_and(|allowed| allowed.allows(name))
    }

    /// What the strategy says of two names.
    pub(super) fn ranking(&self) -> Ranking {
        self.ranking
    }

    /// The rank of a name under the strategy.
    pub(super) fn rank(&self, name: &str) -> Rank {
        Rank::under(self.ranking, name)
    }

    /// How many of the rules about names exclude this one, of which `why` is the first.
    pub(super) fn excluding_rules(&self, name: &str, why: &Rejection) -> u8 {
        let is_no_match = || self.reads_versions() && !self.is_within(name);
        match why {
            Rejection::IgnoredBy { .. } => {
                let is_not_allowed = self.allowed.is_some() && !self.is_allowed(name);
                1 + u8::from(is_not_allowed) + u8::from(is_no_match())
            }
            Rejection::NotAllowed => 1 + u8::from(is_no_match()),
            Rejection::LeadingVOutsideConstraint { .. } => 2,
            _ => 1,
        }
    }

    fn reads_versions(&self) -> bool {
        self.rule().is_some_and(|rule| matches!(rule.strategy(), TagStrategy::SemVer { .. }))
    }

    /// The patterns that begin with `^`, each with `v` allowed before what it matches, as they are shown.
    pub(super) fn patterns_with_v(&self) -> String {
        let anchored = self.patterns.iter().filter(|pattern| pattern.starts_with('^'));
        anchored.map(|pattern| format!("`{}`", with_v(pattern))).collect::<Vec<_>>().join(", ")
    }

    /// The patterns in which a `v` stands before a number, each with the `v` left to be there or not, as they are shown.
    pub(super) fn patterns_without_v(&self) -> String {
        let changed = self.patterns.iter().map(|pattern| (pattern, without_v(pattern)));
        let changed = changed.filter(|(pattern, relaxed)| *pattern != relaxed);
        changed.map(|(_, relaxed)| format!("`{relaxed}`")).collect::<Vec<_>>().join(", ")
    }

    /// The patterns in which `refs/tags/` stands, each without it, as they are shown.
    pub(super) fn patterns_without_refs(&self) -> String {
        let changed = self.patterns.iter().map(|pattern| (pattern, without_refs(pattern)));
        let changed = changed.filter(|(pattern, relaxed)| *pattern != relaxed);
        changed.map(|(_, relaxed)| format!("`{relaxed}`")).collect::<Vec<_>>().join(", ")
    }

    /// The change after which this rejected name would fit. `probed` counts what was compared with patterns.
    pub(super) fn near(&self, name: &str, why: &Rejection, probed: &mut u32) -> Option<Near> {
        match why {
            Rejection::NotAllowed if *probed < MOST_PROBED => {
                *probed += 1;
                let fits = self.relaxed.iter().find(|(_, filter)| filter.allows(name));
                fits.filter(|_| !self.reads_versions() || self.is_within(name))
                    .map(|(form, _)| Near::Pattern(*form))
            }
            _ => self.near_as_version(name, why),
        }
    }

    /// The same for what was read as a version.
    fn near_as_version(&self, name: &str, why: &Rejection) -> Option<Near> {
        match why {
            Rejection::NotSemver { strict } => {
                let Flaw { near, version } = self.flaw(name, *strict)?;
                self.is_within(&version).then_some(near)
            }
            _ => self.lacks(name, why),
        }
    }

    /// What this rejected name lacks as a version. Of a name that is no version, it is a description of the name, whether the constraint would accept it or not.
    pub(super) fn lacks(&self, name: &str, why: &Rejection) -> Option<Near> {
        match why {
            Rejection::LeadingV => Some(Near::LeadingV),
            Rejection::OutsideConstraint { .. } => {
                let version = self.version(name, Strictness::Loose)?;
                let core = format!("{}.{}.{}", version.major(), version.minor(), version.patch());
                let is_accepted =
                    || self.with_prereleases.as_ref().is_some_and(|allowed| allowed.matches(version));
                let fits = !version.prerelease().is_empty() && self.is_within(&core) && is_accepted();
                fits.then_some(Near::Prerelease)
            }
            Rejection::NotSemver { strict } => Some(self.flaw(name, *strict)?.near),
            _ => None,
        }
    }

    /// Why a name is no version, if a single change makes it one.
    fn flaw(&self, name: &str, strict: bool) -> Option<Flaw> {
        let flaw = |near, version: &str| Some(Flaw { near, version: version.to_owned() });
        let is_version = |text: &str| VersionRef::parse_with(text, Strictness::Loose).is_ok();
        if strict && self.version(name, Strictness::Loose).is_some() {
            let is_zero = without_leading_zeros(name).is_some();
            return flaw(if is_zero { Near::LeadingZero } else { Near::Incomplete }, name);
        }
        if let Some(plain) = without_leading_zeros(name).filter(|plain| is_version(plain)) {
            return flaw(Near::LeadingZero, &plain);
        }
        if let Some(shorter) = without_fourth_number(name).filter(|shorter| is_version(shorter)) {
            return flaw(Near::FourthNumber, &shorter);
        }
        if let Some(plus) = with_plus(name).filter(|plus| is_version(plus)) {
            return flaw(Near::Underscore, &plus);
        }
        let start = name.find(|letter: char| letter.is_ascii_digit())?;
        let (mut prefix, mut rest) = name.split_at_checked(start).filter(|(prefix, _)| !prefix.is_empty())?;
        // Letters and digits may alternate: `k8s-1.2.3`.
        while !rest.contains('.') || self.version(rest, Strictness::Loose).is_none() {
            let (_, later) = rest.split_once(['-', '_', '/'])?;
            let length = name.len().checked_sub(later.len())?;
            (prefix, rest) = name.split_at_checked(length)?;
        }
        flaw(Near::Prefix(prefix.to_owned()), rest)
    }

    fn version<'n>(&self, name: &'n str, strictness: Strictness) -> Option<VersionRef<'n>> {
        match self.rule.as_ref().map(TagRule::kind) {
            Some(NameKind::OciChart) => VersionRef::parse_oci_tag(name, strictness).ok(),
            _ => VersionRef::parse_with(name, strictness).ok(),
        }
    }

    /// The constraint of the rule, if it has one.
    pub(super) fn constraint(&self) -> Option<&Constraint> {
        match self.rule.as_ref()?.strategy() {
            TagStrategy::SemVer { constraint, .. } => constraint.as_ref(),
            _ => None,
        }
    }

    /// Whether a text is a version within the constraint.
    fn is_within(&self, text: &str) -> bool {
        let version = VersionRef::parse_with(text, Strictness::Loose);
        version.is_ok_and(|version| self.constraint().is_none_or(|allowed| allowed.matches(version)))
    }

    /// The rule over names; none for the commits of a branch and for generic subscriptions.
    pub(super) fn rule(&self) -> Option<&TagRule> {
        self.rule.as_ref()
    }
}

/// A pattern without `^` at its start and `$` at its end.
fn unanchored(pattern: &str) -> &str {
    open_end(open_start(pattern))
}

/// A pattern without `^` at its start.
fn open_start(pattern: &str) -> &str {
    pattern.strip_prefix('^').unwrap_or(pattern)
}

/// A pattern without `$` at its end.
fn open_end(pattern: &str) -> &str {
    match pattern.strip_suffix('$') {
        Some(open) if !open.ends_with('\\') => open,
        _ => pattern,
    }
}

/// The constraint with `-0` behind each version.
fn with_prereleases(constraint: &Constraint) -> Option<Constraint> {
    let mut text = String::new();
    for word in constraint.original().split_inclusive([' ', ',', '|']) {
        let end = word.trim_end_matches([' ', ',', '|']).len();
        let (version, rest) = word.split_at_checked(end)?;
        text.push_str(version);
        let is_version = version.ends_with(|letter: char| {
            letter.is_ascii_digit() || letter == 'x' || letter == 'X' || letter == '*'
        });
        if is_version && !version.contains('-') {
            text.push_str("-0");
        }
        text.push_str(rest);
    }
    Constraint::parse(&text).ok()
}

/// A pattern of which the first letter may be preceded by `v`.
fn with_v(pattern: &str) -> String {
    match pattern.strip_prefix('^') {
        Some(rest) if rest.contains('|') => format!("^v?(?:{rest})"),
        Some(rest) => format!("^v?{rest}"),
        None => pattern.to_owned(),
    }
}

/// A pattern in which each `v` before a number is left to be there or not: `^v?1` for `^v1`.
fn without_v(pattern: &str) -> String {
    let mut relaxed = String::with_capacity(pattern.len() + 4);
    let mut last = None;
    for (at, letter) in pattern.char_indices() {
        relaxed.push(letter);
        let rest = pattern.get(at + letter.len_utf8()..).unwrap_or_default();
        // What begins a word, also in a group or an alternative, and is not an escape such as `\v`.
        let begins = matches!(last, None | Some('^' | '(' | '|' | ':'));
        let is_number = rest
            .starts_with(|next: char| next.is_ascii_digit() || matches!(next, '[' | '(' | '.'))
            || rest.starts_with("\\d");
        if matches!(letter, 'v' | 'V') && begins && is_number {
            relaxed.push('?');
        }
        last = Some(letter);
    }
    relaxed
}

/// A pattern without `refs/tags/`.
fn without_refs(pattern: &str) -> String {
    pattern.replacen("refs/tags/", "", 1)
}

/// The pattern that a shell's pattern with anchors stands for, if this is one: `*` follows something that is not repeated on purpose.
fn glob(pattern: &str) -> String {
    let body = unanchored(pattern);
    if body.contains(".*") || body.contains(['(', '[', '{', '\\', '+', '?', '|']) || !body.contains('*') {
        return pattern.to_owned();
    }
    regex_of_shell(body)
}

/// The version with the zeros removed that begin its numbers; `None` if there are none.
fn without_leading_zeros(name: &str) -> Option<String> {
    let (v, rest) = match name.strip_prefix('v') {
        Some(rest) => ("v", rest),
        None => ("", name),
    };
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
    let (numbers, tail) = rest.split_at_checked(end)?;
    let plain = numbers.split('.').map(|number| match number.trim_start_matches('0') {
        "" if !number.is_empty() => "0",
        number => number,
    });
    let plain = plain.collect::<Vec<_>>().join(".");
    (plain != numbers).then(|| format!("{v}{plain}{tail}"))
}

/// The version with `+` in the place of the first `_`; `None` if it has none.
fn with_plus(name: &str) -> Option<String> {
    name.contains('_').then(|| name.replacen('_', "+", 1))
}

/// The version without its fourth number: `1.2.3.4` to `1.2.3`. `None` if it has none.
fn without_fourth_number(name: &str) -> Option<String> {
    let mut dots = name.match_indices('.');
    let third = dots.nth(2)?.0;
    let (shorter, fourth) = name.split_at_checked(third)?;
    let is_number =
        fourth.get(1..).is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()));
    is_number.then(|| shorter.to_owned())
}

#[cfg(test)]
mod tests {
    use warehouse_spec::ImageSubscription;

    use super::*;

    fn image(edit: impl FnOnce(&mut ImageSubscription)) -> Probes {
        let mut image = ImageSubscription::new("ghcr.io/example/app");
        edit(&mut image);
        Probes::of(&Subscription::new(image))
    }

    #[track_caller]
    fn check(probes: &Probes, name: &str, expected: Option<Near>) {
        let why = probes.rule().unwrap().judge(name).into_result().unwrap_err();
        assert_eq!(probes.near(name, &why, &mut 0), expected, "{name}: {why}");
    }

    #[test]
    fn what_versions_lack() {
        let probes = image(|image| image.constraint = Some("^1.0.0".to_owned()));
        check(&probes, "1.1.0-rc.1", Some(Near::Prerelease));
        check(&probes, "2.0.0-rc.1", None);
        check(&probes, "2.0.0", None);
        check(&probes, "v1.2", Some(Near::Incomplete));
        check(&probes, "2.2", None);
        check(&probes, "1.02.3", Some(Near::LeadingZero));
        check(&probes, "1.2.3.4", Some(Near::FourthNumber));
        check(&probes, "app-1.2.3", Some(Near::Prefix("app-".to_owned())));
        check(&probes, "k8s-1.2.3", Some(Near::Prefix("k8s-".to_owned())));
        check(&probes, "app-2.2.3", None);
        check(&probes, "1.2.3_build.1", Some(Near::Underscore));
        check(&probes, "latest", None);
        check(&probes, "\u{fc}1", None);
        check(&probes, "main-4f2a9c1", None);
    }

    #[test]
    fn a_pre_release_is_near_only_where_the_constraint_with_zero_accepts_it() {
        for (constraint, expected) in [
            ("1.0.0", None),
            ("=1.0.0", None),
            ("~1.0.0", Some(Near::Prerelease)),
            (">=1.0.0 <2.0.0", Some(Near::Prerelease)),
            (">=1.0.0-beta <2.0.0", None),
            (">=0.9.0 <2.0.0", Some(Near::Prerelease)),
        ] {
            let probes = image(|image| image.constraint = Some(constraint.to_owned()));
            check(&probes, "1.0.0-alpine", expected);
        }
    }

    #[test]
    fn what_patterns_are_too_strict_for() {
        let with = |pattern: &str| {
            image(|image| {
                image.image_selection_strategy = selection_strategies::ImageSelectionStrategy::Lexical;
                image.allow_tags_regexes = vec![pattern.to_owned()];
            })
        };
        check(&with("^[0-9]"), "v1.2.3", Some(Near::Pattern(Relaxed::WithV)));
        check(&with("^v1"), "1.2.3", Some(Near::Pattern(Relaxed::WithoutV)));
        check(&with("^(v[0-9]+|x)"), "1.2.3", Some(Near::Pattern(Relaxed::WithoutV)));
        check(&with(r"v\d"), "1.2.3", Some(Near::Pattern(Relaxed::WithoutV)));
        check(&with("^v2"), "1.2.3", None);
        assert_eq!(with("^v1|^v2|^x").patterns_without_v(), "`^v?1|^v?2|^x`");
        check(&with("^Release-"), "release-1", Some(Near::Pattern(Relaxed::AnyCase)));
        check(&with("^main-*$"), "main-4f2a9c1", Some(Near::Pattern(Relaxed::Glob)));
        check(&with("^1\\.2$"), "1.2.3", Some(Near::Pattern(Relaxed::OpenEnd)));
        check(&with("^2\\.3"), "1.2.3", Some(Near::Pattern(Relaxed::OpenStart)));
        check(&with("^2$"), "1.2.3", Some(Near::Pattern(Relaxed::Unanchored)));
        assert_eq!(with("^[0-9]+|x$").patterns_with_v(), "`^v?(?:[0-9]+|x$)`");
        check(&with("^9"), "1.2.3", None);
    }
}
