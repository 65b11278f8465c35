//! Kargo's own normal forms: a Secret is for a URL if Kargo gives both the same one, and for no other.
//!
//! The rows are this crate's copy in `tests/vectors`, or those of the folder that `CONFORMANCE_VECTORS` names.

use std::collections::HashMap;
use std::path::Path;

use artifact_credentials::KargoSecrets;
use artifact_source::SourceKind::{Chart, Git, Image};
use serde_json::Value;

use crate::setup::{look_up, secret, wait};

#[test]
fn a_secret_is_for_what_has_the_same_normal_form() {
    let folder = std::env::var_os("CONFORMANCE_VECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors"), Into::into);
    let text = std::fs::read_to_string(folder.join("urls.jsonl")).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (mut asked, mut wrong) = (0, Vec::new());
    for (function, cred_type, kind) in
        [("git", "git", Git), ("image", "image", Image), ("chart", "helm", Chart)]
    {
        let rows = rows.iter().filter(|row| row["fn"] == function);
        let rows: Vec<_> =
            rows.map(|row| (row["in"].as_str().unwrap(), row["out"].as_str().unwrap())).collect();
        // A Secret without a URL is for nothing.
        let named = || rows.iter().enumerate().filter(|(_, (url, _))| !url.trim().is_empty());
        let secrets = named().map(|(index, (url, _))| secret(&format!("t/{index:05}"), cred_type, url));
        let secrets = secrets.collect::<KargoSecrets>().allow_plain_http(true);
        let mut first = HashMap::new();
        for (index, (_, normal)) in named() {
            first.entry(*normal).or_insert(index);
        }
        for (_, (url, normal)) in named() {
            // The URL of a chart has a scheme.
            if kind == Chart && !url.contains("://") {
                continue;
            }
            asked += 1;
            let expected = format!("me:hunter2 of Secret t/{:05}", first[normal]);
            let found = wait(look_up(&secrets, &kind, url)).unwrap();
            if found != expected {
                wrong.push(format!("{function} {url:?}: {found}, not {expected}"));
            }
        }
    }
    eprintln!("{} rows read, {asked} asked, {} mismatches", rows.len(), wrong.len());
    assert!(wrong.is_empty() && asked > 1000, "{}", wrong.join("\n"));
}
