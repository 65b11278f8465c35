//! What operators give, as far as kinds tell.

use crate::expression::kind::{Kind, MapKind};
use crate::expression::syntax::Binary;

/// The kind that an operator gives; `None` if it cannot be applied.
pub(super) fn binary(operator: Binary, left: &Kind, right: &Kind) -> Option<Kind> {
    use Kind::{Bool, Duration, Float, Int, SizedInt, Text, Time};
    let numbers = left.is_number() && right.is_number();
    let may_fit = |kinds: &[Kind]| left.may_fit(right, |kind| kinds.contains(kind));
    let promoted = || if *left == Float || *right == Float { Float } else { Int };
    match operator {
        Binary::Equal | Binary::Unequal => left.is_comparable_to(right).then_some(Bool),
        Binary::Or | Binary::And => (*left == Bool && *right == Bool || may_fit(&[Bool])).then_some(Bool),
        Binary::Less | Binary::More | Binary::LessOrEqual | Binary::MoreOrEqual => {
            let same = left == right && matches!(left, Text | Time | Duration);
            (numbers || same || may_fit(&[Int, SizedInt, Float, Text, Time, Duration])).then_some(Bool)
        }
        Binary::Add => match (left, right) {
            _ if numbers => Some(promoted()),
            (Text, Text) => Some(Text),
            (Time, Duration) | (Duration, Time) => Some(Time),
            (Duration, Duration) => Some(Duration),
            _ => may_fit(&[Int, SizedInt, Float, Text, Time, Duration]).then_some(Kind::Unknown),
        },
        Binary::Subtract => match (left, right) {
            _ if numbers => Some(promoted()),
            (Time, Time) | (Duration, Duration) => Some(Duration),
            (Time, Duration) => Some(Time),
            _ => may_fit(&[Int, SizedInt, Float, Time, Duration]).then_some(Kind::Unknown),
        },
        Binary::Multiply => match (left, right) {
            _ if numbers => Some(promoted()),
            (Duration, Duration) => Some(Duration),
            (Duration, _) if right.is_number() => Some(Duration),
            (_, Duration) if left.is_number() => Some(Duration),
            _ => may_fit(&[Int, SizedInt, Float, Duration]).then_some(Kind::Unknown),
        },
        Binary::Divide | Binary::Power => (numbers || may_fit(&[Int, SizedInt, Float])).then_some(Float),
        Binary::Modulo => {
            let whole = left.is_integer() && right.is_integer();
            (whole || may_fit(&[Int, SizedInt])).then_some(Int)
        }
        Binary::Range => {
            let whole = left.is_integer() && right.is_integer();
            (whole || may_fit(&[Int, SizedInt])).then(|| Kind::list_of(Int))
        }
        Binary::Contains | Binary::StartsWith | Binary::EndsWith => {
            (*left == Text && *right == Text || may_fit(&[Text])).then_some(Bool)
        }
        Binary::Matches => {
            let texts = matches!(left, Text | Kind::Bytes) && *right == Text;
            (texts || may_fit(&[Text])).then_some(Bool)
        }
        Binary::In => membership(left, right).then_some(Bool),
        Binary::Coalesce => Some(match (left, right) {
            (Kind::Nil, _) => right.clone(),
            (_, Kind::Nil) => left.clone(),
            _ if right.is_assignable_to(left) => left.clone(),
            _ => Kind::Unknown,
        }),
    }
}

fn membership(left: &Kind, right: &Kind) -> bool {
    match right {
        _ if right.is_unknown() => true,
        Kind::Map(MapKind::TextToAny | MapKind::TextToText) => left.is_unknown() || *left == Kind::Text,
        Kind::Map(_) => true,
        _ if right.is_list() => left.is_comparable_to(&right.element()),
        Kind::Time | Kind::Record(_) | Kind::Timestamp => left.is_unknown() || *left == Kind::Text,
        Kind::Text => left.is_unknown(),
        _ => false,
    }
}
