//! Lists of tags.

use std::time::Duration;

use warehouse_testkit::{Fault, Registry, Reply, When};

use super::stage::{Stage, image, warehouse};
use super::{Attack, Expected, Failure};

const MIB: u64 = 1 << 20;
const TOO_LARGE: Expected = Expected::Error(&["too large"]);
const BAD: Expected = Expected::Error(&["bad answer"]);
const LIST: &str = "/v2/**/tags/list";

pub(super) fn attacks() -> Vec<Attack> {
    let mut attacks = vec![
        of_list("endless page", TOO_LARGE, Fault::endless()),
        of_list("gzip bomb of 8 GB", TOO_LARGE, Fault::GzipBomb { bytes: 8 << 30 }),
        of_list("page that announces 400 MB", TOO_LARGE, Fault::oversized(400 * MIB)),
        of_list("page of five million empty names", Expected::Found(&[]), page(r#","""#.repeat(5 << 20))),
        of_list("page of 16 MiB of commas", BAD, page(",".repeat((16 << 20) - 100))),
        of_list("deep nesting", BAD, reply(format!(r#"{{"tags":{}"#, "[".repeat(1 << 20)))),
        of_list(
            "a million fields",
            Expected::Bounded,
            reply(format!(r#"{{{}"tags":["a"]}}"#, r#""a":1,"#.repeat(1_000_000))),
        ),
        of_list("login page", BAD, Fault::login_page()),
        of_list("list twice", BAD, reply(r#"{"tags":["a"],"tags":["b"]}"#)),
        of_list("page that ends early", BAD, reply(r#"{"tags":["a""#)),
        of_list("link to itself", BAD, linked("</v2/demo/app/tags/list?n=1000>; rel=next")),
        of_list(
            "link to another host",
            Expected::Error(&["refused"]),
            linked("<http://127.0.0.2:1/v2/demo/app/tags/list>; rel=next"),
        ),
        of_list(
            "link to a file",
            Expected::Error(&["refused", "bad answer"]),
            linked("<file:///etc/passwd>; rel=next"),
        ),
        of_list(
            "link of a megabyte",
            Expected::Bounded,
            linked(&format!("<?last={}>; rel=next", "x".repeat(15_000))),
        ),
        of_list(
            "names that are no tags",
            Expected::Found(&["1.0.0"]),
            reply(r#"{"tags":["../../../etc/passwd","a\nb","\u0000","--upload-pack=id","a b","1.0.0"]}"#),
        ),
        of_list(
            "a name of 60,000 bytes",
            Expected::Found(&["1.0.0"]),
            reply(format!(r#"{{"tags":["{}","1.0.0"]}}"#, "x".repeat(60_000))),
        ),
        of_list(
            "a name of 15 MB",
            Expected::Found(&["1.0.0"]),
            reply(format!(r#"{{"tags":["{}","1.0.0"]}}"#, "x".repeat(15_000_000))),
        ),
        of_list("silence", Expected::Error(&["timed out"]), Fault::Stall),
        of_list(
            "a byte a second",
            Expected::Error(&["timed out"]),
            Fault::Drip { bytes: 1, pause: Duration::from_secs(1) },
        ),
    ];
    attacks.push(Attack::new("lists/pages without end", TOO_LARGE, || {
        let registry = Registry::builder().start()?;
        registry.tag_numbered("demo/app", &pushed(&registry), 1_000_001)?;
        Ok(Stage::of(warehouse([image(&registry.host())])).keeping(registry))
    }));
    attacks.push(
        Attack::new("lists/64 MiB of names, 16 registries at once", Expected::Bounded, || {
            let mut subscriptions = Vec::new();
            let mut stage = Stage::of(String::new());
            for _ in 0..16 {
                let registry = with_one_tag()?;
                registry.faults().add(When::path(LIST), long_names());
                subscriptions.push(image(&registry.host()));
                stage = stage.keeping(registry);
            }
            stage.task.manifests = subscriptions.into_iter().map(|one| warehouse([one])).collect();
            // To find out that there is no manifest of any of these names takes hours.
            Ok(stage.deadline(60))
        })
        .within_seconds(600),
    );
    attacks.push(
        Attack::new(
            "lists/900,000 tags, 40 subscriptions",
            Expected::Found(&["t000000899999", "t000000899998", "t000000899997"]),
            || {
                let registry = Registry::builder().start()?;
                registry.tag_numbered("demo/app", &pushed(&registry), 900_000)?;
                let mut stage = Stage::of(String::new());
                stage.task.manifests = (0..40)
                    .map(|number| {
                        let pattern = format!("ignoreTagsRegexes: ['^x{number}$']");
                        warehouse([image(&registry.host())
                            .replace("discoveryLimit", &format!("{pattern}, discoveryLimit"))])
                    })
                    .collect();
                Ok(stage.keeping(registry))
            },
        )
        .within_seconds(900),
    );
    attacks.push(
        Attack::new("lists/900,000 tags, 16 registries at once", Expected::Bounded, || {
            let mut subscriptions = Vec::new();
            let mut stage = Stage::of(String::new());
            for _ in 0..16 {
                let registry = Registry::builder().start()?;
                registry.tag_numbered("demo/app", &pushed(&registry), 900_000)?;
                subscriptions.push(image(&registry.host()));
                stage = stage.keeping(registry);
            }
            stage.task.manifests = subscriptions.into_iter().map(|one| warehouse([one])).collect();
            Ok(stage)
        })
        .within_seconds(300),
    );
    attacks
}

fn of_list(what: &str, expected: Expected, fault: impl Into<Fault>) -> Attack {
    let fault = fault.into();
    Attack::new(format!("lists/{what}"), expected, move || {
        let registry = with_one_tag()?;
        registry.faults().add(When::path(LIST), fault.clone());
        Ok(Stage::of(warehouse([image(&registry.host())])).deadline(10).keeping(registry))
    })
}

pub(super) fn with_one_tag() -> Result<Registry, Failure> {
    let registry = Registry::builder().start()?;
    registry.image("demo/app").tag("1.0.0").push();
    Ok(registry)
}

fn pushed(registry: &Registry) -> String {
    registry.image("demo/app").tag("1.0.0").push().digest
}

pub(super) fn reply(body: impl Into<Vec<u8>>) -> Reply {
    Reply::status(200).header("content-type", "application/json").body(body.into())
}

fn linked(link: &str) -> Reply {
    reply(r#"{"tags":["1.0.0"]}"#).header("link", link)
}

fn page(rest: String) -> Reply {
    reply(format!(r#"{{"tags":["a"{rest}]}}"#))
}

/// A page of 15 MiB with names of 120 bytes, which differ on each page only for the first of them.
pub(super) fn long_names() -> Fault {
    let names: Vec<String> = (0..120_000).map(|number| format!("\"{number:0>118}\"")).collect();
    Fault::Reply(reply(format!(r#"{{"tags":[{}]}}"#, names.join(","))))
}
