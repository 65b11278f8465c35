//! `warehouse chart lint` and `warehouse dockerfile lint`.

use std::io::Read as _;
use std::path::Path;

use chart_lint::{Finding, Options, Severity, lint_chart, lint_dockerfile, sarif, sarif_tool};
use helm_chart::{ChartFile, ChartFolders as _, DiskFolders};

use crate::arguments::{Dockerfile, Lint, LintFormat, LintReport};
use crate::exit::Exit;
use crate::files::{self, file_name, read_text};
use crate::message::{Messages, with_causes};
use crate::output;
use crate::output::Failure;

/// The largest Dockerfile that is read, in bytes.
const MAX_DOCKERFILE: usize = 4 << 20;

/// The largest `Chart.yaml` of another chart that is read, in bytes.
const MAX_NEIGHBOUR: u64 = 1 << 20;

/// Checks charts.
pub(super) fn charts(arguments: &Lint, messages: &Messages) -> Result<Exit, Exit> {
    let options = Options::default().deployed(arguments.deployed).release(arguments.release);
    let mut findings = Vec::new();
    let mut unreadable: Vec<Failure> = Vec::new();
    let are_all_files = arguments.folders.iter().all(|folder| folder.is_file());
    for folder in &arguments.folders {
        if folder.is_file() {
            // `charts/*` of a shell has the README beside the charts, too.
            let what = format!("{} is a file, not the folder of a chart", folder.display());
            match are_all_files {
                true => {
                    messages.error_with_help(&what, Some("name the folders of charts, such as charts/*/"));
                    unreadable.push(Failure::of_file(&shown(folder), what));
                }
                false => messages.note(&format!("{what}: passed over")),
            }
            continue;
        }
        match DiskFolders::new(folder).and_then(|folders| folders.read("")) {
            Ok(files) => {
                let neighbours = if arguments.release { neighbours(folder, &files) } else { Vec::new() };
                let files = files.iter().chain(&neighbours);
                let files = files.map(|file| (file.path.as_str(), file.bytes.as_slice()));
                findings.extend(lint_chart(&shown(folder), files, &options));
            }
            Err(error) => {
                let error = chart_release::Error::from(error);
                messages.chart_error(&error);
                unreadable.push(Failure::of_file(&shown(folder), with_causes(&error)));
            }
        }
    }
    report(&findings, &unreadable, &arguments.report, messages)
}

/// The `Chart.yaml` of the folders that a chart depends on by `file://`, as far as they can be read.
fn neighbours(folder: &Path, files: &[ChartFile]) -> Vec<ChartFile> {
    let Some(metadata) = files.iter().find(|file| file.path == "Chart.yaml") else { return Vec::new() };
    let text = String::from_utf8_lossy(&metadata.bytes);
    // Any line may name one; what is not a path of a chart is not there.
    let named = text.split("file://").skip(1);
    let paths = named.filter_map(|rest| rest.split(['"', '\'', ' ', '\t', '\r', '\n', ',', '}', '#']).next());
    let read = |path: &str| {
        let path = format!("{}/Chart.yaml", path.trim_end_matches('/'));
        let file = std::fs::File::open(folder.join(&path)).ok()?;
        let mut bytes = Vec::new();
        file.take(MAX_NEIGHBOUR).read_to_end(&mut bytes).ok()?;
        Some(ChartFile { path, bytes })
    };
    paths.filter(|path| !path.starts_with('/')).filter_map(read).collect()
}

/// A folder with `/`, as findings show it. The name of `.` is that of the folder.
fn shown(folder: &Path) -> String {
    let text = folder.display().to_string().replace(std::path::MAIN_SEPARATOR, "/");
    let name = folder.canonicalize().ok();
    let name = name.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    match (text.trim_end_matches('/'), name) {
        ("" | ".", Some(name)) => name,
        (text, _) => text.to_owned(),
    }
}

/// Checks Dockerfiles.
pub(crate) fn dockerfile(command: &Dockerfile, messages: &Messages) -> Result<Exit, Exit> {
    let Dockerfile::Lint(arguments) = command;
    let (mut findings, mut unreadable) = (Vec::new(), Vec::new());
    for file in &arguments.files {
        let name = file_name(file);
        match read_text(file, MAX_DOCKERFILE) {
            Ok(text) => findings.extend(lint_dockerfile(&name, &text, &Options::default())),
            Err(error) => {
                let said = files::unreadable(&name, &error);
                messages.error_of_file(&name, &said, None);
                unreadable.push(Failure::of_file(&name, said));
            }
        }
    }
    report(&findings, &unreadable, &arguments.report, messages)
}

fn report(
    findings: &[Finding],
    unreadable: &[Failure],
    arguments: &LintReport,
    messages: &Messages,
) -> Result<Exit, Exit> {
    messages.results(|out| match arguments.output {
        LintFormat::Text => findings.iter().try_for_each(|finding| {
            output::line(out, &format!("{finding:#}"))?;
            finding.help.iter().try_for_each(|help| output::line(out, &format!("  help: {help}")))
        }),
        LintFormat::Json => output::write_list(findings, unreadable, out),
        LintFormat::Sarif => output::write_json_value(&sarif::log(&sarif_tool(), findings), out),
    })?;
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if arguments.output == LintFormat::Text {
        let counts = [(errors, "error"), (warnings, "warning"), (count(Severity::Note), "note")];
        messages.note(&counts.map(|(count, name)| output::counted(count, name)).join(", "));
    }
    Ok(match (unreadable.is_empty(), errors > 0 || arguments.strict && warnings > 0) {
        (false, _) => Exit::Usage,
        (true, true) => Exit::Failure,
        (true, false) => Exit::Success,
    })
}
