//! Docker's `config.json` with its credential helpers, where such files are, and Secrets that hold one.

mod file;
mod helm;
mod helper;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, fs};

use artifact_http::{Credential, CredentialRequest, CredentialSource, Login};
use artifact_source::{Error, ErrorKind, printable};
use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::kargo::{decode, documents, name_of};
pub use helm::{HelmPaths, HelmRegistryConfig};

use file::{EntryLogin, File, Helper, MAX_FILE_BYTES, Repository};
use helper::{Answer, AnswerCache, HelperRequest};

/// Docker's `config.json` or Podman's `auth.json`, and the credential helpers that it names.
///
/// It has credentials for images and for charts in registries, never for Git repositories or classic chart repositories. Every tenant gets
/// them, also for a server whose certificate is not checked, so a program with several tenants uses none, or wraps it in a
/// source that looks at the [tenant](CredentialRequest::tenant).
///
/// ```
/// use artifact_credentials::DockerConfig;
/// use artifact_http::{CredentialRequest, CredentialSource};
/// use artifact_source::SourceKind;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let text = br#"{"auths": {"https://ghcr.io/v2/": {"auth": "bWU6aHVudGVyMg=="}}}"#;
/// let config = DockerConfig::from_slice(text, "config.json")?;
///
/// let request = CredentialRequest::new(&SourceKind::Image, "ghcr.io/example/app");
/// let login = config.credential(&request).await?.unwrap();
/// assert_eq!(login.to_string(), "me of config.json");
///
/// let request = CredentialRequest::new(&SourceKind::Image, "quay.io/example/app");
/// assert!(config.credential(&request).await?.is_none());
/// assert_eq!(config.hint(&request).unwrap(), "config.json has nothing for quay.io, only for ghcr.io");
/// # Ok::<(), artifact_source::Error>(())
/// # }).unwrap();
/// ```
///
/// # Which entry is used for a repository
///
/// 1. The helper that `credHelpers` names for its host (the empty string: none), or else the one of `credsStore`.
/// 2. If the helper has nothing, or there is none, the most specific entry of `auths`: `host/namespace/repository`,
///    `host/namespace`, `host`. A key may be a URL (`https://ghcr.io/v2/`), which means its host alone. Docker
///    Hub may be called `docker.io`, `index.docker.io`, `registry-1.docker.io` or `https://index.docker.io/v1/`. Of two keys with
///    the same meaning the last of these takes precedence, then the one without a scheme; an empty entry is ignored.
///    A key whose host has wildcards (`*.azurecr.io`, as Kubernetes allows) is used where no other matches.
/// 3. In an entry a `registrytoken` takes precedence over an `identitytoken`, that over `auth`, and that over `username` and
///    `password`.
///
/// Docker itself reads `auths` only where there is no helper, and does not support namespaces; Podman does not support `credsStore`.
///
/// # Helpers
///
/// `docker-credential-NAME get` is started with the server's name on its standard input, with the environment of this process,
/// which holds the identity for helpers of clouds. It is searched in the process's `PATH`,
/// or in the folders of [`helper_path`](Self::helper_path). A NAME that is not a plain name is refused.
///
/// - A helper has [10 seconds](Self::helper_deadline). Then it is killed, on Unix with all processes that it started. Dropping the future
///   kills it, too. Its answer may have 64 KiB.
/// - Its answer is cached for [5 minutes](Self::remember), also that it has nothing; a failure for 30 seconds. Concurrent lookups for
///   the same server wait for the same process.
/// - Its answer is complete when it exits. A process that it leaves behind is not waited for.
/// - "credentials not found in native keychain" on its standard output means that it has none. Everything else that is not a
///   credential is an error with the helper's name, its exit status, whether it wrote anything, and how to run it by hand. Its output
///   is not shown, because it may hold a secret.
/// - A program of `credsStore` that is not there is an error only if `auths` says that it keeps the credential, which
///   is what Docker's marker, an empty entry, is for. A config that was copied from another machine
///   therefore causes no error; the [hint](CredentialSource::hint) mentions the program.
pub struct DockerConfig {
    name: Arc<str>,
    file: File,
    folders: Option<Vec<PathBuf>>,
    deadline: Duration,
    keep: Duration,
    cache: AnswerCache,
}

impl DockerConfig {
    /// Reads a file, once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for a file that cannot be read, is not valid JSON, or holds something else where
    /// `auths`, `credHelpers` or `credsStore` should be; [`ErrorKind::TooLarge`] beyond 4 MiB. An entry of `auths` that makes no
    /// sense is an error only when its registry is looked up.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        Self::read(path, &path.display().to_string())
    }

    /// Reads those of the [standard files](StandardPaths::files) that are there, the one that counts most first: a
    /// [`Chain`](crate::Chain) can be collected of them. In messages they are `~/.docker/config.json` and the like.
    ///
    /// # Errors
    ///
    /// As [`from_file`](Self::from_file), for the first file that is there and cannot be used.
    pub fn from_standard_paths(paths: &StandardPaths) -> Result<Vec<Self>, Error> {
        let is_there = |path: &PathBuf| fs::metadata(path).is_ok_and(|file| file.is_file());
        let name = |path: &Path| match paths.home.as_ref().and_then(|home| path.strip_prefix(home).ok()) {
            Some(below) if paths.home.as_ref().is_some_and(|home| home.parent().is_some()) => {
                Path::new("~").join(below).display().to_string()
            }
            _ => path.display().to_string(),
        };
        let files = paths.files().into_iter().filter(is_there);
        files.map(|path| Self::read(&path, &name(&path))).collect()
    }

    fn read(path: &Path, name: &str) -> Result<Self, Error> {
        let read = || {
            let mut text = Vec::new();
            fs::File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut text)?;
            Ok(text)
        };
        let text = read().map_err(|error: std::io::Error| {
            Error::new(ErrorKind::InvalidInput, format!("{name} could not be read")).with_cause(error)
        })?;
        Self::from_slice(&text, name)
    }

    /// Reads the text of a file; `name` is what messages call it. An empty text is an empty file.
    ///
    /// # Errors
    ///
    /// As [`from_file`](Self::from_file).
    pub fn from_slice(text: &[u8], name: &str) -> Result<Self, Error> {
        Ok(Self {
            name: name.into(),
            file: File::parse(text, name)?,
            folders: None,
            deadline: Duration::from_secs(10),
            keep: Duration::from_secs(300),
            cache: AnswerCache::default(),
        })
    }

    /// The same with its `auths` alone.
    fn without_helpers(mut self) -> Self {
        self.file.helpers.clear();
        self.file.store = None;
        self
    }

    /// Searches helpers in these folders only. Defaults to the process's `PATH`.
    #[must_use]
    pub fn helper_path(mut self, folders: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        self.folders = Some(folders.into_iter().map(Into::into).collect());
        self
    }

    /// The time limit of a helper. Defaults to 10 seconds.
    #[must_use]
    pub fn helper_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long an answer of a helper is cached. Defaults to 5 minutes.
    #[must_use]
    pub fn remember(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// The name of the file in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where a credential was found, with a note about a likely mistake, which is shown if the server refuses it.
    fn found(&self, credential: &Credential) -> Arc<str> {
        match credential {
            Credential::Password { password, .. } if password.expose().ends_with(['\n', '\r']) => {
                format!("{} (its password ends in a line break: `echo -n` writes none)", self.name).into()
            }
            _ => Arc::clone(&self.name),
        }
    }

    /// The helper for a host.
    fn helper(&self, host: &str) -> Option<(&Helper, HelperField)> {
        match self.file.helpers.get(host) {
            Some(helper) => Some((helper.as_ref()?, HelperField::ForHost)),
            None => Some((self.file.store.as_ref()?, HelperField::AsStore)),
        }
    }

    /// The entry of `auths` with its key: the longest key whose entry is not empty. Keys with wildcards come last.
    fn entry(&self, repository: &Repository) -> Option<(&str, &EntryLogin)> {
        let exact = repository.prefixes().filter_map(|prefix| self.file.entries.get(prefix));
        let mut patterns: Vec<_> =
            self.file.entries.iter().filter(|(prefix, _)| repository.matches_pattern(prefix)).collect();
        patterns.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        let entries = exact.chain(patterns.into_iter().map(|(_, entry)| entry));
        let mut entries = entries.map(|entry| (entry.key.as_str(), &entry.login));
        let is_filled = |(_, login): &(&str, &EntryLogin)| !matches!(login, EntryLogin::Empty);
        let first = entries.next()?;
        if is_filled(&first) { Some(first) } else { Some(entries.find(is_filled).unwrap_or(first)) }
    }

    async fn ask(
        &self,
        helper: &Helper,
        field: HelperField,
        repository: &Repository,
    ) -> Result<Option<Login>, Error> {
        let Some(program) = helper.program() else {
            let message =
                format!("{} names a credential helper that is not a plain name: {:?}", self.name, helper.0);
            let hint = "a helper is named by what follows docker-credential-, such as pass or ecr-login";
            return Err(Error::new(ErrorKind::InvalidInput, message).with_hint(hint));
        };
        let server = repository.server();
        let request = HelperRequest {
            program: &program,
            server,
            folders: self.folders.as_deref(),
            deadline: self.deadline,
        };
        match self.cache.get_or_run(&program, server, self.keep, request.run()).await? {
            Answer::Found(credential) => Ok(Some(Login::new(credential, format!("{program} for {server}")))),
            Answer::None => Ok(None),
            Answer::Absent => {
                let entry = self.entry(repository);
                let is_kept = match field {
                    HelperField::ForHost => true,
                    HelperField::AsStore => matches!(entry, Some((_, EntryLogin::Empty))),
                };
                if !is_kept || matches!(entry, Some((_, EntryLogin::Credential(_)))) {
                    return Ok(None);
                }
                let message = format!("{program}, which {} names in `{field}`, was not found", self.name);
                let hint = format!("install {program}, or remove it from {}", self.name);
                Err(Error::new(ErrorKind::InvalidInput, message).with_hint(hint))
            }
        }
    }
}

/// The field of the file that names a helper.
#[derive(Clone, Copy, Debug)]
enum HelperField {
    ForHost,
    AsStore,
}

impl fmt::Display for HelperField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ForHost => "credHelpers",
            Self::AsStore => "credsStore",
        })
    }
}

#[async_trait]
impl CredentialSource for DockerConfig {
    async fn credential(&self, request: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
        let Some(repository) = Repository::of(request.kind, request.url) else { return Ok(None) };
        if let Some((helper, field)) = self.helper(&repository.host)
            && let Some(login) = self.ask(helper, field, &repository).await?
        {
            return Ok(Some(login));
        }
        match self.entry(&repository) {
            None | Some((_, EntryLogin::Empty)) => Ok(None),
            Some((_, EntryLogin::Credential(credential))) => {
                Ok(Some(Login::new(credential.clone(), self.found(credential))))
            }
            Some((key, EntryLogin::Broken(what))) => {
                let message = format!("the entry {key:?} of {} cannot be used: {what}", self.name);
                let hint = format!("log in to {} again", repository.host);
                Err(Error::new(ErrorKind::InvalidInput, message).with_hint(hint))
            }
        }
    }

    fn hint(&self, request: &CredentialRequest<'_>) -> Option<String> {
        let repository = Repository::of(request.kind, request.url)?;
        let (name, host) = (&self.name, &repository.host);
        if let Some((helper, field)) = self.helper(host) {
            let program = helper.program()?;
            return Some(if self.cache.is_absent(&program, repository.server()) {
                format!("{program}, which {name} names in `{field}`, was not found")
            } else {
                format!("{program} has nothing for {}", repository.server())
            });
        }
        let mut known =
            self.file.entries.iter().filter(|(_, entry)| !matches!(entry.login, EntryLogin::Empty));
        let first: Vec<_> = known.by_ref().take(3).map(|(prefix, _)| prefix.as_str()).collect();
        Some(printable(&match (first.as_slice(), known.count()) {
            ([], _) => format!("{name} has no credentials"),
            (first, 0) => format!("{name} has nothing for {host}, only for {}", first.join(", ")),
            (first, more) => {
                format!("{name} has nothing for {host}, only for {} and {more} others", first.join(", "))
            }
        }))
    }
}

impl fmt::Debug for DockerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DockerConfig")
            .field("name", &self.name)
            .field("file", &self.file)
            .field("helper_path", &self.folders)
            .field("helper_deadline", &self.deadline)
            .field("remember", &self.keep)
            .finish_non_exhaustive()
    }
}

/// Where Docker and Podman keep their files, from values that a program has in its environment. This library does not read
/// the environment on its own. (`DOCKER_AUTH_CONFIG` is not a path but the text of a file, for
/// [`DockerConfig::from_slice`], which takes precedence over these files, as in docker.)
///
/// ```
/// use artifact_credentials::StandardPaths;
///
/// let paths = StandardPaths {
///     docker_config: std::env::var_os("DOCKER_CONFIG").map(Into::into),
///     registry_auth_file: std::env::var_os("REGISTRY_AUTH_FILE").map(Into::into),
///     runtime_dir: std::env::var_os("XDG_RUNTIME_DIR").map(Into::into),
///     config_home: std::env::var_os("XDG_CONFIG_HOME").map(Into::into),
///     home: std::env::home_dir(),
/// };
/// for file in paths.files() {
///     println!("{}", file.display());
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StandardPaths {
    /// `DOCKER_CONFIG`: the folder of docker's `config.json`.
    pub docker_config: Option<PathBuf>,
    /// `REGISTRY_AUTH_FILE`: Podman's file.
    pub registry_auth_file: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub runtime_dir: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`.
    pub config_home: Option<PathBuf>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
}

impl StandardPaths {
    /// The files to read, whether they are there or not, the one that counts most first.
    ///
    /// If `DOCKER_CONFIG` is set, its file is the only one; otherwise, if `REGISTRY_AUTH_FILE` is set, that one. Otherwise `~/.docker/config.json`, and then Podman's `auth.json` in the runtime folder and in
    /// `~/.config/containers`. Values that are empty count as not set.
    pub fn files(&self) -> Vec<PathBuf> {
        let set = |value: &Option<PathBuf>| value.clone().filter(|path| !path.as_os_str().is_empty());
        if let Some(folder) = set(&self.docker_config) {
            return vec![folder.join("config.json")];
        }
        if let Some(file) = set(&self.registry_auth_file) {
            return vec![file];
        }
        let home = set(&self.home);
        let config = set(&self.config_home).or_else(|| home.as_ref().map(|home| home.join(".config")));
        let folders = [
            home.map(|home| home.join(".docker/config.json")),
            set(&self.runtime_dir).map(|folder| folder.join("containers/auth.json")),
            config.map(|folder| folder.join("containers/auth.json")),
        ];
        folders.into_iter().flatten().collect()
    }
}

/// The types of such Secrets, and the key that holds the file. What `.dockercfg` holds is the `auths` of a `config.json`.
const TYPES: [(&str, &str); 2] =
    [("kubernetes.io/dockerconfigjson", ".dockerconfigjson"), ("kubernetes.io/dockercfg", ".dockercfg")];

/// A Secret of the type `kubernetes.io/dockerconfigjson` or `kubernetes.io/dockercfg`, as `imagePullSecrets` name it.
///
/// Kargo does not read such Secrets, so they are not part of [`KargoSecrets`](crate::KargoSecrets). They need no label. A credential helper
/// that one names is not started: only its `auths` count, as for Kubernetes.
///
/// It is a source of credentials for the tenant of its namespace alone, and where it has no namespace for requests without a tenant.
///
/// ```
/// use artifact_credentials::DockerSecret;
///
/// let text = r#"
/// kind: Secret
/// type: kubernetes.io/dockerconfigjson
/// metadata: {name: pull, namespace: team}
/// stringData: {.dockerconfigjson: '{"auths": {"ghcr.io": {"auth": "bWU6aHVudGVyMg=="}}}'}
/// "#;
/// let secrets = DockerSecret::from_yaml(text, "secrets.yaml")?;
/// let secret = secrets.into_iter().next().unwrap()?;
/// assert_eq!((secret.namespace(), secret.config().name()), ("team", "Secret team/pull"));
/// # Ok::<(), artifact_source::Error>(())
/// ```
#[derive(Debug)]
pub struct DockerSecret {
    namespace: String,
    config: DockerConfig,
}

impl DockerSecret {
    /// The Secrets of these types in a file of manifests, in the order of the file; everything else in it is ignored. One that cannot be
    /// used is an error of its own: [`ErrorKind::InvalidInput`] or [`ErrorKind::TooLarge`].
    ///
    /// # Errors
    ///
    /// As [`KargoSecret::from_yaml`](crate::KargoSecret::from_yaml).
    pub fn from_yaml(text: &str, file: &str) -> Result<Vec<Result<Self, Error>>, Error> {
        let mut secrets = Vec::new();
        documents(text, file, &mut |document| secrets.extend(read(document)))?;
        Ok(secrets)
    }

    /// The namespace it is in; empty where the manifest names none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its content; messages call it `Secret team/pull`.
    pub fn config(&self) -> &DockerConfig {
        &self.config
    }

    /// Its content, as a source of credentials that no longer knows the namespace: every tenant gets them.
    pub fn into_config(self) -> DockerConfig {
        self.config
    }
}

impl DockerSecret {
    fn is_for(&self, request: &CredentialRequest<'_>) -> bool {
        request.tenant.name().unwrap_or_default() == self.namespace
    }
}

#[async_trait]
impl CredentialSource for DockerSecret {
    async fn credential(&self, request: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
        if self.is_for(request) { self.config.credential(request).await } else { Ok(None) }
    }

    fn hint(&self, request: &CredentialRequest<'_>) -> Option<String> {
        if self.is_for(request) { self.config.hint(request) } else { None }
    }
}

fn read(document: &Value) -> Option<Result<DockerSecret, Error>> {
    let text = document.get("type").and_then(Value::as_str)?;
    let (_, key) = TYPES.into_iter().find(|(known, _)| *known == text)?;
    let (namespace, name) = name_of(document);
    let called = match namespace.as_str() {
        "" => format!("Secret {}", printable(&name)),
        namespace => format!("Secret {}/{}", printable(namespace), printable(&name)),
    };
    let config = value(document, key)
        .map_err(|what| {
            let hint = format!("`kubectl create secret docker-registry` writes `{key}` in the right form");
            Error::new(ErrorKind::InvalidInput, format!("{called} {what}")).with_hint(hint)
        })
        .and_then(|text| DockerConfig::from_slice(&text, &called))
        .map(DockerConfig::without_helpers);
    Some(config.map(|config| DockerSecret { namespace, config }))
}

/// The text of a `config.json`.
fn value(document: &Value, key: &'static str) -> Result<Vec<u8>, String> {
    let given = |field: &str| document.get(field).and_then(|fields| fields.get(key));
    let text = match (given("stringData"), given("data")) {
        (Some(Value::String(text)), _) => text.clone().into_bytes(),
        (Some(_), _) => return Err(format!("has a `{key}` in `stringData` that is not text")),
        (None, Some(value)) => decode(value).map_err(|what| format!("has a `{key}` that {what}"))?,
        (None, None) => return Err(format!("has no `{key}`")),
    };
    if key != ".dockercfg" {
        return Ok(text);
    }
    let auths: Value =
        serde_json::from_slice(&text).map_err(|_| format!("has a `{key}` that is not valid JSON"))?;
    let config = Map::from_iter([("auths".to_owned(), auths)]);
    serde_json::to_vec(&config).map_err(|_| format!("has a `{key}` that is not valid JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(paths: StandardPaths, expected: &[&str]) {
        let expected: Vec<_> = expected.iter().map(PathBuf::from).collect();
        assert_eq!(paths.files(), expected);
    }

    #[test]
    fn an_explicit_path_is_the_only_one() {
        let some = |path: &str| Some(PathBuf::from(path));
        let usual = StandardPaths { home: some("/h"), runtime_dir: some("/r"), ..Default::default() };
        let docker = "/h/.docker/config.json";
        check(usual.clone(), &[docker, "/r/containers/auth.json", "/h/.config/containers/auth.json"]);
        check(StandardPaths { registry_auth_file: some("/a.json"), ..usual.clone() }, &["/a.json"]);
        let both =
            StandardPaths { registry_auth_file: some("/a.json"), docker_config: some("/d"), ..usual.clone() };
        check(both, &["/d/config.json"]);
        let empty = StandardPaths { docker_config: some(""), config_home: some("/c"), ..usual };
        check(empty, &[docker, "/r/containers/auth.json", "/c/containers/auth.json"]);
        check(StandardPaths::default(), &[]);
    }
}
