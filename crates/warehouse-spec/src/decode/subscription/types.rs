//! The types of subscriptions that are known here.

use crate::decode::context::{Context, Field};
use crate::decode::remedy;
use crate::decode::subscription::chart::chart;
use crate::decode::subscription::git::git;
use crate::decode::subscription::image::image;
use crate::diagnostic::Code;
use crate::subscription::SubscriptionKind;

/// The types of subscriptions.
pub(crate) const TYPES: &[&str] = &["image", "git", "chart"];

/// Whether a key is the type of a subscription, also in other capitals or in its old spelling.
pub(crate) fn is_type(key: &str) -> bool {
    key == "helm" || TYPES.iter().any(|name| name.eq_ignore_ascii_case(key))
}

/// Decodes what is under a type that is known here.
pub(crate) fn by_type(
    context: &mut Context,
    key: &str,
    field: &Field<'_>,
    name: Option<&str>,
    beside: &[(&'static str, Field<'_>)],
) -> Option<Option<SubscriptionKind>> {
    // A text under `image:` and the like is the repository alone.
    if let Some(url) = remedy::repository_alone(field.node)
        && ["image", "git", "chart", "helm"].contains(&key)
    {
        let message = format!("`{}` must be a mapping, not {}", field.name(), field.node.describe());
        context.error(Code::WrongType, field, message, remedy::of_type(context.style, key, url, name));
        return Some(None);
    }
    Some(match key {
        "image" => image(context, field).map(Into::into),
        "git" => git(context, field, beside).map(Into::into),
        "chart" | "helm" => chart(context, field).map(Into::into),
        _ => return None,
    })
}
