//! From text, or from JSON that is already parsed, to the types of this crate.

use std::collections::HashSet;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::Value as Json;

use crate::decode::{self, Purpose, Reading};
use diagnostics::{Location, Severity};

use crate::diagnostic::{Code, Diagnostic, location};
use crate::encoding::text_of;
use crate::freight::Freight;
use crate::manifest::{Manifest, Options, Parsed};
use crate::recovery::{self, Recovered};
use crate::rivals::Rivals;
use crate::subscription::{ChartSubscription, GitSubscription, ImageSubscription, Subscription};
use crate::warehouse::{Warehouse, WarehouseSpec};
use crate::yaml::{self, Documents, Mark, Shared};

/// What help says further where several places share a value.
const SHARED: &str = "; an anchor or an alias of YAML shares the value, so look at every place that has it";

/// Reads every document of a manifest, YAML or JSON ([rule 1.1](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
///
/// `source_name` is the name of the file in diagnostics. They hold every error and every warning of every document. Documents of other kinds, and of other API groups, are listed as skipped; empty
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
    read(source_name, text, options, Purpose::default())
}

/// Reads a manifest for a purpose.
pub(crate) fn read(source_name: &str, written: &str, options: &Options, purpose: Purpose) -> Manifest {
    let source: Arc<str> = Arc::from(source_name);
    let limit = options.limits.bytes;
    if written.len() > limit {
        let message = format!("the manifest is larger than the limit of {limit} bytes");
        let mut manifest = refused(&source, Mark::first(), Code::Limit, &message);
        manifest.diagnostics.iter_mut().for_each(|found| found.help = Some(yaml::SPLIT.to_owned()));
        return manifest;
    }
    let Recovered { documents, text, edits, mut diagnostics, without_remedy } =
        recovery::read(&source, written, &options.limits);
    let reading = Reading { source: &source, text: &text, strict: options.strict, purpose };
    let mut decoded =
        decode::documents(reading, &documents.nodes, |node| edits.touch(&(node.mark.start..node.mark.end)));
    let mut found = decoded.diagnostics;
    leave(&mut found, &documents);
    found.append(&mut decode::syntax_errors(&source, &text, &documents.problems));
    if !edits.is_empty() {
        let to = |place: &Location| edits.place_back(place, written);
        decoded.warehouses = decoded.warehouses.into_iter().map(|read| read.moved(to)).collect();
        decoded.freights = decoded.freights.into_iter().map(|read| read.moved(to)).collect();
        decoded.skipped.iter_mut().for_each(|skipped| skipped.location = to(&skipped.location));
        found = found.into_iter().map(|found| edits.moved_back(found, written)).collect();
        let is_told = |found: &Diagnostic| {
            let bytes = &found.location.bytes;
            *bytes != (0..0) && without_remedy.contains(&bytes.start)
        };
        found.retain(|found| !is_told(found));
    }
    diagnostics.append(&mut found);
    if purpose.advises && documents.nodes.is_empty() && diagnostics.is_empty() {
        diagnostics.push(without_manifest(&source, written));
    }
    diagnostics.sort_by_key(|found| (found.location.line, found.location.column));
    // One error may break several documents, such as a merge conflict across them.
    diagnostics.dedup();
    shorten(&mut diagnostics, options.limits.diagnostics);
    Manifest {
        warehouses: decoded.warehouses,
        freights: decoded.freights,
        skipped: decoded.skipped,
        diagnostics,
    }
}

/// Reads a manifest as [`parse`] does, from bytes.
///
/// The bytes are UTF-8, or UTF-16 or UTF-32 with a byte order mark, as [`text_of`] reads them. For other bytes there is one
/// diagnostic, at the place of the first byte that does not fit.
pub fn parse_bytes(source_name: &str, bytes: &[u8], options: &Options) -> Manifest {
    read_bytes(source_name, bytes, options, Purpose::default())
}

/// Reads a manifest from bytes for a purpose.
pub(crate) fn read_bytes(source_name: &str, bytes: &[u8], options: &Options, purpose: Purpose) -> Manifest {
    match text_of(bytes) {
        Ok(text) => read(source_name, &text, options, purpose),
        Err(error) => {
            let mark = Mark { line: error.line, column: error.column, width: 1, ..Mark::first() };
            let source = Arc::from(source_name);
            let mut manifest = refused(&source, mark, Code::Syntax, "the file is not text in UTF-8");
            if let (Some(encoding), Some(found)) = (error.encoding, manifest.diagnostics.first_mut()) {
                found.message = format!("the file is not text in UTF-8, but {encoding}");
                found.help = Some("save it as UTF-8".to_owned());
            }
            manifest
        }
    }
}

/// Takes the edits that would change more than the diagnostic is about, and says what to do instead.
pub(crate) fn leave(diagnostics: &mut Vec<Diagnostic>, documents: &Documents) {
    if diagnostics.iter().any(|found| found.replacement.is_some()) {
        let rivals = Rivals::of(&documents.nodes);
        diagnostics.iter_mut().for_each(|found| rivals.leave(found));
    }
    if !documents.shared.is_empty() {
        diagnostics.iter_mut().for_each(|found| leave_shared(found, &documents.shared));
        tell_once(diagnostics);
    }
}

/// Takes the edit from a diagnostic where it would change what several places share, and says so.
fn leave_shared(found: &mut Diagnostic, shared: &Shared) {
    if !found.replacement.as_ref().is_some_and(|edit| shared.is_changed_by(&edit.span)) {
        return;
    }
    found.replacement = None;
    if let Some(help) = &mut found.help {
        help.push_str(SHARED);
    }
}

/// Keeps the first of the diagnostics that say the same of one place, which several aliases refer to.
fn tell_once(diagnostics: &mut Vec<Diagnostic>) {
    let mut told = HashSet::new();
    diagnostics.retain(|found| {
        let bytes = &found.location.bytes;
        told.insert((bytes.start, bytes.end, found.code, found.message.clone()))
    });
}

fn refused(source: &Arc<str>, mark: Mark, code: Code, message: &str) -> Manifest {
    let location = location(source, mark);
    Manifest {
        diagnostics: vec![Diagnostic::new(Severity::Error, code, location, "", message)],
        ..Manifest::default()
    }
}

/// What to say about a text without a document.
fn without_manifest(source: &Arc<str>, written: &str) -> Diagnostic {
    let is_blank = written.trim_start_matches('\u{feff}').trim().is_empty();
    let what = if is_blank { "it is empty" } else { "it has comments and empty documents alone" };
    let location = location(source, Mark::first());
    let message = format!("the file holds no manifest: {what}");
    Diagnostic::new(Severity::Warning, Code::Missing, location, "", message)
        .with_help("write a Warehouse, which starts with `apiVersion:` and `kind:`, or delete the file")
}

/// Cuts a long list, warnings first, and adds how many diagnostics are left out.
pub(crate) fn shorten(diagnostics: &mut Vec<Diagnostic>, limit: usize) {
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

/// What can be read from JSON that is already parsed, as a Kubernetes client has it: [`Warehouse`], [`WarehouseSpec`],
/// [`Freight`], [`Subscription`] and the three kinds of subscriptions.
///
/// The trait is sealed; its implementations are those of [`from_value`].
pub trait FromValue: sealed::Sealed + Sized {
    /// Reads the value as [`from_value`] does.
    #[doc(hidden)]
    fn read(value: &Json) -> Parsed<Self>;
}

mod sealed {
    pub trait Sealed {}
}

/// Reads JSON that is already parsed, as [`parse`] reads a text: old spellings are normalized, defaults are applied, and every
/// problem is reported at once.
///
/// A Kubernetes client that deserializes into [`Warehouse`] gets errors only. This function gives the warnings as well, so that a
/// misspelt field is not lost. The diagnostics have paths but no places, since there is no text. A `kind` or an `apiVersion` that
/// belongs to something else is an error; an absent one is not, since the items of a list that an API server sends have neither.
///
/// ```
/// use serde_json::json;
/// use warehouse_spec::{Warehouse, from_value};
///
/// let parsed = from_value::<Warehouse>(json!({
///     "apiVersion": "kargo.akuity.io/v1alpha1",
///     "kind": "Warehouse",
///     "metadata": {"name": "demo"},
///     "spec": {"subscriptions": [{"image": {"repoURL": "nginx", "constrain": "^1.26.0"}}]},
/// }));
/// assert_eq!(
///     parsed.diagnostics[0].to_string(),
///     "warning: an image subscription has no field `constrain`; it is ignored (spec.subscriptions[0].image.constrain)",
/// );
/// assert_eq!(parsed.diagnostics[0].help.as_deref(), Some("did you mean `constraint`?"));
/// assert_eq!(parsed.value.map(|warehouse| warehouse.metadata.name).as_deref(), Some("demo"));
/// ```
pub fn from_value<T: FromValue>(value: Json) -> Parsed<T> {
    T::read(&value)
}

/// Implements [`FromValue`] by a decoder, and `Deserialize` by the same one.
macro_rules! decoded {
    ($($type:ty => $decode:expr,)+) => {$(
        impl sealed::Sealed for $type {}

        impl FromValue for $type {
            fn read(value: &Json) -> Parsed<Self> {
                decode::value(value, $decode)
            }
        }

        /// Reads every edition's spelling and applies defaults, as [`parse`] does, and fails with every error at once. Warnings are lost:
        /// where they matter, use [`from_value`].
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_value(Json::deserialize(deserializer)?).into_result().map_err(D::Error::custom)
            }
        }
    )+};
}

decoded! {
    Warehouse => decode::warehouse_object,
    WarehouseSpec => decode::warehouse_spec,
    Freight => decode::freight_object,
    Subscription => decode::subscription,
    ImageSubscription => decode::image,
    GitSubscription => |context, field| decode::git(context, field, &[]),
    ChartSubscription => decode::chart,
}
