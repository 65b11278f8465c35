//! HTTP itself: headers, redirects, token services, silence.

use std::time::Duration;

use warehouse_testkit::{ChartServer, Fault, Registry, Reply, RequestLog, When};

use super::lists::with_one_tag;
use super::raw::{RawServer, Then};
use super::stage::{Stage, image, warehouse};
use super::{Attack, Expected};

const BAD: Expected = Expected::Error(&["bad answer"]);
const NO_HTTP: Expected = Expected::Error(&["bad answer", "too large", "unreachable", "timed out"]);
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

pub(super) fn attacks() -> Vec<Attack> {
    let mut attacks = vec![
        of_bytes(
            "a header of a megabyte",
            NO_HTTP,
            format!("{OK}X: {}\r\n\r\n", "x".repeat(1 << 20)),
            Then::Close,
        ),
        of_bytes(
            "ten thousand headers",
            NO_HTTP,
            format!("{OK}{}\r\n", "X: y\r\n".repeat(10_000)),
            Then::Close,
        ),
        of_bytes("headers without end", NO_HTTP, OK, Then::Repeat(b"X: y\r\n".repeat(1000))),
        of_bytes("a header without end", NO_HTTP, format!("{OK}X: "), Then::Repeat(vec![b'x'; 4096])),
        of_bytes(
            "a line break in a header",
            NO_HTTP,
            format!("{OK}Link: <a>\r\n b\r\nX\0Y: z\r\n\r\n"),
            Then::Close,
        ),
        of_bytes(
            "interim answers without end",
            NO_HTTP,
            "",
            Then::Repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec()),
        ),
        of_bytes("not HTTP", NO_HTTP, "SSH-2.0-OpenSSH_9.9\r\n", Then::Hang),
        of_bytes(
            "two lengths",
            NO_HTTP,
            format!("{OK}Content-Length: 2\r\nContent-Length: 20\r\n\r\n{{}}"),
            Then::Close,
        ),
        of_bytes(
            "chunks with extensions without end",
            NO_HTTP,
            format!("{OK}Transfer-Encoding: chunked\r\n\r\n1;"),
            Then::Repeat(vec![b'x'; 4096]),
        ),
        of_bytes(
            "trailers without end",
            NO_HTTP,
            format!("{OK}Transfer-Encoding: chunked\r\n\r\n0\r\n"),
            Then::Repeat(b"X: y\r\n".repeat(1000)),
        ),
        of_bytes(
            "a chunk of 2^63 bytes",
            NO_HTTP,
            format!("{OK}Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n"),
            Then::Repeat(vec![b' '; 65536]),
        ),
        of_bytes(
            "a byte of a header a second",
            NO_HTTP,
            OK,
            Then::Drip(b"X: y\r\n".to_vec(), Duration::from_millis(500)),
        ),
        of_bytes(
            "an upgrade",
            NO_HTTP,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
            Then::Hang,
        ),
        of_reply("500 for ever", Expected::Error(&["server error"]), Reply::status(500)),
        of_reply("429 for ever", Expected::Error(&["rate limited"]), Reply::status(429)),
        of_reply(
            "429 with a wait of a year",
            Expected::Error(&["rate limited"]),
            Fault::too_many_requests(Duration::from_secs(31_536_000)),
        ),
        of_reply(
            "an error page without end",
            Expected::Error(&["bad answer", "not found", "server error"]),
            Reply::status(404).body(vec![b'x'; 50 << 20]),
        ),
        of_reply("206", BAD, Reply::status(206).body("{}")),
        of_reply("a redirect in a loop", BAD, Reply::redirect(302, "/v2/demo/app/tags/list?x")),
        of_reply("a redirect to a file", BAD, Reply::redirect(302, "file:///etc/passwd")),
        of_reply(
            "a redirect to a URL of a megabyte",
            Expected::Error(&["bad answer", "too large"]),
            Reply::redirect(302, format!("/{}", "x".repeat(60_000))),
        ),
        of_reply(
            "a redirect with a user",
            Expected::Error(&["unreachable", "not found", "bad answer", "refused", "unauthorized"]),
            Reply::redirect(302, "http://me:pw@127.0.0.1:1/"),
        ),
        of_reply(
            "a challenge of 100 KB",
            Expected::Error(&["unauthorized"]),
            Reply::status(401).header("www-authenticate", format!("Bearer realm=\"{}\"", "x".repeat(50_000))),
        ),
        of_reply(
            "a realm that is a file",
            BAD,
            Reply::status(401).header("www-authenticate", "Bearer realm=\"file:///etc/passwd\""),
        ),
    ];
    attacks.push(with_another("a redirect of the list takes no credential along", |other| {
        Fault::Reply(Reply::redirect(302, format!("{}/v2/demo/app/tags/list", other.url())))
    }));
    attacks.push(with_another("a link takes no credential along", |other| {
        Fault::Reply(
            Reply::status(200)
                .header("link", format!("<{}/v2/demo/app/tags/list>; rel=next", other.url()))
                .body(r#"{"tags":["1.0.0"]}"#),
        )
    }));
    attacks.push(token("an endless token", Expected::Error(&["too large"]), Fault::endless()));
    attacks.push(token(
        "a token of a megabyte",
        Expected::Error(&["too large"]),
        Reply::status(200).body(format!(r#"{{"token":"{}"}}"#, "x".repeat(1 << 20))),
    ));
    attacks.push(token(
        "a token with a line break",
        BAD,
        Reply::status(200).body(r#"{"token":"a\r\nX-Injected: b"}"#),
    ));
    attacks.push(token(
        "a token that is a bomb",
        Expected::Error(&["too large"]),
        Fault::GzipBomb { bytes: 8 << 30 },
    ));
    attacks.push(token("a message with the password", Expected::Error(&["unauthorized", "forbidden"]), {
        Reply::status(401).body(r#"{"errors":[{"code":"DENIED","message":"no, SECRET"}]}"#)
    }));
    attacks
}

fn of_bytes(what: &str, expected: Expected, bytes: impl Into<Vec<u8>>, then: Then) -> Attack {
    let bytes = bytes.into();
    Attack::new(format!("network/{what}"), expected, move || {
        let server = RawServer::start(bytes.clone(), then.clone())?;
        Ok(Stage::of(warehouse([image(&server.host)])).deadline(6).keeping(server))
    })
    .within_seconds(30)
}

fn of_reply(what: &str, expected: Expected, fault: impl Into<Fault>) -> Attack {
    let fault = fault.into();
    Attack::new(format!("network/{what}"), expected, move || {
        let registry = with_one_tag()?;
        registry.faults().add(When::path("/v2/**/tags/list"), fault.clone());
        Ok(Stage::of(warehouse([image(&registry.host())])).deadline(20).keeping(registry))
    })
    .within_seconds(60)
}

/// A registry with a password, and another server to which it sends the client.
fn with_another(what: &str, fault: impl Fn(&ChartServer) -> Fault + 'static) -> Attack {
    Attack::new(format!("network/{what}"), Expected::Bounded, move || {
        let registry = Registry::builder().basic("me", "SECRET").start()?;
        registry.image("demo/app").tag("1.0.0").push();
        let other = ChartServer::start()?;
        registry.faults().add(When::path("/v2/**/tags/list").after(1), fault(&other));
        let log: RequestLog = other.log().clone();
        Ok(Stage::of(warehouse([image(&registry.host())]))
            .with_credential()
            .deadline(20)
            .keeping(registry)
            .keeping(other)
            .checking(move |_| {
                match log.all().iter().find(|request| request.header("authorization").is_some()) {
                    Some(request) => Err(format!("the other server got a credential for {}", request.path)),
                    None => Ok(()),
                }
            }))
    })
}

fn token(what: &str, expected: Expected, fault: impl Into<Fault>) -> Attack {
    let fault = fault.into();
    Attack::new(format!("network/{what}"), expected, move || {
        let registry = Registry::builder().bearer("me", "SECRET").start()?;
        registry.image("demo/app").tag("1.0.0").push();
        registry.faults().add(When::path("/token"), fault.clone());
        Ok(Stage::of(warehouse([image(&registry.host())])).with_credential().deadline(20).keeping(registry))
    })
}
