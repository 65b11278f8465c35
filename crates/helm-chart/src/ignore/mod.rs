//! `.helmignore`: which files of a folder are left out of a package.

mod pattern;

use crate::{ChartFile, Error};

use pattern::Pattern;

/// The longest line, as in Helm, which reads lines into a buffer of this size.
const MAX_LINE: usize = 64 << 10;

/// The rules of a `.helmignore`, as [Helm reads them](https://helm.sh/docs/chart_template_guide/helm_ignore_file/).
///
/// They look like those of `.gitignore` and are not the same: the first rule that decides ends the search, and a rule with `!` **ignores
/// everything that it does not match**. Names of files beginning with a dot in `templates/` are ignored without a rule.
///
/// ```
/// use helm_chart::HelmIgnore;
///
/// let rules = HelmIgnore::parse(b"# editors\n*.swp\n/docs/\n")?;
/// assert!(rules.ignores_file("templates/a.yaml.swp"));
/// assert!(rules.ignores_file("docs/index.md"));
/// assert!(!rules.ignores_file("templates/docs/index.md"));
/// assert!(rules.ignores_file("templates/.hidden"), "without a rule");
/// # Ok::<(), helm_chart::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct HelmIgnore {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    pattern: Pattern,
    negated: bool,
    /// Whether it is for directories alone.
    for_directories: bool,
    /// Whether it is matched against the whole path instead of the last name of it.
    for_paths: bool,
}

impl Default for HelmIgnore {
    /// The rules of a folder without `.helmignore`.
    fn default() -> Self {
        Self { rules: vec![Rule::new("templates/.?*")] }
    }
}

impl HelmIgnore {
    /// The name of the file.
    pub const FILE_NAME: &'static str = ".helmignore";

    /// Reads the rules, one in each line. Spaces around a rule, empty lines and lines that begin with `#` do not count.
    ///
    /// # Errors
    ///
    /// What Helm refuses, with the line: `**`, a pattern that Go's
    /// [`filepath.Match`](https://pkg.go.dev/path/filepath#Match) calls malformed (of one that begins with a fitting part, Helm does not notice;
    /// it then matches nothing), a line above 64 KiB; and a file that is not UTF-8.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut rules = Vec::new();
        for (at, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
            rules.extend(parse_line(line).map_err(|error| error.at(Self::FILE_NAME).on_line(at + 1))?);
        }
        rules.extend(Self::default().rules);
        Ok(Self { rules })
    }

    /// Whether a file or directory is ignored by itself. The path is relative to the chart, with `/`. What is in a directory that is
    /// ignored, is ignored too: [`ignores_file`](Self::ignores_file) asks for the whole path.
    pub fn ignores(&self, path: &str, is_directory: bool) -> bool {
        if matches!(path, "" | "." | "./") {
            return false;
        }
        for rule in &self.rules {
            let is_other_kind = rule.for_directories && !is_directory;
            match rule.negated {
                true if is_other_kind || !rule.matches(path) => return true,
                false if !is_other_kind && rule.matches(path) => return true,
                _ => {}
            }
        }
        false
    }

    /// Whether a file, or a directory that it is in, is ignored. The path is relative to the chart, with `/`.
    pub fn ignores_file(&self, path: &str) -> bool {
        let directories = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        directories.into_iter().any(|directory| self.ignores(directory, true)) || self.ignores(path, false)
    }
}

/// The files that a `.helmignore` among them does not name.
pub(crate) fn without_ignored(mut files: Vec<ChartFile>) -> Result<Vec<ChartFile>, Error> {
    let rules = match files.iter().find(|file| file.path == HelmIgnore::FILE_NAME) {
        Some(file) => HelmIgnore::parse(&file.bytes)?,
        None => HelmIgnore::default(),
    };
    files.retain(|file| !rules.ignores_file(&file.path));
    Ok(files)
}

fn parse_line(line: &[u8]) -> Result<Option<Rule>, Error> {
    if line.len() >= MAX_LINE {
        return Err(Error::new("the line is longer than 64 KiB"));
    }
    let line = std::str::from_utf8(line).map_err(|_| Error::new("the line is not text in UTF-8"))?.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    if line.contains("**") {
        return Err(Error::new("`**` is not a pattern of Helm").with_hint(
            "a pattern without `/` is for names at any depth, and one that ends in `/` is for a directory with all that is in it",
        ));
    }
    // This is how Helm tries a pattern, before it takes signs off its ends.
    if Pattern::new(line).matches("abc").is_none() {
        return Err(Error::new(format!("{line:?} is not a valid pattern"))
            .with_hint("close each `[`, and put a `\\` before a literal character"));
    }
    Ok(Some(Rule::new(line)))
}

impl Rule {
    fn new(line: &str) -> Self {
        let (negated, text) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let (for_directories, text) = text.strip_suffix('/').map_or((false, text), |rest| (true, rest));
        let (for_paths, text) = match text.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (text.contains('/'), text),
        };
        Self { pattern: Pattern::new(text), negated, for_directories, for_paths }
    }

    fn matches(&self, path: &str) -> bool {
        let name = if self.for_paths { path } else { path.rsplit('/').next().unwrap_or(path) };
        self.pattern.matches(name).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rules: &str, ignored: &[&str], kept: &[&str]) {
        let rules = HelmIgnore::parse(rules.as_bytes()).unwrap();
        for path in ignored {
            assert!(rules.ignores_file(path), "{path} is ignored");
        }
        for path in kept {
            assert!(!rules.ignores_file(path), "{path} is kept");
        }
    }

    #[test]
    fn rules() {
        check("", &["templates/.x", "templates/.x/y"], &["templates/.", ".x", "templates/a/.x", "a"]);
        check("*.txt", &["a.txt", "b/c.txt"], &["a.md", "a.txt.md"]);
        check("  *.txt  \r\n", &["a.txt"], &["a.md"]);
        check("/*.txt", &["a.txt"], &["b/c.txt"]);
        check("docs/", &["docs/a", "x/docs/a"], &["docs"]);
        check("docs", &["docs/a", "x/docs", "docs"], &["docs2"]);
        check("x/docs", &["x/docs", "x/docs/y"], &["docs", "y/x/docs"]);
        check("/docs/", &["docs/a"], &["x/docs/a"]);
        check("# *.txt\n\n \n", &[], &["a.txt", "# *.txt"]);
        check("\u{feff}*.txt", &["a.txt"], &["a.md"]);
        check("a[b-d].txt", &["ab.txt"], &["ae.txt"]);
        check("foo* # no comment", &[], &["foo", "foo1"]);
        check("foo* # no comment", &["foo1 # no comment"], &[]);
    }

    #[test]
    fn a_negation_ignores_what_it_does_not_match() {
        check("!*.yaml", &["a.txt", "templates", "templates/a.yaml"], &["a.yaml"]);
        check("a.yaml\n!*.yaml", &["a.yaml", "b.txt"], &["b.yaml"]);
        check("!docs/", &["a", "docs", "x/y"], &[]);
        check("!/", &["a"], &[]);
    }

    #[test]
    fn what_helm_refuses() {
        for (rules, line, message) in [
            ("a\n**/b", 2, "`**`"),
            ("a**", 1, "`**`"),
            ("[", 1, "pattern"),
            ("\n\na[x-]\n", 3, "pattern"),
            ("![", 1, "pattern"),
        ] {
            let error = HelmIgnore::parse(rules.as_bytes()).unwrap_err();
            assert_eq!(error.line(), Some(line), "{error}");
            assert!(error.message().contains(message), "{error}");
        }
        assert!(HelmIgnore::parse(&vec![b'a'; MAX_LINE]).is_err());
        assert!(HelmIgnore::parse(b"\xff").is_err());
        assert!(HelmIgnore::parse(b"# **").is_ok());
    }
}
