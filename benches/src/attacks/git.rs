//! Git servers.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use warehouse_testkit::{ChartServer, Commit, Fault, GitServer, Reply, When};

use super::charts::zipped;
use super::stage::{Stage, branch, tagged, warehouse};
use super::{Attack, Expected, Failure};

const TOO_LARGE: Expected = Expected::Error(&["too large"]);
const BAD: Expected = Expected::Error(&["bad answer"]);
const ID: &str = "1234567890123456789012345678901234567890";
const SERVICE: &str = "001e# service=git-upload-pack\n0000";

pub(super) fn attacks() -> Vec<Attack> {
    let capabilities =
        || advertised(zipped(&format!("{SERVICE}{}", packet("version 2\n")), "0006a\n", 4_000_000)?);
    let values = || {
        let line = packet(&format!("x={}\n", "y".repeat(60_000)));
        advertised(zipped(&format!("{SERVICE}{}", packet("version 2\n")), &line, 4_000)?)
    };
    let mut attacks = vec![
        of_handshake("four million capabilities", TOO_LARGE, capabilities),
        of_handshake("capabilities of 240 MiB", TOO_LARGE, values),
        of_handshake("capabilities of protocol 0 in a line of 64 KiB", Expected::Bounded, || {
            let line = packet(&format!("{ID} HEAD\0{}\n", "a ".repeat(32_000)));
            advertised(zipped(&format!("{SERVICE}{line}0000"), "", 0)?)
        }),
        of_handshake("references of protocol 0 without end", TOO_LARGE, || {
            let first = packet(&format!("{ID} HEAD\0shallow filter\n"));
            advertised(zipped(
                &format!("{SERVICE}{first}"),
                &packet(&format!("{ID} refs/tags/a\n")),
                5_000_000,
            )?)
        }),
        of_handshake("empty answer", Expected::Error(&["bad answer", "unreachable"]), || {
            advertised(zipped("", "", 0)?)
        }),
        of_handshake(
            "a message of 60 KB",
            Expected::Error(&[
                "bad answer",
                "refused",
                "not found",
                "forbidden",
                "server error",
                "unreachable",
            ]),
            || {
                advertised(zipped(
                    &format!("{SERVICE}{}", packet(&format!("ERR {}", "x".repeat(60_000)))),
                    "",
                    0,
                )?)
            },
        ),
        of_handshake("login page", BAD, || {
            Ok(Reply::status(200).header("content-type", "text/html").body("<html>log in"))
        }),
        of_handshake("a redirect to a file", BAD, || Ok(Reply::redirect(302, "file:///etc/passwd"))),
        of_list("tags of 240 MiB", TOO_LARGE, || {
            zipped("", &packet(&format!("{ID} refs/tags/{}\n", "x".repeat(200))), 900_000)
        }),
        of_list("two million tags", TOO_LARGE, || {
            zipped("", &packet(&format!("{ID} refs/tags/a\n")), 2_000_000)
        }),
        of_list("a line that is no reference", BAD, || zipped(&packet("12 refs/tags/a\n"), "", 0)),
        of_list("names that are no tags", Expected::Found(&[]), || {
            let names = ["../../../etc/passwd", "a b", "--upload-pack=id", "\u{1b}[31m", "a\u{0}b", ""];
            let lines: String =
                names.iter().map(|name| packet(&format!("{ID} refs/tags/{name}\n"))).collect();
            zipped(&format!("{lines}0000"), "", 0)
        }),
        of_pack("a pack that says four billion objects", BAD, || {
            Ok([&b"PACK\0\0\0\x02\xff\xff\xff\xff"[..], &[0; 64]].concat())
        }),
        of_pack("an object that says a terabyte", Expected::Error(&["bad answer", "too large"]), || {
            let mut object = vec![0x90 | 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
            object.extend(deflated(1 << 10)?);
            Ok([&b"PACK\0\0\0\x02\0\0\0\x01"[..], &object, &[0; 20]].concat())
        }),
        of_pack("an object of a gigabyte of zeros", Expected::Error(&["bad answer", "too large"]), || {
            // A commit of 2^30 bytes: four bits, then groups of seven.
            let mut object = vec![0x90, 0x80, 0x80, 0x80, 0x80 | 0x20, 0x01];
            object.extend(deflated(1 << 30)?);
            Ok([&b"PACK\0\0\0\x02\0\0\0\x01"[..], &object, &[0; 20]].concat())
        }),
    ];
    attacks
        .push(Attack::new("git/capabilities, eight at once", TOO_LARGE, move || many(8, &capabilities()?)));
    attacks.push(Attack::new("git/capabilities of 240 MiB, sixteen at once", TOO_LARGE, move || {
        many(16, &values()?)
    }));
    attacks.push(Attack::new("git/half a million tags, sixteen at once", Expected::Bounded, || {
        let mut stage = Stage::of(String::new());
        let mut subscriptions = Vec::new();
        let list = listing(&zipped("", &packet(&format!("{ID} refs/tags/{}\n", "x".repeat(60))), 500_000)?);
        for _ in 0..16 {
            let server = scripted(advertised(zipped(&handshake(), "", 0)?)?, Some(list.clone()), None)?;
            subscriptions.push(tagged(&format!("{}/a.git", server.url())));
            stage = stage.keeping(server);
        }
        stage.task.manifests = subscriptions.into_iter().map(|one| warehouse([one])).collect();
        Ok(stage)
    }));
    attacks.push(Attack::new("git/100 commits by names of a megabyte", Expected::Bounded, || {
        let server = GitServer::start()?;
        let repository = server.create("a.git")?;
        for number in 0..100 {
            let name = format!("{} <a@example.com>", "x".repeat(1_000_000));
            repository.commit("main", Commit::new(format!("Change {number}")).author(name))?;
        }
        Ok(Stage::of(warehouse([branch(repository.url(), 100)])).keeping(server))
    }));
    attacks.push(Attack::new("git/100 commits with messages of a megabyte", Expected::Bounded, || {
        let server = GitServer::start()?;
        let repository = server.create("a.git")?;
        for number in 0..100 {
            repository.commit("main", Commit::new(format!("{number} {}", "x".repeat(1_000_000))))?;
        }
        Ok(Stage::of(warehouse([branch(repository.url(), 100)])).keeping(server))
    }));
    attacks
}

/// A packet line.
fn packet(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

/// The handshake of an honest server.
fn handshake() -> String {
    let lines = [
        "version 2\n",
        "agent=git/2.47.0\n",
        "ls-refs=unborn\n",
        "fetch=shallow filter\n",
        "object-format=sha1\n",
    ];
    format!("{SERVICE}{}0000", lines.map(packet).concat())
}

fn reply(kind: &str, zip: Vec<u8>) -> Reply {
    Reply::status(200)
        .header("content-type", format!("application/x-git-upload-pack-{kind}"))
        .header("content-encoding", "gzip")
        .body(zip)
}

fn advertised(zip: Vec<u8>) -> Result<Reply, Failure> {
    Ok(reply("advertisement", zip))
}

/// The list of references, with no end of its own.
fn listing(zip: &[u8]) -> Reply {
    // A second member of the gzip has the flush packet.
    let end = zipped("0000", "", 0).unwrap_or_default();
    reply("result", [zip, &end].concat())
}

/// A server that says what it is told to: to the handshake, to `ls-refs`, and to what follows.
fn scripted(handshake: Reply, list: Option<Reply>, pack: Option<Reply>) -> Result<ChartServer, Failure> {
    let server = ChartServer::builder().without_gzip().start()?;
    server.faults().add(When::get("/**"), handshake);
    if let Some(list) = list {
        let when = When::post("/**");
        server.faults().add(if pack.is_some() { when.first(1) } else { when }, list);
    }
    if let Some(pack) = pack {
        server.faults().add(When::post("/**").after(1), pack);
    }
    Ok(server)
}

fn of_handshake(
    what: &str,
    expected: Expected,
    reply: impl Fn() -> Result<Reply, Failure> + 'static,
) -> Attack {
    Attack::new(format!("git/{what}"), expected, move || {
        let server = scripted(reply()?, None, None)?;
        Ok(Stage::of(warehouse([tagged(&format!("{}/a.git", server.url()))])).deadline(60).keeping(server))
    })
}

fn of_list(what: &str, expected: Expected, list: impl Fn() -> Result<Vec<u8>, Failure> + 'static) -> Attack {
    Attack::new(format!("git/{what}"), expected, move || {
        let handshake = advertised(zipped(&handshake(), "", 0)?)?;
        let server = scripted(handshake, Some(listing(&list()?)), None)?;
        Ok(Stage::of(warehouse([tagged(&format!("{}/a.git", server.url()))])).deadline(60).keeping(server))
    })
}

fn of_pack(what: &str, expected: Expected, pack: impl Fn() -> Result<Vec<u8>, Failure> + 'static) -> Attack {
    Attack::new(format!("git/{what}"), expected, move || {
        let handshake = advertised(zipped(&handshake(), "", 0)?)?;
        let line = packet(&format!("{ID} refs/heads/main\n"));
        let list = listing(&zipped(&line, "", 0)?);
        let mut body = packet("packfile\n").into_bytes();
        for portion in pack()?.chunks(65_000) {
            body.extend(format!("{:04x}\u{1}", portion.len() + 5).into_bytes());
            body.extend(portion);
        }
        body.extend(b"0000");
        let pack = Fault::Reply(
            Reply::status(200).header("content-type", "application/x-git-upload-pack-result").body(body),
        );
        let Fault::Reply(pack) = pack else { return Err("a reply".into()) };
        let server = scripted(handshake, Some(list), Some(pack))?;
        Ok(Stage::of(warehouse([branch(&format!("{}/a.git", server.url()), 3)])).deadline(60).keeping(server))
    })
}

fn deflated(zeros: usize) -> Result<Vec<u8>, Failure> {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    let portion = vec![0; zeros.min(1 << 20)];
    for _ in 0..zeros / portion.len() {
        zlib.write_all(&portion)?;
    }
    Ok(zlib.finish()?)
}

fn many(count: usize, handshake: &Reply) -> Result<Stage, Failure> {
    let mut stage = Stage::of(String::new());
    let mut subscriptions = Vec::new();
    for _ in 0..count {
        let server = scripted(handshake.clone(), None, None)?;
        subscriptions.push(tagged(&format!("{}/a.git", server.url())));
        stage = stage.keeping(server);
    }
    stage.task.manifests = subscriptions.into_iter().map(|one| warehouse([one])).collect();
    Ok(stage)
}

/// A server whose handshake has capabilities without number.
pub(super) fn with_capabilities() -> Result<ChartServer, Failure> {
    scripted(
        advertised(zipped(&format!("{SERVICE}{}", packet("version 2\n")), "0006a\n", 4_000_000)?)?,
        None,
        None,
    )
}
