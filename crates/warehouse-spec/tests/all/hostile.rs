//! Input from anywhere: nothing panics, nothing grows without bound, and no credential is shown.

use proptest::prelude::*;
use warehouse_spec::{Code, Edition, Limits, Manifest, Options, Snippet, lint, migrate, parse, parse_bytes};

fn read(text: &str) -> Manifest {
    parse("kargo.yaml", text, &Options::default())
}

#[track_caller]
fn refused(text: &str, code: Code) {
    let manifest = read(text);
    let codes: Vec<Code> = manifest.errors().map(|error| error.code).collect();
    assert_eq!(codes, [code], "{:?}", manifest.diagnostics);
}

#[test]
fn deep_nesting() {
    refused(&"[".repeat(100_000), Code::Limit);
    refused(&"- ".repeat(100_000), Code::Limit);
    refused(&"{a: ".repeat(100_000), Code::Limit);
    let indented: String = (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    refused(&indented, Code::Limit);
}

#[test]
fn nesting_by_aliases() {
    let mut text = "a0: &a0 [x]\n".to_owned();
    for level in 1..200 {
        text.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    refused(&text, Code::Limit);
}

#[test]
fn alias_bombs() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    refused(&text, Code::Limit);
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 1_000].join(", "));
    refused(&long, Code::Limit);
}

/// Each of these patterns takes 5 MiB when compiled, and is below the limit of one pattern.
#[test]
fn many_large_patterns_are_compiled_up_to_one_budget() {
    let manifest = |list: &str, patterns: &dyn Fn(usize) -> String| {
        let items: String = (0..200).map(|number| format!("      - '{}'\n", patterns(number))).collect();
        read(&format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: a, namespace: b}}\nspec:\n  subscriptions:\n\
             {list}{items}"
        ))
    };
    let image = "  - image:\n      repoURL: ghcr.io/a/b\n      allowTagsRegexes:\n";
    let git = "  - git:\n      repoURL: https://github.com/a/b\n      includePaths:\n";
    type Pattern = fn(usize) -> String;
    let cases: [(&str, Pattern, Code); 3] = [
        (image, |number| format!(r"^{number}\pL{{100}}"), Code::BadRegex),
        (image, |number| format!(r"(?i)^{number}{}", r"[\x{1}-\x{10ffff}]".repeat(20)), Code::BadRegex),
        (git, |number| format!(r"regex:^{number}\pL{{100}}"), Code::BadSelector),
    ];
    for (list, pattern, code) in cases {
        let manifest = manifest(list, &pattern);
        let refused: Vec<_> = manifest.errors().filter(|error| error.code == code).collect();
        assert!(refused.len() > 90, "{}: {:?}", pattern(0), manifest.diagnostics.len());
        let last = refused.last().unwrap();
        assert!(last.message.contains("exceed 64 MiB together when compiled"), "{last}");
    }
}

#[test]
fn what_the_help_for_too_many_patterns_says_works() {
    let line = |number: usize| format!("      - '^{number}$'\n");
    let file = |numbers: std::ops::Range<usize>| {
        let items: String = numbers.map(line).collect();
        read(&format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: a, namespace: b}}\nspec:\n  subscriptions:\n  \
             - image:\n      repoURL: ghcr.io/a/b\n      allowTagsRegexes:\n{items}"
        ))
    };
    let all = file(0..1500);
    let last = all.errors().filter(|error| error.code == Code::BadRegex).last().unwrap();
    assert_eq!(
        last.help.as_deref(),
        Some("write fewer or smaller patterns, or put Warehouses into files of their own")
    );
    for half in [0..750, 750..1500] {
        assert_eq!(file(half).errors().count(), 0);
    }
}

#[test]
fn an_alias_to_what_it_stands_in() {
    refused("a: &a [*a]\n", Code::Limit);
}

/// What is where something else is expected is shown without its password, or not at all.
#[test]
fn passwords_in_misplaced_values() {
    let head = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: a\nspec:\n  subscriptions:\n";
    let url = "https://me:hunter2@host/a.git";
    for lines in [
        format!("  - {url}\n"),
        format!("  - git: {url}\n"),
        format!("  - git: [{url}]\n"),
        format!("  - chart: {url}\n    name: b\n"),
        format!("  - chart: {{repoURL: [{url}]}}\n"),
        "  - image: me:hunter2@ghcr.io/a\n".to_owned(),
        "  - me:hunter2@ghcr.io/a\n".to_owned(),
        format!("  - git:\n      repoURL: {url}\n      branch: {url} #1\n"),
        format!("  - git:\n      repoURL: {url}\n      branch: #{url}\n"),
        format!("  - git:\n      repoURL: {url}\n      includePaths: ['\"{url}\"', 'glob:/{url}']\n"),
    ] {
        let manifest = read(&format!("{head}{lines}"));
        assert!(!manifest.diagnostics.is_empty(), "{lines}");
        for found in &manifest.diagnostics {
            let help = found.help.clone().unwrap_or_default();
            assert!(!found.to_string().contains("hunter2") && !help.contains("hunter2"), "{found}: {help}");
            assert!(!help.contains("repoURL: https://***"), "{help}");
        }
    }
}

#[test]
fn size() {
    let options = Options::default().with_limits({
        let mut limits = Limits::default();
        limits.bytes = 10;
        limits
    });
    let manifest = parse("kargo.yaml", "kind: Warehouse\n", &options);
    assert_eq!(
        manifest.diagnostics[0].to_string(),
        "kargo.yaml:1:1: error: the manifest is larger than the limit of 10 bytes"
    );
}

/// The reader of a file may have stopped at the limit, and no line of what is left is to blame.
#[test]
fn a_text_that_is_too_large_is_not_shown() {
    let text = "# password\n".repeat(400_000);
    let manifest = read(&text);
    let shown = Snippet::new(&manifest.diagnostics[0], &text).to_string();
    assert_eq!(
        shown,
        "error: the manifest is larger than the limit of 4194304 bytes\n --> kargo.yaml:1:1\n  = help: split it into several files, each with some of its documents or subscriptions"
    );
}

#[test]
fn what_a_terminal_would_act_on_is_replaced() {
    let head = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: demo}\nspec:\n  subscriptions:\n";
    for (letter, escape) in [
        ('\u{1b}', "\\e"),
        ('\u{7}', "\\a"),
        ('\u{9b}', "\\x9b"),
        ('\n', "\\n"),
        ('\u{202e}', "\\u202e"),
        ('\u{2066}', "\\u2066"),
    ] {
        let values =
            format!("{{repoURL: \"a{escape}b\", \"c{escape}d\": 1, discoveryLimit: \"e{escape}f\"}}");
        for text in
            [format!("{head}  - image: {values}\n"), format!("{head}  - \"im{escape}age\": {values}\n")]
        {
            let manifest = parse(&format!("kargo{letter}.yaml"), &text, &Options::default());
            assert!(!manifest.diagnostics.is_empty());
            for found in &manifest.diagnostics {
                for shown in [found.to_string(), Snippet::new(found, &text).to_string()] {
                    let breaks = shown.lines().count() - 1;
                    assert_eq!(
                        shown.matches(letter).count(),
                        if letter == '\n' { breaks } else { 0 },
                        "{shown:?}"
                    );
                    let written = letter.escape_debug().to_string();
                    assert!(shown.contains(&written), "{shown:?}");
                }
            }
        }
    }
    let text = format!("{head}  - image: {{repoURL: 'nginx:1\u{202e}'}}\n");
    let found = &read(&text).diagnostics[0];
    assert!(!Snippet::new(found, &text).to_string().contains('\u{202e}'));
}

/// Every snippet looks at the surroundings of its place alone, however long the line.
#[test]
fn long_lines_are_shown_in_part() {
    let (long, keys) = ("x".repeat(1_000_000), "k:".repeat(1_000_000));
    let head = |value: &str| {
        format!(
            "apiVersion: kargo.akuity.io/v1alpha1, kind: Warehouse, metadata: {{name: demo, annotations: {{a: '{value}'}}}}"
        )
    };
    let spec = |more: &str| format!("spec: {{subscriptions: [{{image: {{repoURL: 'nginx:1'{more}}}}}]}}");
    for (name, text, expected) in [
        ("at the end", format!("{{{}, {}}}", head(&long), spec("")), "| ... xxx"),
        ("at the start", format!("{{{}, {}}}", spec(""), head(&long)), " ...\n"),
        ("before many colons", format!("{{{}, {}}}", spec(""), head(&keys)), " ...\n"),
        ("near a secret", format!("{{{}, {}}}", head(&long), spec(", token: hunter2")), "| ***\n"),
    ] {
        let manifest = read(&text);
        let found = manifest.errors().next().unwrap();
        let shown = Snippet::new(found, &text).to_string();
        assert!(shown.contains(expected), "{name}: {}", shown.chars().take(500).collect::<String>());
        assert!(shown.len() < 1_000 && !shown.contains("hunter2"), "{name}: {} bytes", shown.len());
    }
}

#[test]
fn many_problems_are_cut_short() {
    let many: String = (0..5_000).map(|number| format!("  x{number}: 1\n")).collect();
    let text = format!("apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n{many}");
    let manifest = read(&text);
    assert_eq!(manifest.diagnostics.len(), 1_001);
    let errors: Vec<String> = manifest.errors().map(|error| error.message.clone()).collect();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert_eq!(errors[2], "4002 more problems are not listed");
}

#[test]
fn aliases_and_merges_in_measure() {
    let manifest = read(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: demo}\nspec:\n  subscriptions:\n  - image: &base\n      repoURL: nginx\n      discoveryLimit: 3\n  - image:\n      <<: *base\n      repoURL: redis\n",
    );
    assert!(manifest.is_valid(), "{:?}", manifest.diagnostics);
    let limits: Vec<u32> = manifest.warehouses[0]
        .spec
        .subscriptions
        .iter()
        .map(warehouse_spec::Subscription::discovery_limit)
        .collect();
    assert_eq!(limits, [3, 3]);
}

#[test]
fn crlf_and_byte_order_marks() {
    let text = "\u{feff}apiVersion: kargo.akuity.io/v1alpha1\r\nkind: Warehouse\r\nmetadata:\r\n  name: demo\r\nspec:\r\n  subscriptions:\r\n  - image:\r\n      repoURL: nginx\r\n";
    for manifest in [read(text), parse_bytes("kargo.yaml", text.as_bytes(), &Options::default())] {
        assert_eq!(manifest.diagnostics, []);
        assert_eq!(manifest.warehouses.len(), 1);
    }
}

#[test]
fn json_with_tabs() {
    let text = "{\n\t\"apiVersion\": \"kargo.akuity.io/v1alpha1\",\n\t\"kind\": \"Warehouse\",\n\t\"metadata\": {\"name\": \"demo\"},\n\t\"spec\": {\"subscriptions\": [\n\t\t{\"image\": {\"repoURL\": \"nginx\", \"constraint\": \"\\u005e1\\/\"}}\n\t]}\n}\n";
    let manifest = read(text);
    let found: Vec<String> = manifest.diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "kargo.yaml:6:48: error: `^1/` is not a version constraint: it is not a list of comparisons such as `>=1.2, <2` (spec.subscriptions[0].image.constraint)"
        ]
    );
}

#[test]
fn no_credential_is_shown() {
    let secrets = ["hunter2", "ghp_abc"];
    for text in [
        "kind: Secret\nstringData:\n  password: hunter2\n  x: [hunter2\n",
        "kind: Warehouse\nspec:\n  subscriptions:\n  - image:\n      repoURL: https://me:hunter2@ghcr.io/a\n",
        "kind: Warehouse\nspec:\n  subscriptions:\n  - git: {repoURL: 'ftp://ghp_abc@host/a', colour: red, token: hunter2}\n",
        "kind: Warehouse\nspec:\n  subscriptions:\n  - git:\n      repoURL: https://me:hunter2@host/a b c: d\n",
        "kind: Warehouse\nspec:\n  subscriptions:\n  - git:\n      password: *hunter2\n",
        "- 'https://me:hunter2@host\n",
    ] {
        let manifest = read(text);
        assert!(!manifest.diagnostics.is_empty());
        for found in &manifest.diagnostics {
            let shown = format!("{}\n{found}\n{found:?}", Snippet::new(found, text));
            for secret in secrets {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
    }
}

/// Everything a manifest is made of, in any order.
fn yaml_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "apiVersion: kargo.akuity.io/v1alpha1\n",
        "kind: Warehouse\n",
        "kind: Freight\n",
        "metadata:\n",
        "  name: a\n",
        "spec:\n",
        "  subscriptions:\n",
        "  - image:\n",
        "  - git:\n",
        "  - helm:\n",
        "      repoURL: nginx\n",
        "      repoURL: https://u:p@h/a\n",
        "      constraint: ",
        "      semverConstraint: ^1\n",
        "      allowTags: a\n",
        "      ignoreTags: [a, 'b']\n",
        "    includePaths: [a]\n",
        "    repos: {images: [{repoURL: a}]}\n",
        "    repos:\n      images:\n      - repoURL: a\n",
        "\"",
        "'",
        "^1",
        "*",
        "!",
        "&a ",
        "*a",
        "<<: ",
        "---\n",
        "...\n",
        "- ",
        ": ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "|\n",
        ">-\n",
        "# c\n",
        "\t",
        "\r\n",
        "\n",
        "  ",
        "\u{feff}",
        "é",
        "%YAML 1.2\n",
        "%TAG ! x\n",
        "? ",
        "@",
        "`",
        "${{ x }}",
        "0x1",
        "null",
        "\\",
        "\u{0}",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Reads a text and looks at everything that follows from it.
fn look(text: &str) {
    for strict in [false, true] {
        let manifest = parse("kargo.yaml", text, &Options::default().with_strict(strict));
        for found in &manifest.diagnostics {
            assert!(!found.message.is_empty());
            assert!(found.location.line > 0 && found.location.column > 0);
            assert!(!Snippet::new(found, text).to_string().is_empty());
        }
        for warehouse in &manifest.warehouses {
            assert!(!warehouse.spec.subscriptions.is_empty());
            assert!(serde_json::to_string(&**warehouse).is_ok());
        }
    }
    for found in lint("kargo.yaml", text, &Options::default()).diagnostics {
        assert!(!Snippet::new(&found, text).with_code().with_colors(true).to_string().is_empty());
    }
    let migration = migrate("kargo.yaml", text, Edition::NEWEST, &Options::default());
    let before = parse("kargo.yaml", text, &Options::default());
    assert_eq!(
        migration.manifest.warehouses.len(),
        before.warehouses.len(),
        "{text:?}: {:?}",
        migration.text
    );
    let again = migrate("kargo.yaml", &migration.text, Edition::NEWEST, &Options::default());
    assert_eq!(again.text, migration.text, "{text:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let manifest = parse_bytes("kargo.yaml", &bytes, &Options::default());
        prop_assert!(manifest.warehouses.is_empty());
    }

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        look(&text);
    }

    #[test]
    fn anything_like_yaml(text in yaml_like()) {
        look(&text);
    }
}
