//! `warehouse demo --publish`: from the folders of charts to Freight.

use std::path::Path;
use std::process::Command;

use artifact_http::{EgressPolicy, HttpClient, SourceContext};
use chart_release::git::GitRepository;
use chart_release::store::Store;
use chart_release::{ChartRegistry, ChartRepository, Release, Request};
use warehouse_discovery::Discoverer;
use warehouse_testkit::{ChartServer, Commit, GitServer, Registry};

use super::stage::{DemoError, Folder, built, complete, read};
use crate::arguments::{ChartFormat, Format};
use crate::exit::Exit;
use crate::message::Messages;
use crate::output;

/// The charts of the demo: a library chart and two charts that depend on it.
const FILES: [(&str, &str); 10] = [
    (
        "charts/common/Chart.yaml",
        "apiVersion: v2\nname: common\ndescription: Templates that the other charts share\ntype: library\nversion: 1.0.0\n",
    ),
    ("charts/common/templates/_name.tpl", "{{- define \"common.name\" -}}{{ .Release.Name }}{{- end -}}\n"),
    (
        "charts/web/Chart.yaml",
        "apiVersion: v2\nname: web\ndescription: The shop\nversion: 1.4.0\nappVersion: 2.1.0\n\
         dependencies:\n  - name: common\n    version: ^1.0.0\n    repository: file://../common\n",
    ),
    ("charts/web/values.yaml", "image:\n  repository: example/web\nresources: {}\n"),
    (
        "charts/web/templates/service.yaml",
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ include \"common.name\" . }}\n",
    ),
    (
        "charts/worker/Chart.yaml",
        "apiVersion: v2\nname: worker\ndescription: What the shop does at night\nversion: 0.3.1\nappVersion: 2.1.0\n\
         dependencies:\n  - name: common\n    version: ^1.0.0\n    repository: file://../common\n",
    ),
    ("charts/worker/values.yaml", "image:\n  repository: example/worker\nresources: {}\n"),
    (
        "charts/worker/templates/job.yaml",
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {{ include \"common.name\" . }}\n",
    ),
    ("charts/README.md", "# Charts\n"),
    ("README.md", "# The charts of the shop\n"),
];

/// Starts a registry, a Git server and a chart repository on loopback, releases charts, and discovers them in both.
pub(super) async fn publish(folder: &Folder, messages: &Messages) -> Result<Exit, DemoError> {
    let registry = Registry::start()?;
    let git = GitServer::start()?;
    let remote = git.create("charts.git")?;
    let commit = FILES.iter().fold(Commit::new("Charts"), |commit, (path, text)| commit.file(*path, *text));
    remote.commit("main", commit)?;
    let store = folder.path().join("store");
    std::fs::create_dir(&store)?;
    let charts = ChartServer::builder().folder(&store).start()?;
    let clone = folder.path().join("clone");
    run_git(&["clone", "--quiet", remote.url()], &clone)?;

    let http = HttpClient::builder().build()?;
    let context = SourceContext::new(http.clone());
    let url = format!("oci://{}/charts", registry.host());
    let backup = format!("file://{}", store.display());
    let release = Release::of_repository(GitRepository::discover(&clone)?, &context)?
        .registry(ChartRegistry::builder(&url).http(http).build()?)
        .repository(ChartRepository::new(Store::open(&backup)?))
        .build();
    let names = ["common", "web", "worker"].map(str::to_owned).to_vec();
    let request = Request::Release(names);

    let plan = release.plan(&request, &(), None).await?;
    output::print(|out| {
        writeln!(out, "A library chart and two charts that depend on it are committed and pushed:\n")?;
        FILES.iter().try_for_each(|(path, _)| writeln!(out, "    {path}"))?;
        writeln!(out, "\nwarehouse chart plan common web worker --registry {url} --backup {backup}\n")?;
        output::plan(&plan, ChartFormat::Table, out)
    })?;
    let report = release.execute(plan, &(), None).await;
    output::print(|out| {
        writeln!(out, "\nwarehouse chart release common web worker\n")?;
        output::report(&report, ChartFormat::Table, out)
    })?;
    if let Some(failure) = report.failures.into_iter().next() {
        return Err(failure.error.into());
    }
    let again = release.plan(&request, &(), None).await?;
    output::print(|out| {
        let outcome = if again.is_done() { "there is nothing left to do" } else { "something is left to do" };
        writeln!(
            out,
            "\nPlanned again: {outcome}.\n\nA Warehouse subscribes to both charts, one in the registry and one in the chart repository:\n"
        )?;
        manifest(&url, &charts.url()).lines().try_for_each(|line| writeln!(out, "    {line}"))
    })?;

    let file = folder.path().join("warehouse.yaml");
    std::fs::write(&file, manifest(&url, &charts.url()))?;
    let Ok(warehouse) = read(&file, messages).await else { return Ok(Exit::Failure) };
    // The servers are on loopback.
    let discoverer = Discoverer::builder().egress(EgressPolicy::workstation()).build()?;
    let found = complete(discoverer.run(&warehouse).await)?;
    let freight = built(&found, &warehouse)?;
    output::print(|out| {
        writeln!(out, "\nIt discovers what was released:\n")?;
        output::found(&found, out)?;
        writeln!(out, "\nAnd builds Freight:\n")?;
        output::freight(std::slice::from_ref(&freight), &[], Format::Table, out)
    })?;
    Ok(Exit::Success)
}

fn run_git(arguments: &[&str], target: &Path) -> Result<(), DemoError> {
    let status = Command::new("git").args(arguments).arg(target).status()?;
    match status.success() {
        true => Ok(()),
        false => Err(DemoError::Discovery(format!("git {}: {status}", arguments.join(" ")))),
    }
}

fn manifest(registry: &str, charts: &str) -> String {
    format!(
        "\
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata:
  name: shop
  namespace: demo
spec:
  subscriptions:
    - chart:
        repoURL: {registry}/web
        semverConstraint: ^1.0.0
    - chart:
        repoURL: {charts}
        name: worker
"
    )
}
