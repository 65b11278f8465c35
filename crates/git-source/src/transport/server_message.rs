//! What a server says when it refuses or fails.

/// Texts of a refusal that may be another answer in a moment.
const PASSING: [&str; 12] = [
    "rate limit",
    "too many",
    "try again",
    "busy",
    "later",
    "temporar",
    "overload",
    "unavailable",
    "timeout",
    "timed out",
    "unreachable",
    "has changed",
];

/// A message of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerMessage {
    pub(crate) text: String,
    /// Whether it stands in an `ERR` packet, so that it is the server's decision. In the third band of a pack it may be the last words of a program
    /// that was killed.
    pub(crate) is_refusal: bool,
}

impl ServerMessage {
    /// Whether the same request may have another answer in a moment.
    pub(crate) fn is_transient(&self) -> bool {
        let text = self.text.to_ascii_lowercase();
        !self.is_refusal || PASSING.iter().any(|passing| text.contains(passing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_that_pass() {
        for (text, is_refusal, is_transient) in [
            ("quota exceeded", true, false),
            ("quota exceeded", false, true),
            ("Rate limit exceeded", true, true),
            ("the server is busy", true, true),
            ("Please try again in 5 minutes", true, true),
            ("Repository is temporarily unavailable", true, true),
            ("upload-pack: not a commit", true, false),
        ] {
            let message = ServerMessage { text: text.to_owned(), is_refusal };
            assert_eq!(message.is_transient(), is_transient, "{text}");
        }
    }
}
