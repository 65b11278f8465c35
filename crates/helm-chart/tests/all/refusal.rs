//! What is refused, with its place and its remedy; beside what Helm does with it.

use std::io::Write as _;
use std::path::Path;

use helm_chart::{Chart, ChartFile, DiskFolders, Error};
use warehouse_testkit::peer::{Tool, available};

fn file(path: &str, bytes: impl AsRef<[u8]>) -> ChartFile {
    ChartFile { path: path.to_owned(), bytes: bytes.as_ref().to_vec() }
}

const PLAIN: &str = "apiVersion: v2\nname: web\nversion: 1.2.3\n";

/// A chart that is not one, and what is said of it.
struct Case {
    name: &'static str,
    files: Vec<ChartFile>,
    path: &'static str,
    line: Option<usize>,
    message: &'static str,
    /// Whether Helm 3 and Helm 4 refuse to package it.
    helm: [bool; 2],
}

const REFUSES: [bool; 2] = [true, true];
const TAKES: [bool; 2] = [false, false];

fn fields(name: &'static str, text: &str, line: usize, message: &'static str) -> Case {
    let line = Some(line).filter(|line| *line > 0);
    Case { name, files: vec![file("Chart.yaml", text)], path: "Chart.yaml", line, message, helm: REFUSES }
}

fn beside(name: &'static str, path: &'static str, text: impl AsRef<[u8]>, message: &'static str) -> Case {
    let files = vec![file("Chart.yaml", PLAIN), file(path, text)];
    Case { name, files, path, line: None, message, helm: REFUSES }
}

fn cases() -> Vec<Case> {
    let plain = |more: &str| format!("{PLAIN}{more}");
    vec![
        Case {
            files: vec![file("values.yaml", "")],
            path: "",
            ..fields("no-chart-yaml", "", 0, "no Chart.yaml")
        },
        fields("empty", "", 0, "no `name`"),
        fields("not-yaml", "apiVersion: v2\nname: [\n", 2, "not valid YAML"),
        fields("not-a-mapping", "- a\n", 1, "is a list, where a mapping"),
        fields("not-utf8", "apiVersion: v2\nname: web\n", 0, "no `version`"),
        fields("no-name", "apiVersion: v2\nversion: 1.0.0\n", 0, "no `name`"),
        fields(
            "name-with-slash",
            "apiVersion: v2\nname: a/b\nversion: 1.0.0\n",
            2,
            "not the name of a chart",
        ),
        fields("name-of-parent", "apiVersion: v2\nname: ..\nversion: 1.0.0\n", 2, "not the name of a chart"),
        fields(
            "version",
            "apiVersion: v2\nname: web\nversion: one\n",
            3,
            "\"one\" is not a semantic version",
        ),
        fields(
            "version-list",
            "apiVersion: v2\nname: web\nversion: [1]\n",
            3,
            "`version` is a list, where a text",
        ),
        fields("type", &plain("type: service\n"), 4, "neither `application` nor `library`"),
        Case {
            helm: [false, true],
            ..fields("api-version", "apiVersion: v7\nname: web\nversion: 1.0.0\n", 1, "\"v7\" is not known")
        },
        fields("deprecated", &plain("deprecated: 'yes'\n"), 4, "`deprecated` is a text, where true or false"),
        fields("keywords", &plain("keywords: a\n"), 4, "`keywords` is a text, where a list"),
        fields("keyword", &plain("keywords:\n- a\n- [b]\n"), 6, "`keywords[1]` is a list, where a text"),
        fields(
            "annotations",
            &plain("annotations:\n  a: {b: c}\n"),
            5,
            "`annotations.a` is a mapping, where a text",
        ),
        fields("maintainer", &plain("maintainers:\n-\n"), 5, "`maintainers[0]` is empty"),
        fields("dependency", &plain("dependencies:\n- name: a\n-\n"), 6, "`dependencies[1]` is empty"),
        fields("alias", &plain("dependencies:\n- name: a\n  alias: a.b\n"), 6, "alias \"a.b\" of \"a\""),
        fields(
            "twice",
            &plain("dependencies:\n- name: a\n- name: b\n  alias: a\n"),
            7,
            "name or alias \"a\"",
        ),
        fields(
            "missing",
            &plain("dependencies:\n- name: a\n- name: b\n"),
            0,
            "lacks dependencies of Chart.yaml: a, b",
        ),
        fields("merge", &plain("<<: 1\n"), 4, "merges mappings only"),
        Case { line: Some(1), ..beside("values-list", "values.yaml", "- a\n", "where a mapping is wanted") },
        Case { line: Some(2), ..beside("values-yaml", "values.yaml", "a: 1\nb: [\n", "not valid YAML") },
        Case { line: Some(2), ..beside("schema", "values.schema.json", "{\n", "not JSON") },
        Case { line: Some(2), ..beside("ignore", ".helmignore", "a\n**/b\n", "`**` is not a pattern") },
        Case { line: Some(1), ..beside("ignore-bracket", ".helmignore", "[a\n", "not a valid pattern") },
        Case {
            line: Some(1),
            ..beside("lock-time", "Chart.lock", "generated: yesterday\n", "not a time as RFC 3339")
        },
        Case {
            line: Some(1),
            ..beside("lock-list", "Chart.lock", "dependencies: {}\n", "`dependencies` is a mapping")
        },
        Case { path: "charts/README.md", ..beside("charts-file", "charts/README.md", "x", "not a chart") },
        Case { path: "charts/a", ..beside("charts-folder", "charts/a/README.md", "x", "no Chart.yaml") },
        Case { path: "charts/a.tgz", ..beside("charts-archive", "charts/a.tgz", "x", "not an archive") },
        Case {
            path: "charts/a/Chart.yaml",
            line: Some(2),
            ..beside("charts-fields", "charts/a/Chart.yaml", "name: a\nversion: x\n", "semantic version")
        },
        // Helm writes these packages, and does not load them again.
        Case { helm: TAKES, ..beside("backslash", "a\\b", "x", "has a `\\`") },
        Case { helm: TAKES, ..beside("dots", "..data", "x", "begins with `..`") },
        Case { helm: TAKES, ..beside("drive", "c:/x", "x", "drive of Windows") },
        Case { helm: [true, false], ..beside("large", "large.bin", vec![0; (5 << 20) + 1], "5 MiB") },
        Case {
            files: vec![
                file("Chart.yaml", PLAIN),
                file("charts/a1/Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n"),
                file("charts/a2/Chart.yaml", "apiVersion: v2\nname: a\nversion: 2.0.0\n"),
            ],
            helm: TAKES,
            ..beside("two-versions", "charts/a2", "", "a 1.0.0 and a 2.0.0 are both in charts/")
        },
    ]
}

fn package(folder: &Path, name: &str) -> Result<(), Error> {
    DiskFolders::new(folder).and_then(|folders| Chart::read(&folders, name)?.package()).map(|_| ())
}

#[test]
fn what_is_refused_has_a_place_and_a_reason() {
    let root = tempfile::tempdir().unwrap();
    for case in cases() {
        for ChartFile { path, bytes } in &case.files {
            let file = root.path().join(case.name).join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
        let error = package(root.path(), case.name).expect_err(case.name);
        assert!(error.message().contains(case.message), "{}: {error}", case.name);
        assert_eq!(error.line(), case.line, "{}: {error}", case.name);
        // A dependency that is missing concerns no folder of its own.
        let expected = match case.name {
            "missing" => Path::new("Chart.yaml").to_owned(),
            name => Path::new(name).join(case.path),
        };
        assert_eq!(
            error.path().unwrap().to_str(),
            expected.to_str().map(|path| path.trim_end_matches('/')),
            "{error}"
        );
    }
    for (program, which) in [("helm3", 0), ("helm", 1)] {
        let Some(helm) = available(Tool::find(program)) else { continue };
        for case in cases() {
            let folder = root.path().join(case.name);
            let refused = helm.run(["package", folder.to_str().unwrap()]);
            assert_eq!(refused.is_err(), case.helm[which], "{program} and {}: {refused:?}", case.name);
        }
    }
}

#[test]
fn a_file_that_is_not_text_has_its_line() {
    let bytes = b"apiVersion: v2\nname: web\nversion: 1.0.0\ndescription: \xff\n";
    let error = Chart::from_files(vec![file("Chart.yaml", bytes)]).unwrap_err();
    assert_eq!(error.to_string(), "Chart.yaml:4: the file is not text in UTF-8");
    assert_eq!(error.hint(), Some("save the file as UTF-8"));
}

/// An archive with these names and contents, which a `tar` of another kind may have written.
fn archive(entries: &[(&str, tar::EntryType, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, kind, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        if matches!(kind, tar::EntryType::Symlink | tar::EntryType::Link) {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        builder.append(&header, content.as_bytes()).unwrap();
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&builder.into_inner().unwrap()).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn archives_that_lead_out_of_the_chart() {
    let regular = tar::EntryType::Regular;
    for (name, kind, message) in [
        ("web/../../etc/passwd", regular, "is outside the chart"),
        ("web/..", regular, "is outside the chart"),
        ("web//etc/passwd", regular, "is an absolute path"),
        ("web\\..\\..\\x", regular, "is outside the chart"),
        ("web/c:/x", regular, "drive"),
        ("web", regular, "not below a folder"),
        ("Chart.yaml/x", regular, "belongs into a folder"),
        ("web/link", tar::EntryType::Symlink, "a link or a device"),
        ("web/link", tar::EntryType::Link, "a link or a device"),
        ("web/null", tar::EntryType::Char, "a link or a device"),
        ("web/pipe", tar::EntryType::Fifo, "a link or a device"),
    ] {
        let bytes = archive(&[("web/Chart.yaml", regular, PLAIN), (name, kind, "")]);
        let error = Chart::from_archive(&bytes).expect_err(name);
        assert!(error.message().contains(message), "{name}: {error}");
        assert_eq!(error.path(), Some(Path::new(name)));
    }
    let folder = archive(&[("web", tar::EntryType::Directory, ""), ("web/Chart.yaml", regular, PLAIN)]);
    assert_eq!(Chart::from_archive(&folder).unwrap().name(), "web");
    for bytes in [&b""[..], b"<html>", b"\x1f\x8b", &folder[..folder.len() / 2], &archive(&[])] {
        Chart::from_archive(bytes).unwrap_err();
    }
}

#[test]
fn an_archive_is_not_unpacked_beyond_what_helm_loads() {
    let content = "0".repeat(5 << 20);
    let names: Vec<String> = (0..20).map(|at| format!("web/files/{at}")).collect();
    let mut entries = vec![("web/Chart.yaml", tar::EntryType::Regular, PLAIN)];
    entries.extend(names.iter().map(|name| (name.as_str(), tar::EntryType::Regular, content.as_str())));
    let bytes = archive(&entries);
    assert!(bytes.len() < 1 << 20, "{}", bytes.len());
    let error = Chart::from_archive(&bytes).unwrap_err();
    assert_eq!(
        (error.message(), error.path()),
        ("the chart has 100 MiB or more, and Helm loads less", Some(Path::new("web/files/19")))
    );

    // A chart within a chart, and so on.
    let mut inner =
        Chart::from_archive(&archive(&entries[..1])).unwrap().package().unwrap().archive().to_vec();
    let error = loop {
        let files = vec![file("Chart.yaml", PLAIN), file("charts/web.tgz", &inner)];
        match Chart::from_files(files) {
            Ok(chart) => inner = chart.package().unwrap().archive().to_vec(),
            Err(error) => break error,
        }
    };
    assert!(error.message().contains("nested more than"), "{error}");
}
