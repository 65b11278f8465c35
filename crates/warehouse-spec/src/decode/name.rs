//! Names in expressions that nothing has: they are nil, so the condition is the same for every candidate.

use crate::decode::context::Context;
use crate::decode::member;
use crate::decode::nearest::nearest;
use crate::decode::object::Field;
use crate::diagnostic::Code;
use crate::rule;

/// Reports the names that a filter of commits, or of tags, cannot ask for.
pub(crate) fn in_filter(context: &mut Context, field: &Field<'_>, text: &str, of_tags: bool) {
    let known = rule::variables(of_tags);
    let what = if of_tags { "tags" } else { "commits" };
    let uses = rule::uses(text, false);
    member::check(context, field, &uses, known);
    for unknown in rule::unknown_in_filter(text, of_tags) {
        if member::of_unknown(context, field, &uses, &unknown.name, known, what) {
            continue;
        }
        let name = unknown.name.as_str();
        let other = rule::variables(!of_tags);
        let meant = synonym(name, known).or_else(|| nearest(name, known));
        let message = match other.contains(&name) {
            true if of_tags => format!("there is no `{name}` of tags, only of commits; it is nil"),
            true => format!("there is no `{name}` of commits, only of tags; it is nil"),
            false => format!("there is no `{name}` of {what}; it is nil"),
        };
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the names are {}", known.join(", ")),
        };
        context.warn(Code::UnknownName, field, message, help);
    }
}

/// Reports the names that criteria of Freight cannot ask for.
pub(crate) fn in_criteria(context: &mut Context, field: &Field<'_>, text: &str) {
    member::check(context, field, &rule::uses(text, true), &[]);
    let known = rule::functions();
    for unknown in rule::unknown_in_criteria(text) {
        let help = match nearest(&unknown.name, &known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the functions are {}", known.join(", ")),
        };
        let message =
            format!("there is no `{}` in criteria, and they fail where they ask for it", unknown.name);
        context.warn(Code::UnknownName, field, message, help);
    }
}

/// The name of what is called otherwise elsewhere.
pub(super) fn synonym(name: &str, known: &[&'static str]) -> Option<&'static str> {
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
