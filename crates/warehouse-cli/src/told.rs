//! What a command has told as errors, and whether it has printed its results: a document for programs has one shape, whatever the outcome.

use std::sync::Mutex;

use artifact_source::{Error, ErrorKind, lock};

use crate::arguments::ExplainFormat;
use crate::exit::Exit;
use crate::output::Failure;

/// What was told and printed so far. Nothing is kept where no document is asked for.
#[derive(Debug)]
pub(crate) struct Told {
    /// The form of the document, where one is asked for.
    format: Option<ExplainFormat>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    errors: Vec<Failure>,
    has_results: bool,
}

impl Told {
    pub(crate) fn new(format: Option<ExplainFormat>) -> Self {
        Self { format, state: Mutex::default() }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut lock(&self.state))
    }

    /// Keeps an error for the document.
    pub(crate) fn error(&self, failure: impl FnOnce() -> Failure) {
        if self.format.is_some() {
            self.with(|state| state.errors.push(failure()));
        }
    }

    /// Says that the results are about to be printed.
    pub(crate) fn results_begin(&self) {
        self.with(|state| state.has_results = true);
    }

    /// The errors so far, as errors of a command that ends like this.
    pub(crate) fn errors(&self, exit: Exit) -> Vec<Failure> {
        let mut errors = self.with(|state| std::mem::take(&mut state.errors));
        let kind = match exit {
            Exit::Success | Exit::Failure => "failed",
            Exit::Usage => ErrorKind::InvalidInput.as_str(),
            Exit::Interrupted => ErrorKind::Cancelled.as_str(),
        };
        errors.iter_mut().for_each(|error| error.kind_unless_known(kind));
        errors
    }

    /// The form of the document, and the errors in it, for a command that has ended like this without one.
    pub(crate) fn left(&self, exit: Exit) -> Option<(ExplainFormat, Vec<Failure>)> {
        let format = self.format.filter(|_| !self.with(|state| state.has_results))?;
        let mut errors = self.errors(exit);
        if errors.is_empty() && exit == Exit::Interrupted {
            let error = Error::new(ErrorKind::Cancelled, "interrupted before there was a result");
            errors.push(Failure::of_error(&error, error.to_string()));
        }
        Some((format, errors))
    }
}
