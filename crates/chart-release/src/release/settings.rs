//! What a release is made of: where charts are and where they go, and what is refused.

use std::sync::Arc;
use std::time::Instant;

use artifact_http::{Call, SourceContext};
use helm_chart::{ChartFolders, DiskFolders};
use oci_registry::RegistryClient;

use super::dev_version::DevVersion;
use super::image::ImageLocation;
use crate::Error;
use crate::dependency::DependencyResolver;
use crate::git::{GitError, GitRepository, TagKind, TagName, Tagger};
use crate::registry::ChartRegistry;
use crate::repository::ChartRepository;

/// Releases charts of one folder to one registry, one chart repository and the tags of one Git repository.
///
/// A release is a [plan](Self::plan) that is [carried out](Self::execute). The plan reads what exists already; carrying it out does what is missing.
/// So the same two calls finish a release that was interrupted at any moment.
#[derive(Clone, Debug)]
pub struct Release {
    pub(super) charts: String,
    pub(super) folders: Arc<DiskFolders>,
    pub(super) git: Option<Git>,
    pub(super) registry: Option<ChartRegistry>,
    pub(super) repository: Option<ChartRepository>,
    pub(super) context: SourceContext,
    pub(super) client: Option<RegistryClient>,
    pub(super) aliases: Vec<(String, String)>,
    pub(super) checks: Checks,
}

/// The Git repository of the charts.
#[derive(Clone, Debug)]
pub(super) struct Git {
    pub(super) repository: GitRepository,
    pub(super) remote: Option<String>,
    pub(super) tagger: Option<Tagger>,
}

impl Git {
    pub(super) fn tag_kind(&self, name: &TagName) -> TagKind {
        match &self.tagger {
            None => TagKind::Light,
            tagger => TagKind::Annotated { message: name.to_string(), tagger: tagger.clone() },
        }
    }
}

/// Waits for Git until the deadline.
pub(super) async fn within<T>(
    deadline: Option<Instant>,
    work: impl Future<Output = Result<T, GitError>>,
) -> Result<T, Error> {
    Ok(Call::new().with_deadline(deadline).within(work).await??)
}

/// What is refused on request.
#[derive(Clone, Debug, Default)]
pub(super) struct Checks {
    pub(super) deployed: bool,
    pub(super) image: Option<(ImageLocation, RegistryClient)>,
}

/// Which charts a plan is for, and what becomes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// These charts are released: all of them, or none.
    Release(Vec<String>),
    /// These charts become dev releases. No name stands for all charts.
    Dev(Vec<String>, DevVersion),
    /// The charts whose version has no tag are released, and the others become dev releases. No name stands for all charts.
    Auto(Vec<String>, DevVersion),
}

/// Builds a [`Release`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ReleaseBuilder {
    charts: String,
    folders: DiskFolders,
    git: Option<Git>,
    registry: Option<ChartRegistry>,
    repository: Option<ChartRepository>,
    context: SourceContext,
    client: Option<RegistryClient>,
    aliases: Vec<(String, String)>,
    checks: Checks,
}

impl ReleaseBuilder {
    /// The folder of charts, relative to the top of the repository, with `/`. Defaults to `charts`.
    pub fn charts(mut self, folder: impl Into<String>) -> Self {
        self.charts = folder.into().trim_matches('/').to_owned();
        self
    }

    /// The registry that charts are pushed to. Defaults to none.
    pub fn registry(mut self, registry: ChartRegistry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// The chart repository on object storage. Defaults to none.
    pub fn repository(mut self, repository: ChartRepository) -> Self {
        self.repository = Some(repository);
        self
    }

    /// The client that reads the registries of dependencies, to share its tokens and its pace. Defaults to one with the client and the
    /// credentials of the context.
    pub fn client(mut self, client: RegistryClient) -> Self {
        self.client = Some(client);
        self
    }

    /// The URL of the repository that charts name `@NAME` or `alias:NAME`. Defaults to none: such names are those of one machine.
    pub fn repository_alias(mut self, name: impl Into<String>, url: impl Into<String>) -> Self {
        self.aliases.push((name.into(), url.into()));
        self
    }

    /// The remote with the default branch, to which the tags are pushed. Defaults to `origin`, or the only one.
    pub fn remote(mut self, name: impl Into<String>) -> Self {
        if let Some(git) = &mut self.git {
            git.remote = Some(name.into());
        }
        self
    }

    /// Makes annotated tags, as this person. Defaults to light tags.
    pub fn tagger(mut self, tagger: Tagger) -> Self {
        if let Some(git) = &mut self.git {
            git.tagger = Some(tagger);
        }
        self
    }

    /// Refuses to release versions below 1.0.0. Defaults to `false`.
    pub fn deployed(mut self, deployed: bool) -> Self {
        self.checks.deployed = deployed;
        self
    }

    /// Refuses to release charts whose image does not exist. Defaults to not asking.
    pub fn verify_image(mut self, location: ImageLocation, registry: RegistryClient) -> Self {
        self.checks.image = Some((location, registry));
        self
    }

    /// The release. Nothing is sent.
    pub fn build(self) -> Release {
        let Self { charts, folders, git, registry, repository, context, client, aliases, checks } = self;
        let folders = Arc::new(folders);
        Release { charts, folders, git, registry, repository, context, client, aliases, checks }
    }
}

impl Release {
    /// A builder for the charts of a Git repository.
    ///
    /// # Errors
    ///
    /// If the top of the work tree cannot be read.
    pub fn of_repository(
        repository: GitRepository,
        context: &SourceContext,
    ) -> Result<ReleaseBuilder, Error> {
        let folders = DiskFolders::new(repository.root())?;
        Ok(Self::builder(folders, Some(Git { repository, remote: None, tagger: None }), context))
    }

    /// A builder for the charts of a folder outside of Git, for dev releases with the fixed version.
    pub fn of_folder(folders: DiskFolders, context: &SourceContext) -> ReleaseBuilder {
        Self::builder(folders, None, context)
    }

    /// `context` is what fetches dependencies: a client and credentials.
    fn builder(folders: DiskFolders, git: Option<Git>, context: &SourceContext) -> ReleaseBuilder {
        ReleaseBuilder {
            charts: "charts".to_owned(),
            folders,
            git,
            registry: None,
            repository: None,
            context: context.clone(),
            client: None,
            aliases: Vec::new(),
            checks: Checks::default(),
        }
    }

    /// What chooses and embeds the dependencies of the charts in these folders.
    pub(super) fn resolver(&self, folders: Arc<dyn ChartFolders>, require_lock: bool) -> DependencyResolver {
        let mut builder = DependencyResolver::builder(folders, &self.context).require_lock(require_lock);
        if let Some(client) = &self.client {
            builder = builder.registry(client.clone());
        }
        for (name, url) in &self.aliases {
            builder = builder.repository_alias(name, url);
        }
        builder.build()
    }
}
