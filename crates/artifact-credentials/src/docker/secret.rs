//! Secrets of Kubernetes that hold docker's credentials.

use artifact_source::{Error, ErrorKind};
use serde_json::{Map, Value};

use super::DockerConfig;
use crate::kargo::{decode, documents, name_of};
use artifact_source::printable;

/// The types of such Secrets, and the key that holds the file. What `.dockercfg` holds is the `auths` of a `config.json`.
const TYPES: [(&str, &str); 2] =
    [("kubernetes.io/dockerconfigjson", ".dockerconfigjson"), ("kubernetes.io/dockercfg", ".dockercfg")];

/// A Secret of the type `kubernetes.io/dockerconfigjson` or `kubernetes.io/dockercfg`, as `imagePullSecrets` name it.
///
/// Kargo does not read such Secrets, so they are no part of [`KargoSecrets`](crate::KargoSecrets). They need no label. A credential helper
/// that one names is not started: only its `auths` count, as for Kubernetes.
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
    /// The Secrets of these types in a file of manifests, in the order of the file; everything else in it is passed over. One that cannot be
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

    /// What it holds; messages call it `Secret team/pull`.
    pub fn config(&self) -> &DockerConfig {
        &self.config
    }

    /// What it holds, as a source of credentials.
    pub fn into_config(self) -> DockerConfig {
        self.config
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
        (Some(_), _) => return Err(format!("has a `{key}` in `stringData` that is no text")),
        (None, Some(value)) => decode(value).map_err(|what| format!("has a `{key}` that {what}"))?,
        (None, None) => return Err(format!("has no `{key}`")),
    };
    if key != ".dockercfg" {
        return Ok(text);
    }
    let auths: Value = serde_json::from_slice(&text).map_err(|_| format!("has a `{key}` that is no JSON"))?;
    let config = Map::from_iter([("auths".to_owned(), auths)]);
    serde_json::to_vec(&config).map_err(|_| format!("has a `{key}` that is no JSON"))
}
