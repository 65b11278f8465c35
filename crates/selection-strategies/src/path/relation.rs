//! How selectors relate to each other and to paths, read from their texts: what one contains of another, and what differs in case alone.

use super::{BaseDirectory, Kind, PathSelector, below, clean, contains_two_dots};

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
        if self.text == other.text {
            return true;
        }
        let reach = other.reach();
        match self.kind() {
            Kind::Base(base) => is_within(&base.cleaned, &reach),
            Kind::Glob(_) => match self.text.strip_prefix("glob:").unwrap_or_default() {
                "**" | "**/*" => true,
                pattern => pattern
                    .strip_suffix("/**")
                    .or_else(|| pattern.strip_suffix("/**/*"))
                    .filter(|folder| {
                        is_plain(folder)
                            && !folder.is_empty()
                            && *clean(folder.as_bytes()) == *folder.as_bytes()
                    })
                    .is_some_and(|folder| is_within(folder.as_bytes(), &reach)),
            },
            Kind::Regex(_) => match self.expression() {
                "" | ".*" | "^.*$" | "^" | ".*$" | "^.*" => true,
                expression => {
                    let start =
                        expression.strip_prefix('^').map(|rest| rest.strip_suffix(".*").unwrap_or(rest));
                    let start = start.filter(|start| start.bytes().all(is_literal));
                    start.is_some_and(|start| match &reach {
                        Reach::Folder(folder) => {
                            !folder.is_empty() && [folder, &b"/"[..]].concat().starts_with(start.as_bytes())
                        }
                        Reach::Start(text) => text.starts_with(start.as_bytes()),
                    })
                }
            },
        }
    }

    /// The start of a path that is the path of this selector, or a folder above it, but for the case of its letters. `None` for patterns, and for a path that is
    /// written with the same letters so far.
    ///
    /// ```
    /// use selection_strategies::path::PathSelector;
    ///
    /// let selector: PathSelector = "Apps/web".parse()?;
    /// assert_eq!(selector.other_case("apps/web/a.yaml"), Some(&b"apps/web"[..]));
    /// assert_eq!(selector.other_case("apps"), Some(&b"apps"[..]));
    /// assert_eq!(selector.other_case("Apps/web/a.yaml"), None);
    /// assert_eq!(selector.other_case("apps/website"), None);
    /// # Ok::<(), selection_strategies::path::PathSelectorError>(())
    /// ```
    pub fn other_case<'p>(&self, path: &'p (impl AsRef<[u8]> + ?Sized)) -> Option<&'p [u8]> {
        let Kind::Base(BaseDirectory { cleaned }) = self.kind() else { return None };
        let path = path.as_ref();
        let end = match path.get(cleaned.len()) {
            Some(b'/') => cleaned.len(),
            Some(_) => return None,
            None => path.len(),
        };
        let (start, own) = (path.get(..end)?, cleaned.get(..end)?);
        let is_whole = matches!(cleaned.get(end), None | Some(b'/'));
        (is_whole && start != own && start.eq_ignore_ascii_case(own)).then_some(start)
    }

    /// The text of a regular expression, without its prefix.
    fn expression(&self) -> &str {
        let text = self.text.strip_prefix("regex:").or_else(|| self.text.strip_prefix("regexp:"));
        text.unwrap_or(&self.text)
    }

    fn reach(&self) -> Reach<'_> {
        match self.kind() {
            Kind::Base(base) => Reach::Folder(base.cleaned.clone()),
            Kind::Glob(_) => {
                let pattern = self.text.strip_prefix("glob:").unwrap_or_default();
                let end = pattern.find(|letter: char| !is_name_letter(letter)).unwrap_or(pattern.len());
                match pattern.get(..end) {
                    Some(whole) if end == pattern.len() => Reach::Folder(whole.as_bytes().into()),
                    start => Reach::Start(start.unwrap_or_default().as_bytes()),
                }
            }
            Kind::Regex(_) => {
                let rest = self.expression().strip_prefix('^').unwrap_or_default();
                // An alternative may begin with anything, and what repeats is not always there.
                let literal = rest.bytes().take_while(|byte| is_literal(*byte)).count();
                let is_repeated =
                    rest.get(literal..).is_some_and(|rest| rest.starts_with(['?', '*', '+', '{']));
                let end = if is_repeated { literal.saturating_sub(1) } else { literal };
                match rest.contains('|') {
                    true => Reach::Start(b""),
                    false => Reach::Start(rest.get(..end).unwrap_or_default().as_bytes()),
                }
            }
        }
    }
}

/// Whether every path of this reach is this folder or below it.
fn is_within(folder: &[u8], reach: &Reach<'_>) -> bool {
    match reach {
        Reach::Folder(path) => below(folder, path).is_some_and(|rest| !contains_two_dots(rest)),
        Reach::Start(start) => {
            folder.is_empty() || start.strip_prefix(folder).is_some_and(|rest| rest.first() == Some(&b'/'))
        }
    }
}

/// Whether a text has only letters, digits and what else names of folders have, but nothing that a pattern reads.
fn is_plain(text: &str) -> bool {
    text.chars().all(is_name_letter)
}

fn is_name_letter(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '-' | '_' | '/' | ' ' | '.')
}

/// The same in a regular expression, where a dot is any character.
fn is_literal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/')
}
