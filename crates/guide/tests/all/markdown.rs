//! The parts of a page that tests execute: code blocks and tables. Pages are our own, so only the forms that they use are read.

/// A part of a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Code { language: String, text: String, line: usize },
    Table(Table),
}

/// A table with its heading, and the line of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) heading: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) line: usize,
}

impl Table {
    /// The cell of a row in the column of this name; `None` if there is no such column.
    pub(crate) fn cell<'a>(&self, row: &'a [String], column: &str) -> Option<&'a str> {
        let position = self.heading.iter().position(|name| name == column)?;
        row.get(position).map(String::as_str)
    }
}

/// Code blocks and tables, in the order of the page.
pub(crate) fn parts(page: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut lines = page.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let body: Vec<&str> =
                lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            let text = body.iter().map(|line| format!("{line}\n")).collect();
            parts.push(Part::Code { language: language.trim().to_owned(), text, line: number + 1 });
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some((_, line)) = lines.next_if(|(_, line)| line.starts_with('|')) {
                rows.push(cells(line));
            }
            let heading = rows.remove(0);
            assert!(!rows.is_empty(), "line {}: a table without a rule below its heading", number + 1);
            rows.remove(0);
            for row in &rows {
                assert_eq!(row.len(), heading.len(), "line {}: a row of another width: {row:?}", number + 1);
            }
            parts.push(Part::Table(Table { heading, rows, line: number + 1 }));
        }
    }
    parts
}

/// The cells of a row. A `|` within a cell is written `\|`.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim();
    let inner = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')).unwrap_or(line);
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut characters = inner.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&'|') => cell.extend(characters.next()),
            '|' => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    cells.push(cell);
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// The texts in backticks of a cell, in their order.
pub(crate) fn code_spans(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn a_page_is_read() {
    let page =
        "# Title\n\n```yaml\na: 1\n\nb: |\n```\n\n| tag | result |\n|---|---|\n| `a\\|b` | 1 |\ntext\n";
    let table = Table {
        heading: vec!["tag".into(), "result".into()],
        rows: vec![vec!["`a|b`".into(), "1".into()]],
        line: 9,
    };
    let code = Part::Code { language: "yaml".into(), text: "a: 1\n\nb: |\n".into(), line: 3 };
    assert_eq!(parts(page), [code, Part::Table(table.clone())]);
    assert_eq!(table.cell(&table.rows[0], "tag"), Some("`a|b`"));
    assert_eq!(table.cell(&table.rows[0], "built"), None);
    assert_eq!(code_spans("`a` and `b`"), ["a", "b"]);
}
