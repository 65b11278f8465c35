//! What an expression can name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::error::Failure;
use crate::kind::{Kind, MapKind};
use crate::time::Time;
use crate::value::{Key, Map, Value};

/// The parameters and the result of a function of the environment.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    /// The kinds of the arguments.
    pub parameters: Vec<Kind>,
    /// The kind of the result; it may be nil instead.
    pub result: Kind,
}

/// The functions that expressions may call, known when they are compiled.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signatures {
    functions: BTreeMap<&'static str, Vec<Signature>>,
}

impl Signatures {
    /// No functions: what the filters of commits and tags have.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a function, or another way to call it.
    #[must_use]
    pub fn with(mut self, name: &'static str, parameters: impl Into<Vec<Kind>>, result: Kind) -> Self {
        let signature = Signature { parameters: parameters.into(), result };
        self.functions.entry(name).or_default().push(signature);
        self
    }

    /// The names of the functions.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.functions.keys().copied()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&[Signature]> {
        self.functions.get(name).map(Vec::as_slice)
    }
}

/// A function of an environment. The arguments fit one of its signatures, as far as was known when
/// the expression was compiled.
pub type Function<'a> = Box<dyn Fn(&[Value]) -> Result<Value, Failure> + Send + Sync + 'a>;

/// What an expression is evaluated with: variables, functions and the clock.
///
/// ```
/// use kargo_expr::{Environment, Expression, Value};
///
/// let environment = Environment::new().variable("subject", "feat: add thing");
/// let expression = Expression::compile("subject startsWith 'feat' && missing == nil")?;
/// assert!(expression.decide(&environment)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Environment<'a> {
    variables: Option<Map>,
    functions: BTreeMap<&'static str, Function<'a>>,
    now: Option<Time>,
}

impl<'a> Environment<'a> {
    /// An environment without values: every name is nil.
    #[must_use]
    pub fn new() -> Self {
        Self::from_variables([])
    }

    /// An environment that has no variables at all: to name one is an error ([rule 6.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
    #[must_use]
    pub fn without_variables() -> Self {
        Self::default()
    }

    /// Sets a variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<Value>) -> Self {
        let mut variables: Vec<(Arc<[u8]>, Value)> = match &self.variables {
            Some(variables) => variables.entries().iter().filter_map(entry).collect(),
            None => Vec::new(),
        };
        variables.push((name.as_bytes().into(), value.into()));
        self.variables = Some(text_map(variables));
        self
    }

    /// An environment with all its variables at once.
    pub(crate) fn from_variables<const N: usize>(variables: [(&str, Value); N]) -> Self {
        Self { variables: Some(text_map(variables)), ..Self::default() }
    }

    /// Provides a function that was declared in the [`Signatures`].
    #[must_use]
    pub fn function(
        mut self,
        name: &'static str,
        function: impl Fn(&[Value]) -> Result<Value, Failure> + Send + Sync + 'a,
    ) -> Self {
        self.functions.insert(name, Box::new(function));
        self
    }

    /// Sets what `now()` returns. Without it `now()` is an error: the crate has no clock.
    #[must_use]
    pub fn now(mut self, now: Time) -> Self {
        self.now = Some(now);
        self
    }

    pub(crate) fn variables(&self) -> Option<&Map> {
        self.variables.as_ref()
    }

    pub(crate) fn get_function(&self, name: &str) -> Option<&Function<'a>> {
        self.functions.get(name)
    }

    pub(crate) fn clock(&self) -> Option<&Time> {
        self.now.as_ref()
    }
}

impl fmt::Debug for Environment<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Environment")
            .field("variables", &self.variables)
            .field("functions", &self.functions.keys().collect::<Vec<_>>())
            .field("now", &self.now)
            .finish()
    }
}

fn entry((key, value): (&Key, &Value)) -> Option<(Arc<[u8]>, Value)> {
    match key {
        Key::Text(text) => Some((Arc::clone(text), value.clone())),
        _ => None,
    }
}

fn text_map<K: AsRef<[u8]>>(entries: impl IntoIterator<Item = (K, Value)>) -> Map {
    let entries = entries.into_iter().map(|(key, value)| (Key::Text(key.as_ref().into()), value));
    Map::new(MapKind::TextToAny, entries.collect())
}
