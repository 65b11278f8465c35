//! `freightCreationCriteria`: the expressions of the vectors over artifacts of their kind, and what follows for Freight.

use std::error::Error as _;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use freight::{CriteriaError, FreightBuilder, NoFreight};
use serde_json::Value as Json;
use warehouse_spec::{
    ArtifactReference, ChartDiscoveryResult, ChartSubscription, DiscoveredCommit, DiscoveredImageReference,
    DiscoveryResult, Freight, FreightCreationCriteria, GenericDiscoveryResult, GenericSubscription,
    GitDiscoveryResult, GitSubscription, ImageDiscoveryResult, ImageSubscription, Subscription, Warehouse,
};

fn image(name: &str, reference: DiscoveredImageReference) -> (Subscription, DiscoveryResult) {
    let repo_url = format!("ghcr.io/example/{name}");
    let result = ImageDiscoveryResult { repo_url, references: vec![reference], ..Default::default() };
    (Subscription::new(ImageSubscription::new(&result.repo_url)), DiscoveryResult::Image(result))
}

fn commit(name: &str, commit: DiscoveredCommit) -> (Subscription, DiscoveryResult) {
    let repo_url = format!("https://github.com/example/{name}.git");
    let result = GitDiscoveryResult { repo_url, commits: vec![commit], ..Default::default() };
    (Subscription::new(GitSubscription::new(&result.repo_url)), DiscoveryResult::Git(result))
}

fn chart(repo_url: &str, name: &str, version: &str) -> (Subscription, DiscoveryResult) {
    let result = ChartDiscoveryResult {
        repo_url: repo_url.to_owned(),
        name: name.to_owned(),
        versions: vec![version.to_owned()],
        ..Default::default()
    };
    (Subscription::new(ChartSubscription::oci(repo_url)), DiscoveryResult::Chart(result))
}

/// The artifacts that the vectors were asked about.
fn artifacts() -> Vec<(Subscription, DiscoveryResult)> {
    let frontend = DiscoveredImageReference {
        tag: "v1.2.3".to_owned(),
        digest: "sha256:a".to_owned(),
        annotations: [("org.opencontainers.image.version", "1.2.3"), ("team", "web")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        created_at: Some("2025-06-15T10:30:00Z".parse().unwrap()),
        ..Default::default()
    };
    let generic = GenericDiscoveryResult {
        subscription_name: "sub".to_owned(),
        artifact_references: vec![ArtifactReference {
            subscription_name: "sub".to_owned(),
            version: "1.0.0".to_owned(),
            ..Default::default()
        }],
    };
    vec![
        image("frontend", frontend),
        image("backend", DiscoveredImageReference { tag: "v1.2.3".to_owned(), ..Default::default() }),
        commit(
            "frontend",
            DiscoveredCommit {
                id: "0123456789".to_owned(),
                tag: "v1".to_owned(),
                creator_date: Some("2024-03-01T08:00:00+02:00".parse().unwrap()),
                ..Default::default()
            },
        ),
        commit(
            "backend",
            DiscoveredCommit { id: "a".to_owned(), tag: "v1".to_owned(), ..Default::default() },
        ),
        chart("oci://example.com/my-chart", "", "1.2.3"),
        chart("oci://example.com/my-other-chart", "", "1.2.3"),
        chart("https://charts.example.com", "foo", "1.9"),
        (
            Subscription::new(GenericSubscription::new("other")).with_name("sub"),
            DiscoveryResult::Generic(generic),
        ),
    ]
}

fn outcome(expression: &str) -> Result<Freight, NoFreight> {
    let (subscriptions, results): (Vec<_>, Vec<_>) = artifacts().into_iter().unzip();
    let mut warehouse = Warehouse::new("demo", subscriptions);
    warehouse.spec.freight_creation_criteria = Some(FreightCreationCriteria::new(expression));
    results
        .into_iter()
        .enumerate()
        .fold(FreightBuilder::new(&warehouse), |builder, (index, result)| builder.found(index, result))
        .discovered_at("2026-01-01T00:00:00Z".parse().unwrap())
        .build()
}

#[test]
fn every_expression_about_freight_has_kargos_answer() {
    let folder = std::env::var_os("CONFORMANCE_VECTORS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors"), PathBuf::from);
    let text = fs::read_to_string(folder.join("expressions.jsonl")).unwrap();
    let mut rows = 0;
    let mut mismatches = Vec::new();
    for line in text.lines() {
        let row: Json = serde_json::from_str(line).unwrap();
        if row["env"] != "freight" {
            continue;
        }
        rows += 1;
        let expression = row["expr"].as_str().unwrap();
        let expected = match row["result"].as_bool() {
            Some(result) => result.to_string(),
            None => row["error"].as_str().unwrap().to_owned(),
        };
        let answer = match outcome(expression) {
            Ok(_) => "true",
            Err(NoFreight::CriteriaNotSatisfied { .. }) => "false",
            Err(NoFreight::CriteriaFailed { error: CriteriaError::Compile(_), .. }) => "compile",
            Err(NoFreight::CriteriaFailed { error, .. }) => {
                match error.source().unwrap().to_string().contains("truth value") {
                    true => "not-bool",
                    false => "run",
                }
            }
            Err(other) => panic!("{expression}: {other}"),
        };
        // Kargo's answers to what is empty or blank are those of an absent expression.
        if answer != expected && !expression.trim().is_empty() {
            mismatches.push(format!("{expression}: {answer}, not {expected}"));
        }
    }
    let _ = writeln!(
        std::io::stderr(),
        "expressions.jsonl: {rows} rows about Freight, {} mismatches",
        mismatches.len()
    );
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
}

#[test]
fn criteria_that_are_true_build_and_others_do_not() {
    let same = "imageFrom('ghcr.io/example/frontend').Tag == imageFrom('ghcr.io/example/backend').Tag";
    assert!(outcome(same).is_ok());
    let different = format!("!({same})");
    match outcome(&different) {
        Err(reason) => {
            assert_eq!(reason.to_string(), format!("freightCreationCriteria are not satisfied: {different}"))
        }
        Ok(_) => panic!("built"),
    }
}

#[test]
fn criteria_that_fail_say_why() {
    let Err(reason) = outcome("imageFrom(") else {
        panic!("built");
    };
    assert_eq!(reason.to_string(), "freightCreationCriteria cannot be evaluated");
    let cause = reason.source().unwrap();
    assert_eq!(cause.to_string(), "the expression does not compile");
    assert!(cause.source().is_some_and(|cause| !cause.to_string().is_empty()), "{cause}");
}

#[test]
fn blank_criteria_are_none() {
    assert!(outcome("  \n").is_ok());
}

#[test]
fn versions_can_be_compared() {
    let expression = "semverDiff(chartFrom('oci://example.com/my-chart').Version, '1.3.0') == 'Minor' \
         && semverParse(imageFrom('ghcr.io/example/frontend').Tag).Major() == 1";
    assert!(outcome(expression).is_ok());
}

#[test]
fn the_clock_is_the_moment_of_discovery() {
    assert!(outcome("now() == date('2026-01-01T00:00:00Z')").is_ok());
}

/// As Go's encoder writes Kargo's types: the names of their tags, two blanks of indentation, and nothing that is empty.
#[test]
fn artifacts_are_written_as_kargo_writes_them() {
    let equals = |expression: &str, json: &str| {
        let outcome = outcome(&format!("toJSON({expression}) == '{}'", json.replace('\n', "\\n")));
        assert!(outcome.is_ok(), "{expression}: {outcome:?}");
    };
    equals(
        "imageFrom('ghcr.io/example/frontend')",
        r#"{
  "tag": "v1.2.3",
  "digest": "sha256:a",
  "annotations": {
    "org.opencontainers.image.version": "1.2.3",
    "team": "web"
  },
  "createdAt": "2025-06-15T10:30:00Z"
}"#,
    );
    equals("imageFrom('ghcr.io/example/backend')", "{\n  \"tag\": \"v1.2.3\",\n  \"digest\": \"\"\n}");
    equals(
        "commitFrom('https://github.com/example/frontend')",
        "{\n  \"id\": \"0123456789\",\n  \"tag\": \"v1\",\n  \"creatorDate\": \"2024-03-01T06:00:00Z\"\n}",
    );
    equals(
        "chartFrom('oci://example.com/my-chart')",
        &format!(
            "{{\n  \"repoURL\": \"{}\",\n  \"version\": \"1.2.3\"\n}}",
            freight::normalize_chart("oci://example.com/my-chart")
        ),
    );
    equals("imageFrom('ghcr.io/example/none')", "null");
    let read_again = "fromJSON(toJSON(imageFrom('ghcr.io/example/frontend'))).tag == 'v1.2.3'";
    assert!(outcome(read_again).is_ok());
}
