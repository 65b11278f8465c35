//! The digests that registries, chart indexes and object stores give to content.

use sha2::{Digest, Sha256};

/// `sha256:` and the hexadecimal digest of some bytes.
pub(crate) fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(bytes))
}
