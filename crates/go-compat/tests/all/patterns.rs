//! Regular expressions by chance. The tests of other crates include this module by its path.

use proptest::prelude::*;

/// Patterns in the syntax that Go and the regex crate share, with the same meaning.
pub fn pattern() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        4 => "[a-cA-C01]",
        1 => Just(".".to_owned()),
        1 => Just("^".to_owned()),
        1 => Just("$".to_owned()),
        1 => "\\[\\^?[a-c]-[c-e][A-B01]?\\]",
        1 => "\\\\[.*+?\\-\\[\\]]",
        1 => "\\(\\?[ims]{1,2}\\)",
        1 => "é|í|ſ",
    ];
    atom.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            3 => proptest::collection::vec(inner.clone(), 1..4).prop_map(|list| list.concat()),
            1 => proptest::collection::vec(inner.clone(), 1..3).prop_map(|list| list.join("|")),
            2 => (inner.clone(), "[*+?]|\\{[0-3]\\}|\\{[01],[23]\\}|\\{1,\\}")
                .prop_map(|(inner, repeat)| format!("(?:{inner}){repeat}")),
            1 => (inner, "i|s|m|im|i-s").prop_map(|(inner, flags)| format!("(?{flags}:{inner})")),
        ]
    })
}
