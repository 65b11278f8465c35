//! Where Docker and Podman keep their files.

use std::path::PathBuf;

/// Where Docker and Podman keep their files, from values that a program has in its environment. This library does not read
/// the environment on its own. (`DOCKER_AUTH_CONFIG` is no place: it is the text of a file, for
/// [`DockerConfig::from_slice`](crate::DockerConfig::from_slice), which counts before these files, as for docker.)
///
/// ```
/// use artifact_credentials::StandardPlaces;
///
/// let places = StandardPlaces {
///     docker_config: std::env::var_os("DOCKER_CONFIG").map(Into::into),
///     registry_auth_file: std::env::var_os("REGISTRY_AUTH_FILE").map(Into::into),
///     runtime_dir: std::env::var_os("XDG_RUNTIME_DIR").map(Into::into),
///     config_home: std::env::var_os("XDG_CONFIG_HOME").map(Into::into),
///     home: std::env::home_dir(),
/// };
/// for file in places.files() {
///     println!("{}", file.display());
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StandardPlaces {
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

impl StandardPlaces {
    /// The files to read, whether they are there or not, the one that counts most first.
    ///
    /// A `DOCKER_CONFIG` is the only place where it is set, and a `REGISTRY_AUTH_FILE` after it: whoever sets one
    /// wants no other. Otherwise `~/.docker/config.json`, and then Podman's `auth.json` in the runtime folder and in
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(places: StandardPlaces, expected: &[&str]) {
        let expected: Vec<_> = expected.iter().map(PathBuf::from).collect();
        assert_eq!(places.files(), expected);
    }

    #[test]
    fn an_explicit_place_is_the_only_one() {
        let some = |path: &str| Some(PathBuf::from(path));
        let usual = StandardPlaces { home: some("/h"), runtime_dir: some("/r"), ..Default::default() };
        let docker = "/h/.docker/config.json";
        check(usual.clone(), &[docker, "/r/containers/auth.json", "/h/.config/containers/auth.json"]);
        check(StandardPlaces { registry_auth_file: some("/a.json"), ..usual.clone() }, &["/a.json"]);
        let both = StandardPlaces {
            registry_auth_file: some("/a.json"),
            docker_config: some("/d"),
            ..usual.clone()
        };
        check(both, &["/d/config.json"]);
        let empty = StandardPlaces { docker_config: some(""), config_home: some("/c"), ..usual };
        check(empty, &[docker, "/r/containers/auth.json", "/c/containers/auth.json"]);
        check(StandardPlaces::default(), &[]);
    }
}
