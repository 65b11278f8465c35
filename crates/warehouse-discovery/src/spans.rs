//! Spans of the crate `tracing`, if its feature is enabled.

use artifact_source::SourceId;
use warehouse_spec::Warehouse;

#[cfg(feature = "tracing")]
pub(crate) use tracing::Span;

/// Nothing, where the feature is off.
#[cfg(not(feature = "tracing"))]
pub(crate) struct Span;

/// The span `discovery` of a run, with the Warehouse's name.
pub(crate) fn of_run(warehouse: &Warehouse) -> Span {
    #[cfg(feature = "tracing")]
    return tracing::info_span!("discovery", warehouse = warehouse.qualified_name());
    #[cfg(not(feature = "tracing"))]
    {
        let _ = warehouse;
        Span
    }
}

/// The span `subscription` below it, with the id of the source.
pub(crate) fn of_subscription(run: &Span, id: &SourceId) -> Span {
    #[cfg(feature = "tracing")]
    return tracing::info_span!(parent: run, "subscription", source = %id);
    #[cfg(not(feature = "tracing"))]
    {
        let _ = (run, id);
        Span
    }
}

/// The same work in this span.
#[cfg(feature = "tracing")]
pub(crate) fn within<F: Future>(span: Span, work: F) -> tracing::instrument::Instrumented<F> {
    tracing::Instrument::instrument(work, span)
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn within<F: Future>(_: Span, work: F) -> F {
    work
}
