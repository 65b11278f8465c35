//! Time zones by name, as Go resolves them: vectors of Go's own answers, computed by `oracle/zones`.

#![cfg(feature = "time-zones")]
use kargo_expr::{Environment, Expression, Value};
use serde_json::Value as Json;

fn value(expression: &str) -> String {
    let compiled = Expression::compile(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    match compiled.evaluate(&Environment::new()) {
        Ok(Value::Text(text)) => String::from_utf8_lossy(&text).into_owned(),
        Ok(other) => other.to_string(),
        Err(error) => format!("error: {error}"),
    }
}

/// Zones whose winter time is the saving time to Go, and whose summer time to our database: offsets and abbreviations are
/// the same.
const ASYMMETRIC: [&str; 2] = ["Europe/Dublin", "Africa/Casablanca"];

#[test]
fn moments_and_what_clocks_show_are_those_of_go() {
    let mut rows = 0;
    let mut mismatches = Vec::new();
    for line in include_str!("../vectors/time-zones.jsonl").lines() {
        let row: Json = serde_json::from_str(line).unwrap();
        rows += 1;
        let text = |key: &str| row[key].as_str().unwrap();
        let (zone, layout, written) = (text("zone"), text("layout"), text("text"));
        let dst = if ASYMMETRIC.contains(&zone) { "" } else { &row["dst"].to_string() };
        let expected = format!("{} {} {dst}", row["unix"], text("shown"));
        for date in [
            format!("date('{written}', '{layout}', '{zone}')"),
            format!("date(timezone('{zone}'), '{written}', '{layout}')"),
        ] {
            let expression = format!(
                "let t = {date}; string(t.Unix()) + ' ' + t.Format('2006-01-02T15:04:05-07:00:00 MST') + ' ' + string(t.IsDST())"
            );
            let found = value(&expression);
            let found = match dst {
                "" => found.trim_end_matches("true").trim_end_matches("false"),
                _ => &found,
            };
            if found != expected {
                mismatches.push(format!("{date}: {found}, not {expected}"));
            }
        }
    }
    assert!(rows > 1_000, "{rows} rows");
    assert!(mismatches.is_empty(), "{} of {rows} rows:\n{}", mismatches.len(), mismatches.join("\n"));
}

#[test]
fn expressions_of_filters() {
    for (expression, expected) in [
        (
            "date('2030-01-01', '2006-01-02', 'Europe/Berlin').Unix() == date('2029-12-31T23:00:00Z').Unix()",
            "true",
        ),
        ("date('2024-07-01T12:00:00Z').In(timezone('America/New_York')).Hour()", "8"),
        ("date('2024-07-01T12:00:00Z').In(timezone('America/New_York')).Format('MST -0700')", "EDT -0400"),
        ("date('2024-07-01T12:00:00Z').In(timezone('Europe/Berlin')).Location().String()", "Europe/Berlin"),
        ("string(timezone('Asia/Kolkata'))", "Asia/Kolkata"),
        ("date('2024-01-01T12:00:00Z').In(timezone('America/Sao_Paulo')).Format('MST')", "-03"),
        ("date('2024-07-01T12:00:00Z').In(timezone('Europe/Berlin')).IsDST()", "true"),
        (
            "date('2024-03-30T12:00:00Z').In(timezone('Europe/Berlin')).AddDate(0, 0, 1).Format('15:04 MST')",
            "13:00 CEST",
        ),
        ("date(timezone('Europe/Berlin'), '2024-07-01').Format('-07:00')", "+02:00"),
    ] {
        assert_eq!(value(expression), expected, "{expression}");
    }
}

#[test]
fn names_are_those_of_the_database() {
    for name in ["Europe/Nowhere", "europe/berlin", "../etc/passwd", "/Europe/Berlin", "Berlin", "CEST"] {
        let found = value(&format!("string(timezone('{name}'))"));
        assert!(found.contains("is not known"), "{name}: {found}");
    }
}

/// Before 1970, a zone that was merged into another one has the times of that one; Go's database keeps those of its own.
#[test]
fn zones_that_were_merged_before_1970() {
    for (zone, into) in [("Europe/Amsterdam", "Europe/Brussels"), ("Europe/Oslo", "Europe/Berlin")] {
        for year in [1925, 1935, 1950, 1969] {
            let shown = |zone: &str| {
                value(&format!(
                    "date('{year}-07-15T12:00:00Z').In(timezone('{zone}')).Format('2006-01-02T15:04:05-07:00:00')"
                ))
            };
            assert_eq!(shown(zone), shown(into), "{zone} in {year}");
        }
    }
}

/// Methods of times that Go has and that are an error here.
#[test]
fn methods_that_are_missing() {
    for method in ["ZoneBounds()", "GoString()", "MarshalBinary()", "GobEncode()"] {
        let expression = format!("date('2024-07-01').{method}");
        let is_error = match Expression::compile(&expression) {
            Ok(compiled) => compiled.evaluate(&Environment::new()).is_err(),
            Err(_) => true,
        };
        assert!(is_error, "{expression}");
    }
}
