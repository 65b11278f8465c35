//! Valid fields that the strategy ignores, so that they do not affect the selection.

use selection_strategies::{CommitSelectionStrategy, ImageSelectionStrategy};

use crate::decode::context::{Context, Field};
use crate::decode::object::Object;
use crate::diagnostic::Code;
use crate::subscription::DEFAULT_DISCOVERY_LIMIT;
use crate::yaml::{ScalarKind, Value};

/// The lists of tags, old fields included.
pub(crate) const TAGS: &[&str] = &["allowTags", "allowTagsRegexes", "ignoreTags", "ignoreTagsRegexes"];

const NAME_A_STRATEGY: &str = "choose a strategy of tags, such as `commitSelectionStrategy: SemVer`, Lexical or NewestTag; or delete it";
const CHOOSE_SEMVER_OF_COMMITS: &str = "write `commitSelectionStrategy: SemVer`, or delete it";
const CHOOSE_SEMVER_OF_IMAGES: &str = "write `imageSelectionStrategy: SemVer`, or delete it";
const CHOOSE_THE_BRANCH: &str = "write `commitSelectionStrategy: NewestFromBranch`, or delete it";
const LIMIT_THE_TAGS: &str = "delete it, or limit the tags with `allowTagsRegexes`";
const ONE_TAG: &str = "delete it: the strategy follows the one tag that `constraint` names";

/// Reports what the strategy of a Git subscription does not look at ([rules 4.1 and 4.2](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
pub(crate) fn of_git(context: &mut Context, object: &Object<'_>, strategy: CommitSelectionStrategy) {
    let mut idle: Vec<(&str, &str)> = Vec::new();
    if strategy.selects_tags() {
        idle.extend([("branch", CHOOSE_THE_BRANCH), ("since", CHOOSE_THE_BRANCH)]);
    } else {
        idle.extend(TAGS.iter().map(|name| (*name, NAME_A_STRATEGY)));
    }
    if strategy != CommitSelectionStrategy::SemVer {
        idle.extend([
            ("semverConstraint", CHOOSE_SEMVER_OF_COMMITS),
            ("strictSemvers", CHOOSE_SEMVER_OF_COMMITS),
        ]);
    }
    report(context, object, &idle, &format!("commitSelectionStrategy: {strategy}"));
}

/// Reports what the strategy of an image subscription does not look at ([rules 3.4 to 3.7](https://github.com/warehouse-rs/warehouse/blob/main/docs/src/semantics.md)).
pub(crate) fn of_image(context: &mut Context, object: &Object<'_>, strategy: ImageSelectionStrategy) {
    let mut idle: Vec<(&str, &str)> = Vec::new();
    match strategy {
        ImageSelectionStrategy::SemVer => {}
        ImageSelectionStrategy::Digest => {
            idle.extend(TAGS.iter().map(|name| (*name, ONE_TAG)));
            idle.extend([("strictSemvers", ONE_TAG), ("discoveryLimit", ONE_TAG)]);
            idle.push(("cacheByTag", "delete it: the tag is there to move, and is asked for each time"));
        }
        ImageSelectionStrategy::Lexical | ImageSelectionStrategy::NewestBuild => {
            idle.extend([
                ("constraint", LIMIT_THE_TAGS),
                ("semverConstraint", LIMIT_THE_TAGS),
                ("strictSemvers", CHOOSE_SEMVER_OF_IMAGES),
            ]);
        }
    }
    report(context, object, &idle, &format!("imageSelectionStrategy: {strategy}"));
}

fn report(context: &mut Context, object: &Object<'_>, idle: &[(&str, &str)], strategy: &str) {
    for (name, help) in idle {
        // `kubectl get -o yaml` has the defaults.
        let Some(field) = object.look(name).filter(|field| says_something(field) && !is_default(field))
        else {
            continue;
        };
        let message = format!("`{}` has no effect with `{strategy}`", field.name());
        let help = context.deleting(*help, object.node, field.key).probable();
        context.warn(Code::NoEffect, &field, message, help);
    }
}

/// Whether a field has the value that the API server writes where it is absent.
fn is_default(field: &Field<'_>) -> bool {
    let Value::Scalar(scalar) = &field.node.value else { return false };
    match field.name() {
        "strictSemvers" => matches!(scalar.kind, ScalarKind::Boolean(true)),
        "discoveryLimit" => scalar.kind == ScalarKind::Integer(DEFAULT_DISCOVERY_LIMIT.into()),
        _ => false,
    }
}

/// Whether a field says anything: not without a value, with an empty one, or as a switch that is off by itself.
pub(crate) fn says_something(field: &Field<'_>) -> bool {
    match &field.node.value {
        Value::Scalar(scalar) => match scalar.kind {
            ScalarKind::Null => false,
            ScalarKind::Text => !scalar.text.is_empty(),
            ScalarKind::Boolean(value) => value || field.name() != "cacheByTag",
            _ => true,
        },
        Value::List(items) => !items.is_empty(),
        Value::Mapping(_) | Value::UnknownAlias(_) => true,
    }
}
