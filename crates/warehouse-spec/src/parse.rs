//! From text to [`Manifest`].

use std::sync::Arc;

use crate::decode;
use crate::diagnostic::{Code, Diagnostic, Location, Severity};
use crate::encoding::text_of;
use crate::escape;
use crate::manifest::Manifest;
use crate::node::Mark;
use crate::options::Options;
use crate::yaml;

/// Reads every document of a manifest, YAML or JSON (rule 1.1).
///
/// `source_name` is what diagnostics call the file. Nothing is ever only partly reported: the diagnostics hold every error
/// and every warning of every document. Documents of other kinds, and of other API groups, are listed as skipped; empty
/// ones are not. A `List` is read as the documents it holds.
///
/// No input makes it panic, recurse without bound, or take more memory than [`Limits`](crate::Limits) allow.
///
/// ```
/// use warehouse_spec::{Options, parse};
///
/// let manifest = parse("kargo.yaml", "kind: Warehouse\nspec: {}\n", &Options::default());
/// let messages: Vec<String> = manifest.errors().map(ToString::to_string).collect();
/// assert_eq!(messages[0], "kargo.yaml:1:1: error: `apiVersion` is missing (apiVersion)");
/// assert_eq!(messages.len(), 3);
/// ```
pub fn parse(source_name: &str, text: &str, options: &Options) -> Manifest {
    let source: Arc<str> = Arc::from(source_name);
    let limit = options.limits.bytes;
    if text.len() > limit {
        return refused(
            &source,
            Mark::first(),
            Code::Limit,
            &format!("the manifest is larger than the limit of {limit} bytes"),
        );
    }
    let mut read = yaml::read(&source, text, &options.limits);
    let documents = decode::documents(&source, options.strict, escape::is_json(text), &read.nodes);
    let mut diagnostics = documents.diagnostics;
    diagnostics.append(&mut read.diagnostics);
    diagnostics.sort_by_key(|found| (found.location.line, found.location.column));
    // One slip may break several documents, such as a merge conflict across them.
    diagnostics.dedup();
    shorten(&mut diagnostics, options.limits.diagnostics);
    Manifest {
        warehouses: documents.warehouses,
        freights: documents.freights,
        skipped: documents.skipped,
        diagnostics,
    }
}

/// Reads a manifest as [`parse`] does, from bytes that may not be text at all.
///
/// The bytes are UTF-8, or UTF-16 or UTF-32 with a byte order mark, as [`text_of`] reads them. Others are one error, at the
/// place of the first that does not fit.
pub fn parse_bytes(source_name: &str, bytes: &[u8], options: &Options) -> Manifest {
    match text_of(bytes) {
        Ok(text) => parse(source_name, &text, options),
        Err(error) => {
            let mark = Mark { line: error.line, column: error.column, width: 1 };
            let source = Arc::from(source_name);
            let mut manifest = refused(&source, mark, Code::Syntax, "the file is no text in UTF-8");
            if let (Some(encoding), Some(found)) = (error.encoding, manifest.diagnostics.first_mut()) {
                found.message = format!("the file is no text in UTF-8, but {encoding}");
                found.help = Some("save it as UTF-8".to_owned());
            }
            manifest
        }
    }
}

fn refused(source: &Arc<str>, mark: Mark, code: Code, message: &str) -> Manifest {
    let location = Location::new(source, mark);
    Manifest {
        diagnostics: vec![Diagnostic::new(Severity::Error, code, location, "", message)],
        ..Manifest::default()
    }
}

/// Cuts a list that nobody would read to its end, errors first, and says so.
fn shorten(diagnostics: &mut Vec<Diagnostic>, limit: usize) {
    if diagnostics.len() <= limit {
        return;
    }
    let more = diagnostics.len() - limit;
    diagnostics.sort_by_key(|found| !found.is_error());
    diagnostics.truncate(limit);
    diagnostics.sort_by_key(|found| (found.location.line, found.location.column));
    if let Some(last) = diagnostics.last() {
        let message = format!("{more} more problems are not listed");
        let location = last.location.clone();
        diagnostics.push(Diagnostic::new(Severity::Error, Code::Limit, location, "", message));
    }
}
