//! Which names Git allows for branches and tags.

/// Whether Git allows a reference of this full name (`git check-ref-format`), such as `refs/tags/v1.0.0`. A branch or tag that begins with
/// a dash is not valid either: a program would take it for an option
/// ([rules 1.7 and 4.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)). Only a broken or hostile server lists other names.
///
/// ```
/// use selection_strategies::is_git_reference;
///
/// assert!(is_git_reference("refs/tags/v1.0.0"));
/// assert!(!is_git_reference("refs/tags/v1..0"));
/// assert!(!is_git_reference("refs/heads/-delete"));
/// ```
#[must_use]
pub fn is_git_reference(full: impl AsRef<[u8]>) -> bool {
    let full = full.as_ref();
    let short = [&b"refs/heads/"[..], b"refs/tags/"].iter().find_map(|prefix| full.strip_prefix(*prefix));
    match short {
        Some(short) => is_short_name(short),
        // What is in no folder is written in capitals: HEAD.
        None => {
            has_allowed_parts(full)
                && (full.contains(&b'/')
                    || full.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_'))
        }
    }
}

/// Whether a branch or tag may have this name, without `refs/heads/` and `refs/tags/`.
pub(crate) fn is_short_name(name: &[u8]) -> bool {
    !name.starts_with(b"-") && has_allowed_parts(name)
}

fn has_allowed_parts(name: &[u8]) -> bool {
    let is_allowed =
        |byte: &u8| !matches!(byte, 0..=b' ' | 0x7f | b'~' | b'^' | b':' | b'?' | b'*' | b'[' | b'\\');
    let is_part = |part: &[u8]| !part.is_empty() && !part.starts_with(b".") && !part.ends_with(b".lock");
    name.iter().all(is_allowed)
        && name.split(|byte| *byte == b'/').all(is_part)
        && !name.ends_with(b".")
        && !name.windows(2).any(|pair| matches!(pair, b".." | b"@{"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (short, is_valid) in [
            ("v1.0.0", true),
            ("releases/v1", true),
            ("@", true),
            ("ä", true),
            ("a.lock.b", true),
            ("", false),
            ("a//b", false),
            ("/a", false),
            ("a/", false),
            (".a", false),
            ("a/.b", false),
            ("a.", false),
            ("a..b", false),
            ("a@{b", false),
            ("a.lock", false),
            ("a.lock/b", false),
            ("a b", false),
            ("a\tb", false),
            ("a:b", false),
            ("a\\b", false),
            ("a*", false),
            ("-a", false),
        ] {
            for folder in ["refs/heads/", "refs/tags/"] {
                assert_eq!(is_git_reference(format!("{folder}{short}")), is_valid, "{short:?}");
            }
        }
        for (full, is_valid) in
            [("HEAD", true), ("FETCH_HEAD", true), ("head", false), ("", false), ("refs/pull/1/head", true)]
        {
            assert_eq!(is_git_reference(full), is_valid, "{full:?}");
        }
    }
}
