//! A manifest as a whole: how it is read, what was read from it, what was skipped, and what is wrong with it.

use std::collections::BTreeMap;
use std::ops::Deref;

use diagnostics::Location;

use crate::diagnostic::Diagnostic;
use crate::freight::Freight;
use crate::warehouse::Warehouse;
use crate::yaml::Limits;

/// How [`parse`](crate::parse) reads: how strictly, and up to which size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Whether warnings about unknown, duplicate or misplaced keys are errors.
    pub strict: bool,
    /// How large a manifest may be.
    pub limits: Limits,
}

impl Options {
    /// The same options with strictness on or off.
    #[must_use]
    pub fn with_strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// The same options with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

/// The result of [`parse`](crate::parse): what one file holds.
///
/// A document with an error is not among `warehouses` or `freights`; every other one is. [`Manifest::is_valid`] says whether there was an error at all.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Manifest {
    /// The Warehouses without an error, in the order of the file.
    pub warehouses: Vec<Located<Warehouse>>,
    /// The Freight documents without an error, in the order of the file.
    pub freights: Vec<Located<Freight>>,
    /// Documents of other kinds, which were not read.
    pub skipped: Vec<Skipped>,
    /// Everything wrong with the file, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

impl Manifest {
    /// Whether nothing in the file is an error; warnings do not count.
    pub fn is_valid(&self) -> bool {
        self.errors().next().is_none()
    }

    /// The errors among the diagnostics.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|found| found.is_error())
    }

    /// The warnings among the diagnostics.
    pub fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|found| !found.is_error())
    }
}

/// What [`from_value`](crate::from_value) made of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parsed<T> {
    /// The value in normal form; none where there is an error.
    pub value: Option<T>,
    /// Everything wrong with it, warnings included.
    pub diagnostics: Vec<Diagnostic>,
}

impl<T> Parsed<T> {
    /// The value, or every error.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] where a diagnostic is an error. Warnings are dropped either way.
    pub fn into_result(self) -> Result<T, InvalidValue> {
        let Self { value, mut diagnostics } = self;
        diagnostics.retain(Diagnostic::is_error);
        value.ok_or(InvalidValue { errors: diagnostics })
    }
}

/// A value that cannot be used, with every error in it. `Display` is one line: `path: message; path: message`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.line())]
pub struct InvalidValue {
    errors: Vec<Diagnostic>,
}

impl InvalidValue {
    /// The errors, with their paths and with what to do about them.
    pub fn errors(&self) -> &[Diagnostic] {
        &self.errors
    }

    fn line(&self) -> String {
        let errors = self.errors.iter().map(|error| match error.path.as_str() {
            "" => error.message.clone(),
            path => format!("{path}: {}", error.message),
        });
        errors.collect::<Vec<_>>().join("; ")
    }
}

/// A document of another kind, such as a Stage, a Project or a Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Its `kind`; empty when it has none.
    pub kind: String,
    /// Its `metadata.name`; empty when it has none.
    pub name: String,
    /// Where it starts.
    pub location: Location,
}

/// A value read from a manifest, and where each of its fields was written.
///
/// It dereferences to the value. Fields are named by their paths in **normal form**, for any spelling in the manifest:
/// `spec.subscriptions[0].chart.repoURL` finds the `helm: {repoURL: …}` it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    value: T,
    start: Location,
    places: BTreeMap<String, Location>,
}

impl<T> Located<T> {
    pub(crate) fn new(value: T, start: Location, places: BTreeMap<String, Location>) -> Self {
        Self { value, start, places }
    }

    /// The same value with every place moved.
    pub(crate) fn moved(mut self, to: impl Fn(&Location) -> Location) -> Self {
        self.start = to(&self.start);
        self.places.values_mut().for_each(|place| *place = to(place));
        self
    }

    /// The value without its places.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Where the field of this path was written; where it was not, the nearest field around it; at last the document.
    ///
    /// So a message about a missing branch can point at `spec.subscriptions[1].git.branch` without knowing whether the
    /// manifest names one.
    pub fn locate(&self, path: &str) -> &Location {
        let mut path = path;
        loop {
            if let Some(location) = self.places.get(path) {
                return location;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return &self.start,
            }
        }
    }

    /// Where the subscription of this index was written.
    pub fn locate_subscription(&self, index: usize) -> &Location {
        self.locate(&format!("spec.subscriptions[{index}]"))
    }
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> AsRef<T> for Located<T> {
    fn as_ref(&self) -> &T {
        &self.value
    }
}
