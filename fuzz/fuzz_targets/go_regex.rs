//! A pattern up to the first NUL, then a text of any bytes.

#![no_main]

use go_compat::GoRegex;
use libfuzzer_sys::fuzz_target;
use selection_strategies::TagFilter;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let Some(Ok(pattern)) = parts.next().map(std::str::from_utf8) else { return };
    let text = parts.next().unwrap_or_default();
    // That every translation compiles is asserted within.
    let Ok(regex) = GoRegex::new(pattern) else { return };
    let matches = regex.is_match_bytes(text);
    if let Ok(text) = std::str::from_utf8(text) {
        assert_eq!(regex.is_match(text), matches);
        if let Ok(filter) = TagFilter::builder().allow_all([pattern, "^never$"]).build() {
            assert_eq!(filter.allows(text), matches || text == "never");
        }
    }
});
