//! JSON and YAML, in Kargo's own shape.

use std::io::{self, Write};

use serde::Serialize;

/// Writes documents as JSON: one alone as it is, several as a Kubernetes `List`.
pub(crate) fn json<T: Serialize>(documents: &[T], out: &mut dyn Write) -> io::Result<()> {
    match documents {
        [document] => serde_json::to_writer_pretty(&mut *out, document)?,
        items => serde_json::to_writer_pretty(&mut *out, &List { api_version: "v1", kind: "List", items })?,
    }
    writeln!(out)
}

/// Writes documents as YAML, `---` between them.
pub(crate) fn yaml<T: Serialize>(documents: &[T], out: &mut dyn Write) -> io::Result<()> {
    for (index, document) in documents.iter().enumerate() {
        if index > 0 {
            writeln!(out, "---")?;
        }
        let text = serde_saphyr::to_string(document).map_err(io::Error::other)?;
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a, T> {
    api_version: &'static str,
    kind: &'static str,
    items: &'a [T],
}
