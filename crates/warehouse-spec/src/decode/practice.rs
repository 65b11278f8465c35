//! What is valid and against a best practice, or refused by the API server alone. It is told by [`lint`](crate::lint) only.

use std::net::IpAddr;

use diagnostics::Severity;
use repository_url::{UrlParts, redact, without_credential};
use selection_strategies::ImageSelectionStrategy;

use crate::decode::context::{Context, Field};
use crate::decode::object::Object;
use crate::decode::remedy::pattern::exactly;
use crate::decode::remedy::placeholder::{example_word, placeholder, unfilled};
use crate::decode::subscription::effect::{TAGS, says_something};
use crate::diagnostic::{Code, Help};
use crate::subscription::ImageSubscription;

/// What a name of an object looks like.
const OBJECT_NAME: &str = "at most 253 small letters, digits, `-` and `.`, with a letter or digit on both sides of each `.` and at both ends";

/// What a name of a namespace looks like.
const NAMESPACE: &str = "at most 63 small letters, digits and hyphens; a letter or digit at both ends";

/// What the value of a label looks like.
const LABEL: &str = "at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends";

/// Whether a text is a label of RFC 1123: at most 63 small letters, digits and hyphens.
pub(crate) fn is_label(text: &str) -> bool {
    text.len() <= 63 && is_part(text)
}

/// Small letters, digits and hyphens, with a letter or digit at both ends.
fn is_part(text: &str) -> bool {
    let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.iter().all(|byte| inner(byte) || *byte == b'-')
        && bytes.first().is_some_and(inner)
        && bytes.last().is_some_and(inner)
}

/// Whether a text is the name of an object: such parts with points between them.
fn is_object_name(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_part)
}

/// Whether a text is the value of a label.
fn is_label_value(text: &str) -> bool {
    text.is_empty() || text.len() <= 63 && is_word(text)
}

/// Letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
}

/// Whether a text is the key of a label or of an annotation: a name, perhaps with a prefix that is a domain.
fn is_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((domain, name)) => is_object_name(domain) && is_label_value(name) && !name.is_empty(),
        None => is_label_value(text) && !text.is_empty(),
    }
}

/// A name that is near to this one and that an API server takes.
fn meant_name(text: &str, takes_points: bool) -> Option<String> {
    let taken = |letter: char| match letter {
        'a'..='z' | '0'..='9' | '-' => letter,
        '.' if takes_points => letter,
        'A'..='Z' => letter.to_ascii_lowercase(),
        _ => '-',
    };
    let name: String = text.chars().map(taken).collect();
    let name = name.trim_matches(['-', '.']);
    let is_name = if takes_points { is_object_name(name) } else { is_label(name) };
    (is_name && text.is_ascii()).then(|| name.to_owned())
}

/// Whether the user of a URL without a password looks like a token: by its prefix, or as no name is so long and without a word.
fn may_be_token(user: &str) -> bool {
    let prefixes =
        ["ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-", "gldt-", "ATBB", "ATCTT", "oauth2"];
    let has_digit = user.bytes().any(|byte| byte.is_ascii_digit());
    prefixes.iter().any(|prefix| user.starts_with(prefix)) || user.len() >= 20 && has_digit
}

/// Whether a host is this machine.
fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse().is_ok_and(|host: IpAddr| host.is_loopback())
}

/// The host of an `http://` URL.
fn plain_host(url: &str) -> Option<&str> {
    let rest = url.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("http://")).and(url.get(7..))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    match host.starts_with('[') {
        true => host.split_inclusive(']').next(),
        false => host.split(':').next(),
    }
}

impl Context {
    /// Reports something of this weight about the value of a field, to the lint alone.
    pub(crate) fn advise(
        &mut self,
        (severity, code): (Severity, Code),
        field: &Field<'_>,
        message: &str,
        help: impl Into<Help>,
    ) {
        if self.advises {
            self.tell((severity, code), field, message, help.into());
        }
    }

    /// A name that the API server has to take.
    pub(crate) fn advise_name(&mut self, field: &Field<'_>, name: &str, is_namespace: bool) {
        let is_name = if is_namespace { is_label(name) } else { is_object_name(name) };
        if is_name || name.is_empty() {
            return;
        }
        let (what, form) = match is_namespace {
            true => ("a namespace", NAMESPACE),
            false => ("an object", OBJECT_NAME),
        };
        let help = match (unfilled(field.name(), name), meant_name(name, !is_namespace)) {
            (Some(remedy), _) => remedy.into(),
            (None, Some(meant)) => {
                Help::writing(format!("did you mean `{meant}`? It is {form}"), self.style.form(&meant))
                    .probable()
            }
            (None, None) => form.into(),
        };
        let message = format!("no API server takes `{name}` as the name of {what}");
        self.advise((Severity::Error, Code::BadName), field, &message, help);
    }

    /// The keys of labels or annotations, and the values of labels.
    pub(crate) fn advise_keys(&mut self, object: &Object<'_>, are_labels: bool) {
        let what = if are_labels { "a label" } else { "an annotation" };
        for (name, field) in object.rest() {
            // The domain of an annotation may have capitals.
            if !is_key(&if are_labels { name.to_owned() } else { name.to_ascii_lowercase() }) {
                let message = format!("no API server takes `{name}` as the key of {what}");
                let help =
                    "letters, digits, `-`, `_` and `.`, at most 63; perhaps with a domain and `/` before it";
                self.advise((Severity::Error, Code::BadName), &field, &message, help);
            }
            let value = field.node.text().unwrap_or_default();
            if are_labels && !is_label_value(value) {
                let message = format!("no API server takes `{value}` as the value of a label");
                let help = format!("{LABEL}; or write an annotation");
                self.advise((Severity::Error, Code::BadName), &field, &message, help);
            }
        }
    }

    /// A text of Freight that Kargo writes into a label.
    pub(crate) fn advise_label(&mut self, field: &Field<'_>, text: &str) {
        if is_label_value(text) {
            return;
        }
        let message = format!("no API server takes `{text}` as `{}`, which becomes a label", field.name());
        let help = match (unfilled(field.name(), text), meant_name(text, true)) {
            (Some(remedy), _) => remedy.into(),
            (None, Some(meant)) => self.style.writing(&meant).probable(),
            (None, None) => LABEL.into(),
        };
        self.advise((Severity::Error, Code::BadName), field, &message, help);
    }

    /// A text of which a request is made: the URL of a repository, or the name of a chart. False if it was never filled in.
    pub(crate) fn advise_filled(&mut self, field: &Field<'_>, text: &str) -> bool {
        let Some(part) = placeholder(text) else {
            let Some(word) = example_word(text) else { return true };
            let message = format!("`{word}` in `{}` stands for a name in examples", field.name());
            let help = "write the real value in its place";
            self.advise((Severity::Warning, Code::Placeholder), field, &message, help);
            return false;
        };
        let message =
            format!("`{part}` in `{}` is a placeholder, and would be requested as it is", field.name());
        let help = unfilled(field.name(), text).unwrap_or("write the real value in its place");
        self.advise((Severity::Error, Code::Placeholder), field, &message, help);
        false
    }

    /// The URL of a repository.
    pub(crate) fn advise_url(&mut self, field: &Field<'_>, url: &str) {
        if !self.advise_filled(field, url) {
            return;
        }
        if redact(url) != url {
            self.advise_credential(field, url);
        }
        if plain_host(url).is_some_and(|host| !is_loopback(host)) {
            let secure = format!("https://{}", url.get("http://".len()..).unwrap_or_default());
            let message = "what is read over `http://` can be changed on the way";
            let help = Help::writing(format!("write {secure}"), self.style.form(&secure)).probable();
            self.advise((Severity::Warning, Code::Insecure), field, message, help);
        }
    }

    /// What signs in, in a URL: a password, a token, or a user alone, who is left out of what is requested.
    fn advise_credential(&mut self, field: &Field<'_>, url: &str) {
        let bare = without_credential(url);
        let secret = "leave it out, and write it into a Secret with the label `kargo.akuity.io/cred-type`";
        let user = UrlParts::of(url).user;
        let (severity, message, words, meant) = match user {
            Some(user) if user.contains(':') => (
                Severity::Warning,
                "the URL holds a password, which everyone who reads the manifest can read",
                secret,
                bare,
            ),
            Some(user) if may_be_token(user) => (
                Severity::Warning,
                "the user of the URL may be a token, which everyone who reads the manifest can read",
                secret,
                bare,
            ),
            Some(_) if redact(&bare) == bare => (
                Severity::Note,
                "the URL holds the name of a user, which is not used: credentials are found by the URL without it",
                "leave it out; the name of the user belongs into the Secret with the password",
                bare,
            ),
            _ => {
                let meant = bare.split(['?', '#']).next().unwrap_or_default().to_owned().into();
                let message =
                    "the query of the URL holds a secret, which everyone who reads the manifest can read";
                (Severity::Warning, message, secret, meant)
            }
        };
        let help = Help::writing(words, self.style.form(&meant)).probable();
        self.advise((severity, Code::Credential), field, message, help);
    }

    /// The switch that turns the verification of certificates off.
    pub(crate) fn advise_verification(&mut self, object: &Object<'_>, skips: bool) {
        let Some(field) = object.look("insecureSkipTLSVerify").filter(|_| skips) else { return };
        let message = "without verification of the certificate, any server can answer in place of this one";
        let words = "delete it, and let the certificate authority be trusted, here with `--ca-file`";
        let help = self.deleting(words, object.node, field.key).probable();
        self.advise((Severity::Warning, Code::Insecure), &field, message, help);
    }

    /// A pattern of tags that was never filled in.
    pub(crate) fn advise_placeholder(&mut self, field: &Field<'_>, message: &str, help: Help) {
        self.advise((Severity::Warning, Code::Placeholder), field, message, help);
    }

    /// A pattern of tags.
    pub(crate) fn advise_pattern(&mut self, field: &Field<'_>, pattern: &str) {
        let is_literal = pattern.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if is_literal && pattern.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
            let whole = exactly(pattern);
            let form = self.style.quoted(&whole);
            let message = format!("`{pattern}` is found anywhere in a tag, as in `my-{pattern}-1`");
            let help = Help::writing(format!("if the tag alone is meant, write {form}"), form).probable();
            self.advise((Severity::Note, Code::Unanchored), field, &message, help);
        }
    }

    /// A strategy that reads the metadata of each tag there is.
    pub(crate) fn advise_limits(&mut self, object: &Object<'_>, image: &ImageSubscription) {
        // A list that has an error limits the tags once that is mended.
        let is_limited = TAGS.iter().filter_map(|name| object.look(name)).any(|list| says_something(&list));
        if image.image_selection_strategy != ImageSelectionStrategy::NewestBuild || is_limited {
            return;
        }
        let Some(field) = object.look("imageSelectionStrategy") else { return };
        let message =
            "`NewestBuild` reads the metadata of every tag of the repository, and nothing limits the tags";
        let help = "name the tags with `allowTagsRegexes`";
        self.advise((Severity::Note, Code::Unlimited), &field, message, help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, object, namespace) in [
            ("demo", true, true),
            ("a.b-c.d", true, false),
            ("1a", true, true),
            ("Demo", false, false),
            ("a_b", false, false),
            ("-a", false, false),
            ("a.", false, false),
            ("a..b", false, false),
            ("a b", false, false),
            ("é", false, false),
        ] {
            assert_eq!((is_object_name(name), is_label(name)), (object, namespace), "{name}");
        }
        assert!(is_object_name(&"a".repeat(253)) && !is_object_name(&"a".repeat(254)));
        assert!(is_label(&"a".repeat(63)) && !is_label(&"a".repeat(64)));
        for (key, expected) in
            [("a", true), ("example.com/a_B", true), ("/a", false), ("a/", false), ("a b", false)]
        {
            assert_eq!(is_key(key), expected, "{key}");
        }
        assert_eq!(meant_name("My_App", true).as_deref(), Some("my-app"));
        assert_eq!(meant_name("---", true), None);
    }

    #[test]
    fn hosts() {
        for (url, expected) in [
            ("http://h:80/a", Some("h")),
            ("HTTP://me@[::1]:80/a", Some("[::1]")),
            ("https://h/a", None),
            ("git@h:a", None),
            ("é", None),
        ] {
            assert_eq!(plain_host(url), expected, "{url}");
        }
        assert!(is_loopback("[::1]") && is_loopback("127.0.0.2") && !is_loopback("h"));
    }
}
