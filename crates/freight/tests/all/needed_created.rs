//! Which images' time of creation criteria may read, by looking at the expression alone.

use freight::{Criteria, NeededCreated};
use warehouse_spec::{
    FreightCreationCriteria, FreightCreationPolicy, ImageSubscription, Subscription, Warehouse,
};

/// `a`, `b` or both of the images `ghcr.io/example/a` and `ghcr.io/example/b`; `*` is any image at all.
#[track_caller]
fn needs(expression: &str, expected: &str) {
    let expression = expression
        .replace("{a}", "imageFrom('ghcr.io/example/a')")
        .replace("{b}", "imageFrom('ghcr.io/example/b')");
    let needed = Criteria::compile(&expression)
        .unwrap_or_else(|error| panic!("{expression}: {error:?}"))
        .needs_created();
    let mut named = String::new();
    for image in ["a", "b"] {
        if needed.of_image(&format!("ghcr.io/example/{image}")) {
            named.push_str(image);
        }
    }
    if needed.of_image("ghcr.io/example/of-no-name") {
        named = "*".to_owned();
    }
    assert_eq!(named, expected, "{expression}");
    assert_eq!(needed.is_none(), expected.is_empty(), "{expression}");
}

#[test]
fn what_does_not_ask_for_the_time_needs_none() {
    for expression in [
        "true",
        "{a}.Tag == {b}.Tag",
        "{a} != nil && nil != {b}",
        "{a}.Annotations['org.opencontainers.image.created'] == 'x'",
        "{a}.Annotations.CreatedAt == 'x'",
        "{a}['Tag'] == 'x' && {b}?.Digest == 'y'",
        "let image = {a}; image.Tag == 'x'",
        "commitFrom('https://example.com/r').CreatorDate != nil",
        "({a} ?? {b}).Tag == 'x'",
        "all([{a}, {b}], .Tag startsWith 'v')",
        "map([{a}, {b}], .Tag)[0] == 'x'",
        "{a}.Tag == 'CreatedAt'",
        "'CreatedAt' in ['imageFrom']",
        "false && {a}.CreatedAt != nil",
    ] {
        needs(expression, "");
    }
}

#[test]
fn an_image_that_is_named_is_needed() {
    needs("{a}.CreatedAt != nil", "a");
    needs("{a}?.CreatedAt != nil", "a");
    needs("{a}['CreatedAt'] != nil", "a");
    needs("{a}.CreatedAt.Time.After(now())", "a");
    needs("{a}.CreatedAt.After({b}.CreatedAt.Time)", "ab");
    needs("{b}.Tag == 'x' || now() - {a}.CreatedAt.Time > duration('1h')", "a");
    needs("'ghcr.io/example/a' | imageFrom() | toJSON() contains 'x'", "a");
    needs("imageFrom('ghcr.io/' + 'example/a').CreatedAt != nil", "a");
    needs("imageFrom(`ghcr.io/example/a`).CreatedAt != nil", "a");
    needs("string({a}) == 'x'", "a");
    needs("{a} == {b}", "ab");
}

#[test]
fn variables_are_followed() {
    needs("let image = {a}; image.CreatedAt != nil", "a");
    needs("let image = {a}; let other = image; other.CreatedAt != nil", "a");
    needs("let image = {a}; let made = image.CreatedAt; {b}.Tag == 'x'", "a");
    needs("let url = 'ghcr.io/example/a'; imageFrom(url).CreatedAt != nil", "a");
    needs("let image = {a}; let image2 = {b}; image2.CreatedAt != nil || image.Tag == 'x'", "b");
}

#[test]
fn both_ways_and_every_element_count() {
    needs("(now() == nil ? {a} : {b}).CreatedAt != nil", "ab");
    needs("({a} ?? {b}).CreatedAt != nil", "ab");
    needs("[{a}, {b}][1].CreatedAt != nil", "ab");
    needs("{x: {a}, y: {b}.Tag}.x.CreatedAt != nil", "a");
    needs("all([{a}, {b}], .CreatedAt != nil)", "ab");
    needs("all([{a}, {b}], #.CreatedAt != nil)", "ab");
    needs("any([{b}], {# == nil || #.CreatedAt == nil})", "b");
    needs("filter([{a}], .Tag == 'x')[0].CreatedAt != nil", "a");
    needs("find([{a}], true).CreatedAt != nil", "a");
    needs("first([{a}, {b}]).CreatedAt != nil", "ab");
    needs("get([{a}], 0).CreatedAt != nil", "a");
    needs("map([1], {a})[0].CreatedAt != nil", "a");
    needs("sortBy([{a}, {b}], .CreatedAt.Unix())[0].Tag == 'x'", "ab");
    needs("reduce([{a}, {b}], #.Tag + #acc, '') == 'x'", "ab");
    needs("all([1], any([{a}], #.CreatedAt != nil))", "a");
    needs("if {a} == nil { false } else { {a}.CreatedAt != nil }", "a");
}

#[test]
fn what_is_written_as_a_whole_is_needed() {
    needs("toJSON({a}) contains 'x'", "a");
    needs("fromJSON(toJSON({a})).createdAt != nil", "a");
    needs("toJSON([{a}, {b}]) contains 'x'", "ab");
    needs("toJSON({image: {b}}) contains 'x'", "b");
}

#[test]
fn in_doubt_every_image_is_needed() {
    needs("imageFrom({a}.Tag).CreatedAt != nil", "*");
    needs("all(['ghcr.io/example/a'], imageFrom(#).CreatedAt != nil)", "*");
    needs("imageFrom(commitFrom('https://example.com/r').Subject).CreatedAt != nil", "*");
    needs("let url = now() == nil ? 'x' : 'y'; imageFrom(url).CreatedAt != nil", "*");
}

#[test]
fn what_is_not_read_of_an_unknown_image_is_not_needed() {
    needs("all(['ghcr.io/example/a'], imageFrom(#).Tag != '')", "");
}

#[test]
fn spellings_of_one_repository_are_one() {
    let needed =
        Criteria::compile("imageFrom('docker.io/library/nginx').CreatedAt != nil").unwrap().needs_created();
    assert!(needed.of_image("nginx") && needed.of_image("docker.io/nginx") && !needed.of_image("redis"));
}

/// What criteria of this text, under this policy, need of `nginx`.
fn of_warehouse(text: &str, policy: FreightCreationPolicy) -> bool {
    let mut warehouse = Warehouse::new("demo", vec![Subscription::new(ImageSubscription::new("nginx"))]);
    warehouse.spec.freight_creation_policy = policy;
    warehouse.spec.freight_creation_criteria = Some(FreightCreationCriteria::new(text));
    NeededCreated::of_warehouse(&warehouse).of_image("nginx")
}

#[test]
fn a_warehouse_needs_what_its_criteria_need_if_they_are_asked() {
    let asks = "imageFrom('nginx').CreatedAt != nil";
    assert!(of_warehouse(asks, FreightCreationPolicy::Automatic));
    assert!(!of_warehouse(asks, FreightCreationPolicy::Manual));
    assert!(!of_warehouse("  ", FreightCreationPolicy::Automatic));
    assert!(!of_warehouse("imageFrom('nginx').CreatedAt ==", FreightCreationPolicy::Automatic));
    assert!(NeededCreated::of_warehouse(&Warehouse::new("demo", Vec::new())).is_none());
}

#[test]
fn a_long_chain_of_operators_does_not_recurse() {
    let expression = vec!["imageFrom('nginx').CreatedAt != nil"; 1_000].join(" && ");
    assert!(Criteria::compile(&expression).unwrap().needs_created().of_image("nginx"));
}
