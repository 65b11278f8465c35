//! How a server is asked whether it keeps the conditions of a put.
//!
//! A server that does not know `If-None-Match` on a PUT ignores it and answers 200, so two writers at once would each believe that
//! they were first. The probe writes one small object, always of the same content, and looks for the refusals:
//!
//! 1. `If-None-Match: *`. A refusal proves that the header is kept. If it is written, it was absent or the header was ignored, so the same
//!    is sent again, and now it has to be refused.
//! 2. `If-Match` with a version that the object never had. It has to be refused.
//!
//! The object stays: were it deleted, a second writer's probe could take the absence for an ignored header. A later probe then costs two
//! requests.

use artifact_source::{Error, ErrorKind};
use bytes::Bytes;

use super::access::Access;
use super::object::{Condition, PutOutcome, Version};

/// The object that is written.
pub(super) const PROBE: &str = ".chart-release/conditional-put";

const CONTENT: &str =
    "chart-release asks with this object whether the store keeps If-None-Match and If-Match. Leave it.\n";

/// Whether conditions are kept.
pub(super) async fn probe(store: &Access) -> Result<bool, Error> {
    // The version looks like an ETag of S3, so that no server can reject its form.
    let never = Version::new("\"00000000000000000000000000000000\"");
    Ok(refuses(store, Condition::Absent, 2).await? && refuses(store, Condition::Matches(never), 1).await?)
}

/// Whether the condition is refused within this many puts.
async fn refuses(store: &Access, condition: Condition, puts: u32) -> Result<bool, Error> {
    for _ in 0..puts {
        let body = Bytes::from_static(CONTENT.as_bytes());
        match store.put(PROBE, body, condition.clone()).await {
            Ok(PutOutcome::ConditionFailed) => return Ok(true),
            Ok(PutOutcome::Written) => {}
            // A server that says it has no such thing.
            Err(error) if is_not_implemented(&error) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Whether the server refuses the header itself.
fn is_not_implemented(error: &Error) -> bool {
    error.status() == Some(501)
        || error.code() == Some("NotImplemented")
        || error.kind() == ErrorKind::Refused && error.status() == Some(400)
}
