//! What every crate and every file looks like.

use architecture::{Workspace, root, rust_files};

/// A file longer than this holds more than one thought.
const LONGEST: usize = 1000;

#[test]
fn every_crate_inherits_the_lints_and_the_versions() {
    let workspace = Workspace::read().unwrap();
    let mut wrong = Vec::new();
    for (name, package) in workspace.members() {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
        let tables = tables(&manifest);
        let lines = |name: &str| {
            let table = tables.iter().find(|(table, _)| *table == name);
            table.map(|(_, lines)| lines.as_slice()).unwrap_or_default()
        };
        if lines("lints") != ["workspace = true"] {
            wrong.push(format!("{name} does not inherit the lints"));
        }
        for field in ["version", "edition", "rust-version", "license"] {
            if !lines("package").contains(&format!("{field}.workspace = true").as_str()) {
                wrong.push(format!("{name} does not inherit its {field}"));
            }
        }
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let own = lines(table).iter().filter(|line| !line.contains("workspace = true"));
            wrong.extend(own.map(|line| format!("{name} does not inherit a dependency: {line}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_is_forbidden_and_docs_are_not_optional() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let tables = tables(&manifest);
    let (_, lints) = tables.iter().find(|(table, _)| *table == "workspace.lints.rust").unwrap();
    for lint in ["unsafe_code = \"forbid\"", "missing_docs = \"deny\""] {
        assert!(lints.contains(&lint), "{lint}");
    }
}

#[test]
fn a_program_is_built_for_tests_only_if_it_has_some() {
    let workspace = Workspace::read().unwrap();
    let mut wrong = Vec::new();
    for (name, package) in workspace.members() {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
        let folder = package.manifest_path.with_file_name("src").join("bin");
        let programs = if folder.exists() { rust_files(&folder).unwrap() } else { Vec::new() };
        for file in programs {
            let program = file.file_stem().unwrap().to_str().unwrap();
            let has_tests = std::fs::read_to_string(&file).unwrap().contains("#[cfg(test)]");
            let line = format!("name = \"{program}\"");
            let is_left_out = tables(&manifest).iter().any(|(table, lines)| {
                *table == "[bin]" && lines.contains(&line.as_str()) && lines.contains(&"test = false")
            });
            if has_tests == is_left_out {
                wrong
                    .push(format!("{name}: {program} has `test = false`: {is_left_out}; tests: {has_tests}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_named_for_what_they_hold() {
    let folders = ["crates", "benches", "fuzz"];
    let files: Vec<_> = folders.iter().flat_map(|folder| rust_files(&root().join(folder)).unwrap()).collect();
    let mut wrong = Vec::new();
    for file in &files {
        let shown = file.strip_prefix(root()).unwrap_or(file).display();
        let vague = |part: &str| ["util", "utils", "misc"].contains(&part);
        if file.with_extension("").iter().any(|part| part.to_str().is_some_and(vague)) {
            wrong.push(format!("{shown}: the name says nothing"));
        }
        let length = std::fs::read_to_string(file).unwrap().lines().count();
        if length > LONGEST {
            wrong.push(format!("{shown}: {length} lines"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    eprintln!("{} files, none longer than {LONGEST} lines", files.len());
}

/// The tables of a Cargo.toml with their lines, without comments and empty lines.
fn tables(manifest: &str) -> Vec<(&str, Vec<&str>)> {
    let mut tables = vec![("", Vec::new())];
    for line in manifest.lines().map(str::trim) {
        if let Some(table) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            tables.push((table, Vec::new()));
        } else if !line.is_empty()
            && !line.starts_with('#')
            && let Some((_, lines)) = tables.last_mut()
        {
            lines.push(line);
        }
    }
    tables
}
