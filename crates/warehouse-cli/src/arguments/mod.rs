//! The command line.

mod bundle;
mod chart;
mod egress;
mod manifest;
mod select;
mod watch;

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use image_source::CacheByTagPolicy;
use oci_registry::ImageName;

pub(crate) use egress::Egress;

pub(crate) use bundle::{LiveManifest, Record, Replay, ReplayFrom};

pub(crate) use chart::{
    Auto, Backup, BuildMarker, Changed, Chart, ChartFormat, Dependency, DependencyArguments, DevReleases,
    Dockerfile, Lint, LintFormat, LintReport, Package, Publishing, Push, Release, ReleaseChecks, Unlock,
};

pub(crate) use select::{Common, Expr, Filter, Lexical, Paths, Regex, Rule, Select, Semver};

pub(crate) use watch::{Exec, Rounds, Watch, WatchFormat};

pub(crate) use manifest::{Color, Files, Kind, LintManifests, Migrate, Schema};

/// The version, and the commit that it was built from, if that is known.
const VERSION: &str = env!("WAREHOUSE_VERSION");

/// Discover artifacts as a Kargo Warehouse does, and build Freight from them.
#[derive(Debug, Parser)]
#[command(name = "warehouse", version = VERSION, propagate_version = true, max_term_width = 120)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    pub(crate) messages: MessageArguments,
}

/// What is printed on standard error.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Messages")]
pub(crate) struct MessageArguments {
    /// Print errors only on standard error.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Print more on standard error: the cost of each subscription, each step of a release. Twice (-vv): each candidate as it is judged.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// When to use colours. By default on a terminal, unless NO_COLOR is set.
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto", hide_default_value = true)]
    pub(crate) color: Color,

    /// How to print messages: json is one object a line with `level`, `message` and `help`, and for what is wrong with a manifest also `rule`, `file`, `line`, `column` and `path`.
    #[arg(long, value_name = "FORMAT", global = true, default_value = "text")]
    pub(crate) log_format: LogFormat,
}

/// How messages are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// JSON for programs.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a demonstration: servers on loopback, a Warehouse, its Freight, a newer image, its Freight.
    ///
    /// Needs `git` and no network, ends by itself and removes what it created.
    #[cfg(feature = "demo")]
    Demo(Demo),

    /// List the newest artifacts of every subscription.
    Discover(Discovery),

    /// Build Freight from the newest artifacts.
    Freight(Discovery),

    /// Say why nothing fits, and show every candidate of every subscription, with the rule that decided.
    ///
    /// The first line of a subscription is a summary, or the cause where nothing fits. The candidates follow in the order of the strategy, the best first: + stands
    /// before those that are taken, - before the others, whose reason follows.
    Explain(Explain),

    /// Keep discovering, and print a line for each change.
    ///
    /// The first round prints what is there. After that, only what changes is printed: the best artifact of a subscription, a failure and its end, new Freight.
    /// --timeout is the limit of each round. Ctrl-C ends it with code 130, SIGTERM with 0.
    Watch(Watch),

    /// Discover, and write what the servers answered to a bundle: one file without credentials, to replay or to report a bug with.
    ///
    /// What fails is recorded as such, with exit code 0. No password, token or cookie is in the bundle; what the servers publish is.
    Record(Record),

    /// Discover again from a bundle, offline and at its time, or with other manifests.
    ///
    /// With other manifests it prints what would have been chosen. A subscription fails if that takes an answer which the bundle does not have, and names
    /// it. `discover`, `freight` and `explain` take a bundle, too: --replay.
    Replay(Replay),

    /// Check manifests. Nothing is sent.
    ///
    /// All problems are printed at once, each with its place and its remedy. Exit code 1 if there is an error, or with --strict a warning; 2 if a file
    /// cannot be read.
    Lint(LintManifests),

    /// Rewrite old spellings of manifests to those of a release of Kargo. Nothing is sent.
    ///
    /// Comments, order, quotation marks and blank lines stay. Prints the manifest, unless --diff or --in-place is given. Exit code 1 if something is left that
    /// only a person can change, or that the release does not know; 2 if a file cannot be read or written.
    Migrate(Migrate),

    /// Print the JSON Schema of manifests, for editors.
    Schema(Schema),

    /// Serve an editor: what `lint` finds, while manifests are written.
    ///
    /// Speaks the Language Server Protocol on standard input and output. An editor starts it for YAML files; its settings are in
    /// the guide (docs/src/guide/editors.md). Nothing is sent.
    Lsp,

    /// Apply one rule to the lines of standard input, best first.
    ///
    /// The rule is one of the commands below, or that of a subscription: warehouse select -f warehouse.yaml --subscription 0 < tags.txt
    Select(Select),

    /// Publish Helm charts: package, push, index, tag.
    #[command(subcommand)]
    Chart(Chart),

    /// Check Dockerfiles.
    #[command(subcommand)]
    Dockerfile(Dockerfile),

    /// Show or empty the cache folder.
    #[command(subcommand)]
    Cache(CacheCommand),

    /// Print the script that completes commands in a shell, such as: warehouse completions bash > /etc/bash_completion.d/warehouse
    Completions(Completions),

    /// Write the man pages of all commands into a folder.
    Man(Man),
}

impl Command {
    /// The form of the list of items and errors that is printed whatever the outcome, if one is asked for.
    pub(crate) fn document(&self) -> Option<ExplainFormat> {
        match self {
            Self::Discover(arguments) | Self::Freight(arguments) => arguments.output.of_list(),
            Self::Replay(arguments) => arguments.output.of_list(),
            Self::Explain(arguments) => arguments.output.of_list(),
            Self::Select(arguments) => arguments.format().of_list(),
            Self::Lint(arguments) => arguments.report.output.of_list(),
            Self::Dockerfile(Dockerfile::Lint(arguments)) => arguments.report.output.of_list(),
            Self::Chart(arguments) => arguments.document(),
            #[cfg(feature = "demo")]
            Self::Demo(_) => None,
            Self::Watch(_)
            | Self::Record(_)
            | Self::Migrate(_)
            | Self::Schema(_)
            | Self::Lsp
            | Self::Cache(_)
            | Self::Completions(_)
            | Self::Man(_) => None,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Print the folder.
    Path(CacheFolder),
    /// Print how many bytes its files take.
    Size(CacheFolder),
    /// Remove it. No other process may use it meanwhile; the next run builds it again.
    Clear(CacheFolder),
}

/// The cache folder.
#[derive(Debug, Args)]
pub(crate) struct CacheFolder {
    /// The folder [default: the platform's cache folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The folder; it is made if it is missing. Files of the same names are replaced.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

#[cfg(feature = "demo")]
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Write the manifest into this new folder and leave it there.
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,

    /// Include publishing: charts are packaged and released to the servers, and a Warehouse discovers them.
    #[arg(long)]
    pub(crate) publish: bool,

    /// Leave the servers up until Ctrl-C, and print where the manifest is: for trying the other commands.
    #[arg(long, conflicts_with = "publish")]
    pub(crate) serve: bool,
}

/// The arguments of every command that discovers.
#[derive(Debug, Args)]
#[command(group = source())]
pub(crate) struct Discovery {
    #[command(flatten)]
    pub(crate) manifest: Manifest,

    #[command(flatten)]
    pub(crate) from: ReplayFrom,

    #[command(flatten)]
    pub(crate) network: DiscoveryNetwork,

    /// How to print the results; json and yaml have Kargo's own form.
    #[arg(short, long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
#[command(group = source())]
pub(crate) struct Explain {
    #[command(flatten)]
    pub(crate) manifest: Manifest,

    #[command(flatten)]
    pub(crate) from: ReplayFrom,

    #[command(flatten)]
    pub(crate) network: DiscoveryNetwork,

    /// Show only this subscription: its name, its repoURL, or its index in the manifest, from 0.
    #[arg(long, value_name = "NAME|URL|N", help_heading = "Output")]
    pub(crate) subscription: Option<String>,

    /// Show only this candidate: a tag, a version, the beginning of a commit's id, or what `discover -o name` prints. May be given several times; exit
    /// code 1 if it is not a candidate of any subscription that has answered.
    #[arg(long, value_name = "TAG|VERSION|COMMIT", value_parser = clap::builder::NonEmptyStringValueParser::new(), help_heading = "Output")]
    pub(crate) candidate: Vec<String>,

    /// Show only the candidates on which this rule decided.
    #[arg(long, value_name = "RULE", value_parser = rules(), help_heading = "Output")]
    pub(crate) reason: Option<String>,

    /// How to print it.
    #[arg(short, long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub(crate) output: ExplainFormat,
}

/// What is read: manifests, a bundle, or both.
fn source() -> ArgGroup {
    ArgGroup::new("source").args(["filenames", "replay"]).required(true).multiple(true)
}

/// How an explanation is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExplainFormat {
    /// Lines for people; `table` is the same.
    #[value(alias = "table")]
    Text,
    /// JSON for programs.
    Json,
    /// The same as YAML.
    Yaml,
}

impl ExplainFormat {
    /// The same, if it is one for programs.
    pub(crate) fn of_list(self) -> Option<Self> {
        Some(self).filter(|format| *format != Self::Text)
    }
}

/// The manifests to read.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct Manifest {
    /// Read this file, every .yaml, .yml and .json file of this folder, the files that this pattern matches, such as 'apps/**/warehouse.yaml', or
    /// standard input (-). May be given several times.
    #[arg(short, long = "filename", value_name = "FILE|DIR|GLOB|-")]
    pub(crate) filenames: Vec<PathBuf>,

    /// Read the folders within a folder, too. Hidden ones and symbolic links to folders are left out.
    #[arg(short = 'R', long)]
    pub(crate) recursive: bool,

    /// Treat unknown fields as errors.
    #[arg(long)]
    pub(crate) strict: bool,

    /// Leave out files and Warehouses with errors, and go on with the others. The exit code is 1 then, and 2 if none is left.
    #[arg(long)]
    pub(crate) keep_going: bool,
}

/// The use of the network. The heading of what is flattened stays in force behind it, so each argument names its own.
#[derive(Clone, Debug, Args)]
pub(crate) struct Network {
    #[command(flatten)]
    pub(crate) credentials: Credentials,

    /// The time limit of the whole command, such as 30s or 5m.
    #[arg(long, help_heading = "Network", value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub(crate) timeout: Duration,

    /// Use plain http with this registry; loopback is allowed by default. May be given several times.
    #[arg(long, help_heading = "Network", value_name = "HOST[:PORT]")]
    pub(crate) plain_http: Vec<RegistryHost>,

    /// Use https with this registry although it is on loopback. May be given several times.
    #[arg(long, help_heading = "Network", value_name = "HOST[:PORT]")]
    pub(crate) https: Vec<RegistryHost>,

    /// Send this registry at most this many requests a second, instead of 20. May be given several times.
    #[arg(long, help_heading = "Network", value_name = "HOST[:PORT]=N")]
    pub(crate) registry_rate: Vec<RegistryRate>,

    /// Trust the certificate authorities of this PEM file besides the system's.
    #[arg(long, help_heading = "Network", value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// The use of the network by the commands that discover.
#[derive(Clone, Debug, Args)]
pub(crate) struct DiscoveryNetwork {
    #[command(flatten)]
    pub(crate) network: Network,

    /// Discover this many subscriptions at once.
    #[arg(long, help_heading = "Network", value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) concurrency: u16,

    #[command(flatten)]
    pub(crate) cache: Cache,

    #[command(flatten)]
    pub(crate) egress: Egress,
}

/// What is kept between runs.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Cache")]
pub(crate) struct Cache {
    /// The policy for `cacheByTag`: Forbid (tags are always requested again), Allow (as each subscription sets it), Require (a
    /// subscription that does not set it fails) or Force (tags are never requested again).
    #[arg(long, value_name = "POLICY", default_value = "Allow")]
    pub(crate) cache_by_tag_policy: CacheByTagPolicy,

    /// Keep what the next run can reuse in this folder [default: the platform's cache folder]
    #[arg(long, value_name = "DIR", conflicts_with = "no_cache")]
    pub(crate) cache_dir: Option<PathBuf>,

    /// Reuse nothing of an earlier run, and leave nothing for the next.
    #[arg(long)]
    pub(crate) no_cache: bool,
}

/// The sources of credentials.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Credentials")]
pub(crate) struct Credentials {
    /// Sign in with the Secrets in this file, in every .yaml, .yml and .json file of this folder, or on standard
    /// input (-): manifests in Kargo's form, and those of the types kubernetes.io/dockerconfigjson and dockercfg. They
    /// take precedence over DOCKER_AUTH_CONFIG, and that over docker's config.json. May be given several times.
    #[arg(long, value_name = "FILE|DIR|-")]
    pub(crate) credentials: Vec<PathBuf>,

    /// Read neither DOCKER_AUTH_CONFIG nor docker's config.json nor Podman's auth.json, and start no credential helper.
    #[arg(long)]
    pub(crate) no_docker_config: bool,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns, the newest five of each subscription.
    Table,
    /// Columns, everything, nothing shortened.
    Wide,
    /// Kargo's own form as JSON.
    Json,
    /// Kargo's own form as YAML.
    Yaml,
    /// Names only, one a line.
    Name,
}

impl Format {
    /// The form of the list that is printed whatever the outcome, if it is one.
    pub(crate) fn of_list(self) -> Option<ExplainFormat> {
        match self {
            Self::Json => Some(ExplainFormat::Json),
            Self::Yaml => Some(ExplainFormat::Yaml),
            Self::Table | Self::Wide | Self::Name => None,
        }
    }
}

/// The rules by which candidates are rejected, and `accepted` for the others.
fn rules() -> clap::builder::PossibleValuesParser {
    ["accepted"].into_iter().chain(selection_strategies::Rejection::RULES).collect::<Vec<_>>().into()
}

/// A duration in Kubernetes' form: `90s`, `5m`, `1h30m`.
fn duration(text: &str) -> Result<Duration, String> {
    match text.parse::<warehouse_spec::Interval>() {
        Ok(interval) if !interval.as_duration().is_zero() => Ok(interval.as_duration()),
        Ok(_) => Err("it must be longer than zero".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// The host of a registry: `ghcr.io`, `registry.internal:5000`, `[::1]:5000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RegistryHost(pub(crate) String);

impl FromStr for RegistryHost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match format!("oci://{text}/any").parse::<ImageName>() {
            Ok(_) if !text.contains('/') => Ok(Self(text.to_owned())),
            _ => {
                Err("name a registry by its host alone, such as ghcr.io or registry.internal:5000".to_owned())
            }
        }
    }
}

/// The rate of requests to a registry: `ghcr.io=50`, `registry.internal:5000=0.5`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RegistryRate {
    pub(crate) host: RegistryHost,
    pub(crate) per_second: f64,
}

impl FromStr for RegistryRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, number) = text.rsplit_once('=').ok_or("write HOST=N, such as ghcr.io=50")?;
        match number.parse::<f64>() {
            Ok(per_second) if per_second.is_finite() && per_second > 0.0 => {
                Ok(Self { host: host.parse()?, per_second })
            }
            _ => Err(format!("{number:?} is not a number above zero")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_hold_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn registry_rates() {
        let read = |text: &str| text.parse::<RegistryRate>().map(|rate| (rate.host.0, rate.per_second));
        assert_eq!(read("ghcr.io=50"), Ok(("ghcr.io".to_owned(), 50.0)));
        assert_eq!(read("[::1]:5000=0.5"), Ok(("[::1]:5000".to_owned(), 0.5)));
        assert_eq!(read("registry=0.5"), Ok(("registry".to_owned(), 0.5)));
        for wrong in
            ["", "ghcr.io", "=5", "ghcr.io=", "ghcr.io=0", "ghcr.io=-1", "ghcr.io=NaN", "ghcr.io=inf"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hosts() {
        for right in ["ghcr.io", "localhost", "registry", "127.0.0.1:5000", "[::1]:5000"] {
            assert!(right.parse::<RegistryHost>().is_ok(), "{right}");
        }
        for wrong in ["", "http://x", "x/y", "a b", "x:port", "me@x", "x?y"] {
            assert!(wrong.parse::<RegistryHost>().is_err(), "{wrong}");
        }
    }
}
