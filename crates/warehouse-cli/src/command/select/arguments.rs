//! What may follow `warehouse select`.

use clap::{Args, Subcommand};

/// Every rule reads candidates from standard input, one a line, and prints those that fit.
#[derive(Debug, Subcommand)]
pub(crate) enum Rule {
    /// Versions that meet a constraint, newest first, such as: warehouse select semver '^1.26.0' --limit 20 < tags.txt
    Semver(Semver),
    /// Names in descending order of their bytes.
    Lexical(Lexical),
    /// Lines that a regular expression of Go's syntax matches, in their own order.
    Regex(Regex),
    /// Paths that selectors include, in their own order.
    Paths(Paths),
    /// Candidates for which an expression is true, in their own order.
    ///
    /// A line that starts with { is a JSON object whose keys are the expression's variables; any other line is a tag,
    /// and the expression's variable `tag`.
    Expr(Expr),
}

/// What every rule takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Print no more than this many.
    #[arg(short, long, value_name = "N")]
    pub(crate) limit: Option<usize>,

    /// Print every candidate: a + before one that fits, a - before one that does not, with the reason behind a tab.
    #[arg(short, long)]
    pub(crate) explain: bool,
}

/// Which names are looked at at all.
#[derive(Debug, Args)]
pub(crate) struct Filter {
    /// Take only names that this regular expression, or another one given likewise, matches.
    #[arg(long, value_name = "REGEX")]
    pub(crate) allow: Vec<String>,

    /// Take no name that this regular expression matches.
    #[arg(long, value_name = "REGEX")]
    pub(crate) ignore: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Semver {
    /// The constraint, such as '^1.26.0' or '>=1.2, <3'; any version where there is none.
    pub(crate) constraint: Option<String>,

    /// Take names for versions that are no full major.minor.patch, such as v1.2, as `strictSemvers: false` does.
    #[arg(long)]
    pub(crate) loose: bool,

    #[command(flatten)]
    pub(crate) filter: Filter,

    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Lexical {
    #[command(flatten)]
    pub(crate) filter: Filter,

    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Regex {
    /// The regular expression; it may match anywhere in the line.
    pub(crate) pattern: String,

    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Paths {
    /// Selectors of `includePaths`: a path prefix, or glob:, regex: or regexp: and a pattern. Every path where there is none.
    #[arg(value_name = "SELECTOR")]
    pub(crate) include: Vec<String>,

    /// A selector of `excludePaths`. May be given several times.
    #[arg(long, value_name = "SELECTOR")]
    pub(crate) exclude: Vec<String>,

    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Expr {
    /// The expression, such as: tag startsWith 'v1.' && !(tag endsWith '-rc')
    pub(crate) expression: String,

    #[command(flatten)]
    pub(crate) common: Common,
}
