//! Manifests: indexes, images, and other artifacts.

use std::collections::BTreeMap;

use artifact_source::{Error, ErrorKind};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::{Digest, Platform, json};

/// The accepted media types. Some registries convert a manifest, or refuse it, if its type is not accepted.
pub(crate) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";

const MAX_FIELDS: usize = 20_000;
/// The most bytes of keys and values of all annotations of a manifest.
const MAX_ANNOTATION_BYTES: usize = 64 << 10;

/// A manifest of any kind, with the fields that discovery needs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Manifest {
    /// An image for several platforms: an OCI index or a Docker manifest list.
    Index(Index),
    /// An image for one platform, or another artifact in the form of an image manifest: an OCI manifest or a Docker manifest.
    Image(ImageManifest),
    /// A Docker manifest of the first schema, an OCI artifact manifest, or a type of a later specification.
    Other(OtherManifest),
}

/// A manifest that is neither an index nor an image manifest, with the fields that tell its type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtherManifest {
    /// The version of the schema; 0 if it is missing.
    pub schema_version: u64,
    /// The media type; empty if it is missing.
    pub media_type: String,
    /// The type of the artifact; empty if it is missing.
    pub artifact_type: String,
    /// Whether it has the signatures of a Docker manifest of the first schema. The digest of such a manifest is that of
    /// its payload without the signatures, and not that of the bytes that are transferred.
    pub is_signed: bool,
}

/// An OCI index or a Docker manifest list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Index {
    /// The type of the artifact that the index is; empty if it is missing.
    #[serde(deserialize_with = "json::text")]
    pub artifact_type: String,
    /// The manifests in the index. Entries that cannot be read are [counted](Self::unreadable) and left out; an index of which none can
    /// be read is an error.
    #[serde(deserialize_with = "json::readable")]
    pub manifests: Vec<Descriptor>,
    /// The number of entries that are left out: they have no digest, or a field of another type than the image-spec gives it. What such
    /// an entry is for is unknown, so that an index with one may have an image for any platform.
    #[serde(skip)]
    pub unreadable: usize,
    /// The annotations of the index itself.
    #[serde(deserialize_with = "json::strings")]
    pub annotations: BTreeMap<String, String>,
}

/// An OCI manifest or a Docker manifest of the second schema.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImageManifest {
    /// The type of the artifact that the manifest is; empty if it is missing.
    #[serde(default, deserialize_with = "json::text")]
    pub artifact_type: String,
    /// The configuration.
    pub config: Descriptor,
    /// The layers.
    #[serde(default, deserialize_with = "json::readable")]
    pub layers: Vec<Descriptor>,
    /// The annotations.
    #[serde(default, deserialize_with = "json::strings")]
    pub annotations: BTreeMap<String, String>,
}

/// A reference to content: its type, digest and annotations.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Descriptor {
    /// The media type of the content; empty if it is missing.
    #[serde(default, deserialize_with = "json::or_default")]
    pub media_type: String,
    /// The type of the artifact that the content is; empty if it is missing.
    #[serde(default, deserialize_with = "json::text")]
    pub artifact_type: String,
    /// The digest of the content.
    pub digest: Digest,
    /// The platform that the content is for.
    #[serde(default, deserialize_with = "json::optional_object")]
    pub platform: Option<Platform>,
    /// The annotations.
    #[serde(default, deserialize_with = "json::strings")]
    pub annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// Parses a manifest by its shape: media types are often wrong or missing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadAnswer`] for bytes that are not a JSON object, for an object that is not recognizably a manifest, such as
    /// the response of a proxy or an image manifest whose `config` is `null`, and for an index of which no entry can be read. [`ErrorKind::TooLarge`] for more than
    /// 20,000 fields and elements, which take far more memory than bytes on the wire, and for more than 64 KiB of annotations, those of all
    /// entries and layers included: they become part of results, which have to be small.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        Self::parse_as(bytes, "")
    }

    /// Parses a manifest that has this `Content-Type`. The type is used only if the object has the shape of no known
    /// manifest and states no type of its own. It does not make a manifest of an object without any field of one.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_as(bytes: &[u8], media_type: &str) -> Result<Self, Error> {
        let bad = |cause: Option<serde_json::Error>| {
            let error = Error::new(ErrorKind::BadAnswer, "the manifest is not JSON of the expected shape");
            match cause {
                Some(cause) => error.with_cause(cause),
                None => error,
            }
        };
        if has_too_many_fields(bytes) {
            let message = format!("the manifest has more than {MAX_FIELDS} fields");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let shape: Shape = json::object(bytes).map_err(bad)?;
        if let Some(entries) = &shape.manifests {
            let mut index: Index = json::object(bytes).map_err(bad)?;
            index.unreadable = entries.len().saturating_sub(index.manifests.len());
            // An index whose entries were all left out is not an empty one.
            if index.manifests.is_empty() && !entries.is_empty() {
                let message = "no entry of the index is a descriptor with a digest";
                return Err(Error::new(ErrorKind::BadAnswer, message));
            }
            check_annotations(&index.annotations, &index.manifests)?;
            return Ok(Self::Index(index));
        }
        if shape.config.is_some() {
            let image: ImageManifest = json::object(bytes).map_err(bad)?;
            check_annotations(&image.annotations, image.layers.iter().chain([&image.config]))?;
            return Ok(Self::Image(image));
        }
        if !shape.is_of_another_kind(media_type) {
            return Err(Error::new(ErrorKind::BadAnswer, "the answer is not a manifest"));
        }
        let media_type = if shape.media_type.is_empty() { media_type } else { &shape.media_type };
        Ok(Self::Other(OtherManifest {
            schema_version: shape.schema_version.unwrap_or_default(),
            is_signed: shape.schema_version == Some(1) && shape.signatures,
            media_type: media_type.to_owned(),
            artifact_type: shape.artifact_type,
        }))
    }
}

/// The fields that tell manifests of different kinds apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    schema_version: Option<u64>,
    manifests: Option<Vec<IgnoredAny>>,
    config: Option<IgnoredAny>,
    fs_layers: Option<IgnoredAny>,
    history: Option<IgnoredAny>,
    blobs: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "json::present")]
    signatures: bool,
    #[serde(default, deserialize_with = "json::or_default")]
    media_type: String,
    #[serde(default, deserialize_with = "json::text")]
    artifact_type: String,
}

impl Shape {
    /// Whether this object, which is neither an index nor an image manifest, can be told to be a manifest of another kind: by its
    /// own fields, since a proxy or a registry under maintenance may send anything as `Content-Type`.
    fn is_of_another_kind(&self, content_type: &str) -> bool {
        let stated = if self.media_type.is_empty() { content_type } else { &self.media_type };
        match self.schema_version {
            Some(1) if self.fs_layers.is_some() || self.history.is_some() || self.signatures => true,
            // A later specification.
            Some(3..) => true,
            // An index without a list, or an image manifest without a configuration.
            _ if is_of_known_shape(stated) => false,
            _ => {
                let is_vendors = |media_type: &str| media_type.starts_with("application/vnd.");
                is_vendors(&self.media_type)
                    || !self.artifact_type.is_empty()
                    || self.blobs.is_some() && is_vendors(stated)
            }
        }
    }
}

/// Whether a manifest of this media type has the fields of an index, an image manifest, or a Docker manifest of the first schema.
pub(crate) fn is_of_known_shape(media_type: &str) -> bool {
    const KNOWN: [&str; 3] = ["oci.image.index.", "oci.image.manifest.", "docker.distribution.manifest."];
    let media_type = media_type.to_ascii_lowercase();
    KNOWN.iter().any(|known| media_type.contains(known))
}

/// Refuses a manifest with more annotations than a result may have.
fn check_annotations<'a>(
    own: &BTreeMap<String, String>,
    descriptors: impl IntoIterator<Item = &'a Descriptor>,
) -> Result<(), Error> {
    let maps = descriptors.into_iter().map(|descriptor| &descriptor.annotations).chain([own]);
    let bytes: usize = maps.flatten().map(|(key, value)| key.len() + value.len()).sum();
    if bytes <= MAX_ANNOTATION_BYTES {
        return Ok(());
    }
    let message = format!(
        "the annotations of the manifest have {bytes} bytes, and at most {MAX_ANNOTATION_BYTES} are read"
    );
    Err(Error::new(ErrorKind::TooLarge, message))
}

/// Whether this JSON has more fields and elements than any manifest, by the number of its commas.
fn has_too_many_fields(json: &[u8]) -> bool {
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
    fn lenient_parsing() {
        for text in [
            r#"{"manifests": []}"#,
            r#"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}"#,
            r#"{"manifests": [], "annotations": null}"#,
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
        assert_eq!(index.unreadable, 0);

        let Manifest::Image(image) =
            parse(r#"{"config": {"digest": "DIGEST", "mediaType": null}, "layers": null}"#).unwrap()
        else {
            panic!("it is an image")
        };
        assert_eq!((image.config.media_type.as_str(), image.layers.len()), ("", 0));
    }

    #[test]
    fn annotations_are_bounded() {
        let of = |bytes: usize| {
            let text = "x".repeat(bytes - 2);
            [
                format!(r#"{{"manifests": [], "annotations": {{"a": "{text}x"}}}}"#),
                format!(
                    r#"{{"manifests": [{{"digest": "DIGEST", "annotations": {{"a": "{text}"}}}}], "annotations": {{"": "x"}}}}"#
                ),
                format!(r#"{{"config": {{"digest": "DIGEST", "annotations": {{"a": "{text}x"}}}}}}"#),
                format!(
                    r#"{{"config": {{"digest": "DIGEST"}}, "layers": [{{"digest": "DIGEST", "annotations": {{"a": "{text}x"}}}}]}}"#
                ),
            ]
        };
        for text in of(MAX_ANNOTATION_BYTES) {
            parse(&text).unwrap();
        }
        for text in of(MAX_ANNOTATION_BYTES + 1) {
            let error = parse(&text).unwrap_err();
            assert_eq!(
                (error.kind(), error.message()),
                (
                    ErrorKind::TooLarge,
                    "the annotations of the manifest have 65537 bytes, and at most 65536 are read"
                )
            );
        }
    }

    #[test]
    fn other_manifests_and_errors() {
        let artifact = "application/vnd.oci.artifact.manifest.v1+json";
        let other = |schema_version, media_type: &str, artifact_type: &str, is_signed| {
            let (media_type, artifact_type) = (media_type.to_owned(), artifact_type.to_owned());
            Manifest::Other(OtherManifest { schema_version, media_type, artifact_type, is_signed })
        };
        for (text, media_type, expected) in [
            (r#"{"schemaVersion": 1, "fsLayers": [], "history": []}"#, "", other(1, "", "", false)),
            (r#"{"schemaVersion": 1, "signatures": [{}]}"#, "a/b", other(1, "a/b", "", true)),
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
        let known = [
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.oci.image.index.v1+json",
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
            "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.docker.distribution.manifest.list.v2+json",
        ];
        for media_type in ["", "application/json", "text/html", "vnd", artifact].iter().chain(&known) {
            for text in [
                "{}",
                r#"{"error": "log in"}"#,
                r#"{"errors": [{"code": "UNKNOWN"}]}"#,
                r#"{"message": "maintenance"}"#,
                r#"{"schemaVersion": 1}"#,
                r#"{"schemaVersion": 2}"#,
                r#"{"schemaVersion": 2, "signatures": [{}]}"#,
                r#"{"schemaVersion": 2, "config": null, "layers": []}"#,
                r#"{"schemaVersion": 2, "manifests": null}"#,
            ] {
                let error = Manifest::parse_as(text.as_bytes(), media_type).unwrap_err();
                assert_eq!(
                    (error.kind(), error.message()),
                    (ErrorKind::BadAnswer, "the answer is not a manifest"),
                    "{media_type} {text}"
                );
            }
        }
        for media_type in known {
            let text =
                format!(r#"{{"schemaVersion": 2, "mediaType": "{media_type}", "artifactType": "x/y"}}"#);
            assert_eq!(parse(&text).unwrap_err().message(), "the answer is not a manifest", "{text}");
        }
        for text in [
            r#"{"manifests": [{"digest": "nonsense"}, 7, null], "annotations": null}"#,
            r#"{"manifests": [{}]}"#,
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.message(), "no entry of the index is a descriptor with a digest", "{text}");
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
    fn too_many_fields_are_an_error() {
        let with = |count: usize| {
            let entries = "0,".repeat(count);
            format!(r#"{{"manifests": [], "x": [{entries}null], "y": "\\\"{}"}}"#, ",".repeat(1 << 20))
        };
        assert!(matches!(parse(&with(MAX_FIELDS - 3)), Ok(Manifest::Index(_))));
        let error = parse(&with(MAX_FIELDS - 1)).unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::TooLarge, "the manifest has more than 20000 fields")
        );
    }

    #[test]
    fn duplicate_fields() {
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
