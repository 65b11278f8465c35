//! The page of the guide is the table of rules.

use std::fmt::Write as _;
use std::path::Path;

use chart_lint::{Rule, Subject};

/// The page between these two lines is made of the table.
const BEGIN: &str = "<!-- rules: made by `UPDATE_GUIDE=1 cargo test -p chart-lint guide` -->\n";
const END: &str = "<!-- end of the rules -->\n";

#[test]
fn the_page_of_rules_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/guide/lint-rules.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let expected = format!("{before}{BEGIN}{}{END}{after}", table());
    if std::env::var_os("UPDATE_GUIDE").is_some() {
        std::fs::write(&path, expected).unwrap();
    } else {
        assert!(page == expected, "UPDATE_GUIDE=1 cargo test -p chart-lint guide writes the page");
    }
}

fn table() -> String {
    let mut page = String::new();
    for (subject, title) in [
        (Subject::Chart, "Charts"),
        (Subject::Values, "Values"),
        (Subject::Dockerfile, "Dockerfiles"),
        (Subject::Waiver, "Waivers"),
    ] {
        let rules = || Rule::all().filter(move |rule| rule.subject == subject);
        write!(page, "\n## {title}\n\n| rule | weight | what holds |\n|---|---|---|\n").unwrap();
        for rule in rules() {
            let name = rule.name;
            writeln!(page, "| [`{name}`](#{name}) | {} | {} |", rule.severity, rule.summary).unwrap();
        }
        for rule in rules() {
            write!(page, "\n### {}\n\n{}. {}", rule.name, rule.summary, rule.explanation).unwrap();
            if let Some(option) = rule.option {
                write!(page, " The rule needs the option `{option}`.").unwrap();
            }
            let language = if rule.example.file == "Dockerfile" { "dockerfile" } else { "yaml" };
            write!(page, "\n\nRemedy: {}.\n\n`{}` before:\n", rule.remedy, rule.example.file).unwrap();
            write!(page, "\n```{language}\n{}```\n\nand after:\n", rule.example.before).unwrap();
            write!(page, "\n```{language}\n{}```\n", rule.example.after).unwrap();
        }
    }
    page.push('\n');
    page
}
