//! Patterns for tags as other tools write them: they parse as regular expressions, and match no tag, or others than were meant.

use go_compat::GoRegex;

use crate::decode::remedy::alphabet::{self, TagKind};
use crate::decode::remedy::pattern::{self, List};
use crate::decode::remedy::placeholder::{placeholder_in_pattern, unfilled};
use crate::decode::remedy::style::Style;
use crate::diagnostic::Help;

/// Quotation marks, straight and curly.
const QUOTES: &[char] = &['"', '\'', '“', '”', '‘', '’', '„'];

/// A pattern for tags that another tool reads as it was meant, and that is another one here, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignPattern {
    reason: String,
    meant: Option<String>,
    remedy: Option<&'static str>,
    excludes: bool,
    matches_nothing: bool,
    is_placeholder: bool,
}

/// What to do about a pattern of which nothing says what was meant.
const WRITE_PATTERN: &str = r"write the pattern, such as '^v1\.', or delete it";

impl ForeignPattern {
    /// What a pattern for Git tags that parses was meant as in another tool; `None` if it is one of ours.
    pub fn of(pattern: &str) -> Option<Self> {
        Self::of_kind(TagKind::Git, pattern)
    }

    /// The same of a pattern for tags of images, which consist of letters, digits, `_`, `.` and `-`.
    ///
    /// ```
    /// use warehouse_spec::ForeignPattern;
    ///
    /// let found = ForeignPattern::of_image("^refs/tags/v").ok_or("none")?;
    /// assert!(found.matches_nothing());
    /// assert_eq!(found.meant(), Some("^v"));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn of_image(pattern: &str) -> Option<Self> {
        Self::of_kind(TagKind::Image, pattern)
    }

    pub(crate) fn of_kind(kind: TagKind, pattern: &str) -> Option<Self> {
        if pattern.trim().is_empty() {
            return Some(Self::not_known("an empty pattern matches every tag", WRITE_PATTERN));
        }
        if let Some(part) = placeholder_in_pattern(pattern) {
            let reason = format!("`{part}` in a pattern is a placeholder, and no tag has such characters");
            let remedy = unfilled("", part).unwrap_or("write the real value in its place");
            // One alternative of several says nothing of the others.
            let matches_nothing = !pattern.contains('|');
            return Some(Self { matches_nothing, is_placeholder: true, ..Self::not_known(reason, remedy) });
        }
        let rest = pattern.trim_start_matches(['!', ' ']);
        if pattern.starts_with('!') && !rest.is_empty() {
            let meant =
                Self::of_kind(kind, rest).and_then(|found| found.meant).unwrap_or_else(|| rest.to_owned());
            let found =
                Self::matching_nothing("`!` is a part of the pattern, and leaves nothing out", meant)?;
            return Some(Self { excludes: true, ..found });
        }
        if let Some((prefix, rest)) = prefixed(pattern) {
            let meant = if prefix == "glob" { pattern::regex_of_shell(rest) } else { rest.to_owned() };
            let reason = format!("`{prefix}:` is a part of the pattern, and no tag has a colon");
            return Self::matching_nothing(&reason, meant);
        }
        if let Some(found) = Self::with_odd_ends(pattern) {
            return Some(found);
        }
        let slashes = between_slashes(pattern).and_then(|meant| {
            Self::matching_nothing("the slashes around the pattern are a part of it", meant)
        });
        if slashes.is_some() {
            return slashes;
        }
        if has_backslash(pattern) {
            let reason = "`\\\\` stands for a backslash, and no tag has one";
            return Self::matching_nothing(reason, pattern.replace("\\\\", "\\"));
        }
        if let Some(found) =
            Self::beyond_tags(kind, pattern).or_else(|| Self::with_empty_alternative(pattern))
        {
            return Some(found);
        }
        let repeats_letter = pattern.match_indices('*').any(|(at, _)| {
            pattern[..at]
                .ends_with(|before: char| before.is_ascii_alphanumeric() || matches!(before, '-' | '_'))
        });
        let is_shell = pattern::is_of_shell(pattern) && repeats_letter && !pattern.contains(".*");
        is_shell.then(|| {
            let reason = format!(
                "`{pattern}` is read as a regular expression, in which `*` repeats the character before it, or leaves it out"
            );
            Self::meaning(reason, pattern::regex_of_shell(pattern))
        })
    }

    /// A pattern that begins or ends with what no tag has there. One alternative of several says nothing of the others.
    fn with_odd_ends(pattern: &str) -> Option<Self> {
        if pattern.contains('|') {
            return None;
        }
        let bare = pattern.trim_matches(QUOTES);
        if bare.len() + 1 < pattern.len() && pattern.starts_with(QUOTES) && pattern.ends_with(QUOTES) {
            let reason = "the quotation marks in the pattern are a part of it, and no tag has any";
            return Self::matching_nothing(reason, bare.to_owned());
        }
        let is_repeated = pattern.trim_start().starts_with(['*', '?', '{']);
        if pattern.trim() != pattern && !is_repeated && !pattern.ends_with("\\ ") {
            let reason = "the blank at an end of the pattern is a part of it, and no tag has one";
            return Self::matching_nothing(reason, pattern.trim().to_owned());
        }
        let follows = |rest: &str| rest.starts_with(|first: char| first.is_ascii_alphanumeric());
        pattern.strip_prefix('$').is_some_and(follows).then(|| {
            let reason = "`$` is the end of the tag, and nothing follows it";
            Self { matches_nothing: true, ..Self::not_known(reason, WRITE_PATTERN) }
        })
    }

    /// A pattern that needs a character that no tag has.
    fn beyond_tags(kind: TagKind, pattern: &str) -> Option<Self> {
        let needed = kind.needed_by(pattern)?;
        let of = if kind == TagKind::Image { " of an image" } else { "" };
        let reason = format!("it needs {}, which no tag{of} has", alphabet::shown(needed));
        let found = match kind.meant_by_pattern(pattern) {
            Some(meant) => Self::meaning(reason, meant),
            None => Self::not_known(reason, WRITE_PATTERN),
        };
        Some(Self { matches_nothing: true, ..found })
    }

    /// A pattern one of whose alternatives is empty, as in `a|`.
    fn with_empty_alternative(pattern: &str) -> Option<Self> {
        let parts = pattern::alternatives(pattern);
        let filled: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
        if filled.len() == parts.len() {
            return None;
        }
        let (reason, meant) = ("an empty alternative matches every tag", filled.join("|"));
        Some(match is_regex(&meant) {
            true => Self::meaning(reason, meant),
            false => Self::not_known(reason, WRITE_PATTERN),
        })
    }

    fn matching_nothing(reason: &str, meant: String) -> Option<Self> {
        is_regex(&meant).then(|| Self { matches_nothing: true, ..Self::meaning(reason, meant) })
    }

    fn meaning(reason: impl Into<String>, meant: String) -> Self {
        Self { meant: Some(meant), ..Self::of_reason(reason) }
    }

    fn not_known(reason: impl Into<String>, remedy: &'static str) -> Self {
        Self { remedy: Some(remedy), ..Self::of_reason(reason) }
    }

    fn of_reason(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            meant: None,
            remedy: None,
            excludes: false,
            matches_nothing: false,
            is_placeholder: false,
        }
    }

    /// Why it is not what was meant, as a clause.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The regular expression that was meant, where that is known: not of an empty pattern, nor of `$main` and `${X}`.
    pub fn meant(&self) -> Option<&str> {
        self.meant.as_deref()
    }

    /// What to do where it is not known what was meant.
    pub fn remedy(&self) -> Option<&str> {
        self.remedy
    }

    /// Whether it was never filled in: `<name>`, `${NAME}`, `$(NAME)` or `{{ name }}`.
    pub fn is_placeholder(&self) -> bool {
        self.is_placeholder
    }

    /// Whether what [`meant`](Self::meant) matches was to be left out.
    pub fn excludes(&self) -> bool {
        self.excludes
    }

    /// Whether it matches no tag as it stands.
    pub fn matches_nothing(&self) -> bool {
        self.matches_nothing
    }

    /// What is wrong, and what to write in this list.
    pub(crate) fn explained(self, style: Style, list: List) -> (String, Help) {
        let help = match (&self.meant, self.excludes) {
            (None, _) => self.remedy.unwrap_or(WRITE_PATTERN).into(),
            (Some(meant), true) => {
                format!("write {} in `{}` instead of it", style.single_quoted(meant), list.opposite()).into()
            }
            (Some(meant), false) => {
                let form = style.single_quoted(meant);
                list.writing(meant, || Help::writing(format!("write {form}"), &*form).probable())
            }
        };
        let message = match self.matches_nothing && !self.excludes && !self.is_placeholder {
            true => format!("{}: the pattern matches no tag", self.reason),
            false => self.reason,
        };
        (message, help)
    }
}

fn is_regex(pattern: &str) -> bool {
    !pattern.is_empty() && GoRegex::new(pattern).is_ok()
}

/// The word of another tool before a colon, and what follows it.
fn prefixed(pattern: &str) -> Option<(&str, &str)> {
    let (prefix, rest) = pattern.split_once(':')?;
    matches!(prefix, "regexp" | "regex" | "re" | "glob").then(|| (prefix, rest.trim_start()))
}

/// What is between the slashes of `/^v1/`, with the flag `i` in the way of Go.
fn between_slashes(pattern: &str) -> Option<String> {
    let (inside, flags) = pattern.strip_prefix('/')?.rsplit_once('/')?;
    match flags {
        "" => Some(inside.to_owned()),
        "i" => Some(format!("(?i){inside}")),
        _ => None,
    }
}

/// Whether a pattern asks for a backslash, outside of a class.
fn has_backslash(pattern: &str) -> bool {
    let (mut letters, mut in_class) = (pattern.chars(), false);
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.next() == Some('\\') && !in_class => return true,
            '[' => in_class = true,
            ']' => in_class = false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::ForeignPattern;

    #[test]
    fn patterns_of_ours() {
        for pattern in [
            "^v1",
            "1.26.*",
            "v?1",
            "[0-9]*",
            "^[a-z]+-\\d*$",
            "(a|b)*",
            "^v\\d+\\.\\d+$",
            "[\\\\.]",
            "release-.*",
            "^release-*$",
            "(?i:x)",
            "a/b/",
            "^v1.2*",
            r"^v1\$(a|b)",
            "^v1$(|-rc)",
            "(?P<x>a)",
        ] {
            assert_eq!(ForeignPattern::of(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn patterns_that_were_never_filled_in() {
        for (pattern, part, remedy) in [
            ("${X}", "${X}", "fill in the variable first, for example with `envsubst`"),
            ("^v${X}$", "${X}", "fill in the variable first, for example with `envsubst`"),
            ("$(X)", "$(X)", "fill in the variable first, for example with `envsubst`"),
            ("^$(TAG)-rc$", "$(TAG)", "fill in the variable first, for example with `envsubst`"),
            ("{{ x }}", "{{ x }}", "render the template first, for example with `helm template`"),
            ("<tag>", "<tag>", "put the real value in place of the <placeholder>"),
        ] {
            let found = ForeignPattern::of(pattern).unwrap();
            assert!(found.is_placeholder() && found.matches_nothing(), "{pattern}");
            assert!(found.reason().starts_with(&format!("`{part}` ")), "{}", found.reason());
            assert_eq!((found.meant(), found.remedy()), (None, Some(remedy)), "{pattern}");
        }
        assert!(!ForeignPattern::of("^v1|<tag>").unwrap().matches_nothing());
        let found = ForeignPattern::of("$main").unwrap();
        assert!(found.matches_nothing() && found.remedy().is_some());
    }
}
