//! **The reads of the [OCI distribution spec] that discovery needs, and the pushes that publishing needs**: the tags of a repository, the
//! digest of a tag, a manifest, a blob, read; a blob and a manifest, pushed - with authentication, limits, and every byte checked against
//! its digest.
//!
//! ```
//! use artifact_http::{Call, Credential, HttpClient};
//! use oci_registry::{Manifest, RegistryClient};
//!
//! # async fn example(image: &str) -> Result<(), artifact_source::Error> {
//! let client = RegistryClient::builder(HttpClient::builder().build()?)
//!     .credentials(Credential::password("me", "secret"))
//!     .build();
//! let repository = client.repository(image)?;
//! let call = Call::new();
//!
//! for tag in &repository.tags(&call).await? {
//!     let fetched = repository.manifest(tag, &call).await?;
//!     match fetched.manifest {
//!         Manifest::Index(index) => println!("{tag} {} for {} platforms", fetched.digest, index.manifests.len()),
//!         Manifest::Image(_) => println!("{tag} {}", fetched.digest),
//!         _ => println!("{tag} {} is another artifact", fetched.digest),
//!     }
//! }
//! println!("{}", call.cost());
//! # Ok(())
//! # }
//! # let registry = warehouse_testkit::Registry::builder().bearer("me", "secret").start().unwrap();
//! # registry.image("demo/app").tag("1.2.3").platforms(["linux/amd64"]).push();
//! # let image = format!("{}/demo/app", registry.host());
//! # tokio::runtime::Runtime::new().unwrap().block_on(example(&image)).unwrap();
//! # assert_eq!(registry.tokens_issued(), 1);
//! ```
//!
//! # Guarantees
//!
//! - **Tags** are complete, or the read is an error: `Link` is followed to the end, at the path of the list, and only at the origin of the
//!   registry or of the server that it redirected to. A `Link` that is invalid or cannot be followed is an error. If it leads back to an
//!   earlier page, the tags after the last one are requested, and an answer of known tags is an error. Tags are sorted by bytes.
//! - **Manifests and blobs** have the digest that was requested and the one that the registry states. The exception is a signed Docker
//!   manifest of the first schema: its digest is that of its payload, and only its kind is read.
//! - **Parsing is lenient** as real registries require: `null` for an empty list, missing fields, annotations that are not strings.
//! - **Authentication** is the one that the registry requires: none, basic, or a token that is fetched once for all waiting readers and
//!   kept until shortly before it expires. A token or credential that is refused is replaced once. A token service must use https if the
//!   registry does, and may have a private address, by number or by name, only if the registry has one. The credential is sent only to
//!   the registry and the token service that it names. The challenge of another server, to which the registry redirected, is answered with
//!   a token that needs no credential, or not at all.
//!   The repositories of one registry nearly always send the same challenge, so the first one predicts that of the next repository, which
//!   saves a refused request. If the prediction is wrong, the repository's own challenge is answered.
//!   A token is requested with all scopes that the repository required so far, and to pull: Azure's registry requires one scope for tags
//!   and another one for manifests.
//! - **Pushes** send nothing that the registry has: HEAD comes first, then one upload session with one PUT. What breaks is resumed or
//!   begun anew; a manifest whose answer is lost is sent again only if the tag is as it was. An upload at another host gets no credential.
//!   See [`Repository::push_blob`] and [`Repository::push_manifest`].
//! - **Plain http** is used for loopback hosts and for [configured](RegistryClientBuilder::plain_http) hosts.
//! - **Limits**: 4 MiB and 20,000 fields for a manifest; 16 MiB for a page of tags, 10,000 pages, a million tags, 64 MiB of tags,
//!   256 MiB of pages. Requests to one host have a [rate limit](RegistryClientBuilder::pace).
//! - **Errors** have the status, the registry's own code (`NAME_UNKNOWN`) and message, `Retry-After`, the number of attempts, the URL,
//!   and a hint; never a credential.
//!
//! Names are parsed as Docker does ([`ImageName`]): `nginx` is `docker.io/library/nginx`.
//!
//! # Features
//!
//! ## `oci-client`
//!
//! Off by default. The module `oci_client` with conversions between [`ImageName`] and `oci_client::Reference`, and between credentials and
//! `oci_client::secrets::RegistryAuth`, for programs that pull or push with [`oci-client`](https://docs.rs/oci-client); and
//! `ClientPush`, which is a [`Push`] by its client.
//!
//! [OCI distribution spec]: https://github.com/opencontainers/distribution-spec/blob/main/spec.md

mod auth;
mod client;
mod digest;
mod endpoint;
mod json;
mod manifest;
#[cfg(feature = "oci-client")]
pub mod oci_client;
mod pace;
mod push;
mod reader;
mod refusal;
mod tag_names;
mod tags;

pub use client::{RegistryClient, RegistryClientBuilder, Repository};
pub use digest::Digest;
pub use manifest::{Descriptor, ImageManifest, Index, Manifest, OtherManifest};
pub use pace::registry_pace;
pub use push::{BlobPush, HttpPush, NewManifest, Push};
pub use reader::{Fetched, Head};
pub use repository_url::{ImageName, InvalidImageName, is_tag};
pub use selection_strategies::{InvalidPlatform, Platform};
pub use tag_names::{Iter as TagsIter, Tags};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
