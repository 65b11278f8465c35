//! **A container registry, a Git server and a chart repository on 127.0.0.1, for tests and demonstrations: real protocols,
//! exact counts, and injected faults.**
//!
//! ```
//! use warehouse_testkit::{Chart, ChartServer, Commit, Fault, GitServer, Registry, When};
//!
//! // A multi-platform image in a registry, published without a single request.
//! let registry = Registry::start()?;
//! let pushed = registry.image("demo/app").tag("1.2.3").platforms(["linux/amd64", "linux/arm64"]).push();
//! println!("docker pull {}/demo/app:1.2.3 would give {}", registry.host(), pushed.digest);
//!
//! // A chart in a classic repository, and the same one in the registry.
//! let charts = ChartServer::start()?;
//! let chart = Chart::new("demo", "1.2.3").app_version("2.0");
//! charts.publish(&chart);
//! registry.push_chart("charts", &chart);
//! println!("helm repo add demo {}", charts.url());
//!
//! // A commit in a Git repository. This one needs the real `git`.
//! match GitServer::start() {
//!     Ok(server) => {
//!         let repository = server.create("demo/app.git")?;
//!         let id = repository.commit("main", Commit::new("First").file("README.md", "# Demo\n"))?;
//!         println!("git clone {} would give {id}", repository.url());
//!     }
//!     Err(error) => println!("no Git server: {error}"),
//! }
//!
//! // A fault: the second page of tags ends in the middle.
//! registry.faults().add(When::get("/v2/**/tags/list").nth(2), Fault::Truncate { keep: 10 });
//!
//! // ... here the client under test does its work ...
//!
//! assert_eq!(registry.log().counters().requests, 0);
//! # Ok::<(), warehouse_testkit::Error>(())
//! ```
//!
//! # What a server is
//!
//! - It listens on a free port of 127.0.0.1 and nowhere else, on a thread of its own, from `start` until it is dropped. No runtime is
//!   needed to start it, and a client that blocks its thread (`git clone` in a plain test) works too.
//! - It is filled in process, without requests, so that [`RequestLog`] counts what the client under test did and
//!   nothing besides: requests, bytes of response bodies, bytes on the wire, connections, the peak of concurrency.
//! - It is deterministic: the same calls give the same digests and commit ids on every machine.
//! - It has a [`FaultScript`]: late answers, wrong answers, endless answers, broken connections, for the requests that
//!   [`When`] describes.
//!
//! | server | protocol | content comes from |
//! |---|---|---|
//! | [`Registry`] | OCI distribution spec: pull, push, tag pages, deletes; Basic and Bearer tokens, several users; TLS | [`Registry::image`], [`Registry::push_chart`], or any client that pushes |
//! | [`GitServer`] | smart HTTP, protocol 2 and 0, partial clones, pushes, by the real `git http-backend` | [`GitRepository::history`], [`GitRepository::commit`], or any client that pushes |
//! | [`ChartServer`] | HTTP with validators, gzip, redirects, Basic | [`ChartServer::publish`], [`ChartServer::set_index`] |
//!
//! Beside its own servers it starts foreign ones, where they are installed, to be measured against: see [`peer`].
//!
//! # What it is not
//!
//! It is not a server for the internet: it has no storage and no limits against its clients. It is not a mock either: clients
//! connect over TCP with the real protocols, and `git` itself tests the Git server.
//!
//! # Credentials
//!
//! No `Debug`, `Display` or error of this crate shows a credential. [`RecordedRequest::header`] does return what a client sent:
//! that is how a test proves that it was sent, or was not.

mod certificate;
mod chart;
mod chart_server;
mod credential;
mod digest;
mod error;
mod fault;
mod git;
mod lock;
mod loopback;
mod object_storage;
mod password_registry;
pub mod peer;
mod process;
mod process_memory;
mod registry;
mod ssh_server;

pub use certificate::{Authority, ServerCertificate};
pub use chart::Chart;
pub use chart_server::{ChartIndex, ChartServer, ChartServerBuilder};
pub use credential::Credential;
pub use error::Error;
pub use fault::{Fault, FaultKind, FaultScript, Reply, When};
pub use git::pack;
pub use git::{Commit, CommitMark, GitRepository, GitServer, GitServerBuilder, History, WrittenHistory};
pub use loopback::{Counters, RecordedRequest, RequestLog};
pub use object_storage::{Conditions, RcloneS3, S3Server};
pub use password_registry::PasswordRegistry;
pub use process::is_running;
pub use process_memory::PeakMemory;
pub use registry::{ImageBuilder, MediaType, Pushed, PushedPlatform, Registry, RegistryBuilder};
pub use ssh_server::SshServer;

/// The example of the README compiles and holds.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
