//! Names in expressions that do not exist, members of texts, and functions that are not called.

mod kinds;
pub(crate) mod operator;
mod person;
pub(crate) mod unfinished;

use std::ops::Range;

use kargo_expr::NameUse;
use repository_url::{normalize_chart, normalize_git, normalize_image, redact_user};

use crate::decode::context::{Context, Field};
use crate::diagnostic::{Code, Help};
use crate::rule;
use crate::rule::nearest;
use crate::subscription::{Subscription, SubscriptionKind};

/// Reports what is wrong with a filter of commits, or of tags.
pub(crate) fn filter(context: &mut Context, field: &Field<'_>, text: &str, of_tags: bool) {
    match rule::filter(text) {
        Some(reason) => bad_filter(context, field, (text, of_tags), &reason),
        None => in_filter(context, field, text, of_tags),
    }
}

/// Reports a filter that does not compile; and what else is wrong with the one that was meant, so that one edit mends both.
fn bad_filter(context: &mut Context, field: &Field<'_>, (text, of_tags): (&str, bool), reason: &str) {
    let known = rule::variables(of_tags);
    let mended = if context.cut_off(field).is_some() { None } else { operator::mended(text, false) };
    let Some((form, note)) = mended else {
        bad_expression(context, field, (text, known), reason);
        return;
    };
    let (slips, whole) = slips_of(&form, of_tags);
    let help = context.style.writing(&whole).with(&note).probable();
    let message = format!("{DOES_NOT_COMPILE}: {reason}");
    context.error(Code::BadExpression, field, message, help);
    for slip in slips {
        context.warn(slip.code, field, slip.message, slip.help);
    }
}

const DOES_NOT_COMPILE: &str = "the expression does not compile";

/// What to do where nothing more exact is known.
const LANGUAGE: &str = "the language is that of https://expr-lang.org/docs/language-definition";

/// Reports an expression that does not compile.
fn bad_expression(
    context: &mut Context,
    field: &Field<'_>,
    (text, names): (&str, &[&'static str]),
    reason: &str,
) {
    let help = context
        .cut_off(field)
        .map(Help::from)
        .or_else(|| operator::meant(context.style, text, names.is_empty()))
        .or_else(|| call_of_first(text, names).map(Help::from))
        .unwrap_or_else(|| LANGUAGE.into());
    context.error(Code::BadExpression, field, format!("{DOES_NOT_COMPILE}: {reason}"), help);
}

/// Reports what is wrong with criteria of Freight.
pub(crate) fn criteria(context: &mut Context, field: &Field<'_>, text: &str) {
    let Some(reason) = rule::criteria(text) else {
        in_criteria(context, field, text);
        return;
    };
    let (messages, form) = rule::unknown_members(text);
    let Some(form) = form else {
        bad_expression(context, field, (text, &[]), &reason);
        return;
    };
    for message in messages {
        let help = context.style.writing(&form).probable();
        context.error(Code::BadExpression, field, format!("{DOES_NOT_COMPILE}: {message}"), help);
    }
}

/// Something that is wrong with a filter that compiles, and the change that mends it.
struct Slip {
    code: Code,
    message: String,
    help: Help,
    is_mended: bool,
}

/// Reports what a filter of commits, or of tags, cannot ask for.
fn in_filter(context: &mut Context, field: &Field<'_>, text: &str, of_tags: bool) {
    let known = rule::variables(of_tags);
    let told = context.diagnostics.len();
    check_members(context, field, &rule::uses(text, false), known);
    let (slips, whole) = slips_of(text, of_tags);
    let form = context.style.form(&whole);
    for slip in slips {
        let help = match slip.is_mended {
            // One edit mends all of them.
            true => Help::writing(slip.help.text, &*form).probable(),
            false => slip.help,
        };
        context.warn(slip.code, field, slip.message, help);
    }
    // Of what is told already, the kinds say the same once more.
    if context.diagnostics.len() == told {
        kinds::check(context, field, text, of_tags);
    }
}

/// The names in a filter that nothing has and the comparisons that are never true, and the filter that was meant.
fn slips_of(text: &str, of_tags: bool) -> (Vec<Slip>, String) {
    let known = rule::variables(of_tags);
    let what = if of_tags { "tags" } else { "commits" };
    let uses = rule::uses(text, false);
    let (mut slips, mut changes) = (Vec::new(), Vec::new());
    let mut add = |message: String, help: Help, change: Vec<Change>| {
        let is_mended = !change.is_empty();
        changes.extend(change);
        slips.push(Slip { code: Code::UnknownName, message, help, is_mended });
    };
    for unknown in rule::unknown_in_filter(text, of_tags) {
        let name = unknown.name.as_str();
        if let Some(members) = members_of_unknown(&uses, name, known) {
            for (member, meant) in members {
                let message = format!("there is no `{name}.{member}` of {what}, as there is no `{name}`");
                add(message, did_you_mean(meant), renamed(text, &uses, (name, Some(member)), meant));
            }
            continue;
        }
        let other = rule::variables(!of_tags);
        let meant = synonym(name, known).or_else(|| nearest(name, known));
        let is_called = uses.iter().any(|used| used.name == name && used.member.is_none() && used.is_called);
        let message = match other.contains(&name) {
            _ if is_called => format!("there is no function `{name}`, and the call of it fails"),
            true if of_tags => format!("there is no `{name}` of tags, only of commits; it is nil"),
            true => format!("there is no `{name}` of commits, only of tags; it is nil"),
            false => format!("there is no `{name}` of {what}; it is nil"),
        };
        match meant {
            Some(meant) if !is_called => {
                add(message, did_you_mean(meant), renamed(text, &uses, (name, None), meant));
            }
            _ if is_called => add(message, without_function(name, of_tags).into(), Vec::new()),
            _ => add(message, format!("the names are {}", known.join(", ")).into(), Vec::new()),
        }
    }
    let named = changed(text, changes);
    let uses = rule::uses(&named, false);
    let comparisons = person::comparisons(&named, &uses, known);
    let changes = comparisons.iter().map(|found| (found.start..found.end, found.instead.clone())).collect();
    let whole = changed(&named, changes);
    for found in &comparisons {
        let message = format!("`{}` is `Name <address>`, and never equal to {}", found.name, found.text);
        let help = format!("write `{}`", found.instead).into();
        slips.push(Slip { code: Code::BadExpression, message, help, is_mended: true });
    }
    (slips, whole)
}

/// A part of an expression, and what comes in its place.
type Change = (Range<usize>, String);

/// The expression with these changes, none of which overlaps another.
fn changed(text: &str, mut changes: Vec<Change>) -> String {
    changes.sort_by_key(|(span, _)| span.start);
    let (mut expression, mut done) = (String::with_capacity(text.len()), 0);
    for (span, instead) in changes {
        if let Some(before) = text.get(done..span.start) {
            expression.push_str(before);
            expression.push_str(&instead);
            done = span.end;
        }
    }
    expression.push_str(text.get(done..).unwrap_or_default());
    expression
}

fn did_you_mean(name: &str) -> Help {
    format!("did you mean `{name}`?").into()
}

/// What to write in place of a function that filters do not have.
fn without_function(name: &str, of_tags: bool) -> &'static str {
    match (name.to_ascii_lowercase().contains("semver") || name == "version", of_tags) {
        (true, true) => {
            "versions are compared by `commitSelectionStrategy: SemVer` and `semverConstraint`, such as '>1.0.0'; delete the call"
        }
        (true, false) => {
            "versions of tags are compared by `commitSelectionStrategy: SemVer` and `semverConstraint`; delete the call"
        }
        _ => {
            "the functions are those of https://expr-lang.org/docs/language-definition; texts are compared by `contains`, `startsWith`, `endsWith` and `matches`"
        }
    }
}

/// Reports the names that criteria of Freight cannot ask for.
fn in_criteria(context: &mut Context, field: &Field<'_>, text: &str) {
    let uses = rule::uses(text, true);
    check_members(context, field, &uses, &[]);
    let known = rule::functions();
    let unknown = rule::unknown_in_criteria(text);
    let changes = unknown.iter().filter_map(|unknown| {
        Some(renamed(text, &uses, (&unknown.name, None), nearest(&unknown.name, &known)?))
    });
    let form = context.style.form(&changed(text, changes.flatten().collect()));
    for unknown in unknown {
        let help = match nearest(&unknown.name, &known) {
            Some(meant) => Help::writing(did_you_mean(meant).text, &*form).probable(),
            None => format!("the functions are {}", known.join(", ")).into(),
        };
        let message = format!("there is no `{}` in criteria, and evaluating them fails", unknown.name);
        context.warn(Code::UnknownName, field, message, help);
    }
}

/// Reports the repositories that criteria name and no subscription has: what such a function answers is nil.
pub(crate) fn repositories(
    context: &mut Context,
    field: &Field<'_>,
    text: &str,
    subscriptions: &[Subscription],
) {
    // Without any, that is what is wrong.
    if subscriptions.is_empty() {
        return;
    }
    let mut told = Vec::new();
    for used in rule::uses(text, true).iter().filter(|used| used.is_called && used.member.is_none()) {
        let (normal, of): (fn(&str) -> String, UrlOf) = match &*used.name {
            "imageFrom" => (normalize_image, image_url),
            "commitFrom" => (normalize_git, git_url),
            "chartFrom" => (normalize_chart, chart_url),
            _ => continue,
        };
        let argument = text.get(used.position..).and_then(|call| first_argument(call, &used.name));
        let Some(url) = argument.filter(|url| !told.contains(&(used.name.as_str(), *url))) else { continue };
        told.push((&used.name, url));
        let mut known: Vec<&str> = subscriptions.iter().filter_map(|other| of(&other.kind)).collect();
        known.dedup();
        if known.iter().any(|known| normal(known) == normal(url)) {
            continue;
        }
        let message = format!(
            "`{}` asks for `{}`, to which nothing is subscribed; it is nil",
            used.name,
            redact_user(url)
        );
        let shown: Vec<_> =
            known.iter().take(MAX_REPOSITORIES).map(|url| format!("`{}`", redact_user(url))).collect();
        let kind = match &*used.name {
            "imageFrom" => "image",
            "commitFrom" => "git",
            _ => "chart",
        };
        let help = match known.len() {
            0 => format!("no subscription is of the kind `{kind}`"),
            1 => format!("the one `{kind}` subscription is to {}", shown.join(", ")),
            count if count > MAX_REPOSITORIES => {
                format!(
                    "the `{kind}` subscriptions are to {} and {} more",
                    shown.join(", "),
                    count - MAX_REPOSITORIES
                )
            }
            _ => format!("the `{kind}` subscriptions are to {}", shown.join(", ")),
        };
        context.warn(Code::UnknownName, field, message, help);
    }
}

/// The repository of a subscription of one kind.
type UrlOf = fn(&SubscriptionKind) -> Option<&str>;

/// The largest number of repositories that a message names.
const MAX_REPOSITORIES: usize = 5;

fn image_url(kind: &SubscriptionKind) -> Option<&str> {
    match kind {
        SubscriptionKind::Image(image) => Some(&image.repo_url),
        _ => None,
    }
}

fn git_url(kind: &SubscriptionKind) -> Option<&str> {
    match kind {
        SubscriptionKind::Git(git) => Some(&git.repo_url),
        _ => None,
    }
}

fn chart_url(kind: &SubscriptionKind) -> Option<&str> {
    match kind {
        SubscriptionKind::Chart(chart) => Some(&chart.repo_url),
        _ => None,
    }
}

/// The first argument of the call at the start of a text, where it is a text without escapes.
fn first_argument<'t>(call: &'t str, name: &str) -> Option<&'t str> {
    let inside = call.strip_prefix(name)?.trim_start().strip_prefix('(')?.trim_start();
    let mark = inside.chars().next().filter(|mark| matches!(mark, '\'' | '"' | '`'))?;
    let (text, after) = inside.get(1..)?.split_once(mark)?;
    let is_whole = after.trim_start().starts_with([')', ',']);
    (is_whole && !text.is_empty() && !text.contains('\\')).then_some(text)
}

/// The name of what is called otherwise elsewhere.
fn synonym(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let meant: &[&str] = match name.to_lowercase().as_str() {
        "message" | "msg" | "title" | "summary" | "body" | "commitmessage" | "description" => &["subject"],
        "sha" | "hash" | "commit" | "commitid" | "commitsha" | "revision" | "rev" | "digest" | "oid" => {
            &["id"]
        }
        "date" | "time" | "timestamp" | "committerdate" | "authordate" | "commitdate" | "creatordate"
        | "created" | "createdat" | "tagdate" | "taggerdate" => &["commitDate", "creatorDate"],
        "email" | "user" | "username" | "authoremail" | "authorname" => &["author"],
        "committername" | "committeremail" => &["committer"],
        "tagmessage" | "tagannotation" => &["annotation"],
        "name" | "ref" | "tagname" | "version" => &["tag"],
        _ => &[],
    };
    known.iter().copied().find(|name| meant.contains(name))
}

/// The operators that compare texts.
const OPERATORS: &[&str] = &["contains", "startsWith", "endsWith", "matches"];

/// Reports the members that are read of texts, and the functions that are not called.
fn check_members(context: &mut Context, field: &Field<'_>, uses: &[NameUse], known: &[&'static str]) {
    let mut told = Vec::new();
    for used in uses {
        let key = (used.name.as_str(), used.member.as_deref());
        if told.contains(&key) {
            continue;
        }
        if used.is_uncalled_function() {
            let message = format!("`{}` is a function, and it is not called", used.name);
            context.warn(Code::BadExpression, field, message, call_of(used, known));
        } else if let Some(member) = used.member.as_deref().filter(|_| is_text(&used.name, known)) {
            let such = match used.name.as_str() {
                name if person::PERSONS.contains(&name) => " `Name <email>`",
                _ => "",
            };
            let message = format!("`{}` is a string{such}, and has no `{member}`", used.name);
            let argument = field.node.text().and_then(|text| {
                let read = text.get(used.position..)?.strip_prefix(&used.name)?;
                first_argument(read.trim_start_matches('?').strip_prefix('.')?, member)
            });
            let help = instead(&used.name, member, argument.filter(|text| !text.contains('\'')));
            context.warn(Code::UnknownName, field, message, help);
        } else {
            continue;
        }
        told.push(key);
    }
}

/// The members that are read of a name that nothing has, each with the variable that holds what it is; `None` unless all are known.
fn members_of_unknown<'u>(
    uses: &'u [NameUse],
    name: &str,
    known: &[&'static str],
) -> Option<Vec<(&'u str, &'static str)>> {
    let mut members: Vec<(&str, &str)> = Vec::new();
    for used in uses.iter().filter(|used| used.name == name) {
        let member = used.member.as_deref()?;
        let same = known.iter().copied().find(|known| known.eq_ignore_ascii_case(member));
        let meant = same.or_else(|| synonym(member, known))?;
        if !members.iter().any(|(other, _)| *other == member) {
            members.push((member, meant));
        }
    }
    Some(members).filter(|members| !members.is_empty())
}

/// How the first function that is not called is called.
fn call_of_first(text: &str, known: &[&'static str]) -> Option<String> {
    let uses = rule::uses(text, known.is_empty());
    uses.iter().find(|used| used.is_uncalled_function()).map(|used| call_of(used, known))
}

/// What to write in place of a function that is not called: the variable that is meant, or a call.
fn call_of(used: &NameUse, known: &[&'static str]) -> String {
    match synonym(&used.name, known).filter(|_| used.member.is_some()) {
        Some(variable) => format!("did you mean `{variable}`?"),
        None => call(&used.name, known.contains(&"tag")),
    }
}

/// What to write to call a function.
fn call(name: &str, of_tags: bool) -> String {
    let date = if of_tags { "creatorDate" } else { "commitDate" };
    match name {
        "date" => format!("call it: `date('2025-01-31')`, as in `{date}.After(date('2025-01-31'))`"),
        "now" => format!("call it: `now()`, as in `now() - {date} < duration('24h')`"),
        "duration" => format!("call it: `duration('24h')`, as in `now() - {date} < duration('24h')`"),
        "timezone" => "call it: `timezone('UTC')`".to_owned(),
        "imageFrom" | "commitFrom" | "chartFrom" => format!("call it with the `repoURL`: `{name}('...')`"),
        name => format!("call it: `{name}(...)`"),
    }
}

/// Every variable of commits and tags is a text, but for the dates.
fn is_text(name: &str, known: &[&str]) -> bool {
    known.contains(&name) && !name.ends_with("Date")
}

/// What to write in place of a member of a text.
fn instead(name: &str, member: &str, argument: Option<&str>) -> String {
    let operator = match member.to_ascii_lowercase().as_str() {
        "includes" | "has" | "indexof" => Some("contains"),
        "hasprefix" => Some("startsWith"),
        "hassuffix" => Some("endsWith"),
        "match" | "test" => Some("matches"),
        _ => nearest(member, OPERATORS),
    };
    let function = match member.to_ascii_lowercase().as_str() {
        "lower" | "tolower" | "tolowercase" => Some("lower"),
        "upper" | "toupper" | "touppercase" => Some("upper"),
        "trim" | "trimspace" => Some("trim"),
        "len" | "length" | "size" => Some("len"),
        _ => None,
    };
    match (operator, function, member.to_ascii_lowercase().as_str()) {
        (Some(operator), ..) => format!("write `{name} {operator} '{}'`", argument.unwrap_or("TEXT")),
        (_, Some(function), _) => format!("write `{function}({name})`"),
        (.., "email" | "mail") => format!("compare the text: `{name} contains '<me@example.com>'`"),
        (.., "name") if person::PERSONS.contains(&name) => {
            format!("compare the text: `{name} contains 'Jane Doe'`")
        }
        _ => format!("write `{name}` alone"),
    }
}

/// The changes after which every read of a name, or of this member of it, is a read of the variable that is meant; none where a read is written otherwise.
fn renamed(text: &str, uses: &[NameUse], (name, member): (&str, Option<&str>), meant: &str) -> Vec<Change> {
    let reads = uses
        .iter()
        .filter(|used| used.name == name && (member.is_none() || used.member.as_deref() == member));
    let change = |used: &NameUse| {
        let rest = text.get(used.position..)?;
        let length = match member {
            None => rest.starts_with(name).then_some(name.len()),
            Some(member) => [".", "?."]
                .iter()
                .map(|dot| format!("{name}{dot}{member}"))
                .find_map(|read| rest.starts_with(&read).then_some(read.len())),
        };
        Some((used.position..used.position + length?, meant.to_owned()))
    };
    reads.map(change).collect::<Option<Vec<_>>>().unwrap_or_default()
}
