//! The arguments of `warehouse select`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ExplainFormat;

/// A rule, or where it is.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true
)]
pub(crate) struct Select {
    #[command(subcommand)]
    pub(crate) rule: Option<Rule>,

    /// Read the rule from the Warehouse in this file.
    #[arg(short, long = "filename", value_name = "FILE", required = true, help_heading = "Input")]
    pub(crate) filename: Option<PathBuf>,

    /// The subscription with the rule: its name, its repoURL, or its index in the manifest, from 0. Not needed where there is one.
    #[arg(long, value_name = "NAME|URL|N", help_heading = "Input")]
    pub(crate) subscription: Option<String>,

    #[command(flatten)]
    pub(crate) common: Common,
}

impl Select {
    /// How the results are printed.
    pub(crate) fn format(&self) -> ExplainFormat {
        let common = match &self.rule {
            None => &self.common,
            Some(Rule::Semver(rule)) => &rule.common,
            Some(Rule::Lexical(rule)) => &rule.common,
            Some(Rule::Regex(rule)) => &rule.common,
            Some(Rule::Paths(rule)) => &rule.common,
            Some(Rule::Expr(rule)) => &rule.common,
        };
        common.output
    }
}

/// Every rule reads candidates from standard input, one a line, and prints those that fit.
#[derive(Debug, Subcommand)]
pub(crate) enum Rule {
    /// Print versions that meet a constraint, newest first, such as: warehouse select semver '^1.26.0' --limit 20 < tags.txt
    Semver(Semver),
    /// Print names in descending byte order.
    Lexical(Lexical),
    /// Print lines that a regular expression of Go's syntax matches, in input order.
    Regex(Regex),
    /// Print paths that selectors include, in input order.
    Paths(Paths),
    /// Print candidates for which an expression is true, in input order.
    ///
    /// A line that starts with { is a JSON object whose keys are the expression's variables; any other line is a tag,
    /// and the expression's variable `tag`.
    Expr(Expr),
}

/// The arguments of every rule.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Common {
    /// Print no more than this many.
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = limit)]
    pub(crate) limit: Option<usize>,

    /// Print every candidate: a + before one that fits, a - before one that does not, with the reason behind a tab.
    #[arg(short, long)]
    pub(crate) explain: bool,

    /// How to print them.
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: ExplainFormat,
}

/// The names that are candidates at all.
#[derive(Debug, Args)]
pub(crate) struct Filter {
    /// Accept only names that one of these regular expressions matches. May be given several times.
    #[arg(long, value_name = "REGEX")]
    pub(crate) allow: Vec<String>,

    /// Reject names that this regular expression matches. May be given several times.
    #[arg(long, value_name = "REGEX")]
    pub(crate) ignore: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Semver {
    /// The constraint, such as '^1.26.0' or '>=1.2, <3'. Defaults to any version.
    pub(crate) constraint: Option<String>,

    /// Read incomplete names such as v1.2 as versions, as `strictSemvers: false` does.
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
    /// Selectors of `includePaths`: a path prefix, or glob:, regex: or regexp: and a pattern. Defaults to every path.
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

/// A number of candidates.
fn limit(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "it must be a number, 0 or more".to_owned())
}
