//! **One HTTP client for every artifact source**: it sends a request, follows redirects where that is
//! safe, retries transient faults, enforces limits of bytes, idle time and total time, and counts
//! requests and bytes exactly.
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
//! # Guarantees
//!
//! - **`Ok` means that a server answered**, with any status, and that the whole body is there: a
//!   body that ends early, a broken chunk and a damaged gzip stream are errors.
//!   [`Response::error_for_status`] turns a status into an error of the right kind.
//! - **Retries** are for requests that may be repeated (GET and HEAD, others by
//!   [`Request::retries`]), and for faults that [are transient](artifact_source::Error::is_transient): host names that cannot be
//!   resolved, broken and refused connections, truncated bodies, stalls, 408, 421, 425, 429 and 5xx. `Retry-After` is honoured; if it or the deadline leaves no time, the last answer
//!   is returned at once.
//! - **Redirects** are followed by GET and HEAD, and by POST, PUT and PATCH where the method stays (307, 308). A
//!   credential is sent to its own origin only, and a request with one is
//!   never redirected from https to http.
//! - **Challenges and links carry their origin**: they are exposed only as [`Instructions`], with the origin of the
//!   server that sent them, which may differ from the requested one.
//! - **A public server cannot direct a request to a private address**, neither by IP address nor by a host name that resolves to one: the
//!   addresses of such a name are filtered when the connection is made, so that a name cannot resolve to one address when it is
//!   checked and to another when it is used. A server at a private address may redirect to private addresses. See
//!   [`Request::public_only`] for URLs that an answer names, and [`HttpClientBuilder::count_as_public`] for networks that answer
//!   public names with private addresses. Behind a proxy, the proxy resolves names
//!   and has to refuse private ones; IP addresses are refused here in any case.
//! - **What may be reached at all** is the [`EgressPolicy`]'s to say: by default everything that the user of a workstation may reach, and
//!   in [`EgressPolicy::cluster`] public addresses and the networks that are named. It is asked before every connection, and for every address that
//!   a name resolves to.
//! - **Limits**: a body is cut off at [`Request::max_bytes`] *after* decompression, so a gzip bomb costs
//!   no more memory than any other body. A server that sends nothing, or sends too slowly, times out.
//! - **Counts**: every request is counted, including each redirect and each retry, and the bytes of
//!   bodies as transferred.
//! - **Secrets** never appear in an error, in `Debug` output or in a displayed URL.
//! - **No globals and no environment**: proxies are taken from the environment only where
//!   [`HttpClientBuilder::proxy_from_environment`] says so, and never for this machine itself, to which a credential may travel
//!   in plain text. Certificates are checked by the platform's
//!   trust store plus [`HttpClientBuilder::add_root_certificate_pem`].
//!
//! All errors are [`artifact_source::Error`]. This crate sets the kind, the message and the hint of
//! every transport fault.

mod address;
mod blocking_threads;
pub mod cache_folder;
mod call;
mod certificate;
mod client;
mod credential;
mod credential_source;
mod egress;
mod encoding;
mod exchange;
mod failure;
mod fair_queue;
mod identity;
mod in_flight;
mod inside_name;
mod instructions;
mod memory;
mod network;
mod once_map;
mod origin;
mod pace;
mod progress;
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
mod tenant;
mod tls;
mod turns;
mod work_pool;

pub use blocking_threads::BlockingThreads;
pub use call::Call;
pub use client::{HttpClient, HttpClientBuilder};
pub use credential::{Authorization, Credential, Secret};
pub use credential_source::{CredentialRequest, CredentialSource, Login};
pub use egress::{EgressPolicy, Realm};
pub use encoding::compression_of;
pub use fair_queue::FairQueue;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
pub use identity::Identity;
pub use instructions::{Challenge, Instructions};
pub use memory::{Lease, MemoryBudget, Reservation};
pub use once_map::OnceMap;
pub use origin::{Origin, is_loopback, is_private};
pub use pace::Pace;
pub use progress::{LeastProgress, Progress};
pub use request::Request;
pub use response::Response;
pub use retry::{backoff, retry_after};
pub use service::{HttpService, ServiceBody, ServiceRequest, ServiceResponse};
pub use single_flight::SingleFlight;
pub use source_context::SourceContext;
pub use stream::StreamingResponse;
pub use tenant::Tenant;
pub use url::Url;
pub use work_pool::{Slice, WorkPool};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
