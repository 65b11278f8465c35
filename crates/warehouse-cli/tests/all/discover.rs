//! The output of `discover` and `freight` for a real manifest in old spellings, against real servers.

use crate::support::{World, warehouse};

const MANIFEST: &str = include_str!("fixtures/old-spellings.yaml");

#[test]
fn the_table_shows_what_was_found_and_warnings_go_to_standard_error() {
    let world = World::start();
    let ran = warehouse(&["discover", "--no-cache", "-f", "-"], &world.fill(MANIFEST));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let mut lines = ran.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(lines.next().unwrap(), ["KIND", "REPOSITORY", "REVISION", "ID", "CREATED", "SUBJECT"]);
    let found: Vec<_> =
        lines.map(|line| line.join(" ").replace(&world.registry.host(), "REGISTRY")).collect();
    let starts = ["image REGISTRY/shop/web 1.2.0 sha256:", "image REGISTRY/shop/web 1.1.0 sha256:"];
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found}");
    }
    let rest = ran.out.replace(&world.registry.host(), "REGISTRY");
    for part in ["Merge branch 'pears'", "Open the shop", "0.2.1", "0.2.0", "4.1.0+build.7", "4.0.0"] {
        assert!(rest.contains(part), "{part} is missing:\n{rest}");
    }
    assert!(!rest.contains("Sell pears"), "first parents only:\n{rest}");
    assert!(!rest.contains("0.1.0"), "outside of 0.2.x:\n{rest}");
    for part in ["semverConstraint", "helm", "4 subscriptions"] {
        assert!(ran.err.contains(part), "{part} is missing:\n{}", ran.err);
    }
}

#[test]
fn the_table_as_it_is_printed() {
    let world = World::start();
    let ran = warehouse(&["discover", "--no-cache", "-q", "-f", "-"], &world.fill(MANIFEST));
    // Ports differ from run to run, and with them the width of a column.
    let out = ran.out.replace(&world.registry.host(), "REGISTRY").replace(world.repository.url(), "GIT");
    let out = out.replace(&world.charts.url(), "CHARTS");
    let lines: Vec<_> =
        out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    KIND REPOSITORY REVISION ID CREATED SUBJECT
    image REGISTRY/shop/web 1.2.0 sha256:58d36d434863
    image REGISTRY/shop/web 1.1.0 sha256:63ad68f4cd5c
    git GIT main ec955a4b713d 2024-01-01T00:02:00Z Merge branch 'pears'
    git GIT main b7352b405713 2024-01-01T00:00:00Z Open the shop
    chart CHARTS (shop) 0.2.1
    chart CHARTS (shop) 0.2.0
    chart oci://REGISTRY/charts/cache 4.1.0+build.7
    chart oci://REGISTRY/charts/cache 4.0.0
    ");
}

#[test]
fn json_has_kargos_shape_and_beside_it_the_cost() {
    let world = World::start();
    let ran = warehouse(&["discover", "--no-cache", "-q", "-o", "json", "-f", "-"], &world.fill(MANIFEST));
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let list: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&list["kind"], &list["errors"]), (&"List".into(), &serde_json::json!([])));
    let json = &list["items"][0];
    assert_eq!(json["kind"], "Warehouse");
    let found = &json["status"]["discoveredArtifacts"];
    assert_eq!(found["images"][0]["references"][0]["tag"], "1.2.0");
    assert_eq!(found["images"][0]["references"].as_array().unwrap().len(), 2);
    assert_eq!(found["git"][0]["commits"][0]["subject"], "Merge branch 'pears'");
    assert_eq!(found["git"][0]["commits"][0]["branch"], "main");
    assert_eq!(found["charts"][0]["versions"], serde_json::json!(["0.2.1", "0.2.0"]));
    assert_eq!(found["charts"][1]["versions"], serde_json::json!(["4.1.0+build.7", "4.0.0"]));
    let summary = &json["subscriptions"][0]["summary"];
    assert_eq!(
        (&summary["listed"], &summary["taken"], &summary["best"]),
        (&5.into(), &2.into(), &"1.2.0".into())
    );

    // One page of tags and one GET per image; ls-refs and a fetch behind one handshake; an index; a page of tags.
    let cost = |index: usize| json["subscriptions"][index]["cost"]["requests"].as_u64().unwrap();
    assert_eq!([cost(0), cost(1), cost(2), cost(3)], [3, 3, 1, 1]);
    // And the servers saw the same.
    assert_eq!(world.registry.log().counters().requests, 4);
    assert_eq!(world.charts.log().counters().requests, 1);
    assert_eq!(world.git.log().counters().requests, 3);
}

#[test]
fn json_records_the_references_that_were_observed_as_kargo_does() {
    let world = World::start();
    let repository = &world.repository;
    let annotated = ["-c", "user.name=T", "-c", "user.email=t@example.com", "tag", "-a", "-m", "x"];
    repository.git(annotated.into_iter().chain(["v1.1.0", "main"])).unwrap();
    repository.git(["tag", "v1.0.0", "main~1"]).unwrap();
    repository.git(["tag", "other", "main"]).unwrap();
    let id = |name: &str| repository.resolve(&format!("refs/{name}")).unwrap();
    let text = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: w}}\nspec:\n  subscriptions:\n  \
         - {{name: branch, git: {{repoURL: {0}, branch: main}}}}\n  - {{name: tags, git: {{repoURL: {0}, \
         commitSelectionStrategy: SemVer, discoveryLimit: 1}}}}\n",
        repository.url()
    );
    let ran = warehouse(&["discover", "--no-cache", "-q", "-o", "json", "-f", "-"], &text);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let git = &json["items"][0]["status"]["discoveredArtifacts"]["git"];
    let head = serde_json::json!({"branchHead": id("heads/main")});
    assert_eq!(git[0]["observedRefs"], head, "{git:#}");
    // By name, all that pass the name filters, of an annotated tag the id of the tag itself.
    let tags = serde_json::json!({"tags": [
        {"name": "v1.0.0", "id": id("tags/v1.0.0")},
        {"name": "v1.1.0", "id": id("tags/v1.1.0")},
    ]});
    assert_eq!(git[1]["observedRefs"], tags, "{git:#}");
    assert_ne!(id("tags/v1.1.0"), git[1]["commits"][0]["id"].as_str().unwrap());
}

#[test]
fn freight_is_kargos_document_and_its_name_follows_from_its_content() {
    let world = World::start();
    let run = |format: &str| {
        warehouse(&["freight", "--no-cache", "-q", "-o", format, "-f", "-"], &world.fill(MANIFEST))
    };
    let list: serde_json::Value = serde_json::from_str(&run("json").out).unwrap();
    let json = &list["items"][0];
    assert_eq!((&json["kind"], &json["apiVersion"]), (&"Freight".into(), &"kargo.akuity.io/v1alpha1".into()));
    assert_eq!(json["origin"], serde_json::json!({"kind": "Warehouse", "name": "shop"}));
    assert_eq!(json["metadata"]["namespace"], "shop");
    assert_eq!(json["images"][0]["tag"], "1.2.0");
    assert_eq!(json["charts"].as_array().unwrap().len(), 2);

    let parsed: warehouse_spec::Freight = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(freight::freight_name(&parsed), json["metadata"]["name"].as_str().unwrap());

    let name = run("name");
    assert_eq!(name.out.trim(), format!("freight.kargo.akuity.io/{}", parsed.metadata.name));
    let yaml = run("yaml").out;
    let again = warehouse_spec::parse("freight.yaml", &yaml, &warehouse_spec::Options::default());
    assert_eq!(again.freights.len(), 1, "{:?}", again.diagnostics);
    assert_eq!(again.freights[0].metadata.name, parsed.metadata.name);
}

#[test]
fn the_same_content_prints_the_same_bytes() {
    let world = World::start();
    let run =
        || warehouse(&["discover", "--no-cache", "-q", "-o", "wide", "-f", "-"], &world.fill(MANIFEST)).out;
    let first = run();
    assert!(!first.is_empty());
    assert_eq!(run(), first);
}

#[test]
fn a_silent_server_does_not_delay_the_results_of_other_warehouses() {
    let world = World::start();
    let silent = warehouse_testkit::ChartServer::start().unwrap();
    silent.faults().add(warehouse_testkit::When::any(), warehouse_testkit::Fault::Stall);
    let document = |name: &str, url: &str| {
        format!(
            "---\napiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: {name}}}\n\
             spec: {{subscriptions: [{{chart: {{repoURL: \"{url}\", name: shop}}}}]}}\n"
        )
    };
    let text = document("silent", &silent.url()) + &document("alive", &world.charts.url());
    let ran = warehouse(&["discover", "--no-cache", "--timeout", "2s", "-f", "-"], &text);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let rows: Vec<_> = ran.out.lines().filter(|line| line.starts_with("alive")).collect();
    assert!(rows.iter().any(|row| row.contains("0.2.1")), "{}\n{}", ran.out, ran.err);
    assert!(
        ran.out.lines().any(|line| line.starts_with("silent") && line.contains("(failed)")),
        "{}",
        ran.out
    );
}

#[test]
fn neither_a_manifest_nor_a_server_can_move_the_cursor() {
    let world = World::start();
    let commit = warehouse_testkit::Commit::new("Sell \u{1b}[31mred\u{202e} apples").file("apples", "1\n");
    world.repository.commit("main", commit).unwrap();
    let text = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: a}\nspec:\n  subscriptions:\n\
                \x20 - git: {repoURL: GIT, branch: main}\n  - git: {repoURL: GIT, branch: \"\\e[31mfoo\", \"\\e]0;x\\a\": 1}\n";
    for format in ["table", "wide", "json", "yaml"] {
        let ran = warehouse(&["discover", "--no-cache", "-o", format, "-f", "-"], &world.fill(text));
        for (stream, said) in [("out", &ran.out), ("err", &ran.err)] {
            assert!(!said.contains(['\u{1b}', '\u{7}']), "{format}, {stream}: {said:?}");
        }
    }
}
