//! `warehouse lint`.

use warehouse_spec::{Diagnostic, Options, Severity, Snippet, lint_bytes, sarif_tool, text_of};

use super::manifests::{ManifestFile, read_files};
use crate::arguments::{LintFormat, LintManifests};
use crate::message::{Exit, Messages};
use crate::output;

/// Checks manifests and prints what is wrong with them.
pub(crate) async fn lint(arguments: LintManifests, messages: &Messages) -> Result<Exit, Exit> {
    let messages = *messages;
    // Standard input may never end. An interrupt must end the command all the same.
    let run = tokio::task::spawn_blocking(move || check(&arguments, &messages));
    run.await.unwrap_or_else(|_| {
        messages.error("the manifests could not be checked: this is a bug in warehouse");
        Err(Exit::Failure)
    })
}

fn check(arguments: &LintManifests, messages: &Messages) -> Result<Exit, Exit> {
    let read = read_files(&arguments.files, messages)?;
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
    messages.printed(output::print(|out| match arguments.report.output {
        LintFormat::Text => found.iter().try_for_each(|(file, diagnostics)| {
            let text = text_of(&file.bytes).unwrap_or_default();
            diagnostics.iter().try_for_each(|diagnostic| {
                let snippet = Snippet::new(diagnostic, &text).with_code().with_colors(has_colors);
                writeln!(out, "{snippet}")
            })
        }),
        LintFormat::Json => output::write_json_value(&all().collect::<Vec<_>>(), out),
        LintFormat::Sarif => output::write_json_value(&diagnostics::sarif::log(&sarif_tool(), all()), out),
    }))?;
    let count = |severity| all().filter(|found| found.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if arguments.report.output == LintFormat::Text {
        let counts = [(errors, "error"), (warnings, "warning"), (count(Severity::Note), "note")];
        messages.note(&counts.map(|(count, name)| output::counted(count, name)).join(", "));
    }
    Ok(match (read.is_complete, errors > 0 || arguments.report.strict && warnings > 0) {
        (false, _) => Exit::Usage,
        (true, true) => Exit::Failure,
        (true, false) => Exit::Success,
    })
}

/// The documents of other kinds: `2 documents of other kinds (Project, Stage)`.
fn passed_over(manifest: &warehouse_spec::Manifest) -> Option<String> {
    let mut kinds: Vec<&str> = manifest.skipped.iter().map(|skipped| skipped.kind.as_str()).collect();
    let count = kinds.len();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.iter_mut().filter(|kind| kind.is_empty()).for_each(|kind| *kind = "no kind");
    let of = if count == 1 { "document of another kind" } else { "documents of other kinds" };
    (count > 0).then(|| format!("{count} {of} ({})", kinds.join(", ")))
}
