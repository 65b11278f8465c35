//! From subscriptions to sources.

use std::sync::Arc;

use artifact_source::{AnySource, ArtifactSourceExt, Error, ErrorKind, SourceId, SourceKind};
use freight::NeededCreated;
use git_source::GitSource;
use helm_source::HelmSource;
use image_source::ImageSource;
use selection_strategies::{Constraint, Strictness, TagFilter, TagRule};
use warehouse_spec::{
    ChartSubscription, CommitSelectionStrategy, GenericSubscription, GitSubscription, ImageSelectionStrategy,
    ImageSubscription, Subscription, SubscriptionKind, Warehouse,
};

use crate::Discoverer;
use crate::discoverer::{Shared, Transport};
use crate::snapshot;

/// A subscription, and the source that was made of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Compiled {
    /// The subscription's place in the manifest, from 0.
    pub index: usize,
    /// Which source it is.
    pub id: SourceId,
    /// The source, or why none can be made: a rule that the manifest's validation would have refused, or a
    /// generic subscription whose type nobody registered.
    pub source: Result<AnySource, Error>,
    pub(crate) key: String,
}

pub(crate) fn compile(discoverer: &Discoverer, warehouse: &Warehouse) -> Vec<Compiled> {
    let needed = NeededCreated::of_warehouse(warehouse);
    let subscriptions = warehouse.spec.subscriptions.iter().enumerate();
    subscriptions
        .map(|(index, subscription)| {
            let id = id(subscription);
            let source = source(discoverer, subscription, &needed).map_err(|error| error.with_id(&id));
            Compiled { index, source, key: snapshot::key(subscription), id }
        })
        .collect()
}

/// The id by which a report names the subscription: its own name tells it apart, or else the chart's.
fn id(subscription: &Subscription) -> SourceId {
    let (kind, url, name) = match &subscription.kind {
        SubscriptionKind::Image(image) => (SourceKind::Image, image.repo_url.as_str(), None),
        SubscriptionKind::Git(git) => (SourceKind::Git, git.repo_url.as_str(), None),
        SubscriptionKind::Chart(chart) => (SourceKind::Chart, chart.repo_url.as_str(), chart.name.as_ref()),
        _ => (SourceKind::Other(subscription.type_key().to_owned()), "", None),
    };
    let id = SourceId::new(kind, url);
    match subscription.name.as_ref().or(name) {
        Some(name) => id.with_name(name),
        None => id,
    }
}

fn source(
    discoverer: &Discoverer,
    subscription: &Subscription,
    needed: &NeededCreated,
) -> Result<AnySource, Error> {
    match &subscription.kind {
        SubscriptionKind::Image(image) => image_source(discoverer, image, needed.of_image(&image.repo_url)),
        SubscriptionKind::Git(git) => git_source(discoverer, git),
        SubscriptionKind::Chart(chart) => chart_source(discoverer, chart),
        SubscriptionKind::Generic(generic) => generic_source(&discoverer.shared, generic),
        _ => Err(unknown(subscription.type_key())),
    }
}

/// What is spoken with a server: its certificate is checked unless the subscription says otherwise.
fn transport(shared: &Shared, skip_tls_verify: bool) -> &Transport {
    if skip_tls_verify { &shared.unverified } else { &shared.verified }
}

/// A source of images; one that tells when the best image was built, if Freight's criteria read that.
fn image_source(
    discoverer: &Discoverer,
    image: &ImageSubscription,
    tells_time: bool,
) -> Result<AnySource, Error> {
    let shared = &discoverer.shared;
    let images = transport(shared, image.insecure_skip_tls_verify).images.clone();
    let images = images.with_credentials(Arc::clone(&discoverer.credentials));
    let platform = image.platform.as_ref().map(|platform| platform.to_string().parse());
    let platform = platform.transpose().map_err(|error| invalid("platform", error))?;
    let source = ImageSource::builder(&images, &image.repo_url)
        .rule(tag_rule(image)?)
        .platform(platform)
        .limit(limit(image.discovery_limit))
        .cache_by_tag(image.cache_by_tag)
        .cache_by_tag_policy(shared.cache_by_tag)
        .cache(Arc::clone(&shared.facts))
        .time_of_best(tells_time)
        .clock(shared.clock)
        // What nobody vouches for is no fact for others.
        .scope(if image.insecure_skip_tls_verify { "unverified" } else { "" })
        .build()?;
    Ok(source.erase())
}

/// The rule over an image's tags (semantics section 3).
fn tag_rule(image: &ImageSubscription) -> Result<TagRule, Error> {
    let filter = TagFilter::builder()
        .allow_all(&image.allow_tags_regexes)
        .ignore_all(&image.ignore_tags_regexes)
        .ignore_literals(image.ignore_tags.iter().map(String::as_str))
        .build()
        .map_err(|error| invalid("allowTagsRegexes", error))?;
    let constraint = image.constraint.as_deref().filter(|constraint| !constraint.is_empty());
    let rule = match image.image_selection_strategy {
        ImageSelectionStrategy::SemVer => {
            let constraint = constraint.map(Constraint::parse).transpose();
            let strictness = if image.strict_semvers { Strictness::Strict } else { Strictness::Loose };
            TagRule::semver(constraint.map_err(|error| invalid("constraint", error))?)
                .with_strictness(strictness)
        }
        ImageSelectionStrategy::Lexical => TagRule::lexical(),
        ImageSelectionStrategy::NewestBuild => TagRule::newest(),
        ImageSelectionStrategy::Digest => match constraint {
            Some(tag) => TagRule::digest(tag),
            None => {
                let error =
                    Error::new(ErrorKind::InvalidInput, "the strategy Digest needs the tag to follow");
                return Err(error
                    .with_field("constraint")
                    .with_hint("name it in `constraint`, such as latest"));
            }
        },
    };
    Ok(rule.with_filter(filter))
}

/// A field that validation would have refused.
fn invalid(field: &'static str, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("`{field}` cannot be used"))
        .with_field(field)
        .with_cause(cause)
}

fn git_source(discoverer: &Discoverer, git: &GitSubscription) -> Result<AnySource, Error> {
    let shared = &discoverer.shared;
    let strategy = match git.commit_selection_strategy {
        CommitSelectionStrategy::NewestFromBranch => git_source::Strategy::NewestFromBranch,
        CommitSelectionStrategy::SemVer => git_source::Strategy::SemVer,
        CommitSelectionStrategy::Lexical => git_source::Strategy::Lexical,
        CommitSelectionStrategy::NewestTag => git_source::Strategy::NewestTag,
    };
    let source = GitSource::builder(&git.repo_url)
        .strategy(strategy)
        .branch(git.branch.clone())
        .discovery_limit(git.discovery_limit)
        .semver_constraint(git.semver_constraint.clone())
        .strict_semvers(git.strict_semvers)
        .allow_tags_regexes(git.allow_tags_regexes.clone())
        .ignore_tags_regexes(git.ignore_tags_regexes.clone())
        .ignore_tags(git.ignore_tags.clone())
        .since(git.since)
        .expression_filter(git.expression_filter.clone())
        .include_paths(git.include_paths.clone())
        .exclude_paths(git.exclude_paths.clone())
        .http(transport(shared, git.insecure_skip_tls_verify).http.clone())
        .credentials(Arc::clone(&discoverer.credentials))
        .cache_directory(shared.cache_dir.as_ref().map(|folder| folder.join("git")))
        .build()?;
    Ok(source.erase())
}

fn chart_source(discoverer: &Discoverer, chart: &ChartSubscription) -> Result<AnySource, Error> {
    let transport = transport(&discoverer.shared, chart.insecure_skip_tls_verify);
    let charts = transport.charts.clone().with_credentials(Arc::clone(&discoverer.credentials));
    let mut source = HelmSource::builder(&chart.repo_url)
        .limit(limit(chart.discovery_limit))
        .cache(transport.indexes.clone())
        .registry(charts)
        .credentials(Arc::clone(&discoverer.credentials));
    if let Some(name) = &chart.name {
        source = source.name(name);
    }
    if let Some(constraint) = &chart.semver_constraint {
        source = source.constraint(constraint);
    }
    Ok(source.build()?.erase())
}

/// A limit as the sources count.
fn limit(discovery_limit: u32) -> usize {
    usize::try_from(discovery_limit).unwrap_or(usize::MAX)
}

fn generic_source(shared: &Shared, generic: &GenericSubscription) -> Result<AnySource, Error> {
    match shared.generic.get(&generic.subscription_type) {
        Some(factory) => factory(generic),
        None => Err(unknown(&generic.subscription_type)),
    }
}

fn unknown(what: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("nothing here knows how to discover {what:?}"))
        .with_hint("image, git and chart are built in; an embedder registers other types")
}
