//! What is written is read again as it was, in YAML and in JSON.

use proptest::prelude::*;
use warehouse_spec::{
    ArtifactReference, Chart, ChartDiscoveryResult, ChartSubscription, CommitSelectionStrategy,
    DiscoveredArtifacts, Freight, FreightCreationCriteria, FreightCreationPolicy, FreightOrigin,
    GenericSubscription, GitCommit, GitSubscription, Image, ImageSelectionStrategy, ImageSubscription,
    Interval, Metadata, Options, Subscription, SubscriptionKind, Warehouse, WarehouseSpec, WarehouseStatus,
    from_value, parse,
};

/// Texts that YAML would like to read as something else.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "1.10",
            "yes",
            "on",
            "null",
            "~",
            "0x1f",
            "1e3",
            "2025-01-01",
            "*",
            "!a",
            "- a",
            "a: b",
            "#",
            "'",
            "\"",
            "é",
            "|",
            ">",
            "{",
            "[",
            "@a",
            "%a",
            "&a",
            "<<",
            "a\\b",
            " a ",
            "a\nb",
            "012",
            ".5",
        ])
        .prop_map(str::to_owned),
        "[a-zA-Z0-9 :#.*!&'\"-]{1,12}",
    ]
    .prop_filter("an empty text counts as absent", |text| !text.is_empty())
}

/// Control characters are refused where a text selects.
fn seen() -> impl Strategy<Value = String> {
    word().prop_filter("no character that is not seen", |text| !text.contains(char::is_control))
}

fn path() -> impl Strategy<Value = String> {
    seen().prop_filter("a selector with a prefix must parse", |text| {
        !text.starts_with("glob:") && !text.starts_with("reg")
    })
}

fn image() -> impl Strategy<Value = SubscriptionKind> {
    (
        "[a-z]{1,8}(/[a-z]{1,8}){0,2}",
        any::<(bool, bool, bool)>(),
        1..=100_u32,
        prop::collection::vec("[a-z0-9.]{1,5}", 0..3),
        prop::collection::vec(seen(), 0..3),
        prop::sample::select(vec![None, Some("linux/amd64"), Some("linux/arm/v7")]),
        0..4_usize,
    )
        .prop_map(|(url, (strict, cache, insecure), limit, patterns, tags, platform, strategy)| {
            let mut image = ImageSubscription::new(url);
            let (strategy, constraint) = [
                (ImageSelectionStrategy::SemVer, Some("^1")),
                (ImageSelectionStrategy::Digest, Some("latest")),
                (ImageSelectionStrategy::Lexical, None),
                (ImageSelectionStrategy::NewestBuild, None),
            ][strategy];
            image.image_selection_strategy = strategy;
            image.constraint = constraint.map(str::to_owned);
            image.strict_semvers = strict;
            image.cache_by_tag = cache;
            image.insecure_skip_tls_verify = insecure;
            image.discovery_limit = limit;
            image.allow_tags_regexes.clone_from(&patterns);
            image.ignore_tags_regexes = patterns;
            image.ignore_tags = tags;
            image.platform = platform.map(|text| text.parse().unwrap());
            image.into()
        })
}

fn git() -> impl Strategy<Value = SubscriptionKind> {
    (
        "https://[a-z]{1,8}/[a-z]{1,8}",
        prop::option::of("[a-z]{1,5}(/[a-z]{1,5})?"),
        prop::collection::vec(path(), 0..3),
        prop::collection::vec(path(), 0..3),
        prop::option::of(0..4_000_000_000_i64),
        any::<(bool, Option<bool>)>(),
    )
        .prop_map(|(url, branch, include, exclude, since, (strict, blobless))| {
            let mut git = GitSubscription::new(url);
            git.commit_selection_strategy = match branch {
                Some(_) => CommitSelectionStrategy::NewestFromBranch,
                None => CommitSelectionStrategy::SemVer,
            };
            git.branch = branch;
            git.include_paths = include;
            git.exclude_paths = exclude;
            git.since = since.map(|second| jiff::Timestamp::from_second(second).unwrap());
            git.strict_semvers = strict;
            git.blobless = blobless;
            git.into()
        })
}

fn chart() -> impl Strategy<Value = SubscriptionKind> {
    let chart = prop_oneof![
        ("[a-z]{1,8}", word())
            .prop_map(|(host, name)| ChartSubscription::classic(format!("https://{host}"), name)),
        "[a-z]{1,8}/[a-z]{1,8}".prop_map(|path| ChartSubscription::oci(format!("oci://{path}"))),
    ];
    (chart, any::<[bool; 3]>()).prop_map(|(mut chart, [follow_digests, accept_v, check_config])| {
        chart.follow_digests = follow_digests;
        // Of a chart repository they have no effect, which is a warning.
        chart.accept_v = accept_v && chart.is_oci();
        chart.check_config = check_config && chart.is_oci();
        chart.into()
    })
}

fn generic() -> impl Strategy<Value = SubscriptionKind> {
    (1..=100_u32, word(), word(), any::<i64>()).prop_map(|(limit, key, text, number)| {
        let mut generic = GenericSubscription::new("bucket");
        generic.discovery_limit = limit;
        generic.config =
            Some([("number".to_owned(), number.into()), (key, vec![text].into())].into_iter().collect());
        generic.into()
    })
}

fn warehouse() -> impl Strategy<Value = Warehouse> {
    let kind = prop_oneof![image(), git(), chart(), generic()];
    (
        prop::collection::vec(kind, 1..5),
        word(),
        prop::option::of(word()),
        prop::collection::btree_map(word(), word(), 0..3),
        0..1_000_000_u64,
        prop::option::of(Just("true")),
    )
        .prop_map(|(kinds, name, shard, labels, seconds, criteria)| {
            // Names make repositories that occur twice acceptable.
            let subscriptions = kinds
                .into_iter()
                .enumerate()
                .map(|(index, kind)| Subscription::new(kind).with_name(format!("s{index}")))
                .collect();
            let mut warehouse = Warehouse::new(name, subscriptions);
            warehouse.metadata.labels = labels;
            warehouse.spec.shard = shard;
            warehouse.spec.interval = Interval::try_from(std::time::Duration::from_secs(seconds)).unwrap();
            if criteria.is_none() {
                warehouse.spec.freight_creation_policy = FreightCreationPolicy::Manual;
            }
            warehouse.spec.freight_creation_criteria = criteria.map(FreightCreationCriteria::new);
            warehouse
        })
}

fn moment() -> impl Strategy<Value = Option<jiff::Timestamp>> {
    prop::option::of((0..4_000_000_000_i64).prop_map(|second| jiff::Timestamp::from_second(second).unwrap()))
}

fn freight() -> impl Strategy<Value = Freight> {
    let commit = (word(), word(), word()).prop_map(|(repo_url, id, message)| GitCommit {
        repo_url,
        id,
        message,
        ..GitCommit::default()
    });
    let image = (word(), word(), prop::collection::btree_map(word(), word(), 0..3))
        .prop_map(|(repo_url, tag, annotations)| Image { repo_url, tag, annotations, ..Image::default() });
    let digest = prop_oneof![Just(String::new()), word()];
    let chart = (word(), word(), word(), digest).prop_map(|(repo_url, name, version, digest)| Chart {
        repo_url,
        name,
        version,
        digest,
        ..Chart::default()
    });
    let artifact = (word(), word(), any::<i64>()).prop_map(|(subscription_name, version, number)| {
        let metadata = Some([("number".to_owned(), number.into())].into_iter().collect());
        ArtifactReference { subscription_name, version, metadata, ..ArtifactReference::default() }
    });
    (
        (word(), prop::option::of(word()), moment(), word()),
        prop::collection::vec(commit, 0..3),
        prop::collection::vec(image, 0..3),
        prop::collection::vec(chart, 0..3),
        prop::collection::vec(artifact, 0..3),
    )
        .prop_map(|((name, alias, discovered_at, origin), commits, images, charts, artifacts)| Freight {
            metadata: Metadata::named(name),
            alias,
            discovered_at,
            origin: FreightOrigin::warehouse(origin),
            commits,
            images,
            charts,
            artifacts,
        })
}

fn status() -> impl Strategy<Value = WarehouseStatus> {
    (word(), any::<i64>(), word(), moment(), prop::collection::vec(word(), 0..3)).prop_map(
        |(refresh, generation, freight, discovered_at, versions)| {
            let mut status = WarehouseStatus::default();
            status.last_handled_refresh = refresh;
            status.observed_generation = generation;
            status.last_freight_id = freight;
            let digests = versions.iter().map(|version| (version.clone(), format!("of {version}")));
            let charts = vec![ChartDiscoveryResult {
                repo_url: "https://a".to_owned(),
                digests: digests.collect(),
                versions,
                ..Default::default()
            }];
            status.discovered_artifacts =
                Some(DiscoveredArtifacts { discovered_at, charts, ..Default::default() });
            status
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_warehouse_is_read_as_it_was_written(warehouse in warehouse()) {
        let yaml = serde_saphyr::to_string(&warehouse).unwrap();
        let manifest = parse("kargo.yaml", &yaml, &Options::default());
        prop_assert!(manifest.is_valid(), "{:?}\n{yaml}", manifest.diagnostics);
        prop_assert_eq!(&*manifest.warehouses[0], &warehouse, "{}", yaml);

        let json = serde_json::to_string_pretty(&warehouse).unwrap();
        let manifest = parse("kargo.json", &json, &Options::default());
        prop_assert!(manifest.is_valid(), "{:?}\n{json}", manifest.diagnostics);
        prop_assert_eq!(&*manifest.warehouses[0], &warehouse, "{}", json);

        let value: Warehouse = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&value, &warehouse);
        let spec = serde_json::to_value(&warehouse.spec).unwrap();
        prop_assert_eq!(serde_json::from_value::<WarehouseSpec>(spec).unwrap(), warehouse.spec);
    }

    #[test]
    fn freight_is_read_as_it_was_written(freight in freight()) {
        let json = serde_json::to_value(&freight).unwrap();
        let parsed = from_value::<Freight>(json.clone());
        prop_assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
        prop_assert_eq!(parsed.value.as_ref(), Some(&freight));
        prop_assert_eq!(&serde_json::from_value::<Freight>(json).unwrap(), &freight);
        let yaml = serde_saphyr::to_string(&freight).unwrap();
        let manifest = parse("freight.yaml", &yaml, &Options::default());
        prop_assert_eq!(manifest.freights.first().map(|read| &**read), Some(&freight), "{}", yaml);
    }

    #[test]
    fn a_status_is_read_as_it_was_written(warehouse in warehouse(), status in status()) {
        let mut warehouse = warehouse;
        warehouse.status = Some(status);
        let json = serde_json::to_string(&warehouse).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Warehouse>(&json).unwrap(), &warehouse);
        prop_assert_eq!(&*parse("kargo.json", &json, &Options::default()).warehouses[0], &warehouse);
    }

    #[test]
    fn an_interval_is_read_as_it_was_written(seconds in 0..9_000_000_000_u64) {
        let interval = Interval::try_from(std::time::Duration::from_secs(seconds)).unwrap();
        prop_assert_eq!(interval.to_string().parse::<Interval>().unwrap(), interval);
    }
}
