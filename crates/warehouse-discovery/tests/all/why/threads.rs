//! What people asked in public threads, and the first line that answers it. A row has the situation of its thread in the fields of a Warehouse; the
//! words are ours.

use artifact_source::{AnyArtifact, Candidate, Image, Recorder, Rejection, Trace};
use warehouse_discovery::{Tally, Why, sort_candidates};
use warehouse_spec::Subscription;

use super::{Evidence, for_amd64, subscription};

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
