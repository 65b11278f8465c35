//! Which folders may hold a path that is selected: those along the prefixes of the selectors.

use selection_strategies::path::{PathSelector, PathSelectors};

/// The levels of the trees of a commit that are worth having before it is known what changed. Deeper folders are many and small.
const MOST_LEVELS: u8 = 2;

/// The folders of some selectors.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    /// Of each selector, the names of the folders on the way to what it selects; `None` where one may select something anywhere.
    prefixes: Option<Vec<Vec<Name>>>,
}

/// What the name of a folder has to be.
#[derive(Clone, Debug)]
enum Name {
    Text(Vec<u8>),
    Pattern(PathSelector),
}

impl Name {
    fn fits(&self, name: &[u8]) -> bool {
        match self {
            Self::Text(text) => text == name,
            Self::Pattern(pattern) => pattern.is_match(name),
        }
    }
}

impl Folders {
    /// The folders that these selectors may include something in. Exclusion says nothing here: a selector does not exclude all that is below its
    /// folder.
    pub(crate) fn new(selectors: &PathSelectors) -> Self {
        let includes = selectors.include();
        let prefixes = includes.iter().map(|selector| prefix(selector.as_str())).collect();
        Self { prefixes: if includes.is_empty() { None } else { prefixes } }
    }

    /// Whether a path below this folder may be included. `true` where that is not certain.
    pub(crate) fn may_include_below(&self, folder: &[u8]) -> bool {
        let Some(prefixes) = &self.prefixes else { return true };
        let names = || folder.split(|byte| *byte == b'/');
        // Kargo cleans a path before it compares it, so such a name may lead anywhere.
        !names().all(is_plain)
            || prefixes
                .iter()
                .any(|prefix| prefix.iter().zip(names()).all(|(prefix, name)| prefix.fits(name)))
    }

    /// How many levels of a commit's trees tell whether anything may have changed that is selected: the root alone, or the folders in it too.
    pub(crate) fn levels(&self) -> u8 {
        let longest = self.prefixes.iter().flatten().map(Vec::len).max().unwrap_or_default();
        u8::try_from(longest).unwrap_or(MOST_LEVELS).clamp(1, MOST_LEVELS)
    }
}

fn is_plain(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..")
}

/// The names of the folders on the way to what a selector selects; `None` where that may be anywhere.
fn prefix(selector: &str) -> Option<Vec<Name>> {
    let names: Vec<Name> = if let Some(pattern) = selector.strip_prefix("glob:") {
        pattern.split('/').map_while(name_of_pattern).collect()
    } else if ["regex:", "regexp:", "/"].iter().any(|kind| selector.starts_with(kind)) {
        return None;
    } else {
        let names = selector.as_bytes().split(|byte| *byte == b'/');
        names.filter(|name| !matches!(*name, b"" | b".")).map(|name| Name::Text(name.to_vec())).collect()
    };
    let is_plain = |name: &Name| !matches!(name, Name::Text(text) if !is_plain(text));
    names.iter().all(is_plain).then_some(names)
}

/// The part of a pattern between two slashes; `None` where it may stand for more than one name. An alternative may hold a slash.
fn name_of_pattern(part: &str) -> Option<Name> {
    if part.contains("**") || part.contains(['[', ']', '{', '}', '\\', '!', '^']) {
        return None;
    }
    if part.contains(['*', '?']) {
        return PathSelector::new(&format!("glob:{part}")).ok().map(Name::Pattern);
    }
    Some(Name::Text(part.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(include: &str, opened: &[&str], closed: &[&str]) {
        let selectors = Folders::new(&PathSelectors::new([include], [""; 0]).unwrap());
        for folder in opened {
            assert!(selectors.may_include_below(folder.as_bytes()), "{include} {folder}");
        }
        for folder in closed {
            assert!(!selectors.may_include_below(folder.as_bytes()), "{include} {folder}");
        }
    }

    #[test]
    fn folders_that_are_opened() {
        check("a/b", &["a", "a/b", "a/b/c", "a/.."], &["b", "a/c", "a/bc", "ab"]);
        check("./a//b/", &["a", "a/b", "a/b/c"], &["b"]);
        check(".", &["a", "a/b"], &[]);
        check("a/../b", &["a", "b", "c"], &[]);
        check("/a", &["a", "c"], &[]);
        check("glob:a/**/*.yaml", &["a", "a/b", "a/b/c"], &["b", "ab"]);
        check("glob:**/*.yaml", &["a", "b/c"], &[]);
        check("glob:a/{b,c}/d", &["a", "a/x"], &["b"]);
        check("glob:a/b.txt", &["a"], &["b", "a/c"]);
        check("glob:a/b-*/c/**", &["a", "a/b-1", "a/b-1/c", "a/b-1/c/d"], &["b", "a/c", "a/b-1/d"]);
        check("glob:a/?/*/x", &["a/b", "a/b/c"], &["a/bc"]);
        check("glob:a**/x", &["a", "b"], &[]);
        check("glob:a/[bc]/d", &["a", "a/x"], &["b"]);
        check("regex:^a/", &["a", "b"], &[]);
        check("regexp:^a/", &["a", "b"], &[]);
    }

    #[test]
    fn levels_of_trees() {
        for (include, levels) in [
            ("a", 1),
            ("a/b", 2),
            ("a/b/c/d", 2),
            (".", 1),
            ("glob:**/x", 1),
            ("glob:a/b/*", 2),
            ("regex:^a/b/c", 1),
        ] {
            assert_eq!(
                Folders::new(&PathSelectors::new([include], [""; 0]).unwrap()).levels(),
                levels,
                "{include}"
            );
        }
        let excluded = PathSelectors::new([""; 0], ["a/b"]).unwrap();
        assert_eq!(Folders::new(&excluded).levels(), 1);
    }

    proptest! {
        /// A folder that is not opened has no path that is selected.
        #[test]
        fn nothing_selected_is_passed_over(
            include in "(glob:)?[ab*./{},]{0,8}",
            path in "[ab.]{1,2}(/[ab.]{1,2}){1,4}",
        ) {
            let Ok(selectors) = PathSelectors::new([&include], [""; 0]) else { return Ok(()) };
            if selectors.judge(&path).is_included() {
                let folders = Folders::new(&selectors);
                for (at, _) in path.match_indices('/') {
                    prop_assert!(folders.may_include_below(&path.as_bytes()[..at]), "{include} {path}");
                }
            }
        }
    }
}
