//! Charts of every shape, made by code.

use std::path::Path;

use helm_chart::{Chart, ChartFile};

/// The files of a chart's folder, with the links and modes that they have on disk.
#[derive(Clone, Default)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) files: Vec<ChartFile>,
    links: Vec<(&'static str, &'static str)>,
    folders: Vec<&'static str>,
    executable: Vec<&'static str>,
}

impl Shape {
    fn new(name: &'static str, chart_yaml: &str) -> Self {
        Self { name, ..Self::default() }.file("Chart.yaml", chart_yaml)
    }

    fn file(mut self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.files.push(ChartFile { path: path.to_owned(), bytes: bytes.as_ref().to_vec() });
        self
    }

    fn chart(self, folder: &str, name: &str, version: &str) -> Self {
        let file = |path: &str| format!("charts/{folder}/{path}");
        self.file(&file("Chart.yaml"), format!("apiVersion: v2\nname: {name}\nversion: {version}\n"))
            .file(&file("values.yaml"), "a: 1\n")
            .file(&file("templates/x.yaml"), format!("# {name}\n"))
    }

    fn link(mut self, path: &'static str, to: &'static str) -> Self {
        self.links.push((path, to));
        self
    }

    /// Writes the folder, with a folder `shared` beside it that links may lead to.
    pub(crate) fn write(&self, root: &Path) {
        let shared = root.join("shared/inner");
        std::fs::create_dir_all(&shared).unwrap();
        std::fs::write(root.join("shared/file.txt"), "shared\n").unwrap();
        std::fs::write(shared.join("deep.txt"), "deep\n").unwrap();
        let folder = root.join(self.name);
        for ChartFile { path, bytes } in &self.files {
            let file = folder.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
        for path in &self.folders {
            std::fs::create_dir_all(folder.join(path)).unwrap();
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::{PermissionsExt as _, symlink};
            for (path, to) in &self.links {
                let link = folder.join(path);
                std::fs::create_dir_all(link.parent().unwrap()).unwrap();
                symlink(to, link).unwrap();
            }
            for path in &self.executable {
                std::fs::set_permissions(folder.join(path), std::fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
    }
}

/// An archive of a chart with this dependency in its `charts/`.
fn archive(name: &str, version: &str, inner: Option<&str>) -> Vec<u8> {
    let file = |path: &str, text: String| ChartFile { path: path.into(), bytes: text.into() };
    let mut files = vec![
        file("Chart.yaml", format!("apiVersion: v2\nname: {name}\nversion: {version}\nhome: 'yes'\n")),
        file("values.yaml", "# kept\nx: {}\n".into()),
        file("templates/_helpers.tpl", "{{- define \"x\" }}{{ end }}\n".into()),
    ];
    if let Some(inner) = inner {
        files.push(file(
            &format!("charts/{inner}/Chart.yaml"),
            format!("apiVersion: v1\nname: {inner}\nversion: 0.1.0\n"),
        ));
    }
    Chart::from_files(files).unwrap().package().unwrap().archive().to_vec()
}

const PLAIN: &str = "apiVersion: v2\nname: plain\nversion: 1.2.3\n";

/// The fields with another name of the chart.
fn named(name: &str, more: &str) -> String {
    format!("apiVersion: v2\nname: {name}\nversion: 1.2.3\n{more}")
}

/// More than thirty shapes. The name of each is the name of its folder and of the chart.
pub(crate) fn all() -> Vec<Shape> {
    let redis = "dependencies:\n- name: redis\n  version: ^18\n  repository: https://charts.example.com\n";
    let lock = "dependencies:\n- name: redis\n  repository: https://charts.example.com\n  version: 18.1.0\n\
                digest: sha256:feed\ngenerated: \"2024-03-01T08:00:00.120000000+00:00\"\n";
    let long = format!("files/{}/{}.txt", "d".repeat(100), "n".repeat(120));
    let longer = format!("files/{}end.txt", "deep/".repeat(70));
    vec![
        Shape::new("plain", PLAIN),
        Shape::new("full", &named("full", "appVersion: 1.10\nkubeVersion: \">=1.20.0-0\"\ntype: application\n"))
            .file("values.yaml", "a: 1\nb: &b {c: yes}\nd: {<<: *b}\n")
            .file("values.schema.json", "{\"type\": \"object\"}\n")
            .file("README.md", "# Full\n")
            .file("LICENSE", "text\n")
            .file("templates/NOTES.txt", "notes\n")
            .file("templates/_helpers.tpl", "{{/* nothing */}}\n")
            .file("templates/tests/test.yaml", "kind: Pod\n")
            .file("crds/thing.yaml", "kind: CustomResourceDefinition\n")
            .file("files/data.bin", [0_u8, 1, 2, 255, 254]),
        Shape::new("library", &named("library", "type: library\n")).file("templates/_a.tpl", "a"),
        Shape::new("types", "apiVersion: v2\nname: 123\nversion: 1.10\nappVersion: 1.10\ndescription: yes\nkeywords: [1, 1.50, no, ~, 0x10]\n")
            .file("values.yaml", ""),
        Shape::new("texts", &named("texts", "description: |\n  many\n  lines\nhome: 'it''s: \"quoted\"'\nsources:\n- '- a'\n- '# b'\n- '@c'\nannotations:\n  b: '1.10'\n  a: \"x\\ty\"\n  n: 010\n  '10': ten\n  '9': nine\n  long: aaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccccccccccccccccc ddddddddddddddd\n")),
        Shape::new("unknown-fields", &named("unknown-fields", "engine: gotpl\nx-thing: {a: b}\nNAME2: x\nDescription: upper\ndescription: lower\n")),
        Shape::new("maintainers", &named("maintainers", "maintainers:\n- name: A\n  email: a@example.com\n  url: https://example.com\n- {}\n- name: 'B\tC'\n")),
        Shape::new("duplicate-keys", "apiVersion: v2\nname: other\nname: duplicate-keys\nversion: 1.2.3\nversion: 1.2.4\n"),
        Shape::new("windows", "apiVersion: v2\r\nname: windows\r\nversion: 1.2.3\r\ndescription: two\r\n  lines\r\n")
            .file("values.yaml", "a: 1\r\n")
            .file("templates/a.yaml", "a\r\nb\r\n"),
        Shape::new("mark", "\u{feff}apiVersion: v2\nname: mark\nversion: 1.2.3\n")
            .file("values.yaml", "\u{feff}a: 1\n")
            .file("templates/a.yaml", "\u{feff}a\n")
            .file("README.md", "\u{feff}\u{feff}twice\n")
            .file("binary", "x\u{feff}"),
        Shape::new("documents", "apiVersion: v2\nname: documents\nversion: 1.2.3\n---\nname: other\n"),
        Shape::new("anchors", "x: &x {name: a, email: b}\napiVersion: v2\nname: anchors\nversion: 1.2.3\nmaintainers: [*x, {<<: *x, url: c}]\n"),
        Shape::new("no-api-version", "name: no-api-version\nversion: 0.1.0\n"),
        Shape::new("v1", "apiVersion: v1\nname: v1\nversion: 0.1.0\n")
            .file("requirements.yaml", redis)
            .file("requirements.lock", lock)
            .chart("redis", "redis", "18.1.0"),
        Shape::new("v1-without-requirements", "apiVersion: v1\nname: v1-without-requirements\nversion: 0.1.0\ndependencies:\n- name: redis\n")
            .chart("redis", "redis", "18.1.0")
            .file("Chart.lock", lock),
        Shape::new("v2-with-requirements", &named("v2-with-requirements", ""))
            .file("requirements.yaml", redis)
            .file("requirements.lock", lock)
            .chart("redis", "redis", "18.1.0"),
        Shape::new("locked", &named("locked", redis)).file("Chart.lock", lock).chart("redis", "redis", "18.1.0"),
        Shape::new("lock-of-nothing", &named("lock-of-nothing", "")).file("Chart.lock", "digest: a\n"),
        Shape::new("lock-empty", &named("lock-empty", "")).file("Chart.lock", "dependencies: []\ngenerated: 2024-03-01T08:00:00+02:00\n"),
        Shape::new(
            "conditions",
            &named("conditions", "dependencies:\n- name: redis\n  version: 18.x\n  repository: \"@stable\"\n  condition: a.b,c\n  tags: [x, 'on']\n  alias: cache\n  import-values:\n  - data\n  - child: a\n    parent: b\n  - {n: 1, f: 1.5}\n- name: redis\n  version: 18.x\n  repository: \"\"\n"),
        )
        .chart("redis", "redis", "18.1.0"),
        Shape::new("folders", &named("folders", ""))
            .chart("a", "a", "1.0.0")
            .chart("b", "renamed", "1.0.0")
            .chart("b/charts/c", "c", "2.0.0")
            .chart("b/charts/c/charts/d", "d", "3.0.0"),
        Shape::new("archives", &named("archives", ""))
            .file("charts/a-1.0.0.tgz", archive("a", "1.0.0", None))
            .file("charts/b.tgz", archive("b", "2.0.0", Some("inner")))
            .file("charts/b.tgz.prov", "signature\n"),
        Shape::new("archive-and-folder", &named("archive-and-folder", ""))
            .file("charts/a-1.0.0.tgz", archive("a", "1.0.0", None))
            .chart("z", "z", "1.0.0")
            .file("charts/z/.helmignore", "templates/\n")
            .file("charts/z/README.md", "not ignored\n")
            .file("charts/z/charts/y-1.0.0.tgz", archive("y", "1.0.0", Some("x"))),
        Shape::new("hidden-charts", &named("hidden-charts", ""))
            .chart("_draft", "draft", "1.0.0")
            .chart(".hidden", "hidden", "1.0.0")
            .file("charts/_README.md", "left out\n")
            .file("charts/.gitkeep", ""),
        Shape::new("ignore", &named("ignore", ""))
            .file(".helmignore", "# comment\n*.swp\n/docs/\nsecret/\ntemplates/tests\na?c\n[x-z].txt\n  spaces.md  \n")
            .file("a.swp", "")
            .file("docs/a", "")
            .file("sub/docs/a", "kept")
            .file("sub/secret/a", "")
            .file("templates/tests/a.yaml", "")
            .file("templates/.hidden.yaml", "")
            .file("templates/.hidden/a.yaml", "")
            .file("templates/sub/.kept.yaml", "kept")
            .file("abc", "")
            .file("ac", "kept")
            .file("y.txt", "")
            .file("w.txt", "kept")
            .file("spaces.md", "")
            .file(".gitignore", "kept"),
        Shape::new("ignore-negation", &named("ignore-negation", ""))
            .file(".helmignore", "!Chart.yaml\n")
            .file("values.yaml", "a: 1\n")
            .file("templates/a.yaml", "a\n"),
        Shape::new("ignore-charts", &named("ignore-charts", ""))
            .file(".helmignore", ".helmignore\ncharts/README.md\ncharts/b\n*.tgz\r\n")
            .file("charts/README.md", "not a chart\n")
            .file("charts/x-1.0.0.tgz", "not an archive")
            .chart("a", "a", "1.0.0")
            .chart("b", "b", "1.0.0"),
        Shape::new("names", &named("names", ""))
            .file("files/übung.txt", "ü")
            .file("files/日本/語.txt", "x")
            .file("files/e\u{301}.txt", "nfd")
            .file("files/é.txt", "nfc")
            .file("files/with space.txt", "x")
            .file("files/🚀.txt", "x")
            .file("files/'\"$`;|.txt", "x")
            .file("files/a..b", "x")
            .file("files/..b", "x")
            .file("templates/ü.yaml", "# x\n"),
        Shape::new("long-names", &named("long-names", "")).file(&long, "long").file(&longer, "longer"),
        Shape::new("order", &named("order", ""))
            .file("a-b", "1")
            .file("a/b", "2")
            .file("a.b", "3")
            .file("A", "4")
            .file("templates/b.yaml", "5")
            .file("templates/a/b.yaml", "6")
            .file("templates/a-b.yaml", "7")
            .file("templates.txt", "8"),
        Shape {
            folders: vec!["empty", "templates", "charts", "crds/empty"],
            executable: vec!["files/run.sh", "Chart.yaml"],
            ..Shape::new("modes", &named("modes", "")).file("files/run.sh", "#!/bin/sh\n")
        },
        Shape::new("links", &named("links", ""))
            .file("files/a.txt", "a\n")
            .link("files/b.txt", "a.txt")
            .link("templates/config", "../files")
            .link("shared.txt", "../shared/file.txt")
            .link("shared", "../shared")
            .link("values.yaml", "files/values")
            .file("files/values", "a: 1\n"),
        Shape::new("library-link", &named("library-link", "dependencies:\n- name: full\n  version: 1.2.3\n  repository: file://../full\n"))
            .link("charts/full", "../../full"),
        Shape::new("values-documents", &named("values-documents", "")).file("values.yaml", "a: 1\n---\nb: 2\n"),
        Shape::new("values-null", &named("values-null", "")).file("values.yaml", "# nothing\n"),
        Shape::new("schema-number", &named("schema-number", "")).file("values.schema.json", "1"),
        Shape::new("version-short", "apiVersion: v2\nname: version-short\nversion: v1.2\n"),
        Shape::new("version-build", "apiVersion: v2\nname: version-build\nversion: 1.2.3-rc.1+build.5\n"),
        Shape::new("large", &named("large", "")).file("files/large.bin", vec![7_u8; 5 << 20]),
        Shape::new("odd name & more", "apiVersion: v2\nname: \"odd  name\t& more\"\nversion: 1.2.3\n"),
    ]
}
