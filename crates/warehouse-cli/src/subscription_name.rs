//! The names by which arguments choose a subscription.

use selection_strategies::similar_names;
use warehouse_spec::{SourceLabel, Subscription, without_credential};

use crate::exit::Exit;
use crate::message::Messages;

/// Whether a subscription has this name, or its chart, its `repoURL` or its index.
pub(crate) fn is_named(subscription: &Subscription, index: usize, name: &str) -> bool {
    names_of(subscription).iter().any(|known| known == name) || index.to_string() == name
}

/// The names by which a subscription is known, but for its index.
fn names_of(subscription: &Subscription) -> Vec<String> {
    let SourceLabel { url, chart, subscription, .. } = subscription.label();
    let url = without_credential(url).into_owned();
    [subscription, chart].into_iter().flatten().map(str::to_owned).chain([url]).collect()
}

/// The name of an artifact of this subscription that is written as `-o name` prints it: `1.2.0` of `ghcr.io/shop/web:1.2.0@sha256:...`.
pub(crate) fn name_of_artifact<'t>(subscription: &Subscription, text: &'t str) -> Option<&'t str> {
    let SourceLabel { url, chart, .. } = subscription.label();
    let rest = text.strip_prefix(without_credential(url).trim_end_matches('/'))?;
    let rest = match chart {
        Some(chart) => rest.strip_prefix('/')?.strip_prefix(chart)?,
        None => rest,
    };
    let name = rest.strip_prefix([':', '@'])?;
    Some(name.split_once('@').map_or(name, |(name, _)| name))
}

/// How many names of subscriptions a message lists.
const MOST_NAMES: usize = 10;

/// Says that no subscription is named so, and which names are similar; if none is, which there are.
pub(crate) fn not_named<'s>(
    name: &str,
    subscriptions: impl IntoIterator<Item = &'s Subscription>,
    messages: &Messages,
) -> Exit {
    let names: Vec<String> = subscriptions.into_iter().flat_map(names_of).collect();
    let similar = similar_names(name, names.iter().map(String::as_str));
    let help = match similar.is_empty() {
        false => format!("similar: {}", similar.join(", ")),
        true => {
            let shown = names.get(..MOST_NAMES).unwrap_or(&names);
            let more = names.len().saturating_sub(MOST_NAMES);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            format!("there are: {}{more}", shown.join(", "))
        }
    };
    messages.error_with_help(
        &format!("no subscription has the name, repoURL or index {name:?}"),
        (!names.is_empty()).then_some(help.as_str()),
    );
    Exit::Usage
}
