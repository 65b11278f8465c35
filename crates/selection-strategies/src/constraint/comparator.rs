//! One comparison of a constraint: an operator and a version, whole or partial.

use std::cmp::Ordering;

use crate::version::{Version, VersionRef};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// `=` or nothing: equality for a whole version, otherwise as [`Tilde`](Self::Tilde).
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Tilde,
    Caret,
}

/// How much of the version was written. What is missing, or a wildcard, counts as zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    /// `*`
    Nothing,
    /// `1`, `1.x`
    Major,
    /// `1.2`, `1.2.*`
    Minor,
    /// `1.2.3`
    Whole,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comparator {
    pub(super) operator: Operator,
    pub(super) precision: Precision,
    pub(super) version: Version,
}

impl Comparator {
    /// Whether `version` satisfies this comparison. Whether a prerelease may match at all is for
    /// the group to decide; here only precedence counts.
    pub(super) fn matches(&self, version: VersionRef<'_>) -> bool {
        let bound = self.version.as_version_ref();
        let order = version.compare_precedence(bound);
        match self.operator {
            Operator::Equal if self.precision == Precision::Whole => order.is_eq(),
            Operator::Equal | Operator::Tilde => order.is_ge() && self.same_minor(version, bound),
            Operator::NotEqual => self.differs(version, bound, order),
            Operator::Greater => self.is_above(version, bound, order),
            Operator::GreaterEqual => order.is_ge(),
            Operator::Less => order.is_lt(),
            Operator::LessEqual => self.is_at_most(version, bound, order),
            Operator::Caret => order.is_ge() && self.is_compatible(version, bound),
        }
    }

    fn same_minor(&self, version: VersionRef<'_>, bound: VersionRef<'_>) -> bool {
        // `~0.0.0` sets no upper bound, just as `~*` sets none (rule 2.9).
        let zero = (bound.major(), bound.minor(), bound.patch()) == (0, 0, 0);
        if zero && matches!(self.precision, Precision::Nothing | Precision::Whole) {
            return true;
        }
        version.major() == bound.major()
            && (self.precision == Precision::Major || version.minor() == bound.minor())
    }

    fn differs(&self, version: VersionRef<'_>, bound: VersionRef<'_>, order: Ordering) -> bool {
        match self.precision {
            Precision::Major => version.major() != bound.major(),
            Precision::Minor => {
                (version.major(), version.minor()) != (bound.major(), bound.minor())
                    || version.prerelease() != bound.prerelease()
            }
            Precision::Nothing | Precision::Whole => order.is_ne(),
        }
    }

    fn is_above(&self, version: VersionRef<'_>, bound: VersionRef<'_>, order: Ordering) -> bool {
        match self.precision {
            Precision::Major => version.major() > bound.major(),
            Precision::Minor => (version.major(), version.minor()) > (bound.major(), bound.minor()),
            Precision::Nothing | Precision::Whole => order.is_gt(),
        }
    }

    fn is_at_most(&self, version: VersionRef<'_>, bound: VersionRef<'_>, order: Ordering) -> bool {
        match self.precision {
            Precision::Major => version.major() <= bound.major(),
            Precision::Nothing | Precision::Minor => {
                (version.major(), version.minor()) <= (bound.major(), bound.minor())
            }
            Precision::Whole => order.is_le(),
        }
    }

    /// The caret's upper bound: the leftmost number of the bound that is not zero, or the last one
    /// that was written, must not change.
    fn is_compatible(&self, version: VersionRef<'_>, bound: VersionRef<'_>) -> bool {
        if bound.major() > 0 || self.precision == Precision::Major {
            return version.major() == bound.major();
        }
        if version.major() > 0 {
            return false;
        }
        if bound.minor() > 0 || self.precision == Precision::Minor {
            return version.minor() == bound.minor();
        }
        version.minor() == 0 && version.patch() == bound.patch()
    }
}
