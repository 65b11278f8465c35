//! The known name that an unknown one was probably meant to be.

use selection_strategies::nearest_name;

/// The most similar of these names, if any is similar enough to be worth mentioning.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    nearest_name(name, known.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant() {
        let known = ["repoURL", "branch", "semverConstraint", "strictSemvers"];
        assert_eq!(nearest("repoUrl", &known), Some("repoURL"));
        assert_eq!(nearest("barnch", &known), Some("branch"));
        assert_eq!(nearest("strictSemver", &known), Some("strictSemvers"));
        assert_eq!(nearest("colour", &known), None);
    }
}
