//! Whether a pattern says to which host a credential goes.

use go_compat::GoRegex;

/// Why a pattern matches hosts that its author did not name, to follow "has a `repoURL` that ..."; `None` if nothing is found.
///
/// It finds patterns that are not anchored at their beginning, and those that let the name of the host go on.
pub(super) fn weakness(pattern: &GoRegex) -> Option<&'static str> {
    let text = without_flags(pattern.as_str());
    if !is_anchored(text) {
        return Some("is not anchored: it matches the URL of any host that has this text in its path");
    }
    let goes_on = literal_prefixes(text).iter().any(|prefix| {
        let (scheme, host) = prefix.split_once("://").unwrap_or(("", prefix));
        let is_open =
            !host.is_empty() && !host.contains(['/', '@']) && (!scheme.is_empty() || host.contains('.'));
        is_open
            && [".example.invalid/a", ".example.invalid/a/b"]
                .iter()
                .any(|rest| pattern.is_match(&format!("{prefix}{rest}")))
    });
    goes_on.then_some("does not end the name of the host: it matches longer names, which anyone may register")
}

/// The pattern behind flags for all of it, such as `(?i)`.
fn without_flags(pattern: &str) -> &str {
    match pattern.strip_prefix("(?").and_then(|rest| rest.split_once(')')) {
        Some((flags, rest)) if flags.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-') => rest,
        _ => pattern,
    }
}

/// Whether each alternative begins with `^` or `\A`, also within a group.
fn is_anchored(pattern: &str) -> bool {
    alternatives(pattern).into_iter().all(|alternative| {
        if alternative.starts_with('^') || alternative.starts_with(r"\A") {
            return true;
        }
        let Some((inner, rest)) = group(alternative) else { return false };
        !rest.starts_with(['?', '*', '{']) && is_anchored(inner)
    })
}

/// The parts between the `|` that are in no group and no class.
fn alternatives(pattern: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut depth = 0_usize;
    for (at, letter) in plain_letters(pattern) {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => {
                parts.extend(pattern.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(pattern.get(start..));
    parts
}

/// The content of the group at the beginning, and what follows it.
fn group(pattern: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, letter) in plain_letters(pattern) {
        match letter {
            '(' => depth += 1,
            ')' if depth == 1 => {
                let inner = pattern.get(1..at)?;
                // `?:`, or a name.
                let inner = match inner.strip_prefix('?') {
                    Some(kind) => kind.strip_prefix(':').or_else(|| Some(kind.split_once('>')?.1))?,
                    None => inner,
                };
                return Some((inner, pattern.get(at + 1..)?));
            }
            ')' => depth = depth.saturating_sub(1),
            _ if at == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The letters that are not escaped and in no class, with their positions.
fn plain_letters(pattern: &str) -> impl Iterator<Item = (usize, char)> {
    let mut letters = pattern.char_indices();
    let mut in_class = false;
    std::iter::from_fn(move || {
        loop {
            let (at, letter) = letters.next()?;
            match letter {
                '\\' => {
                    letters.next();
                }
                '[' if !in_class => in_class = true,
                ']' if in_class => in_class = false,
                _ if in_class => {}
                _ => return Some((at, letter)),
            }
        }
    })
}

/// The texts with which every match of an anchored pattern begins, each as far as it is literal; an unescaped dot counts as a dot. There
/// are two for `https?`, and none for a pattern of several alternatives.
fn literal_prefixes(pattern: &str) -> Vec<String> {
    let Some(rest) = pattern.strip_prefix('^').filter(|_| alternatives(pattern).len() == 1) else {
        return Vec::new();
    };
    let mut prefixes = vec![String::new()];
    let mut letters = rest.chars().peekable();
    while let Some(letter) = letters.next() {
        let letter = match letter {
            '\\' => match letters.next() {
                Some(escaped) if escaped.is_ascii_punctuation() => escaped,
                _ => break,
            },
            '(' | ')' | '[' | '*' | '+' | '?' | '{' | '|' | '$' | '^' => break,
            letter => letter,
        };
        match letters.peek() {
            Some('*' | '+' | '{') => break,
            Some('?') if prefixes.len() == 1 => {
                letters.next();
                prefixes.extend(prefixes.first().cloned());
                prefixes.iter_mut().take(1).for_each(|prefix| prefix.push(letter));
            }
            Some('?') => break,
            _ => prefixes.iter_mut().for_each(|prefix| prefix.push(letter)),
        }
    }
    prefixes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, what: Option<&str>) {
        let found = weakness(&GoRegex::new(pattern).unwrap());
        assert_eq!(found.map(|found| found.split(':').next().unwrap()), what, "{pattern}");
    }

    #[test]
    fn what_is_not_anchored() {
        for pattern in [
            r"github\.com/org/",
            r"^https://github\.com/|gitlab\.com/",
            r"(^https://github\.com/)?org",
            r"(?i)github\.com/",
            "",
            ".*",
            r"[^/]+/org",
            r"(?:^a/|b/)",
            "a$",
        ] {
            check(pattern, Some("is not anchored"));
        }
        for pattern in [
            r"^https://github\.com/",
            r"\Ahttps://github\.com/",
            r"(?i)^https://github\.com/",
            r"^https://a\.example/|^https://b\.example/",
            r"(^a/|^b/)x",
            r"(?:^a/[|)(]|^b/)",
            r"(?P<host>^a/)",
            r"^https://(.*@)?github\.com/org/",
        ] {
            check(pattern, None);
        }
    }

    #[test]
    fn what_lets_the_host_go_on() {
        for pattern in [
            r"^https://github\.com",
            r"^https?://github\.com",
            r"^https://github.com.*",
            r"^https://github\.com.+/",
            r"^ghcr\.io",
            r"^oci://ghcr\.io",
            r"^ghcr\.io.*$",
        ] {
            check(pattern, Some("does not end the name of the host"));
        }
        for pattern in [
            r"^https?://github\.com/",
            r"^https://github\.com(:443)?/",
            r"^https://github\.com$",
            r"^ghcr\.io/team/",
            r"^ghcr\.io(/.*)?$",
            r"^oci://ghcr\.io/",
            "^nginx",
            "^https://",
            r"^git@github\.com:org/",
        ] {
            check(pattern, None);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_pattern_is_judged(pattern in r"(\^|\\A|\(\?i\)|\(|\)|\[|\]|\||\\|\?|\*|https?://|a\.b|/|é){0,12}") {
            if let Ok(pattern) = GoRegex::new(&pattern) {
                let _ = weakness(&pattern);
            }
            // What does not compile is not judged, and no panic either.
            let _ = (is_anchored(&pattern), literal_prefixes(&pattern));
        }
    }
}
