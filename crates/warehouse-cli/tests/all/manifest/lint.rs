//! `warehouse lint`.

use serde_json::Value;

use super::{Folder, HEAD, transcript};

/// A Warehouse with an error, a warning and a note.
fn bad() -> String {
    format!(
        "{HEAD}  - image:\n      repoURL: ghcr.io/example/app\n      constraint: !=9.0.0\n      ignoreTagsRegexes: [latest]\n  - git:\n      repoURL: https://github.com/<your-org>/app\n      includePaths: [/apps]\n"
    )
}

fn good() -> String {
    format!("{HEAD}  - image:\n      repoURL: ghcr.io/example/app\n      constraint: ^1.26.0\n")
}

#[track_caller]
fn snapshot(name: &str, folder: &Folder, arguments: &[&str]) -> String {
    let ran = folder.run(arguments);
    insta::assert_snapshot!(name, transcript(arguments, &ran));
    ran.out
}

#[test]
fn every_format() {
    let folder = Folder::new();
    folder.write("kargo/warehouse.yaml", bad());
    snapshot("lint_text", &folder, &["lint", "-f", "kargo/warehouse.yaml"]);
    snapshot("lint_colors", &folder, &["lint", "--color", "always", "-f", "kargo/warehouse.yaml"]);
    snapshot("lint_json", &folder, &["lint", "-f", "kargo/warehouse.yaml", "-o", "json"]);
    snapshot("lint_help", &folder, &["lint", "--help"]);
}

#[test]
fn sarif_is_what_code_scanning_takes() {
    let folder = Folder::new();
    folder.write("kargo dir/warehouse.yaml", bad());
    let path = folder.path("kargo dir/warehouse.yaml");
    // By a path from the root, too, the log names the file from the current folder.
    for name in ["kargo dir/warehouse.yaml", path.to_str().unwrap()] {
        let ran = folder.run(&["lint", "-o", "sarif", "-f", name]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
        let log: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(log["version"], "2.1.0");
        let driver = &log["runs"][0]["tool"]["driver"];
        assert_eq!(driver["name"], "warehouse");
        let rules = driver["rules"].as_array().unwrap();
        for rule in rules {
            for text in ["shortDescription", "fullDescription", "help"] {
                assert!(!rule[text]["text"].as_str().unwrap().is_empty(), "{rule}");
            }
            let id = rule["id"].as_str().unwrap();
            assert!(
                rule["helpUri"].as_str().unwrap().ends_with(&format!("manifest-rules.md#{id}")),
                "{rule}"
            );
            assert!(
                ["note", "warning", "error"]
                    .contains(&rule["defaultConfiguration"]["level"].as_str().unwrap())
            );
        }
        let results = log["runs"][0]["results"].as_array().unwrap();
        let ids: Vec<&str> = results.iter().map(|result| result["ruleId"].as_str().unwrap()).collect();
        assert_eq!(ids, ["unquoted", "unanchored-pattern", "placeholder", "bad-selector"]);
        for result in results {
            let index: usize = result["ruleIndex"].as_u64().unwrap().try_into().unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            let place = &result["locations"][0]["physicalLocation"];
            assert_eq!(place["artifactLocation"]["uri"], "kargo%20dir/warehouse.yaml");
            assert!(place["region"]["startLine"].as_u64().unwrap() > 6, "{place}");
            assert!(
                place["region"]["endColumn"].as_u64() > place["region"]["startColumn"].as_u64(),
                "{place}"
            );
        }
        let fix = &results[0]["fixes"][0]["artifactChanges"][0];
        assert_eq!(fix["artifactLocation"]["uri"], "kargo%20dir/warehouse.yaml");
        let edit = &fix["replacements"][0];
        let start: usize = edit["deletedRegion"]["byteOffset"].as_u64().unwrap().try_into().unwrap();
        assert!(bad()[start..].starts_with("!=9.0.0"));
        assert_eq!(edit["insertedContent"]["text"], "\"!=9.0.0\"");
    }
}

#[test]
fn exit_codes() {
    let folder = Folder::new();
    folder.write("good.yaml", good());
    folder.write("bad.yaml", bad());
    folder.write("warning.yaml", good().replace("constraint", "semverConstraint"));
    folder.write("note.yaml", good().replace("constraint: ^1.26.0", "ignoreTagsRegexes: [latest]"));
    for (arguments, code) in [
        (&["-f", "good.yaml"][..], 0),
        (&["-f", "good.yaml", "--strict"], 0),
        (&["-f", "warning.yaml"], 0),
        (&["-f", "warning.yaml", "--strict"], 1),
        (&["-f", "note.yaml", "--strict"], 0),
        (&["-f", "bad.yaml"], 1),
        (&["-f", "good.yaml", "-f", "bad.yaml"], 1),
        (&["-f", "none.yaml"], 2),
        (&["-f", "none.yaml", "-f", "bad.yaml"], 2),
        (&[], 2),
        (&["-f", "good.yaml", "-o", "xml"], 2),
    ] {
        for format in ["text", "json", "sarif"] {
            let output: &[&str] = if arguments.contains(&"-o") { &[] } else { &["-o", format] };
            let ran = folder.run(&[&["lint"], arguments, output].concat());
            assert_eq!(ran.code, Some(code), "{arguments:?} {format}: {}{}", ran.out, ran.err);
        }
    }
    // A file that cannot be read hides nothing of the others.
    let ran = folder.run(&["lint", "-f", "none.yaml", "-f", "bad.yaml"]);
    assert!(
        ran.err.contains("none.yaml could not be read") && ran.out.contains("error[unquoted]"),
        "{}{}",
        ran.out,
        ran.err
    );
    let ran = folder.run(&["lint", "-q", "-f", "good.yaml"]);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
}

#[test]
fn a_folder_with_other_files() {
    let folder = Folder::new();
    folder.write(
        "m/warehouse.yaml",
        format!(
            "{}---\napiVersion: kargo.akuity.io/v1alpha1\nkind: Stage\nmetadata: {{name: test}}\n",
            good()
        ),
    );
    folder.write("m/values.yaml", "image:\n  tag: {{ .Values.tag }}\n");
    folder.write("m/kustomization.yaml", "resources: [warehouse.yaml]\npatches:\n- path: ./patch.yaml\n  target: {kind: Warehouse}\npatchesStrategicMerge: [merge.yaml]\n");
    folder.write(
        "m/patch.yaml",
        "- op: replace\n  path: /spec/subscriptions/0/image/constraint\n  value: ^2 # of a Warehouse\n",
    );
    folder.write("m/merge.yaml", "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: demo}\nspec: {interval: 1m}\n");
    folder.write("m/notes.txt", "kind: Warehouse\n");
    snapshot("lint_folder", &folder, &["lint", "-f", "m"]);
    // A file that is named is checked whatever it holds.
    let ran = folder.run(&["lint", "-f", "m/merge.yaml"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    folder.write("empty/notes.txt", "");
    let ran = folder.run(&["lint", "-f", "empty"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("empty holds no .yaml, .yml or .json file"), "{}", ran.err);
}

#[test]
fn other_encodings() {
    let folder = Folder::new();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    folder.write("marked.yaml", utf16(&format!("\u{feff}{}", bad())));
    folder.write("unmarked.yaml", utf16(&bad()));
    let ran = folder.run(&["lint", "-f", "marked.yaml"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("9 |       constraint: !=9.0.0"), "{}", ran.out);
    let ran = folder.run(&["lint", "-f", "unmarked.yaml"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.out.contains("the file is not text in UTF-8, but UTF-16 without a byte order mark"),
        "{}",
        ran.out
    );
}

#[test]
fn colors_are_for_terminals() {
    let folder = Folder::new();
    for (variables, arguments, colored) in [
        (&[][..], &["lint", "-f", "-"][..], false),
        (&[("NO_COLOR", "1")], &["lint", "-f", "-"], false),
        (&[("NO_COLOR", "1")], &["lint", "-f", "-", "--color", "always"], true),
        (&[], &["lint", "-f", "-", "--color", "never"], false),
    ] {
        let ran = folder.run_with(variables, arguments, &bad());
        assert_eq!(ran.out.contains('\u{1b}'), colored, "{arguments:?}");
        assert!(ran.out.contains("standard input:9:19"), "{}", ran.out);
    }
}

/// What a manifest holds cannot move the cursor.
#[test]
fn a_manifest_cannot_act_on_the_terminal() {
    let folder = Folder::new();
    let ran = folder.run_with(
        &[],
        &["lint", "-f", "-"],
        &format!("{HEAD}  - image:\n      repoURL: \"a\\eb\"\n      x\u{9b}31m: 1\n"),
    );
    assert!(!ran.out.contains(['\u{1b}', '\u{9b}']), "{:?}", ran.out);
}

/// A document of one shape, whatever the outcome.
#[test]
fn json_is_a_list_of_what_was_found_and_what_could_not_be_read() {
    let folder = Folder::new();
    folder.write("good.yaml", good());
    folder.write("bad.yaml", bad());
    for (arguments, code, items, errors) in [
        (&["-f", "good.yaml"][..], 0, 0, 0),
        (&["-f", "bad.yaml"], 1, 4, 0),
        (&["-f", "none.yaml", "-f", "bad.yaml"], 2, 4, 1),
    ] {
        let ran = folder.run(&[&["lint", "-o", "json"], arguments].concat());
        let list: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!((ran.code, &list["kind"]), (Some(code), &"List".into()), "{}", ran.err);
        let count = |name: &str| list[name].as_array().unwrap().len();
        assert_eq!((count("items"), count("errors")), (items, errors), "{list}");
        if errors > 0 {
            assert_eq!(list["errors"][0]["location"]["file"], "none.yaml");
        }
    }
}

#[test]
fn a_limit_is_told_as_one() {
    let folder = Folder::new();
    folder.write("many.yaml", format!("{HEAD}{}", "  - image: {repoURL: nginx}\n".repeat(1_200)));
    let ran = folder.run(&["lint", "-f", "many.yaml"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.err, "more than 1,000 errors\n");
    assert!(ran.out.contains("199 more problems are not listed"), "{}", &ran.out[ran.out.len() - 500..]);
}

#[test]
fn a_file_without_a_manifest() {
    let folder = Folder::new();
    folder.write("empty.yaml", "# nothing\n");
    let ran = folder.run(&["lint", "-f", "empty.yaml"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), "0 errors, 1 warning, 0 notes\n"));
    assert!(ran.out.starts_with("warning[missing]: the file holds no manifest: "), "{}", ran.out);
    assert_eq!(folder.run(&["lint", "--strict", "-f", "empty.yaml"]).code, Some(1));
}
