//! Patterns for tags as other tools write them: they parse as regular expressions, and match no tag, or every one.

use go_compat::GoRegex;

use crate::decode::pattern::{self, List};
use crate::decode::style::Style;
use crate::diagnostic::Help;

/// What a pattern was written as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// `regexp:^v1` of Argo CD Image Updater, and other words before a colon, which no tag has.
    Prefixed { prefix: String, meant: String },
    /// `/^v1/` of Renovate and of JavaScript.
    Slashes { meant: String },
    /// `!^v`, which was meant to leave out.
    Negated { meant: String },
    /// `^\\d+`: a backslash, which no tag has, where an escape was meant.
    Backslashes { meant: String },
    /// `v*`, as a shell has it.
    Shell { pattern: String, meant: String },
    /// Nothing, which is found in every tag.
    Empty,
}

/// What a pattern that parses was meant as in another tool; `None` if it is one of ours.
pub(crate) fn check(pattern: &str) -> Option<Foreign> {
    if pattern.trim().is_empty() {
        return Some(Foreign::Empty);
    }
    let negated = pattern.strip_prefix('!').map(str::trim_start).filter(|rest| !rest.is_empty());
    if let Some(rest) = negated {
        let meant = check(rest).and_then(Foreign::into_meant).unwrap_or_else(|| rest.to_owned());
        return is_regex(&meant).then_some(Foreign::Negated { meant });
    }
    if let Some((prefix, rest)) = prefixed(pattern) {
        let meant = match prefix {
            "glob" => pattern::of_shell(rest),
            _ => rest.to_owned(),
        };
        return is_regex(&meant).then(|| Foreign::Prefixed { prefix: format!("{prefix}:"), meant });
    }
    if let Some(meant) = between_slashes(pattern).filter(|meant| is_regex(meant)) {
        return Some(Foreign::Slashes { meant });
    }
    if has_backslash(pattern) {
        let meant = pattern.replace("\\\\", "\\");
        return is_regex(&meant).then_some(Foreign::Backslashes { meant });
    }
    let repeats_letter = pattern.match_indices('*').any(|(at, _)| {
        pattern[..at].ends_with(|before: char| before.is_ascii_alphanumeric() || matches!(before, '-' | '_'))
    });
    let is_shell = pattern::is_of_shell(pattern) && repeats_letter && !pattern.contains(".*");
    is_shell.then(|| Foreign::Shell { pattern: pattern.to_owned(), meant: pattern::of_shell(pattern) })
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

impl Foreign {
    fn into_meant(self) -> Option<String> {
        match self {
            Self::Prefixed { meant, .. }
            | Self::Slashes { meant }
            | Self::Backslashes { meant }
            | Self::Shell { meant, .. } => Some(meant),
            Self::Negated { .. } | Self::Empty => None,
        }
    }

    /// What is wrong, and what to write in this list.
    pub(crate) fn explained(self, style: Style, list: List) -> (String, Help) {
        let message = match &self {
            Self::Prefixed { prefix, .. } => {
                format!(
                    "`{prefix}` is a part of the pattern, and no tag has a colon: the pattern matches no tag"
                )
            }
            Self::Slashes { .. } => {
                "the slashes around the pattern are a part of it: the pattern matches no tag".to_owned()
            }
            Self::Negated { .. } => "`!` is a part of the pattern, and leaves nothing out".to_owned(),
            Self::Backslashes { .. } => {
                "`\\\\` stands for a backslash, and no tag has one: the pattern matches no tag".to_owned()
            }
            Self::Shell { pattern, .. } => {
                format!(
                    "`{pattern}` is read as a regular expression, in which `*` repeats the character before it, or leaves it out"
                )
            }
            Self::Empty => "an empty pattern matches every tag".to_owned(),
        };
        let help = match self {
            Self::Negated { meant } => {
                format!("write {} in `{}` instead of it", style.single_quoted(&meant), list.opposite()).into()
            }
            Self::Empty => "write the pattern, such as '^v1\\.', or delete it".into(),
            other => match other.into_meant() {
                Some(meant) => {
                    let form = style.single_quoted(&meant);
                    Help::writing(format!("write {form}"), form).probable()
                }
                None => Help::default(),
            },
        };
        (message, help)
    }
}

#[cfg(test)]
mod tests {
    use super::check;

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
        ] {
            assert_eq!(check(pattern), None, "{pattern}");
        }
    }
}
