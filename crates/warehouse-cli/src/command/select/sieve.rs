//! Rules that let a line through or not, and leave the order as it is.

use std::fmt::Display;
use std::io::{self, Write};

use selection_strategies::path::PathSelectors;
use selection_strategies::{Rejection, TagFilter};

use super::Judge;
use super::arguments::{Common, Paths, Regex};
use super::lines::{chosen, rejected};
use crate::message::with_causes;

pub(super) fn regex(regex: &Regex) -> Result<Judge<'_>, String> {
    let filter = TagFilter::builder().allow(&regex.pattern).build().map_err(|error| with_causes(&error))?;
    Ok(Box::new(move |lines, out| {
        let mut sieve = Sieve::new(&regex.common);
        for line in lines.text()? {
            sieve.sort(out, line.as_bytes(), filter.judge(line).into_result())?;
        }
        Ok(sieve.chosen)
    }))
}

pub(super) fn paths(paths: &Paths) -> Result<Judge<'_>, String> {
    let selectors =
        PathSelectors::new(&paths.include, &paths.exclude).map_err(|error| with_causes(&error))?;
    Ok(Box::new(move |lines, out| {
        let mut sieve = Sieve::new(&paths.common);
        for line in lines.bytes() {
            let verdict = selectors.judge(line);
            sieve.sort(out, line, if verdict.is_included() { Ok(()) } else { Err(verdict) })?;
        }
        Ok(sieve.chosen)
    }))
}

/// Lets lines through up to the limit.
pub(super) struct Sieve {
    limit: usize,
    explain: bool,
    pub(super) chosen: usize,
}

impl Sieve {
    pub(super) fn new(common: &Common) -> Self {
        Self { limit: common.limit.unwrap_or(usize::MAX), explain: common.explain, chosen: 0 }
    }

    /// Prints a line that was judged, as far as limit and arguments let it be seen.
    pub(super) fn sort(
        &mut self,
        out: &mut dyn Write,
        line: &[u8],
        verdict: Result<(), impl Display>,
    ) -> io::Result<()> {
        match verdict {
            Ok(()) if self.chosen < self.limit => {
                self.chosen += 1;
                chosen(out, self.explain, line)
            }
            Ok(()) => rejected(out, self.explain, line, &Rejection::BeyondLimit { limit: self.limit }),
            Err(why) => rejected(out, self.explain, line, &why),
        }
    }
}
