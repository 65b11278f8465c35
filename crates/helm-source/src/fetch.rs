//! One conditional GET of an index.

use std::sync::Arc;
use std::time::{Duration, Instant};

use artifact_http::{Call, HttpClient, Identity, Origin, Request, StatusCode, StreamingResponse, Url};
use artifact_source::{Error, ErrorKind};

use crate::body::read_index;
use crate::index::Index;
use crate::validator::Validators;

/// What to get, as whom, and how much of it at most.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    pub(crate) url: Url,
    pub(crate) identity: Identity,
    pub(crate) max_bytes: u64,
    pub(crate) allow_plain_credential: bool,
}

/// An index with what its server recognises it by.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) index: Index,
    pub(crate) validators: Option<Validators>,
}

/// What the server said.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Here is the index.
    Table(Arc<Table>),
    /// It is what these validators were given for.
    NotModified(Validators),
}

const WHAT: &str = "the index of the chart repository could not be read";

/// Asks for the index, unless it is still what `known` was given for. A body that breaks off is asked for again, as often as the client
/// repeats a request.
pub(crate) async fn fetch(
    client: &HttpClient,
    target: &Target,
    known: Option<&Validators>,
    call: &Call,
) -> Result<Answer, Error> {
    let started = Instant::now();
    let mut tries = 1;
    loop {
        // The client has repeated what failed before the body.
        let response = open(client, target, known, call).await?;
        let error = match answer(client, response, target, known, call).await {
            Err(error) if error.is_transient() && error.status().is_none() && error.tries() == 1 => error,
            answer => return answer,
        };
        let pause = client.pause_after(tries);
        let has_time =
            |pause: &Duration| call.deadline.is_none_or(|deadline| Instant::now() + *pause < deadline);
        let Some(pause) = pause.filter(has_time) else {
            return Err(if tries > 1 { error.with_tries(tries, started.elapsed()) } else { error });
        };
        tokio::time::sleep(pause).await;
        tries += 1;
    }
}

async fn answer(
    client: &HttpClient,
    response: StreamingResponse,
    target: &Target,
    known: Option<&Validators>,
    call: &Call,
) -> Result<Answer, Error> {
    if response.status() != StatusCode::NOT_MODIFIED {
        return read(response, target, call).await;
    }
    if let Some(known) = known
        && known.are_of(response.url())
    {
        return Ok(Answer::NotModified(known.clone()));
    }
    // Somebody else answered than the one that gave the validators: that proves nothing.
    read(open(client, target, None, call).await?, target, call).await
}

async fn open(
    client: &HttpClient,
    target: &Target,
    known: Option<&Validators>,
    call: &Call,
) -> Result<StreamingResponse, Error> {
    let authorization = match target.identity.credential() {
        Some(credential) => Some(credential.authorization().ok_or_else(|| {
            Error::new(ErrorKind::InvalidInput, "an identity token is no credential for a chart repository")
                .with_url(&target.url)
                .with_hint("use a user name and password, or a bearer token")
        })?),
        None => None,
    };
    let mut request = Request::get(&target.url)
        .authorization(authorization)
        .allow_plain_credential(target.allow_plain_credential)
        .accept_gzip(true)
        .sniff_encoding(true)
        .max_bytes(target.max_bytes);
    if let Some(known) = known {
        request = known.apply(request);
    }
    client.open(request, call).await
}

async fn read(response: StreamingResponse, target: &Target, call: &Call) -> Result<Answer, Error> {
    let origin = Origin::of(response.url());
    let response = response.error_for_status(WHAT, &target.identity).await.map_err(|error| {
        match hint(&error, target, &origin) {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    })?;
    let validators = Validators::of(response.headers(), response.url());
    let (index, _) = read_index(response, call.deadline).await?;
    Ok(Answer::Table(Arc::new(Table { index, validators })))
}

/// What to do about a refusal of `origin`, which a redirect may have led to.
fn hint(error: &Error, target: &Target, origin: &Origin) -> Option<String> {
    let hint = match error.kind() {
        ErrorKind::Unauthorized | ErrorKind::Forbidden if *origin != Origin::of(&target.url) => {
            return Some(format!(
                "{} redirects to {origin}, which asks for a login of its own; a credential for this repoURL is not sent \
                 there: use the chart repository at that host as repoURL, with a credential for it",
                Origin::of(&target.url)
            ));
        }
        ErrorKind::NotFound if target.url.path().ends_with("/index.yaml/index.yaml") => {
            "the URL of a chart repository is what stands before /index.yaml"
        }
        ErrorKind::NotFound => {
            "a chart repository answers <repoURL>/index.yaml; charts in a registry have a repoURL that begins \
             with oci://"
        }
        refusal => return target.identity.hint(refusal, "this repoURL"),
    };
    Some(hint.to_owned())
}
