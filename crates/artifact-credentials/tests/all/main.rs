//! What users rely on: files of real forms, real helper processes, and a real registry on loopback.

#![allow(clippy::unwrap_used, clippy::panic)]

#[cfg(unix)]
mod cached;
mod docker_config;
#[cfg(unix)]
mod helpers;
mod kargo_hints;
mod kargo_problems;
mod kargo_secrets;
#[cfg(unix)]
mod killed;
mod no_panic;
mod no_secret;
mod registry;
mod setup;
mod vectors;
