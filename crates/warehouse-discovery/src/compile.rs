//! From subscriptions to sources.

use std::sync::Arc;

use artifact_http::SourceContext;
use artifact_source::{AnySource, ArtifactSourceExt, Error, ErrorKind, SourceId, SourceKind};
use freight::NeededCreated;
use git_source::GitSource;
use helm_source::HelmSource;
use image_source::ImageSource;
use warehouse_spec::{
    ChartSubscription, CommitSelectionStrategy, GenericSubscription, GitSubscription, ImageSubscription,
    InvalidRule, Subscription, SubscriptionKind, Warehouse,
};

use crate::Discoverer;
use crate::discoverer::{GenericRequest, Transport};
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
    let compiler = Compiler { discoverer, warehouse, needed };
    let subscriptions = warehouse.spec.subscriptions.iter().enumerate();
    subscriptions
        .map(|(index, subscription)| {
            let id = id(subscription);
            let source = compiler.source(subscription, &id).map_err(|error| error.with_id(&id));
            Compiled { index, source, key: snapshot::key(subscription), id }
        })
        .collect()
}

/// The id of the subscription's source, in reports and in messages.
fn id(subscription: &Subscription) -> SourceId {
    let (kind, url, chart) = match &subscription.kind {
        SubscriptionKind::Image(image) => (SourceKind::Image, image.repo_url.as_str(), None),
        SubscriptionKind::Git(git) => (SourceKind::Git, git.repo_url.as_str(), None),
        SubscriptionKind::Chart(chart) => (SourceKind::Chart, chart.repo_url.as_str(), chart.name.as_deref()),
        _ => (SourceKind::Other(subscription.type_key().to_owned()), "", None),
    };
    SourceId::new(kind, url).with_chart(chart).with_subscription(subscription.name.as_deref())
}

/// Makes the sources of one Warehouse.
struct Compiler<'a> {
    discoverer: &'a Discoverer,
    warehouse: &'a Warehouse,
    needed: NeededCreated,
}

impl Compiler<'_> {
    fn source(&self, subscription: &Subscription, id: &SourceId) -> Result<AnySource, Error> {
        match &subscription.kind {
            SubscriptionKind::Image(image) => self.image_source(image, id),
            SubscriptionKind::Git(git) => self.git_source(git, id),
            SubscriptionKind::Chart(chart) => self.chart_source(chart, id),
            SubscriptionKind::Generic(generic) => self.generic_source(generic, id),
            _ => Err(unknown(subscription.type_key())),
        }
    }

    /// The clients for a server whose certificate is checked, or not checked where the subscription says so.
    fn transport(&self, skip_tls_verify: bool) -> &Transport {
        let shared = &self.discoverer.shared;
        if skip_tls_verify { &shared.unverified } else { &shared.verified }
    }

    fn context(&self, transport: &Transport) -> SourceContext {
        SourceContext::new(transport.http.clone())
            .with_credentials(Arc::clone(&self.discoverer.credentials))
            .with_clock(Arc::clone(&self.discoverer.shared.clock))
            .with_cache_dir(self.discoverer.shared.cache_dir.clone())
    }

    fn image_source(&self, image: &ImageSubscription, id: &SourceId) -> Result<AnySource, Error> {
        let shared = &self.discoverer.shared;
        let transport = self.transport(image.insecure_skip_tls_verify);
        let platform = image.platform.as_ref().map(|platform| platform.to_string().parse());
        let platform = platform.transpose().map_err(|error| invalid("platform", error))?;
        let source = ImageSource::builder(&image.repo_url)
            .id(id.clone())
            .context(&self.context(transport))
            .registry(transport.images.clone())
            .rule(image.rule().map_err(invalid_rule)?)
            .platform(platform)
            .limit(limit(image.discovery_limit))
            .cache_by_tag(image.cache_by_tag)
            .cache_by_tag_policy(shared.cache_by_tag)
            .cache(Arc::clone(&shared.facts))
            .time_of_best(self.needed.of_image(&image.repo_url))
            // What an unchecked server says is no fact for other subscriptions.
            .scope(if image.insecure_skip_tls_verify { "unverified" } else { "" })
            .build()?;
        Ok(source.erase())
    }

    fn git_source(&self, git: &GitSubscription, id: &SourceId) -> Result<AnySource, Error> {
        let strategy = match git.commit_selection_strategy {
            CommitSelectionStrategy::NewestFromBranch => git_source::Strategy::NewestFromBranch,
            CommitSelectionStrategy::SemVer => git_source::Strategy::SemVer,
            CommitSelectionStrategy::Lexical => git_source::Strategy::Lexical,
            CommitSelectionStrategy::NewestTag => git_source::Strategy::NewestTag,
        };
        let mut builder = GitSource::builder(&git.repo_url)
            .id(id.clone())
            .context(&self.context(self.transport(git.insecure_skip_tls_verify)))
            .strategy(strategy)
            .branch(git.branch.clone())
            .limit(limit(git.discovery_limit))
            .semver_constraint(git.semver_constraint.clone())
            .strict_semvers(git.strict_semvers)
            .allow_tags_regexes(git.allow_tags_regexes.clone())
            .ignore_tags_regexes(git.ignore_tags_regexes.clone())
            .ignore_tags(git.ignore_tags.clone())
            .since(git.since)
            .expression_filter(git.expression_filter.clone())
            .include_paths(git.include_paths.clone())
            .exclude_paths(git.exclude_paths.clone());
        if let Some((program, arguments)) = &self.discoverer.shared.ssh_command {
            builder = builder.ssh_command(program, arguments);
        }
        Ok(builder.build()?.erase())
    }

    fn chart_source(&self, chart: &ChartSubscription, id: &SourceId) -> Result<AnySource, Error> {
        let transport = self.transport(chart.insecure_skip_tls_verify);
        let source = HelmSource::builder(&chart.repo_url)
            .id(id.clone())
            .context(&self.context(transport))
            .registry(transport.charts.clone())
            .cache(transport.indexes.clone())
            .chart(chart.name.as_deref().unwrap_or_default())
            .constraint(chart.semver_constraint.as_deref().unwrap_or_default())
            .limit(limit(chart.discovery_limit));
        Ok(source.build()?.erase())
    }

    fn generic_source(&self, generic: &GenericSubscription, id: &SourceId) -> Result<AnySource, Error> {
        let Some(factory) = self.discoverer.shared.generic.get(&generic.subscription_type) else {
            return Err(unknown(&generic.subscription_type));
        };
        factory(GenericRequest {
            id,
            namespace: self.warehouse.namespace(),
            subscription: generic,
            limit: limit(generic.discovery_limit),
            context: self.context(&self.discoverer.shared.verified),
        })
    }
}

/// A rule that validation would have refused.
fn invalid_rule(invalid: InvalidRule) -> Error {
    let error = Error::new(ErrorKind::InvalidInput, invalid.to_string()).with_field(invalid.field());
    match invalid {
        InvalidRule::NoTag => error.with_hint("name it in `constraint`, such as latest"),
        InvalidRule::Pattern(cause) => error.with_cause(cause),
        InvalidRule::Constraint { error: cause, .. } => error.with_cause(cause),
        other => error.with_cause(other),
    }
}

/// A field that validation would have refused.
fn invalid(field: &'static str, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("`{field}` cannot be used"))
        .with_field(field)
        .with_cause(cause)
}

/// A limit as the sources count.
fn limit(discovery_limit: u32) -> usize {
    usize::try_from(discovery_limit).unwrap_or(usize::MAX)
}

fn unknown(what: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("nothing here knows how to discover {what:?}"))
        .with_hint("image, git and chart are built in; an embedder registers other types")
}
