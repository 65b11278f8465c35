//! One request and its answer's head, redirects included.

use std::time::{Duration, Instant};

use artifact_source::{Error, ErrorKind};
use http::header;
use url::Url;

use crate::service::{ServiceBody, ServiceRequest, ServiceResponse};
use crate::{
    Call, HttpClient, Origin, Request, StreamingResponse, failure, is_loopback, moment, redirect, spans,
};

/// How much of the body of a redirect is read so that the connection can be used again.
const REDIRECT_BODY: usize = 64 << 10;

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) connect: Duration,
    pub(crate) stall: Duration,
}

/// The server that sent an answer, and what the request told it of who asks.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    pub(crate) url: Url,
    pub(crate) private: bool,
    /// The `Authorization` that the request had.
    pub(crate) sent: Option<http::HeaderValue>,
}

impl HttpClient {
    /// Sends the request, follows redirects, and gives what stands at their end.
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
        let mut public_only = request.public_only;
        if public_only && self.network.is_private(&url) {
            return Err(failure::leads_inside(&url));
        }
        for hop in 0.. {
            let mut message = ServiceRequest {
                method: request.method.clone(),
                url: url.clone(),
                headers: headers.clone(),
                body: request.body.clone(),
                public_only,
            };
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
            if let Some(pace) = &self.pace {
                pace.turn(&url, call.deadline).await?;
            }
            let answer = self.send(message, call).await?;
            let private = answer.private;
            if let (Some(pace), http::StatusCode::TOO_MANY_REQUESTS) = (&self.pace, answer.status) {
                pace.slow_down(&url);
            }
            if request.max_redirects == 0 || !redirect::leads_on(answer.status, &request.method) {
                let sender = Sender { url, private, sent: authorization.map(|sent| sent.value.clone()) };
                return StreamingResponse::new(
                    answer,
                    sender,
                    request,
                    call.clone(),
                    self.timing.stall,
                    whole,
                );
            }
            if hop >= request.max_redirects {
                let message = format!("more than {} redirects", request.max_redirects);
                return Err(Error::new(ErrorKind::BadAnswer, message).with_url(&url));
            }
            let leads_inside = |to: &Url| !private && self.network.is_private(to);
            let next = redirect::target(&url, &answer.headers, with_credential, leads_inside);
            let next = next?;
            self.drain(answer.body, call).await;
            if Origin::of(&next) != Origin::of(&url) {
                public_only = !private;
            }
            url = next;
            is_first &= Origin::of(&url) == origin;
        }
        Err(Error::new(ErrorKind::Internal, "the redirects have no end").with_url(&url))
    }

    async fn send(&self, message: ServiceRequest, call: &Call) -> Result<ServiceResponse, Error> {
        let url = message.url.clone();
        let patience = self.timing.connect.saturating_add(self.timing.stall);
        let (until, at_deadline) = until(patience, call.deadline);
        if at_deadline && until <= Instant::now() {
            return Err(deadline_passed(&url));
        }
        call.meter.count_request();
        let exchange = spans::of_request(message.method.clone(), &url, self.service.call(message));
        match tokio::time::timeout_at(until.into(), exchange).await {
            Ok(answer) => answer,
            Err(_) if at_deadline => Err(deadline_passed(&url)),
            Err(_) => Err(silence(&url, self.timing.stall)),
        }
    }

    /// Reads the rest of a small body that nobody wants, so that its connection stays of use.
    async fn drain(&self, mut answer: ServiceBody, call: &Call) {
        let (until, _) = until(self.timing.stall, call.deadline);
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

/// The end of a wait, and whether that is the deadline of the whole call.
pub(crate) fn until(patience: Duration, deadline: Option<Instant>) -> (Instant, bool) {
    let patience = moment::after(Instant::now(), patience);
    match deadline {
        Some(deadline) if deadline <= patience => (deadline, true),
        _ => (patience, false),
    }
}

pub(crate) fn deadline_passed(url: &Url) -> Error {
    Error::new(ErrorKind::TimedOut, "the deadline passed").with_url(url)
}

pub(crate) fn silence(url: &Url, stall: Duration) -> Error {
    let message = format!("the server was silent for {:.1} s", stall.as_secs_f64());
    Error::new(ErrorKind::TimedOut, message).with_url(url)
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
