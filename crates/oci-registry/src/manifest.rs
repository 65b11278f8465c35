//! What a tag points at.

use std::collections::BTreeMap;
use std::fmt;

use artifact_source::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use crate::{Digest, lenient};

/// What manifests may come as. Whoever accepts less is given something else, or nothing.
pub(crate) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";

const MAX_FIELDS: usize = 20_000;

/// A manifest of any kind, as far as finding artifacts needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Manifest {
    /// One image for several platforms: an OCI index or a Docker manifest list.
    Index(Index),
    /// One image, or another artifact in the form of one: an OCI manifest or a Docker manifest.
    Image(ImageManifest),
    /// Something else: a Docker manifest of the first schema, an OCI artifact manifest, or what a later spec may bring.
    Other(OtherManifest),
}

/// A manifest that is neither an index nor an image manifest, as far as is needed to say what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtherManifest {
    /// The version of the schema; 0 where it is not said.
    pub schema_version: u64,
    /// The media type; empty where it is not said.
    pub media_type: String,
    /// The type of the artifact; empty where it is not said.
    pub artifact_type: String,
    /// Whether it carries the signatures of a Docker manifest of the first schema. The digest of such a manifest is that of
    /// its payload, without the signatures, and not that of the bytes that travel.
    pub is_signed: bool,
}

/// An OCI index or a Docker manifest list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Index {
    /// The type of the artifact that the index is; empty where it is not said.
    #[serde(deserialize_with = "lenient::text")]
    pub artifact_type: String,
    /// What the list consists of. Entries that cannot be read are left out.
    #[serde(deserialize_with = "lenient::readable")]
    pub manifests: Vec<Descriptor>,
    /// The annotations of the index itself.
    #[serde(deserialize_with = "lenient::strings")]
    pub annotations: BTreeMap<String, String>,
}

/// An OCI manifest or a Docker manifest of the second schema.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImageManifest {
    /// The type of the artifact that the manifest is; empty where it is not said.
    #[serde(default, deserialize_with = "lenient::text")]
    pub artifact_type: String,
    /// Where the configuration is.
    pub config: Descriptor,
    /// Where the content is.
    #[serde(default, deserialize_with = "lenient::readable")]
    pub layers: Vec<Descriptor>,
    /// The annotations.
    #[serde(default, deserialize_with = "lenient::strings")]
    pub annotations: BTreeMap<String, String>,
}

/// Where some content is, and what it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Descriptor {
    /// The media type of the content; empty where it is not said.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub media_type: String,
    /// The type of the artifact that the content is; empty where it is not said.
    #[serde(default, deserialize_with = "lenient::text")]
    pub artifact_type: String,
    /// The digest of the content.
    pub digest: Digest,
    /// The platform the content is for.
    #[serde(default)]
    pub platform: Option<Platform>,
    /// The annotations.
    #[serde(default, deserialize_with = "lenient::strings")]
    pub annotations: BTreeMap<String, String>,
}

/// What an image runs on. Empty where it is not said.
///
/// ```
/// use oci_registry::Platform;
///
/// assert_eq!(Platform::new("linux", "arm64", Some("v8")).to_string(), "linux/arm64/v8");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Platform {
    /// The operating system.
    #[serde(deserialize_with = "lenient::or_default")]
    pub os: String,
    /// The processor.
    #[serde(deserialize_with = "lenient::or_default")]
    pub architecture: String,
    /// Which variant of the processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// A platform of these parts.
    pub fn new(os: &str, architecture: &str, variant: Option<&str>) -> Self {
        Self { os: os.to_owned(), architecture: architecture.to_owned(), variant: variant.map(str::to_owned) }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match self.variant.as_deref() {
            Some(variant) if !variant.is_empty() => write!(f, "/{variant}"),
            _ => Ok(()),
        }
    }
}

impl Manifest {
    /// Reads a manifest by its shape: media types are too often wrong or missing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadAnswer`] for what is no JSON object, and for one that has nothing of a manifest: more likely
    /// than not that is an answer of something in front of the registry. [`ErrorKind::TooLarge`] for more than
    /// 20,000 fields and elements: a few bytes each on the wire, they would take many times that in memory.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        Self::parse_as(bytes, "")
    }

    /// The same for a manifest that travelled under this media type. The type counts only where the shape is that of no
    /// manifest and the type is one of a vendor (`application/vnd.*`): that is a manifest of another kind.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_as(bytes: &[u8], media_type: &str) -> Result<Self, Error> {
        let bad = |cause: Option<serde_json::Error>| {
            let error = Error::new(ErrorKind::BadAnswer, "the manifest is no JSON of the expected shape");
            match cause {
                Some(cause) => error.with_cause(cause),
                None => error,
            }
        };
        if is_crowded(bytes) {
            let message = format!("the manifest has more than {MAX_FIELDS} fields");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let shape: Shape = lenient::object(bytes).map_err(bad)?;
        let says_index =
            shape.media_type.ends_with("image.index.v1+json") || shape.media_type.contains("manifest.list");
        if shape.manifests || says_index {
            return lenient::object(bytes).map(Self::Index).map_err(bad);
        }
        if shape.config.is_some() {
            return lenient::object(bytes).map(Self::Image).map_err(bad);
        }
        let media_type = if shape.media_type.is_empty() { media_type } else { &shape.media_type };
        if shape.schema_version.is_none() && !media_type.starts_with("application/vnd.") {
            return Err(Error::new(ErrorKind::BadAnswer, "the answer is no manifest"));
        }
        Ok(Self::Other(OtherManifest {
            schema_version: shape.schema_version.unwrap_or_default(),
            is_signed: shape.schema_version == Some(1) && shape.signatures,
            media_type: media_type.to_owned(),
            artifact_type: shape.artifact_type,
        }))
    }
}

/// What tells manifests of different kinds apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    schema_version: Option<u64>,
    #[serde(default, deserialize_with = "lenient::present")]
    manifests: bool,
    config: Option<serde::de::IgnoredAny>,
    #[serde(default, deserialize_with = "lenient::present")]
    signatures: bool,
    #[serde(default, deserialize_with = "lenient::or_default")]
    media_type: String,
    #[serde(default, deserialize_with = "lenient::text")]
    artifact_type: String,
}

/// Whether there are more fields and elements in this JSON than any manifest has, by the commas that part them.
fn is_crowded(json: &[u8]) -> bool {
    let (mut fields, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b',') => fields += 1,
            _ => {}
        }
    }
    fields > MAX_FIELDS
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    fn parse(text: &str) -> Result<Manifest, Error> {
        Manifest::parse(text.replace("DIGEST", DIGEST).as_bytes())
    }

    #[test]
    fn careless_manifests_are_read() {
        for text in [
            r#"{"manifests": []}"#,
            r#"{"manifests": null}"#,
            r#"{"mediaType": "application/vnd.oci.image.index.v1+json"}"#,
            r#"{"manifests": [{"digest": "nonsense"}, 7, null], "annotations": null}"#,
        ] {
            assert_eq!(parse(text).unwrap(), Manifest::Index(Index::default()), "{text}");
        }
        let Manifest::Index(index) = parse(
            r#"{"manifests": [{"digest": "DIGEST", "platform": {"architecture": "amd64"}, "annotations": {"a": 1, "b": "2"}}],
                "annotations": {"c": null, "d": "e"}}"#,
        )
        .unwrap() else {
            panic!("it is an index")
        };
        assert_eq!(index.manifests[0].platform, Some(Platform::new("", "amd64", None)));
        assert_eq!(index.manifests[0].annotations, BTreeMap::from([("b".to_owned(), "2".to_owned())]));
        assert_eq!(index.annotations, BTreeMap::from([("d".to_owned(), "e".to_owned())]));

        let Manifest::Image(image) =
            parse(r#"{"config": {"digest": "DIGEST", "mediaType": null}, "layers": null}"#).unwrap()
        else {
            panic!("it is an image")
        };
        assert_eq!((image.config.media_type.as_str(), image.layers.len()), ("", 0));
    }

    #[test]
    fn what_is_no_image() {
        let artifact = "application/vnd.oci.artifact.manifest.v1+json";
        let other = |schema_version, media_type: &str, artifact_type: &str, is_signed| {
            let (media_type, artifact_type) = (media_type.to_owned(), artifact_type.to_owned());
            Manifest::Other(OtherManifest { schema_version, media_type, artifact_type, is_signed })
        };
        for (text, media_type, expected) in [
            (r#"{"schemaVersion": 1, "fsLayers": [], "history": []}"#, "", other(1, "", "", false)),
            (r#"{"schemaVersion": 1, "signatures": [{}]}"#, "a/b", other(1, "a/b", "", true)),
            (r#"{"schemaVersion": 2, "signatures": [{}]}"#, "", other(2, "", "", false)),
            (r#"{"schemaVersion": 3}"#, "", other(3, "", "", false)),
            (
                r#"{"schemaVersion": 2, "config": null, "artifactType": "x/y"}"#,
                "",
                other(2, "", "x/y", false),
            ),
            (r#"{"blobs": [], "artifactType": 7}"#, artifact, other(0, artifact, "", false)),
            (
                r#"{"mediaType": "application/vnd.a+json", "artifactType": "x/y"}"#,
                artifact,
                other(0, "application/vnd.a+json", "x/y", false),
            ),
        ] {
            assert_eq!(Manifest::parse_as(text.as_bytes(), media_type).unwrap(), expected, "{text}");
        }
        for media_type in ["", "application/json", "text/html", "vnd"] {
            let error = Manifest::parse_as(br#"{"error": "log in"}"#, media_type).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BadAnswer, "{media_type}");
        }
        for text in [
            "",
            "{}",
            r#"{"error": "log in"}"#,
            "[]",
            "null",
            "<html>",
            r#"{"config": {}}"#,
            r#"{"config": {"digest": "x"}}"#,
            r#"{"manifests": {}}"#,
        ] {
            assert_eq!(parse(text).unwrap_err().kind(), ErrorKind::BadAnswer, "{text}");
        }
        assert!(parse(&"[".repeat(100_000)).is_err(), "depth is bounded");
    }

    #[test]
    fn crowds_are_not_read() {
        let with = |count: usize| {
            format!(r#"{{"manifests": [{}null], "x": "\\\"{}"}}"#, "0,".repeat(count), ",".repeat(1 << 20))
        };
        assert!(matches!(parse(&with(MAX_FIELDS - 1)), Ok(Manifest::Index(_))));
        let error = parse(&with(MAX_FIELDS)).unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::TooLarge, "the manifest has more than 20000 fields")
        );
    }

    #[test]
    fn a_field_that_comes_twice() {
        for text in [
            r#"{"manifests": [], "manifests": []}"#,
            r#"{"config": {"digest": "DIGEST"}, "config": {"digest": "DIGEST"}}"#,
            r#"{"config": {"digest": "DIGEST", "digest": "DIGEST"}}"#,
        ] {
            assert_eq!(parse(text).unwrap_err().kind(), ErrorKind::BadAnswer, "{text}");
        }
        let text = r#"{"manifests": [], "annotations": {"a": "1", "a": "2"}}"#;
        let Manifest::Index(index) = parse(text).unwrap() else { panic!("it is an index") };
        assert_eq!(index.annotations["a"], "2", "the last one counts");
    }

    proptest::proptest! {
        #[test]
        fn noise_never_panics(text in r#"\{("(manifests|config|schemaVersion|mediaType|digest|annotations)":|[\[\]{}",:a-z0-9\\ ]|null){0,40}\}?"#) {
            let _ = Manifest::parse(text.as_bytes());
        }

        #[test]
        fn bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = Manifest::parse(&bytes);
        }
    }
}
