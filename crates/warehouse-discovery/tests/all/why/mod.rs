//! "Why was my tag not taken?"

mod causes;
mod near;
mod one;
mod threads;

use artifact_source::Rejection;
use warehouse_spec::{Options, Subscription};

/// What the server has of a candidate that its name does not say.
type Evidence = (&'static str, fn() -> Rejection);

fn subscription(yaml: &str) -> Subscription {
    let text = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: a}}\nspec: {{subscriptions: [{{{yaml}}}]}}\n"
    );
    let manifest = warehouse_spec::parse("a.yaml", &text, &Options::default());
    assert!(manifest.is_valid(), "{yaml}: {:?}", manifest.diagnostics);
    manifest.warehouses[0].spec.subscriptions[0].clone()
}

fn in_other_case(selector: &str, path: &str) -> Rejection {
    Rejection::PathInOtherCase { selector: selector.into(), path: path.into() }
}

fn for_amd64() -> Rejection {
    Rejection::Platform { platform: "linux/arm64".into(), offered: vec!["linux/amd64".to_owned()] }
}
