//! Several Warehouses in one run: namespace and name tell them apart, and a chart and a subscription keep their own names.

use std::fs;

use crate::support::{Ran, World, warehouse};

/// Three Warehouses `shop` in three namespaces, each with one version of the same chart.
fn three(world: &World) -> String {
    let document = |(namespace, version): (&str, &str)| {
        format!(
            "---\napiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop, namespace: {namespace}}}\nspec:\n  \
             subscriptions:\n  - chart: {{repoURL: CHARTS, name: shop, semverConstraint: {version}}}\n"
        )
    };
    world.fill(&[("north", "0.1.0"), ("south", "0.2.0"), ("west", "0.2.1")].map(document).concat())
}

const NAMES: [&str; 3] = ["north/shop", "south/shop", "west/shop"];
const NAMESPACES: [&str; 3] = ["north", "south", "west"];
const VERSIONS: [&str; 3] = ["0.1.0", "0.2.0", "0.2.1"];

#[track_caller]
fn run(arguments: &[&str], manifest: &str) -> Ran {
    let ran = warehouse(&[arguments, &["--no-cache", "--no-docker-config", "-f", "-"]].concat(), manifest);
    assert_eq!(ran.code, Some(0), "{arguments:?}: {}{}", ran.out, ran.err);
    ran
}

/// The words at this position of the lines of a table, without its heading.
fn column(table: &str, position: usize) -> Vec<&str> {
    table.lines().skip(1).map(|line| line.split_whitespace().nth(position).unwrap()).collect()
}

#[test]
fn three_warehouses_of_one_name_are_told_apart_in_tables_and_notes() {
    let world = World::start();
    let manifest = three(&world);
    for format in ["table", "wide"] {
        let ran = run(&["discover", "-o", format], &manifest);
        assert_eq!(column(&ran.out, 0), NAMES, "{}", ran.out);
        assert_eq!(column(&ran.out, 4), VERSIONS, "{}", ran.out);
        let notes: Vec<_> =
            ran.err.lines().filter_map(|line| line.split_once(": 1 subscription; ")).collect();
        assert_eq!(notes.iter().map(|(name, _)| *name).collect::<Vec<_>>(), NAMES, "{}", ran.err);
        assert!(!ran.err.contains("warning"), "{}", ran.err);

        let ran = run(&["freight", "-o", format], &manifest);
        assert_eq!(column(&ran.out, 1), NAMES, "{}", ran.out);
    }
    // Names of artifacts have no Warehouse in them; they come in the order of the manifests.
    let ran = run(&["discover", "-o", "name"], &manifest);
    let expected: Vec<_> =
        VERSIONS.iter().map(|version| format!("{}/shop:{version}", world.charts.url())).collect();
    assert_eq!(ran.out.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn three_warehouses_of_one_name_are_told_apart_in_documents() {
    let world = World::start();
    let manifest = three(&world);
    for command in ["discover", "freight"] {
        for format in ["json", "yaml"] {
            let ran = run(&[command, "-q", "-o", format], &manifest);
            let list: serde_json::Value = serde_saphyr::from_str(&ran.out).unwrap();
            let items = list["items"].as_array().unwrap();
            let namespaces: Vec<_> =
                items.iter().map(|item| item["metadata"]["namespace"].as_str().unwrap()).collect();
            assert_eq!(namespaces, NAMESPACES, "{command}: {}", ran.out);
        }
    }
}

#[test]
fn three_warehouses_of_one_name_are_told_apart_by_explain() {
    let world = World::start();
    let manifest = three(&world);
    let ran = run(&["explain", "-q"], &manifest);
    let headings: Vec<_> = ran.out.lines().filter(|line| line.contains(": chart ")).collect();
    let expected: Vec<_> = NAMES
        .iter()
        .zip(VERSIONS)
        .map(|(name, version)| {
            let misses: Vec<_> = VERSIONS.into_iter().rev().filter(|other| *other > version).collect();
            let misses = match misses.is_empty() {
                true => String::new(),
                false => {
                    format!("; nearest misses: {} (outside the constraint {version:?})", misses.join(", "))
                }
            };
            let url = world.charts.url();
            format!("{name}: chart {url} (shop): 3 versions: 2 outside {version:?}, 1 taken, best {version}{misses}")
        })
        .collect();
    assert_eq!(headings, expected);

    let ran = run(&["explain", "-q", "-o", "json"], &manifest);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let items = json["items"].as_array().unwrap();
    let names: Vec<_> = items
        .iter()
        .map(|item| {
            format!("{}/{}", item["namespace"].as_str().unwrap(), item["warehouse"].as_str().unwrap())
        })
        .collect();
    assert_eq!(names, NAMES);
}

#[test]
fn messages_about_one_of_several_warehouses_name_it() {
    let world = World::start();
    let image = |tag: &str| world.registry.image("shop/odd").tag(tag).single("linux/amd64");
    image("dated").created("2024-01-01T00:00:00Z").push();
    image("undated").without_created().push();
    let document = |namespace: &str| {
        format!(
            "---\napiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop, namespace: {namespace}}}\nspec:\n  \
             subscriptions:\n  - image: {{repoURL: REGISTRY/shop/odd, imageSelectionStrategy: NewestBuild}}\n"
        )
    };
    let manifest = world.fill(&["north", "south"].map(document).concat());
    let ran = run(&["discover", "-v"], &manifest);
    for name in &NAMES[..2] {
        let id = format!("image {}/shop/odd", world.registry.host());
        assert!(ran.err.contains(&format!("warning: {name}: {id}: ")), "{}", ran.err);
        assert!(ran.err.lines().any(|line| line.starts_with(&format!("{name}: {id}: "))), "{}", ran.err);
    }
}

#[test]
fn what_failed_and_what_has_nothing_names_the_warehouse() {
    let world = World::start();
    let document = |namespace: &str| {
        format!(
            "---\napiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: shop, namespace: {namespace}}}\nspec:\n  \
             subscriptions:\n  - image: {{repoURL: REGISTRY/absent}}\n  - chart: {{repoURL: CHARTS, name: absent}}\n"
        )
    };
    let discover = |manifest: &str| {
        let arguments = ["discover", "--no-cache", "--no-docker-config", "-f", "-"];
        let ran = warehouse(&arguments, &world.fill(manifest));
        assert_eq!(ran.code, Some(1), "{}", ran.err);
        ran.err
    };
    let err = discover(&["north", "south"].map(document).concat());
    let image = format!("image {}/absent: ", world.registry.host());
    let chart = format!("chart {} (absent): nothing fits: ", world.charts.url());
    for (name, line) in [("north/shop", 7), ("south/shop", 15)] {
        for (start, line, rest) in [("error: ", line, &image), ("warning: ", line + 1, &chart)] {
            let (place, rest) = (format!(":{line}:"), format!(": {name}: {rest}"));
            let is_it =
                |text: &&str| text.starts_with(start) && text.contains(&place) && text.contains(&rest);
            assert_eq!(err.lines().filter(is_it).count(), 1, "{start}{place}{rest}\n{err}");
        }
    }
    // One Warehouse alone needs no name.
    let err = discover(&document("north"));
    assert!(err.contains(&image) && err.contains(&chart), "{err}");
    assert!(!err.contains(&format!("shop: {image}")) && !err.contains(&format!("shop: {chart}")), "{err}");
}

#[test]
fn the_same_warehouse_given_twice_is_a_warning_that_names_both_places() {
    let world = World::start();
    let manifest = three(&world);
    let document = manifest.split("---\n").nth(2).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for file in ["a.yaml", "b.yaml"] {
        fs::write(folder.path().join(file), document).unwrap();
    }
    let path = folder.path().to_str().unwrap();
    let ran = warehouse(&["discover", "--no-cache", "--no-docker-config", "-f", path], "");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let warning = format!(
        "warning: {path}/b.yaml:3:18: Warehouse south/shop is also at {path}/a.yaml:3:18\n  help: each of them is discovered; \
         remove one, or give it another name or namespace\n"
    );
    assert_eq!(ran.err.matches("warning: ").count(), 1, "{}", ran.err);
    assert!(ran.err.contains(&warning), "{warning}{}", ran.err);
    assert_eq!(column(&ran.out, 0), ["south/shop", "south/shop"]);
}

#[test]
fn a_name_of_a_chart_is_that_of_the_chart_under_a_named_subscription() {
    let world = World::start();
    let manifest = world.fill(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: shop}\nspec:\n  subscriptions:\n  \
         - name: sub\n    chart: {repoURL: CHARTS, name: shop, semverConstraint: 0.2.1}\n  \
         - name: cached\n    chart: {repoURL: \"oci://REGISTRY/charts/cache\", semverConstraint: 4.0.0}\n",
    );
    let ran = run(&["discover", "-o", "name"], &manifest);
    let expected = [
        format!("{}/shop:0.2.1", world.charts.url()),
        format!("oci://{}/charts/cache:4.0.0", world.registry.host()),
    ];
    assert_eq!(ran.out.lines().collect::<Vec<_>>(), expected);
    let ran = run(&["discover", "-o", "json"], &manifest);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let names = |field: &str| {
        json["items"][0]["subscriptions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it[field].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("name"), ["sub", "cached"]);
    assert_eq!(names("chart"), [serde_json::json!("shop"), serde_json::Value::Null]);
}

#[test]
fn the_error_of_a_named_subscription_names_it_as_the_table_does() {
    let world = World::start();
    let manifest = world.fill(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: shop}\nspec:\n  subscriptions:\n  \
         - name: front\n    image: {repoURL: REGISTRY/shop/wep}\n  \
         - name: goods\n    chart: {repoURL: CHARTS/none, name: shop}\n",
    );
    let ran = warehouse(&["discover", "--no-cache", "--no-docker-config", "-f", "-"], &manifest);
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    let (registry, charts) = (world.registry.host(), world.charts.url());
    for (source, in_table, in_error) in [
        (format!("image {registry}/shop/wep"), "(front)", "(subscription front)"),
        (format!("chart {charts}/none"), "(shop, goods)", "(shop, subscription goods)"),
    ] {
        let is_error =
            |line: &str| line.starts_with("error: ") && line.contains(&format!(": {source} {in_error}: "));
        assert!(ran.err.lines().any(is_error), "{source}: {}", ran.err);
        let is_row = |line: &str| {
            let cells: Vec<_> = line.split_whitespace().collect();
            cells.join(" ") == format!("{source} {in_table} (failed)")
        };
        assert!(ran.out.lines().any(is_row), "{source}: {}", ran.out);
    }
}
