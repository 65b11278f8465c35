//! Paths as Go's package `path` has them: separated by `/`, whatever the system.

use std::borrow::Cow;

/// The shortest equivalent path, as Go's `path.Clean`: no empty or `.` segment, no `x/..`, no `/` at the end,
/// `.` for the empty path. A clean path is borrowed.
///
/// ```
/// use go_compat::path::clean;
///
/// assert_eq!(*clean(b"./a//b/../c/"), *b"a/c");
/// assert_eq!(*clean(b""), *b".");
/// ```
pub fn clean(path: &[u8]) -> Cow<'_, [u8]> {
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
