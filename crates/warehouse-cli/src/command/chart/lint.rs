//! `warehouse chart lint` and `warehouse dockerfile lint`.

use std::path::Path;

use chart_lint::{Finding, Options, Severity, lint_chart, lint_dockerfile, sarif, sarif_tool};
use helm_chart::{ChartFolders as _, DiskFolders};

use crate::arguments::{Dockerfile, Lint, LintFormat, LintReport};
use crate::input::{file_name, read_text};
use crate::message::{Exit, Messages};
use crate::output;

/// The largest Dockerfile that is read, in bytes.
const MAX_DOCKERFILE: usize = 4 << 20;

/// Checks charts.
pub(super) fn charts(arguments: &Lint, messages: &Messages) -> Result<Exit, Exit> {
    let options = Options::default().deployed(arguments.deployed);
    let mut findings = Vec::new();
    let mut unreadable = false;
    let are_all_files = arguments.folders.iter().all(|folder| folder.is_file());
    for folder in &arguments.folders {
        if folder.is_file() {
            // `charts/*` of a shell has the README beside the charts, too.
            let what = format!("{} is a file, not the folder of a chart", folder.display());
            match are_all_files {
                true => {
                    messages.error(&format!("{what}\n  help: name the folders of charts, such as charts/*/"))
                }
                false => messages.note(&format!("{what}: passed over")),
            }
            unreadable |= are_all_files;
            continue;
        }
        match DiskFolders::new(folder).and_then(|folders| folders.read("")) {
            Ok(files) => {
                let files = files.iter().map(|file| (file.path.as_str(), file.bytes.as_slice()));
                findings.extend(lint_chart(&shown(folder), files, &options));
            }
            Err(error) => {
                messages.chart_error(&error.into());
                unreadable = true;
            }
        }
    }
    let exit = report(&findings, &arguments.report, messages)?;
    Ok(if unreadable { Exit::Usage } else { exit })
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
    let mut findings = Vec::new();
    for file in &arguments.files {
        let name = file_name(file);
        let text = read_text(file, MAX_DOCKERFILE).map_err(|error| {
            messages.error(&format!("{name} could not be read: {error}"));
            Exit::Usage
        })?;
        findings.extend(lint_dockerfile(&name, &text, &Options::default()));
    }
    report(&findings, &arguments.report, messages)
}

fn report(findings: &[Finding], arguments: &LintReport, messages: &Messages) -> Result<Exit, Exit> {
    messages.printed(output::print(|out| match arguments.output {
        LintFormat::Text => findings.iter().try_for_each(|finding| {
            output::line(out, &format!("{finding:#}"))?;
            finding.help.iter().try_for_each(|help| output::line(out, &format!("  help: {help}")))
        }),
        LintFormat::Json => output::write_json_value(&findings, out),
        LintFormat::Sarif => output::write_json_value(&sarif::log(&sarif_tool(), findings), out),
    }))?;
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if arguments.output == LintFormat::Text {
        let counts = [(errors, "error"), (warnings, "warning"), (count(Severity::Note), "note")];
        messages.note(&counts.map(|(count, name)| output::counted(count, name)).join(", "));
    }
    Ok(if errors > 0 || (arguments.strict && warnings > 0) { Exit::Failure } else { Exit::Success })
}
