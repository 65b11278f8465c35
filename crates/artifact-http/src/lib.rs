//! **One HTTP client for every artifact source**: it sends a request, follows redirects where that is
//! safe, tries again where that may help, stops at a limit of bytes, silence or time, and counts
//! exactly what was spent.
//!
//! ```
//! use artifact_http::{Call, HttpClient, Request};
//!
//! # async fn example(url: &str) -> Result<(), artifact_source::Error> {
//! let client = HttpClient::builder().user_agent("my-tool/1.0").build()?;
//! let call = Call::new();
//!
//! let request = Request::get(url).accept_gzip(true).max_bytes(1 << 20);
//! let response = client.fetch(request, &call).await?.error_for_status("the index could not be read")?;
//! println!("{} bytes, {}", response.body.len(), call.cost());
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     let error = example("http://127.0.0.1:1/index.yaml").await.unwrap_err();
//! #     assert_eq!(error.kind(), artifact_source::ErrorKind::Unreachable);
//! # });
//! ```
//!
//! # What is promised
//!
//! - **`Ok` means that a server answered**, with any status, and that the whole body is there: a
//!   body that ends early, a broken chunk and a damaged gzip stream are errors.
//!   [`Response::error_for_status`] turns a status into an error of the right kind.
//! - **Retries** are for requests that may be repeated (GET and HEAD, others by
//!   [`Request::retries`]), and for faults that [are transient](artifact_source::Error::is_transient): host names that cannot be
//!   resolved, broken and refused connections, bodies that break off, silence, 408, 421, 425, 429 and 5xx. `Retry-After` is honoured; where it or the deadline leaves no time, the last answer
//!   is given at once.
//! - **Redirects** are followed by GET and HEAD, and by POST, PUT and PATCH where the method stays (307, 308). A
//!   credential goes to the origin it was made for and nowhere else, and a request that carries one is
//!   never redirected from https to http.
//! - **What an answer asks for has an author**: challenges and links are given away only as [`Instructions`], with the origin of the
//!   server that sent them, which may be another one than was asked.
//! - **Nobody is sent from a public address to a private one**, be it by its number or by a name that leads there: the
//!   addresses of a name that a public server gave us are filtered where the connection is made, so that a name cannot lead to one address when it is
//!   checked and to another when it is used. A server at a private address may lead to others. See
//!   [`Request::public_only`] for URLs that an answer names, and [`HttpClientBuilder::count_as_public`] for networks that answer
//!   public names with private addresses. Behind a proxy the names are resolved by the proxy, which is then
//!   the one to say no; addresses by number are refused all the same.
//! - **Limits**: a body is cut off at [`Request::max_bytes`] *after* decompression, so a gzip bomb costs
//!   no more memory than an honest body. A server that falls silent, or drips, times out.
//! - **Counts**: every request that leaves is counted, each redirect and each retry too, and the bytes of
//!   bodies as they travelled.
//! - **Secrets** are in no error, no `Debug` and no URL that is shown.
//! - **No globals and no environment**: proxies are taken from the environment only where
//!   [`HttpClientBuilder::proxy_from_environment`] says so, and never for this machine itself, to which a credential may travel
//!   in plain text. Certificates are checked by the platform's
//!   trust store plus [`HttpClientBuilder::add_root_certificate_pem`].
//!
//! All errors are [`artifact_source::Error`]: transport faults are given their kind, their words and
//! their hint once, here.

pub mod cache_folder;
mod call;
mod certificate;
mod client;
mod credential;
mod encoding;
mod exchange;
mod failure;
mod identity;
mod inside_name;
mod instructions;
mod network;
mod once_map;
mod pace;
mod proxy;
mod repetition;
mod request;
mod reqwest_service;
mod response;
mod retry;
mod service;
mod single_flight;
mod source_context;
mod stream;
mod tls;

pub use call::Call;
pub use client::{HttpClient, HttpClientBuilder};
pub use credential::{Authorization, Credential, Secret};
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
pub use identity::{CredentialSource, Identity, Login};
pub use instructions::{Challenge, Instructions};
pub use network::{Origin, is_loopback, is_private};
pub use once_map::OnceMap;
pub use pace::Pace;
pub use request::Request;
pub use response::Response;
pub use retry::retry_after;
pub use service::{HttpService, ServiceBody, ServiceRequest, ServiceResponse};
pub use single_flight::SingleFlight;
pub use source_context::SourceContext;
pub use stream::StreamingResponse;
pub use url::Url;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
