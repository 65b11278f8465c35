//! The normal form of a Git repository's URL.

use super::go::GoUrl;
use super::sanitize::{lower, sanitize};

/// The normal form of a Git repository's URL; the text itself where it has none.
///
/// Letters become small; user and password of an http(s) URL, one slash and one `.git` at the end go; the scp form becomes
/// an `ssh://` URL. A URL with a query has no normal form.
///
/// ```
/// assert_eq!(
///     warehouse_spec::normalize_git("https://me:secret@GitHub.com/Example/App.git"),
///     "https://github.com/example/app",
/// );
/// assert_eq!(
///     warehouse_spec::normalize_git("git@github.com:example/app.git"),
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
