//! A line with a constraint, then lines with versions.

#![no_main]

use libfuzzer_sys::fuzz_target;
use selection_strategies::{Constraint, Strictness, TagRule, Version, VersionRef};

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let Ok(constraint) = Constraint::parse(lines.next().unwrap_or_default()) else { return };
    assert_eq!(constraint.to_string().parse().as_ref(), Ok(&constraint));

    let rule = TagRule::semver(Some(constraint.clone())).with_strictness(Strictness::Loose);
    for line in lines {
        let matches = VersionRef::parse(line).is_ok_and(|version| constraint.matches(version));
        assert_eq!(rule.judge(line).is_accepted(), matches);
        let plain = line.split('+').next().unwrap_or_default();
        if let Ok(version) = Version::parse(line)
            && let Ok(plain) = Version::parse(plain)
        {
            assert_eq!(constraint.matches(&version), constraint.matches(&plain));
        }
    }
});
