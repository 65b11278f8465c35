//! A `Warehouse` document.

use crate::decode::context::Context;
use crate::decode::edition::REPOS;
use crate::decode::metadata::metadata;
use crate::decode::name;
use crate::decode::object::{Field, Object};
use crate::decode::subscription::subscription;
use crate::decode::twins::{self, Placed};
use crate::diagnostic::Code;
use crate::interval::Interval;
use crate::node::Value;
use crate::rule;
use crate::warehouse::{FreightCreationCriteria, FreightCreationPolicy, Warehouse, WarehouseSpec};

const SPEC: &[&str] =
    &["shard", "interval", "freightCreationPolicy", "freightCreationCriteria", "subscriptions"];

/// Decodes a whole document; nothing when there is no specification to speak of.
pub(crate) fn warehouse(context: &mut Context, document: &Field<'_>) -> Option<Warehouse> {
    let mut object = Object::open(context, document)?;
    object.pass_over(&["apiVersion", "kind", "status"]);
    let metadata = metadata(context, &mut object, true);
    let spec = match object.take_even_null(context, "spec", "spec") {
        Some(field) if !field.node.is_null() => spec(context, &field),
        _ => {
            missing_spec(context, &object);
            None
        }
    };
    object.finish(context, "a Warehouse", &["apiVersion", "kind", "metadata", "spec", "status"]);
    Some(Warehouse { metadata, spec: spec? })
}

fn missing_spec(context: &mut Context, object: &Object<'_>) {
    let misplaced =
        object.node.get("metadata").is_some_and(|metadata| metadata.get("subscriptions").is_some());
    let help = match misplaced {
        true => "`subscriptions` stands under `metadata`: put a line `spec:` before it",
        false => "add `spec:` with `subscriptions:`",
    };
    context.error_at(Code::Missing, object.at(), "a Warehouse needs a `spec` with `subscriptions`", help);
}

fn spec(context: &mut Context, field: &Field<'_>) -> Option<WarehouseSpec> {
    let mut object = Object::open(context, field)?;
    let mut spec = WarehouseSpec::new(Vec::new());
    spec.shard = context.optional(&mut object, "shard");
    if let Some(field) = object.take(context, "interval") {
        spec.interval = interval(context, &field).unwrap_or_default();
    }
    if let Some(field) = object.take(context, "freightCreationPolicy") {
        spec.freight_creation_policy = context.word(&field).unwrap_or_default();
    }
    if let Some(field) = object.take(context, "freightCreationCriteria") {
        spec.freight_creation_criteria = criteria(context, &field);
    }
    if spec.freight_creation_policy == FreightCreationPolicy::Manual {
        idle_criteria(context, &object, &spec);
    }
    spec.subscriptions = subscriptions(context, &mut object);
    object.finish(context, "the specification of a Warehouse", SPEC);
    Some(spec)
}

/// Reports criteria of Freight that nobody creates by itself (rule 6.2).
fn idle_criteria(context: &mut Context, object: &Object<'_>, spec: &WarehouseSpec) {
    let says_something = |criteria: &FreightCreationCriteria| !criteria.expression.trim().is_empty();
    if !spec.freight_creation_criteria.as_ref().is_some_and(says_something) {
        return;
    }
    if let Some(field) = object.look("freightCreationCriteria") {
        context.warn_at(
            Code::NoEffect,
            field.at_key(),
            "`freightCreationCriteria` has no effect with `freightCreationPolicy: Manual`: no Freight is created",
            "write `freightCreationPolicy: Automatic`, or delete it",
        );
    }
}

fn interval(context: &mut Context, field: &Field<'_>) -> Option<Interval> {
    let text = context.filled(field)?;
    match text.parse() {
        Ok(interval) => Some(interval),
        Err(error) => {
            let error: crate::interval::InvalidInterval = error;
            context.error(Code::BadValue, field, error.to_string(), context.style.interval(text));
            None
        }
    }
}

fn criteria(context: &mut Context, field: &Field<'_>) -> Option<FreightCreationCriteria> {
    let mut object = Object::open(context, field)?;
    let expression = object.take(context, "expression").and_then(|field| {
        let text = context.filled(&field)?;
        match rule::criteria(text) {
            Some(reason) => context.bad_expression(&field, (text, &[]), &reason),
            None => name::in_criteria(context, &field, text),
        }
        Some(text.to_owned())
    });
    object.finish(context, "freightCreationCriteria", &["expression"]);
    expression.map(FreightCreationCriteria::new)
}

/// The subscriptions, at least one (rule 1.2).
fn subscriptions(context: &mut Context, object: &mut Object<'_>) -> Vec<crate::subscription::Subscription> {
    let empty = "a Warehouse needs at least one subscription";
    let help = "add `- image:`, `- git:` or `- chart:` under `subscriptions`";
    let Some(field) = object.take_even_null(context, "subscriptions", "subscriptions") else {
        context.error_at(Code::Missing, object.at(), format!("`subscriptions` is missing: {empty}"), help);
        return Vec::new();
    };
    if field.node.is_null() {
        context.error_at(
            Code::Missing,
            field.at_key(),
            format!("`subscriptions` has no value: {empty}"),
            help,
        );
        return Vec::new();
    }
    if matches!(field.node.value, Value::Mapping(_)) {
        return repos(context, &field);
    }
    let Some(items) = context.list(&field, "subscriptions") else {
        return Vec::new();
    };
    if items.is_empty() {
        context.error(Code::Missing, &field, format!("`subscriptions` is empty: {empty}"), help);
    }
    let placed: Vec<Placed> = items
        .iter()
        .filter_map(|item| {
            let location = context.location(item.node.mark);
            let subscription = subscription(context, item)?;
            Some(Placed::new(location, item.path.clone(), subscription))
        })
        .collect();
    finish(context, placed)
}

fn finish(context: &mut Context, placed: Vec<Placed>) -> Vec<crate::subscription::Subscription> {
    twins::check(context, &placed);
    placed.into_iter().map(|placed| placed.subscription).collect()
}

/// `subscriptions: {repos: {git: [...], images: [...], charts: [...]}}`, the shape of v0.1.
fn repos(context: &mut Context, field: &Field<'_>) -> Vec<crate::subscription::Subscription> {
    use crate::decode::{chart::chart, git::git, image::image};
    use crate::subscription::Subscription;

    let help = "write a list: `- image:`, `- git:` or `- chart:` for each subscription";
    let Some(mut outer) = Object::open(context, field) else {
        return Vec::new();
    };
    let Some(inner) = outer.take(context, "repos") else {
        context.wrong_type(field, "a list of subscriptions");
        return Vec::new();
    };
    context.old_spelling_with(&inner, REPOS, help);
    let Some(mut object) = Object::open(context, &inner) else {
        return Vec::new();
    };
    let mut placed = Vec::new();
    for (name, key) in [("git", "git"), ("images", "image"), ("charts", "chart")] {
        let Some(list) = object.take(context, name) else {
            continue;
        };
        for item in context.list(&list, "subscriptions").unwrap_or_default() {
            let index = placed.len();
            let place = format!("spec.subscriptions[{index}]");
            context.place(&place, item.node.mark);
            let item = Field { place: crate::path::child(&place, key), ..item };
            let kind = match key {
                "git" => git(context, &item, &[]).map(Into::into),
                "image" => image(context, &item).map(Into::into),
                _ => chart(context, &item).map(Into::into),
            };
            let kind: Option<crate::subscription::SubscriptionKind> = kind;
            if let Some(kind) = kind {
                let location = context.location(item.node.mark);
                placed.push(Placed::new(location, item.path.clone(), Subscription::new(kind)));
            }
        }
    }
    object.finish(context, "repos", &["git", "images", "charts"]);
    outer.finish(context, "subscriptions", &["repos"]);
    if placed.is_empty() && !context.has_errors() {
        context.error(Code::Missing, field, "a Warehouse needs at least one subscription", help);
    }
    finish(context, placed)
}
