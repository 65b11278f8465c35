//! One request and its answer's head, redirects included.

use std::time::{Duration, Instant};

use artifact_source::{Error, ErrorKind};
use http::{HeaderMap, Method, StatusCode, header};
use url::Url;

use crate::credential::strip_user_info;
use crate::service::{ServiceBody, ServiceRequest, ServiceResponse};
use crate::stream::{self, Sender};
use crate::{
    Call, HttpClient, Origin, Request, Reservation, StreamingResponse, call, egress, failure, is_loopback,
};

/// How much of the body of a redirect is read so that the connection can be used again.
const REDIRECT_BODY: usize = 64 << 10;
/// The rate, in bytes per second, below which the body of a request counts as stalled.
const LEAST_UPLOAD_RATE: u64 = 64 << 10;

impl HttpClient {
    /// Sends the request, follows redirects, and returns the final response.
    pub(crate) async fn exchange(
        &self,
        request: &Request,
        call: &Call,
        whole: bool,
    ) -> Result<StreamingResponse, Error> {
        let (url, headers) = request.target()?;
        let origin = Origin::of(url);
        let with_credential = request.authorizations.own(&origin).is_some();
        let mut is_first = true;
        let mut url = url.clone();
        // The server that led to the URL, if it is another one.
        let mut redirected_by: Option<Origin> = None;
        let mut public_only = request.public_only;
        if public_only && self.network.is_private(&url) {
            return Err(failure::leads_inside(&url));
        }
        for hop in 0.. {
            self.network.check(&self.egress, &url)?;
            let mut message = ServiceRequest::new(request.method.clone(), url.clone());
            message.headers = headers.clone();
            message.body = request.body.clone();
            message.public_only = public_only;
            message.egress = self.egress.clone();
            if request.accept_gzip {
                message.headers.insert(header::ACCEPT_ENCODING, http::HeaderValue::from_static("gzip"));
            }
            let authorization = request.authorizations.sent_to(&Origin::of(&url), is_first);
            if let Some(sent) = authorization {
                if sent.is_own {
                    check_plain(request, &url)?;
                }
                message.headers.insert(header::AUTHORIZATION, sent.value.clone());
            }
            let permit = self.in_flight.enter(&url, call).await?;
            if let Some(pace) = &self.tenant_pace {
                pace.turn_of_tenant(&url, call).await?;
            }
            if let Some(pace) = &self.pace {
                pace.turn(&url, call).await?;
            }
            if call.remaining().is_some_and(|left| left.is_zero()) {
                return Err(call::deadline_passed_at(&url));
            }
            let answer = self.send(message, call).await.map_err(|error| {
                let error = match &redirected_by {
                    Some(server) => of_redirect(error, server),
                    None => error,
                };
                self.conceal(error, &url)
            })?;
            let private = answer.private;
            if private
                && let (Some(expected), Some(peer)) = (request.private_peer, answer.peer)
                && expected != peer
            {
                return Err(failure::other_private_server(&url));
            }
            if let (Some(pace), http::StatusCode::TOO_MANY_REQUESTS) = (&self.pace, answer.status) {
                pace.slow_down(&url);
            }
            if request.max_redirects == 0 || !leads_on(answer.status, &request.method) {
                let sender = Sender { url, private, sent: authorization.map(|sent| sent.value.clone()) };
                // What is read piece by piece may wait for other requests of the same call.
                let permit = whole.then_some(permit);
                let memory = whole.then(|| self.memory_of_body(request, &answer.headers, call));
                let response = StreamingResponse::new(
                    answer,
                    sender,
                    request,
                    call.clone(),
                    (self.timing.stall, request.least_progress.unwrap_or(self.timing.progress)),
                    memory,
                )?;
                return Ok(response.until_read(permit));
            }
            if hop >= request.max_redirects {
                let message = format!("more than {} redirects", request.max_redirects);
                return Err(Error::new(ErrorKind::BadAnswer, message).with_url(&url));
            }
            let leaves =
                |to: &Url| !private || request.redirects_are_public && Origin::of(to) != Origin::of(&url);
            let leads_inside = |to: &Url| leaves(to) && self.network.is_private(to);
            let next = redirect_target(&url, &answer.headers, with_credential, leads_inside);
            let next = next?;
            self.drain(answer.body, call).await;
            // Once led elsewhere by a server on the internet, the request stays there.
            let from = Origin::of(&url);
            public_only |= leaves(&next) && Origin::of(&next) != from;
            redirected_by = (Origin::of(&next) != from).then_some(from);
            url = next;
            is_first &= Origin::of(&url) == origin;
        }
        Err(Error::new(ErrorKind::Internal, "the redirects have no end").with_url(&url))
    }

    /// The error of a request to this URL, which does not tell what became of a connection to a private address where the
    /// [policy](crate::EgressPolicy::explain_private_failures) says so: the author of the URL would learn which ports are open. Errors of this client are so already;
    /// this is for what a program adds, such as a deadline of its own.
    pub fn conceal(&self, error: Error, url: &Url) -> Error {
        let tells = matches!(
            error.kind(),
            ErrorKind::Unreachable | ErrorKind::TimedOut | ErrorKind::BadAnswer | ErrorKind::TooLarge
        );
        if tells && !self.egress.explains_private_failures() && self.network.may_lead_inside(url) {
            return egress::no_answer(url.as_str());
        }
        error
    }

    /// Memory for the body of the answer to this request, which has these headers.
    fn memory_of_body(&self, request: &Request, headers: &HeaderMap, call: &Call) -> Reservation {
        let plain = !headers.contains_key(header::CONTENT_ENCODING);
        let announced = plain.then(|| stream::announced_length(headers)).flatten();
        let bytes = announced.unwrap_or(u64::MAX).min(request.max_bytes);
        let most = bytes.saturating_mul(request.memory_per_byte);
        self.memory.as_ref().map_or_else(Reservation::unlimited, |memory| memory.body(call, most))
    }

    async fn send(&self, message: ServiceRequest, call: &Call) -> Result<ServiceResponse, Error> {
        let url = message.url.clone();
        let longest = self.timing.connect.saturating_add(self.timing.stall);
        let longest = longest.saturating_add(upload_time(message.body.len()));
        let (until, at_deadline) = call::until(longest, call.deadline);
        if at_deadline && until <= Instant::now() {
            return Err(call::deadline_passed_at(&url));
        }
        call.meter.count_request();
        let exchange = in_span(message.method.clone(), &url, self.service.call(message));
        match tokio::time::timeout_at(until.into(), exchange).await {
            Ok(answer) => answer,
            Err(_) if at_deadline => Err(call::deadline_passed_at(&url)),
            Err(_) => Err(call::silence(&url, self.timing.stall)),
        }
    }

    /// Reads the rest of a small body and drops it, so that its connection can be used again.
    async fn drain(&self, mut answer: ServiceBody, call: &Call) {
        let (until, _) = call::until(self.timing.stall, call.deadline);
        let rest = async {
            let mut read = 0;
            while let Ok(Some(bytes)) = answer.chunk().await {
                call.meter.count_bytes(bytes.len());
                read += bytes.len();
                if read > REDIRECT_BODY {
                    break;
                }
            }
        };
        // Whatever becomes of it, only the connection is at stake.
        let _ = tokio::time::timeout_at(until.into(), rest).await;
    }
}

/// The error of a request that this server redirected: nobody wrote the host that failed, so it says where it comes from.
fn of_redirect(error: Error, server: &Origin) -> Error {
    match error.kind() {
        ErrorKind::Unreachable | ErrorKind::Tls | ErrorKind::TimedOut => {
            error.map_message(|message| format!("{message}, to which {server} redirects"))
        }
        _ => error,
    }
}

/// How long the body of a request may take on a slow line, on top of the time for silence: a second for each 64 KiB.
fn upload_time(bytes: usize) -> Duration {
    Duration::from_secs(bytes as u64 / LEAST_UPLOAD_RATE)
}

/// A credential travels over plain http only to this machine, or where that was allowed.
fn check_plain(request: &Request, url: &Url) -> Result<(), Error> {
    if url.scheme() == "https" || request.allow_plain_credential || is_loopback(url) {
        return Ok(());
    }
    let message = format!("a credential would travel over plain http to {}", Origin::of(url));
    Err(Error::new(ErrorKind::Refused, message)
        .with_url(url)
        .with_hint("use https, or allow plain http for this host"))
}

/// Signed URLs are long, but not as long as this.
const LONGEST: usize = 16 << 10;

/// Whether a status of this kind sends a request of this method on, unchanged.
pub(crate) fn leads_on(status: StatusCode, method: &Method) -> bool {
    match status.as_u16() {
        301..=303 => *method == Method::GET || *method == Method::HEAD,
        307 | 308 => true,
        _ => false,
    }
}

/// The target of a redirect. `leads_inside` returns whether the target is a private address that the server must not name.
///
/// # Errors
///
/// `BadAnswer` for a location that is not an http or https URL; `Refused` for one that the request must not
/// be sent to.
pub(crate) fn redirect_target(
    from: &Url,
    headers: &HeaderMap,
    with_credential: bool,
    leads_inside: impl FnOnce(&Url) -> bool,
) -> Result<Url, Error> {
    let bad = |what: &str| Error::new(ErrorKind::BadAnswer, what).with_url(from);
    let location = headers.get(header::LOCATION).ok_or_else(|| bad("a redirect without a Location"))?;
    let location = std::str::from_utf8(location.as_bytes())
        .map_err(|_| bad("the Location of the redirect is not a valid URL"))?;
    if location.len() > LONGEST {
        return Err(bad(&format!("a redirect to a URL of more than {LONGEST} bytes")));
    }
    let mut to = from.join(location).map_err(|_| bad("the Location of the redirect is not a valid URL"))?;
    if !matches!(to.scheme(), "http" | "https") || to.host_str().is_none_or(str::is_empty) {
        return Err(bad("the Location of the redirect is not an http or https URL"));
    }
    strip_user_info(&mut to);
    let refused = |why: String| Error::new(ErrorKind::Refused, why).with_url(from);
    if with_credential && from.scheme() == "https" && to.scheme() == "http" {
        return Err(refused(format!(
            "a redirect from https to {}, while a credential is in use",
            Origin::of(&to)
        ))
        .with_hint("a correct server redirects to https"));
    }
    if Origin::of(from) != Origin::of(&to) && leads_inside(&to) {
        return Err(refused(format!(
            "a redirect from a public host to a private address, {}",
            Origin::of(&to)
        )));
    }
    Ok(to)
}

/// The same exchange in a span `http_request` with its method, its URL without secrets, and its status.
#[cfg(feature = "tracing")]
pub(crate) fn in_span(
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
pub(crate) fn in_span<F: Future<Output = Result<ServiceResponse, Error>>>(
    _: Method,
    _: &Url,
    exchange: F,
) -> F {
    exchange
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::is_private;

    #[track_caller]
    fn check(from: &str, location: &str, with_credential: bool, expected: Result<&str, ErrorKind>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, location.parse().unwrap());
        let from_url = Url::parse(from).unwrap();
        let to = redirect_target(&from_url, &headers, with_credential, |to| {
            is_private(to) && !is_private(&from_url)
        });
        assert_eq!(
            to.as_ref().map(Url::as_str).map_err(Error::kind),
            expected,
            "{from} -> {location}, credential: {with_credential}"
        );
    }

    #[test]
    fn table() {
        let registry = "https://registry.example.com/v2/a/blobs/x";
        check(registry, "/other?a=b", true, Ok("https://registry.example.com/other?a=b"));
        check(registry, "//cdn.example.com/x", true, Ok("https://cdn.example.com/x"));
        check(registry, "https://cdn.example.com/x", true, Ok("https://cdn.example.com/x"));
        check(registry, "https://u:p@cdn.example.com/x", true, Ok("https://cdn.example.com/x"));
        check(registry, "http://cdn.example.com/x", true, Err(ErrorKind::Refused));
        check(registry, "http://cdn.example.com/x", false, Ok("http://cdn.example.com/x"));
        check(registry, "https://127.0.0.1/x", false, Err(ErrorKind::Refused));
        check(registry, "http://169.254.169.254/latest", false, Err(ErrorKind::Refused));
        check(registry, "https://localhost/x", false, Err(ErrorKind::Refused));
        check("http://127.0.0.1:5000/x", "http://127.0.0.1:9000/x", true, Ok("http://127.0.0.1:9000/x"));
        check(registry, "ftp://example.com/x", false, Err(ErrorKind::BadAnswer));
        check(registry, "file:///etc/passwd", false, Err(ErrorKind::BadAnswer));
        check(registry, "http://[", false, Err(ErrorKind::BadAnswer));
        check(registry, &"x".repeat(LONGEST + 1), false, Err(ErrorKind::BadAnswer));
        assert_eq!(
            redirect_target(&Url::parse(registry).unwrap(), &HeaderMap::new(), false, is_private)
                .unwrap_err()
                .kind(),
            ErrorKind::BadAnswer
        );
    }

    #[test]
    fn a_large_body_has_more_time() {
        for (bytes, seconds) in [(0, 0), (1 << 10, 0), (1 << 20, 16), (100 << 20, 1600)] {
            assert_eq!(upload_time(bytes), Duration::from_secs(seconds), "{bytes}");
        }
    }

    #[test]
    fn methods() {
        for (status, get, post) in
            [(301, true, false), (302, true, false), (303, true, false), (307, true, true), (308, true, true)]
        {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(
                (leads_on(status, &Method::GET), leads_on(status, &Method::POST)),
                (get, post),
                "{status}"
            );
        }
        assert!(!leads_on(StatusCode::NOT_MODIFIED, &Method::GET));
        assert!(!leads_on(StatusCode::OK, &Method::GET));
    }

    proptest::proptest! {
        #[test]
        fn any_location_leads_to_http_without_a_user(
            location in r"((https?|ftp|file)?:?/{0,3}([a-z]{1,3}(:[a-z]{1,3})?@)?[a-z0-9.\[\]:]{0,12}/?[ -~]{0,20})"
        ) {
            let mut headers = HeaderMap::new();
            headers.insert(header::LOCATION, location.parse().unwrap());
            let from = Url::parse("https://registry.example.com/v2/").unwrap();
            if let Ok(to) = redirect_target(&from, &headers, true, is_private) {
                proptest::prop_assert_eq!(to.scheme(), "https");
                proptest::prop_assert!(to.username().is_empty() && to.password().is_none() && !is_private(&to));
            }
        }
    }
}
