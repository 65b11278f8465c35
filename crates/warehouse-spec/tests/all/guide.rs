//! Pages of the guide that are made of tables.

use std::fmt::Write as _;
use std::path::Path;

use warehouse_spec::{Edition, OldSpelling, Rule};

/// What the head of every example is, which the page shows once.
const HEAD: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: demo\nspec:\n  subscriptions:\n";

/// Checks the part of a page between two comments, or writes it with `UPDATE_GUIDE=1`.
pub(crate) fn check(page: &str, name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/guide").join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let begin = format!("<!-- {name}: made by `UPDATE_GUIDE=1 cargo test -p warehouse-spec guide` -->\n");
    let end = format!("<!-- end of {name} -->\n");
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{page} has no {begin}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{page} has no {end}"));
    let whole = format!("{before}{begin}\n{expected}\n{end}{after}");
    if std::env::var_os("UPDATE_GUIDE").is_some() {
        std::fs::write(&path, whole).unwrap();
    } else {
        assert!(text == whole, "UPDATE_GUIDE=1 cargo test -p warehouse-spec guide writes {page}");
    }
}

#[test]
fn the_rules_are_the_table() {
    let mut page = String::from("| rule | weight | what holds | since Kargo |\n|---|---|---|---|\n");
    for rule in Rule::all() {
        let code = rule.code;
        writeln!(page, "| [`{code}`](#{code}) | {} | {} | {} |", rule.severity, rule.summary, rule.since)
            .unwrap();
    }
    for rule in Rule::all() {
        write!(page, "\n## {}\n\n{}. {}", rule.code, rule.summary, rule.explanation).unwrap();
        if !rule.since.is_empty() {
            write!(page, " Since Kargo {}.", rule.since).unwrap();
        }
        let shown = |text: &'static str| text.strip_prefix(HEAD).unwrap_or(text);
        let (before, after) = (shown(rule.example.before), shown(rule.example.after));
        write!(page, "\n\nRemedy: {}.\n\n", rule.remedy).unwrap();
        write!(page, "```yaml\n{before}```\n\nafter the remedy:\n\n```yaml\n{after}```\n").unwrap();
    }
    check("manifest-rules.md", "rules", &page);
}

#[test]
fn the_old_spellings_are_the_table() {
    let mut table = String::from(
        "| place | old spelling | today | known since | what became of it | what is written |\n|---|---|---|---|---|---|\n",
    );
    for spelling in OldSpelling::all() {
        let code = |text: &str| if text.is_empty() { "-".to_owned() } else { format!("`{text}`") };
        let since = match spelling.normal_since {
            _ if spelling.normal.is_empty() => "-".to_owned(),
            Edition::OLDEST => "every release".to_owned(),
            since => since.to_string(),
        };
        let (place, old, normal) = (spelling.place, code(spelling.old), code(spelling.normal));
        writeln!(
            table,
            "| {place} | {old} | {normal} | {since} | {} | {} |",
            spelling.dropped, spelling.rewritten
        )
        .unwrap();
    }
    check("migrate.md", "spellings", &table);
}
