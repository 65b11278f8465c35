//! Charts.

mod dependency;
mod metadata;
mod source;
mod values;

use std::collections::BTreeMap;

use self::source::{Chart, File, path};
use crate::finding::{Finding, START, finding, sort};
use crate::options::Options;
use crate::rule::{chart as rules, values as value_rules};

/// The findings of a chart, in the order of its files and places.
///
/// `folder` is the path of the chart's folder, as findings show it; its last component is the expected name of the chart. If it is
/// empty or `.`, the name is not checked. `files` are the files of the folder: paths relative to it with `/`, and contents. `Chart.yaml`,
/// `Chart.lock` and `values.yaml` are read, and of the charts in `charts/` the `Chart.yaml` and archives; of `templates/` the names are. Nothing is
/// rendered. The `Chart.yaml` of folders that the chart depends on by `file://` may be among the files, by the path from the folder
/// (`../common/Chart.yaml`): their version is then looked at, too.
///
/// Bad input is a finding: a file that is not UTF-8, not valid YAML, or larger than 4 MiB.
///
/// ```
/// use chart_lint::{Options, lint_chart};
///
/// let files: [(&str, &[u8]); 2] = [
///     ("Chart.yaml", b"apiVersion: v2\nname: web\nversion: 1.4.0\nappVersion: latest\nicon: https://example.com/web.svg\n"),
///     ("values.yaml", b"image:\n  repository: example/web\nresources: {}\nsecurityContext:\n  runAsNonRoot: true\n"),
/// ];
/// let findings = lint_chart("charts/web", files, &Options::default());
/// assert_eq!(findings.len(), 1);
/// assert_eq!(
///     format!("{:#}", findings[0]),
///     "charts/web/Chart.yaml:4:13: error: `appVersion` is `latest` [app-version-latest]"
/// );
/// ```
pub fn lint_chart<'a>(
    folder: &str,
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    options: &Options,
) -> Vec<Finding> {
    let files = files.into_iter().collect::<BTreeMap<_, _>>();
    let chart = Chart {
        folder: folder.trim_end_matches('/'),
        metadata: File::read(folder, "Chart.yaml", &files),
        values: File::read(folder, "values.yaml", &files),
        lock: File::read(folder, "Chart.lock", &files),
        templates: files.keys().copied().filter(|path| path.starts_with("templates/")).collect(),
        options,
    };
    let mut findings = Vec::new();
    check_metadata_file(&chart, &|path| dependency::version(&files, path), &mut findings);
    if options.release {
        findings.extend(dependency::embedded_dev_versions(&chart, &files));
    }
    if let Some(file) = &chart.values {
        file.report_with(&mut findings, &value_rules::VALUES_YAML, |root, report| {
            values::check(&chart, root, report);
        });
    }
    if let Some(file) = &chart.lock {
        file.report_with(&mut findings, &rules::LOCK, |root, report| {
            dependency::check_lock(&chart, root, report)
        });
    }
    if chart.is_library() {
        findings.extend(library_manifests(&chart));
    }
    sort(&mut findings);
    findings
}

/// `local` gives the version of the chart whose `Chart.yaml` has this path.
fn check_metadata_file(
    chart: &Chart<'_>,
    local: &dyn Fn(&str) -> Option<String>,
    findings: &mut Vec<Finding>,
) {
    match &chart.metadata {
        Some(file) => file.report_with(findings, &rules::CHART_YAML, |root, report| {
            metadata::check(chart, root, report);
            dependency::check(chart, root, local, report);
        }),
        None => {
            let file = path(chart.folder, "Chart.yaml");
            findings.push(finding(&rules::CHART_YAML, &file, START, "the folder has no `Chart.yaml`"));
        }
    }
}

fn library_manifests<'a>(chart: &'a Chart<'_>) -> impl Iterator<Item = Finding> + 'a {
    let is_left_out = |path: &&&str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        !name.starts_with('_') && [".yaml", ".yml", ".tpl"].iter().any(|ending| name.ends_with(ending))
    };
    chart.templates.iter().filter(is_left_out).map(|template| {
        let file = path(chart.folder, template);
        finding(&rules::LIBRARY_MANIFEST, &file, START, "Helm leaves this template of a library chart out")
    })
}
