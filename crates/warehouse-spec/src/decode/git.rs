//! `git` of a subscription.

use std::sync::LazyLock;

use regex::Regex;

use crate::decode::context::Context;
use crate::decode::effect;
use crate::decode::name;
use crate::decode::object::{Field, Object};
use crate::decode::selector;
use crate::diagnostic::Code;
use crate::git::GitSubscription;
use crate::{repo_url, rule};

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

/// The longest branch name (rule 1.7).
const LONGEST_BRANCH: usize = 255;

/// What a name of a branch looks like.
pub(crate) const BRANCH_NAME: &str =
    "letters, digits, `.`, `_`, `-` and `/`; a letter or digit first, no `.` or `/` last";

static BRANCH: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[a-zA-Z0-9](?:[a-zA-Z0-9._/-]*[a-zA-Z0-9_-])?$").ok());

/// Decodes a Git subscription. `beside` holds `includePaths` and `excludePaths` written beside `git:`.
pub(crate) fn git(
    context: &mut Context,
    field: &Field<'_>,
    beside: &[(&str, Field<'_>)],
) -> Option<GitSubscription> {
    let mut object = Object::open(context, field)?;
    let repo_url = context.repo_url(&mut object, repo_url::git);
    let mut git = GitSubscription::new(repo_url.unwrap_or_default());
    let named = object.take(context, "commitSelectionStrategy").map(|field| context.word(&field));
    git.commit_selection_strategy = named.flatten().unwrap_or_default();
    // Of a strategy that is none nobody knows what it looks at.
    if named != Some(None) {
        effect::of_git(context, &object, git.commit_selection_strategy);
    }
    if let Some(field) = object.take(context, "branch") {
        git.branch = branch(context, &field);
    }
    git.semver_constraint = context.constraint(&mut object, "semverConstraint").map(|(_, text)| text);
    git.strict_semvers = context.switch(&mut object, "strictSemvers", true);
    let tags = context.tag_lists(&mut object);
    git.allow_tags_regexes = tags.allow;
    git.ignore_tags_regexes = tags.ignore;
    git.ignore_tags = tags.ignore_literals;
    git.expression_filter = expression(context, &mut object, git.commit_selection_strategy.selects_tags());
    git.include_paths = paths(context, &mut object, "includePaths", beside);
    git.exclude_paths = paths(context, &mut object, "excludePaths", beside);
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

/// Whether this may be the name of a branch (rule 1.7).
pub(crate) fn is_branch(text: &str) -> bool {
    text.len() <= LONGEST_BRANCH && BRANCH.as_ref().is_some_and(|name| name.is_match(text))
}

fn branch(context: &mut Context, field: &Field<'_>) -> Option<String> {
    let text = context.filled(field)?;
    if text.len() > LONGEST_BRANCH {
        context.error(
            Code::BadValue,
            field,
            format!("a branch name has at most {LONGEST_BRANCH} characters"),
            "",
        );
    } else if !is_branch(text) {
        context.error(Code::BadValue, field, format!("`{text}` is no branch name"), BRANCH_NAME);
    }
    Some(text.to_owned())
}

fn expression(context: &mut Context, object: &mut Object<'_>, of_tags: bool) -> Option<String> {
    let field = object.take(context, "expressionFilter")?;
    let text = context.filled(&field)?;
    match rule::filter(text) {
        Some(reason) => context.bad_expression(&field, (text, rule::variables(of_tags)), &reason),
        None => name::in_filter(context, &field, text, of_tags),
    }
    Some(text.to_owned())
}

/// The selectors of one list, and those of the same list beside `git:`.
fn paths(
    context: &mut Context,
    object: &mut Object<'_>,
    name: &str,
    beside: &[(&str, Field<'_>)],
) -> Vec<String> {
    let inside = object.take(context, name);
    let outside = beside
        .iter()
        .find(|(other, _)| *other == name)
        .map(|(_, field)| Field { place: crate::path::child(&object.place, name), ..field.clone() });
    let mut selectors = Vec::new();
    for field in inside.iter().chain(&outside) {
        for (item, text) in context.strings(field) {
            selector::check(context, &item, &text);
            selectors.push(text);
        }
    }
    selectors
}
