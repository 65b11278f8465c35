//! What becomes of candidates that the registry refuses to show.

use artifact_source::{Error, Rejection, Warning};

use crate::miss::unreadable;

/// So many refusals at the head of the order, without anything else between, are no matter of single tags.
pub(crate) const MOST_AT_HEAD: usize = 8;
/// How many tags a warning names.
const NAMED: usize = 3;

/// The candidates of one discovery that were refused, and whether any other was not.
///
/// A definite refusal of one candidate is not the registry being away: it is passed over with a warning, where its
/// neighbours answer. Where none does, or where the first few of the order are all refused, nobody lets us in, and the
/// discovery fails. Whether that is so follows from the order alone, and not from who answered first.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// In the order in which candidates come.
    refused: Vec<(String, Error)>,
    /// Whether a manifest could be read.
    answered: bool,
    /// Whether anything but a refusal has come.
    interrupted: bool,
}

impl Tally {
    /// The candidate that comes next was refused.
    pub(crate) fn refuse(&mut self, tag: &str, error: Error) {
        self.refused.push((tag.to_owned(), error));
    }

    /// The one that comes next was read.
    pub(crate) fn answer(&mut self) {
        self.answered = true;
        self.interrupted = true;
    }

    /// The one that comes next is gone.
    pub(crate) fn interrupt(&mut self) {
        self.interrupted = true;
    }

    /// With how many more refusals at the head of the order it ends; `None` if that can no longer be.
    pub(crate) fn patience(&self) -> Option<usize> {
        (!self.interrupted).then(|| MOST_AT_HEAD.saturating_sub(self.refused.len()))
    }

    /// The first refusal of all, given those that come next, with the reason why none of them is passed over.
    pub(crate) fn first(&self, next: Error) -> Error {
        let error = self.refused.first().map_or(next, |(_, error)| error.clone());
        error.with_additional_hint(format!(
            "the registry refuses each of the first {MOST_AT_HEAD} tags, so that no older one is taken instead"
        ))
    }

    /// Why each was passed over.
    ///
    /// # Errors
    ///
    /// The first refusal, where no candidate could be read.
    pub(crate) fn settle(&self) -> Result<Vec<(&str, Rejection)>, Error> {
        match self.refused.first() {
            Some((_, error)) if !self.answered => Err(error.clone()),
            _ => Ok(self
                .refused
                .iter()
                .map(|(tag, error)| (tag.as_str(), unreadable(reason(error))))
                .collect()),
        }
    }

    /// The warning about all of them.
    pub(crate) fn warning(&self) -> Option<Warning> {
        let named = self.refused.iter().take(NAMED).map(|(tag, error)| format!("{tag} ({})", reason(error)));
        let mut named: Vec<String> = named.collect();
        match self.refused.len() {
            0 => return None,
            count if count > NAMED => named.push(format!("and {} more", count - NAMED)),
            _ => {}
        }
        let message = format!("passed over, although it could be the newest: {}", named.join(", "));
        Some(Warning::new(message).with_hint(
            "find out why it cannot be read; if it is not wanted, leave it out with `ignoreTagsRegexes`",
        ))
    }
}

/// What was refused, without what is the same for every tag.
fn reason(error: &Error) -> String {
    let Some(status) = error.status() else { return error.to_string() };
    let code = error.code().map(|code| format!(" {code}")).unwrap_or_default();
    let said = error.server_message().map(|said| format!(": {said}")).unwrap_or_default();
    format!("the registry refuses it with HTTP {status}{code}{said}")
}
