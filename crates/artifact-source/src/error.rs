//! The error type of every source.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use repository_url::{InvalidImageName, printable, redact_url};

use crate::{Remedy, SourceId};

/// What went wrong, by what one can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The source was built from something that cannot work: a bad URL, an impossible rule.
    InvalidInput,
    /// No connection could be made: the host name cannot be resolved, nothing listens, the network is down, the
    /// connection broke before an answer came.
    Unreachable,
    /// A connection could be made and is not to be trusted: an unknown issuer, a wrong name, an expired
    /// certificate.
    Tls,
    /// The server wants a credential, or does not accept the one it got (401).
    Unauthorized,
    /// The server denies access (403).
    Forbidden,
    /// There is no such repository, branch or reference (404).
    NotFound,
    /// The server wants fewer requests (429), and waiting would have passed the deadline.
    RateLimited,
    /// The server failed (5xx).
    Server,
    /// The deadline passed, or the server fell silent.
    TimedOut,
    /// The caller gave the work up before there was an answer, as on Ctrl-C.
    Cancelled,
    /// The answer is larger than the limit.
    TooLarge,
    /// The answer violates the protocol or the format.
    BadAnswer,
    /// Something that was about to happen is not allowed: a credential over plain http, a redirect
    /// to a place that must not be requested.
    Refused,
    /// The cache on disk could not be used.
    Cache,
    /// A fault of this program.
    Internal,
}

impl ErrorKind {
    /// The kind as one lower-case word or two, for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid input",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not found",
            Self::RateLimited => "rate limited",
            Self::Server => "server error",
            Self::TimedOut => "timed out",
            Self::Cancelled => "cancelled",
            Self::TooLarge => "too large",
            Self::BadAnswer => "bad answer",
            Self::Refused => "refused",
            Self::Cache => "cache",
            Self::Internal => "internal",
        }
    }
}

/// Why a source has no answer.
///
/// `Display` says what was wrong and where, in one line, and ends with the number of tries where
/// there were several. The cause, if any, is [`source`](StdError::source) and is not repeated.
/// What to do about it is the [`hint`](Self::hint). Clones are cheap: callers that waited for the same answer share it.
///
/// ```
/// use artifact_source::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::NotFound, "there is no branch \"mian\"")
///     .with_url("https://me:secret@example.com/a.git")
///     .with_hint("the remote's HEAD is \"main\"");
/// assert_eq!(error.to_string(), "there is no branch \"mian\" (https://example.com/a.git)");
/// assert!(!error.is_transient());
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    id: Option<SourceId>,
    field: Option<&'static str>,
    url: Option<String>,
    status: Option<u16>,
    code: Option<String>,
    server_message: Option<String>,
    retry_after: Option<Duration>,
    transient: Option<bool>,
    tries: u32,
    elapsed: Option<Duration>,
    hint: Option<String>,
    remedy: Option<Remedy>,
    is_own_wait: bool,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What names no repository is [`ErrorKind::InvalidInput`], with the hint that the name's own error has.
impl From<InvalidImageName> for Error {
    fn from(error: InvalidImageName) -> Self {
        Self::new(ErrorKind::InvalidInput, error.to_string()).with_hint(error.hint())
    }
}

impl Error {
    /// The error of work that a deadline ends: [`TimedOut`](ErrorKind::TimedOut). `during` is the part of the work that was not done in time, such as
    /// `authentication`; empty for the work as a whole.
    ///
    /// ```
    /// use artifact_source::Error;
    ///
    /// assert_eq!(Error::deadline_passed("").to_string(), "the deadline passed");
    /// assert_eq!(Error::deadline_passed("authentication").to_string(), "the deadline passed during authentication");
    /// ```
    pub fn deadline_passed(during: &str) -> Self {
        let message = match during {
            "" => "the deadline passed".to_owned(),
            during => format!("the deadline passed during {during}"),
        };
        Self::new(ErrorKind::TimedOut, message)
    }

    /// The error of work that a deadline ends while it waits for other work of this program: [`TimedOut`](ErrorKind::TimedOut). `what` is what it waited for, such as `memory`.
    /// It tells nothing of a server: see [`is_own_wait`](Self::is_own_wait).
    ///
    /// ```
    /// use artifact_source::Error;
    ///
    /// let error = Error::waited_for("other subscriptions");
    /// assert_eq!(error.to_string(), "the deadline passed during the wait for other subscriptions");
    /// assert!(error.is_own_wait() && !Error::deadline_passed("").is_own_wait());
    /// ```
    pub fn waited_for(what: &str) -> Self {
        let mut error = Self::deadline_passed(&format!("the wait for {what}"));
        error.0.is_own_wait = true;
        error
    }

    /// The error of a wait for something that sent and took nothing for so long: [`TimedOut`](ErrorKind::TimedOut). `what` is what was waited
    /// for, such as `the server`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use artifact_source::Error;
    ///
    /// assert_eq!(Error::silent("the server", Duration::from_secs(20)).to_string(), "the server was silent for 20.0 s");
    /// ```
    pub fn silent(what: &str, time: Duration) -> Self {
        Self::new(ErrorKind::TimedOut, format!("{what} was silent for {:.1} s", time.as_secs_f64()))
    }

    /// An error of this kind. The message says what was wrong, starts in lower case, has no full
    /// stop, and holds no credential.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            id: None,
            field: None,
            url: None,
            status: None,
            code: None,
            server_message: None,
            retry_after: None,
            transient: None,
            tries: 1,
            elapsed: None,
            hint: None,
            remedy: None,
            is_own_wait: false,
            cause: None,
        }))
    }

    /// Which source it was. The first id that is set stays.
    #[must_use]
    pub fn with_id(mut self, id: &SourceId) -> Self {
        self.0.id.get_or_insert_with(|| id.clone());
        self
    }

    /// Which source it was, instead of what was set before: for a caller that knows more, such as the subscription's name.
    #[must_use]
    pub fn replace_id(mut self, id: &SourceId) -> Self {
        self.0.id = Some(id.clone());
        self
    }

    /// Which part of the question it is about, by the name that a subscription's field has:
    /// `branch`, `name`, `repoURL`. A program that has the manifest can then point at the line.
    #[must_use]
    pub fn with_field(mut self, field: &'static str) -> Self {
        self.0.field = Some(field);
        self
    }

    /// Which URL it was about; a credential in it is dropped.
    #[must_use]
    pub fn with_url(mut self, url: impl AsRef<str>) -> Self {
        self.0.url = Some(redact_url(url.as_ref()));
        self
    }

    /// The same with the message that `change` makes of it: for a fact that only the caller knows.
    #[must_use]
    pub fn map_message(mut self, change: impl FnOnce(&str) -> String) -> Self {
        self.0.message = change(&self.0.message);
        self
    }

    /// Changes the URL: for one that a server gave, which may repeat what the server was sent.
    #[must_use]
    pub fn map_url(mut self, change: impl FnOnce(&str) -> String) -> Self {
        self.0.url = self.0.url.map(|url| change(&url));
        self
    }

    /// The status of the HTTP response.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// The code inside the response, such as the distribution spec's `NAME_UNKNOWN`.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// What the server itself said about it, in the text of its response. Line breaks and control characters are written as escapes,
    /// URLs are [redacted](redact_url), and what is longer than 300 characters is cut. A caller that sent a credential removes it
    /// from the text first: a server may repeat what it was sent.
    #[must_use]
    pub fn with_server_message(mut self, text: &str) -> Self {
        self.0.server_message = shown_server_message(text);
        self
    }

    /// Whether the same call may succeed later with nothing changed on this side, where the [kind](Self::kind) alone does not tell:
    /// see [`is_transient`](Self::is_transient).
    #[must_use]
    pub fn with_transient(mut self, transient: bool) -> Self {
        self.0.transient = Some(transient);
        self
    }

    /// How long the server asked to be left alone.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: impl Into<Option<Duration>>) -> Self {
        self.0.retry_after = retry_after.into();
        self
    }

    /// How often it was tried, and for how long.
    #[must_use]
    pub fn with_tries(mut self, tries: u32, elapsed: Duration) -> Self {
        self.0.tries = tries;
        self.0.elapsed = Some(elapsed);
        self
    }

    /// What to do about it. The first hint that is set stays.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// The setting that its [hint](Self::with_hint) is about.
    #[must_use]
    pub fn with_remedy(mut self, remedy: Remedy) -> Self {
        self.0.remedy = Some(remedy);
        self
    }

    /// What else there is to know or to do; it follows the [hint](Self::with_hint).
    #[must_use]
    pub fn with_additional_hint(mut self, hint: impl AsRef<str>) -> Self {
        let hint = hint.as_ref();
        self.0.hint = Some(match self.0.hint {
            Some(first) => format!("{first}; {hint}"),
            None => hint.to_owned(),
        });
        self
    }

    /// What caused it.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.cause = Some(Arc::from(cause.into()));
        self
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether a deadline ended it while it [waited for other work of this program](Self::waited_for), before anything was sent or between two requests.
    pub fn is_own_wait(&self) -> bool {
        self.0.is_own_wait
    }

    /// What was wrong, without URL, status and tries.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The source that failed.
    pub fn id(&self) -> Option<&SourceId> {
        self.0.id.as_ref()
    }

    /// The part of the question it is about, by the name of a subscription's field.
    pub fn field(&self) -> Option<&'static str> {
        self.0.field
    }

    /// The URL it was about, without any credential.
    pub fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// The status of the HTTP response.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The code inside the response.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// What the server itself said, as it can be shown.
    pub fn server_message(&self) -> Option<&str> {
        self.0.server_message.as_deref()
    }

    /// How long the server asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How often it was tried: 1 or more.
    pub fn tries(&self) -> u32 {
        self.0.tries
    }

    /// How long it was tried, where that was measured.
    pub fn elapsed(&self) -> Option<Duration> {
        self.0.elapsed
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The setting that the hint is about, for a program that has other words for it.
    pub fn remedy(&self) -> Option<&Remedy> {
        self.0.remedy.as_ref()
    }

    /// Whether the same call may succeed later with nothing changed on this side. The retries of our own HTTP client use this very
    /// classification, so what is transient here was tried again as often as the request, the deadline and the number of tries allowed.
    ///
    /// [`Unreachable`](ErrorKind::Unreachable), [`RateLimited`](ErrorKind::RateLimited), [`Server`](ErrorKind::Server),
    /// [`TimedOut`](ErrorKind::TimedOut) and [`Cancelled`](ErrorKind::Cancelled) are transient, unless the error [says otherwise](Self::with_transient).
    pub fn is_transient(&self) -> bool {
        self.0.transient.unwrap_or(matches!(
            self.0.kind,
            ErrorKind::Unreachable
                | ErrorKind::RateLimited
                | ErrorKind::Server
                | ErrorKind::TimedOut
                | ErrorKind::Cancelled
        ))
    }

    /// Whether another credential could help.
    pub fn is_auth(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Unauthorized | ErrorKind::Forbidden)
    }

    /// Whether the requested resource does not exist.
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { message, url, status, code, server_message, tries, elapsed, .. } = &*self.0;
        f.write_str(message)?;
        match (status, code) {
            (Some(status), Some(code)) => write!(f, ": HTTP {status} {code}")?,
            (Some(status), None) => write!(f, ": HTTP {status}")?,
            (None, Some(code)) => write!(f, ": {code}")?,
            (None, None) => {}
        }
        if let Some(said) = server_message {
            write!(f, ": the server says \"{said}\"")?;
        }
        if let Some(url) = url {
            write!(f, " ({url})")?;
        }
        match elapsed {
            Some(elapsed) if *tries > 1 => {
                write!(f, ", tried {tries} times in {:.1} s", elapsed.as_secs_f64())
            }
            _ if *tries > 1 => write!(f, ", tried {tries} times"),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner: &Inner = &self.0;
        inner.fmt(f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as _)
    }
}

/// The message of a server as one line of an error; `None` if it is empty.
fn shown_server_message(text: &str) -> Option<String> {
    const LONGEST: usize = 300;
    let mut shown = String::new();
    for word in text.split_whitespace() {
        if !shown.is_empty() {
            shown.push(' ');
        }
        // The end of a longer word would be cut off anyway, and with it what ends a credential in a URL.
        let word: String = word.chars().take(LONGEST).collect();
        let word = if word.contains("://") { redact_url(&word) } else { word };
        shown.push_str(&printable(&word));
        if shown.chars().count() > LONGEST {
            shown = shown.chars().take(LONGEST - 3).collect();
            shown.push_str("...");
            break;
        }
    }
    Some(shown).filter(|shown| !shown.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_is_one_short_line_without_credentials() {
        #[track_caller]
        fn check(said: &str, expected: Option<&str>) {
            let error = Error::new(ErrorKind::Forbidden, "no access").with_server_message(said);
            assert_eq!(error.server_message(), expected);
        }
        check("", None);
        check(" \n\t ", None);
        check("the token\r\n has  expired.", Some("the token has expired."));
        check("\u{1b}[31mred \u{202e}x", Some("\\u{1b}[31mred \\u{202e}x"));
        check(
            "see https://u:SECRET@example.com/?sig=SECRET now",
            Some("see https://example.com/?sig=... now"),
        );
        let long = Error::new(ErrorKind::Server, "x").with_server_message(&"word ".repeat(1000));
        assert_eq!(long.server_message().map(|said| (said.len(), said.ends_with("..."))), Some((300, true)));
        let error = Error::new(ErrorKind::Forbidden, "no access")
            .with_status(403)
            .with_code("DENIED")
            .with_server_message("expired")
            .with_url("https://example.com");
        assert_eq!(
            error.to_string(),
            "no access: HTTP 403 DENIED: the server says \"expired\" (https://example.com)"
        );
    }

    #[test]
    fn transience_is_told_by_the_kind_unless_the_error_says_otherwise() {
        let error = |kind| Error::new(kind, "x");
        assert!(error(ErrorKind::Unreachable).is_transient() && !error(ErrorKind::BadAnswer).is_transient());
        assert!(error(ErrorKind::BadAnswer).with_transient(true).is_transient());
        assert!(!error(ErrorKind::Unreachable).with_transient(false).is_transient());
    }

    #[test]
    fn display_says_what_where_and_how_often() {
        let error = Error::new(ErrorKind::Server, "the tags could not be listed")
            .with_status(503)
            .with_code("UNAVAILABLE")
            .with_url("https://u:p@example.com/v2/a/tags/list?n=100")
            .with_tries(4, Duration::from_millis(2100))
            .with_cause(std::io::Error::other("the cause"));
        assert_eq!(
            error.to_string(),
            "the tags could not be listed: HTTP 503 UNAVAILABLE (https://example.com/v2/a/tags/list?n=...), \
             tried 4 times in 2.1 s"
        );
        assert_eq!(error.source().unwrap().to_string(), "the cause");
        assert!(error.is_transient() && !error.is_auth());
    }

    #[test]
    fn the_first_id_and_the_first_hint_stay() {
        let first = SourceId::new(crate::SourceKind::Git, "https://example.com/a");
        let second = SourceId::new(crate::SourceKind::Git, "https://example.com/b");
        let error = Error::new(ErrorKind::NotFound, "no branch")
            .with_id(&first)
            .with_id(&second)
            .with_hint("one")
            .with_hint("two");
        assert_eq!((error.id(), error.hint()), (Some(&first), Some("one")));
        assert_eq!(error.replace_id(&second).id(), Some(&second));
    }

    #[test]
    fn an_error_is_small_enough_to_return() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
