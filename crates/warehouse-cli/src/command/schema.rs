//! `warehouse schema`.

use warehouse_spec::{DocumentKind, Edition, json_schema};

use crate::arguments::{Kind, Schema};
use crate::exit::Exit;
use crate::message::Messages;
use crate::output;

/// Prints the JSON Schema of an edition.
pub(crate) fn schema(arguments: &Schema, messages: &Messages) -> Result<Exit, Exit> {
    let kind = arguments.kind.map(|kind| match kind {
        Kind::Warehouse => DocumentKind::Warehouse,
        Kind::Freight => DocumentKind::Freight,
    });
    if arguments.edition < Edition::FIRST_WAREHOUSE && kind == Some(DocumentKind::Warehouse) {
        messages.error(&format!(
            "Kargo {} has no kind Warehouse: it came with {}",
            arguments.edition,
            Edition::FIRST_WAREHOUSE
        ));
        return Err(Exit::Usage);
    }
    let schema = json_schema(arguments.edition, kind);
    messages.results(|out| output::write_json_value(&schema, out))?;
    Ok(Exit::Success)
}
