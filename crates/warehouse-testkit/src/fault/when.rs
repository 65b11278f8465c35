//! The requests that a rule applies to.

/// Describes requests by method, path, query and count.
///
/// Paths are compared as they were sent, percent-encoded. In a path pattern `*` stands for any run of characters
/// except `/`, `**` for any run at all; every other character stands for itself. The count is taken over the requests that
/// fit the rest, and starts at 1.
///
/// ```
/// use warehouse_testkit::When;
///
/// let third_page = When::get("/v2/**/tags/list").nth(3);
/// let every_manifest = When::path("/v2/demo/app/manifests/*");
/// # let _ = (third_page, every_manifest);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    method: Option<String>,
    path: Option<String>,
    query: Option<String>,
    first: u64,
    last: u64,
}

impl When {
    /// Every request.
    #[must_use]
    pub fn any() -> Self {
        Self { method: None, path: None, query: None, first: 1, last: u64::MAX }
    }

    /// Requests of any method whose path fits the pattern.
    #[must_use]
    pub fn path(pattern: impl Into<String>) -> Self {
        Self { path: Some(pattern.into()), ..Self::any() }
    }

    /// GET requests whose path fits the pattern.
    #[must_use]
    pub fn get(pattern: impl Into<String>) -> Self {
        Self::path(pattern).method("GET")
    }

    /// HEAD requests whose path fits the pattern.
    #[must_use]
    pub fn head(pattern: impl Into<String>) -> Self {
        Self::path(pattern).method("HEAD")
    }

    /// POST requests whose path fits the pattern.
    #[must_use]
    pub fn post(pattern: impl Into<String>) -> Self {
        Self::path(pattern).method("POST")
    }

    /// Only this method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Only requests whose query contains this text, e.g. `service=git-upload-pack`.
    #[must_use]
    pub fn query(mut self, part: impl Into<String>) -> Self {
        self.query = Some(part.into());
        self
    }

    /// Only the `count`-th of them.
    #[must_use]
    pub fn nth(mut self, count: u64) -> Self {
        (self.first, self.last) = (count, count);
        self
    }

    /// Only the first `count` of them.
    #[must_use]
    pub fn first(mut self, count: u64) -> Self {
        (self.first, self.last) = (1, count);
        self
    }

    /// All of them but the first `count`.
    #[must_use]
    pub fn after(mut self, count: u64) -> Self {
        (self.first, self.last) = (count.saturating_add(1), u64::MAX);
        self
    }

    /// Whether method, path and query fit.
    pub(crate) fn describes(&self, method: &str, path: &str, query: Option<&str>) -> bool {
        self.method.as_deref().is_none_or(|expected| expected.eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(|pattern| fits(pattern.as_bytes(), path.as_bytes()))
            && self.query.as_deref().is_none_or(|part| query.is_some_and(|query| query.contains(part)))
    }

    /// Whether the rule applies to the `seen`-th request that fits.
    pub(crate) fn counts(&self, seen: u64) -> bool {
        (self.first..=self.last).contains(&seen)
    }
}

/// Whether `text` fits `pattern`: all reachable positions of the pattern are carried along, so the work is the product of
/// the two lengths at most.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let tokens = tokens(pattern);
    let mut reachable = vec![false; tokens.len() + 1];
    reachable[0] = true;
    skip_stars(&tokens, &mut reachable);
    for &byte in text {
        let mut next = vec![false; tokens.len() + 1];
        for (position, token) in tokens.iter().enumerate() {
            if !reachable[position] {
                continue;
            }
            match *token {
                Token::Byte(expected) => next[position + 1] |= expected == byte,
                Token::Star => next[position] |= byte != b'/',
                Token::DoubleStar => next[position] = true,
            }
        }
        skip_stars(&tokens, &mut next);
        reachable = next;
    }
    reachable.last().copied().unwrap_or(false)
}

/// A star matches the empty text, too.
fn skip_stars(tokens: &[Token], reachable: &mut [bool]) {
    for (position, token) in tokens.iter().enumerate() {
        if reachable[position] && !matches!(token, Token::Byte(_)) {
            reachable[position + 1] = true;
        }
    }
}

#[derive(Clone, Copy)]
enum Token {
    Byte(u8),
    Star,
    DoubleStar,
}

fn tokens(pattern: &[u8]) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'*' {
            tokens.push(Token::Byte(byte));
        } else if let Some(after) = after.strip_prefix(b"*") {
            rest = after;
            tokens.push(Token::DoubleStar);
        } else {
            tokens.push(Token::Star);
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(fits(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} against {text}");
    }

    #[test]
    fn a_star_stays_within_a_segment_and_two_do_not() {
        check("/v2/*/tags/list", "/v2/app/tags/list", true);
        check("/v2/*/tags/list", "/v2/demo/app/tags/list", false);
        check("/v2/**/tags/list", "/v2/demo/app/tags/list", true);
        check("/v2/**", "/v2/", true);
        check("**", "", true);
        check("", "", true);
        check("", "/", false);
        check("/a*b*c", "/aXbYbZc", true);
        check("/a*b*c", "/aXbY/bZc", false);
        check("/index.yaml", "/index-yaml", false);
    }

    #[test]
    fn many_stars_stay_cheap() {
        check(&"*a".repeat(200), &"a".repeat(5000), true);
        check(&format!("{}b", "*a".repeat(200)), &"a".repeat(5000), false);
    }

    #[test]
    fn counts_start_at_one() {
        let counted = |when: When| (1..=5).filter(|seen| when.counts(*seen)).collect::<Vec<_>>();
        assert_eq!(counted(When::any()), [1, 2, 3, 4, 5]);
        assert_eq!(counted(When::any().nth(2)), [2]);
        assert_eq!(counted(When::any().first(2)), [1, 2]);
        assert_eq!(counted(When::any().after(3)), [4, 5]);
    }

    #[test]
    fn method_and_query_narrow() {
        let refs = When::get("/**").query("service=git-upload-pack");
        assert!(refs.describes("GET", "/a.git/info/refs", Some("service=git-upload-pack")));
        assert!(!refs.describes("GET", "/a.git/info/refs", None));
        assert!(!refs.describes("POST", "/a.git/info/refs", Some("service=git-upload-pack")));
    }
}
