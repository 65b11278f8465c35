//! Selectors without a prefix: a directory or file and everything below it.

use std::borrow::Cow;

/// A cleaned directory: selects itself and what lies below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BaseDirectory {
    /// Empty for the root of the repository.
    cleaned: Box<[u8]>,
}

impl BaseDirectory {
    pub(super) fn new(text: &str) -> Self {
        let cleaned = clean(text.as_bytes());
        let cleaned = if *cleaned == *b"." { &[][..] } else { &cleaned };
        Self { cleaned: cleaned.into() }
    }

    /// Whether the base selects a path that [`clean`] returned.
    ///
    /// What is left of the path below the base must not contain `..`, not even inside a name: Kargo
    /// looks for the two dots in the text of the relative path.
    pub(super) fn contains(&self, cleaned: &[u8]) -> bool {
        match below(&self.cleaned, cleaned) {
            Some(rest) => !contains_two_dots(rest),
            None => false,
        }
    }
}

/// The part of `path` below `base`; `None` if it does not lie there.
fn below<'p>(base: &[u8], path: &'p [u8]) -> Option<&'p [u8]> {
    if base.is_empty() {
        return (path.first() != Some(&b'/')).then_some(path);
    }
    let rest = path.strip_prefix(base)?;
    match rest.first() {
        None => Some(rest),
        Some(b'/') => Some(&rest[1..]),
        Some(_) => (base == b"/").then_some(rest),
    }
}

fn contains_two_dots(path: &[u8]) -> bool {
    path.windows(2).any(|pair| pair == b"..")
}

/// The shortest path that means the same: no empty or `.` segment, no `x/..`, no `/` at the end,
/// `.` for nothing. Paths as Git reports them are borrowed as they are.
pub(super) fn clean(path: &[u8]) -> Cow<'_, [u8]> {
    if is_clean(path) {
        return Cow::Borrowed(path);
    }
    let rooted = path.first() == Some(&b'/');
    let mut segments: Vec<&[u8]> = Vec::new();
    for segment in path.split(|&byte| byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => match segments.last() {
                Some(&last) if last != b".." => {
                    segments.pop();
                }
                _ if rooted => {}
                _ => segments.push(segment),
            },
            _ => segments.push(segment),
        }
    }
    let mut cleaned = if rooted { vec![b'/'] } else { Vec::new() };
    cleaned.extend(segments.join(&b'/'));
    if cleaned.is_empty() {
        cleaned.push(b'.');
    }
    Cow::Owned(cleaned)
}

fn is_clean(path: &[u8]) -> bool {
    !path.is_empty() && path.split(|&byte| byte == b'/').all(|segment| !matches!(segment, b"" | b"." | b".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(path: &str, expected: &str) {
        assert_eq!(clean(path.as_bytes()), Cow::Borrowed(expected.as_bytes()), "{path:?}");
    }

    #[test]
    fn cleaning() {
        case("", ".");
        case(".", ".");
        case("/", "/");
        case("//", "/");
        case("a//b/", "a/b");
        case("./a/./b", "a/b");
        case("a/../b", "b");
        case("a/..", ".");
        case("../a", "../a");
        case("../../a/..", "../..");
        case("/../a", "/a");
        case("...", "...");
    }
}
