//! The two orders of versions: precedence (rule 2.4) and the total order of lists (rule 2.5).

use std::cmp::Ordering;

use super::{Version, VersionRef};

pub(super) fn compare_precedence(left: VersionRef<'_>, right: VersionRef<'_>) -> Ordering {
    let (a, b) = (&left.parts, &right.parts);
    a.major.cmp(&b.major).then(a.minor.cmp(&b.minor)).then(a.patch.cmp(&b.patch)).then_with(|| {
        match (a.is_prerelease(), b.is_prerelease()) {
            (false, false) => Ordering::Equal,
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (true, true) => compare_prereleases(left.prerelease(), right.prerelease()),
        }
    })
}

/// Identifier by identifier; where one side has no more, it is the lesser.
fn compare_prereleases(left: &str, right: &str) -> Ordering {
    if left == right {
        return Ordering::Equal;
    }
    let mut right_identifiers = right.split('.');
    for left_identifier in left.split('.') {
        let Some(right_identifier) = right_identifiers.next() else {
            return Ordering::Greater;
        };
        let order = compare_identifiers(left_identifier, right_identifier);
        if order.is_ne() {
            return order;
        }
    }
    if right_identifiers.next().is_some() { Ordering::Less } else { Ordering::Equal }
}

/// Numbers before texts; numbers by value, texts by bytes.
fn compare_identifiers(left: &str, right: &str) -> Ordering {
    match (number(left), number(right)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => left.cmp(right),
    }
}

/// The value of an identifier that counts as a number: digits only, and within 64 bits. A larger
/// one counts as a text.
fn number(identifier: &str) -> Option<u64> {
    identifier.bytes().try_fold(0_u64, |value, byte| {
        if !byte.is_ascii_digit() {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))
    })
}

impl Ord for VersionRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_precedence(*self, *other).then_with(|| self.text.cmp(other.text))
    }
}

impl PartialOrd for VersionRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for VersionRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for VersionRef<'_> {}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_version_ref().cmp(&other.as_version_ref())
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Version {}
