//! The limits within which an `index.yaml` is read: by this crate, and by others that read the same files.
//!
//! A YAML parser that streams takes memory for anchors and aliases alone, so these are limited; the number of events, of nodes and of characters is not. The
//! limits of parsers for configuration files reject an index of 30 MB.

/// The largest index, in bytes after decompression: 256 MiB.
pub const MAX_BYTES: u64 = 256 << 20;
/// The largest number of anchors.
pub const MAX_ANCHORS: usize = 1_000;
/// The largest size of what anchors name, in bytes: 4 MiB.
pub const MAX_ANCHOR_BYTES: usize = 4 << 20;
/// The deepest nesting.
pub const MAX_DEPTH: usize = 64;
/// The largest number of events that aliases repeat.
pub const MAX_REPEATED_EVENTS: usize = 100_000;
