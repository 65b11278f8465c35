//! The operators between two operands.

use crate::expression::syntax::Binary;

/// How strongly an operator binds, and whether it binds to the right.
pub(super) fn binding_power(symbol: &str) -> Option<(u16, bool)> {
    Some(match symbol {
        "|" => (0, false),
        "or" | "||" => (10, false),
        "and" | "&&" => (15, false),
        "==" | "!=" | "<" | ">" | ">=" | "<=" | "in" | "matches" | "contains" | "startsWith" | "endsWith" => {
            (20, false)
        }
        ".." => (25, false),
        "+" | "-" => (30, false),
        "*" | "/" | "%" => (60, false),
        "**" | "^" => (100, true),
        "??" => (500, false),
        _ => return None,
    })
}

pub(super) fn binary(symbol: &str) -> Option<Binary> {
    Some(match symbol {
        "or" | "||" => Binary::Or,
        "and" | "&&" => Binary::And,
        "==" => Binary::Equal,
        "!=" => Binary::Unequal,
        "<" => Binary::Less,
        ">" => Binary::More,
        "<=" => Binary::LessOrEqual,
        ">=" => Binary::MoreOrEqual,
        "in" => Binary::In,
        "matches" => Binary::Matches,
        "contains" => Binary::Contains,
        "startsWith" => Binary::StartsWith,
        "endsWith" => Binary::EndsWith,
        ".." => Binary::Range,
        "+" => Binary::Add,
        "-" => Binary::Subtract,
        "*" => Binary::Multiply,
        "/" => Binary::Divide,
        "%" => Binary::Modulo,
        "**" | "^" => Binary::Power,
        "??" => Binary::Coalesce,
        _ => return None,
    })
}
