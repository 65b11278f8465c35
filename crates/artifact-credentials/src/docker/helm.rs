//! The file of `helm registry login`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact_http::{CredentialRequest, CredentialSource, Login};
use artifact_source::{Error, SourceKind};
use async_trait::async_trait;

use super::DockerConfig;

/// Where Helm keeps the credentials of registries, from values that a program has in its environment. This library does not read the environment
/// on its own.
///
/// ```
/// use artifact_credentials::HelmPaths;
///
/// let paths = HelmPaths { home: Some("/home/me".into()), ..HelmPaths::default() };
/// if cfg!(target_os = "linux") {
///     assert_eq!(paths.file().unwrap().to_str(), Some("/home/me/.config/helm/registry/config.json"));
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HelmPaths {
    /// `HELM_REGISTRY_CONFIG`: the file itself.
    pub registry_config: Option<PathBuf>,
    /// `HELM_CONFIG_HOME`: Helm's folder.
    pub helm_config_home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`: the folder above it, on every system.
    pub config_home: Option<PathBuf>,
    /// The folder above it on Windows: `APPDATA`.
    pub app_data: Option<PathBuf>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
}

impl HelmPaths {
    /// The file that Helm reads and writes, as [Helm decides](https://helm.sh/docs/helm/helm/): `HELM_REGISTRY_CONFIG`; or else
    /// `registry/config.json` in `HELM_CONFIG_HOME`, in `helm` below `XDG_CONFIG_HOME`, or in the folder of the system (`~/.config/helm`,
    /// `~/Library/Preferences/helm`, `%APPDATA%\\helm`). Values that are empty count as not set.
    pub fn file(&self) -> Option<PathBuf> {
        let set = |value: &Option<PathBuf>| value.clone().filter(|path| !path.as_os_str().is_empty());
        if let Some(file) = set(&self.registry_config) {
            return Some(file);
        }
        let system = || {
            if cfg!(windows) {
                set(&self.app_data)
            } else {
                let below = if cfg!(target_os = "macos") { "Library/Preferences" } else { ".config" };
                set(&self.home).map(|home| home.join(below))
            }
        };
        let folder = set(&self.helm_config_home)
            .or_else(|| set(&self.config_home).or_else(system).map(|folder| folder.join("helm")))?;
        Some(folder.join("registry/config.json"))
    }
}

/// What `helm registry login` wrote: credentials for charts in registries, and for nothing else.
///
/// The file has the form of docker's `config.json`, and entries are found in it [as there](DockerConfig).
#[derive(Clone, Debug)]
pub struct HelmRegistryConfig(Arc<DockerConfig>);

impl HelmRegistryConfig {
    /// The credentials of this file, whatever it is for.
    pub fn new(file: DockerConfig) -> Self {
        Self(Arc::new(file))
    }

    /// Reads Helm's file, if it is there.
    ///
    /// # Errors
    ///
    /// As [`DockerConfig::from_file`].
    pub fn from_paths(paths: &HelmPaths) -> Result<Option<Self>, Error> {
        let file = paths.file().filter(|file| Path::is_file(file));
        let shown = |file: &Path| match paths.home.as_deref().and_then(|home| file.strip_prefix(home).ok()) {
            Some(below) => Path::new("~").join(below).display().to_string(),
            None => file.display().to_string(),
        };
        file.map(|file| DockerConfig::read(&file, &shown(&file)).map(Self::new)).transpose()
    }
}

#[async_trait]
impl CredentialSource for HelmRegistryConfig {
    async fn credential(&self, request: &CredentialRequest<'_>) -> Result<Option<Login>, Error> {
        match request.kind {
            SourceKind::Chart => self.0.credential(request).await,
            _ => Ok(None),
        }
    }

    fn hint(&self, request: &CredentialRequest<'_>) -> Option<String> {
        match request.kind {
            SourceKind::Chart => self.0.hint(request),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_variables() {
        let some = |path: &str| Some(PathBuf::from(path));
        let all = HelmPaths {
            registry_config: some("/r.json"),
            helm_config_home: some("/helm"),
            config_home: some("/xdg"),
            app_data: None,
            home: some("/h"),
        };
        let file = |paths: &HelmPaths| paths.file().map(|file| file.display().to_string());
        assert_eq!(file(&all).as_deref(), Some("/r.json"));
        let paths = HelmPaths { registry_config: some(""), ..all };
        assert_eq!(file(&paths).as_deref(), Some("/helm/registry/config.json"));
        let paths = HelmPaths { helm_config_home: None, ..paths };
        assert_eq!(file(&paths).as_deref(), Some("/xdg/helm/registry/config.json"));
        assert_eq!(HelmPaths::default().file(), None);
    }

    #[tokio::test]
    async fn it_is_for_charts_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        std::fs::write(&file, r#"{"auths": {"ghcr.io": {"auth": "bWU6aHVudGVyMg=="}}}"#).unwrap();
        let paths = HelmPaths { registry_config: Some(file), ..HelmPaths::default() };
        let config = HelmRegistryConfig::from_paths(&paths).unwrap().unwrap();
        let (chart, image) = (SourceKind::Chart, SourceKind::Image);
        let [chart, image] = [&chart, &image].map(|kind| CredentialRequest::new(kind, "ghcr.io/example/web"));
        assert!(config.credential(&chart).await.unwrap().is_some());
        assert!(config.credential(&image).await.unwrap().is_none());
        assert_eq!(config.hint(&image), None);
    }
}
