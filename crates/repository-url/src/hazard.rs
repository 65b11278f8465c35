//! URLs that name another place than they seem to.

use std::borrow::Cow;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::parts::UrlParts;
use crate::{HiddenHost, Ipv4Host, ipv4_host};

/// Why the URL of a repository is refused: it names another place than it seems to, or not the same place to every reader of URLs. `Display`
/// says what is wrong, and shows no part of a user or password but a letter that no name of a user for ssh has.
///
/// A credential is chosen by the text of a URL and sent to the place that is requested, so the two must be the same. Refused are: backslashes, control
/// characters, white space and invisible letters; a [hidden host](HiddenHost); a host or user with letters that are not ASCII, or that begins with a
/// hyphen, which a program would read as an option; a host of other characters than those of names; a number that is read as an address (`127.1`) or as none
/// (`1.2.3.4.5`); a port that is none; and in the path `..` (also as `..;`), backslashes and control characters, also percent-encoded several times,
/// characters in overlong UTF-8, and more than three encodings of one text.
///
/// ```
/// use repository_url::UrlHazard;
///
/// let hazard = UrlHazard::check("https://2130706433/a").unwrap_err();
/// assert_eq!(hazard.to_string(), "the host `2130706433` is read as the address 127.0.0.1");
/// assert_eq!(hazard.hint(), "write 127.0.0.1, if that is intended");
/// assert!(UrlHazard::check("ssh://git@h$(id)/a").is_err());
/// assert!(UrlHazard::check("git@github.com:a/b.git").is_ok());
/// assert!(UrlHazard::check_image("ghcr.io/a/../b").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlHazard {
    what: Cow<'static, str>,
    hint: Cow<'static, str>,
}

impl UrlHazard {
    /// Checks the URL of a Git or chart repository, or a Git repository in the scp form. A text that is no URL, such as a path, may pass.
    ///
    /// # Errors
    ///
    /// The first hazard that is found.
    pub fn check(url: &str) -> Result<(), Self> {
        in_url(url).map_or(Ok(()), Err)
    }

    /// Checks the name of an image. A text with a scheme or an `@` is no name, and is checked for its characters alone.
    ///
    /// # Errors
    ///
    /// The first hazard that is found.
    pub fn check_image(name: &str) -> Result<(), Self> {
        in_image(name).map_or(Ok(()), Err)
    }

    /// Checks the path alone, of a URL or of the name of an image.
    ///
    /// # Errors
    ///
    /// The first hazard that is found.
    pub fn check_path(url: &str) -> Result<(), Self> {
        let parts = if url.contains("://") { UrlParts::of(url) } else { UrlParts::of_image(url) };
        in_path(parts.path).map_or(Ok(()), Err)
    }

    /// What to write instead, for people.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

impl fmt::Display for UrlHazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for UrlHazard {}

fn hazard(what: impl Into<Cow<'static, str>>, hint: impl Into<Cow<'static, str>>) -> Option<UrlHazard> {
    Some(UrlHazard { what: what.into(), hint: hint.into() })
}

/// What makes the name of an image name another place than it seems to.
fn in_image(url: &str) -> Option<UrlHazard> {
    in_text(url).or_else(|| {
        if url.contains("://") || url.contains('@') {
            return None;
        }
        let parts = UrlParts::of_image(url);
        in_host(&parts).or_else(|| in_path(parts.path))
    })
}

/// What makes the URL of a Git or chart repository name another place than it seems to.
fn in_url(url: &str) -> Option<UrlHazard> {
    let parts = UrlParts::of(url);
    in_text(url)
        .or_else(|| ends_early(url))
        .or_else(|| in_authority(&parts))
        .or_else(|| in_host(&parts))
        .or_else(|| in_path(parts.path))
}

/// Characters that parsers drop, turn or take for something else.
fn in_text(url: &str) -> Option<UrlHazard> {
    if url.ends_with('\n') && !url.trim_end_matches('\n').contains('\n') {
        return hazard(
            "it ends with a line break",
            "write it on the line of its key; after `|` or `>` a line break stays, after `|-` or `>-` it does not",
        );
    }
    if url.contains('\\') {
        return hazard("it holds a backslash, which is read as `/`", "write `/` instead of `\\`");
    }
    if let Some(letter) = url.chars().find(|letter| letter.is_control()) {
        let what = match letter {
            '\t' => "a tab".to_owned(),
            '\n' | '\r' => "a line break".to_owned(),
            letter => format!("the control character U+{:04X}", u32::from(letter)),
        };
        return hazard(format!("it holds {what}"), "delete it");
    }
    if url.contains(char::is_whitespace) {
        return hazard("it holds white space", "delete the white space; in a path, write %20 for a blank");
    }
    let letter = url.chars().find(|&letter| is_invisible(letter))?;
    hazard(format!("it holds the invisible character U+{:04X}", u32::from(letter)), "delete it")
}

/// Whether a character is not seen, or changes the order in which others are seen. Control characters are not among these.
///
/// ```
/// use repository_url::is_invisible;
///
/// assert!(is_invisible('\u{200b}') && is_invisible('\u{202e}') && !is_invisible('a'));
/// ```
pub fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A user or password that ends early, or that is not what it seems.
fn in_authority(parts: &UrlParts<'_>) -> Option<UrlHazard> {
    let texts = [parts.user.unwrap_or_default(), parts.host, parts.port.unwrap_or_default()];
    if !parts.scheme.is_empty() && texts.iter().any(|text| !text.is_ascii()) {
        return hazard(
            "the host holds a letter that is not ASCII",
            "write the host in ASCII, as `xn--` where its name has other letters",
        );
    }
    if parts.user.is_some_and(|user| decoded(user).is_none_or(|user| user.iter().any(u8::is_ascii_control))) {
        return hazard("the user holds a control character, percent-encoded", "delete it");
    }
    let is_of_user =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_' | '+' | '~');
    if parts.scheme == "ssh"
        && let Some(letter) = parts.user.and_then(|user| user.chars().find(|&letter| !is_of_user(letter)))
        && letter != ':'
    {
        return hazard(
            format!("the user holds {letter:?}, which ssh may not take as a part of a name"),
            "write the name of the user with letters, digits, `.`, `-` and `_` alone",
        );
    }
    let is_option = |text: &str| text.starts_with('-');
    if parts.user.is_some_and(is_option) || is_option(parts.host) {
        return hazard(
            "the user or the host starts with a hyphen",
            "delete the hyphen: it is read as an option",
        );
    }
    if parts.scheme == "ssh" && is_option(parts.path.trim_start_matches('/')) {
        return hazard("the path starts with a hyphen", "write `./` before it: it is read as an option");
    }
    None
}

/// The `/` in the password of `https://user:pa/ss@host` ends the authority, and `user` is asked.
fn ends_early(url: &str) -> Option<UrlHazard> {
    let hidden = HiddenHost::check(url).err()?;
    hazard(hidden.to_string(), hidden.hint())
}

/// Numbers that a parser takes for an IPv4 address, although they are not written like one; and ports that are none.
fn in_host(parts: &UrlParts<'_>) -> Option<UrlHazard> {
    if let Some(port) = parts.port.filter(|port| port.bytes().all(|byte| byte.is_ascii_digit())) {
        match port.parse::<u16>() {
            _ if port.is_empty() => {
                return hazard("there is no port after the `:`", "delete the `:`, or write a port after it");
            }
            Ok(0) => return hazard("no server listens on the port 0", "write a port from 1 to 65535"),
            Ok(_) => {}
            Err(_) => return hazard("the port is above 65535", "write a port from 1 to 65535"),
        }
    }
    if parts.host.is_empty() || parts.host.parse::<Ipv4Addr>().is_ok() {
        return None;
    }
    if let Some(address) = parts.host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return match address.parse::<Ipv6Addr>() {
            Ok(_) => None,
            Err(_) => {
                hazard("what stands in brackets is not an IPv6 address", "write an address such as [::1]")
            }
        };
    }
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    if let Some(letter) = parts.host.chars().find(|&letter| !is_of_name(letter)) {
        return hazard(
            format!("the host holds {letter:?}, which is in no name of a host"),
            "write the name with letters, digits, `.` and `-` alone",
        );
    }
    match ipv4_host(parts.host) {
        Ipv4Host::Name => None,
        Ipv4Host::Address(address) => hazard(
            format!("the host `{}` is read as the address {address}", parts.host),
            format!("write {address}, if that is intended"),
        ),
        Ipv4Host::Invalid => hazard(
            format!("the host `{}` ends like an IP address but is not one", parts.host),
            "write a name, or an address of four numbers such as 192.0.2.1",
        ),
    }
}

/// Segments that leave the path, and what a server may decode into one.
fn in_path(path: &str) -> Option<UrlHazard> {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let Some(decoded) = decoded(path) else {
        return hazard(
            "its path is percent-encoded several times over",
            "write the path as it is, encoded once",
        );
    };
    let encoded = if decoded.len() == path.len() { "" } else { ", percent-encoded" };
    if decoded.contains(&b'\\') {
        return hazard(format!("it holds a backslash{encoded}"), "write `/` instead of it");
    }
    if String::from_utf8_lossy(&decoded).split('/').any(leaves_folder) {
        return hazard(
            format!("its path holds `..`{encoded}, which is the path of another repository"),
            "write the intended path, without `..`",
        );
    }
    if decoded.windows(2).any(is_overlong) {
        return hazard(
            "its path holds a character in a longer encoding than UTF-8 has for it",
            "write the character itself: some servers read such bytes as `.` or `/`",
        );
    }
    if decoded.iter().any(u8::is_ascii_control) {
        return hazard("it holds a control character, percent-encoded", "delete it");
    }
    None
}

/// The bytes that a text stands for, also where it is encoded several times; `None` for more than [`MOST_ENCODINGS`].
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=MOST_ENCODINGS {
        let next = decoded_once(&bytes);
        if next == bytes {
            return Some(bytes);
        }
        bytes = next;
    }
    None
}

/// Whether a segment is `..` to some server: with what follows a `;`, with dots and blanks at its end, or with full-width dots.
fn leaves_folder(segment: &str) -> bool {
    let name = segment.split(';').next().unwrap_or_default();
    let dots = name.chars().take_while(|letter| is_dot(*letter)).count();
    dots >= 2 && name.chars().skip(dots).all(|letter| is_dot(letter) || letter == ' ')
}

fn is_dot(letter: char) -> bool {
    matches!(letter, '.' | '\u{ff0e}' | '\u{2024}' | '\u{fe52}')
}

/// How often a path may be percent-encoded.
const MOST_ENCODINGS: usize = 3;

/// Whether these bytes begin a character in more bytes than UTF-8 has for it (RFC 3629, section 3).
fn is_overlong(bytes: &[u8]) -> bool {
    matches!(bytes, [0xc0 | 0xc1, 0x80..=0xbf] | [0xe0, 0x80..=0x9f] | [0xf0, 0x80..=0x8f])
}

/// The bytes with each `%` and two digits as the byte that they stand for.
fn decoded_once(bytes: &[u8]) -> Vec<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        // As some servers of old write a character.
        let old = |at: usize| bytes.get(at..at + 4).is_some_and(|mark| mark.eq_ignore_ascii_case(b"%u00"));
        if old(at)
            && let Some(byte) =
                digit(at + 4).zip(digit(at + 5)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok())
        {
            decoded.push(byte);
            at += 6;
            continue;
        }
        let encoded = digit(at + 1).zip(digit(at + 2)).filter(|_| byte == b'%');
        match encoded.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair is a URL and a part of what is said about it.
    #[track_caller]
    fn refused(check: fn(&str) -> Option<UrlHazard>, cases: &[(&str, &str)]) {
        for (url, expected) in cases {
            let found = check(url).map(|found| found.what.into_owned()).unwrap_or_default();
            assert!(found.contains(expected), "{url:?}: {found:?}");
        }
    }

    #[test]
    fn another_host() {
        refused(
            in_url,
            &[
                (r"https://2130706433:8080\@github.com/org/r", "backslash"),
                (r"https:\\github.com/org/r", "backslash"),
                (r"https://github.com\.evil.example/org/r", "backslash"),
                ("https://localhost:8080/@github.com/org/r", "another host is asked"),
                ("https://localhost:80/x@github.com/org/r", "another host is asked"),
                ("https://evil:80?@github.com/org/r", "another host is asked"),
                ("https://evil:80#@github.com/org/r", "another host is asked"),
                ("https://evil:x/@github.com/org/r", "another host is asked"),
                ("https://evil#@github.com/org/r", "another host is asked"),
                ("http://u:x@127.0.0.1:1/@github.com/org/r.git", "another host is asked"),
                ("http://u:x@127.0.0.1/@github.com/org/r.git", "another host is asked"),
                ("http://u:x@127.0.0.1?@github.com/org/r.git", "another host is asked"),
                ("https://u:p@ss/word@github.com/org/r.git", "another host is asked"),
                ("https://token@evil/@github.com/org/r.git", "another host is asked"),
                ("ssh://git@evil/@github.com/org/r.git", "another host is asked"),
                ("https://user:p\u{ff0f}x@host/r", "not ASCII"),
                ("https://g\u{131}thub.com/r", "not ASCII"),
                ("https://\u{ff47}ithub.com/r", "not ASCII"),
                ("https://user:a%0ab@host/r", "control character"),
                ("https://2130706433/org/r", "read as the address 127.0.0.1"),
                ("https://0x7f.1/org/r", "read as the address 127.0.0.1"),
                ("https://0177.0.0.1/org/r", "read as the address 127.0.0.1"),
                ("https://127.1:8080/org/r", "read as the address 127.0.0.1"),
                ("https://user@0x7f000001/org/r", "read as the address 127.0.0.1"),
                ("https://1.2.3.4.5/org/r", "is not one"),
                ("https://example.256/org/r", "is not one"),
                ("https://host:65536/r", "above 65535"),
                ("https://host:/r", "no port after the `:`"),
                ("ssh://git@h$(id)/r", "in no name of a host"),
                ("git@h$(id):r", "in no name of a host"),
                ("ssh://git`id`@host/r", "may not take"),
                ("ssh://a;b@host/r", "may not take"),
                ("https://%67ithub.com/r", "in no name of a host"),
                ("https://a%2fb/r", "in no name of a host"),
                ("https://[::1/r", "in no name of a host"),
                ("https://[::x]/r", "not an IPv6 address"),
                ("git://h;id/r", "in no name of a host"),
                ("ssh://git@host:/r", "no port after the `:`"),
                ("oci://host:/r", "no port after the `:`"),
                ("https://host:0/r", "the port 0"),
                ("http://me@host:00000/r", "the port 0"),
                ("ssh://-oProxyCommand/r", "hyphen"),
                ("ssh://-x@host/r", "hyphen"),
                ("-x@host:r", "hyphen"),
                ("git@-host:r", "hyphen"),
                ("git@host:-x", "hyphen"),
                ("git@2130706433:org/r", "127.0.0.1"),
            ],
        );
        refused(
            in_image,
            &[
                ("2130706433:80/a", "127.0.0.1"),
                ("127.1/a", "127.0.0.1"),
                ("host:99999/a", "above 65535"),
                ("host:/a", "no port after the `:`"),
                ("host:0/a", "the port 0"),
                ("localhost:000/a", "the port 0"),
                (r"ghcr.io\a", "backslash"),
            ],
        );
    }

    #[test]
    fn characters_that_are_dropped_or_not_seen() {
        for letter in [
            '\t',
            '\r',
            '\0',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            ' ',
            '\u{a0}',
            '\u{2028}',
            '\u{3000}',
            '\u{200b}',
            '\u{202e}',
            '\u{feff}',
            '\u{ad}',
            '\u{e0041}',
            '\n',
        ] {
            for url in [
                format!("https://github.com/org/{letter}r"),
                format!("https://git{letter}hub.com/r"),
                format!("{letter}https://github.com/r"),
            ] {
                assert!(in_url(&url).is_some(), "{url:?}");
            }
            assert!(in_image(&format!("ghcr.io/a{letter}b")).is_some(), "{letter:?}");
        }
        refused(in_url, &[("https://host/r\n", "ends with a line break")]);
    }

    #[test]
    fn paths_that_lead_elsewhere() {
        for path in [
            "..",
            "a/../b",
            "%2e%2e",
            "%2E.",
            ".%2e",
            "a%2f..%2fb",
            "%252e%252e",
            "a%5c..",
            "a%5Cb",
            "a%00",
            "a%0d%0ab",
            "%25%32%65.",
            "..;/b",
            "a/..;x=y/b",
            "%2e%2e%3b/b",
            "%25252e%25252e",
            "%2525252e.",
            "%252525252e%252525252e",
            "%c0%ae%c0%ae",
            "%u002e%u002E/b",
            "a/..%20/b",
            "a/...%2fb",
            "..../b",
            "a/%ef%bc%8e%ef%bc%8e/b",
            "\u{ff0e}./b",
            "%C0%AE./b",
            "a%c0%afb",
            "%e0%80%ae%e0%80%ae",
            "%f0%80%80%ae.",
            "%25c0%25ae",
        ] {
            for url in [
                format!("https://host/{path}"),
                format!("ssh://git@host/{path}/x"),
                format!("git@host:{path}"),
                format!("oci://host/{path}"),
                format!("file:///{path}"),
            ] {
                assert!(in_url(&url).is_some(), "{url:?}");
            }
            assert!(in_image(&format!("host.example/{path}")).is_some(), "{path:?}");
        }
    }

    #[test]
    fn everything_else_is_no_hazard() {
        for url in [
            "https://github.com/a/b.git",
            "http://user:p@ss@host:8080/a",
            "https://user:p%40ss%2F@host/a",
            "https://user:p%5Css@host/a",
            "https://token@dev.azure.com/org/My%20Project/_git/repo",
            "ssh://git@host:22/~user/a",
            "git@github.com:a/b",
            "git@127.0.0.1:a/b",
            "https://127.0.0.1:3000/a",
            "https://[::1]:3000/a",
            "https://[::1]/a",
            "ssh://git@[::1]:22/a",
            "git@[::1]:a",
            "ssh://first.last+x@host/a",
            "file:///srv/a#b.git",
            "/srv/a$b.git",
            "https://1password.example/a",
            "https://host/a...b/..c/d..",
            "https://host/a@v1",
            "https://u:p@host:80/a%40v1",
            "https://host:8080/a@v1",
            "https://host:8080/@v1/a.b",
            "https://host/x@github.com/a",
            "https://host/a?x=../y&z=@",
            "https://host/\u{e9}",
            "https://host/100%/a",
            "https://host/a;b=..c/d..;e",
            "https://host/caf%e9/%C3%A9/%E0%A4%A8",
            "https://host/100%25/a%2525b",
            "file:///srv/a.git",
            "oci://ghcr.io/a/b",
            "oci://ghcr.io/a/b/",
            "http://localhost:8080/x?y=z",
        ] {
            assert_eq!(in_url(url), None, "{url:?}");
        }
        for name in [
            "nginx",
            "ghcr.io/MyOrg/app",
            "localhost:5000/a",
            "192.0.2.1:5000/a/b",
            "2048/app",
            "a.b",
            "1.2.3",
        ] {
            assert_eq!(in_image(name), None, "{name:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_checked(text in r"(https?://|ssh://|file://|oci://)?([a-z%@:/\\.\[\]$-]|%2e|%25|\.\.|é|::1){0,14}") {
            let _ = (UrlHazard::check(&text), UrlHazard::check_image(&text), UrlParts::of(&text));
        }
    }
}
