//! `warehouse chart package`, `push` and `backup`: archives one by one.

use std::io::Write as _;
use std::path::Path;

use artifact_http::Call;
use chart_release::registry::Outcome;
use chart_release::repository::ArchivePut;
use chart_release::store::LockWait;
use chart_release::{Overwrite, Package};
use futures::StreamExt as _;
use serde::Serialize;

use super::publisher::{Publisher, Waiting, folders, repository, stopped};
use crate::arguments::{self, Backup, ChartFormat, Push};
use crate::exit::Exit;
use crate::files::unreadable;
use crate::message::Messages;
use crate::output;
use crate::output::Table;
use crate::stopping::Stopping;

/// The largest archive that is read: 100 MiB, as Helm's own limit.
const MAX_ARCHIVE: u64 = 100 << 20;

/// How long the lock of a store may take to be given back.
const LONGEST_RELEASE: std::time::Duration = std::time::Duration::from_secs(4);

/// How many archives are pushed at once.
const AT_ONCE: usize = 8;

/// One archive, and what became of it.
#[derive(Serialize)]
struct Row {
    chart: String,
    version: String,
    digest: String,
    /// The file or the reference.
    target: String,
    outcome: &'static str,
}

impl Row {
    fn new(package: &Package, target: String, outcome: &'static str) -> Self {
        Self {
            chart: package.name().to_owned(),
            version: package.version().to_owned(),
            digest: package.digest().to_owned(),
            target,
            outcome,
        }
    }
}

/// Packages charts into files.
pub(super) async fn package(arguments: arguments::Package, messages: &Messages) -> Result<Exit, Exit> {
    let publisher = Publisher::open(&arguments.network, messages).await?;
    let call = Call::new().with_deadline(publisher.deadline);
    std::fs::create_dir_all(&arguments.destination).map_err(|error| {
        messages.error(&format!("{} could not be created: {error}", arguments.destination.display()));
        Exit::Usage
    })?;
    let mut rows = Vec::new();
    let mut written = std::collections::HashSet::new();
    let mut exit = Exit::Success;
    for folder in &arguments.folders {
        let (folders, path) = folders(folder, arguments.root.as_ref(), messages)?;
        let packaged = async {
            let mut chart = publisher.resolver(folders).build(&path, &call).await?;
            if let Some(version) = &arguments.version {
                chart = chart.with_version(version)?;
            }
            if let Some(version) = &arguments.app_version {
                chart = chart.with_app_version(version);
            }
            Ok::<_, chart_release::Error>(chart.package()?)
        };
        match packaged.await {
            Ok(package) => {
                let file = arguments.destination.join(package.file_name());
                if !written.insert(package.file_name()) {
                    let folder = folder.display();
                    messages.error(&format!(
                        "{folder}: another of these charts is written to {}",
                        file.display()
                    ));
                    exit = exit.or_failure();
                    continue;
                }
                if let Err(error) = write(&file, package.archive()) {
                    messages.error(&format!("{} could not be written: {error}", file.display()));
                    exit = Exit::Usage;
                    continue;
                }
                rows.push(Row::new(&package, file.display().to_string(), "packaged"));
            }
            Err(error) => {
                messages.chart_error(&error);
                exit = exit.or_failure();
            }
        }
    }
    print(&rows, exit, arguments.output, messages)?;
    Ok(exit)
}

/// Writes a file whole or not at all.
fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        temporary.permissions(std::fs::Permissions::from_mode(0o644));
    }
    let mut temporary = temporary.tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.persist(file)?;
    Ok(())
}

/// Pushes archives to a registry.
pub(super) async fn push(arguments: Push, messages: &Messages) -> Result<Exit, Exit> {
    let packages = read(&arguments.archives, messages)?;
    let publisher = Publisher::open(&arguments.network, messages).await?;
    let call = Call::new().with_deadline(publisher.deadline);
    let registry = publisher.registry(&arguments.registry, messages)?;
    let overwrite = if arguments.replace_dev { Overwrite::moving_dev() } else { Overwrite::Never };
    let push = |package: &Package| {
        let (registry, package, call) = (registry.clone(), package.clone(), call.clone());
        let overwrite = overwrite.clone();
        async move { registry.push(&package, &overwrite, &call).await }
    };
    let pushes: Vec<_> = packages.iter().map(push).collect();
    let results: Vec<_> = futures::stream::iter(pushes).buffered(AT_ONCE).collect().await;
    let mut rows = Vec::new();
    let mut exit = Exit::Success;
    for (package, result) in packages.iter().zip(results) {
        match result {
            Ok(pushed) => {
                let outcome = match pushed.outcome {
                    Outcome::Pushed => "pushed",
                    Outcome::Replaced(_) => "replaced",
                    _ => "there already",
                };
                let target = format!("{}@{}", pushed.reference, pushed.manifest);
                rows.push(Row::new(package, target, outcome));
            }
            Err(error) => {
                messages.chart_error(&error);
                exit = exit.or_failure();
            }
        }
    }
    print(&rows, exit, arguments.output, messages)?;
    Ok(exit)
}

/// Puts archives into a chart repository.
pub(super) async fn backup(arguments: Backup, messages: &Messages, stopping: Stopping) -> Result<Exit, Exit> {
    let failed = |error: chart_release::Error| {
        messages.chart_error(&error);
        Exit::Failure
    };
    let packages = read(&arguments.archives, messages)?;
    let store = &arguments.store;
    let repository = repository(None, &store.backup, store.backup_url.as_deref(), messages)?;
    let overwrite = if arguments.replace_dev { Overwrite::moving_dev() } else { Overwrite::Never };
    let deadline = std::time::Instant::now() + arguments.timeout;
    let call = Call::new().with_deadline(deadline);
    let wait = LockWait { deadline: Some(deadline), observer: &Waiting(messages) };
    let done = async {
        let puts = repository.put_archives_within(&packages, &overwrite, wait).await?;
        repository.merge_index_within(&packages, &overwrite, wait).await?;
        Ok(puts)
    };
    let outcome = tokio::select! {
        () = stopped(stopping) => None,
        outcome = call.within(done) => Some(outcome),
    };
    // What was dropped above may have held the lock of the store.
    let _ = tokio::time::timeout(LONGEST_RELEASE, repository.store().unlocked()).await;
    let Some(outcome) = outcome else {
        let hint = "archives may be in the store, and the index is as it was or has all of them: run the same command again";
        messages.error_with_help("the backup was stopped", Some(hint));
        return Ok(Exit::Interrupted);
    };
    let outcome = outcome.map_err(|error| failed(error.into()))?;
    let puts = outcome.map_err(failed)?;
    let url = repository.store().url().trim_end_matches('/');
    let rows = packages.iter().zip(puts).map(|(package, put)| {
        let outcome = match put {
            ArchivePut::Written => "written",
            ArchivePut::Replaced => "replaced",
            ArchivePut::Stands => "there already",
        };
        Row::new(package, format!("{url}/{}", package.file_name()), outcome)
    });
    print(&rows.collect::<Vec<_>>(), Exit::Success, arguments.output, messages)?;
    Ok(Exit::Success)
}

/// Reads archives of charts.
fn read(files: &[std::path::PathBuf], messages: &Messages) -> Result<Vec<Package>, Exit> {
    let mut packages = Vec::new();
    for file in files {
        let name = file.display().to_string();
        let unusable = |message: &str| {
            messages.error_of_file(&name, message, None);
            Exit::Usage
        };
        let unreadable = |error: std::io::Error| unusable(&unreadable(&name, &error));
        let size = std::fs::metadata(file).map_err(&unreadable)?.len();
        if size > MAX_ARCHIVE {
            let message = format!("{name}: larger than 100 MiB, the largest chart that Helm reads");
            return Err(unusable(&message));
        }
        let bytes = std::fs::read(file).map_err(&unreadable)?;
        packages.push(Package::from_archive(bytes).map_err(|error| {
            messages.chart_error(&error.at(file).into());
            Exit::Usage
        })?);
    }
    Ok(packages)
}

/// Prints what became of the archives, and in a document what failed.
fn print(rows: &[Row], exit: Exit, format: ChartFormat, messages: &Messages) -> Result<(), Exit> {
    messages.results(|out| match format {
        ChartFormat::Json => output::write_list(rows, &messages.errors(exit), out),
        ChartFormat::Name => rows.iter().try_for_each(|row| output::line(out, &row.target)),
        ChartFormat::Table if rows.is_empty() => Ok(()),
        ChartFormat::Table => {
            let mut table = Table::new(&["CHART", "VERSION", "DIGEST", "OUTCOME", "TARGET"]);
            for row in rows {
                let digest = output::shortened(&row.digest);
                let cells = [row.chart.clone(), row.version.clone(), digest];
                let target = match row.target.rsplit_once('@') {
                    Some((reference, digest)) => format!("{reference}@{}", output::shortened(digest)),
                    None => row.target.clone(),
                };
                table.row(cells.into_iter().chain([row.outcome.to_owned(), target]));
            }
            table.write(out)
        }
    })
}
