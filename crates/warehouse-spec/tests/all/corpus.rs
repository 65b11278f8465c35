//! Manifests as people wrote them: each parses, or is refused for the right reason.
//!
//! The folder is `CONFORMANCE_CORPUS`, or a folder beside the project; without either the test says so and passes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use warehouse_spec::{Code, Manifest, Options, Snippet, parse};

pub(crate) fn corpus() -> Option<PathBuf> {
    let root = match std::env::var_os("CONFORMANCE_CORPUS") {
        Some(root) => PathBuf::from(root),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
    };
    let folder = root.join("warehouses");
    if folder.is_dir() {
        return Some(folder);
    }
    let _ = writeln!(std::io::stderr(), "SKIPPED: no corpus of manifests at {}", folder.display());
    None
}

/// The manifests by number, each with its name. A fragment of documentation starts at `spec:`; what comes before it in
/// every manifest is added.
pub(crate) fn manifests(folder: &Path) -> BTreeMap<String, (String, String)> {
    let mut manifests = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".yaml") {
            continue;
        }
        let mut text = fs::read_to_string(&path).unwrap();
        if name.contains("docs-fragment") && text.starts_with("spec:") {
            text.insert_str(
                0,
                "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: fragment\n",
            );
        }
        manifests.insert(name[..3].to_owned(), (name, text));
    }
    manifests
}

/// The files with errors: number, and the kinds of the errors. Each was read and compared with what Kargo does: refuse it
/// too, except for 213 and 221, where Go drops half of an unquoted expression without a word.
const REFUSED: &[(&str, &[Code])] = &[
    // Values that were never filled in.
    ("013", &[Code::BadUrl]),
    ("039", &[Code::BadUrl]),
    ("063", &[Code::BadValue, Code::WrongType, Code::BadUrl]),
    ("104", &[Code::BadUrl]),
    ("194", &[Code::BadConstraint]),
    ("195", &[Code::BadConstraint]),
    ("208", &[Code::BadConstraint, Code::BadValue, Code::WrongType, Code::BadUrl]),
    // Words no field takes.
    ("017", &[Code::BadValue]),
    ("135", &[Code::BadValue]),
    // Values of another shape.
    ("019", &[Code::WrongType]),
    ("115", &[Code::WrongType]),
    ("215", &[Code::WrongType]),
    // Under `metadata`.
    ("020", &[Code::Misplaced]),
    // Nothing where something must be.
    ("030", &[Code::Missing]),
    ("031", &[Code::Missing]),
    ("078", &[Code::Missing]),
    ("114", &[Code::Missing]),
    ("158", &[Code::Missing]),
    ("192", &[Code::Missing]),
    // `Digest` without a tag to follow.
    ("026", &[Code::Missing]),
    ("089", &[Code::Missing]),
    ("241", &[Code::Missing]),
    // Fields in the wrong place, an OCI chart with a name, an image with a tag, one image twice.
    ("098", &[Code::Misplaced]),
    ("102", &[Code::BadValue]),
    ("154", &[Code::BadValue]),
    ("248", &[Code::BadUrl]),
    ("132", &[Code::Duplicate]),
    // The eight that are no YAML, or not the YAML that was meant.
    ("052", &[Code::Syntax]),
    ("116", &[Code::Unquoted]),
    ("191", &[Code::Syntax]),
    ("205", &[Code::Syntax]),
    ("206", &[Code::Syntax]),
    ("209", &[Code::Syntax]),
    ("213", &[Code::Unquoted]),
    ("221", &[Code::Unquoted]),
];

/// What the help for the unreadable eight must say.
const REMEDIES: &[(&str, &str)] = &[
    ("052", "shell script"),
    ("116", "quote it: \"*\""),
    ("191", "`...` is a placeholder"),
    ("205", "choose one side"),
    ("206", "without the shell's backslashes"),
    ("209", "without the shell's backslashes"),
    ("213", "quote it: \"!(author contains '<bot@example.com>')\""),
    ("221", "quote it: \"!(author == 'Example Bot') && commitDate.After(date('2025-01-01'))\""),
];

#[test]
fn every_manifest_parses_or_is_refused_for_the_right_reason() {
    let Some(folder) = corpus() else { return };
    let manifests = manifests(&folder);
    let is_known_corpus = std::env::var_os("CONFORMANCE_CORPUS").is_none();
    let expected: BTreeMap<&str, BTreeSet<Code>> =
        REFUSED.iter().map(|(number, codes)| (*number, codes.iter().copied().collect())).collect();
    let mut count = Count::default();
    let mut surprises = Vec::new();
    let mut replacements = 0;
    for (number, (name, text)) in &manifests {
        let manifest = parse(name, text, &Options::default());
        count.add(&manifest);
        let codes: BTreeSet<Code> = manifest.errors().map(|error| error.code).collect();
        let known = expected.get(number.as_str()).cloned().unwrap_or_default();
        if codes != known {
            let shown: Vec<String> =
                manifest.errors().map(|error| Snippet::new(error, text).to_string()).collect();
            surprises.push(format!("{name}: {codes:?}, not {known:?}\n{}", shown.join("\n")));
        }
        replacements += crate::remedies::replacements::each_works(text, &manifest);
        for found in &manifest.diagnostics {
            let line = text.lines().nth(found.location.line - 1);
            assert!(line.is_some(), "{found} lies outside the file");
        }
    }
    let _ = writeln!(std::io::stderr(), "{count}\n{replacements:6} replacements made");
    if is_known_corpus {
        assert!(surprises.is_empty(), "{}", surprises.join("\n\n"));
        assert_eq!(count.files, 248);
    } else {
        let _ =
            writeln!(std::io::stderr(), "{} files with other errors than the known ones", surprises.len());
    }
}

#[test]
fn the_unreadable_ones_say_what_to_do() {
    let Some(folder) = corpus() else { return };
    let manifests = manifests(&folder);
    for (number, remedy) in REMEDIES {
        let Some((name, text)) = manifests.get(*number) else {
            let _ = writeln!(std::io::stderr(), "{number} is not in this corpus");
            continue;
        };
        let manifest = parse(name, text, &Options::default());
        let helps: Vec<&str> = manifest.errors().filter_map(|error| error.help.as_deref()).collect();
        assert!(helps.iter().any(|help| help.contains(remedy)), "{name}: {helps:?} do not say {remedy:?}");
    }
}

#[test]
fn what_is_read_survives_writing_and_reading() {
    let Some(folder) = corpus() else { return };
    let mut warehouses = 0;
    let mut freights = 0;
    for (name, text) in manifests(&folder).values() {
        let manifest = parse(name, text, &Options::default());
        for warehouse in &manifest.warehouses {
            let yaml = serde_saphyr::to_string(&**warehouse).unwrap();
            let again = parse(name, &yaml, &Options::default());
            assert!(again.is_valid(), "{name}: {:?}\n{yaml}", again.diagnostics);
            assert_eq!(*again.warehouses[0], **warehouse, "{name}");
            let json = serde_json::to_string(&**warehouse).unwrap();
            assert_eq!(*parse(name, &json, &Options::default()).warehouses[0], **warehouse, "{name}");
            let value: warehouse_spec::Warehouse = serde_json::from_str(&json).unwrap();
            assert_eq!(value, **warehouse, "{name}");
            warehouses += 1;
        }
        for freight in &manifest.freights {
            let json = serde_json::to_string(&**freight).unwrap();
            assert_eq!(*parse(name, &json, &Options::default()).freights[0], **freight, "{name}");
            freights += 1;
        }
    }
    let _ =
        writeln!(std::io::stderr(), "{warehouses} Warehouses and {freights} Freights written and read again");
}

#[derive(Default)]
struct Count {
    files: usize,
    warehouses: usize,
    freights: usize,
    skipped: usize,
    refused: usize,
    by_code: BTreeMap<String, usize>,
}

impl Count {
    fn add(&mut self, manifest: &Manifest) {
        self.files += 1;
        self.warehouses += manifest.warehouses.len();
        self.freights += manifest.freights.len();
        self.skipped += manifest.skipped.len();
        self.refused += usize::from(!manifest.is_valid());
        for found in &manifest.diagnostics {
            let key = format!("{} {}", found.severity, found.code);
            *self.by_code.entry(key).or_default() += 1;
        }
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} files: {} Warehouses and {} Freights read, {} other documents skipped, {} files with errors",
            self.files, self.warehouses, self.freights, self.skipped, self.refused
        )?;
        for (code, number) in &self.by_code {
            write!(formatter, "\n{number:6} {code}")?;
        }
        Ok(())
    }
}
