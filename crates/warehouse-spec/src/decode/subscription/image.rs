//! `image` of a subscription.

use repository_url::is_tag;
use selection_strategies::{ImageSelectionStrategy, InvalidPlatform, Platform};

use crate::decode::context::{Context, Field};
use crate::decode::edit::{Edit, Layout};
use crate::decode::object::Object;
use crate::decode::remedy;
use crate::decode::remedy::alphabet::TagKind;
use crate::decode::subscription::effect;
use crate::diagnostic::Code;
use crate::edition::{self, OldSpelling};
use crate::repo_url::RepositoryKind;
use crate::rule;
use crate::subscription::ImageSubscription;

const WHAT: &str = "an image subscription";

/// The names of today's fields.
const KNOWN: &[&str] = &[
    "repoURL",
    "imageSelectionStrategy",
    "constraint",
    "strictSemvers",
    "allowTagsRegexes",
    "ignoreTagsRegexes",
    "platform",
    "cacheByTag",
    "discoveryLimit",
    "insecureSkipTLSVerify",
];

/// Decodes an image subscription; none where there is no repository.
pub(crate) fn image(context: &mut Context, field: &Field<'_>) -> Option<ImageSubscription> {
    let mut object = Object::open(context, field)?;
    let repo_url = context.repo_url(&mut object, (WHAT, KNOWN), RepositoryKind::Image);
    let mut image = ImageSubscription::new(repo_url.unwrap_or_default());
    let problems = context.errors();
    image.image_selection_strategy = strategy(context, &mut object);
    // What an unknown strategy reads is unknown, too.
    if context.errors() == problems {
        effect::of_image(context, &object, image.image_selection_strategy);
    }
    let problems = context.errors();
    context.style.follows_tag = image.image_selection_strategy == ImageSelectionStrategy::Digest;
    let constraint = constraint(context, &mut object);
    context.style.follows_tag = false;
    image.strict_semvers = context.switch(&mut object, "strictSemvers", true);
    let tags = context.tag_lists(&mut object, TagKind::Image);
    if let Some(constraint) = &constraint {
        check_constraint(context, &object, constraint, image.image_selection_strategy);
    } else if image.image_selection_strategy == ImageSelectionStrategy::Digest && context.errors() == problems
    {
        missing_constraint(context, &mut object, &tags.allow);
    }
    image.constraint = constraint.map(|(_, text)| text);
    image.allow_tags_regexes = tags.allow;
    image.ignore_tags_regexes = tags.ignore;
    image.ignore_tags = tags.ignore_literals;
    image.platform = platform(context, &mut object);
    image.cache_by_tag = context.switch(&mut object, "cacheByTag", false);
    image.discovery_limit = context.discovery_limit(&mut object);
    image.insecure_skip_tls_verify = context.switch(&mut object, "insecureSkipTLSVerify", false);
    if let Some(field) = object.take(context, "gitRepoURL") {
        let help = context.deleting("delete it", object.node, field.key);
        context.old_spelling_with(&field, &edition::GIT_REPO_URL, help);
        image.git_repo_url = context.filled(&field).map(str::to_owned);
    }
    context.advise_limits(&object, &image);
    object.finish(context, WHAT, KNOWN);
    Some(image)
}

/// The strategy, under the newest of its three names that is there.
fn strategy(context: &mut Context, object: &mut Object<'_>) -> ImageSelectionStrategy {
    let current = object.take(context, "imageSelectionStrategy").and_then(|field| context.word(&field));
    let mut old = |name, spelling: &OldSpelling, newer: Option<ImageSelectionStrategy>| {
        let field = object.take_as(context, name, "imageSelectionStrategy")?;
        let problems = context.errors();
        let value = old_strategy(context, &field);
        let today = spelling.name_in(context.edition);
        let help = match value.filter(|_| context.errors() == problems) {
            Some(_) if newer.is_some() => {
                context.deleting(format!("delete `{name}`"), object.node, field.key)
            }
            Some(value) => {
                // The same word stays in its quotation marks.
                let form = match field.node.text() == Some(value.as_str()) {
                    true => context.written_at(field.node.mark).to_owned(),
                    false => context.style.form(value.as_str()),
                };
                let edit = context.rewritten(&field, today, &form);
                context.editing(format!("write `{today}: {value}`"), edit)
            }
            None => format!("write `{today}`").into(),
        };
        context.old_spelling_with(&field, spelling, help);
        let value = value?;
        match current {
            Some(current) if current != value => {
                context.warn(
                    Code::Conflict,
                    &field,
                    format!("`imageSelectionStrategy: {current}` wins over `{name}: {value}`"),
                    format!("delete `{name}`"),
                );
            }
            _ => {}
        }
        Some(value)
    };
    let middle = old("tagSelectionStrategy", &edition::TAG_SELECTION_STRATEGY, current);
    let oldest = old("updateStrategy", &edition::UPDATE_STRATEGY, current.or(middle));
    current.or(middle).or(oldest).unwrap_or_default()
}

/// A strategy as the first releases named it, or as today.
fn old_strategy(context: &mut Context, field: &Field<'_>) -> Option<ImageSelectionStrategy> {
    match field.node.text() {
        Some("Latest") => Some(ImageSelectionStrategy::NewestBuild),
        Some("Name" | "Alphabetical") => Some(ImageSelectionStrategy::Lexical),
        _ => context.word(field),
    }
}

/// The constraint, under either of its names, with its place.
fn constraint<'t>(context: &mut Context, object: &mut Object<'t>) -> Option<(Field<'t>, String)> {
    if context.tell_divided(object, "constraint") || context.tell_divided(object, "semverConstraint") {
        return None;
    }
    let current = object
        .take(context, "constraint")
        .and_then(|field| Some((field.clone(), context.filled(&field)?.to_owned())));
    let place = current.as_ref().map(|(field, _)| field.node.mark);
    let old = object.take_as(context, "semverConstraint", "constraint").and_then(|field| {
        let help = match current.is_some() {
            true => {
                let help = "delete `semverConstraint`: `constraint` is there, too";
                context.deleting(help, object.node, field.key)
            }
            false => context.renaming("write `constraint`", field.key, "constraint"),
        };
        context.old_spelling_with(&field, &edition::IMAGE_SEMVER_CONSTRAINT, help);
        Some((field.clone(), context.filled(&field)?.to_owned()))
    });
    if let (Some((current, wins)), Some((field, loses))) = (&current, &old) {
        // The old field has just claimed the place of the one that counts.
        if let Some(mark) = place {
            context.place(&current.place, mark);
        }
        if wins != loses {
            context.warn(
                Code::Conflict,
                field,
                format!("`constraint: {wins}` wins over `semverConstraint: {loses}`"),
                "delete `semverConstraint`",
            );
        }
    }
    current.or(old)
}

fn check_constraint(
    context: &mut Context,
    object: &Object<'_>,
    (field, text): &(Field<'_>, String),
    strategy: ImageSelectionStrategy,
) {
    match strategy {
        ImageSelectionStrategy::SemVer if is_moving_tag(text) && rule::constraint(text).is_some() => {
            let message = format!("`{text}` is a tag, and not a constraint on versions");
            let help = format!("to follow the tag, write `imageSelectionStrategy: Digest` beside it; otherwise {}", context.style.constraint());
            let edit = match object.look("imageSelectionStrategy") {
                Some(_) => None,
                None => {
                    let entry = context.style.entry("imageSelectionStrategy", &context.style.form("Digest"));
                    let text = context.text_read();
                    // An edit replaces something.
                    let same = context.style.form(field.node.text().unwrap_or_default());
                    let same = Edit::new(field.node.mark.start..field.node.mark.end, same);
                    let added = Layout::new(&text, object.node).with_entry(field.key, &entry);
                    added.and_then(|added| Edit::together(&text, vec![same, added]))
                }
            };
            let help = context.editing(help, edit).probable();
            context.error(Code::BadConstraint, field, message, help);
        }
        ImageSelectionStrategy::SemVer => context.check_constraint(field, text),
        ImageSelectionStrategy::Digest if !is_tag(text) => context.error(
            Code::BadConstraint,
            field,
            format!("`{text}` is not a tag, and `imageSelectionStrategy: Digest` follows the tag that `constraint` names"),
            rule::NAME_A_TAG,
        ),
        ImageSelectionStrategy::Digest => {}
        // It is not looked at, and either of the strategies that look at it would fail.
        ImageSelectionStrategy::Lexical | ImageSelectionStrategy::NewestBuild => {
            if let Some(reason) = rule::constraint(text).filter(|_| !is_tag(text)) {
                context.bad_constraint(field, text, &reason);
            }
        }
    }
}

/// Whether a text is a tag that moves, as people name them, and no version or a list of operators.
fn is_moving_tag(text: &str) -> bool {
    is_tag(text)
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && !text.contains(|letter: char| letter.is_ascii_digit())
}

/// `Digest` follows one tag, and none is named.
fn missing_constraint(context: &mut Context, object: &mut Object<'_>, allow: &[String]) {
    let literal = match allow {
        [only] => only.strip_prefix('^').and_then(|rest| rest.strip_suffix('$')).filter(|tag| is_tag(tag)),
        _ => None,
    };
    let help = match literal {
        Some(tag) => format!("write `constraint: {tag}` instead of the pattern"),
        None => "name the tag: `constraint: latest`".to_owned(),
    };
    let message = "`imageSelectionStrategy: Digest` needs a `constraint`, the tag to follow";
    if !context.tell_misnamed(object, (WHAT, KNOWN), "constraint", message) {
        context.error_at(Code::Missing, object.at(), message, help);
    }
}

fn platform(context: &mut Context, object: &mut Object<'_>) -> Option<Platform> {
    let field = object.take(context, "platform")?;
    let text = context.filled(&field)?;
    match text.parse() {
        Ok(platform) => Some(platform),
        Err(InvalidPlatform { .. }) => {
            context.error(Code::BadValue, &field, format!("`{text}` is not a platform"), remedy::PLATFORM);
            None
        }
    }
}
