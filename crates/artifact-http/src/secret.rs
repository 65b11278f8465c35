//! A string that does not show itself.

use std::fmt;

/// A string that does not show itself: `Debug` says `[redacted]`, and there is no `Display`.
///
/// ```
/// use artifact_http::Secret;
///
/// let secret = Secret::new("hunter2");
/// assert_eq!(format!("{secret:?}"), "[redacted]");
/// assert_eq!(secret.expose(), "hunter2");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(Box<str>);

impl Secret {
    /// A secret of this text.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text with every occurrence of the secret replaced by `...`, also where it is percent-encoded. Servers may repeat what
    /// they were sent.
    pub(crate) fn remove_from(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        let encoded: String = url::form_urlencoded::byte_serialize(self.0.as_bytes()).collect();
        let encoded = encoded.replace('+', "%20");
        // The hexadecimal digits may be of either case.
        let mut lower = String::with_capacity(encoded.len());
        let mut digits = 0;
        for letter in encoded.chars() {
            digits = if letter == '%' { 2 } else { i32::max(digits - 1, -1) };
            lower.push(if digits >= 0 { letter.to_ascii_lowercase() } else { letter });
        }
        text.replace(&*self.0, "...").replace(&encoded, "...").replace(&lower, "...")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<S: Into<Box<str>>> From<S> for Secret {
    fn from(text: S) -> Self {
        Self::new(text)
    }
}
