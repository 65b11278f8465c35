//! How selectors relate to each other and to paths, read from their texts: what one contains of another, and what differs in case alone.

use super::{BaseDirectory, Kind, PathSelector, below, clean, contains_two_dots, expression};

/// What is known of every path that a selector selects.
enum Reach<'s> {
    /// It is this folder, or below it. The root of the repository is empty.
    Folder(Box<[u8]>),
    /// It starts with this text.
    Start(&'s [u8]),
}

impl PathSelector {
    /// Whether this selector selects everything that another one selects, as the folder `apps` does of `apps/web`. `false` where that is not certain.
    ///
    /// ```
    /// use selection_strategies::path::PathSelector;
    ///
    /// let contains = |one: &str, other: &str| Ok::<_, selection_strategies::path::PathSelectorError>(
    ///     PathSelector::new(one)?.contains_all_of(&PathSelector::new(other)?)
    /// );
    /// assert!(contains("apps", "apps/web")? && contains("glob:apps/**", "glob:apps/*/values.yaml")?);
    /// assert!(!contains("apps/web", "apps")? && !contains("apps", "app")?);
    /// # Ok::<(), selection_strategies::path::PathSelectorError>(())
    /// ```
    ///
    /// Names with two dots in a row, which a folder does not select, are left out of account.
    pub fn contains_all_of(&self, other: &Self) -> bool {
        contains(&self.text, &other.text)
    }

    /// Where a path is written with other letters than this selector: the path of the selector, or a folder above it, in both spellings, which differ in the case of
    /// their letters alone. `None` for patterns, and for a path that is written with the same letters so far.
    ///
    /// ```
    /// use selection_strategies::path::{OtherCase, PathSelector};
    ///
    /// let selector: PathSelector = "Apps/web".parse()?;
    /// assert_eq!(
    ///     selector.other_case("apps/web/a.yaml"),
    ///     Some(OtherCase { selector: &selector, named: b"Apps/web", found: b"apps/web" }),
    /// );
    /// assert_eq!(selector.other_case("apps"), Some(OtherCase { selector: &selector, named: b"Apps", found: b"apps" }));
    /// assert_eq!(selector.other_case("Apps/web/a.yaml"), None);
    /// assert_eq!(selector.other_case("apps/website"), None);
    /// # Ok::<(), selection_strategies::path::PathSelectorError>(())
    /// ```
    pub fn other_case<'p>(&self, path: &'p (impl AsRef<[u8]> + ?Sized)) -> Option<OtherCase<'_, 'p>> {
        let Kind::Base(BaseDirectory { cleaned }) = self.kind() else { return None };
        let path = path.as_ref();
        let end = match path.get(cleaned.len()) {
            Some(b'/') => cleaned.len(),
            Some(_) => return None,
            None => path.len(),
        };
        let (found, named) = (path.get(..end)?, cleaned.get(..end)?);
        let is_whole = matches!(cleaned.get(end), None | Some(b'/'));
        (is_whole && found != named && found.eq_ignore_ascii_case(named)).then_some(OtherCase {
            selector: self,
            named,
            found,
        })
    }
}

/// A path that is written with other letters than a selector, which differ in their case alone.
#[derive(Clone, Copy, Debug)]
pub struct OtherCase<'s, 'p> {
    /// The selector.
    pub selector: &'s PathSelector,
    /// What the selector names, as far as the path goes: itself, or a folder above it.
    pub named: &'s [u8],
    /// The same as the path has it.
    pub found: &'p [u8],
}

impl PartialEq for OtherCase<'_, '_> {
    fn eq(&self, other: &Self) -> bool {
        (self.selector.as_str(), self.named, self.found)
            == (other.selector.as_str(), other.named, other.found)
    }
}

impl Eq for OtherCase<'_, '_> {}

/// [`PathSelector::contains_all_of`] by the texts of two selectors, neither of which is compiled.
///
/// ```
/// use selection_strategies::path::contains;
///
/// assert!(contains("apps", "regex:^apps/web/") && !contains("apps", "regex:web"));
/// ```
pub fn contains(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let reach = Reach::of(other);
    if let Some(pattern) = one.strip_prefix("glob:") {
        let folder = || pattern.strip_suffix("/**").or_else(|| pattern.strip_suffix("/**/*"));
        let is_folder = |folder: &&str| {
            folder.chars().all(is_name_letter) && *clean(folder.as_bytes()) == *folder.as_bytes()
        };
        return matches!(pattern, "**" | "**/*")
            || folder().filter(is_folder).is_some_and(|folder| reach.is_within(folder.as_bytes()));
    }
    let Some(expression) = expression(one) else {
        return reach.is_within(&BaseDirectory::new(one).cleaned);
    };
    if matches!(expression, "" | "^" | ".*" | "^.*" | ".*$" | "^.*$") {
        return true;
    }
    let start = expression.strip_prefix('^').map(|rest| rest.strip_suffix(".*").unwrap_or(rest));
    let start = start.map(str::as_bytes).filter(|start| start.iter().all(is_literal));
    start.is_some_and(|start| match &reach {
        Reach::Folder(folder) => !folder.is_empty() && [folder, &b"/"[..]].concat().starts_with(start),
        Reach::Start(text) => text.starts_with(start),
    })
}

impl<'s> Reach<'s> {
    fn of(text: &'s str) -> Self {
        if let Some(pattern) = text.strip_prefix("glob:") {
            let end = pattern.find(|letter| !is_name_letter(letter)).unwrap_or(pattern.len());
            return match pattern.split_at_checked(end) {
                Some((whole, "")) => Self::Folder(whole.as_bytes().into()),
                Some((start, _)) => Self::Start(start.as_bytes()),
                None => Self::Start(b""),
            };
        }
        let Some(expression) = expression(text) else {
            return Self::Folder(BaseDirectory::new(text).cleaned);
        };
        // An alternative may begin with anything, and what repeats is not always there.
        let Some(rest) = expression.strip_prefix('^').filter(|rest| !rest.contains('|')) else {
            return Self::Start(b"");
        };
        let rest = rest.as_bytes();
        let literal = rest.iter().take_while(|byte| is_literal(byte)).count();
        let is_repeated = matches!(rest.get(literal), Some(b'?' | b'*' | b'+' | b'{'));
        Self::Start(rest.get(..literal.saturating_sub(usize::from(is_repeated))).unwrap_or_default())
    }

    /// Whether every path of this reach is this folder or below it.
    fn is_within(&self, folder: &[u8]) -> bool {
        match self {
            Self::Folder(path) => below(folder, path).is_some_and(|rest| !contains_two_dots(rest)),
            Self::Start(start) => {
                folder.is_empty()
                    || start.strip_prefix(folder).is_some_and(|rest| rest.first() == Some(&b'/'))
            }
        }
    }
}

/// Whether names of folders have this character, and a pattern reads nothing else in it.
fn is_name_letter(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '-' | '_' | '/' | ' ' | '.')
}

/// The same in a regular expression, where a dot is any character.
fn is_literal(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/')
}
