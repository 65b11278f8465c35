//! The reasons why a build is not among the newest, and the warnings about orders without times (rule 3.5).

use std::collections::BTreeMap;

use crate::support::CREATED;
use crate::support::answers::{explain, source};
use artifact_source::{ArtifactSource, DiscoverRequest, Recorder};
use image_source::ImageSourceBuilder;
use jiff::Timestamp;
use selection_strategies::{TagFilter, TagRule};
use warehouse_testkit::Registry;

/// Tags, and what their configurations say: `-` is nothing at all.
fn registry(images: &[(&str, &str)]) -> Registry {
    let registry = Registry::start().unwrap();
    for (tag, created) in images {
        let image = registry.image("demo/app").tag(*tag).single("linux/amd64");
        match *created {
            "-" => image.without_created().push(),
            created => image.created(created).push(),
        };
    }
    registry
}

fn newest(registry: &Registry) -> ImageSourceBuilder {
    source(registry).rule(TagRule::newest()).clock("2024-06-01T00:00:00Z".parse::<Timestamp>().unwrap())
}

async fn warnings(builder: ImageSourceBuilder) -> Vec<String> {
    let recorder = Recorder::new();
    builder.build().unwrap().discover(DiscoverRequest::new().with_trace(&recorder)).await.unwrap();
    let warnings = recorder.warnings();
    assert!(warnings.iter().all(|warning| warning.hint.is_some()));
    warnings.iter().map(ToString::to_string).collect()
}

async fn order(images: &[(&str, &str)], expected: &[&str], why: &[(&str, &str)]) {
    let registry = registry(images);
    let (tags, reasons) = explain(newest(&registry).limit(expected.len())).await;
    assert_eq!(tags, expected, "{images:?}");
    let why: BTreeMap<String, String> =
        why.iter().map(|&(tag, why)| (tag.to_owned(), why.to_owned())).collect();
    assert_eq!(reasons, why, "{images:?}");
}

#[tokio::test]
async fn reasons() {
    let undated = "beyond the limit of 1: does not say when it was built";
    let same = "beyond the limit of 1: built at the same time as the last one taken, whose tag is the later one in the order of bytes";
    let older = "beyond the limit: one better candidate fills it";
    let old = "2018-01-01T00:00:00Z";
    for nothing in ["-", "", "2024-05-02 12:00:00Z", "yesterday", "0001-01-01T00:00:00Z"] {
        order(&[("new", nothing), ("old", old)], &["old"], &[("new", undated)]).await;
        // Nothing and the year 1 tie, by tag.
        order(
            &[("a", nothing), ("b", "-"), ("c", "0001-01-01T00:00:00Z")],
            &["c"],
            &[("a", undated), ("b", undated)],
        )
        .await;
        // What is older than the year 1 is older than what says nothing.
        order(&[("a", nothing), ("b", "0000-12-31T23:59:59Z")], &["a"], &[("b", older)]).await;
    }
    order(&[("a", old), ("b", old), ("c", "2017-01-01T00:00:00Z")], &["b"], &[("a", same), ("c", older)])
        .await;
    let epoch = "1970-01-01T00:00:00Z";
    order(&[("a", epoch), ("b", epoch)], &["b"], &[("a", same)]).await;
    let two = "beyond the limit of 2: built at the same time as the last one taken, whose tag is the later one in the order of bytes";
    order(&[("a", epoch), ("b", epoch), ("c", old)], &["c", "b"], &[("a", two)]).await;
    // The last times there are, one as the other.
    order(&[("a", "9999-12-31T23:59:59Z"), ("b", "9999-12-31T00:00:00Z")], &["b"], &[("a", same)]).await;
}

#[tokio::test]
async fn a_year_1_that_is_stated_hides_what_is_below_it() {
    let registry = registry(&[("a", "2018-01-01T00:00:00Z")]);
    let image = registry.image("demo/app").tag("b").single("linux/amd64").created("2020-01-01T00:00:00Z");
    image.annotation(CREATED, "0001-01-01T00:00:00Z").push();
    let (tags, why) = explain(newest(&registry).limit(1)).await;
    assert_eq!(tags, ["a"]);
    assert_eq!(why["b"], "beyond the limit of 1: does not say when it was built");
}

/// Tags with their times, and the warnings about them.
type Case = (&'static [(&'static str, &'static str)], &'static [&'static str]);

const ONE: &str = "2024-01-01T00:00:00Z";
const TWO: &str = "2024-02-01T00:00:00Z";

#[tokio::test]
async fn warnings_where_no_time_decides() {
    let cases: [Case; 9] = [
        (&[("a", ONE), ("b", TWO)], &[]),
        (&[("a", "-")], &[]),
        (
            &[("a", "-"), ("b", ""), ("c", "0001-01-01T00:00:00Z")],
            &[
                "none of 3 different images has a build time: the order of their tags decides which is the newest",
            ],
        ),
        (
            &[("a", ONE), ("b", ONE)],
            &[
                "2 different images have the same build time, 2024-01-01T00:00:00Z: the order of their tags decides which is the newest",
            ],
        ),
        (
            &[("a", "1970-01-01T00:00:00Z"), ("b", "1970-01-01T00:00:00Z")],
            &[
                "2 different images have the same build time, 1970-01-01T00:00:00Z: the order of their tags decides which is the newest",
            ],
        ),
        (&[("a", "-"), ("b", ONE)], &["1 of 2 images have no build time, and count as the oldest: a"]),
        (
            &[("a", "1980-01-01T00:00:01Z"), ("b", ONE), ("c", TWO)],
            &[
                "1 of 3 images have a build time before 2013, before the first container images, and count as that old: a",
            ],
        ),
        (
            &[("a", "2999-01-01T00:00:00Z"), ("b", ONE)],
            &["1 of 2 images have a build time in the future, and count as the newest until then: a"],
        ),
        // Clocks may be a little wrong.
        (&[("a", "2024-06-01T23:00:00Z"), ("b", ONE)], &[]),
    ];
    for (images, expected) in cases {
        assert_eq!(warnings(newest(&registry(images))).await, expected, "{images:?}");
        // Other rules do not use times.
        assert_eq!(warnings(source(&registry(images)).rule(TagRule::lexical())).await, [""; 0], "{images:?}");
    }
    let many = registry(&[("a", "-"), ("b", "-"), ("c", "-"), ("d", "-"), ("e", ONE)]);
    let expected = "4 of 5 images have no build time, and count as the oldest: d, c, b, ...";
    assert_eq!(warnings(newest(&many)).await, [expected]);
    // Without a clock there is no warning.
    let ahead = registry(&[("a", "2999-01-01T00:00:00Z"), ("b", ONE)]);
    assert_eq!(warnings(source(&ahead).rule(TagRule::newest())).await, [""; 0]);
}

/// The three hints, followed.
#[tokio::test]
async fn what_a_warning_says_to_do_ends_it() {
    let one = "2024-01-01T00:00:00Z";
    let world = || registry(&[("1.1.0", "-"), ("1.0.0", one)]);
    assert_eq!(warnings(newest(&world())).await.len(), 1);

    let stated = world();
    let image = stated.image("demo/app").tag("1.1.0").single("linux/amd64").without_created();
    image.annotation(CREATED, "2024-02-01T00:00:00Z").push();
    assert_eq!(warnings(newest(&stated)).await, [""; 0]);
    assert_eq!(explain(newest(&stated).limit(1)).await.0, ["1.1.0"]);

    let filter = TagFilter::builder().ignore(r"^1\.1\.0$").build().unwrap();
    let world = world();
    let without = || newest(&world).rule(TagRule::newest().with_filter(filter.clone())).limit(1);
    assert_eq!(warnings(without()).await, [""; 0]);
    assert_eq!(explain(without()).await.0, ["1.0.0"]);

    assert_eq!(warnings(source(&world)).await, [""; 0]);
    assert_eq!(explain(source(&world).limit(1)).await.0, ["1.1.0"]);
}
