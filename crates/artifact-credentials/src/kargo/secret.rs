//! Secrets as a cluster has them, and read from manifests.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use artifact_source::{Error, ErrorKind, printable};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use serde_saphyr::{Options, budget, options};

/// The keys of a Secret.
pub(super) mod key {
    pub(crate) const REPO_URL: &str = "repoURL";
    pub(crate) const IS_REGEX: &str = "repoURLIsRegex";
    pub(crate) const USERNAME: &str = "username";
    pub(crate) const PASSWORD: &str = "password";
    pub(crate) const SSH_KEY: &str = "sshPrivateKey";
}

/// A Kubernetes Secret as Kargo reads it: namespace and name, the value of its label `kargo.akuity.io/cred-type`, and its data.
///
/// ```
/// use artifact_credentials::{KargoSecret, KargoSecrets};
///
/// let secret = KargoSecret::new("team", "ghcr", "image")
///     .with("repoURL", "ghcr.io/example/app")
///     .with("username", "me")
///     .with("password", "hunter2");
/// assert_eq!(secret.to_string(), "Secret team/ghcr");
/// assert!(!format!("{secret:?}").contains("hunter2"));
///
/// let secrets: KargoSecrets = [secret].into_iter().collect();
/// assert!(secrets.problems().is_empty());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct KargoSecret {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) cred_type: String,
    pub(super) file: Option<Arc<str>>,
    /// Whether it has a label of Kargo before 0.5.
    pub(super) is_old: bool,
    values: BTreeMap<String, Result<Vec<u8>, &'static str>>,
}

impl KargoSecret {
    /// A Secret without data. The type is the value of the label `kargo.akuity.io/cred-type`; a value that Kargo does not know is among the
    /// [problems](crate::KargoSecrets::problems).
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, cred_type: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            cred_type: cred_type.into(),
            file: None,
            is_old: false,
            values: BTreeMap::new(),
        }
    }

    /// The Secret with this value, which is not in base64.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.values.insert(key.into(), Ok(value.into()));
        self
    }

    /// The namespace; empty where the manifest has none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The Secret with a value that could not be read.
    pub(super) fn with_broken(mut self, key: impl Into<String>, what: &'static str) -> Self {
        self.values.insert(key.into(), Err(what));
        self
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// A value, if there is one, or the reason why it cannot be read.
    pub(super) fn value(&self, key: &str) -> Result<Option<&str>, &'static str> {
        match self.values.get(key) {
            None => Ok(None),
            Some(Ok(bytes)) => std::str::from_utf8(bytes).map(Some).map_err(|_| "is not valid UTF-8"),
            Some(Err(what)) => Err(what),
        }
    }
}

impl fmt::Display for KargoSecret {
    /// `Secret team/ghcr`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = printable(&self.name);
        match self.namespace.as_str() {
            "" => write!(f, "Secret {name}"),
            namespace => write!(f, "Secret {}/{name}", printable(namespace)),
        }
    }
}

impl fmt::Debug for KargoSecret {
    /// The keys, and no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KargoSecret")
            .field("namespace", &self.namespace)
            .field("name", &self.name)
            .field("cred_type", &self.cred_type)
            .field("file", &self.file)
            .field("keys", &self.values.keys().collect::<Vec<_>>())
            .finish()
    }
}

const LABEL: &str = "kargo.akuity.io/cred-type";
/// The label of Kargo before 0.5, which used other keys.
const OLD_LABEL: &str = "kargo.akuity.io/secret-type";
/// The largest text that is read, in bytes.
const MAX_BYTES: usize = 16 << 20;
/// The maximum depth of lists in lists.
const MAX_LISTS: usize = 4;

fn limits() -> Options {
    options! {
        budget: budget! { max_depth: 64, max_anchors: 1_000, max_nodes: 1_000_000, max_events: 4_000_000, max_total_scalar_bytes: MAX_BYTES },
        with_snippet: false,
    }
}

impl KargoSecret {
    /// The Secrets of a file of manifests: YAML of several documents, or JSON, with lists of either. Everything else in it
    /// is ignored, and so are Secrets that have neither a label nor a key of Kargo's.
    ///
    /// `file` is its name in messages. Values of `stringData` take precedence over those of `data`, as in a
    /// cluster. A value that cannot be read is not an error here: see [`KargoSecrets::problems`](crate::KargoSecrets::problems).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for a text that is not valid YAML, with the line; [`ErrorKind::TooLarge`] beyond 16 MiB.
    pub fn from_yaml(text: &str, file: &str) -> Result<Vec<Self>, Error> {
        let mut secrets = Vec::new();
        let name = Arc::from(file);
        documents(text, file, &mut |document| secrets.extend(read(document, &name)))?;
        Ok(secrets)
    }
}

/// Calls `take` with every Secret of a file of manifests.
///
/// # Errors
///
/// As [`KargoSecret::from_yaml`].
pub(crate) fn documents(text: &str, file: &str, take: &mut dyn FnMut(&Value)) -> Result<(), Error> {
    if text.len() > MAX_BYTES {
        return Err(Error::new(ErrorKind::TooLarge, format!("{file} is larger than {MAX_BYTES} bytes")));
    }
    let documents: Vec<Value> =
        serde_saphyr::from_multiple_with_options(text, limits()).map_err(|error| {
            // The parser's message may quote a secret, so only the line and column are shown.
            let location =
                error.location().map(|at| format!(" (line {}, column {})", at.line(), at.column()));
            let location = location.unwrap_or_default();
            Error::new(ErrorKind::InvalidInput, format!("{file} is not valid YAML{location}"))
        })?;
    documents.iter().for_each(|document| collect(document, MAX_LISTS, take));
    Ok(())
}

fn collect(document: &Value, lists: usize, take: &mut dyn FnMut(&Value)) {
    match document.get("kind").and_then(Value::as_str) {
        Some("Secret") => take(document),
        Some("List" | "SecretList") if lists > 0 => {
            let items = document.get("items").and_then(Value::as_array);
            for item in items.into_iter().flatten() {
                collect(item, lists - 1, take);
            }
        }
        // The items of a SecretList need not have a kind.
        None if lists < MAX_LISTS && document.get("data").is_some() => take(document),
        _ => {}
    }
}

/// Namespace and name of a document; empty where it has none.
pub(crate) fn name_of(document: &Value) -> (String, String) {
    let metadata = document.get("metadata");
    let text = |field: &str| {
        metadata
            .and_then(|metadata| metadata.get(field))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    (text("namespace"), text("name"))
}

/// The Secret, if it has a label or a key of Kargo's.
fn read(document: &Value, file: &Arc<str>) -> Option<KargoSecret> {
    let text = |from: Option<&Value>, field: &str| {
        from.and_then(|object| object.get(field)).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let labels = document.get("metadata").and_then(|metadata| metadata.get("labels"));
    let cred_type = text(labels, LABEL);
    let (namespace, name) = name_of(document);
    let mut secret = KargoSecret::new(namespace, name, cred_type);
    secret.file = Some(Arc::clone(file));
    for (key, value) in fields(document, "data") {
        secret = match decode(value) {
            Ok(bytes) => secret.with(key, bytes),
            Err(what) => secret.with_broken(key, what),
        };
    }
    for (key, value) in fields(document, "stringData") {
        secret = match value {
            Value::String(text) => secret.with(key, text.as_bytes()),
            Value::Null => secret.with(key, ""),
            _ => secret.with_broken(key, "is not text; put it in quotation marks"),
        };
    }
    if secret.cred_type.is_empty() {
        secret = modernize(secret, &text(labels, OLD_LABEL));
    }
    (!secret.cred_type.is_empty() || secret.has(key::REPO_URL)).then_some(secret)
}

/// The Secret as Kargo 0.5 converted older ones.
fn modernize(mut secret: KargoSecret, old_label: &str) -> KargoSecret {
    let is_prefix = match old_label {
        "repository" => false,
        "repo-creds" => true,
        _ => return secret,
    };
    secret.is_old = true;
    secret.cred_type = secret.value("type").ok().flatten().unwrap_or_default().to_owned();
    match secret.value("url").map(|url| url.map(str::to_owned)) {
        Ok(Some(url)) if is_prefix => {
            let pattern = format!("^{}(/.*)?$", escape(url.trim_end_matches('/')));
            secret.with(key::REPO_URL, pattern).with(key::IS_REGEX, "true")
        }
        Ok(Some(url)) => secret.with(key::REPO_URL, url),
        Ok(None) => secret,
        Err(what) => secret.with_broken(key::REPO_URL, what),
    }
}

/// The text as a regular expression that matches it.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if r"\.+*?()|[]{}^$".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

fn fields<'a>(document: &'a Value, field: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    document.get(field).and_then(Value::as_object).map(Map::iter).into_iter().flatten()
}

/// A value of `data`: base64 with padding; line breaks are ignored.
pub(crate) fn decode(value: &Value) -> Result<Vec<u8>, &'static str> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => {
            let text: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
            STANDARD
                .decode(text)
                .map_err(|_| "is not valid base64; what is not encoded belongs in `stringData`")
        }
        _ => Err("is not text in base64"),
    }
}

/// A problem of a Secret: which one, where, and what to do. It never holds a value of the Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// `Secret team/ghcr`.
    pub secret: String,
    /// The file it was read from, if it was read from one.
    pub file: Option<Arc<str>>,
    /// The key it is about, if it is about one.
    pub key: Option<&'static str>,
    /// The problem, to follow the Secret's name: "has no `repoURL`".
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether the Secret cannot be used because of it. Otherwise it is used, and probably does not work.
    pub is_unusable: bool,
}

impl fmt::Display for Problem {
    /// The Secret, the file, and the message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.secret)?;
        if let Some(file) = &self.file {
            write!(f, " in {file}")?;
        }
        write!(f, " {}", self.message)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        let error = Self::new(ErrorKind::InvalidInput, problem.to_string());
        match problem.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}
