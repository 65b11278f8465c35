//! What is left out of a pack, and how much of that a server allows.
//!
//! A server that has partial clones may still refuse a filter: `uploadpackfilter.*.allow` of its configuration says which ones
//! it takes, and Git before 2.20 does not know `tree:0`. Then less is left out. Which filter that is, is remembered for the repository.

/// What is left out of a pack, the most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Filter {
    /// Trees and files.
    Trees,
    /// Files.
    Blobs,
    /// Nothing.
    Nothing,
}

impl Filter {
    const ALL: [Self; 3] = [Self::Trees, Self::Blobs, Self::Nothing];

    /// The filter as the protocol spells it.
    pub(crate) fn specification(self) -> Option<&'static str> {
        match self {
            Self::Trees => Some("tree:0"),
            Self::Blobs => Some("blob:none"),
            Self::Nothing => None,
        }
    }

    /// The one that leaves out less; `None` where nothing is left out.
    pub(crate) fn less(self) -> Option<Self> {
        Self::ALL.into_iter().find(|other| *other > self)
    }

    /// One word for a file.
    pub(crate) fn word(self) -> &'static str {
        self.specification().unwrap_or("none")
    }

    /// Reads such a word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|filter| filter.word() == word.trim())
    }
}

/// Whether a server that calls itself this knows `tree:0`. Only Git's own name says so; whoever else refuses says it in an
/// answer.
pub(crate) fn knows_trees(agent: &str) -> bool {
    let Some(version) = agent.strip_prefix("git/") else { return true };
    let mut numbers = version.split(['.', '-']).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (2, 20),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_and_less_is_left_out() {
        assert_eq!(Filter::Trees.less(), Some(Filter::Blobs));
        assert_eq!(Filter::Blobs.less(), Some(Filter::Nothing));
        assert_eq!(Filter::Nothing.less(), None);
        for filter in Filter::ALL {
            assert_eq!(Filter::from_word(&format!("{}\n", filter.word())), Some(filter));
        }
        assert_eq!(Filter::from_word("garbage"), None);
    }

    #[test]
    fn who_knows_trees() {
        for (agent, knows) in [
            ("git/2.18.0", false),
            ("git/2.19.5-Linux", false),
            ("git/1.9.1", false),
            ("git/2.20.0", true),
            ("git/2.47.3-Linux", true),
            ("git/3.0", true),
            ("git/github-24b7a1d", true),
            ("JGit/6.10", true),
            ("git/", true),
            ("", true),
        ] {
            assert_eq!(knows_trees(agent), knows, "{agent}");
        }
    }
}
