//! The push of a manifest.

use std::time::Instant;

use artifact_http::{Call, Request};
use artifact_source::{Error, ErrorKind};

use super::content::NewManifest;
use super::refusal::{checked_digest, pause, refusal};
use crate::Digest;
use crate::reader::Reader;

/// What a tag shows about a push whose answer was lost.
enum Standing {
    Ours,
    AsBefore,
}

/// Sends the manifest. A PUT whose answer is lost is repeated only if the tag names what it named before.
pub(super) async fn push(
    reader: &Reader,
    reference: &str,
    manifest: &NewManifest,
    call: &Call,
) -> Result<Digest, Error> {
    let (digest, url) = (manifest.digest(), reader.manifest_url(reference)?);
    let what = format!("the manifest {reference}");
    let (mut failures, started) = (0, Instant::now());
    loop {
        let request = Request::put(&url, manifest.bytes.clone())
            .header("content-type", manifest.media_type.as_str())
            .retry_rate_limits_only();
        let failure = match reader.fetch(request, call).await {
            Ok(response) if matches!(response.status.as_u16(), 200..=202 | 204) => {
                checked_digest(&response, &digest, &what)?;
                return Ok(digest);
            }
            Ok(response) => refusal(reader, &response, &what),
            Err(error) => error,
        };
        if !failure.is_transient() || matches!(failure.status(), Some(429 | 507)) {
            return Err(failure);
        }
        failures += 1;
        let failure = failure.with_tries(failures, started.elapsed());
        pause(reader, failures, call).await.ok_or_else(|| failure.clone())?;
        match standing(reader, reference, &digest, manifest.replaces.as_ref(), call).await? {
            Some(Standing::Ours) => return Ok(digest),
            Some(Standing::AsBefore) => {}
            None => return Err(failure),
        }
    }
}

/// What the tag names after the answer to a push was lost. `None` if that could not be read.
///
/// # Errors
///
/// `Refused` if it names something else than before.
async fn standing(
    reader: &Reader,
    reference: &str,
    ours: &Digest,
    before: Option<&Digest>,
    call: &Call,
) -> Result<Option<Standing>, Error> {
    match reader.manifest(reference, call).await {
        Ok(fetched) if fetched.digest == *ours => Ok(Some(Standing::Ours)),
        Ok(fetched) if Some(&fetched.digest) == before => Ok(Some(Standing::AsBefore)),
        Ok(fetched) => {
            let message = format!(
                "the tag {reference} of {} was moved by another push at the same time: it names {}, not {ours}",
                reader.endpoint.name, fetched.digest
            );
            Err(Error::new(ErrorKind::Refused, message)
                .with_url(&reader.endpoint.base)
                .with_hint("compare the two, and publish under a version of its own"))
        }
        Err(error) if error.is_not_found() => Ok(Some(Standing::AsBefore)),
        Err(_) => Ok(None),
    }
}
