//! The limits within which the YAML of an `index.yaml` is parsed.

use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Options, alias_limits, budget, options};

/// The limits of the YAML parser, as those of `helm-source`: it streams, so only anchors and aliases take memory, and the caller limits the
/// size of the input.
pub(crate) fn limits(duplicate_keys: DuplicateKeyPolicy) -> Options {
    options! {
        budget: budget! {
            max_reader_input_bytes: None,
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
            max_anchors: 1_000,
            max_recorded_anchor_bytes: 4 << 20,
            max_depth: 64,
        },
        alias_limits: alias_limits! { max_total_replayed_events: 100_000 },
        duplicate_keys: duplicate_keys,
        with_snippet: false,
    }
}
