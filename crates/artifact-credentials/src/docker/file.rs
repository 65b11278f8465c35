//! The content of a `config.json`, and which of its keys apply to a repository.

use std::collections::BTreeMap;

use artifact_http::Credential;
use artifact_source::{Error, ErrorKind, SourceKind};
use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use repository_url::{DOCKER_HUB, registry_host};
use serde_json::{Map, Value};

/// The largest file that is read, in bytes.
pub(super) const MAX_FILE_BYTES: u64 = 4 << 20;

/// Docker writes padding; people who write the file by hand forget it, and leave bits of the last letter over.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// The content of a `config.json`.
#[derive(Debug, Default)]
pub(super) struct File {
    /// By host, or host and namespace.
    pub(super) entries: BTreeMap<String, Entry>,
    /// By host; `None` for a host whose helper is the empty string, which turns the helper off.
    pub(super) helpers: BTreeMap<String, Option<Helper>>,
    pub(super) store: Option<Helper>,
}

/// An entry of `auths`.
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
    /// The reason why it cannot be used.
    Broken(&'static str),
}

/// The name of a credential helper in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Helper(pub(super) String);

impl Helper {
    /// The name of the program; `None` where the name could lead to another folder or is not a name.
    pub(super) fn program(&self) -> Option<String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+');
        let name = &self.0;
        let is_name = (1..=100).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(is_plain);
        (is_name && !name.contains("..")).then(|| format!("docker-credential-{name}"))
    }
}

impl File {
    /// Reads the text of a `config.json`. An entry for one registry that cannot be used is kept as such, so that the others work.
    pub(super) fn parse(text: &[u8], name: &str) -> Result<Self, Error> {
        let invalid = |what: String| Error::new(ErrorKind::InvalidInput, format!("{name} {what}"));
        if text.len() as u64 > MAX_FILE_BYTES {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("{name} is larger than {MAX_FILE_BYTES} bytes"),
            ));
        }
        // The parser's message may quote a secret, so only the line and column are shown.
        // As editors on Windows save it.
        let decoded = match text {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => warehouse_spec::text_of(text).ok(),
            _ => None,
        };
        let text = decoded.as_ref().map_or(text, |text| text.as_bytes());
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        if text.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let json: Value = serde_json::from_slice(text).map_err(|error| {
            invalid(format!("is not valid JSON (line {}, column {})", error.line(), error.column()))
        })?;
        let Value::Object(json) = json else {
            return Err(invalid("is not a JSON object".to_owned()));
        };
        let object = |field: &str| match json.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(invalid(format!("has a `{field}` that is not an object"))),
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
            Some(_) => return Err(invalid("has a `credsStore` that is not a name".to_owned())),
        };
        Ok(file)
    }

    /// Of two entries for one prefix, one that is not empty takes precedence, then the one of lower rank.
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
            _ => return Self::Broken("it is not an object"),
        };
        Self::of(fields).unwrap_or_else(Self::Broken)
    }

    /// Tokens take precedence over passwords, as in Docker.
    fn of(fields: &Map<String, Value>) -> Result<Self, &'static str> {
        let text = |field: &str, wrong| match fields.get(field) {
            None | Some(Value::Null) => Ok(""),
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(_) => Err(wrong),
        };
        let bearer = text("registrytoken", "its `registrytoken` is not text")?;
        if !bearer.is_empty() {
            return Ok(Self::Credential(Credential::bearer(bearer)));
        }
        let identity = text("identitytoken", "its `identitytoken` is not text")?;
        if !identity.is_empty() {
            return Ok(Self::Credential(Credential::identity_token(identity)));
        }
        let auth: String = text("auth", "its `auth` is not text")?.split_ascii_whitespace().collect();
        if !auth.is_empty() {
            return decode(&auth);
        }
        let username = text("username", "its `username` is not text")?;
        let password = text("password", "its `password` is not text")?;
        Ok(match (username, password) {
            ("", "") => Self::Empty,
            _ => Self::Credential(Credential::password(username, password)),
        })
    }
}

/// `user:password` in base64 of either alphabet. White space is ignored, because `base64` wraps its lines. Old versions of Docker
/// padded the password with zero bytes.
fn decode(auth: &str) -> Result<EntryLogin, &'static str> {
    let is_url_safe = auth.contains(['-', '_']);
    let decoded = if is_url_safe { BASE64_URL.decode(auth) } else { BASE64.decode(auth) };
    let decoded = decoded.map_err(|_| "its `auth` is not valid base64")?;
    let decoded = String::from_utf8(decoded).map_err(|_| "its `auth` is not text in base64")?;
    let (username, password) =
        decoded.split_once(':').ok_or("its `auth` is not `user:password` in base64")?;
    let password = password.trim_matches('\0');
    Ok(match (username, password) {
        ("", "") => EntryLogin::Empty,
        _ => EntryLogin::Credential(Credential::password(username, password)),
    })
}

/// Docker Hub, as Docker names it to credential helpers and in its file.
const DOCKER_HUB_SERVER: &str = "https://index.docker.io/v1/";

/// A repository in a registry, for which a credential is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repository {
    /// `docker.io`, `ghcr.io`, `localhost:5000`.
    pub(super) host: String,
    /// Host and repository: `docker.io/library/nginx`.
    path: String,
}

impl Repository {
    /// The repository that a subscription names; `None` for a Git repository or a classic chart repository.
    pub(super) fn of(kind: &SourceKind, url: &str) -> Option<Self> {
        let (is_oci, name) = match url.strip_prefix("oci://") {
            Some(name) => (true, name),
            None => (false, url),
        };
        let is_in_registry = is_oci || matches!(kind, SourceKind::Image | SourceKind::Chart);
        if !is_in_registry || *kind == SourceKind::Git || name.contains("://") {
            return None;
        }
        let (registry, repository) = match name.split_once('/') {
            Some((first, rest)) if is_oci || first.contains(['.', ':']) || first == "localhost" => {
                (first, rest)
            }
            _ => (DOCKER_HUB, name),
        };
        let host = registry_host(registry);
        let repository = repository.split(['@', ':']).next().unwrap_or_default().trim_matches('/');
        if host.is_empty() || repository.is_empty() {
            return None;
        }
        let library = if host == DOCKER_HUB && !repository.contains('/') { "library/" } else { "" };
        Some(Self { path: format!("{host}/{library}{repository}"), host })
    }

    /// The server's name on the standard input of a credential helper.
    pub(super) fn server(&self) -> &str {
        if self.host == DOCKER_HUB { DOCKER_HUB_SERVER } else { &self.host }
    }

    /// Host and repository, host and namespace, and so on down to the host alone: longer keys take precedence.
    pub(super) fn prefixes(&self) -> impl Iterator<Item = &str> {
        let mut next = Some(self.path.as_str());
        std::iter::from_fn(move || {
            let prefix = next?;
            next = prefix.rsplit_once('/').map(|(shorter, _)| shorter);
            Some(prefix)
        })
    }

    /// Whether a key with wildcards matches the repository: `*` and `?` match letters of one label of the host, as in Kubernetes
    /// (`*.azurecr.io`), and what follows the host is a prefix of the path. A key without wildcards does not match.
    pub(super) fn matches_pattern(&self, key: &str) -> bool {
        let (pattern, namespace) = key.split_once('/').map_or((key, None), |(host, rest)| (host, Some(rest)));
        if !pattern.contains(['*', '?']) {
            return false;
        }
        let (pattern, pattern_port) = split_port(pattern);
        let (host, port) = split_port(&self.host);
        let is_below = namespace.is_none_or(|namespace| {
            let repository = self.path.split_once('/').map_or("", |(_, repository)| repository);
            repository.strip_prefix(namespace).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        pattern_port == port
            && is_below
            && pattern.split('.').count() == host.split('.').count()
            && pattern
                .split('.')
                .zip(host.split('.'))
                .all(|(pattern, label)| fits(pattern.as_bytes(), label.as_bytes()))
    }
}

fn split_port(host: &str) -> (&str, Option<&str>) {
    host.rsplit_once(':').map_or((host, None), |(name, port)| (name, Some(port)))
}

/// Whether a pattern with `*` and `?` matches the whole text. A text of length n costs at most n times the pattern.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut position, mut star) = (0, 0, None);
    while let Some(byte) = text.get(position) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, position));
                at += 1;
            }
            Some(letter) if *letter == b'?' || letter == byte => {
                at += 1;
                position += 1;
            }
            // The last star takes one byte more.
            _ => match &mut star {
                Some((after, taken)) => {
                    *taken += 1;
                    (at, position) = (*after, *taken);
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

/// A key of `auths` or `credHelpers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// The host, or host and namespace, that it is for.
    pub(super) prefix: String,
    /// Of two keys with the same prefix the lower rank takes precedence.
    pub(super) rank: u8,
}

impl Key {
    /// Parses a key. With a scheme it is the URL of a host, and its path is ignored. Without one it is Podman's `host/namespace`;
    /// `host/v1` and `host/v2` are old spellings of the host.
    pub(super) fn parse(key: &str) -> Option<Self> {
        let text = key.trim();
        let without_scheme = ["https://", "http://"].iter().find_map(|scheme| {
            let (front, rest) = text.split_at_checked(scheme.len())?;
            front.eq_ignore_ascii_case(scheme).then_some(rest)
        });
        let name = without_scheme.unwrap_or(text);
        let (registry, path) = name.split_once('/').unwrap_or((name, ""));
        let path = path.trim_end_matches('/');
        let host = registry_host(registry);
        if host.is_empty() {
            return None;
        }
        let is_version = matches!(path, "" | "v1" | "v2");
        let rank = match without_scheme {
            _ if text == DOCKER_HUB_SERVER => 0,
            None => 1,
            Some(_) if is_version => 2,
            Some(_) => 3,
        };
        let prefix = match without_scheme {
            None if !is_version => format!("{host}/{path}"),
            _ => host,
        };
        Some(Self { prefix, rank })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn prefixes(kind: SourceKind, url: &str, expected: Option<&[&str]>) {
        let repository = Repository::of(&kind, url);
        let prefixes = repository.as_ref().map(|repository| repository.prefixes().collect::<Vec<_>>());
        assert_eq!(prefixes.as_deref(), expected, "{kind} {url}");
    }

    #[test]
    fn prefixes_of_repositories_in_registries() {
        use SourceKind::{Chart, Image};
        prefixes(Image, "nginx", Some(&["docker.io/library/nginx", "docker.io/library", "docker.io"]));
        prefixes(
            Image,
            "bitnami/nginx",
            Some(&["docker.io/bitnami/nginx", "docker.io/bitnami", "docker.io"]),
        );
        prefixes(Image, "index.docker.io/a/b", Some(&["docker.io/a/b", "docker.io/a", "docker.io"]));
        prefixes(
            Image,
            "registry-1.docker.io/a",
            Some(&["docker.io/library/a", "docker.io/library", "docker.io"]),
        );
        prefixes(Image, "GHCR.io/a/b:1.2", Some(&["ghcr.io/a/b", "ghcr.io/a", "ghcr.io"]));
        prefixes(Image, "localhost/a", Some(&["localhost/a", "localhost"]));
        prefixes(Image, "127.0.0.1:5000/a@sha256:0", Some(&["127.0.0.1:5000/a", "127.0.0.1:5000"]));
        prefixes(
            Chart,
            "oci://ghcr.io/charts/web",
            Some(&["ghcr.io/charts/web", "ghcr.io/charts", "ghcr.io"]),
        );
        prefixes(Chart, "oci://registry/charts", Some(&["registry/charts", "registry"]));
        prefixes(Chart, "ghcr.io/charts/web", Some(&["ghcr.io/charts/web", "ghcr.io/charts", "ghcr.io"]));
        prefixes(SourceKind::Other("s3".into()), "oci://a.b/c", Some(&["a.b/c", "a.b"]));
    }

    #[test]
    fn a_url_outside_of_registries_has_no_prefix() {
        prefixes(SourceKind::Chart, "https://ghcr.io/charts", None);
        prefixes(SourceKind::Git, "https://ghcr.io/a/b.git", None);
        prefixes(SourceKind::Git, "git@ghcr.io:a/b.git", None);
        prefixes(SourceKind::Git, "oci://ghcr.io/a", None);
        prefixes(SourceKind::Other("s3".into()), "ghcr.io/a", None);
        prefixes(SourceKind::Image, "https://ghcr.io/a", None);
        prefixes(SourceKind::Image, "", None);
        prefixes(SourceKind::Image, "ghcr.io/", None);
    }

    #[test]
    fn keys_with_wildcards() {
        #[track_caller]
        fn check(key: &str, url: &str, expected: bool) {
            let repository = Repository::of(&SourceKind::Image, url).unwrap();
            assert_eq!(repository.matches_pattern(key), expected, "{key} {url}");
        }
        check("*.azurecr.io", "team.azurecr.io/web", true);
        check("*.azurecr.io", "azurecr.io/web", false);
        check("*.azurecr.io", "a.b.azurecr.io/web", false);
        check("*.azurecr.io", "team.azurecr.io:5000/web", false);
        check("*.azurecr.io:5000", "team.azurecr.io:5000/web", true);
        check("*.azurecr.io.evil.test", "team.azurecr.io/web", false);
        check("*.azurecr.io", "team.azurecr.io.evil.test/web", false);
        check("t*m.azurecr.io/apps", "team.azurecr.io/apps/web", true);
        check("t*m.azurecr.io/apps", "team.azurecr.io/apps-of-others/web", false);
        check("t??m*.azurecr.io", "team.azurecr.io/web", true);
        check("t?m.azurecr.io", "team.azurecr.io/web", false);
        check("*a*b*c.azurecr.io", "xaxbxbc.azurecr.io/web", true);
        check("team.azurecr.io", "team.azurecr.io/web", false);
        check("*", "nginx", false);
        check("*.*", "nginx", true);
    }

    #[track_caller]
    fn key(text: &str, prefix: &str, rank: u8) {
        assert_eq!(Key::parse(text), Some(Key { prefix: prefix.to_owned(), rank }), "{text}");
    }

    #[test]
    fn keys_have_many_forms() {
        key("ghcr.io", "ghcr.io", 1);
        key("ghcr.io/", "ghcr.io", 1);
        key("ghcr.io/v2/", "ghcr.io", 1);
        key("https://ghcr.io", "ghcr.io", 2);
        key("https://ghcr.io/v2/", "ghcr.io", 2);
        key("HTTP://GHCR.io/v1", "ghcr.io", 2);
        key("https://ghcr.io/team", "ghcr.io", 3);
        key("ghcr.io/team/app", "ghcr.io/team/app", 1);
        key("localhost:5000", "localhost:5000", 1);
        key("https://index.docker.io/v1/", "docker.io", 0);
        key("https://index.docker.io/v1/access-token", "docker.io", 3);
        key("registry-1.docker.io", "docker.io", 1);
        key("docker.io/team", "docker.io/team", 1);
        assert_eq!(Key::parse(""), None);
        assert_eq!(Key::parse("https:///v2"), None);
    }

    #[test]
    fn a_helper_gets_the_server_that_docker_login_stored() {
        let server =
            |url| Repository::of(&SourceKind::Image, url).map(|repository| repository.server().to_owned());
        assert_eq!(server("nginx").as_deref(), Some("https://index.docker.io/v1/"));
        assert_eq!(server("ghcr.io/a").as_deref(), Some("ghcr.io"));
        assert_eq!(server("localhost:5000/a").as_deref(), Some("localhost:5000"));
    }
}
