//! Challenges, token services and tokens.

use artifact_http::{Call, Credential};
use artifact_source::ErrorKind;
use oci_registry::RegistryClient;
use warehouse_testkit::{Fault, Registry, Reply, When};

use super::{MIB, Outcome, hint, in_raw};
use crate::raw::{RawServer, answer};
use crate::setup::{http, me, repository, with_image};

const NO_TOKEN: &str = "the registry's token service issued an invalid token";

/// Listing tags where the registry refuses everybody with these challenges.
async fn challenged(challenges: &[&str]) -> Outcome<Vec<String>> {
    let registry = with_image(Registry::builder());
    let refusal = Reply::status(401);
    let refusal =
        challenges.iter().fold(refusal, |refusal, value| refusal.header("www-authenticate", *value));
    registry.faults().add(When::any(), refusal);
    let repository = repository(&registry, me());
    Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await
}

/// Listing tags where the token service answers like this.
async fn given(reply: impl Into<Fault>) -> Outcome<Vec<String>> {
    let registry = with_image(Registry::builder().bearer("me", "SECRET"));
    registry.faults().add(When::path("/token"), reply);
    let repository = repository(&registry, me());
    Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await
}

fn body(body: impl Into<String>) -> Reply {
    Reply::status(200).body(body.into())
}

#[tokio::test]
async fn a_realm_on_another_host_gets_the_credential_and_nothing_else() {
    let service =
        RawServer::start(|_| answer("200 OK", &["Set-Cookie: a=b"], r#"{"token": "testkit-token-x"}"#)).await;
    let challenge = format!(
        "WWW-Authenticate: Bearer realm=\"{}/token?account=a\",service=\"a&b=c\",scope=\"repository:demo/app:pull\"",
        service.url()
    );
    let server = RawServer::start(move |head| match head.contains("authorization: bearer testkit-token-x") {
        true => answer("200 OK", &[], r#"{"tags": ["a"]}"#),
        false => answer("401 X", &[&challenge, "Set-Cookie: c=d"], ""),
    })
    .await;
    let repository = in_raw(&server, me());
    assert_eq!(Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.taken(3), ["a"]);

    let asked = service.seen();
    let query = "account=a&service=a%26b%3dc&scope=repository%3ademo%2fapp%3apull";
    assert!(asked[0].starts_with(&format!("get /token?{query} http/1.1")), "{asked:?}");
    let mut names: Vec<_> =
        asked[0].lines().skip(1).filter_map(|line| Some(line.split_once(':')?.0)).collect();
    names.sort_unstable();
    assert_eq!(
        (asked.len(), names),
        (1, vec!["accept", "accept-encoding", "authorization", "host", "user-agent"])
    );
    let seen = server.seen();
    assert!(!seen[0].contains("authorization") && !seen[1].contains("basic"), "{seen:?}");
    assert!(seen.iter().all(|head| !head.contains("cookie")), "{seen:?}");
}

#[tokio::test]
async fn a_redirect_of_a_realm_does_not_get_the_credential() {
    let foreign = RawServer::start(|_| answer("200 OK", &[], r#"{"token": "x"}"#)).await;
    given(Fault::redirect(format!("{}/token", foreign.url()))).await.result.unwrap_err();
    assert!(!foreign.seen()[0].contains("authorization"), "{:?}", foreign.seen());

    let registry = with_image(Registry::builder().refresh_token("SECRET"));
    registry.faults().add(When::path("/token"), Fault::redirect(format!("{}/token", foreign.url())));
    let repository = repository(&registry, Some(Credential::identity_token("SECRET")));
    let outcome = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await;
    let message = "the registry's token service issued no token";
    let error = outcome.refused(ErrorKind::BadAnswer, message, 2, MIB);
    hint(&error, "redirects, and the identity token is not sent along a redirect: use a user name");
    assert_eq!(foreign.seen().len(), 1, "a refresh token is in the body, which is not sent on");
}

#[tokio::test]
async fn a_realm_without_post_gets_no_identity_token() {
    let registry = with_image(Registry::builder().refresh_token("SECRET"));
    registry.faults().add(When::path("/token"), Fault::status(405));
    let error = repository(&registry, Some(Credential::identity_token("SECRET")))
        .tags(&Call::new())
        .await
        .unwrap_err();
    hint(&error, "does not support POST: use a user name");
}

#[tokio::test]
async fn refused_realms() {
    let no_https = "the registry names a token service that is not an https URL without a user";
    let no_url = "the registry names a token service that is not a URL";
    for (realm, message) in [
        ("https://user:SECRET@example.invalid/token", no_https),
        ("https://user@example.invalid/token", no_https),
        ("ftp://169.254.169.254/", no_https),
        ("file:///etc/passwd", no_https),
        ("javascript:alert(1)", no_https),
        ("/token", no_url),
        ("nonsense", no_url),
        ("https://", no_url),
        ("http://[", no_url),
    ] {
        let outcome = challenged(&[&format!("Bearer realm=\"{realm}\"")]).await;
        outcome.refused(ErrorKind::BadAnswer, message, 1, MIB);
    }
}

#[tokio::test]
async fn a_realm_on_plain_http_elsewhere_gets_no_credential() {
    let outcome = challenged(&["Bearer realm=\"http://auth.invalid/token\""]).await;
    let message = "a credential would travel over plain http to http://auth.invalid";
    let error = outcome.refused(ErrorKind::Refused, message, 1, MIB);
    hint(&error, "use https");
}

#[tokio::test]
async fn a_realm_on_plain_http_elsewhere_gets_no_identity_token() {
    let here = [std::net::Ipv4Addr::LOCALHOST.into()];
    let service = RawServer::start(|_| answer("200 OK", &[], r#"{"access_token": "testkit-token-x"}"#)).await;
    let port = service.port();
    // The registry's own name was allowed to get credentials over plain http; the other one is a name like any other.
    for (realm, is_asked) in [("auth.test", false), ("registry.test", true)] {
        let challenge = format!("WWW-Authenticate: Bearer realm=\"http://{realm}:{port}/token\"");
        let server = RawServer::start(move |head| match head.contains("bearer testkit-token-x") {
            true => answer("200 OK", &[], r#"{"tags": ["a"]}"#),
            false => answer("401 X", &[&challenge], ""),
        })
        .await;
        let http = http().resolve("auth.test", here).resolve("registry.test", here).build().unwrap();
        let client = RegistryClient::builder(http).plain_http("registry.test");
        let client = client.credentials(Credential::identity_token("SECRET")).build();
        let repository = client.repository(&format!("registry.test:{}/demo/app", server.port())).unwrap();
        let outcome = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await;
        if is_asked {
            assert_eq!(outcome.taken(3), ["a"]);
        } else {
            let message = format!("a credential would travel over plain http to http://auth.test:{port}");
            hint(&outcome.refused(ErrorKind::Refused, &message, 1, MIB), "use https");
        }
        assert_eq!(service.seen().len(), usize::from(is_asked), "{realm}: {:?}", service.seen());
    }
}

#[tokio::test]
async fn unsupported_challenges() {
    let long = format!("Bearer realm=\"{}\"", "x".repeat(100 << 10));
    let nested = format!("Bearer realm={}", r#""\"\\\""#.repeat(1000));
    let many = "Bearer ".repeat(10_000);
    let no_realm =
        "the registry requires Bearer, without a valid realm: no credential was sent with this request";
    let no_challenge = "the registry does not state an authentication scheme (no WWW-Authenticate header): no credential was sent with this request";
    // Without a challenge, the registry is requested for one at /v2/.
    for (challenge, requests, hint) in [
        ("", 2, no_challenge),
        ("Bearer", 1, no_realm),
        (
            "Negotiate",
            1,
            "the registry requires Negotiate, and only Basic and Bearer are supported: no credential was sent with this request",
        ),
        (
            "Digest realm=\"x\", Negotiate",
            1,
            "the registry requires Digest, Negotiate, and only Basic and Bearer are supported: no credential was sent with this request",
        ),
        ("Bearer realm=\"\"", 1, no_realm),
        ("\"\"\"", 2, no_challenge),
        (",,,,", 2, no_challenge),
        (&long, 1, no_realm),
        (&many, 1, "no credential was sent with this request"),
    ] {
        let outcome = challenged(&[challenge]).await;
        let error = outcome.result.unwrap_err();
        let found = (error.kind(), outcome.requests);
        assert_eq!(found, (ErrorKind::Unauthorized, requests), "{challenge:.40}: {error}");
        assert!(
            error.hint().is_some_and(|given| given.ends_with(hint)),
            "{challenge:.40}: {:?}",
            error.hint()
        );
        assert!(error.to_string().len() < 1000, "{} characters", error.to_string().len());
    }
    let message = "the registry names a token service that is not a URL";
    challenged(&[&nested]).await.refused(ErrorKind::BadAnswer, message, 1, MIB);
}

#[tokio::test]
async fn malformed_challenges_are_answered() {
    for (challenge, is_basic) in [
        ("Bearer  realm=\"URL/token\",service=\"x\"", false),
        ("Bearer \t realm = \"URL/token\" , service = \"x\"", false),
        ("Bearer realm=URL/token,service=x", false),
        ("bearer REALM=\"URL/token\" service=\"x\"", false),
        ("Bearer realm=\"URL/token", false),
        ("Basic realm=\"x\", Bearer realm=\"URL/token\"", false),
        ("Negotiate, Bearer realm=\"URL/token\"", false),
        ("Negotiate dG9rZW4=, Basic realm=\"x\"", true),
        ("Basic realm=/", true),
        ("Basic", true),
        ("Basic realm=\"Zugang f\u{fc}r alle\"", true),
        ("Basic realm=\"f\u{fc}r alle\", Bearer realm=\"URL/token\"", false),
    ] {
        for latin in [false, true] {
            let authorization = if is_basic {
                "authorization: basic bwu6u0vduk"
            } else {
                "authorization: bearer testkit-token-x"
            };
            let server = RawServer::start(move |head| {
                if head.starts_with("get /token") {
                    return answer("200 OK", &[], r#"{"token": "testkit-token-x", "expires_in": "300"}"#);
                }
                if head.contains(authorization) {
                    return answer("200 OK", &[], r#"{"tags": ["a"]}"#);
                }
                let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
                let challenge = challenge.replace("URL", &format!("http://{host}"));
                let mut bytes = b"HTTP/1.1 401 X\r\nContent-Length: 0\r\nWWW-Authenticate: ".to_vec();
                match latin {
                    true => bytes.extend(challenge.chars().map(|letter| letter as u8)),
                    false => bytes.extend_from_slice(challenge.as_bytes()),
                }
                bytes.extend_from_slice(b"\r\n\r\n");
                crate::raw::Answer(bytes, crate::raw::Then::Next)
            })
            .await;
            let repository = in_raw(&server, me());
            let outcome = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await;
            assert_eq!(outcome.taken(if is_basic { 2 } else { 3 }), ["a"], "{challenge}");
        }
    }
}

#[tokio::test]
async fn a_refusal_without_a_challenge_is_followed_by_a_request_to_v2() {
    let registry = with_image(Registry::builder().bearer("me", "SECRET"));
    registry.faults().add(When::path("/v2/demo/**").first(1), Reply::status(401));
    let repository = repository(&registry, me());
    // The refusal, /v2/, the token, the list.
    assert_eq!(Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.taken(4), ["1.0.0"]);
}

#[tokio::test]
async fn the_message_of_the_registry_is_in_the_error() {
    let said = "Your authorization token has expired. Reauthenticate and try again.";
    let registry = with_image(Registry::builder().basic("AWS", "SECRET"));
    registry.faults().add(When::path("/v2/**").after(1), Reply::status(403).oci_error("DENIED", said));
    let repository = repository(&registry, Some(Credential::password("AWS", "SECRET")));
    let error = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.result.unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.server_message()),
        (ErrorKind::Forbidden, Some("DENIED"), Some(said))
    );
    assert!(error.to_string().contains(said), "{error}");

    let registry = with_image(Registry::builder().bearer("me", "SECRET"));
    let repeating = r#"{"details": "incorrect password SECRET (bWU6U0VDUkVU)"}"#;
    registry.faults().add(When::path("/token"), Reply::status(401).body(repeating));
    let repository = self::repository(&registry, me());
    let error = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.result.unwrap_err();
    assert_eq!(error.server_message(), Some("incorrect password ... (...)"));
}

#[tokio::test]
async fn a_url_that_repeats_the_credential_is_shown_without_it() {
    for (realm, shown) in [
        ("gopher://x/SECRET", "gopher://x/..."),
        ("gopher://x/bWU6U0VDUkVU", "gopher://x/..."),
        ("gopher://x/U0VDUkVU", "gopher://x/..."),
        ("http://127.0.0.1:1/U0VDUkVU/SECRET", "http://127.0.0.1:1/.../..."),
    ] {
        let registry = with_image(Registry::builder().bearer("me", "SECRET"));
        let challenge =
            Reply::status(401).header("www-authenticate", format!("Bearer realm=\"{realm}\",service=\"x\""));
        registry.faults().add(When::path("/v2/**"), challenge);
        let repository = repository(&registry, me());
        let error =
            Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.result.unwrap_err();
        let url = error.url().unwrap_or_default();
        assert!(url.starts_with(shown), "{error}");
        assert!(!error.to_string().contains("SECRET") && !error.to_string().contains("U0VDUkVU"), "{error}");
    }
    for location in
        ["http://127.0.0.1:1/SECRET", "http://127.0.0.1:1/bWU6U0VDUkVU", "http://127.0.0.1:1/U0VDUkVU"]
    {
        for builder in [Registry::builder().bearer("me", "SECRET"), Registry::builder().basic("me", "SECRET")]
        {
            let registry = with_image(builder);
            registry
                .faults()
                .add(When::path("/v2/**").after(1), Reply::status(307).header("location", location));
            let repository = repository(&registry, me());
            let error =
                Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.result.unwrap_err();
            assert_eq!(error.url(), Some("http://127.0.0.1:1/..."), "{error}");
        }
    }
}

#[tokio::test]
async fn two_challenges_in_either_order_lead_to_the_token() {
    for in_one in [false, true] {
        for basic_first in [false, true] {
            let registry = with_image(Registry::builder().bearer("me", "SECRET"));
            let bearer =
                format!("Bearer realm=\"{}/token\",scope=\"repository:demo/app:pull\"", registry.url());
            let both =
                if basic_first { ["Basic realm=\"x\"", &bearer] } else { [&bearer, "Basic realm=\"x\""] };
            let refusal = match in_one {
                true => Reply::status(401).header("www-authenticate", both.join(", ")),
                false => {
                    Reply::status(401).header("www-authenticate", both[0]).header("www-authenticate", both[1])
                }
            };
            registry.faults().add(When::path("/v2/**").first(1), refusal);
            let repository = repository(&registry, me());
            assert_eq!(
                Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.taken(3),
                ["1.0.0"]
            );
            let as_basic = registry.log().matching(&When::path("/v2/**"));
            assert!(
                as_basic
                    .iter()
                    .all(|seen| !seen.header("authorization").unwrap_or_default().starts_with("Basic"))
            );
        }
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_used_once() {
    let outcome = given(body(r#"{"token": "testkit-token-that-is-none"}"#)).await;
    let error = outcome.result.unwrap_err();
    assert_eq!((error.kind(), error.status(), outcome.requests), (ErrorKind::Unauthorized, Some(401), 3));
    hint(&error, "the credential was not accepted");
}

#[tokio::test]
async fn invalid_tokens() {
    for (name, text) in [
        ("none", "{}".to_owned()),
        ("no JSON", "SECRET <html>".to_owned()),
        ("null", r#"{"token": null}"#.to_owned()),
        ("empty", r#"{"token": "", "access_token": ""}"#.to_owned()),
        ("a line break", r#"{"token": "SECRET\r\nX-Injected: 1"}"#.to_owned()),
        ("a NUL", r#"{"token": "SECRET\u0000"}"#.to_owned()),
        ("beyond ASCII", r#"{"token": "SECRET\u00e9"}"#.to_owned()),
        ("a number", r#"{"token": 7}"#.to_owned()),
        ("deep", format!("{}{}", "[".repeat(1 << 18), "]".repeat(1 << 18))),
        ("almost a megabyte", format!(r#"{{"token": "{}"}}"#, "SECRET".repeat(170_000))),
    ] {
        let outcome = given(body(text)).await;
        let bytes = outcome.bytes;
        let error = outcome.refused(ErrorKind::BadAnswer, NO_TOKEN, 2, MIB + 4096);
        assert!(error.url().unwrap().ends_with("/token"), "{name}, {bytes} bytes");
    }
}

#[tokio::test]
async fn a_token_that_ends_early_is_requested_again() {
    for (text, message) in
        [(r#"{"token": "SECR"#, "the answer ends before its content does"), ("", "the answer is empty")]
    {
        let error = given(body(text)).await.refused(ErrorKind::BadAnswer, message, 1 + 4, MIB);
        assert_eq!((error.tries(), error.is_transient()), (4, true));
        assert!(error.url().unwrap().contains("/token"), "{error}");
        // Once, and then whole.
        let registry = with_image(Registry::builder().bearer("me", "SECRET"));
        registry.faults().add(When::path("/token").nth(1), body(text));
        let repository = repository(&registry, me());
        assert_eq!(
            Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.taken(4),
            ["1.0.0"]
        );
    }
}

#[tokio::test]
async fn a_token_service_answers_with_200() {
    for status in [201, 203, 204, 206, 226, 299] {
        let reply = Reply::status(status).body(r#"{"token": "SECRET"}"#);
        let message = "the registry's token service issued no token";
        let error = given(reply).await.refused(ErrorKind::BadAnswer, message, 2, MIB);
        assert!(error.hint().is_some() && !error.is_transient(), "{status}: {error:?}");
    }
}

#[tokio::test]
async fn an_endless_token_response() {
    let message = "the answer is larger than 1048576 bytes";
    given(Fault::endless()).await.refused(ErrorKind::TooLarge, message, 2, 2 * MIB);
    given(Fault::oversized(400 * MIB)).await.refused(ErrorKind::TooLarge, message, 2, MIB);
    given(Fault::GzipBomb { bytes: 4 << 30 }).await.refused(ErrorKind::TooLarge, message, 2, MIB);
}

#[tokio::test]
async fn a_missing_token_service_is_not_a_missing_repository() {
    for status in [404, 410] {
        let message = "the registry's token service does not exist";
        given(Fault::status(status)).await.refused(ErrorKind::BadAnswer, message, 2, MIB);
    }
}

#[tokio::test]
async fn a_token_service_that_always_fails() {
    let message = "the registry's token service issued no token";
    for (status, kind) in [(500, ErrorKind::Server), (503, ErrorKind::Server), (429, ErrorKind::RateLimited)]
    {
        given(Fault::status(status)).await.refused(kind, message, 5, MIB);
    }
}

#[tokio::test]
async fn invalid_token_lifetimes() {
    for life in [
        "-1",
        "0",
        "0.5",
        "1e300",
        "-1e300",
        "18446744073709551615",
        "99999999999999999999999999",
        "null",
        r#""300""#,
        "{}",
        "[]",
        "true",
    ] {
        let registry = with_image(Registry::builder().bearer("me", "SECRET"));
        let repository = repository(&registry, me());
        repository.tags(&artifact_http::Call::new()).await.unwrap();
        registry.expire_tokens();
        // The next token is the registry's second one; only its life is made up.
        let reply = format!(r#"{{"token": "testkit-token-1", "expires_in": {life}}}"#);
        registry.faults().add(When::path("/token"), body(reply));
        let outcome = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await;
        let error = outcome.result.unwrap_err();
        assert_eq!((error.kind(), outcome.requests), (ErrorKind::Unauthorized, 3), "{life}: {error}");
    }
}
