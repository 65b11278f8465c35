//! Dev versions.

/// Whether a version, or a constraint of versions, names a dev version: one of the words of its pre-release is `dev`.
///
/// The words of a pre-release are separated by `.` and `-`. Build metadata does not count.
///
/// ```
/// use helm_chart::names_dev_version;
///
/// assert!(names_dev_version("1.4.1-dev.20261121"));
/// assert!(names_dev_version("^1.0 || 0.0.0-dev"));
/// assert!(!names_dev_version("1.0.0+a-dev"));
/// ```
pub fn names_dev_version(text: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '+');
    text.split(|letter| !is_part(letter)).any(|version| {
        let release = version.split('+').next().unwrap_or_default();
        let words = release.split_once('-').map(|(_, words)| words).unwrap_or_default();
        words.split(['.', '-']).any(|word| word == "dev")
    })
}

#[cfg(test)]
mod tests {
    use super::names_dev_version;

    #[test]
    fn table() {
        for (text, expected) in [
            ("0.0.0-dev", true),
            ("v0.0.0-dev", true),
            ("1.4.1-dev.20261121.153012-0123456", true),
            ("1.0.0-rc.1.dev.2", true),
            ("1.0.0-rc-dev", true),
            ("1.0.0-dev+build.5", true),
            (">=0.0.0-dev", true),
            ("~1.2.0-dev", true),
            ("^1.0 || 0.0.0-dev", true),
            ("^1.0||0.0.0-dev", true),
            (">=1.0.0-dev<2.0.0", true),
            (">=1.0.0-dev,<2.0.0", true),
            ("1.0.0-dev - 2.0.0", true),
            ("1.0.0+a-dev", false),
            ("1.0.0+a-dev.1", false),
            ("1.0.0+dev", false),
            ("1.0.0-rc.1+dev", false),
            ("1.0.0-devel", false),
            ("1.0.0-DEV", false),
            ("1.0.0-rc.1", false),
            (">=1.0.0-0", false),
            ("1.0.0 - 2.0.0", false),
            ("1.0.0", false),
            ("dev", false),
            ("*", false),
            ("", false),
        ] {
            assert_eq!(names_dev_version(text), expected, "{text:?}");
        }
    }
}
