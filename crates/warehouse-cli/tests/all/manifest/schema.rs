//! `warehouse schema`.

use serde_json::Value;
use warehouse_spec::{DocumentKind, Edition, json_schema};

use super::{Folder, transcript};

#[test]
fn every_edition_and_kind() {
    let folder = Folder::new();
    for (arguments, edition, kind) in [
        (&[][..], Edition::NEWEST, None),
        (&["--kind", "Warehouse"], Edition::NEWEST, Some(DocumentKind::Warehouse)),
        (&["--kind", "freight", "--edition", "1.8"], "v1.8".parse().unwrap(), Some(DocumentKind::Freight)),
        (&["--edition", "v0.2"], Edition::FIRST_WAREHOUSE, None),
    ] {
        let ran = folder.run(&[&["schema"], arguments].concat());
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
        assert_eq!(serde_json::from_str::<Value>(&ran.out).unwrap(), json_schema(edition, kind));
    }
    for arguments in
        [&["--edition", "v9"][..], &["--kind", "Stage"], &["--edition", "v0.1", "--kind", "Warehouse"]]
    {
        let ran = folder.run(&[&["schema"], arguments].concat());
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(!ran.err.is_empty());
    }
    let arguments = ["schema", "--help"];
    insta::assert_snapshot!("schema_help", transcript(&arguments, &folder.run(&arguments)));
}
