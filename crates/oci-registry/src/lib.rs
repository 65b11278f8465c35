//! **The four reads of the [OCI distribution spec] that finding artifacts needs**: the tags of a
//! repository, what a tag points at, a manifest, a blob - with authentication, limits, and every
//! byte checked against its digest.
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
//! for tag in repository.tags(&call).await? {
//!     let fetched = repository.manifest(&tag, &call).await?;
//!     match fetched.manifest {
//!         Manifest::Index(index) => println!("{tag} {} for {} platforms", fetched.digest, index.manifests.len()),
//!         Manifest::Image(_) => println!("{tag} {}", fetched.digest),
//!         _ => println!("{tag} {} is something else", fetched.digest),
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
//! # What is promised
//!
//! - **Tags** are all there, or it is an error: `Link` is followed to its end, at the path of the list, and only at the origin of the
//!   registry or of the server that it redirected to. A `Link` that cannot be read or followed, or that leads in a circle, is an error.
//!   Their order means nothing, so they come sorted by bytes.
//! - **Manifests and blobs** have the digest they are named by, and the one the registry says they have. A signed Docker manifest of
//!   the first schema is the exception: its digest is that of its payload, and nothing but its kind is read of it.
//! - **Reading is lenient** where real registries are careless: `null` for an empty list, missing fields,
//!   annotations that are no strings.
//! - **Authentication** is as the registry asks for it: none, basic, or a token fetched once for everyone
//!   who waits for it and kept until shortly before it ends. A token or credential that stops
//!   working is replaced once. A token service is asked only where it is safe: over https, and
//!   at a private address, by number or by name, only if the registry is at one.
//!   A credential answers what the registry itself asks for. What a server asks for that the registry redirected to is answered with a
//!   token that this server gives to anyone, or not at all.
//!   The repositories of one registry nearly always ask for the same: what the first one asked for is answered for the next at once,
//!   which spares it the refusal. Where that turns out wrong, it is asked by itself.
//!   A token is asked for with every scope that the repository wanted so far, and to pull: Azure's registry wants one scope for tags
//!   and another one for manifests.
//! - **Plain http** is for registries on this very machine and for hosts that were
//!   [named](RegistryClientBuilder::plain_http).
//! - **Limits**: 4 MiB and 20,000 fields for a manifest; 16 MiB for a page of tags, 10,000 pages, a million tags, 64 MiB of tags,
//!   256 MiB of pages. Requests to one host keep a [pace](RegistryClientBuilder::pace).
//! - **Errors** carry the status, the registry's own code (`NAME_UNKNOWN`), `Retry-After`, the number of
//!   tries, the URL, and a hint; never a credential.
//!
//! Names are read as Docker reads them ([`ImageName`]): `nginx` is `docker.io/library/nginx`.
//!
//! [OCI distribution spec]: https://github.com/opencontainers/distribution-spec/blob/main/spec.md

mod auth;
mod client;
mod digest;
mod endpoint;
mod failure;
mod head_support;
mod lenient;
mod manifest;
mod reads;
mod repository;
mod tag_list;
mod tags;

pub use client::{RegistryClient, RegistryClientBuilder};
pub use digest::Digest;
pub use manifest::{Descriptor, ImageManifest, Index, Manifest, OtherManifest, Platform};
pub use repository::{Fetched, Head, Repository, is_tag};
pub use repository_url::{ImageName, InvalidImageName};
