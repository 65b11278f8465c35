//! The normal forms of repositories' URLs, by which Kargo compares them and names Freight
//! ([rule 6.3](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
//!
//! The three functions never fail: a text that has no normal form is returned as it is.

use crate::go_url::GoUrl;
use crate::image_name::{DOCKER_HUB, is_docker_hub};
use crate::printable::is_printable;

/// The normal form of a Git repository's URL; the text itself where it has none.
///
/// Letters become small; user and password of an http(s) URL, one slash and one `.git` at the end go; the scp form becomes
/// an `ssh://` URL. A URL with a query has no normal form.
///
/// ```
/// assert_eq!(
///     repository_url::normalize_git("https://me:secret@GitHub.com/Example/App.git"),
///     "https://github.com/example/app",
/// );
/// assert_eq!(
///     repository_url::normalize_git("git@github.com:example/app.git"),
///     "ssh://git@github.com/example/app",
/// );
/// ```
pub fn normalize_git(url: &str) -> String {
    normal_form(&sanitize(&lower(url))).unwrap_or_else(|| url.to_owned())
}

fn normal_form(url: &str) -> Option<String> {
    let is_http = url.starts_with("http://") || url.starts_with("https://");
    if is_http || url.starts_with("ssh://") {
        let mut url = GoUrl::parse(url)?;
        if url.has_query() {
            return None;
        }
        if is_http {
            url.remove_user();
        }
        trim_path(&mut url.path);
        return Some(url.to_text());
    }
    let (host, path) = split_scp(url)?;
    let mut path = GoUrl::parse(path)?;
    trim_path(&mut path.path);
    if path.path.is_empty() {
        return Some(format!("ssh://{host}"));
    }
    Some(format!("ssh://{host}/{}", path.to_text()))
}

/// Takes off one slash, and then one `.git`.
fn trim_path(path: &mut Vec<u8>) {
    if path.ends_with(b"/") {
        path.pop();
    }
    if path.ends_with(b".git") {
        path.truncate(path.len() - 4);
    }
}

/// Splits `[user@]host[:path]`; nothing where user or host hold anything but words, hyphens and single dots.
fn split_scp(url: &str) -> Option<(&str, &str)> {
    let (front, path) = url.split_once(':').unwrap_or((url, ""));
    let (user, host) = match front.split_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, front),
    };
    let is_word = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    (user.is_none_or(is_word) && host.split('.').all(is_word)).then_some((front, path))
}

/// The normal form of an image repository's name; the text itself where it has none.
///
/// Letters become small, a tag or digest goes, and so do Docker Hub's host names and its `library/`.
///
/// ```
/// assert_eq!(repository_url::normalize_image("docker.io/library/nginx"), "nginx");
/// assert_eq!(repository_url::normalize_image("ghcr.io/example/app:1.2.3"), "ghcr.io/example/app");
/// ```
pub fn normalize_image(url: &str) -> String {
    let name = sanitize(&lower(url));
    let Some((registry, repository)) = parse_reference(&name) else {
        return url.to_owned();
    };
    if is_docker_hub(registry) {
        let official = repository.strip_prefix("library/");
        return official.unwrap_or(repository).to_owned();
    }
    format!("{registry}/{repository}")
}

/// The normal form of a chart repository's URL; the text itself where it has none.
///
/// Letters become small, `oci://` goes, and the rest is treated as an image repository; so a URL of a host and a port
/// loses the port, which reads like a tag.
///
/// ```
/// assert_eq!(repository_url::normalize_chart("oci://GHCR.io/example/chart"), "ghcr.io/example/chart");
/// assert_eq!(repository_url::normalize_chart("https://charts.example.com"), "https://charts.example.com");
/// ```
pub fn normalize_chart(url: &str) -> String {
    let clean = sanitize(url);
    if GoUrl::parse(&clean).is_none() {
        return url.to_owned();
    }
    let lower = lower(&clean);
    normalize_image(lower.strip_prefix("oci://").unwrap_or(&lower))
}

/// Registry and repository of `name[:tag]` or `name[:tag]@digest`; nothing where some part is malformed.
fn parse_reference(text: &str) -> Option<(&str, &str)> {
    parse_tagged(text).or_else(|| {
        let (name, digest) = text.split_once('@')?;
        let hex = digest.strip_prefix("sha256:")?;
        let is_digest = hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_digest {
            return None;
        }
        parse_tagged(name).or_else(|| parse_repository(name))
    })
}

fn parse_tagged(text: &str) -> Option<(&str, &str)> {
    match text.rsplit_once(':') {
        // A slash after the last colon: that colon is a port's.
        Some((name, tag)) if !tag.contains('/') => {
            is_element(tag, 1..=128, |byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
                .then_some(())?;
            parse_repository(name)
        }
        _ => parse_repository(text),
    }
}

fn parse_repository(name: &str) -> Option<(&str, &str)> {
    let (registry, repository) = match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
        _ => ("", name),
    };
    is_element(repository, 2..=255, |byte| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-./".contains(&byte)
    })
    .then_some(())?;
    let is_host = GoUrl::parse(&format!("//{registry}")).is_some_and(|url| url.host() == registry.as_bytes());
    if !is_host {
        return None;
    }
    let registry = match registry {
        "" => DOCKER_HUB,
        registry => registry,
    };
    Some((registry, repository))
}

fn is_element(text: &str, length: std::ops::RangeInclusive<usize>, allowed: impl Fn(u8) -> bool) -> bool {
    length.contains(&text.len()) && text.bytes().all(allowed)
}

/// Removes what does not print, such as a byte order mark, and then white space at both ends.
fn sanitize(text: &str) -> String {
    let printable: String = text.chars().filter(|&letter| is_printable(letter)).collect();
    // The only white space left is the ASCII space.
    printable.trim_matches(' ').to_owned()
}

/// Lower case letter by letter, without the context rules and expansions of [`str::to_lowercase`].
fn lower(text: &str) -> String {
    text.chars().map(lower_letter).collect()
}

fn lower_letter(letter: char) -> char {
    // The only letter whose lower case is two letters; alone it is a plain i.
    if letter == 'İ' {
        return 'i';
    }
    letter.to_lowercase().next().unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::{lower, sanitize};

    #[test]
    fn invisible_characters_go_and_letters_stay() {
        assert_eq!(sanitize("\u{feff} a\u{200b}b\u{a0}é c \n"), "abé c");
    }

    #[test]
    fn letters_become_small_one_by_one() {
        assert_eq!(lower("ΑΣ İX"), "ασ ix");
    }
}
