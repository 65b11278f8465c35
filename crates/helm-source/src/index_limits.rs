//! The limits within which an `index.yaml` is read: by this crate, and by others that read the same files.
//!
//! A YAML parser that streams takes memory for anchors and aliases alone, so these are limited; the number of events, of nodes and of characters is not. The
//! limits of parsers for configuration files reject an index of 30 MB.

use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Options, alias_limits, budget, options};

/// The largest index, in bytes after decompression: 256 MiB.
pub const MAX_BYTES: u64 = 256 << 20;
/// The largest number of anchors.
pub const MAX_ANCHORS: usize = 1_000;
/// The largest size of what anchors name, in bytes: 64 KiB. Aliases of longer texts cost minutes.
pub const MAX_ANCHOR_BYTES: usize = 64 << 10;
/// The deepest nesting.
pub const MAX_DEPTH: usize = 64;
/// The largest number of events that aliases repeat.
pub const MAX_REPEATED_EVENTS: usize = 100_000;

/// The limits as the YAML parser `serde-saphyr` takes them. It streams, so only anchors and aliases take memory. The caller limits the size of
/// the input.
pub fn yaml_options(duplicate_keys: DuplicateKeyPolicy) -> Options {
    options! {
        budget: budget! {
            max_reader_input_bytes: None,
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
            max_anchors: MAX_ANCHORS,
            max_recorded_anchor_bytes: MAX_ANCHOR_BYTES,
            max_depth: MAX_DEPTH,
        },
        alias_limits: alias_limits! { max_total_replayed_events: MAX_REPEATED_EVENTS },
        duplicate_keys: duplicate_keys,
        with_snippet: false,
    }
}
