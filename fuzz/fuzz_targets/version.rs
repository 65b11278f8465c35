//! Two lines: versions, read in every way and compared.

#![no_main]

use libfuzzer_sys::fuzz_target;
use selection_strategies::{Strictness, Version, VersionRef};

fuzz_target!(|text: &str| {
    let (left, right) = text.split_once('\n').unwrap_or((text, ""));
    let strict = VersionRef::parse_with(left, Strictness::Strict);
    let bare = VersionRef::parse_with(left, Strictness::Bare);
    let _ = VersionRef::parse_oci_tag(left, Strictness::Strict);
    let Ok(left) = Version::parse(left) else {
        assert!(strict.is_err() && bare.is_err());
        return;
    };
    assert!(bare.is_err() || strict.is_ok());

    let shown = left.to_string();
    if let Ok(again) = VersionRef::parse_with(&shown, Strictness::Bare) {
        assert!(again.compare_precedence((&left).into()).is_eq());
        assert_eq!(again.to_string(), shown);
    } else {
        assert!(shown.len() > selection_strategies::MAX_VERSION_LENGTH);
    }

    let Ok(right) = Version::parse(right) else { return };
    assert_eq!(left.cmp(&right), right.cmp(&left).reverse());
    assert_eq!(left.compare_precedence(&right), right.compare_precedence(&left).reverse());
    if let (Ok(a), Ok(b)) = (semver(&left), semver(&right)) {
        assert_eq!(a.cmp_precedence(&b), left.compare_precedence(&right));
    }
});

fn semver(version: &Version) -> Result<semver::Version, selection_strategies::ExchangeError> {
    version.try_into()
}
