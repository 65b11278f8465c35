//! Selectors, one a line, up to the first NUL; then a path of any bytes. A set says what its selectors
//! say one by one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use selection_strategies::path::{PathSelector, PathSelectors, PathVerdict};

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let Some(Ok(text)) = parts.next().map(std::str::from_utf8) else { return };
    let path = parts.next().unwrap_or_default();
    let selectors: Vec<PathSelector> = text.lines().filter_map(|line| line.parse().ok()).collect();
    if selectors.is_empty() {
        return;
    }
    let first = selectors.iter().find(|selector| selector.is_match(path));
    let set = PathSelectors::from_selectors(selectors.clone(), Vec::new());
    assert_eq!(
        set.judge(path),
        first.map_or(PathVerdict::NotIncluded, |by| PathVerdict::Included { by: Some(by) })
    );
});
