//! Reading `WWW-Authenticate`.

use http::HeaderValue;

/// The longest value of a parameter that is kept, in bytes.
const LONGEST_VALUE: usize = 4 << 10;
/// The most challenges and the most parameters of one challenge that are read.
const MOST: usize = 32;

/// One challenge of a server: a scheme with its parameters ([RFC 9110, section 11.3]).
///
/// [RFC 9110, section 11.3]: https://www.rfc-editor.org/rfc/rfc9110#section-11.3
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Whether the challenge has this scheme, such as `Bearer`.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The scheme as the server spells it.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The value of the first parameter of this name; `None` where there is none, or where it is empty or longer than 4 KiB.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let (_, value) = self.parameters.iter().find(|(own, _)| own.eq_ignore_ascii_case(name))?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// The challenges in these header values, in their order. Servers are careless here, so several spaces, values without quotes,
    /// missing closing quotes and bytes beyond ASCII are read as what they must mean. Bytes that are not UTF-8 are read as Latin-1.
    pub(crate) fn parse_all<'a>(values: impl IntoIterator<Item = &'a HeaderValue>) -> Vec<Self> {
        let mut challenges = Vec::new();
        for value in values {
            let text = match std::str::from_utf8(value.as_bytes()) {
                Ok(text) => text.to_owned(),
                Err(_) => value.as_bytes().iter().map(|&byte| char::from(byte)).collect(),
            };
            parse(&text, &mut challenges);
        }
        challenges
    }
}

fn parse(text: &str, challenges: &mut Vec<Challenge>) {
    let first = challenges.len();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|letter: char| matches!(letter, ',' | '=' | '"') || is_space(letter));
        let end = rest.find(|letter: char| matches!(letter, ',' | '=' | '"') || is_space(letter));
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        if word.is_empty() {
            return;
        }
        rest = after.trim_start_matches(is_space);
        // A word that `=` follows is a parameter; `Negotiate dG9rZW4=` makes one that is never read.
        let value = rest.strip_prefix('=').map(|value| value.trim_start_matches(is_space));
        match (value, challenges[first..].last_mut()) {
            (Some(value), challenge) => {
                let (value, after) = read_value(value);
                rest = after;
                if let Some(challenge) = challenge
                    && challenge.parameters.len() < MOST
                    && value.len() <= LONGEST_VALUE
                {
                    challenge.parameters.push((word.to_owned(), value));
                }
            }
            (None, _) if challenges.len() < MOST => {
                challenges.push(Challenge { scheme: word.to_owned(), parameters: Vec::new() });
            }
            (None, _) => return,
        }
    }
}

/// Quotation marks that HTTP does not know, with those that close them.
const OTHER_QUOTES: [(char, char); 3] = [('\'', '\''), ('\u{201c}', '\u{201d}'), ('\u{2018}', '\u{2019}')];

/// A value, with or without quotes, and what comes after it.
fn read_value(text: &str) -> (String, &str) {
    for (open, close) in OTHER_QUOTES {
        if let Some((value, after)) = text.strip_prefix(open).and_then(|quoted| quoted.split_once(close))
            && after.chars().next().is_none_or(|next| next == ',' || is_space(next))
        {
            return (value.to_owned(), after);
        }
    }
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|letter: char| letter == ',' || is_space(letter)).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((position, letter)) = letters.next() {
        match letter {
            '"' => return (value, &quoted[position + 1..]),
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            _ => value.push(letter),
        }
    }
    (value, "")
}

fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&[u8]]) -> Vec<Challenge> {
        let values: Vec<_> = values.iter().map(|value| HeaderValue::from_bytes(value).unwrap()).collect();
        Challenge::parse_all(&values)
    }

    #[track_caller]
    fn check(value: &str, expected: &[(&str, &[(&str, &str)])]) {
        let read = read(&[value.as_bytes()]);
        let read: Vec<_> = read
            .iter()
            .map(|one| {
                let parameters = one.parameters.iter().map(|(name, value)| (&**name, &**value));
                (one.scheme(), parameters.collect::<Vec<_>>())
            })
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|(scheme, parameters)| (*scheme, parameters.to_vec())).collect();
        assert_eq!(read, expected, "{value}");
    }

    #[test]
    fn what_the_standard_allows() {
        let bearer: &[_] =
            &[("realm", "https://a.test/t"), ("service", "r"), ("scope", "repository:a/b:pull,push")];
        check(
            r#"Bearer realm="https://a.test/t",service="r",scope="repository:a/b:pull,push""#,
            &[("Bearer", bearer)],
        );
        check(
            "Bearer \t realm = \"https://a.test/t\" ,, service=\"r\" , scope=\"repository:a/b:pull,push\"",
            &[("Bearer", bearer)],
        );
        check(r#"Basic realm="a \"b\" \\c""#, &[("Basic", &[("realm", r#"a "b" \c"#)])]);
        check("Negotiate", &[("Negotiate", &[])]);
        check(
            r#"Basic realm="a, b", Bearer realm="c""#,
            &[("Basic", &[("realm", "a, b")]), ("Bearer", &[("realm", "c")])],
        );
        check("Negotiate, Basic", &[("Negotiate", &[]), ("Basic", &[])]);
        check("Digest realm=x, Newauth a=1", &[("Digest", &[("realm", "x")]), ("Newauth", &[("a", "1")])]);
        check("", &[]);
        check(" , ,", &[]);
    }

    #[test]
    fn what_careless_servers_write() {
        check("Basic realm=/", &[("Basic", &[("realm", "/")])]);
        check(
            "Bearer realm=https://a.test/t?x=1,service=r",
            &[("Bearer", &[("realm", "https://a.test/t?x=1"), ("service", "r")])],
        );
        check(r#"Bearer realm="https://a.test"#, &[("Bearer", &[("realm", "https://a.test")])]);
        check(
            r#"Bearer realm="https://a.test" service="r""#,
            &[("Bearer", &[("realm", "https://a.test"), ("service", "r")])],
        );
        check(r#"Basic realm="Zugang für alle""#, &[("Basic", &[("realm", "Zugang für alle")])]);
        check(
            "Bearer realm='https://a.test/t,u',service='r'",
            &[("Bearer", &[("realm", "https://a.test/t,u"), ("service", "r")])],
        );
        check(
            "Bearer realm=\u{201c}https://a.test\u{201d}, service=\u{2018}r\u{2019}",
            &[("Bearer", &[("realm", "https://a.test"), ("service", "r")])],
        );
        check("Basic realm='x", &[("Basic", &[("realm", "'x")])]);
        check(r#"realm="x", Basic"#, &[("Basic", &[])]);
        let latin = read(&[b"Basic realm=\"Zugang f\xfcr alle\""]);
        assert_eq!((latin.len(), latin[0].parameter("REALM")), (1, Some("Zugang für alle")));
        let two = read(&[b"Basic realm=\"x\"", b"bearer realm=\"y\""]);
        assert!(two[0].is("BASIC") && two[1].is("Bearer") && two[1].parameter("realm") == Some("y"));
    }

    #[test]
    fn values_and_their_number_are_bounded() {
        let long = format!("Bearer realm=\"{}\", service=x", "r".repeat(LONGEST_VALUE + 1));
        let read_long = read(&[long.as_bytes()]);
        assert_eq!((read_long[0].parameter("realm"), read_long[0].parameter("service")), (None, Some("x")));
        assert_eq!(read(&["Bearer ".repeat(10_000).as_bytes()]).len(), MOST);
        let many = format!("Bearer {}", "a=b, ".repeat(10_000));
        assert_eq!(read(&[many.as_bytes()])[0].parameters.len(), MOST);
        assert_eq!(read(&[b"Bearer realm=\"\""])[0].parameter("realm"), None);
    }

    proptest::proptest! {
        #[test]
        fn noise_never_panics(value in r#"((Bearer|Basic|realm=|scope=|[",= \\a-z]){0,30}|[ -~\x80-\xff]{0,60})"#) {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                Challenge::parse_all([&value]);
            }
        }

        #[test]
        fn what_is_written_is_read(
            scheme in "[A-Za-z]{1,8}",
            parameters in proptest::collection::vec(("[a-z]{1,6}", r#"[ -~]{0,20}"#, 0usize..3), 0..6),
        ) {
            let written: Vec<_> = parameters.iter().map(|(name, value, spaces)| {
                let spaces = " ".repeat(*spaces);
                format!("{name}{spaces}={spaces}\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
            }).collect();
            let header = HeaderValue::from_str(&format!("{scheme}  {}", written.join(" , "))).unwrap();
            let expected = Challenge {
                scheme,
                parameters: parameters.into_iter().map(|(name, value, _)| (name, value)).collect(),
            };
            proptest::prop_assert_eq!(Challenge::parse_all([&header]), vec![expected]);
        }
    }
}
