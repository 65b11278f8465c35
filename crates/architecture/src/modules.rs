//! Which module of a crate uses which, read from its source.
//!
//! A module is a file. What it uses are the paths that begin with `crate`, `super`, `self` or the name of a child module, in `use`
//! lines and elsewhere. A name that a module only hands on (`pub use child::Name`) leads to where it comes from, so that re-exports
//! make no circle. Tests beside the code (`#[cfg(test)]`) do not count. Names that macros make up are not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use crate::files::rust_files;

/// The modules of a crate and what each of them uses.
#[derive(Debug, Default)]
pub struct Modules {
    files: BTreeMap<Vec<String>, File>,
}

#[derive(Debug, Default)]
struct File {
    children: BTreeSet<String>,
    /// What a name stands for that this module imports or hands on.
    imports: BTreeMap<String, Vec<String>>,
    /// The paths that it names, from the root of the crate.
    paths: BTreeSet<Vec<String>>,
}

impl Modules {
    /// Reads the `.rs` files below the folder `src` of a crate.
    ///
    /// # Errors
    ///
    /// If a file or folder cannot be read.
    pub fn read(src: &Path) -> io::Result<Self> {
        let mut modules = Self::default();
        for file in rust_files(src)? {
            let below = file.strip_prefix(src).unwrap_or(&file);
            // Every file of `bin` is a crate of its own.
            if !below.starts_with("bin") {
                modules.add(module_path(below), &fs::read_to_string(&file)?);
            }
        }
        Ok(modules)
    }

    fn add(&mut self, module: Vec<String>, text: &str) {
        let tokens = without_tests(tokens(text));
        let mut file = File::default();
        Reader { tokens: &tokens, at: 0, file: &mut file, module: &module }.items(&mut Vec::new());
        self.files.insert(module, file);
    }

    /// The modules that each module uses.
    #[must_use]
    pub fn uses(&self) -> BTreeMap<String, BTreeSet<String>> {
        let name = |module: &[String]| if module.is_empty() { "crate".to_owned() } else { module.join("::") };
        let uses = self.files.iter().map(|(module, file)| {
            let targets = file.paths.iter().filter_map(|path| self.resolve(path, 16));
            (name(module), targets.filter(|target| target != module).map(|target| name(&target)).collect())
        });
        uses.collect()
    }

    /// The groups of modules that use each other in a circle, the largest first.
    #[must_use]
    pub fn circles(&self) -> Vec<Vec<String>> {
        circles(&self.uses())
    }

    /// The module in which the last name of a path is defined.
    fn resolve(&self, path: &[String], steps: u8) -> Option<Vec<String>> {
        let depth = (0..=path.len()).rev().find(|depth| self.files.contains_key(&path[..*depth]))?;
        let (module, rest) = path.split_at(depth);
        let (Some(file), Some((name, rest)), Some(steps)) =
            (self.files.get(module), rest.split_first(), steps.checked_sub(1))
        else {
            return Some(module.to_owned());
        };
        if let Some(target) = file.imports.get(name) {
            let path: Vec<_> = target.iter().chain(rest).cloned().collect();
            return self.resolve(&path, steps);
        }
        Some(module.to_owned())
    }
}

/// The path of the module that a file holds; the root's is empty.
fn module_path(file: &Path) -> Vec<String> {
    let mut path: Vec<String> =
        file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let is_root = path.len() == 1 && path.last().is_some_and(|last| last == "lib" || last == "main");
    if is_root || path.last().is_some_and(|last| last == "mod") {
        path.pop();
    }
    path
}

/// A piece of source: a name, `::`, or one other character.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Name(String),
    Colons,
    Other(char),
}

/// The tokens of a file without comments, literals and lifetimes.
fn tokens(text: &str) -> Vec<Token> {
    let letters: Vec<char> = text.chars().collect();
    let is_name =
        |at: usize| letters.get(at).is_some_and(|letter| letter.is_alphanumeric() || *letter == '_');
    let starts = |at: usize, what: &str| {
        what.chars().enumerate().all(|(n, letter)| letters.get(at + n) == Some(&letter))
    };
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        if starts(at, "//") {
            at += letters[at..].iter().position(|letter| *letter == '\n').unwrap_or(letters.len() - at);
        } else if starts(at, "/*") {
            at += 2;
            let mut depth = 1;
            while depth > 0 && at < letters.len() {
                let step = if starts(at, "/*") { 1 } else { -i32::from(starts(at, "*/")) };
                depth += step;
                at += if step == 0 { 1 } else { 2 };
            }
        } else if let Some(end) = raw_string(&letters, at) {
            at = end;
        } else if letter == '"' {
            at += 1;
            while at < letters.len() && letters[at] != '"' {
                at += if letters[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
        } else if letter == '\'' {
            let is_escaped = letters.get(at + 1) == Some(&'\\');
            if is_escaped {
                at += 3;
                while at < letters.len() && letters[at] != '\'' {
                    at += 1;
                }
                at += 1;
            } else if letters.get(at + 2) == Some(&'\'') {
                at += 3;
            } else {
                at += 1;
                while is_name(at) {
                    at += 1;
                }
            }
        } else if is_name(at) {
            let begin = at;
            while is_name(at) {
                at += 1;
            }
            tokens.push(Token::Name(letters[begin..at].iter().collect()));
        } else if starts(at, "::") {
            tokens.push(Token::Colons);
            at += 2;
        } else {
            if !letter.is_whitespace() {
                tokens.push(Token::Other(letter));
            }
            at += 1;
        }
    }
    tokens
}

/// Where a raw string that begins here ends.
fn raw_string(letters: &[char], at: usize) -> Option<usize> {
    let before = at.checked_sub(1).and_then(|before| letters.get(before));
    if before.is_some_and(|before| before.is_alphanumeric() || *before == '_') {
        return None;
    }
    let mut open = at + usize::from(letters.get(at) == Some(&'b'));
    if letters.get(open) != Some(&'r') {
        return None;
    }
    open += 1;
    let hashes = letters.get(open..)?.iter().take_while(|letter| **letter == '#').count();
    if letters.get(open + hashes) != Some(&'"') {
        return None;
    }
    let body = open + hashes + 1;
    let is_end = |end: &usize| {
        letters[*end] == '"'
            && letters
                .get(end + 1..end + 1 + hashes)
                .is_some_and(|after| after.iter().all(|letter| *letter == '#'))
    };
    Some((body..letters.len()).find(is_end).map_or(letters.len(), |end| end + 1 + hashes))
}

/// The tokens without the items that are compiled for tests only.
fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    let name = |text: &str| Token::Name(text.to_owned());
    let mark = [
        Token::Other('#'),
        Token::Other('['),
        name("cfg"),
        Token::Other('('),
        name("test"),
        Token::Other(')'),
        Token::Other(']'),
    ];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at..].starts_with(&mark) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        at += mark.len();
        // The item ends with its braces, or with a semicolon outside of all.
        let mut depth = 0_i32;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                Token::Other('{' | '(' | '[') => depth += 1,
                Token::Other(')' | ']') => depth -= 1,
                Token::Other('}') => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                Token::Other(';') if depth == 0 => break,
                _ => {}
            }
        }
    }
    kept
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    file: &'a mut File,
    module: &'a [String],
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn name(&self, ahead: usize) -> Option<&str> {
        match self.tokens.get(self.at + ahead) {
            Some(Token::Name(name)) => Some(name),
            _ => None,
        }
    }

    fn eat(&mut self, token: &Token) -> bool {
        let is_there = self.peek() == Some(token);
        self.at += usize::from(is_there);
        is_there
    }

    /// Reads to the end of a block; `inner` are the modules inside this file that are open.
    fn items(&mut self, inner: &mut Vec<String>) {
        // Children may be declared below what uses them.
        if self.at == 0 {
            let declared = self.tokens.windows(3).filter_map(|tokens| match tokens {
                [Token::Name(word), Token::Name(child), Token::Other(';')] if word == "mod" => {
                    Some(child.clone())
                }
                _ => None,
            });
            self.file.children.extend(declared);
        }
        while let Some(token) = self.peek() {
            let after_path =
                self.at > 0 && matches!(self.tokens[self.at - 1], Token::Colons | Token::Other('.'));
            match token {
                Token::Other('}') => {
                    self.at += 1;
                    return;
                }
                Token::Other('{') => {
                    self.at += 1;
                    self.items(inner);
                }
                Token::Name(word) if word == "mod" && self.name(1).is_some() => {
                    let child = self.name(1).unwrap_or_default().to_owned();
                    self.at += 2;
                    if self.eat(&Token::Other('{')) {
                        inner.push(child);
                        self.items(inner);
                        inner.pop();
                    }
                }
                Token::Name(word) if word == "use" && !after_path => {
                    self.at += 1;
                    self.use_tree(&mut Vec::new(), inner);
                }
                Token::Name(_) if !after_path && self.tokens.get(self.at + 1) == Some(&Token::Colons) => {
                    let mut path = Vec::new();
                    while let Some(name) = self.name(0) {
                        path.push(name.to_owned());
                        self.at += 1;
                        if !self.eat(&Token::Colons) {
                            break;
                        }
                    }
                    if let Some(path) = self.absolute(&path, inner) {
                        self.file.paths.insert(path);
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    /// What follows `use`, or an item of its braces.
    fn use_tree(&mut self, prefix: &mut Vec<String>, inner: &[String]) {
        let length = prefix.len();
        loop {
            if self.eat(&Token::Colons) {
                // The names of other crates.
            } else if self.eat(&Token::Other('{')) {
                while self.peek().is_some() && !self.eat(&Token::Other('}')) {
                    let before = self.at;
                    self.use_tree(prefix, inner);
                    self.eat(&Token::Other(','));
                    self.at += usize::from(self.at == before);
                }
                break;
            } else if self.eat(&Token::Other('*')) {
                if let Some(path) = self.absolute(prefix, inner) {
                    self.file.paths.insert(path);
                }
                break;
            } else if let Some(name) = self.name(0).map(str::to_owned) {
                self.at += 1;
                prefix.push(name);
                if self.eat(&Token::Colons) {
                    continue;
                }
                if prefix.len() > 1 && prefix.last().is_some_and(|last| last == "self") {
                    prefix.pop();
                }
                let mut alias = prefix.last().cloned().unwrap_or_default();
                if self.name(0) == Some("as") {
                    alias = self.name(1).unwrap_or("_").to_owned();
                    self.at += 2;
                }
                if let Some(path) = self.absolute(prefix, inner) {
                    self.import(alias, path, inner);
                }
                break;
            } else {
                break;
            }
        }
        prefix.truncate(length);
    }

    fn import(&mut self, alias: String, path: Vec<String>, inner: &[String]) {
        // A name that is handed on is used only by who asks for it.
        let start = self.tokens[..self.at].iter().rposition(|token| *token == Token::Name("use".to_owned()));
        let is_public = start.is_some_and(|start| {
            let before = &self.tokens[start.saturating_sub(4)..start];
            match before.last() {
                Some(Token::Name(word)) => word == "pub",
                Some(Token::Other(')')) => before.iter().any(|token| *token == Token::Name("pub".to_owned())),
                _ => false,
            }
        });
        if !is_public {
            self.file.paths.insert(path.clone());
        }
        if inner.is_empty() {
            self.file.imports.insert(alias, path);
        }
    }

    /// A path from the root of the crate; none where it leads into another crate or names something of this file.
    fn absolute(&self, path: &[String], inner: &[String]) -> Option<Vec<String>> {
        let (first, mut rest) = path.split_first()?;
        let mut base: Vec<String> = self.module.iter().chain(inner).cloned().collect();
        match first.as_str() {
            "crate" => base.clear(),
            "self" => {}
            "super" => {
                base.pop();
                while let Some((_, after)) = rest.split_first().filter(|(next, _)| *next == "super") {
                    base.pop();
                    rest = after;
                }
            }
            child if inner.is_empty() && self.file.children.contains(child) => base.push(child.to_owned()),
            _ => return None,
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }
}

/// The strongly connected components of more than one node, the largest first.
fn circles(uses: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let reach = |from: &str| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            for next in uses.get(node).into_iter().flatten() {
                if seen.insert(next.as_str()) {
                    open.push(next);
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        uses.keys().map(|node| (node.as_str(), reach(node))).collect();
    let mut taken = BTreeSet::new();
    let mut circles = Vec::new();
    for (node, reachable) in &reached {
        if taken.contains(node) || !reachable.contains(node) {
            continue;
        }
        let comes_back = |other: &&&str| reached.get(**other).is_some_and(|back| back.contains(node));
        let circle: Vec<&str> = reachable.iter().filter(comes_back).copied().collect();
        taken.extend(circle.iter().copied());
        if circle.len() > 1 {
            circles.push(circle.into_iter().map(str::to_owned).collect::<Vec<_>>());
        }
    }
    circles.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
    circles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[(&str, &str)], expected: &[&[&str]]) {
        let mut modules = Modules::default();
        for (file, text) in files {
            modules.add(module_path(Path::new(file)), text);
        }
        assert_eq!(modules.circles(), expected, "{:?}", modules.uses());
    }

    #[test]
    fn a_circle_of_three_is_found() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c; pub use a::A;"),
            ("a.rs", "use crate::b::B; pub struct A;"),
            ("b.rs", "fn b() { super::c::c() }"),
            ("c.rs", "use crate::{std, A};"),
        ];
        check(&files, &[&["a", "b", "c"]]);
    }

    #[test]
    fn handing_a_name_on_is_no_use_of_it() {
        let files = [
            ("lib.rs", "mod a; mod b; pub use a::A; pub(crate) use b::B;"),
            ("a.rs", "use crate::B;"),
            ("b.rs", "pub struct B; // crate::A"),
        ];
        check(&files, &[]);
    }

    #[test]
    fn a_parent_that_uses_its_child_and_is_used_by_it_is_a_circle() {
        let files = [
            ("lib.rs", "mod a;"),
            ("a/mod.rs", "mod b; fn f() { b::g() } struct S;"),
            ("a/b.rs", "use super::S;"),
        ];
        check(&files, &[&["a", "a::b"]]);
        let files = [
            ("lib.rs", "mod a;"),
            ("a/mod.rs", "mod b; mod c; use c::S; fn f() { b::g() }"),
            ("a/b.rs", "use super::S;"),
            ("a/c.rs", ""),
        ];
        check(&files, &[]);
    }

    #[test]
    fn tests_and_literals_do_not_count() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use super::b::B; fn f() { let a = ('\"', '\\'', \"crate::b\", r#\"crate::b\"#); }"),
            (
                "b.rs",
                "const A: &str = \"crate::a::A\"; #[cfg(test)] mod tests { use crate::a::A; } #[cfg(test)] use crate::a::B;",
            ),
        ];
        check(&files, &[]);
    }

    #[test]
    fn a_module_inside_a_file_belongs_to_the_file() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "pub mod inner { use super::super::b::B; }"),
            ("b.rs", "use crate::a::inner::X;"),
        ];
        check(&files, &[&["a", "b"]]);
    }
}
