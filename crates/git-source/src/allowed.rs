//! What the server of a repository is known to allow in a fetch.
//!
//! A server that offers something may still refuse it. What it refuses is remembered for the repository, so that it is asked for once.

use crate::filter::Filter;

/// The word for a server that refuses to send part of a history.
const WHOLE: &str = "whole";

/// What the server of a repository is known to allow in a fetch: everything, if nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    /// What may be left out of a pack.
    pub(crate) filter: Filter,
    /// Whether part of a history can be asked for.
    pub(crate) shallow: bool,
}

impl Default for Allowed {
    fn default() -> Self {
        Self { filter: Filter::Trees, shallow: true }
    }
}

impl Allowed {
    /// One line for a file.
    pub(crate) fn words(self) -> String {
        let filter = self.filter.word();
        if self.shallow { filter.to_owned() } else { format!("{filter} {WHOLE}") }
    }

    /// Reads such a line.
    pub(crate) fn from_words(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let filter = Filter::from_word(words.next()?)?;
        match (words.next(), words.next()) {
            (None, _) => Some(Self { filter, shallow: true }),
            (Some(WHOLE), None) => Some(Self { filter, shallow: false }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for filter in [Filter::Trees, Filter::Blobs, Filter::Nothing] {
            for shallow in [true, false] {
                let allowed = Allowed { filter, shallow };
                assert_eq!(Allowed::from_words(&format!("{}\n", allowed.words())), Some(allowed));
            }
        }
        assert_eq!(Allowed::from_words("tree:0"), Some(Allowed::default()));
        for line in ["", "garbage", "tree:0 garbage", "none whole whole", "whole"] {
            assert_eq!(Allowed::from_words(line), None, "{line:?}");
        }
    }
}
