//! One session with the server: greet, list references, fetch.

use std::sync::Arc;

use artifact_source::{Error, ErrorKind};
use gix::bstr::{BStr, BString, ByteSlice};
use gix::error::{ResultExt, message};
use gix::progress::Discard;
use gix::protocol::Handshake;
use gix::protocol::fetch::{Context, Options, Shallow, Tags};
use gix::protocol::handshake::Ref;
use gix_transport::client::blocking_io::{SetServiceResponse, Transport, TransportV2Ext};
use gix_transport::client::{Capabilities, TransportWithoutIO};
use gix_transport::{Protocol, Service};

use crate::advertisement;
use crate::fault::Setback;
use crate::filter;
use crate::negotiate::Wanted;
use crate::store::Store;
use crate::transport::Opened;
use crate::watch::Watch;

/// What we call ourselves inside the protocol.
const AGENT: &str = concat!("warehouse-git-source/", env!("CARGO_PKG_VERSION"));

/// One session with the server.
pub(crate) struct Remote {
    transport: Opened,
    handshake: Handshake,
    watch: Arc<Watch>,
    is_over: bool,
}

impl Remote {
    /// Greets the server. One request.
    pub(crate) fn greet(mut transport: Opened, watch: &Arc<Watch>) -> Result<Self, Error> {
        let handshake =
            greet(&mut transport).map_err(|error| Setback::of_exchange("greeting", &error, watch))?;
        let format = handshake.capabilities.capability("object-format").and_then(|format| format.value());
        if let Some(format) = format.filter(|format| *format != b"sha1".as_bstr()) {
            return Err(Error::new(
                ErrorKind::BadAnswer,
                format!(
                    "the repository names its objects by {:?}, and only sha1 is understood",
                    format.to_str_lossy()
                ),
            ));
        }
        Ok(Self { transport, handshake, watch: Arc::clone(watch), is_over: false })
    }

    /// The references whose full names start with one of these prefixes. One request, or none at all
    /// with a server of protocol 0 or 1, which said everything in its greeting.
    pub(crate) fn list(&mut self, prefixes: &[String]) -> Result<Vec<Ref>, Error> {
        let fits = |name: &BStr| prefixes.iter().any(|prefix| name.starts_with(prefix.as_bytes()));
        if let Some(all) = &self.handshake.refs {
            return Ok(all.iter().filter(|reference| fits(reference.unpack().0)).cloned().collect());
        }
        let mut listed = self
            .ask_for(prefixes)
            .map_err(|error| Setback::of_exchange("listing references", &error, &self.watch))?;
        // A prefix is a wish that a server is free to ignore.
        listed.retain(|reference| fits(reference.unpack().0));
        Ok(listed)
    }

    /// Sends `ls-refs`.
    fn ask_for(&mut self, prefixes: &[String]) -> gix::Result<Vec<Ref>> {
        let capabilities = &self.handshake.capabilities;
        let format = capabilities.capability("object-format").map(|_| ("object-format", Some("sha1")));
        let features = format.into_iter().chain([("agent", Some(AGENT))]);
        let knows_unborn =
            capabilities.capability("ls-refs").and_then(|known| known.supports("unborn")).unwrap_or(false);
        let arguments = ["symrefs", "peel"].into_iter().chain(knows_unborn.then_some("unborn"));
        let arguments = arguments
            .map(BString::from)
            .chain(prefixes.iter().map(|prefix| BString::from(format!("ref-prefix {prefix}"))));
        let mut lines = self
            .transport
            .invoke("ls-refs", features, Some(arguments), false)
            .or_raise(|| message("`ls-refs` could not be sent"))?;
        advertisement::listed(&mut lines)
    }

    /// Whether the server has hung up.
    pub(crate) fn is_spent(&self) -> bool {
        self.is_over && self.transport.connection_persists_across_multiple_requests()
    }

    /// Whether the server may know the filter `tree:0`.
    pub(crate) fn knows_trees(&self) -> bool {
        let agent = self.handshake.capabilities.capability("agent");
        agent.and_then(|agent| agent.value()?.to_str().ok().map(filter::knows_trees)).unwrap_or(true)
    }

    /// Fetches into the store. One request.
    pub(crate) fn fetch(&mut self, wanted: &Wanted, store: &Store) -> Result<(), Setback> {
        let fetched = self.receive(wanted, store);
        // With protocol 0 and 1 one connection is good for one fetch, and whatever the protocol the server hangs up when it
        // has refused.
        self.is_over |= fetched.is_err() || self.handshake.server_protocol_version != Protocol::V2;
        fetched
    }

    fn receive(&mut self, wanted: &Wanted, store: &Store) -> Result<(), Setback> {
        let depth = wanted.depth.filter(|_| self.can_be_shallow());
        let shallow = depth.map_or(Shallow::NoChange, Shallow::DepthAtRemote);
        let options = Options {
            shallow_file: store.shallow_file(),
            shallow: &shallow,
            tags: Tags::None,
            reject_shallow_remote: false,
        };
        let context = Context {
            handshake: &mut self.handshake,
            transport: &mut self.transport,
            user_agent: ("agent", Some(AGENT.to_owned())),
            trace_packetlines: false,
        };
        let mut failure = None;
        let outcome = gix::protocol::fetch(
            &mut &*wanted,
            |pack, progress, interrupt| match store.receive(pack, progress, interrupt, &self.watch) {
                Ok(()) => Ok(true),
                Err(error) => {
                    failure = Some(error);
                    Err(gix::error::ErrorExt::raise(gix::error::message("the pack could not be stored")))
                }
            },
            Discard,
            self.watch.interrupt(),
            context,
            options,
        );
        match (outcome, failure) {
            (Ok(_), _) => Ok(()),
            (Err(_), Some(failure)) if failure.kind() == ErrorKind::Cache => Err(failure.into()),
            (Err(_), Some(failure)) => Err(Setback::of("fetching", &self.watch, || failure)),
            (Err(error), None) => Err(Setback::of_exchange("fetching", &error, &self.watch)),
        }
    }

    /// Whether the server says that it can send part of a history.
    pub(crate) fn can_be_shallow(&self) -> bool {
        let capabilities = &self.handshake.capabilities;
        match self.handshake.server_protocol_version {
            Protocol::V2 => {
                let fetch = capabilities.capability("fetch");
                fetch.and_then(|fetch| fetch.supports("shallow")).unwrap_or(false)
            }
            Protocol::V0 | Protocol::V1 => capabilities.contains("shallow"),
        }
    }
}

/// Greets the server, and hears all references of one that speaks protocol 0 or 1.
fn greet(transport: &mut Opened) -> gix::Result<Handshake> {
    let SetServiceResponse { actual_protocol, capabilities, refs } =
        transport.handshake(Service::UploadPack, &[])?;
    let (mut capabilities, mut references, mut shallow) = (capabilities, None, None);
    if let Some(mut refs) = refs {
        let (all, updates) = advertisement::greeted(&mut *refs)?;
        references = Some(with_symbolic_head(all, &capabilities));
        shallow = Some(updates);
        drop(refs);
        capabilities = without_deepen_relative(&capabilities)?;
    }
    Ok(Handshake {
        server_protocol_version: actual_protocol,
        refs: references,
        v1_shallow_updates: shallow,
        capabilities,
    })
}

/// Protocol 0 and 1 say in their capabilities which branch HEAD follows.
fn with_symbolic_head(mut references: Vec<Ref>, capabilities: &Capabilities) -> Vec<Ref> {
    let target = capabilities
        .iter()
        .filter(|capability| capability.name() == b"symref".as_bstr())
        .find_map(|capability| capability.value()?.strip_prefix(b"HEAD:"));
    let head = references.iter_mut().find(|reference| reference.unpack().0 == b"HEAD".as_bstr());
    if let (Some(target), Some(head)) = (target, head)
        && let Ref::Direct { full_ref_name, object } = &*head
    {
        *head = Ref::Symbolic {
            full_ref_name: full_ref_name.clone(),
            target: target.into(),
            tag: None,
            object: *object,
        };
    }
    references
}

/// With protocol 0 and 1 gitoxide echoes all it knows of what the server can. The server takes an
/// echoed `deepen-relative` to mean that a depth counts from the client's boundary, and sends nothing.
fn without_deepen_relative(capabilities: &Capabilities) -> gix::Result<Capabilities> {
    let mut line = vec![0];
    for capability in
        capabilities.iter().filter(|capability| capability.name() != b"deepen-relative".as_bstr())
    {
        if line.len() > 1 {
            line.push(b' ');
        }
        line.extend_from_slice(capability.name());
        if let Some(value) = capability.value() {
            line.push(b'=');
            line.extend_from_slice(value);
        }
    }
    Ok(Capabilities::from_bytes(&line)?.0)
}
