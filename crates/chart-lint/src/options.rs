//! Options of a lint.

/// What is known about the use of a chart. Without these, a few rules do not apply.
///
/// ```
/// use chart_lint::Options;
///
/// let options = Options::default().deployed(true).release(true);
/// assert!(options.deployed);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The chart is deployed: its version is at least 1.0.0. Defaults to no.
    pub deployed: bool,
    /// The chart is about to be released: it depends on no dev version. Defaults to no.
    pub release: bool,
}

impl Options {
    /// Sets [`deployed`](Self::deployed).
    #[must_use]
    pub fn deployed(mut self, deployed: bool) -> Self {
        self.deployed = deployed;
        self
    }

    /// Sets [`release`](Self::release).
    #[must_use]
    pub fn release(mut self, release: bool) -> Self {
        self.release = release;
        self
    }
}
