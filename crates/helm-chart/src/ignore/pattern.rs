//! Patterns as Go's `filepath.Match` reads them on Unix: `*`, `?`, classes in brackets and `\` before a literal character.

/// A pattern that was compiled.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    chunks: Vec<Chunk>,
    /// Whether what follows the chunks is malformed. Go finds that out only where a name matches up to there.
    malformed: bool,
}

/// The text up to the next `*`.
#[derive(Clone, Debug)]
struct Chunk {
    /// Whether a `*` is before it.
    after_star: bool,
    tokens: Vec<Token>,
}

#[derive(Clone, Debug)]
enum Token {
    Character(char),
    /// Any character but `/`.
    Any,
    /// A range of characters, `/` included.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        let mut chunks = Vec::new();
        let mut rest: Vec<char> = text.chars().rev().collect();
        while !rest.is_empty() {
            let mut after_star = false;
            while rest.last() == Some(&'*') {
                rest.pop();
                after_star = true;
            }
            let mut tokens = Vec::new();
            while rest.last().is_some_and(|&next| next != '*') {
                let Some(token) = token(&mut rest) else { return Self { chunks, malformed: true } };
                tokens.push(token);
            }
            chunks.push(Chunk { after_star, tokens });
        }
        Self { chunks, malformed: false }
    }

    /// Whether the pattern matches the whole name; nothing where Go calls the pattern malformed.
    pub(super) fn matches(&self, name: &str) -> Option<bool> {
        let mut name = name;
        let mut chunks = self.chunks.iter().peekable();
        'chunks: while let Some(chunk) = chunks.next() {
            let is_last = chunks.peek().is_none() && !self.malformed;
            if chunk.after_star && chunk.tokens.is_empty() {
                return Some(!name.contains('/'));
            }
            if let Some(rest) = chunk.strip(name)
                && (rest.is_empty() || !is_last)
            {
                name = rest;
                continue;
            }
            if chunk.after_star {
                let mut from = name;
                while let Some(first) = from.chars().next().filter(|&first| first != '/') {
                    from = from.get(first.len_utf8()..).unwrap_or_default();
                    if let Some(rest) = chunk.strip(from)
                        && (rest.is_empty() || !is_last)
                    {
                        name = rest;
                        continue 'chunks;
                    }
                }
            }
            return Some(false);
        }
        (!self.malformed).then_some(name.is_empty())
    }
}

impl Chunk {
    /// What follows this chunk at the start of the text.
    fn strip<'a>(&self, text: &'a str) -> Option<&'a str> {
        let mut rest = text.chars();
        for token in &self.tokens {
            let next = rest.next()?;
            let matches = match token {
                Token::Character(character) => next == *character,
                Token::Any => next != '/',
                Token::Class { negated, ranges } => {
                    ranges.iter().any(|&(low, high)| (low..=high).contains(&next)) != *negated
                }
            };
            if !matches {
                return None;
            }
        }
        Some(rest.as_str())
    }
}

/// The next token of a pattern that is written backwards.
fn token(rest: &mut Vec<char>) -> Option<Token> {
    Some(match rest.pop()? {
        '?' => Token::Any,
        '\\' => Token::Character(rest.pop()?),
        '[' => {
            let negated = rest.pop_if(|next| *next == '^').is_some();
            let mut ranges = Vec::new();
            while ranges.is_empty() || rest.pop_if(|next| *next == ']').is_none() {
                let low = bound(rest)?;
                let high = match rest.pop_if(|next| *next == '-') {
                    Some(_) => bound(rest)?,
                    None => low,
                };
                ranges.push((low, high));
            }
            Token::Class { negated, ranges }
        }
        character => Token::Character(character),
    })
}

/// A character of a class, after which the class must go on.
fn bound(rest: &mut Vec<char>) -> Option<char> {
    let character = match rest.pop()? {
        '-' | ']' => return None,
        '\\' => rest.pop()?,
        character => character,
    };
    (!rest.is_empty()).then_some(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of Go's `filepath.Match`; nothing for a malformed pattern.
    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("abc", "abc", Some(true)),
            ("*", "abc", Some(true)),
            ("*c", "abc", Some(true)),
            ("a*", "a", Some(true)),
            ("a*", "ab/c", Some(false)),
            ("a*/b", "abc/b", Some(true)),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", Some(true)),
            ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", Some(false)),
            ("a*b?c*x", "abxbbxdbxebxczzx", Some(true)),
            ("a*b?c*x", "abxbbxdbxebxczzy", Some(false)),
            ("ab[c]", "abc", Some(true)),
            ("ab[b-d]", "abc", Some(true)),
            ("ab[^c]", "abc", Some(false)),
            ("ab[^e-g]", "abc", Some(true)),
            ("a\\*b", "a*b", Some(true)),
            ("a\\*b", "ab", Some(false)),
            ("a?b", "aüb", Some(true)),
            ("a[^a]b", "aüb", Some(true)),
            ("a???b", "aüb", Some(false)),
            ("[a-ζ]*", "α", Some(true)),
            ("a?b", "a/b", Some(false)),
            ("a*b", "a/b", Some(false)),
            ("[\\]a]", "]", Some(true)),
            ("[\\-x]", "-", Some(true)),
            ("[x\\-]", "z", Some(false)),
            ("[]a]", "]", None),
            ("[-]", "-", None),
            ("[x-]", "x", None),
            ("[-x]", "x", None),
            ("[a-b-c]", "a", None),
            ("[", "a", None),
            ("[^", "a", None),
            ("[^bc", "a", None),
            ("a[", "a", None),
            ("a[", "ab", None),
            ("a[", "x", None),
            ("a/b[", "x", None),
            ("a*[", "b", Some(false)),
            ("a*[", "a", None),
            ("a*b*[", "ac", Some(false)),
            ("*x", "xxx", Some(true)),
            ("\\", "a", None),
            ("", "", Some(true)),
            ("", "a", Some(false)),
            ("**", "a", Some(true)),
            ("[*]", "*", Some(true)),
            ("[/]", "/", Some(true)),
            ("[^a]", "/", Some(true)),
            ("*.go", ".go", Some(true)),
            ("!a", "!a", Some(true)),
        ] {
            assert_eq!(Pattern::new(pattern).matches(name), expected, "{pattern:?} {name:?}");
        }
    }
}
