//! Subscriptions that cannot be told apart.

use std::collections::HashMap;

use repository_url::{normalize_chart, normalize_git, normalize_image};

use crate::decode::context::Context;
use crate::diagnostic::Code;
use crate::repo_url::is_classic;
use crate::subscription::{Subscription, SubscriptionKind};
use crate::yaml::Mark;

/// A subscription and where it was written.
pub(crate) struct Placed {
    pub(crate) mark: Mark,
    pub(crate) path: String,
    pub(crate) subscription: Subscription,
}

/// Reports names that occur twice, and repositories that occur twice without names to tell their artifacts apart.
pub(crate) fn check_duplicates(context: &mut Context, subscriptions: &[Placed]) {
    let mut names: HashMap<&str, &Placed> = HashMap::new();
    let mut repositories: HashMap<(&str, String), &Placed> = HashMap::new();
    for placed in subscriptions {
        if let Some(name) = placed.subscription.name.as_deref()
            && let Some(earlier) = names.insert(name, placed)
        {
            context.error_at(
                Code::Duplicate,
                (placed.mark, &placed.path),
                format!("the name `{name}` is taken by {} in line {}", earlier.path, earlier.mark.line),
                "give each subscription a name of its own",
            );
        }
        let Some(key) = identity(&placed.subscription) else {
            continue;
        };
        let what = key.0;
        if let Some(earlier) = repositories.insert(key, placed) {
            duplicate(context, what, placed, earlier);
        }
    }
}

fn duplicate(context: &mut Context, what: &str, placed: &Placed, earlier: &Placed) {
    let message = format!(
        "this {what} is subscribed to twice, here and in {} in line {}",
        earlier.path, earlier.mark.line
    );
    let at = (placed.mark, placed.path.as_str());
    let named = |placed: &Placed| placed.subscription.name.is_some();
    if named(placed) && named(earlier) {
        let message = format!("{message}; the names tell them apart here, and Kargo refuses it all the same");
        context.warn_at(Code::KargoRefuses, at, message, "");
        return;
    }
    let key = placed.subscription.type_key();
    let help = format!(
        "delete one of them, or give each a `name` beside `{key}:`, not in it: `- {{name: one, {key}: {{...}}}}`"
    );
    context.error_at(Code::Duplicate, at, message, help);
}

/// What makes two subscriptions the same: the kind and the repository in its normal form.
fn identity(subscription: &Subscription) -> Option<(&'static str, String)> {
    let key = match &subscription.kind {
        SubscriptionKind::Image(image) => ("image repository", normalize_image(&image.repo_url)),
        SubscriptionKind::Git(git) => ("Git repository", normalize_git(&git.repo_url)),
        SubscriptionKind::Chart(chart) => {
            let mut key = normalize_chart(&chart.repo_url);
            if is_classic(&chart.repo_url) {
                key = format!("{key}:{}", chart.name.as_deref().unwrap_or_default());
            }
            ("chart", key)
        }
        SubscriptionKind::Generic(_) => return None,
    };
    (subscription.repo_url() != Some("")).then_some(key)
}
