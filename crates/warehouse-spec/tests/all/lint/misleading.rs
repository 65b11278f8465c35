//! Values of the right form that select nothing, or name no repository: each is told offline, and what the help says to write is clean.

use selection_strategies::path::PathSelector;
use warehouse_spec::{Code, Options, Replacement, Severity, lint};

use super::{HEAD, Row, check, error, row};

const ROWS: &[Row] = &[
    row(
        "image: {repoURL: nginx, constraint: '>2 <1'}",
        Code::BadConstraint,
        "no version satisfies `>2 <1`: its comparisons exclude each other",
        "write \">2 || <1\" if one of them is enough; comparisons side by side must all hold",
        true,
    ),
    row(
        "image: {repoURL: nginx, constraint: '>1 <2'}",
        Code::BadConstraint,
        "no version satisfies `>1 <2`: its comparisons exclude each other",
        "write \">=1 <2\": `>1` excludes every version 1.x, and `>=1` includes them",
        true,
    ),
    row(
        "image: {repoURL: nginx, constraint: 1.0.0 - 0.9.0}",
        Code::BadConstraint,
        "no version satisfies `1.0.0 - 0.9.0`: its comparisons exclude each other",
        "write 0.9.0 - 1.0.0",
        true,
    ),
    row(
        "chart: {repoURL: 'oci://h/c', semverConstraint: '^1 ^2'}",
        Code::BadConstraint,
        "no version satisfies `^1 ^2`: its comparisons exclude each other",
        "write ^1 || ^2 if one of them is enough; comparisons side by side must all hold",
        true,
    ),
    row(
        "git: {repoURL: 'https://h/a', commitSelectionStrategy: SemVer, semverConstraint: '^1, ^2 || >3 <2'}",
        Code::BadConstraint,
        "no version satisfies `^1, ^2 || >3 <2`: its comparisons exclude each other",
        "comparisons side by side must all hold; alternatives are separated by `||`",
        false,
    ),
    error(
        "image: {repoURL: nginx, constraint: 1.2.3 | 1.3.0}",
        Code::BadConstraint,
        "`1.2.3 | 1.3.0` is not a version constraint: a single `|` at byte 6, and alternatives are separated by `||`",
        "write 1.2.3 || 1.3.0",
        true,
    ),
    error(
        "image: {repoURL: nginx, constraint: 1.2.3|^2}",
        Code::BadConstraint,
        "`1.2.3|^2` is not a version constraint: a single `|` at byte 5, and alternatives are separated by `||`",
        "write 1.2.3 || ^2",
        true,
    ),
    error(
        "image: {repoURL: nginx, constraint: ^1 or ^2}",
        Code::BadConstraint,
        "`^1 or ^2` is not a version constraint: it is not a list of comparisons such as `>=1.2, <2`",
        "write ^1 || ^2",
        true,
    ),
    error(
        "image: {repoURL: nginx, constraint: '>=1.2 && <2'}",
        Code::BadConstraint,
        "`>=1.2 && <2` is not a version constraint: it is not a list of comparisons such as `>=1.2, <2`",
        "write \">=1.2, <2\"",
        true,
    ),
    row(
        "git: {repoURL: 'https://h/a', includePaths: [apps/web], excludePaths: [apps]}",
        Code::BadSelector,
        "`apps/web` includes nothing: `excludePaths` has `apps`, which contains it",
        "delete it, or name in `excludePaths` what to leave out of it",
        false,
    ),
    row(
        "git: {repoURL: 'https://h/a', includePaths: [docs, 'glob:apps/*/values.yaml'], excludePaths: ['glob:apps/**']}",
        Code::BadSelector,
        "`glob:apps/*/values.yaml` includes nothing: `excludePaths` has `glob:apps/**`, which contains it",
        "delete it, or name in `excludePaths` what to leave out of it",
        false,
    ),
    row(
        "chart: {repoURL: 'https://charts.example.com/stable/index.yaml', name: web}",
        Code::BadUrl,
        "`https://charts.example.com/stable/index.yaml` is the index of a chart repository, and `/index.yaml` is added to the URL",
        "write https://charts.example.com/stable",
        true,
    ),
    row(
        "chart: {repoURL: 'https://charts.example.com/web-1.2.3.tgz', name: web}",
        Code::BadUrl,
        "`https://charts.example.com/web-1.2.3.tgz` is one version of a chart, not the repository",
        "write https://charts.example.com",
        true,
    ),
    row(
        "git: {repoURL: 'https://h/a', branch: refs/heads/main}",
        Code::BadValue,
        "`refs/heads/main` is a whole reference, and `branch` takes the name of a branch alone",
        "write main",
        true,
    ),
    row(
        "git: {repoURL: 'https://h/a', branch: refs/remotes/origin/release/1.0}",
        Code::BadValue,
        "`refs/remotes/origin/release/1.0` is a whole reference, and `branch` takes the name of a branch alone",
        "write release/1.0",
        true,
    ),
    row(
        "git: {repoURL: 'https://h/a', branch: refs/tags/v1}",
        Code::BadValue,
        "`refs/tags/v1` is a whole reference, and `branch` takes the name of a branch alone",
        "delete it: tags are selected by `commitSelectionStrategy: SemVer`, Lexical or NewestTag, and `allowTagsRegexes`",
        false,
    ),
    row(
        "git: {repoURL: 'https://github.com/a/b/tree/main'}",
        Code::BadUrl,
        "`https://github.com/a/b/tree/main` is a page about a repository, not the repository",
        "write https://github.com/a/b, with `branch: main`",
        true,
    ),
    row(
        "git: {repoURL: 'https://github.com/a/b/blob/main/apps/web/a.yaml'}",
        Code::BadUrl,
        "`https://github.com/a/b/blob/main/apps/web/a.yaml` is a page about a repository, not the repository",
        "write https://github.com/a/b, with `branch: main` and `includePaths: [apps/web/a.yaml]`",
        true,
    ),
    row(
        "git: {repoURL: 'https://github.com/a/b/releases'}",
        Code::BadUrl,
        "`https://github.com/a/b/releases` is a page about a repository, not the repository",
        "write https://github.com/a/b",
        true,
    ),
    row(
        "git: {repoURL: 'https://gitlab.example.com/a/group/b/-/tree/main/apps'}",
        Code::BadUrl,
        "`https://gitlab.example.com/a/group/b/-/tree/main/apps` is a page about a repository, not the repository",
        "write https://gitlab.example.com/a/group/b, with `branch: main` and `includePaths: [apps]`",
        true,
    ),
    row(
        "git: {repoURL: 'https://bitbucket.org/a/b/src/main/'}",
        Code::BadUrl,
        "`https://bitbucket.org/a/b/src/main/` is a page about a repository, not the repository",
        "write https://bitbucket.org/a/b, with `branch: main`",
        true,
    ),
    row(
        "git: {repoURL: 'https://codeberg.org/a/b/src/branch/main/docs'}",
        Code::BadUrl,
        "`https://codeberg.org/a/b/src/branch/main/docs` is a page about a repository, not the repository",
        "write https://codeberg.org/a/b, with `branch: main` and `includePaths: [docs]`",
        true,
    ),
    row(
        "git: {repoURL: 'https://h/a', includePaths: ['glob:apps/**.yaml']}",
        Code::BadSelector,
        "`glob:apps/**.yaml` stays within one folder: `**` beside other characters of a name is the same as `*`",
        "write glob:apps/**/*.yaml",
        true,
    ),
    row(
        "git: {repoURL: 'https://h/a', excludePaths: ['glob:apps**']}",
        Code::BadSelector,
        "`glob:apps**` stays within one folder: `**` beside other characters of a name is the same as `*`",
        "write glob:apps*/**",
        true,
    ),
    error(
        "image: {repoURL: 'https://hub.docker.com/r/bitnami/nginx'}",
        Code::BadUrl,
        "`https://hub.docker.com/r/bitnami/nginx` is a page of Docker Hub, not an image",
        "write bitnami/nginx",
        true,
    ),
    row(
        "image: {repoURL: hub.docker.com/_/nginx}",
        Code::BadUrl,
        "`hub.docker.com/_/nginx` is a page of Docker Hub, not an image",
        "write nginx",
        true,
    ),
    error(
        "image: {repoURL: nginx, allowTagsRegexes: ['a(?=b)c']}",
        Code::BadRegex,
        "`a(?=b)c` is not a regular expression of Go's syntax: invalid or unsupported Perl syntax at byte 1",
        "write what must stand there as a part of the pattern, in a group `(?:...)`: Go's regular expressions have no look-around",
        false,
    ),
    row(
        "git: {repoURL: 'https://github.com/a/b?ref=main', includePaths: [apps]}",
        Code::BadUrl,
        "`https://github.com/a/b?ref=main` has a query, and the URL of a Git repository has none",
        "write https://github.com/a/b, with `branch: main`",
        true,
    ),
    row(
        "git: {repoURL: 'https://dev.azure.com/o/p/_git/r?path=/a&version=GBmain&_a=contents'}",
        Code::BadUrl,
        "`https://dev.azure.com/o/p/_git/r?path=/a&version=GBmain&_a=contents` has a query, and the URL of a Git repository has none",
        "write https://dev.azure.com/o/p/_git/r, with `branch: main`",
        true,
    ),
    row(
        "git: {repoURL: 'ssh://git@h/a?x'}",
        Code::BadUrl,
        "`ssh://git@h/a?x` has a query, and the URL of a Git repository has none",
        "write ssh://git@h/a",
        true,
    ),
    row(
        "chart: {repoURL: 'oci://ghcr.io/example/chart:4.0.0'}",
        Code::BadUrl,
        "`oci://ghcr.io/example/chart:4.0.0` ends with a version, which is no part of the URL of a chart",
        "write oci://ghcr.io/example/chart, with `semverConstraint: 4.0.0`",
        true,
    ),
    row(
        "chart: {repoURL: 'oci://ghcr.io/example/chart:1.10', discoveryLimit: 2}",
        Code::BadUrl,
        "`oci://ghcr.io/example/chart:1.10` ends with a version, which is no part of the URL of a chart",
        "write oci://ghcr.io/example/chart, with `semverConstraint: \"1.10\"`",
        true,
    ),
    row(
        "chart: {repoURL: 'oci://ghcr.io/example/chart:latest'}",
        Code::BadUrl,
        "`oci://ghcr.io/example/chart:latest` ends with a tag, which is no part of the URL of a chart",
        "write oci://ghcr.io/example/chart",
        true,
    ),
    row(
        "chart: {repoURL: 'oci://ghcr.io/example/chart:1@sha256:0123'}",
        Code::BadUrl,
        "`oci://ghcr.io/example/chart:1@sha256:0123` ends with a digest, which is no part of the URL of a chart",
        "write oci://ghcr.io/example/chart",
        true,
    ),
    Row {
        severity: Severity::Note,
        ..row(
            "git: {repoURL: 'https://myorg@dev.azure.com/myorg/p/_git/r'}",
            Code::Credential,
            "the URL holds the name of a user, which is not used: credentials are found by the URL without it",
            "leave it out; the name of the user belongs into the Secret with the password",
            true,
        )
    },
    row(
        "git: {repoURL: 'https://ghp_0123@github.com/a/b'}",
        Code::Credential,
        "the user of the URL may be a token, which everyone who reads the manifest can read",
        "leave it out, and write it into a Secret with the label `kargo.akuity.io/cred-type`",
        true,
    ),
    row(
        "git: {repoURL: 'https://me:pw@github.com/a/b'}",
        Code::Credential,
        "the URL holds a password, which everyone who reads the manifest can read",
        "leave it out, and write it into a Secret with the label `kargo.akuity.io/cred-type`",
        true,
    ),
    row(
        "git: {repoURL: 'https://github.com/a/b?token=x'}",
        Code::Credential,
        "the query of the URL holds a secret, which everyone who reads the manifest can read",
        "leave it out, and write it into a Secret with the label `kargo.akuity.io/cred-type`",
        true,
    ),
    error(
        "image: {<<: *x, repoURL: nginx}",
        Code::Syntax,
        "`*x` refers to an anchor, and there is no `&x` before it in the document",
        "write the fields themselves, or delete `<<`",
        true,
    ),
    error(
        "image: {repoURL: nginx, <<: [*x, {constraint: ^1}]}",
        Code::Syntax,
        "`*x` refers to an anchor, and there is no `&x` before it in the document",
        "write the fields themselves, or delete `<<`",
        false,
    ),
    error(
        "image: {<<: nginx, repoURL: nginx}",
        Code::Syntax,
        "`<<` takes a mapping, or a list of mappings, not a string",
        "write the fields themselves, or delete `<<`",
        true,
    ),
    row(
        "image: {<<: {repoURL: nginx}, <<: {constraint: ^1}}",
        Code::DuplicateKey,
        "`<<` occurs twice, and a key of YAML occurs once; the earlier one counts where both have a key",
        "write one, with a list of both: `<<: [*a, *b]`",
        false,
    ),
];

#[test]
fn each_is_told_with_its_remedy() {
    ROWS.iter().for_each(check);
}

#[test]
fn what_looks_similar_is_clean() {
    for subscription in [
        "git: {repoURL: 'https://gitlab.com/a/b/tree'}",
        "git: {repoURL: 'https://gitlab.com/group/src/tools'}",
        "git: {repoURL: 'https://github.com/a/src'}",
        "git: {repoURL: 'https://h/scm/a/b.git'}",
        "git: {repoURL: 'https://dev.azure.com/o/p/_git/r'}",
        "git: {repoURL: 'https://h/a', branch: refs-heads/main}",
        "git: {repoURL: 'https://h/a', includePaths: [apps], excludePaths: [apps/legacy, 'glob:**/*.md']}",
        "git: {repoURL: 'https://h/a', excludePaths: [apps]}",
        "chart: {repoURL: 'https://h/index', name: web}",
        "chart: {repoURL: 'oci://h/index.yaml'}",
        "image: {repoURL: nginx, constraint: ^1 || ^2}",
        "image: {repoURL: nginx, constraint: '>=1.0.0-rc.1 <1.0.0'}",
    ] {
        let found =
            lint("kargo.yaml", &format!("{HEAD}  - {subscription}\n"), &Options::default()).diagnostics;
        assert!(found.is_empty(), "{subscription}: {found:?}");
    }
}

#[test]
fn near_misses_of_the_group_and_the_kind() {
    let text = format!("{HEAD}  - image: {{repoURL: nginx}}\n");
    for version in [
        "kargo.akuitty.io/v1alpha1",
        "kargo.akuity.com/v1alpha1",
        "kargo.akuity.io",
        "akuity.io/v1alpha1",
        "kargo/v1alpha1",
        "v1alpha1",
        "kargo.akuity.io/v1",
    ] {
        for kind in ["Warehouse", "Warehouses", "warehouse", "WareHose"] {
            let text = text
                .replace("kargo.akuity.io/v1alpha1", version)
                .replace("kind: Warehouse", &format!("kind: {kind}"));
            let manifest = lint("kargo.yaml", &text, &Options::default());
            assert!(manifest.skipped.is_empty(), "{version} {kind}");
            let edits = manifest.diagnostics.iter().filter_map(|found| found.replacement.as_ref());
            let edited = Replacement::apply_all(&text, edits);
            let after = lint("kargo.yaml", &edited, &Options::default());
            assert!(
                after.diagnostics.is_empty() && after.warehouses.len() == 1,
                "{version} {kind}: {edited}"
            );
        }
    }
    // Other APIs have warehouses, too.
    for other in ["example.com/v1", "stock.example.com/v1alpha1", "argoproj.io/v1alpha1", "v1"] {
        let text =
            format!("apiVersion: {other}\nkind: Warehouse\nmetadata: {{name: a}}\nspec: {{city: Bonn}}\n");
        let manifest = lint("kargo.yaml", &text, &Options::default());
        assert!(
            manifest.diagnostics.is_empty() && manifest.skipped.len() == 1,
            "{other}: {:?}",
            manifest.diagnostics
        );
    }
}

#[test]
fn a_file_without_a_manifest() {
    for (text, what) in [
        ("", "it is empty"),
        ("\u{feff}\n  \n", "it is empty"),
        ("# a: b\n", "it has comments and empty documents alone"),
        ("---\n# a\n---\n", "it has comments and empty documents alone"),
    ] {
        let found = lint("kargo.yaml", text, &Options::default()).diagnostics;
        let said: Vec<_> =
            found.iter().map(|found| (found.code, found.severity, found.message.clone())).collect();
        assert_eq!(
            said,
            [(Code::Missing, Severity::Warning, format!("the file holds no manifest: {what}"))],
            "{text:?}"
        );
    }
}

/// What a URL says beside the repository comes into fields, in lines of their own, and is what is selected.
#[test]
fn what_a_url_says_comes_into_fields() {
    for (lines, edited) in [
        (
            "  - chart:\n      repoURL: oci://ghcr.io/example/chart:4.0.0\n",
            "  - chart:\n      repoURL: oci://ghcr.io/example/chart\n      semverConstraint: 4.0.0\n",
        ),
        (
            "  - chart: # one\n      repoURL: oci://ghcr.io/example/chart:4.0 # two\n      discoveryLimit: 5\n",
            "  - chart: # one\n      semverConstraint: \"4.0\"\n      repoURL: oci://ghcr.io/example/chart # two\n      discoveryLimit: 5\n",
        ),
        (
            "  - chart:\n      repoURL: oci://ghcr.io/example/chart:4.0.0\n      semverConstraint: ^4\n",
            "  - chart:\n      repoURL: oci://ghcr.io/example/chart\n      semverConstraint: ^4\n",
        ),
        (
            "  - git:\n      repoURL: https://github.com/a/b/tree/main/apps\n",
            "  - git:\n      repoURL: https://github.com/a/b\n      branch: main\n      includePaths: [apps]\n",
        ),
        (
            "  - git: {repoURL: 'https://github.com/a/b?ref=main', commitSelectionStrategy: SemVer}\n",
            "  - git: {repoURL: https://github.com/a/b, commitSelectionStrategy: SemVer}\n",
        ),
    ] {
        let text = format!("{HEAD}{lines}");
        let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
        let edits = found.iter().filter_map(|found| found.replacement.as_ref());
        let after = Replacement::apply_all(&text, edits);
        assert_eq!(after.strip_prefix(HEAD), Some(edited));
        assert_eq!(lint("kargo.yaml", &after, &Options::default()).diagnostics, [], "{after}");
    }
}

/// `**` in a name is `*`, and the remedy selects in folders, too.
#[test]
fn folders_of_a_pattern() {
    let selects = |selector: &str, path: &str| PathSelector::new(selector).unwrap().is_match(path);
    for (written, meant, path) in [
        ("glob:apps/**.yaml", "glob:apps/**/*.yaml", "apps/a/b.yaml"),
        ("glob:apps**", "glob:apps*/**", "apps1/a/b"),
    ] {
        assert!(!selects(written, path) && selects(meant, path), "{written}");
    }
    for clean in ["glob:**/**.yaml", "glob:apps/*.yaml", "glob:{a/**.yaml,b}/x.yaml", "glob:apps/**"] {
        let text = format!("{HEAD}  - git: {{repoURL: 'https://h/a', includePaths: ['{clean}']}}\n");
        assert_eq!(lint("kargo.yaml", &text, &Options::default()).diagnostics, [], "{clean}");
    }
}

/// Quotation marks within quotation marks are a part of the value; an interval is written as comparisons.
#[test]
fn values_that_are_quoted_twice() {
    const QUOTED: &str = "has quotation marks within it, and they count as a part of the value";
    for (written, said, edited) in [
        (
            "image: {repoURL: nginx, constraint: \"'[1.0.0, 2.0.0)'\"}",
            QUOTED,
            "image: {repoURL: nginx, constraint: \">=1.0.0 <2.0.0\"}",
        ),
        (
            "image: {repoURL: nginx, constraint: '\"^1.0.0\"'}",
            QUOTED,
            "image: {repoURL: nginx, constraint: ^1.0.0}",
        ),
        (
            "image: {repoURL: nginx, constraint: '(1.0.0,]'}",
            "such as `>=1.2, <2`",
            "image: {repoURL: nginx, constraint: \">1.0.0\"}",
        ),
        (
            "image: {repoURL: nginx, platform: \"'linux/amd64'\"}",
            QUOTED,
            "image: {repoURL: nginx, platform: linux/amd64}",
        ),
        (
            "image: {repoURL: nginx, imageSelectionStrategy: \"'Lexical'\"}",
            QUOTED,
            "image: {repoURL: nginx, imageSelectionStrategy: Lexical}",
        ),
        (
            "git: {repoURL: 'https://h/a', branch: \"'main'\"}",
            QUOTED,
            "git: {repoURL: 'https://h/a', branch: main}",
        ),
        (
            "git: {repoURL: 'https://h/a', expressionFilter: \"'subject != author'\"}",
            QUOTED,
            "git: {repoURL: 'https://h/a', expressionFilter: subject != author}",
        ),
    ] {
        let text = format!("{HEAD}  - {written}\n");
        let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
        let [found] = found.as_slice() else { panic!("{written}: {found:#?}") };
        assert!(found.is_error() && found.message.ends_with(said), "{found}");
        let after = Replacement::apply_all(&text, &found.replacement);
        assert_eq!(after, format!("{HEAD}  - {edited}\n"), "{found}");
        assert_eq!(lint("kargo.yaml", &after, &Options::default()).diagnostics, [], "{after}");
    }
    for clean in ["\"'a' != subject && author != 'b'\"", "\"'x' in subject || subject contains 'y'\""] {
        let text = format!("{HEAD}  - git: {{repoURL: 'https://h/a', expressionFilter: {clean}}}\n");
        let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
        assert!(!found.iter().any(|found| found.message.contains("quotation marks")), "{found:?}");
    }
}
