//! The arguments of `warehouse chart` and `warehouse dockerfile`.

use std::path::PathBuf;

use chart_release::DevVersion;
use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::{ExplainFormat, Network};

/// Publish Helm charts: package, push, index, tag.
#[derive(Debug, Subcommand)]
pub(crate) enum Chart {
    /// Package charts into archives that Helm can install.
    ///
    /// The same chart gives the same bytes on every machine. Dependencies are taken from Chart.lock, where there is one.
    // `--version` is the version of the charts.
    #[command(disable_version_flag = true)]
    Package(Package),

    /// Push archives to an OCI registry. A version that is published with other content is refused.
    Push(Push),

    /// Put archives into a chart repository on object storage, and into its index.yaml.
    Backup(Backup),

    /// Show what `release` would do, and why. Nothing is published.
    Plan(Release),

    /// Release charts: package all, push all, index once, tag last.
    ///
    /// Only what is missing is done, so the same command finishes a release that was interrupted. A release is
    /// refused if the work tree has changes, the commit is not on the remote's default branch, a tag names another commit, a
    /// version is published with other content, or a chart depends on a dev version.
    Release(Release),

    /// Publish dev versions of the named charts, or of all charts.
    ///
    /// A chart that fails does not stop the others.
    ReleaseDev(DevReleases),

    /// Release the charts whose version has no tag yet, and publish dev versions of the others.
    Auto(Auto),

    /// Remove the lock that a killed release left in a store.
    ///
    /// Only stores that cannot write on a condition have locks (rclone:REMOTE, some servers of S3). A lock whose holder was killed lapses by
    /// itself, and the next release removes it; this command removes it at once and prints its holder. Without --force
    /// only locks that have lapsed are removed, and the exit code is 1 if another lock is held.
    Unlock(Unlock),

    /// List the charts that a change touches, and the charts that depend on them.
    Changed(Changed),

    /// Print the last marker of a commit message that asks for an image, [build APP TAG].
    ///
    /// The output is a JSON object for scripts with the keys `app` and `tag`, and not the list that -o json of other commands prints. The exit code is 1 if there is no marker, and 2 if it asks for an app that is not among those of --app.
    BuildMarker(BuildMarker),

    /// Check charts against best practices.
    Lint(Lint),

    /// Lock the dependencies of a chart, or verify its Chart.lock.
    #[command(subcommand)]
    Dependency(Dependency),
}

impl Chart {
    /// The form of the list of items and errors that is printed whatever the outcome, if one is asked for.
    pub(crate) fn document(&self) -> Option<ExplainFormat> {
        match self {
            Self::Package(arguments) => arguments.output.of_list(),
            Self::Push(arguments) => arguments.output.of_list(),
            Self::Backup(arguments) => arguments.output.of_list(),
            Self::Plan(arguments) | Self::Release(arguments) => arguments.publishing.output.of_list(),
            Self::ReleaseDev(arguments) => arguments.publishing.output.of_list(),
            Self::Auto(arguments) => arguments.releases.publishing.output.of_list(),
            Self::Changed(arguments) => arguments.output.of_list(),
            Self::Lint(arguments) => arguments.report.output.of_list(),
            Self::Unlock(_) | Self::BuildMarker(_) | Self::Dependency(_) => None,
        }
    }
}

/// Check Dockerfiles.
#[derive(Debug, Subcommand)]
pub(crate) enum Dockerfile {
    /// Check Dockerfiles against best practices.
    Lint(LintDockerfile),
}

#[derive(Debug, Args)]
pub(crate) struct Package {
    /// Folders of charts.
    #[arg(value_name = "FOLDER", required = true)]
    pub(crate) folders: Vec<PathBuf>,

    /// Write the archives into this folder.
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub(crate) destination: PathBuf,

    /// Set the version of the charts.
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,

    /// Set the version of the applications.
    #[arg(long, value_name = "VERSION")]
    pub(crate) app_version: Option<String>,

    /// The folder that `file://` dependencies and links must not leave. Defaults to the current folder, or to the parent of the
    /// chart's folder if the chart is outside the current folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) network: Network,

    /// How to print the names and digests of the archives.
    #[arg(short, long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    pub(crate) output: ChartFormat,
}

/// How results about charts are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ChartFormat {
    /// Columns for people.
    Table,
    /// JSON for programs.
    Json,
    /// Names only, one a line.
    Name,
}

impl ChartFormat {
    /// The form of the list, if it is one.
    fn of_list(self) -> Option<ExplainFormat> {
        (self == Self::Json).then_some(ExplainFormat::Json)
    }
}

#[derive(Debug, Args)]
pub(crate) struct Push {
    /// Archives of charts (.tgz).
    #[arg(value_name = "ARCHIVE", required = true)]
    pub(crate) archives: Vec<PathBuf>,

    /// The registry, with the path above the charts.
    #[arg(long, value_name = "oci://HOST/PATH", env = "WAREHOUSE_CHART_REGISTRY", hide_env_values = true)]
    pub(crate) registry: String,

    /// Replace a dev version (0.0.0-dev) that is published with other content. Other versions are never replaced.
    #[arg(long)]
    pub(crate) replace_dev: bool,

    #[command(flatten)]
    pub(crate) network: Network,

    /// How to print the results.
    #[arg(short, long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    pub(crate) output: ChartFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// Archives of charts (.tgz).
    #[arg(value_name = "ARCHIVE", required = true)]
    pub(crate) archives: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) store: RequiredStore,

    /// Replace a dev version (0.0.0-dev) that is published with other content. Other versions are never replaced.
    #[arg(long)]
    pub(crate) replace_dev: bool,

    /// The time limit of the whole command, such as 30s or 5m.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = super::duration)]
    pub(crate) timeout: std::time::Duration,

    /// How to print the results.
    #[arg(short, long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    pub(crate) output: ChartFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Unlock {
    /// The store of the chart repository, as `release` has it.
    #[arg(long, value_name = "URL", env = "WAREHOUSE_CHART_BACKUP", hide_env_values = true)]
    pub(crate) backup: String,

    /// Remove all locks at once, also those of releases that may be at work: two of them could then write at the same time.
    #[arg(long)]
    pub(crate) force: bool,

    /// The time limit of the whole command, such as 30s or 5m.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = super::duration)]
    pub(crate) timeout: std::time::Duration,
}

#[derive(Debug, Args)]
pub(crate) struct RequiredStore {
    /// The store of the chart repository: s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX, file:///FOLDER, or
    /// rclone:REMOTE:PATH for a remote that is configured for rclone.
    #[arg(long, value_name = "URL", env = "WAREHOUSE_CHART_BACKUP", hide_env_values = true)]
    pub(crate) backup: String,

    /// The URL of the chart repository, written before the name of each archive in the index. Defaults to none: names relative to
    /// the index.
    #[arg(long, value_name = "URL")]
    pub(crate) backup_url: Option<String>,
}

/// Where charts are, and where they are published.
#[derive(Debug, Args)]
pub(crate) struct Publishing {
    /// The folder of charts, relative to the top of the repository.
    #[arg(long, value_name = "DIR", default_value = "charts")]
    pub(crate) charts: String,

    /// The Git repository: any folder in it.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) repository: PathBuf,

    /// The registry, with the path above the charts.
    #[arg(long, value_name = "oci://HOST/PATH", env = "WAREHOUSE_CHART_REGISTRY", hide_env_values = true)]
    pub(crate) registry: Option<String>,

    /// The store of the chart repository: s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX, file:///FOLDER, or
    /// rclone:REMOTE:PATH for a remote that is configured for rclone.
    #[arg(long, value_name = "URL", env = "WAREHOUSE_CHART_BACKUP", hide_env_values = true)]
    pub(crate) backup: Option<String>,

    /// The URL of the chart repository, written before the name of each archive in the index. Defaults to none: names relative to
    /// the index.
    #[arg(long, value_name = "URL")]
    pub(crate) backup_url: Option<String>,

    #[command(flatten)]
    pub(crate) network: Network,

    /// How to print the results.
    #[arg(short, long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    pub(crate) output: ChartFormat,
}

/// What a release refuses.
#[derive(Debug, Args)]
pub(crate) struct ReleaseChecks {
    /// The remote with the default branch, to which the tags are pushed.
    #[arg(long, value_name = "NAME", default_value = "origin")]
    pub(crate) remote: String,

    /// Refuse versions below 1.0.0.
    #[arg(long)]
    pub(crate) deployed: bool,

    /// Refuse charts whose image does not exist: `image.repository` of values.yaml with the chart's `appVersion`, or this repository,
    /// in which {chart} is the chart's name.
    #[arg(long, value_name = "REPOSITORY", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) verify_image: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Release {
    /// Names of charts.
    #[arg(value_name = "CHART", required = true)]
    pub(crate) names: Vec<String>,

    #[command(flatten)]
    pub(crate) checks: ReleaseChecks,

    #[command(flatten)]
    pub(crate) publishing: Publishing,
}

/// What `release-dev` and `auto` have in common.
#[derive(Debug, Args)]
pub(crate) struct DevReleases {
    /// Names of charts. Defaults to all.
    #[arg(value_name = "CHART")]
    pub(crate) names: Vec<String>,

    /// The version of dev releases: fixed (0.0.0-dev, which moves) or dated (1.4.0-dev.DATE.TIME-COMMIT, one for each commit).
    #[arg(long, value_name = "FORM", default_value = "fixed")]
    pub(crate) dev_version: DevVersion,

    /// Print what would be done. Nothing is published.
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) publishing: Publishing,
}

#[derive(Debug, Args)]
pub(crate) struct Auto {
    #[command(flatten)]
    pub(crate) releases: DevReleases,

    #[command(flatten)]
    pub(crate) checks: ReleaseChecks,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("base").required(true).args(["since", "event"])))]
pub(crate) struct Changed {
    /// Compare HEAD with this commit, branch or tag.
    #[arg(long, value_name = "REF")]
    pub(crate) since: Option<String>,

    /// Compare as this event of GitHub Actions says, a push or a pull request: the file in GITHUB_EVENT_PATH.
    #[arg(long, value_name = "FILE")]
    pub(crate) event: Option<PathBuf>,

    /// Name all charts if the commit to compare with is unknown, as after a force-push or in a shallow clone. Defaults to an error.
    #[arg(long)]
    pub(crate) all_if_unknown: bool,

    /// The folder of charts, relative to the top of the repository.
    #[arg(long, value_name = "DIR", default_value = "charts")]
    pub(crate) charts: String,

    /// The Git repository: any folder in it.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) repository: PathBuf,

    /// How to print the results.
    #[arg(short, long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    pub(crate) output: ChartFormat,
}

#[derive(Debug, Args)]
pub(crate) struct BuildMarker {
    /// The commit message. Defaults to standard input.
    pub(crate) message: Option<String>,

    /// An app that may be built. May be given several times.
    #[arg(long = "app", value_name = "NAME", required = true)]
    pub(crate) apps: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Lint {
    /// Folders of charts.
    #[arg(value_name = "FOLDER", required = true)]
    pub(crate) folders: Vec<PathBuf>,

    /// Also check what charts that are deployed need: a version of 1.0.0 or higher.
    #[arg(long)]
    pub(crate) deployed: bool,

    /// Also check what charts that are released need: no dependency on a dev version.
    #[arg(long)]
    pub(crate) release: bool,

    #[command(flatten)]
    pub(crate) report: LintReport,
}

#[derive(Debug, Args)]
pub(crate) struct LintDockerfile {
    /// Dockerfiles; - is standard input.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) report: LintReport,
}

/// How findings are reported.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct LintReport {
    /// How to print the findings.
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: LintFormat,

    /// Treat warnings as errors.
    #[arg(long)]
    pub(crate) strict: bool,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LintFormat {
    /// Lines for people.
    Text,
    /// JSON for programs.
    Json,
    /// SARIF 2.1.0, as code scanning reads it.
    Sarif,
}

impl LintFormat {
    /// The form of the list, if it is one.
    pub(super) fn of_list(self) -> Option<ExplainFormat> {
        (self == Self::Json).then_some(ExplainFormat::Json)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Dependency {
    /// Resolve the dependencies and write Chart.lock.
    Lock(DependencyArguments),
    /// Check that Chart.lock fits Chart.yaml. Nothing is requested.
    Verify(DependencyArguments),
}

#[derive(Debug, Args)]
pub(crate) struct DependencyArguments {
    /// The folder of the chart.
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub(crate) folder: PathBuf,

    /// The folder that `file://` dependencies and links must not leave. Defaults to the current folder, or to the parent of the
    /// chart's folder if the chart is outside the current folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) network: Network,
}
