//! "Why was my tag not taken?": what people asked in public threads, and the first line that answers it. A row has the situation of its thread in the
//! fields of a Warehouse; the words are ours.

use artifact_source::{AnyArtifact, Candidate, Error, ErrorKind, Image, Recorder, Rejection, Trace};
use warehouse_discovery::{Cause, Tally, Why, sort_candidates};
use warehouse_spec::{Options, Subscription};

/// What the server has of a candidate that its name does not say.
type Evidence = (&'static str, fn() -> Rejection);

struct Row {
    /// The thread that has the situation.
    thread: &'static str,
    /// The subscription, as YAML.
    subscription: &'static str,
    /// What the server lists.
    listed: &'static [&'static str],
    /// Reasons that follow from more than the name.
    evidence: &'static [Evidence],
    /// The candidate that is asked for; none where nothing fits at all.
    asked: Option<&'static str>,
    /// The first line of the answer.
    answer: &'static str,
}

pub(crate) fn subscription(yaml: &str) -> Subscription {
    let text = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: a}}\nspec: {{subscriptions: [{{{yaml}}}]}}\n"
    );
    let manifest = warehouse_spec::parse("a.yaml", &text, &Options::default());
    assert!(manifest.is_valid(), "{yaml}: {:?}", manifest.diagnostics);
    manifest.warehouses[0].spec.subscriptions[0].clone()
}

fn limit(subscription: &Subscription) -> usize {
    match &subscription.kind {
        warehouse_spec::SubscriptionKind::Image(image) => image.discovery_limit as usize,
        _ => 20,
    }
}

fn answer(row: &Row) -> String {
    let subscription = subscription(row.subscription);
    let recorder = Recorder::new();
    let reason = |name: &str| {
        let known = row.evidence.iter().find(|(rejected, _)| rejected == &name);
        known.map(|(_, why)| why())
    };
    let mut taken = Vec::new();
    match subscription.tag_rule().unwrap() {
        Some(rule) => {
            let names: Vec<_> = row.listed.iter().filter(|name| reason(name).is_none()).collect();
            let selection = rule.select(names.into_iter().copied()).limit(limit(&subscription));
            for chosen in &selection.chosen {
                recorder.accepted(&Candidate::new(chosen.name));
                taken.push(AnyArtifact::from(Image::new(chosen.name, "")));
            }
            for (name, why) in &selection.rejected {
                recorder.rejected(&Candidate::new(name), why);
            }
        }
        None => assert!(row.evidence.len() == row.listed.len(), "a branch has no rule about names"),
    }
    for (name, why) in row.evidence {
        recorder.rejected(&Candidate::new(name), &why());
    }
    let mut judged = recorder.into_judgements();
    sort_candidates(&subscription, &mut judged);
    match row.asked {
        Some(name) => Why::of(&subscription, &judged, name).to_string(),
        None => {
            let summary = Tally::of_judgements(&subscription, &judged).summary(&taken);
            let cause = summary.cause.as_ref();
            cause.unwrap_or_else(|| panic!("{}: something fits: {summary}", row.thread)).to_string()
        }
    }
}

const ROWS: &[Row] = &[
    Row {
        thread: "https://github.com/akuity/kargo/issues/3412",
        subscription: "image: {repoURL: ghcr.io/a/b, imageSelectionStrategy: NewestBuild, discoveryLimit: 1}",
        listed: &["link-1234", "1.2.3"],
        evidence: &[("1.2.3", || Rejection::SameBuildTime { limit: 1 })],
        asked: Some("1.2.3"),
        answer: "1.2.3 is not taken: beyond the limit of 1: built at the same time as the last one taken, whose tag is the later one in the order of bytes; \
                 the last one taken is link-1234",
    },
    Row {
        thread: "https://github.com/akuity/kargo/issues/1465",
        subscription: "image: {repoURL: nginx, constraint: ^1, discoveryLimit: 1}",
        listed: &["1.25.4", "1.25.3", "1.24.0", "latest"],
        evidence: &[],
        asked: Some("1.24.0"),
        answer: "1.24.0 is not taken: beyond the limit: one better candidate fills it; the last one taken is 1.25.4",
    },
    Row {
        thread: "https://github.com/akuity/kargo/issues/1959",
        subscription: "image: {repoURL: nginx, constraint: ^1.21.0}",
        listed: &["1.26.0", "1.25.5", "1.21.1", "1.20.2"],
        evidence: &[],
        asked: Some("1.21.1"),
        answer: "1.21.1 is taken: number 3 of 3",
    },
    Row {
        thread: "https://github.com/akuity/kargo/issues/820",
        subscription: "image: {repoURL: quay.io/a/b, imageSelectionStrategy: NewestBuild, allowTagsRegexes: ['^[0-9a-f]{6}$']}",
        listed: &["4f2a9c1", "0c11aa2", "latest"],
        evidence: &[],
        asked: None,
        answer: "`allowTagsRegexes` matches no tag, but would match 2 tags such as 4f2a9c1 without `$`",
    },
    Row {
        thread: "https://github.com/akuity/kargo/issues/5604",
        subscription: "chart: {repoURL: 'oci://quay.io/jetstack/charts/cert-manager', semverConstraint: 1.16.x}",
        listed: &["v1.16.0", "v1.16.1", "v1.15.0", "1.19.0"],
        evidence: &[],
        asked: None,
        answer: "2 tags such as v1.16.1 begin with `v`, and the tag of a chart in a registry must not",
    },
    Row {
        thread: "https://github.com/akuity/kargo/issues/6391",
        subscription: "chart: {repoURL: 'oci://ghcr.io/a/charts/b'}",
        listed: &["v0.1.0", "v0.2.0"],
        evidence: &[],
        asked: Some("v0.2.0"),
        answer: "v0.2.0 is not taken: a semantic version, but the tag of a chart in a registry carries no `v` \
                 (`acceptV: true` in its subscription accepts it)",
    },
    Row {
        thread: "https://github.com/kgateway-dev/kgateway/issues/13364",
        subscription: "chart: {repoURL: 'oci://cr.kgateway.dev/kgateway-dev/charts/kgateway', semverConstraint: ^2.1.0}",
        listed: &["v2.1.2", "v2.0.4"],
        evidence: &[],
        asked: None,
        answer: "the tag v2.1.2 begins with `v`, and the tag of a chart in a registry must not",
    },
    Row {
        thread: "https://github.com/akuity/kargo/issues/1678",
        subscription: "chart: {repoURL: 'oci://registry-1.docker.io/bitnamicharts/rabbitmq'}",
        listed: &["13.0.0", "12.9.3", "sha256-4730"],
        evidence: &[],
        asked: Some("sha256-4730"),
        answer: "sha256-4730 is not taken: not a semantic version in the strict sense (major.minor.patch)",
    },
    Row {
        thread: "https://github.com/akuity/kargo/issues/2438",
        subscription: "image: {repoURL: ghcr.io/a/b}",
        listed: &["20240801", "1.2"],
        evidence: &[],
        asked: None,
        answer: "2 tags such as 20240801 leave out a number of the version, which must be major.minor.patch",
    },
    Row {
        thread: "https://github.com/akuity/kargo/issues/4788",
        subscription: "image: {repoURL: ghcr.io/a/b, allowTagsRegexes: ['^[0-9]+\\.[0-9]+\\.[0-9]+-release-candidate'], discoveryLimit: 1}",
        listed: &["9.1.9-release-candidate", "9.1.45-release-candidate"],
        evidence: &[],
        asked: Some("9.1.9-release-candidate"),
        answer: "9.1.9-release-candidate is not taken: beyond the limit: one better candidate fills it; the last one taken is \
                 9.1.45-release-candidate",
    },
    Row {
        thread: "https://github.com/akuity/kargo/issues/1896",
        subscription: "git: {repoURL: 'https://github.com/a/b', commitSelectionStrategy: SemVer, includePaths: [apps/guestbook]}",
        listed: &["v1.0.0", "v1.1.0"],
        evidence: &[("v1.0.0", || Rejection::NoMatchingPath), ("v1.1.0", || Rejection::NoMatchingPath)],
        asked: None,
        answer: "none of 2 tags changes a path that `includePaths` (\"apps/guestbook\") selects",
    },
    Row {
        thread: "https://github.com/akuity/kargo/issues/3499",
        subscription: "git: {repoURL: 'https://github.com/a/b', branch: main, includePaths: ['glob:env/*']}",
        listed: &["c1"],
        evidence: &[("c1", || Rejection::NoMatchingPath)],
        asked: None,
        answer: "the only commit does not change a path that `includePaths` (\"glob:env/*\") selects: there never was one on this branch",
    },
    Row {
        thread: "https://github.com/argoproj-labs/argocd-image-updater/issues/711",
        subscription: "image: {repoURL: ghcr.io/a/b, platform: linux/arm64/v8, imageSelectionStrategy: Digest, constraint: main}",
        listed: &["main"],
        evidence: &[("main", for_amd64)],
        asked: Some("main"),
        answer: "main is not taken: not built for platform linux/arm64, only for linux/amd64",
    },
    Row {
        thread: "https://github.com/argoproj-labs/argocd-image-updater/issues/353",
        subscription: "image: {repoURL: redis, constraint: 6.2.x, allowTagsRegexes: [-alpine$]}",
        listed: &["6.2.6-alpine", "6.2.5-alpine", "6.2.6", "7.0.0-alpine"],
        evidence: &[],
        asked: None,
        answer: "all 2 versions within \"6.2.x\" are pre-releases (6.2.6-alpine, ...), which the constraint excludes",
    },
    Row {
        // The image is for linux/arm64/v8, which is what linux/arm64 means.
        thread: "https://github.com/argoproj-labs/argocd-image-updater/issues/665",
        subscription: "image: {repoURL: 'registry.internal:5000/backend', platform: linux/arm64, imageSelectionStrategy: Digest, constraint: latest}",
        listed: &["latest"],
        evidence: &[],
        asked: Some("latest"),
        answer: "latest is taken: the only one",
    },
    Row {
        thread: "https://github.com/reactive-resume/app/issues/2141",
        subscription: "image: {repoURL: amruthpillai/reactive-resume, platform: linux/arm64}",
        listed: &["v4.3.6", "v4.3.5", "latest"],
        evidence: &[("v4.3.6", for_amd64), ("v4.3.5", for_amd64)],
        asked: None,
        answer: "none of the 2 tags that fit otherwise (v4.3.6, v4.3.5) is built for platform linux/arm64, only for linux/amd64",
    },
    Row {
        thread: "https://github.com/akuity/kargo/issues/1192",
        subscription: "image: {repoURL: ghcr.io/a/b, constraint: ^0}",
        listed: &["v0.0.34", "v0.0.35"],
        evidence: &[],
        asked: Some("v0.0.35"),
        answer: "v0.0.35 is taken: the best of 2",
    },
    Row {
        thread: "https://github.com/blake/external-mdns/issues/20",
        subscription: "image: {repoURL: ghcr.io/blake/external-mdns, platform: linux/amd64}",
        listed: &["0.5.0", "v0.5.0"],
        evidence: &[("v0.5.0", || Rejection::Platform {
            platform: "linux/amd64".into(),
            offered: vec!["linux/arm64".to_owned()],
        })],
        asked: Some("v0.5.0"),
        answer: "v0.5.0 is not taken: not built for platform linux/amd64, only for linux/arm64",
    },
    Row {
        thread: "https://github.com/argoproj-labs/argocd-image-updater/issues/481",
        subscription: "image: {repoURL: ghcr.io/a/stake, constraint: 0.x}",
        listed: &["latest", "v0.1.3"],
        evidence: &[],
        asked: Some("latest"),
        answer: "latest is not taken: not a semantic version in the strict sense (major.minor.patch)",
    },
    Row {
        thread: "https://github.com/argoproj-labs/argocd-image-updater/issues/426",
        subscription: "image: {repoURL: ghcr.io/a/b, discoveryLimit: 1}",
        listed: &["v1.0.1-64.272fa09", "v1.0.0"],
        evidence: &[],
        asked: Some("v1.0.0"),
        answer: "v1.0.0 is not taken: beyond the limit: one better candidate fills it; the last one taken is v1.0.1-64.272fa09",
    },
    Row {
        thread: "https://github.com/argoproj-labs/argocd-image-updater/issues/506",
        subscription: "image: {repoURL: bitnami/thanos, constraint: 0.28.x}",
        listed: &["0.28.1-scratch-r0", "0.28.1-scratch-r1", "0.28.2-scratch-r0"],
        evidence: &[],
        asked: None,
        answer: "all 3 versions within \"0.28.x\" are pre-releases (0.28.2-scratch-r0, ...), which the constraint excludes",
    },
    Row {
        thread: "https://github.com/argoproj-labs/argocd-image-updater/issues/326",
        subscription: "image: {repoURL: ghcr.io/a/b, imageSelectionStrategy: NewestBuild, ignoreTagsRegexes: ['^[a-zA-Z].*', '^0\\.0\\.0']}",
        listed: &["0.0.0-4f2a9c1", "latest"],
        evidence: &[],
        asked: None,
        answer: "all 2 tags are ignored (1 by the pattern \"^0\\\\.0\\\\.0\" (0.0.0-4f2a9c1), 1 by the pattern \"^[a-zA-Z].*\" (latest))",
    },
    Row {
        thread: "https://github.com/argoproj-labs/argocd-image-updater/issues/286",
        subscription: "image: {repoURL: ghcr.io/a/b, imageSelectionStrategy: Lexical, allowTagsRegexes: ['^int-.*$'], discoveryLimit: 1}",
        listed: &["int-5", "int-1635498622500"],
        evidence: &[],
        asked: Some("int-1635498622500"),
        answer: "int-1635498622500 is not taken: beyond the limit: one better candidate fills it; the last one taken is int-5: \
                 text is compared character by character, and '1' comes before '5'",
    },
    Row {
        thread: "https://github.com/argoproj-labs/argocd-image-updater/issues/942",
        subscription: "image: {repoURL: ghcr.io/a/b, imageSelectionStrategy: Lexical, allowTagsRegexes: [-prod$], discoveryLimit: 1}",
        listed: &["1.0.90-prod", "1.0.100-prod", "1.0.101"],
        evidence: &[],
        asked: Some("1.0.100-prod"),
        answer: "1.0.100-prod is not taken: beyond the limit: one better candidate fills it; the last one taken is 1.0.90-prod: \
                 text is compared character by character, and '1' comes before '9'",
    },
    Row {
        thread: "https://github.com/argoproj-labs/argocd-image-updater/issues/217",
        subscription: "image: {repoURL: ghcr.io/a/b, imageSelectionStrategy: Digest, constraint: newest}",
        listed: &["newest"],
        evidence: &[("newest", || Rejection::NoSuchTag {
            tag: "newest".into(),
            similar: vec!["newer".to_owned()],
        })],
        asked: None,
        answer: "there is no tag `newest`; similar: `newer`",
    },
    Row {
        thread: "https://github.com/argoproj-labs/argocd-image-updater/issues/1100",
        subscription: "image: {repoURL: a/b, imageSelectionStrategy: NewestBuild, allowTagsRegexes: ['^k8s-dev-*$']}",
        listed: &["k8s-dev-20250409-024600", "k8s-main-20250409-031416"],
        evidence: &[],
        asked: None,
        answer: "`allowTagsRegexes` matches no tag, but would match the tag k8s-dev-20250409-024600 if `*` stood for any text, as in a shell",
    },
    Row {
        thread: "https://github.com/fluxcd/flux2/issues/3244",
        subscription: "image: {repoURL: ghcr.io/a/b, constraint: 1.0.x}",
        listed: &["latest", "main", "dev"],
        evidence: &[],
        asked: None,
        answer: "none of 3 tags is a semantic version (dev, latest, main)",
    },
    Row {
        thread: "https://github.com/fluxcd/flux2/issues/4990",
        subscription: "image: {repoURL: shenxn/protonmail-bridge, constraint: 3.12.*}",
        listed: &["3.12.0-1", "3.9.1-1", "latest", "build"],
        evidence: &[],
        asked: None,
        answer: "the only version within \"3.12.*\" is a pre-release (3.12.0-1), which the constraint excludes",
    },
    Row {
        thread: "https://github.com/fluxcd/image-reflector-controller/issues/250",
        subscription: "image: {repoURL: pihole/pihole, constraint: '>=2022'}",
        listed: &["2022.04.1", "2022.04", "2021.12.1", "v5.8.1"],
        evidence: &[],
        asked: None,
        answer: "2 tags such as 2022.04.1 have a number that begins with 0, which no semantic version has",
    },
    Row {
        thread: "https://github.com/CodesWhat/drydock/issues/202",
        subscription: "image: {repoURL: pihole/pihole}",
        listed: &["2026.02.0", "2025.11.1"],
        evidence: &[],
        asked: Some("2026.02.0"),
        answer: "2026.02.0 is not taken: not a semantic version in the strict sense (major.minor.patch): a number begins with 0",
    },
    Row {
        thread: "https://github.com/fluxcd/image-reflector-controller/issues/294",
        subscription: "image: {repoURL: plexinc/pms-docker, constraint: 1.x}",
        listed: &["1.28.0.5999-97678ded3", "latest", "plexpass"],
        evidence: &[],
        asked: None,
        answer: "the tag 1.28.0.5999-97678ded3 has a fourth number, and a semantic version has three",
    },
    Row {
        thread: "https://github.com/fluxcd/image-reflector-controller/issues/120",
        subscription: "image: {repoURL: ghcr.io/a/b, constraint: '>=0.0.0-0', allowTagsRegexes: ['^v.*'], discoveryLimit: 1}",
        listed: &["v0.0.0-1-abcd", "v0.0.1", "v0.0.1-1-abcd"],
        evidence: &[],
        asked: Some("v0.0.1-1-abcd"),
        answer: "v0.0.1-1-abcd is not taken: beyond the limit: one better candidate fills it; the last one taken is v0.0.1",
    },
    Row {
        thread: "https://github.com/fluxcd/helm-controller/issues/264",
        subscription: "chart: {repoURL: 'https://bitnami-labs.github.io/sealed-secrets', name: sealed-secrets, semverConstraint: 1.15.x}",
        listed: &["1.15.0-r3", "1.14.0"],
        evidence: &[],
        asked: None,
        answer: "the only version within \"1.15.x\" is a pre-release (1.15.0-r3), which the constraint excludes",
    },
    Row {
        thread: "https://github.com/fluxcd/helm-controller/issues/419",
        subscription: "chart: {repoURL: 'https://charts.example.com', name: guacamole, semverConstraint: x.x.x}",
        listed: &["1.0.19", "1.0.20-qa"],
        evidence: &[],
        asked: Some("1.0.20-qa"),
        answer: "1.0.20-qa is not taken: outside the constraint \"x.x.x\": it is a pre-release, and the constraint names none",
    },
    Row {
        thread: "https://github.com/fluxcd/image-automation-controller/issues/167",
        subscription: "image: {repoURL: ghcr.io/a/b}",
        listed: &["prod-4f2a9c1", "prod-b7352b4"],
        evidence: &[],
        asked: None,
        answer: "none of 2 tags is a semantic version (prod-4f2a9c1, prod-b7352b4)",
    },
    Row {
        thread: "https://github.com/renovatebot/renovate/issues/16974",
        subscription: "image: {repoURL: snyk/snyk, constraint: '>=3.9'}",
        listed: &["python-3.8", "python-3.9", "linux"],
        evidence: &[],
        asked: None,
        answer: "the tag python-3.9 has \"python-\" before the version, so it is no semantic version",
    },
    Row {
        thread: "https://github.com/hugomods/docker/issues/124",
        subscription: "image: {repoURL: hugomods/hugo, allowTagsRegexes: ['^ci-']}",
        listed: &["ci-0.150.0", "ci-0.149.1", "0.150.0"],
        evidence: &[],
        asked: None,
        answer: "2 tags such as ci-0.150.0 have \"ci-\" before the version, so they are not semantic versions",
    },
    Row {
        thread: "https://github.com/cloudnative-pg/plugin-barman-cloud/issues/576",
        subscription: "image: {repoURL: ghcr.io/cloudnative-pg/plugin-barman-cloud-base, constraint: ^3.14.0}",
        listed: &["3.14.1-202508210758", "3.15.0-202509170943", "3.16.0-202510071958", "latest"],
        evidence: &[],
        asked: None,
        answer: "all 3 versions within \"^3.14.0\" are pre-releases (3.16.0-202510071958, ...), which the constraint excludes",
    },
    Row {
        thread: "https://github.com/fluxcd/flux/issues/3122",
        subscription: "chart: {repoURL: 'https://charts.bitnami.com/bitnami', name: bitnami/redis}",
        listed: &[],
        evidence: &[("bitnami/redis", || Rejection::NotListed {
            chart: "bitnami/redis".into(),
            similar: vec!["redis".to_owned(), "redis-cluster".to_owned()],
            listed: Vec::new(),
        })],
        asked: None,
        answer: "the index has no chart `bitnami/redis`; similar: `redis`, `redis-cluster`",
    },
];

/// Situations without a thread: a subscription that can select nothing, or that is written otherwise than what the server has.
struct Situation {
    subscription: &'static str,
    listed: &'static [&'static str],
    evidence: &'static [Evidence],
    answer: &'static str,
    hint: &'static str,
}

const SITUATIONS: &[Situation] = &[
    Situation {
        subscription: "image: {repoURL: ghcr.io/a/b, constraint: '>2 <1'}",
        listed: &["1.2.3", "2.0.0", "latest"],
        evidence: &[],
        answer: "no version satisfies the constraint \">2 <1\": its comparisons exclude each other",
        hint: "comparisons side by side must all hold; alternatives are separated by `||`",
    },
    Situation {
        subscription: "chart: {repoURL: 'oci://h/c', semverConstraint: 1.0.0 - 0.9.0}",
        listed: &["1.0.0"],
        evidence: &[],
        answer: "no version satisfies the constraint \"1.0.0 - 0.9.0\": its comparisons exclude each other",
        hint: "comparisons side by side must all hold; alternatives are separated by `||`",
    },
    Situation {
        subscription: "git: {repoURL: 'https://h/a', commitSelectionStrategy: SemVer, semverConstraint: '^1 ^2 || ^3 <2'}",
        listed: &["v1.0.0", "3.0.0-rc.1", "x"],
        evidence: &[],
        answer: "no version satisfies the constraint \"^1 ^2 || ^3 <2\": its comparisons exclude each other",
        hint: "comparisons side by side must all hold; alternatives are separated by `||`",
    },
    Situation {
        subscription: "git: {repoURL: 'https://h/a', includePaths: [Apps/web]}",
        listed: &["c1", "c2"],
        evidence: &[("c1", || Rejection::NoMatchingPath), ("c2", || in_other_case("Apps/web", "apps/web"))],
        answer: "none of 2 commits changes a path that `includePaths` (\"Apps/web\") selects, but \"apps/web\" is changed, which differs from \"Apps/web\" in the \
                 case of its letters",
        hint: "write `apps/web`: Git compares paths letter by letter",
    },
    Situation {
        subscription: "git: {repoURL: 'https://h/a', commitSelectionStrategy: SemVer, includePaths: [Apps/web]}",
        listed: &["v1.0.0"],
        evidence: &[("v1.0.0", || in_other_case("Apps/web", "apps"))],
        answer: "the only tag does not change a path that `includePaths` (\"Apps/web\") selects, but \"apps\" is changed, which differs from \"Apps/web\" in the \
                 case of its letters",
        hint: "write `apps` in its place, and what follows it as `git ls-files` shows it: Git compares paths letter by letter",
    },
    Situation {
        subscription: "git: {repoURL: 'https://h/a', includePaths: [apps/web], excludePaths: [apps]}",
        listed: &["c1", "c2"],
        evidence: &[("c1", || Rejection::NoMatchingPath), ("c2", || Rejection::NoMatchingPath)],
        answer: "`excludePaths` (\"apps\") contains everything that `includePaths` (\"apps/web\") selects",
        hint: "name in `excludePaths` what to leave out of `includePaths`",
    },
    Situation {
        subscription: "git: {repoURL: 'https://h/a', includePaths: ['glob:env/*']}",
        listed: &["c1"],
        evidence: &[("c1", || Rejection::NoMatchingPath)],
        answer: "the only commit does not change a path that `includePaths` (\"glob:env/*\") selects: there never was one on this branch",
        hint: "`*` stays within a folder; `glob:env/**` selects what is in the folders below it, too",
    },
    Situation {
        subscription: "image: {repoURL: ghcr.io/a/b, allowTagsRegexes: [^v1]}",
        listed: &["1.2.3", "1.3.0", "2.0.0"],
        evidence: &[],
        answer: "`allowTagsRegexes` matches no tag, but would match 2 tags such as 1.3.0 without the `v` in it",
        hint: "write `^v?1`",
    },
    Situation {
        subscription: "git: {repoURL: 'https://h/a', commitSelectionStrategy: Lexical, allowTagsRegexes: ['^v[0-9]+']}",
        listed: &["1.2.3"],
        evidence: &[],
        answer: "`allowTagsRegexes` matches no tag, but would match the tag 1.2.3 without the `v` in it",
        hint: "write `^v?[0-9]+`",
    },
    Situation {
        subscription: "image: {repoURL: ghcr.io/a/b, allowTagsRegexes: [^1]}",
        listed: &["v1.2.3", "latest"],
        evidence: &[],
        answer: "`allowTagsRegexes` matches no tag, but would match the tag v1.2.3 with `v` before it",
        hint: "write `^v?1`",
    },
];

/// The order of text, where numbers say the opposite; the hint is about a strategy that has the other order.
#[test]
fn names_with_numbers_in_the_order_of_text() {
    let lexical = "image: {repoURL: ghcr.io/a/b, imageSelectionStrategy: Lexical, discoveryLimit: 1}";
    let semver = "image: {repoURL: ghcr.io/a/b, imageSelectionStrategy: SemVer, discoveryLimit: 1}";
    let chart = "chart: {repoURL: 'oci://h/c', semverConstraint: '*-0', discoveryLimit: 1}";
    let git = "git: {repoURL: 'https://h/a', commitSelectionStrategy: Lexical, discoveryLimit: 1}";
    for (yaml, taken, asked, said, hint) in [
        (
            lexical,
            "app-rc9",
            "app-rc10",
            "text is compared character by character, and '1' comes before '9'",
            "NewestBuild",
        ),
        (
            lexical,
            "1.9.0",
            "1.10.0",
            "text is compared character by character, and '1' comes before '9'",
            "imageSelectionStrategy: SemVer",
        ),
        (
            git,
            "v1.9.0",
            "v1.10.0",
            "text is compared character by character, and '1' comes before '9'",
            "commitSelectionStrategy: SemVer",
        ),
        (
            semver,
            "1.0.0-rc9",
            "1.0.0-rc10",
            "a pre-release with letters and digits is compared character by character, and '1' comes before '9'",
            "`rc.10`",
        ),
        (
            chart,
            "1.0.0-rc9",
            "1.0.0-rc10",
            "a pre-release with letters and digits is compared character by character, and '1' comes before '9'",
            "`rc.10`",
        ),
        (lexical, "b", "a", "", ""),
        (lexical, "v2", "v1", "", ""),
        (semver, "1.10.0", "1.9.0", "", ""),
        (semver, "1.0.0-rc.10", "1.0.0-rc.9", "", ""),
    ] {
        let subscription = subscription(yaml);
        let rule = subscription.tag_rule().unwrap().unwrap();
        let selection = rule.select([asked, taken]).limit(1);
        assert_eq!(selection.chosen[0].name, taken, "{yaml}");
        let recorder = Recorder::new();
        recorder.accepted(&Candidate::new(taken));
        recorder.rejected(&Candidate::new(asked), &Rejection::BeyondLimit { limit: 1 });
        let why = Why::of(&subscription, &recorder.into_judgements(), asked);
        let (_, remark) = why.message.split_once(&format!("the last one taken is {taken}")).unwrap();
        assert_eq!(remark.trim_start_matches(": "), said, "{yaml} {asked}");
        assert!(why.hint.as_deref().unwrap_or_default().contains(hint), "{:?}", why.hint);
    }
    // What the hints say.
    for yaml in
        ["image: {repoURL: ghcr.io/a/b}", "git: {repoURL: 'https://h/a', commitSelectionStrategy: SemVer}"]
    {
        let rule = subscription(yaml).tag_rule().unwrap().unwrap();
        assert_eq!(rule.select(["1.9.0", "1.10.0"]).limit(1).chosen[0].name, "1.10.0");
        assert_eq!(rule.select(["1.0.0-rc.9", "1.0.0-rc.10"]).limit(1).chosen[0].name, "1.0.0-rc.10");
    }
}

const VARIABLE: &str = "fill in the variable first, for example with `envsubst`";

/// A pattern of another tool is the cause, whatever else a tag lacks, and what the hint says to write works.
#[test]
fn a_pattern_of_another_tool() {
    let image =
        |fields: &str| format!("image: {{repoURL: ghcr.io/a/b, imageSelectionStrategy: Lexical, {fields}}}");
    for (pattern, hint, after, tag) in [
        ("regexp:^v1", "write '^v1' in its place", "allowTagsRegexes: ['^v1']", "v1.2.0"),
        ("/^1/", "write '^1' in its place", "allowTagsRegexes: ['^1']", "1.2.0"),
        ("/^V1/i", "write '(?i)^V1' in its place", "allowTagsRegexes: ['(?i)^V1']", "v1.2.0"),
        (r"^\\d+\\.", r"write '^\d+\.' in its place", r"allowTagsRegexes: ['^\d+\.']", "1.2.0"),
        ("!^v", "remove it, and write `ignoreTagsRegexes: ['^v']`", "ignoreTagsRegexes: ['^v']", "1.2.0"),
        ("glob:v*", "write '^v' in its place", "allowTagsRegexes: ['^v']", "v1.2.0"),
        ("glob:?1.*.0", r"write '^.1\..*\.0$' in its place", r"allowTagsRegexes: ['^.1\..*\.0$']", "v1.2.0"),
        (
            "$main",
            r"write the pattern, such as '^v1\.', or delete it",
            r"allowTagsRegexes: ['^v1\.']",
            "v1.2.0",
        ),
        ("${X}", VARIABLE, r"allowTagsRegexes: ['^v1\.']", "v1.2.0"),
        ("$(X)", VARIABLE, r"allowTagsRegexes: ['^v1\.']", "v1.2.0"),
        ("^v$(X)$", VARIABLE, r"allowTagsRegexes: ['^v1.2.0$']", "v1.2.0"),
        (
            "{{ x }}",
            "render the template first, for example with `helm template`",
            "allowTagsRegexes: ['^v']",
            "v1.2.0",
        ),
        ("<tag>", "put the real value in place of the <placeholder>", "allowTagsRegexes: ['^v']", "v1.2.0"),
    ] {
        let before = subscription(&image(&format!("allowTagsRegexes: ['{pattern}']")));
        let tally = Tally::of(&before);
        let rule = before.tag_rule().unwrap().unwrap();
        for tag in ["v1.2.0", "1.2.0", "latest"] {
            tally.rejected(&Candidate::new(tag), &rule.judge(tag).into_result().unwrap_err());
        }
        let cause = tally.summary(&[]).cause.unwrap();
        let said = format!("the pattern {pattern:?} of `allowTagsRegexes` can match no tag: ");
        assert!(cause.message.starts_with(&said), "{cause}");
        assert_eq!(cause.hint.as_deref(), Some(hint));
        assert_eq!(Why::of(&before, &[], tag).hint.as_deref(), Some(hint), "{pattern}");
        let rule = subscription(&image(after)).tag_rule().unwrap().unwrap();
        assert!(rule.judge(tag).is_accepted(), "{after}");
    }
}

fn in_other_case(selector: &str, path: &str) -> Rejection {
    Rejection::PathInOtherCase { selector: selector.into(), path: path.into() }
}

#[test]
fn a_subscription_that_can_select_nothing_is_named_first() {
    for row in SITUATIONS {
        let subscription = subscription(row.subscription);
        let tally = Tally::of(&subscription);
        let rule = subscription.tag_rule().unwrap();
        for name in row.listed {
            let known = row.evidence.iter().find(|(rejected, _)| rejected == name).map(|(_, why)| why());
            let why = known.or_else(|| rule.as_ref().and_then(|rule| rule.judge(name).into_result().err()));
            tally.rejected(
                &Candidate::new(name),
                &why.unwrap_or_else(|| panic!("{name} fits {}", row.subscription)),
            );
        }
        let cause = tally.summary(&[]).cause.unwrap();
        assert_eq!(
            (cause.message.as_str(), cause.hint.as_deref().unwrap_or_default()),
            (row.answer, row.hint)
        );
    }
}

fn for_amd64() -> Rejection {
    Rejection::Platform { platform: "linux/arm64".into(), offered: vec!["linux/amd64".to_owned()] }
}

#[test]
fn the_first_line_names_the_cause() {
    let mut wrong = Vec::new();
    for row in ROWS {
        let answer = answer(row);
        if answer != row.answer {
            wrong.push(format!("{}\n  expected {}\n  answered {answer}", row.thread, row.answer));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let mut threads: Vec<_> = ROWS.iter().map(|row| row.thread).collect();
    threads.sort_unstable();
    threads.dedup();
    assert!(threads.len() >= 24 && threads.len() == ROWS.len(), "{}", threads.len());
}

/// What the patterns allow, and what is ignored, decides what is said of the patterns.
#[test]
fn what_patterns_allow_and_ignore() {
    let tags = ["1.0.0", "1.1.0", "1.2.0", "1.2.0-rc.1", "2.0.0-beta.1", "nightly"];
    let cause = |fields: &str| {
        let image = subscription(&format!("image: {{repoURL: ghcr.io/a/b, {fields}}}"));
        let tally = Tally::of(&image);
        let rule = image.tag_rule().unwrap().unwrap();
        for tag in tags {
            tally.rejected(&Candidate::new(tag), &rule.judge(tag).into_result().unwrap_err());
        }
        let cause = tally.summary(&[]).cause.unwrap();
        (cause.message, cause.hint.unwrap_or_default())
    };
    let (message, hint) = cause("allowTagsRegexes: ['^1'], ignoreTagsRegexes: ['^1']");
    assert_eq!(
        message,
        "all 4 tags that `allowTagsRegexes` (\"^1\") matches are ignored by the pattern \"^1\" (1.2.0, 1.2.0-rc.1, 1.1.0, ...)"
    );
    assert!(hint.contains("remove the rule that ignores it"), "{hint}");
    let removed = subscription("image: {repoURL: ghcr.io/a/b, allowTagsRegexes: ['^1']}");
    assert!(removed.tag_rule().unwrap().unwrap().judge("1.2.0").is_accepted());

    let (message, _) =
        cause("allowTagsRegexes: ['^1[.]2'], ignoreTags: [1.2.0], ignoreTagsRegexes: [rc, '^1']");
    assert_eq!(
        message,
        "all 2 tags that `allowTagsRegexes` (\"^1[.]2\") matches are ignored (1 by the pattern \"rc\" (1.2.0-rc.1), 1 by the tag \"1.2.0\" of the ignore list (1.2.0))"
    );
    let (message, _) = cause("allowTagsRegexes: ['^night'], ignoreTags: [nightly]");
    assert_eq!(
        message,
        "the only tag that `allowTagsRegexes` (\"^night\") matches is ignored by the tag \"nightly\" of the ignore list (nightly)"
    );
    // What is ignored is not allowed, so that the patterns are the cause.
    let (message, _) = cause("constraint: '>=0-0', allowTagsRegexes: ['^v2'], ignoreTagsRegexes: ['^1']");
    assert!(
        message.starts_with("`allowTagsRegexes` matches no tag, but would match the tag 2.0.0-beta.1 "),
        "{message}"
    );
    // The patterns match a tag, but not one that fits otherwise.
    let (message, hint) = cause("constraint: ^2.0.0-0, allowTagsRegexes: ['^0', '^1[.]1']");
    assert_eq!(
        message,
        "`allowTagsRegexes` matches no tag that fits otherwise, but would match the tag 2.0.0-beta.1 without `^`"
    );
    assert!(hint.starts_with("remove `^`"), "{hint}");
}

/// A chart that is not there is none that is listed, and each that could be meant is named.
#[test]
fn a_chart_that_is_not_listed() {
    let chart = subscription("chart: {repoURL: 'https://charts.example.com', name: web}");
    let hint = |similar: &[&str]| {
        let tally = Tally::of(&chart);
        let similar = similar.iter().map(ToString::to_string).collect();
        tally.rejected(
            &Candidate::new("web"),
            &Rejection::NotListed { chart: "web".into(), similar, listed: Vec::new() },
        );
        let summary = tally.summary(&[]);
        assert_eq!((summary.listed, summary.reasons[0].count), (0, 1));
        summary.cause.unwrap().hint
    };
    assert_eq!(hint(&[]), None);
    assert_eq!(hint(&["web0"]).unwrap(), "write `name: web0` if that is the chart");
    assert_eq!(
        hint(&["web0", "web1", "web2"]).unwrap(),
        "did you mean one of them? Write `name: web0` or `name: web1` or `name: web2`"
    );
}

/// A pre-release that the constraint with `-0` does not accept is no pre-release within it, and `_` is `+` for charts alone.
#[test]
fn an_exact_constraint_and_an_underscore() {
    let cause = |constraint: &str, tag: &str| {
        let image = subscription(&format!("image: {{repoURL: ghcr.io/a/b, constraint: '{constraint}'}}"));
        let tally = Tally::of(&image);
        let rule = image.tag_rule().unwrap().unwrap();
        tally.rejected(&Candidate::new(tag), &rule.judge(tag).into_result().unwrap_err());
        tally.summary(&[]).cause.unwrap().message
    };
    for constraint in ["1.0.0", "=1.0.0"] {
        let expected = format!("the only version, 1.0.0-alpine, is outside the constraint {constraint:?}");
        assert_eq!(cause(constraint, "1.0.0-alpine"), expected);
    }
    assert_eq!(
        cause("1.0.0+build.1", "1.0.0_build.1"),
        "the tag 1.0.0_build.1 has `_` where a version has `+`, which is read so only in the tags of charts"
    );
}

/// What a hint says to write makes the candidate fit.
#[test]
fn the_remedies_work() {
    let check = |before: &str, tag: &str, hint: &str, after: &str| {
        let rule = subscription(before).tag_rule().unwrap().unwrap();
        let tally = Tally::of(&subscription(before));
        tally.rejected(&Candidate::new(tag), &rule.judge(tag).into_result().unwrap_err());
        let cause = tally.summary(&[]).cause.unwrap();
        assert!(cause.hint.as_deref().unwrap_or_default().contains(hint), "{cause}: {:?}", cause.hint);
        let rule = subscription(after).tag_rule().unwrap().unwrap();
        assert!(rule.judge(tag).is_accepted(), "{after}: {}", rule.judge(tag));
    };
    for (constraint, tag, remedy) in [
        ("^1.0.0", "1.1.0-rc.1", "^1.0.0-0"),
        (">=1.2, <3", "2.0.0-rc.1", ">=1.2-0, <3-0"),
        ("3.12.*", "3.12.0-1", "3.12.*-0"),
        ("1.15.x || ^2.0.0", "2.0.1-r3", "1.15.x-0 || ^2.0.0-0"),
    ] {
        let image = |constraint: &str| format!("image: {{repoURL: ghcr.io/a/b, constraint: '{constraint}'}}");
        check(&image(constraint), tag, &format!("{remedy:?}"), &image(remedy));
    }
    let image = |fields: &str| format!("image: {{repoURL: ghcr.io/a/b{fields}}}");
    for tag in ["1.2", "v2025.08.07"] {
        check(&image(""), tag, "strictSemvers: false", &image(", strictSemvers: false"));
    }
    let lexical =
        |pattern: &str| image(&format!(", imageSelectionStrategy: Lexical, allowTagsRegexes: ['{pattern}']"));
    for (pattern, tag, hint, remedy) in [
        ("^[0-9]", "v1.2.3", "write `^v?[0-9]`", "^v?[0-9]"),
        ("^1|x", "v1.2.3", "write `^v?(?:1|x)`", "^v?(?:1|x)"),
        ("^v[0-9]", "1.2.3", "write `^v?[0-9]`", "^v?[0-9]"),
        ("^(v1|x)", "1.2.3", "write `^(v?1|x)`", "^(v?1|x)"),
        ("^Release-", "release-1", "(?i)", "(?i)^Release-"),
        ("^main-*$", "main-4f2a9c1", ".*", "^main-.*$"),
        ("^1.2$", "1.2.3", "remove `$`, or add `.*` before it", "^1.2"),
        ("^1.2$", "1.2.3", "remove `$`, or add `.*` before it", "^1.2.*$"),
        ("^2.3$", "1.2.3", "remove `^`, or add `.*` after it", "2.3$"),
        ("^2.3$", "1.2.3", "remove `^`, or add `.*` after it", "^.*2.3$"),
        ("^2$", "1.2.3", "remove both, or add `.*` after `^` and before `$`", "2"),
        ("^2$", "1.2.3", "remove both, or add `.*` after `^` and before `$`", "^.*2.*$"),
    ] {
        check(&lexical(pattern), tag, hint, &lexical(remedy));
    }
    let loose = ", constraint: ^1.0, strictSemvers: false";
    check(&image(", constraint: ^2.0"), "1.0", "`strictSemvers: false`", &image(loose));
    for tag in ["20240101", "340", "app-1.2.3", "1.2.3.4", "main-4f2a9c1", "1.0.0_build.1"] {
        check(&image(""), tag, "`Lexical`", &image(", imageSelectionStrategy: Lexical"));
        check(&image(""), tag, "NewestBuild", &image(", imageSelectionStrategy: NewestBuild"));
    }
}

/// The line of a subscription that found something: what excludes the others, and which would come before the best.
#[test]
fn a_summary_in_one_line() {
    let subscription =
        subscription("image: {repoURL: ghcr.io/a/b, constraint: ^1.26.0, platform: linux/arm64}");
    let rule = subscription.tag_rule().unwrap().unwrap();
    let tally = Tally::of(&subscription);
    let mut tags: Vec<String> = (0..2412).map(|build| format!("main-{build}")).collect();
    tags.extend((0..560).map(|patch| format!("1.25.{patch}")));
    tags.push("2.0.1".to_owned());
    for tag in &tags {
        tally.rejected(&Candidate::new(tag), &rule.judge(tag).into_result().unwrap_err());
    }
    tally.rejected(&Candidate::new("1.27.5"), &for_amd64());
    for patch in 0..20 {
        tally.accepted(&Candidate::new(&format!("1.27.{patch}")));
    }
    let summary = tally.summary(&[Image::new("1.27.4", "").into()]);
    assert_eq!(
        summary.to_string(),
        "2,994 tags: 2,412 not semver, 561 outside \"^1.26.0\", 1 not built for linux/arm64, 20 taken, best 1.27.4; nearest misses: \
         1.27.5 (not built for platform linux/arm64, only for linux/amd64), 2.0.1 (outside the constraint \"^1.26.0\")"
    );
    assert_eq!(summary.cause, None);
    for tag in ["1.27.6", "1.27.7"] {
        tally.rejected(&Candidate::new(tag), &for_amd64());
    }
    let line = tally.summary(&[Image::new("1.27.4", "").into()]).to_string();
    let misses =
        "; nearest misses: 1.27.7, 1.27.6, 1.27.5 (not built for platform linux/arm64, only for linux/amd64)";
    assert!(line.ends_with(misses), "{line}");
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(json["nearMisses"][0]["rule"], "platform");
    assert_eq!(
        json["reasons"][0],
        serde_json::json!({"rule": "notSemver", "text": "not semver", "count": 2412})
    );
}

/// The host that was left out, as in <https://github.com/argoproj-labs/argocd-image-updater/issues/244>, is named where Docker Hub has no such image, and nowhere else.
#[test]
fn an_image_without_its_registry() {
    let check = |repository: &str, kind: ErrorKind, expected: Option<&str>| {
        let subscription = subscription(&format!("image: {{repoURL: {repository}}}"));
        let cause = Cause::of_failure(&subscription, &Error::new(kind, "x"));
        assert_eq!(cause.as_ref().map(ToString::to_string).as_deref(), expected, "{repository} {kind:?}");
    };
    let said = "\"shop/web\" names no registry, so it is docker.io/shop/web, which Docker Hub does not have or does not show";
    for kind in [ErrorKind::NotFound, ErrorKind::Unauthorized, ErrorKind::Forbidden] {
        check("shop/web", kind, Some(said));
    }
    let said = "\"web\" names no registry, so it is docker.io/library/web, which Docker Hub does not have or does not show";
    check("web", ErrorKind::NotFound, Some(said));
    check("shop/web", ErrorKind::TimedOut, None);
    for named in ["docker.io/shop/web", "ghcr.io/shop/web", "localhost/web", "registry:5000/web"] {
        check(named, ErrorKind::NotFound, None);
    }
}

/// What one change makes fit is closer than what nothing makes fit, and beside versions a name that is none is no near miss.
#[test]
fn the_nearest_misses_come_first() {
    let subscription = subscription("image: {repoURL: ghcr.io/a/b, constraint: ^1.0.0}");
    let rule = subscription.tag_rule().unwrap().unwrap();
    let tally = Tally::of(&subscription);
    for tag in ["latest", "2.0.0", "1.1.0-rc.1", "0.9.0"] {
        tally.rejected(&Candidate::new(tag), &rule.judge(tag).into_result().unwrap_err());
    }
    let misses = tally.summary(&[]).near_misses;
    let names: Vec<_> = misses.iter().map(|miss| miss.name.as_str()).collect();
    assert_eq!(names, ["1.1.0-rc.1", "2.0.0", "0.9.0"]);
}

/// The nearest misses are those that the fewest rules exclude, and of these those that came furthest, in the order of the strategy.
#[test]
fn near_misses_are_those_that_the_fewest_rules_exclude() {
    let check = |yaml: &str, tags: &[&str], best: Option<&str>, expected: &[&str]| {
        let subscription = subscription(yaml);
        let rule = subscription.tag_rule().unwrap().unwrap();
        let tally = Tally::of(&subscription);
        for tag in tags {
            match rule.judge(tag).into_result() {
                Ok(()) => tally.accepted(&Candidate::new(tag)),
                Err(why) => tally.rejected(&Candidate::new(tag), &why),
            }
        }
        let best: Vec<AnyArtifact> = best.map(|best| Image::new(best, "").into()).into_iter().collect();
        let misses = tally.summary(&best).near_misses;
        let names: Vec<_> = misses.iter().map(|miss| miss.name.as_str()).collect();
        assert_eq!(names, expected, "{yaml}");
    };
    // What is allowed and ignored stands before what no pattern allows, whichever is the higher version.
    let tags = ["9.9.9", "1.1.0-debug", "1.0.0-debug", "latest"];
    check(
        "image: {repoURL: ghcr.io/a/b, strictSemvers: false, constraint: '*-0', allowTagsRegexes: ['^1\\.'], ignoreTagsRegexes: ['-debug$']}",
        &tags,
        None,
        &["1.1.0-debug", "1.0.0-debug", "9.9.9"],
    );
    // What no pattern allows and the constraint excludes, too, stands behind what the pattern alone excludes.
    check(
        "image: {repoURL: ghcr.io/a/b, constraint: ^1.0.0, allowTagsRegexes: ['^v']}",
        &["9.9.9", "9.9.8", "9.9.7", "9.9.6", "9.9.5", "9.9.4", "9.9.3", "9.9.2", "1.2.0"],
        None,
        &["1.2.0", "9.9.9", "9.9.8"],
    );
    // What is ignored, and not allowed either, stands behind what is not allowed.
    check(
        "image: {repoURL: ghcr.io/a/b, allowTagsRegexes: ['^v'], ignoreTags: [2.0.0]}",
        &["2.0.0", "1.0.0"],
        None,
        &["1.0.0", "2.0.0"],
    );
    // A version that is ignored alone is no worse than one outside the constraint.
    check(
        "image: {repoURL: ghcr.io/a/b, constraint: ^1.0.0, ignoreTags: [1.9.0]}",
        &["2.0.0", "1.9.0", "1.8.0", "latest"],
        Some("1.8.0"),
        &["2.0.0", "1.9.0"],
    );
    // Under the order of text, a higher version is not always the better tag, and a name that is no version may be.
    let lexical = "image: {repoURL: ghcr.io/a/b, imageSelectionStrategy: Lexical, ignoreTagsRegexes: ['^1\\.10', '-debug$']}";
    check(lexical, &["1.10.0", "1.9.0", "2-debug"], Some("1.9.0"), &["2-debug"]);
    check(
        lexical,
        &["main-1-debug", "main-2-debug", "1.10.0"],
        None,
        &["main-2-debug", "main-1-debug", "1.10.0"],
    );
    // Where the time of the build decides, no name says that a tag would come first.
    check(
        "image: {repoURL: ghcr.io/a/b, imageSelectionStrategy: NewestBuild, ignoreTags: [2.0.0]}",
        &["2.0.0", "1.0.0"],
        Some("1.0.0"),
        &[],
    );
}

/// A hostile server can make neither the memory nor the line grow.
#[test]
fn a_long_name_is_shown_short_and_counts_are_bounded() {
    let subscription = subscription("image: {repoURL: ghcr.io/a/b}");
    let tally = Tally::of(&subscription);
    for number in 0..100 {
        let why = Rejection::other("odd", format!("reason {number}"));
        tally.rejected(&Candidate::new(&"x".repeat(60_000)), &why);
    }
    let summary = tally.summary(&[]);
    assert_eq!(summary.listed, 100);
    assert_eq!(summary.reasons.last().unwrap().count, 100 - 32);
    assert!(summary.to_string().len() < 4000, "{summary}");
}
