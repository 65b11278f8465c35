//! Migration of manifests in every layout: what is not an old spelling stays where it is.

use proptest::prelude::*;
use warehouse_spec::{Code, Options, lint};

use crate::migrate::holds;

/// A manifest that is written by choices: where comments, blank lines and quotation marks are, and how lists and mappings look.
struct Writer {
    choices: std::vec::IntoIter<u8>,
    text: String,
    comments: usize,
    /// Whether there are fields that migration moves elsewhere, with their comments.
    moved: bool,
    is_below_block: bool,
}

impl Writer {
    /// One of so many possibilities; the first one when there are no more choices.
    fn one_of(&mut self, count: u8) -> u8 {
        self.choices.next().unwrap_or_default() % count
    }

    /// Once in so many times.
    fn rarely(&mut self, times: u8) -> bool {
        self.one_of(times) == times - 1
    }

    fn comment(&mut self) -> String {
        self.comments += 1;
        let sign = ["", "'", "\t\"", "é: [", "- "][usize::from(self.one_of(5))];
        format!("# c{} {sign}", self.comments)
    }

    /// Lines between entries.
    fn between(&mut self, indent: usize) {
        for _ in 0..self.one_of(4).saturating_sub(1) {
            match self.one_of(3) {
                0 => self.text.push('\n'),
                1 => {
                    let comment = self.comment();
                    self.text.push_str(&format!("{}{comment}\n", " ".repeat(indent)));
                }
                _ => {
                    // What is deeper than a block of text, and below it, is a part of it.
                    let deepest = if self.is_below_block { indent } else { 12 };
                    let column = usize::from(self.one_of(12)).min(deepest);
                    let comment = self.comment();
                    self.text.push_str(&format!("{}{comment}\n", " ".repeat(column)));
                }
            }
        }
    }

    /// The end of a line, maybe with a comment.
    fn end(&mut self) {
        match self.one_of(6) {
            4 => {
                let comment = self.comment();
                self.text.push_str(&format!(" {comment}"));
            }
            5 => {
                let comment = self.comment();
                self.text.push_str(&format!("\t {comment}"));
            }
            3 => self.text.push_str("  "),
            _ => {}
        }
        self.text.push('\n');
    }

    fn key(&mut self, key: &str) -> String {
        match self.one_of(8) {
            6 => format!("\"{key}\":"),
            7 => format!("'{key}' :"),
            _ => format!("{key}:"),
        }
    }

    /// A list of texts as the value of a key that is written, of an entry at this indentation.
    fn list(&mut self, indent: usize, items: &[&str]) {
        let form = |item: &str, quotes: u8| match quotes {
            0 => format!("'{item}'"),
            _ => format!("\"{}\"", item.replace('\\', "\\\\")),
        };
        match self.one_of(6) {
            5 => {
                self.text.push_str(" [");
                for item in items {
                    self.end();
                    self.between(indent + 2);
                    let item = form(item, self.one_of(2));
                    self.text.push_str(&format!("{}{item},", " ".repeat(indent + 2)));
                }
                self.end();
                self.between(indent + 2);
                self.text.push_str(&format!("{}]", " ".repeat(indent + 2)));
                self.end();
            }
            3 => {
                let items: Vec<String> = items.iter().map(|item| form(item, self.one_of(2))).collect();
                self.text.push_str(&format!(" [{}]", items.join(", ")));
                self.end();
            }
            4 => {
                let items: Vec<String> = items.iter().map(|item| form(item, self.one_of(2))).collect();
                let pad = " ".repeat(indent + 2);
                self.text.push_str(&format!(" [\n{pad}{}\n{pad}]", items.join(&format!(",\n{pad}"))));
                self.end();
            }
            _ => {
                self.end();
                let inner = indent + usize::from(self.one_of(3));
                for item in items {
                    self.between(inner);
                    let item = form(item, self.one_of(2));
                    self.text.push_str(&format!("{}- {item}", " ".repeat(inner)));
                    self.end();
                }
            }
        }
    }

    /// The entries of a mapping at this indentation, in an order of choice. The first one may follow a hyphen on its line.
    fn entries(&mut self, indent: usize, follows_hyphen: bool, fields: &[(&str, &[&str])]) {
        let mut left: Vec<_> = fields.to_vec();
        let mut is_first = follows_hyphen;
        while !left.is_empty() {
            let index = usize::from(self.one_of(left.len() as u8));
            let (name, values) = left.remove(index);
            if !is_first {
                self.between(indent);
                self.text.push_str(&" ".repeat(indent));
            }
            is_first = false;
            self.is_below_block = false;
            let key = self.key(name);
            self.text.push_str(&key);
            match values {
                [value] if !is_list(name) => {
                    let value = match self.one_of(3) {
                        0 => value.to_string(),
                        1 => format!("'{value}'"),
                        _ => format!("\"{}\"", value.replace('\\', "\\\\")),
                    };
                    match self.one_of(8) {
                        // On a line of its own, maybe behind comments.
                        6 => {
                            self.end();
                            self.between(indent + 1);
                            self.text.push_str(&format!("{}{value}", " ".repeat(indent + 2)));
                            self.end();
                        }
                        7 if !name.ends_with("URL") => {
                            let value = values.join("");
                            self.text.push_str(&format!(" >-\n{}{value}\n", " ".repeat(indent + 2)));
                            self.is_below_block = true;
                        }
                        _ => {
                            self.text.push_str(&format!(" {value}"));
                            self.end();
                        }
                    }
                }
                items => self.list(indent, items),
            }
        }
    }

    /// Some of these fields.
    fn some<'f>(&mut self, fields: &[(&'f str, &'f [&'f str])]) -> Vec<(&'f str, &'f [&'f str])> {
        fields.iter().filter(|_| self.one_of(5) < 2).copied().collect()
    }

    fn subscription(&mut self, number: usize, indent: usize) {
        let url = [
            format!("ghcr.io/a/b{number}"),
            format!("https://h/a/b{number}"),
            format!("oci://h/a/b{number}"),
        ];
        self.between(indent);
        self.is_below_block = false;
        self.text.push_str(&format!("{}- ", " ".repeat(indent)));
        let image: &[(&str, &[&str])] = &[
            ("semverConstraint", &["^1.2"]),
            ("allowTags", &[r"^v\d"]),
            ("allowTagsRegexes", &["^a$", "^b#c$"]),
            ("ignoreTags", &["v1.1", "v1 # x"]),
            ("ignoreTagsRegexes", &["^x$"]),
            ("gitRepoURL", &["https://h/g"]),
            ("updateStrategy", &["SemVer"]),
            ("platform", &["linux/amd64"]),
        ];
        let git: &[(&str, &[&str])] = &[
            ("allowTags", &["^v"]),
            ("ignoreTags", &["v1.1", "v2"]),
            ("ignoreTagsRegexes", &["^x$", "^y$"]),
            ("commitSelectionStrategy", &["Lexical"]),
            ("includePaths", &["apps"]),
            ("branch", &["main"]),
        ];
        let chart: &[(&str, &[&str])] = &[("semverConstraint", &["^1"])];
        let (kind, fields, url_name, url) = match self.one_of(3) {
            0 => ("image", image, "repoURL", &url[0]),
            1 => ("git", git, "repoURL", &url[1]),
            _ if self.one_of(2) == 0 => ("helm", chart, "registryURL", &url[2]),
            _ => ("chart", chart, "registryURL", &url[2]),
        };
        let mut fields = self.some(fields);
        let urls = [url.as_str()];
        fields.insert(0, (url_name, &urls));
        // A key may occur twice.
        if self.rarely(4) {
            let again = fields[usize::from(self.one_of(fields.len() as u8))];
            fields.push(again);
        }
        if self.rarely(6) {
            let entries: Vec<String> = fields
                .iter()
                .map(|(name, values)| {
                    let values: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
                    match is_list(name) {
                        true => format!("{name}: [{}]", values.join(", ")),
                        false => format!("{name}: {}", values.join("")),
                    }
                })
                .collect();
            let key = self.key(kind);
            self.text.push_str(&format!("{key} {{{}}}", entries.join(", ")));
            self.end();
            return;
        }
        let beside = self.some(&[("includePaths", &["a"]), ("excludePaths", &["b", "c#d"])]);
        let beside = if kind == "git" { beside } else { Vec::new() };
        let (before, after) = beside.split_at(usize::from(self.one_of(3)).min(beside.len()));
        self.moved |= !beside.is_empty();
        self.entries(indent + 2, true, before);
        if !before.is_empty() {
            self.between(indent + 2);
            self.text.push_str(&" ".repeat(indent + 2));
        }
        let key = self.key(kind);
        self.text.push_str(&key);
        self.end();
        let inner = indent + 3 + usize::from(self.one_of(3));
        self.entries(inner, false, &fields);
        self.entries(indent + 2, false, after);
    }

    fn manifest(&mut self, number: usize) {
        self.text.push_str("apiVersion: kargo.akuity.io/v1alpha1");
        self.end();
        self.between(0);
        self.text.push_str(&format!("kind: Warehouse\nmetadata: {{name: a{number}}}\nspec:"));
        self.end();
        self.between(2);
        self.text.push_str("  subscriptions:");
        self.end();
        let indent = 2 + usize::from(self.one_of(3));
        for number in 0..=self.one_of(3) {
            self.subscription(usize::from(number), indent);
        }
        self.between(2);
    }
}

fn is_list(name: &str) -> bool {
    name.ends_with('s') && name != "allowTags"
}

/// A manifest by these choices, and whether something in it is to be moved.
fn written(choices: Vec<u8>) -> (String, bool) {
    let mut writer = Writer {
        choices: choices.into_iter(),
        text: String::new(),
        comments: 0,
        moved: false,
        is_below_block: false,
    };
    writer.between(0);
    for number in 0..=usize::from(writer.one_of(2)) {
        if number > 0 || writer.one_of(2) == 1 {
            if number > 0 && writer.one_of(3) == 2 {
                writer.text.push_str("...");
                writer.end();
            }
            writer.text.push_str("---");
            writer.end();
        }
        writer.between(0);
        writer.manifest(number);
    }
    if writer.one_of(4) == 3 {
        writer.text = writer.text.trim_end().to_owned();
    }
    if writer.one_of(4) == 3 {
        writer.text = writer.text.replace('\n', "\r\n");
    }
    (writer.text, writer.moved)
}

/// The comments of a written text, each with its number and what follows, in their order.
fn comments(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| {
            let at = line
                .rfind("# c")
                .filter(|at| line[at + 3..].starts_with(|next: char| next.is_ascii_digit()))?;
            Some(line[at..].trim_end().to_owned())
        })
        .collect()
}

/// What holds for a text in any layout.
#[track_caller]
fn stays(text: &str, is_moved: bool) {
    let migration = holds("kargo.yaml", text);
    let in_order = |text: &str| {
        let mut comments = comments(text);
        if is_moved {
            comments.sort();
        }
        comments
    };
    assert_eq!(in_order(text), in_order(&migration.text), "{text}\n=>\n{}", migration.text);
    assert!(migration.left.is_empty(), "{:?}\n{text}\n=>\n{}", migration.left, migration.text);
    let found = lint("kargo.yaml", &migration.text, &Options::default());
    let old: Vec<_> = found
        .diagnostics
        .iter()
        .filter(|found| found.code == Code::OldSpelling || found.is_error())
        .collect();
    assert!(old.is_empty(), "{old:?}\n{}", migration.text);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_layout_stays(choices in prop::collection::vec(any::<u8>(), 0..400)) {
        let (text, is_moved) = written(choices);
        stays(&text, is_moved);
    }
}
