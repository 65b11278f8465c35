//! Words, comparisons and addresses of other tools: each has a remedy, after which nothing is told.

use warehouse_spec::{Code, Options, lint};

use super::{HEAD, check, error, row};

#[test]
fn constraints_and_strategies() {
    const NONE: &str = "it is not a list of comparisons such as `>=1.2, <2`";
    for (constraint, meant) in [
        ("==1.2.3", "=1.2.3"),
        ("~=1.2", "^1.2"),
        ("~=1.2.3", "~1.2.3"),
        ("v^1.0.0", "^1.0.0"),
        (">=1<2", "\">=1 <2\""),
        ("semver:>=1", "\">=1\""),
    ] {
        let subscription = format!("image: {{repoURL: nginx, constraint: '{constraint}'}}");
        let message = format!("`{constraint}` is not a version constraint: {NONE}");
        let help = format!("write {meant}");
        check(&error(subscription.leak(), Code::BadConstraint, message.leak(), help.leak(), true));
    }
    check(&error(
        "image: {repoURL: nginx, constraint: 'regexp:^v1'}",
        Code::BadConstraint,
        "`regexp:^v1` is not a version constraint: it is not a list of comparisons such as `>=1.2, <2`",
        "delete it, and write the pattern as an item of `allowTagsRegexes`",
        false,
    ));
    for (word, meant) in [("alphabetical", "Lexical"), ("name", "Lexical"), ("latest", "NewestBuild")] {
        let subscription =
            format!("image: {{repoURL: nginx, imageSelectionStrategy: {word}, allowTagsRegexes: ['^v']}}");
        let message = format!("`imageSelectionStrategy` cannot be `{word}`");
        let help = format!("did you mean `{meant}`?");
        check(&error(subscription.leak(), Code::BadValue, message.leak(), help.leak(), true));
    }
}

#[test]
fn fields() {
    for (of_type, field, help) in [
        (
            "image: {repoURL: nginx",
            "tagRegex: ^v",
            "the field is `allowTagsRegexes`, a list of regular expressions",
        ),
        (
            "image: {repoURL: nginx",
            "include: [a]",
            "the field is `allowTagsRegexes`, a list of regular expressions",
        ),
        (
            "image: {repoURL: nginx",
            "exclude: [a]",
            "the field is `ignoreTagsRegexes`, a list of regular expressions",
        ),
        ("image: {repoURL: nginx", "limit: 5", "did you mean `discoveryLimit`?"),
        ("image: {repoURL: nginx", "semverRange: ^1", "did you mean `constraint`?"),
        (
            "image: {repoURL: nginx",
            "interval: 5m",
            "write it beside `subscriptions`: it is that of the whole Warehouse",
        ),
        ("git: {repoURL: 'https://h/a'", "include: [a]", "did you mean `includePaths`?"),
        ("chart: {repoURL: 'oci://h/a'", "versionConstraint: ^1", "did you mean `semverConstraint`?"),
    ] {
        let name = field.split(':').next().unwrap_or_default();
        let what = match of_type.split(':').next() {
            Some("image") => "an image subscription",
            Some("git") => "a git subscription",
            _ => "a chart subscription",
        };
        let subscription = format!("{of_type}, {field}}}");
        let message = format!("{what} has no field `{name}`; it is ignored");
        let edits = help.starts_with("did you mean");
        check(&row(subscription.leak(), Code::UnknownField, message.leak(), help, edits));
    }
}

#[test]
fn addresses_and_branches() {
    for (subscription, code, message, help, edits) in [
        (
            "git: {repoURL: 'git@host:2222/a/b.git'}",
            Code::BadUrl,
            "`git@host:2222/a/b.git` has no port, and `2222` is the first folder of its path",
            "write ssh://git@host:2222/a/b.git",
            true,
        ),
        (
            "git: {repoURL: 'https://api.github.com/repos/a/b'}",
            Code::BadUrl,
            "`https://api.github.com/repos/a/b` is a URL of GitHub's API, not a repository",
            "write https://github.com/a/b",
            true,
        ),
        (
            "git: {repoURL: 'https://raw.githubusercontent.com/a/b/main/x'}",
            Code::BadUrl,
            "`https://raw.githubusercontent.com/a/b/main/x` is a file in a repository, not the repository",
            "write https://github.com/a/b",
            true,
        ),
        (
            "chart: {repoURL: 'https://ghcr.io/a/charts', name: redis}",
            Code::BadUrl,
            "`https://ghcr.io/a/charts` is in a registry, and a chart repository has an `index.yaml` at its URL",
            "write oci://ghcr.io/a/charts and behind it the name of the chart, without a `name` beside it",
            false,
        ),
        (
            "chart: {repoURL: 'https://h/a', name: a/redis}",
            Code::BadValue,
            "`a/redis` is what a client calls the chart, and the index has its name without a `/`",
            "write redis",
            true,
        ),
        (
            "git: {repoURL: 'https://h/a', branch: origin/main}",
            Code::BadValue,
            "`origin/main` is what a clone calls the branch of its remote, and `branch` takes the name that it has there",
            "write main",
            true,
        ),
        (
            "git: {repoURL: 'https://h/a', branch: 012345678901234567890123456789012345678a}",
            Code::BadValue,
            "`012345678901234567890123456789012345678a` is the id of a commit, and `branch` takes the name of a branch",
            "write the name of a branch: a Warehouse discovers commits, and follows no fixed one",
            false,
        ),
        (
            "git: {repoURL: 'https://h/a', branch: a..b}",
            Code::BadValue,
            "`a..b` is no name that Git takes for a branch",
            "write the name of the branch as `git branch` shows it",
            false,
        ),
        (
            "image: {repoURL: nginx, discoveryLimit: 010}",
            Code::BadValue,
            "`010` is read as 8, as it begins with 0",
            "write 10",
            true,
        ),
        (
            "git: {repoURL: 'https://github.com/your-org/your-repo'}",
            Code::Placeholder,
            "`your-org` in `repoURL` stands for a name in examples",
            "write the real value in its place",
            false,
        ),
    ] {
        check(&row(subscription, code, message, help, edits));
    }
    for subscription in [
        "git: {repoURL: 'git@host:2222/b.git'}",
        "git: {repoURL: 'https://h/a', branch: release/origin}",
        "git: {repoURL: 'https://h/a', branch: v1.lock-x}",
        "image: {repoURL: nginx, discoveryLimit: 10, platform: linux/x86_64}",
        "image: {repoURL: nginx, platform: Linux/AMD64}",
    ] {
        let text = format!("{HEAD}  - {subscription}\n");
        let found = lint("kargo.yaml", &text, &Options::default()).diagnostics;
        assert!(found.is_empty(), "{subscription}: {found:?}");
    }
}

/// A value under a name that was meant as another one is checked, too.
#[test]
fn a_constraint_under_another_name() {
    let codes = |fields: &str| -> Vec<Code> {
        let text = format!("{HEAD}  - chart: {{repoURL: 'oci://h/a', {fields}}}\n");
        lint("kargo.yaml", &text, &Options::default()).diagnostics.iter().map(|found| found.code).collect()
    };
    assert_eq!(codes("constraint: latest"), [Code::UnknownField, Code::BadConstraint]);
    assert_eq!(codes("constraint: ^1"), [Code::UnknownField]);
    assert_eq!(codes("semverConstraint: ^1, constraint: latest"), [Code::UnknownField]);
}
