//! Keeping credentials out of what is shown: out of one URL, and out of any text that may hold URLs.

use std::borrow::Cow;

const MASK: &str = "***";

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
/// use repository_url::redact;
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
/// use repository_url::without_credential;
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
    // No user in front of the first slash. Still, `user:pass/word@host` has a password that is not percent-encoded.
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

/// Whether the name of a field or of a query parameter is that of a secret: `password`, `apiKey`, `X-Amz-Signature`.
///
/// ```
/// assert!(repository_url::names_secret("GITHUB_TOKEN"));
/// assert!(!repository_url::names_secret("repoURL"));
/// ```
pub fn names_secret(key: &str) -> bool {
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

/// A URL as it may be shown: without user, password and query values.
///
/// What goes in need not be a valid URL; whatever stands between `://` and the last `@` before
/// the path is taken for a credential. A query is kept as far as its keys go, since signed URLs
/// carry their signature there. The user of the scp form (`git@host:path`) is not a secret and stays.
///
/// ```
/// use repository_url::redact_url;
///
/// assert_eq!(redact_url("https://u:p@example.com/x?sig=abc&v=2"), "https://example.com/x?sig=...&v=...");
/// assert_eq!(redact_url("git@github.com:a/b.git"), "git@github.com:a/b.git");
/// assert_eq!(redact_url("ghcr.io/a/b"), "ghcr.io/a/b");
/// ```
pub fn redact_url(url: &str) -> String {
    let (address, query) = match url.split_once('?') {
        Some((address, query)) => (address, Some(query)),
        None => (url, None),
    };
    let mut shown = redact_address(address, 0);
    if let Some(query) = query {
        shown.push('?');
        let keys = query.split('&').map(|pair| match pair.split_once('=') {
            Some((key, _)) => format!("{key}=..."),
            None if pair.is_empty() => String::new(),
            None => "...".to_owned(),
        });
        shown.push_str(&keys.collect::<Vec<_>>().join("&"));
    }
    shown
}

/// URLs within URLs, deeper than which nothing is shown.
const DEEPEST: u8 = 4;

/// The part before a query.
fn redact_address(address: &str, depth: u8) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return match address.split_once('@') {
            Some((user, rest)) if user.contains(':') => rest.to_owned(),
            _ => address.to_owned(),
        };
    };
    let end = rest.find(['/', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // A raw `/`, `#` or `@` in a password makes an authority that ends too early, so where there is a
    // password, or what may be one, all up to the last `@` is taken for it.
    let password = match authority.rsplit_once('@') {
        Some((user_info, _)) => user_info.contains(':'),
        None => !ends_in_port(authority),
    };
    let shown = match (if password { rest } else { authority }).rsplit_once('@') {
        Some((_, host_and_path)) if password => host_and_path.to_owned(),
        Some((_, host)) => format!("{host}{path}"),
        None if password => "...".to_owned(),
        None => rest.to_owned(),
    };
    match shown.find("://") {
        Some(_) if depth == DEEPEST => format!("{scheme}://..."),
        Some(inner) => {
            format!("{scheme}://{}{}", &shown[..inner], redact_address(&shown[inner..], depth + 1))
        }
        None => format!("{scheme}://{shown}"),
    }
}

/// Whether an authority without `@` is a host and a port, and not a user and the start of a password.
fn ends_in_port(authority: &str) -> bool {
    let after_host = authority.rsplit_once(']').map_or(authority, |(_, rest)| rest);
    match after_host.split_once(':') {
        Some((_, port)) => !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{redact, redact_url};

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

    #[test]
    fn urls_as_they_may_be_shown() {
        for (url, shown) in [
            ("", ""),
            ("https://example.com", "https://example.com"),
            ("https://token@example.com/a@b", "https://example.com/a@b"),
            ("https://u:p@ss@example.com/", "https://example.com/"),
            ("https://u:p/w@example.com/x", "https://example.com/x"),
            ("http://[::1]:5000/x@y", "http://[::1]:5000/x@y"),
            ("http://127.0.0.1:5000/x@y", "http://127.0.0.1:5000/x@y"),
            ("user:secret@host:path", "host:path"),
            ("ssh://git@github.com/a/b", "ssh://github.com/a/b"),
            ("https://example.com/?abc", "https://example.com/?..."),
            ("https://example.com/?", "https://example.com/?"),
            ("https://u:pass?word@example.com/", "https://...?..."),
            (":///://u:SECRET@", ":///://"),
            (
                "https://proxy.example.com/https://u:p@example.com/x",
                "https://proxy.example.com/https://example.com/x",
            ),
        ] {
            assert_eq!(redact_url(url), shown, "{url}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_password_is_never_shown(user in "[a-z]{1,5}", password in "([a-z][a-z0-9/:@?#%]{0,6})?SECRET", path in "[a-z/]{0,8}") {
            // `u:1/x@y` is no password: there, by RFC 3986, 1 is the port of the host u.
            // A `?` or `#` inside a password is no longer part of any authority; it must be written %3F.
            let password = password.replace(['?', '#'], "%");
            let shown = redact_url(&format!("https://{user}:{password}@example.com/{path}"));
            proptest::prop_assert!(!shown.contains("SECRET"), "{shown}");
        }
    }
}
