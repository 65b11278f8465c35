//! What the commands that publish share: clients with the credentials of the arguments, stores, and folders of charts.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use artifact_http::{CredentialSource, HttpClient, Pace, SourceContext};
use artifact_source::{Error, ErrorKind, SourceKind};
use chart_release::dependency::DependencyResolver;
use chart_release::store::{LockObject, LockObserver, Store};
use chart_release::{ChartRegistry, ChartRepository};
use helm_chart::DiskFolders;
use oci_registry::RegistryClient;
use url::Url;

use crate::arguments::Network;
use crate::exit::Exit;
use crate::message::Messages;
use crate::stopping::Stopping;
use crate::{credentials, network};

/// Ends when the command is to stop.
pub(super) async fn stopped(mut stopping: Stopping) {
    if stopping.wait_for(|stop| *stop).await.is_err() {
        // The command cannot be stopped any more.
        std::future::pending::<()>().await;
    }
}

/// Says that the lock of a store is waited for.
pub(super) struct Waiting<'m>(pub(super) &'m Messages);

impl LockObserver for Waiting<'_> {
    fn waiting_for(&self, lock: &LockObject) {
        self.0.status("");
        self.0.note(&format!(
            "waiting for another writer of the store: {lock}; its lock is removed if it is not renewed for {} s",
            lock.lease.as_secs()
        ));
    }
}

/// What the commands that publish share: a client, the credentials of the arguments, and the deadline.
pub(super) struct Publisher {
    pub(super) context: SourceContext,
    pub(super) charts: RegistryClient,
    /// The pace that all clients of registries share.
    pace: Pace,
    pub(super) deadline: Instant,
}

impl Publisher {
    pub(super) async fn open(arguments: &Network, messages: &Messages) -> Result<Self, Exit> {
        let deadline = Instant::now() + arguments.timeout;
        let found = credentials::read(arguments.credentials.clone(), deadline, messages).await?;
        let credentials = found.for_publishing();
        let unusable = |error: Error| {
            messages.explained(&error);
            Exit::Usage
        };
        let http = network::http(arguments).map_err(unusable)?;
        let http = http.build().map_err(unusable)?;
        let pace = network::pace(&arguments.registry_rate).map_err(unusable)?;
        let charts = registry(arguments, &http, pace.clone(), Arc::clone(&credentials), SourceKind::Chart);
        let context = SourceContext::new(http).with_credentials(credentials);
        Ok(Self { context, charts, pace, deadline })
    }

    /// The client that looks for images.
    pub(super) fn images(&self, arguments: &Network) -> RegistryClient {
        let credentials = Arc::clone(&self.context.credentials);
        registry(arguments, &self.context.http, self.pace.clone(), credentials, SourceKind::Image)
    }

    pub(super) fn registry(&self, url: &str, messages: &Messages) -> Result<ChartRegistry, Exit> {
        ChartRegistry::builder(url).client(self.charts.clone()).build().map_err(|error| {
            messages.chart_error(&error);
            Exit::Usage
        })
    }

    pub(super) fn resolver(&self, folders: DiskFolders) -> DependencyResolver {
        DependencyResolver::builder(Arc::new(folders), &self.context).registry(self.charts.clone()).build()
    }
}

fn registry(
    arguments: &Network,
    http: &HttpClient,
    pace: Pace,
    credentials: Arc<dyn CredentialSource>,
    kind: SourceKind,
) -> RegistryClient {
    let mut builder = RegistryClient::builder(http.clone()).credentials(credentials).kind(kind).pace(pace);
    for host in &arguments.plain_http {
        builder = builder.plain_http(&host.0);
    }
    for host in &arguments.https {
        builder = builder.https(&host.0);
    }
    builder.build()
}

/// The chart repository on a store, which is asked through this client, or one of its own.
pub(super) fn repository(
    http: Option<&HttpClient>,
    backup: &str,
    url: Option<&str>,
    messages: &Messages,
) -> Result<ChartRepository, Exit> {
    let builder = Store::builder(backup);
    let builder = match http {
        Some(http) => builder.http(http.clone()),
        None => builder,
    };
    let opened = url.map(public_url).transpose().and_then(|url| Ok((builder.open()?, url)));
    let (store, url) = opened.map_err(|error| {
        messages.explained(&error);
        Exit::Usage
    })?;
    Ok(ChartRepository::new(store).with_url(url))
}

/// The URL of a chart repository, which its index shows to every reader.
fn public_url(text: &str) -> Result<Url, Error> {
    let shown = artifact_source::redact_url(text);
    let invalid =
        |message: String, hint: &'static str| Error::new(ErrorKind::InvalidInput, message).with_hint(hint);
    let hint = "write https://HOST/PATH, without a user and password, as in `helm repo add`";
    let url = Url::parse(text)
        .map_err(|error| invalid(format!("{shown:?} is not the URL of a chart repository: {error}"), hint))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(invalid(format!("{shown:?} is not the URL of a chart repository"), hint));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let message =
            format!("the URL of the chart repository has a credential, and would be in the index: {shown}");
        return Err(invalid(message, "leave the user and password out; readers sign in with their own"));
    }
    Ok(url)
}

/// The folders below the root of a chart, and the path of the chart from there. Without a root it is the current folder, so that messages
/// name files as the user does; for a chart that is not below it, the folder above the chart.
pub(super) fn folders(
    folder: &Path,
    root: Option<&PathBuf>,
    messages: &Messages,
) -> Result<(DiskFolders, String), Exit> {
    let failed = |message: String| {
        messages.error(&message);
        Exit::Usage
    };
    let unreadable = |path: &Path, error| failed(format!("{} could not be read: {error}", path.display()));
    let absolute = folder.canonicalize().map_err(|error| unreadable(folder, error))?;
    let root = match root {
        Some(root) => root.canonicalize().map_err(|error| unreadable(root, error))?,
        None => {
            let current = std::env::current_dir().and_then(|folder| folder.canonicalize()).ok();
            let current = current.filter(|current| absolute.starts_with(current) && absolute != *current);
            current.unwrap_or_else(|| absolute.parent().unwrap_or(&absolute).to_owned())
        }
    };
    let path = absolute.strip_prefix(&root).ok().and_then(Path::to_str).ok_or_else(|| {
        failed(format!("{} is not below {}, or its name is not UTF-8", folder.display(), root.display()))
    })?;
    let folders = DiskFolders::new(&root).map_err(|error| {
        messages.chart_error(&error.into());
        Exit::Usage
    })?;
    Ok((folders, path.replace(std::path::MAIN_SEPARATOR, "/")))
}
