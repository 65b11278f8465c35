//! Documents as a whole: kinds, names, merge markers, and old fields of charts and Freight.

use warehouse_spec::Code;

use super::{HEAD, read};

const IMAGE: &str = "  - image:\n      repoURL: a\n";

#[test]
fn kinds() {
    let warehouse =
        |kind: &str| format!("{HEAD}{IMAGE}").replace("kind: Warehouse", &format!("kind: {kind}"));
    for kind in ["warehouse", "WareHouse", "Warehouses", "Warehuose"] {
        let text = warehouse(kind).replace("repoURL: a", "repoURL: a\n      constraint: on");
        let before = read(&text);
        let helps: Vec<_> = before.diagnostics.iter().filter_map(|found| found.help.as_deref()).collect();
        assert!(before.diagnostics[0].message.contains(&format!("`{kind}`")), "{}", before.diagnostics[0]);
        assert_eq!((before.diagnostics[0].location.line, before.diagnostics[0].location.column), (2, 7));
        // What is wrong below is told at once.
        assert_eq!(helps, ["write `kind: Warehouse`", "write it like ^1.2.0, ~1.2, or '>=1.2 <2'"]);
        assert!(before.skipped.is_empty() && before.warehouses.is_empty());
    }
    assert!(read(&warehouse("Warehouse")).diagnostics.is_empty());
    // Without a group, only what is written like a Warehouse and looks like one.
    let bare = warehouse("warehouse").replace("apiVersion: kargo.akuity.io/v1alpha1\n", "");
    let before = read(&bare);
    let helps: Vec<_> = before.diagnostics.iter().filter_map(|found| found.help.as_deref()).collect();
    assert_eq!(helps, ["write `apiVersion: kargo.akuity.io/v1alpha1`", "write `kind: Warehouse`"]);
    let freight = "apiVersion: kargo.akuity.io/v1alpha1\nkind: freight\nmetadata:\n  name: f\n";
    assert_eq!(read(freight).diagnostics[0].help.as_deref(), Some("write `kind: Freight`"));
    assert_eq!(read(&freight.replace("freight", "Freight")).freights.len(), 1);
    for kind in
        ["Stage", "Project", "Promotion", "ProjectConfig", "PromotionTask", "Environment", "ConfigMap"]
    {
        let found = read(&warehouse(kind));
        assert!(found.diagnostics.is_empty() && found.skipped.len() == 1, "{kind}: {:?}", found.diagnostics);
    }
    let other = warehouse("warehouse").replace("kargo.akuity.io/v1alpha1", "example.com/v1");
    assert_eq!(read(&other).skipped.len(), 1);
}

#[test]
fn names_of_documents() {
    let text = |metadata: &str| format!("{HEAD}{IMAGE}").replace("metadata:\n  name: demo\n", metadata);
    for (bad, help) in [
        ("", "add `metadata:` with a `name:`"),
        ("metadata:\n  namespace: a\n", "add a `name`"),
        ("metadata:\n  name: ''\n", "add a `name`"),
        ("metadata:\n  name: 5\n", "quote it: \"5\""),
        ("metadata:\n  name: on\n", "quote it: \"on\""),
        ("metadata:\n  name: [demo]\n", "write demo"),
    ] {
        let before = read(&text(bad));
        let helps: Vec<_> = before.errors().filter_map(|found| found.help.as_deref()).collect();
        assert_eq!(helps, [help], "{bad}: {:?}", before.diagnostics);
    }
    for good in [
        "metadata:\n  name: demo\n",
        "metadata:\n  name: \"5\"\n",
        "metadata:\n  namespace: a\n  name: \"on\"\n",
    ] {
        let after = read(&text(good));
        assert!(after.diagnostics.is_empty(), "{good}: {:?}", after.diagnostics);
    }
    // A name without a value is told with where it is.
    let null = read(&text("metadata:\n  name:\n"));
    let helps: Vec<_> = null.diagnostics.iter().filter_map(|found| found.help.as_deref()).collect();
    assert!(helps.contains(&"add a `name`") || helps.contains(&"give it a value or delete it"), "{helps:?}");
}

#[test]
fn merge_markers() {
    let ours = "      constraint: ^1\n";
    let theirs = "      constraint: ^2\n";
    let text = format!("{HEAD}{IMAGE}<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> main\n");
    let before = read(&text);
    let [found] = before.diagnostics.as_slice() else { panic!("{:?}", before.diagnostics) };
    assert_eq!((found.code, found.location.line, found.location.column), (Code::Syntax, 9, 1));
    assert_eq!(
        found.help.as_deref(),
        Some("choose one side, and delete the lines that start with <<<<<<<, ======= and >>>>>>>")
    );
    for side in [ours, theirs] {
        let after = read(&format!("{HEAD}{IMAGE}{side}"));
        assert!(after.diagnostics.is_empty() && after.warehouses.len() == 1, "{:?}", after.diagnostics);
    }
}

#[test]
fn old_fields_of_charts() {
    let chart = |key: &str| format!("{HEAD}  - chart:\n      {key}: https://h/a\n      name: web\n");
    let before = read(&chart("registryURL"));
    let [found] = before.diagnostics.as_slice() else { panic!("{:?}", before.diagnostics) };
    assert_eq!(found.help.as_deref(), Some("write `repoURL`"));
    let after = read(&chart("repoURL"));
    assert!(after.diagnostics.is_empty(), "{:?}", after.diagnostics);
    assert_eq!(before.warehouses[0].spec, after.warehouses[0].spec);
    // Both of them: the old one is deleted.
    let both = read(&chart("repoURL").replace("      name", "      registryURL: https://h/b\n      name"));
    let helps: Vec<_> = both.diagnostics.iter().filter_map(|found| found.help.as_deref()).collect();
    assert_eq!(
        (helps, both.warehouses[0].spec == after.warehouses[0].spec),
        (vec!["delete `registryURL`: `repoURL` is there, too"], true)
    );
}

#[test]
fn freight_without_a_specification() {
    let head = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Freight\nmetadata:\n  name: f\n";
    let images = "images:\n- repoURL: a\n  tag: v1\n";
    let below: String = images.lines().map(|line| format!("  {line}\n")).collect();
    let before = read(&format!("{head}spec:\n{below}"));
    let [found] = before.diagnostics.as_slice() else { panic!("{:?}", before.diagnostics) };
    assert_eq!(found.help.as_deref(), Some("Freight has no `spec`: its fields are beside `metadata`"));
    assert!(before.freights[0].images.is_empty());
    let after = read(&format!("{head}{images}"));
    assert!(after.diagnostics.is_empty(), "{:?}", after.diagnostics);
    assert_eq!(after.freights[0].images[0].tag, "v1");
    let before = read(&format!("{head}warehouse: w\n"));
    assert_eq!(before.diagnostics[0].help.as_deref(), Some("write `origin`"));
    let after = read(&format!("{head}origin: {{kind: Warehouse, name: w}}\n"));
    assert!(after.diagnostics.is_empty() && after.freights[0].origin == before.freights[0].origin);
    let list = "apiVersion: v1\nkind: List\n";
    assert_eq!(read(list).diagnostics[0].help.as_deref(), Some("add `items:`, a list of documents"));
    assert!(read(&format!("{list}items: []\n")).diagnostics.is_empty());
}

/// What is not valid YAML is told in its line, with what to write there.
#[test]
fn blanks_and_ranges() {
    let image = |field: &str| format!("{HEAD}  - image:\n      repoURL: nginx\n{field}\n");
    for (field, line, help, remedied) in [
        ("      constraint:^1.0.0", 9, "a blank after the colon", "      constraint: ^1.0.0"),
        ("\tconstraint: ^1", 9, "indent with spaces", "      constraint: ^1"),
        (
            "      constraint: ^1\n      \tdiscoveryLimit: 3",
            10,
            "indent with spaces",
            "      constraint: ^1\n      discoveryLimit: 3",
        ),
        ("      constraint: [1.0.0, 2.0.0)", 9, "\">=1.0.0 <2.0.0\"", "      constraint: \">=1.0.0 <2.0.0\""),
    ] {
        let manifest = read(&image(field));
        let [found] = manifest.diagnostics.as_slice() else { panic!("{field}: {:?}", manifest.diagnostics) };
        assert_eq!(found.location.line, line, "{found}");
        assert!(found.help.as_ref().is_some_and(|found| found.contains(help)), "{:?}", found.help);
        let remedied = read(&image(remedied));
        assert!(remedied.diagnostics.is_empty(), "{:?}", remedied.diagnostics);
    }
}
