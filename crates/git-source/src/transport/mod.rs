//! Connections to a repository, over which gitoxide's protocol runs.
//!
//! gitoxide has transports of its own. These differ in what a discovery promises: every byte is counted
//! and limited, every wait can be interrupted, the standard error of a program becomes the error, and no
//! environment variable is read.
//!
//! The modules use each other in one direction: [`open`] -> `http`, `process`, `stream` -> `error`, `greeting`, `packet_line`, `ssh_target` ->
//! `interrupt` -> `quote`, `server_message`.

mod address;
mod error;
mod greeting;
mod http;
mod interrupt;
mod options;
mod packet_line;
mod process;
mod quote;
mod redaction;
mod server_message;
mod ssh_target;
mod stream;

use std::rc::Rc;
use std::sync::Arc;

use artifact_source::Error;
use gix_transport::client::blocking_io::Transport;
use tokio::runtime::Handle;

pub(crate) use address::Address;
pub(crate) use error::{ExchangeError, corrupt, has_broken, malformed};
pub(crate) use greeting::Greeting;
pub(crate) use interrupt::{Interrupt, Limits, run_blocking};
pub(crate) use options::{Authentication, SshCommand, TransportOptions};
pub(crate) use quote::Cause;
pub(crate) use redaction::Redaction;
use ssh_target::SshTarget;
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
    greeting: &Rc<Greeting>,
) -> Result<(Box<dyn Transport>, Redaction), Error> {
    let egress = options.http.egress();
    let (opened, redaction) = match address {
        Address::Http { url } => {
            (http::open(url, options, authentication, runtime, interrupt, greeting), Redaction::none())
        }
        Address::Ssh { destination, port, path } => {
            egress.check_ssh()?;
            let target = SshTarget::new(egress, destination, *port)?;
            let redaction = Redaction::of_host(egress, target.address());
            (process::ssh(&options.ssh, &target, destination, *port, path.as_ref(), interrupt), redaction)
        }
        Address::Daemon { host, port, path } => {
            egress.check_git_daemon()?;
            let addresses = egress.resolve(host, port.unwrap_or(stream::DAEMON_PORT))?;
            let redaction = Redaction::of_daemon(egress, &addresses);
            (stream::daemon(host, *port, &addresses, path.as_ref(), interrupt), redaction)
        }
        Address::File { path } => {
            egress.check_file()?;
            (process::local(path, interrupt), Redaction::of_files(egress))
        }
    };
    match opened {
        Ok(transport) => Ok((transport, redaction)),
        Err(error) => Err(redaction.apply(error)),
    }
}
