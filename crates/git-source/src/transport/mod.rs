//! Ways to a repository: what gitoxide's protocol speaks over.
//!
//! gitoxide brings transports of its own. Ours differ in what a discovery promises: every byte is
//! counted and has a budget, whatever waits can be stopped, what a program writes to its standard
//! error becomes the error, and no environment variable is read.

mod counted;
mod daemon;
mod http;
mod process;
mod refusal;
#[cfg(test)]
mod replay;
mod version;

use artifact_http::HttpClient;
use artifact_source::Error;
use gix_transport::client::blocking_io::Transport;

use crate::address::Address;
use crate::site::Visit;

pub(crate) use process::SshCommand;

/// A way to a repository, opened or about to be.
pub(crate) type Opened = Box<dyn Transport>;

/// Everything besides the address that opening a transport may need.
#[derive(Clone, Debug)]
pub(crate) struct Means {
    pub(crate) ssh: SshCommand,
    pub(crate) http: HttpClient,
    pub(crate) allow_plain_credential: bool,
}

/// Opens the way to a repository.
pub(crate) fn open(visit: &Visit) -> Result<Opened, Error> {
    let (means, watch) = (&visit.site.means, &visit.watch);
    match &visit.site.address {
        Address::Http { url, .. } => http::open(url, visit),
        Address::Ssh { destination, port, path } => {
            process::ssh(&means.ssh, destination, *port, path.as_ref(), watch)
        }
        Address::Daemon { host, port, path } => daemon::open(host, *port, path.as_ref(), watch),
        Address::File { path } => process::local(path, watch),
    }
}
