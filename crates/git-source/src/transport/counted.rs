//! A transport over one stream, counted.

use std::any::Any;
use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::sync::Arc;

use gix::bstr::BStr;
use gix_transport::client::blocking_io::{RequestWriter, SetServiceResponse, Transport};
use gix_transport::client::git::ConnectMode;
use gix_transport::client::git::blocking_io::Connection;
use gix_transport::client::{Error, MessageKind, TransportWithoutIO, WriteMode};
use gix_transport::{Protocol, Service};

use super::refusal::Refusals;
use super::version::Greeting;
use crate::watch::Watch;

/// A transport over one stream, in which a request is the connection itself or a command sent over
/// it. That makes the numbers comparable with those over http, where each of them is one HTTP
/// request.
pub(super) struct Counted<R, W> {
    connection: Connection<Greeting<Watched<R>>, Watched<W>>,
    watch: Arc<Watch>,
}

impl<R: Read, W: Write> Counted<R, W> {
    pub(super) fn new(
        read: R,
        write: W,
        path: &BStr,
        virtual_host: Option<(String, Option<u16>)>,
        mode: ConnectMode,
        watch: &Arc<Watch>,
    ) -> Self {
        let connection = Connection::new(
            Greeting::new(Watched { stream: read, watch: Arc::clone(watch), refusals: Refusals::default() }),
            Watched { stream: write, watch: Arc::clone(watch), refusals: Refusals::default() },
            Protocol::V2,
            path,
            virtual_host,
            mode,
            false,
        );
        Self { connection, watch: Arc::clone(watch) }
    }
}

impl<R: Read, W: Write> TransportWithoutIO for Counted<R, W> {
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

impl<R: Read, W: Write> Transport for Counted<R, W> {
    fn handshake<'a>(
        &mut self,
        service: Service,
        extra_parameters: &'a [(&'a str, Option<&'a str>)],
    ) -> Result<SetServiceResponse<'_>, Error> {
        self.watch.meter.count_request();
        self.connection.handshake(service, extra_parameters)
    }

    fn request(
        &mut self,
        write_mode: WriteMode,
        on_into_read: MessageKind,
        trace: bool,
    ) -> Result<RequestWriter<'_>, Error> {
        self.watch.meter.count_request();
        self.connection.request(write_mode, on_into_read, trace)
    }
}

/// A stream whose every wait is known to the [`Watch`].
struct Watched<S> {
    stream: S,
    watch: Arc<Watch>,
    refusals: Refusals,
}

impl<S: Read> Read for Watched<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.watch.waiting(|| self.stream.read(buffer))?;
        self.watch.received(read)?;
        if let Some(message) = self.refusals.read(buffer.get(..read).unwrap_or_default()) {
            self.watch.hear(&message);
        }
        Ok(read)
    }
}

impl<S: Write> Write for Watched<S> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.watch.waiting(|| self.stream.write(buffer))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.watch.waiting(|| self.stream.flush())
    }
}
