//! Patterns of `allowTagsRegexes`, also as other tools read them. Here, a pattern is a regular expression and nothing else.

use warehouse_spec::{Subscription, SubscriptionKind};

/// A pattern of another tool.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    /// Why it can match nothing here: a clause that follows a colon.
    pub(super) what: &'static str,
    /// The regular expression that was meant.
    pub(super) remedy: String,
    /// Whether what it matches was to be left out.
    pub(super) is_negated: bool,
}

/// The patterns of which one must match.
pub(super) fn allowed_patterns(subscription: &Subscription) -> &[String] {
    match &subscription.kind {
        SubscriptionKind::Image(image) => &image.allow_tags_regexes,
        SubscriptionKind::Git(git) => &git.allow_tags_regexes,
        _ => &[],
    }
}

/// What this pattern is in another tool; `None` for one that may match a tag.
pub(super) fn pattern(text: &str) -> Option<Foreign> {
    let (is_negated, rest) = match text.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mut what, mut remedy) = match rest.split_once(':') {
        // Argo CD Image Updater.
        Some(("regexp" | "regex", rest)) => {
            ("the prefix is read as a part of the regular expression", rest.to_owned())
        }
        Some(("glob", rest)) => ("the prefix is read as a part of a regular expression", as_regex(rest)),
        _ => match between_slashes(rest) {
            // Renovate.
            Some(body) => ("the slashes are read as a part of the regular expression", body),
            None => ("", rest.to_owned()),
        },
    };
    // In a pattern with one such pair, each is one: they come from a language whose texts have escapes.
    if remedy.contains("\\\\") {
        remedy = remedy.replace("\\\\", "\\");
        what = "`\\\\` stands for a backslash in the tag";
    }
    if is_negated {
        what = "`!` is read as a part of the regular expression, and does not reverse it";
    }
    (!what.is_empty()).then_some(Foreign { what, remedy, is_negated })
}

/// The pattern in `/.../` or `/.../i`.
fn between_slashes(text: &str) -> Option<String> {
    let (body, flags) = text.strip_prefix('/')?.rsplit_once('/')?;
    match flags {
        _ if body.is_empty() => None,
        "" => Some(body.to_owned()),
        "i" => Some(format!("(?i){body}")),
        _ => None,
    }
}

/// The regular expression of a shell's pattern.
fn as_regex(shell: &str) -> String {
    let escaped = shell.replace('.', "\\.");
    format!("^{}$", escaped.replace('*', ".*").replace('?', "."))
}

#[cfg(test)]
mod tests {
    use selection_strategies::TagFilter;

    use super::*;

    /// Each remedy lets through what was meant, and the pattern as it stands lets nothing through.
    #[test]
    fn what_other_tools_read_and_what_was_meant() {
        for (text, remedy, is_negated, meant, other) in [
            ("regexp:^v1", "^v1", false, "v1.2.0", "1.2.0"),
            ("regex:^v1", "^v1", false, "v1.2.0", "1.2.0"),
            ("/^1\\./", "^1\\.", false, "1.2.0", "v1.2.0"),
            ("/^rel/i", "(?i)^rel", false, "REL-1", "1.2.0"),
            ("!^v", "^v", true, "1.2.0", "v1.2.0"),
            ("!/^v/", "^v", true, "1.2.0", "v1.2.0"),
            ("^\\\\d+\\\\.", "^\\d+\\.", false, "1.2.0", "v1.2.0"),
            ("glob:v1.*", "^v1\\..*$", false, "v1.2.0", "v1"),
            ("glob:v1.2", "^v1\\.2$", false, "v1.2", "v1.2.0"),
        ] {
            let found = pattern(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((found.remedy.as_str(), found.is_negated), (remedy, is_negated), "{text}");
            let filter = TagFilter::builder();
            let filter = if is_negated { filter.ignore(remedy) } else { filter.allow(remedy) };
            let filter = filter.build().unwrap();
            assert!(filter.allows(meant) && !filter.allows(other), "{text}");
            let as_it_stands = TagFilter::builder().allow(text).build().unwrap();
            assert!(!as_it_stands.allows(meant) && !as_it_stands.allows(other), "{text}");
        }
        for text in ["", "^v1", "^release/v1/", "/", "//", "^1\\.2", "a:b", "^(v|!)1", "v*"] {
            assert_eq!(pattern(text), None, "{text}");
        }
    }
}
