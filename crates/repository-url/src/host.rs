//! Hosts as URL parsers read them: names, addresses, and numbers that are read as an address.

use std::net::{Ipv4Addr, Ipv6Addr};

/// What a host is to a reader of URLs, by its last part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ipv4Host {
    /// The last part is not a number: a name.
    Name,
    /// The host is read as this address, however it is written.
    Address(Ipv4Addr),
    /// The last part is a number, and the host is not an address: no reader of URLs takes it.
    Invalid,
}

/// How a host is read, as of the [URL standard](https://url.spec.whatwg.org/#ipv4-number-parser) and the system's resolver: one to
/// four numbers, decimal, octal after `0` or hexadecimal after `0x`, are an IPv4 address. The host is given without a port.
///
/// ```
/// use repository_url::{Ipv4Host, ipv4_host};
///
/// assert_eq!(ipv4_host("2130706433"), Ipv4Host::Address([127, 0, 0, 1].into()));
/// assert_eq!(ipv4_host("0x7f.1"), Ipv4Host::Address([127, 0, 0, 1].into()));
/// assert_eq!(ipv4_host("1.2.3.4.5"), Ipv4Host::Invalid);
/// assert_eq!(ipv4_host("ghcr.io"), Ipv4Host::Name);
/// ```
pub fn ipv4_host(host: &str) -> Ipv4Host {
    // A dot at the end is that of the root.
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit())
        || hexadecimal(last).is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    match is_number {
        false => Ipv4Host::Name,
        true => address(host).map_or(Ipv4Host::Invalid, Ipv4Host::Address),
    }
}

fn hexadecimal(text: &str) -> Option<&str> {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
}

/// The address that one to four numbers stand for: the last one fills the bytes that are left.
fn address(host: &str) -> Option<Ipv4Addr> {
    let mut numbers = Vec::new();
    for part in host.split('.').take(5) {
        // `from_str_radix` takes a sign.
        let digits = |text: &str, radix| match text.starts_with(['+', '-']) {
            true => None,
            false => u32::from_str_radix(text, radix).ok(),
        };
        let number = match hexadecimal(part) {
            Some("") => 0,
            Some(hexadecimal) => digits(hexadecimal, 16)?,
            None if part.len() > 1 && part.starts_with('0') => digits(part, 8)?,
            None => digits(part, 10)?,
        };
        numbers.push(number);
    }
    let (&last, front) = numbers.split_last()?;
    if front.len() > 3 || front.iter().any(|&number| number > 255) {
        return None;
    }
    let room = 32 - 8 * front.len();
    if u64::from(last) >= 1_u64 << room {
        return None;
    }
    let high =
        front.iter().enumerate().fold(0_u32, |high, (index, &number)| high | number << (24 - 8 * index));
    Some(Ipv4Addr::from(high | last))
}

/// Whether a text is a host with or without a port, as it is in a URL. Names consist of letters, digits, `.`, `-` and `_`.
pub(crate) fn is_host(text: &str) -> bool {
    let is_port = |port: &str| {
        port.is_empty() || port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
    };
    if let Some(rest) = text.strip_prefix('[') {
        let Some((address, after)) = rest.split_once(']') else { return false };
        let is_end = after.is_empty() || after.strip_prefix(':').is_some_and(is_port);
        return is_end && address.parse::<Ipv6Addr>().is_ok();
    }
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !host.is_empty() && host.bytes().all(in_name) && is_port(port) && ipv4_host(host) != Ipv4Host::Invalid
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the `url` crate takes for a host and a port. It also reads a user before `@`, which a name of an image cannot have, and
    /// `xn--` as Punycode, which is left to the client that asks the server.
    fn is_host_of_url(text: &str) -> bool {
        let in_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let Ok(url) = url::Url::parse(&format!("https://{text}/")) else { return false };
        let name = text.rsplit_once(':').map_or(text, |(host, _)| host);
        let is_v6 = matches!(url.host(), Some(url::Host::Ipv6(_))) && text.starts_with('[');
        let is_whole =
            url.path() == "/" && url.query().is_none() && url.fragment().is_none() && !text.contains('\\');
        url.host().is_some() && is_whole && (is_v6 || name.bytes().all(in_host))
    }

    #[test]
    fn hosts() {
        for (text, expected) in [
            ("ghcr.io", true),
            ("localhost:5000", true),
            ("my_host.internal", true),
            ("host:", true),
            ("host:00080", true),
            ("host.", true),
            ("-host", true),
            ("[::1]", true),
            ("[::1]:5000", true),
            ("[::ffff:1.2.3.4]:1", true),
            ("1.2.3.4", true),
            ("1.2.3.4.", true),
            ("0x7f.1:80", true),
            ("", false),
            (":5000", false),
            ("host:port", false),
            ("host:+80", false),
            ("host:65536", false),
            ("1.2.3.4.5", false),
            ("1.2.3.08", false),
            ("a.256", false),
            ("a.0x", false),
            ("a b", false),
            ("a#b", false),
            ("a/b", false),
            ("[::1", false),
            ("[::1]x", false),
            ("[v1.a]", false),
            ("::1", false),
        ] {
            assert_eq!((is_host(text), is_host_of_url(text)), (expected, expected), "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn hosts_are_those_of_the_url_crate(
            text in "[a-c0-9xXF._:-]{0,12}|\\[[0-9a-f:.]{0,12}\\](:[0-9]{0,6})?|([0-9]{1,4}[.]){0,4}(0[xX])?[0-9a-f]{0,10}[.]?(:[0-9]{1,5})?|[ -?A-~]{0,6}",
        ) {
            prop_assume!(!text.to_ascii_lowercase().contains("xn--"));
            prop_assert_eq!(is_host(&text), is_host_of_url(&text), "{:?}", text);
        }

        #[test]
        fn addresses_are_those_of_the_url_crate(host in "([0-9]{1,4}[.]){0,4}(0[xX])?[0-9a-fA-F]{1,10}|(0[xX0-7][0-7]{0,3}[.]?){1,4}") {
            let expected = match url::Url::parse(&format!("https://{host}/")) {
                Err(_) => Ipv4Host::Invalid,
                Ok(url) => match url.host() {
                    Some(url::Host::Ipv4(address)) => Ipv4Host::Address(address),
                    _ => Ipv4Host::Name,
                },
            };
            prop_assert_eq!(ipv4_host(&host), expected, "{:?}", host);
        }
    }
}
