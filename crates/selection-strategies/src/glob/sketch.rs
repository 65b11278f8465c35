//! A regular expression that matches everything a pattern matches, and perhaps more.
//!
//! A set of patterns asks all its sketches at once (one automaton, one pass over the path) and then
//! lets the matcher decide for those that are left. The sketch may be as coarse as it likes, as
//! long as it never misses a match; the matcher alone knows doublestar's rules.

use std::fmt::Write;

use super::rune::{REPLACEMENT, decode};
use super::syntax::class_end;

/// The sketch of a valid pattern, for `regex::bytes`; `None` for one whose alternations and classes
/// are entangled (`{[}],a}`), of which every path has to be asked.
pub(crate) fn sketch(pattern: &str) -> Option<String> {
    let tokens = tokens(pattern.as_bytes())?;
    let mut regex = String::from(r"(?s-u)\A");
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| tokens[before]);
        let after = tokens.get(index + 1).copied();
        match *token {
            Token::Star { wide } => regex.push_str(if wide { ".*" } else { "[^/]*" }),
            // A separator can vanish beside `**`, and where deciding an alternation can put it
            // beside `**`.
            Token::Separator => {
                let loose = [before, after].into_iter().flatten().any(Token::loosens_separator);
                regex.push_str(if loose { "/?" } else { "/" });
            }
            Token::OneOf => regex.push_str(".{1,4}"),
            Token::NoSeparator => regex.push_str("[^/]{1,4}"),
            Token::Byte(byte) => {
                // Writing to a String cannot fail.
                let _ = write!(regex, r"\x{byte:02x}");
            }
            Token::Broken => regex.push_str(".{1,3}"),
            Token::Open => regex.push_str("(?:"),
            Token::Comma => regex.push('|'),
            Token::Close => regex.push(')'),
        }
    }
    regex.push_str(r"\z");
    Some(regex)
}

#[derive(Clone, Copy)]
enum Token {
    /// One or more stars in a row; wide if they may be more than one after an alternation is
    /// decided.
    Star {
        wide: bool,
    },
    Separator,
    OneOf,
    NoSeparator,
    Byte(u8),
    /// U+FFFD, which any broken byte equals.
    Broken,
    Open,
    Comma,
    Close,
}

impl Token {
    fn loosens_separator(self) -> bool {
        self.is_boundary() || matches!(self, Self::Star { wide: true })
    }

    fn is_boundary(self) -> bool {
        matches!(self, Self::Open | Self::Comma | Self::Close)
    }
}

fn tokens(pattern: &[u8]) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut depth = 0_usize;
    let mut index = 0;
    while let Some(&byte) = pattern.get(index) {
        match byte {
            b'*' => {
                let stars = pattern[index..].iter().take_while(|&&byte| byte == b'*').count();
                let before = tokens.last().is_some_and(|token: &Token| token.is_boundary());
                let after = match pattern.get(index + stars) {
                    Some(b'{') => true,
                    Some(b',' | b'}') => depth > 0,
                    _ => false,
                };
                tokens.push(Token::Star { wide: stars > 1 || before || after });
                index += stars;
                continue;
            }
            b'?' => tokens.push(Token::NoSeparator),
            b'[' => {
                let close = class_end(pattern, index)?;
                let class = &pattern[index..close];
                if [b'{', b'}', b','].iter().any(|&special| class.contains(&special)) {
                    return None;
                }
                tokens.push(Token::OneOf);
                index = close;
            }
            b'{' => {
                depth += 1;
                tokens.push(Token::Open);
            }
            b',' if depth > 0 => tokens.push(Token::Comma),
            b'}' => {
                depth = depth.checked_sub(1)?;
                tokens.push(Token::Close);
            }
            b'\\' => {
                index += 1;
                index += literal(&pattern[index..], &mut tokens);
                continue;
            }
            _ => {
                index += literal(&pattern[index..], &mut tokens);
                continue;
            }
        }
        index += 1;
    }
    Some(tokens)
}

fn literal(rest: &[u8], tokens: &mut Vec<Token>) -> usize {
    let (rune, width) = decode(rest);
    match rune {
        REPLACEMENT => tokens.push(Token::Broken),
        _ if rune == u32::from(b'/') => tokens.push(Token::Separator),
        _ => tokens.extend(rest[..width].iter().copied().map(Token::Byte)),
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(pattern: &str, expected: Option<&str>) {
        assert_eq!(sketch(pattern).as_deref(), expected, "{pattern}");
    }

    #[test]
    fn sketches() {
        case("", Some(r"(?s-u)\A\z"));
        case("a", Some(r"(?s-u)\A\x61\z"));
        case("*/?", Some(r"(?s-u)\A[^/]*/[^/]{1,4}\z"));
        case("**/a", Some(r"(?s-u)\A.*/?\x61\z"));
        case("{a,b}/*", Some(r"(?s-u)\A(?:\x61|\x62)/?[^/]*\z"));
        case("{*,[!a]}*", Some(r"(?s-u)\A(?:.*|.{1,4}).*\z"));
        case("{[}],a}", None);
        case("[,]", None);
    }
}
