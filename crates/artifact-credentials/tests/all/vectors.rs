//! Kargo's own normal forms: a Secret is for a URL if Kargo gives both the same one, and for no other.
//!
//! The rows are this crate's copy in `tests/vectors`, or those of the folder that `CONFORMANCE_VECTORS` names.

use std::collections::HashMap;
use std::path::Path;

use artifact_credentials::KargoSecrets;
use artifact_http::{CredentialRequest, CredentialSource, Url};
use artifact_source::SourceKind::{Chart, Git, Image};
use serde_json::Value;

use crate::setup::{look_up, secret, wait};

#[test]
fn a_secret_is_for_what_has_the_same_normal_form() {
    let folder = std::env::var_os("CONFORMANCE_VECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors"), Into::into);
    let text = std::fs::read_to_string(folder.join("urls.jsonl")).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (mut asked, mut odd, mut wrong) = (0, 0, Vec::new());
    for (function, cred_type, kind) in
        [("git", "git", Git), ("image", "image", Image), ("chart", "helm", Chart)]
    {
        let rows = rows.iter().filter(|row| row["fn"] == function);
        let rows: Vec<_> =
            rows.map(|row| (row["in"].as_str().unwrap(), row["out"].as_str().unwrap())).collect();
        // A Secret without a URL is for nothing.
        let named = || rows.iter().enumerate().filter(|(_, (url, _))| !url.trim().is_empty());
        let secrets = named().map(|(index, (url, _))| secret(&format!("t/{index:05}"), cred_type, url));
        let secrets = secrets.collect::<KargoSecrets>().all_namespaces().allow_plain_http(true);
        // Kargo gives a credential to a URL that is requested otherwise than it is written, and to another port. We give none.
        let port = |url: &str| {
            Url::parse(url).ok().filter(|url| url.has_host()).and_then(|url| url.port_or_known_default())
        };
        let is_odd = |url: &str| {
            let hint = secrets.hint(&CredentialRequest::new(&kind, url)).unwrap_or_default();
            hint.starts_with("no Secret is for a repoURL that ")
        };
        let mut first = HashMap::new();
        for (index, (url, normal)) in named().filter(|(_, (url, _))| !is_odd(url.trim())) {
            first.entry((*normal, port(url))).or_insert(index);
        }
        for (_, (url, normal)) in named() {
            // The URL of a chart has a scheme.
            if kind == Chart && !url.contains("://") {
                continue;
            }
            let found = wait(look_up(&secrets, &kind, url)).unwrap();
            let expected = match is_odd(url) {
                true => "nothing".to_owned(),
                false => format!("me:hunter2 of Secret t/{:05}", first[&(*normal, port(url))]),
            };
            odd += usize::from(is_odd(url));
            asked += 1;
            if found != expected {
                wrong.push(format!("{function} {url:?}: {found}, not {expected}"));
            }
        }
    }
    eprintln!(
        "{} rows read, {asked} asked, {odd} requested otherwise, {} mismatches",
        rows.len(),
        wrong.len()
    );
    assert!(wrong.is_empty() && asked - odd > 900, "{}", wrong.join("\n"));
}
