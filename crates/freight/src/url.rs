//! Normal forms of repository URLs, for comparing them (rule 6.3).

/// The normal form of a Git repository's URL; the text itself where it has none.
pub fn normalize_git(url: &str) -> String {
    url.to_owned()
}

/// The normal form of an image repository's name; the text itself where it has none.
pub fn normalize_image(url: &str) -> String {
    url.to_owned()
}

/// The normal form of a chart repository's URL; the text itself where it has none.
pub fn normalize_chart(url: &str) -> String {
    url.to_owned()
}
