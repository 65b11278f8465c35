//! Indexes of chart repositories.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use warehouse_testkit::{Chart, ChartServer, Fault, Reply, When};

use super::stage::{Stage, chart, warehouse};
use super::{Attack, Expected, Failure};

const TOO_LARGE: Expected = Expected::Error(&["too large"]);
const BAD: Expected = Expected::Error(&["bad answer"]);
const HEAD: &str = "apiVersion: v1\nentries:\n  web:\n";

pub(super) fn attacks() -> Vec<Attack> {
    let versions = || zipped(HEAD, "  - version: 1\n", 17_000_000);
    let scalar =
        || zipped(&format!("{HEAD}  - version: 1.0.0\n    description: "), &"x".repeat(1 << 20), 254);
    let mut attacks = vec![
        of_index("seventeen million versions, 500 KiB of gzip", TOO_LARGE, versions),
        of_index("a text of 255 MiB", TOO_LARGE, scalar),
        of_index("a million charts", TOO_LARGE, || {
            let charts: String =
                (0..1_500_000).map(|number| format!("  c{number}:\n  - version: 1\n")).collect();
            zipped(&format!("{HEAD}  - version: 1.0.0\n{charts}"), "", 0)
        }),
        of_index("an alias bomb", BAD, || {
            let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
            for level in 1..12 {
                let below = format!("*a{},", level - 1).repeat(9);
                bomb.push_str(&format!("a{level}: &a{level} [{}]\n", below.trim_end_matches(',')));
            }
            zipped(&format!("{bomb}{HEAD}  - version: 1.0.0\n"), "", 0)
        }),
        of_index("200,000 levels", BAD, || zipped("entries:\n  web: ", "[", 200_000)),
        of_index("a version of 60,000 bytes", Expected::Found(&["1.0.0"]), || {
            zipped(&format!("{HEAD}  - version: 1.0.0\n  - version: 1.0.1-{}\n", "x".repeat(60_000)), "", 0)
        }),
        of_index("a chart that is forged in a description", Expected::Found(&["1.0.0"]), || {
            zipped(
                &format!(
                    "{HEAD}  - version: 1.0.0\n    description: |\n      web:\n      - version: 9.9.9\n"
                ),
                "",
                0,
            )
        }),
        of_index("bytes that are no text", BAD, || zipped(HEAD, "  - version: \u{0}\n", 3)),
        of_fault("a body of 2 GB", TOO_LARGE, Fault::oversized(2 << 30)),
        of_fault(
            "an endless line",
            TOO_LARGE,
            Fault::Endless {
                head: format!("{HEAD}  - version: ").into(),
                repeat: "x".repeat(1 << 16).into(),
            },
        ),
        of_fault("gzip bomb of 8 GB", TOO_LARGE, Fault::GzipBomb { bytes: 8 << 30 }),
        of_fault("a body that ends early", Expected::Error(&["bad answer"]), Fault::Truncate { keep: 40 }),
        of_fault("login page", BAD, Fault::login_page()),
        of_fault("304 that nobody asked for", BAD, Reply::status(304)),
        of_fault("silence", Expected::Error(&["timed out"]), Fault::Stall),
        of_fault("a redirect to a file", BAD, Reply::redirect(302, "file:///etc/passwd")),
        of_fault("a redirect in a loop", BAD, Reply::redirect(302, "/index.yaml")),
    ];
    attacks
        .push(Attack::new("charts/texts of 255 MiB, eight at once", TOO_LARGE, move || many(8, &scalar()?)));
    attacks.push(
        Attack::new("charts/seventeen million versions, sixteen at once", TOO_LARGE, move || {
            many(16, &versions()?)
        })
        .within_seconds(300),
    );
    attacks.push(
        Attack::new("charts/700,000 versions, sixteen at once", Expected::Found(&["1", "1", "1"]), || {
            many(16, &zipped(HEAD, "  - version: 1\n", 700_000)?)
        })
        .within_seconds(300),
    );
    attacks.push(
        Attack::new("charts/64 indexes of 700,000 versions, which are kept", Expected::Bounded, || {
            many(64, &zipped(HEAD, "  - version: 1\n", 700_000)?)
        })
        .within_seconds(600),
    );
    attacks
}

/// The gzip of a text and of many repetitions of another one.
pub(super) fn zipped(head: &str, unit: &str, count: usize) -> Result<Vec<u8>, Failure> {
    let mut zip = GzEncoder::new(Vec::new(), Compression::fast());
    zip.write_all(head.as_bytes())?;
    let portion = (1 << 16) / unit.len().max(1) + 1;
    let many = unit.repeat(portion.min(count));
    for _ in 0..count / portion {
        zip.write_all(many.as_bytes())?;
    }
    zip.write_all(unit.repeat(count % portion).as_bytes())?;
    Ok(zip.finish()?)
}

pub(super) fn zipped_reply(body: &[u8]) -> Reply {
    Reply::status(200)
        .header("content-encoding", "gzip")
        .header("content-type", "text/yaml")
        .body(body.to_vec())
}

fn server(fault: impl Into<Fault>) -> Result<ChartServer, Failure> {
    let server = ChartServer::builder().without_gzip().start()?;
    server.publish(&Chart::new("web", "1.0.0"));
    server.faults().add(When::path("/index.yaml"), fault);
    Ok(server)
}

fn of_index(
    what: &str,
    expected: Expected,
    index: impl Fn() -> Result<Vec<u8>, Failure> + 'static,
) -> Attack {
    Attack::new(format!("charts/{what}"), expected, move || {
        let server = server(zipped_reply(&index()?))?;
        Ok(Stage::of(warehouse([chart(&server.url())])).keeping(server))
    })
}

fn of_fault(what: &str, expected: Expected, fault: impl Into<Fault>) -> Attack {
    let fault = fault.into();
    Attack::new(format!("charts/{what}"), expected, move || {
        let server = server(fault.clone())?;
        Ok(Stage::of(warehouse([chart(&server.url())])).deadline(20).keeping(server))
    })
}

/// The same index from many servers at once.
fn many(count: usize, index: &[u8]) -> Result<Stage, Failure> {
    let mut stage = Stage::of(String::new());
    let mut subscriptions = Vec::new();
    for _ in 0..count {
        let server = server(zipped_reply(index))?;
        subscriptions.push(chart(&server.url()));
        stage = stage.keeping(server);
    }
    stage.task.manifests = subscriptions.into_iter().map(|one| warehouse([one])).collect();
    Ok(stage)
}
