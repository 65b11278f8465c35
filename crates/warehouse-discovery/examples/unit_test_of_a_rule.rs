//! Which of these tags would my Warehouse take, and why not the others? No server is asked.
//!
//! `cargo run -p warehouse-discovery --example unit_test_of_a_rule`

use warehouse_discovery::parse;
use warehouse_discovery::spec::Options;

const MANIFEST: &str = "\
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata: {name: app}
spec:
  subscriptions:
  - image: {repoURL: ghcr.io/example/app, constraint: ^1.2.0, ignoreTagsRegexes: ['-rc']}
";

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let manifest = parse("app.yaml", MANIFEST, &Options::default());
    let rule = manifest.warehouses[0].spec.subscriptions[0].tag_rule()?.ok_or("no rule about tags")?;
    let selection = rule.select(["1.2.0", "1.10.0", "2.0.0", "1.11.0-rc.1", "latest"]).limit(1);
    println!("taken: {}", selection.chosen[0].name);
    for (tag, why) in &selection.rejected {
        println!("not {tag}: {why}");
    }
    assert_eq!(selection.chosen[0].name, "1.10.0");
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
