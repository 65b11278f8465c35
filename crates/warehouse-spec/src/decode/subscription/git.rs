//! `git` of a subscription.

use selection_strategies::path::contains;

use crate::decode::context::{Context, Field};
use crate::decode::expression;
use crate::decode::object::Object;
use crate::decode::remedy::alphabet::TagKind;
use crate::decode::remedy::selector;
use crate::decode::subscription::effect;
use crate::diagnostic::Code;
use crate::repo_url::RepositoryKind;
use crate::rule;
use crate::subscription::GitSubscription;

const WHAT: &str = "a git subscription";

/// The names of today's fields.
pub(crate) const KNOWN: &[&str] = &[
    "repoURL",
    "commitSelectionStrategy",
    "branch",
    "semverConstraint",
    "strictSemvers",
    "allowTagsRegexes",
    "ignoreTagsRegexes",
    "expressionFilter",
    "includePaths",
    "excludePaths",
    "since",
    "blobless",
    "discoveryLimit",
    "insecureSkipTLSVerify",
];

/// Decodes a Git subscription. `beside` holds `includePaths` and `excludePaths` written beside `git:`.
pub(crate) fn git(
    context: &mut Context,
    field: &Field<'_>,
    beside: &[(&str, Field<'_>)],
) -> Option<GitSubscription> {
    let mut object = Object::open(context, field)?;
    let repo_url = context.repo_url(&mut object, (WHAT, KNOWN), RepositoryKind::Git);
    let mut git = GitSubscription::new(repo_url.unwrap_or_default());
    let named = object.take(context, "commitSelectionStrategy").map(|field| context.word(&field));
    git.commit_selection_strategy = named.flatten().unwrap_or_default();
    // What an unknown strategy reads is unknown, too.
    if named != Some(None) {
        effect::of_git(context, &object, git.commit_selection_strategy);
    }
    if let Some(field) = object.take(context, "branch") {
        git.branch = branch(context, &field);
    }
    git.semver_constraint =
        context.constraint(&mut object, (WHAT, KNOWN), "semverConstraint").map(|(_, text)| text);
    git.strict_semvers = context.switch(&mut object, "strictSemvers", true);
    let tags = context.tag_lists(&mut object, TagKind::Git);
    git.allow_tags_regexes = tags.allow;
    git.ignore_tags_regexes = tags.ignore;
    git.ignore_tags = tags.ignore_literals;
    git.expression_filter = expression(context, &mut object, git.commit_selection_strategy.selects_tags());
    let included = paths(context, &mut object, "includePaths", beside);
    let excluded = paths(context, &mut object, "excludePaths", beside);
    check_excluded(context, &included, &excluded);
    git.include_paths = included.into_iter().map(|(_, text)| text).collect();
    git.exclude_paths = excluded.into_iter().map(|(_, text)| text).collect();
    if let Some(field) = object.take(context, "since") {
        git.since = context.moment(&field);
    }
    if let Some(field) = object.take(context, "blobless") {
        git.blobless = context.boolean(&field);
    }
    git.discovery_limit = context.discovery_limit(&mut object);
    git.insecure_skip_tls_verify = context.switch(&mut object, "insecureSkipTLSVerify", false);
    object.finish(context, WHAT, KNOWN);
    Some(git)
}

fn branch(context: &mut Context, field: &Field<'_>) -> Option<String> {
    let text = context.filled(field)?;
    if text.len() > rule::LONGEST_BRANCH {
        context.error(
            Code::BadValue,
            field,
            format!("a branch name has at most {} characters", rule::LONGEST_BRANCH),
            "",
        );
    } else if !rule::is_branch(text) {
        context.error(Code::BadValue, field, format!("`{text}` is not a branch name"), rule::BRANCH_NAME);
    } else if let Some(reference) = text.strip_prefix("refs/") {
        reference_as_branch(context, field, reference);
    } else {
        unlikely_branch(context, field, text);
    }
    Some(text.to_owned())
}

/// Warns about the name of a branch that Git does not take, and about one that is that of something else.
fn unlikely_branch(context: &mut Context, field: &Field<'_>, text: &str) {
    let is_commit = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_lock = text.split('/').any(|part| part.ends_with(".lock") || part.starts_with('.'));
    let (message, help) = if let Some(name) = text.strip_prefix("origin/").filter(|name| !name.is_empty()) {
        let message =
            "is what a clone calls the branch of its remote, and `branch` takes the name that it has there";
        (message, context.style.writing(name).probable())
    } else if is_commit {
        let help = "write the name of a branch: a Warehouse discovers commits, and follows no fixed one";
        ("is the id of a commit, and `branch` takes the name of a branch", help.into())
    } else if text.contains("..") || text.contains("//") || has_lock {
        let help = "write the name of the branch as `git branch` shows it";
        ("is no name that Git takes for a branch", help.into())
    } else {
        return;
    };
    context.warn(Code::BadValue, field, format!("`{text}` {message}"), help);
}

/// Warns about a whole reference in place of a branch: `refs/heads/` is put before the name.
fn reference_as_branch(context: &mut Context, field: &Field<'_>, reference: &str) {
    let message =
        format!("`refs/{reference}` is a whole reference, and `branch` takes the name of a branch alone");
    let name = match reference.split_once('/') {
        Some(("heads", name)) => Some(name),
        Some(("remotes", name)) => name.split_once('/').map(|(_, name)| name),
        _ => None,
    };
    let help = match (name, reference.starts_with("tags/")) {
        (Some(name), _) => context.style.writing(name).probable(),
        (None, true) => "delete it: tags are selected by `commitSelectionStrategy: SemVer`, Lexical or NewestTag, and `allowTagsRegexes`".into(),
        (None, false) => "write the name of a branch".into(),
    };
    context.warn(Code::BadValue, field, message, help);
}

fn expression(context: &mut Context, object: &mut Object<'_>, of_tags: bool) -> Option<String> {
    let field = object.take(context, "expressionFilter")?;
    let text = context.filled(&field)?;
    expression::filter(context, &field, text, of_tags);
    Some(text.to_owned())
}

/// The selectors of one list, and those of the same list beside `git:`.
fn paths<'t>(
    context: &mut Context,
    object: &mut Object<'t>,
    name: &str,
    beside: &[(&str, Field<'t>)],
) -> Vec<(Field<'t>, String)> {
    let inside = object.take(context, name);
    let outside = beside
        .iter()
        .find(|(other, _)| *other == name)
        .map(|(_, field)| Field { place: crate::yaml::child(&object.place, name), ..field.clone() });
    let mut selectors = Vec::new();
    for field in inside.iter().chain(&outside) {
        for (item, text) in context.strings(field) {
            check_selector(context, &item, (name, &text));
            selectors.push((item, text));
        }
    }
    selectors
}

/// Warns about each selector that includes nothing, as one that excludes contains it, and about what excludes everything.
fn check_excluded(context: &mut Context, included: &[(Field<'_>, String)], excluded: &[(Field<'_>, String)]) {
    if included.is_empty() {
        for (field, text) in excluded.iter().filter(|(_, text)| contains(text, selector::ALL)) {
            let message = format!("`{text}` excludes every file");
            context.warn(Code::BadSelector, field, message, selector::NAME_WHAT_TO_EXCLUDE);
        }
    }
    for (field, text) in included.iter().filter(|(_, text)| !text.is_empty()) {
        if let Some((_, by)) = excluded.iter().find(|(_, by)| !by.is_empty() && contains(by, text)) {
            let message = format!("`{text}` includes nothing: `excludePaths` has `{by}`, which contains it");
            let help = "delete it, or name in `excludePaths` what to leave out of it";
            context.warn(Code::BadSelector, field, message, help);
        }
    }
}

/// Checks one selector: one that does not parse is an error, one that will never match is worth a warning.
fn check_selector(context: &mut Context, item: &Field<'_>, (list, text): (&str, &str)) {
    if let Some(reason) = rule::path_selector(text) {
        let help = selector::help(context.style, list, text).unwrap_or_else(|| {
            "write a path, `glob:` and a pattern, or `regex:` and a regular expression".into()
        });
        context.error(Code::BadSelector, item, format!("`{text}` is not a path selector: {reason}"), help);
        return;
    }
    if text.is_empty() {
        context.warn(
            Code::BadSelector,
            item,
            "an empty path selects every file",
            "write the intended path, or delete the line",
        );
        return;
    }
    let Some((reason, _)) = selector::advice(text) else { return };
    let help = selector::help(context.style, list, text)
        .unwrap_or_else(|| "write the path as `git ls-files` shows it, or `glob:` and a pattern".into());
    context.warn(Code::BadSelector, item, format!("`{text}` {reason}"), help);
}
