//! The transport over one stream, and the connection to a `git daemon`.

use std::any::Any;
use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;

use artifact_source::{Error, ErrorKind};
use gix::bstr::BStr;
use gix_transport::client::blocking_io::{RequestWriter, SetServiceResponse, Transport};
use gix_transport::client::git::ConnectMode;
use gix_transport::client::git::blocking_io::Connection;
use gix_transport::client::{self, MessageKind, TransportWithoutIO, WriteMode};
use gix_transport::{Protocol, Service};

use crate::transport::interrupt::Interrupt;
use crate::transport::packet_line::{ErrorPackets, HandshakeReader};

/// A transport over one stream. The connection counts as a request, and so does each command that is sent over it. So the
/// numbers are comparable with those over HTTP, where each of them is one HTTP request.
pub(crate) struct StreamTransport<R, W> {
    connection: Connection<HandshakeReader<Metered<R>>, Metered<W>>,
    interrupt: Arc<Interrupt>,
}

impl<R: Read, W: Write> StreamTransport<R, W> {
    pub(crate) fn new(
        read: R,
        write: W,
        path: &BStr,
        virtual_host: Option<(String, Option<u16>)>,
        mode: ConnectMode,
        interrupt: &Arc<Interrupt>,
    ) -> Self {
        let connection = Connection::new(
            HandshakeReader::new(Metered::new(read, interrupt)).with_interrupt(interrupt),
            Metered::new(write, interrupt),
            Protocol::V2,
            path,
            virtual_host,
            mode,
            false,
        );
        Self { connection, interrupt: Arc::clone(interrupt) }
    }
}

impl<R: Read, W: Write> TransportWithoutIO for StreamTransport<R, W> {
    fn to_url(&self) -> Cow<'_, BStr> {
        self.connection.to_url()
    }

    fn connection_persists_across_multiple_requests(&self) -> bool {
        true
    }

    fn configure(&mut self, _: &dyn Any) -> gix::Result {
        Ok(())
    }
}

impl<R: Read, W: Write> Transport for StreamTransport<R, W> {
    fn handshake<'a>(
        &mut self,
        service: Service,
        extra_parameters: &'a [(&'a str, Option<&'a str>)],
    ) -> Result<SetServiceResponse<'_>, client::Error> {
        self.interrupt.meter.count_request();
        self.connection.handshake(service, extra_parameters)
    }

    fn request(
        &mut self,
        write_mode: WriteMode,
        on_into_read: MessageKind,
        trace: bool,
    ) -> Result<RequestWriter<'_>, client::Error> {
        self.interrupt.meter.count_request();
        self.connection.request(write_mode, on_into_read, trace)
    }
}

/// A stream that reports its bytes and its waits to the [`Interrupt`].
struct Metered<S> {
    stream: S,
    interrupt: Arc<Interrupt>,
    errors: ErrorPackets,
}

impl<S> Metered<S> {
    fn new(stream: S, interrupt: &Arc<Interrupt>) -> Self {
        Self { stream, interrupt: Arc::clone(interrupt), errors: ErrorPackets::default() }
    }
}

impl<S: Read> Read for Metered<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.interrupt.while_waiting(|| self.stream.read(buffer))?;
        self.interrupt.received(read)?;
        if let Some(message) = self.errors.read(buffer.get(..read).unwrap_or_default()) {
            self.interrupt.record_server_message(message);
        }
        Ok(read)
    }
}

impl<S: Write> Write for Metered<S> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.interrupt.while_waiting(|| self.stream.write(buffer))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.interrupt.while_waiting(|| self.stream.flush())
    }
}

pub(crate) const DAEMON_PORT: u16 = 9418;

/// Connects to the `git daemon` of this host at one of these addresses.
pub(crate) fn daemon(
    host: &str,
    port: Option<u16>,
    addresses: &[SocketAddr],
    path: &BStr,
    interrupt: &Arc<Interrupt>,
) -> Result<Box<dyn Transport>, Error> {
    let unreachable = |what: &str, cause: io::Error| {
        Error::new(ErrorKind::Unreachable, format!("{what} {host}")).with_cause(cause)
    };
    let mut last_error = io::Error::other("the name has no address");
    for address in addresses {
        match TcpStream::connect_timeout(address, interrupt.limits.stall) {
            Ok(stream) => {
                let clone =
                    || stream.try_clone().map_err(|error| unreachable("there is no connection to", error));
                let (write, to_shut_down) = (clone()?, clone()?);
                interrupt.on_stop(move || {
                    let _ = to_shut_down.shutdown(Shutdown::Both);
                });
                let read = DaemonReader { stream, interrupt: Arc::clone(interrupt), started: false };
                let virtual_host = Some((host.to_owned(), port));
                return Ok(Box::new(StreamTransport::new(
                    read,
                    write,
                    path,
                    virtual_host,
                    ConnectMode::Daemon,
                    interrupt,
                )));
            }
            Err(error) => last_error = error,
        }
    }
    Err(unreachable("there is no connection to", last_error))
}

/// The reading half of a connection to a daemon, which knows what an early end means.
struct DaemonReader {
    stream: TcpStream,
    interrupt: Arc<Interrupt>,
    started: bool,
}

impl Read for DaemonReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer).map_err(|error| {
            self.interrupt.fail(Error::new(ErrorKind::Unreachable, "the connection broke").with_cause(error))
        })?;
        if read == 0 && !self.started && !buffer.is_empty() {
            // A daemon that does not export the repository may close the connection without a message.
            return Err(self.interrupt.fail(Error::new(
                ErrorKind::NotFound,
                "the server closed the connection without an answer: there is no such repository, or it is not exported",
            )));
        }
        self.started = true;
        Ok(read)
    }
}
