//! Fields with wrong values, in wrong places, or unknown.

use warehouse_spec::{Options, parse};

use super::{Code, HEAD, error, warning};

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
        "`nginx:1.25` is not an image repository: it ends with a tag",
        "write nginx; which tags count is said by `constraint` and `allowTagsRegexes`",
    );
    error(
        "  - image:\n      repoURL: https://me:hunter2@ghcr.io/a\n",
        Code::BadUrl,
        (8, 16),
        "spec.subscriptions[0].image.repoURL",
        "`https://***@ghcr.io/a` is not an image repository: credentials do not belong in a `repoURL`",
        "leave out what stands before the `@`; Kargo takes credentials from Secrets of the Project",
    );
    error(
        "  - chart:\n      repoURL: https://charts.example.com?token=hunter2\n      name: a\n",
        Code::BadUrl,
        (8, 16),
        "spec.subscriptions[0].chart.repoURL",
        "`https://charts.example.com?***` is not a chart repository URL: a query does not belong in a `repoURL`",
        "leave out the `?` and what follows it; Kargo takes credentials from Secrets of the Project",
    );
    error(
        "  - git:\n      repoURL: github.com/a/b\n",
        Code::BadUrl,
        (8, 16),
        "spec.subscriptions[0].git.repoURL",
        "`github.com/a/b` is not a Git repository URL: it has no scheme",
        "write https://github.com/a/b",
    );
    error(
        "  - git:\n      repoURL: ${REPO}\n",
        Code::BadUrl,
        (8, 16),
        "spec.subscriptions[0].git.repoURL",
        "`${REPO}` is not a Git repository URL: it has no scheme",
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
        "`linux` is not a platform",
        "write it like linux/amd64 or linux/arm/v7; leave `platform` out for images of any platform",
    );
    error(
        "  - git:\n      repoURL: https://host/a\n      since: 2025-01-01\n",
        Code::BadValue,
        (9, 14),
        "spec.subscriptions[0].git.since",
        "`2025-01-01` is not a date and time of RFC 3339",
        "write 2025-01-01T00:00:00Z",
    );
    error(
        "  - git:\n      repoURL: https://host/a\n      branch: -x\n",
        Code::BadValue,
        (9, 15),
        "spec.subscriptions[0].git.branch",
        "`-x` is not a branch name",
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
        "`discoveryLimit` is beside `git`, where only `name` is allowed",
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
fn digests_are_followed_or_not() {
    for (value, message, help) in [
        (
            "'true'",
            "`followDigests` must be true or false, not a quoted text",
            "take the quotation marks off",
        ),
        ("maybe", "`followDigests` must be true or false, not a string", "write true or false"),
        ("1", "`followDigests` must be true or false, not the number `1`", "write true"),
        ("[true]", "`followDigests` must be true or false, not a list", "write true or false"),
    ] {
        error(
            &format!("  - chart:\n      repoURL: oci://host/a\n      followDigests: {value}\n"),
            Code::WrongType,
            (9, 22),
            "spec.subscriptions[0].chart.followDigests",
            message,
            help,
        );
    }
    error(
        "  - chart:\n      repoURL: oci://host/a\n    followDigests: true\n",
        Code::Misplaced,
        (9, 5),
        "spec.subscriptions[0].followDigests",
        "`followDigests` is beside `chart`, where only `name` is allowed",
        "move `followDigests` into `chart`",
    );
    warning(
        "  - chart:\n      repoURL: oci://host/a\n      followDigest: true\n",
        Code::UnknownField,
        (9, 7),
        "spec.subscriptions[0].chart.followDigest",
        "a chart subscription has no field `followDigest`; it is ignored",
        "did you mean `followDigests`?",
    );
}
