//! How a manifest is read.

/// What [`parse`](crate::parse) tolerates.
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

/// How large a manifest may be. The defaults are far above any manifest a cluster would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of text; 4 MiB by default.
    pub bytes: usize,
    /// Mappings and lists within one another; 64 by default.
    pub depth: usize,
    /// Values of one file, each alias counted as the values it stands for; 200,000 by default.
    pub nodes: usize,
    /// Bytes of text that aliases may repeat; 4 MiB by default.
    pub alias_bytes: usize,
    /// Diagnostics per file, after which the rest is counted and not listed; 1,000 by default.
    pub diagnostics: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 4 << 20, depth: 64, nodes: 200_000, alias_bytes: 4 << 20, diagnostics: 1_000 }
    }
}
