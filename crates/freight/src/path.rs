//! Slash-separated paths, joined and cleaned as Go's `path` package does.

/// Joins two parts, leaving out empty ones, and resolves `.`, `..` and doubled slashes. Two empty parts give nothing.
pub(crate) fn join(first: &str, second: &str) -> String {
    match (first, second) {
        ("", "") => String::new(),
        ("", only) | (only, "") => clean(only),
        (first, second) => clean(&format!("{first}/{second}")),
    }
}

fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match kept.last() {
                Some(&"..") | None if !rooted => kept.push(".."),
                None => {}
                Some(_) => {
                    kept.pop();
                }
            },
            part => kept.push(part),
        }
    }
    let joined = kept.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::join;

    #[track_caller]
    fn check(first: &str, second: &str, expected: &str) {
        assert_eq!(join(first, second), expected, "join({first:?}, {second:?})");
    }

    #[test]
    fn joins_as_go_does() {
        check("", "", "");
        check("a", "", "a");
        check("", "a", "a");
        check("a", "b", "a/b");
        check("a/", "/b", "a/b");
        check("a", "../b", "b");
        check("a", "../../b", "../b");
        check("/a", "../../b", "/b");
        check("https://a", "b", "https:/a/b");
        check(".", "", ".");
        check("a/..", "", ".");
    }
}
