//! Why the order of text puts a greater number behind a smaller one: `rc10` is less than `rc9`.

use std::cmp::Ordering;

use selection_strategies::{CommitSelectionStrategy, ImageSelectionStrategy, Version};
use warehouse_spec::{Subscription, SubscriptionKind};

/// Two names of which the order of text and that of their numbers differ.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TextOrder {
    /// The first different character of the name, and that of the better one.
    first: (char, char),
    /// Whether the names are versions, whose pre-releases are what differs.
    of_prereleases: bool,
    hint: Option<&'static str>,
}

impl TextOrder {
    /// Why `name` is worse than `better`, if the text of both decides, and their numbers say the opposite.
    pub(super) fn of(subscription: &Subscription, name: &str, better: &str) -> Option<Self> {
        let (is_lexical, by_time) = match &subscription.kind {
            SubscriptionKind::Image(image) => match image.image_selection_strategy {
                ImageSelectionStrategy::Lexical => {
                    (true, "`imageSelectionStrategy: NewestBuild` orders by the time of the build")
                }
                ImageSelectionStrategy::SemVer => (false, ""),
                _ => return None,
            },
            SubscriptionKind::Git(git) => match git.commit_selection_strategy {
                CommitSelectionStrategy::Lexical => {
                    (true, "`commitSelectionStrategy: NewestTag` orders by the time of the tag")
                }
                CommitSelectionStrategy::SemVer => (false, ""),
                _ => return None,
            },
            SubscriptionKind::Chart(_) => (false, ""),
            _ => return None,
        };
        if by_numbers(name, better) != Ordering::Greater {
            return None;
        }
        let mut pairs = name.chars().zip(better.chars());
        let first = pairs.find(|(one, other)| one != other)?;
        let versions = (Version::parse(name).ok(), Version::parse(better).ok());
        if is_lexical {
            let hint = match (versions, &subscription.kind) {
                ((Some(one), Some(other)), SubscriptionKind::Image(_)) if one > other => {
                    "`imageSelectionStrategy: SemVer` compares versions by their numbers"
                }
                ((Some(one), Some(other)), SubscriptionKind::Git(_)) if one > other => {
                    "`commitSelectionStrategy: SemVer` compares versions by their numbers"
                }
                _ => by_time,
            };
            return (name < better).then_some(Self { first, of_prereleases: false, hint: Some(hint) });
        }
        let (Some(one), Some(other)) = versions else { return None };
        let same_core =
            one.major() == other.major() && one.minor() == other.minor() && one.patch() == other.patch();
        (same_core && one < other).then_some(Self {
            first,
            of_prereleases: true,
            hint: Some(
                "a dot before the number (`rc.10`) makes it a part of its own, which is compared as a number",
            ),
        })
    }

    /// The remark that follows a colon.
    pub(super) fn remark(&self) -> String {
        let (one, other) = self.first;
        let what = match self.of_prereleases {
            true => "a pre-release with letters and digits",
            false => "text",
        };
        format!("{what} is compared character by character, and {one:?} comes before {other:?}")
    }

    /// What to do about it.
    pub(super) fn hint(&self) -> Option<&'static str> {
        self.hint
    }
}

/// The first difference of two names in which digits that stand together are one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Difference {
    /// Two numbers.
    Numbers(Ordering),
    /// Two letters, or a name that ends before the other; equal if there is no difference.
    Letters(Ordering),
}

/// The order of two names in which digits that stand together are one number.
fn by_numbers(one: &str, other: &str) -> Ordering {
    match difference(one, other) {
        Difference::Numbers(order) | Difference::Letters(order) => order,
    }
}

/// The first difference of two names in which digits that stand together are one number.
pub(super) fn difference(one: &str, other: &str) -> Difference {
    let (mut one, mut other) = (one, other);
    loop {
        let (left, right) = (one.chars().next(), other.chars().next());
        let (Some(left), Some(right)) = (left, right) else {
            return Difference::Letters(left.is_some().cmp(&right.is_some()));
        };
        if left.is_ascii_digit() && right.is_ascii_digit() {
            let (number, rest) = number(one);
            let (other_number, other_rest) = self::number(other);
            let order = number.len().cmp(&other_number.len()).then_with(|| number.cmp(other_number));
            if order.is_ne() {
                return Difference::Numbers(order);
            }
            (one, other) = (rest, other_rest);
            continue;
        }
        if left != right {
            return Difference::Letters(left.cmp(&right));
        }
        one = one.get(left.len_utf8()..).unwrap_or_default();
        other = other.get(right.len_utf8()..).unwrap_or_default();
    }
}

/// The digits at the start without leading zeros, and what follows them.
fn number(text: &str) -> (&str, &str) {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (digits.trim_start_matches('0'), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_stand_together_are_a_number() {
        for (less, greater) in
            [("rc9", "rc10"), ("a", "a1"), ("1.9.0", "1.10.0"), ("v01", "v2"), ("", "a"), ("a2b", "b1")]
        {
            assert_eq!(by_numbers(less, greater), Ordering::Less, "{less} {greater}");
            assert_eq!(by_numbers(greater, less), Ordering::Greater, "{less} {greater}");
        }
        assert_eq!(by_numbers("v01", "v1"), Ordering::Equal);
    }
}
