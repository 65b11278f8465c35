//! Whatever a repository holds, every listed tag is judged exactly once, rightly, and cold as warm: against a plain model of
//! the rules, over registries made up at random.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use artifact_http::HttpClient;
use artifact_source::{ArtifactSource, DiscoverRequest, Image, Judgement, Recorder, Rejection};
use image_source::{ImageSource, Platform};
use oci_registry::{RegistryClient, is_tag};
use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;
use proptest::sample::select;
use selection_strategies::{TagFilter, TagRule, TagStrategy};
use tokio::runtime::Runtime;
use warehouse_testkit::{Registry, Reply, When};

const NAMES: [&str; 14] = [
    "1.0.0",
    "1.1.0",
    "v1.2.0",
    "1.3.0-rc.1",
    "1.4.0",
    "1.5.0-debug",
    "2.0.0",
    "2.1",
    "02.0.0",
    "latest",
    "nightly-1",
    "nightly-2",
    "sha256-0123.sig",
    "x_y",
];
/// A name that a registry may list, and that is not a valid tag.
const NO_TAGS: [&str; 5] = ["", "a b", "../../other/manifests/1.0.0", "\u{e9}", "1.9.0\n"];
const PLATFORMS: [&str; 4] = ["linux/amd64", "linux/arm64/v8", "linux/arm/v6", "windows/amd64"];
/// With a slash where a variant is to follow, whichever.
const WANTED: [&str; 4] = ["linux/amd64", "linux/arm64/", "linux/arm/", "windows/amd64"];

/// What is behind a tag.
#[derive(Clone, Debug)]
enum Content {
    /// An index with these platforms, built on this day of a month, if it says so.
    Index(Vec<&'static str>, Option<u8>),
    /// An image of one platform.
    Single(&'static str, Option<u8>),
    /// A manifest of an unknown kind.
    Unknown,
    /// Gone since it was listed.
    Vanished,
}

/// A question and a repository.
#[derive(Clone, Debug)]
struct Case {
    tags: BTreeMap<&'static str, Content>,
    no_tags: Vec<&'static str>,
    strategy: u8,
    filtered: bool,
    platform: Option<&'static str>,
    limit: usize,
}

fn content() -> impl Strategy<Value = Content> {
    let day = || proptest::option::of(1..28_u8);
    let some = btree_set(select(PLATFORMS.to_vec()), 1..=3).prop_map(|set| set.into_iter().collect());
    prop_oneof![
        6 => (some, day()).prop_map(|(platforms, day)| Content::Index(platforms, day)),
        3 => (select(PLATFORMS.to_vec()), day()).prop_map(|(platform, day)| Content::Single(platform, day)),
        1 => Just(Content::Unknown),
        1 => Just(Content::Vanished),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let tags = btree_map(select(NAMES.to_vec()), content(), 0..NAMES.len());
    let no_tags = btree_set(select(NO_TAGS.to_vec()), 0..=3).prop_map(|set| set.into_iter().collect());
    let platform = proptest::option::of(select(WANTED.to_vec()));
    (tags, no_tags, 0..4_u8, any::<bool>(), platform, 1..6_usize).prop_map(
        |(tags, no_tags, strategy, filtered, platform, limit)| Case {
            tags,
            no_tags,
            strategy,
            filtered,
            platform,
            limit,
        },
    )
}

impl Case {
    fn rule(&self) -> TagRule {
        let rule = match self.strategy {
            0 => TagRule::semver(None),
            1 => TagRule::lexical(),
            2 => TagRule::newest(),
            _ => TagRule::digest("latest"),
        };
        let filter = TagFilter::builder().allow("[0-9]").ignore("-debug$").ignore_literal("2.0.0");
        if self.filtered { rule.with_filter(filter.build().unwrap()) } else { rule }
    }

    /// The repository, with aliases: what is alike has one digest.
    fn registry(&self) -> Registry {
        let registry = Registry::start().unwrap();
        registry.image("demo/app").push();
        for (tag, content) in &self.tags {
            let image = registry.image("demo/app").tag(*tag);
            let dated = |image: warehouse_testkit::ImageBuilder<'_>, day: &Option<u8>| match day {
                Some(day) => image.created(time(*day)).push(),
                None => image.without_created().push(),
            };
            match content {
                Content::Index(platforms, day) => drop(dated(image.platforms(platforms.clone()), day)),
                Content::Single(platform, day) => drop(dated(image.single(*platform), day)),
                Content::Unknown => {
                    let text = r#"{"schemaVersion": 1, "fsLayers": []}"#;
                    drop(registry.push_manifest("demo/app", [tag], "application/json", text));
                }
                Content::Vanished => registry.faults().add(
                    When::path(format!("/v2/demo/app/manifests/{tag}")),
                    Reply::status(404).oci_error("MANIFEST_UNKNOWN", "manifest unknown"),
                ),
            }
        }
        // Some registries list a tag twice.
        let listed: Vec<&str> = self.listed().into_iter().chain(self.tags.keys().next().copied()).collect();
        let list = serde_json::json!({ "name": "demo/app", "tags": listed });
        registry.faults().add(When::get("/v2/demo/app/tags/list"), Reply::status(200).body(list.to_string()));
        if !self.tags.contains_key("latest") {
            let gone = Reply::status(404).oci_error("MANIFEST_UNKNOWN", "manifest unknown");
            registry.faults().add(When::path("/v2/demo/app/manifests/latest"), gone);
        }
        registry
    }

    fn listed(&self) -> Vec<&'static str> {
        self.tags.keys().chain(&self.no_tags).copied().collect()
    }

    /// The candidates of a discovery: all listed tags, or the one tag of a digest rule.
    fn candidates(&self) -> Vec<&'static str> {
        if self.strategy == 3 { vec!["latest"] } else { self.listed() }
    }

    /// When the image of a tag was built; or why it has none, as the rule's word.
    fn image(&self, tag: &str) -> Result<Option<u8>, &'static str> {
        // A platform without a variant matches any.
        let fits = |offered: &str| self.platform.is_none_or(|wanted| offered.starts_with(wanted));
        match self.tags.get(tag) {
            _ if !is_tag(tag) => Err("unreadable"),
            Some(Content::Unknown) => Err("notAnImage"),
            None | Some(Content::Vanished) if self.strategy == 3 => Err("notListed"),
            None | Some(Content::Vanished) => Err("unreadable"),
            Some(Content::Single(platform, day)) if fits(platform) => Ok(*day),
            Some(Content::Index(platforms, day)) if platforms.iter().any(|platform| fits(platform)) => {
                Ok(*day)
            }
            Some(_) => Err("platform"),
        }
    }

    /// The tags that have to be found, best first.
    fn expected(&self) -> Vec<&str> {
        let rule = self.rule();
        let fitting = self.candidates().into_iter();
        let fitting: Vec<_> = fitting.filter(|tag| self.image(tag).is_ok()).collect();
        let chosen = rule.select(fitting).chosen.into_iter();
        let mut ranked: Vec<&str> = chosen.map(|candidate| candidate.name).collect();
        if matches!(rule.strategy(), TagStrategy::Newest) {
            ranked.sort_by(|one, other| other.cmp(one));
            ranked.sort_by_key(|tag| Reverse(self.image(tag).ok().flatten()));
        }
        ranked.truncate(self.limit);
        ranked
    }

    fn check(&self, images: &[Image], judgements: &[Judgement]) {
        let found: Vec<&str> = images.iter().map(|image| image.tag.as_str()).collect();
        assert_eq!(found, self.expected());

        let mut judged: Vec<&str> = judgements.iter().map(|judgement| judgement.name.as_str()).collect();
        let mut listed = self.candidates();
        judged.sort_unstable();
        listed.sort_unstable();
        assert_eq!(judged, listed, "each once");

        for judgement in judgements {
            let tag = judgement.name.as_str();
            let Some(why) = &judgement.rejection else {
                assert!(found.contains(&tag), "{tag} was accepted and not found");
                continue;
            };
            assert!(!found.contains(&tag), "{tag} was found and rejected: {why}");
            if let Some(rule) = self.rule().judge(tag).rejection() {
                assert_eq!(why, rule, "{tag}");
                continue;
            }
            match (self.image(tag), why) {
                // A candidate beyond the limit need not be read.
                (_, Rejection::BeyondLimit { limit }) if self.strategy != 2 => {
                    assert_eq!((*limit, found.len()), (self.limit, self.limit), "{tag}");
                }
                (Ok(Some(day)), Rejection::BeyondLimit { limit }) => {
                    let newer = |tag: &&str| matches!(self.image(tag), Ok(Some(other)) if other > day);
                    assert!(found.iter().all(newer), "{tag}");
                    assert_eq!((*limit, found.len()), (self.limit, self.limit), "{tag}");
                }
                (Ok(None), Rejection::Undated { limit }) if self.strategy == 2 => {
                    assert_eq!((*limit, found.len()), (self.limit, self.limit), "{tag}");
                }
                (Ok(Some(day)), Rejection::SameBuildTime { .. }) if self.strategy == 2 => {
                    let last = found.last().map(|last| self.image(last));
                    assert_eq!(last, Some(Ok(Some(day))), "{tag}");
                }
                (Err(expected), why) => assert_eq!(why.rule(), expected, "{tag}: {why}"),
                (Ok(_), why) => panic!("{tag} fits, and was rejected: {why}"),
            }
        }
    }
}

fn time(day: u8) -> String {
    format!("2024-01-{day:02}T00:00:00Z")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_listed_tag_is_judged_once_and_rightly(case in case()) {
        let registry = case.registry();
        let client = RegistryClient::builder(HttpClient::builder().build().unwrap()).build();
        let platform = case.platform.map(|platform| platform.trim_end_matches('/').parse::<Platform>().unwrap());
        let source = ImageSource::builder(format!("{}/demo/app", registry.host())).registry(client.clone());
        let source = source.rule(case.rule()).platform(platform).limit(case.limit).build().unwrap();
        Runtime::new().unwrap().block_on(async {
            let mut cold = None;
            for _ in ["cold", "warm"] {
                let recorder = Recorder::new();
                let request = DiscoverRequest::new().with_trace(&recorder);
                let images = source.discover(request).await.unwrap().found().unwrap().artifacts;
                case.check(&images, &recorder.into_judgements());
                prop_assert_eq!(cold.get_or_insert_with(|| images.clone()), &images);
            }
            Ok(())
        })?;
    }
}
