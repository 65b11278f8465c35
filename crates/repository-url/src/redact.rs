//! Removes credentials from displayed text: from one URL, and from any text that may contain URLs.

use std::borrow::Cow;

use crate::authority::{Divided, is_port};

const MASK: &str = "***";

/// The text with everything masked that may be a credential in a URL.
///
/// - `https://user:password@host` and `https://token@host` become `https://***@host`;
/// - `ssh://git@host` keeps its user, `ssh://git:password@host` becomes `ssh://***@host`;
/// - `https://user:password`, without a host, becomes `https://user:***`;
/// - `user:password@host` without a scheme becomes `***@host`, but `name:tag@sha256:…` stays; so does `12345@host/path`;
/// - the value of a query parameter whose name suggests a secret becomes `***`.
///
/// A number after a host is a port, unless it is above 65535, or something that only follows a password follows it:
/// `https://user:12345/6@host.example/path` becomes `https://user/***@host.example/path`.
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
    if !text.contains(['@', '?', ':']) {
        return Cow::Borrowed(text);
    }
    mask_words(text, |word| mask_query(&mask_user(word)).into_owned())
}

/// The same for a line of a manifest, where the query and the fragment of a URL are masked as a whole: they do not belong there, and may be a token or a part of
/// a password. In other text a query may be that of a request, and a fragment a place on a page.
///
/// A URL in quotation marks ends at the second one, any other at white space; brackets and marks at its end are shown.
///
/// ```
/// use repository_url::redact_line;
///
/// assert_eq!(redact_line("repoURL: https://host/app?x=abc#access=abc"), "repoURL: https://host/app?***");
/// assert_eq!(redact_line("- {repoURL: \"https://host/app?a, b=c\", name: d}"), "- {repoURL: \"https://host/app?***\", name: d}");
/// ```
pub fn redact_line(text: &str) -> Cow<'_, str> {
    let masked = redact(text);
    if !masked.contains("://") || !masked.contains(['?', '#']) {
        return masked;
    }
    let mut shown = String::with_capacity(masked.len());
    let mut rest = &*masked;
    while let Some(at) = rest.find("://") {
        let before = &rest[..at];
        let scheme = before.rfind(|letter: char| !is_of_scheme(letter));
        let quote =
            scheme.and_then(|at| before[at..].chars().next()).filter(|letter| matches!(letter, '"' | '\''));
        let url = &rest[at..];
        let end = match quote {
            Some(quote) => url.find(quote),
            None => url.find(char::is_whitespace),
        };
        let (url, after) = url.split_at(end.unwrap_or(url.len()));
        shown.push_str(before);
        shown.push_str(&mask_tail(url));
        rest = after;
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// One URL, or what should be one, without what follows its first `?` or `#`.
///
/// ```
/// assert_eq!(repository_url::redact_tail("host/app?a=b#c"), "host/app?***");
/// ```
pub fn redact_tail(url: &str) -> Cow<'_, str> {
    match url.find(['?', '#']) {
        Some(at) if at + 1 < url.len() => Cow::Owned(format!("{}{MASK}", &url[..=at])),
        _ => Cow::Borrowed(url),
    }
}

/// As [`redact_tail`], but brackets and quotation marks at the end stay.
fn mask_tail(url: &str) -> String {
    let bare = url.trim_end_matches(['"', '\'', '`', '>', ')', ']', '}', ',']);
    format!("{}{}", redact_tail(bare), &url[bare.len()..])
}

/// The text with each word as this function returns it.
fn mask_words(text: &str, mask: impl Fn(&str) -> String) -> Cow<'_, str> {
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
        masked.push_str(&mask(word));
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
    let Some(divided) = Divided::of(url) else { return Cow::Borrowed(url) };
    let Divided { front, user, address, rest } = divided;
    let scheme = front.trim_end_matches(['/', '\\']);
    let is_http = ["http:", "https:"].iter().any(|http| scheme.eq_ignore_ascii_case(http));
    match user {
        Some(_) if is_http => Cow::Owned(format!("{front}{address}{rest}")),
        Some(user) => match user.split_once(':') {
            Some((user, _)) => Cow::Owned(format!("{front}{user}@{address}{rest}")),
            None if front.ends_with("ssh://") => Cow::Borrowed(url),
            None => Cow::Owned(format!("{front}{address}{rest}")),
        },
        None => match (divided.bad_port(), url.rsplit_once('@')) {
            (Some(_), Some((_, host))) => Cow::Owned(format!("{front}{host}")),
            _ => Cow::Borrowed(url),
        },
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
    if password.contains(['@', '/']) {
        return None;
    }
    // A port ends a URL, and what follows is a word of its own: `https://host:8080, me@example.com`.
    if is_port(password) && !password.is_empty() {
        let separator = text[end..].chars().next()?;
        let behind = &text[end + separator.len_utf8()..];
        let word = behind.find(is_separator).map_or(behind, |at| &behind[..at]);
        let goes_on = if separator.is_whitespace() { word.starts_with('@') } else { word.contains('@') };
        if !goes_on {
            return None;
        }
    }
    let line = text[end..].find(['\n', '\r']).map_or(text, |at| &text[..end + at]);
    let at = end + line[end..].find('@')?;
    Some(line[at..].find(is_separator).map_or(line.len(), |more| at + more))
}

/// Masks the user part of a word that is a URL, or may be one.
fn mask_user(word: &str) -> Cow<'_, str> {
    if Divided::of(word).is_some() {
        return redact_user(word);
    }
    let Some((user, host)) = word.rsplit_once('@') else {
        return Cow::Borrowed(word);
    };
    let is_digest = host.starts_with("sha256:") || host.starts_with("sha512:");
    match user.rsplit_once(':') {
        Some((before, _)) if !is_digest && !before.is_empty() => Cow::Owned(format!("{MASK}@{host}")),
        None if is_number(user) && host.contains('/') => Cow::Owned(format!("{MASK}@{host}")),
        _ => Cow::Borrowed(word),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// One URL with its user and password masked, and with its host as parsers of URLs take it. The user of `ssh` stays where there is no password.
///
/// ```
/// use repository_url::redact_user;
///
/// assert_eq!(redact_user("https://me:hunter2@host/app"), "https://***@host/app");
/// assert_eq!(redact_user("https://me:hunter2@host/@other/app"), "https://***@host/***@other/app");
/// assert_eq!(redact_user("https://me:hunter2"), "https://me:***");
/// ```
pub fn redact_user(url: &str) -> Cow<'_, str> {
    let Some(divided) = Divided::of(url) else { return Cow::Borrowed(url) };
    let Divided { front, user, address, rest } = divided;
    let after_last = || rest.rsplit_once('@').map_or("", |(_, after)| after);
    match user {
        Some(_) if divided.may_go_on() => {
            Cow::Owned(format!("{front}{MASK}@{address}{}{MASK}@{}", first(rest), after_last()))
        }
        Some(user) if front.ends_with("ssh://") && !user.contains(':') => Cow::Borrowed(url),
        Some(_) => Cow::Owned(format!("{front}{MASK}@{address}{rest}")),
        None if divided.may_go_on() => {
            Cow::Owned(format!("{front}{address}{}{MASK}@{}", first(rest), after_last()))
        }
        None if divided.doubtful_port().is_some() => {
            Cow::Owned(format!("{front}{}{}{MASK}@{}", without_port(address), first(rest), after_last()))
        }
        // What is not a port is the password of a user, or its beginning.
        None => match (divided.bad_port(), rest.rsplit_once('@')) {
            (None, _) => Cow::Borrowed(url),
            (Some(_), Some((_, host))) => Cow::Owned(format!("{front}{MASK}@{host}")),
            (Some(port), None) => {
                let user = address.strip_suffix(port).unwrap_or_default();
                Cow::Owned(format!("{front}{user}{MASK}"))
            }
        },
    }
}

fn without_port(address: &str) -> &str {
    address.rsplit_once(':').map_or(address, |(host, _)| host)
}

/// The first character, at which the authority of a URL ends.
fn first(rest: &str) -> &str {
    rest.get(..1).unwrap_or_default()
}

/// Masks the values of query parameters that are named like secrets.
fn mask_query(word: &str) -> Cow<'_, str> {
    let Some((front, query)) = word.split_once('?') else {
        return Cow::Borrowed(word);
    };
    let (query, fragment) = match query.split_once('#') {
        Some((query, fragment)) => (query, format!("#{fragment}")),
        None => (query, String::new()),
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
    Cow::Owned(format!("{front}?{}{fragment}", pairs.join("&")))
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
/// What goes in need not be a valid URL. The host is the one that parsers of URLs take: the authority ends at the first `/`, `?`, `#` or `\`,
/// and the user at its last `@`. Where there is a password and an `@` in the path, all up to that is taken for a part of the password, and
/// where no parser takes the URL, all up to the last `@`. Of `https://user:12345/6@host.example/path` the number may be a port or a part
/// of a password, and is not shown. A query is kept as far as its keys go, since signed URLs
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
    // Parsers of URLs drop these.
    if url.contains(['\t', '\r', '\n']) {
        let without: String = url.chars().filter(|letter| !matches!(letter, '\t' | '\r' | '\n')).collect();
        if Divided::of(&without).is_some() {
            return redact_url(&without);
        }
    }
    let (address, query) = match url.split_once('?') {
        Some((address, query)) => (address, Some(query)),
        None => (url, None),
    };
    let mut shown = match Divided::of(url) {
        Some(divided) if divided.rest.starts_with('?') && divided.doubtful_port().is_some() => {
            format!("{}{}", divided.front, without_port(divided.address))
        }
        _ => redact_address(address, 0),
    };
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
fn redact_address(text: &str, depth: u8) -> String {
    let Some(divided) = Divided::of(text) else {
        return match text.split_once('@') {
            Some((user, rest)) if user.contains(':') => rest.to_owned(),
            Some((user, rest)) if is_number(user) && rest.contains('/') => rest.to_owned(),
            // A password in the place of the path: `git@user:password@host/path`.
            Some((user, rest)) => match rest.split('/').next().and_then(|head| head.rsplit_once('@')) {
                Some((before, _)) if before.contains(':') => {
                    let host = before.split(':').next().unwrap_or_default();
                    format!("{user}@{host}:...{}", rest.get(before.len()..).unwrap_or_default())
                }
                _ => text.to_owned(),
            },
            None => text.to_owned(),
        };
    };
    let Divided { front, address, rest, .. } = divided;
    let after_last = rest.rsplit_once('@').map(|(_, after)| after);
    let (address, path) = match (divided.bad_port(), after_last) {
        _ if divided.may_go_on() => {
            (address, format!("{}...@{}", first(rest), after_last.unwrap_or_default()))
        }
        _ if divided.doubtful_port().is_some() => {
            (without_port(address), format!("{}...@{}", first(rest), after_last.unwrap_or_default()))
        }
        (Some(_), Some(host_and_path)) if divided.user.is_none() => ("", host_and_path.to_owned()),
        (Some(_), None) if divided.user.is_none() => ("...", String::new()),
        _ => (address, rest.to_owned()),
    };
    match path.find("://") {
        Some(_) if depth == DEEPEST => format!("{front}{address}/..."),
        Some(inner) => {
            let start = path[..inner]
                .rfind(|letter: char| !is_of_scheme(letter))
                .map_or(0, |at| at + path[at..].chars().next().map_or(1, char::len_utf8));
            format!("{front}{address}{}{}", &path[..start], redact_address(&path[start..], depth + 1))
        }
        None => format!("{front}{address}{path}"),
    }
}

fn is_of_scheme(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.')
}

#[cfg(test)]
mod tests {
    use super::{redact, redact_line, redact_url, redact_user};
    use crate::authority::Divided;

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
        masked("HTTPS://u:p@h/@other/x", "HTTPS://***@h/***@other/x");
        masked("https://bob:SECRET", "https://bob:***");
        masked("repoURL: https://bob:SEC/RET # x", "repoURL: https://bob:*** # x");
        masked("https://u:pa,ss@host/a", "https://***@host/a");
        masked("x https://u:pa ss'\"@host/a, y", "x https://***@host/a, y");
        masked("https://u:pa<s>s@host:1/a\nme@host", "https://***@host:1/a\nme@host");
    }

    #[test]
    fn numbers_that_are_passwords_and_those_that_are_ports() {
        masked("https://bob:12345@host/a", "https://***@host/a");
        masked("oci://bob:12345@host/a", "oci://***@host/a");
        masked("bob:12345@host/a", "***@host/a");
        masked("bob:12345@host.example", "***@host.example");
        masked("12345@host.example/a", "***@host.example/a");
        masked("git@bob:12345@host.example/a", "***@host.example/a");
        masked("https://bob:7654321", "https://bob:***");
        masked("https://bob:7654321/a", "https://bob:***");
        masked("https://bob:7654321/a@host.example/x", "https://***@host.example/x");
        masked("https://bob:12345/a@host.example/x", "https://bob/***@host.example/x");
        masked("https://bob:12345?@host.example/x", "https://bob?***@host.example/x");
        masked("https://bob:12345#6@host.example/x", "https://bob#***@host.example/x");
        masked("https://bob:12345\\@host.example/x", "https://bob\\***@host.example/x");
        masked("https://bob:12345,6@host.example/x", "https://***@host.example/x");
        masked("'https://bob:12345 @host.example/x'", "'https://***@host.example/x'");
        masked("https://bob:7654321, x@host.example/x", "https://***@host.example/x");
        stays("http://registry:5000/a/b");
        stays("http://registry:5000/a@v1");
        stays("https://registry:65535");
        stays("registry:5000/a/b:12345");
        stays("nginx:12345");
        stays("nginx:12345@sha256:00");
        stays("http://127.0.0.1:5000, asked by 12345@example.com");
        stays("`http://127.0.0.1:5000` of me@example.com");
        stays("write 'http://host:5000' and \"me@example.com\"");
    }

    #[test]
    fn secrets_in_queries() {
        masked("https://h/a?token=x&b=c", "https://h/a?token=***&b=c");
        masked("https://h/a?sig=1&y&z=#d", "https://h/a?sig=***&y&z=#d");
        masked("h/a?x=1&sig=2#d", "h/a?x=1&sig=***#d");
        stays("is it so? x=1");
        masked("https://u:p@h/a?access_token=x", "https://***@h/a?access_token=***");
        masked("https://h/a?X-Amz-Signature=x", "https://h/a?X-Amz-Signature=***");
    }

    #[test]
    fn fragments_in_lines() {
        for (line, shown) in [
            ("  repoURL: https://u:p@h/a?x=y#z # w", "  repoURL: https://***@h/a?*** # w"),
            ("- https://h/a?x=1&y&z=", "- https://h/a?***"),
            ("- oci://h/a#", "- oci://h/a#"),
            ("- oci://h/a#b]", "- oci://h/a#***]"),
            ("file:///a#b.git", "file:///a#***"),
            ("h/a?x=1", "h/a?x=1"),
            ("- {a: \"https://h#b=c\", d: e}", "- {a: \"https://h#***\", d: e}"),
            ("a: https://h/c?token=x,SECRETB&x=SECRETC", "a: https://h/c?***"),
            ("a: https://h/c?a=b'SECRETJ", "a: https://h/c?***"),
            ("a: 'https://h/c?a=b SECRET' # https://i?j", "a: 'https://h/c?***' # https://i?***"),
            ("a: https://h/r.git?private_token=x<SECRETL", "a: https://h/r.git?***"),
        ] {
            assert_eq!(redact_line(line), shown);
        }
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
                "http://u:SECRET@127.0.0.1:1/@github.com/org/r.git",
                "http://127.0.0.1:1/...@github.com/org/r.git",
            ),
            (
                "http://u:SECRET@127.0.0.1:1\\@github.com/org/r.git",
                "http://127.0.0.1:1\\...@github.com/org/r.git",
            ),
            ("https:///u:SECRET@host/x", "https:///host/x"),
            ("https:u:SECRET@host/x", "https:host/x"),
            ("https://host:/SECRET@other/x", "https://host:/...@other/x"),
            ("https://bob:SECRET", "https://..."),
            // A number above 65535 is not a port.
            ("https://bob:7654321", "https://..."),
            ("https://bob:7654321/a@example.com/x", "https://example.com/x"),
            ("https://bob:65535/a", "https://bob:65535/a"),
            ("https://registry:5000/a", "https://registry:5000/a"),
            ("https://registry:05000/a@v1", "https://registry:05000/a@v1"),
            // Here it may be either.
            ("https://bob:12345/a@example.com/x", "https://bob/...@example.com/x"),
            ("https://bob:12345#@example.com/x", "https://bob#...@example.com/x"),
            ("https://bob:12345?@example.com/x", "https://bob?..."),
            ("https://bob:12345@example.com/x", "https://example.com/x"),
            ("bob:12345@example.com/x", "example.com/x"),
            ("12345@example.com/x", "example.com/x"),
            ("git@bob:12345@example.com/x", "git@bob:...@example.com/x"),
            ("git@github.com:org/app@v1", "git@github.com:org/app@v1"),
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
            // `u:1/x@y` is not a password: there, by RFC 3986, 1 is the port of the host u.
            // A `?` or `#` inside a password is no longer part of any authority; it must be written %3F.
            let password = password.replace(['?', '#'], "%");
            let shown = redact_url(&format!("https://{user}:{password}@example.com/{path}"));
            proptest::prop_assert!(!shown.contains("SECRET"), "{shown}");
        }

        #[test]
        fn the_host_is_the_one_that_is_asked(
            text in r"(https?|HTTP|ssh|oci|git|file):[/\\]{0,3}[a-c1.:/@?#%\\ \t\[\]]{0,14}"
        ) {
            same_host(&text)?;
        }

        #[test]
        fn the_host_is_the_one_that_is_asked_with_a_user(
            text in r"https?://[a-c]{0,2}(:[a-c1@]{0,3})?@?[a-c]{1,3}(\.[a-c]{1,2})?(:[0-9]{0,3})?[/?#\\][a-c@:/.]{0,9}"
        ) {
            same_host(&text)?;
        }
    }

    fn same_host(text: &str) -> Result<(), proptest::test_runner::TestCaseError> {
        // No host is asked for a file, and a backslash is refused before; parsers take it for a slash in http and https only.
        let is_asked = |url: &url::Url| {
            url.has_host()
                && url.scheme() != "file"
                && (url.scheme().starts_with("http") || !text.contains('\\'))
        };
        let Some(url) = url::Url::parse(text).ok().filter(is_asked) else { return Ok(()) };
        let shown = redact_url(text);
        let of_shown = url::Url::parse(&shown).map(|url| (url.host_str().map(str::to_owned), url.port()));
        // A port that may be a password is not shown.
        let clean = text.replace('\t', "");
        let is_doubtful = Divided::of(&clean).is_some_and(|divided| divided.doubtful_port().is_some());
        let port = url.port().filter(|_| !is_doubtful);
        let expected = Ok((url.host_str().map(str::to_owned), port));
        proptest::prop_assert_eq!(of_shown, expected, "{} {}", text, shown);
        // A tab is refused before.
        let text = text.replace('\t', "");
        let masked = redact_user(&text);
        let of_masked = url::Url::parse(&masked).map(|url| url.host_str().map(str::to_owned));
        proptest::prop_assert_eq!(of_masked, Ok(url.host_str().map(str::to_owned)), "{} {}", text, masked);
        Ok(())
    }
}
