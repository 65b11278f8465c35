//! Tags that are reckoned instead of stored: as many as a number can count, at no cost.

/// `t000000000000`, `t000000000001` and so on, all of one manifest.
#[derive(Clone, Debug)]
pub(super) struct Numbered {
    digest: String,
    count: u64,
}

/// Digits of a number, so that byte order is the order of numbers.
const DIGITS: usize = 12;

impl Numbered {
    pub(super) fn new(digest: String, count: u64) -> Self {
        Self { digest, count: count.min(10_u64.pow(12)) }
    }

    /// The digest of a tag, if it is one of these.
    pub(super) fn resolve(&self, tag: &str) -> Option<&str> {
        let digits = tag.strip_prefix('t').filter(|digits| digits.len() == DIGITS)?;
        let number: u64 = digits.parse().ok()?;
        (number < self.count && name(number) == tag).then_some(&self.digest)
    }

    /// At most `limit` tags after `last`, and whether there are more.
    pub(super) fn page(&self, last: Option<&str>, limit: usize) -> (Vec<String>, bool) {
        let first = last.map_or(0, |last| self.after(last));
        let end = first.saturating_add(limit as u64).min(self.count);
        ((first..end).map(name).collect(), end < self.count)
    }

    /// The first number whose tag comes after a text.
    fn after(&self, last: &str) -> u64 {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if name(middle).as_str() > last { high = middle } else { low = middle + 1 }
        }
        low
    }
}

fn name(number: u64) -> String {
    format!("t{number:0DIGITS$}")
}

#[cfg(test)]
mod tests {
    use super::Numbered;

    #[test]
    fn pages_follow_one_another_from_any_text() {
        let numbered = Numbered::new("sha256:0".into(), 5);
        #[track_caller]
        fn check(numbered: &Numbered, last: Option<&str>, limit: usize, expected: (&[u64], bool)) {
            let (page, more) = numbered.page(last, limit);
            let expected: (Vec<String>, bool) =
                (expected.0.iter().copied().map(super::name).collect(), expected.1);
            assert_eq!((page, more), expected, "after {last:?}, {limit}");
        }
        check(&numbered, None, 2, (&[0, 1], true));
        check(&numbered, Some("t000000000001"), 2, (&[2, 3], true));
        check(&numbered, Some("t000000000003"), 2, (&[4], false));
        check(&numbered, Some("t000000000003x"), 9, (&[4], false));
        check(&numbered, Some("a"), 9, (&[0, 1, 2, 3, 4], false));
        check(&numbered, Some("z"), 9, (&[], false));
        check(&numbered, None, 0, (&[], true));
    }

    #[test]
    fn only_its_own_tags_are_its_own() {
        let numbered = Numbered::new("sha256:0".into(), 5);
        assert_eq!(numbered.resolve("t000000000004"), Some("sha256:0"));
        for other in ["t000000000005", "t4", "t+00000000004", "x000000000004", ""] {
            assert_eq!(numbered.resolve(other), None, "{other}");
        }
    }
}
