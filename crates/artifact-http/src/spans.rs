//! Spans of the crate `tracing`, where its feature is on.

use artifact_source::Error;
use http::Method;
use url::Url;

use crate::service::ServiceResponse;

/// The same exchange in a span `http_request` with its method, its URL without secrets, and its status.
#[cfg(feature = "tracing")]
pub(crate) fn of_request(
    method: Method,
    url: &Url,
    exchange: impl Future<Output = Result<ServiceResponse, Error>>,
) -> impl Future<Output = Result<ServiceResponse, Error>> {
    use tracing::Instrument as _;

    let url = artifact_source::redact_url(url.as_str());
    let span = tracing::debug_span!("http_request", %method, url, status = tracing::field::Empty);
    let recorded = span.clone();
    async move {
        let answer = exchange.await;
        match &answer {
            Ok(answer) => recorded.record("status", answer.status.as_u16()),
            Err(error) => recorded.record("status", error.kind().as_str()),
        };
        answer
    }
    .instrument(span)
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn of_request<F: Future<Output = Result<ServiceResponse, Error>>>(
    _: Method,
    _: &Url,
    exchange: F,
) -> F {
    exchange
}
