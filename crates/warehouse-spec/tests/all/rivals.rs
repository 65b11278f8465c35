//! Keys that are read as one field: written twice, with other capitals, in an old and a new spelling, without a value, or merged in by `<<`. No edit changes which
//! of them counts.

use proptest::prelude::*;
use warehouse_spec::{Applicability, Code, Edition, Options, Replacement, lint, migrate, parse};

use crate::migrate::{holds, selections};

const HEAD: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: demo}\n";

const IN: &str = "spec:\n  subscriptions:\n  - ";

/// The text after a migration to the newest edition. Nothing is left.
#[track_caller]
fn migrated(subscription: &str) -> String {
    let migration = holds("kargo.yaml", &format!("{HEAD}{IN}{subscription}"));
    assert_eq!(migration.left, [], "{}", migration.text);
    migration.text.strip_prefix(&format!("{HEAD}{IN}")).unwrap().to_owned()
}

#[test]
fn the_key_that_does_not_count_goes() {
    for (before, after) in [
        (
            "image:\n      repoURL: nginx\n      allowTags: ^a$ # old\n      allowTags: ^b$\n",
            "image:\n      repoURL: nginx\n      # old\n      allowTagsRegexes: ['^b$']\n",
        ),
        (
            "image: {repoURL: nginx, ignoreTags: [a], ignoreTags: [b]}\n",
            "image: {repoURL: nginx, ignoreTagsRegexes: ['^b$']}\n",
        ),
        (
            "image: {repoURL: nginx, AllowTags: ^a$, allowTags: ^b$}\n",
            "image: {repoURL: nginx, allowTagsRegexes: ['^b$']}\n",
        ),
        (
            "image: {repoURL: nginx, ALLOWTAGS: ^a$, AllowTags: ^b$}\n",
            "image: {repoURL: nginx, allowTagsRegexes: ['^a$']}\n",
        ),
        (
            "image: {repoURL: nginx, allowTagsRegexes: [a], allowTags: ^b$, allowTagsRegexes: [c]}\n",
            "image: {repoURL: nginx, allowTagsRegexes: [c, '^b$']}\n",
        ),
        (
            "git:\n      repoURL: https://h/a\n    includePaths: [a]\n    includePaths: [b]\n",
            "git:\n      repoURL: https://h/a\n      includePaths: [b]\n",
        ),
        (
            "includePaths: [a]\n    git:\n      repoURL: https://h/a\n      IncludePaths: [b]\n",
            "git:\n      repoURL: https://h/a\n      includePaths: [b, 'a']\n",
        ),
    ] {
        // The quotation marks are those of the document.
        assert_eq!(migrated(before).replace("'a'", "a"), after.replace("'a'", "a"), "{before}");
        let v1_8: Edition = "v1.8".parse().unwrap();
        let text = format!("{HEAD}{IN}{before}");
        let older = migrate("kargo.yaml", &text, v1_8, &Options::default()).text;
        assert_eq!(meaning(&older), meaning(&text), "{older}");
    }
}

/// Where `<<` merges another spelling in, nothing is written; the remedy works.
#[test]
fn what_is_merged_in() {
    let text = format!(
        "{HEAD}{IN}image: &a {{repoURL: nginx, allowTags: ^v1}}\n  - image: {{<<: *a, repoURL: redis, allowTags: ^v2}}\n"
    );
    let migration = holds("kargo.yaml", &text);
    assert_eq!(migration.text, text);
    let help: Vec<_> = migration.left.iter().filter_map(|found| found.help.as_deref()).collect();
    let remedy = "; `<<` merges `allowTags` in: first write in place of `<<` the fields that it merges in";
    assert_eq!(help.len(), 2, "{help:?}");
    assert_eq!(help[1], format!("write `allowTagsRegexes: ['^v2']`{remedy}"));
    let by_hand = text.replace("<<: *a, ", "").replace("&a ", "");
    assert_eq!(meaning(&by_hand), meaning(&text));
    assert_eq!(holds("kargo.yaml", &by_hand).left, []);

    let text = format!(
        "{HEAD}x: &a {{allowTags: ^v}}\n{IN}image:\n      <<: *a\n      repoURL: nginx\n      allowTagsRegexes: [^a]\n"
    );
    let v1_8: Edition = "v1.8".parse().unwrap();
    let migration = migrate("kargo.yaml", &text, v1_8, &Options::default());
    assert_eq!(migration.text, text);
    let left = migration.left.last().unwrap();
    assert!(left.help.as_deref().is_some_and(|help| help.ends_with(remedy)), "{left:?}");

    let text = format!(
        "{HEAD}x: &a {{repoURL: https://h/a, includePaths: [a]}}\n{IN}git:\n      <<: *a\n    includePaths: [b]\n"
    );
    let migration = holds("kargo.yaml", &text);
    assert_eq!(migration.text, text);
    let remedy = remedy.replace("allowTags", "includePaths");
    let left = migration.left.last().unwrap();
    assert_eq!(left.help, Some(format!("move `includePaths` into `git`{remedy}")));
    let by_hand = text.replace("<<: *a", "repoURL: https://h/a\n      includePaths: [a]");
    assert_eq!(meaning(&by_hand), meaning(&text));
    let left = holds("kargo.yaml", &by_hand).left;
    assert!(left.iter().all(|found| found.path == "x"), "{left:?}");
}

/// A field of today without a value does not take the place of the old one.
#[test]
fn without_a_value() {
    let text = format!("{HEAD}{IN}image: {{repoURL: nginx, semverConstraint: ^1, constraint: }}\n");
    let migration = holds("kargo.yaml", &text);
    assert_eq!(migration.text, text);
    assert_eq!(
        migration.left[0].help.as_deref(),
        Some("write `constraint`; first delete `constraint`, which has no value")
    );
    let by_hand = text.replace(", constraint: }", "}");
    assert_eq!(holds("kargo.yaml", &by_hand).left, []);
}

/// Of three names of one field, the newest that is there counts: none of them becomes another one beside the third.
#[test]
fn three_names_of_the_strategy() {
    let text = format!(
        "{HEAD}{IN}image: {{repoURL: nginx, imageSelectionStrategy: Lexical, tagSelectionStrategy: NewestBuild}}\n"
    );
    for edition in Edition::all() {
        let older = migrate("kargo.yaml", &text, edition, &Options::default()).text;
        assert_eq!(meaning(&older), meaning(&text), "{edition}: {older}");
    }
}

/// The edit of a key that occurs twice deletes the one that does not count, and a person should look at it.
#[test]
fn the_edit_of_a_key_that_occurs_twice() {
    for keys in [
        "allowTagsRegexes: ['^a$'], allowTagsRegexes: ['^b$']",
        "AllowTagsRegexes: ['^a$'], allowTagsRegexes: ['^b$']",
    ] {
        let text = format!("{HEAD}{IN}image: {{repoURL: nginx, {keys}}}\n");
        let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
        let twice = found.iter().find(|found| found.code == Code::DuplicateKey).unwrap();
        let edit = twice.replacement.as_ref().unwrap();
        assert_eq!(edit.applicability, Applicability::MaybeIncorrect);
        let edited = Replacement::apply_all(&text, [edit]);
        assert_eq!(edited, format!("{HEAD}{IN}image: {{repoURL: nginx, allowTagsRegexes: ['^b$']}}\n"));
        assert_eq!(meaning(&edited), meaning(&text));
    }
}

/// The fields of each type in every spelling, and two values of each.
const IMAGE: &[(&str, [&str; 2])] = &[
    ("constraint", ["^1.2.0", "^2.1.0"]),
    ("semverConstraint", ["^1.3.0", "^2.2.0"]),
    ("imageSelectionStrategy", ["Lexical", "SemVer"]),
    ("tagSelectionStrategy", ["NewestBuild", "SemVer"]),
    ("updateStrategy", ["Latest", "SemVer"]),
    ("allowTags", ["^a$", "^b$"]),
    ("allowTags", ["^c$", "^d$"]),
    ("allowTagsRegexes", ["['^e$']", "['^f$', '^g$']"]),
    ("ignoreTags", ["[h]", "[i, j]"]),
    ("ignoreTags", ["[k]", "[]"]),
    ("ignoreTagsRegexes", ["['^l$']", "['^m$']"]),
    ("strictSemvers", ["false", "true"]),
    ("gitRepoURL", ["https://h/a", "https://h/b"]),
    ("cacheByTag", ["false", "true"]),
];
const GIT: &[(&str, [&str; 2])] = &[
    ("commitSelectionStrategy", ["Lexical", "SemVer"]),
    ("commitSelectionStrategy", ["NewestTag", "NewestFromBranch"]),
    ("semverConstraint", ["^1.3.0", "^2.2.0"]),
    ("allowTags", ["^a$", "^b$"]),
    ("allowTags", ["^c$", "^d$"]),
    ("allowTagsRegexes", ["['^e$']", "['^f$', '^g$']"]),
    ("ignoreTags", ["[h]", "[i, j]"]),
    ("ignoreTagsRegexes", ["['^l$']", "['^m$']"]),
    ("includePaths", ["[n]", "[o, p]"]),
    ("excludePaths", ["[q]", "[r, s]"]),
    ("branch", ["main", "next"]),
];
const BESIDE: &[(&str, [&str; 2])] = &[("includePaths", ["[t]", "[u, v]"]), ("excludePaths", ["[w]", "[x]"])];
const CHART: &[(&str, [&str; 2])] = &[
    ("registryURL", ["https://h/a", "https://h/b"]),
    ("repoURL", ["https://h/c", "https://h/d"]),
    ("semverConstraint", ["^1.3.0", "^2.2.0"]),
    ("checkConfig", ["", "false"]),
];
const FREIGHT: &[(&str, [&str; 2])] = &[
    ("warehouse", ["a", "b"]),
    ("origin", ["{kind: Warehouse, name: c}", "{kind: Warehouse, name: d}"]),
    ("id", ["e", "f"]),
    ("charts", ["[{registryURL: 'https://h/a', repoURL: 'https://h/b'}]", "[{registryURL: 'https://h/c'}]"]),
];

/// Writes by choices; the first possibility where there are no more of them.
struct Writer {
    choices: std::vec::IntoIter<u8>,
}

impl Writer {
    fn one_of(&mut self, count: u8) -> u8 {
        self.choices.next().unwrap_or_default() % count
    }

    fn rarely(&mut self, times: u8) -> bool {
        self.one_of(times) == times - 1
    }

    fn key(&mut self, name: &str) -> String {
        match self.one_of(12) {
            10 => format!("{}{}", name[..1].to_uppercase(), &name[1..]),
            11 => name.to_uppercase(),
            _ => name.to_owned(),
        }
    }

    /// Some of the fields, some of them twice, in an order of choice, each `key: value`.
    fn fields(&mut self, fields: &[(&str, [&str; 2])]) -> Vec<String> {
        let mut written = Vec::new();
        for (name, values) in fields {
            for _ in 0..[0, 0, 0, 1, 1, 2][usize::from(self.one_of(6))] {
                let key = self.key(name);
                let value = match self.rarely(12) {
                    true => "",
                    false => values[usize::from(self.one_of(2))],
                };
                let at = usize::from(self.one_of(written.len() as u8 + 1));
                written.insert(at, format!("{key}: {value}"));
            }
        }
        written
    }

    /// A mapping that merges others in, maybe: its entries.
    fn mapping(&mut self, first: Option<&str>, fields: &[(&str, [&str; 2])], shared: &str) -> Vec<String> {
        let mut entries: Vec<String> = self.fields(fields);
        if let Some(first) = first {
            entries.insert(0, first.to_owned());
        }
        let merged = match self.one_of(8) {
            5 => format!("<<: *{shared}1"),
            6 => format!("<<: [*{shared}1, *{shared}2]"),
            7 => format!("<<: {{{}}}", self.fields(fields).join(", ")),
            _ => return entries,
        };
        let at = usize::from(self.one_of(entries.len() as u8 + 1));
        entries.insert(at, merged);
        entries
    }

    /// The entries as a value, in braces or below the key.
    fn value(&mut self, entries: &[String], indent: usize) -> String {
        match entries.is_empty() || self.rarely(4) {
            true => format!(" {{{}}}\n", entries.join(", ")),
            false => {
                entries.iter().map(|entry| format!("\n{}{entry}", " ".repeat(indent))).collect::<String>()
                    + "\n"
            }
        }
    }

    fn manifest(&mut self) -> String {
        let mut text = "spec:\n  subscriptions:\n".to_owned();
        for number in 0..=self.one_of(2) {
            let (kind, url, fields) = match self.one_of(4) {
                0 | 1 => ("image", format!("repoURL: ghcr.io/a/b{number}"), IMAGE),
                2 => ("git", format!("repoURL: https://h/a/b{number}"), GIT),
                _ => (["chart", "helm"][usize::from(self.one_of(2))], "name: web".to_owned(), CHART),
            };
            let shared = if kind == "helm" { "chart" } else { kind };
            let entries = self.mapping(Some(&url), fields, shared);
            let mut item = vec![format!("{kind}:{}", self.value(&entries, 6).trim_end())];
            if kind == "git" {
                let beside = self.mapping(None, BESIDE, "beside");
                let at = usize::from(self.one_of(2)) * beside.len();
                item.splice(0..0, beside[at..].iter().cloned());
                item.extend_from_slice(&beside[..at]);
            }
            text.push_str(&format!("  - {}\n", item.join("\n    ")));
        }
        let mut above = HEAD.to_owned();
        for (shared, fields) in [("image", IMAGE), ("git", GIT), ("chart", CHART), ("beside", BESIDE)] {
            for number in (1..3).filter(|number| text.contains(&format!("*{shared}{number}"))) {
                let entries = self.fields(fields);
                above.push_str(&format!("x-{shared}{number}: &{shared}{number}"));
                above.push_str(&self.value(&entries, 2));
            }
        }
        let mut text = above + &text;
        if self.rarely(4) {
            text.push_str("---\napiVersion: kargo.akuity.io/v1alpha1\nkind: Freight\nmetadata: {name: f}\n");
            self.fields(FREIGHT).iter().for_each(|entry| text.push_str(&format!("{entry}\n")));
        }
        text
    }
}

/// What is selected by a text, and what the Freight in it is.
fn meaning(text: &str) -> Result<String, Vec<String>> {
    let manifest = parse("kargo.yaml", text, &Options::default());
    let errors: Vec<String> =
        manifest.errors().map(|found| format!("{}: {}", found.code, found.message.to_lowercase())).collect();
    match errors.is_empty() {
        true => {
            let freights: Vec<_> = manifest.freights.iter().map(|freight| (**freight).clone()).collect();
            Ok(format!("{:#?}\n{freights:#?}", selections(&manifest)))
        }
        false => Err(errors),
    }
}

/// No edit changes what a text means: neither a migration to some edition, nor the edits that an editor makes without asking.
#[track_caller]
fn stays(text: &str, editions: impl IntoIterator<Item = Edition>) {
    let Ok(before) = meaning(text) else { return };
    for edition in editions {
        let migration = migrate("kargo.yaml", text, edition, &Options::default());
        let after = meaning(&migration.text);
        assert_eq!(after.as_ref(), Ok(&before), "{edition}\n{text}\n=>\n{}", migration.text);
        let again = migrate("kargo.yaml", &migration.text, edition, &Options::default());
        assert_eq!(again.text, migration.text, "{edition}\n{text}");
    }
    let mut text = text.to_owned();
    for _ in 0..3 {
        let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
        let edits: Vec<&Replacement> = found
            .iter()
            .filter_map(|found| found.replacement.as_ref())
            .filter(|edit| edit.applicability == Applicability::MachineApplicable)
            .collect();
        let edited = Replacement::apply_all(&text, edits.iter().copied());
        assert_eq!(meaning(&edited).as_ref(), Ok(&before), "{text}\n=>\n{edited}");
        text = edited;
    }
}

proptest! {
    // More of them by the variable `PROPTEST_CASES`.
    #![proptest_config(ProptestConfig { max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_edit_changes_what_counts(choices in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut writer = Writer { choices: choices.into_iter() };
        let edition = Edition::all().nth(usize::from(writer.one_of(Edition::all().count() as u8))).unwrap();
        stays(&writer.manifest(), [edition, Edition::NEWEST]);
    }
}
