//! Names in expressions that nothing has: each is told with the name that was meant, and that one is known.

use warehouse_spec::Code;

use super::{HEAD, read};

fn filter(strategy: &str, expression: &str) -> String {
    format!(
        "{HEAD}  - git:\n      repoURL: https://host/a\n      commitSelectionStrategy: {strategy}\n      expressionFilter: \"{expression}\"\n"
    )
}

fn criteria(expression: &str) -> String {
    format!("{HEAD}  - image:\n      repoURL: nginx\n")
        .replace("spec:", &format!("spec:\n  freightCreationCriteria:\n    expression: \"{expression}\""))
}

/// The name is told with the one that was meant; with that one, nothing is told.
#[track_caller]
fn meant(text: fn(&str, &str) -> String, strategy: &str, expression: &str, name: &str, expected: &str) {
    let manifest = read(&text(strategy, expression));
    let [found] = manifest.diagnostics.as_slice() else { panic!("{expression}: {:?}", manifest.diagnostics) };
    assert_eq!((found.code, found.is_error()), (Code::UnknownName, false));
    assert!(found.message.contains(&format!("`{name}`")), "{found}");
    assert_eq!(found.help.as_deref(), Some(format!("did you mean `{expected}`?").as_str()), "{found}");
    let remedied = read(&text(strategy, &expression.replace(name, expected)));
    assert!(remedied.diagnostics.is_empty(), "{:?}", remedied.diagnostics);
}

#[test]
fn of_commits() {
    for (expression, name, expected) in [
        ("!(message contains '[skip ci]')", "message", "subject"),
        ("Subject contains 'x'", "Subject", "subject"),
        ("sha startsWith 'a'", "sha", "id"),
        ("autor contains 'x'", "autor", "author"),
        ("email contains 'x'", "email", "author"),
        ("creatorDate.Year() > 2024", "creatorDate", "commitDate"),
        ("date('2025-01-01').Before(commit_date)", "commit_date", "commitDate"),
        ("$env.message == 'x'", "message", "subject"),
        ("let x = msg; x == 'y'", "msg", "subject"),
        ("any([1], title == 'x')", "title", "subject"),
    ] {
        meant(filter, "NewestFromBranch", expression, name, expected);
    }
}

#[test]
fn of_tags() {
    for strategy in ["SemVer", "Lexical", "NewestTag"] {
        for (expression, name, expected) in [
            ("commitDate.Year() > 2024", "commitDate", "creatorDate"),
            ("message contains 'x'", "message", "subject"),
            ("name startsWith 'v'", "name", "tag"),
            ("taggr contains 'x'", "taggr", "tagger"),
        ] {
            meant(filter, strategy, expression, name, expected);
        }
    }
}

#[test]
fn of_criteria() {
    for (expression, name, expected) in [
        ("imagefrom('nginx').Tag == 'x'", "imagefrom", "imageFrom"),
        ("imagesFrom('nginx') != nil", "imagesFrom", "imageFrom"),
    ] {
        meant(|_, expression| criteria(expression), "", expression, name, expected);
    }
}

/// A member of a name that nothing has: the variable that holds it is meant.
#[test]
fn of_members() {
    for (expression, name, expected) in [
        ("commit.message contains 'x'", "commit.message", "subject"),
        ("commit.subject contains 'x'", "commit.subject", "subject"),
        ("commit?.title contains 'x'", "commit?.title", "subject"),
        ("commit.author contains 'x'", "commit.author", "author"),
        ("commit.sha startsWith 'x'", "commit.sha", "id"),
        ("head.committer != ''", "head.committer", "committer"),
        ("$env.commit.message == 'x'", "commit.message", "subject"),
        ("commit['message'] == 'x'", "commit['message']", "subject"),
    ] {
        let manifest = read(&filter("NewestFromBranch", expression));
        let [found] = manifest.diagnostics.as_slice() else {
            panic!("{expression}: {:?}", manifest.diagnostics)
        };
        assert_eq!(found.help.as_deref(), Some(format!("did you mean `{expected}`?").as_str()), "{found}");
        let remedied = read(&filter("NewestFromBranch", &expression.replace(name, expected)));
        assert!(remedied.diagnostics.is_empty(), "{:?}", remedied.diagnostics);
    }
    let both = read(&filter("NewestFromBranch", "commit.message == 'x' && commit.author contains 'y'"));
    let helps: Vec<_> = both.diagnostics.iter().filter_map(|found| found.help.as_deref()).collect();
    assert_eq!(helps, ["did you mean `subject`?", "did you mean `author`?"]);
}

/// A member of a text: the help holds the expression that works.
#[test]
fn members_of_texts() {
    for (strategy, expression, message, help, remedied) in [
        (
            "NewestFromBranch",
            "author.name == 'x'",
            "`author` is a string `Name <email>`, and has no `name`",
            "compare the text: `author contains 'Jane Doe'`",
            "author contains 'Jane Doe'",
        ),
        (
            "NewestFromBranch",
            "author?.email == 'x'",
            "`author` is a string `Name <email>`, and has no `email`",
            "compare the text: `author contains '<me@example.com>'`",
            "author contains '<me@example.com>'",
        ),
        (
            "SemVer",
            "tagger.name == 'x'",
            "`tagger` is a string `Name <email>`, and has no `name`",
            "compare the text: `tagger contains 'Jane Doe'`",
            "tagger contains 'Jane Doe'",
        ),
        (
            "NewestFromBranch",
            "subject.startsWith('feat')",
            "`subject` is a string, and has no `startsWith`",
            "write `subject startsWith 'feat'`",
            "subject startsWith 'feat'",
        ),
        (
            "NewestFromBranch",
            "subject.toLowerCase() == 'x'",
            "`subject` is a string, and has no `toLowerCase`",
            "write `lower(subject)`",
            "lower(subject) == 'x'",
        ),
        (
            "SemVer",
            "tag.name == 'x'",
            "`tag` is a string, and has no `name`",
            "write `tag` alone",
            "tag == 'x'",
        ),
    ] {
        let manifest = read(&filter(strategy, expression));
        let [found] = manifest.diagnostics.as_slice() else {
            panic!("{expression}: {:?}", manifest.diagnostics)
        };
        assert_eq!((found.message.as_str(), found.help.as_deref()), (message, Some(help)), "{found}");
        let after = read(&filter(strategy, remedied));
        assert!(after.diagnostics.is_empty(), "{:?}", after.diagnostics);
    }
    let shadowed = read(&filter("NewestFromBranch", "let who = {name: 'x'}; who.name == 'x'"));
    assert!(shadowed.diagnostics.is_empty(), "{:?}", shadowed.diagnostics);
}

#[test]
fn functions_that_are_not_called() {
    for (expression, help, remedied) in [
        (
            "date",
            "call it: `date('2025-01-31')`, as in `commitDate.After(date('2025-01-31'))`",
            "commitDate.After(date('2025-01-31'))",
        ),
        (
            "commitDate.After(now)",
            "call it: `now()`, as in `now() - commitDate < duration('24h')`",
            "now() - commitDate < duration('24h')",
        ),
        ("date.Year() > 2024", "did you mean `commitDate`?", "commitDate.Year() > 2024"),
        ("len > 3", "call it: `len(...)`", "len(subject) > 3"),
        ("lower == 'x'", "call it: `lower(...)`", "lower(subject) == 'x'"),
    ] {
        let manifest = read(&filter("NewestFromBranch", expression));
        let [found] = manifest.diagnostics.as_slice() else {
            panic!("{expression}: {:?}", manifest.diagnostics)
        };
        assert_eq!((found.code, found.help.as_deref()), (Code::BadExpression, Some(help)), "{found}");
        let after = read(&filter("NewestFromBranch", remedied));
        assert!(after.diagnostics.is_empty(), "{:?}", after.diagnostics);
    }
    let manifest = read(&criteria("imageFrom != nil"));
    let [found] = manifest.diagnostics.as_slice() else { panic!("{:?}", manifest.diagnostics) };
    assert_eq!(found.help.as_deref(), Some("call it with the `repoURL`: `imageFrom('...')`"), "{found}");
    for called in [
        "commitDate.After(date('2025-01-31'))",
        "now().Year() > 1",
        "any([1], # == 1)",
        "('a' | lower()) == 'a'",
    ] {
        let manifest = read(&filter("NewestFromBranch", called));
        assert!(manifest.diagnostics.is_empty(), "{called}: {:?}", manifest.diagnostics);
    }
}

#[test]
fn names_that_resemble_none_are_told_with_all_there_are() {
    let manifest = read(&filter("NewestFromBranch", "zzz == 1"));
    assert_eq!(
        manifest.diagnostics[0].help.as_deref(),
        Some("the names are id, commitDate, author, committer, subject")
    );
    let manifest = read(&filter("NewestFromBranch", "tag == 'v1'"));
    assert_eq!(manifest.diagnostics[0].message, "there is no `tag` of commits, only of tags; it is nil");
}

#[test]
fn members_that_are_none_name_those_there_are() {
    let manifest = read(&criteria("imageFrom('nginx').Tagg == 'x'"));
    let [found] = manifest.diagnostics.as_slice() else { panic!("{:?}", manifest.diagnostics) };
    assert!(
        found.is_error()
            && found.message.contains("has no \"Tagg\", only Tag, Digest, Annotations, CreatedAt"),
        "{found}"
    );
}

#[test]
fn names_that_are_known_are_not_told() {
    for (strategy, expression) in [
        ("NewestFromBranch", "id != '' && commitDate.Year() > 1 && author != committer && subject != ''"),
        ("NewestTag", "tag != '' && creatorDate.Year() > 1 && tagger != '' && annotation != ''"),
        ("NewestTag", "let x = tag; x != '' && any([x], # == tag) && $env['id'] != ''"),
        ("NewestTag", "{message: 1}.message == 1"),
    ] {
        let manifest = read(&filter(strategy, expression));
        assert!(manifest.diagnostics.is_empty(), "{expression}: {:?}", manifest.diagnostics);
    }
}

/// Criteria that name a repository which no subscription has get nil, each time. The message has the repositories that there are.
#[test]
fn repositories_in_criteria() {
    let manifest = |expression: &str| {
        format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: a}}\nspec:\n  \
             freightCreationCriteria:\n    expression: \"{expression}\"\n  subscriptions:\n  \
             - image: {{repoURL: ghcr.io/org/app, constraint: ^1.0.0}}\n  \
             - git: {{repoURL: 'https://github.com/org/app.git'}}\n  \
             - chart: {{repoURL: 'https://charts.example.com', name: web}}\n  \
             - chart: {{repoURL: 'oci://ghcr.io/org/charts/db'}}\n"
        )
    };
    for (call, known) in [
        ("imageFrom('ghcr.io/org/ap')", "the one `image` subscription is to `ghcr.io/org/app`"),
        (
            "commitFrom('https://github.com/org/ap')",
            "the one `git` subscription is to `https://github.com/org/app.git`",
        ),
        (
            "chartFrom('https://charts.example.org', 'web')",
            "the `chart` subscriptions are to `https://charts.example.com`, `oci://ghcr.io/org/charts/db`",
        ),
    ] {
        let found = read(&manifest(&format!("{call} != nil"))).diagnostics;
        let [found] = found.as_slice() else { panic!("{call}: {found:?}") };
        assert_eq!((found.code, found.help.as_deref()), (Code::UnknownName, Some(known)), "{found}");
        assert!(found.message.ends_with("to which nothing is subscribed; it is nil"), "{found}");
    }
    for right in [
        "imageFrom('GHCR.io/org/app').Tag == '1.0.0'",
        "commitFrom('https://github.com/org/app').Tag == '1.0.0'",
        "commitFrom( 'https://GitHub.com/org/app.git' ).Tag == '1.0.0'",
        "chartFrom('https://charts.example.com', 'web').Version == '1.0.0'",
        "chartFrom('oci://ghcr.io/org/charts/db').Version == '1.0.0'",
        "imageFrom('ghcr.io/' + 'org/app').Tag == '1.0.0'",
    ] {
        let found = read(&manifest(right)).diagnostics;
        assert!(found.is_empty(), "{right}: {found:?}");
    }
}
