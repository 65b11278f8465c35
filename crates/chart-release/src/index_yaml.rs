//! The limits within which the YAML of an `index.yaml` is parsed.

use helm_source::index_limits;
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Options, alias_limits, budget, options};

/// The limits of the YAML parser, [those of `helm-source`](index_limits). The caller limits the size of the input.
pub(crate) fn limits(duplicate_keys: DuplicateKeyPolicy) -> Options {
    options! {
        budget: budget! {
            max_reader_input_bytes: None,
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
            max_anchors: index_limits::MAX_ANCHORS,
            max_recorded_anchor_bytes: index_limits::MAX_ANCHOR_BYTES,
            max_depth: index_limits::MAX_DEPTH,
        },
        alias_limits: alias_limits! { max_total_replayed_events: index_limits::MAX_REPEATED_EVENTS },
        duplicate_keys: duplicate_keys,
        with_snippet: false,
    }
}
