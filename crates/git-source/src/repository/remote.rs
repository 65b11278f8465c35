//! One connection to the server: handshake, list of references, fetch.

use std::sync::Arc;

use artifact_source::{Error, ErrorKind};
use gix::bstr::{BStr, BString, ByteSlice};
use gix::error::{ResultExt, message};
use gix::hash::Kind as ObjectFormat;
use gix::progress::Discard;
use gix::protocol::Handshake;
use gix::protocol::fetch::{Context, Options, Shallow, Tags};
use gix::protocol::handshake::Ref;
use gix_transport::client::blocking_io::{SetServiceResponse, Transport, TransportV2Ext};
use gix_transport::client::{Capabilities, TransportWithoutIO};
use gix_transport::{Protocol, Service};

use crate::repository::fetch::{self, FetchCapabilities, FetchRequest, PackFilter};
use crate::repository::references;
use crate::repository::store::Store;
use crate::transport::{ExchangeError, Interrupt};

/// The name of this client in the protocol.
const AGENT: &str = concat!("warehouse-git-source/", env!("CARGO_PKG_VERSION"));

/// One connection to the server, after the handshake.
pub(crate) struct Remote {
    transport: Box<dyn Transport>,
    handshake: Handshake,
    format: ObjectFormat,
    interrupt: Arc<Interrupt>,
    is_finished: bool,
    /// Whether the server was not greeted: what it says was known.
    pub(crate) is_known: bool,
}

impl Remote {
    /// Performs the handshake. One request, or none if the transport knows what the server says to it.
    pub(crate) fn connect(
        mut transport: Box<dyn Transport>,
        interrupt: &Arc<Interrupt>,
    ) -> Result<Self, Error> {
        let handshake = handshake(&mut transport, interrupt)
            .map_err(|error| ExchangeError::from_gix("performing the handshake", &error, interrupt))?;
        let format = object_format(&handshake.capabilities)?;
        Ok(Self {
            transport,
            handshake,
            format,
            interrupt: Arc::clone(interrupt),
            is_finished: false,
            is_known: false,
        })
    }

    /// The hash by which the repository names its objects.
    pub(crate) fn object_format(&self) -> ObjectFormat {
        self.format
    }

    /// The references whose full names start with one of these prefixes. One request, or none
    /// with a server of protocol 0 or 1, which lists everything in the handshake.
    pub(crate) fn list(&mut self, prefixes: &[String]) -> Result<Vec<Ref>, Error> {
        let fits = |name: &BStr| prefixes.iter().any(|prefix| name.starts_with(prefix.as_bytes()));
        if let Some(all) = &self.handshake.refs {
            return Ok(all.iter().filter(|reference| fits(reference.unpack().0)).cloned().collect());
        }
        let listed = self.ls_refs(prefixes, fits);
        Ok(listed.map_err(|error| ExchangeError::from_gix("listing references", &error, &self.interrupt))?)
    }

    /// Sends `ls-refs`.
    fn ls_refs(&mut self, prefixes: &[String], fits: impl Fn(&BStr) -> bool) -> gix::Result<Vec<Ref>> {
        let capabilities = &self.handshake.capabilities;
        let name = self.format.to_string();
        let format = capabilities.capability("object-format").map(|_| ("object-format", Some(name.as_str())));
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
        references::listed(&mut lines, &self.interrupt, fits)
    }

    /// Whether the server speaks protocol 2.
    pub(crate) fn is_protocol_2(&self) -> bool {
        self.handshake.server_protocol_version == Protocol::V2
    }

    /// Whether the server has closed the connection.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_finished && self.transport.connection_persists_across_multiple_requests()
    }

    /// What it accepts of this, by what it says of itself.
    pub(crate) fn limits(&self, mut accepted: FetchCapabilities) -> FetchCapabilities {
        if !self.knows_tree_filter() {
            accepted.filter = accepted.filter.max(PackFilter::Blobs);
        }
        accepted.shallow &= self.can_be_shallow();
        accepted
    }

    /// Whether the server may know the filter `tree:0`.
    fn knows_tree_filter(&self) -> bool {
        self.agent().is_none_or(|agent| fetch::knows_tree_filter(&agent))
    }

    /// Whether the server may send some levels of the trees of commits with them.
    pub(crate) fn may_send_levels(&self) -> bool {
        self.can_send_trees() && self.agent().is_none_or(|agent| fetch::may_send_levels(&agent))
    }

    /// How the server names itself.
    fn agent(&self) -> Option<String> {
        Some(self.handshake.capabilities.capability("agent")?.value()?.to_str().ok()?.to_owned())
    }

    /// Whether the server says that it can leave objects out of a pack, and then sends each of them by its id. Only protocol 2 says so.
    pub(crate) fn can_send_trees(&self) -> bool {
        let fetch = self.handshake.capabilities.capability("fetch");
        self.is_protocol_2() && fetch.and_then(|fetch| fetch.supports("filter")).unwrap_or(false)
    }

    /// Fetches into the store. One request.
    pub(crate) fn fetch(&mut self, request: &FetchRequest, store: &Store) -> Result<(), ExchangeError> {
        store.begin(request)?;
        let fetched = self.receive(request, store);
        // With protocol 0 and 1 a connection serves one fetch. With every protocol the server closes it after a refusal.
        self.is_finished |= fetched.is_err() || !self.is_protocol_2();
        fetched?;
        store.keep(request, &self.interrupt)?;
        Ok(())
    }

    fn receive(&mut self, request: &FetchRequest, store: &Store) -> Result<(), ExchangeError> {
        let depth = request.depth.filter(|_| self.can_be_shallow());
        let shallow = depth.map_or(Shallow::NoChange, Shallow::DepthAtRemote);
        let options = Options {
            shallow_file: store.shallow_file(request.is_history),
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
            &mut &*request,
            |pack, progress, flag| match store.receive(pack, progress, flag, &self.interrupt) {
                Ok(()) => Ok(true),
                Err(error) => {
                    failure = Some(error);
                    Err(gix::error::ErrorExt::raise(gix::error::message("the pack could not be stored")))
                }
            },
            Discard,
            self.interrupt.flag(),
            context,
            options,
        );
        match (outcome, failure) {
            (Ok(_), _) => Ok(()),
            (Err(_), Some(ExchangeError::Other(failure))) if failure.kind() != ErrorKind::Cache => {
                Err(ExchangeError::explain("fetching", &self.interrupt, || failure))
            }
            (Err(_), Some(failure)) => Err(failure),
            (Err(error), None) => Err(ExchangeError::from_gix("fetching", &error, &self.interrupt)),
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

/// The hash by which a server names objects. One that does not say so uses SHA-1.
fn object_format(capabilities: &Capabilities) -> Result<ObjectFormat, Error> {
    let Some(named) = capabilities.capability("object-format").and_then(|format| format.value()) else {
        return Ok(ObjectFormat::Sha1);
    };
    named.to_str().ok().and_then(|name| name.parse().ok()).ok_or_else(|| {
        Error::new(
            ErrorKind::BadAnswer,
            format!(
                "the object format of the repository is {:?}, and sha1 and sha256 are supported",
                named.to_str_lossy()
            ),
        )
    })
}

/// Performs the handshake. A server of protocol 0 or 1 lists all its references in it.
fn handshake(transport: &mut Box<dyn Transport>, interrupt: &Interrupt) -> gix::Result<Handshake> {
    let SetServiceResponse { actual_protocol, capabilities, refs } =
        transport.handshake(Service::UploadPack, &[])?;
    let (mut capabilities, mut references, mut shallow) = (capabilities, None, None);
    if let Some(mut refs) = refs {
        let (all, updates) = references::advertised(&mut *refs, interrupt)?;
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

/// With protocol 0 and 1 gitoxide sends back all capabilities that it knows. With
/// `deepen-relative` a depth counts from the client's boundary, and the server sends nothing.
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
