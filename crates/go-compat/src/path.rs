//! Paths as Go's package `path` has them: separated by `/` on every system.

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

/// Two paths with a `/` between them, as Go's `path.Join`: an empty one is left out, and the rest is [cleaned](clean). Two empty paths give
/// the empty path.
///
/// ```
/// use go_compat::path::join;
///
/// assert_eq!(join("charts/", "../web"), "web");
/// assert_eq!(join("https://host", "web"), "https:/host/web");
/// assert_eq!(join("", ""), "");
/// ```
pub fn join(first: &str, second: &str) -> String {
    let joined = match (first, second) {
        ("", "") => return String::new(),
        ("", only) | (only, "") => only.to_owned(),
        (first, second) => format!("{first}/{second}"),
    };
    // What is cleaned of a text is whole segments of it, so a text.
    String::from_utf8_lossy(&clean(joined.as_bytes())).into_owned()
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
    fn joining() {
        for (first, second, expected) in [
            ("", "", ""),
            ("a", "", "a"),
            ("", "a", "a"),
            ("a", "b", "a/b"),
            ("a/", "/b", "a/b"),
            ("a", "../b", "b"),
            ("a", "../../b", "../b"),
            ("/a", "../../b", "/b"),
            ("https://a", "b", "https:/a/b"),
            (".", "", "."),
            ("a/..", "", "."),
            ("ä", "ö", "ä/ö"),
        ] {
            assert_eq!(join(first, second), expected, "join({first:?}, {second:?})");
        }
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
