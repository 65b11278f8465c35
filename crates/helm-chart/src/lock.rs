//! `Chart.lock`: which version of each dependency was chosen.

use go_compat::time::{self, ParsedZone};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::decode::{Field, Lines, dependency, each, fields, text};
use crate::yaml::{self, Node, Value};
use crate::{Dependency, Error, go_yaml};

/// The content of `Chart.lock`, or of the `requirements.lock` of a chart with `apiVersion: v1`.
///
/// ```
/// use helm_chart::{Dependency, Lock};
///
/// let mut wanted = Dependency::default();
/// wanted.name = "redis".into();
/// wanted.version = "^18.0".into();
/// wanted.repository = "https://charts.example.com".into();
/// let mut chosen = wanted.clone();
/// chosen.version = "18.19.4".into();
///
/// let lock = Lock::new(&[wanted.clone()], vec![chosen], "2024-03-01T08:00:00Z")?;
/// assert!(lock.is_of(&[wanted.clone()]));
/// assert_eq!(Lock::parse(lock.to_yaml()?.as_bytes())?, lock);
///
/// wanted.version = "^19.0".into();
/// assert!(!lock.is_of(&[wanted]), "the digest is of other dependencies");
/// # Ok::<(), helm_chart::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lock {
    generated: String,
    digest: String,
    /// Nothing where the list is null: Helm writes it so.
    dependencies: Option<Vec<Dependency>>,
}

/// The time of a lock that names none.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

impl Lock {
    /// The lock of the dependencies that a chart wants, each with the one that was chosen for it, in the same order.
    ///
    /// # Errors
    ///
    /// If `generated` is not a time as RFC 3339 writes it.
    pub fn new(wanted: &[Dependency], chosen: Vec<Dependency>, generated: &str) -> Result<Self, Error> {
        let generated = normal_time(generated)
            .ok_or_else(|| Error::new(format!("{generated:?} is not a time as RFC 3339 writes it")))?;
        let digest = digest(&wanted, &chosen);
        Ok(Self { generated, digest, dependencies: Some(chosen) })
    }

    /// Reads a lock.
    ///
    /// # Errors
    ///
    /// If the file is not YAML in UTF-8, a field has another type than in Helm, or `generated` is not a time as RFC 3339 writes it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut lock = Self { generated: NO_TIME.to_owned(), digest: String::new(), dependencies: None };
        fields(yaml::read(bytes)?, "", &mut Lines::default(), |name, field, lines| match name {
            "generated" => generated(&field, &mut lock.generated),
            "digest" => text(field, &mut lock.digest),
            "dependencies" if matches!(field.node.value, Value::Null) => Ok(()),
            "dependencies" => {
                let mut dependencies = Vec::new();
                each(field, &mut dependencies, lines, dependency)?;
                lock.dependencies = Some(dependencies);
                Ok(())
            }
            _ => field.node.check_finite(),
        })?;
        Ok(lock)
    }

    /// The lock as Helm writes it.
    ///
    /// # Errors
    ///
    /// A text that YAML cannot hold, see [`go_yaml::to_string`].
    pub fn to_yaml(&self) -> Result<String, Error> {
        go_yaml::to_string(self)
    }

    /// When the lock was written, as RFC 3339 writes times.
    pub fn generated(&self) -> &str {
        &self.generated
    }

    /// The digest of the dependencies that are wanted and chosen: `sha256:` and 64 hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The dependencies that were chosen, each with an exact version.
    pub fn dependencies(&self) -> &[Dependency] {
        self.dependencies.as_deref().unwrap_or_default()
    }

    /// Whether this is the lock of the dependencies that a chart wants, by the digest as Helm 3 and 4 compute it: the SHA-256 of the JSON
    /// `[wanted, chosen]`.
    pub fn is_of(&self, wanted: &[Dependency]) -> bool {
        self.digest == digest(&wanted, &self.dependencies)
    }

    /// Whether this is the lock of a chart with `apiVersion: v1`, by the digest as Helm 2 computed it: the SHA-256 of the JSON
    /// `{"dependencies": wanted}`. Helm 3 and 4 take it for such charts.
    pub fn is_of_v1(&self, wanted: &[Dependency]) -> bool {
        #[derive(Serialize)]
        struct Requirements<'a> {
            dependencies: &'a [Dependency],
        }
        self.digest == sha256_of_json(&Requirements { dependencies: wanted })
    }
}

fn digest(wanted: &impl Serialize, chosen: &impl Serialize) -> String {
    sha256_of_json(&(wanted, chosen))
}

/// The digest of the JSON that Go writes, in which `<`, `>`, `&` and two kinds of line break are escaped.
fn sha256_of_json(value: &impl Serialize) -> String {
    // It fails for maps whose keys are not texts only.
    let json = serde_json::to_string(value).unwrap_or_default();
    let mut hash = Sha256::new();
    let mut rest = json.as_str();
    while let Some((at, letter)) =
        rest.char_indices().find(|(_, letter)| matches!(letter, '<' | '>' | '&' | '\u{2028}' | '\u{2029}'))
    {
        let (before, after) = rest.split_at(at);
        hash.update(before);
        hash.update(format!("\\u{:04x}", u32::from(letter)));
        rest = after.get(letter.len_utf8()..).unwrap_or_default();
    }
    hash.update(rest);
    format!("sha256:{:x}", hash.finalize())
}

fn generated(field: &Field<'_>, to: &mut String) -> Result<(), Error> {
    let Node { line, value } = &field.node;
    match value {
        Value::Null => Ok(()),
        Value::Text(text) => {
            *to = normal_time(text).ok_or_else(|| {
                Error::new(format!("`generated` is {text:?}, which is not a time as RFC 3339 writes it"))
                    .on_line(*line)
            })?;
            Ok(())
        }
        _ => Err(field.wrong("a time")),
    }
}

/// A time as Go writes it again: without zeros at the end of the fraction, and with `Z` for no offset.
fn normal_time(text: &str) -> Option<String> {
    let parsed = time::parse_rfc3339(text)?;
    let offset = match parsed.zone {
        ParsedZone::Offset { seconds, .. } => seconds,
        _ => 0,
    };
    Some(time::format("2006-01-02T15:04:05.999999999Z07:00", &parsed.civil, offset, ""))
}
