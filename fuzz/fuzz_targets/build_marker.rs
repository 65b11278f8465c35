//! A commit message: the marker in it has only the characters that it may have.

#![no_main]

use chart_release::build_marker::{BuildMarker, old_markers};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|message: &str| {
    old_markers(message);
    let Some(marker) = BuildMarker::last(message) else { return };
    for text in [&marker.app, &marker.tag] {
        assert!((1..=128).contains(&text.len()));
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)));
        assert!(!text.starts_with(['.', '-']));
    }
    assert!(!marker.app.contains(".."));
    assert_eq!(BuildMarker::find(message, &[&marker.app]), Ok(Some(marker)));
});
