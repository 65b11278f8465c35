//! A figure as a page shows it, with its unit.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// A figure: a number of at most three groups of digits, a decimal fraction, and a unit: none, `x`, `ms`, `s`, `kB`, `MB` or `MB/s`.
///
/// ```
/// use benches::picture::Figure;
///
/// assert_eq!(Figure::parse("4,981 ms").unwrap().amount(), 4.981);
/// assert_eq!(Figure::parse("310 kB").unwrap().amount(), 310_000.0);
/// assert!(Figure::parse("much").is_none());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    text: String,
    amount: f64,
}

impl Figure {
    /// Reads a figure above zero.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
        let factor = match unit {
            "" | "x" | "s" | "MB/s" => 1.0,
            "ms" => 1e-3,
            "kB" => 1e3,
            "MB" => 1e6,
            _ => return None,
        };
        let number: f64 = number.replace(',', "").parse().ok()?;
        let amount = number * factor;
        (amount.is_finite() && amount > 0.0).then(|| Self { text: text.to_owned(), amount })
    }

    /// As a page shows it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// In the unit without a prefix: seconds, bytes, or what the text says.
    #[must_use]
    pub fn amount(&self) -> f64 {
        self.amount
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format!("{text:?} is not a figure")))
    }
}
