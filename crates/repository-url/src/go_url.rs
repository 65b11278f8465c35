//! URLs as Go's `net/url` reads and writes them.
//!
//! The `url` crate follows another standard: it treats some schemes as special, adds slashes, encodes hosts. The names of
//! Freight depend on Go's parser, so this is that of Go 1.26, as far as the normal forms need it.

use std::net::Ipv6Addr;

/// A parsed URL. Path, host and fragment are held as the bytes they stand for.
#[derive(Clone, Default)]
pub(crate) struct GoUrl {
    scheme: String,
    opaque: String,
    user: Option<User>,
    host: Vec<u8>,
    pub(crate) path: Vec<u8>,
    raw_path: String,
    omit_host: bool,
    force_query: bool,
    raw_query: String,
    fragment: Vec<u8>,
    raw_fragment: String,
}

#[derive(Clone)]
struct User {
    name: Vec<u8>,
    password: Option<Vec<u8>>,
}

impl GoUrl {
    /// Reads a URL; nothing where Go answers with an error.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (front, fragment) = text.split_once('#').unwrap_or((text, ""));
        let mut url = Self::parse_front(front)?;
        if !fragment.is_empty() {
            url.fragment = unescape(fragment, Part::Fragment)?;
            if escape(&url.fragment, Part::Fragment) != fragment {
                url.raw_fragment = fragment.to_owned();
            }
        }
        Some(url)
    }

    fn parse_front(text: &str) -> Option<Self> {
        let mut url = Self::default();
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            return None;
        }
        if text == "*" {
            url.path = b"*".to_vec();
            return Some(url);
        }
        let (scheme, rest) = split_scheme(text)?;
        url.scheme = scheme.to_ascii_lowercase();
        let mut rest = match rest.split_once('?') {
            Some((rest, "")) => {
                url.force_query = true;
                rest
            }
            Some((rest, query)) => {
                url.raw_query = query.to_owned();
                rest
            }
            None => rest,
        };
        if !rest.starts_with('/') {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_owned();
                return Some(url);
            }
            if first_segment(rest).contains(':') {
                return None;
            }
        }
        if rest.starts_with("//") && (!url.scheme.is_empty() || !rest.starts_with("///")) {
            let after = &rest[2..];
            let end = after.find('/').unwrap_or(after.len());
            url.set_authority(&after[..end])?;
            rest = &after[end..];
        } else if !url.scheme.is_empty() && rest.starts_with('/') {
            url.omit_host = true;
        }
        url.path = unescape(rest, Part::Path)?;
        if escape(&url.path, Part::Path) != rest {
            url.raw_path = rest.to_owned();
        }
        Some(url)
    }

    fn set_authority(&mut self, authority: &str) -> Option<()> {
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        self.host = parse_host(&self.scheme, host)?;
        if let Some(user) = user {
            if !user.bytes().all(is_user_byte) {
                return None;
            }
            let (name, password) = match user.split_once(':') {
                Some((name, password)) => (name, Some(password)),
                None => (user, None),
            };
            self.user = Some(User {
                name: unescape(name, Part::User)?,
                password: match password {
                    Some(password) => Some(unescape(password, Part::User)?),
                    None => None,
                },
            });
        }
        Some(())
    }

    /// Forgets user and password.
    pub(crate) fn remove_user(&mut self) {
        self.user = None;
    }

    /// Whether the query names at least one parameter; malformed ones do not count.
    pub(crate) fn has_query(&self) -> bool {
        self.raw_query.split('&').any(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            !pair.is_empty()
                && !pair.contains(';')
                && unescape(key, Part::Query).is_some()
                && unescape(value, Part::Query).is_some()
        })
    }

    /// The host as it was written, for a URL that is nothing but a host.
    pub(crate) fn host(&self) -> &[u8] {
        &self.host
    }

    fn escaped_path(&self) -> String {
        if !self.raw_path.is_empty()
            && is_encoded(&self.raw_path, Part::Path)
            && unescape(&self.raw_path, Part::Path).is_some_and(|path| path == self.path)
        {
            return self.raw_path.clone();
        }
        if self.path == b"*" {
            return "*".to_owned();
        }
        escape(&self.path, Part::Path)
    }

    fn escaped_fragment(&self) -> String {
        if !self.raw_fragment.is_empty() && is_encoded(&self.raw_fragment, Part::Fragment) {
            return self.raw_fragment.clone();
        }
        escape(&self.fragment, Part::Fragment)
    }

    /// The URL as a text again.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        if !self.scheme.is_empty() {
            text.push_str(&self.scheme);
            text.push(':');
        }
        if self.opaque.is_empty() {
            self.write_authority(&mut text);
            let path = self.escaped_path();
            if !path.is_empty() && !path.starts_with('/') && !self.host.is_empty() {
                text.push('/');
            }
            if text.is_empty() && first_segment(&path).contains(':') {
                text.push_str("./");
            }
            text.push_str(&path);
        } else {
            text.push_str(&self.opaque);
        }
        if self.force_query || !self.raw_query.is_empty() {
            text.push('?');
            text.push_str(&self.raw_query);
        }
        if !self.fragment.is_empty() {
            text.push('#');
            text.push_str(&self.escaped_fragment());
        }
        text
    }

    fn write_authority(&self, text: &mut String) {
        let nameless = self.host.is_empty() && self.user.is_none();
        if nameless && (self.scheme.is_empty() || self.omit_host) {
            return;
        }
        if !nameless || !self.path.is_empty() {
            text.push_str("//");
        }
        if let Some(user) = &self.user {
            text.push_str(&escape(&user.name, Part::User));
            if let Some(password) = &user.password {
                text.push(':');
                text.push_str(&escape(password, Part::User));
            }
            text.push('@');
        }
        text.push_str(&escape(&self.host, Part::Host));
    }
}

fn first_segment(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

/// The scheme, if there is one, and the rest; nothing where the text starts with a colon.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return None,
            b':' => return Some((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Some(("", text))
}

fn is_user_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte)
}

/// The bytes of a host and its port. An http(s) host holds at most one colon; other schemes may list several hosts.
fn parse_host(scheme: &str, host: &str) -> Option<Vec<u8>> {
    if let Some(open) = host.rfind('[') {
        return parse_literal(host, open);
    }
    let colon = match scheme {
        "http" | "https" => host.find(':'),
        _ => host.rfind(':'),
    };
    if let Some(colon) = colon {
        is_optional_port(&host[colon..]).then_some(())?;
    }
    unescape(host, Part::Host)
}

/// `[address]`, with a zone and a port where there are any.
fn parse_literal(host: &str, open: usize) -> Option<Vec<u8>> {
    let close = host.rfind(']')?;
    if open != 0 || close < open || !is_optional_port(&host[close + 1..]) {
        return None;
    }
    let inside = &host[..close];
    let mut decoded = match inside.find("%25") {
        Some(zone) => {
            let mut decoded = unescape(&inside[..zone], Part::Host)?;
            decoded.extend(unescape(&inside[zone..], Part::Zone)?);
            decoded
        }
        None => unescape(inside, Part::Host)?,
    };
    let address = std::str::from_utf8(&decoded[1..]).ok()?;
    let bare = match address.split_once('%') {
        Some((_, "")) => return None,
        Some((bare, _)) => bare,
        None => address,
    };
    bare.parse::<Ipv6Addr>().ok()?;
    decoded.extend(unescape(&host[close..], Part::Host)?);
    Some(decoded)
}

fn is_optional_port(text: &str) -> bool {
    match text.strip_prefix(':') {
        Some(port) => port.bytes().all(|byte| byte.is_ascii_digit()),
        None => text.is_empty(),
    }
}

/// The part of a URL that a text is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Path,
    Host,
    /// The zone of an IPv6 address, after its `%25`.
    Zone,
    User,
    Query,
    Fragment,
}

/// The bytes that the text stands for; nothing where an escape is malformed or a byte may not stand in this part.
fn unescape(text: &str, part: Part) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            let value = (hex(bytes.get(at + 1)?)? << 4) | hex(bytes.get(at + 2)?)?;
            if !escape_is_allowed(value, part) {
                return None;
            }
            decoded.push(value);
            at += 3;
            continue;
        }
        if matches!(part, Part::Host | Part::Zone) && byte.is_ascii() && must_escape(byte, part) {
            return None;
        }
        decoded.push(if byte == b'+' && part == Part::Query { b' ' } else { byte });
        at += 1;
    }
    Some(decoded)
}

/// A host may escape bytes outside ASCII and the percent sign; a zone also what a host may hold, and the space.
fn escape_is_allowed(value: u8, part: Part) -> bool {
    match part {
        Part::Host => value >= 0x80 || value == b'%',
        Part::Zone => value == b'%' || value == b' ' || !must_escape(value, Part::Host),
        _ => true,
    }
}

fn hex(byte: &u8) -> Option<u8> {
    char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The text for these bytes.
fn escape(bytes: &[u8], part: Part) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if must_escape(byte, part) {
            text.push('%');
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        } else {
            text.push(char::from(byte));
        }
    }
    text
}

/// Whether a text is a possible encoding for this part, if not the one [`escape`] would choose.
fn is_encoded(text: &str, part: Part) -> bool {
    text.bytes().all(|byte| b"!$&'()*+,;=:@[]%".contains(&byte) || !must_escape(byte, part))
}

fn must_escape(byte: u8, part: Part) -> bool {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        return false;
    }
    match part {
        Part::Host | Part::Zone => !b"!$&'()*+,;=:[]<>\"".contains(&byte),
        Part::Path => !b"$&+,/:;=@".contains(&byte),
        Part::User => !b"$&+,;=".contains(&byte),
        Part::Query => true,
        Part::Fragment => !b"$&+,/:;=?@!()*".contains(&byte),
    }
}
