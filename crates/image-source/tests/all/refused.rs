//! One tag that the registry definitely refuses is not an outage: it is skipped with a warning if others can be read
//! (semantics rule 3.8). Whatever may pass, or is of all tags, is an error.

use std::time::Duration;

use crate::support::answers::{platform, source, source_with, tags};
use artifact_http::Credential;
use artifact_source::{ArtifactSource, DiscoverRequest, Discovery, Error, Image, Recorder};
use image_source::ImageSourceBuilder;
use selection_strategies::{TagFilter, TagRule};
use warehouse_testkit::{Fault, MediaType, Registry, Reply, When};

const LISTING: [fn() -> TagRule; 3] = [|| TagRule::semver(None), TagRule::lexical, TagRule::newest];
const DEFINITE: [u16; 12] = [400, 402, 403, 405, 406, 409, 412, 415, 416, 418, 422, 451];

/// Ten versions, each a day newer than the one before it.
fn registry() -> Registry {
    fill(Registry::start().unwrap())
}

fn fill(registry: Registry) -> Registry {
    for version in 0..10 {
        let image = registry.image("demo/app").tag(format!("1.{version}.0"));
        image.single("linux/amd64").created(format!("2024-01-{:02}T00:00:00Z", version + 1)).push();
    }
    registry
}

fn refuse(registry: &Registry, tags: &str, status: u16) {
    registry.faults().add(When::path(format!("/v2/**/manifests/{tags}")), Reply::status(status));
}

/// The images, why each other candidate is none, and the warnings.
async fn run(builder: ImageSourceBuilder) -> (Result<Vec<Image>, Error>, Recorder) {
    let recorder = Recorder::new();
    let answer = builder.build().unwrap().discover(DiscoverRequest::new().with_trace(&recorder)).await;
    (answer.map(|answer| answer.found().unwrap().artifacts), recorder)
}

async fn warned(builder: ImageSourceBuilder) -> (Vec<String>, Vec<String>, Recorder) {
    let (images, recorder) = run(builder).await;
    let images = images.unwrap();
    let warnings = recorder.warnings().iter().map(ToString::to_string).collect();
    (tags(&images).iter().map(|&tag| tag.to_owned()).collect(), warnings, recorder)
}

#[tokio::test]
async fn one_that_is_refused_is_passed_over_with_a_warning() {
    for status in DEFINITE {
        for rule in LISTING {
            let registry = registry();
            refuse(&registry, "1.9.0", status);
            let (found, warnings, recorder) = warned(source(&registry).rule(rule()).limit(2)).await;
            assert_eq!(found, ["1.8.0", "1.7.0"], "{status}");
            let why = format!("the registry refuses it with HTTP {status}");
            assert_eq!(warnings, [format!("skipped, although it could be the newest: 1.9.0 ({why})")]);
            let judged =
                recorder.into_judgements().into_iter().find(|judged| judged.name == "1.9.0").unwrap();
            assert_eq!(judged.rejection.unwrap().to_string(), format!("unreadable: {why}"));
        }
        // It has no neighbours.
        let registry = registry();
        refuse(&registry, "1.9.0", status);
        let (answer, recorder) = run(source(&registry).rule(TagRule::digest("1.9.0"))).await;
        assert_eq!(answer.unwrap_err().status(), Some(status));
        assert_eq!(recorder.warnings(), []);
    }
}

/// JSON that is not a manifest, under the media type of one.
fn no_manifests() -> impl Iterator<Item = Fault> {
    let typed = [
        (MediaType::OCI_MANIFEST, "{}"),
        (MediaType::OCI_MANIFEST, r#"{"errors": [{"code": "UNAVAILABLE", "message": "maintenance"}]}"#),
        (MediaType::OCI_MANIFEST, r#"{"message": "maintenance"}"#),
        ("application/vnd.oci.artifact.manifest.v1+json", r#"{"message": "maintenance"}"#),
        (MediaType::OCI_MANIFEST, r#"{"schemaVersion": 2}"#),
        (MediaType::OCI_MANIFEST, r#"{"schemaVersion": 2, "config": null, "layers": null}"#),
        (MediaType::OCI_INDEX, r#"{"schemaVersion": 2, "manifests": null}"#),
        (MediaType::OCI_INDEX, r#"{"schemaVersion": 2, "manifests": [{"digest": "md5:00"}, {}]}"#),
    ];
    typed.into_iter().map(|(media_type, body)| {
        Fault::from(Reply::status(200).header("content-type", media_type).body(body))
    })
}

/// A tag whose content is never what it should be fails the discovery. The error names it, and its hint, followed, selects without it.
#[tokio::test]
async fn one_that_is_never_readable_is_named_with_the_way_to_exclude_it() {
    let bodies = ["", "<html>sign in</html>", "garbage", "{}", r#"{"schemaVersion": 2, "mani"#, "[]"];
    for reply in bodies
        .map(|body| Fault::from(Reply::status(200).body(body)))
        .into_iter()
        .chain([
            Fault::login_page(),
            Fault::WrongDigest,
            Fault::oversized(5 << 20),
            Reply::status(203).body("{}").into(),
        ])
        .chain(no_manifests())
    {
        for (number, rule) in LISTING.into_iter().enumerate() {
            let registry = registry();
            // A tag, and no version, that the pattern would also match if its dots were not escaped.
            registry.tag("demo/app", "1.0.0", "1.9-0").unwrap();
            registry.faults().add(When::path("/v2/**/manifests/1.9.0"), reply.clone());
            let (answer, recorder) = run(source(&registry).rule(rule()).limit(20)).await;
            let error = answer.unwrap_err();
            let hint = error.hint().unwrap();
            assert!(hint.contains("no older tag is selected in the place of 1.9.0"), "{reply:?}: {hint}");
            assert_eq!(recorder.warnings(), []);

            let (_, remedy) = hint.split_once("`ignoreTagsRegexes: ['").unwrap();
            let (pattern, _) = remedy.split_once("']`").unwrap();
            let filter = TagFilter::builder().ignore(pattern).build().unwrap();
            let (found, warnings, _) =
                warned(source(&registry).rule(rule().with_filter(filter)).limit(20)).await;
            assert_eq!(warnings, [""; 0], "{reply:?}");
            let others = if number == 0 { 9 } else { 10 };
            assert_eq!(found.len(), others, "{reply:?}: {found:?}");
            assert!(!found.iter().any(|tag| tag == "1.9.0"));
        }
        // One tag alone is not excluded but replaced.
        let registry = registry();
        registry.faults().add(When::path("/v2/**/manifests/1.9.0"), reply.clone());
        let (answer, _) = run(source(&registry).rule(TagRule::digest("1.9.0"))).await;
        let error = answer.unwrap_err();
        let hint = error.hint().unwrap();
        assert!(
            hint.contains("the tag 1.9.0") && hint.ends_with("name another tag in `constraint`"),
            "{hint}"
        );
        let (found, _, _) = warned(source(&registry).rule(TagRule::digest("1.8.0"))).await;
        assert_eq!(found, ["1.8.0"]);
    }
}

/// What is not about the content of one tag has no such hint.
#[tokio::test]
async fn what_is_wrong_with_all_tags_does_not_name_one() {
    let registry = registry();
    for fault in [Fault::status(503), Fault::status(401), Fault::Reset] {
        registry.faults().clear();
        registry.faults().add(When::path("/v2/**/manifests/*"), fault);
        let (answer, _) = run(source(&registry)).await;
        let error = answer.unwrap_err();
        assert!(!error.hint().unwrap_or_default().contains("ignoreTagsRegexes"), "{error:?}");
    }
}

/// The hint of the warning, followed.
#[tokio::test]
async fn what_the_warning_says_to_do_ends_it() {
    for rule in LISTING {
        let registry = registry();
        refuse(&registry, "1.9.0", 451);
        let filter = TagFilter::builder().ignore(r"^1\.9\.0$").build().unwrap();
        let (found, warnings, _) = warned(source(&registry).rule(rule().with_filter(filter)).limit(2)).await;
        assert_eq!(found, ["1.8.0", "1.7.0"]);
        assert_eq!(warnings, [""; 0]);
    }
}

#[tokio::test]
async fn what_may_pass_is_an_error() {
    let replies = [
        Reply::status(401),
        Reply::status(408),
        Reply::status(421),
        Reply::status(425),
        Reply::status(429),
        Reply::status(500),
        Reply::status(502),
        Reply::status(503),
        Reply::status(504),
        Reply::status(403).retry_after(Duration::from_secs(1)),
        Reply::status(403).oci_error("TOOMANYREQUESTS", "slow down"),
    ];
    for reply in replies {
        for rule in LISTING.into_iter().chain([(|| TagRule::digest("1.9.0")) as fn() -> TagRule]) {
            let registry = registry();
            registry.faults().add(When::path("/v2/**/manifests/1.9.0"), reply.clone());
            let (answer, _) = run(source(&registry).rule(rule()).limit(2)).await;
            answer.unwrap_err();
        }
    }
    for fault in [Fault::Reset, Fault::login_page(), Fault::WrongDigest] {
        for rule in LISTING {
            let registry = registry();
            registry.faults().add(When::path("/v2/**/manifests/1.9.0"), fault.clone());
            run(source(&registry).rule(rule()).limit(2)).await.0.unwrap_err();
        }
    }
}

#[tokio::test]
async fn if_all_tags_are_refused_the_discovery_fails() {
    for status in [400, 403, 451] {
        for rule in LISTING {
            for limit in [1, 2, 20] {
                let registry = registry();
                refuse(&registry, "*", status);
                let (answer, recorder) = run(source(&registry).rule(rule()).limit(limit)).await;
                let error = answer.unwrap_err();
                assert_eq!(error.status(), Some(status));
                assert!(
                    error.url().unwrap().ends_with("/manifests/1.9.0"),
                    "the first in the order: {error}"
                );
                assert_eq!(recorder.warnings(), []);
            }
        }
    }
    // There is no other tag, or the others do not exist.
    let registry = Registry::start().unwrap();
    registry.image("demo/app").tag("1.9.0").tag("1.8.0").push();
    refuse(&registry, "1.9.0", 403);
    refuse(&registry, "1.8.0", 404);
    assert_eq!(run(source(&registry)).await.0.unwrap_err().status(), Some(403));
}

/// Eight refusals at the head of the order fail the discovery; seven, or eight with another result between, do not.
#[tokio::test]
async fn so_many_refusals_at_the_head_of_the_order_are_an_error() {
    for rule in LISTING {
        for limit in [1, 2, 20] {
            for parallelism in [1, 32] {
                let source =
                    |registry: &Registry| source(registry).rule(rule()).limit(limit).parallelism(parallelism);
                let registry = registry();
                for version in 3..10 {
                    refuse(&registry, &format!("1.{version}.0"), 403);
                }
                let (found, warnings, _) = warned(source(&registry)).await;
                assert_eq!(found[0], "1.2.0");
                let refusal = "the registry refuses it with HTTP 403";
                let expected = format!(
                    "skipped, although it could be the newest: 1.9.0 ({refusal}), 1.8.0 ({refusal}), 1.7.0 ({refusal}), and 4 more"
                );
                assert_eq!(warnings, [expected]);

                refuse(&registry, "1.2.0", 403);
                let error = run(source(&registry)).await.0.unwrap_err();
                let why = "the registry refuses each of the first 8 tags, so no older one is selected";
                assert!(
                    error.hint().is_some_and(|hint| hint.ends_with(why)),
                    "{limit} {parallelism} {error:?}"
                );

                registry.faults().clear();
                for version in [0, 1, 2, 3, 5, 6, 7, 8, 9] {
                    refuse(&registry, &format!("1.{version}.0"), 403);
                }
                assert_eq!(warned(source(&registry)).await.0, ["1.4.0"]);
            }
        }
    }
    // The discovery ends there, without a thousand requests for a missing permission.
    let registry = Registry::start().unwrap();
    for version in 0..200 {
        registry.image("demo/app").tag(format!("1.{version}.0")).push();
    }
    refuse(&registry, "*", 403);
    run(source(&registry).rule(TagRule::newest()).parallelism(4)).await.0.unwrap_err();
    assert!(registry.log().counters().requests < 20, "{:?}", registry.log().counters());
}

/// What a platform's manifest or a configuration is refused with counts as well, where it is needed.
#[tokio::test]
async fn what_is_below_a_tag() {
    let registry = registry();
    let image = registry.image("demo/app").tag("1.9.0").platforms(["linux/amd64"]).push();
    for blocked in [&image.platforms[0].digest, &image.platforms[0].config_digest] {
        registry.faults().clear();
        registry.faults().add(When::path(format!("/v2/demo/app/*/{blocked}")), Reply::status(451));
        let (found, warnings, _) = warned(source(&registry).rule(TagRule::newest()).limit(1)).await;
        assert_eq!((found, warnings.len()), (vec!["1.8.0".to_owned()], 1));
        // Where it is not, it is not even asked for.
        assert_eq!(warned(source(&registry).limit(1)).await.0, ["1.9.0"]);
        let named = source(&registry).platform(platform("linux/amd64")).limit(1);
        assert_eq!(warned(named).await.0, ["1.9.0"]);
    }
}

/// A refusal by somebody else is none of the tag.
#[tokio::test]
async fn a_refusal_by_a_token_service_or_a_storage_is_an_error() {
    let registry = fill(Registry::builder().bearer("me", "secret").start().unwrap());
    registry.faults().add(When::path("/token"), Reply::status(403));
    let source = source_with(&registry, Some(Credential::password("me", "secret")));
    run(source).await.0.unwrap_err();

    let registry = registry_with_storage();
    registry.faults().add(When::path("/storage/**").first(1), Reply::status(403));
    let newest = crate::support::answers::source(&registry).rule(TagRule::newest()).parallelism(1);
    run(newest).await.0.unwrap_err();
}

fn registry_with_storage() -> Registry {
    fill(Registry::builder().redirect_blobs().start().unwrap())
}

/// With HEAD refused as well, and where the image was known before: it is the registry's word of now that counts.
#[tokio::test]
async fn one_that_was_known_and_is_refused_now() {
    for rule in LISTING {
        let registry = registry();
        let source = source(&registry).rule(rule()).limit(2).build().unwrap();
        assert_eq!(tags(&crate::support::images(&source).await), ["1.9.0", "1.8.0"]);
        refuse(&registry, "1.9.0", 451);
        let recorder = Recorder::new();
        for _ in 0..2 {
            let answer = source.discover(DiscoverRequest::new().with_trace(&recorder)).await.unwrap();
            assert_eq!(tags(&answer.found().unwrap().artifacts), ["1.8.0", "1.7.0"]);
        }
        assert_eq!(recorder.warnings().len(), 2, "each time anew");
    }
}

/// A tag that is listed and whose manifest is gone is skipped, and never without a word.
#[tokio::test]
async fn one_that_is_listed_and_gone_has_a_warning() {
    let unknown = Reply::status(404).oci_error("NAME_UNKNOWN", "no such repository");
    for reply in [Reply::status(404), Reply::status(410), unknown.clone()] {
        for rule in LISTING {
            let registry = registry();
            registry.faults().add(When::path("/v2/**/manifests/1.9.0"), reply.clone());
            let (found, warnings, _) = warned(source(&registry).rule(rule()).limit(2)).await;
            assert_eq!(found, ["1.8.0", "1.7.0"], "{reply:?}");
            assert!(
                warnings.len() == 1
                    && warnings[0].starts_with("skipped, although it could be the newest: 1.9.0 ("),
                "{warnings:?}"
            );
        }
    }
    // Also where another server says so.
    let other = Registry::start().unwrap();
    other.faults().add(When::path("/gone"), unknown.clone());
    let registry = registry();
    let location = Fault::redirect(format!("{}/gone", other.url()));
    registry.faults().add(When::path("/v2/**/manifests/1.9.0"), location);
    assert_eq!(warned(source(&registry).limit(2)).await.0, ["1.8.0", "1.7.0"]);
    // Without a list, the repository may be missing.
    let registry = fill(Registry::start().unwrap());
    registry.faults().add(When::path("/v2/**/manifests/1.9.0"), unknown);
    run(source(&registry).rule(TagRule::digest("1.9.0"))).await.0.unwrap_err();
}

/// One tag alone is not excluded. Similar ones are looked for, and once only: a watch that waits for the tag asks for no list again.
#[tokio::test]
async fn the_one_tag_of_a_digest_rule_that_is_gone() {
    let registry = registry();
    let source = source(&registry).rule(TagRule::digest("1.9.9")).build().unwrap();
    let mut previous = None;
    for (requests, said) in [(2, "there is no tag `1.9.9`; similar: `1.9.0`"), (1, "there is no tag `1.9.9`")]
    {
        registry.log().clear();
        let recorder = Recorder::new();
        let mut request = DiscoverRequest::new().with_trace(&recorder);
        if let Some(previous) = &previous {
            request = request.with_previous(previous);
        }
        if let Discovery::Found(found) = source.discover(request).await.unwrap() {
            assert!(found.artifacts.is_empty());
            previous = found.observation;
        }
        assert!(recorder.warnings().is_empty(), "{:?}", recorder.warnings());
        let judged = recorder.into_judgements();
        let why = judged[0].rejection.as_ref().unwrap();
        assert!(why.to_string().starts_with(said), "{why}");
        assert_eq!((judged.len(), why.rule()), (1, "notListed"));
        assert_eq!(registry.log().counters().requests, requests);
    }
}

/// A registry that always fails at one tag is a fault of its content as far as anyone can tell: the error says how to select without it.
#[tokio::test]
async fn one_at_which_the_registry_always_fails_is_named_with_the_way_to_exclude_it() {
    for status in [500, 501, 505, 520, 600] {
        for rule in LISTING {
            let registry = registry();
            refuse(&registry, "1.9.0", status);
            let error = run(source(&registry).rule(rule()).limit(2)).await.0.unwrap_err();
            let hint = error.hint().unwrap_or_default();
            assert!(hint.contains(r"`ignoreTagsRegexes: ['^1\.9\.0$']`"), "{status}: {error:?}");
            let filter = TagFilter::builder().ignore(r"^1\.9\.0$").build().unwrap();
            let (found, warnings, _) =
                warned(source(&registry).rule(rule().with_filter(filter)).limit(2)).await;
            assert_eq!((found, warnings), (vec!["1.8.0".to_owned(), "1.7.0".to_owned()], Vec::new()));
        }
    }
    for status in [400, 451, 500] {
        let registry = registry();
        refuse(&registry, "1.9.0", status);
        let error = run(source(&registry).rule(TagRule::digest("1.9.0"))).await.0.unwrap_err();
        let hint = error.hint().unwrap_or_default();
        assert!(hint.ends_with("name another tag in `constraint`"), "{status}: {error:?}");
        assert_eq!(warned(source(&registry).rule(TagRule::digest("1.8.0"))).await.0, ["1.8.0"]);
    }
}
