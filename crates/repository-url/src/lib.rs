//! Names and URLs of repositories: Docker Hub's spellings, Kargo's normal forms, redaction of credentials, printable text.
//!
//! All crates of this workspace use it for the names of repositories, so a name is parsed, compared and shown in one way.
//! It does no I/O and does not panic on any input.
//!
//! ```
//! use repository_url::{ImageName, normalize_git, redact_url};
//!
//! // Two spellings of one repository.
//! let name: ImageName = "index.docker.io/nginx".parse()?;
//! assert_eq!(name.to_string(), "docker.io/library/nginx");
//! assert_eq!(normalize_git("https://GitHub.com/Example/App.git"), normalize_git("https://github.com/example/app"));
//!
//! // A URL as a log may hold it.
//! assert_eq!(redact_url("https://me:hunter2@example.com/x?sig=abc"), "https://example.com/x?sig=...");
//! # Ok::<(), repository_url::InvalidImageName>(())
//! ```
//!
//! - Names: [`ImageName`], [`registry_host`], [`is_docker_hub`], [`is_tag`]; hosts that are numbers: [`ipv4_host`].
//! - Normal forms, by which Kargo compares repositories and names Freight: [`normalize_image`], [`normalize_git`],
//!   [`normalize_chart`]. They read URLs as Go's `net/url` does, which differs from the `url` crate.
//! - What may be shown: [`redact_url`] and [`without_credential`] take one URL, [`redact`] any text that may hold URLs,
//!   [`printable`] a text that others wrote; [`SourceLabel`] names what is read, in one line.

mod authority;
mod go_url;
mod hazard;
mod host;
mod image_name;
mod label;
mod normalize;
mod parts;
mod printable;
mod redact;

pub use authority::{HiddenHost, hides_host};
pub use hazard::{UrlHazard, is_invisible};
pub use host::{Ipv4Host, ipv4_host};
pub use image_name::{
    DOCKER_HUB, DOCKER_HUB_HOST, ImageName, InvalidImageName, is_docker_hub, is_tag, registry_host,
    short_image_name,
};
pub use label::SourceLabel;
pub use normalize::{normalize_chart, normalize_git, normalize_image};
pub use parts::UrlParts;
pub use printable::{is_printable, printable};
pub use redact::{
    names_secret, redact, redact_line, redact_tail, redact_url, redact_user, without_credential,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
