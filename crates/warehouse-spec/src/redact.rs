//! Masking of what may be a credential, before a text is shown.

use std::borrow::Cow;

pub(crate) const MASK: &str = "***";

/// The text with everything masked that may be a credential in a URL.
///
/// - `https://user:password@host` and `https://token@host` become `https://***@host`;
/// - `ssh://git@host` keeps its user, `ssh://git:password@host` becomes `ssh://***@host`;
/// - `user:password@host` without a scheme becomes `***@host`, but `name:tag@sha256:…` stays;
/// - the value of a query parameter whose name speaks of a secret becomes `***`.
///
/// It errs on the side of masking: a password may hold `@`, `/`, or anything but white space and quotation marks.
///
/// ```
/// use warehouse_spec::redact;
///
/// assert_eq!(redact("no https://me:hunter2@host/path here"), "no https://***@host/path here");
/// assert_eq!(redact("https://host/index.yaml?token=abc&x=1"), "https://host/index.yaml?token=***&x=1");
/// assert_eq!(redact("git@github.com:example/app"), "git@github.com:example/app");
/// ```
pub fn redact(text: &str) -> Cow<'_, str> {
    if !text.contains(['@', '?']) {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|letter| !is_separator(letter)) {
        let (separators, after) = rest.split_at(start);
        let end = match after.find(is_separator) {
            Some(end) => unfinished(after, end).unwrap_or(end),
            None => after.len(),
        };
        let (word, tail) = after.split_at(end);
        masked.push_str(separators);
        masked.push_str(&mask_query(&mask_user(word)));
        rest = tail;
    }
    masked.push_str(rest);
    if masked == text {
        return Cow::Borrowed(text);
    }
    Cow::Owned(masked)
}

/// The URL of a repository without what signs in there: without the user of `http` and `https`, and without the password of others.
/// Kargo's normal forms, and with them the names of Freight, are the same for both.
///
/// ```
/// use warehouse_spec::without_credential;
///
/// assert_eq!(without_credential("https://me:hunter2@host/app.git"), "https://host/app.git");
/// assert_eq!(without_credential("https://token@host/app.git"), "https://host/app.git");
/// assert_eq!(without_credential("ssh://git:hunter2@host/app"), "ssh://git@host/app");
/// assert_eq!(without_credential("git@github.com:example/app"), "git@github.com:example/app");
/// ```
pub fn without_credential(url: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = url.find("://").map(|at| url.split_at(at + 3)) else {
        return Cow::Borrowed(url);
    };
    let Some(masked) = mask_authority(scheme, rest) else { return Cow::Borrowed(url) };
    let host = masked.strip_prefix(MASK).and_then(|masked| masked.strip_prefix('@')).unwrap_or(&masked);
    let is_http = ["http://", "https://"].iter().any(|http| scheme.eq_ignore_ascii_case(http));
    match rest.split_once(':') {
        Some((user, _)) if !is_http => Cow::Owned(format!("{scheme}{user}@{host}")),
        _ => Cow::Owned(format!("{scheme}{host}")),
    }
}

/// What ends a URL within a sentence or a line of YAML.
fn is_separator(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || "\"'`<>,".contains(letter)
}

/// Where a word really ends, if a password goes on after its end: `https://user:pass,word@host`. On the same line only.
fn unfinished(text: &str, end: usize) -> Option<usize> {
    let (_, authority) = text[..end].split_once("://")?;
    let (_, password) = authority.split_once(':')?;
    if password.contains(['@', '/'])
        || password.bytes().all(|byte| byte.is_ascii_digit()) && !password.is_empty()
    {
        return None;
    }
    let line = text[end..].find(['\n', '\r']).map_or(text, |at| &text[..end + at]);
    let at = end + line[end..].find('@')?;
    Some(line[at..].find(is_separator).map_or(line.len(), |more| at + more))
}

/// Masks the user part of a word that is a URL, or may be one.
fn mask_user(word: &str) -> Cow<'_, str> {
    if let Some(at) = word.find("://") {
        let (scheme, rest) = word.split_at(at + 3);
        return match mask_authority(scheme, rest) {
            Some(masked) => Cow::Owned(format!("{scheme}{masked}")),
            None => Cow::Borrowed(word),
        };
    }
    let Some((user, host)) = word.rsplit_once('@') else {
        return Cow::Borrowed(word);
    };
    let is_digest = host.starts_with("sha256:") || host.starts_with("sha512:");
    match user.rsplit_once(':') {
        Some((before, _)) if !is_digest && !before.is_empty() => Cow::Owned(format!("{MASK}@{host}")),
        _ => Cow::Borrowed(word),
    }
}

fn mask_authority(scheme: &str, rest: &str) -> Option<String> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    if let Some(at) = authority.rfind('@') {
        let is_name = scheme.ends_with("ssh://") && !authority[..at].contains(':');
        return (!is_name).then(|| format!("{MASK}{}", &rest[at..]));
    }
    // No user in front of the first slash. Still, `user:pass/word@host` is one whose password nobody escaped.
    let (_, after_colon) = authority.split_once(':')?;
    let is_port = after_colon.bytes().all(|byte| byte.is_ascii_digit());
    let at = rest.rfind('@')?;
    (!is_port).then(|| format!("{MASK}{}", &rest[at..]))
}

/// Masks the values of query parameters that are named like secrets.
fn mask_query(word: &str) -> Cow<'_, str> {
    let Some((front, query)) = word.split_once('?') else {
        return Cow::Borrowed(word);
    };
    let pairs: Vec<Cow<'_, str>> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((key, value)) if !value.is_empty() && names_secret(key) => {
                Cow::Owned(format!("{key}={MASK}"))
            }
            _ => Cow::Borrowed(pair),
        })
        .collect();
    Cow::Owned(format!("{front}?{}", pairs.join("&")))
}

/// Whether a key speaks of a secret.
pub(crate) fn names_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    [
        "token",
        "secret",
        "passw",
        "passphrase",
        "apikey",
        "api_key",
        "api-key",
        "credential",
        "signature",
        "privatekey",
        "private_key",
        "private-key",
        "access_key",
        "accesskey",
    ]
    .iter()
    .any(|word| key.contains(word))
        || key == "auth"
        || key.starts_with("authoriz")
        || key == "sig"
        || key == "key"
        || key == "pat"
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[track_caller]
    fn masked(text: &str, expected: &str) {
        assert_eq!(redact(text), expected);
    }

    #[track_caller]
    fn stays(text: &str) {
        masked(text, text);
    }

    #[test]
    fn users_and_passwords_of_urls() {
        masked("https://user:pw@host/a", "https://***@host/a");
        masked("https://token@host/a", "https://***@host/a");
        masked("https://user:p@ss@host/a", "https://***@host/a");
        masked("https://user:p/ss@host/a", "https://***@host/a");
        masked("ssh://git:pw@host/a", "ssh://***@host/a");
        masked("`oci://user:pw@host/a` is bad", "`oci://***@host/a` is bad");
        masked("user:pw@ghcr.io/a", "***@ghcr.io/a");
        masked("repoURL: 'https://u:p@h/a' # x", "repoURL: 'https://***@h/a' # x");
        masked("HTTPS://u:p@h", "HTTPS://***@h");
        masked("https://u:pa,ss@host/a", "https://***@host/a");
        masked("x https://u:pa ss'\"@host/a, y", "x https://***@host/a, y");
        masked("https://u:pa<s>s@host:1/a\nme@host", "https://***@host:1/a\nme@host");
    }

    #[test]
    fn secrets_in_queries() {
        masked("https://h/a?token=x&b=c", "https://h/a?token=***&b=c");
        masked("https://u:p@h/a?access_token=x", "https://***@h/a?access_token=***");
        masked("https://h/a?X-Amz-Signature=x", "https://h/a?X-Amz-Signature=***");
    }

    #[test]
    fn everything_else() {
        stays("git@github.com:a/b.git");
        stays("ssh://git@github.com/a");
        stays("nginx:1.25@sha256:00");
        stays("https://host:8080/a@v1");
        stays("https://host:8080, me@example.com");
        stays("https://host: see me\nme@example.com");
        stays("https://host/a?b=c");
        stays("author contains '<bot@example.com>'");
        stays("");
    }
}
