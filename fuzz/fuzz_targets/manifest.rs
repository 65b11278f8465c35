//! A manifest: whatever it is made of, it is read or refused, and what was read reads the same again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use warehouse_spec::{Options, Snippet, parse, parse_bytes};

fuzz_target!(|bytes: &[u8]| {
    let manifest = parse_bytes("fuzz.yaml", bytes, &Options::default());
    let text = String::from_utf8_lossy(bytes);
    for diagnostic in &manifest.diagnostics {
        assert!(diagnostic.location.line >= 1 && diagnostic.location.column >= 1);
        let _ = Snippet::new(diagnostic, &text).to_string();
    }
    for warehouse in &manifest.warehouses {
        let json = serde_json::to_string(warehouse.as_ref()).expect("a Warehouse is JSON");
        let again = parse("again.json", &json, &Options::default());
        assert_eq!(again.warehouses.len(), 1, "{json}: {:?}", again.diagnostics);
        assert_eq!(again.warehouses[0].as_ref(), warehouse.as_ref());
    }
});
