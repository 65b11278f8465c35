//! The URLs of stores.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use artifact_source::{Error, ErrorKind};

use super::credential;

/// The URL of a store, taken apart. `Display` gives it back, in its normal form; it never holds a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreUrl {
    /// `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`, `az://CONTAINER/PREFIX`.
    Cloud {
        /// Whose.
        scheme: CloudScheme,
        /// The bucket or container.
        bucket: String,
        /// The folder in it, without slashes at its ends; may be empty.
        prefix: String,
    },
    /// `file:///PATH`.
    File {
        /// The folder.
        path: PathBuf,
    },
    /// `rclone:REMOTE[:path]`.
    Rclone {
        /// The remote and the path as rclone takes them: `backup:bucket/charts`.
        remote: String,
    },
}

/// Whose object storage it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloudScheme {
    /// Amazon S3 and what speaks its protocol.
    S3,
    /// Google Cloud Storage.
    Gs,
    /// Azure Blob Storage.
    Az,
}

impl CloudScheme {
    /// The scheme of its URLs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Gs => "gs",
            Self::Az => "az",
        }
    }
}

const KNOWN: &str =
    "use s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX, file:///PATH or rclone:REMOTE:PATH";

impl FromStr for StoreUrl {
    type Err = Error;

    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for what is not such a URL; the message shows no credential.
    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if let Some(remote) = text.strip_prefix("rclone:") {
            return rclone(remote);
        }
        let url =
            url::Url::parse(text).map_err(|_| invalid("this is not the URL of a store").with_hint(KNOWN))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("the URL of a store must not hold a credential")
                .with_hint("set it in the environment, as the tools of the cloud have it"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("the URL of a store has neither `?` nor `#`").with_hint(KNOWN));
        }
        let scheme = match url.scheme() {
            "file" => {
                let path = url.to_file_path().map_err(|()| {
                    invalid("the URL of a folder has three slashes and an absolute path")
                        .with_hint("use file:///PATH")
                })?;
                return Ok(Self::File { path });
            }
            "s3" => CloudScheme::S3,
            "gs" => CloudScheme::Gs,
            "az" => CloudScheme::Az,
            other => {
                let other = artifact_source::printable(other);
                return Err(invalid(&format!("there is no store for `{other}://`")).with_hint(KNOWN));
            }
        };
        let bucket = url.host_str().unwrap_or_default();
        if bucket.is_empty() || url.port().is_some() {
            return Err(invalid("the URL names no bucket, or a port").with_hint(KNOWN));
        }
        let prefix = url.path().trim_matches('/');
        if !prefix.is_empty() {
            super::access::check_name(prefix)?;
        }
        Ok(Self::Cloud { scheme, bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

/// A remote, with `:` at its end if it is a name alone. A path without a remote would be a folder of this machine, by accident.
fn rclone(remote: &str) -> Result<StoreUrl, Error> {
    let hint = "use rclone:REMOTE or rclone:REMOTE:PATH, with the name that `rclone listremotes` shows";
    if remote.is_empty() || remote.starts_with(['-', '/', '.']) || remote.chars().any(char::is_control) {
        return Err(invalid("`rclone:` is followed by the name of a remote").with_hint(hint));
    }
    if credential::in_connection_string(remote) {
        return Err(invalid("the remote holds a credential, which other users of this machine could read").with_hint(
            "name a remote of rclone's configuration, or set RCLONE_CONFIG_NAME_OPTION in the environment",
        ));
    }
    let body = remote.strip_prefix(':').unwrap_or(remote);
    let mut remote = remote.trim_end_matches('/').to_owned();
    if !body.contains(':') {
        remote.push(':');
    }
    Ok(StoreUrl::Rclone { remote })
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

/// A cloud that this build does not have.
#[allow(dead_code, reason = "unused where every cloud is built in")]
pub(super) fn not_built(scheme: CloudScheme) -> Error {
    let scheme = scheme.as_str();
    invalid(&format!("this program is built without stores at `{scheme}://`"))
        .with_hint(format!("build it with the feature `{scheme}`"))
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cloud { scheme, bucket, prefix } => {
                write!(f, "{}://{bucket}", scheme.as_str())?;
                if prefix.is_empty() { Ok(()) } else { write!(f, "/{prefix}") }
            }
            Self::File { path } => write!(f, "file://{}", path.display().to_string().trim_end_matches('/')),
            Self::Rclone { remote } => write!(f, "rclone:{remote}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (text, expected) in [
            ("s3://b", "s3://b"),
            ("s3://b/", "s3://b"),
            ("s3://b/charts/stable/", "s3://b/charts/stable"),
            ("gs://b/x", "gs://b/x"),
            ("az://c", "az://c"),
            ("file:///srv/charts/", "file:///srv/charts"),
            ("rclone:backup", "rclone:backup:"),
            ("rclone:backup:", "rclone:backup:"),
            ("rclone:backup:bucket/helm/", "rclone:backup:bucket/helm"),
            ("rclone::local:/srv", "rclone::local:/srv"),
            ("rclone::s3,provider=Minio:b", "rclone::s3,provider=Minio:b"),
        ] {
            assert_eq!(text.parse::<StoreUrl>().map(|url| url.to_string()).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_url_of_a_store_is_told_without_its_credential() {
        for (text, expected) in [
            ("", "not the URL"),
            ("charts", "not the URL"),
            ("https://example.com/charts", "no store for `https://`"),
            ("s3://", "names no bucket"),
            ("s3://key:SECRET@b/x", "must not hold a credential"),
            ("s3://b/x?secret=SECRET", "neither `?` nor `#`"),
            ("s3://b:99/x", "names no bucket, or a port"),
            ("file://host/x", "three slashes"),
            ("rclone:", "followed by the name"),
            ("rclone:--config=SECRET", "followed by the name"),
            ("rclone:/srv", "followed by the name"),
            ("rclone::s3,secret_access_key=SECRET:b", "holds a credential"),
            ("rclone:backup,pass='SECRET':b", "holds a credential"),
        ] {
            let error = text.parse::<StoreUrl>().expect_err(text);
            assert!(error.to_string().contains(expected), "{text}: {error}");
            assert!(error.hint().is_some() && !format!("{error:?}").contains("SECRET"), "{error:?}");
        }
    }
}
