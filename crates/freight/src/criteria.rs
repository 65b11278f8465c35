//! Whether the best artifacts satisfy `freightCreationCriteria` ([rule 6.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).

use std::collections::BTreeSet;

use jiff::Timestamp;
use kargo_expr::{
    CompileError, DiscoveredArtifact, DiscoveredChart, DiscoveredCommit, DiscoveredImage, Environment,
    Expression, ExpressionError, Failure, FieldReads, Signatures, Time, Value,
};
use repository_url::{normalize_chart, normalize_git, normalize_image};
use serde_json::Value as Json;
use warehouse_spec::{DiscoveredArtifacts, FreightCreationPolicy, Warehouse};

/// The criteria could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CriteriaError {
    /// The text is not an expression, or its types do not fit.
    #[error("the expression does not compile")]
    Compile(#[source] CompileError),
    /// The evaluation failed, or did not come to a truth value.
    #[error("the expression has no truth value")]
    Evaluate(#[source] ExpressionError),
}

/// Compiled `freightCreationCriteria`.
///
/// ```
/// use freight::Criteria;
///
/// let criteria = Criteria::compile("imageFrom('ghcr.io/example/app').CreatedAt != nil")?;
/// assert!(criteria.needs_created().of_image("ghcr.io/example/app"));
/// assert!(!criteria.needs_created().of_image("ghcr.io/example/db"));
/// # Ok::<(), freight::CriteriaError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Criteria {
    expression: Expression,
}

impl Criteria {
    /// Compiles an expression of criteria ([rule 6.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    ///
    /// # Errors
    ///
    /// [`CriteriaError::Compile`] for a text that is not an expression, or whose types do not fit. A blank text is not one;
    /// [`Criteria::of`] knows that blank criteria are absent ones.
    pub fn compile(expression: &str) -> Result<Self, CriteriaError> {
        Expression::compile_with(expression, &Signatures::for_freight())
            .map(|expression| Self { expression })
            .map_err(CriteriaError::Compile)
    }

    /// The criteria that decide about Freight of this Warehouse: none if there are none, if they are blank, or if the
    /// policy is `Manual`, under which they are never evaluated.
    ///
    /// # Errors
    ///
    /// As [`Criteria::compile`].
    pub fn of(warehouse: &Warehouse) -> Result<Option<Self>, CriteriaError> {
        if warehouse.spec.freight_creation_policy == FreightCreationPolicy::Manual {
            return Ok(None);
        }
        let criteria = warehouse.spec.freight_creation_criteria.as_ref();
        let text = criteria.map(|criteria| criteria.expression.trim()).filter(|text| !text.is_empty());
        text.map(Self::compile).transpose()
    }

    /// The images whose time of creation the criteria may read.
    ///
    /// `imageFrom(url).CreatedAt` is nil where the discovery did not read the time, so a discovery should provide it for
    /// the best candidate of these images. Nothing is evaluated, and no image is left out: where the expression does not
    /// tell which image it names, all of them are in the answer, and so is an image that is written as a whole, as by
    /// `toJSON(imageFrom(url))`.
    #[must_use]
    pub fn needs_created(&self) -> NeededCreated {
        match self.expression.reads_of("imageFrom", "CreatedAt") {
            FieldReads::Of(urls) => {
                NeededCreated { urls: Some(urls.iter().map(|url| normalize_image(url)).collect()) }
            }
            FieldReads::Any => NeededCreated { urls: None },
        }
    }

    /// The expression as it was written.
    #[must_use]
    pub fn expression(&self) -> &str {
        self.expression.as_str()
    }

    /// Evaluates the criteria over the best artifact of every subscription.
    ///
    /// `now` is what `now()` answers; without it that function is an error.
    pub(crate) fn satisfied(
        &self,
        artifacts: &DiscoveredArtifacts,
        now: Option<Timestamp>,
    ) -> Result<bool, CriteriaError> {
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
        self.expression.decide(&environment).map_err(CriteriaError::Evaluate)
    }
}

/// The images whose time of creation criteria may read; see [`Criteria::needs_created`]. The default is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeededCreated {
    /// In normal form; without them, all images.
    urls: Option<BTreeSet<String>>,
}

impl NeededCreated {
    /// What the criteria of this Warehouse may read. Criteria that do not compile read nothing: they fail when Freight is
    /// built.
    #[must_use]
    pub fn of_warehouse(warehouse: &Warehouse) -> Self {
        match Criteria::of(warehouse) {
            Ok(Some(criteria)) => criteria.needs_created(),
            _ => Self::default(),
        }
    }

    /// Whether the time of the image in this repository may be read. Spellings of one repository are one, as for
    /// `imageFrom`.
    #[must_use]
    pub fn of_image(&self, repo_url: &str) -> bool {
        self.urls.as_ref().is_none_or(|urls| urls.contains(&normalize_image(repo_url)))
    }

    /// Whether no time is read.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.urls.as_ref().is_some_and(BTreeSet::is_empty)
    }
}

impl Default for NeededCreated {
    fn default() -> Self {
        Self { urls: Some(BTreeSet::new()) }
    }
}

/// An argument that is a text. What is known when the expression compiles has been checked then; the rest is checked here.
fn text(arguments: &[Value], index: usize) -> Result<String, Failure> {
    match arguments.get(index) {
        Some(Value::Text(text)) => Ok(String::from_utf8_lossy(text).into_owned()),
        Some(other) => Err(Failure::new(format!("a string was expected, not {}", other.type_name()))),
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
