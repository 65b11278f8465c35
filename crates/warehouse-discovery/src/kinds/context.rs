//! The context in which a subscription of any kind is turned into a source.

use std::sync::Arc;

use artifact_http::{SourceContext, Tenant};
use artifact_source::{AnyArtifact, Error, ErrorKind};
use freight::NeededCreated;
#[cfg(any(feature = "image", feature = "git", feature = "chart"))]
use warehouse_spec::InvalidRule;
use warehouse_spec::{Freight, Warehouse};

use crate::Discoverer;
use crate::transport::Transport;

/// The Warehouse whose sources are made, and what its Discoverer gives to each of them.
pub(crate) struct KindContext<'a> {
    pub(crate) discoverer: &'a Discoverer,
    /// Whose Warehouse it is.
    pub(crate) tenant: &'a Tenant,
    pub(crate) warehouse: &'a Warehouse,
    /// The images of which Freight's criteria may read the build time.
    #[cfg_attr(not(feature = "image"), allow(dead_code, reason = "only images have a build time"))]
    pub(crate) needed: NeededCreated,
    /// The Freight since which paths of tags are compared.
    #[cfg_attr(not(feature = "git"), allow(dead_code, reason = "only Git has paths"))]
    pub(crate) last_freight: Option<&'a Freight>,
}

impl KindContext<'_> {
    /// The clients for a server whose certificate is checked, or not checked where the subscription says so.
    ///
    /// # Errors
    ///
    /// `InvalidInput` where no client skips the check.
    #[cfg(any(feature = "image", feature = "git", feature = "chart"))]
    pub(crate) fn transport(&self, skip_tls_verify: bool) -> Result<&Transport, Error> {
        self.discoverer.shared.transport(skip_tls_verify)
    }

    /// What every source over these clients shares.
    pub(crate) fn source_context(&self, transport: &Transport) -> SourceContext {
        SourceContext::new(transport.http.clone())
            .with_credentials(Arc::clone(&self.discoverer.credentials))
            .for_tenant(self.tenant.clone())
            .with_work_pool(self.discoverer.shared.work_pool.clone())
            .with_clock(Arc::clone(&self.discoverer.shared.clock))
            .with_cache_dir(self.discoverer.shared.cache_dir.clone())
    }
}

pub(crate) fn pick<T>(artifacts: &[AnyArtifact], convert: impl Fn(&AnyArtifact) -> Option<T>) -> Vec<T> {
    artifacts.iter().filter_map(convert).collect()
}

/// A rule that validation would have refused.
#[cfg(any(feature = "image", feature = "git", feature = "chart"))]
pub(crate) fn invalid_rule(invalid: InvalidRule) -> Error {
    let error = Error::new(ErrorKind::InvalidInput, invalid.to_string()).with_field(invalid.field());
    match invalid {
        InvalidRule::NoTag => error.with_hint("name it in `constraint`, such as latest"),
        InvalidRule::Pattern(cause) => error.with_cause(cause),
        InvalidRule::Constraint { error: cause, .. } => error.with_cause(cause),
        other => error.with_cause(other),
    }
}

/// A limit as the sources count.
pub(crate) fn limit(discovery_limit: u32) -> usize {
    usize::try_from(discovery_limit).unwrap_or(usize::MAX)
}

pub(crate) fn unknown(what: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("no factory is registered for {what:?}"))
        .with_hint("image, git and chart are built in; an embedder registers other types")
}
