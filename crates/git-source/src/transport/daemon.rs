//! The way to a `git daemon`.

use std::io::{self, Read};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::Arc;

use artifact_source::{Error, ErrorKind};
use gix::bstr::BStr;
use gix_transport::client::git::ConnectMode;

use super::Opened;
use super::counted::Counted;
use crate::watch::Watch;

const PORT: u16 = 9418;

/// Connects to a `git daemon`. The connection counts as the first request.
pub(super) fn open(host: &str, port: Option<u16>, path: &BStr, watch: &Arc<Watch>) -> Result<Opened, Error> {
    let unreachable = |what: &str, cause: io::Error| {
        Error::new(ErrorKind::Unreachable, format!("{what} {host}")).with_cause(cause)
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let addresses = (bare, port.unwrap_or(PORT))
        .to_socket_addrs()
        .map_err(|error| unreachable("there is no host", error))?;

    let mut refused = io::Error::other("the name has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, watch.limits.stall) {
            Ok(stream) => {
                let write = stream.try_clone().map_err(|error| unreachable("no connection to", error))?;
                let wake = stream.try_clone().map_err(|error| unreachable("no connection to", error))?;
                watch.on_stop(move || {
                    let _ = wake.shutdown(Shutdown::Both);
                });
                let read = Socket { stream, watch: Arc::clone(watch), started: false };
                let virtual_host = Some((host.to_owned(), port));
                return Ok(Box::new(Counted::new(
                    read,
                    write,
                    path,
                    virtual_host,
                    ConnectMode::Daemon,
                    watch,
                )));
            }
            Err(error) => refused = error,
        }
    }
    Err(unreachable("no connection to", refused))
}

/// The reading half, which knows what an early end means.
struct Socket {
    stream: TcpStream,
    watch: Arc<Watch>,
    started: bool,
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer).map_err(|error| {
            self.watch.fail(Error::new(ErrorKind::Unreachable, "the connection broke").with_cause(error))
        })?;
        if read == 0 && !self.started && !buffer.is_empty() {
            // A daemon that does not export the repository may hang up without a word.
            return Err(self.watch.fail(Error::new(
                ErrorKind::NotFound,
                "the server closed the connection without an answer: there is no such repository, or it is not exported",
            )));
        }
        self.started = true;
        Ok(read)
    }
}
