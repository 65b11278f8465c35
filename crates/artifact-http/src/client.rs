//! The client and how it is built.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use artifact_source::{Error, ErrorKind, Remedy};
use http::HeaderValue;

use crate::egress::EgressPolicy;
use crate::in_flight::InFlight;
use crate::network::Network;
use crate::reqwest_service::ReqwestService;
use crate::response::Tries;
use crate::retry::{Backoff, is_passing};
use crate::service::{Configured, Guarded, HttpService};
use crate::{
    Call, LeastProgress, MemoryBudget, Pace, Request, Reservation, Response, StreamingResponse, egress,
    retry, retry_after, tls,
};

/// Sends requests; see the [crate](crate) for what it promises. Clones share their connections.
#[derive(Clone)]
pub struct HttpClient {
    pub(crate) service: Arc<dyn HttpService>,
    skips_tls_verify: bool,
    pub(crate) network: Arc<Network>,
    pub(crate) egress: EgressPolicy,
    /// The policy as it was given, if one was.
    own_egress: Option<EgressPolicy>,
    pub(crate) timing: Timing,
    pub(crate) pace: Option<Pace>,
    pub(crate) tenant_pace: Option<Pace>,
    pub(crate) in_flight: InFlight,
    pub(crate) memory: Option<MemoryBudget>,
    retry: Retry,
}

#[derive(Clone, Copy, Debug)]
struct Retry {
    attempts: u32,
    backoff: Backoff,
    longest_retry_after: Duration,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) connect: Duration,
    pub(crate) stall: Duration,
    pub(crate) progress: LeastProgress,
}

/// Builds an [`HttpClient`].
#[derive(Clone)]
#[must_use]
pub struct HttpClientBuilder {
    user_agent: String,
    roots: Vec<u8>,
    skip_tls_verify: bool,
    timing: Timing,
    retry: Retry,
    proxy_from_environment: bool,
    network: Network,
    egress: Option<EgressPolicy>,
    pace: Option<Pace>,
    tenant_pace: Option<Pace>,
    requests_at_once: usize,
    memory: Option<MemoryBudget>,
    service: Option<Arc<dyn HttpService>>,
}

impl Default for HttpClientBuilder {
    fn default() -> Self {
        Self {
            user_agent: concat!("artifact-http/", env!("CARGO_PKG_VERSION")).to_owned(),
            roots: Vec::new(),
            skip_tls_verify: false,
            timing: Timing {
                connect: Duration::from_secs(10),
                stall: Duration::from_secs(30),
                progress: LeastProgress::default(),
            },
            retry: Retry {
                attempts: 4,
                backoff: Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(8) },
                longest_retry_after: Duration::from_secs(60),
            },
            proxy_from_environment: false,
            network: Network::default(),
            egress: None,
            pace: None,
            tenant_pace: None,
            requests_at_once: 64,
            memory: None,
            service: None,
        }
    }
}

impl HttpClientBuilder {
    /// The header `User-Agent`. Defaults to the name and version of this crate.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Trusts the certificates in this PEM text besides the platform's.
    pub fn add_root_certificate_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.roots.extend_from_slice(pem.as_ref());
        self.roots.push(b'\n');
        self
    }

    /// Accepts every certificate. Use such a client only for the repository whose owner requested
    /// for it.
    pub fn skip_tls_verify(mut self, skip: bool) -> Self {
        self.skip_tls_verify = skip;
        self
    }

    /// The longest wait for a connection. Defaults to 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timing.connect = timeout;
        self
    }

    /// How long a server may be silent. Defaults to 30 s. A body that is
    /// [fetched](HttpClient::fetch) whole must also bring one KiB in that time, or its end.
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.timing.stall = timeout;
        self
    }

    /// The least that a server has to send while a body is read, beside the [stall time-out](Self::stall_timeout). Defaults to 1 KiB a second, averaged
    /// over 30 s of waiting.
    pub fn least_progress(mut self, least: LeastProgress) -> Self {
        self.timing.progress = least;
        self
    }

    /// How often a request that may be repeated is sent at most. Defaults to 4.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.retry.attempts = attempts.max(1);
        self
    }

    /// The wait after the first failure, which doubles after each one up to `longest`. Defaults to 250 ms and 8 s. The real wait is between half of that and all of it.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.retry.backoff = Backoff { first, longest };
        self
    }

    /// The longest `Retry-After` that is waited for. Defaults to 60 s. A server that asks for
    /// more gets no second request, and its answer is returned at once.
    pub fn longest_retry_after(mut self, longest: Duration) -> Self {
        self.retry.longest_retry_after = longest;
        self
    }

    /// Whether `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` are followed. No, if it is not
    /// said: a library does not read the environment on its own.
    ///
    /// Each is read in small letters too where there is none in capitals, and what is empty counts as not set. Proxies are
    /// `http://` or `https://` URLs, or `host:port`; where no variable names one, the system's own settings count (macOS and
    /// Windows). A value that cannot be a proxy is an error of [`build`](Self::build), as requests would otherwise go past
    /// the proxy without a word. In a CGI program (`REQUEST_METHOD` is set) there is no proxy, as a client of the program could name one.
    ///
    /// This machine (see [`is_loopback`](crate::is_loopback)) never uses a proxy, whatever the variables say.
    pub fn proxy_from_environment(mut self, follow: bool) -> Self {
        self.proxy_from_environment = follow;
        self
    }

    /// Overrides the addresses of this name.
    pub fn resolve(mut self, name: &str, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.network.know(name, addresses);
        self
    }

    /// Counts the addresses that begin with these `bits` of this one as public, so that servers out on the internet may
    /// direct requests there: for networks that answer public names with addresses of their own, such as `100.64.0.0`, 10. Every
    /// [policy](Self::egress) permits them, but for those of metadata services.
    pub fn count_as_public(mut self, address: IpAddr, bits: u8) -> Self {
        self.network.count_as_public(address, bits);
        self
    }

    /// Which connections may be made. Defaults to [`EgressPolicy::workstation`]: everything. A program that requests URLs which others
    /// write needs [`EgressPolicy::cluster`].
    pub fn egress(mut self, policy: EgressPolicy) -> Self {
        self.egress = Some(policy);
        self
    }

    /// Holds the requests to each host to a pace. Defaults to no limit.
    pub fn pace(mut self, pace: impl Into<Option<Pace>>) -> Self {
        self.pace = pace.into();
        self
    }

    /// How many requests of one [tenant](Call::for_tenant) to one origin are under way at once. Defaults to 64; at least 1. Others wait.
    pub fn requests_at_once(mut self, requests: usize) -> Self {
        self.requests_at_once = requests.max(1);
        self
    }

    /// Holds the requests of each [tenant](Call::for_tenant), to all hosts together, to this many a second, and to this many at once after a rest.
    /// Defaults to no limit. Requests without a tenant, and those to this machine, are not held.
    pub fn tenant_rate(mut self, per_second: f64, burst: u32) -> Self {
        self.tenant_pace = Some(Pace::per_second(per_second, burst));
        self
    }

    /// Counts the bodies that are [fetched](HttpClient::fetch) whole against this budget. Defaults to no budget, for a program that
    /// decides itself what it reads at once.
    pub fn memory(mut self, memory: impl Into<Option<MemoryBudget>>) -> Self {
        self.memory = memory.into();
        self
    }

    /// Sends the requests through this service instead of one of the client's own. Each request brings the [user agent](Self::user_agent) as
    /// its header, and whether certificates are [not checked](Self::skip_tls_verify) as
    /// [a field](crate::ServiceRequest::skip_tls_verify). Root certificates, proxies, connections, their time limit, and names with
    /// [known addresses](Self::resolve) are then the service's business.
    pub fn service(mut self, service: impl HttpService) -> Self {
        self.service = Some(Arc::new(service));
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](artifact_source::ErrorKind::InvalidInput) for a root certificate that is not a PEM certificate, a user agent
    /// that no header can carry, and a variable of the environment that is
    /// [followed](Self::proxy_from_environment) and names what cannot be a proxy: the error names the variable, and nothing
    /// of its value. And for a client that [skips the check of certificates](Self::skip_tls_verify) under a [policy](Self::egress) that
    /// does not permit that.
    pub fn build(self) -> Result<HttpClient, Error> {
        let network = Arc::new(self.network);
        let egress =
            self.egress.clone().unwrap_or_else(EgressPolicy::workstation).with_public(network.public());
        if self.skip_tls_verify && egress.check_insecure_skip_tls_verify().is_err() {
            let message =
                "the client is to accept every certificate, and its egress policy does not permit that";
            return Err(Error::new(ErrorKind::InvalidInput, message)
                .with_hint("`EgressPolicy::allow_insecure_skip_tls_verify(true)` permits it")
                .with_remedy(Remedy::PermitProtocol("insecureSkipTLSVerify")));
        }
        let in_flight = InFlight::new(self.requests_at_once);
        let user_agent = HeaderValue::from_str(&self.user_agent).map_err(|cause| {
            Error::new(ErrorKind::InvalidInput, "the user agent cannot be the value of a header")
                .with_cause(cause)
        })?;
        if let Some(inner) = self.service {
            let service = Configured { inner, user_agent, skip_tls_verify: self.skip_tls_verify };
            return Ok(HttpClient {
                service: Arc::new(service),
                skips_tls_verify: self.skip_tls_verify,
                network,
                egress,
                own_egress: self.egress,
                timing: self.timing,
                pace: self.pace,
                tenant_pace: self.tenant_pace,
                in_flight,
                memory: self.memory,
                retry: self.retry,
            });
        }
        let tls = tls::configuration(&self.roots, self.skip_tls_verify)?;
        let connect = self.timing.connect;
        let settings = move || {
            reqwest::Client::builder()
                .user_agent(user_agent.clone())
                .tls_backend_preconfigured(tls.clone())
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                // Servers close what idles, some within seconds, and a POST that meets that moment is lost.
                .pool_idle_timeout(Duration::from_secs(15))
                .connect_timeout(connect)
        };
        let service =
            ReqwestService::build(settings, Arc::clone(&network), &egress, self.proxy_from_environment)?;
        Ok(HttpClient {
            service: Arc::new(service),
            skips_tls_verify: self.skip_tls_verify,
            network,
            egress,
            own_egress: self.egress,
            timing: self.timing,
            pace: self.pace,
            tenant_pace: self.tenant_pace,
            in_flight,
            memory: self.memory,
            retry: self.retry,
        })
    }
}

impl HttpClient {
    /// A builder with everything as its methods say.
    pub fn builder() -> HttpClientBuilder {
        HttpClientBuilder::default()
    }

    /// The same client, with the same connections, at another pace.
    #[must_use]
    pub fn with_pace(mut self, pace: impl Into<Option<Pace>>) -> Self {
        self.pace = pace.into();
        self
    }

    /// Whether it was built with [`skip_tls_verify`](HttpClientBuilder::skip_tls_verify).
    pub fn skips_tls_verify(&self) -> bool {
        self.skips_tls_verify
    }

    /// The same client under another [policy](HttpClientBuilder::egress). It shares no connection with a client under a different one.
    #[must_use]
    pub fn with_egress(mut self, policy: EgressPolicy) -> Self {
        self.egress = policy.clone().with_public(self.network.public());
        self.own_egress = Some(policy);
        self
    }

    /// Which connections the client makes.
    pub fn egress(&self) -> &EgressPolicy {
        &self.egress
    }

    /// The policy that the client [was given](HttpClientBuilder::egress); `None` where it has the default one.
    pub fn own_egress(&self) -> Option<&EgressPolicy> {
        self.own_egress.as_ref()
    }

    /// The same client, with the same connections, and this budget for bodies.
    #[must_use]
    pub fn with_memory(mut self, memory: impl Into<Option<MemoryBudget>>) -> Self {
        self.memory = memory.into();
        self
    }

    /// Memory for a list that is made of the answers to a call and comes to at most this many bytes, in the
    /// [budget](HttpClientBuilder::memory) of the client; without limit where it has none.
    pub fn memory_of_list(&self, call: &Call, most: u64) -> Reservation {
        self.memory.as_ref().map_or_else(Reservation::unlimited, |memory| memory.list(call, most))
    }

    /// Memory for what is made of a list to judge it: see [`MemoryBudget::judgement`].
    pub fn memory_of_judgement(&self, call: &Call, most: u64) -> Reservation {
        self.memory.as_ref().map_or_else(Reservation::unlimited, |memory| memory.judgement(call, most))
    }

    /// The service below the client, for other HTTP clients that should use its connections, certificates and proxies. What is sent
    /// through it is one exchange: not counted, not paced, not repeated, and without a limit of time. It is held to the [policy](Self::egress) of the client.
    pub fn service(&self) -> Arc<dyn HttpService> {
        Arc::new(Guarded {
            inner: Arc::clone(&self.service),
            network: Arc::clone(&self.network),
            egress: self.egress.clone(),
        })
    }

    /// The same client, which sends its requests through a service on top of the current one: one that records, counts or injects faults.
    #[must_use]
    pub fn wrap_service<S: HttpService>(mut self, wrap: impl FnOnce(Arc<dyn HttpService>) -> S) -> Self {
        self.service = Arc::new(wrap(self.service));
        self
    }

    /// Sends the request and reads the whole answer, again if need be.
    ///
    /// The body of an error page (a status other than 200) is cut off at 64 KiB.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](artifact_source::ErrorKind::InvalidInput) for what cannot be sent,
    /// [`Unreachable`](artifact_source::ErrorKind::Unreachable), [`Tls`](artifact_source::ErrorKind::Tls),
    /// [`TimedOut`](artifact_source::ErrorKind::TimedOut), [`TooLarge`](artifact_source::ErrorKind::TooLarge),
    /// [`BadAnswer`](artifact_source::ErrorKind::BadAnswer) for an answer that is not HTTP or ends early
    /// (also [by its content](Request::cut_off_if)), and
    /// [`Refused`](artifact_source::ErrorKind::Refused) for a redirect or a plain connection that a credential must
    /// not take. A status is never an error here, but for the 407 of a proxy, which says that nothing was asked: that is
    /// [`Unreachable`](artifact_source::ErrorKind::Unreachable).
    pub async fn fetch(&self, request: Request, call: &Call) -> Result<Response, Error> {
        let mut tries = Tries::begin();
        loop {
            let failure = match Box::pin(self.exchange(&request, call, true)).await {
                Ok(stream) => match stream.read_whole().await.and_then(|read| request.check_end(read)) {
                    Ok(response) => match self.pause(&request, call, tries, Some(&response)).await {
                        Some(()) => {
                            tries.next();
                            continue;
                        }
                        None => return Ok(response.after(tries)),
                    },
                    Err(failure) => failure,
                },
                Err(failure) => failure,
            };
            self.recover(&request, call, &mut tries, failure).await?;
        }
    }

    /// Sends the request and gives the answer as soon as its head is here, so that a large body can be
    /// read piece by piece. Retries end there: a body that breaks is an error of
    /// [`chunk`](StreamingResponse::chunk).
    ///
    /// # Errors
    ///
    /// As [`fetch`](Self::fetch).
    pub async fn open(&self, request: Request, call: &Call) -> Result<StreamingResponse, Error> {
        let mut tries = Tries::begin();
        loop {
            match Box::pin(self.exchange(&request, call, false)).await {
                Ok(stream)
                    if is_passing(stream.status())
                        && self.may_repeat(&request, tries, Some(stream.status())) =>
                {
                    let response = match stream.read_whole().await {
                        Ok(response) => response,
                        Err(failure) => {
                            self.recover(&request, call, &mut tries, failure).await?;
                            continue;
                        }
                    };
                    match self.pause(&request, call, tries, Some(&response)).await {
                        Some(()) => tries.next(),
                        None => return Ok(StreamingResponse::already_read(response.after(tries))),
                    }
                }
                Ok(stream) => return Ok(stream.after(tries)),
                Err(failure) => self.recover(&request, call, &mut tries, failure).await?,
            }
        }
    }

    /// Waits for the next try; returns the error where it is not transient, or there is no other try.
    async fn recover(
        &self,
        request: &Request,
        call: &Call,
        tries: &mut Tries,
        failure: Error,
    ) -> Result<(), Error> {
        if failure.is_transient() && self.pause(request, call, *tries, None).await.is_some() {
            tries.next();
            return Ok(());
        }
        let failure = request.mask_url(failure);
        Err(if egress::is_no_answer(&failure) { failure } else { tries.describe(failure) })
    }

    /// How long to wait before work of several requests is begun anew after it has failed this often; `None` where it is not to
    /// be. For faults that a single request cannot be repeated for, such as a [body](StreamingResponse::chunk) that broke off.
    pub fn pause_after(&self, tries: u32) -> Option<Duration> {
        (tries < self.retry.attempts).then(|| self.retry.backoff.after(tries))
    }

    fn may_repeat(&self, request: &Request, tries: Tries, status: Option<http::StatusCode>) -> bool {
        request.retries.includes(status) && tries.count() < self.retry.attempts
    }

    /// Waits before the next try. `None`, at once, if there is to be none: the answer is not one that
    /// passes, the tries are used up, or there is no time.
    async fn pause(
        &self,
        request: &Request,
        call: &Call,
        tries: Tries,
        response: Option<&Response>,
    ) -> Option<()> {
        let status = response.map(|response| response.status);
        if status.is_some_and(|status| !is_passing(status)) || !self.may_repeat(request, tries, status) {
            return None;
        }
        let mut wait = self.retry.backoff.after(tries.count());
        if let Some(asked) = response.and_then(|response| retry_after(&response.headers)) {
            if asked > self.retry.longest_retry_after {
                return None;
            }
            wait = wait.max(asked);
        }
        if wait > retry::LONGEST_WAIT {
            return None;
        }
        let until = retry::instant_after(Instant::now(), wait);
        if call.deadline.is_some_and(|deadline| until >= deadline) {
            return None;
        }
        tokio::time::sleep_until(until.into()).await;
        Some(())
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("timing", &self.timing)
            .field("retry", &self.retry)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientBuilder")
            .field("user_agent", &self.user_agent)
            .field("skip_tls_verify", &self.skip_tls_verify)
            .field("timing", &self.timing)
            .field("retry", &self.retry)
            .field("proxy_from_environment", &self.proxy_from_environment)
            .field("network", &self.network)
            .field("egress", &self.egress)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

/// The clients are handed to many sources at once.
const _: fn() = || {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<HttpClient>();
    shared::<Arc<HttpClientBuilder>>();
};
