//! What is wrong with a manifest: each slip with its place, its path, its message and its remedy.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

use warehouse_spec::{Code, Diagnostic, Manifest, Options, Severity, parse, parse_bytes};

const HEAD: &str = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata:\n  name: demo\nspec:\n  subscriptions:\n";

fn read(text: &str) -> Manifest {
    parse("kargo.yaml", text, &Options::default())
}

/// What a diagnostic must say.
struct Expected {
    severity: Severity,
    code: Code,
    place: (usize, usize),
    path: &'static str,
    message: &'static str,
    help: &'static str,
}

#[track_caller]
fn only(text: &str, expected: &Expected) {
    let manifest = read(text);
    let [found] = manifest.diagnostics.as_slice() else {
        panic!("{} diagnostics: {:#?}", manifest.diagnostics.len(), manifest.diagnostics);
    };
    same(found, expected);
    let survives = expected.severity == Severity::Warning;
    assert_eq!(manifest.warehouses.len(), usize::from(survives));
}

#[track_caller]
fn same(found: &Diagnostic, expected: &Expected) {
    assert_eq!(found.message, expected.message);
    assert_eq!((found.location.line, found.location.column), expected.place, "{found}");
    assert_eq!(found.path, expected.path);
    assert_eq!(found.help.as_deref().unwrap_or_default(), expected.help);
    assert_eq!((found.severity, found.code), (expected.severity, expected.code));
    assert_eq!(&*found.location.source, "kargo.yaml");
}

/// The subscriptions of an otherwise flawless Warehouse; they start in line 7.
#[track_caller]
fn error(
    subscriptions: &str,
    code: Code,
    place: (usize, usize),
    path: &'static str,
    message: &'static str,
    help: &'static str,
) {
    let severity = Severity::Error;
    only(&format!("{HEAD}{subscriptions}"), &Expected { severity, code, place, path, message, help });
}

#[track_caller]
fn warning(
    subscriptions: &str,
    code: Code,
    place: (usize, usize),
    path: &'static str,
    message: &'static str,
    help: &'static str,
) {
    let severity = Severity::Warning;
    only(&format!("{HEAD}{subscriptions}"), &Expected { severity, code, place, path, message, help });
}

#[test]
fn no_yaml() {
    only(
        "kind: [Warehouse\n",
        &Expected {
            severity: Severity::Error,
            code: Code::Syntax,
            place: (1, 7),
            path: "kind[0]",
            message: "this is no YAML: unclosed bracket '['",
            help: "close the bracket",
        },
    );
}

#[test]
fn no_mapping() {
    only(
        "just some words\n",
        &Expected {
            severity: Severity::Error,
            code: Code::WrongType,
            place: (1, 1),
            path: "",
            message: "a document must be a mapping, not a text",
            help: "a manifest starts with `apiVersion:` and `kind:`",
        },
    );
}

#[test]
fn no_utf8() {
    let manifest = parse_bytes("kargo.yaml", b"kind: X\nname: \xff\n", &Options::default());
    let [found] = manifest.diagnostics.as_slice() else {
        panic!("{:?}", manifest.diagnostics);
    };
    assert_eq!(found.to_string(), "kargo.yaml:2:7: error: the file is no text in UTF-8");
}

#[test]
fn tabs() {
    error(
        "  - image:\n\trepoURL: nginx\n",
        Code::Syntax,
        (8, 2),
        "spec.subscriptions[0].image",
        "this is no YAML: tabs disallowed within this context (block indentation)",
        "indent with spaces, not with tabs",
    );
}

#[test]
fn no_subscriptions() {
    let empty = HEAD.replace("subscriptions:", "subscriptions: []");
    only(
        &empty,
        &Expected {
            severity: Severity::Error,
            code: Code::Missing,
            place: (6, 18),
            path: "spec.subscriptions",
            message: "`subscriptions` is empty: a Warehouse needs at least one subscription",
            help: "add `- image:`, `- git:` or `- chart:` under `subscriptions`",
        },
    );
    error(
        "",
        Code::Missing,
        (6, 3),
        "spec.subscriptions",
        "`subscriptions` has no value: a Warehouse needs at least one subscription",
        "add `- image:`, `- git:` or `- chart:` under `subscriptions`",
    );
}

#[test]
fn two_types_in_one_subscription() {
    error(
        "  - image:\n      repoURL: nginx\n    git:\n      repoURL: https://host/a\n",
        Code::OneType,
        (7, 5),
        "spec.subscriptions[0]",
        "a subscription has one type, and this has 2: `image` and `git`",
        "start a new item with `- ` for each",
    );
}

#[test]
fn no_type() {
    error(
        "  - name: one\n",
        Code::OneType,
        (7, 5),
        "spec.subscriptions[0]",
        "a subscription has no type",
        "add `image:`, `git:` or `chart:`",
    );
    error(
        "  -\n",
        Code::OneType,
        (7, 4),
        "spec.subscriptions[0]",
        "a subscription is empty",
        "write `image:`, `git:` or `chart:` under it, or delete the `-`",
    );
}

#[test]
fn an_unknown_type() {
    error(
        "  - dockerImage:\n      repoURL: nginx\n",
        Code::UnknownField,
        (7, 5),
        "spec.subscriptions[0].dockerImage",
        "`dockerImage` is no type of subscription",
        "did you mean `image`? A subscription of another type needs a `name` beside it",
    );
}

#[test]
fn a_type_without_a_value() {
    error(
        "  - image:\n",
        Code::Missing,
        (7, 5),
        "spec.subscriptions[0].image",
        "`image` has no value, so there is nothing to subscribe to",
        "write its fields under it, indented, or delete it",
    );
}

#[test]
fn a_bad_constraint() {
    error(
        "  - image:\n      repoURL: nginx\n      constraint: ^1.x.y.z\n",
        Code::BadConstraint,
        (9, 19),
        "spec.subscriptions[0].image.constraint",
        "`^1.x.y.z` is no version constraint: it is not a list of comparisons such as `>=1.2, <2`",
        "write it like ^1.2.0, ~1.2, or >=1.2 <2",
    );
}

#[test]
fn a_constraint_that_is_a_number() {
    error(
        "  - image:\n      repoURL: nginx\n      constraint: 1.10\n",
        Code::WrongType,
        (9, 19),
        "spec.subscriptions[0].image.constraint",
        "`constraint` must be a text, and YAML reads the number `1.10`",
        "quote it: \"1.10\"",
    );
}

#[test]
fn a_branch_that_is_a_boolean() {
    error(
        "  - git:\n      repoURL: https://host/a\n      branch: on\n",
        Code::WrongType,
        (9, 15),
        "spec.subscriptions[0].git.branch",
        "`branch` must be a text, and YAML reads the boolean `on`",
        "quote it: \"on\"",
    );
}

#[test]
fn a_constraint_that_is_an_alias() {
    error(
        "  - image:\n      repoURL: nginx\n      constraint: *\n",
        Code::Unquoted,
        (9, 19),
        "spec.subscriptions[0].image.constraint",
        "`*` is read as a YAML alias",
        "quote it: \"*\"",
    );
    error(
        "  - image:\n      repoURL: nginx\n      constraint: *any\n",
        Code::Unquoted,
        (9, 19),
        "spec.subscriptions[0].image.constraint",
        "`*any` is read as a YAML alias",
        "quote it: \"*any\"",
    );
}

#[test]
fn an_expression_that_is_a_tag() {
    error(
        "  - git:\n      repoURL: https://host/a\n      expressionFilter: !(author == 'x')\n",
        Code::Unquoted,
        (9, 25),
        "spec.subscriptions[0].git.expressionFilter",
        "`!(author` is read as a YAML tag",
        "quote it: \"!(author == 'x')\"",
    );
}

#[test]
fn a_bad_pattern() {
    error(
        "  - image:\n      repoURL: nginx\n      allowTagsRegexes: ['^v[0-9']\n",
        Code::BadRegex,
        (9, 26),
        "spec.subscriptions[0].image.allowTagsRegexes[0]",
        "`^v[0-9` is no regular expression of Go's syntax: missing closing ] at byte 2",
        "",
    );
}

#[test]
fn a_pattern_that_should_be_a_list() {
    error(
        "  - image:\n      repoURL: nginx\n      allowTagsRegexes: ^v\n",
        Code::WrongType,
        (9, 25),
        "spec.subscriptions[0].image.allowTagsRegexes",
        "`allowTagsRegexes` must be a list of texts, not a text",
        "put it on a line of its own, after `- `",
    );
}

#[test]
fn selectors() {
    let git = "  - git:\n      repoURL: https://host/a\n      includePaths:\n";
    error(
        &format!("{git}      - glob: apps/**\n"),
        Code::WrongType,
        (10, 9),
        "spec.subscriptions[0].git.includePaths[0]",
        "`glob: apps/**` is a mapping, because of the space after the colon",
        "leave the space out: glob:apps/**",
    );
    error(
        &format!("{git}      - 'regex:('\n"),
        Code::BadSelector,
        (10, 9),
        "spec.subscriptions[0].git.includePaths[0]",
        "`regex:(` is no path selector: missing closing ) at byte 1",
        "write a path, `glob:` and a pattern, or `regex:` and a regular expression",
    );
    warning(
        &format!("{git}      - apps/**\n"),
        Code::BadSelector,
        (10, 9),
        "spec.subscriptions[0].git.includePaths[0]",
        "`apps/**` is taken as a path, letter by letter, and matches no file",
        "write glob:apps/**",
    );
    warning(
        &format!("{git}      - ^apps/\n"),
        Code::BadSelector,
        (10, 9),
        "spec.subscriptions[0].git.includePaths[0]",
        "`^apps/` is taken as a path, letter by letter, and matches no file",
        "write regex:^apps/",
    );
}

#[test]
fn expressions() {
    let text = format!(
        "{HEAD}  - git:\n      repoURL: https://host/a\n      expressionFilter: \"author contains (\"\n"
    )
    .replace("spec:", "spec:\n  freightCreationCriteria:\n    expression: imageFrom(1)");
    let manifest = read(&text);
    let found: Vec<(Code, &str, usize)> =
        manifest.errors().map(|error| (error.code, error.path.as_str(), error.location.line)).collect();
    assert_eq!(
        found,
        [
            (Code::BadExpression, "spec.freightCreationCriteria.expression", 7),
            (Code::BadExpression, "spec.subscriptions[0].git.expressionFilter", 11),
        ]
    );
    for error in manifest.errors() {
        assert!(error.message.starts_with("the expression does not compile: "), "{error}");
    }
}

#[test]
fn digest_without_a_tag() {
    error(
        "  - image:\n      repoURL: nginx\n      imageSelectionStrategy: Digest\n",
        Code::Missing,
        (7, 5),
        "spec.subscriptions[0].image",
        "`imageSelectionStrategy: Digest` needs a `constraint`, the tag to follow",
        "name the tag: `constraint: latest`",
    );
}

#[test]
fn urls() {
    error(
        "  - image:\n      repoURL: nginx:1.25\n",
        Code::BadUrl,
        (8, 16),
        "spec.subscriptions[0].image.repoURL",
        "`nginx:1.25` is no image repository",
        "leave the tag out; which tags count is said by `constraint` and `allowTagsRegexes`",
    );
    error(
        "  - image:\n      repoURL: https://me:hunter2@ghcr.io/a\n",
        Code::BadUrl,
        (8, 16),
        "spec.subscriptions[0].image.repoURL",
        "`https://***@ghcr.io/a` is no image repository",
        "leave the scheme out: registry.example.com/path/name",
    );
    error(
        "  - git:\n      repoURL: github.com/a/b\n",
        Code::BadUrl,
        (8, 16),
        "spec.subscriptions[0].git.repoURL",
        "`github.com/a/b` is no Git repository URL",
        "write it with its scheme: https://host/path",
    );
    error(
        "  - git:\n      repoURL: ${REPO}\n",
        Code::BadUrl,
        (8, 16),
        "spec.subscriptions[0].git.repoURL",
        "`${REPO}` is no Git repository URL",
        "fill in the variable first, for example with `envsubst`",
    );
}

#[test]
fn charts_and_their_names() {
    error(
        "  - chart:\n      repoURL: oci://ghcr.io/a\n      name: b\n",
        Code::BadValue,
        (9, 13),
        "spec.subscriptions[0].chart.name",
        "a chart in an OCI registry has no `name`: its URL already names it",
        "delete it; if the chart is `b`, the URL is oci://ghcr.io/a/b",
    );
    error(
        "  - chart:\n      repoURL: https://charts.example.com\n",
        Code::Missing,
        (7, 5),
        "spec.subscriptions[0].chart",
        "a chart in a classic repository needs its `name`",
        "add `name`, or write oci:// if the URL is a registry's",
    );
}

#[test]
fn words_and_numbers() {
    error(
        "  - image:\n      repoURL: nginx\n      imageSelectionStrategy: Semver\n",
        Code::BadValue,
        (9, 31),
        "spec.subscriptions[0].image.imageSelectionStrategy",
        "`imageSelectionStrategy` cannot be `Semver`",
        "did you mean `SemVer`?",
    );
    error(
        "  - image:\n      repoURL: nginx\n      discoveryLimit: 500\n",
        Code::BadValue,
        (9, 23),
        "spec.subscriptions[0].image.discoveryLimit",
        "`discoveryLimit` is 500, and must be from 1 to 100",
        "write a number from 1 to 100",
    );
    error(
        "  - image:\n      repoURL: nginx\n      discoveryLimit: '5'\n",
        Code::WrongType,
        (9, 23),
        "spec.subscriptions[0].image.discoveryLimit",
        "`discoveryLimit` must be a number, not a quoted text",
        "take the quotation marks off",
    );
    error(
        "  - image:\n      repoURL: nginx\n      platform: linux\n",
        Code::BadValue,
        (9, 17),
        "spec.subscriptions[0].image.platform",
        "`linux` is no platform of the form os/arch or os/arch/variant",
        "write it like linux/amd64 or linux/arm/v7",
    );
    error(
        "  - git:\n      repoURL: https://host/a\n      since: 2025-01-01\n",
        Code::BadValue,
        (9, 14),
        "spec.subscriptions[0].git.since",
        "`2025-01-01` is no date and time of RFC 3339",
        "write it like 2025-01-31T00:00:00Z",
    );
    error(
        "  - git:\n      repoURL: https://host/a\n      branch: -x\n",
        Code::BadValue,
        (9, 15),
        "spec.subscriptions[0].git.branch",
        "`-x` is no branch name",
        "letters, digits, `.`, `_`, `-` and `/`; a letter or digit first, no `.` or `/` last",
    );
}

#[test]
fn fields_in_the_wrong_place() {
    error(
        "  - git:\n      repoURL: https://host/a\n    discoveryLimit: 5\n",
        Code::Misplaced,
        (9, 5),
        "spec.subscriptions[0].discoveryLimit",
        "`discoveryLimit` stands beside `git`, where only `name` may stand",
        "move `discoveryLimit` into `git`",
    );
}

#[test]
fn unknown_fields() {
    warning(
        "  - image:\n      repoURL: nginx\n      strictSemver: true\n",
        Code::UnknownField,
        (9, 7),
        "spec.subscriptions[0].image.strictSemver",
        "an image subscription has no field `strictSemver`; it is ignored",
        "did you mean `strictSemvers`?",
    );
    warning(
        "  - image:\n      repoUrl: nginx\n",
        Code::FieldCase,
        (8, 7),
        "spec.subscriptions[0].image.repoUrl",
        "`repoUrl` is taken for `repoURL`",
        "write `repoURL`",
    );
    warning(
        "  - image:\n      repoURL: nginx\n      repoURL: redis\n",
        Code::DuplicateKey,
        (9, 7),
        "spec.subscriptions[0].image.repoURL",
        "`repoURL` occurs twice; the last one counts",
        "delete one of them",
    );
    warning(
        "  - image:\n      repoURL: nginx\n      constraint:\n",
        Code::Null,
        (9, 7),
        "spec.subscriptions[0].image.constraint",
        "`constraint` has no value and counts as absent",
        "give it a value or delete it",
    );
}

#[test]
fn unknown_fields_are_errors_to_the_strict() {
    let text = format!("{HEAD}  - image:\n      repoURL: nginx\n      colour: red\n");
    let manifest = parse("kargo.yaml", &text, &Options::default().with_strict(true));
    let [found] = manifest.diagnostics.as_slice() else {
        panic!("{:?}", manifest.diagnostics);
    };
    assert!(found.is_error());
    assert!(manifest.warehouses.is_empty());
}

#[test]
fn subscriptions_that_cannot_be_told_apart() {
    error(
        "  - image:\n      repoURL: nginx\n  - image:\n      repoURL: docker.io/library/nginx\n",
        Code::Duplicate,
        (9, 5),
        "spec.subscriptions[1]",
        "this image repository is subscribed to twice, here and in spec.subscriptions[0] in line 7",
        "delete one of them, or give each a `name`",
    );
    warning(
        "  - name: a\n    image:\n      repoURL: nginx\n  - name: b\n    image:\n      repoURL: nginx\n",
        Code::KargoRefuses,
        (10, 5),
        "spec.subscriptions[1]",
        "this image repository is subscribed to twice, here and in spec.subscriptions[0] in line 7; the names tell them apart here, and Kargo refuses it all the same",
        "",
    );
    error(
        "  - name: a\n    image:\n      repoURL: nginx\n  - name: a\n    image:\n      repoURL: redis\n",
        Code::Duplicate,
        (10, 5),
        "spec.subscriptions[1]",
        "the name `a` is taken by spec.subscriptions[0] in line 7",
        "give each subscription a name of its own",
    );
    error(
        "  - name: A_b\n    image:\n      repoURL: nginx\n",
        Code::BadValue,
        (7, 11),
        "spec.subscriptions[0].name",
        "`A_b` is no name of a subscription",
        "at most 63 small letters, digits and hyphens; a letter or digit at both ends",
    );
}

#[test]
fn the_rest_of_the_document() {
    let good = format!("{HEAD}  - image:\n      repoURL: nginx\n");
    let change = |from: &str, to: &str| read(&good.replace(from, to)).diagnostics;
    let one = |found: Vec<Diagnostic>| match found.as_slice() {
        [one] => one.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        one(change("  name: demo", "  namespace: x")),
        "kargo.yaml:3:1: error: `metadata.name` is missing (metadata)"
    );
    assert_eq!(
        one(change("v1alpha1", "v2")),
        "kargo.yaml:1:13: error: `kargo.akuity.io/v2` is no version of Kargo's API that this reads (apiVersion)"
    );
    assert_eq!(
        one(change("spec:", "spec:\n  interval: 300")),
        "kargo.yaml:6:13: error: `interval` must be a text, and YAML reads the number `300` (spec.interval)"
    );
    assert_eq!(
        one(change("spec:", "spec:\n  interval: 5 minutes")),
        "kargo.yaml:6:13: error: `5 minutes` is no duration of hours, minutes and seconds such as `5m0s` (spec.interval)"
    );
    assert_eq!(
        one(change("spec:", "spec:\n  freightCreationPolicy: manual")),
        "kargo.yaml:6:26: error: `freightCreationPolicy` cannot be `manual` (spec.freightCreationPolicy)"
    );
    assert_eq!(
        one(change("kind: Warehouse\n", "")),
        "kargo.yaml:1:1: error: the document has `spec.subscriptions` and no `kind`"
    );
}

#[test]
fn one_bad_document_hides_no_good_one() {
    let good = format!("{HEAD}  - image:\n      repoURL: nginx\n");
    let text = format!("{good}---\nkind: [\n---\n{}---\n{good}", good.replace("nginx", "nginx:1"));
    let manifest = read(&text);
    assert_eq!(manifest.warehouses.len(), 2);
    let codes: Vec<Code> = manifest.errors().map(|error| error.code).collect();
    assert_eq!(codes, [Code::Syntax, Code::BadUrl]);
}

#[test]
fn all_errors_at_once() {
    let text = format!(
        "{HEAD}  - image:\n      repoURL: a:1\n      constraint: 1\n      discoveryLimit: 0x1FF\n  - git:\n      branch: no\n"
    );
    let places: Vec<usize> = read(&text).errors().map(|error| error.location.line).collect();
    assert_eq!(places, [8, 9, 10, 11, 12]);
}
