//! Unified diffs of texts.

use std::io;
use std::io::Write;

use artifact_source::printable;

/// How many lines are shown before and after a change.
const CONTEXT: usize = 3;

/// How many pairs of lines are compared at most; larger changes are shown as one.
const MOST_PAIRS: usize = 4_000_000;

/// A line of a diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line<'t> {
    Same(&'t str),
    Gone(&'t str),
    Come(&'t str),
}

/// The diff of a file.
#[derive(Debug)]
pub(crate) struct Diff<'t> {
    name: &'t str,
    lines: Vec<Line<'t>>,
}

/// Compares two texts line by line.
pub(crate) fn unified_diff<'t>(name: &'t str, before: &'t str, after: &'t str) -> Diff<'t> {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old_part, new_part) = (&old_rest[..old_rest.len() - end], &new_rest[..new_rest.len() - end]);
    let same = |lines: &[&'t str]| lines.iter().map(|line| Line::Same(line)).collect::<Vec<_>>();
    let mut lines = same(&old[..start]);
    lines.extend(compared(old_part, new_part));
    lines.extend(same(&old_rest[old_part.len()..]));
    Diff { name, lines }
}

/// The shortest way from some lines to others.
fn compared<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Line<'t>> {
    let gone = |lines: &[&'t str]| lines.iter().map(|line| Line::Gone(line)).collect::<Vec<_>>();
    let come = |lines: &[&'t str]| lines.iter().map(|line| Line::Come(line)).collect::<Vec<_>>();
    if old.len().saturating_mul(new.len()) > MOST_PAIRS {
        return [gone(old), come(new)].concat();
    }
    // The length of the longest common part of what follows each pair of places.
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for (i, left) in old.iter().enumerate().rev() {
        for (j, right) in new.iter().enumerate().rev() {
            common[i * width + j] = match left == right {
                true => common[(i + 1) * width + j + 1] + 1,
                false => common[(i + 1) * width + j].max(common[i * width + j + 1]),
            };
        }
    }
    let (mut lines, mut i, mut j) = (Vec::new(), 0, 0);
    while let (Some(left), Some(right)) = (old.get(i), new.get(j)) {
        if left == right {
            lines.push(Line::Same(left));
            (i, j) = (i + 1, j + 1);
        } else if common[(i + 1) * width + j] >= common[i * width + j + 1] {
            lines.push(Line::Gone(left));
            i += 1;
        } else {
            lines.push(Line::Come(right));
            j += 1;
        }
    }
    lines.extend(gone(&old[i..]));
    lines.extend(come(&new[j..]));
    lines
}

/// The name of a file below a folder as `git apply` and `patch` read it: without `..`, which both refuse, and without parts that name no folder; in quotation marks
/// where a letter needs an escape, and with a tab behind it where it has blanks.
fn named(folder: &str, name: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let path = format!("{folder}/{}", parts.join("/"));
    if path.contains(|letter: char| letter.is_control() || matches!(letter, '"' | '\\')) {
        let mut quoted = String::from('"');
        for byte in path.bytes() {
            match byte {
                b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
                0x20..0x7f => quoted.push(char::from(byte)),
                _ => quoted.push_str(&format!("\\{byte:03o}")),
            }
        }
        return format!("{quoted}\"");
    }
    // What moves the cursor of a terminal without being a control character stays out.
    let path = printable(&path);
    if path.contains(' ') { format!("{path}\t") } else { path }
}

impl Diff<'_> {
    /// Writes the diff, nothing where the texts are the same. Without colours, `patch` takes it.
    pub(crate) fn write(&self, has_colors: bool, out: &mut dyn Write) -> io::Result<()> {
        let changed: Vec<usize> =
            (0..self.lines.len()).filter(|&at| !matches!(self.lines[at], Line::Same(_))).collect();
        let Some(first) = changed.first() else { return Ok(()) };
        self.paint(has_colors, "1", &format!("--- {}", named("a", self.name)), out)?;
        self.paint(has_colors, "1", &format!("+++ {}", named("b", self.name)), out)?;
        let mut start = first.saturating_sub(CONTEXT);
        let mut last = *first;
        for &at in &changed[1..] {
            if at > last + 2 * CONTEXT {
                self.hunk(start..(last + CONTEXT + 1).min(self.lines.len()), has_colors, out)?;
                start = at - CONTEXT;
            }
            last = at;
        }
        self.hunk(start..(last + CONTEXT + 1).min(self.lines.len()), has_colors, out)
    }

    fn hunk(&self, span: std::ops::Range<usize>, has_colors: bool, out: &mut dyn Write) -> io::Result<()> {
        let count = |lines: &[Line<'_>], is_old: bool| {
            lines
                .iter()
                .filter(|line| !matches!((line, is_old), (Line::Come(_), true) | (Line::Gone(_), false)))
                .count()
        };
        let (before, within) = (&self.lines[..span.start], &self.lines[span]);
        // A part without lines is behind the line before it.
        let place = |is_old: bool| {
            let lines = count(within, is_old);
            let start = count(before, is_old) + usize::from(lines > 0);
            if lines == 1 { start.to_string() } else { format!("{start},{lines}") }
        };
        let head = format!("@@ -{} +{} @@", place(true), place(false));
        self.paint(has_colors, "36", &head, out)?;
        for line in within {
            let (sign, text, color) = match line {
                Line::Same(text) => (' ', text, ""),
                Line::Gone(text) => ('-', text, "31"),
                Line::Come(text) => ('+', text, "32"),
            };
            let bare = text.strip_suffix('\n').unwrap_or(text);
            // A terminal is not sent what moves its cursor; a patch has the line as it is.
            let bare = if has_colors { printable(bare.trim_end_matches('\r')) } else { bare.to_owned() };
            self.paint(has_colors, color, &format!("{sign}{bare}"), out)?;
            if !text.ends_with('\n') {
                writeln!(out, "\\ No newline at end of file")?;
            }
        }
        Ok(())
    }

    fn paint(&self, has_colors: bool, color: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
        match has_colors && !color.is_empty() {
            true => writeln!(out, "\u{1b}[{color}m{text}\u{1b}[0m"),
            false => writeln!(out, "{text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str) -> String {
        let mut out = Vec::new();
        unified_diff("a.yaml", before, after).write(false, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_as_patch_reads_them() {
        for (name, expected) in [
            ("a.yaml", "a/a.yaml"),
            ("./m/./a.yaml", "a/m/a.yaml"),
            ("/m//a.yaml", "a/m/a.yaml"),
            ("the shop.yaml", "a/the shop.yaml\t"),
            ("ünï.yaml", "a/ünï.yaml"),
            ("a\"b c.yaml", r#""a/a\"b c.yaml""#),
            ("a\tü\\.yaml", r#""a/a\011\303\274\\.yaml""#),
        ] {
            assert_eq!(named("a", name), expected);
        }
    }

    #[test]
    fn as_patch_takes_it() {
        assert_eq!(shown("a\n", "a\n"), "");
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12";
        let after = "1\nzwei\n3\n4\n5\n6\n7\n8\n9\n10\n11\nx\n12";
        assert_eq!(
            shown(before, after),
            "--- a/a.yaml\n+++ b/a.yaml\n@@ -1,5 +1,5 @@\n 1\n-2\n+zwei\n 3\n 4\n 5\n@@ -9,4 +9,5 @@\n 9\n 10\n 11\n+x\n 12\n\\ No newline at end of file\n"
        );
        assert_eq!(shown("", "a\n"), "--- a/a.yaml\n+++ b/a.yaml\n@@ -0,0 +1 @@\n+a\n");
        assert_eq!(
            shown("a\nb\nc\n", "c\nd\n"),
            "--- a/a.yaml\n+++ b/a.yaml\n@@ -1,3 +1,2 @@\n-a\n-b\n c\n+d\n"
        );
    }
}
