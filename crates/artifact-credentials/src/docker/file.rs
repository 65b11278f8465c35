//! What stands in a `config.json`.

use std::collections::BTreeMap;

use artifact_http::Credential;
use artifact_source::{Error, ErrorKind};
use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::place::Key;

/// The largest file that is read, in bytes.
pub(super) const MAX_FILE_BYTES: u64 = 4 << 20;

/// Docker writes padding, people who write the file by hand forget it; what is left over of the last letter is nobody's intent.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// What stands in a `config.json`, by what it is for.
#[derive(Debug, Default)]
pub(super) struct File {
    /// By host, or host and namespace.
    pub(super) entries: BTreeMap<String, Entry>,
    /// By host; nothing for a host whose helper is the empty string: it shall have none.
    pub(super) helpers: BTreeMap<String, Option<Helper>>,
    pub(super) store: Option<Helper>,
}

/// What an entry of `auths` says.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    rank: u8,
    pub(super) login: EntryLogin,
}

#[derive(Debug)]
pub(super) enum EntryLogin {
    /// Nothing: this is how Docker marks that a helper keeps the credential.
    Empty,
    Credential(Credential),
    /// What is wrong with it.
    Broken(&'static str),
}

/// The name of a credential helper, as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Helper(pub(super) String);

impl Helper {
    /// The name of the program; nothing where the name could lead to another folder, or is none.
    pub(super) fn program(&self) -> Option<String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+');
        let name = &self.0;
        let is_name = (1..=100).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(is_plain);
        (is_name && !name.contains("..")).then(|| format!("docker-credential-{name}"))
    }
}

impl File {
    /// Reads the text of a `config.json`. What it holds for one registry and cannot be used is kept as such, so that it
    /// is in nobody else's way.
    pub(super) fn parse(text: &[u8], name: &str) -> Result<Self, Error> {
        let invalid = |what: String| Error::new(ErrorKind::InvalidInput, format!("{name} {what}"));
        if text.len() as u64 > MAX_FILE_BYTES {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("{name} is larger than {MAX_FILE_BYTES} bytes"),
            ));
        }
        // The words of the parser may quote what they are about, so only the place is told.
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        if text.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let json: Value = serde_json::from_slice(text).map_err(|error| {
            invalid(format!("is no JSON (line {}, column {})", error.line(), error.column()))
        })?;
        let Value::Object(json) = json else {
            return Err(invalid("is no JSON object".to_owned()));
        };
        let object = |field: &str| match json.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(invalid(format!("has a `{field}` that is no object"))),
        };
        let mut file = Self::default();
        for (key, value) in object("auths")?.into_iter().flatten() {
            file.insert(key, EntryLogin::parse(value));
        }
        for (key, value) in object("credHelpers")?.into_iter().flatten() {
            let Some(helper) = value.as_str() else {
                return Err(invalid(format!("names no helper for {key:?} in `credHelpers`")));
            };
            if let Some(key) = Key::parse(key) {
                let helper = (!helper.is_empty()).then(|| Helper(helper.to_owned()));
                file.helpers.insert(key.prefix, helper);
            }
        }
        file.store = match json.get("credsStore") {
            None | Some(Value::Null) => None,
            Some(Value::String(store)) if store.is_empty() => None,
            Some(Value::String(store)) => Some(Helper(store.clone())),
            Some(_) => return Err(invalid("has a `credsStore` that is no name".to_owned())),
        };
        Ok(file)
    }

    /// Of two entries for one place the one that says something counts, and then the plainer one.
    fn insert(&mut self, key: &str, login: EntryLogin) {
        let Some(Key { prefix, rank }) = Key::parse(key) else { return };
        let order = |rank: u8, login: &EntryLogin| (matches!(login, EntryLogin::Empty), rank);
        let is_better = self
            .entries
            .get(&prefix)
            .is_none_or(|other| order(rank, &login) < order(other.rank, &other.login));
        if is_better {
            self.entries.insert(prefix, Entry { key: key.to_owned(), rank, login });
        }
    }
}

impl EntryLogin {
    fn parse(value: &Value) -> Self {
        let empty = Map::new();
        let fields = match value {
            Value::Null => &empty,
            Value::Object(fields) => fields,
            _ => return Self::Broken("it is no object"),
        };
        Self::of(fields).unwrap_or_else(Self::Broken)
    }

    /// Tokens before passwords, as in Docker.
    fn of(fields: &Map<String, Value>) -> Result<Self, &'static str> {
        let text = |field: &str, wrong| match fields.get(field) {
            None | Some(Value::Null) => Ok(""),
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(_) => Err(wrong),
        };
        let bearer = text("registrytoken", "its `registrytoken` is no text")?;
        if !bearer.is_empty() {
            return Ok(Self::Credential(Credential::bearer(bearer)));
        }
        let identity = text("identitytoken", "its `identitytoken` is no text")?;
        if !identity.is_empty() {
            return Ok(Self::Credential(Credential::identity_token(identity)));
        }
        let auth: String = text("auth", "its `auth` is no text")?.split_ascii_whitespace().collect();
        if !auth.is_empty() {
            return decode(&auth);
        }
        let username = text("username", "its `username` is no text")?;
        let password = text("password", "its `password` is no text")?;
        Ok(match (username, password) {
            ("", "") => Self::Empty,
            _ => Self::Credential(Credential::password(username, password)),
        })
    }
}

/// `user:password` in base64 of either alphabet, in which white space counts for nothing, as `base64` wraps its lines; Docker once padded it with zero bytes.
fn decode(auth: &str) -> Result<EntryLogin, &'static str> {
    let is_url_safe = auth.contains(['-', '_']);
    let decoded = if is_url_safe { BASE64_URL.decode(auth) } else { BASE64.decode(auth) };
    let decoded = decoded.map_err(|_| "its `auth` is no base64")?;
    let decoded = String::from_utf8(decoded).map_err(|_| "its `auth` is no text in base64")?;
    let (username, password) =
        decoded.split_once(':').ok_or("its `auth` is not `user:password` in base64")?;
    let password = password.trim_matches('\0');
    Ok(match (username, password) {
        ("", "") => EntryLogin::Empty,
        _ => EntryLogin::Credential(Credential::password(username, password)),
    })
}
