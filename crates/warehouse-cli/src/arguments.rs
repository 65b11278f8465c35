//! What may stand on the command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::command::Rule;
use crate::registry::{RegistryHost, RegistryRate};
use clap::{Args, Parser, Subcommand, ValueEnum};
use image_source::CacheByTagPolicy;

/// Discover artifacts as a Kargo Warehouse does, and build Freight from them.
#[derive(Debug, Parser)]
#[command(name = "warehouse", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Say less on standard error: errors only.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Say more on standard error: what each subscription cost.
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// See it work: servers on loopback, a Warehouse, its Freight, a newer image, its Freight.
    ///
    /// Needs no network and no set-up but `git`, ends by itself and cleans up.
    Demo(Demo),

    /// The newest artifacts of every subscription.
    Discover(Discovery),

    /// The Freight that follows from the newest artifacts.
    Freight(Discovery),

    /// Every candidate of every subscription, with the rule that took it or turned it down.
    ///
    /// A line that begins with + is a candidate that was taken, best first; one with - was not, and says why.
    Explain(Explain),

    /// One rule over the lines of standard input, best first.
    #[command(subcommand)]
    Select(Rule),
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Write the manifest into this new folder and leave it there.
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

/// What every command takes that asks servers about a manifest.
#[derive(Debug, Args)]
pub(crate) struct Discovery {
    #[command(flatten)]
    pub(crate) manifest: Manifest,

    #[command(flatten)]
    pub(crate) network: Network,

    /// How to print the results; json and yaml have Kargo's own shape.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    #[command(flatten)]
    pub(crate) manifest: Manifest,

    #[command(flatten)]
    pub(crate) network: Network,

    /// Show only this subscription: its name, its repoURL, or its place in the manifest, from 0.
    #[arg(long, value_name = "NAME|URL|N")]
    pub(crate) subscription: Option<String>,

    /// Only this candidate: a tag, a version, or the beginning of a commit's id. May be given several times; exit
    /// code 1 if it is no candidate of any subscription that has answered.
    #[arg(long, value_name = "TAG|VERSION|COMMIT")]
    pub(crate) candidate: Vec<String>,

    /// How to print it.
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: ExplainFormat,
}

/// How an explanation is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExplainFormat {
    /// Lines for people.
    Text,
    /// JSON for programs.
    Json,
}

/// Which manifests are read, and how strictly.
#[derive(Clone, Debug, Args)]
pub(crate) struct Manifest {
    /// Read Warehouses from this file, from every .yaml, .yml and .json file of this folder, or from
    /// standard input (-). May be given several times.
    #[arg(short, long = "filename", value_name = "FILE|DIR|-", required = true)]
    pub(crate) filenames: Vec<PathBuf>,

    /// Take unknown fields for errors.
    #[arg(long)]
    pub(crate) strict: bool,
}

/// How the network is used.
#[derive(Clone, Debug, Args)]
pub(crate) struct Network {
    #[command(flatten)]
    pub(crate) credentials: Credentials,

    /// Give up on what has not answered after this time, such as 30s or 5m.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub(crate) timeout: Duration,

    /// Ask this many subscriptions at once.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) concurrency: u16,

    /// Speak plain http with this registry; loopback needs no leave. May be given several times.
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) plain_http: Vec<RegistryHost>,

    /// Speak https with this registry although it is on loopback. May be given several times.
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) https: Vec<RegistryHost>,

    /// Ask this registry at most so many times a second, instead of 20. May be given several times.
    #[arg(long, value_name = "HOST[:PORT]=N")]
    pub(crate) registry_rate: Vec<RegistryRate>,

    /// What `cacheByTag` may say: Forbid (tags are always looked at again), Allow (as each subscription says), Require (a
    /// subscription that does not set it fails) or Force (tags are never looked at again).
    #[arg(long, value_name = "POLICY", default_value = "Allow")]
    pub(crate) cache_by_tag_policy: CacheByTagPolicy,

    /// Trust the certificate authorities of this PEM file besides the system's.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// Keep what may be reused by the next run in this folder [default: the platform's cache folder]
    #[arg(long, value_name = "DIR", conflicts_with = "no_cache")]
    pub(crate) cache_dir: Option<PathBuf>,

    /// Reuse nothing of an earlier run, and leave nothing for the next.
    #[arg(long)]
    pub(crate) no_cache: bool,
}

/// Where credentials are looked up.
#[derive(Clone, Debug, Args)]
pub(crate) struct Credentials {
    /// Sign in with the Secrets in this file, in every .yaml, .yml and .json file of this folder, or on standard
    /// input (-): manifests in Kargo's form, and those of the types kubernetes.io/dockerconfigjson and dockercfg. They
    /// count before DOCKER_AUTH_CONFIG, and that before docker's config.json. May be given several times.
    #[arg(long, value_name = "FILE|DIR|-")]
    pub(crate) credentials: Vec<PathBuf>,

    /// Look into no DOCKER_AUTH_CONFIG, no config.json of docker's, no auth.json of Podman's, and ask no credential helper.
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
    /// Kargo's own shape as JSON.
    Json,
    /// Kargo's own shape as YAML.
    Yaml,
    /// Names only, one a line.
    Name,
}

/// A duration as Kubernetes writes it: `90s`, `5m`, `1h30m`.
fn duration(text: &str) -> Result<Duration, String> {
    match text.parse::<warehouse_spec::Interval>() {
        Ok(interval) if !interval.as_duration().is_zero() => Ok(interval.as_duration()),
        Ok(_) => Err("it must be longer than nothing".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_hold_together() {
        Arguments::command().debug_assert();
    }
}
