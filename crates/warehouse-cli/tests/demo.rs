//! The demo tells the whole story, ends by itself and leaves nothing behind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod support;

use support::warehouse;

#[test]
fn the_demo_tells_the_whole_story() {
    let ran = warehouse(&["demo"], "");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for part in ["git http-backend", "shop/web", "FREIGHT", "1.3.0 is published", "REQUESTS AGAIN", "all "] {
        assert!(ran.out.contains(part), "{part:?} is missing:\n{}", ran.out);
    }
    assert!(!ran.out.contains("(failed)") && !ran.out.contains("(nothing fits)"), "{}", ran.out);
}

#[test]
fn what_is_kept_is_kept_where_it_was_asked_for_and_nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let kept = kept.to_str().unwrap();
    assert_eq!(warehouse(&["demo", "--keep", kept], "").code, Some(0));
    let manifest = std::fs::read_to_string(folder.path().join("kept/warehouse.yaml")).unwrap();
    assert!(manifest.contains("kind: Warehouse"));
    let again = warehouse(&["demo", "--keep", kept], "");
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("exists"), "{}", again.err);
}
