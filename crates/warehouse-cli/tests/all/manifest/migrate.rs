//! `warehouse migrate`.

use std::process::Command;

use super::{Folder, HEAD, names, transcript};

fn old() -> String {
    format!(
        "{HEAD}  - image:\n      repoURL: ghcr.io/example/app # the shop\n\n      semverConstraint: ^1.26.0 # not yet 2\n      ignoreTags: [1.26.3]\n  - git:\n      repoURL: 'https://github.com/example/app'\n      allowTags: ^v # no strategy of tags\n    includePaths:\n    - apps\n"
    )
}

const NEW: &str = "  - image:\n      repoURL: ghcr.io/example/app # the shop\n\n      constraint: ^1.26.0 # not yet 2\n      ignoreTagsRegexes: ['^1\\.26\\.3$']\n  - git:\n      repoURL: 'https://github.com/example/app'\n      # no strategy of tags\n      includePaths:\n      - apps\n";

#[track_caller]
fn snapshot(name: &str, folder: &Folder, arguments: &[&str]) -> String {
    let ran = folder.run(arguments);
    insta::assert_snapshot!(name, transcript(arguments, &ran));
    ran.out
}

#[test]
fn every_way_to_see_it() {
    let folder = Folder::new();
    folder.write("warehouse.yaml", old());
    let out = snapshot("migrate_print", &folder, &["migrate", "-f", "warehouse.yaml"]);
    assert_eq!(out, format!("{HEAD}{NEW}"));
    snapshot("migrate_diff", &folder, &["migrate", "-f", "warehouse.yaml", "--diff"]);
    snapshot("migrate_to", &folder, &["migrate", "-f", "warehouse.yaml", "--diff", "--to", "v1.6"]);
    assert_eq!(folder.read("warehouse.yaml"), old());
    snapshot("migrate_in_place", &folder, &["migrate", "-f", "warehouse.yaml", "--in-place"]);
    assert_eq!(folder.read("warehouse.yaml"), format!("{HEAD}{NEW}"));
    assert_eq!(names(folder.0.path()), ["warehouse.yaml"]);
    snapshot("migrate_again", &folder, &["migrate", "-f", "warehouse.yaml", "--in-place"]);
    snapshot("migrate_help", &folder, &["migrate", "--help"]);
    assert_eq!(folder.run(&["lint", "--strict", "-f", "warehouse.yaml"]).code, Some(0));
}

/// Git and `patch` apply the diff, with the result that `--in-place` writes: whatever the names, the line breaks and the beginning of the file.
#[test]
fn the_diff_is_a_patch() {
    let short = "kind: Warehouse\nspec: {subscriptions: [{image: {repoURL: nginx, semverConstraint: ^1}}]}\nmetadata: {name: a}\napiVersion: kargo.akuity.io/v1alpha1\n";
    let all = [
        ("m/a.yaml", old()),
        ("m/b.yaml", old().replace('\n', "\r\n").trim_end().to_owned()),
        ("m/the shop.yaml", format!("\u{feff}{short}")),
        ("m/sub/ünï.yaml", short.trim_end().to_owned()),
        ("m/sub/q\"uo\\te.yaml", short.to_owned()),
        ("m/sub/cr.yaml", short.replace('\n', "\r")),
    ];
    let expected = Folder::new();
    for (name, text) in &all {
        expected.write(name, text);
    }
    assert_eq!(expected.run(&["migrate", "-f", "m", "-R", "--in-place"]).code, Some(0));
    for (from, program, arguments) in [
        ("m", "git", &["apply", "--whitespace=nowarn", "change.patch"][..]),
        ("./m/", "git", &["apply", "--whitespace=nowarn", "change.patch"]),
        (".", "patch", &["--binary", "-s", "-p1", "-i", "change.patch"]),
    ] {
        let folder = Folder::new();
        for (name, text) in &all {
            folder.write(name, text);
        }
        let ran = folder.run(&["migrate", "-f", from, "-R", "--diff", "-q"]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
        folder.write("change.patch", &ran.out);
        let run = |program: &str, arguments: &[&str]| {
            Command::new(program).args(arguments).current_dir(folder.0.path()).status()
        };
        if program == "git" {
            assert!(run("git", &["init", "-q"]).unwrap().success());
        }
        // Not every machine has `patch`.
        let Ok(status) = run(program, arguments) else { continue };
        assert!(status.success(), "{program} {arguments:?}\n{}", ran.out);
        for (name, _) in &all {
            assert_eq!(folder.read(name), expected.read(name), "{program}: {name}");
        }
    }
    let new = format!("{HEAD}{NEW}");
    assert_eq!(expected.read("m/a.yaml"), new);
    assert_eq!(expected.read("m/b.yaml"), new.replace('\n', "\r\n").trim_end());
    assert_eq!(expected.read("m/the shop.yaml"), format!("\u{feff}{}", short.replace("semverC", "c")));
}

/// A path that leaves the folder of the command begins in the folder that both are in, where the diff is applied.
#[test]
fn the_diff_of_a_file_beside_the_folder() {
    let folder = Folder::new();
    folder.write("sub/w.yaml", old());
    folder.write("here/there/x.yaml", old());
    let ran = folder.run_below("here", &[], &["migrate", "-f", "../sub/./w.yaml", "--diff", "-q"], "");
    assert!(ran.out.starts_with("--- a/sub/w.yaml\n+++ b/sub/w.yaml\n"), "{}", ran.out);
    folder.write("change.patch", &ran.out);
    let inside = folder.run(&["migrate", "-f", "sub/../here/there/x.yaml", "--diff", "-q"]);
    folder.write("inside.patch", &inside.out);
    let arguments = ["apply", "change.patch", "inside.patch"];
    let status = Command::new("git").args(arguments).current_dir(folder.0.path()).status().unwrap();
    assert!(status.success(), "{}{}", ran.out, inside.out);
    for name in ["sub/w.yaml", "here/there/x.yaml"] {
        assert_eq!(folder.read(name), format!("{HEAD}{NEW}"));
    }
}

#[test]
fn exit_codes() {
    let folder = Folder::new();
    folder.write("m/old.yaml", old());
    folder.write("m/new.yaml", format!("{HEAD}{NEW}"));
    folder.write(
        "later.yaml",
        format!("{HEAD}  - image: {{repoURL: nginx, constraint: ^1, cacheByTag: true}}\n"),
    );
    folder.write("unknown.yaml", format!("{HEAD}  - image: {{repoURL: nginx, constrain: ^1}}\n"));
    folder.write("name.yaml", format!("{HEAD}{NEW}").replace("name: demo", "name: Demo_1"));
    folder.write("broken.yaml", old().replace("name: demo", "name: on"));
    folder.write("anchor.yaml", format!("{HEAD}  - git:\n      repoURL: https://h/a\n      semverConstraint: &c ^1\n  - image: {{repoURL: nginx, constraint: *c}}\n"));
    let utf16: Vec<u8> = format!("\u{feff}{}", old()).encode_utf16().flat_map(u16::to_le_bytes).collect();
    folder.write("utf16.yaml", utf16);
    for (arguments, code, said) in [
        (&["-f", "m/old.yaml"][..], 0, "4 changes in 1 file"),
        (&["-f", "m/new.yaml"], 0, "0 changes in 0 files"),
        (&["-f", "m", "--diff"], 0, "4 changes in 1 file"),
        (&["-f", "m"], 2, "give --diff or --in-place, or one file"),
        (&["-f", "m/new.yaml", "--to", "v1.6"], 0, "2 changes in 1 file"),
        (
            &["-f", "later.yaml", "--to", "v1.8"],
            1,
            "Kargo v1.8 does not know `cacheByTag`, which came with v1.9",
        ),
        (&["-f", "unknown.yaml"], 1, "an image subscription has no field `constrain`; it is ignored"),
        // `lint` tells what reading does not refuse.
        (&["-f", "name.yaml"], 0, "0 changes in 0 files"),
        (&["-f", "broken.yaml"], 1, "`name` must be a string"),
        (&["-f", "anchor.yaml"], 1, "`semverConstraint` has no effect"),
        (&["-f", "utf16.yaml"], 2, "save it as UTF-8"),
        (&["-f", "none.yaml"], 2, "none.yaml could not be read"),
        (&["-f", "-", "--in-place"], 2, "standard input cannot be written in place"),
        (&["-f", "m/old.yaml", "--to", "v3"], 2, "from v0.1 to v1.12"),
        (&["-f", "m/old.yaml", "--diff", "--in-place"], 2, "cannot be used with"),
    ] {
        let ran = folder.run(&[&["migrate"], arguments].concat());
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(said), "{arguments:?}: {}", ran.err);
    }
    assert_eq!(folder.run(&["lint", "-f", "name.yaml"]).code, Some(1));
    let ran = folder.run_with(&[], &["migrate", "-f", "-"], &old());
    assert_eq!((ran.code, ran.out), (Some(0), format!("{HEAD}{NEW}")));
}

/// What is wrong with a text is told in the words of `lint`, at the same place.
#[test]
fn the_same_words_as_lint() {
    let folder = Folder::new();
    let second = "  - image:\n      repoURL: redis\n      imageSelectionStrategy: None\n";
    // The field of the first subscription goes, so that the second one moves up.
    let shorter = old().replace("the shop\n", "the shop\n      gitRepoURL: https://h/a\n");
    for (bytes, said) in [
        (
            old().replace("the shop\n", "the shop\n      platform: a\0b\n").into_bytes(),
            "this is not valid YAML",
        ),
        ([b"# caf\xe9\n", old().as_bytes()].concat(), "the file is not text in UTF-8"),
        (format!("{}{second}", old().replace('\n', "\r")).into_bytes(), "cannot be `None`"),
        (format!("{shorter}{second}").into_bytes(), "cannot be `None`"),
    ] {
        folder.write("a.yaml", &bytes);
        let lint = folder.run(&["lint", "-f", "a.yaml"]);
        let place = lint.out.lines().skip_while(|line| !line.contains(said)).nth(1).unwrap();
        for arguments in [&["migrate", "-f", "a.yaml"][..], &["migrate", "-f", "a.yaml", "--diff"]] {
            let ran = folder.run(arguments);
            assert_eq!(ran.code, Some(1), "{}", ran.err);
            assert!(ran.err.contains(said) && ran.err.contains(place), "{place}: {}", ran.err);
        }
    }
}

#[test]
fn a_byte_order_mark_stays() {
    let folder = Folder::new();
    folder.write("a.yaml", format!("\u{feff}{}", old()));
    assert_eq!(folder.run(&["migrate", "-f", "a.yaml"]).out, format!("\u{feff}{HEAD}{NEW}"));
    assert_eq!(folder.run(&["migrate", "-f", "a.yaml", "--in-place"]).code, Some(0));
    assert_eq!(folder.read("a.yaml"), format!("\u{feff}{HEAD}{NEW}"));
}

#[cfg(unix)]
#[test]
fn files_are_written_without_surprises() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::new();
    folder.write("real.yaml", old());
    let mode =
        |name: &str| std::fs::symlink_metadata(folder.path(name)).unwrap().permissions().mode() & 0o777;
    std::fs::set_permissions(folder.path("real.yaml"), std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.yaml", folder.path("link.yaml")).unwrap();
    let ran = folder.run(&["migrate", "-f", "link.yaml", "--in-place"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("link.yaml could not be written: it is not a regular file"), "{}", ran.err);
    assert_eq!(folder.read("real.yaml"), old());
    assert_eq!(folder.run(&["migrate", "-f", "real.yaml", "--in-place"]).code, Some(0));
    assert_eq!((folder.read("real.yaml"), mode("real.yaml")), (format!("{HEAD}{NEW}"), 0o640));
    folder.write("locked.yaml", old());
    std::fs::set_permissions(folder.path("locked.yaml"), std::fs::Permissions::from_mode(0o440)).unwrap();
    let ran = folder.run(&["migrate", "-f", "locked.yaml", "--in-place"]);
    assert!(ran.code == Some(2) && ran.err.contains("it is read-only"), "{}", ran.err);
    assert!(ran.err.ends_with("0 changes in 0 files\n"), "{}", ran.err);
    assert_eq!(folder.read("locked.yaml"), old());
    assert_eq!(names(folder.0.path()), ["link.yaml", "locked.yaml", "real.yaml"]);
    // In a folder, a file is read by its own name, though the link comes first.
    folder.write("m/z.yaml", old());
    std::os::unix::fs::symlink("z.yaml", folder.path("m/a.yaml")).unwrap();
    let ran = folder.run(&["migrate", "-f", "m", "--in-place"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(folder.path("m/a.yaml").is_symlink());
    assert_eq!(folder.read("m/z.yaml"), format!("{HEAD}{NEW}"));
}
