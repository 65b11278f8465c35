//! Charts that are odd and good, bad in one place, or no charts.

use chart_lint::{Options, lint_chart};
use proptest::prelude::*;

const METADATA: &str =
    "apiVersion: v2\nname: web\nversion: 1.4.0\nappVersion: \"2.3.1\"\nicon: https://example.com/web.svg\n";
const VALUES: &str =
    "image:\n  repository: example/web\nresources: {}\nsecurityContext:\n  runAsNonRoot: true\n";

fn found(files: &[(&str, &str)], options: &Options) -> Vec<String> {
    let files = files.iter().map(|(name, text)| (*name, text.as_bytes()));
    let findings = lint_chart("charts/web", files, options);
    let row = |finding: &chart_lint::Finding| {
        let file = finding.location.source.strip_prefix("charts/web/").unwrap();
        format!("{file}:{}:{} {}", finding.location.line, finding.location.column, finding.code)
    };
    findings.iter().map(row).collect()
}

/// What is special, the files of a chart, and its findings.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);

#[track_caller]
fn check(cases: &[Case<'_>]) {
    let mut wrong = Vec::new();
    for (name, files, expected) in cases {
        let found = found(files, &Options::default().deployed(true).release(true));
        if found != *expected {
            wrong.push(format!("{name}: {found:?}, expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn odd_and_good_charts_have_no_findings() {
    let with = |more: &str| format!("{METADATA}{more}");
    let dependency = |rest: &str| with(&format!("dependencies:\n- name: redis\n  {rest}\n"));
    let cases = [
        ("a library", "apiVersion: v2\nname: web\nversion: 0.3.0\ntype: library\n".to_owned(), String::new()),
        ("a chart of dependencies alone", "apiVersion: v2\nname: web\nversion: 1.0.0\nicon: https://a.example\ndependencies:\n- {name: a, version: 1.0.0, repository: 'oci://example.com/charts'}\n".into(), "a:\n  image:\n    repository: x\n    tag: latest\n".into()),
        ("a dev version of its own", METADATA.replace("1.4.0", "0.0.0-dev"), VALUES.into()),
        ("build metadata and a pre-release", METADATA.replace("1.4.0", "1.4.0-rc.1+build.5"), VALUES.into()),
        ("a dependency on a folder, with a range", dependency("version: ^1.0.0\n  repository: file://../redis"), VALUES.into()),
        ("a dependency in `charts/`", dependency("repository: \"\""), VALUES.into()),
        ("a word that is not `dev`", dependency("version: 1.0.0-devel.1\n  repository: https://a.example"), VALUES.into()),
        ("an alias for each of two", with("dependencies:\n- {name: a, version: 1.0.0, repository: 'https://a.example'}\n- {name: a, alias: b, version: 1.0.0, repository: 'https://a.example'}\n"), VALUES.into()),
        ("values of dependencies and global ones", dependency("version: 1.0.0\n  repository: https://a.example\n  alias: cache"), format!("{VALUES}cache:\n  image:\n    repository: x\nglobal:\n  image:\n    registry: y\n")),
        ("components with settings around them", METADATA.into(), "resources: {}\npodSecurityContext: {runAsUser: 1000}\nweb:\n  image: {repository: a}\nworker:\n  image: {repository: b, tag: 1.0.0}\n".into()),
        ("settings of one component", METADATA.into(), "web:\n  image: {repository: a}\n  resources:\n    limits: {memory: 1Gi}\n  containerSecurityContext: {runAsNonRoot: true}\n".into()),
        ("one of two contexts with defaults", METADATA.into(), format!("{VALUES}podSecurityContext: {{}}\n")),
        ("an anchor for two components", METADATA.into(), "defaults: &defaults\n  resources: {}\n  securityContext: {runAsNonRoot: true}\na:\n  <<: *defaults\n  image: {repository: a}\nb:\n  <<: *defaults\n  image: {repository: b}\n".into()),
        ("a key `image` that is a switch", METADATA.into(), "image: true\nother:\n  image:\n    enabled: false\n".into()),
        ("an image by a template", METADATA.into(), VALUES.replace("example/web", "example/web\n  tag: \"{{ .Chart.AppVersion }}\"")),
        ("maintainers and sources", with("maintainers:\n- name: A\n- name: B\n  email: b@example.com\n  url: https://b.example\nsources: [\"https://a.example/x\", \"git+ssh://git@a.example/x\"]\nannotations: {a: b}\nkeywords: [a]\nhome: https://a.example\nkubeVersion: \">=1.30.0\"\n"), VALUES.into()),
        ("a comment with `lint` in it", with("# a lint: of a kind\n"), VALUES.into()),
    ];
    for (name, metadata, values) in &cases {
        check(&[(
            name,
            &[("Chart.yaml", metadata), ("values.yaml", values), ("templates/NOTES.txt", "")],
            &[],
        )]);
    }
    check(&[("no values", &[("Chart.yaml", METADATA)], &[])]);
}

#[test]
fn findings_stand_where_the_fault_is() {
    let metadata = |text: &str| METADATA.replace("appVersion: \"2.3.1\"", text);
    check(&[
        (
            "a number for a version",
            &[("Chart.yaml", &METADATA.replace("1.4.0", "1.40"))],
            &["Chart.yaml:3:10 version-not-text"],
        ),
        (
            "a date for an application",
            &[("Chart.yaml", &metadata("appVersion: 2026-11-29"))],
            &["Chart.yaml:4:13 version-not-text"],
        ),
        (
            "an octal for an application",
            &[("Chart.yaml", &metadata("appVersion: 0755"))],
            &["Chart.yaml:4:13 version-not-text"],
        ),
        (
            "a type in v1",
            &[("Chart.yaml", &format!("{}type: application\n", METADATA.replace("v2", "v1")))],
            &["Chart.yaml:6:7 chart-type-invalid"],
        ),
        (
            "nothing that is required",
            &[("Chart.yaml", "icon: https://a.example\n")],
            &[
                "Chart.yaml:1:1 api-version-invalid",
                "Chart.yaml:1:1 chart-name-invalid",
                "Chart.yaml:1:1 version-not-semver",
            ],
        ),
        (
            "components in a list",
            &[
                ("Chart.yaml", METADATA),
                (
                    "values.yaml",
                    "workers:\n- name: a\n  image:\n    repository: x\n    tag: latest\n  securityContext: {runAsUser: 0}\n",
                ),
            ],
            &[
                "values.yaml:3:3 resources-not-configurable",
                "values.yaml:5:10 image-tag-latest",
                "values.yaml:6:32 security-context-unsafe",
            ],
        ),
        (
            "the settings of another component",
            &[
                ("Chart.yaml", METADATA),
                (
                    "values.yaml",
                    "a:\n  image: {repository: x}\n  resources: {}\n  securityContext: {runAsUser: 1}\nb:\n  image: {repository: y}\n",
                ),
            ],
            &[
                "values.yaml:6:3 resources-not-configurable",
                "values.yaml:6:3 security-context-not-configurable",
            ],
        ),
        (
            "a lock with a dev version",
            &[
                (
                    "Chart.yaml",
                    &format!(
                        "{METADATA}dependencies:\n- name: a\n  version: '>0.0.0-0'\n  repository: https://a.example\n"
                    ),
                ),
                ("Chart.lock", "dependencies:\n- name: a\n  version: 1.0.0-dev.3\n"),
            ],
            &["Chart.lock:3:12 dependency-on-dev-version"],
        ),
        (
            "a lock without a dependency",
            &[
                (
                    "Chart.yaml",
                    &format!(
                        "{METADATA}dependencies:\n- name: a\n  version: 1.x\n  repository: https://a.example\n"
                    ),
                ),
                ("Chart.lock", "generated: x\n"),
            ],
            &["Chart.lock:1:1 lock-out-of-step"],
        ),
        (
            "templates of a library",
            &[
                ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\ntype: library\n"),
                ("templates/_a.tpl", ""),
                ("templates/sub/b.yaml", ""),
                ("templates/NOTES.txt", ""),
            ],
            &["templates/sub/b.yaml:1:1 library-with-manifests"],
        ),
        (
            "maintainers",
            &[("Chart.yaml", &format!("{METADATA}maintainers:\n- name: A\n  email: a b@c\n- url: x\n"))],
            &[
                "Chart.yaml:8:10 maintainer-invalid",
                "Chart.yaml:9:3 maintainer-invalid",
                "Chart.yaml:9:8 maintainer-invalid",
            ],
        ),
    ]);
}

#[test]
fn what_is_no_chart_is_one_finding_with_its_place() {
    check(&[
        ("no files", &[], &["Chart.yaml:1:1 chart-yaml-invalid"]),
        ("a list", &[("Chart.yaml", "- a\n")], &["Chart.yaml:1:1 chart-yaml-invalid"]),
        ("no YAML", &[("Chart.yaml", "a: b\n c: [\n")], &["Chart.yaml:2:3 chart-yaml-invalid"]),
        (
            "values that are no YAML",
            &[("Chart.yaml", METADATA), ("values.yaml", "a: [")],
            &["values.yaml:1:4 values-yaml-invalid"],
        ),
    ]);
    let deep = format!("a: {}", "[".repeat(10_000));
    let found = found(&[("Chart.yaml", METADATA), ("values.yaml", &deep)], &Options::default());
    assert_eq!(found.len(), 1, "{found:?}");
    let aliases = (1..20).fold("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, at| {
        let before = at - 1;
        let items = vec![format!("*a{before}"); 10].join(", ");
        text + &format!("a{at}: &a{at} [{items}]\n")
    });
    let findings = lint_chart(
        "charts/web",
        [("Chart.yaml", METADATA.as_bytes()), ("values.yaml", aliases.as_bytes())],
        &Options::default(),
    );
    assert_eq!(findings.len(), 1);
    assert!(findings[0].message.contains("more than 200000 values"), "{findings:?}");
    let findings =
        lint_chart("", [("Chart.yaml", &b"apiVersion: v2\nname: \xff\n"[..])], &Options::default());
    assert_eq!(
        format!("{:#}", findings[0]),
        "Chart.yaml:2:7: error: the file is not valid UTF-8 [chart-yaml-invalid]"
    );
}

#[test]
fn the_folder_has_the_name_of_the_chart_if_it_has_one() {
    for (folder, count) in
        [("charts/web", 0), ("charts/web/", 0), ("web", 0), (".", 0), ("", 0), ("charts/site", 1)]
    {
        let files = [("Chart.yaml", METADATA.as_bytes())];
        assert_eq!(lint_chart(folder, files, &Options::default()).len(), count, "{folder}");
    }
}

proptest! {
    /// No texts panic, and places are inside of them.
    #[test]
    fn any_texts_are_linted(metadata in any_yaml(), values in any_yaml(), lock in any_yaml()) {
        let files = [("Chart.yaml", &metadata), ("values.yaml", &values), ("Chart.lock", &lock)];
        let options = Options::default().deployed(true).release(true);
        for finding in lint_chart("web", files.map(|(name, text)| (name, text.as_bytes())), &options) {
            let text = files.iter().find(|(name, _)| finding.location.source.ends_with(name)).unwrap().1;
            prop_assert!((1..=text.split('\n').count()).contains(&finding.location.line) && finding.location.column >= 1, "{finding:?}");
        }
    }
}

fn any_yaml() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "apiVersion: |name: |version: |appVersion: |dependencies:|maintainers:|type: |icon: |sources: ",
        "image:|repository: |tag: |resources:|securityContext:|privileged: |global:|&a |\\*a|<<: ",
        "v2|1\\.0|1\\.0\\.0-dev|latest|true|library|\\{\\}|\\[\\]|\\{a: b\\}|# lint: allow icon-missing: x|# lint: |- ",
        any::<String>(),
    ];
    prop::collection::vec((word, "|\n|\n  |\n    "), 0..25)
        .prop_map(|words| words.into_iter().flat_map(|(word, space)| [word, space]).collect())
}

#[test]
fn hostile_values_are_bounded() {
    let one_line = format!("a: [{}]\n", "{image: {repository: x}},".repeat(20_000));
    assert_eq!(
        found(&[("Chart.yaml", METADATA), ("values.yaml", &one_line)], &Options::default()).len(),
        40_000
    );
    let wide = (0..30_000).map(|at| format!("c{at}: {{image: x}}\n")).collect::<String>();
    assert_eq!(found(&[("Chart.yaml", METADATA), ("values.yaml", &wide)], &Options::default()).len(), 60_000);
    let same_keys = "image: {repository: x, tag: latest}\n".repeat(20_000);
    assert_eq!(found(&[("Chart.yaml", METADATA), ("values.yaml", &same_keys)], &Options::default()).len(), 3);
}

/// What a release has in it counts, wherever it is: in a folder below `charts/`, in an archive, in the folder that `file://` leads to.
#[test]
fn dev_versions_that_are_embedded() {
    let inner = |version: &str| format!("apiVersion: v2\nname: inner\nversion: {version}\n");
    let metadata = format!(
        "{METADATA}dependencies:\n- name: common\n  version: ^1.0.0-0\n  repository: file://../common\n"
    );
    let files: [(&str, &str); 4] = [
        ("Chart.yaml", &metadata),
        ("values.yaml", VALUES),
        ("charts/inner/charts/deep/Chart.yaml", &inner("0.0.0-dev")),
        ("../common/Chart.yaml", &inner("1.2.0-dev.1")),
    ];
    let release = Options::default().release(true);
    assert_eq!(
        found(&files, &release),
        [
            "Chart.yaml:8:12 dependency-on-dev-version",
            "charts/inner/charts/deep/Chart.yaml:1:1 dependency-on-dev-version"
        ]
    );
    assert_eq!(found(&files, &Options::default()), [""; 0]);

    let packaged = helm_chart::Chart::from_files(vec![helm_chart::ChartFile {
        path: "Chart.yaml".into(),
        bytes: inner("0.0.0-dev").into_bytes(),
    }]);
    let archive = packaged.unwrap().package().unwrap();
    let files = [
        ("Chart.yaml", METADATA.as_bytes()),
        ("values.yaml", VALUES.as_bytes()),
        ("charts/inner-0.0.0-dev.tgz", archive.archive()),
        ("charts/broken.tgz", b"x"),
    ];
    let findings = lint_chart("charts/web", files, &release);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(&*findings[0].location.source, "charts/web/charts/inner-0.0.0-dev.tgz");
}
