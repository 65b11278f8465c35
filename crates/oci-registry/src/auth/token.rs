//! Access to one repository, and tokens of token services.

use std::time::{Duration, Instant};

use artifact_http::{Authorization, Call, Credential, HttpClient, Identity, Origin, Realm, Request, Url};
use artifact_source::{Error, ErrorKind, Remedy};
use serde::Deserialize;

use super::challenge::{Challenge, Purpose, TokenService};
use crate::endpoint::Endpoint;
use crate::json;
use crate::refusal::{server_message, with_credential_hint};

const MAX_RESPONSE_BYTES: u64 = 1 << 20;
/// The length that servers accept in a header.
const MAX_TOKEN_LENGTH: usize = 64 << 10;
/// The default lifetime of a token (distribution spec).
const DEFAULT_LIFETIME: Duration = Duration::from_secs(60);
/// A token is replaced so long before it expires.
const EXPIRY_MARGIN: Duration = Duration::from_secs(10);
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The client, repository, identity, call and purpose of one request.
#[derive(Clone, Copy)]
pub(crate) struct Access<'a> {
    pub(crate) http: &'a HttpClient,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) identity: &'a Identity,
    pub(crate) call: &'a Call,
    pub(crate) purpose: Purpose,
}

impl<'a> Access<'a> {
    /// The credential for this challenge: that of the identity if the registry sent it, and none if another server did, to which the
    /// registry redirected.
    pub(super) fn credential_for(&self, challenge: &Challenge) -> Option<&'a Credential> {
        if challenge.origin == self.endpoint.origin() { self.identity.credential() } else { None }
    }
}

/// A token and the moment from which it is replaced.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) authorization: Authorization,
    pub(crate) until: Instant,
}

/// Requests a token from the service that a challenge names: with the credential if the registry sent the challenge, and without one
/// if another server did.
pub(super) async fn fetch(
    challenge: &Challenge,
    service: &TokenService,
    access: Access<'_>,
) -> Result<Token, Error> {
    let Access { http, endpoint, identity, call, .. } = access;
    let credential = access.credential_for(challenge);
    // The registry may repeat the credential in the realm.
    let masked = |error: Error| match identity.credential() {
        Some(credential) => error.map_url(|url| credential.remove_from(url)),
        None => error,
    };
    let url = service_url(&challenge.origin, service).map_err(masked)?;
    let mut fields: Vec<(&str, &str)> = Vec::new();
    if let Some(service) = &service.service {
        fields.push(("service", service));
    }

    let scopes = service.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let requested = Instant::now();
    let request = match credential {
        // Several scopes are one field of a form, and several of a query (distribution spec, "Token authentication").
        Some(Credential::IdentityToken(token)) => {
            fields.extend([
                ("scope", &*scopes),
                ("grant_type", "refresh_token"),
                ("client_id", "warehouse"),
                ("refresh_token", token.expose()),
            ]);
            if url.scheme() != "https" && !endpoint.may_be_plain(&url) {
                return Err(masked(over_plain_http(&url)));
            }
            let form = Url::parse_with_params("form:", &fields)
                .map(|url| url.query().unwrap_or_default().to_owned());
            Request::post(&url, form.unwrap_or_default())
                .header("content-type", "application/x-www-form-urlencoded")
                .retries(true)
                // The token is in the body, which a redirect would repeat.
                .max_redirects(0)
        }
        _ => {
            let mut url = url.clone();
            fields.extend(service.scopes.iter().map(|scope| ("scope", &**scope)));
            url.query_pairs_mut().extend_pairs(&fields);
            Request::get(&url)
                .authorization(credential.and_then(Credential::authorization))
                .allow_plain_credential(endpoint.may_be_plain(&url))
        }
    };
    // The registry gets the token, and must not get what another server of the network answers. A name may resolve to another address than
    // when the challenge came.
    let realm = http.egress().realm(&url, &challenge.origin);
    let may_be_private = realm != Realm::Public;
    let request = request
        .private_answers_from(service.private_peer.filter(|_| realm == Realm::SameServer))
        .max_bytes(MAX_RESPONSE_BYTES)
        .accept_gzip(true)
        .cut_off_if(|response| json::is_truncated(&response.body))
        .public_only(service.public_only || !may_be_private)
        .public_redirects_only(http.egress().is_limited());
    let response = http.fetch(request, call).await.map_err(|error| {
        let is_other_host = error.kind() == ErrorKind::Refused && !service.public_only && !may_be_private;
        masked(if is_other_host { private_realm(&url) } else { error })
    })?;
    if matches!(response.status.as_u16(), 400..=403) {
        let what = if credential.is_some() {
            "the registry's token service does not accept the credential"
        } else {
            "the registry's token service issues no token without a credential"
        };
        let message = server_message(&response, identity);
        let status = response.status.as_u16();
        let kind = if status == 403 { ErrorKind::Forbidden } else { ErrorKind::Unauthorized };
        let error = Error::new(kind, what).with_status(status).with_url(url).with_server_message(&message);
        return Err(masked(with_credential_hint(error, &endpoint.name, identity)));
    }
    // A missing token service does not mean that the artifact is missing.
    if matches!(response.status.as_u16(), 404 | 410) {
        let error = Error::new(ErrorKind::BadAnswer, "the registry's token service does not exist");
        return Err(masked(error.with_status(response.status.as_u16()).with_url(url)));
    }
    if !response.is_complete() {
        let error = response.error("the registry's token service issued no token");
        return Err(masked(match (credential, response.status.as_u16()) {
            (Some(Credential::IdentityToken(_)), status @ (300..=399 | 405)) => {
                let reason = if status == 405 {
                    "does not support POST"
                } else {
                    "redirects, and the identity token is not sent along a redirect"
                };
                error.with_hint(format!(
                    "an identity token is sent by POST, and the token service {reason}: use a user name and a password or access token"
                ))
            }
            _ => error.with_server_message(&server_message(&response, identity)),
        }));
    }
    parse(&response.body, requested).map_err(|error| {
        masked(error.with_server_message(&server_message(&response, identity)).with_url(url))
    })
}

/// The URL of the token service that this server names. The client refuses private addresses when it connects.
fn service_url(server: &Origin, service: &TokenService) -> Result<Url, Error> {
    let bad = |kind, what: &str| Err(Error::new(kind, what).with_url(&service.realm));
    let Ok(url) = Url::parse(&service.realm) else {
        return bad(ErrorKind::BadAnswer, "the registry names a token service that is not a URL");
    };
    if !matches!(url.scheme(), "https" | "http") || !url.username().is_empty() || url.password().is_some() {
        return bad(
            ErrorKind::BadAnswer,
            "the registry names a token service that is not an https URL without a user",
        );
    }
    if url.scheme() == "http" && server.is_https() {
        return bad(ErrorKind::Refused, "the registry uses https, and its token service does not");
    }
    Ok(url)
}

fn private_realm(url: &Url) -> Error {
    let message = format!(
        "the registry names a token service on another host that is not permitted: {}",
        Origin::of(url)
    );
    let error = Error::new(ErrorKind::Refused, message).with_url(url).with_hint(
        "a private registry has its token service at its own host and port; this one was named by the registry and would get its credential: check that it gives the tokens for the registry, and if it does, `EgressPolicy::allow_realm` permits it",
    );
    match (url.host_str(), url.port_or_known_default()) {
        (Some(host), Some(port)) => error.with_remedy(Remedy::PermitTokenService(format!("{host}:{port}"))),
        _ => error,
    }
}

fn over_plain_http(url: &Url) -> Error {
    let message = format!("a credential would travel over plain http to {}", Origin::of(url));
    Error::new(ErrorKind::Refused, message)
        .with_url(url)
        .with_hint("use https, or allow plain http for this host")
}

fn parse(body: &[u8], requested: Instant) -> Result<Token, Error> {
    #[derive(Deserialize)]
    struct Answer {
        token: Option<String>,
        access_token: Option<String>,
        expires_in: Option<serde_json::Value>,
    }
    // The cause may quote the token, so it is dropped.
    let bad = || Error::new(ErrorKind::BadAnswer, "the registry's token service issued an invalid token");
    let answer: Answer = json::object(body).map_err(|_| bad())?;
    let token = [answer.token, answer.access_token].into_iter().flatten().find(|token| !token.is_empty());
    let can_be_sent =
        |token: &String| token.len() <= MAX_TOKEN_LENGTH && token.bytes().all(|byte| byte.is_ascii_graphic());
    let token = token.filter(can_be_sent).ok_or_else(bad)?;
    // Some services send the number as a string.
    let life = answer.expires_in.and_then(|seconds| match seconds {
        serde_json::Value::String(text) => text.trim().parse().ok(),
        seconds => seconds.as_f64(),
    });
    let life =
        life.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).filter(|life| !life.is_zero());
    let life = life.unwrap_or(DEFAULT_LIFETIME).min(MAX_LIFETIME);
    let used = if life > EXPIRY_MARGIN * 2 { life - EXPIRY_MARGIN } else { life / 2 };
    Ok(Token { authorization: Authorization::bearer(&token), until: requested + used })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[track_caller]
    fn check(body: &str, expected: Option<f64>) {
        let requested = Instant::now();
        let life =
            parse(body.as_bytes(), requested).ok().map(|token| (token.until - requested).as_secs_f64());
        assert_eq!(life, expected, "{body}");
    }

    #[test]
    fn lifetimes() {
        check(r#"{"token": "t"}"#, Some(50.0));
        check(r#"{"access_token": "t", "expires_in": 300}"#, Some(290.0));
        check(r#"{"token": "", "access_token": "t", "expires_in": 8}"#, Some(4.0));
        check(r#"{"token": "t", "expires_in": 0}"#, Some(50.0));
        check(r#"{"token": "t", "expires_in": -5}"#, Some(50.0));
        check(r#"{"token": "t", "expires_in": 1e300}"#, Some(50.0));
        check(r#"{"token": "t", "expires_in": "300"}"#, Some(290.0));
        check(r#"{"token": "t", "expires_in": " 300 "}"#, Some(290.0));
        for strange in ["\"soon\"", "\"\"", "\"NaN\"", "\"inf\"", "\"-5\"", "null", "true", "[300]", "{}"] {
            check(&format!(r#"{{"token": "t", "expires_in": {strange}}}"#), Some(50.0));
        }
        check(r#"{"token": "t", "expires_in": 99999999}"#, Some(86390.0));
        check(r#"{"token": "", "access_token": ""}"#, None);
        check(r#"{"token": "a\nb"}"#, None);
        check(r#"{"token": "a b"}"#, None);
        check(&format!(r#"{{"token": "{}"}}"#, "t".repeat(MAX_TOKEN_LENGTH)), Some(50.0));
        check(&format!(r#"{{"token": "{}"}}"#, "t".repeat(MAX_TOKEN_LENGTH + 1)), None);
        check("\u{feff}{\"token\": \"t\"}", Some(50.0));
        check("{}", None);
        check(r#"["t", "t", 60]"#, None);
        check("<html>", None);
    }

    #[test]
    fn refused_token_services() {
        let ask = |registry: &str, realm: &str| {
            let server = Origin::of(&Url::parse(registry).unwrap());
            let service = TokenService {
                realm: realm.to_owned(),
                service: None,
                scopes: BTreeSet::new(),
                public_only: true,
                private_peer: None,
            };
            service_url(&server, &service).map(|_| ()).map_err(|error| error.kind())
        };
        assert_eq!(ask("https://ghcr.io", "https://ghcr.io/token"), Ok(()));
        assert_eq!(ask("https://registry-1.docker.io", "https://auth.docker.io/token"), Ok(()));
        assert_eq!(ask("http://127.0.0.1:5000", "http://127.0.0.1:5001/token"), Ok(()));
        assert_eq!(ask("https://ghcr.io", "http://ghcr.io/token"), Err(ErrorKind::Refused));
        assert_eq!(ask("https://ghcr.io", "https://u:p@ghcr.io/token"), Err(ErrorKind::BadAnswer));
        assert_eq!(ask("https://ghcr.io", "ftp://ghcr.io/token"), Err(ErrorKind::BadAnswer));
        assert_eq!(ask("https://ghcr.io", "nonsense"), Err(ErrorKind::BadAnswer));
    }
}
