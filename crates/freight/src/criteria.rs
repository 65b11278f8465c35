//! Whether the best artifacts fulfil `freightCreationCriteria` (rule 6.2).

use jiff::Timestamp;
use selection_strategies::expression::{
    CompileError, DiscoveredArtifact, DiscoveredChart, DiscoveredCommit, DiscoveredImage, Environment,
    Expression, ExpressionError, Failure, Signatures, Time, Value,
};
use serde_json::Value as Json;
use warehouse_spec::{DiscoveredArtifacts, normalize_chart, normalize_git, normalize_image};

/// The criteria could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CriteriaError {
    /// The text is no expression, or one whose types cannot fit.
    #[error("the expression does not compile")]
    Compile(#[source] CompileError),
    /// The evaluation failed, or did not come to a truth value.
    #[error("the expression has no truth value")]
    Evaluate(#[source] ExpressionError),
}

/// Evaluates the criteria over the best artifact of every subscription.
///
/// `now` is what `now()` answers; without it that function is an error.
pub(crate) fn satisfied(
    expression: &str,
    artifacts: &DiscoveredArtifacts,
    now: Option<Timestamp>,
) -> Result<bool, CriteriaError> {
    let expression =
        Expression::compile_with(expression, &Signatures::for_freight()).map_err(CriteriaError::Compile)?;
    let environment = Environment::for_freight()
        .function("imageFrom", |arguments| Ok(image(artifacts, &text(arguments, 0)?)))
        .function("commitFrom", |arguments| Ok(commit(artifacts, &text(arguments, 0)?)))
        .function("chartFrom", |arguments| {
            let name = match arguments.len() {
                0 | 1 => String::new(),
                _ => text(arguments, 1)?,
            };
            Ok(chart(artifacts, &text(arguments, 0)?, &name))
        })
        .function("artifactFrom", |arguments| Ok(artifact(artifacts, &text(arguments, 0)?)));
    let environment = match now {
        Some(now) => environment.now(time(now)),
        None => environment,
    };
    expression.decide(&environment).map_err(CriteriaError::Evaluate)
}

/// An argument that is a text. What is known when the expression compiles has been checked then; the rest is checked here.
fn text(arguments: &[Value], index: usize) -> Result<String, Failure> {
    match arguments.get(index) {
        Some(Value::Text(text)) => Ok(String::from_utf8_lossy(text).into_owned()),
        Some(other) => Err(Failure::new(format!("a text was expected, not {}", other.type_name()))),
        None => Err(Failure::new("an argument is missing")),
    }
}

fn time(moment: Timestamp) -> Time {
    let nanosecond = moment.subsec_nanosecond();
    // A moment before 1970 counts its fraction backwards.
    let (seconds, nanosecond) = match u32::try_from(nanosecond) {
        Ok(nanosecond) => (moment.as_second(), nanosecond),
        Err(_) => (moment.as_second() - 1, (nanosecond + 1_000_000_000).unsigned_abs()),
    };
    Time::from_unix(seconds, nanosecond, 0)
}

fn image(artifacts: &DiscoveredArtifacts, url: &str) -> Value {
    let url = normalize_image(url);
    artifacts
        .images
        .iter()
        .filter(|result| normalize_image(&result.repo_url) == url)
        .find_map(|result| result.references.first())
        .map_or(Value::Nil, |best| {
            let annotations = best.annotations.iter();
            Value::from(&DiscoveredImage {
                tag: &best.tag,
                digest: &best.digest,
                annotations: annotations.map(|(key, value)| (key.as_str(), value.as_str())).collect(),
                created_at: best.created_at.map(time),
            })
        })
}

fn commit(artifacts: &DiscoveredArtifacts, url: &str) -> Value {
    let url = normalize_git(url);
    artifacts
        .git
        .iter()
        .filter(|result| normalize_git(&result.repo_url) == url)
        .find_map(|result| result.commits.first())
        .map_or(Value::Nil, |best| {
            Value::from(&DiscoveredCommit {
                id: &best.id,
                branch: &best.branch,
                tag: &best.tag,
                subject: &best.subject,
                author: &best.author,
                committer: &best.committer,
                creator_date: best.creator_date.map(time),
            })
        })
}

/// An empty name is any name. The repository of the answer is in its normal form, as Kargo has it.
fn chart(artifacts: &DiscoveredArtifacts, url: &str, name: &str) -> Value {
    let url = normalize_chart(url);
    artifacts
        .charts
        .iter()
        .filter(|result| normalize_chart(&result.repo_url) == url && (name.is_empty() || result.name == name))
        .find_map(|result| Some((result, result.versions.first()?)))
        .map_or(Value::Nil, |(result, version)| {
            Value::from(&DiscoveredChart { repo_url: &url, name: &result.name, version })
        })
}

/// Names are unique, and where they are not, Kargo answers with the last.
fn artifact(artifacts: &DiscoveredArtifacts, subscription: &str) -> Value {
    artifacts
        .results
        .iter()
        .rev()
        .filter(|result| result.subscription_name == subscription)
        .find_map(|result| result.artifact_references.first())
        .map_or(Value::Nil, |best| {
            let metadata = best.metadata.iter().flatten();
            Value::from(&DiscoveredArtifact {
                artifact_type: &best.artifact_type,
                subscription_name: &best.subscription_name,
                version: &best.version,
                metadata: Value::map(metadata.map(|(key, value)| (key.as_str(), from_json(value)))),
            })
        })
}

/// JSON as Go's decoder gives it to an expression: every number is a floating-point number.
fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => number.as_f64().map_or(Value::Nil, Value::Float),
        Json::String(text) => Value::text(text),
        Json::Array(items) => Value::list(items.iter().map(from_json).collect()),
        Json::Object(entries) => {
            Value::map(entries.iter().map(|(key, value)| (key.as_str(), from_json(value))))
        }
    }
}
