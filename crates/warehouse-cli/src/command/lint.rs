//! `warehouse lint`.

use warehouse_spec::{Diagnostic, Limits, Lines, Options, Severity, lint_bytes, sarif_tool, text_of};

use crate::arguments::{LintFormat, LintManifests};
use crate::exit::Exit;
use crate::files::{ManifestFile, Unreadable, passed_over, read_files};
use crate::message::Messages;
use crate::output;
use crate::output::Failure;
use crate::stopping::blocking;

/// Checks manifests and prints what is wrong with them.
pub(crate) async fn lint(arguments: LintManifests, messages: &Messages) -> Result<Exit, Exit> {
    blocking(messages, "the manifests could not be checked", move |messages| check(&arguments, messages))
        .await
}

fn check(arguments: &LintManifests, messages: &Messages) -> Result<Exit, Exit> {
    let read = read_files(&arguments.files.filenames, arguments.files.recursive, messages)?;
    let mut found: Vec<(&ManifestFile, Vec<Diagnostic>)> = Vec::new();
    for file in &read.files {
        let manifest = lint_bytes(&file.name, &file.bytes, &Options::default());
        if let Some(kinds) = passed_over(&manifest) {
            messages.note(&format!("{}: passed over: {kinds}", file.name));
        }
        found.push((file, manifest.diagnostics));
    }
    let all = || found.iter().flat_map(|(_, diagnostics)| diagnostics);
    let has_colors = messages.has_colors(&std::io::stdout());
    messages.results(|out| match arguments.report.output {
        LintFormat::Text => found.iter().try_for_each(|(file, diagnostics)| {
            let text = text_of(&file.bytes).unwrap_or_default();
            let lines = Lines::new(&text);
            diagnostics.iter().try_for_each(|diagnostic| {
                let snippet = lines.snippet(diagnostic).with_code().with_colors(has_colors);
                writeln!(out, "{snippet}")
            })
        }),
        LintFormat::Json => {
            let unreadable = |file: &Unreadable| Failure::of_file(&file.name, file.said());
            let errors: Vec<_> = read.unreadable.iter().map(unreadable).collect();
            output::write_list(&all().collect::<Vec<_>>(), &errors, out)
        }
        LintFormat::Sarif => output::write_json_value(&diagnostics::sarif::log(&sarif_tool(), all()), out),
    })?;
    let count = |severity| all().filter(|found| found.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if arguments.report.output == LintFormat::Text {
        // A file with more is cut, its errors last; the last one says so, and is no further error.
        let limit = Limits::default().diagnostics;
        let cut = found.iter().filter(|(_, diagnostics)| diagnostics.len() > limit).count();
        let counts =
            [(errors.saturating_sub(cut), "error"), (warnings, "warning"), (count(Severity::Note), "note")];
        messages.note(&match cut {
            0 => counts.map(|(count, name)| output::counted(count, name)).join(", "),
            _ => {
                let there = counts.into_iter().filter(|(count, _)| *count > 0);
                let there = there.map(|(count, name)| format!("{} {name}s", output::grouped(count)));
                format!("more than {}", there.collect::<Vec<_>>().join(", "))
            }
        });
    }
    Ok(match (read.unreadable.is_empty(), errors > 0 || arguments.report.strict && warnings > 0) {
        (false, _) => Exit::Usage,
        (true, true) => Exit::Failure,
        (true, false) => Exit::Success,
    })
}
