//! Which of these tags would my rule take, and why not the others? No server is asked.
//!
//! `cargo run -p warehouse-discovery --example unit_test_of_a_rule`

use warehouse_discovery::rules::{Constraint, TagFilter, TagRule};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let filter = TagFilter::builder().ignore("-rc").build()?;
    let rule = TagRule::semver(Some(Constraint::parse("^1.2.0")?)).with_filter(filter);

    let selection = rule.select(["1.2.0", "1.10.0", "2.0.0", "1.11.0-rc.1", "latest"], Some(1));
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
