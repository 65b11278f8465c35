//! A few of the attacks of `cargo run -p benches --bin attacks`, one of each group.

use std::path::Path;

use benches::attacks::{all, run};

/// Attacks that take a second or two.
const FEW: [&str; 8] = [
    "lists/a name of 15 MB",
    "manifests/a million fields",
    "manifests/100 tags with 60 KiB of annotations each",
    "charts/a text of 255 MiB",
    "git/four million capabilities",
    "network/headers without end",
    "network/a redirect of the list takes no credential along",
    "warehouses/a program as the host of ssh",
];

#[test]
fn a_few_attacks_hold() {
    if !cfg!(target_os = "linux") {
        eprintln!("SKIPPED: only Linux says how much memory a process needed");
        return;
    }
    let attacks = all();
    for name in FEW {
        let attack =
            attacks.iter().find(|attack| attack.name == name).unwrap_or_else(|| panic!("no {name:?}"));
        let measured = run(attack, Path::new(env!("CARGO_BIN_EXE_attacks"))).unwrap();
        println!("{name}: {}, {} MiB", measured.summary(), measured.mib);
        assert!(measured.broken.is_empty(), "{name}: {:?}", measured.broken);
    }
}

#[test]
fn there_are_many_and_each_has_a_name_of_its_own() {
    let mut names: Vec<String> = all().into_iter().map(|attack| attack.name).collect();
    assert!(names.len() >= 60, "{}", names.len());
    names.sort();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}
