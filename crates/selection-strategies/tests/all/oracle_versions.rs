//! Versions: how texts are read (rules 2.1 to 2.3).

use selection_strategies::{Strictness, VersionRef};
use serde_json::json;

use crate::oracle::{self, Family, Random};

const FAMILY: Family = Family {
    name: "version",
    question: |random| json!({ "text": text(random) }),
    answer: |question| {
        let text = question["text"].as_str().unwrap();
        let loose = VersionRef::parse(text).ok().map(|version| {
            json!({
                "major": version.major(),
                "minor": version.minor(),
                "patch": version.patch(),
                "pre": version.prerelease(),
                "meta": version.metadata(),
                "original": version.original(),
                "string": version.to_string(),
            })
        });
        let bare = VersionRef::parse_with(text, Strictness::Bare).is_ok();
        Some(json!({ "loose": loose, "bare": bare }))
    },
};

#[test]
fn versions() {
    oracle::check(&FAMILY);
}

/// What gets into versions by accident.
pub const NOISE: &str = "0019avVxX.-+_*|=<>~^,: \t\n\r\u{b}\u{c}\u{a0}\u{0}/é٣五🚀";

/// Shapes of tags as registries and repositories hold them.
const REAL: &[&str] = &[
    "latest",
    "v1.2.3",
    "1.25-alpine",
    "1.25.3-alpine3.18-perl",
    "2024.01.02",
    "20240102",
    "v2.0.0-rc.1",
    "1.0.0-beta+exp.sha.5114f85",
    "3.19.0_rc1",
    "sha-4f2a9c1",
    "main-4f2a9c1",
    "nightly-20240102",
    "v0.30.0-alpha.0-12-g1a2b3c4d",
    "8.0-jdk17-temurin-jammy",
    "v1.28.4-k3s1",
    "1.2.3.4",
    "r123",
    "release-1.9",
    "helm-v3.14.0",
    "7.2.4-debian-12-r0",
];

/// A version, a near miss, or something else.
pub fn text(random: &mut Random) -> String {
    match random.below(12) {
        0 => random.pick(REAL).to_owned(),
        1 => {
            let real = random.pick(REAL);
            random.mutate(real, NOISE)
        }
        2..=4 => {
            let version = version(random);
            random.mutate(&version, NOISE)
        }
        5 => random.repeat(0, 10, |random| random.character(NOISE).into()),
        6 => long(random),
        _ => version(random),
    }
}

/// A version, most of the time one with few different numbers.
pub fn version(random: &mut Random) -> String {
    let prefix = random.pick(&["", "", "", "v"]);
    let mut text = prefix.to_owned() + &number(random);
    for _ in 0..random.pick(&[0, 1, 2, 2, 2, 2, 2, 3]) {
        text = text + "." + &number(random);
    }
    if random.once_in(3) {
        text = text + "-" + &identifiers(random);
    }
    if random.once_in(6) {
        text = text + "+" + &identifiers(random);
    }
    text
}

fn number(random: &mut Random) -> String {
    match random.below(40) {
        0 => random.pick(&["00", "01", "007", "0x1", ""]).to_owned(),
        1 => random
            .pick(&["18446744073709551615", "18446744073709551616", "4294967296", "99999999999999999999999"])
            .to_owned(),
        2..=5 => random.below(2000).to_string(),
        _ => random.below(4).to_string(),
    }
}

fn identifiers(random: &mut Random) -> String {
    let mut text = identifier(random);
    while random.once_in(3) {
        text = text + "." + &identifier(random);
    }
    text
}

fn identifier(random: &mut Random) -> String {
    match random.below(8) {
        0 => number(random),
        1 => random.repeat(1, 4, |random| random.character("0019aZz-").into()),
        2..=4 => random.below(12).to_string(),
        _ => random.pick(&["rc", "alpha", "beta", "rc1", "SNAPSHOT", "-", "a", "0a", "x"]).to_owned(),
    }
}

/// Around the longest that is read.
fn long(random: &mut Random) -> String {
    let mut text = version(random) + random.pick(&["-", "+", ".", "-a.", "+0."]);
    let length = 250 + random.below(12);
    let fill = random.pick(&["0", "1", "a", "-", "a.", "é"]);
    while text.len() < length {
        text += fill;
    }
    text
}
