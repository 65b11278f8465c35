//! The secrets of a recording, and their removal from all that is kept.

use std::borrow::Cow;
use std::collections::BTreeSet;

use artifact_http::{Credential, HeaderMap, ServiceRequest, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use repository_url::redact;
use url::form_urlencoded;

use crate::spelling::{Spellings, TooCostly};

/// The shortest text that is looked for everywhere. A shorter one would be found in any tag; where secrets have their place, it is removed all the same.
const SHORTEST: usize = 4;

/// The fields of an answer to a sign-in that are secret.
const TOKENS: &[&str] = &["token", "access_token", "refresh_token", "id_token"];

/// Everything that was used to sign in, and everything that signing in gave.
#[derive(Default)]
pub(crate) struct Secrets(BTreeSet<String>);

impl Secrets {
    /// Adds a secret.
    pub(crate) fn add(&mut self, secret: &str) {
        if secret.len() >= SHORTEST {
            self.0.insert(secret.to_owned());
        }
    }

    /// Adds what a credential holds.
    pub(crate) fn add_credential(&mut self, credential: &Credential) {
        match credential {
            Credential::Password { username, password } => self.add_password(username, password.expose()),
            Credential::Bearer(token) | Credential::IdentityToken(token) => self.add(token.expose()),
            _ => {}
        }
    }

    fn add_password(&mut self, username: &str, password: &str) {
        self.add(password);
        // A token is given as either, with a fixed word as the other.
        if password.is_empty() || password == "x-oauth-basic" {
            self.add(username);
        }
        let both = format!("{username}:{password}");
        for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
            self.add(&engine.encode(&both));
        }
        self.add(&both);
    }

    /// Adds what a request holds.
    pub(crate) fn add_request(&mut self, request: &ServiceRequest) {
        for name in [header::AUTHORIZATION, header::PROXY_AUTHORIZATION, header::COOKIE] {
            for value in request.headers.get_all(name) {
                self.add_authorization(value.to_str().unwrap_or_default());
            }
        }
        self.add_query(request.url.query().unwrap_or_default());
        if let Ok(body) = std::str::from_utf8(&request.body)
            && body.contains("grant_type=")
        {
            let fields = form_urlencoded::parse(body.as_bytes());
            for (_, value) in fields.filter(|(name, _)| matches!(&**name, "refresh_token" | "password")) {
                self.add(&value);
            }
        }
    }

    fn add_authorization(&mut self, value: &str) {
        let (_, credentials) = value.split_once(' ').unwrap_or(("", value));
        self.add(credentials);
        let decoded = STANDARD.decode(credentials).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some((username, password)) = decoded.as_deref().and_then(|both| both.split_once(':')) {
            self.add_password(username, password);
        }
    }

    /// Adds the values of parameters whose names suggest a secret.
    fn add_query(&mut self, query: &str) {
        for pair in query.split('&') {
            let Some((name, value)) = pair.split_once('=') else { continue };
            if is_secret_parameter(name) {
                self.add(value);
                let decoded = form_urlencoded::parse(pair.as_bytes()).next();
                self.add(&decoded.map(|(_, value)| value.into_owned()).unwrap_or_default());
            }
        }
    }

    /// Adds what an answer holds: cookies, tokens, and signatures in the URLs of its headers.
    pub(crate) fn add_answer(&mut self, headers: &HeaderMap, body: &[u8]) {
        for value in headers.get_all(header::SET_COOKIE) {
            let pair = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
            self.add(pair.split_once('=').map_or(pair, |(_, value)| value));
        }
        for name in [header::LOCATION, header::LINK] {
            for value in headers.get_all(name) {
                let text = value.to_str().unwrap_or_default();
                let query = text.split_once('?').map_or("", |(_, query)| query);
                self.add_query(query.split(['>', '"', '#']).next().unwrap_or_default());
            }
        }
        for token in tokens_of(body) {
            self.add(&token);
        }
    }

    /// Adds the passwords in the URLs of this text.
    pub(crate) fn add_url(&mut self, url: &str) {
        let Ok(url) = url::Url::parse(url) else { return };
        if let Some(credential) = Credential::in_url(&url) {
            self.add_credential(&credential);
            self.add(url.password().unwrap_or_default());
        }
        self.add_query(url.query().unwrap_or_default());
    }

    /// The secrets with numbers in the place of each, as they are and in base64.
    pub(crate) fn into_removal(self) -> Removal {
        let (mut forms, mut masks) = (Vec::new(), Vec::new());
        for (number, secret) in self.0.into_iter().enumerate() {
            let base64 = [STANDARD_NO_PAD.encode(&secret), URL_SAFE_NO_PAD.encode(&secret)];
            let padded = STANDARD.encode(&secret);
            for form in base64.into_iter().chain([padded, secret]) {
                forms.push(form);
                masks.push(format!("redacted-{number}"));
            }
        }
        Removal { spellings: Spellings::new(forms), masks }
    }
}

/// Removes secrets.
pub(crate) struct Removal {
    spellings: Spellings,
    /// What is written in the place of each.
    masks: Vec<String>,
}

/// What is written in the place of a text that cannot be searched.
const NOT_SEARCHED: &str = "redacted";

impl Removal {
    /// The text without secrets. The same secret gives the same words each time.
    pub(crate) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // Spellings of text begin and end between letters.
            Cow::Owned(bytes) => {
                Cow::Owned(String::from_utf8(bytes).unwrap_or_else(|_| NOT_SEARCHED.to_owned()))
            }
        }
    }

    /// A URL, or a header with URLs, without secrets: also without those that are too short to be looked for.
    pub(crate) fn url(&self, url: &str) -> String {
        let text = self.text(url);
        // What was masked here stays as it is, so that two different signatures stay different.
        let mut out = String::with_capacity(text.len());
        for (position, pair) in text.split_inclusive(['?', '&', '>', ';']).enumerate() {
            match pair.split_once('=') {
                Some((name, value))
                    if position > 0 && is_secret_parameter(name) && !value.starts_with("redacted-") =>
                {
                    let end = value.find(['&', '>', ';', '#']).unwrap_or(value.len());
                    out.push_str(&format!("{name}=redacted{}", value.get(end..).unwrap_or_default()));
                }
                _ => out.push_str(pair),
            }
        }
        out
    }

    /// The bytes without secrets.
    pub(crate) fn bytes<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let found = match self.spellings.find(bytes) {
            Ok(found) if found.is_empty() => return Cow::Borrowed(bytes),
            Ok(found) => found,
            Err(TooCostly) => return Cow::Owned(NOT_SEARCHED.into()),
        };
        let mut out = Vec::with_capacity(bytes.len());
        let mut end = 0;
        for found in found {
            out.extend_from_slice(bytes.get(end..found.start).unwrap_or_default());
            out.extend_from_slice(self.masks.get(found.text).map_or(NOT_SEARCHED, String::as_str).as_bytes());
            end = found.end;
        }
        out.extend_from_slice(bytes.get(end..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// Whether there is a secret in the bytes.
    pub(crate) fn concerns(&self, bytes: &[u8]) -> bool {
        matches!(self.bytes(bytes), Cow::Owned(_))
    }
}

/// Whether the value of a parameter of this name is masked in a URL that is shown.
fn is_secret_parameter(name: &str) -> bool {
    redact(&format!("https://host/?{name}=value")).contains("***")
}

/// The tokens in the answer to a sign-in; none in other answers.
pub(crate) fn tokens_of(body: &[u8]) -> Vec<String> {
    let start = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if start != Some(&b'{') || body.len() > 1 << 20 {
        return Vec::new();
    }
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_slice(body) else { return Vec::new() };
    TOKENS.iter().filter_map(|name| fields.get(*name)?.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    fn removal(secrets: &[&str]) -> Removal {
        let mut all = Secrets::default();
        secrets.iter().for_each(|secret| all.add(secret));
        all.into_removal()
    }

    #[test]
    fn forms_of_a_secret() {
        let removal = removal(&["hunter2&\"x"]);
        for text in [
            "hunter2&\"x",
            "a=hunter2%26%22x&",
            r#"{"a":"hunter2&\"x"}"#,
            r#"{"a":"hunter2\u0026\u0022x"}"#,
            "<p>hunter2&amp;&quot;x</p>",
            &STANDARD.encode("hunter2&\"x"),
        ] {
            let removed = removal.text(text);
            assert!(removed.contains("redacted-0") && !removed.contains("hunter2"), "{text}: {removed}");
        }
        assert_eq!(removal.text("nothing"), "nothing");
    }

    #[test]
    fn what_requests_and_answers_hold() {
        let mut secrets = Secrets::default();
        let mut request = ServiceRequest::new(
            artifact_http::Method::GET,
            Url::parse("https://host/a?X-Amz-Signature=SIGNATURE&n=1000").unwrap(),
        );
        let basic = format!("Basic {}", STANDARD.encode("me:PASSWORD"));
        request.headers.insert(header::AUTHORIZATION, basic.parse().unwrap());
        secrets.add_request(&request);
        request.body = "grant_type=refresh_token&refresh_token=REFRESH%2B&scope=a".into();
        request.headers.insert(header::AUTHORIZATION, "Bearer TOKEN".parse().unwrap());
        secrets.add_request(&request);
        let mut headers = HeaderMap::new();
        headers.insert(header::SET_COOKIE, "session=COOKIE; Path=/".parse().unwrap());
        headers.insert(header::LINK, "</v2/a/tags/list?n=1&token=LINKED>; rel=next".parse().unwrap());
        secrets.add_answer(&headers, br#" {"token":"ISSUED","expires_in":300}"#);
        secrets.add_url("https://you:IN-URL@host/x");
        let removal = secrets.into_removal();
        for secret in [
            "SIGNATURE",
            "PASSWORD",
            "me:PASSWORD",
            "REFRESH+",
            "TOKEN",
            "COOKIE",
            "LINKED",
            "ISSUED",
            "IN-URL",
        ] {
            assert!(removal.concerns(secret.as_bytes()), "{secret}");
        }
        for plain in ["1000", "repository:a:pull", "300", "you", "me"] {
            assert!(!removal.concerns(plain.as_bytes()), "{plain}");
        }
    }

    #[test]
    fn urls_lose_secrets_that_are_too_short_to_look_for_and_different_ones_stay_different() {
        let removal = removal(&["AAAA", "BBBB"]);
        for (url, expected) in [
            ("https://h/a?token=AAAA&n=1", "https://h/a?token=redacted-0&n=1"),
            ("https://h/a?token=BBBB", "https://h/a?token=redacted-1"),
            ("https://h/a?n=1&token=x", "https://h/a?n=1&token=redacted"),
            ("</v2/a?token=x>; rel=\"next\"", "</v2/a?token=redacted>; rel=\"next\""),
            ("https://h/a?last=1.0.0&n=1000", "https://h/a?last=1.0.0&n=1000"),
        ] {
            assert_eq!(removal.url(url), expected);
            assert_eq!(removal.url(expected), expected);
        }
    }

    /// The text as PHP, Java, Go and browsers write it.
    fn encodings(text: &str) -> Vec<String> {
        let json = serde_json::to_string(text).unwrap();
        let json = json.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
        let units = |upper: bool| {
            text.encode_utf16().map(move |unit| match upper {
                true => format!("\\u{unit:04X}"),
                false => format!("\\u{unit:04x}"),
            })
        };
        let percent: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let every = |upper: bool| {
            text.bytes().map(move |byte| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") })
        };
        let mixed = every(true).zip(every(false)).enumerate();
        let small: Vec<_> = percent.split('%').collect();
        let small = small.iter().enumerate().map(|(position, piece)| match piece.split_at_checked(2) {
            Some((digits, rest)) if position > 0 => format!("%{}{rest}", digits.to_ascii_lowercase()),
            _ => (*piece).to_owned(),
        });
        vec![
            text.to_owned(),
            json.to_owned(),
            json.replace('/', "\\/"),
            json.replace('/', "\\u002f").replace('&', "\\u0026"),
            units(true).collect(),
            units(false).collect(),
            small.collect(),
            percent.replace('+', "%20"),
            percent,
            every(true).collect(),
            every(false).collect(),
            mixed.map(|(index, (upper, lower))| if index % 2 == 0 { upper } else { lower }).collect(),
            STANDARD.encode(text),
            STANDARD.encode(text).replace('/', "\\/"),
            STANDARD.encode(text).replace('/', "%2f").replace('+', "%2b").replace('=', "%3d"),
            URL_SAFE.encode(text),
        ]
    }

    proptest! {
        #[test]
        fn no_text_and_no_bytes_keep_a_secret(before: Vec<u8>, secret in "[ -~]{8,20}", after: Vec<u8>) {
            let removal = removal(&[&secret]);
            let bytes = [&before, secret.as_bytes(), &after].concat();
            let removed = removal.bytes(&bytes).into_owned();
            prop_assert!(!removed.windows(secret.len()).any(|window| window == secret.as_bytes()));
        }

        #[test]
        fn no_encoding_of_a_password_stays(password in "[ -~]{4,30}|[a-z/+\"\\\\ &%]{4,12}|.{4,12}", user in "[a-z]{1,8}") {
            let mut secrets = Secrets::default();
            secrets.add_credential(&Credential::password(&user, &*password));
            let removal = secrets.into_removal();
            let both = format!("{user}:{password}");
            for encoding in encodings(&password).into_iter().chain(encodings(&both)) {
                let removed = removal.text(&encoding).into_owned();
                prop_assert!(removed.contains("redacted-"), "{encoding:?} -> {removed:?}");
                prop_assert!(!removed.contains(&encoding), "{encoding:?} -> {removed:?}");
                let line = format!("{{\"error\":\"-{encoding}-\"}}");
                prop_assert!(!removal.text(&line).contains(&encoding));
            }
        }
    }
}
