//! Reading Warehouses from files, folders and standard input.

use std::collections::BTreeMap;

use warehouse_spec::{Located, Options, Warehouse};

use crate::exit::Exit;
use crate::message::Messages;
use crate::{arguments, file};

/// Reads every Warehouse that the arguments name, and says on standard error all that is wrong.
///
/// # Errors
///
/// [`Exit::Usage`] if anything could not be read or is an error, or if there is no Warehouse in it: nothing is asked
/// of a server before the whole input is known to be good.
pub(crate) async fn read(
    arguments: arguments::Manifest,
    messages: Messages,
) -> Result<Vec<Located<Warehouse>>, Exit> {
    // Standard input may never end, and a file may be a pipe: neither may keep an interruption from being heard.
    let read = tokio::task::spawn_blocking(move || read_all(&arguments, &messages));
    read.await.unwrap_or_else(|_| {
        messages.error("the manifest could not be read: this is a bug in warehouse");
        Err(Exit::Failure)
    })
}

fn read_all(arguments: &arguments::Manifest, messages: &Messages) -> Result<Vec<Located<Warehouse>>, Exit> {
    let options = Options::default().with_strict(arguments.strict);
    let mut warehouses = Vec::new();
    let mut skipped = 0;
    let mut bad = false;
    for path in file::manifests(&arguments.filenames, messages)? {
        let name = file::name(&path);
        let text = match file::text(&path, options.limits.bytes) {
            Ok(text) => text,
            Err(error) => {
                messages.error(&format!("{name} could not be read: {error}"));
                bad = true;
                continue;
            }
        };
        let manifest = warehouse_spec::parse(&name, &text, &options);
        for diagnostic in &manifest.diagnostics {
            messages.diagnostic(diagnostic, &text);
        }
        bad |= !manifest.is_valid();
        skipped += manifest.skipped.len() + manifest.freights.len();
        warehouses.extend(manifest.warehouses);
    }
    if bad {
        return Err(Exit::Usage);
    }
    if warehouses.is_empty() {
        messages.error(&match skipped {
            0 => "there is no Warehouse in what was read".to_owned(),
            1 => "there is no Warehouse in what was read, only one document of another kind".to_owned(),
            many => format!("there is no Warehouse in what was read, only {many} documents of other kinds"),
        });
        return Err(Exit::Usage);
    }
    warn_of_duplicates(&warehouses, messages);
    Ok(warehouses)
}

/// Two documents of one namespace and name are one object to Kubernetes: there the later one replaces the earlier one.
fn warn_of_duplicates(warehouses: &[Located<Warehouse>], messages: &Messages) {
    let mut first = BTreeMap::new();
    for warehouse in warehouses {
        let place = warehouse.locate("metadata.name");
        if let Some(earlier) = first.insert(warehouse.qualified_name(), place) {
            messages.warning(
                &format!("{place}: Warehouse {} stands at {earlier}, too", warehouse.qualified_name()),
                Some("each of them is discovered; leave one out, or give it another name or namespace"),
            );
        }
    }
}
