//! What is printed of charts whose digests are followed.

use crate::support::{World, warehouse};

const MANIFEST: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: dev}\nspec:\n  subscriptions:\n  \
                        - chart: {repoURL: CHARTS, name: shop, discoveryLimit: 1, followDigests: true}\n  \
                        - chart: {repoURL: 'oci://REGISTRY/charts/cache', discoveryLimit: 1, followDigests: true}\n";

/// What the command prints, with the digests of the two charts as `ENTRY` and `MANIFEST`, and blanks as one.
fn printed(world: &World, arguments: &[&str], manifest: &str) -> Vec<String> {
    let arguments = [arguments, &["--no-cache", "--no-docker-config", "-f", "-"]].concat();
    let ran = warehouse(&arguments, &world.fill(manifest));
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{arguments:?}");
    let pushed = world.registry.digest("charts/cache", "4.1.0_build.7").unwrap();
    let index = String::from_utf8(world.charts.index().to_vec()).unwrap();
    let entry = index.lines().rfind(|line| line.trim_start().starts_with("digest:")).unwrap();
    let entry = format!("sha256:{}", entry.rsplit(' ').next().unwrap());
    let mut out = ran.out.replace(&world.registry.host(), "REGISTRY").replace(&world.charts.url(), "CHARTS");
    for (digest, word) in [(&entry, "ENTRY"), (&pushed, "MANIFEST")] {
        out = out.replace(digest.as_str(), word).replace(&digest[..19], &format!("short {word}"));
    }
    out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn every_format_shows_the_digest() {
    let world = World::start();
    for (arguments, expected) in [
        (
            &["discover", "-q"][..],
            [
                "chart CHARTS (shop) 0.2.1 short ENTRY",
                "chart oci://REGISTRY/charts/cache 4.1.0+build.7 short MANIFEST",
            ],
        ),
        (
            &["discover", "-q", "-o", "wide"],
            ["chart CHARTS (shop) 0.2.1 ENTRY", "chart oci://REGISTRY/charts/cache 4.1.0+build.7 MANIFEST"],
        ),
        (
            &["discover", "-q", "-o", "name"],
            ["CHARTS/shop:0.2.1@ENTRY", "oci://REGISTRY/charts/cache:4.1.0+build.7@MANIFEST"],
        ),
        (&["discover", "-q", "-o", "json"], [r#""0.2.1": "ENTRY""#, r#""4.1.0+build.7": "MANIFEST""#]),
        (&["freight", "-q", "-o", "yaml"], ["digest: ENTRY", "digest: MANIFEST"]),
        (
            &["explain", "-q"],
            ["+ 0.2.1 short ENTRY 2024-01-01T00:00:00Z", "+ 4.1.0_build.7 4.1.0+build.7 short MANIFEST"],
        ),
    ] {
        let lines = printed(&world, arguments, MANIFEST);
        for expected in expected {
            assert!(
                lines.iter().any(|line| line == expected),
                "{arguments:?}: no {expected:?} in {lines:#?}"
            );
        }
    }
    let lines = printed(&world, &["freight", "-q"], MANIFEST);
    for (line, end) in
        lines[1..].iter().zip(["CHARTS (shop) 0.2.1 short ENTRY", "4.1.0+build.7 short MANIFEST"])
    {
        assert!(line.ends_with(end), "{line}");
    }
}

#[test]
fn without_the_option_no_format_has_a_digest() {
    let world = World::start();
    let off = MANIFEST.replace(", followDigests: true", "");
    for command in ["discover", "freight"] {
        for format in ["table", "wide", "name", "json", "yaml"] {
            let text = printed(&world, &[command, "-q", "-o", format], &off).join("\n");
            assert!(!text.contains("sha256") && !text.contains("digest"), "{text}");
        }
    }
    assert!(!printed(&world, &["explain", "-q"], &off).join("\n").contains("sha256"));
}
