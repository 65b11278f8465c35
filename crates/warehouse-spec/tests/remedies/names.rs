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
        ("autor == 'x'", "autor", "author"),
        ("email == 'x'", "email", "author"),
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
            ("taggr == 'x'", "taggr", "tagger"),
        ] {
            meant(filter, strategy, expression, name, expected);
        }
    }
}

#[test]
fn of_criteria() {
    for (expression, name, expected) in [
        ("imagefrom('nginx').Tag == 'x'", "imagefrom", "imageFrom"),
        ("commitsFrom('nginx') != nil", "commitsFrom", "commitFrom"),
    ] {
        meant(|_, expression| criteria(expression), "", expression, name, expected);
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
