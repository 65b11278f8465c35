//! Object storage of clouds, through the crate `object_store`.

use std::sync::Arc;

use artifact_http::HttpService;
use artifact_source::{Error, ErrorKind};
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use object_store::path::Path as ObjectPath;
use object_store::{
    Attribute, Attributes, BackoffConfig, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, RetryConfig,
    UpdateVersion,
};
use std::time::Duration;

use super::http_service::{Connector, observed};
use super::limits::{MAX_OBJECT_BYTES, StoreLimits};
use super::object::{Condition, ConditionalPut, ListedObject, Object, ObjectStorage, PutOutcome, Version};
use super::url::{CloudScheme, StoreUrl, not_built};

#[derive(Debug)]
pub(super) struct CloudStorage {
    objects: Arc<dyn ObjectStore>,
    prefix: ObjectPath,
    conditional: ConditionalPut,
}

impl CloudStorage {
    pub(super) fn open(
        url: &StoreUrl,
        variables: &[(String, String)],
        service: Arc<dyn HttpService>,
        limits: StoreLimits,
    ) -> Result<Self, Error> {
        let StoreUrl::Cloud { scheme, bucket, prefix } = url else {
            return Err(Error::new(ErrorKind::Internal, "this is not the URL of a cloud"));
        };
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-._$".contains(letter);
        if !bucket.chars().all(is_part) {
            return Err(Error::new(ErrorKind::InvalidInput, "this cannot be the name of a bucket")
                .with_url(url.to_string()));
        }
        let prefix = ObjectPath::parse(prefix)
            .map_err(|_| Error::new(ErrorKind::InvalidInput, "this cannot be a folder in a bucket"))?;
        let retry = RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(250).min(limits.longest_backoff),
                max_backoff: limits.longest_backoff,
                base: 2.0,
            },
            max_retries: limits.attempts.saturating_sub(1),
            retry_timeout: limits.operation,
        };
        let credentials = match scheme {
            CloudScheme::S3 => {
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN, where there is one); of a profile, `aws configure \
                 export-credentials --format env` gives them"
            }
            CloudScheme::Gs => {
                "set GOOGLE_APPLICATION_CREDENTIALS to a file of credentials, or run `gcloud auth application-default login`"
            }
            CloudScheme::Az => {
                "set AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN, or AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET"
            }
        };
        let connector = Connector { credentials, service, stall: limits.stall, max_bytes: MAX_OBJECT_BYTES };
        let (objects, conditional) = match scheme {
            #[cfg(feature = "s3")]
            CloudScheme::S3 => s3::open(bucket, variables, connector, retry)?,
            #[cfg(feature = "gs")]
            CloudScheme::Gs => gs(bucket, variables, connector, retry)?,
            #[cfg(feature = "az")]
            CloudScheme::Az => az(bucket, variables, connector, retry)?,
            #[allow(unreachable_patterns, reason = "reachable where a cloud is not built in")]
            other => return Err(not_built(*other)),
        };
        Ok(Self { objects, prefix, conditional })
    }

    fn path(&self, name: &str) -> Result<ObjectPath, Error> {
        let text =
            if self.prefix.as_ref().is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) };
        ObjectPath::parse(text)
            .map_err(|_| Error::new(ErrorKind::InvalidInput, "this cannot be the name of an object"))
    }
}

type Opened = (Arc<dyn ObjectStore>, ConditionalPut);

/// The variables with these prefixes, as `object_store` names its settings.
fn settings<'v>(
    variables: &'v [(String, String)],
    prefixes: &'static [&'static str],
) -> impl Iterator<Item = (String, &'v String)> {
    let is_one = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
    variables
        .iter()
        .filter(move |(name, _)| is_one(name))
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
}

/// Settings that `object_store` refuses. Its text is shown unless it quotes a value, which may be a secret.
fn unusable(scheme: CloudScheme, error: &object_store::Error) -> Error {
    let text = error.to_string();
    let message = if text.contains(['"', '\'', '`']) || text.len() > 200 {
        format!("the settings of {}:// in the environment cannot be used", scheme.as_str())
    } else {
        format!("the settings of {}:// in the environment cannot be used: {text}", scheme.as_str())
    };
    Error::new(ErrorKind::InvalidInput, message)
        .with_hint("the docs of `Store::open` list the variables that are read: https://docs.rs/chart-release/latest/chart_release/store/struct.Store.html#method.open")
}

#[cfg(feature = "s3")]
mod s3 {
    use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
    use url::Url;

    use super::*;

    pub(super) fn open(
        bucket: &str,
        variables: &[(String, String)],
        connector: Connector,
        retry: RetryConfig,
    ) -> Result<Opened, Error> {
        let builder = settings(variables, &["AWS_"]).fold(AmazonS3Builder::new(), |builder, (key, value)| {
            match key.parse() {
                Ok(key) => builder.with_config(key, value),
                Err(_) => builder,
            }
        });
        let setting = |key| builder.get_config_value(&key);
        // These go into headers and URLs without a further look.
        for (key, variable) in [
            (AmazonS3ConfigKey::AccessKeyId, "AWS_ACCESS_KEY_ID"),
            (AmazonS3ConfigKey::Token, "AWS_SESSION_TOKEN"),
            (AmazonS3ConfigKey::Region, "AWS_REGION"),
        ] {
            let is_plain = |value: &str| value.chars().all(|letter| letter.is_ascii_graphic());
            if setting(key).is_some_and(|value| !is_plain(&value)) {
                return Err(Error::new(
                    ErrorKind::InvalidInput,
                    format!("{variable} holds a character that cannot be in it"),
                )
                .with_hint(format!("look for a space or a line end at the end of {variable}")));
            }
        }
        let endpoint =
            setting(AmazonS3ConfigKey::S3Endpoint).or_else(|| setting(AmazonS3ConfigKey::Endpoint));
        let host = match &endpoint {
            None => None,
            Some(endpoint) => {
                let url = Url::parse(endpoint).ok().filter(|url| {
                    matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty()
                });
                let url = url.ok_or_else(|| {
                    Error::new(ErrorKind::InvalidInput, "AWS_ENDPOINT_URL is not a URL without a credential")
                        .with_hint("set it to https://HOST")
                })?;
                url.host_str().map(str::to_owned)
            }
        };
        let conditional = match host.as_deref() {
            None => ConditionalPut::Supported,
            Some(host) if host.ends_with(".amazonaws.com") || host.ends_with(".r2.cloudflarestorage.com") => {
                ConditionalPut::Supported
            }
            Some(_) => ConditionalPut::Unknown,
        };
        // `DeleteObjects` is missing on some servers, and here objects are deleted one by one.
        let builder = builder.with_disable_bulk_delete(true);
        let built = builder.with_bucket_name(bucket).with_http_connector(connector).with_retry(retry).build();
        let store = built.map_err(|error| unusable(CloudScheme::S3, &error))?;
        Ok((Arc::new(store), conditional))
    }
}

#[cfg(feature = "gs")]
fn gs(
    bucket: &str,
    variables: &[(String, String)],
    connector: Connector,
    retry: RetryConfig,
) -> Result<Opened, Error> {
    let builder = object_store::gcp::GoogleCloudStorageBuilder::new();
    let builder =
        settings(variables, &["GOOGLE_", "SERVICE_ACCOUNT"]).fold(builder, |builder, (key, value)| match key
            .parse()
        {
            Ok(key) => builder.with_config(key, value),
            Err(_) => builder,
        });
    let built = builder.with_bucket_name(bucket).with_http_connector(connector).with_retry(retry).build();
    let store = built.map_err(|error| unusable(CloudScheme::Gs, &error))?;
    Ok((Arc::new(store), ConditionalPut::Supported))
}

#[cfg(feature = "az")]
fn az(
    bucket: &str,
    variables: &[(String, String)],
    connector: Connector,
    retry: RetryConfig,
) -> Result<Opened, Error> {
    let builder = object_store::azure::MicrosoftAzureBuilder::new();
    let builder = settings(variables, &["AZURE_", "IDENTITY_ENDPOINT", "MSI_ENDPOINT"]).fold(
        builder,
        |builder, (key, value)| match key.parse() {
            Ok(key) => builder.with_config(key, value),
            Err(_) => builder,
        },
    );
    let built = builder.with_container_name(bucket).with_http_connector(connector).with_retry(retry).build();
    let store = built.map_err(|error| unusable(CloudScheme::Az, &error))?;
    Ok((Arc::new(store), ConditionalPut::Supported))
}

#[async_trait]
impl ObjectStorage for CloudStorage {
    async fn get(&self, name: &str, max_bytes: u64) -> Result<Option<Object>, Error> {
        let path = self.path(name)?;
        let (answer, failure) = observed(async {
            let result = self.objects.get(&path).await?;
            let (meta, size) = (result.meta.clone(), result.meta.size);
            if size > max_bytes {
                return Ok((meta, None));
            }
            result.bytes().await.map(|bytes| (meta, Some(bytes)))
        })
        .await;
        match answer {
            Ok((meta, None)) => Err(Error::new(
                ErrorKind::TooLarge,
                format!("the object has {} bytes, more than {max_bytes}", meta.size),
            )),
            Ok((meta, Some(bytes))) if bytes.len() as u64 != meta.size => {
                Err(Error::new(ErrorKind::BadAnswer, "the object ended early").with_transient(true))
            }
            Ok((meta, Some(bytes))) => {
                Ok(Some(Object { bytes, version: version(meta.e_tag.as_deref(), meta.version.as_deref()) }))
            }
            Err(object_store::Error::NotFound { .. }) => match failure {
                // Only the store's own word for it: a proxy that answers 404 knows nothing of objects.
                Some(failure) if is_no_object(&failure) => Ok(None),
                failure => Err(failure.unwrap_or_else(|| Error::new(ErrorKind::NotFound, "the store refused"))
                    .with_hint("the answer does not say that the object does not exist: look at the URL and the endpoint of the store")),
            },
            Err(error) => Err(explain(&error, failure, "read")),
        }
    }

    async fn put(&self, name: &str, body: Bytes, condition: Condition) -> Result<PutOutcome, Error> {
        let path = self.path(name)?;
        let mode = match &condition {
            Condition::Always => PutMode::Overwrite,
            Condition::Absent => PutMode::Create,
            Condition::Matches(version) => PutMode::Update(update_version(version)),
        };
        let options = PutOptions { mode, attributes: attributes(name), ..PutOptions::default() };
        let (answer, failure) = observed(self.objects.put_opts(&path, body.into(), options)).await;
        match answer {
            Ok(_) => Ok(PutOutcome::Written),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. })
                if condition != Condition::Always =>
            {
                Ok(PutOutcome::ConditionFailed)
            }
            Err(error) => Err(explain(&error, failure, "written")),
        }
    }

    async fn list(&self, folder: &str) -> Result<Vec<ListedObject>, Error> {
        let path = if folder.is_empty() { self.prefix.clone() } else { self.path(folder)? };
        let (answer, failure) = observed(self.objects.list_with_delimiter(Some(&path))).await;
        let listed = answer.map_err(|error| explain(&error, failure, "listed"))?;
        let objects = listed.objects.into_iter().filter_map(|object| {
            let name = object.location.filename()?.to_owned();
            let modified = Timestamp::from_millisecond(object.last_modified.timestamp_millis()).ok();
            Some(ListedObject { name, size: object.size, modified })
        });
        Ok(objects.collect())
    }

    async fn delete(&self, name: &str) -> Result<(), Error> {
        let path = self.path(name)?;
        let (answer, failure) = observed(self.objects.delete(&path)).await;
        match answer {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(explain(&error, failure, "deleted")),
        }
    }

    fn conditional_put(&self) -> ConditionalPut {
        self.conditional
    }

    fn has_own_clock(&self) -> bool {
        true
    }
}

/// Whether the store says that there is no such object, and not that there is no such bucket.
fn is_no_object(failure: &Error) -> bool {
    failure.status() == Some(404) && matches!(failure.code(), Some("NoSuchKey" | "BlobNotFound"))
}

/// An `ETag` and a generation in one text.
fn version(e_tag: Option<&str>, generation: Option<&str>) -> Version {
    Version::new(format!("{}\n{}", e_tag.unwrap_or_default(), generation.unwrap_or_default()))
}

fn update_version(version: &Version) -> UpdateVersion {
    let (e_tag, generation) = version.as_str().split_once('\n').unwrap_or((version.as_str(), ""));
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    UpdateVersion { e_tag: given(e_tag), version: given(generation) }
}

/// What browsers and caches are told. An index is asked for anew each time: Google's stores let public objects be an hour old otherwise.
fn attributes(name: &str) -> Attributes {
    let kind = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("tgz") => "application/gzip",
        Some("yaml") => "application/yaml",
        _ => "text/plain",
    };
    let mut attributes = Attributes::from_iter([(Attribute::ContentType, kind)]);
    if name.ends_with(".yaml") {
        attributes.insert(Attribute::CacheControl, "no-cache".into());
    }
    attributes
}

/// The error in our words. That of `object_store` may hold URLs and bodies, so only its kind is taken.
fn explain(error: &object_store::Error, failure: Option<Error>, what: &str) -> Error {
    if let Some(failure) = failure {
        return failure;
    }
    if matches!(error, object_store::Error::NotImplemented { .. }) {
        return Error::new(ErrorKind::Refused, "the settings switch conditional puts off").with_status(501);
    }
    Error::new(
        ErrorKind::BadAnswer,
        format!("the object was not {what}: the answer of the store is not understood"),
    )
    .with_hint("look at the endpoint of the store")
}
