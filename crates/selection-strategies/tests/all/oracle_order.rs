//! The order of versions (rules 2.4 and 2.5).

use selection_strategies::{Strictness, TagRule};
use serde_json::json;

use crate::oracle::{self, Family, Random};
use crate::oracle_versions;

const FAMILY: Family = Family {
    name: "order",
    question: |random| {
        let count = 2 + random.below(10);
        let versions: Vec<String> = (0..count).map(|_| text(random)).collect();
        json!({ "versions": versions })
    },
    answer: |question| {
        let names = question["versions"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
        let rule = TagRule::semver(None).with_strictness(Strictness::Loose);
        let chosen = rule.select(names).chosen;
        let precedence: Vec<i8> = chosen
            .windows(2)
            .map(|pair| pair[0].version.unwrap().compare_precedence(pair[1].version.unwrap()) as i8)
            .collect();
        let sorted: Vec<&str> = chosen.iter().map(|candidate| candidate.name).collect();
        Some(json!({ "sorted": sorted, "precedence": precedence }))
    },
};

#[test]
fn order() {
    oracle::check(&FAMILY);
}

/// Versions that differ little, so that all of the order is needed to tell them apart.
fn text(random: &mut Random) -> String {
    if random.once_in(3) {
        return oracle_versions::text(random);
    }
    let numbers = random.pick(&["1.0.0", "v1.0.0", "1.0", "1", "01.0.0", "1.0.1", "v1"]);
    let prereleases: &[&str] = &[
        "",
        "",
        "-0",
        "-1",
        "-10",
        "-9",
        "-a",
        "-A",
        "-a.1",
        "-a.b",
        "-a.10",
        "-a.9",
        "-a.b.c",
        "--",
        "-0a",
        "-rc1",
        "-rc-1",
        "-18446744073709551615",
        "-18446744073709551616",
        "-99999999999999999999",
        "-100000000000000000000",
    ];
    let metadata = random.pick(&["", "", "", "+a", "+b", "+a.1", "+-"]);
    [numbers, random.pick(prereleases), metadata].concat()
}
