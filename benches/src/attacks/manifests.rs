//! Manifests and configurations of images.

use warehouse_testkit::{Fault, Registry, Reply, When};

use super::lists::{reply, with_one_tag};
use super::stage::{Stage, image, newest_image, warehouse};
use super::{Attack, Expected, Failure};

const MIB: u64 = 1 << 20;
const BAD: Expected = Expected::Error(&["bad answer"]);
const MANIFESTS: &str = "/v2/**/manifests/*";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DIGEST: &str = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

pub(super) fn attacks() -> Vec<Attack> {
    let entry = format!(r#"{{"digest":"{DIGEST}","annotations":{{"":""}}}}"#);
    let mut attacks = vec![
        of_manifest("endless", Expected::Error(&["too large"]), Fault::endless()),
        of_manifest("announces 400 MB", Expected::Error(&["too large"]), Fault::oversized(400 * MIB)),
        of_manifest("gzip bomb of 8 GB", Expected::Error(&["too large"]), Fault::GzipBomb { bytes: 8 << 30 }),
        of_manifest(
            "a million fields",
            Expected::Error(&["too large"]),
            index(format!(r#"{{"manifests":[],{}"a":1}}"#, r#""a":1,"#.repeat(500_000))),
        ),
        of_manifest(
            "10,000 entries",
            Expected::Bounded,
            index(format!(r#"{{"manifests":[{}]}}"#, vec![entry; 9_900].join(","))),
        ),
        of_manifest("deep nesting", BAD, index(format!(r#"{{"manifests":{}"#, "[".repeat(1_000_000)))),
        of_manifest("a field twice", BAD, index(r#"{"manifests":[],"manifests":[]}"#)),
        of_manifest("login page", BAD, Fault::login_page()),
        of_manifest("ends early", BAD, Fault::Truncate { keep: 30 }),
        of_manifest("another content than its digest", BAD, Fault::WrongDigest),
        of_manifest(
            "a reset in the body",
            Expected::Error(&["bad answer", "unreachable"]),
            Fault::ResetAfter { keep: 30 },
        ),
        of_manifest("silence", Expected::Error(&["timed out"]), Fault::Stall),
        of_manifest("not a manifest", BAD, index(r#"{"error":"log in"}"#)),
        of_manifest(
            "a digest header of a megabyte of nonsense",
            Expected::Found(&["1.0.0"]),
            Fault::Header { name: "docker-content-digest".into(), value: "x".repeat(60_000) },
        ),
    ];
    attacks.push(Attack::new(
        "manifests/100 tags with 4 MiB of annotations each",
        Expected::Error(&["too large"]),
        || annotated(100, 1, 4 << 20),
    ));
    attacks.push(Attack::new(
        "manifests/100 tags with 10,000 annotations each",
        Expected::Error(&["too large"]),
        || annotated(100, 10_000, 4 << 20),
    ));
    attacks.push(Attack::new(
        "manifests/4 MiB of annotations, 16 registries at once",
        Expected::Bounded,
        || {
            let mut stage = Stage::of(String::new());
            let mut subscriptions = Vec::new();
            for _ in 0..16 {
                let registry = with_annotations(20, 10_000, 4 << 20)?;
                subscriptions.push(newest_image(&registry.host(), 20));
                stage = stage.keeping(registry);
            }
            stage.task.manifests = subscriptions.into_iter().map(|one| warehouse([one])).collect();
            Ok(stage)
        },
    ));
    attacks.push(Attack::new(
        "manifests/100 tags with 60 KiB of annotations each",
        Expected::Bounded,
        || annotated(100, 30, 60 << 10),
    ));
    attacks.push(Attack::new("manifests/nested indexes", Expected::Found(&["1.0.0"]), || {
        let registry = with_one_tag()?;
        // Each of five levels lists the next one.
        let mut inner = DIGEST.to_owned();
        for level in 0..6 {
            let entries = vec![format!(r#"{{"mediaType":"{INDEX}","digest":"{inner}","size":1}}"#); 400].join(",");
            let body = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","annotations":{{"level":"{level}"}},"manifests":[{entries}]}}"#);
            inner = registry.push_manifest("demo/app", None::<&str>, INDEX, body);
        }
        registry.tag("demo/app", &inner, "2.0.0")?;
        Ok(Stage::of(warehouse([newest_image(&registry.host(), 3)])).keeping(registry))
    }));
    attacks.push(Attack::new("manifests/endless configuration", Expected::Error(&["too large"]), || {
        let registry = with_one_tag()?;
        registry.faults().add(When::path("/v2/**/blobs/*"), Fault::endless());
        Ok(Stage::of(warehouse([newest_image(&registry.host(), 3)])).keeping(registry))
    }));
    attacks
}

fn index(body: impl Into<Vec<u8>>) -> Reply {
    reply(body).header("content-type", INDEX)
}

fn of_manifest(what: &str, expected: Expected, fault: impl Into<Fault>) -> Attack {
    let fault = fault.into();
    Attack::new(format!("manifests/{what}"), expected, move || {
        let registry = with_one_tag()?;
        registry.faults().add(When::get(MANIFESTS), fault.clone());
        Ok(Stage::of(warehouse([image(&registry.host())])).deadline(10).keeping(registry))
    })
}

/// A repository of `tags`, each with its own manifest of so many annotations, which have about so many bytes together.
pub(super) fn with_annotations(tags: usize, annotations: usize, bytes: usize) -> Result<Registry, Failure> {
    let registry = Registry::builder().start()?;
    let length = bytes / annotations - 16 - 1024 / annotations;
    for tag in 0..tags {
        let mut image = registry.image("demo/app").tag(format!("1.0.{tag}")).single("linux/amd64");
        for annotation in 0..annotations {
            image = image.annotation(format!("a{annotation}"), "x".repeat(length));
        }
        image.annotation("tag", tag.to_string()).push();
    }
    Ok(registry)
}

fn annotated(tags: usize, annotations: usize, bytes: usize) -> Result<Stage, Failure> {
    let registry = with_annotations(tags, annotations, bytes)?;
    let subscription = newest_image(&registry.host(), 100);
    Ok(Stage::of(warehouse([subscription])).keeping(registry))
}
