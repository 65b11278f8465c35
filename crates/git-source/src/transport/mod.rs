//! Connections to a repository, over which gitoxide's protocol runs.
//!
//! gitoxide has transports of its own. These differ in what a discovery promises: every byte is counted
//! and limited, every wait can be interrupted, the standard error of a program becomes the error, and no
//! environment variable is read.
//!
//! The modules use each other in one direction: [`open`] -> `http`, `process`, `stream` -> `error`, `packet_line`, `ssh` ->
//! `interrupt` -> `quote`.

mod address;
mod error;
mod http;
mod interrupt;
mod options;
mod packet_line;
mod process;
mod quote;
mod silence;
mod ssh;
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
pub(crate) use silence::Silence;
use ssh::SshWay;
#[cfg(test)]
pub(crate) use stream::StreamTransport;

/// Opens a connection to the repository at this address, and what errors of its handshake may not tell. Over HTTP nothing is sent yet.
///
/// # Errors
///
/// `Refused` for what the egress policy of the HTTP client does not permit, before anything is started or looked at.
pub(crate) fn open(
    address: &Address,
    options: &TransportOptions,
    authentication: &Authentication,
    runtime: &Handle,
    interrupt: &Arc<Interrupt>,
) -> Result<(Box<dyn Transport>, Silence), Error> {
    let egress = options.http.egress();
    let (opened, silence) = match address {
        Address::Http { url } => {
            (http::open(url, options, authentication, runtime, interrupt), Silence::nothing())
        }
        Address::Ssh { destination, port, path } => {
            egress.check_ssh()?;
            let way = SshWay::new(egress, destination, *port)?;
            let silence = Silence::about_host(egress, way.address());
            (process::ssh(&options.ssh, &way, destination, *port, path.as_ref(), interrupt), silence)
        }
        Address::Daemon { host, port, path } => {
            egress.check_git_daemon()?;
            let addresses = egress.resolve(host, port.unwrap_or(stream::DAEMON_PORT))?;
            let silence = Silence::about_daemon(egress, &addresses);
            (stream::daemon(host, *port, &addresses, path.as_ref(), interrupt), silence)
        }
        Address::File { path } => {
            egress.check_file()?;
            (process::local(path, interrupt), Silence::about_files(egress))
        }
    };
    match opened {
        Ok(transport) => Ok((transport, silence)),
        Err(error) => Err(silence.keep(error)),
    }
}
