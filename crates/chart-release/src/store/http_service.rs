//! The HTTP under `object_store`: this workspace's client, which follows no redirect and bounds what it reads.
//!
//! Left to itself, `object_store` follows redirects and sends `x-amz-security-token` along to the other host; its errors show URLs and whole
//! bodies. Here a redirect is an answer like any other, plain http is for this machine alone unless the settings allow it, and what kept an
//! answer away is noted, so that the error of the store is in our words.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use artifact_http::{HttpService, ServiceBody, ServiceRequest, is_loopback};
use artifact_source::{Error, ErrorKind, lock};
use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use object_store::client::{
    HttpClient as StoreClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService as StoreHttpService,
};
use object_store::{ClientConfigKey, ClientOptions};
use url::{Host, Url};

/// The largest error page that is read.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// The longest time for the answer of a service that [gives credentials](gives_credentials).
const LONGEST_FOR_CREDENTIALS: Duration = Duration::from_secs(3);

/// The slowest upload that is waited for, in bytes per second.
const SLOWEST_UPLOAD: u64 = 64 << 10;

tokio::task_local! {
    /// What kept the last answer away, within one operation.
    static FAILURE: Arc<Mutex<Option<Error>>>;
}

/// Runs an operation, and gives what kept its last answer away.
pub(super) async fn observed<T>(operation: impl Future<Output = T>) -> (T, Option<Error>) {
    let failure = Arc::new(Mutex::new(None));
    let answer = FAILURE.scope(Arc::clone(&failure), operation).await;
    let failure = lock(&failure).take();
    (answer, failure)
}

fn note(failure: Option<Error>) {
    // Outside of an operation there are no requests.
    let _ = FAILURE.try_with(|noted| *lock(noted) = failure);
}

/// Gives `object_store` its clients.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    /// What to set where no credential is found.
    pub(super) credentials: &'static str,
    pub(super) service: Arc<dyn HttpService>,
    pub(super) stall: Duration,
    pub(super) max_bytes: u64,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<StoreClient> {
        let setting = |key| options.get_config_value(&key);
        let allow_http = setting(ClientConfigKey::AllowHttp).as_deref() == Some("true");
        let Self { credentials, service, stall, max_bytes } = self.clone();
        Ok(StoreClient::new(Bridge { credentials, service, allow_http, stall, max_bytes }))
    }
}

#[derive(Debug)]
struct Bridge {
    credentials: &'static str,
    service: Arc<dyn HttpService>,
    allow_http: bool,
    stall: Duration,
    max_bytes: u64,
}

#[async_trait]
impl StoreHttpService for Bridge {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let asks_for_credentials =
            Url::parse(&request.uri().to_string()).is_ok_and(|url| gives_credentials(&url));
        let answer = self.exchange(request).await;
        if asks_for_credentials && !answer.as_ref().is_ok_and(|answer| answer.status().is_success()) {
            // What it says is not the store's word.
            let why = match &answer {
                Ok(answer) => format!("it answers HTTP {}", answer.status().as_u16()),
                Err(error) => error.to_string(),
            };
            note(Some(self.no_credential(&why)));
            return answer.map_err(|error| to_store(&error));
        }
        answer.map_err(|error| {
            let refused = to_store(&error);
            note(Some(error));
            refused
        })
    }
}

impl Bridge {
    fn no_credential(&self, why: &str) -> Error {
        let message = format!(
            "no credential was found: the environment has none, and the service that gives machines of the cloud theirs gave none ({why})"
        );
        Error::new(ErrorKind::Unauthorized, message).with_transient(false).with_hint(self.credentials)
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string())
            .map_err(|_| Error::new(ErrorKind::InvalidInput, "the endpoint of the store is not a URL"))?;
        self.check(&url)?;
        let body = body
            .collect()
            .await
            .map_err(|_| Error::new(ErrorKind::Internal, "the body of a request was not made"))?
            .to_bytes();
        let longest = match gives_credentials(&url) {
            true => self.stall.min(LONGEST_FOR_CREDENTIALS),
            false => self.stall + Duration::from_secs(body.len() as u64 / SLOWEST_UPLOAD),
        };
        let secrets = Secrets::of(&parts.headers);
        let mut request = ServiceRequest::new(parts.method, url.clone());
        request.headers = parts.headers;
        request.body = body;
        let answer = in_time(longest, self.service.call(request)).await?;
        let status = answer.status;
        let mut response = http::Response::builder().status(status);
        if let Some(headers) = response.headers_mut() {
            *headers = answer.headers;
        }
        let body = if status.is_success() {
            let body = self.read(answer.body).await?;
            note(None);
            HttpResponseBody::from(body)
        } else {
            let page = self.error_page(answer.body).await;
            note(Some(of_status(status, &page, &secrets)));
            HttpResponseBody::from(page)
        };
        response.body(body).map_err(|_| Error::new(ErrorKind::BadAnswer, "the answer has an unusable header"))
    }

    fn check(&self, url: &Url) -> Result<(), Error> {
        if url.scheme() == "https" || self.allow_http || is_loopback(url) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Refused, "the store would be asked over plain http")
            .with_url(url.as_str())
            .with_hint(
                "use https, or allow it with AWS_ALLOW_HTTP=true (GOOGLE_ALLOW_HTTP, AZURE_ALLOW_HTTP)",
            ))
    }

    /// The whole body. An object is read as a whole anyway, and a body that breaks off is then asked for again.
    async fn read(&self, mut body: ServiceBody) -> Result<Bytes, Error> {
        let mut read = Vec::new();
        while let Some(piece) = in_time(self.stall, body.chunk()).await? {
            if (read.len() + piece.len()) as u64 > self.max_bytes {
                let limit = self.max_bytes;
                return Err(Error::new(
                    ErrorKind::TooLarge,
                    format!("the answer has more than {limit} bytes"),
                ));
            }
            read.extend_from_slice(&piece);
        }
        Ok(read.into())
    }

    /// The beginning of an error page; empty where it does not come.
    async fn error_page(&self, mut body: ServiceBody) -> Bytes {
        let mut page = Vec::new();
        while page.len() < MAX_ERROR_BYTES {
            match tokio::time::timeout(self.stall.min(Duration::from_secs(5)), body.chunk()).await {
                Ok(Ok(Some(piece))) => page.extend_from_slice(&piece),
                _ => break,
            }
        }
        page.truncate(MAX_ERROR_BYTES);
        page.into()
    }
}

/// Whether a service of the cloud that gives credentials to its machines is at this URL. It answers at once or does not exist.
fn gives_credentials(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Ipv4(address)) => address.is_link_local(),
            // Amazon's, such as `fd00:ec2::254`.
            Some(Host::Ipv6(address)) => address.segments().starts_with(&[0xfd00, 0xec2]),
            Some(Host::Domain(name)) => matches!(name, "metadata" | "metadata.google.internal"),
            None => false,
        }
}

async fn in_time<T>(longest: Duration, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(longest, work).await.unwrap_or_else(|_| Err(silent(longest)))
}

fn silent(longest: Duration) -> Error {
    Error::silent("the store", longest)
}

/// The error as `object_store` decides about it: which are tried again.
fn to_store(error: &Error) -> HttpError {
    let kind = match error.kind() {
        ErrorKind::Unreachable => HttpErrorKind::Connect,
        ErrorKind::TimedOut => HttpErrorKind::Timeout,
        _ if error.is_transient() => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error.clone())
}

/// What of the request a server must not bring into a message.
struct Secrets(Vec<String>);

impl Secrets {
    fn of(headers: &http::HeaderMap) -> Self {
        let names = ["authorization", "x-amz-security-token", "x-aws-ec2-metadata-token"];
        let values = names.iter().filter_map(|name| headers.get(*name)?.to_str().ok());
        let parts = values.flat_map(|value| value.split([' ', ',', '=']).filter(|part| part.len() >= 8));
        Self(parts.map(str::to_owned).collect())
    }

    fn remove(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "..."))
    }
}

fn of_status(status: http::StatusCode, page: &[u8], secrets: &Secrets) -> Error {
    let page = String::from_utf8_lossy(page);
    let code = element(&page, "Code")
        .filter(|code| code.len() <= 60 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let kind = match status.as_u16() {
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        429 => ErrorKind::RateLimited,
        500.. => ErrorKind::Server,
        300..=399 => ErrorKind::Refused,
        _ => ErrorKind::BadAnswer,
    };
    let mut error = Error::new(kind, "the store refused").with_status(status.as_u16());
    if let Some(code) = code {
        error = error.with_code(code);
    }
    if let Some(message) = element(&page, "Message") {
        error = error.with_server_message(&secrets.remove(message));
    }
    let hint = match (status.as_u16(), code) {
        (300..=399, _) => {
            Some("the bucket is in another region or at another endpoint: set AWS_REGION or AWS_ENDPOINT_URL")
        }
        (_, Some("NoSuchBucket" | "ContainerNotFound")) => {
            Some("create the bucket, or correct the URL of the store")
        }
        (_, Some("SlowDown")) => Some("the store wants fewer requests: run the same command again later"),
        (_, Some("RequestTimeTooSkewed")) => Some("set the clock of this machine"),
        (401, _) => Some("set the credential of the store in the environment"),
        (403, _) => Some(
            "the credential must be allowed to read, list and write objects; without the right to list, stores answer 403 for \
             an object that does not exist",
        ),
        (500.., _) => Some("run the same command again"),
        _ => None,
    };
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// The text of the first element of this name.
fn element<'page>(page: &'page str, name: &str) -> Option<&'page str> {
    let (_, rest) = page.split_once(&format!("<{name}>"))?;
    rest.split_once("</").map(|(text, _)| text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_that_give_credentials() {
        for (url, expected) in [
            ("http://169.254.169.254/latest/api/token", true),
            ("http://169.254.170.2/v2/credentials", true),
            ("http://[fd00:ec2::254]/latest", true),
            ("http://metadata.google.internal/computeMetadata/v1", true),
            ("http://127.0.0.1:9000/bucket", false),
            ("http://minio.internal/bucket", false),
            ("https://169.254.169.254/", false),
            ("http://[fd00::1]/", false),
        ] {
            assert_eq!(gives_credentials(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
