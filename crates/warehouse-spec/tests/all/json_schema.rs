//! The JSON Schema of every edition: real manifests are valid in some edition, bad ones in none, and the copy for editors is current.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value as Json, json};
use warehouse_spec::{
    Code, DocumentKind, Edition, Freight, Manifest, Options, Warehouse, json_schema, lint, migrate,
};

use crate::corpus::{corpus, manifests};

fn validator(edition: Edition, kind: Option<DocumentKind>) -> Validator {
    jsonschema::draft7::new(&json_schema(edition, kind)).unwrap()
}

/// The validators of all editions that have the kind Warehouse.
fn validators() -> Vec<(Edition, Validator)> {
    let editions = Edition::all().filter(|edition| *edition >= Edition::FIRST_WAREHOUSE);
    editions.map(|edition| (edition, validator(edition, None))).collect()
}

/// The documents of a text as an editor has them.
fn documents(text: &str) -> Vec<Json> {
    serde_saphyr::from_multiple(text).unwrap_or_default()
}

/// What is valid for Kargo's decoder, and not for any schema: keys that are dropped or taken with other capitals, and fields without a value.
fn is_beyond_schema(manifest: &Manifest) -> bool {
    let beyond = [
        Code::UnknownField,
        Code::FieldCase,
        Code::Misplaced,
        Code::Null,
        Code::DuplicateKey,
        Code::Conflict,
        Code::KargoRefuses,
    ];
    manifest.diagnostics.iter().any(|found| beyond.contains(&found.code))
}

#[test]
fn real_manifests_are_valid_in_some_edition() {
    let Some(folder) = corpus() else { return };
    let validators = validators();
    let newest = validator(Edition::NEWEST, None);
    let (mut checked, mut mixed, mut beyond) = (0, 0, 0);
    let mut first = BTreeSet::new();
    for (name, text) in manifests(&folder).values() {
        let manifest = lint(name, text, &Options::default());
        if !manifest.is_valid() || manifest.warehouses.is_empty() && manifest.freights.is_empty() {
            continue;
        }
        if is_beyond_schema(&manifest) {
            beyond += 1;
            continue;
        }
        checked += 1;
        let documents = documents(text);
        assert!(!documents.is_empty(), "{name}");
        let all = |validator: &Validator| documents.iter().all(|document| validator.is_valid(document));
        match validators.iter().find(|(_, validator)| all(validator)) {
            Some((edition, _)) => {
                first.insert(*edition);
            }
            // Fields of several editions in one manifest: none of Kargo's took it.
            None => {
                mixed += 1;
                let warnings: Vec<Code> = manifest.warnings().map(|found| found.code).collect();
                assert!(warnings.contains(&Code::OldSpelling), "{name}: {:?}", errors(&newest, &documents));
            }
        }
        let migrated = migrate(name, text, Edition::NEWEST, &Options::default());
        let documents = self::documents(&migrated.text);
        assert_eq!(errors(&newest, &documents), [] as [String; 0], "{name}");
    }
    let _ = writeln!(
        std::io::stderr(),
        "{checked} manifests, {mixed} of them of several editions; {beyond} with fields that no edition has; valid first in {}",
        first.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    );
    assert!(checked > 100 || std::env::var_os("CONFORMANCE_CORPUS").is_some(), "{checked}");
}

fn errors(validator: &Validator, documents: &[Json]) -> Vec<String> {
    let errors = documents.iter().flat_map(|document| validator.iter_errors(document));
    errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn warehouse(subscription: Json) -> Json {
    json!({
        "apiVersion": "kargo.akuity.io/v1alpha1",
        "kind": "Warehouse",
        "metadata": {"name": "demo"},
        "spec": {"subscriptions": [subscription]},
    })
}

/// Named manifests, and the editions in which they are valid, from and to.
#[test]
fn from_and_to() {
    let validators = validators();
    for (name, document, from, to) in [
        ("an image", warehouse(json!({"image": {"repoURL": "nginx"}})), "v0.2", "v1.12"),
        (
            "updateStrategy",
            warehouse(json!({"image": {"repoURL": "nginx", "updateStrategy": "Latest"}})),
            "v0.2",
            "v0.2",
        ),
        (
            "tagSelectionStrategy",
            warehouse(json!({"image": {"repoURL": "nginx", "tagSelectionStrategy": "SemVer"}})),
            "v0.3",
            "v0.3",
        ),
        (
            "semverConstraint",
            warehouse(json!({"image": {"repoURL": "nginx", "semverConstraint": "^1"}})),
            "v0.2",
            "v1.8",
        ),
        (
            "constraint",
            warehouse(json!({"image": {"repoURL": "nginx", "constraint": "^1"}})),
            "v1.7",
            "v1.12",
        ),
        ("allowTags", warehouse(json!({"image": {"repoURL": "nginx", "allowTags": "a"}})), "v0.2", "v1.12"),
        (
            "allowTagsRegexes",
            warehouse(json!({"image": {"repoURL": "nginx", "allowTagsRegexes": ["a"]}})),
            "v1.9",
            "v1.12",
        ),
        ("registryURL", warehouse(json!({"chart": {"registryURL": "oci://h/c"}})), "v0.2", "v0.3"),
        ("chart", warehouse(json!({"chart": {"repoURL": "https://h", "name": "c"}})), "v0.4", "v1.12"),
        (
            "followDigests",
            warehouse(
                json!({"chart": {"repoURL": "oci://h/c", "followDigests": true, "acceptV": true, "checkConfig": true}}),
            ),
            "v1.12",
            "v1.12",
        ),
        (
            "since",
            warehouse(json!({"git": {"repoURL": "https://h/a", "since": "2025-01-31T00:00:00Z"}})),
            "v1.10",
            "v1.12",
        ),
        ("a name", warehouse(json!({"name": "a", "git": {"repoURL": "git@h:a"}})), "v1.12", "v1.12"),
        ("a type of its own", warehouse(json!({"name": "a", "s3": {"config": {"x": 1}}})), "v1.9", "v1.12"),
        (
            "Digest",
            warehouse(
                json!({"image": {"repoURL": "nginx", "imageSelectionStrategy": "Digest", "constraint": "latest"}}),
            ),
            "v1.7",
            "v1.12",
        ),
        (
            "another kind",
            json!({"apiVersion": "kargo.akuity.io/v1alpha1", "kind": "Stage", "spec": {"x": 1}}),
            "v0.2",
            "v1.12",
        ),
        ("another group", json!({"apiVersion": "example.com/v1", "kind": "Warehouse"}), "v0.2", "v1.12"),
        (
            "Freight",
            json!({"apiVersion": "kargo.akuity.io/v1alpha1", "kind": "Freight", "warehouse": "demo"}),
            "v0.5",
            "v0.8",
        ),
    ] {
        let (from, to): (Edition, Edition) = (from.parse().unwrap(), to.parse().unwrap());
        for (edition, validator) in &validators {
            let expected = (from..=to).contains(edition);
            assert_eq!(
                validator.is_valid(&document),
                expected,
                "{name} in {edition}: {:?}",
                errors(validator, std::slice::from_ref(&document))
            );
        }
    }
}

/// Named bad manifests are valid in no edition, and the parser has an error or a warning about each.
#[test]
fn bad_ones_are_valid_in_none() {
    let validators = validators();
    let image = |fields: Json| {
        let mut image = json!({"repoURL": "nginx"});
        image.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        warehouse(json!({"image": image}))
    };
    for (name, document) in [
        (
            "no subscriptions",
            json!({"apiVersion": "kargo.akuity.io/v1alpha1", "kind": "Warehouse", "metadata": {"name": "a"}, "spec": {"subscriptions": []}}),
        ),
        (
            "no spec",
            json!({"apiVersion": "kargo.akuity.io/v1alpha1", "kind": "Warehouse", "metadata": {"name": "a"}}),
        ),
        (
            "another version",
            json!({"apiVersion": "kargo.akuity.io/v1", "kind": "Warehouse", "metadata": {"name": "a"}, "spec": {"subscriptions": [{"image": {"repoURL": "a"}}]}}),
        ),
        ("an unknown field", image(json!({"semver": "^1"}))),
        ("other capitals", image(json!({"AllowTagsRegexes": ["a"]}))),
        ("a word that is none", image(json!({"imageSelectionStrategy": "Semver"}))),
        ("a number for a text", image(json!({"constraint": 1.1}))),
        ("a text for a list", image(json!({"allowTagsRegexes": "a"}))),
        ("a limit", image(json!({"discoveryLimit": 101}))),
        ("Digest without a tag", image(json!({"imageSelectionStrategy": "Digest"}))),
        ("an image with a tag", warehouse(json!({"image": {"repoURL": "nginx:1"}}))),
        ("an image with a scheme", warehouse(json!({"image": {"repoURL": "https://h/nginx"}}))),
        ("no repoURL", warehouse(json!({"git": {"branch": "main"}}))),
        ("a Git repository without a scheme", warehouse(json!({"git": {"repoURL": "github.com/a/b"}}))),
        ("a chart without its name", warehouse(json!({"chart": {"repoURL": "https://h"}}))),
        ("an OCI chart with a name", warehouse(json!({"chart": {"repoURL": "oci://h/c", "name": "c"}}))),
        ("two types", warehouse(json!({"image": {"repoURL": "a"}, "git": {"repoURL": "https://h/a"}}))),
        ("no type", warehouse(json!({}))),
        ("paths beside git", warehouse(json!({"git": {"repoURL": "https://h/a"}, "includePaths": ["a"]}))),
        ("helm", warehouse(json!({"helm": {"repoURL": "oci://h/c"}}))),
        (
            "a name that no API server takes",
            json!({"apiVersion": "kargo.akuity.io/v1alpha1", "kind": "Warehouse", "metadata": {"name": "A b"}, "spec": {"subscriptions": [{"image": {"repoURL": "a"}}]}}),
        ),
        (
            "Freight with a spec",
            json!({"apiVersion": "kargo.akuity.io/v1alpha1", "kind": "Freight", "spec": {}}),
        ),
    ] {
        for (edition, validator) in &validators {
            assert!(!validator.is_valid(&document), "{name} in {edition}");
        }
        let told = lint("a.json", &document.to_string(), &Options::default()).diagnostics;
        assert!(!told.is_empty(), "{name}");
    }
}

/// What is written is valid in the newest edition, but for the lists of literal tags, which no schema of today has.
#[test]
fn what_is_written_is_valid() {
    let warehouse: Warehouse =
        serde_json::from_value(warehouse(json!({"image": {"repoURL": "nginx", "semverConstraint": "^1"}})))
            .unwrap();
    let kinds = [Some(DocumentKind::Warehouse), None];
    for validator in kinds.map(|kind| validator(Edition::NEWEST, kind)) {
        assert_eq!(errors(&validator, &[serde_json::to_value(&warehouse).unwrap()]), [] as [String; 0]);
    }
    let freight: Freight = serde_json::from_value(
        json!({"origin": {"kind": "Warehouse", "name": "a"}, "images": [{"repoURL": "a", "tag": "b"}]}),
    )
    .unwrap();
    let validator = validator(Edition::NEWEST, Some(DocumentKind::Freight));
    assert_eq!(errors(&validator, &[serde_json::to_value(&freight).unwrap()]), [] as [String; 0]);
}

/// Each field of each definition has a description, which editors show.
#[test]
fn fields_have_descriptions() {
    for edition in Edition::all() {
        let schema = json_schema(edition, None);
        for definition in ["image", "git", "chart"] {
            for (name, field) in schema["definitions"][definition]["properties"].as_object().unwrap() {
                let text = field["description"].as_str().unwrap_or_default();
                assert!(text.ends_with('.'), "{edition}: {definition}.{name}: {text:?}");
            }
        }
    }
}

/// The copy that editors read by its URL.
#[test]
fn the_copy_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas/kargo.json");
    let expected = serde_json::to_string_pretty(&json_schema(Edition::NEWEST, None)).unwrap() + "\n";
    if std::env::var_os("UPDATE_GUIDE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, expected).unwrap();
    } else {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            text == expected,
            "UPDATE_GUIDE=1 cargo test -p warehouse-spec copy writes docs/schemas/kargo.json"
        );
    }
}

/// Every spelling of a field in every edition: what comes out is valid for that edition, or what it does not know is told. Migrating back selects the same.
#[test]
fn every_spelling_to_every_edition() {
    let image = |fields: &str| format!("  - image:\n      repoURL: ghcr.io/a/b\n{fields}");
    let git = |fields: &str| {
        format!("  - git:\n      repoURL: https://h/a\n      commitSelectionStrategy: SemVer\n{fields}")
    };
    let constraint = |name: &str| image(&format!("      {name}: ^1 # c\n"));
    let strategy = |name: &str, value: &str| image(&format!("      {name}: {value} # c\n"));
    let old = |minor: u8| format!("v0.{minor}").parse::<Edition>().unwrap();
    // The subscription, and the first edition that has all of it under some name.
    let all = [
        (constraint("semverConstraint"), old(2)),
        (constraint("constraint"), old(2)),
        (strategy("updateStrategy", "Latest"), old(2)),
        (strategy("updateStrategy", "'SemVer'"), old(2)),
        (strategy("tagSelectionStrategy", "NewestBuild"), old(2)),
        (strategy("imageSelectionStrategy", "\"Lexical\""), old(2)),
        (strategy("updateStrategy", "Latest\n      tagSelectionStrategy: NewestBuild"), old(3)),
        (image("      allowTags: ^v\n      ignoreTags: [v1.1, 'b']\n"), old(2)),
        (
            image(
                "      allowTagsRegexes:\n      - ^v\n      ignoreTagsRegexes: # c\n      - '^v1\\.1$' # d\n      - ^b$\n",
            ),
            old(2),
        ),
        (image("      allowTagsRegexes: ['^v']\n      \"ignoreTagsRegexes\": [\"^v1$\"]\n"), old(2)),
        (git("      allowTags: ^v\n      ignoreTags: [v1.1]\n"), old(4)),
        (git("      allowTagsRegexes: ['^v']\n      ignoreTagsRegexes: ['^v1$']\n"), old(4)),
        ("  - chart: {registryURL: 'oci://h/c'}\n".to_owned(), old(2)),
        ("  - chart: {repoURL: 'oci://h/c'}\n".to_owned(), old(2)),
        ("  - helm:\n      repoURL: https://h/c\n      name: c\n".to_owned(), old(2)),
        (
            "  - git:\n      repoURL: https://h/a\n      includePaths: [a]\n    excludePaths: [b]\n"
                .to_owned(),
            old(5),
        ),
        (image("      gitRepoURL: https://h/a\n      cacheByTag: true\n"), Edition::NEWEST),
        (image("      allowTagsRegexes: [a, b]\n      ignoreTagsRegexes: [c]\n"), "v1.9".parse().unwrap()),
    ];
    let options = Options::default();
    for (subscription, first) in &all {
        let text = format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: demo}}\nspec:\n  subscriptions:\n{subscription}"
        );
        let newest = migrate("a.yaml", &text, Edition::NEWEST, &options);
        for edition in Edition::all().filter(|edition| *edition >= Edition::FIRST_WAREHOUSE) {
            let migration = migrate("a.yaml", &text, edition, &options);
            let shown = format!("{edition}: {:?}\n{text}=>\n{}", migration.left, migration.text);
            if migration.left.is_empty() {
                let found = errors(&validator(edition, None), &documents(&migration.text));
                assert_eq!(found, [] as [String; 0], "{shown}");
            }
            assert!(migration.left.is_empty() || edition < *first, "{shown}");
            assert!(
                migration.left.iter().all(|found| found.code == Code::UnknownField && found.help.is_some()),
                "{shown}"
            );
            let again = migrate("a.yaml", &migration.text, edition, &options);
            assert_eq!(
                (again.text.as_str(), again.is_changed()),
                (migration.text.as_str(), false),
                "{shown}"
            );
            let back = migrate("a.yaml", &migration.text, Edition::NEWEST, &options);
            let warehouse = |manifest: &Manifest| manifest.warehouses.first().map(|it| (**it).clone());
            assert_eq!(warehouse(&back.manifest), warehouse(&newest.manifest), "{shown}");
            assert_eq!(text.matches('#').count(), migration.text.matches('#').count(), "{shown}");
        }
    }
}

/// Freight with every field of the newest edition, and with every field that was dropped.
const FREIGHT: [&str; 2] = [
    "alias: a\norigin:\n  kind: Warehouse\n  name: 'on'\ndiscoveredAt: 2025-01-31T00:00:00Z\ncommits:\n- repoURL: https://h/a\n  id: a\n  branch: main\n  tag: v1\n  message: m\n  author: a\n  committer: c\n  subscriptionName: s\nimages:\n- repoURL: nginx\n  tag: v1\n  digest: sha256:a\n  annotations: {a: b}\n  subscriptionName: s\ncharts:\n- repoURL: oci://h/c\n  name: c\n  version: '1.0.0'\n  subscriptionName: s\nartifacts:\n- artifactType: a\n  subscriptionName: s\n  version: '1'\n  metadata: {}\nstatus: {}\n",
    "id: a\nwarehouse: w\ncommits:\n- repoURL: https://h/a\n  healthCheckCommit: b\n  id: a\nimages:\n- gitRepoURL: https://h/a\n  repoURL: nginx\n  tag: v1\ncharts:\n- registryURL: oci://h/c\n  version: '1.0.0'\n",
];

/// What an edition does not know of Freight is told, in lists, too; without that, the text is valid in the edition. What it knows is neither told nor taken away.
#[test]
fn freight_to_every_edition() {
    let head = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Freight\nmetadata:\n  name: f\n";
    for (fields, edition) in
        FREIGHT.iter().flat_map(|fields| Edition::all().map(move |edition| (fields, edition)))
    {
        let migration = migrate("a.yaml", &format!("{head}{fields}"), edition, &Options::default());
        let mut document = documents(&migration.text).remove(0);
        for left in &migration.left {
            let pointer = format!("/{}", left.path.replace(['.', '['], "/").replace(']', ""));
            let (above, name) = pointer.rsplit_once('/').unwrap();
            let gone = document.pointer_mut(above).unwrap().as_object_mut().unwrap().remove(name);
            assert!(gone.is_some(), "{left}");
        }
        let found = errors(&validator(edition, None), &[document.clone()]);
        assert!(found.is_empty(), "{edition}: {found:?} {:?}\n{}", migration.left, migration.text);
        let is_in = |name: &str| migration.text.contains(&format!("{name}: "));
        let since = |release: &str| edition >= release.parse().unwrap();
        assert_eq!(is_in("registryURL"), !since("v0.4"), "{edition}: {}", migration.text);
        assert_eq!(
            is_in("warehouse"),
            since("v0.5") && !since("v0.8") || fields.starts_with("id") && !since("v0.8")
        );
        let is_old = fields.starts_with("id");
        assert_eq!(is_in("healthCheckCommit"), is_old && !since("v1.0"), "{edition}: {}", migration.text);
        assert_eq!(is_in("gitRepoURL"), is_old && !since("v1.7"), "{edition}: {}", migration.text);
        assert_eq!(migration.text.contains("warehouse: \"on\""), !is_old && since("v0.5") && !since("v0.8"));
    }
}

/// The digest of a chart is a field of this project, as `followDigests` is.
#[test]
fn freight_with_the_digest_of_a_chart() {
    let text = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Freight\norigin: {kind: Warehouse, name: w}\ncharts: [{repoURL: 'oci://h/c', version: '1.0.0', digest: 'sha256:a'}]\n";
    let found = errors(&validator(Edition::NEWEST, None), &documents(text));
    assert!(found.is_empty(), "{found:?}");
    assert!(!errors(&validator("v1.11".parse().unwrap(), None), &documents(text)).is_empty());
    let migration = migrate("a.yaml", text, "v1.8".parse().unwrap(), &Options::default());
    assert!(migration.left.is_empty() && !migration.is_changed(), "{:?}", migration.left);
}
