//! What comes into the image: secrets, and files from URLs.

use super::stage::{Kind, Step};
use super::variable::Assignment;
use crate::finding::Report;
use crate::rule::dockerfile as rules;

/// Checks one instruction of any stage.
pub(super) fn check(step: &Step, report: &mut Report<'_>) {
    match &step.kind {
        Kind::Add { sources, options } => {
            let has_checksum = options.iter().any(|option| option == "checksum");
            for (at, _) in sources.iter().filter(|(_, source)| !has_checksum && is_download(source)) {
                report.add(&rules::ADD_URL, *at, "`ADD` downloads a URL without a checksum");
            }
        }
        Kind::Variables { at, is_env, assignments } => {
            for Assignment { name, value } in assignments {
                let is_empty = *is_env && value.as_deref().is_some_and(str::is_empty);
                if is_secret(name) && !is_empty {
                    let stays =
                        if *is_env { "stays in the image" } else { "stays in the history of the image" };
                    report.add(&rules::SECRET, *at, format!("`{name}` {stays}"));
                }
            }
        }
        _ => {}
    }
}

/// A URL of a file; repositories of Git are fetched at a commit or branch.
fn is_download(source: &str) -> bool {
    let is_url = source.starts_with("http://") || source.starts_with("https://");
    let path = source.split(['#', '?']).next().unwrap_or_default();
    is_url && !path.ends_with(".git")
}

/// Whether the name of a variable ends with a word for a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let mut words = name.rsplit('_');
    let last = words.next().unwrap_or_default();
    let before = words.next().unwrap_or_default();
    match last {
        "PASSWORD" | "PASSWD" | "PASSPHRASE" | "SECRET" | "TOKEN" | "APIKEY" | "CREDENTIAL"
        | "CREDENTIALS" => true,
        "KEY" => {
            matches!(before, "API" | "PRIVATE" | "ACCESS" | "SECRET" | "ENCRYPTION" | "SIGNING" | "AUTH")
        }
        _ => false,
    }
}
