//! The lines of an index, and new entries between them.

use std::ops::Range;

use helm_chart::go_yaml;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::change::{Charts, Edit, Insertions, Known};
use super::entry::time;
use super::order;

/// Where everything is in a file of one document in block style.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// The line `entries:`.
    entries: Range<usize>,
    charts: Vec<Chart>,
    /// The line `generated:`.
    generated: Option<Range<usize>>,
    /// What ends the lines: `"\n"` or `"\r\n"`.
    line_end: &'static str,
}

#[derive(Clone, Debug)]
struct Chart {
    name: String,
    /// The line of its key.
    key: Range<usize>,
    /// The column of the key.
    column: usize,
    /// The column of the dashes.
    dash: Option<usize>,
    items: Vec<Item>,
    /// What the key line has after its colon: nothing, or an empty list.
    is_inline: bool,
}

#[derive(Clone, Debug)]
struct Item {
    range: Range<usize>,
    /// The column of its fields.
    column: usize,
    known: Known,
}

/// One line: its range with the line end, its text without.
struct Line<'text> {
    range: Range<usize>,
    text: &'text str,
    indent: usize,
}

impl Line<'_> {
    fn is_blank(&self) -> bool {
        self.text.trim_start_matches(' ').is_empty()
    }

    fn body(&self) -> &str {
        self.text.get(self.indent..).unwrap_or_default()
    }
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let range = start..start + length;
        start = range.end;
        let line = rest.get(..length)?;
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let indent = line.len() - line.trim_start_matches(' ').len();
        Some(Line { range, text: line, indent })
    })
}

impl Layout {
    /// The layout of a file, with its charts; `None` where a line is not as Helm writes it.
    ///
    /// It takes for granted that deeper lines belong to what is above them. Whether that was right the caller sees by the answer of a full parser.
    pub(super) fn read(text: &str) -> Option<(Self, Charts)> {
        let mut reader = Reader::default();
        for line in lines(text) {
            reader.line(&line)?;
        }
        let with_return = text.matches("\r\n").count();
        let line_end = match with_return {
            0 => "\n",
            count if count == text.matches('\n').count() => "\r\n",
            _ => return None,
        };
        let Reader { entries, charts, generated, .. } = reader;
        let known = |chart: &Chart| {
            (chart.name.clone(), chart.items.iter().map(|item| item.known.clone()).collect::<Vec<_>>())
        };
        let of_charts = charts.iter().map(known).collect();
        Some((Self { entries: entries?, charts, generated, line_end }, of_charts))
    }

    /// The edits that bring the new entries in.
    pub(super) fn edits(
        &self,
        text: &str,
        changes: &[(&str, Insertions<'_>)],
        now: Timestamp,
    ) -> Result<Vec<Edit>, crate::Error> {
        let mut edits = Vec::new();
        let mut new_charts = Vec::new();
        for (name, change) in changes {
            match self.charts.iter().find(|chart| chart.name == *name) {
                Some(chart) => self.chart_edits(text, chart, change, &mut edits)?,
                None => new_charts.push((*name, change)),
            }
        }
        if !new_charts.is_empty() {
            self.new_chart_edits(text, &new_charts, &mut edits)?;
        }
        if let Some(line) = &self.generated {
            let end = if text.get(line.clone()).is_some_and(|line| line.ends_with('\n')) {
                self.line_end
            } else {
                ""
            };
            edits.push(Edit { range: line.clone(), text: format!("generated: \"{}\"{end}", time(now)) });
        }
        Ok(edits)
    }

    fn chart_edits(
        &self,
        text: &str,
        chart: &Chart,
        change: &Insertions<'_>,
        edits: &mut Vec<Edit>,
    ) -> Result<(), crate::Error> {
        let dash = chart.dash.unwrap_or(chart.column);
        if chart.is_inline {
            let key = text.get(chart.key.clone()).unwrap_or_default();
            let colon = key.rfind(':').map_or(key.len(), |at| at + 1);
            let key = key.get(..colon).unwrap_or_default();
            edits.push(Edit { range: chart.key.clone(), text: format!("{key}{}", self.line_end) });
        }
        for (at, entry) in &change.before {
            let place = match at.checked_sub(1).and_then(|before| chart.items.get(before)) {
                Some(before) => before.range.end,
                None => chart.key.end,
            };
            let lines = self.moved(&entry.lines()?, dash);
            edits.push(self.insertion(text, place, lines));
        }
        for at in &change.without {
            if let Some(item) = chart.items.get(*at) {
                edits.push(Edit { range: item.range.clone(), text: String::new() });
            }
        }
        Ok(())
    }

    fn new_chart_edits(
        &self,
        text: &str,
        new: &[(&str, &Insertions<'_>)],
        edits: &mut Vec<Edit>,
    ) -> Result<(), crate::Error> {
        let standing: Vec<&str> = self.charts.iter().map(|chart| chart.name.as_str()).collect();
        let column = self.charts.first().map_or(2, |chart| chart.column);
        if self.charts.is_empty() {
            edits.push(Edit { range: self.entries.clone(), text: format!("entries:{}", self.line_end) });
        }
        for (place, name) in order::places(&standing, new.iter().map(|(name, _)| *name))? {
            let place = place.unwrap_or(self.charts.len());
            let at = match place.checked_sub(1).and_then(|before| self.charts.get(before)) {
                Some(before) => before.end(),
                None => self.entries.end,
            };
            let Some((_, change)) = new.iter().find(|(new, _)| *new == name) else { continue };
            let mut lines = key_line(name)?;
            for (_, entry) in &change.before {
                lines.push_str(&entry.lines()?);
            }
            edits.push(self.insertion(text, at, self.moved(&lines, column)));
        }
        Ok(())
    }

    /// Lines that were made for column 2, with their line ends as those of the file.
    fn moved(&self, lines: &str, column: usize) -> String {
        let mut moved = String::with_capacity(lines.len() + lines.len() / 8);
        for line in lines.split_inclusive('\n') {
            let body = line.strip_suffix('\n').unwrap_or(line);
            if !body.is_empty() {
                match column.checked_sub(2) {
                    Some(more) => {
                        moved.extend(std::iter::repeat_n(' ', more));
                        moved.push_str(body);
                    }
                    None => moved.push_str(body.get(2 - column..).unwrap_or_default()),
                }
            }
            moved.push_str(self.line_end);
        }
        moved
    }

    /// Lines at a place. A file without an end of its last line gets one there, and the new lines have none.
    fn insertion(&self, text: &str, at: usize, mut lines: String) -> Edit {
        if at == text.len() && !text.ends_with('\n') {
            lines.insert_str(0, self.line_end);
            lines.truncate(lines.len() - self.line_end.len());
        }
        Edit { range: at..at, text: lines }
    }
}

impl Chart {
    fn end(&self) -> usize {
        self.items.last().map_or(self.key.end, |item| item.range.end)
    }
}

/// The line of a chart's key, in column 2.
fn key_line(name: &str) -> Result<String, crate::Error> {
    let key: Map<String, Value> = [(name.to_owned(), Value::Array(Vec::new()))].into_iter().collect();
    let line = go_yaml::to_string(&key)?;
    Ok(format!("  {}\n", line.trim_end().trim_end_matches("[]").trim_end()))
}

#[derive(Default)]
struct Reader {
    in_entries: bool,
    is_begun: bool,
    entries: Option<Range<usize>>,
    /// Whether `entries` has its value on its own line.
    is_closed: bool,
    charts: Vec<Chart>,
    generated: Option<Range<usize>>,
    /// Where the lines that may belong to the next entry begin: comments.
    comments: Option<usize>,
}

impl Reader {
    fn line(&mut self, line: &Line<'_>) -> Option<()> {
        if line.text.starts_with('\t') {
            return None;
        }
        if line.is_blank() {
            self.extend(line);
            return Some(());
        }
        if line.indent == 0 {
            return self.top_level(line);
        }
        if !self.in_entries {
            return Some(());
        }
        if self.is_closed {
            return None;
        }
        self.entry_line(line)
    }

    /// A blank line, or a deeper one: it belongs to the entry above, with the comments between them.
    fn extend(&mut self, line: &Line<'_>) {
        if !self.in_entries {
            return;
        }
        if let Some(chart) = self.charts.last_mut() {
            self.comments = None;
            match chart.items.last_mut() {
                Some(item) => item.range.end = line.range.end,
                None => chart.key.end = line.range.end,
            }
        }
    }

    fn top_level(&mut self, line: &Line<'_>) -> Option<()> {
        if line.text.starts_with('#') {
            return Some(());
        }
        if line.text == "---" && !self.is_begun {
            return Some(());
        }
        self.is_begun = true;
        if line.text.starts_with("- ") || line.text == "-" {
            // An item of a top-level list, such as `publicKeys`.
            return if self.in_entries { None } else { Some(()) };
        }
        let (key, value) = key_value(line.text)?;
        self.in_entries = key == "entries";
        if self.in_entries {
            if self.entries.is_some() {
                return None;
            }
            self.is_closed = match value {
                "" => false,
                "{}" | "null" | "~" => true,
                _ => return None,
            };
            self.entries = Some(line.range.clone());
        } else if key == "generated" {
            if self.generated.is_some()
                || value.is_empty()
                || value.starts_with(['|', '>', '{', '[', '&', '!'])
            {
                return None;
            }
            self.generated = Some(line.range.clone());
        }
        Some(())
    }

    fn entry_line(&mut self, line: &Line<'_>) -> Option<()> {
        let column = self.charts.first().map_or(line.indent, |chart| chart.column);
        let body = line.body();
        let is_dash = body == "-" || body.starts_with("- ");
        let dash = self.charts.last().and_then(|chart| chart.dash);
        if body.starts_with('#') && line.indent <= dash.unwrap_or(column) {
            self.comments.get_or_insert(line.range.start);
            return Some(());
        }
        if is_dash && line.indent >= column && dash.is_none_or(|dash| dash == line.indent) {
            return self.item(line, body);
        }
        if line.indent == column && !is_dash {
            let (key, value) = key_value(body)?;
            let is_inline = match value {
                "" => false,
                "[]" | "null" | "~" => true,
                _ => return None,
            };
            self.comments = None;
            let name = unquoted(key)?;
            self.charts.push(Chart {
                name,
                key: line.range.clone(),
                column,
                dash: None,
                items: Vec::new(),
                is_inline,
            });
            return Some(());
        }
        let item = self.charts.last_mut()?.items.last_mut()?;
        if line.indent < item.column {
            return None;
        }
        self.comments = None;
        item.range.end = line.range.end;
        if line.indent == item.column && !is_dash && !body.starts_with('#') {
            field(item, body);
        }
        Some(())
    }

    fn item(&mut self, line: &Line<'_>, body: &str) -> Option<()> {
        let chart = self.charts.last_mut()?;
        if chart.is_inline {
            return None;
        }
        let first = body.strip_prefix('-')?;
        let spaces = first.len() - first.trim_start_matches(' ').len();
        let first = first.get(spaces..).filter(|first| !first.is_empty())?;
        let column = line.indent + 1 + spaces;
        chart.dash = Some(line.indent);
        self.comments = None;
        let mut item = Item { range: line.range.clone(), column, known: Known::default() };
        field(&mut item, first);
        chart.items.push(item);
        Some(())
    }
}

/// Takes what is known from a line of an entry.
fn field(item: &mut Item, body: &str) {
    let Some((key, value)) = key_value(body) else { return };
    let Some(value) = unquoted(value) else { return };
    match key {
        "version" => {
            item.known.version = if matches!(value.as_str(), "null" | "~") { String::new() } else { value }
        }
        "digest" => {
            item.known.digest = Some(value).filter(|digest| !matches!(digest.as_str(), "" | "null" | "~"))
        }
        _ => {}
    }
}

/// The key and the value of a line.
fn key_value(body: &str) -> Option<(&str, &str)> {
    match body.split_once(": ") {
        Some((key, value)) => {
            let value = value.trim();
            Some((key.trim_end(), if value.starts_with('#') { "" } else { value }))
        }
        None => body.trim_end().strip_suffix(':').map(|key| (key.trim_end(), "")),
    }
}

/// A plain or quoted scalar of one line; `None` for one with escapes, and for what is no scalar.
fn unquoted(text: &str) -> Option<String> {
    if let Some(quoted) = text.strip_prefix('\'') {
        return quoted.strip_suffix('\'').map(|quoted| quoted.replace("''", "'"));
    }
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted.strip_suffix('"').filter(|quoted| !quoted.contains(['\\', '"'])).map(str::to_owned);
    }
    let text = text.split_once(" #").map_or(text, |(text, _)| text.trim_end());
    let is_plain = !text.starts_with(['|', '>', '{', '[', '&', '*', '!', '%', '@', '`', '#', '?'])
        && !text.contains(": ");
    is_plain.then(|| text.to_owned())
}
