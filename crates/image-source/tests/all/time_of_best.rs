//! When the best image was built, where somebody asks for that under a rule that does not: of that image alone, once, and with no
//! more requests than it takes.

use crate::support::answers::{platform, source};
use crate::support::{CREATED, cost};
use artifact_source::{ArtifactSource, DiscoverRequest, ErrorKind, Image, Recorder};
use image_source::ImageSourceBuilder;
use selection_strategies::TagRule;
use warehouse_testkit::{Fault, ImageBuilder, Registry, Reply, When};

const TIME: &str = "2024-05-01T12:00:00Z";

/// Three versions of this kind.
fn registry(make: impl for<'a> Fn(ImageBuilder<'a>) -> ImageBuilder<'a>) -> Registry {
    let registry = Registry::start().unwrap();
    for tag in ["1.0.0", "1.1.0", "1.2.0"] {
        make(registry.image("demo/app").tag(tag).created(TIME)).push();
    }
    registry
}

fn times(images: &[Image]) -> Vec<Option<String>> {
    images.iter().map(|image| image.created_at.map(|time| time.to_string())).collect()
}

const RULES: [fn() -> TagRule; 3] = [|| TagRule::semver(None), TagRule::lexical, || TagRule::digest("1.2.0")];

#[tokio::test]
async fn of_the_best_alone_and_once() {
    type Make = for<'a> fn(ImageBuilder<'a>) -> ImageBuilder<'a>;
    let one: Make = |image| image.single("linux/amd64");
    let two: Make = |image| image.platforms(["linux/amd64", "linux/arm64"]);
    let stated: Make = |image| image.platforms(["linux/amd64", "linux/arm64"]).annotation(CREATED, TIME);
    let described: Make = |image| image.platforms(["linux/amd64"]).descriptor_annotation(CREATED, TIME);
    let below: Make = |image| image.platforms(["linux/amd64"]).manifest_annotation(CREATED, TIME);
    for (make, wanted, more) in [
        (one, None, 1),
        (one, Some("linux/amd64"), 0),
        (two, None, 4),
        (two, Some("linux/arm64"), 4),
        (stated, None, 0),
        (described, None, 0),
        (below, None, 1),
    ] {
        for rule in RULES {
            let registry = registry(make);
            let builder =
                |asks| source(&registry).rule(rule()).platform(wanted.map(platform)).time_of_best(asks);
            let without = builder(false).build().unwrap();
            registry.log().clear();
            let plain = crate::support::discover(&without).await;
            let floor = registry.log().counters().requests;
            cost(&registry, &plain, floor);

            let source = builder(true).build().unwrap();
            let cold = crate::support::discover(&source).await;
            cost(&registry, &cold, floor + more);
            let images = crate::support::found(cold).artifacts;
            assert_eq!(times(&images)[0].as_deref(), Some(TIME));
            let plain = crate::support::found(plain).artifacts;
            assert_eq!(images[0].annotations, plain[0].annotations);
            assert_eq!(images[1..], plain[1..], "nothing is asked of the others");

            // Known by then: it asks whether each tag is still where it was, and nothing else.
            let again = crate::support::discover(&source).await;
            let is_digest = matches!(rule().strategy(), selection_strategies::TagStrategy::Digest { .. });
            cost(&registry, &again, if is_digest { 1 } else { 1 + 3 });
            assert_eq!(crate::support::found(again).artifacts, images);
        }
    }
}

async fn run(builder: ImageSourceBuilder) -> (Result<Vec<Image>, ErrorKind>, Vec<String>) {
    let recorder = Recorder::new();
    let answer = builder.build().unwrap().discover(DiscoverRequest::new().with_trace(&recorder)).await;
    let images = answer.map(|answer| answer.found().unwrap().artifacts).map_err(|error| error.kind());
    (images, recorder.warnings().iter().map(ToString::to_string).collect())
}

#[tokio::test]
async fn where_it_cannot_be_read() {
    for rule in RULES {
        let registry = registry(|image| image.single("linux/amd64"));
        let builder = || source(&registry).rule(rule()).time_of_best(true);
        // It never will be, so the image stands without, with a warning.
        for status in [403, 404, 451] {
            registry.faults().clear();
            registry.faults().add(When::path("/v2/**/blobs/*"), Reply::status(status));
            let (images, warnings) = run(builder()).await;
            assert_eq!(times(&images.unwrap())[0], None);
            assert_eq!(warnings.len(), 1);
            assert!(warnings[0].starts_with("the build time of 1.2.0 cannot be read: "), "{warnings:?}");
        }
        // It may be another time, and criteria are not to be decided by that.
        for (fault, kind) in [(Fault::status(500), ErrorKind::Server), (Fault::Reset, ErrorKind::Unreachable)]
        {
            registry.faults().clear();
            registry.faults().add(When::path("/v2/**/blobs/*"), fault);
            assert_eq!(run(builder()).await.0.unwrap_err(), kind);
        }
    }
    // A missing time is not an error.
    let registry = registry(|image| image.single("linux/amd64").without_created());
    let (images, warnings) = run(source(&registry).time_of_best(true)).await;
    assert_eq!((times(&images.unwrap())[0].clone(), warnings.len()), (None, 0));
    // Nothing was found.
    let none = source(&registry).rule(TagRule::digest("2.0.0")).time_of_best(true);
    assert_eq!(run(none).await.0.unwrap(), []);
}

/// An observation without it does not answer the question with it.
#[tokio::test]
async fn an_earlier_observation_without_the_time_does_not_count() {
    let registry = registry(|image| image.single("linux/amd64"));
    let without = source(&registry).build().unwrap();
    let observation = crate::support::found(crate::support::discover(&without).await).observation.unwrap();
    let with = source(&registry).time_of_best(true).build().unwrap();
    let request = || DiscoverRequest::new().with_previous(&observation);
    let answer = with.discover(request()).await.unwrap().found().expect("it was another question");
    assert_eq!(times(&answer.artifacts)[0].as_deref(), Some(TIME));
    let observation = answer.observation.unwrap();
    let again = with.discover(DiscoverRequest::new().with_previous(&observation)).await.unwrap();
    assert!(again.found().is_none());
}
