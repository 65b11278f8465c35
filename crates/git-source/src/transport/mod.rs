//! Connections to a repository, over which gitoxide's protocol runs.
//!
//! gitoxide has transports of its own. These differ in what a discovery promises: every byte is counted
//! and limited, every wait can be interrupted, the standard error of a program becomes the error, and no
//! environment variable is read.
//!
//! The modules use each other in one direction: [`open`] -> `http`, `process`, `stream` -> `error`, `packet_line` ->
//! `interrupt` -> `quote`.

mod address;
mod error;
mod http;
mod interrupt;
mod options;
mod packet_line;
mod process;
mod quote;
mod stream;

use std::sync::Arc;

use artifact_source::Error;
use gix_transport::client::blocking_io::Transport;
use tokio::runtime::Handle;

pub(crate) use address::Address;
pub(crate) use error::{ExchangeError, corrupt, has_broken, malformed};
pub(crate) use interrupt::{Interrupt, Limits, run_blocking};
pub(crate) use options::{Authentication, SshCommand, TransportOptions};
pub(crate) use quote::Cause;
#[cfg(test)]
pub(crate) use stream::StreamTransport;

/// Opens a connection to the repository at this address. Over HTTP nothing is sent yet.
pub(crate) fn open(
    address: &Address,
    options: &TransportOptions,
    authentication: &Authentication,
    runtime: &Handle,
    interrupt: &Arc<Interrupt>,
) -> Result<Box<dyn Transport>, Error> {
    match address {
        Address::Http { url } => http::open(url, options, authentication, runtime, interrupt),
        Address::Ssh { destination, port, path } => {
            process::ssh(&options.ssh, destination, *port, path.as_ref(), interrupt)
        }
        Address::Daemon { host, port, path } => stream::daemon(host, *port, path.as_ref(), interrupt),
        Address::File { path } => process::local(path, interrupt),
    }
}
