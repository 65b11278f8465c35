//! Keeping credentials out of everything that is shown.

/// A URL as it may be shown: without user, password and query values.
///
/// What goes in need not be a valid URL; whatever stands between `://` and the last `@` before
/// the path is taken for a credential. A query is kept as far as its keys go, since signed URLs
/// carry their signature there. The user of the scp form (`git@host:path`) is not a secret and stays.
///
/// ```
/// use artifact_source::redact_url;
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
    use super::*;

    #[test]
    fn table() {
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
